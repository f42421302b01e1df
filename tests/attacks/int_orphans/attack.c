#include <sys/wait.h>
#include <unistd.h>

int main(void)
{
	for (int i = 0; i < 2000; i++) {
		pid_t pid = fork();
		if (pid < 0)
			continue;
		if (pid == 0) {
			fork();
			_exit(0);
		}
		waitpid(pid, NULL, 0);
	}
	for (int i = 0; i < 5; i++)
		if (fork() == 0)
			_exit(0);
	return 7;
}
