/* places.h - paths on this host: state, shared data, the programs. */
#ifndef MOULETTE_MODEL_PLACES_H
#define MOULETTE_MODEL_PLACES_H

#include <stdint.h>

#include "base/err.h"

#define CPU_WEIGHT_DEFAULT 100

#define PLACES_CONF "/etc/moulette.conf" /* settings of the host */

struct places {
	char *home;      /* MOULETTE_HOME; root-owned, 0711 */
	char *images;    /* home/images */
	char *database;  /* home/results.db */
	char *live;      /* home/live, 0700: run records */
	char *logs;      /* home/logs, 0700: captured bytes of results, ID.log */
	char *run;       /* /run/moulette: slots and locks that all homes share */
	char **profiles; /* folders searched for NAME.json, in this order; the shipped one is last */
	char *data;      /* the shipped profiles folder: *.seccomp.json, languages.json */
	char *bundles;   /* recipes */
	char *self;      /* this program, absolute */
	char *init;      /* moulette-init, and ... */
	char *unpack;    /* moulette-unpack, ... */
	char *image;     /* moulette-image; all beside one another */
	char *engine;    /* MOULETTE_ENGINE, default "crun" */
	uint32_t uid_base;       /* first uid of slot 0 */
	uint32_t card_network;   /* a private /16 for the cards of boxes, host byte order */
	char **host_image;       /* absolute paths that image `host` has besides; NULL: none */
	int cpu_weight;          /* of all boxes together, where an ordinary group has 1 */
	int64_t store_max_bytes; /* of results and their logs, kept by gc; 0: no limit */
};

/** places_find() - from the environment, /etc/moulette.conf and /proc/self/exe; makes nothing. */
int places_find(struct places *ret, struct err *err);
/** places_make() - the folders of home and run, with their modes. FAULT_INFRA. */
int places_make(const struct places *p, struct err *err);
/**
 * places_check() - can the home be written to? For `doctor`.
 *
 * Writes PLACES_ROOM bytes into a file without a name. FAULT_INFRA: its file system is full, over a
 * quota or read-only; the message says what to do.
 */
int places_check(const struct places *p, struct err *err);
#define PLACES_ROOM (1 << 20)
/** places_check_exec() - may programs below @path be run, as those of images must? FAULT_INFRA names the
 *  mount that forbids it and the remedy. */
int places_check_exec(const char *path, struct err *err);
void places_done(struct places *p);

#endif
