#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

int main(void)
{
	char name[64];
	unlink("many");
	mkdir("many", 0700);
	for (int i = 0; i < 30000; i++) {
		snprintf(name, sizeof name, "many/%d", i);
		int fd = open(name, O_CREAT | O_WRONLY, 0600);
		if (fd < 0)
			return 1;
		close(fd);
	}
	return 0;
}
