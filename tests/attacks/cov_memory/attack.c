#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

static void send_fds(int through, const int *fds, size_t n)
{
	char byte = 0, control[CMSG_SPACE(3 * sizeof(int))] = { 0 };
	struct iovec io = { &byte, 1 };
	struct msghdr m = { .msg_iov = &io,
			    .msg_iovlen = 1,
			    .msg_control = control,
			    .msg_controllen = CMSG_SPACE(n * sizeof(int)) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(n * sizeof(int));
	memcpy(CMSG_DATA(c), fds, n * sizeof(int));
	if (sendmsg(through, &m, 0) < 0)
		exit(2);
}

int main(int argc, char **argv)
{
	static char chunk[1 << 20];
	if (argc > 1 && strcmp(argv[1], "leave") == 0) {
		int pair[2], file = memfd_create("left", 0);
		if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0)
			return 3;
		memset(chunk, 1, sizeof chunk);
		for (int i = 0; i < 50; i++)
			if (write(file, chunk, sizeof chunk) < 0)
				return 4;
		send_fds(pair[0], (int[]){ pair[0], pair[1], file }, 3);
		send_fds(pair[1], (int[]){ pair[0], pair[1], file }, 3);
		return 0;
	}
	char *p = malloc(50 << 20);
	memset(p, 1, 50 << 20);
	printf("%d\n", p[12345]);
	return 0;
}
