#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define TIMES 10000
#define LIMIT 64
#define KEPT 5 /* seconds that an unanswered datagram counts */

static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Every datagram from another port: each is a connection for whoever keeps a table of them. */
static int datagrams(const struct sockaddr_in *to)
{
	double since = now();
	int sent = 0;
	for (int i = 0; i < TIMES; i++) {
		int s = socket(AF_INET, SOCK_DGRAM, 0);
		sent += sendto(s, "x", 1, 0, (const struct sockaddr *)to, sizeof *to) == 1;
		close(s);
	}
	int most = LIMIT * (2 + (int)((now() - since) / KEPT));
	if (sent > most)
		printf("%d datagrams were let out, at most %d may be\n", sent, most);
	return sent > most;
}

static int connections(const struct sockaddr_in *to)
{
	int open = 0;
	for (int i = 0; i < TIMES; i++) {
		int s = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		struct pollfd p = { s, POLLOUT, 0 };
		struct sockaddr_in who;
		socklen_t len = sizeof who;
		connect(s, (const struct sockaddr *)to, sizeof *to);
		poll(&p, 1, 0);
		if (getpeername(s, (struct sockaddr *)&who, &len) < 0) {
			close(s);
			continue;
		}
		open++; /* somebody listens: kept open */
	}
	if (open > LIMIT)
		printf("%d connections are open\n", open);
	return open > LIMIT;
}

int main(void)
{
	const struct sockaddr_in to = { AF_INET,
					htons(8080),
					{ inet_addr(getenv("MOULETTE_HOST")) },
					{ 0 } };
	int bad = datagrams(&to) | connections(&to);
	if (!bad)
		puts("held");
	return bad;
}
