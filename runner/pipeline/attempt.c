/* attempt.c - makes a box for one submission and runs its steps in it. */
#include "pipeline/attempt.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/json.h"
#include "base/mem.h"
#include "bundle/spec.h"
#include "network/netns.h"
#include "pipeline/files.h"
#include "pipeline/judge.h"
#include "submission/assignment.h"
#include "unpack/unpack.h"

/* Beside what the limits of unpacking allow: every entry may leave most of a page unused, and
 * stand in a folder that no entry names. */
#define BYTES_PER_ENTRY 8192
#define ROOM_FOR_FILES (INT64_C(1) << 40)
#define BOX_FAILURES_MAX 2

static const struct assignment *assigned(const struct attempt *a)
{
	return a->job->command ? &a->command : a->job->session->opt.assignment;
}

static double patience(const struct session *s)
{
	return s->opt.time_factor > 1 ? s->opt.time_factor : 1;
}

/* --- the box is made ---------------------------------------------------------------------- */

static int make_areas(struct attempt *a, struct err *err)
{
	const struct session *s = a->job->session;
	const struct profile *p = &s->profile;
	const struct unpack_limits *u = &p->unpack;
	uid_t root = a->slot.uid_base, user = root + SPEC_BOX_UID;
	const struct area_options areas[AREA_COUNT] = {
		[AREA_WORK] = { .at = SPEC_WORK_PATH, .name = "work", .uid = user, .gid = user,
				.mode = 0755, .bytes = u->bytes + (u->entries + 1024) * BYTES_PER_ENTRY,
				.inodes = u->entries * 2 + 1024 },
		[AREA_TMP] = { .at = "/tmp", .name = "tmp", .uid = root, .gid = root, .mode = 01777,
			       .noexec = true, .bytes = p->tmp_bytes, .inodes = p->tmp_inodes },
		[AREA_SHM] = { .at = "/dev/shm", .name = "shm", .uid = root, .gid = root,
			       .mode = 01777, .noexec = true, .bytes = p->shm_bytes,
			       .inodes = p->shm_inodes },
	};
	for (int i = 0; i < AREA_COUNT; i++) {
		struct area_options opt = areas[i];
		opt.room = s->room.path;
		if (area_make(&opt, &a->areas[i], err) < 0)
			return -1;
	}
	return 0;
}

static int unpack_into(struct attempt *a, const struct step_cgroup *group, struct err *err)
{
	const struct session *s = a->job->session;
	struct area *work = &a->areas[AREA_WORK];
	AUTO_FD int dest = open(work->base, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dest < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot open '%s'", work->base);
	const struct unpack_request req = {
		.self = s->opt.places->self, .dest_fd = dest, .uid = work->uid, .gid = work->gid,
		.cgroup_fds = group->procs, .n_cgroup_fds = group->n_procs,
		.interrupt_fd = s->opt.interrupt_fd, .limits = s->profile.unpack,
	};
	struct unpack_outcome outcome;
	if (lseek(a->job->sub->fd, 0, SEEK_SET) < 0 && errno != ESPIPE)
		return err_set(err, FAULT_INFRA, errno, "cannot read the submission again");
	if (unpack_run(&req, a->job->sub, &outcome, err) < 0)
		return -1;
	area_enter(work, outcome.top);
	return 0;
}

/* The pages that unpacking fills are charged to a group of their own: no step's limit counts them,
 * and none is raised by them. */
static int unpack(struct attempt *a, struct err *err)
{
	AUTO_FREE char *group = mem_printf("%s/unpack", a->slot.group);
	const struct cgroup_limits none = { 0, 0 };
	struct step_cgroup c = { 0 };
	if (step_cgroup_open(&a->job->session->host, group, a->slot.group, &c, err) < 0)
		return -1;
	int bad = step_cgroup_begin(&c, &none, err) < 0 || unpack_into(a, &c, err) < 0;
	step_cgroup_close(&c);
	return bad ? -1 : 0;
}

static int open_work(const struct attempt *a, int *ret, struct err *err)
{
	*ret = open(a->areas[AREA_WORK].source, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return *ret < 0 ? err_set(err, FAULT_INFRA, errno, "cannot open the work folder") : 0;
}

static int lay_files(const struct attempt *a, struct err *err)
{
	const struct area *work = &a->areas[AREA_WORK];
	AUTO_FD int fd = -1;
	if (!assigned(a) || assigned(a)->n_files == 0)
		return 0;
	/* A build that filled the folder must not keep the teacher's files out; the next step's own
	 * limit is set when it begins. */
	if (area_allow(work, ROOM_FOR_FILES, err) < 0 || open_work(a, &fd, err) < 0)
		return -1;
	return assignment_lay_files(assigned(a), fd, work->uid, work->gid, NULL, err);
}

static int make_plan(struct attempt *a, bool has_check, struct err *err)
{
	const struct session *s = a->job->session;
	AUTO_FD int fd = -1;
	if (open_work(a, &fd, err) < 0)
		return -1;
	plan_done(&a->plan);
	return assignment_plan(assigned(a), &s->languages, fd, has_check, &s->profile.limits,
			       &s->opt.over, s->opt.time_factor, &a->plan, err);
}

static void add_mount(struct attempt *a, const char *source, const char *destination, bool rw)
{
	a->mounts = mem_realloc(a->mounts, (a->n_mounts + 1) * sizeof *a->mounts);
	a->mounts[a->n_mounts++] = (struct mount_spec){ mem_strdup(source), mem_strdup(destination),
							rw };
}

static int collect_mounts(struct attempt *a, struct err *err)
{
	const struct session *s = a->job->session;
	const struct assignment *asg = assigned(a);
	for (size_t i = 0; asg && i < asg->n_files; i++) {
		AUTO_FREE char *copy = NULL;
		if (asg->files[i].to[0] != '/')
			continue;
		if (files_copy(s->opt.places, &asg->files[i], &copy, err) < 0)
			return -1;
		add_mount(a, copy, asg->files[i].to, false);
	}
	for (size_t i = 0; i < s->opt.n_mounts; i++)
		add_mount(a, s->opt.mounts[i].source, s->opt.mounts[i].destination,
			  s->opt.mounts[i].rw);
	return 0;
}

static int64_t largest_disk(const struct plan *p)
{
	int64_t most = 0;
	for (size_t i = 0; i < p->n; i++)
		if (p->steps[i].limits.v[LIMIT_DISK] > most)
			most = p->steps[i].limits.v[LIMIT_DISK];
	return most;
}

/* What every step finds: the config's environment, which holds the assignment's and -e. */
static int take_env(struct attempt *a, struct err *err)
{
	struct json_object *process;
	if (json_get_obj(a->config, "config.json", "process", &process, err) < 0)
		return -1;
	return json_get_strv(process, "config.json: process", "env", &a->env, err);
}

/* An engine with a /dev of its own finds the init in a folder of ours. */
static int furnish_once(struct attempt *a, struct err *err)
{
	const struct session *s = a->job->session;
	AUTO_FREE char *copy = mem_printf("%s/init", s->room.once);
	AUTO_BUF text = { 0 };
	if (file_read(AT_FDCWD, s->opt.places->init, &text, 16 << 20) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot read '%s'", s->opt.places->init);
	AUTO_FD int fd = open(copy, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0755);
	if (fd < 0 || fd_write_all(fd, text.data, text.len) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot write '%s'", copy);
	add_mount(a, s->room.once, SPEC_ONCE_PATH, false);
	return 0;
}

static int make_config(struct attempt *a, struct err *err)
{
	const struct session *s = a->job->session;
	const struct assignment *asg = assigned(a);
	AUTO_STRV env = strv_dup(asg ? asg->env : NULL);
	for (char *const *e = s->opt.env; e && *e; e++)
		env_set(&env, *e);
	if (collect_mounts(a, err) < 0 || netns_make(s->room.netns, err) < 0)
		return -1;
	if (!s->engine.inherits_fds && furnish_once(a, err) < 0)
		return -1;
	AUTO_FREE char *group = mem_printf("/%s/box", a->slot.group);
	const struct spec_request req = {
		.image = &s->image, .root_path = s->room.root,
		.work_source = a->areas[AREA_WORK].source, .tmp_source = a->areas[AREA_TMP].source,
		.shm_source = a->areas[AREA_SHM].source,
		.init_source = s->engine.inherits_fds ? s->opt.places->init : NULL,
		.env = env, .mounts = a->mounts, .n_mounts = a->n_mounts,
		.uid_base = a->slot.uid_base, .cgroups_path = group, .netns_path = s->room.netns,
		.memory_bytes = LIMIT_UNSET, .processes = LIMIT_UNSET,
		.max_file_bytes = largest_disk(&a->plan),
	};
	if (spec_make(&s->profile, &req, &a->config, err) < 0)
		return -1;
	return take_env(a, err);
}

static int write_bundle(const struct attempt *a, struct err *err)
{
	const struct session *s = a->job->session;
	AUTO_STRV points = NULL;
	AUTO_FD int dir = open(s->room.bundle, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot open '%s'", s->room.bundle);
	if (spec_mount_points(a->config, &points, err) < 0)
		return -1;
	/* runsc binds into the tree before it mounts its own /dev over it. */
	if (!s->engine.inherits_fds)
		strv_add(&points, "d/dev/shm");
	if (room_mount_root(&s->room, &s->image, points, err) < 0)
		return -1;
	return spec_write(a->config, dir, err);
}

/* The share of processors lies on the slot's group, above the box and its steps alike. */
static int limit_cpu(const struct attempt *a, struct err *err)
{
	struct json_object *linux_part = NULL, *resources = NULL, *cpu = NULL;
	int64_t quota = 0, period = 100000, shares = 0;
	if (json_get_obj(a->config, "config", "linux", &linux_part, err) < 0 || !linux_part ||
	    json_get_obj(linux_part, "linux", "resources", &resources, err) < 0 || !resources ||
	    json_get_obj(resources, "resources", "cpu", &cpu, err) < 0 || !cpu)
		return 0;
	if (json_get_i64(cpu, "cpu", "quota", -1, INT64_MAX, &quota, err) < 0 ||
	    json_get_i64(cpu, "cpu", "period", 1000, 1000000, &period, err) < 0 ||
	    json_get_i64(cpu, "cpu", "shares", 0, INT64_MAX, &shares, err) < 0)
		return -1;
	return cgroup_set_cpu(&a->job->session->host, a->slot.group, quota, period, shares, err);
}

static int start_box(struct attempt *a, struct err *err)
{
	const struct session *s = a->job->session;
	const struct box_options opt = {
		.engine = &s->engine, .room = &s->room, .slot = &a->slot, .host = &s->host,
		.areas = a->areas,
		.area_max = { [AREA_TMP] = s->profile.tmp_bytes, [AREA_SHM] = s->profile.shm_bytes },
		.own_mnt = s->own_mnt, .interrupt_fd = s->opt.interrupt_fd,
		.patience = patience(s),
	};
	if (box_start(&opt, &a->box, err) < 0)
		return -1;
	a->started = true;
	return 0;
}

int attempt_begin(struct job *job, struct attempt *ret, struct err *err)
{
	struct session *s = job->session;
	*ret = (struct attempt){ .job = job, .slot = { .fd = -1 } };
	if (job->command)
		assignment_command(s->opt.assignment, job->command, &ret->command);
	if (slot_take(s->opt.places, &s->host, job->result->id, &ret->slot, err) < 0 ||
	    cgroup_make(&s->host, ret->slot.group, err) < 0 || room_furnish(&s->room, err) < 0 ||
	    make_areas(ret, err) < 0 || unpack(ret, err) < 0 || lay_files(ret, err) < 0 ||
	    make_plan(ret, false, err) < 0 || make_config(ret, err) < 0 ||
	    limit_cpu(ret, err) < 0 || write_bundle(ret, err) < 0)
		return -1;
	return start_box(ret, err);
}

void attempt_end(struct attempt *a)
{
	if (a->started)
		box_end(&a->box);
	for (int i = 0; i < AREA_COUNT; i++)
		area_close(&a->areas[i]);
	room_clear(&a->job->session->room);
	/* A cgroup that cannot be removed keeps the slot's mark: the next sweep finds it. What was
	 * judged is no worse for it. */
	slot_release(&a->slot, NULL);
	plan_done(&a->plan);
	assignment_done(&a->command);
	json_cleanup(&a->config);
	strv_free(a->env);
	for (size_t i = 0; i < a->n_mounts; i++) {
		free(a->mounts[i].source);
		free(a->mounts[i].destination);
	}
	free(a->mounts);
}

/* --- steps -------------------------------------------------------------------------------- */

static int sink_log(void *ctx, int stream, const void *data, size_t len)
{
	struct job *job = ctx;
	uint32_t step = (uint32_t)job->result->n_steps;
	return framelog_add(job->log, step, stream, data, len);
}

static int run_one(struct attempt *a, const struct step_spec *spec, capture_sink_fn *sink,
		   void *ctx, struct step_facts *facts, struct err *err)
{
	AUTO_STRV env = strv_dup(a->env);
	for (char *const *e = spec->env; e && *e; e++)
		env_set(&env, *e);
	for (char *const *e = a->job->session->opt.env; e && *e; e++)
		env_set(&env, *e);
	const struct box_step step = { .spec = spec, .env = env, .fresh = a->areas[0].frozen,
				       .sink = sink, .sink_ctx = ctx };
	return box_run(&a->box, &step, facts, err);
}

struct probe {
	char line[256]; /* a longer one cannot be the one that is looked for */
	size_t len;
	int state;
	bool found;
};

static int sink_probe(void *ctx, int stream, const void *data, size_t len)
{
	struct probe *p = ctx;
	const char *text = data;
	for (size_t i = 0; stream == FRAMELOG_STDOUT && i < len; i++) {
		if (text[i] != '\n') {
			if (p->len < sizeof p->line)
				p->line[p->len++] = text[i];
			continue;
		}
		p->found |= assignment_probe_line(&p->state, p->line, p->len);
		p->len = 0;
	}
	return 0;
}

/* Has the Makefile a target `check`? Asked of make itself, after the build, in a step whose traces
 * are thrown away; it costs the student nothing whatever it does. */
static int probe_check(struct attempt *a, bool *ret, struct err *err)
{
	static char *const argv[] = { (char *)"make", (char *)"-pq", (char *)".moulette-none", NULL };
	struct probe probe = { .len = 0 };
	struct step_spec spec = a->plan.steps[0];
	spec.argv = (char **)argv;
	spec.stdin_path = NULL;
	spec.limits.v[LIMIT_OUTPUT] = 64 << 20;
	struct step_facts facts;
	step_facts_init(&facts);
	if (run_one(a, &spec, sink_probe, &probe, &facts, err) < 0)
		return -1;
	if (facts.box_failed) {
		*err = facts.trouble;
		return -1;
	}
	*ret = probe.found;
	return 0;
}

/* The built-in assignment learns after its build what there is to be tested. */
static int plan_tests(struct attempt *a, struct err *err)
{
	AUTO_FD int fd = -1;
	bool has_check = false;
	if (assigned(a))
		return 0;
	if (open_work(a, &fd, err) < 0)
		return -1;
	if (!assignment_wants_probe(NULL, fd))
		return 0;
	if (probe_check(a, &has_check, err) < 0)
		return -1;
	if (!has_check)
		return 0;
	if (make_plan(a, true, err) < 0)
		return -1;
	/* The point moved from the build to the test. */
	struct step_result *build = a->job->result->n_steps ? &a->job->result->steps[0] : NULL;
	if (build)
		judge_step(a->job->log, &a->plan.steps[0], build, NULL);
	return 0;
}

static int build_over(struct attempt *a, struct err *err)
{
	if (a->areas[0].frozen || a->job->command)
		return 0;
	if (box_build_done(&a->box, err) < 0)
		return -1;
	return plan_tests(a, err);
}

/* Steps of kind test run fresh; a lone command runs in the work folder itself. */
static int before_step(struct attempt *a, size_t i, struct err *err)
{
	if (i > 0 && a->plan.steps[i - 1].kind == STEP_BUILD && lay_files(a, err) < 0)
		return -1;
	return a->plan.steps[i].kind == STEP_TEST ? build_over(a, err) : 0;
}

static void skip_from(struct attempt *a, size_t i, const char *because)
{
	for (; i < a->plan.n; i++) {
		struct step_result *res = run_result_add(a->job->result);
		res->name = mem_strdup(a->plan.steps[i].name);
		res->kind = a->plan.steps[i].kind;
		res->limits = a->plan.steps[i].limits;
		verdict_skip(&a->plan.steps[i], because, res);
	}
}

/* A box that died for no reason that the kernel counted gets a second chance; the same step again
 * is told by name, as it may have been provoked. */
static bool try_again(struct attempt *a, const struct step_result *res, bool *ret_again)
{
	if (!res->facts.box_failed)
		return false;
	if (res->verdict == VERDICT_INTERNAL_ERROR && ++a->job->failures < BOX_FAILURES_MAX) {
		*ret_again = true;
		return true;
	}
	return false;
}

/* A program that `files` laid into the work folder is the assignment's, not the student's. */
static bool is_laid(const struct attempt *a, const char *program)
{
	const struct assignment *asg = assigned(a);
	program += strncmp(program, SPEC_WORK_PATH "/", 6) == 0 ? 6 : 0;
	program += strncmp(program, "./", 2) == 0 ? 2 : 0;
	for (size_t i = 0; asg && i < asg->n_files; i++) {
		const char *to = asg->files[i].to;
		to += strncmp(to, "./", 2) == 0 ? 2 : 0;
		size_t len = strlen(to);
		while (len > 0 && to[len - 1] == '/')
			len--;
		if (len > 0 && strncmp(program, to, len) == 0 &&
		    (program[len] == '\0' || program[len] == '/'))
			return true;
	}
	return false;
}

static int run_step(struct attempt *a, size_t i, struct step_result *ret, struct err *err)
{
	const struct step_spec *spec = &a->plan.steps[i];
	struct job *job = a->job;
	memset(ret, 0, sizeof *ret);
	ret->kind = spec->kind;
	ret->limits = spec->limits;
	step_facts_init(&ret->facts);
	ret->facts.log_begin = job->log->end;
	int bad = run_one(a, spec, sink_log, job, &ret->facts, err);
	ret->facts.log_end = job->log->end;
	if (ret->facts.exec_in_work && is_laid(a, spec->argv[0]))
		ret->facts.exec_in_work = false;
	return bad ? -1 : judge_step(job->log, spec, ret, err);
}

static void keep(struct job *job, const struct step_spec *spec, const struct step_result *res)
{
	struct step_result *to = run_result_add(job->result);
	*to = *res;
	to->name = mem_strdup(spec->name);
}

int attempt_steps(struct attempt *a, bool *ret_again, struct err *err)
{
	struct job *job = a->job;
	*ret_again = false;
	for (size_t i = 0; i < a->plan.n; i++) {
		struct step_result res;
		/* Judged in an earlier box: only builds have to be done again. */
		bool known = i < job->result->n_steps;
		if (known && a->plan.steps[i].kind != STEP_BUILD)
			continue;
		if (before_step(a, i, err) < 0 || run_step(a, i, &res, err) < 0)
			return -1;
		if (try_again(a, &res, ret_again))
			return 0;
		if (!known) {
			keep(job, &a->plan.steps[i], &res);
			job->failures = 0;
		}
		if (res.kind == STEP_BUILD && res.verdict != VERDICT_PASSED) {
			skip_from(a, job->result->n_steps, "the build failed");
			return 0;
		}
		if (a->box.dead && i + 1 < a->plan.n) {
			*ret_again = res.verdict != VERDICT_INTERNAL_ERROR;
			if (!*ret_again)
				skip_from(a, i + 1, "the box ended");
			return 0;
		}
		/* A Makefile without tests still has to be asked for them. */
		if (i + 1 == a->plan.n && res.kind == STEP_BUILD && build_over(a, err) < 0)
			return -1;
	}
	return 0;
}
