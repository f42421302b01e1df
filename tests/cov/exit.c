/*
 * exit.c - V=cov: processes that end by _exit() are counted as well; linked with --wrap=_exit.
 *
 * A process under a filter of system calls cannot open the files of gcov, and is left out.
 */
#include <sys/prctl.h>

void __gcov_dump(void);
void __real__exit(int status) __attribute__((noreturn));
void __wrap__exit(int status) __attribute__((noreturn));

void __wrap__exit(int status)
{
	if (prctl(PR_GET_SECCOMP) == 0)
		__gcov_dump();
	__real__exit(status);
}
