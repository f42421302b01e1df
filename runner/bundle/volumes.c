/* volumes.c - folders and files of the host in a box: what is bound with them, with what rights. */
#include "bundle/volumes.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/mem.h"
#include "bundle/mounts.h"
#include "bundle/submounts.h"

static const char recursive_nosuid[] = "rnosuid";

bool volume_is(struct json_object *mount)
{
	return mount_is_bind(mount) && mount_has(mount, recursive_nosuid);
}

void volume_held(struct json_object *mount, const char *source)
{
	static const char *const words[] = { "rro", "rnodev", recursive_nosuid, NULL };

	json_object_object_add(mount, "source", json_object_new_string(source));
	mount_drop(mount, words);
}

static void add(struct json_object *options, const char *option)
{
	json_object_array_add(options, json_object_new_string(option));
}

static bool is_one_of(const char *option, const char *const names[])
{
	while (*names && strcmp(option, *names) != 0)
		names++;
	return *names;
}

/* What the whole tree is bounded by, then what else was said, as "noexec". */
static void bound(struct json_object *mount, const char *source)
{
	static const char *const again[] = { "bind",   "rbind", "ro",      "rw",     "rro",
					     "nosuid", "nodev", "rnosuid", "rnodev", NULL };
	struct json_object *old = json_object_object_get(mount, "options");
	struct json_object *options = json_object_new_array();
	struct statvfs fs = { .f_flag = 0 };
	statvfs(source, &fs);
	bool ro = !mount_has(mount, "rw") || (fs.f_flag & ST_RDONLY);
	bool noexec = mount_has(mount, "noexec");

	add(options, "rbind");
	add(options, ro ? "ro" : "rw");
	if (ro)
		add(options, "rro");
	add(options, "nosuid");
	add(options, "nodev");
	add(options, recursive_nosuid);
	add(options, "rnodev");
	if ((fs.f_flag & ST_NOEXEC) && !noexec)
		add(options, "noexec");
	for (size_t i = 0; old && i < json_object_array_length(old); i++) {
		struct json_object *o = json_object_array_get_idx(old, i);
		if (!is_one_of(json_object_get_string(o), again))
			json_object_array_add(options, json_object_get(o));
	}
	json_object_object_add(mount, "options", options);
}

/* The mount at @path below @real, as a bind of its own, unless another one was asked for there. */
static void add_below(struct json_object *from, struct json_object *mount, const char *real,
		      const char *path, struct json_object *to)
{
	const size_t len = strcmp(real, "/") == 0 ? 0 : strlen(real);
	AUTO_FREE char *dest = mem_printf("%s%s", mount_text(mount, "destination"), path + len);
	struct json_object *copy = NULL;

	if (mounts_find(from, dest))
		return;
	json_object_deep_copy(mount, &copy, NULL);
	json_object_object_add(copy, "source", json_object_new_string(path));
	json_object_object_add(copy, "destination", json_object_new_string(dest));
	bound(copy, path);
	json_object_array_add(to, copy);
}

static int spread(struct json_object *from, struct json_object *mount, struct json_object *to,
		  struct err *err)
{
	const char *source = mount_text(mount, "source");
	AUTO_FREE char *real = realpath(source, NULL);
	AUTO_STRV below = NULL;

	if (!real)
		return 0;
	if (submounts_find(real, &below, err) < 0)
		return -1;
	if (!submounts_bounded() && below[0])
		return err_set(
			err, FAULT_USAGE, 0,
			"cannot mount '%s' at '%s': '%s' is mounted below it, and this kernel "
			"cannot bound that as well (Linux 5.12 can); name folders without "
			"mounts below them",
			source, mount_text(mount, "destination"), below[0]);
	if (!submounts_bounded())
		return 0;
	for (size_t i = 0; below[i]; i++)
		add_below(from, mount, real, below[i], to);
	bound(mount, real);
	return 0;
}

static bool is_own(struct json_object *mount, const char *const own[])
{
	return !mount_is_bind(mount) || mount_text(mount, "source")[0] != '/' ||
	       is_one_of(mount_text(mount, "source"), own);
}

int volumes_spread(struct json_object *config, const char *const own[], struct err *err)
{
	struct json_object *from = json_object_object_get(config, "mounts");
	struct json_object *to = json_object_new_array();
	int got = 0;

	for (size_t i = 0; got == 0 && i < json_object_array_length(from); i++) {
		struct json_object *m = json_object_array_get_idx(from, i);
		json_object_array_add(to, json_object_get(m));
		if (!is_own(m, own))
			got = spread(from, m, to, err);
	}
	json_object_object_add(config, "mounts", to);
	return got;
}

/* The innermost mount that @dest lies in, if that is a volume. */
static struct json_object *holder_of(struct json_object *mounts, const char *dest)
{
	struct json_object *best = NULL;
	size_t len = 0;

	for (size_t i = 0; i < json_object_array_length(mounts); i++) {
		struct json_object *m = json_object_array_get_idx(mounts, i);
		const char *at = mount_text(m, "destination");
		if (strcmp(at, dest) == 0 || !path_within(dest, at) || strlen(at) < len)
			continue;
		best = m;
		len = strlen(at);
	}
	return best && volume_is(best) ? best : NULL;
}

static bool wants_folder(struct json_object *mount)
{
	struct stat st;
	return !mount_is_bind(mount) || stat(mount_text(mount, "source"), &st) < 0 ||
	       S_ISDIR(st.st_mode);
}

int volumes_check_point(struct json_object *mounts, struct json_object *mount, struct err *err)
{
	const char *dest = mount_text(mount, "destination");
	struct json_object *holder = holder_of(mounts, dest);
	struct stat st;

	if (!holder)
		return 0;
	const char *source = mount_text(holder, "source");
	const char *rest = dest + strlen(mount_text(holder, "destination")) + 1;
	AUTO_FD int top = open(source, O_PATH | O_DIRECTORY | O_CLOEXEC);
	AUTO_FREE char *closed = fd_closed_beneath(top, rest);
	if (closed)
		return err_set(
			err, FAULT_USAGE, 0,
			"cannot mount at '%s': the mode of '%s%s%s' keeps programs of the box "
			"out",
			dest, source, *closed ? "/" : "", closed);
	AUTO_FD int at = fd_open_beneath(top, rest, O_PATH | O_CLOEXEC, 0);
	if (at < 0 || fstat(at, &st) < 0)
		return err_set(err, err_path_fault(errno), errno,
			       "cannot mount at '%s': '%s' lies there, and nothing is made in it",
			       dest, source);
	if (S_ISDIR(st.st_mode) != wants_folder(mount))
		return err_set(err, FAULT_USAGE, 0, "cannot mount at '%s': expected a %s in '%s'",
			       dest, wants_folder(mount) ? "folder" : "file", source);
	return 0;
}
