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
#include "bundle/spec.h"
#include "bundle/volumes.h"
#include "network/netns.h"
#include "pipeline/attempt_box.h"
#include "pipeline/files.h"
#include "submission/assignment.h"
#include "unpack/unpack.h"

/* Beside what the limits of unpacking allow: every entry may leave most of a page unused, and
 * stand in a folder that no entry names. */
#define BYTES_PER_ENTRY 8192
#define ROOM_FOR_FILES (INT64_C(1) << 40)
/* The box's own cgroup holds PID 1 and the child that is about to enter a step's. */
#define BOX_PROCESSES 16
#define BOX_MEMORY_MIN (INT64_C(64) << 20)

const struct assignment *attempt_assignment(const struct attempt *a)
{
	return a->job->command ? &a->command : a->job->session->opt.assignment;
}

static double patience(const struct session *s)
{
	return s->opt.time_factor > 1 ? s->opt.time_factor : 1;
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
				.mode = 0755, .bytes = u->bytes + (u->entries + 1024) * BYTES_PER_ENTRY,
				.inodes = u->entries * 2 + 1024 },
		[AREA_TMP] = { .at = "/tmp", .name = "tmp", .uid = root, .gid = root, .mode = 01777,
			       .bytes = p->tmp_bytes, .inodes = p->tmp_inodes,
			       .inodes_max = p->tmp_inodes },
		[AREA_SHM] = { .at = "/dev/shm", .name = "shm", .uid = root, .gid = root,
			       .mode = 01777, .bytes = p->shm_bytes, .inodes = p->shm_inodes,
			       .inodes_max = p->shm_inodes },
	};
	for (int i = 0; i < AREA_COUNT; i++) {
		struct area_options opt = areas[i];
		opt.room = s->room.path;
		opt.noexec = i != AREA_WORK && is_noexec(p, opt.at);
		if (area_make(&opt, &a->areas[i], err) < 0 ||
		    (i != AREA_WORK && area_enter(&a->areas[i], "", err) < 0))
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
	struct unpack_request req = {
		.self = s->opt.places->self, .dest_fd = dest, .uid = work->uid, .gid = work->gid,
		.cgroup_fds = group->procs, .n_cgroup_fds = group->n_procs,
		.interrupt_fd = a->job->live->control.stop_fd, .limits = s->profile.unpack,
	};
	req.limits.time_ns = (int64_t)((double)req.limits.time_ns * patience(s));
	struct unpack_outcome outcome;
	if (lseek(a->job->sub->fd, 0, SEEK_SET) < 0 && errno != ESPIPE)
		return err_set(err, FAULT_INFRA, errno, "cannot read the submission again");
	if (unpack_run(&req, a->job->sub, &outcome, err) < 0)
		return -1;
	return area_enter(work, outcome.top, err);
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

static void add_mount(struct attempt *a, const char *source, const char *destination, bool rw)
{
	a->mounts = mem_realloc(a->mounts, (a->n_mounts + 1) * sizeof *a->mounts);
	a->mounts[a->n_mounts++] = (struct mount_spec){ mem_strdup(source), mem_strdup(destination),
							rw };
}

/* Tests get /work, /tmp and /dev/shm anew, over whatever was mounted there. */
static int check_volume(const struct attempt *a, const struct mount_spec *m, struct err *err)
{
	const char *at = NULL;
	for (int i = 0; i < AREA_COUNT; i++)
		if (path_within(m->destination, a->areas[i].at))
			at = a->areas[i].at;
	for (size_t i = 0; at && i < a->plan.n; i++)
		if (a->plan.steps[i].kind == STEP_TEST)
			return err_set(err, FAULT_USAGE, 0, "volume '%s': every test finds a clean "
				       "%s, where nothing of the host can be; choose another place",
				       m->destination, at);
	return 0;
}

/* A profile is for every run, so it may not even where a lone command would see it. */
static int check_profile_mounts(const struct attempt *a, struct err *err)
{
	const struct profile *p = &a->job->session->profile;
	struct json_object *mounts = json_object_object_get(p->config, "mounts");
	for (size_t i = 0; mounts && i < json_object_array_length(mounts); i++) {
		const char *at = mount_text(json_object_array_get_idx(mounts, i), "destination");
		for (int k = 0; k < AREA_COUNT; k++)
			if (strcmp(at, a->areas[k].at) != 0 && path_within(at, a->areas[k].at))
				return err_set(err, FAULT_USAGE, 0,
					       "profile '%s': cannot mount at '%s': every test finds "
					       "a clean %s; choose another place", p->name, at,
					       a->areas[k].at);
	}
	return 0;
}

static int collect_mounts(struct attempt *a, struct err *err)
{
	const struct session *s = a->job->session;
	const struct assignment *asg = attempt_assignment(a);
	if (check_profile_mounts(a, err) < 0)
		return -1;
	for (size_t i = 0; asg && i < asg->n_files; i++) {
		AUTO_FREE char *copy = NULL;
		if (asg->files[i].to[0] != '/')
			continue;
		if (files_copy(s->opt.places, &asg->files[i], &copy, err) < 0)
			return -1;
		add_mount(a, copy, asg->files[i].to, false);
	}
	for (size_t i = 0; i < s->opt.n_mounts; i++) {
		if (check_volume(a, &s->opt.mounts[i], err) < 0)
			return -1;
		add_mount(a, s->opt.mounts[i].source, s->opt.mounts[i].destination,
			  s->opt.mounts[i].rw);
	}
	return 0;
}

static int64_t largest(const struct plan *p, enum limit_id id)
{
	int64_t most = 0;
	for (size_t i = 0; i < p->n; i++)
		if (p->steps[i].limits.v[id] > most)
			most = p->steps[i].limits.v[id];
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
	const struct assignment *asg = attempt_assignment(a);
	AUTO_STRV env = strv_dup(asg ? asg->env : NULL);
	for (char *const *e = s->opt.env; e && *e; e++)
		env_set(&env, *e);
	if (collect_mounts(a, err) < 0 || netns_make(s->room.netns, err) < 0)
		return -1;
	if (!s->engine.inherits_fds && furnish_once(a, err) < 0)
		return -1;
	AUTO_FREE char *group = mem_printf("/%s/box", a->slot.group);
	int64_t memory = largest(&a->plan, LIMIT_MEMORY);
	const struct spec_request req = {
		.image = &s->image, .root_path = s->room.root,
		.work_source = a->areas[AREA_WORK].source, .tmp_source = a->areas[AREA_TMP].source,
		.shm_source = a->areas[AREA_SHM].source,
		.init_source = s->engine.inherits_fds ? s->opt.places->init : NULL,
		.env = env, .mounts = a->mounts, .n_mounts = a->n_mounts,
		.uid_base = a->slot.uid_base, .cgroups_path = group, .netns_path = s->room.netns,
		.memory_bytes = memory > BOX_MEMORY_MIN ? memory : BOX_MEMORY_MIN,
		.processes = BOX_PROCESSES, .max_file_bytes = largest(&a->plan, LIMIT_DISK),
	};
	if (spec_make(&s->profile, &req, &a->config, err) < 0)
		return -1;
	return take_env(a, err);
}

/* What the engine binds has its rights already: they do not rest on what words it knows. */
static int hold_volumes(const struct attempt *a, struct err *err)
{
	struct json_object *mounts = json_object_object_get(a->config, "mounts");
	size_t held = 0;
	for (size_t i = 0; mounts && i < json_object_array_length(mounts); i++) {
		struct json_object *m = json_object_array_get_idx(mounts, i);
		AUTO_FREE char *place = NULL;
		if (!volume_is(m))
			continue;
		if (room_hold(&a->job->session->room, mount_text(m, "source"), held++,
			      mount_has(m, "ro"), &place, err) < 0)
			return -1;
		volume_held(m, place);
	}
	return 0;
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
	if (hold_volumes(a, err) < 0 || room_mount_root(&s->room, &s->image, points, err) < 0)
		return -1;
	return spec_write(a->config, dir, err);
}

/* The share of processors lies on the slot's group, above the box and its steps alike. */
static int limit_cpu(const struct attempt *a, struct err *err)
{
	struct json_object *linux_part = NULL, *resources = NULL, *cpu = NULL;
	int64_t quota = 0, period = 100000, shares = 0;
	if (json_get_obj(a->config, "config", "linux", &linux_part, err) < 0 ||
	    (linux_part &&
	     json_get_obj(linux_part, "linux", "resources", &resources, err) < 0) ||
	    (resources && json_get_obj(resources, "resources", "cpu", &cpu, err) < 0))
		return -1;
	if (!cpu)
		return 0;
	if (json_get_i64(cpu, "cpu", "quota", -1, INT64_MAX, &quota, err) < 0 ||
	    json_get_i64(cpu, "cpu", "period", 1000, 1000000, &period, err) < 0 ||
	    json_get_i64(cpu, "cpu", "shares", 0, INT64_MAX, &shares, err) < 0)
		return -1;
	return cgroup_set_cpu(&a->job->session->host, a->slot.group, quota, period, shares, err);
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
	struct json_object *version = json_object_object_get(a->config, "ociVersion");
	live_box(a->job->live, a->box.init_pid, a->job->session->room.bundle,
		 json_object_get_string(version));
}

static int start_box(struct attempt *a, struct err *err)
{
	const struct session *s = a->job->session;
	const struct box_options opt = {
		.engine = &s->engine, .room = &s->room, .slot = &a->slot, .host = &s->host,
		.areas = a->areas,
		.area_max = { [AREA_TMP] = s->profile.tmp_bytes, [AREA_SHM] = s->profile.shm_bytes },
		.own_mnt = s->own_mnt, .interrupt_fd = a->job->live->control.stop_fd,
		.has_queues = has_queues(a->config), .patience = patience(s),
	};
	live_plan(a->job->live, &a->plan);
	if (box_start(&opt, &a->box, err) < 0)
		return -1;
	a->started = true;
	attempt_tell_box(a);
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
	    make_areas(ret, err) < 0 || unpack(ret, err) < 0 || plan_and_lay(ret, err) < 0 ||
	    make_config(ret, err) < 0 ||
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
