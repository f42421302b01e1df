/* cell_cgroup.c - reads the limits that a box's config asks of control groups, and decides whether
 * the engine or the runner sets them. */
#include <string.h>

#include "base/json.h"
#include "bundle/profile_linux.h"
#include "cell/cell_parts.h"

/* What the profile says of processors; each as in linux.resources.cpu, 0: not said. */
struct cpu_share {
	int64_t quota, period, shares;
	bool chosen; /* which ones, by `cpus`: the engine sees to it */
};

static int read_share(struct json_object *config, struct cpu_share *ret, struct err *err)
{
	struct json_object *cpu = profile_resource(config, "cpu");
	*ret = (struct cpu_share){ .period = 100000 };
	if (!cpu)
		return 0;
	ret->chosen = json_object_object_get(cpu, "cpus") != NULL;
	return json_get_i64(cpu, "cpu", "quota", -1, INT64_MAX, &ret->quota, err) < 0 ||
			       json_get_i64(cpu, "cpu", "period", 1000, 1000000, &ret->period,
					    err) < 0 ||
			       json_get_i64(cpu, "cpu", "shares", 0, INT64_MAX, &ret->shares, err) <
				       0 ?
		       -1 :
		       0;
}

/* The number that was asked for, else what the quota of the profile is enough for; 0: all of the host's. */
static int64_t processors_of(const struct cell *c, const struct cpu_share *share)
{
	if (share->chosen)
		return 0;
	if (c->spec.processors > 0)
		return c->spec.processors;
	return share->quota > 0 ? (share->quota + share->period - 1) / share->period : 0;
}

int cell_cgroup_take_processors(struct cell *c, struct err *err)
{
	struct cpu_share share;
	if (read_share(c->spec.profile->config, &share, err) < 0)
		return -1;
	const int64_t n = processors_of(c, &share);
	if (n > 0 && n <= PROCESSORS_MAX)
		processors_take(c->host->places, (int)n, &c->processors);
	return 0;
}

/* A box that is bound to as many processors as its quota is enough for needs none: it could only be
 * throttled for what the kernel counted too coarsely. The share lies on the slot's group, above the box
 * and its steps alike. */
int cell_cgroup_limit_cpu(const struct cell *c, struct err *err)
{
	struct cpu_share share;
	if (read_share(c->config, &share, err) < 0)
		return -1;
	if (c->spec.processors > 0)
		share.quota = share.period * c->spec.processors;
	if (c->box.bound && share.quota >= share.period * c->processors.n)
		share.quota = 0;
	return cgroup_set_cpu(&c->host->cgroups, c->slot.group, share.quota, share.period,
			      share.shares, err);
}

/* Is @o an object with no keys but these? */
static bool only(struct json_object *o, const char *a, const char *b, const char *c)
{
	if (!json_object_is_type(o, json_type_object))
		return false;
	json_object_object_foreach(o, key, value) {
		(void)value;
		if (strcmp(key, a) != 0 && strcmp(key, b) != 0 && strcmp(key, c) != 0)
			return false;
	}
	return true;
}

/* "No device but the harmless ones", as every profile has it unless it says otherwise. In the user
 * namespace of a box no device can be made, and all that is mounted is nodev: the walls stand without
 * a group's list. */
static bool plain_devices(struct json_object *list)
{
	if (!json_object_is_type(list, json_type_array) || json_object_array_length(list) != 1)
		return false;
	struct json_object *first = json_object_array_get_idx(list, 0);
	return only(first, "allow", "access", "access") &&
	       !json_object_get_boolean(json_object_object_get(first, "allow"));
}

/* Memory and processes are limited by the box's own group, processors by the slot's: what a profile
 * asks for beside them only an engine knows to give. */
static bool asks_for_usual(struct json_object *config)
{
	struct json_object *linux_part = json_object_object_get(config, "linux");
	struct json_object *resources = json_object_object_get(linux_part, "resources");
	if (!json_object_is_type(resources, json_type_object))
		return false;
	json_object_object_foreach(resources, key, value) {
		bool usual = strcmp(key, "memory") == 0 ? only(value, "limit", "swap", "swap") :
			     strcmp(key, "pids") == 0   ? only(value, "limit", "limit", "limit") :
			     strcmp(key, "cpu") == 0    ? only(value, "quota", "period", "shares") :
			     strcmp(key, "devices") == 0 ? plain_devices(value) :
							   false;
		if (!usual)
			return false;
	}
	struct json_object *devices = json_object_object_get(linux_part, "devices");
	return !devices || json_object_array_length(devices) == 0;
}

void cell_cgroup_box(const struct cell *c, struct box_options *opt)
{
	opt->limits = (struct cgroup_limits){ .memory_bytes = profile_memory(c->config),
					      .processes = profile_processes(c->config) };
	opt->own_cgroup = asks_for_usual(c->config);
}
