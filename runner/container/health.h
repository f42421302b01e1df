/* health.h - is this host fit to run boxes? One finding a fact, with what mends it. */
#ifndef MOULETTE_CONTAINER_HEALTH_H
#define MOULETTE_CONTAINER_HEALTH_H

#include <stdbool.h>
#include <stddef.h>

#include "model/places.h"

enum finding_kind { FINDING_OK, FINDING_WARNING, FINDING_PROBLEM };

struct finding {
	enum finding_kind kind;
	char about[24]; /* "engine" */
	char text[512]; /* what is found, and, unless it is OK, what to do; one line */
};
struct health {
	struct finding *list;
	size_t n;
};

/** health_look() - everything; changes nothing on the host. @plain: the mode of the engine that is
 *  asked for. *ret is to be freed by health_done(). */
void health_look(const struct places *p, bool plain, struct health *ret);
void health_done(struct health *h);
/** health_worst() - FINDING_PROBLEM: no box can be run. */
enum finding_kind health_worst(const struct health *h);

/* The parts, for health.c and for tests. */
/** health_add() - cut where it does not fit; bytes that are not printable become '?'. */
void health_add(struct health *h, enum finding_kind kind, const char *about, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
/** health_rights() - root, ids, capabilities. Return: false: nothing that takes them need be tried. */
bool health_rights(struct health *h, const struct places *p);
/* @able: it has the rights; without them only what can be read is looked at. */
void health_kernel(struct health *h, bool able);
void health_cgroups(struct health *h, const struct places *p, bool able);
/** health_settings() - sysctls and the like that weaken a box. @root: "" or, for a test, a folder with proc
 *  and sys in it. */
void health_settings(struct health *h, const char *root);
/** health_holes() - known ones of this @version of an @engine; adds nothing where none is known. */
void health_holes(struct health *h, const char *engine, const char *version);
struct cgroup_host;
/** health_cpu() - how boxes share processors; @group is there, for a trial. */
void health_cpu(struct health *h, const struct cgroup_host *host, const char *group);
void health_engine(struct health *h, const struct places *p, bool plain, bool able);
/** health_container() - system calls, mounts and /proc, which a container may refuse. Return: false:
 *  other trials would only say the same. */
bool health_container(struct health *h);
/** health_ids() - does anybody else have ids of boxes? @subids: "/etc/subuid" and the like. */
void health_ids(struct health *h, const struct places *p, const char *const *subids,
		const char *passwd);
void health_folders(struct health *h, const struct places *p, bool able);

#endif
