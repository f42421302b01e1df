#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What the first look of a test sees must be what the compiler left: only compare with constants. */
static int same(const char *path)
{
	struct stat st;
	if (stat(path, &st) < 0)
		return 0;
	return st.st_atim.tv_sec != 7777 && st.st_mtim.tv_sec != 7777 && (st.st_mode & 022) == 0 &&
	       st.st_nlink < 3 && (!S_ISREG(st.st_mode) || st.st_nlink == 1);
}

static int leave(void)
{
	const struct timespec times[2] = { { 7777, 1 }, { 7777, 2 } };
	char byte;
	int fd = open("attack", O_RDONLY);
	if (fd < 0 || read(fd, &byte, 1) != 1)
		return 2;
	fcntl(fd, F_SETLEASE, F_RDLCK);
	if (utimensat(AT_FDCWD, "attack", times, 0) < 0 || chmod("attack", 0777) < 0 ||
	    chmod(".", 0777) < 0 || link("attack.c", "x") < 0 || rename("x", "y") < 0 ||
	    unlink("y") < 0 || utimensat(AT_FDCWD, ".", times, 0) < 0)
		return 3;
	utimensat(AT_FDCWD, "/tmp", times, 0);
	utimensat(AT_FDCWD, "/dev/shm", times, 0);
	int shm = open("/dev/shm/x", O_CREAT | O_RDWR, 0600),
	    tmp = open("/tmp/x", O_CREAT | O_RDWR, 0600);
	if (shm < 0 || tmp < 0 || unlink("/dev/shm/x") < 0 || unlink("/tmp/x") < 0)
		return 4;
	return 0;
}

int main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "leave") == 0)
		return leave();
	return !(same("attack") && same(".") && access("x", F_OK) < 0 && access("y", F_OK) < 0);
}
