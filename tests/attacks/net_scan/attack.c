#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define BATCH 256

static int knock(struct sockaddr_in *to, int first, int n)
{
	struct pollfd fds[BATCH];
	int bad = 0;
	for (int i = 0; i < n; i++) {
		fds[i] = (struct pollfd){ socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), POLLOUT,
					  0 };
		to->sin_port = htons((unsigned short)(first + i));
		if (first + i != 8080)
			connect(fds[i].fd, (struct sockaddr *)to, sizeof *to);
	}
	poll(fds, (nfds_t)n, 50);
	for (int i = 0; i < n; i++) {
		struct sockaddr_in who;
		socklen_t len = sizeof who;
		if (getpeername(fds[i].fd, (struct sockaddr *)&who, &len) == 0) {
			printf("connected: tcp %d\n", first + i);
			bad = 1;
		}
		close(fds[i].fd);
	}
	return bad;
}

static int throw(struct sockaddr_in * to)
{
	int s = socket(AF_INET, SOCK_DGRAM, 0), bad = 0;
	for (int port = 1; port < 65536; port++) {
		to->sin_port = htons((unsigned short)port);
		if (port != 8080 && sendto(s, "x", 1, 0, (struct sockaddr *)to, sizeof *to) == 1) {
			printf("sent: udp %d\n", port);
			bad = 1;
		}
	}
	return bad;
}

int main(void)
{
	struct sockaddr_in to = { AF_INET, 0, { inet_addr(getenv("MOULETTE_HOST")) }, { 0 } };
	int bad = 0;
	for (int first = 1; first < 65536; first += BATCH)
		bad |= knock(&to, first, first + BATCH > 65536 ? 65536 - first : BATCH);
	bad |= throw(&to);
	if (!bad)
		puts("held");
	return bad;
}
