/* grade.c - the sentence "open, unpack, bundle, run, judge, store", and whose fault it is when it
 * breaks off. */
#include "pipeline/grade.h"

#include <errno.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/framelog.h"
#include "base/mem.h"
#include "base/signals.h"
#include "container/live.h"
#include "container/pressure.h"
#include "pipeline/attempt.h"
#include "pipeline/attempt_again.h"
#include "pipeline/attempt_box.h"
#include "result/verdict.h"
#include "submission/assignment.h"
#include "submission/submission.h"

#define BUILT_IN "built-in"
/* Within this time all processes of a service get their signal; times the time factor, within reason. */
#define SIGNAL_MS 200
#define SIGNAL_MAX_MS 5000

/* What is known before the first step; the engine only once it was found. */
static void describe(const struct session *s, const struct submission *sub, const char *name,
		     bool command, struct run_result *r)
{
	const struct assignment *a = s->opt.assignment;
	r->submission.name = mem_strdup(name ? name : sub->name);
	r->submission.file = mem_strdup(sub->file);
	r->assignment.name = mem_strdup(a ? a->name : command ? NULL : BUILT_IN);
	if (a)
		memcpy(r->assignment.sha256, a->sha256, sizeof r->assignment.sha256);
	r->image.name = mem_strdup(s->image.name);
	r->image.digest = mem_strdup(s->image.digest);
	r->profile.name = mem_strdup(s->profile.name);
	memcpy(r->profile.sha256, s->profile.sha256, sizeof r->profile.sha256);
}

/* Unpacking learns more about a folder. */
static void describe_again(const struct session *s, const struct submission *sub,
			   struct run_result *r)
{
	r->submission.bytes = sub->bytes;
	r->submission.entries = sub->entries;
	r->submission.changed = sub->changed;
	memcpy(r->submission.sha256, sub->sha256, sizeof r->submission.sha256);
	free(r->engine.name);
	free(r->engine.version);
	r->engine.name = mem_strdup(s->host.engine.name);
	r->engine.version = mem_strdup(s->host.engine.version);
}

static void say_error(struct run_result *r, const struct err *err, const char *otherwise)
{
	const char *code = err->code[0] ? err->code : otherwise;
	memcpy(r->error_code, code, strlen(code) + 1);
	memcpy(r->error_message, err->msg, sizeof r->error_message);
}

/* What could have been got; the built-in assignment gives one point. NaN for a lone command. */
static double points_of(const struct job *job)
{
	const struct assignment *a = job->session->opt.assignment;
	double sum = 0;
	if (job->command)
		return NAN;
	for (size_t i = 0; a && i < a->n_tests; i++)
		sum += a->tests[i].points;
	return a ? sum : 1;
}

/* The one place where an error becomes a verdict. */
static int convert(const struct err *err, const struct job *job)
{
	struct run_result *r = job->result;
	r->max_score = points_of(job);
	switch (err->fault) {
	case FAULT_STUDENT:
		r->verdict = VERDICT_REFUSED;
		r->score = isnan(r->max_score) ? NAN : 0;
		say_error(r, err, "submission.refused");
		break;
	case FAULT_ASSIGNMENT:
	case FAULT_INFRA:
		r->verdict = VERDICT_INTERNAL_ERROR;
		say_error(r, err, err->fault == FAULT_INFRA ? "infrastructure" : "assignment");
		break;
	default:
		return -1; /* the user's, or an interruption: no result */
	}
	r->fault = err->fault;
	return 0;
}

/* The result names the trouble of the step that made it an internal_error. */
static void name_trouble(struct run_result *r)
{
	for (size_t i = 0; r->verdict == VERDICT_INTERNAL_ERROR && i < r->n_steps; i++) {
		const struct step_result *s = &r->steps[i];
		if (s->verdict != VERDICT_INTERNAL_ERROR)
			continue;
		struct err err = { 0 };
		if (s->facts.trouble)
			err = *s->facts.trouble;
		if (!err.msg[0])
			err_set(&err, s->fault, 0, "step '%s': %s", s->name, s->message);
		say_error(r, &err, s->fault == FAULT_ASSIGNMENT ? "assignment" : "infrastructure");
		return;
	}
}

/* A box that did not start, or died where no step was judged, gets the second chance that a step
 * gets, too. */
static bool may_try_again(struct job *job, const struct err *err)
{
	static const char *const codes[] = { "box.died", "engine.failed", "box.unlimited",
					     "unpack.died" };

	for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
		if (strcmp(err->code, codes[i]) == 0)
			return ++job->failures < BOX_FAILURES_MAX;
	return false;
}

/* The caller ends the last attempt, after the result is delivered. */
static int attempts(struct job *job, struct attempt *a, struct err *err)
{
	bool again = true;
	int bad = 0;
	while (again) {
		again = false;
		bad = a->ready ? attempt_take(a, job, err) : attempt_begin(job, a, err);
		if (!bad)
			bad = attempt_steps(a, &again, err);
		if (bad)
			again = may_try_again(job, err);
		if (again)
			attempt_end(a);
	}
	return bad;
}

/* If `kill --box` ended the run, and not the user at the terminal, a result says so. */
static void name_end(const struct job *job, struct err *err)
{
	if (strcmp(err->code, "interrupted") == 0 && control_end_asked(&job->live->control))
		err_set_code(err, "interrupted", FAULT_INFRA, 0,
			     "the run was ended by 'moulette kill --box'");
}

static int run(struct job *job, struct attempt *a, struct err *err)
{
	struct run_result *r = job->result;
	int bad = session_ready(job->session, err);
	describe_again(job->session, job->sub, r);
	live_describe(job->live, r);
	if (!bad)
		bad = attempts(job, a, err);
	submission_digest(job->sub, NULL); /* of one that was not unpacked */
	describe_again(job->session, job->sub, r);
	if (bad)
		name_end(job, err);
	/* Steps that were judged before the trouble are not worth a mark without the rest. */
	if (bad)
		return convert(err, job);
	verdict_run(r);
	name_trouble(r);
	return 0;
}

/* Only what could be opened is run; a refusal at the door is a result all the same. */
static int open_and_run(struct session *s, const struct grade_request *req, struct job *job,
			struct attempt *a, struct err *err)
{
	struct submission *sub = job->sub;
	const char *path = req->path, *name = req->name;
	const struct submission_request open = {
		.extensions = s->languages.extensions,
		.any_file = job->command || assignment_has_commands(s->opt.assignment),
		.max_bytes = unpack_limits_room(&s->profile.unpack),
		.place = { .home = s->opt.places->home,
			   .alive = s->host.alive,
			   .interrupt_fd = job->live->control.stop_fd },
	};
	int bad = submission_open(path, &open, sub, err);
	if (bad)
		name_end(job, err);
	if (!bad || err->fault == FAULT_STUDENT)
		describe(s, sub, name, job->command != NULL, job->result);
	if (!bad) {
		bad = run(job, a, err);
	} else if (err->fault == FAULT_STUDENT) {
		describe_again(s, sub, job->result);
		bad = convert(err, job);
	} else if (err->fault == FAULT_INFRA) {
		submission_call(path, sub);
		describe(s, sub, name, job->command != NULL, job->result);
		bad = convert(err, job);
	}
	return bad;
}

/* A log without a byte, or without a result, is not worth a file. */
static void close_log(struct framelog *log, struct run_result *r, bool keep)
{
	bool empty = log->end == 0;
	framelog_close(log);
	if (keep && !empty)
		return;
	unlink(r->log_path);
	free(r->log_path);
	r->log_path = NULL;
}

/* How busy the host was, as a share of the time that the run took. */
static void note_pressure(const struct job *job)
{
	const int64_t now = pressure_host_ns();
	struct run_result *r = job->result;
	if (now < 0 || job->host_waited_ns < 0 || r->duration_ns <= 0)
		return;
	const double share = (double)(now - job->host_waited_ns) / (double)r->duration_ns;
	r->host_pressure = round((share > 1 ? 1 : share) * 1000) / 1000;
}

/* Ended by a signal that ends programs, or with a shell's status for one. */
static bool is_ended(const struct step_facts *f)
{
	sigset_t ending;
	signals_ending(&ending);
	const int signo = f->signal > 0 ? f->signal : f->exit_code - 128;
	return signo > 0 && signo < NSIG && sigismember(&ending, signo) == 1;
}

static bool may_be_of_a_signal(const struct run_result *r)
{
	if (r->verdict == VERDICT_INTERNAL_ERROR && r->fault == FAULT_INFRA)
		return true;
	for (size_t i = 0; i < r->n_steps; i++)
		if (r->steps[i].verdict != VERDICT_PASSED && is_ended(&r->steps[i].facts))
			return true;
	return false;
}

/* A signal for all processes of a service, or of a terminal, reaches the programs of students and
 * engines too, and may reach this process after them. Its effect on them is no result. */
static int check_interrupt(const struct session *s, const struct run_result *r, struct err *err)
{
	struct pollfd p = { .fd = s->opt.interrupt_fd, .events = POLLIN };
	const double most_ms = fmin(SIGNAL_MS * host_patience(&s->host), SIGNAL_MAX_MS);
	const double wait_ms = may_be_of_a_signal(r) ? most_ms : 0;
	if (r->verdict == VERDICT_PASSED || poll(&p, 1, (int)wait_ms) <= 0)
		return 0;
	return err_set_code(err, "interrupted", FAULT_NONE, 0, "interrupted");
}

static int record(struct session *s, const struct grade_request *req, struct live *live,
		  struct run_result *r, struct err *err)
{
	struct framelog log = { .fd = -1 };
	struct submission sub = { .fd = -1, .bytes = -1, .entries = -1 };
	struct attempt own = { .job = NULL }, *a = req->ready ? req->ready : &own;
	struct job job = { .session = s,
			   .sub = &sub,
			   .command = s->opt.command,
			   .log = &log,
			   .live = live,
			   .result = r };
	r->log_path = mem_printf("%s/%s.log", s->opt.places->logs, r->id);
	if (framelog_create(&log, r->log_path) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot make '%s'", r->log_path);
	job.began_ns = clock_mono_ns();
	job.host_waited_ns = pressure_host_ns();
	int bad = open_and_run(s, req, &job, a, err);
	job_done(&job);
	r->duration_ns = clock_mono_ns() - job.began_ns;
	note_pressure(&job);
	if (!bad)
		bad = check_interrupt(s, r, err);
	close_log(&log, r, !bad);
	if (!bad && req->keep(req->ctx, r, err) < 0) {
		if (r->log_path)
			unlink(r->log_path);
		bad = -1;
	}
	if (a->job == &job) /* not one that waits on, for another submission */
		attempt_end(a);
	submission_done(&sub);
	return bad;
}

int grade(struct session *s, const struct grade_request *req, struct run_result *ret,
	  struct err *err)
{
	struct live live;
	run_result_init(ret);
	clock_ulid(ret->id);
	ret->started_real_ns = clock_real_ns();
	if (live_begin(s->opt.places, ret->id, s->opt.interrupt_fd, &live, err) < 0)
		return -1;
	int bad = record(s, req, &live, ret, err);
	live_end(&live);
	return bad ? -1 : 0;
}

int grade_store(void *ctx, const struct run_result *r, struct err *err)
{
	const struct session *s = ctx;
	return store_put(s->store, r, err);
}

void grade_lost(const struct session *s, const char *path, const char *name, const struct err *why,
		struct run_result *ret)
{
	struct submission sub = { .fd = -1, .bytes = -1, .entries = -1 };
	const struct job job = { .session = (struct session *)s, .result = ret };
	run_result_init(ret);
	clock_ulid(ret->id);
	ret->started_real_ns = clock_real_ns();
	ret->duration_ns = 0;
	submission_call(path, &sub);
	describe(s, &sub, name, false, ret);
	convert(why, &job);
	submission_done(&sub);
}
