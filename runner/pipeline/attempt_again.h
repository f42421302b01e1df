/* attempt_again.h - a step whose time is near its limit is run once more, with nothing beside it. */
#ifndef MOULETTE_PIPELINE_ATTEMPT_AGAIN_H
#define MOULETTE_PIPELINE_ATTEMPT_AGAIN_H

#include "pipeline/attempt_data.h"

/** again_wanted() - is @res, of the first run, not to be believed before a second one? */
bool again_wanted(const struct attempt *a, const struct step_spec *spec,
		  const struct step_result *res);
/** again_keep() - @res waits in the job for the second run. */
void again_keep(struct job *job, struct step_result *res);
/** again_choose() - of the run that waits and the second one, @res, the shorter one becomes @res, with
 *  the times of both. */
void again_choose(struct job *job, struct step_result *res);
/** again_note() - res->near_limit. */
void again_note(const struct attempt *a, struct step_result *res);
/** job_done() - what attempts left in it, however they ended. */
void job_done(struct job *job);

#endif
