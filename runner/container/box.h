/* box.h - one running container of one submission, and the steps that run in it. */
#ifndef MOULETTE_CONTAINER_BOX_H
#define MOULETTE_CONTAINER_BOX_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/alive.h"
#include "base/buf.h"
#include "base/err.h"
#include "container/area.h"
#include "container/box_proc.h"
#include "container/capture.h"
#include "container/cgroup.h"
#include "container/engine.h"
#include "container/engine_words.h"
#include "container/init_sched.h"
#include "container/processors.h"
#include "container/room.h"
#include "container/slot.h"
#include "model/assignment.h"
#include "model/result.h"

#define TRACES_SYSV 3 /* shared memory, semaphores, message queues */
#define TRACES_NET 3  /* dev, snmp6, snmp */

enum { AREA_WORK, AREA_TMP, AREA_SHM, AREA_COUNT };

/** What a box is made in. The fields are borrowed and outlive the box. */
struct box_options {
	struct engine *engine; /* made plain where a lean start fails */
	const struct room *room;
	const struct slot *slot;
	const struct cgroup_host *host;
	struct area *areas;           /* AREA_COUNT of them, bound into the box by its config */
	int64_t area_max[AREA_COUNT]; /* ceilings of the profile; 0: only the step's disk limit */
	const struct processors *processors; /* of this box alone; NULL or none: it runs on all */
	struct cgroup_limits limits;         /* of PID 1's group */
	bool own_cgroup;  /* the config asks for nothing else: we can make that group */
	int own_mnt;      /* our mount namespace */
	int interrupt_fd; /* readable: stop; not read here; -1: none */
	bool has_queues;  /* the profile allows POSIX message queues */
	double patience;  /* multiplies our own waiting times (a slow machine) */
	struct alive *
		alive; /* the runner shows here that it waits and lives; NULL: no crew watches it */
};

struct box {
	struct box_options opt;
	pid_t engine_pid, init_pid; /* init_pid: of PID 1, as the host sees it */
	int engine_fd, socket, mnt_ns, ipc_ns, pid_ns;
	struct engine_words words;  /* of the engine */
	int own_ipc;                /* our own namespace, to come back to */
	int net_counts[TRACES_NET]; /* what the kernel counts in the box's network namespace */
	struct buf net_before[TRACES_NET];
	int sysv_next[TRACES_SYSV]; /* files that tell whether a step made System V objects */
	bool sysv_within;           /* they tell it only to who is in the box's namespace */
	int pty_events;             /* readable: a step made a terminal; -1: closed */
	bool ptys_unseen;           /* nothing tells of them */
	bool worn;                  /* a step left numbers that a later one could read */
	int processors;             /* that its steps can keep busy */
	bool bound;                 /* to opt.processors, whatever a step asks for */
	int born_in,
		enters_cpus; /* groups in which the engine begins, beside those that limit; -1 */
	int pressure;        /* container/pressure.h; -1: this kernel does not count */
	cpu_set_t affinity;
	struct sched_note sched;  /* of PID 1 when it began: steps may change it */
	int steps;                /* that have run in this container */
	struct step_cgroup tests; /* shared by all tests */
	int builds;               /* groups of build steps made so far */
	bool fitted_calls; /* once.c has changed the list of calls in the bundle to what runsc can take */
	struct box_proc proc; /* opened for engine->reads_proc_sys */
	bool dead;            /* PID 1 or the engine is gone */
};

/** box_start() - run the engine on room->bundle and wait for PID 1 to greet. FAULT_INFRA with the
 *  engine's own words; code "box.unlimited" when PID 1 is not limited as it should be, "interrupted"
 *  when interrupt_fd became readable. */
int box_start(const struct box_options *opt, struct box *ret, struct err *err);

/** One step to be run. */
struct box_step {
	const struct step_spec *spec; /* argv, limits, kind, stdin_path */
	char *const *env;             /* whole environment */
	bool fresh;                   /* runs over what the build left, and leaves nothing */
	capture_sink_fn *sink;
	void *sink_ctx;
	const char *drop; /* a line, with its newline, that is no output of the step; NULL: none */
	/* Who may send it signals (container/control.h), and the number by which it is named there;
	 * -1: nobody. */
	int kill_fd;
	uint32_t number;
};
/** A step that was started. */
struct running;
#define WATCHED_MAX 16 /* that are watched together */
/**
 * step_start() - ask the box for a step
 * @step:  borrowed until the step is finished
 * @stdin_fd, @stdout_fd: pipes in the place of its own input and of what is read of its output, borrowed;
 *         -1: none. A program that is to open them again by name must own them.
 * @facts: initialised; outlives the step
 *
 * What keeps it from starting makes it over. It is to be finished or abandoned.
 */
struct running *step_start(struct box *b, const struct box_step *step, int stdin_fd, int stdout_fd,
			   struct step_facts *facts);
/** steps_watch() - wait until something happens to one of the @n steps, or its clock is due, and see to it;
 *  steps that are over are passed over. One round, of @most_ns at most (-1: no bound). @n is WATCHED_MAX at
 *  most, each step in a box of its own. */
void steps_watch(struct running *const *all, size_t n, int64_t most_ns);
/** step_is_over() - its last process is dead, or the box failed. */
bool step_is_over(const struct running *r);
/** step_finish() - of a step that is over: its facts; frees @r. box_failed is set, with words, when PID 1 or
 *  the engine died or our own work failed. Return: 0, or -1 when interrupted (code "interrupted"). */
int step_finish(struct running *r, struct err *err);
/** step_abandon() - give up a step without its facts; frees @r. The box runs no further step, and box_end() ends
 *  its processes. */
void step_abandon(struct running *r);
/** box_tests_group() - make the group of tests, unless it is there: earlier than box_build_done() would.
 *  FAULT_INFRA. */
int box_tests_group(struct box *b, struct err *err);
/** box_build_done() - the build is over: from now on steps run fresh. FAULT_INFRA. */
int box_build_done(struct box *b, struct err *err);
/** box_renew() - end the container and start another one over the same areas, as they were when the
 *  build was done; the network namespace at room->netns is the caller's to renew between.
 *  box_stop() first, then box_renew(). FAULT_INFRA. */
void box_stop(struct box *b);
int box_renew(struct box *b, struct err *err);
/** box_end() - end PID 1 and the engine; accepts a box that never started. */
void box_end(struct box *b);

#endif
