/* child.h - what parent and children of unpacking say to each other, and the rooms of the child. */
#ifndef MOULETTE_UNPACK_CHILD_H
#define MOULETTE_UNPACK_CHILD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "unpack/entry_policy.h"
#include "unpack/request.h"

/*
 * Descriptors of a child: stdio is /dev/null. The request and the one reply are messages on a
 * SOCK_SEQPACKET socket; CHILD_INPUT is the file or the folder that was handed in, or the pipe that
 * a folder comes through; CHILD_OUTPUT the destination folder, or that pipe's other end. Behind
 * them lie the cgroups to enter.
 */
enum { CHILD_SOCKET = 3, CHILD_INPUT, CHILD_OUTPUT, CHILD_CGROUPS };
#define CHILD_CGROUPS_MAX 8

enum child_role {
	CHILD_EXTRACT, /* parses foreign bytes and writes the tree, as the submission's uid */
	CHILD_FOLDER,  /* reads a folder as root that may only read, and streams it as a tar */
	/* Has CHILD_SOCKET alone. Each message that follows is the job of a clone of it, with the
	 * descriptors from CHILD_SOCKET on, and is answered by a server_reply. */
	CHILD_SERVER,
};

#define CHILD_NAME_SIZE 256

struct child_job {
	enum child_role role;
	enum submission_kind kind;
	uint32_t uid, gid;
	uint32_t n_cgroups;
	pid_t parent; /* whose death is ours */
	struct unpack_limits limits;
	struct entry_totals used;   /* of the limits, by what was unpacked before */
	char name[CHILD_NAME_SIZE]; /* of a single source file */
};

struct child_reply {
	int result; /* 0 or -1; @err is set then */
	struct err err;
	struct unpack_outcome outcome;
	int64_t bytes;           /* CHILD_FOLDER: of all regular files */
	char sha256[DIGEST_HEX]; /* CHILD_FOLDER */
};

struct server_reply {
	pid_t pid; /* of the clone, a child of the server's parent; 0: @error, an errno */
	int error;
};

/** unpack_child_main() - the work of moulette-unpack. Return: the exit status when unpack_run() did not
 *  start it; else it does not return. */
int unpack_child_main(void);
/** child_confine() - enter the job's cgroups, then confine_self() with its limits. FAULT_INFRA. */
int child_confine(const struct child_job *job, struct err *err);

/** extract_run() - CHILD_INPUT to CHILD_OUTPUT, whatever kind it is. */
int extract_run(const struct child_job *job, struct unpack_outcome *ret, struct err *err);

/** folder_run() - the folder CHILD_INPUT as a tar to CHILD_OUTPUT. @err->sys is EPIPE when the
 *  other child would not read on: then that one knows why. */
int folder_run(const struct child_job *job, struct child_reply *ret, struct err *err);

/** top_find() - the folder that is to be entered: while there is one entry and that is a folder,
 *  at most two levels; what macOS and Windows add does not count. */
int top_find(int dest, char top[PATH_BYTES_MAX + 1], struct err *err);

#endif
