#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static int bad;

static void must_fail(const char *what, long got)
{
	if (got >= 0) {
		printf("succeeded: %s\n", what);
		bad = 1;
	}
}

int main(void)
{
	static const char *const files[] = {
		"mem",           "maps",          "environ", "cmdline",   "stat",       "status",
		"syscall",       "stack",         "auxv",    "cwd",       "root",       "ns/net",
		"oom_score_adj", "timerslack_ns", "cgroup",  "mountinfo", "task/1/comm"
	};
	char path[64], byte;
	struct iovec io = { &byte, 1 };
	const struct rlimit none = { 0, 0 };
	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		snprintf(path, sizeof path, "/proc/1/%s", files[i]);
		must_fail(path, open(path, O_RDONLY));
		must_fail(path, open(path, O_WRONLY));
	}
	must_fail("ptrace", ptrace(PTRACE_ATTACH, 1, 0, 0));
	must_fail("ptrace me", ptrace(PTRACE_TRACEME, 0, 0, 0));
	must_fail("process_vm_readv", process_vm_readv(1, &io, 1, &io, 1, 0));
	int pidfd = (int)syscall(434 /* pidfd_open */, 1, 0);
	must_fail("pidfd_getfd", syscall(438, pidfd, 3, 0));
	must_fail("prlimit", prlimit(1, RLIMIT_NOFILE, &none, NULL));
	must_fail("prlimit with high bits",
		  syscall(SYS_prlimit64, 1L << 32 | 1, RLIMIT_NOFILE, &none, NULL));
	must_fail("setpriority", setpriority(PRIO_PROCESS, 1, 19));
	must_fail("setpriority of all", setpriority(PRIO_USER, 0, 19));
	must_fail("setpgid", setpgid(1, 0));
	return bad;
}
