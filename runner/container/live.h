/* live.h - marks of the runs of one home, so that nothing of a killed one stays. */
#ifndef MOULETTE_CONTAINER_LIVE_H
#define MOULETTE_CONTAINER_LIVE_H

#include "base/err.h"
#include "model/places.h"

/** live_begin() - mark a run: HOME/live/ID, locked as long as the descriptor is open. */
int live_begin(const struct places *p, const char *id, int *ret_fd, struct err *err);
/** live_end() - the run is whole: what it left is a result. Closes @fd. */
void live_end(const struct places *p, const char *id, int fd);

/** live_sweep() - for each run that was killed: remove its log unless @stored says that its result
 *  is in the store (1 yes, 0 no, -1 error), then its mark. @ret_swept counts runs. */
int live_sweep(const struct places *p, int (*stored)(void *ctx, const char *id, struct err *err),
	       void *ctx, int *ret_swept, struct err *err);

#endif
