/* request.h - what is to be unpacked where, and what came of it. */
#ifndef MOULETTE_UNPACK_REQUEST_H
#define MOULETTE_UNPACK_REQUEST_H

#include <stddef.h>
#include <sys/types.h>

#include "base/alive.h"
#include "base/err.h"
#include "model/submission.h"
#include "unpack/server.h"

#define PATH_BYTES_MAX 1024

struct unpack_request {
	const char *program; /* moulette-unpack, or one that does the same for `unpack-child` */
	struct unpack_server *server; /* NULL: each child is started as a program */
	int dest_fd;                  /* empty folder, owned by uid:gid, on a mount of its own */
	uint32_t uid, gid;            /* what the child becomes; nobody else on the host has them */
	const int *cgroup_fds; /* tasks/cgroup.procs files, open for writing; the children enter
				  them */
	size_t n_cgroup_fds;   /* at most 8 */
	int interrupt_fd;      /* readable: stop (a signalfd, not read here); -1: none */
	struct unpack_limits limits;
	/* Called once, while the children work: what the caller has to do anyway. NULL: nothing. */
	int (*meanwhile)(void *ctx, struct err *err);
	void *ctx;
	struct alive *alive; /* the caller's signs of life; NULL: nobody watches */
};

struct unpack_outcome {
	int64_t entries, bytes;
	int64_t folders;              /* made without an entry of their own */
	int64_t took_ns, cpu_ns;      /* on the clock, of the children */
	char top[PATH_BYTES_MAX + 1]; /* "" or "a" or "a/b": the folder that is to be entered */
};

#endif
