/* engine.h - the OCI runtime that starts boxes. */
#ifndef MOULETTE_CONTAINER_ENGINE_H
#define MOULETTE_CONTAINER_ENGINE_H

#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/alive.h"
#include "base/err.h"
#include "model/places.h"

#define ENGINE_PATH "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#define ENGINE_LEAVES_CGROUPS "--cgroup-manager=disabled"

struct engine {
	char *name;         /* "crun", "runc", "runsc" */
	char *path;         /* absolute */
	char *version;      /* "1.8.1" */
	bool hides_unified; /* crun: refuses a hybrid host unless the cgroup2 mount is hidden */
	bool inherits_fds;  /* --preserve-fds works: one box serves all steps */
	/* May it be started in less time than by its plain `run`? The one switch of all such ways,
	 * each of which gives the same results: where a probe says no, the plain way is taken. */
	bool lean;
	bool leaves_cgroups; /* --cgroup-manager=disabled works: the box's group can be ours */
	bool reads_proc_sys; /* runc since 1.3, within the box while it starts it: see box_proc.h */
	char *kept;          /* file of what is known of this engine; NULL: none */
	char why_plain[200]; /* in words, once lean is false; else empty */
	double patience;     /* multiplies the waiting times; 0: 1 */
	struct alive *
		alive; /* who waits for its answers shows here that it lives; NULL: no crew watches it */
};

#define ENGINE_MS 10000 /* an engine that does not answer within that is taken to hang ... */
#define ENGINE_BUSY \
	6 /* ... unless it is at work: on a busy host it is given so many times as long */

/** How long an engine is waited for. */
struct engine_clock {
	int64_t end_ns, last_ns;
};
/** engine_clock() - from now on: @ms milliseconds, and up to ENGINE_BUSY times as long while it works. */
struct engine_clock engine_clock(int ms);
/** engine_clock_left() - milliseconds until the engine @pid is to be looked at again; 0: it hangs. */
int engine_clock_left(struct engine_clock *c, pid_t pid);
/** engine_wait_ms() - ENGINE_MS with the engine's patience. */
int engine_wait_ms(const struct engine *e);
/** engine_find() - by name in PATH (and /usr/sbin, /sbin), or by path; asks for its version and what
 *  it can do once per file and remembers it below places->run. It is lean. Of @ret only `patience` and
 *  `alive` are read. FAULT_INFRA with what to install; code "engine.timeout" when the engine hangs. */
int engine_find(const struct places *p, struct engine *ret, struct err *err);
/** engine_pin() - run crun from a read-only mount in our own mount namespace: it need not copy itself
 *  then, to be safe from what it starts. e->path is there. Where it fails, and with other engines,
 *  all is as it was. */
void engine_pin(struct engine *e, const struct places *p);
/** engine_set_plain() - from now on without any of the ways to be lean. */
void engine_set_plain(struct engine *e, const char *why);
/** engine_set_reads_proc_sys() - a start has shown it: from now on, and for whoever finds this engine
 *  later. */
void engine_set_reads_proc_sys(struct engine *e);
/** engine_rights() - has root what this engine takes to start a box beside rights_boxes()? Code
 *  "host.capabilities". */
int engine_rights(const struct engine *e, struct err *err);
void engine_done(struct engine *e);

/** What the engine is called with. All borrowed. */
struct engine_call {
	const char *state_dir; /* --root */
	const char *bundle;
	const char *id;
	int socket; /* becomes descriptor 3 of PID 1; -1: the engine hands no descriptors on */
	/* The engine's own, and those of PID 1 unless it takes others: pipes or memfds of ours, never
	 * a host device. input -1: an empty pipe. */
	int input, output, errors;
	const int *cgroup_fds; /* the engine enters these before it starts */
	size_t n_cgroup_fds;
	int born_in; /* folder of a group of cgroup2 in which the engine begins; -1: ours */
	const cpu_set_t *processors; /* on which it and all that it starts run; NULL: ours */
	bool leaves_cgroups;         /* start it with the option by which it makes no cgroup */
	bool alone; /* in a PID namespace of its own, where one can be made: its children end with it */
};

/**
 * engine_run() - start `ENGINE run` as a child that dies with us
 * @ret_pidfd: becomes readable when it has ended
 */
int engine_run(const struct engine *e, const struct engine_call *call, pid_t *ret_pid,
	       int *ret_pidfd, struct err *err);
/** engine_spawn() - the same with any arguments. */
int engine_spawn(const struct engine *e, char *const *argv, const struct engine_call *call,
		 pid_t *ret_pid, int *ret_pidfd, struct err *err);

#endif
