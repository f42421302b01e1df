/* mounts.c - OCI mounts: where they may go, how they are bounded. */
#include "bundle/mounts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/mem.h"
#include "model/spec.h"

#define COUNT(a) (sizeof(a) / sizeof(*(a)))

const char *mount_text(struct json_object *mount, const char *key)
{
	struct json_object *v = json_object_object_get(mount, key);
	return json_object_is_type(v, json_type_string) ? json_object_get_string(v) : "";
}

static struct json_object *options_of(struct json_object *mount)
{
	return json_object_object_get(mount, "options");
}

static const char *option_at(struct json_object *options, size_t i)
{
	return json_object_get_string(json_object_array_get_idx(options, i));
}

bool mount_has(struct json_object *mount, const char *option)
{
	struct json_object *options = options_of(mount);

	for (size_t i = 0; options && i < json_object_array_length(options); i++)
		if (strcmp(option_at(options, i), option) == 0)
			return true;
	return false;
}

bool mount_is_bind(struct json_object *mount)
{
	return strcmp(mount_text(mount, "type"), "bind") == 0 || mount_has(mount, "bind") ||
	       mount_has(mount, "rbind");
}

/* As the kernel's memparse reads it; a percentage of the host's memory is no bound. */
static int64_t number_with_unit(const char *text)
{
	char *end;
	errno = 0;
	long long n = strtoll(text, &end, 10);
	if (errno || end == text || n < 0 || n > INT64_MAX >> 31)
		return -1;
	int shift = 0;
	if (*end)
		shift = *end == 'k' || *end == 'K' ? 10 :
			*end == 'm' || *end == 'M' ? 20 :
			*end == 'g' || *end == 'G' ? 30 :
						     -1;
	if (shift < 0 || (*end && end[1]))
		return -1;
	return (int64_t)n << shift;
}

const char *mount_option(struct json_object *mount, const char *name)
{
	struct json_object *options = options_of(mount);
	size_t len = strlen(name);
	const char *got = NULL;

	for (size_t i = 0; options && i < json_object_array_length(options); i++) {
		const char *o = option_at(options, i);
		if (strncmp(o, name, len) == 0 && o[len] == '=')
			got = o + len + 1; /* the last one counts */
	}
	return got;
}

int64_t mount_number(struct json_object *mount, const char *name)
{
	const char *text = mount_option(mount, name);
	return text ? number_with_unit(text) : -1;
}

/* Absolute, without "." and "..", single slashes, none at the end. Return: NULL when it is not. */
static char *normalised(const char *path)
{
	AUTO_FREE char *copy = mem_strdup(path);
	AUTO_FREE char *out = mem_alloc(strlen(path) + 2);
	char *save = NULL, *end = out;

	if (path[0] != '/')
		return NULL;
	for (char *c = strtok_r(copy, "/", &save); c; c = strtok_r(NULL, "/", &save)) {
		if (strcmp(c, ".") == 0)
			continue;
		if (strcmp(c, "..") == 0)
			return NULL;
		*end++ = '/';
		end = stpcpy(end, c);
	}
	if (end == out)
		strcpy(out, "/");
	return ptr_steal(&out);
}

static int check_common(const char *path, const char *given, struct err *err)
{
	if (!path)
		return err_set(err, FAULT_USAGE, 0,
			       "mount destination '%s': expected an absolute path without '..'",
			       given);
	if (strcmp(path, "/") == 0)
		return err_set(err, FAULT_USAGE, 0,
			       "mount destination '/': the root comes from the image");
	if (strcmp(path, SPEC_WORK_PATH) == 0)
		return err_set(err, FAULT_USAGE, 0,
			       "mount destination '%s': the submission lies there; choose another "
			       "place",
			       path);
	if (path_within(path, SPEC_INIT_PATH))
		return err_set(err, FAULT_USAGE, 0,
			       "mount destination '%s': PID 1 of the box lies there", path);
	return 0;
}

int mount_destination(const char *path, char **ret, struct err *err)
{
	AUTO_FREE char *norm = normalised(path);

	if (check_common(norm, path, err) < 0)
		return -1;
	if (path_within(norm, "/proc") || path_within(norm, "/sys") || strcmp(norm, "/dev") == 0)
		return err_set(err, FAULT_USAGE, 0,
			       "mount destination '%s': /proc, /sys and /dev are the profile's",
			       norm);
	free(*ret);
	*ret = ptr_steal(&norm);
	return 0;
}

/* sysfs itself cannot be mounted where the network namespace is not the box's own; what it tells of
 * processors can be shown. */
static bool shows_processors(struct json_object *mount, const char *dest)
{
	return path_within(dest, "/sys/devices/system") && mount_is_bind(mount) &&
	       !mount_has(mount, "rw") && strcmp(mount_text(mount, "source"), dest) == 0;
}

/* Where the engines look for the kernel's file systems nothing else may be. */
static int check_special(struct json_object *mount, const char *dest, const char *where,
			 struct err *err)
{
	const char *type = mount_text(mount, "type");
	static const struct {
		const char *type, *dest;
	} home[] = {
		{ "proc", "/proc" },
		{ "sysfs", "/sys" },
		{ "devpts", "/dev/pts" },
		{ "mqueue", "/dev/mqueue" },
	};
	for (size_t i = 0; i < COUNT(home); i++)
		if (strcmp(type, home[i].type) == 0 && strcmp(dest, home[i].dest) != 0)
			return err_set(err, FAULT_USAGE, 0, "%s: a mount of type %s goes to %s",
				       where, type, home[i].dest);
	if (path_within(dest, "/proc") && strcmp(type, "proc") != 0)
		return err_set(err, FAULT_USAGE, 0,
			       "%s: only a mount of type proc goes to /proc, and none below it",
			       where);
	if (path_within(dest, "/sys") && strcmp(type, "sysfs") != 0 &&
	    strncmp(type, "cgroup", 6) != 0 && !shows_processors(mount, dest))
		return err_set(err, FAULT_USAGE, 0,
			       "%s: only mounts of type sysfs and cgroup go to /sys, and what is "
			       "below /sys/devices/system, read-only and to its own place",
			       where);
	if (strcmp(dest, "/dev") == 0 && strcmp(type, "tmpfs") != 0)
		return err_set(err, FAULT_USAGE, 0, "%s: /dev is a tmpfs of the box", where);
	return 0;
}

void mount_drop(struct json_object *mount, const char *const drop[])
{
	struct json_object *kept = json_object_new_array();
	struct json_object *all = options_of(mount);

	for (size_t i = 0; all && i < json_object_array_length(all); i++) {
		struct json_object *o = json_object_array_get_idx(all, i);
		size_t j = 0;
		while (drop[j] && strncmp(json_object_get_string(o), drop[j], strlen(drop[j])) != 0)
			j++;
		if (!drop[j])
			json_object_array_add(kept, json_object_get(o));
	}
	json_object_object_add(mount, "options", kept);
}

static void option_add(struct json_object *mount, const char *option)
{
	if (!mount_has(mount, option))
		json_object_array_add(options_of(mount), json_object_new_string(option));
}

static int check_bind(struct json_object *mount, const char *where, struct err *err)
{
	if (mount_text(mount, "source")[0] != '/')
		return err_set(err, FAULT_USAGE, 0,
			       "%s.source: a bind needs an absolute path on the host", where);
	if (mount_has(mount, "suid") || mount_has(mount, "dev"))
		return err_set(err, FAULT_USAGE, 0,
			       "%s.options: set-id files and devices of the host do not go into "
			       "a box",
			       where);
	if (!mount_has(mount, "rbind"))
		option_add(mount, "bind");
	if (!mount_has(mount, "rw"))
		option_add(mount, "ro");
	option_add(mount, "nosuid");
	option_add(mount, "nodev");
	option_add(mount, "rprivate");
	return 0;
}

static int check_type(struct json_object *mount, const char *where, struct err *err)
{
	static const char *const known[] = { "proc",   "tmpfs",  "sysfs",  "devpts",
					     "mqueue", "cgroup", "cgroup2" };
	const char *type = mount_text(mount, "type");
	size_t i = 0;

	while (i < COUNT(known) && strcmp(type, known[i]) != 0)
		i++;
	if (i == COUNT(known))
		return err_set(err, FAULT_USAGE, 0,
			       "%s.type: expected bind, proc, tmpfs, sysfs, devpts, mqueue or "
			       "cgroup, got '%.40s'",
			       where, type);
	if (strcmp(type, "tmpfs") == 0 &&
	    (mount_number(mount, "size") <= 0 || mount_number(mount, "nr_inodes") <= 0))
		return err_set(err, FAULT_USAGE, 0,
			       "%s.options: a tmpfs needs size= and nr_inodes=, as \"size=64m\", "
			       "\"nr_inodes=8192\"",
			       where);
	return 0;
}

int mount_check(struct json_object *mount, const char *where, struct err *err)
{
	static const char *const keys[] = { "destination", "type", "source", "options", NULL };
	AUTO_FREE char *dest = NULL, *type = NULL, *source = NULL;
	AUTO_STRV options = NULL;

	if (json_only_keys(mount, where, keys, err) < 0 ||
	    json_get_str(mount, where, "destination", &dest, err) < 0 ||
	    json_get_str(mount, where, "type", &type, err) < 0 ||
	    json_get_str(mount, where, "source", &source, err) < 0 ||
	    json_get_strv(mount, where, "options", &options, err) < 0)
		return -1;
	if (!dest)
		return err_set(err, FAULT_USAGE, 0, "%s: expected a \"destination\"", where);
	AUTO_FREE char *norm = normalised(dest);
	if (check_common(norm, dest, err) < 0)
		return err_wrap(err, "%s", where);
	json_object_object_add(mount, "destination", json_object_new_string(norm));
	if (!options)
		json_object_object_add(mount, "options", json_object_new_array());
	if (check_special(mount, norm, where, err) < 0)
		return -1;
	return mount_is_bind(mount) ? check_bind(mount, where, err) : check_type(mount, where, err);
}

struct json_object *mount_new(const char *source, const char *destination, bool rw,
			      const char *more)
{
	struct json_object *m = json_object_new_object();

	json_object_object_add(m, "destination", json_object_new_string(destination));
	json_object_object_add(m, "type", json_object_new_string("bind"));
	json_object_object_add(m, "source", json_object_new_string(source));
	json_object_object_add(m, "options", json_object_new_array());
	option_add(m, "bind");
	option_add(m, rw ? "rw" : "ro");
	option_add(m, "nosuid");
	option_add(m, "nodev");
	option_add(m, "rprivate");
	if (more)
		option_add(m, more);
	return m;
}

void mounts_set(struct json_object *mounts, struct json_object *mount)
{
	const char *dest = mount_text(mount, "destination");

	for (size_t i = 0; i < json_object_array_length(mounts); i++) {
		struct json_object *old = json_object_array_get_idx(mounts, i);
		if (strcmp(mount_text(old, "destination"), dest) == 0) {
			json_object_array_put_idx(mounts, i, mount);
			return;
		}
	}
	json_object_array_add(mounts, mount);
}

struct json_object *mounts_find(struct json_object *mounts, const char *destination)
{
	return json_find(mounts, "destination", destination);
}
