#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define SOCKETS 400
#define PIECE 60000

static char piece[PIECE];

/* Datagrams that a socket sent to itself. */
static long keep(int fd, struct sockaddr_in *self)
{
	socklen_t len = sizeof *self;
	const int room = 4 << 20;
	long kept = 0;
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
	if (bind(fd, (struct sockaddr *)self, len) < 0 ||
	    getsockname(fd, (struct sockaddr *)self, &len) < 0 ||
	    connect(fd, (struct sockaddr *)self, len) < 0)
		return 0;
	for (int i = 0; i < 8 && send(fd, piece, PIECE, MSG_DONTWAIT) == PIECE; i++)
		kept += PIECE;
	return kept;
}

/* Only what can be read again was kept. */
int main(void)
{
	static int fds[SOCKETS];
	long sent = 0, kept = 0;
	for (int i = 0; i < SOCKETS; i++) {
		struct sockaddr_in self = { .sin_family = AF_INET,
					    .sin_addr = { htonl(INADDR_LOOPBACK) } };
		fds[i] = socket(AF_INET, SOCK_DGRAM, 0);
		sent += fds[i] < 0 ? 0 : keep(fds[i], &self);
	}
	for (int i = 0; i < SOCKETS; i++)
		while (fds[i] >= 0 && recv(fds[i], piece, PIECE, MSG_DONTWAIT) == PIECE)
			kept += PIECE;
	printf("sent %ld MiB, kept %ld MiB\n", sent >> 20, kept >> 20);
	return kept > 64 << 20;
}
