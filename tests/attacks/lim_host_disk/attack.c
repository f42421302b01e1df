#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static int bad;

static void expect(const char *what, long got, int want)
{
	const int found = got < 0 ? errno : 0;
	if (found == want)
		return;
	printf("%s: %d\n", what, found);
	bad = 1;
}

int main(void)
{
	char byte;
	const struct iovec v = { &byte, 1 };
	int fd = open("/proc/self/exe", O_RDONLY), own = open("f", O_CREAT | O_RDWR, 0600);

	/* -1: the kernel would say EBADF. */
	expect("fsync", syscall(SYS_fsync, -1L), 0);
	expect("fdatasync", syscall(SYS_fdatasync, -1L), 0);
	expect("sync_file_range", syscall(SYS_sync_file_range, -1L, 0L, 0L, 7L), 0);
	expect("POSIX_FADV_DONTNEED", syscall(SYS_fadvise64, -1L, 0L, 0L, 4L | 1L << 32), 0);
	expect("POSIX_FADV_RANDOM", syscall(SYS_fadvise64, fd, 0L, 0L, 1L), 0);
	expect("sync", syscall(SYS_sync), ENOSYS);
	expect("syncfs", syscall(SYS_syncfs, own), ENOSYS);
	for (long flag = 1; flag <= 1 << 10; flag <<= 1) {
		if (flag == 16) /* RWF_APPEND */
			continue;
		expect("preadv2", syscall(SYS_preadv2, own, &v, 1L, 0L, 0L, flag), ENOSYS);
		expect("pwritev2", syscall(SYS_pwritev2, own, &v, 1L, 0L, 0L, flag | 1L << 32),
		       ENOSYS);
	}
	expect("MAP_HUGETLB", syscall(SYS_mmap, 0L, 2L << 20, 3L, 0x40022L, -1L, 0L), ENOSYS);
	expect("MAP_HUGETLB of 1 GiB",
	       syscall(SYS_mmap, 0L, 1L << 30, 3L, 0x40022L | 30L << 26, -1L, 0L), ENOSYS);
	expect("MFD_HUGETLB", syscall(SYS_memfd_create, "x", 4L | 1L << 32), ENOSYS);
	expect("SHM_HUGETLB", syscall(SYS_shmget, 0L, 2L << 20, 0x800L | 0600), ENOSYS);
	return bad;
}
