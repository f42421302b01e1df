#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(void)
{
	static const int commands[] = { F_GETLK,     F_SETLK,     F_SETLKW,
					F_OFD_GETLK, F_OFD_SETLK, F_OFD_SETLKW };
	static const unsigned long high[] = { 0, 1UL << 32, 1UL << 63 };
	int fd = open("/proc/self/exe", O_RDONLY), bad = 0;
	for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
		for (size_t h = 0; h < sizeof high / sizeof *high; h++) {
			struct flock l = { .l_type = F_RDLCK };
			if (syscall(SYS_fcntl, fd, (unsigned long)commands[i] | high[h], &l) >= 0 ||
			    errno != ENOSYS) {
				printf("fcntl %d, high %zu: %d\n", commands[i], h, errno);
				bad = 1;
			}
		}
	if (flock(fd, LOCK_SH) == 0 || errno != ENOSYS)
		bad = 2;
	return bad;
}
