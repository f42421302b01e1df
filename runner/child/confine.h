/* confine.h - a child gives up what it does not need, before it reads a foreign byte. */
#ifndef MOULETTE_CHILD_CONFINE_H
#define MOULETTE_CHILD_CONFINE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

/* AddressSanitizer maps terabytes that it never touches, changes signal stacks when a process ends,
 * and reports on stderr. */
#if defined(__SANITIZE_ADDRESS__)
#define CONFINE_SANITIZED true
#elif defined(__has_feature)
#define CONFINE_SANITIZED __has_feature(address_sanitizer)
#else
#define CONFINE_SANITIZED false
#endif

enum confine_role {
	CONFINE_EXTRACT, /* writes a hand-in as the user of the submission; no capability */
	CONFINE_FOLDER, /* reads a folder as root; a capability to read, and opens nothing to write */
	/* Writes an image as root, because owners are part of an image; capabilities to write files
	 * of any owner. */
	CONFINE_IMAGE,
	CONFINE_ROLES,
};

struct confine {
	enum confine_role role;
	int root;                         /* the folder that becomes its root */
	uint32_t uid, gid;                /* CONFINE_EXTRACT */
	pid_t parent;                     /* the child dies with it; 0: that is settled */
	uint64_t address_bytes;           /* of address space */
	int64_t cpu_s, file_bytes, files; /* of CPU, of one file, open at once; 0: no limit */
};

/** confine_prepare() - what is the same for every hand-in, for a process whose children confine
 *  themselves: they inherit it. FAULT_INFRA. */
int confine_prepare(struct err *err);

/**
 * confine_self() - give up everything but the open descriptors, the tree below the root, memory and a
 * few system calls; the table in confine.c lists them by role
 *
 * FAULT_INFRA; what was given up by then stays given up.
 */
int confine_self(const struct confine *c, struct err *err);

#endif
