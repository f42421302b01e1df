#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

static int bad;

static void must_fail(const char *what, long got)
{
	if (got >= 0) {
		printf("succeeded: %s\n", what);
		bad = 1;
	}
}

static void requests(int fd, const char *end)
{
	static const unsigned long all[] = { 0x5412 /* TIOCSTI */,     0x541c /* TIOCLINUX */,
					     0x541d /* TIOCCONS */,    0x5423 /* TIOCSETD */,
					     0x5437 /* TIOCVHANGUP */, 0x4b3a /* KDSETMODE */,
					     0x5602 /* VT_SETMODE */,  0x540c /* TIOCEXCL */ };
	for (int number = 0; number < 32; number++) {
		char c = '\n';
		for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
			const unsigned long request = all[i] | (unsigned long)(number & 1)
								       << (32 + number / 2);
			if (syscall(SYS_ioctl, fd, request,
				    all[i] == 0x5423 ? (void *)&number : (void *)&c) == 0) {
				printf("ioctl(%s, %#lx)\n", end, request);
				bad = 1;
			}
		}
	}
}

int main(void)
{
	static char block[4096];
	int master = open("/dev/ptmx", O_RDWR | O_NOCTTY), n = 1;
	if (master < 0 || unlockpt(master) < 0)
		return 2;
	int slave = open(ptsname(master), O_RDWR | O_NOCTTY);
	if (slave < 0)
		return 3;
	requests(master, "master");
	requests(slave, "slave");
	must_fail("the terminal of the group of PID 1", ioctl(slave, TIOCSPGRP, &(pid_t){ 1 }));
	must_fail("mount", mount("devpts", "/tmp", "devpts", 0, "newinstance"));
	must_fail("chmod ptmx", chmod("/dev/pts/ptmx", 0600));
	must_fail("unlink ptmx", unlink("/dev/pts/ptmx"));
	must_fail("chown the terminal", chown("/dev/pts/0", 0, 0));
	must_fail("mknod of a terminal", mknod("/tmp/t", S_IFCHR | 0666, makedev(136, 0)));
	must_fail("mknod of ptmx", mknod("/tmp/m", S_IFCHR | 0666, makedev(5, 2)));
	must_fail("the console", open("/dev/console", O_RDWR));
	must_fail("a terminal of the host", open("/dev/tty0", O_RDWR));
	for (int fd; (fd = open("/dev/ptmx", O_RDWR | O_NOCTTY)) >= 0; n++) {
		fcntl(fd, F_SETFL, O_NONBLOCK);
		while (write(fd, block, sizeof block) > 0)
			;
	}
	if (n != 16)
		bad = printf("%d terminals\n", n);
	return bad;
}
