/* child.h - how a child process begins: its memory, namespaces, descriptors, and when it dies. */
#ifndef MOULETTE_CHILD_CHILD_H
#define MOULETTE_CHILD_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum child_memory {
	CHILD_COPY, /* as fork(2): pages are copied when either side writes to them */
	/* As vfork(2): the parent waits until the child executes a program or ends. Until then the
	 * child has the memory of the parent: it makes system calls and writes to its own variables,
	 * and to those that the parent gave it. */
	CHILD_SHARED,
};

struct child_spec {
	enum child_memory memory;
	int flags;         /* CHILD_COPY: further flags of clone(2), such as CLONE_NEWPID */
	const int *cgroup; /* CHILD_SHARED: the group of cgroup2 that it is born in, as a folder */
	int death;         /* the signal that it gets when the parent ends; 0: none */
	bool session; /* a session of its own: an interrupt from the terminal does not reach it */
	/* Called in the child while all descriptors are where the parent has them; may change fds[].
	 * -1: the child ends with the status @failed. */
	int (*prepare)(void *ctx);
	/* Descriptors that get the numbers first_fd, first_fd + 1, ...: the child has these, those
	 * below first_fd, and no other. n_fds 0: it keeps all. */
	int *fds;
	size_t n_fds;
	int first_fd;
	/* The program that it becomes, with no signal blocked; NULL: it calls @body instead, and ends
	 * with the status that this returns. Where the program cannot be executed, the reason goes to
	 * descriptor 2. */
	const char *program;
	char *const *argv, *const *env;
	int (*body)(void *ctx);
	void *ctx;
	int failed; /* exit status of a child that could not begin */
};

#define CHILD_FDS_MAX 16

/**
 * child_start() - start the child that @spec describes
 *
 * With a cgroup where kernel or architecture cannot give birth there the child moves to it by
 * itself; a group that it cannot enter is left alone, because such a group counts and limits
 * nothing. With CLONE_NEWPID the child cannot see whether its parent ended before it asked for the
 * signal: prepare() does, where it matters.
 *
 * Return: its id; -1 with errno.
 */
pid_t child_start(const struct child_spec *spec);

/** child_try() - what @body returns (0 to 255) when a child calls it, for what changes the process
 *  that does it. Return: that; -1 with errno, ECHILD when the child died of a signal. */
int child_try(enum child_memory memory, int (*body)(void *ctx), void *ctx);

#endif
