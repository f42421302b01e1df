/* intake.c - from what was handed in to the folder that is graded. */
#include "pipeline/intake.h"

#include "base/cleanup.h"
#include "submission/within.h"

static int enter_archive(const struct unpack_request *req, struct submission *sub,
			 const struct assignment *a, struct unpack_outcome *out, struct err *err)
{
	AUTO_FREE char *path = NULL;
	AUTO_FREE char *again = NULL;
	if (within_archive(req->dest_fd, out->top, a, &path, err) < 0)
		return -1;
	if (!path)
		return 0;
	if (unpack_within(req, path, sub, out, err) < 0 ||
	    within_archive(req->dest_fd, out->top, a, &again, err) < 0)
		return -1;
	return again ? within_nested(again, err) : 0;
}

int intake_unpack(const struct unpack_request *req, struct submission *sub,
		  const struct assignment *a, const struct languages *l, struct unpack_outcome *ret,
		  struct err *err)
{
	struct unpack_outcome out;
	if (unpack_run(req, sub, &out, err) < 0)
		return -1;
	if (sub->kind != SUBMISSION_SOURCE &&
	    (enter_archive(req, sub, a, &out, err) < 0 ||
	     within_folder(req->dest_fd, l, a, out.top, sizeof out.top, err) < 0))
		return -1;
	*ret = out;
	return 0;
}
