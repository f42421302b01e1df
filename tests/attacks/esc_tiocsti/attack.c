#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(void)
{
	static const unsigned long requests[] = { 0x5412 /* TIOCSTI */, 0x541c /* TIOCLINUX */,
						  0x541d /* TIOCCONS */, 0x5421UL | 1UL << 33,
						  0x5412UL | 1UL << 32 };
	int bad = 0, tty = open("/dev/tty", O_RDWR);
	char c = '\n';
	if (tty >= 0 || isatty(0) || isatty(1) || isatty(2)) {
		printf("a terminal: %d\n", tty);
		bad = 1;
	}
	for (int fd = 0; fd < 3; fd++)
		for (size_t i = 0; i < sizeof requests / sizeof *requests; i++)
			if (requests[i] != (0x5421UL | 1UL << 33) &&
			    syscall(SYS_ioctl, fd, requests[i], &c) == 0) {
				printf("ioctl(%d, %#lx)\n", fd, requests[i]);
				bad = 1;
			}
	return bad;
}
