/* health_container.c - what a container around us may refuse: capabilities, system calls, mounts, and
 * with which option docker would not. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/fd.h"
#include "base/rights.h"
#include "child/child.h"
#include "container/health.h"
#include "container/slot.h"

bool health_rights(struct health *h, const struct places *p)
{
	struct err err = { 0 };
	if (rights_boxes(p->uid_base, SLOTS_UIDS, &err) == 0) {
		health_add(h, FINDING_OK, "root",
			   "called by root, with the capabilities that boxes need");
		return true;
	}
	health_add(h, FINDING_PROBLEM,
		   strcmp(err.code, "host.capabilities") ? "root" : "capabilities", "%s", err.msg);
	return false;
}

/* --- system calls ------------------------------------------------------------------------- */

/* Of moulette, crun and runc, in forms that fail for their arguments and so do nothing. Which is
 * refused by a filter is seen by its error: EPERM, or ENOSYS where the kernel is new enough. */
static const struct {
	const char *name;
	long number;
	long args[5];
} calls[] = {
	{ "mount", SYS_mount, { 0, 0, 0, 0, 0 } },
	{ "umount2", SYS_umount2, { 0, -1 } },
	{ "pivot_root", SYS_pivot_root, { 0, 0 } },
	{ "unshare", SYS_unshare, { -1 } },
	{ "setns", SYS_setns, { -1, 0 } },
	{ "chroot", SYS_chroot, { 0 } },
	{ "sethostname", SYS_sethostname, { 0, -1 } },
	{ "fsopen", SYS_fsopen, { 0, -1 } },
	{ "fsconfig", SYS_fsconfig, { -1, -1, 0, 0, 0 } },
	{ "fsmount", SYS_fsmount, { -1, -1, 0 } },
	{ "open_tree", SYS_open_tree, { -1, 0, -1 } },
	{ "move_mount", SYS_move_mount, { -1, 0, -1, 0, -1 } },
	{ "mount_setattr", SYS_mount_setattr, { -1, 0, -1, 0, 0 } },
	{ "openat2", SYS_openat2, { -1, 0, 0, 0 } },
	{ "close_range", SYS_close_range, { 1, 0, 0 } },
	{ "pidfd_open", SYS_pidfd_open, { -1, 0 } },
	{ "memfd_create", SYS_memfd_create, { 0, -1 } },
	{ "seccomp", SYS_seccomp, { -1, 0, 0 } },
};
#define N_CALLS (sizeof calls / sizeof *calls)

static bool refused(size_t i)
{
	const long *a = calls[i].args;
	errno = 0;
	syscall(calls[i].number, a[0], a[1], a[2], a[3], a[4]);
	return errno == EPERM || errno == ENOSYS;
}

/* In a child: a filter may kill instead. The number of the first that is refused, N_CALLS for none. */
static int first_refused(void *ctx)
{
	size_t from = *(size_t *)ctx;
	while (from < N_CALLS && !refused(from))
		from++;
	return (int)from;
}

static bool look_at_calls(struct health *h)
{
	AUTO_BUF names = { 0 };
	for (size_t from = 0; from < N_CALLS; from++) {
		int got = child_try(CHILD_COPY, first_refused, &from);
		if (got < 0) {
			health_add(h, FINDING_PROBLEM, "system calls",
				   "a seccomp filter kills processes for calls that boxes need; in "
				   "docker add --security-opt seccomp=unconfined");
			return false;
		}
		from = (size_t)got;
		if (from < N_CALLS)
			buf_printf(&names, "%s%s", names.len ? ", " : "", calls[from].name);
	}
	if (names.len)
		health_add(h, FINDING_PROBLEM, "system calls",
			   "a seccomp filter refuses %s; in docker add --security-opt "
			   "seccomp=unconfined",
			   names.data);
	else
		health_add(h, FINDING_OK, "system calls", "all that boxes need are allowed");
	return names.len == 0;
}

/* --- mounts ------------------------------------------------------------------------------- */

static int try_mount(void *ctx)
{
	(void)ctx;
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("moulette", "/", "tmpfs", MS_NOSUID | MS_NODEV, "size=64k") < 0)
		return errno;
	return 0;
}

/* AppArmor's profile of docker forbids mount(2) to root, too. */
static bool look_at_mounts(struct health *h)
{
	int got = child_try(CHILD_COPY, try_mount, NULL);
	if (got == 0)
		return true;
	health_add(
		h, FINDING_PROBLEM, "mounts", "cannot mount in a mount namespace: %s; %s",
		got > 0 ? strerror(got) : "no child",
		got == EACCES || got == EPERM ?
			"a security module forbids it, as AppArmor's profile of docker: add --security-opt "
			"apparmor=unconfined" :
			"raise the numbers in /proc/sys/user");
	return false;
}

/* --- /proc -------------------------------------------------------------------------------- */

static int mount_proc(void *ctx)
{
	(void)ctx;
	return mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0 ? errno :
											    0;
}

/* As an engine does: in a user namespace with a pid namespace of its own. */
static int try_proc(void *ctx)
{
	if (unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID) < 0)
		return errno;
	int got = child_try(CHILD_COPY, mount_proc, ctx);
	return got < 0 ? ECHILD : got;
}

static void look_at_proc(struct health *h)
{
	int got = child_try(CHILD_COPY, try_proc, NULL);
	if (got == 0)
		health_add(h, FINDING_OK, "proc", "a box can have its own");
	else if (got == EPERM)
		health_add(h, FINDING_PROBLEM, "proc",
			   "the kernel does not let a box mount its own /proc, because parts "
			   "of this one are covered or read-only; in docker add "
			   "--security-opt systempaths=unconfined");
	else
		health_add(h, FINDING_PROBLEM, "proc", "a box cannot have its own /proc: %s",
			   got > 0 ? strerror(got) : "no child");
}

bool health_container(struct health *h)
{
	const bool calls_good = look_at_calls(h), mounts_good = look_at_mounts(h);
	if (!calls_good || !mounts_good)
		return false;
	look_at_proc(h);
	return true;
}
