/* place.h - the path of an entry in its parts, and the folder that it lies in. */
#ifndef MOULETTE_ARCHIVE_PLACE_H
#define MOULETTE_ARCHIVE_PLACE_H

#include <stdbool.h>

#include "archive/ceilings.h"
#include "archive/writer_data.h"
#include "base/cleanup.h"
#include "base/err.h"

struct place {
	char path[IMAGE_MAX_PATH + 1]; /* clean; "" is the top itself */
	char *name;                    /* last component, in path */
	int parent;                    /* open folder; -1: not opened */
};
#define AUTO_PLACE __attribute__((cleanup(place_cleanup))) struct place

static inline void place_cleanup(struct place *p)
{
	cleanup_fd(&p->parent);
}

/** place_clean() - path and name alone; leading "/" and "." go. FAULT_USAGE: "..", too long or deep. */
int place_clean(const char *raw, struct place *p, struct err *err);
/**
 * place_find() - clean @raw and open the folder of the entry
 * @make: missing folders on the way are made (0755, root, 1970), and what is neither folder nor
 *        link gives way to them
 */
int place_find(struct writer *w, const char *raw, bool make, struct place *p, struct err *err);

#endif
