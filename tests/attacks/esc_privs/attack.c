#define _GNU_SOURCE
#include <grp.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
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
	gid_t groups[64] = { 0 };
	struct __user_cap_header_struct head = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct all[2] = { { ~0u, ~0u, ~0u }, { ~0u, ~0u, ~0u } };
	must_fail("setuid", setuid(0));
	must_fail("setgid", setgid(0));
	must_fail("setresuid", syscall(SYS_setresuid, -1, 0, -1));
	must_fail("setgroups", setgroups(1, groups));
	must_fail("capset", syscall(SYS_capset, &head, all));
	must_fail("ambient", prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, 7, 0, 0));
	must_fail("no_new_privs off", prctl(PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0));
	must_fail("seccomp off", prctl(PR_SET_SECCOMP, 0, 0, 0, 0));
	must_fail("dumpable like root", prctl(PR_SET_SECUREBITS, 0, 0, 0, 0));
	if (getgroups(64, groups) > 0 || getuid() != 1000 || geteuid() != 1000 ||
	    getgid() != 1000) {
		printf("groups or ids\n");
		bad = 1;
	}
	for (int cap = 0; cap < 41; cap++)
		if (prctl(PR_CAPBSET_READ, cap, 0, 0, 0) > 0) {
			printf("capability %d in the bounding set\n", cap);
			bad = 1;
		}
	if (system("for p in su mount passwd chsh newgrp sudo; do f=$(command -v $p) && $f --help >/dev/null 2>&1; done;"
		   "test $(id -u) = 1000; cp /bin/sh mysh && chmod 6755 mysh && ./mysh -pc 'test $(id -u) = 1000'") !=
	    0) {
		printf("set-id\n");
		bad = 1;
	}
	return bad;
}
