/* cell.c - makes the places of a box, starts it and ends it. */
#include "cell/cell.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/mem.h"
#include "bundle/mounts.h"
#include "cell/cell_parts.h"
#include "container/area_watch.h"
#include "model/image.h"

#define SHM_PATH "/dev/shm"

static const char *const clean_places[AREA_COUNT] = {
	[AREA_WORK] = SPEC_WORK_PATH, [AREA_TMP] = SPEC_TMP_PATH, [AREA_SHM] = SHM_PATH
};

const char *cell_clean_place(const char *path)
{
	for (int i = 0; i < AREA_COUNT; i++)
		if (path_within(path, clean_places[i]))
			return clean_places[i];
	return NULL;
}

/* --- places --------------------------------------------------------------------------------- */

/* Is the profile's mount at @at noexec? Before other mounts. */
static bool is_noexec(const struct profile *p, const char *at)
{
	struct json_object *m = mounts_find(json_object_object_get(p->config, "mounts"), at);
	return m && mount_has(m, "noexec");
}

static int make_areas(struct cell *c, struct err *err)
{
	const struct profile *p = c->spec.profile;
	const struct unpack_limits *u = &p->unpack;
	uid_t root = c->slot.uid_base, user = root + SPEC_BOX_UID;
	const struct area_options areas[AREA_COUNT] = {
		[AREA_WORK] = { .name = "work",
				.uid = user,
				.gid = user,
				.mode = 0755,
				.bytes = unpack_limits_room(u),
				.inodes = u->entries * 2 + 1024 },
		[AREA_TMP] = { .name = "tmp",
			       .uid = root,
			       .gid = root,
			       .mode = 01777,
			       .home = SPEC_HOME_NAME,
			       .home_uid = user,
			       .bytes = p->tmp_bytes,
			       .inodes = p->tmp_inodes,
			       .inodes_max = p->tmp_inodes },
		[AREA_SHM] = { .name = "shm",
			       .uid = root,
			       .gid = root,
			       .mode = 01777,
			       .bytes = p->shm_bytes,
			       .inodes = p->shm_inodes,
			       .inodes_max = p->shm_inodes },
	};
	for (int i = 0; i < AREA_COUNT; i++) {
		struct area_options opt = areas[i];
		opt.at = clean_places[i];
		opt.room = c->room.path;
		opt.watch = c->watch;
		opt.noexec = i != AREA_WORK && is_noexec(p, opt.at);
		if (area_make(&opt, &c->areas[i], err) < 0 ||
		    (i != AREA_WORK && area_enter(&c->areas[i], "", err) < 0))
			return -1;
	}
	return 0;
}

/* The pages that unpacking fills are charged to a group of their own: no step's limit counts them,
 * and none is raised by them. */
static int make_unpack_group(struct cell *c, struct err *err)
{
	AUTO_FREE char *group = mem_printf("%s/unpack", c->slot.group);
	const struct cgroup_limits none = { 0, 0 };
	return cgroup_entry_make(&c->host->cgroups, group, &none, &c->unpacking, err);
}

int cell_open(struct host *h, const struct cell_spec *spec, struct cell *ret, struct err *err)
{
	*ret = (struct cell){ .host = h,
			      .spec = *spec,
			      .slot = { .fd = -1, .group_fd = -1 },
			      .watch = area_watch_open() };
	alive_for(h->alive, 0);
	if (room_within(&h->room, spec->within, &ret->room, err) < 0 ||
	    slot_take(h->places, &h->cgroups, spec->mark, &ret->slot, err) < 0 ||
	    cell_cgroup_take_processors(ret, err) < 0 || make_unpack_group(ret, err) < 0 ||
	    room_furnish(&ret->room, err) < 0)
		return -1;
	return make_areas(ret, err);
}

int cell_enter(struct cell *c, const char *top, struct err *err)
{
	struct area *work = &c->areas[AREA_WORK];
	cgroup_entry_close(&c->unpacking);
	return c->started ? area_enter_late(work, top, c->box.mnt_ns, c->host->own_mnt, err) :
			    area_enter(work, top, err);
}

int cell_work(const struct cell *c, int *ret, struct err *err)
{
	*ret = open(c->areas[AREA_WORK].source, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return *ret < 0 ? err_set(err, FAULT_INFRA, errno, "cannot open the work folder") : 0;
}

/* --- the box -------------------------------------------------------------------------------- */

/* Does the config let steps make POSIX message queues? */
static bool has_queues(struct json_object *config)
{
	struct json_object *process = json_object_object_get(config, "process");
	struct json_object *l = json_find(json_object_object_get(process, "rlimits"), "type",
					  "RLIMIT_MSGQUEUE");
	return !l || json_object_get_int64(json_object_object_get(l, "hard")) != 0;
}

static int start_box(struct cell *c, struct err *err)
{
	struct host *h = c->host;
	const struct profile *p = c->spec.profile;
	struct box_options opt = {
		.engine = &h->engine,
		.room = &c->room,
		.slot = &c->slot,
		.host = &h->cgroups,
		.areas = c->areas,
		.area_max = { [AREA_TMP] = p->tmp_bytes, [AREA_SHM] = p->shm_bytes },
		.own_mnt = h->own_mnt,
		.interrupt_fd = c->spec.interrupt_fd,
		.has_queues = has_queues(c->config),
		.patience = host_patience(h),
		.alive = h->alive,
		.processors = &c->processors,
	};
	cell_cgroup_box(c, &opt);
	if (box_start(&opt, &c->box, err) < 0)
		return -1;
	c->started = true;
	return 0;
}

int cell_boot(struct cell *c, struct err *err)
{
	if (cell_card_make(c, err) < 0 || cell_config_make(c, err) < 0 ||
	    cell_config_write(c, err) < 0 || start_box(c, err) < 0)
		return -1;
	return cell_cgroup_limit_cpu(c, err);
}

char **cell_base_env(const struct cell *c)
{
	char **env = strv_dup(c->env);
	char text[16];
	if (!c->spec.network)
		return env;
	AUTO_FREE char *host = mem_printf("MOULETTE_HOST=%s",
					  network_address(c->host->net.address, text));
	env_set(&env, host);
	return env;
}

struct running *cell_start(struct cell *c, const struct box_step *step, int stdin_fd, int stdout_fd,
			   struct step_facts *facts)
{
	return step_start(&c->box, step, stdin_fd, stdout_fd, facts);
}

void cells_wait(struct running *const *all, size_t n, const struct running *which)
{
	while (!step_is_over(which))
		steps_watch(all, n, -1);
}

int cell_finish(struct cell *c, struct running *r, struct step_facts *facts, struct err *err)
{
	if (step_finish(r, err) < 0)
		return -1;
	/* A box is not worn if the kernel counted no traffic of its network. */
	return card_read(&c->card, c->box.worn || c->box.dead, &facts->network, err);
}

int cell_freeze(struct cell *c, struct err *err)
{
	return box_build_done(&c->box, err);
}

int cell_renew(struct cell *c, struct err *err)
{
	return cell_card_make(c, err) < 0 ? -1 : box_renew(&c->box, err);
}

void cell_stop(struct cell *c)
{
	box_stop(&c->box);
	cell_card_end(c, false);
}

void cell_close(struct cell *c)
{
	if (!c->host)
		return;
	alive_for(c->host->alive, 0);
	if (c->started)
		box_end(&c->box);
	cell_card_end(c, true);
	for (int i = 0; i < AREA_COUNT; i++)
		area_close(&c->areas[i]);
	fd_close(&c->watch);
	room_clear(&c->room);
	room_done(&c->room);
	cgroup_entry_close(&c->unpacking);
	/* A cgroup that cannot be removed keeps the slot's mark: the next sweep finds it. What was
	 * judged is no worse for it. */
	slot_release(&c->slot, NULL);
	processors_release(&c->processors);
	json_cleanup(&c->config);
	strv_free(c->env);
	*c = (struct cell){ .host = NULL };
}
