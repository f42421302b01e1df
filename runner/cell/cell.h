/* cell.h - a box, and all that it is made of: a slot, folders, limits, a network.
 *
 * A cell knows neither submission nor assignment. Who grades one, runs a peer beside a test or keeps a
 * box ready for the next submission says in a cell_spec what it is to be, and runs steps in it.
 *
 *     cell_open()      a slot and empty folders; what is to lie in /work is put there
 *     cell_boot()      the box is started
 *     cell_start()     steps, first over the work folder itself
 *     cell_freeze()    from now on each step finds what lies there now
 *     cell_renew()     another box over the same folders
 *     cell_close()     nothing of it stays
 */
#ifndef MOULETTE_CELL_CELL_H
#define MOULETTE_CELL_CELL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "bundle/profile.h"
#include "cell/host.h"
#include "container/box.h"
#include "container/cgroup.h"
#include "model/image.h"
#include "model/network.h"
#include "model/spec.h"
#include "network/card.h"

struct json_object;

/** Boxes that reach each other by name. */
struct cell_party {
	const char
		*path; /* of the switch; made with the card of member 0, and unmounted after it */
	int member;    /* which of them this one is */
	char *const *names; /* of the members, in their order; NULL-terminated */
};

/** What a cell is to be. All is borrowed and outlives it. */
struct cell_spec {
	const char *mark; /* of its slot: who runs something in it */
	const char *
		within; /* name of its own folder of the room; NULL: the room itself, for one cell */
	const struct image *image;
	const struct profile *profile;
	const struct buf *passwd;        /* /etc/passwd of the box; empty: the image's */
	char *const *env;                /* of every step, beside the profile's */
	const struct mount_spec *mounts; /* beside the profile's */
	size_t n_mounts;
	struct limits most; /* of any step */
	int64_t processors; /* of its own; 0: as the profile's quota is enough for */
	int interrupt_fd;   /* readable: stop; not read here; -1: none */
	/* The card; of the box that is started next. */
	const struct network *network;  /* NULL: none */
	const struct cell_party *party; /* the boxes that it reaches by name; NULL: none */
	bool names_peers,
		names_servers; /* the cell writes /etc/hosts, /etc/resolv.conf of the box */
};

struct cell {
	struct host *host;
	struct cell_spec spec; /* may be changed until cell_boot() */
	struct room room;
	struct slot slot;
	struct processors processors; /* for this box alone */
	struct cgroup_entry
		unpacking; /* the group of who puts foreign files into the work folder */
	struct area areas[AREA_COUNT];
	int watch; /* of the areas; container/area_watch.h */
	struct json_object *config;
	char **env; /* of every step */
	bool started;
	struct card card;
	struct box box;
};

/** cell_open() - slot, processors and empty folders. *ret is to be closed in every case. FAULT_INFRA. */
int cell_open(struct host *h, const struct cell_spec *spec, struct cell *ret, struct err *err);
/** cell_enter() - @top below the work folder is what the box has as /work; "": itself. Once, before or after
 *  cell_boot() (there only with an engine that serves all steps with one box). */
int cell_enter(struct cell *c, const char *top, struct err *err);
/** cell_work() - the work folder as it is before cell_freeze(). The caller closes *ret. */
int cell_work(const struct cell *c, int *ret, struct err *err);
/** cell_boot() - card, config.json, box. FAULT_USAGE for what the profile or a mount asks; else as box_start(). */
int cell_boot(struct cell *c, struct err *err);
/** cell_base_env() - what every step finds in its environment now; to be freed by strv_free(). */
char **cell_base_env(const struct cell *c);
/** cell_start() - as step_start(), in a cell that was booted; @step->env is whole. */
struct running *cell_start(struct cell *c, const struct box_step *step, int stdin_fd, int stdout_fd,
			   struct step_facts *facts);
/** cells_wait() - until @which of the @n steps is over; the others, each of another cell, go on meanwhile. */
void cells_wait(struct running *const *all, size_t n, const struct running *which);
/** cell_finish() - as step_finish(), and what the card counted. */
int cell_finish(struct cell *c, struct running *r, struct step_facts *facts, struct err *err);
/** cell_freeze() - what lies in the folders now is what each later step of a test finds. FAULT_INFRA. */
int cell_freeze(struct cell *c, struct err *err);
/** cell_stop() - end the box, and the card; before the spec's network is changed for cell_renew(). */
void cell_stop(struct cell *c);
/** cell_renew() - another box over the same folders, with the spec's network as it is now; after cell_stop(). */
int cell_renew(struct cell *c, struct err *err);
/** cell_close() - ends the box; nothing stays. Accepts half-made ones and zeroed ones. */
void cell_close(struct cell *c);

/** cell_clean_place() - one of the folders that each test finds clean, if @path lies there; else NULL. */
const char *cell_clean_place(const char *path);

#endif
