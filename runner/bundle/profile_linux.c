/* profile_linux.c - namespaces, resources and hidden paths of a config. */
#include "bundle/profile_linux.h"

#include <stdbool.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/mem.h"

#define COUNT(a) (sizeof(a) / sizeof(*(a)))

struct json_object *profile_resource(struct json_object *config, const char *name)
{
	const char *const keys[] = { "linux", "resources", name };
	struct json_object *o = config;

	for (size_t i = 0; i < COUNT(keys); i++) {
		if (!json_object_is_type(o, json_type_object))
			return NULL;
		o = json_object_object_get(o, keys[i]);
	}
	return json_object_is_type(o, json_type_object) ? o : NULL;
}

static int64_t limit_of(struct json_object *config, const char *name)
{
	struct json_object *o = profile_resource(config, name);
	struct json_object *v = o ? json_object_object_get(o, "limit") : NULL;
	return json_object_is_type(v, json_type_int) ? json_object_get_int64(v) : -1;
}

int64_t profile_memory(struct json_object *config)
{
	return limit_of(config, "memory");
}

int64_t profile_processes(struct json_object *config)
{
	return limit_of(config, "pids");
}

static struct json_object *child(struct json_object *o, const char *key)
{
	struct json_object *c = json_object_object_get(o, key);
	if (!json_object_is_type(c, json_type_object)) {
		c = json_object_new_object();
		json_object_object_add(o, key, c);
	}
	return c;
}

void profile_set_memory(struct json_object *config, int64_t bytes)
{
	struct json_object *m = child(child(child(config, "linux"), "resources"), "memory");
	json_object_object_add(m, "limit", json_object_new_int64(bytes));
	json_object_object_add(m, "swap", json_object_new_int64(bytes));
}

void profile_set_processes(struct json_object *config, int64_t n)
{
	struct json_object *p = child(child(child(config, "linux"), "resources"), "pids");
	json_object_object_add(p, "limit", json_object_new_int64(n));
}

static bool is_in(const char *const *list, size_t n, const char *s)
{
	for (size_t i = 0; i < n; i++)
		if (s && strcmp(list[i], s) == 0)
			return true;
	return false;
}

static int check_namespaces(struct json_object *o, const char *where, struct err *err)
{
	static const char *const keys[] = { "type", NULL };
	static const char *const known[] = { "user", "pid",     "mount",  "ipc",
					     "uts",  "network", "cgroup", "time" };
	enum { NEEDED = 7 }; /* all but time, which older engines do not know */
	struct json_object *list = NULL;
	bool have[COUNT(known)] = { false };

	if (json_get_array(o, where, "namespaces", &list, err) < 0)
		return -1;
	for (size_t i = 0; list && i < json_object_array_length(list); i++) {
		struct json_object *ns = json_object_array_get_idx(list, i);
		AUTO_FREE char *here = mem_printf("%s.namespaces[%zu]", where, i);
		AUTO_FREE char *type = NULL;
		if (json_only_keys(ns, here, keys, err) < 0 ||
		    json_get_str(ns, here, "type", &type, err) < 0)
			return -1;
		if (!is_in(known, COUNT(known), type))
			return err_set(err, FAULT_USAGE, 0, "%s.type: unknown namespace '%.40s'",
				       here, type ? type : "");
		for (size_t j = 0; j < COUNT(known); j++)
			have[j] |= strcmp(known[j], type) == 0;
	}
	for (size_t j = 0; j < NEEDED; j++)
		if (!have[j])
			return err_set(err, FAULT_USAGE, 0,
				       "%s.namespaces: no %s namespace: a box has one of its own",
				       where, known[j]);
	return 0;
}

static int check_memory(struct json_object *resources, const char *where, struct err *err)
{
	static const char *const keys[] = {
		"limit",     "swap",       "reservation",      "kernel",
		"kernelTCP", "swappiness", "disableOOMKiller", "useHierarchy",
		NULL
	};
	AUTO_FREE char *here = mem_printf("%s.memory", where);
	struct json_object *memory = NULL;
	int64_t limit = -1, swap = -1;
	bool no_killer = false;

	if (json_get_obj(resources, where, "memory", &memory, err) < 0)
		return -1;
	if (!memory)
		return err_set(err, FAULT_USAGE, 0, "%s.limit: expected bytes", here);
	if (json_only_keys(memory, here, keys, err) < 0 ||
	    json_get_i64(memory, here, "limit", 1 << 20, INT64_C(1) << 62, &limit, err) < 0 ||
	    json_get_i64(memory, here, "swap", 1 << 20, INT64_C(1) << 62, &swap, err) < 0 ||
	    json_get_bool(memory, here, "disableOOMKiller", &no_killer, err) < 0)
		return -1;
	if (limit < 0)
		return err_set(err, FAULT_USAGE, 0, "%s.limit: expected bytes", here);
	if (swap != limit)
		return err_set(err, FAULT_USAGE, 0,
			       "%s.swap: expected the value of \"limit\": it counts memory and "
			       "swap together, and a box that swaps cannot be timed",
			       here);
	if (no_killer)
		return err_set(err, FAULT_USAGE, 0,
			       "%s.disableOOMKiller: expected false: the verdict memory_limit "
			       "comes from the kill",
			       here);
	return 0;
}

static int check_resources(struct json_object *o, const char *where, struct err *err)
{
	static const char *const keys[] = { "memory",  "pids",    "cpu",
					    "devices", "blockIO", "hugepageLimits",
					    "unified", "rdma",    "network",
					    NULL };
	static const char *const pids_keys[] = { "limit", NULL };
	AUTO_FREE char *here = mem_printf("%s.resources", where);
	AUTO_FREE char *pids_here = mem_printf("%s.pids", here);
	struct json_object *resources = NULL, *pids = NULL;
	int64_t limit = -1;

	if (json_get_obj(o, where, "resources", &resources, err) < 0)
		return -1;
	if (!resources)
		return err_set(err, FAULT_USAGE, 0, "%s: expected an object", here);
	if (json_only_keys(resources, here, keys, err) < 0 ||
	    check_memory(resources, here, err) < 0 ||
	    json_get_obj(resources, here, "pids", &pids, err) < 0)
		return -1;
	if (!pids)
		return err_set(err, FAULT_USAGE, 0, "%s.limit: expected a number of processes",
			       pids_here);
	if (json_only_keys(pids, pids_here, pids_keys, err) < 0 ||
	    json_get_i64(pids, pids_here, "limit", 1, INT32_MAX, &limit, err) < 0)
		return -1;
	return limit < 0 ? err_set(err, FAULT_USAGE, 0, "%s.limit: expected a number of processes",
				   pids_here) :
			   0;
}

static int check_paths(struct json_object *o, const char *where, const char *key, struct err *err)
{
	AUTO_STRV paths = NULL;

	if (json_get_strv(o, where, key, &paths, err) < 0)
		return -1;
	for (size_t i = 0; paths && paths[i]; i++)
		if (paths[i][0] != '/')
			return err_set(err, FAULT_USAGE, 0,
				       "%s.%s[%zu]: expected an absolute path, got '%.80s'", where,
				       key, i, paths[i]);
	return 0;
}

int profile_linux_check(struct json_object *config, const char *where, struct err *err)
{
	static const char *const keys[] = {
		"namespaces",  "resources",     "devices",     "rootfsPropagation",
		"maskedPaths", "readonlyPaths", "sysctl",      "mountLabel",
		"intelRdt",    "personality",   "timeOffsets", NULL
	};
	static const char *const quiet[] = { "private", "rprivate", "slave", "rslave" };
	AUTO_FREE char *here = mem_printf("%s.linux", where);
	AUTO_FREE char *propagation = NULL;
	struct json_object *o = NULL;

	if (json_get_obj(config, where, "linux", &o, err) < 0)
		return -1;
	if (!o)
		return err_set(err, FAULT_USAGE, 0, "%s: expected an object", here);
	if (json_only_keys(o, here, keys, err) < 0 || check_namespaces(o, here, err) < 0 ||
	    check_resources(o, here, err) < 0 || check_paths(o, here, "maskedPaths", err) < 0 ||
	    check_paths(o, here, "readonlyPaths", err) < 0 ||
	    json_get_str(o, here, "rootfsPropagation", &propagation, err) < 0)
		return -1;
	if (propagation && !is_in(quiet, COUNT(quiet), propagation))
		return err_set(err, FAULT_USAGE, 0,
			       "%s.rootfsPropagation: expected private or slave: mounts of a box "
			       "must not reach the host",
			       here);
	return 0;
}

void profile_linux_warn(struct json_object *config, char ***lines)
{
	struct json_object *o = json_object_object_get(config, "linux");
	struct json_object *masked = json_object_object_get(o, "maskedPaths");
	struct json_object *readonly = json_object_object_get(o, "readonlyPaths");
	struct json_object *devices = json_object_object_get(o, "devices");

	if (!masked || json_object_array_length(masked) == 0)
		strv_add(lines, "linux.maskedPaths is empty");
	if (!readonly || json_object_array_length(readonly) == 0)
		strv_add(lines, "linux.readonlyPaths is empty");
	if (json_object_is_type(devices, json_type_array) && json_object_array_length(devices) > 0)
		strv_add(lines, "linux.devices hands devices of the host to the box");
}
