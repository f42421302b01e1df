#define _GNU_SOURCE
#include <fcntl.h>
#include <unistd.h>

int main(void)
{
	int fd = open("giant", O_CREAT | O_RDWR, 0600);
	if (fallocate(fd, 0, 0, 1L << 30) == 0 ||
	    fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, 1L << 30) == 0)
		return 0;
	return ftruncate(fd, 1L << 40) == 0 ? 0 : 2;
}
