#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

static int bad;

static void must_fail(const char *what, const char *name, int got)
{
	if (got >= 0) {
		printf("succeeded: %s %s\n", what, name);
		bad = 1;
	}
}

static void attack(const char *path)
{
	const struct timespec past[2] = { { 1, 2 }, { 3, 4 } };
	must_fail("chmod", path, chmod(path, 0600));
	must_fail("chown", path, chown(path, 1000, 1000));
	must_fail("unlink", path, unlink(path));
	must_fail("rename", path, rename(path, "/work/x"));
	must_fail("link", path, link(path, "/work/y"));
	must_fail("set times of", path, utimensat(AT_FDCWD, path, past, 0));
	if (strcmp(path, "/dev/ptmx") !=
	    0) /* of the box's own instance; cov_pty is about its times */
		must_fail("touch", path, utimensat(AT_FDCWD, path, NULL, 0));
}

int main(void)
{
	static const char *const known[] = { "null", "zero", "full", "random", "urandom", "tty",
					     "shm",  "init", "fd",   "stdin",  "stdout",  "stderr",
					     "core", "ptmx", "pts",  "mqueue", "console" };
	char path[512];
	struct stat st;
	DIR *dir = opendir("/dev");
	for (struct dirent *e; dir && (e = readdir(dir));) {
		int ok = e->d_name[0] == '.';
		for (size_t i = 0; i < sizeof known / sizeof *known; i++)
			ok |= strcmp(e->d_name, known[i]) == 0;
		if (!ok) {
			printf("/dev/%s is there\n", e->d_name);
			bad = 1;
		}
		snprintf(path, sizeof path, "/dev/%s", e->d_name);
		if (stat(path, &st) == 0 &&
		    S_ISCHR(st.st_mode)) /* what d_type says is below the bind */
			attack(path);
	}
	must_fail("mknod", "null", mknod("null", S_IFCHR | 0666, makedev(1, 3)));
	must_fail("mknod", "kmem", mknod("kmem", S_IFCHR | 0666, makedev(1, 2)));
	must_fail("mknod", "whiteout", mknod("white", S_IFCHR, makedev(0, 0)));
	must_fail("mknod", "disk", mknod("/tmp/disk", S_IFBLK | 0666, makedev(254, 0)));
	must_fail("make in /dev", "x", open("/dev/x", O_CREAT | O_WRONLY, 0600));
	return bad;
}
