/* submission.c - the end of a submission. */
#include "model/submission.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void submission_done(struct submission *s)
{
	free(s->name);
	free(s->file);
	free(s->path);
	if (s->fd > 0)
		close(s->fd);
	memset(s, 0, sizeof *s);
	s->fd = -1;
}
