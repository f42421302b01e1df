/* session.h - what all submissions of one call of the program share. */
#ifndef MOULETTE_PIPELINE_SESSION_H
#define MOULETTE_PIPELINE_SESSION_H

#include <stdbool.h>

#include "base/alive.h"
#include "base/err.h"
#include "bundle/profile.h"
#include "container/cgroup.h"
#include "container/cgroup_leaf.h"
#include "container/cgroup_seat.h"
#include "container/engine.h"
#include "container/room.h"
#include "model/assignment.h"
#include "model/image.h"
#include "model/isolation.h"
#include "model/places.h"
#include "model/spec.h"
#include "network/host.h"
#include "pipeline/turns.h"
#include "pipeline/runtimes.h"
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
	char *const *env;                    /* -e, NAME=VALUE */
	struct limits over;                  /* --limit */
	double time_factor;
	enum isolation isolation;            /* UNSET: the profile's */
	bool plain_engine;                   /* --engine-mode=plain */
	bool trial;                          /* of doctor: what killed runs left stays */
	int interrupt_fd; /* a signalfd, not read here; its signals are blocked by session_ready() */
};

struct session {
	struct session_options opt;
	struct profile profile;
	struct image image;
	struct runtimes runtimes; /* of the image */
	struct buf passwd;        /* /etc/passwd of boxes; empty: the image's own */
	int image_lock, own_mnt;
	bool has_net; /* some step may have a card: net is open */
	struct network_host net;
	pid_t net_pid; /* whose: sockets of netlink cannot be used by two */
	struct languages languages;
	struct store *store;
	/* Made by session_ready(). */
	bool ready;
	struct engine engine;
	struct cgroup_host host;
	struct cgroup_leaf leaf;
	struct cgroup_seat seat;
	pid_t seated; /* the process that went into them and goes back; 0: none did */
	struct turns turns;
	struct room room;
	struct unpack_server *unpacker; /* of a worker; NULL: each submission starts one of its own */
	struct alive *alive;            /* a worker shows its crew here that it lives; NULL: in no worker */
};

/** session_open() - load what the user may have got wrong, open the store, sweep what killed runs
 *  left. FAULT_USAGE or FAULT_INFRA. *ret is to be closed in both cases. */
int session_open(const struct session_options *opt, struct session *ret, struct err *err);
/** session_ready() - find the engine, leave the host's mount namespace; once. From then on SIGINT,
 *  SIGTERM and SIGHUP end no process but are seen on interrupt_fd; before, nothing has been made
 *  that a sudden end would leave. FAULT_INFRA. */
int session_ready(struct session *s, struct err *err);
/** session_seat() - part of session_ready(), for a process whose forks are to call that one: finds the
 *  cgroups, and goes to where runners are. FAULT_INFRA. */
int session_seat(struct session *s, struct err *err);
/** session_retreat() - what session_ready() changed in the host's cgroups is as before, unless other
 *  runners need it; done by session_close(), and by a process that ends without it. A fork leaves it to
 *  the process that did it. */
void session_retreat(struct session *s);
/** session_patience() - how many times as long as usual the host may take; 1 at least. */
double session_patience(const struct session *s);
void session_close(struct session *s);

/** session_sweep() - remove what killed runs left: cgroups, logs without a result, half-made
 *  copies. @ret_swept counts things removed. All is tried; -1 names something that stayed. */
int session_sweep(const struct places *p, struct store *store, int *ret_swept, struct err *err);
/** session_settle() - after a sweep by a process that is no runner: what killed runners had beside them may
 *  take a moment to end, and the group of runners goes with it. Other runners remove it themselves, and
 *  are waited for 5 s at most. */
void session_settle(const struct places *p);

#endif
