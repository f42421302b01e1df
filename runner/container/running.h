/* running.h - a step while it runs; shared by the files that run it. Internal to container/. */
#ifndef MOULETTE_CONTAINER_RUNNING_H
#define MOULETTE_CONTAINER_RUNNING_H

#include "container/box.h"
#include "init/protocol.h"

#define WAITED_MAX 20 /* a step may wait so many times its wall time for a processor, no longer */

struct channel;

struct running {
	struct box *box;
	const struct channel *channel;
	const struct box_step *step;
	struct step_facts *facts;
	struct step_cgroup *cgroup;
	struct step_cgroup own; /* of a build step */
	struct capture out, err;
	int stdin_fd;  /* for the step */
	int feed_fd;   /* our end of a stdin pipe; -1: none */
	int input_fd;  /* file that is fed through it */
	int caller_fd; /* who wants to send a signal (container/control.h); -1: nobody */
	bool began;    /* PID 1 got the request */
	bool killed, done;
	bool over, failed; /* nothing is to be watched any more; for the trouble below */
	struct err trouble;
	bool greeted;  /* once.c: PID 1 said that it is confined */
	bool oom_near; /* the kernel announced an OOM whose kill is not counted yet */
	int64_t start_ns, killed_ns, next_cpu_ns;
	struct engine_clock starting; /* once.c: how long the engine may take until PID 1 greets */
	int64_t wall_due_ns;          /* before then it cannot have used up its wall time */
	int64_t full_before_ns;       /* of box->pressure, when the step began */
	struct init_done reply;
};

/** running_owner() - uid and gid of the step's processes, as the host sees them. */
uid_t running_owner(const struct running *r);
/** running_area_bytes() - what the step may write to area @i. */
int64_t running_area_bytes(const struct running *r, int i);
/** running_gone() - the box is dead. Return: -1 with @err set, FAULT_INFRA. */
int running_gone(const struct running *r, const char *what, struct err *err);

/* box.c */
const cpu_set_t *box_affinity(const struct box *b); /* NULL: the engine's own */
int box_start_ms(
	const struct box *b); /* within which an engine starts a box, unless it is at work */

/* step_watch.c */
/** running_is_starting() - with an engine for each step, until it has started one: time and output are not
 *  the step's. */
bool running_is_starting(const struct running *r);
/** running_plan() - the step has begun: when its CPU time is looked at first. */
void running_plan(struct running *r);

/* step_clock.c: what a step waits for a processor does not count against its wall time */
/** running_start_clock() - the step begins now. */
void running_start_clock(struct running *r);
/** running_wall_is_over() - at @now; moves r->wall_due_ns where it is not, and notes in the facts that the
 *  host was overloaded where it is for that. */
bool running_wall_is_over(struct running *r, int64_t now);
/** running_waited() - nanoseconds since the step began; -1: this kernel does not tell. */
int64_t running_waited(const struct running *r);

/* step_input.c */
int running_open_input(struct running *r, struct err *err);
/** running_feed() - the next chunk of a long input. FAULT_INFRA when the input cannot be read. */
int running_feed(struct running *r, struct err *err);

/* step_facts.c: all processes are dead */
/** running_facts() - what PID 1 replied, what the kernel counted, what was left behind. */
int running_facts(struct running *r, struct err *err);
/** running_counts() - after the box died: what the kernel counted of the step until then. */
void running_counts(struct running *r);

/*
 * How a request reaches PID 1: by the box's socket (channel.c), or, with an engine that hands no
 * descriptors on, in a container of its own (once.c).
 */
struct channel {
	/* What the engine itself needs in the step's group; then its threads are there, too, and the
	 * number of the step's processes cannot be limited by the host. */
	int64_t memory_overhead;
	int (*begin)(struct running *r, struct err *err); /* sets start_ns */
	void (*kill)(struct running *r);
	/* To the step's main process; 0 or an errno. NULL: there is no way to it. */
	int (*signal)(struct running *r, int signo);
	int (*fd)(const struct running *r);    /* readable: take_reply() */
	void (*take_reply)(struct running *r); /* sets done, or box->dead */
	void (*end)(struct running *r);
};
extern const struct channel channel_socket, channel_once;

#endif
