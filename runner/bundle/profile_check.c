/* profile_check.c - refuse a config that is no longer a box, or that has keys without effect. */
#include "bundle/profile_check.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/mem.h"
#include "bundle/mounts.h"
#include "bundle/profile_linux.h"
#include "model/spec.h"

#define COUNT(a) (sizeof(a) / sizeof(*(a)))

static const char *const cap_sets[] = { "bounding",  "effective", "inheritable",
					"permitted", "ambient",   NULL };

/* clang-format off */
static const struct { const char *section, *key, *why; } refused[] = {
	{ NULL, "hooks", "hooks run on the host with the runner's rights; a box has none" },
	{ NULL, "annotations", "engines take orders from them past this config; a box has none" },
	{ "root", "path", "the root comes from the image; remove the key" },
	{ "linux", "uidMappings", "the runner sets the map, one range a box; remove the key" },
	{ "linux", "gidMappings", "the runner sets the map, one range a box; remove the key" },
	{ "linux", "cgroupsPath", "the runner sets it, one cgroup a box; remove the key" },
	{ "linux", "seccomp", "edit the list of system calls in \"moulette\": \"seccomp\": "
			      "{\"allow\": [...], \"deny\": [...], \"list\": FILE}" },
};
/* clang-format on */

int profile_check_patch(struct json_object *config, const char *where, struct err *err)
{
	static const char *const top[] = { "ociVersion", "hostname", "domainname", "root",
					   "process",    "mounts",   "linux",      NULL };
	static const char *const root[] = { "readonly", NULL };

	for (size_t i = 0; i < COUNT(refused); i++) {
		const char *section = refused[i].section;
		struct json_object *o = section ? json_object_object_get(config, section) : config;
		if (json_object_is_type(o, json_type_object) &&
		    json_object_object_get_ex(o, refused[i].key, NULL))
			return err_set(err, FAULT_USAGE, 0, "%s.%s%s%s: %s", where,
				       section ? section : "", section ? "." : "", refused[i].key,
				       refused[i].why);
	}
	if (json_only_keys(config, where, top, err) < 0)
		return -1;
	struct json_object *o = json_object_object_get(config, "root");
	AUTO_FREE char *here = mem_printf("%s.root", where);
	return o ? json_only_keys(o, here, root, err) : 0;
}

/* A boolean that must have one value. */
static int must_be(struct json_object *o, const char *where, const char *key, bool value,
		   const char *why, struct err *err)
{
	bool got = !value;

	if (json_get_bool(o, where, key, &got, err) < 0)
		return -1;
	if (got != value)
		return err_set(err, FAULT_USAGE, 0, "%s.%s: expected %s: %s", where, key,
			       value ? "true" : "false", why);
	return 0;
}

static int check_user(struct json_object *process, const char *where, struct err *err)
{
	static const char *const keys[] = { "uid", "gid", "umask", "additionalGids", NULL };
	AUTO_FREE char *here = mem_printf("%s.user", where);
	struct json_object *user = NULL, *groups = NULL;
	int64_t uid = -1, gid = -1, umask = 0;

	if (json_get_obj(process, where, "user", &user, err) < 0)
		return -1;
	if (!user)
		return err_set(err, FAULT_USAGE, 0, "%s: expected an object", here);
	if (json_only_keys(user, here, keys, err) < 0 ||
	    json_get_i64(user, here, "uid", 0, UINT32_MAX, &uid, err) < 0 ||
	    json_get_i64(user, here, "gid", 0, UINT32_MAX, &gid, err) < 0 ||
	    json_get_i64(user, here, "umask", 0, 0777, &umask, err) < 0 ||
	    json_get_array(user, here, "additionalGids", &groups, err) < 0)
		return -1;
	if (uid != SPEC_BOX_UID || gid != SPEC_BOX_UID)
		return err_set(err, FAULT_USAGE, 0,
			       "%s: expected uid and gid 1000: the work folder belongs to them",
			       here);
	if (groups && json_object_array_length(groups) > 0)
		return err_set(err, FAULT_USAGE, 0, "%s.additionalGids: expected an empty list",
			       here);
	return 0;
}

static int check_capabilities(struct json_object *process, const char *where, struct err *err)
{
	AUTO_FREE char *here = mem_printf("%s.capabilities", where);
	struct json_object *caps = NULL;

	if (json_get_obj(process, where, "capabilities", &caps, err) < 0)
		return -1;
	if (!caps) /* the engines' own default would not be empty */
		return err_set(err, FAULT_USAGE, 0,
			       "%s: expected an object with the five sets, empty as a rule", here);
	if (json_only_keys(caps, here, cap_sets, err) < 0)
		return -1;
	for (size_t i = 0; cap_sets[i]; i++) {
		AUTO_STRV set = NULL;
		if (json_get_strv(caps, here, cap_sets[i], &set, err) < 0)
			return -1;
		for (size_t j = 0; set && set[j]; j++)
			if (strncmp(set[j], "CAP_", 4) != 0)
				return err_set(err, FAULT_USAGE, 0,
					       "%s.%s: '%.40s' is not a capability, as CAP_KILL",
					       here, cap_sets[i], set[j]);
	}
	return 0;
}

static bool known_rlimit(const char *type)
{
	static const char *const known[] = {
		"AS",   "CORE",   "CPU",   "DATA", "FSIZE",  "LOCKS",  "MEMLOCK",    "MSGQUEUE",
		"NICE", "NOFILE", "NPROC", "RSS",  "RTPRIO", "RTTIME", "SIGPENDING", "STACK",
	};
	if (!type || strncmp(type, "RLIMIT_", 7) != 0)
		return false;
	for (size_t i = 0; i < COUNT(known); i++)
		if (strcmp(type + 7, known[i]) == 0)
			return true;
	return false;
}

static int check_rlimit(struct json_object *o, const char *where, struct err *err)
{
	static const char *const keys[] = { "type", "soft", "hard", NULL };
	AUTO_FREE char *type = NULL;
	int64_t soft = -1, hard = -1;

	if (json_only_keys(o, where, keys, err) < 0 ||
	    json_get_str(o, where, "type", &type, err) < 0 ||
	    json_get_i64(o, where, "soft", 0, INT64_C(1) << 62, &soft, err) < 0 ||
	    json_get_i64(o, where, "hard", 0, INT64_C(1) << 62, &hard, err) < 0)
		return -1;
	if (!known_rlimit(type))
		return err_set(err, FAULT_USAGE, 0,
			       "%s.type: '%.40s' is not a limit, as RLIMIT_NOFILE", where,
			       type ? type : "");
	if (soft < 0 || hard < soft)
		return err_set(err, FAULT_USAGE, 0,
			       "%s: expected \"soft\" and a \"hard\" that is not below it", where);
	return 0;
}

static int check_rlimits(struct json_object *process, const char *where, struct err *err)
{
	struct json_object *all = NULL;

	if (json_get_array(process, where, "rlimits", &all, err) < 0)
		return -1;
	for (size_t i = 0; all && i < json_object_array_length(all); i++) {
		AUTO_FREE char *here = mem_printf("%s.rlimits[%zu]", where, i);
		if (check_rlimit(json_object_array_get_idx(all, i), here, err) < 0)
			return -1;
	}
	return 0;
}

/* Words: the program, where it starts, its environment. */
static int check_words(struct json_object *process, const char *where, struct err *err)
{
	AUTO_STRV args = NULL;
	AUTO_STRV env = NULL;
	AUTO_FREE char *cwd = NULL;

	if (json_get_strv(process, where, "args", &args, err) < 0 ||
	    json_get_strv(process, where, "env", &env, err) < 0 ||
	    json_get_str(process, where, "cwd", &cwd, err) < 0)
		return -1;
	if (!args || !args[0])
		return err_set(err, FAULT_USAGE, 0, "%s.args: expected a command", where);
	if (!cwd || cwd[0] != '/')
		return err_set(err, FAULT_USAGE, 0, "%s.cwd: expected an absolute path", where);
	for (size_t i = 0; env && env[i]; i++)
		if (env[i][0] == '=' || !strchr(env[i], '='))
			return err_set(err, FAULT_USAGE, 0,
				       "%s.env[%zu]: expected NAME=VALUE, got '%.60s'", where, i,
				       env[i]);
	return 0;
}

static int check_process(struct json_object *config, const char *where, struct err *err)
{
	static const char *const keys[] = { "terminal",     "user",
					    "args",         "cwd",
					    "env",          "noNewPrivileges",
					    "capabilities", "oomScoreAdj",
					    "rlimits",      "apparmorProfile",
					    "selinuxLabel", NULL };
	AUTO_FREE char *here = mem_printf("%s.process", where);
	struct json_object *process = NULL;
	bool terminal = false;
	int64_t score = 0;

	if (json_get_obj(config, where, "process", &process, err) < 0)
		return -1;
	if (!process)
		return err_set(err, FAULT_USAGE, 0, "%s: expected an object", here);
	if (json_only_keys(process, here, keys, err) < 0 ||
	    json_get_bool(process, here, "terminal", &terminal, err) < 0 ||
	    must_be(process, here, "noNewPrivileges", true, "PID 1 does not serve without it",
		    err) < 0 ||
	    json_get_i64(process, here, "oomScoreAdj", -1000, 1000, &score, err) < 0)
		return -1;
	if (terminal)
		return err_set(err, FAULT_USAGE, 0,
			       "%s.terminal: expected false: the runner captures by pipes", here);
	if (check_user(process, here, err) < 0 || check_capabilities(process, here, err) < 0 ||
	    check_rlimits(process, here, err) < 0)
		return -1;
	return check_words(process, here, err);
}

static int check_mounts(struct json_object *config, const char *where, struct err *err)
{
	struct json_object *mounts = NULL;

	if (json_get_array(config, where, "mounts", &mounts, err) < 0)
		return -1;
	if (!mounts)
		return err_set(err, FAULT_USAGE, 0, "%s.mounts: expected an array", where);
	for (size_t i = 0; i < json_object_array_length(mounts); i++) {
		AUTO_FREE char *here = mem_printf("%s.mounts[%zu]", where, i);
		if (mount_check(json_object_array_get_idx(mounts, i), here, err) < 0)
			return -1;
	}
	if (!mounts_find(mounts, "/dev") || !mounts_find(mounts, "/proc"))
		return err_set(err, FAULT_USAGE, 0,
			       "%s.mounts: /proc and /dev are missing; an array replaces the "
			       "whole array, so add mounts in \"moulette\": \"mounts\"",
			       where);
	return 0;
}

int profile_check_config(struct json_object *config, const char *where, struct err *err)
{
	struct json_object *root = NULL;
	AUTO_FREE char *hostname = NULL, *version = NULL;
	AUTO_FREE char *here = mem_printf("%s.root", where);

	if (json_get_str(config, where, "ociVersion", &version, err) < 0 ||
	    json_get_str(config, where, "hostname", &hostname, err) < 0 ||
	    json_get_obj(config, where, "root", &root, err) < 0)
		return -1;
	if (!version || strncmp(version, "1.", 2) != 0)
		return err_set(err, FAULT_USAGE, 0, "%s.ociVersion: expected 1.x", where);
	if (!root)
		return err_set(err, FAULT_USAGE, 0, "%s: expected an object", here);
	if (must_be(root, here, "readonly", true, "an image is shared by all boxes", err) < 0 ||
	    check_process(config, where, err) < 0 || check_mounts(config, where, err) < 0)
		return -1;
	return profile_linux_check(config, where, err);
}

static void warn_process(struct json_object *process, char ***lines)
{
	struct json_object *caps = json_object_object_get(process, "capabilities");
	struct json_object *core = json_find(json_object_object_get(process, "rlimits"), "type",
					     "RLIMIT_CORE");

	for (size_t i = 0; cap_sets[i]; i++) {
		struct json_object *set = json_object_object_get(caps, cap_sets[i]);
		if (!set || json_object_array_length(set) == 0)
			continue;
		AUTO_FREE char *line = mem_printf("process.capabilities.%s is not empty: %s",
						  cap_sets[i], json_object_to_json_string(set));
		strv_add(lines, line);
	}
	if (!core || json_object_get_int64(json_object_object_get(core, "hard")) != 0)
		strv_add(lines, "process.rlimits leaves core dumps on: RLIMIT_CORE is not 0");
}

static void warn_mounts(struct json_object *mounts, char ***lines)
{
	for (size_t i = 0; i < json_object_array_length(mounts); i++) {
		struct json_object *m = json_object_array_get_idx(mounts, i);
		const char *dest = mount_text(m, "destination"), *type = mount_text(m, "type");
		AUTO_FREE char *line = NULL;
		if (mount_is_bind(m) && mount_has(m, "rw"))
			line = mem_printf("mount '%s': '%s' of the host can be written to", dest,
					  mount_text(m, "source"));
		else if (strcmp(dest, "/proc") == 0 && !mount_has(m, "subset=pid"))
			line = mem_printf("mount '/proc': without subset=pid it tells about the "
					  "host");
		else if (strcmp(type, "sysfs") == 0 || strncmp(type, "cgroup", 6) == 0)
			line = mem_printf("mount '%s': a file system of type %s tells about the "
					  "host",
					  dest, type);
		if (line)
			strv_add(lines, line);
	}
}

void profile_check_warn(struct json_object *config, char ***lines)
{
	warn_process(json_object_object_get(config, "process"), lines);
	warn_mounts(json_object_object_get(config, "mounts"), lines);
	profile_linux_warn(config, lines);
}
