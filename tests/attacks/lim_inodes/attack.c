#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

int main(void)
{
	char name[32];
	for (int i = 0; i < 1000000; i++) {
		snprintf(name, sizeof name, "n%d", i);
		if ((i % 3 ? symlink("x", name) : mkdir(name, 0700)) < 0)
			return 1;
	}
	return 0;
}
