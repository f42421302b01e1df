#define _GNU_SOURCE
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
	int pair[2], file = memfd_create("left", 0);
	(void)argv;
	if (argc < 2 || file < 0 || socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0)
		return 3;
	send_fds(pair[0], (int[]){ pair[0], pair[1], file }, 3);
	send_fds(pair[1], (int[]){ pair[0], pair[1], file }, 3);
	while (write(file, "x", 1) == 1 && lseek(file, 4095, SEEK_CUR) > 0)
		continue;
	return 0;
}
