#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static const unsigned long high[] = { 0, 1UL << 32, 0xffffffffUL << 32 };
static int bad;

/* The last two arguments lead nowhere: any answer but ENOSYS is the kernel's. */
static void refused(const char *what, long nr, int fd, int a, int b)
{
	for (size_t h = 0; h < sizeof high / sizeof *high; h++) {
		errno = 0;
		if (syscall(nr, fd, (unsigned long)a | high[h], (unsigned long)b | high[h], -1L,
			    -1L) >= 0 ||
		    errno != ENOSYS) {
			printf("%s: %ld(%d, %d) high %zu: %d\n", what, nr, a, b, h, errno);
			bad = 1;
		}
	}
}

static const struct {
	int level, option;
	const char *what;
} options[] = {
	{ 1, 25, "SO_BINDTODEVICE" },
	{ 1, 36, "SO_MARK" },
	{ 1, 29, "SO_TIMESTAMP" },
	{ 1, 37, "SO_TIMESTAMPING" },
	{ 1, 46, "SO_BUSY_POLL" },
	{ 1, 60, "SO_ZEROCOPY" },
	{ 1, 61, "SO_TXTIME" },
	{ 1, 73, "SO_RESERVE_MEM" },
	{ 0, 3, "IP_HDRINCL" },
	{ 0, 4, "IP_OPTIONS" },
	{ 0, 16, "IP_IPSEC_POLICY" },
	{ 0, 17, "IP_XFRM_POLICY" },
	{ 0, 19, "IP_TRANSPARENT" },
	{ 0, 41, "IP_MSFILTER" },
	{ 0, 48, "MCAST_MSFILTER" },
	{ 0, 64, "IPT_SO_SET_REPLACE" },
	{ 0, 65, "IPT_SO_SET_ADD_COUNTERS" },
	{ 0, 80, "SO_ORIGINAL_DST" },
	{ 0, 96, "ARPT_SO_SET_REPLACE" },
	{ 0, 128, "EBT_SO_SET_ENTRIES" },
	{ 41, 1, "IPV6_ADDRFORM" },
	{ 41, 27, "IPV6_JOIN_ANYCAST" },
	{ 41, 32, "IPV6_FLOWLABEL_MGR" },
	{ 41, 35, "IPV6_XFRM_POLICY" },
	{ 41, 54, "IPV6_HOPOPTS" },
	{ 41, 57, "IPV6_RTHDR" },
	{ 41, 64, "IP6T_SO_SET_REPLACE" },
	{ 6, 13, "TCP_CONGESTION" },
	{ 6, 14, "TCP_MD5SIG" },
	{ 6, 19, "TCP_REPAIR" },
	{ 6, 23, "TCP_FASTOPEN" },
	{ 6, 31, "TCP_ULP" },
	{ 6, 35, "TCP_ZEROCOPY_RECEIVE" },
	{ 6, 38, "TCP_AO_ADD_KEY" },
	{ 17, 100, "UDP_ENCAP" },
	{ 17, 103, "UDP_SEGMENT" },
	{ 17, 104, "UDP_GRO" },
	{ 284, 1, "MPTCP_INFO" },
	{ 282, 1, "TLS_TX" },
};

static const int levels[] = { 0, 1, 6, 41, 270 };

static int has_options(int level)
{
	for (size_t i = 0; i < sizeof levels / sizeof *levels; i++)
		if (levels[i] == level)
			return 1;
	return 0;
}

int main(void)
{
	int s = socket(AF_INET6, SOCK_STREAM, 0), pair[2];
	struct iovec v = { "x", 1 };
	struct mmsghdr m = { .msg_hdr = { .msg_iov = &v, .msg_iovlen = 1 } };
	for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
		refused(options[i].what, SYS_setsockopt, s, options[i].level, options[i].option);
		refused(options[i].what, SYS_getsockopt, s, options[i].level, options[i].option);
	}
	for (int level = -1; level < 300; level++)
		for (int option = 0; option < 128 && !has_options(level); option++)
			refused("level", SYS_setsockopt, s, level, option);
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0)
		return 2;
	for (size_t h = 0; h < sizeof high / sizeof *high; h++) {
		long oob = (long)(MSG_OOB | MSG_DONTWAIT | high[h]);
		if (syscall(SYS_sendto, pair[0], "x", 1L, oob, 0L, 0L) >= 0 || errno != ENOSYS ||
		    syscall(SYS_sendmsg, pair[0], &m.msg_hdr, oob) >= 0 || errno != ENOSYS ||
		    syscall(SYS_sendmmsg, pair[0], &m, 1L, oob) >= 0 || errno != ENOSYS ||
		    syscall(SYS_recvfrom, pair[1], "", 0L, oob, 0L, 0L) >= 0 || errno != ENOSYS ||
		    syscall(SYS_recvmsg, pair[1], &m.msg_hdr, oob) >= 0 || errno != ENOSYS ||
		    syscall(SYS_recvmmsg, pair[1], &m, 1L, oob, 0L) >= 0 || errno != ENOSYS) {
			printf("out of band, high %zu\n", h);
			bad = 1;
		}
	}
	return bad;
}
