/* cgroup.h - control groups of version 1 and 2: limits of a step, and what the kernel counted. */
#ifndef MOULETTE_CONTAINER_CGROUP_H
#define MOULETTE_CONTAINER_CGROUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

enum cgroup_controller { CG_MEMORY, CG_PIDS, CG_CPUACCT, CG_CPU, CG_COUNT };

/** How this host mounts its control groups. */
struct cgroup_host {
	bool v2;               /* one unified hierarchy; root[] are all the same */
	char *root[CG_COUNT];  /* folder of the group of each controller below which boxes lie */
	char *above[CG_COUNT]; /* the path of that group in its hierarchy: "" for the topmost one */
	char *base;         /* v2: its path below the mount point, "" for the mount point itself */
	char **carriers;    /* the folders of root[], each once */
	char **hierarchies; /* the same of all v1 hierarchies, or the v2 one */
	char *hidden_unified; /* hybrid host: the cgroup2 mount, which crun must not see; or NULL */
	char *cpuset;         /* as root[], of the controller cpuset; NULL: this host has none */
	/* v1: the topmost folder of cgroup2, whose groups count what they wait for a processor. */
	bool has_pressure;
	int pressure;
	int weight; /* of all boxes together, where an ordinary group has 1; see cgroup_seat.h */
};

/** cgroup_host_find() - from /proc/self/mountinfo and, on v2, /proc/self/cgroup. Of mounts stacked on
 *  one point the topmost counts. The weight is the default. FAULT_INFRA names the controller that
 *  lacks. */
int cgroup_host_find(struct cgroup_host *ret, struct err *err);
/** cgroup_host_at() - the same host with another base group; @base as a struct cgroup_host has it. */
void cgroup_host_at(const struct cgroup_host *h, const char *base, struct cgroup_host *ret);
void cgroup_host_done(struct cgroup_host *h);

/** cgroup_path_in() - the group of a process by the text of its /proc/PID/cgroup: lines "4:memory:/PATH",
 *  "0::/PATH" of version 2. Owned; NULL: there is no such line. */
char *cgroup_path_in(const char *text, bool v2, enum cgroup_controller which);
/** cgroup_own() - the path of this process's group in the hierarchy of memory, "/" for the topmost one;
 *  owned. */
char *cgroup_own(const struct cgroup_host *h);

/** cgroup_own_folder() - of this process's group, of the controller @which, in the mount of this host;
 *  owned. NULL: the mount does not show it. */
char *cgroup_own_folder(const struct cgroup_host *h, enum cgroup_controller which);

#define CGROUP_PARENT "moulette"    /* all groups of all boxes lie below it */
#define CGROUP_LEAF "moulette-leaf" /* cgroup_leaf.h */
/* Version 1: buffers of TCP and UDP, despite its name. Deprecated since Linux 6.12. */
#define CGROUP_SOCKETS "memory.kmem.tcp.limit_in_bytes"

/**
 * cgroup_base_find() - the group of version 2 below which boxes are made
 * @mount: mount point of cgroup2
 * @own:   path of this process's group below @mount
 *
 * The limits of a service or a container lie on the group in which this process was started, so boxes
 * go below it where it may have groups of its own: where systemd delegates it, or where its name is none
 * of systemd's units, which systemd alone may divide. The controllers must be there.
 *
 * Return: @own, or "" when boxes lie below the mount point; owned.
 * Source: systemd.resource-control(5), Delegate=; systemd's document "Control Group APIs and Delegation".
 */
char *cgroup_base_find(const char *mount, const char *own);

/* Groups are named by their path below root[]: "moulette/s0/box". */

/** cgroup_make() - where limits and counters are (the carriers), with parents; an existing one is
 *  kept. On v2 the controllers are enabled on the way down. FAULT_INFRA. */
int cgroup_make(const struct cgroup_host *h, const char *group, struct err *err);
/** cgroup_make_everywhere() - in every hierarchy: an engine that makes groups makes them in all, and
 *  finds their parent there. */
int cgroup_make_everywhere(const struct cgroup_host *h, const char *group, struct err *err);
/** cgroup_write() - @value to a file of the group. FAULT_INFRA. */
int cgroup_write(const struct cgroup_host *h, enum cgroup_controller c, const char *group,
		 const char *file, const char *value, struct err *err);
/** cgroup_set_cpu() - quota and period in microseconds (0: none), shares (0: default), of which an
 *  ordinary group has 1024 on both versions. */
int cgroup_set_cpu(const struct cgroup_host *h, const char *group, int64_t quota, int64_t period,
		   int64_t shares, struct err *err);
/** cgroup_set_shares() - that alone, to what fits into the range of this version. */
int cgroup_set_shares(const struct cgroup_host *h, const char *group, int64_t shares,
		      struct err *err);
/** cgroup_keep_sockets() - version 1: let the parent of all boxes have a limit of sockets, above any memory, while
 *  it is there. The kernel changes its own code when the first group gets such a limit, which costs
 *  milliseconds, and again when the last one goes. Where there is no such limit, nothing. */
#define CGROUP_SOCKETS_KEPT INT64_C(4611686018427383808)
void cgroup_keep_sockets(const struct cgroup_host *h);
#define CGROUP_SHARES INT64_C(1024) /* of an ordinary group */
#define CGROUP_SHARES_MAX INT64_C(262144)
/** cgroup_limited() - does an interface file of the group @dirfd hold another value than in a new group,
 *  or than the weight of all boxes? An administrator may have set it. */
bool cgroup_limited(const struct cgroup_host *h, int dirfd);
/** cgroup_kill() - SIGKILL to every process that is in the group now. */
void cgroup_kill(const struct cgroup_host *h, const char *group);
/** cgroup_remove() - kill every process in it and below, remove it everywhere. Waits at most 10 s
 *  for the processes to be gone; FAULT_INFRA then. A missing group is no error. The common parent goes
 *  with its last group, unless it is limited. */
int cgroup_remove(const struct cgroup_host *h, const char *group, struct err *err);

/** Limits of one step's group; 0 or less: none. */
struct cgroup_limits {
	int64_t memory_bytes, processes;
};

/** Files through which a process enters a group by writing "0". */
struct cgroup_entry {
	int fds[CG_COUNT + 1];
	size_t n;
};

/** cgroup_entry_make() - a group that needs no more than memory and processes, limited: that of PID 1
 *  with the engine that starts it, and that of unpacking. *ret is to be closed by
 *  cgroup_entry_close() once who enters has been started. FAULT_INFRA. */
int cgroup_entry_make(const struct cgroup_host *h, const char *group,
		      const struct cgroup_limits *lim, struct cgroup_entry *ret, struct err *err);
/** cgroup_entry_add() - one file more; a copy of @fd, which may be -1: none. */
void cgroup_entry_add(struct cgroup_entry *e, int fd);
void cgroup_entry_close(struct cgroup_entry *e);

/* cgroup_cpus.c */
/** cgroup_bind() - the group and all below it may run on these processors alone, "1" or "0,3".
 *  @ret_tasks: v1: the file through which a process enters; -1 on v2, where the kernel binds whatever is in
 *  the group.
 *  Return: 0; -1 when this host cannot: nothing is bound. */
int cgroup_bind(const struct cgroup_host *h, const char *group, const char *processors,
		int *ret_tasks);
/*
 * v1: groups of cgroup2, in which the kernel counts what a box waits. Runners that share nothing else, in
 * containers, may share that hierarchy: so the name of such a group tells which one of the other
 * hierarchies it belongs to, and nothing is killed there.
 */
/** cgroup_pressure_name() - of what belongs to @group, which is there; owned. */
char *cgroup_pressure_name(const struct cgroup_host *h, const char *group);
/** cgroup_pressure_make() - Return: its folder, made; -1: there is none. */
int cgroup_pressure_make(const struct cgroup_host *h, const char *group);
/** cgroup_pressure_remove() - that one, and what runc makes by the name of @group itself. */
void cgroup_pressure_remove(const struct cgroup_host *h, const char *name, const char *group);
/** cgroup_pressure_sweep() - remove all such groups without a process. */
void cgroup_pressure_sweep(const struct cgroup_host *h);

/** box_cgroup_check() - is @pid in the group, and has the group these limits? Whoever made it.
 *  FAULT_INFRA, code "box.unlimited". */
int box_cgroup_check(const struct cgroup_host *h, const char *group,
		     const struct cgroup_limits *lim, pid_t pid, struct err *err);

/** What the kernel counted; -1: it does not count this. */
struct cgroup_counters {
	int64_t memory_peak_bytes, oom_kills, processes_peak, pids_denied, cpu_ns, throttled_ns;
	/* The kernel killed for want of memory although the group was within its limit: a group around
	 * it, or the host, had none left. */
	bool short_around;
	/* A process was refused although the group was within its limit of them: a group around it had
	 * reached its own. */
	bool processes_around;
};

/* Files of a group that are read after every step, and so are kept open. */
enum cgroup_file {
	CG_FILE_USAGE,   /* v1 only */
	CG_FILE_SOCKETS, /* likewise, where it has a limit for them */
	CG_FILE_PEAK,
	CG_FILE_PEAK_SWAP, /* v1 only, and only where swap is counted */
	CG_FILE_OOM,
	CG_FILE_PIDS_PEAK,
	CG_FILE_PIDS_EVENTS,
	CG_FILE_CPU,
	CG_FILE_THROTTLED,
	CG_FILE_COUNT,
};

#define CG_AROUND_MAX 8

/** The group that a step's processes are in (never PID 1 of the box). */
struct step_cgroup {
	const struct cgroup_host *host; /* borrowed */
	char *group;
	char *cpu_group;     /* where the CPU quota lies, for throttled_ns */
	int procs[CG_COUNT]; /* files to which a process writes "0" to enter */
	size_t n_procs;
	int files[CG_FILE_COUNT];      /* -1: this kernel has none */
	struct cgroup_limits set;      /* the limits that the kernel has; -1: not set yet */
	bool used;                     /* a step ran in it */
	int oom_event;                 /* v1: eventfd that becomes readable on an OOM; else -1 */
	struct cgroup_counters before; /* when the step began */
	bool known;                    /* before holds: nothing ran since the last step's end */
	int around[CG_AROUND_MAX]; /* v2: pids.events of the groups above that limit processes */
	size_t n_around;
	int64_t refused_before; /* the sum of what these counted when the step began */
};

/** step_cgroup_open() - make the group and open what is needed; *ret starts zeroed. */
int step_cgroup_open(const struct cgroup_host *h, const char *group, const char *cpu_group,
		     struct step_cgroup *ret, struct err *err);
/** step_cgroup_begin() - set the limits for the next step and note the counters. */
int step_cgroup_begin(struct step_cgroup *c, const struct cgroup_limits *lim, struct err *err);
/** step_cgroup_end() - what was counted since begin; the group must be empty. May replace the
 *  group of a controller whose peak cannot be reset, so it is called once a step. */
int step_cgroup_end(struct step_cgroup *c, struct cgroup_counters *ret, struct err *err);
/** step_cgroup_look() - the same while processes may still be there; changes nothing. */
void step_cgroup_look(const struct step_cgroup *c, struct cgroup_counters *ret);
/** step_cgroup_cpu_ns() - since begin; -1 when it cannot be read. */
int64_t step_cgroup_cpu_ns(const struct step_cgroup *c);
/** step_cgroup_throttled_ns() - since begin, by the slot's quota; -1 when it cannot be read. */
int64_t step_cgroup_throttled_ns(const struct step_cgroup *c);
/** step_cgroup_only_process() - the one process that the group has, and has had since begin; 0: there were
 *  more, or the kernel does not count that. */
pid_t step_cgroup_only_process(const struct step_cgroup *c);
/** step_cgroup_oom_kills() - since begin. */
int64_t step_cgroup_oom_kills(const struct step_cgroup *c);
/** step_cgroup_close() - forget it; the group itself stays until cgroup_remove(). */
void step_cgroup_close(struct step_cgroup *c);

#endif
