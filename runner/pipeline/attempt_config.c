/* attempt_config.c - from what a submission, its assignment and -v ask for to the bundle of its
 * box: mounts, config.json, the rootfs. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/json.h"
#include "base/mem.h"
#include "bundle/mounts.h"
#include "bundle/seccomp_filter.h"
#include "bundle/spec.h"
#include "bundle/volumes.h"
#include "pipeline/attempt_box.h"
#include "pipeline/attempt_card.h"
#include "pipeline/files.h"

/* The box's own cgroup holds PID 1 and the child that is about to enter a step's. */
#define BOX_PROCESSES 16
#define BOX_MEMORY_MIN (INT64_C(64) << 20)
/* Many or large files take their time, and another runner that copies the same ones holds a lock. */
#define COPY_NS (600 * NSEC_PER_SEC)

void attempt_mount(struct attempt *a, const char *source, const char *destination, bool rw)
{
	a->mounts = mem_realloc(a->mounts, (a->n_mounts + 1) * sizeof *a->mounts);
	a->mounts[a->n_mounts++] = (struct mount_spec){ mem_strdup(source), mem_strdup(destination),
							rw };
}

/* Tests get /work, /tmp and /dev/shm anew, over whatever was mounted there. */
static int check_volume(const struct attempt *a, const struct mount_spec *m, struct err *err)
{
	const char *at = NULL;
	if (path_within(m->destination, SPEC_HOME_PATH))
		return err_set(err, FAULT_USAGE, 0, "volume '%s': HOME is made anew for each step; choose "
			       "another place, and say -e HOME=PLACE", m->destination);
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
	attempt_card_mounts(a); /* the others come later and win: a teacher's own hosts */
	for (size_t i = 0; asg && i < asg->n_files; i++) {
		AUTO_FREE char *copy = NULL;
		if (asg->files[i].to[0] != '/')
			continue;
		alive_for(s->alive, COPY_NS);
		if (files_copy(s->opt.places, &asg->files[i], &copy, err) < 0)
			return -1;
		attempt_mount(a, copy, asg->files[i].to, false);
	}
	alive_for(s->alive, 0);
	for (size_t i = 0; i < s->opt.n_mounts; i++)
		attempt_mount(a, s->opt.mounts[i].source, s->opt.mounts[i].destination,
			      s->opt.mounts[i].rw);
	return 0;
}

int attempt_check_volumes(const struct attempt *a, struct err *err)
{
	const struct session_options *opt = &a->job->session->opt;
	for (size_t i = 0; i < opt->n_mounts; i++)
		if (check_volume(a, &opt->mounts[i], err) < 0)
			return -1;
	return 0;
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
	attempt_mount(a, s->room.once, SPEC_ONCE_PATH, false);
	return 0;
}

int attempt_make_config(struct attempt *a, struct err *err)
{
	const struct session *s = a->job->session;
	const struct assignment *asg = attempt_assignment(a);
	AUTO_STRV env = strv_dup(NULL);
	if (asg && asg->home_in_work)
		strv_add(&env, "HOME=" SPEC_WORK_PATH);
	for (char *const *e = asg ? asg->env : NULL; e && *e; e++)
		env_set(&env, *e);
	for (char *const *e = s->opt.env; e && *e; e++)
		env_set(&env, *e);
	if (collect_mounts(a, err) < 0 ||
	    (s->passwd.len > 0 && room_write(s->room.passwd, &s->passwd, err) < 0))
		return -1;
	if (!s->engine.inherits_fds && furnish_once(a, err) < 0)
		return -1;
	AUTO_FREE char *group = mem_printf("%s/%s/box", s->host.base, a->slot.group);
	int64_t memory = a->most.v[LIMIT_MEMORY];
	const struct spec_request req = {
		.image = &s->image, .root_path = s->room.root,
		.work_source = a->areas[AREA_WORK].source, .tmp_source = a->areas[AREA_TMP].source,
		.shm_source = a->areas[AREA_SHM].source,
		.passwd_source = s->passwd.len > 0 ? s->room.passwd : NULL,
		.init_source = s->engine.inherits_fds ? s->opt.places->init : NULL,
		.env = env, .mounts = a->mounts, .n_mounts = a->n_mounts,
		.uid_base = a->slot.uid_base, .cgroups_path = group, .netns_path = s->room.netns,
		.memory_bytes = memory > BOX_MEMORY_MIN ? memory : BOX_MEMORY_MIN,
		.processes = BOX_PROCESSES, .max_file_bytes = a->most.v[LIMIT_DISK],
		.precompiled = s->engine.lean &&
			       seccomp_filter_taken(s->engine.name, s->engine.version),
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

int attempt_write_bundle(const struct attempt *a, struct err *err)
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
	return spec_write_compact(a->config, dir, err);
}
