#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

static void daemon_on(void)
{
	if (fork() == 0) {
		setsid();
		for (int s = 1; s < 65; s++)
			signal(s, SIG_IGN);
		flock(open("/work/attack.c", O_RDONLY), LOCK_EX);
		flock(open("/usr/bin/env", O_RDONLY), LOCK_EX);
		for (int i = 0; i < 5; i++)
			if (fork() == 0)
				for (;;)
					if (fork() == 0)
						usleep(1000);
		for (;;)
			pause();
	}
}

int main(int argc, char **argv)
{
	int bad = 0;
	if (argc > 1 && strcmp(argv[1], "leave") == 0) {
		if (fork() == 0) {
			daemon_on();
			_exit(0);
		}
		usleep(100000);
		return 0;
	}
	DIR *dir = opendir("/proc");
	for (struct dirent *e; dir && (e = readdir(dir));) {
		int pid = atoi(e->d_name);
		if (pid > 1 && pid != getpid()) {
			printf("process %d\n", pid);
			bad = 1;
		}
	}
	if (kill(-1, 0) == 0 || flock(open("attack.c", O_RDONLY), LOCK_EX | LOCK_NB) < 0 ||
	    flock(open("/usr/bin/env", O_RDONLY), LOCK_EX | LOCK_NB) < 0)
		bad = 1;
	return bad;
}
