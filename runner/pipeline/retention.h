/* retention.h - how long results and their logs are kept. */
#ifndef MOULETTE_PIPELINE_RETENTION_H
#define MOULETTE_PIPELINE_RETENTION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "model/places.h"
#include "store/store.h"

struct retention {
	int64_t older_than_ns; /* remove what is at least this old; 0: nothing for its age */
	int64_t max_bytes;     /* of rows and logs together; 0: no limit */
	bool dry_run;          /* only say what would be done */
	bool logs_only; /* remove logs, and no result: what a database on a full disk allows */
};

struct retention_outcome {
	int64_t results, bytes; /* that were removed */
	int64_t strays;         /* logs that belong to no result and no run */
	int64_t left_bytes;     /* what rows and logs take now */
};

/**
 * retention_apply() - remove results with their logs, oldest first
 *
 * Above max_bytes only as many as must go, and none that is younger than an hour. What a live run
 * is about to finish stays in any case. FAULT_INFRA.
 */
int retention_apply(const struct places *p, struct store *store, const struct retention *r,
		    struct retention_outcome *ret, struct err *err);

#endif
