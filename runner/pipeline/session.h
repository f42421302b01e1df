/* session.h - what all submissions of one call of the program share. */
#ifndef MOULETTE_PIPELINE_SESSION_H
#define MOULETTE_PIPELINE_SESSION_H

#include <stdbool.h>

#include "base/err.h"
#include "bundle/profile.h"
#include "cell/host.h"
#include "model/assignment.h"
#include "model/image.h"
#include "model/isolation.h"
#include "model/places.h"
#include "model/spec.h"
#include "pipeline/runtimes.h"
#include "pipeline/turns.h"
#include "store/store.h"
#include "submission/language.h"
#include "unpack/unpack.h"

/** What the command line said. All borrowed; paths are absolute. */
struct session_options {
	const struct places *places;
	const struct assignment *assignment; /* NULL: the built-in one */
	char *const *command;                /* what is run instead of its steps; NULL: its steps */
	const char *image, *profile;         /* NULL: the assignment's, else the defaults */
	const struct mount_spec *mounts;     /* -v */
	size_t n_mounts;
	char *const *env;   /* -e, NAME=VALUE */
	struct limits over; /* --limit */
	double time_factor;
	enum isolation isolation; /* UNSET: the profile's */
	bool plain_engine;        /* --engine-mode=plain */
	bool trial;               /* of doctor: what killed runs left stays */
	int interrupt_fd; /* a signalfd, not read here; its signals are blocked by session_ready() */
};

struct session {
	struct session_options opt;
	struct profile profile;
	struct image image;
	struct runtimes runtimes; /* of the image */
	struct buf passwd;        /* /etc/passwd of boxes; empty: the image's own */
	int image_lock;
	struct languages languages;
	struct store *store;
	struct host host;
	struct turns turns; /* made by session_ready() */
	struct unpack_server
		*unpacker; /* of a worker; NULL: each submission starts one of its own */
};

/** session_open() - load what the user may have got wrong, open the store, sweep what killed runs
 *  left. FAULT_USAGE or FAULT_INFRA. *ret is to be closed in both cases. */
int session_open(const struct session_options *opt, struct session *ret, struct err *err);
/** session_ready() - host_ready(), and what steps of all runners share; once. From then on SIGINT, SIGTERM and
 *  SIGHUP end no process but are seen on interrupt_fd. Errors as host_ready(). */
int session_ready(struct session *s, struct err *err);
void session_close(struct session *s);

/** session_sweep() - remove what killed runs left: cgroups, logs without a result, half-made
 *  copies. @ret_swept counts things removed. All is tried; -1 names something that stayed. */
int session_sweep(const struct places *p, struct store *store, int *ret_swept, struct err *err);
/** session_settle() - after a sweep by a process that is no runner: what killed runners had beside them may
 *  take a moment to end, and the group of runners goes with it. Other runners remove it themselves, and
 *  are waited for 5 s at most. */
void session_settle(const struct places *p);

#endif
