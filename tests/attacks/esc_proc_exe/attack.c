#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static int bad;

static void must_fail(const char *what, int got)
{
	if (got >= 0) {
		printf("succeeded: %s\n", what);
		bad = 1;
	}
}

/* Where does moulette's init lie? mountinfo tells. */
static void attack_init(void)
{
	char line[4096], path[1024];
	FILE *f = fopen("/proc/self/mountinfo", "r");
	while (f && fgets(line, sizeof line, f)) {
		if (!strstr(line, "init") || sscanf(line, "%*s %*s %*s %*s %1023s", path) != 1)
			continue;
		must_fail("open init for writing", open(path, O_RDWR));
		must_fail("truncate init", truncate(path, 0));
		must_fail("chmod init", chmod(path, 0777));
		must_fail("unlink init", unlink(path));
		must_fail("rename init", rename(path, "/work/init"));
		must_fail("link init", link(path, "/work/init2"));
		must_fail("touch init", utimensat(AT_FDCWD, path, NULL, 0));
	}
}

int main(void)
{
	must_fail("open /proc/1/exe", open("/proc/1/exe", O_RDONLY));
	must_fail("open /proc/1/mem", open("/proc/1/mem", O_RDWR));
	must_fail("list /proc/1/fd", open("/proc/1/fd", O_RDONLY | O_DIRECTORY));
	must_fail("open /proc/1/root", open("/proc/1/root", O_PATH));
	attack_init();
	return bad;
}
