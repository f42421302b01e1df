#define _GNU_SOURCE
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static long int80(long nr, long a)
{
	long got;
	__asm__ volatile("int $0x80"
			 : "=a"(got)
			 : "a"(nr), "b"(a)
			 : "memory", "r8", "r9", "r10", "r11");
	return got;
}

static int came_through(int kind)
{
	int status;
	pid_t pid = fork();
	if (pid == 0) {
		long got = kind == 0 ? int80(20, 0) /* getpid */ :
			   kind == 1 ? int80(310, 0x10000000) /* unshare(CLONE_NEWUSER) */ :
			   kind == 2 ? syscall(0x40000000 | 39) /* x32 getpid */ :
				       syscall(0x40000000 | 272, 0x10000000); /* x32 unshare */
		_exit(got >= 0 && (int)got >= 0 ? 42 : 0);
	}
	waitpid(pid, &status, 0);
	return WIFEXITED(status) && WEXITSTATUS(status) == 42;
}

int main(void)
{
	int bad = 0;
	for (int kind = 0; kind < 4; kind++)
		if (came_through(kind)) {
			printf("call of kind %d came through\n", kind);
			bad = 1;
		}
	return bad;
}
