#include <fcntl.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/shm.h>
#include <unistd.h>

int main(void)
{
	static char chunk[1 << 20];
	static const char *const files[] = { "/dev/shm/x", "/tmp/x", "/work/x" };
	memset(chunk, 1, sizeof chunk);
	for (int i = 0; i < 4; i++) {
		int id = shmget(IPC_PRIVATE, 4 << 20, IPC_CREAT | 0600);
		char *p = id < 0 ? (char *)-1 : shmat(id, NULL, 0);
		if (p == (char *)-1)
			return 1;
		memset(p, 1, 4 << 20);
		shmdt(p);
	}
	for (int f = 0; f < 3; f++) {
		int fd = open(files[f], O_CREAT | O_WRONLY, 0600);
		for (int i = 0; i < 100; i++)
			if (write(fd, chunk, sizeof chunk) < 0)
				break;
	}
	return 0;
}
