#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static int bad;

static void refused(const char *what, long nr, long a, long b, long c, long d, long e)
{
	static const unsigned long high[] = { 0, 1UL << 32, 1UL << 63 };
	for (size_t h = 0; h < sizeof high / sizeof *high; h++) {
		/* The descriptor stays as it is: an int that the kernel cuts as well. */
		const int first = nr == SYS_prctl,
			  last = nr == SYS_getsockopt || nr == SYS_setsockopt || nr == SYS_madvise;
		errno = 0;
		if (syscall(nr, first ? (long)((unsigned long)a | high[h]) : a,
			    nr == SYS_madvise ? b : (long)((unsigned long)b | high[h]),
			    last ? (long)((unsigned long)c | high[h]) : c, d, e) >= 0 ||
		    errno != ENOSYS) {
			printf("%s, high %zu: %d\n", what, h, errno);
			bad = 1;
		}
	}
}

int main(void)
{
	unsigned char label[32] = { [16] = 0x12, [20] = 0, [21] = 1 }; /* IPV6_FL_A_GET */
	unsigned long long number[2] = { 0 };
	socklen_t len = sizeof number[0];
	int s = socket(AF_UNIX, SOCK_DGRAM, 0), s6 = socket(AF_INET6, SOCK_DGRAM, 0);
	int folder = open("/usr", O_RDONLY | O_DIRECTORY), file = open("/proc/self/exe", O_RDONLY),
	    own = open("f", O_CREAT | O_RDWR, 0600);
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	refused("SO_COOKIE", SYS_getsockopt, s, SOL_SOCKET, 57, (long)number, (long)&len);
	refused("SO_NETNS_COOKIE", SYS_getsockopt, s, SOL_SOCKET, 71, (long)number, (long)&len);
	if (getsockopt(s6, SOL_SOCKET, 56 /* SO_INCOMING_NAPI_ID */, number, &len) == 0 ||
	    errno != ENOPROTOOPT)
		bad = 1;
	refused("SO_MEMINFO", SYS_getsockopt, s, SOL_SOCKET, 55, (long)number, (long)&len);
	refused("SO_PASSPIDFD", SYS_setsockopt, s, SOL_SOCKET, 76, (long)number, 4);
	refused("SO_PEERPIDFD", SYS_getsockopt, s, SOL_SOCKET, 77, (long)number, (long)&len);
	refused("IPV6_FLOWLABEL_MGR", SYS_setsockopt, s6, 41, 32, (long)label, sizeof label);
	refused("IPV6_FLOWLABEL_MGR", SYS_getsockopt, s6, 41, 32, (long)label, (long)&len);
	refused("F_NOTIFY", SYS_fcntl, folder, F_NOTIFY, DN_ACCESS, 0, 0);
	refused("F_SETLEASE", SYS_fcntl, file, F_SETLEASE, F_RDLCK, 0, 0);
	refused("F_GETLEASE", SYS_fcntl, file, F_GETLEASE, 0, 0, 0);
	for (int hint = 1035; hint <= 1038; hint++)
		refused("F_SET_RW_HINT", SYS_fcntl, own, hint, (long)number, 0, 0);
	refused("PR_SET_MEMORY_MERGE", SYS_prctl, 67, 1, 0, 0, 0);
	refused("PR_SCHED_CORE", SYS_prctl, 62, 1, 0, 0, 0);
	refused("MADV_MERGEABLE", SYS_madvise, (long)page, 4096, MADV_MERGEABLE, 0, 0);
	refused("MADV_PAGEOUT", SYS_madvise, (long)page, 4096, 21, 0, 0);
	return bad;
}
