/* attempt_box.c - from a submission to a running box: unpack, plan, config.json, start. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/json.h"
#include "base/mem.h"
#include "bundle/mounts.h"
#include "container/area_watch.h"
#include "pipeline/attempt_box.h"
#include "pipeline/attempt_card.h"
#include "pipeline/files.h"
#include "pipeline/intake.h"
#include "submission/assignment.h"
#include "submission/submission.h"
#include "unpack/unpack.h"

#define ROOM_FOR_FILES (INT64_C(1) << 40)

const struct assignment *attempt_assignment(const struct attempt *a)
{
	return a->job->command ? &a->command : a->job->session->opt.assignment;
}

/* Is the profile's mount at @at noexec? Before -v and the like. */
static bool is_noexec(const struct profile *p, const char *at)
{
	struct json_object *m = mounts_find(json_object_object_get(p->config, "mounts"), at);
	return m && mount_has(m, "noexec");
}

static int make_areas(struct attempt *a, struct err *err)
{
	const struct session *s = a->job->session;
	const struct profile *p = &s->profile;
	const struct unpack_limits *u = &p->unpack;
	uid_t root = a->slot.uid_base, user = root + SPEC_BOX_UID;
	const struct area_options areas[AREA_COUNT] = {
		[AREA_WORK] = { .at = SPEC_WORK_PATH, .name = "work", .uid = user, .gid = user,
				.mode = 0755, .bytes = unpack_limits_room(u),
				.inodes = u->entries * 2 + 1024 },
		[AREA_TMP] = { .at = SPEC_TMP_PATH, .name = "tmp", .uid = root, .gid = root,
			       .mode = 01777, .home = SPEC_HOME_NAME, .home_uid = user,
			       .bytes = p->tmp_bytes, .inodes = p->tmp_inodes,
			       .inodes_max = p->tmp_inodes },
		[AREA_SHM] = { .at = "/dev/shm", .name = "shm", .uid = root, .gid = root,
			       .mode = 01777, .bytes = p->shm_bytes, .inodes = p->shm_inodes,
			       .inodes_max = p->shm_inodes },
	};
	for (int i = 0; i < AREA_COUNT; i++) {
		struct area_options opt = areas[i];
		opt.room = s->room.path;
		opt.watch = a->watch;
		opt.noexec = i != AREA_WORK && is_noexec(p, opt.at);
		if (area_make(&opt, &a->areas[i], err) < 0 ||
		    (i != AREA_WORK && area_enter(&a->areas[i], "", err) < 0))
			return -1;
	}
	return 0;
}

static int digest_meanwhile(void *sub, struct err *err)
{
	return submission_digest(sub, err);
}

static int unpack_into(struct attempt *a, struct err *err)
{
	const struct session *s = a->job->session;
	struct area *work = &a->areas[AREA_WORK];
	if (!a->job->sub) /* a peer has nothing but its files */
		return area_enter(work, "", err);
	AUTO_FD int dest = open(work->base, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dest < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot open '%s'", work->base);
	struct unpack_request req = {
		.program = s->opt.places->unpack, .server = s->unpacker,
		.dest_fd = dest, .uid = work->uid, .gid = work->gid,
		.cgroup_fds = a->unpacking.fds, .n_cgroup_fds = a->unpacking.n,
		.interrupt_fd = a->job->live->control.stop_fd, .limits = s->profile.unpack,
		.meanwhile = digest_meanwhile, .ctx = a->job->sub, .alive = s->alive,
	};
	req.limits.time_ns = (int64_t)((double)req.limits.time_ns * session_patience(s));
	struct unpack_outcome outcome;
	if (lseek(a->job->sub->fd, 0, SEEK_SET) < 0 && errno != ESPIPE)
		return err_set(err, FAULT_INFRA, errno, "cannot read the submission again");
	if (intake_unpack(&req, a->job->sub, attempt_assignment(a), &s->languages, &outcome, err) < 0)
		return -1;
	return a->ready ? area_enter_late(work, outcome.top, a->box.mnt_ns, s->own_mnt, err) :
			  area_enter(work, outcome.top, err);
}

/* The pages that unpacking fills are charged to a group of their own: no step's limit counts them,
 * and none is raised by them. */
static int make_unpack_group(struct attempt *a, struct err *err)
{
	AUTO_FREE char *group = mem_printf("%s/unpack", a->slot.group);
	const struct cgroup_limits none = { 0, 0 };
	return cgroup_entry_make(&a->job->session->host, group, &none, &a->unpacking, err);
}

static int unpack(struct attempt *a, struct err *err)
{
	int bad = unpack_into(a, err);
	cgroup_entry_close(&a->unpacking);
	return bad;
}

int attempt_open_work(const struct attempt *a, int *ret, struct err *err)
{
	*ret = open(a->areas[AREA_WORK].source, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return *ret < 0 ? err_set(err, FAULT_INFRA, errno, "cannot open the work folder") : 0;
}

int attempt_lay_files(struct attempt *a, struct err *err)
{
	const struct area *work = &a->areas[AREA_WORK];
	AUTO_FD int fd = -1;
	if (!attempt_assignment(a) || attempt_assignment(a)->n_files == 0)
		return 0;
	/* A build that filled the folder must not keep the teacher's files out; the next step's own
	 * limit is set when it begins. */
	if (area_allow(work, ROOM_FOR_FILES, err) < 0 || attempt_open_work(a, &fd, err) < 0)
		return -1;
	/* Only what the student handed in is worth a word: the first time. */
	AUTO_STRV replaced = NULL;
	int bad = assignment_lay_files(attempt_assignment(a), fd, work->uid, work->gid,
				       a->laid ? NULL : &replaced, err);
	for (char **name = replaced; !bad && name && *name; name++)
		run_result_replaced(a->job->result, *name);
	a->laid = true;
	return bad;
}

int attempt_plan(struct attempt *a, bool has_check, struct err *err)
{
	const struct session *s = a->job->session;
	AUTO_FD int fd = -1;
	if (attempt_open_work(a, &fd, err) < 0)
		return -1;
	plan_done(&a->plan);
	if (assignment_plan(attempt_assignment(a), &s->languages, fd, has_check,
			    &s->profile.limits, &s->opt.over, s->opt.time_factor, &a->plan, err) < 0)
		return -1;
	return assignment_check_expected(a->plan.steps, a->plan.n, NULL, err);
}

/* The language is that of what was handed in; what the assignment lays beside it is compiled with
 * it, but decides nothing. */
static int plan_and_lay(struct attempt *a, struct err *err)
{
	const struct session *s = a->job->session;
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
	if (attempt_open_work(a, &fd, err) < 0)
		return -1;
	plan_done(&a->plan);
	return assignment_plan(&narrowed, &s->languages, fd, false, &s->profile.limits,
			       &s->opt.over, s->opt.time_factor, &a->plan, err);
}

/* Does the config let steps make POSIX message queues? */
static bool has_queues(struct json_object *config)
{
	struct json_object *process = json_object_object_get(config, "process");
	struct json_object *l =
		json_find(json_object_object_get(process, "rlimits"), "type", "RLIMIT_MSGQUEUE");
	return !l || json_object_get_int64(json_object_object_get(l, "hard")) != 0;
}

void attempt_tell_box(const struct attempt *a)
{
	struct run_result *r = a->job->result;
	free(r->processors);
	r->processors = a->processors.n > 0 ? processors_list(&a->processors) : NULL;
	struct json_object *version = json_object_object_get(a->config, "ociVersion");
	live_box(a->job->live, a->box.init_pid, a->job->session->room.bundle,
		 json_object_get_string(version));
}

static int start_box(struct attempt *a, struct err *err)
{
	struct session *s = a->job->session;
	struct box_options opt = {
		.engine = &s->engine, .room = &s->room, .slot = &a->slot, .host = &s->host,
		.areas = a->areas,
		.area_max = { [AREA_TMP] = s->profile.tmp_bytes, [AREA_SHM] = s->profile.shm_bytes },
		.own_mnt = s->own_mnt, .interrupt_fd = a->job->live->control.stop_fd,
		.has_queues = has_queues(a->config), .patience = session_patience(s),
		.alive = s->alive, .processors = &a->processors,
	};
	attempt_box_cgroup(a, &opt);
	if (box_start(&opt, &a->box, err) < 0)
		return -1;
	a->started = true;
	return 0;
}

/* Everything that needs neither submission nor plan. */
static int begin(struct job *job, const char *mark, struct attempt *ret, struct err *err)
{
	struct session *s = job->session;
	*ret = (struct attempt){ .job = job, .slot = { .fd = -1, .group_fd = -1 },
				 .watch = area_watch_open() };
	alive_for(s->alive, 0);
	if (job->command)
		assignment_command(s->opt.assignment, job->command, &ret->command);
	if (slot_take(s->opt.places, &s->host, mark, &ret->slot, err) < 0 ||
	    attempt_take_processors(ret, err) < 0 || make_unpack_group(ret, err) < 0 ||
	    room_furnish(&s->room, err) < 0)
		return -1;
	return make_areas(ret, err);
}

static int make_box(struct attempt *a, struct err *err)
{
	if (attempt_make_config(a, err) < 0 || attempt_write_bundle(a, err) < 0 ||
	    start_box(a, err) < 0)
		return -1;
	return attempt_limit_cpu(a, err);
}

static void find_most(struct attempt *a)
{
	limits_init(&a->most);
	for (size_t i = 0; i < a->plan.n; i++)
		limits_cover(&a->most, &a->plan.steps[i].limits);
}

int attempt_begin(struct job *job, struct attempt *ret, struct err *err)
{
	if (begin(job, job->result->id, ret, err) < 0 || unpack(ret, err) < 0 ||
	    plan_and_lay(ret, err) < 0 || attempt_check_volumes(ret, err) < 0)
		return -1;
	find_most(ret);
	attempt_card_plan(ret);
	live_plan(job->live, &ret->plan);
	if (attempt_card_make(ret, &ret->plan.steps[0], err) < 0 || make_box(ret, err) < 0)
		return -1;
	attempt_tell_box(ret);
	return 0;
}

bool attempt_can_wait(const struct session *s)
{
	return s->engine.inherits_fds && !s->has_net;
}

int attempt_prepare(struct job *waiting, struct attempt *ret, struct err *err)
{
	const struct session *s = waiting->session;
	const struct step_spec any = { .network = { .kind = NETWORK_UNSET } };
	if (begin(waiting, "-", ret, err) < 0 || area_enter(&ret->areas[AREA_WORK], "", err) < 0)
		return -1;
	assignment_ceiling(s->opt.assignment, &s->languages, &s->profile.limits, &s->opt.over,
			   s->opt.time_factor, &ret->most);
	if (attempt_card_make(ret, &any, err) < 0 || make_box(ret, err) < 0)
		return -1;
	ret->ready = true;
	return box_tests_group(&ret->box, err);
}

int attempt_take(struct attempt *a, struct job *job, struct err *err)
{
	a->job = job;
	a->box.opt.interrupt_fd = job->live->control.stop_fd;
	if (unpack(a, err) < 0 || plan_and_lay(a, err) < 0 || attempt_check_volumes(a, err) < 0)
		return -1;
	live_plan(job->live, &a->plan);
	attempt_tell_box(a);
	return 0;
}

void attempt_end(struct attempt *a)
{
	alive_for(a->job->session->alive, 0);
	if (a->started)
		box_end(&a->box);
	attempt_card_end(a, true);
	for (int i = 0; i < AREA_COUNT; i++)
		area_close(&a->areas[i]);
	fd_close(&a->watch);
	room_clear(&a->job->session->room);
	cgroup_entry_close(&a->unpacking);
	/* A cgroup that cannot be removed keeps the slot's mark: the next sweep finds it. What was
	 * judged is no worse for it. */
	slot_release(&a->slot, NULL);
	processors_release(&a->processors);
	plan_done(&a->plan);
	assignment_done(&a->command);
	json_cleanup(&a->config);
	strv_free(a->env);
	free(a->looked_at);
	for (size_t i = 0; i < a->n_mounts; i++) {
		free(a->mounts[i].source);
		free(a->mounts[i].destination);
	}
	free(a->mounts);
	*a = (struct attempt){ .job = NULL };
}
