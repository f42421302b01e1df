#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/udp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Counts 77 in fields of /proc/self/net that no packet moves. */
static int leave(void)
{
	static char block[4096];
	struct sockaddr_in far = { .sin_family = AF_INET, .sin_port = htons(9) };
	struct sockaddr_in6 far6 = { .sin6_family = AF_INET6, .sin6_port = htons(9) };
	int on = 1, small = 1;
	far.sin_addr.s_addr = inet_addr("10.9.9.9");
	inet_pton(AF_INET6, "2001:db8::1", &far6.sin6_addr);
	for (int i = 0; i < 77; i++) {
		int s = socket(AF_INET, SOCK_STREAM, 0), s6 = socket(AF_INET6, SOCK_STREAM, 0);
		connect(s, (struct sockaddr *)&far, sizeof far);
		connect(s6, (struct sockaddr *)&far6, sizeof far6);
		close(s);
		close(s6);
	}
	far.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	int s = socket(AF_INET, SOCK_DGRAM, 0);
	setsockopt(s, SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
	setsockopt(s, IPPROTO_UDP, UDP_CORK, &on, sizeof on);
	for (int i = 0; i < 77; i++)
		sendto(s, block, sizeof block, MSG_DONTWAIT, (struct sockaddr *)&far, sizeof far);
	return 0;
}

/* Every number that is 77, in whatever table and field. */
static int look(const char *path)
{
	char line[4096], seen = 0;
	FILE *f = fopen(path, "r");
	while (f && fgets(line, sizeof line, f)) {
		for (char *save, *w = strtok_r(line, " \t\n", &save); w;
		     w = strtok_r(NULL, " \t\n", &save))
			if (strcmp(w, "77") == 0 || strcmp(w, "75") == 0 || strcmp(w, "76") == 0)
				seen = 1;
	}
	if (seen)
		printf("told by %s\n", path);
	return seen;
}

int main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "leave") == 0)
		return leave();
	int bad = 0;
	bad |= look("/proc/self/net/snmp");
	bad |= look("/proc/self/net/snmp6");
	bad |= look("/proc/self/net/netstat");
	return bad;
}
