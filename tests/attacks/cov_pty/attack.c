#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

static int leave(void)
{
	const struct winsize size = { 77, 77, 77, 77 };
	int n = 0, fd;
	while ((fd = open("/dev/ptmx", O_RDWR | O_NOCTTY)) >= 0) {
		struct termios raw;
		grantpt(fd);
		unlockpt(fd);
		int slave = open(ptsname(fd), O_RDWR | O_NOCTTY);
		if (slave < 0 || tcgetattr(slave, &raw) < 0)
			return 2;
		cfmakeraw(&raw);
		tcsetattr(slave, TCSANOW, &raw);
		ioctl(slave, TIOCSWINSZ, &size);
		n += write(fd, "x", 1) == 1;
	}
	if (n != 16)
		return printf("%d terminals\n", n), 3;
	sleep(2); /* past what a clock of seconds does not tell */
	if (utimensat(AT_FDCWD, "/dev/pts/ptmx", NULL, 0) < 0)
		return 4;
	if (fork() == 0) {
		setsid();
		for (;;)
			pause();
	}
	return 0;
}

static int look(void)
{
	struct winsize size = { 1, 1, 1, 1 };
	struct stat ptmx, top;
	struct termios modes;
	int bad = 0;
	DIR *dir = opendir("/dev/pts");
	if (stat("/dev/pts/ptmx", &ptmx) < 0 || stat("/dev/pts", &top) < 0 || !dir)
		return 5;
	if (ptmx.st_mtim.tv_sec - top.st_ctim.tv_sec > 1 ||
	    ptmx.st_atim.tv_sec - top.st_ctim.tv_sec > 1 ||
	    ptmx.st_ctim.tv_sec - top.st_ctim.tv_sec > 1 ||
	    top.st_atim.tv_sec - top.st_ctim.tv_sec > 1)
		bad |= printf("times\n");
	for (struct dirent *e; (e = readdir(dir));)
		if (e->d_name[0] != '.' && strcmp(e->d_name, "ptmx") != 0)
			bad |= printf("/dev/pts/%s\n", e->d_name);
	int fd = open("/dev/ptmx", O_RDWR | O_NOCTTY);
	unlockpt(fd);
	int slave = open(fd < 0 ? "" : ptsname(fd), O_RDWR | O_NOCTTY);
	if (slave < 0 || strcmp(ptsname(fd), "/dev/pts/0") != 0)
		return printf("not the first: %s\n", fd < 0 ? "none" : ptsname(fd)), 6;
	if (ioctl(slave, TIOCGWINSZ, &size) < 0 || size.ws_row || size.ws_col || size.ws_xpixel ||
	    size.ws_ypixel || tcgetattr(slave, &modes) < 0 || !(modes.c_lflag & ICANON))
		bad |= printf("size or modes\n");
	return bad != 0;
}

int main(int argc, char **argv)
{
	return argc > 1 && strcmp(argv[1], "leave") == 0 ? leave() : look();
}
