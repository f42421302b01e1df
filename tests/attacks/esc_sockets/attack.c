#define _GNU_SOURCE
#include <stdio.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static int is_plain(int family, int type, int protocol)
{
	if (family == AF_UNIX)
		return (type == SOCK_STREAM || type == SOCK_DGRAM || type == SOCK_SEQPACKET) &&
		       protocol <= 1;
	if (family == AF_NETLINK) /* esc_netlink is about what it can do */
		return (type == SOCK_RAW || type == SOCK_DGRAM) && protocol == 0;
	if (family != AF_INET && family != AF_INET6)
		return 0;
	return (type == SOCK_STREAM && (protocol == 0 || protocol == 6)) ||
	       (type == SOCK_DGRAM && (protocol == 0 || protocol == 17));
}

int main(void)
{
	static const int protocols[] = { 0, 1, 2, 6, 16, 17, 33, 58, 132, 136, 255, 262 };
	static const unsigned long high[] = { 0, 1UL << 32, 0xffffffffUL << 32 };
	int bad = 0;
	for (int family = 0; family < 64; family++)
		for (int type = 1; type < 16; type++)
			for (size_t p = 0; p < sizeof protocols / sizeof *protocols; p++)
				for (size_t h = 0; h < 3; h++) {
					long fd = syscall(SYS_socket,
							  (unsigned long)family | high[h],
							  (unsigned long)type | high[h],
							  (unsigned long)protocols[p] | high[h]);
					if (fd < 0)
						continue;
					close((int)fd);
					if (is_plain(family, type, protocols[p]))
						continue;
					printf("socket(%d, %d, %d) high %zu\n", family, type,
					       protocols[p], h);
					bad = 1;
				}
	return bad;
}
