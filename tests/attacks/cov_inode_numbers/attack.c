#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const places[] = { "/tmp", "/dev/shm", "/work", "/work/built" };
#define N_PLACES (sizeof places / sizeof *places)

static unsigned long next(const char *folder)
{
	struct stat st = { 0 };
	int fd = open(folder, O_TMPFILE | O_RDWR, 0600);
	if (fd < 0 || fstat(fd, &st) < 0)
		return 0;
	close(fd);
	return st.st_ino;
}

/* A fresh area begins at the same number each time. */
int main(int argc, char **argv)
{
	unsigned long got;
	int bad = argc < 2;
	for (size_t p = 0; p < N_PLACES; p++) {
		for (unsigned i = 0;
		     argc > 1 && strcmp(argv[1], "leave") == 0 && i < 1000 + 100 * p; i++)
			next(places[p]);
		if (argc > 1 && strcmp(argv[1], "look") == 0 && (got = next(places[p])) >= 1000) {
			printf("%s: %lu\n", places[p], got);
			bad = 1;
		}
	}
	return bad;
}
