#define _GNU_SOURCE
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int main(void)
{
	static char chunk[1 << 20];
	memset(chunk, 1, sizeof chunk);
	for (int i = 0; i < 1000; i++) {
		int fd = memfd_create("m", 0);
		for (int k = 0; fd >= 0 && k < 16; k++)
			if (write(fd, chunk, sizeof chunk) < 0)
				return 1;
	}
	return 0;
}
