#define _GNU_SOURCE
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	char line[512];
	int bad = 0;
	if (argc > 1 && strcmp(argv[1], "leave") == 0) {
		struct sockaddr_in to = { AF_INET, htons(9), { htonl(INADDR_LOOPBACK) }, { 0 } };
		int s = socket(AF_INET, SOCK_DGRAM, 0);
		for (int i = 0; i < 200; i++) {
			pid_t pid = fork();
			if (pid == 0)
				_exit(0);
			waitpid(pid, NULL, 0);
			sendto(s, line, 100, 0, (struct sockaddr *)&to, sizeof to);
			shmctl(shmget(IPC_PRIVATE, 4096, 0600), IPC_RMID, NULL);
		}
		return 0;
	}
	if (getpid() > 100) {
		printf("pid %d\n", getpid());
		bad = 1;
	}
	FILE *f = fopen("/proc/self/net/dev", "r");
	while (f && fgets(line, sizeof line, f)) {
		long bytes;
		if (sscanf(line, " lo: %ld", &bytes) == 1 && bytes > 0) {
			printf("bytes on lo: %ld\n", bytes);
			bad = 1;
		}
	}
	int id = shmget(IPC_PRIVATE, 4096, 0600);
	if (id >> 15 > 10 || (id & 0x7fff) > 10) {
		printf("shm id %d\n", id);
		bad = 1;
	}
	return bad;
}
