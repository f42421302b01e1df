#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct sockaddr_un name = { AF_UNIX, "socket" };
	char path[16] = "n_";
	(void)argv;
	if (argc > 1)
		return !(access("fifo", F_OK) == 0 && rename("fifo", "fifo2") == 0 &&
			 link("attack", "another") == 0 && rename("h", "h2") == 0 &&
			 unlink("loop") == 0);
	if (mkfifo("fifo", 0600) < 0 ||
	    bind(socket(AF_UNIX, SOCK_STREAM, 0), (struct sockaddr *)&name, sizeof name) < 0 ||
	    symlink("loop", "loop") < 0 || symlink("/proc/self/exe", "exe") < 0 ||
	    symlink("..", "up") < 0 || mkdir("h", 0700) < 0)
		return 1;
	for (int c = 1; c < 256; c++) {
		path[1] = (char)c;
		if (c != '/' && close(open(path, O_CREAT | O_WRONLY, 0)) < 0)
			return 2;
	}
	for (int i = 0; i < 1000; i++) {
		snprintf(path, sizeof path, "h/%d", i);
		if (link("attack.c", path) < 0)
			return 3;
	}
	return 0;
}
