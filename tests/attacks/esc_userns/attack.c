#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static const unsigned long flags[] = { CLONE_NEWUSER,   CLONE_NEWNS,
				       CLONE_NEWPID,    CLONE_NEWNET,
				       CLONE_NEWIPC,    CLONE_NEWUTS,
				       CLONE_NEWCGROUP, CLONE_NEWUSER | CLONE_NEWNS };
static int bad;

static void try_clone(unsigned long with)
{
	long pid = syscall(SYS_clone, with | SIGCHLD, 0, 0, 0, 0);
	if (pid == 0)
		_exit(0);
	if (pid > 0) {
		printf("clone(%#lx)\n", with);
		bad = 1;
	}
}

int main(void)
{
	for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
		if (syscall(SYS_unshare, flags[i]) == 0 ||
		    syscall(SYS_unshare, flags[i] | 1UL << 32) == 0) {
			printf("unshare(%#lx)\n", flags[i]);
			bad = 1;
		}
		try_clone(flags[i]);
		try_clone(flags[i] | 1UL << 32);
		struct clone_args args = { .flags = flags[i], .exit_signal = SIGCHLD };
		long pid = syscall(SYS_clone3, &args, sizeof args);
		if (pid == 0)
			_exit(0);
		if (pid > 0) {
			printf("clone3(%#lx)\n", flags[i]);
			bad = 1;
		}
	}
	int fd = open("/proc/self/ns/mnt", O_RDONLY);
	if (fd >= 0 && setns(fd, 0) == 0) {
		printf("setns\n");
		bad = 1;
	}
	return bad;
}
