#define _GNU_SOURCE
#include <fcntl.h>
#include <unistd.h>

int main(void)
{
	fcntl(1, F_SETPIPE_SZ, 4096);
	fcntl(1, F_SETFL, O_WRONLY | O_DIRECT);
	while (write(1, "x", 1) == 1)
		continue;
	return 0;
}
