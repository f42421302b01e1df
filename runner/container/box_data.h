/* box_data.h - what a box is made in, and what is known of it while it runs. */
#ifndef MOULETTE_CONTAINER_BOX_DATA_H
#define MOULETTE_CONTAINER_BOX_DATA_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/alive.h"
#include "base/buf.h"
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
	bool sysv_within;           /* only a process in the box's namespace reads them right */
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

#endif
