/* cell_config.c - turns a cell's spec into the bundle of its box: mounts, config.json, rootfs. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/json.h"
#include "base/mem.h"
#include "bundle/mounts.h"
#include "bundle/seccomp_filter.h"
#include "bundle/spec.h"
#include "bundle/volumes.h"
#include "cell/cell_parts.h"

/* The box's own cgroup holds PID 1 and the child that is about to enter a step's. */
#define BOX_PROCESSES 16
#define BOX_MEMORY_MIN (INT64_C(64) << 20)

/* A profile is for every run, so it may not even where no step would miss a clean folder. */
static int check_profile_mounts(const struct cell *c, struct err *err)
{
	const struct profile *p = c->spec.profile;
	struct json_object *mounts = json_object_object_get(p->config, "mounts");
	for (size_t i = 0; mounts && i < json_object_array_length(mounts); i++) {
		const char *at = mount_text(json_object_array_get_idx(mounts, i), "destination");
		const char *clean = cell_clean_place(at);
		if (clean && strcmp(at, clean) != 0)
			return err_set(
				err, FAULT_USAGE, 0,
				"profile '%s': cannot mount at '%s': each test starts with a clean "
				"%s; choose another destination",
				p->name, at, clean);
	}
	return 0;
}

/* An engine that makes its own /dev cannot bind the init there: the cell mounts a folder with a copy. */
static int furnish_once(const struct cell *c, struct err *err)
{
	const char *init = c->host->places->init;
	AUTO_FREE char *copy = mem_printf("%s/init", c->room.once);
	AUTO_BUF text = { 0 };
	if (file_read(AT_FDCWD, init, &text, 16 << 20) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot read '%s'", init);
	AUTO_FD int fd = open(copy, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0755);
	if (fd < 0 || fd_write_all(fd, text.data, text.len) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot write '%s'", copy);
	return 0;
}

/* What every step finds: the config's environment, which holds the spec's. */
static int take_env(struct cell *c, struct err *err)
{
	struct json_object *process;
	if (json_get_obj(c->config, "config.json", "process", &process, err) < 0)
		return -1;
	return json_get_strv(process, "config.json: process", "env", &c->env, err);
}

static int make_spec(struct cell *c, const struct mount_spec *mounts, size_t n, struct err *err)
{
	const struct cell_spec *want = &c->spec;
	const struct engine *e = &c->host->engine;
	const int64_t memory = want->most.v[LIMIT_MEMORY];
	const bool passwd = want->passwd->len > 0;
	AUTO_FREE char *group = mem_printf("%s/%s/box", c->host->cgroups.base, c->slot.group);
	const struct spec_request req = {
		.image = want->image,
		.root_path = c->room.root,
		.work_source = c->areas[AREA_WORK].source,
		.tmp_source = c->areas[AREA_TMP].source,
		.shm_source = c->areas[AREA_SHM].source,
		.passwd_source = passwd ? c->room.passwd : NULL,
		.init_source = e->inherits_fds ? c->host->places->init : NULL,
		.env = want->env,
		.mounts = mounts,
		.n_mounts = n,
		.uid_base = c->slot.uid_base,
		.cgroups_path = group,
		.netns_path = c->room.netns,
		.memory_bytes = memory > BOX_MEMORY_MIN ? memory : BOX_MEMORY_MIN,
		.processes = BOX_PROCESSES,
		.max_file_bytes = want->most.v[LIMIT_DISK],
		.precompiled = e->lean && seccomp_filter_taken(e->name, e->version),
		.unread = true,
	};
	if (passwd && room_write(c->room.passwd, want->passwd, err) < 0)
		return -1;
	return spec_make(want->profile, &req, &c->config, err);
}

int cell_config_make(struct cell *c, struct err *err)
{
	const struct cell_spec *want = &c->spec;
	const bool once = !c->host->engine.inherits_fds;
	AUTO_FREE struct mount_spec *mounts =
		mem_alloc((want->n_mounts + CELL_MOUNTS_MAX) * sizeof *mounts);
	if (check_profile_mounts(c, err) < 0 || (once && furnish_once(c, err) < 0))
		return -1;
	/* The spec's come later and win: a teacher's own hosts. */
	const size_t own = cell_card_mounts(c, mounts);
	size_t n = own;
	for (size_t i = 0; i < want->n_mounts; i++)
		mounts[n++] = want->mounts[i];
	if (once)
		mounts[n++] = (struct mount_spec){ c->room.once, (char *)SPEC_ONCE_PATH, false };
	const int bad = make_spec(c, mounts, n, err);
	for (size_t i = 0; i < own; i++)
		free(mounts[i].source);
	return bad ? -1 : take_env(c, err);
}

/* What the engine binds has its rights already: they do not rest on what words it knows. */
static int hold_volumes(const struct cell *c, struct err *err)
{
	struct json_object *mounts = json_object_object_get(c->config, "mounts");
	size_t held = 0;
	for (size_t i = 0; mounts && i < json_object_array_length(mounts); i++) {
		struct json_object *m = json_object_array_get_idx(mounts, i);
		AUTO_FREE char *place = NULL;
		if (!volume_is(m))
			continue;
		if (room_hold(&c->room, mount_text(m, "source"), held++, mount_has(m, "ro"), &place,
			      err) < 0)
			return -1;
		volume_held(m, place);
	}
	return 0;
}

int cell_config_write(const struct cell *c, struct err *err)
{
	AUTO_STRV points = NULL;
	AUTO_FD int dir = open(c->room.bundle, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot open '%s'", c->room.bundle);
	if (spec_mount_points(c->config, &points, err) < 0)
		return -1;
	/* runsc binds into the tree before it mounts its own /dev over it. */
	if (!c->host->engine.inherits_fds)
		strv_add(&points, "d/dev/shm");
	if (hold_volumes(c, err) < 0 || room_mount_root(&c->room, c->spec.image, points, err) < 0)
		return -1;
	return spec_write_compact(c->config, dir, err);
}
