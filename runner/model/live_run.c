/* live_run.c - what others know of a run while it goes on. */
#include "model/live_run.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

void live_run_done(struct live_run *r)
{
	free(r->boot);
	free(r->submission);
	free(r->assignment);
	free(r->image);
	free(r->profile);
	free(r->engine);
	free(r->log_path);
	free(r->bundle);
	free(r->oci_version);
	strv_free(r->plan);
	free(r->steps);
	memset(r, 0, sizeof *r);
}

const char *live_run_step(const struct live_run *r)
{
	size_t index = r->n_steps ? r->steps[r->n_steps - 1].index : 0;
	return r->n_steps && index < strv_len(r->plan) ? r->plan[index] : NULL;
}
