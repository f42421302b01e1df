#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static char chunk[65536];

static void fill(int fd)
{
	fcntl(fd, F_SETFL, O_NONBLOCK);
	while (write(fd, chunk, sizeof chunk) > 0)
		continue;
}

int main(void)
{
	memset(chunk, 1, sizeof chunk);
	for (int p = 0; p < 8; p++)
		if (fork() == 0)
			break;
	for (int i = 0; i < 250; i++) {
		int s[2], f[2];
		if (socketpair(AF_UNIX, i % 2 ? SOCK_STREAM : SOCK_DGRAM, 0, s) == 0)
			fill(s[1]);
		if (pipe(f) == 0)
			fill(f[1]);
	}
	pause();
}
