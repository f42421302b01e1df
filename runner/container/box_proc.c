/* box_proc.c - /proc of a box for engines that read /proc/sys in it while they start it.
 *
 * runc reads /proc/sys/kernel/cap_last_cap inside the container, since version 1.3, before it drops
 * capabilities; with subset=pid there is no such file. Such an engine mounts /proc whole. PID 1 of the
 * box then waits for the runner, which unmounts that and mounts what the config asked for.
 */
#include "container/box_proc.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/json.h"
#include "base/kernel_calls.h"
#include "base/mem.h"
#include "child/child.h"

#define SUBSET "subset=pid"
#define HIDEPID "hidepid="

/* @list without the texts that begin with @prefix. */
static struct json_object *without(struct json_object *list, const char *prefix, bool *ret_found)
{
	struct json_object *rest = json_object_new_array();
	for (size_t i = 0; list && i < json_object_array_length(list); i++) {
		struct json_object *text = json_object_array_get_idx(list, i);
		if (strncmp(json_object_get_string(text), prefix, strlen(prefix)) == 0)
			*ret_found = true;
		else
			json_object_array_add(rest, json_object_get(text));
	}
	return rest;
}

/* Masks below a /proc that is unmounted later would only be made in vain. */
static void drop_masks(struct json_object *config)
{
	static const char *const keys[] = { "maskedPaths", "readonlyPaths" };
	struct json_object *part = json_object_object_get(config, "linux");
	bool found = false;
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
		json_object_object_add(
			part, keys[i],
			without(json_object_object_get(part, keys[i]), "/proc/", &found));
}

static void note_options(struct json_object *options, struct box_proc *p)
{
	for (size_t i = 0; options && i < json_object_array_length(options); i++) {
		const char *text = json_object_get_string(json_object_array_get_idx(options, i));
		p->ro |= strcmp(text, "ro") == 0;
		if (strncmp(text, HIDEPID, strlen(HIDEPID)) == 0)
			snprintf(p->hidepid, sizeof p->hidepid, "%s", text + strlen(HIDEPID));
	}
}

int box_proc_open(const char *bundle, struct box_proc *p, struct err *err)
{
	AUTO_FREE char *path = mem_printf("%s/config.json", bundle);
	AUTO_JSON *config = NULL;
	bool asked = false;
	if (json_load(path, &config, err) < 0)
		return -1;
	struct json_object *proc = json_find(json_object_object_get(config, "mounts"),
					     "destination", "/proc");
	struct json_object *options = proc ? json_object_object_get(proc, "options") : NULL;
	note_options(options, p);
	options = without(options, SUBSET, &asked);
	if (!asked) { /* the profile wants it whole, or an earlier start has been here */
		json_object_put(options);
		return 0;
	}
	json_object_object_add(proc, "options", options);
	drop_masks(config);
	if (file_write(AT_FDCWD, path, json_object_to_json_string(config)) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot write '%s'", path);
	p->opened = true;
	return 0;
}

/* A mount of /proc shows the PID namespace of its maker. */
static int make_proc(const struct box_proc *p)
{
	AUTO_FD int fs = fsopen("proc", FSOPEN_CLOEXEC);
	if (fs < 0 || fsconfig(fs, FSCONFIG_SET_STRING, "source", "proc", 0) < 0 ||
	    fsconfig(fs, FSCONFIG_SET_STRING, "subset", "pid", 0) < 0 ||
	    (*p->hidepid && fsconfig(fs, FSCONFIG_SET_STRING, "hidepid", p->hidepid, 0) < 0) ||
	    (p->ro && fsconfig(fs, FSCONFIG_SET_FLAG, "ro", NULL, 0) < 0) ||
	    fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return -1;
	return fsmount(fs, FSMOUNT_CLOEXEC,
		       MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC |
			       (p->ro ? MOUNT_ATTR_RDONLY : 0));
}

struct place {
	const struct box_proc *proc;
	int mnt_ns, pid_ns;
};

/* Made outside: within the box the kernel wants a /proc that is visible whole for a new one. */
static int replace(void *place)
{
	const struct place *at = place;
	AUTO_FD int proc = make_proc(at->proc);
	if (proc < 0 || setns(at->mnt_ns, CLONE_NEWNS) < 0 || umount2("/proc", MNT_DETACH) < 0 ||
	    move_mount(proc, "", AT_FDCWD, "/proc", MOVE_MOUNT_F_EMPTY_PATH) < 0)
		return errno;
	return 0;
}

/* Return: 0 or an errno. */
static int as_child(int (*body)(void *place), struct place *at)
{
	const int bad = child_try(CHILD_COPY, body, at);
	return bad < 0 ? errno : bad;
}

/* Only a child that is born after it is within. */
static int enter_pids(void *place)
{
	struct place *at = place;
	return setns(at->pid_ns, CLONE_NEWPID) < 0 ? errno : as_child(replace, at);
}

int box_proc_close(const struct box_proc *p, int mnt_ns, int pid_ns, struct err *err)
{
	struct place at = { p, mnt_ns, pid_ns };
	const int bad = p->opened ? as_child(enter_pids, &at) : 0;
	return bad ? err_set(err, FAULT_INFRA, bad,
			     "cannot replace /proc of the box by one with " SUBSET
			     ", so nothing was run in it") :
		     0;
}
