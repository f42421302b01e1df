/* attempt_box.c - from a submission to a running box: unpack, plan, start. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/json.h"
#include "base/mem.h"
#include "pipeline/attempt_box.h"
#include "pipeline/intake.h"
#include "submission/assignment.h"
#include "submission/files.h"
#include "submission/submission.h"
#include "unpack/unpack.h"

#define ROOM_FOR_FILES (INT64_C(1) << 40)

const struct assignment *attempt_assignment(const struct attempt *a)
{
	return a->job && a->job->command ? &a->command : a->session->opt.assignment;
}

static int digest_meanwhile(void *sub, struct err *err)
{
	return submission_digest(sub, err);
}

static int unpack(struct attempt *a, struct err *err)
{
	const struct session *s = a->session;
	struct area *work = &a->cell.areas[AREA_WORK];
	AUTO_FD int dest = open(work->base, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dest < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot open '%s'", work->base);
	struct unpack_request req = {
		.program = s->opt.places->unpack,
		.server = s->unpacker,
		.dest_fd = dest,
		.uid = work->uid,
		.gid = work->gid,
		.cgroup_fds = a->cell.unpacking.fds,
		.n_cgroup_fds = a->cell.unpacking.n,
		.interrupt_fd = a->job->live->control.stop_fd,
		.limits = s->profile.unpack,
		.meanwhile = digest_meanwhile,
		.ctx = a->job->sub,
		.alive = s->host.alive,
	};
	req.limits.time_ns = (int64_t)((double)req.limits.time_ns * host_patience(&s->host));
	struct unpack_outcome outcome;
	if (lseek(a->job->sub->fd, 0, SEEK_SET) < 0 && errno != ESPIPE)
		return err_set(err, FAULT_INFRA, errno, "cannot read the submission again");
	if (intake_unpack(&req, a->job->sub, attempt_assignment(a), &s->languages, &outcome, err) <
	    0)
		return -1;
	return cell_enter(&a->cell, outcome.top, err);
}

int attempt_lay_files(struct attempt *a, struct err *err)
{
	const struct area *work = &a->cell.areas[AREA_WORK];
	AUTO_FD int fd = -1;
	const struct assignment *asked = attempt_assignment(a);
	if (!asked || asked->n_files == 0)
		return 0;
	/* A build that filled the folder must not keep the teacher's files out; the next step's own
	 * limit is set when it begins. */
	if (area_allow(work, ROOM_FOR_FILES, err) < 0 || cell_work(&a->cell, &fd, err) < 0)
		return -1;
	/* Only what the student handed in is worth a word: the first time. */
	AUTO_STRV replaced = NULL;
	int bad = files_lay(asked->files, asked->n_files, fd, work->uid, work->gid,
			    a->laid ? NULL : &replaced, err);
	for (char **name = replaced; !bad && name && *name; name++)
		run_result_replaced(a->job->result, *name);
	a->laid = true;
	return bad;
}

int attempt_plan(struct attempt *a, bool has_check, struct err *err)
{
	const struct session *s = a->session;
	AUTO_FD int fd = -1;
	if (cell_work(&a->cell, &fd, err) < 0)
		return -1;
	plan_done(&a->plan);
	if (assignment_plan(attempt_assignment(a), &s->languages, fd, has_check, &s->profile.limits,
			    &s->opt.over, s->opt.time_factor, &a->plan, err) < 0)
		return -1;
	return assignment_check_expected(a->plan.steps, a->plan.n, NULL, err);
}

/* The language is that of what was handed in; what the assignment lays beside it is compiled with
 * it, but decides nothing. */
static int plan_and_lay(struct attempt *a, struct err *err)
{
	const struct session *s = a->session;
	const struct assignment *asked = attempt_assignment(a);
	int bad = attempt_plan(a, false, err);
	if (!asked || asked->n_files == 0)
		return bad;
	char *row[] = { a->plan.language, NULL };
	AUTO_STRV languages = !bad && row[0] ? strv_dup(row) : NULL;
	if ((bad && err->fault != FAULT_STUDENT) || attempt_lay_files(a, err) < 0)
		return -1;
	struct assignment narrowed = *asked;
	if (languages)
		narrowed.languages = languages;
	AUTO_FD int fd = -1;
	if (cell_work(&a->cell, &fd, err) < 0)
		return -1;
	plan_done(&a->plan);
	return assignment_plan(&narrowed, &s->languages, fd, false, &s->profile.limits,
			       &s->opt.over, s->opt.time_factor, &a->plan, err);
}

void attempt_tell_box(const struct attempt *a)
{
	struct run_result *r = a->job->result;
	free(r->processors);
	r->processors = a->cell.processors.n > 0 ? processors_list(&a->cell.processors) : NULL;
	struct json_object *version = json_object_object_get(a->cell.config, "ociVersion");
	live_box(a->job->live, a->cell.box.init_pid, a->cell.room.bundle,
		 json_object_get_string(version));
}

/* Everything that needs neither submission nor plan. */
static int begin(struct session *s, const char *mark, int stop_fd, struct attempt *ret,
		 struct err *err)
{
	const struct assignment *asked = s->opt.assignment;
	const struct cell_spec spec = { .mark = mark,
					.image = &s->image,
					.profile = &s->profile,
					.passwd = &s->passwd,
					.processors = asked ? asked->processors : 0,
					.interrupt_fd = stop_fd };
	*ret = (struct attempt){ .session = s };
	return cell_open(&s->host, &spec, &ret->cell, err);
}

static int boot(struct attempt *a, struct err *err)
{
	return attempt_describe(a, err) < 0 ? -1 : cell_boot(&a->cell, err);
}

int attempt_begin(struct job *job, struct attempt *ret, struct err *err)
{
	struct session *s = job->session;
	const int bad = begin(s, job->result->id, job->live->control.stop_fd, ret, err);
	ret->job = job; /* this job ends it, begun or not */
	if (bad)
		return -1;
	if (job->command)
		assignment_command(s->opt.assignment, job->command, &ret->command);
	if (unpack(ret, err) < 0 || plan_and_lay(ret, err) < 0 ||
	    attempt_check_volumes(ret, err) < 0)
		return -1;
	limits_init(&ret->cell.spec.most);
	for (size_t i = 0; i < ret->plan.n; i++)
		limits_cover(&ret->cell.spec.most, &ret->plan.steps[i].limits);
	live_plan(job->live, &ret->plan);
	attempt_want_network(ret, &ret->plan.steps[0]);
	if (boot(ret, err) < 0)
		return -1;
	attempt_tell_box(ret);
	return 0;
}

bool attempt_can_wait(const struct session *s)
{
	return s->host.engine.inherits_fds && !s->host.has_net;
}

int attempt_prepare(struct session *s, int stop_fd, struct attempt *ret, struct err *err)
{
	if (begin(s, "-", stop_fd, ret, err) < 0 ||
	    area_enter(&ret->cell.areas[AREA_WORK], "", err) < 0)
		return -1;
	assignment_ceiling(s->opt.assignment, &s->languages, &s->profile.limits, &s->opt.over,
			   s->opt.time_factor, &ret->cell.spec.most);
	if (boot(ret, err) < 0)
		return -1;
	ret->ready = true;
	return box_tests_group(&ret->cell.box, err);
}

int attempt_take(struct attempt *a, struct job *job, struct err *err)
{
	a->job = job;
	a->cell.box.opt.interrupt_fd = job->live->control.stop_fd;
	if (unpack(a, err) < 0 || plan_and_lay(a, err) < 0 || attempt_check_volumes(a, err) < 0)
		return -1;
	live_plan(job->live, &a->plan);
	attempt_tell_box(a);
	return 0;
}

void attempt_end(struct attempt *a)
{
	cell_close(&a->cell);
	plan_done(&a->plan);
	assignment_done(&a->command);
	strv_free(a->env);
	strv_free(a->names);
	free(a->looked_at);
	mount_specs_done(a->mounts, a->n_mounts);
	*a = (struct attempt){ .session = NULL };
}
