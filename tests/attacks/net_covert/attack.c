#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int bad;

static void send_to(const char *host, int port, int n)
{
	struct sockaddr_in to = { AF_INET,
				  htons((unsigned short)port),
				  { inet_addr(host) },
				  { 0 } };
	for (int i = 0; i < n; i++) {
		int s = socket(AF_INET, SOCK_DGRAM, 0),
		    t = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		struct pollfd p = { t, POLLOUT, 0 };
		sendto(s, "x", 1, 0, (struct sockaddr *)&to, sizeof to);
		connect(t, (struct sockaddr *)&to, sizeof to);
		poll(&p, 1, 20);
		close(s);
		close(t);
	}
}

/* Counts of packets and connections: every number that is not zero in lines that only count upwards. */
static void look_at(const char *path, const char *prefix, const char *const *allowed)
{
	char names[4096], values[4096];
	FILE *f = fopen(path, "r");
	while (f && fgets(names, sizeof names, f) && fgets(values, sizeof values, f)) {
		char *a, *b, *name = strtok_r(names, " \n", &a),
			     *value = strtok_r(values, " \n", &b);
		if (strcmp(name, prefix) != 0)
			continue;
		while ((name = strtok_r(NULL, " \n", &a)) && (value = strtok_r(NULL, " \n", &b))) {
			int known = 0;
			for (size_t i = 0; allowed[i]; i++)
				known |= strcmp(name, allowed[i]) == 0;
			if (known || strcmp(value, "0") == 0)
				continue;
			printf("%s %s %s\n", prefix, name, value);
			bad = 1;
		}
	}
	if (f)
		fclose(f);
}

static void look(void)
{
	/* What is set, not counted. */
	static const char *const settings[] = { "Forwarding", "DefaultTTL", "RtoAlgorithm",
						"RtoMin",     "RtoMax",     "MaxConn",
						NULL };
	static const char *const rows[] = { "Ip:", "Icmp:", "Tcp:", "Udp:" };
	static const char *const more[] = { "TcpExt:", "IpExt:" };
	char line[512];
	long bytes;
	for (size_t i = 0; i < 4; i++)
		look_at("/proc/self/net/snmp", rows[i], settings);
	for (size_t i = 0; i < 2; i++)
		look_at("/proc/self/net/netstat", more[i], settings);
	FILE *f = fopen("/proc/self/net/dev", "r");
	while (f && fgets(line, sizeof line, f))
		if (sscanf(line, " %*[a-z0-9]: %ld", &bytes) == 1 && bytes > 0) {
			printf("bytes: %s", line);
			bad = 1;
		}
}

int main(int argc, char **argv)
{
	const char *host = getenv("MOULETTE_HOST");
	if (argc > 1 && strcmp(argv[1], "leave") == 0)
		send_to(host, 8080, 20);
	else if (argc > 1 && strcmp(argv[1], "whisper") == 0)
		send_to(host, 22, 1); /* refused: nothing left the box */
	else
		look();
	return bad;
}
