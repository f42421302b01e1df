#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static void by_descriptor(int signo)
{
	int s[2];
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, s) < 0)
		return;
	fcntl(s[0], F_SETOWN, 1);
	fcntl(s[0], F_SETSIG, signo);
	fcntl(s[0], F_SETFL, O_ASYNC | O_NONBLOCK);
	write(s[1], "x", 1);
	close(s[1]);
	close(s[0]);
}

int main(void)
{
	siginfo_t info;
	for (int s = 1; s < 65; s++) {
		kill(1, s);
		syscall(SYS_tkill, 1, s);
		syscall(SYS_tgkill, 1, 1, s);
		memset(&info, 0, sizeof info);
		info.si_code = SI_QUEUE;
		syscall(SYS_rt_sigqueueinfo, 1, s, &info);
		by_descriptor(s);
	}
	kill(-1, SIGKILL);
	kill(getppid(), SIGKILL);
	for (int i = 0; i < 200000; i++)
		kill(1, SIGIO);
	kill(1, SIGSTOP);
	return 0;
}
