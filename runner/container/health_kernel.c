/* health_kernel.c - what boxes need of the kernel: asked for, not looked up, wherever asking is safe. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/fd.h"
#include "base/kernel_calls.h"
#include "base/mem.h"
#include "child/child.h"
#include "container/cgroup.h"
#include "container/cgroup_leaf.h"
#include "container/health.h"

#define KERNEL_MAJOR 5 /* close_range(2) that sets close-on-exec */
#define KERNEL_MINOR 11

static void look_at_release(struct health *h)
{
	struct utsname u;
	int major = 0, minor = 0;
	uname(&u);
	sscanf(u.release, "%d.%d", &major, &minor);
	if (major > KERNEL_MAJOR || (major == KERNEL_MAJOR && minor >= KERNEL_MINOR))
		health_add(h, FINDING_OK, "kernel", "Linux %s", u.release);
	else
		health_add(h, FINDING_PROBLEM, "kernel",
			   "Linux %s is older than %d.%d; install a newer kernel", u.release,
			   KERNEL_MAJOR, KERNEL_MINOR);
}

static int try_namespaces(void *ctx)
{
	(void)ctx;
	const int all = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC |
			CLONE_NEWUTS | CLONE_NEWCGROUP;
	return unshare(all) < 0 ? errno : 0;
}

static void look_at_namespaces(struct health *h)
{
	int got = child_try(CHILD_COPY, try_namespaces, NULL);
	if (got == 0)
		health_add(h, FINDING_OK, "namespaces",
			   "user, mount, pid, network, ipc, uts, cgroup");
	else
		health_add(h, FINDING_PROBLEM, "namespaces",
			   "cannot make a user namespace with all others "
			   "in it: %s; %s",
			   got > 0 ? strerror(got) : "no child",
			   got == EPERM ?
				   "the kernel forbids it in a chroot, or a security module does" :
				   "raise the numbers in /proc/sys/user");
}

static int try_overlay(void *ctx)
{
	(void)ctx;
	return fsopen("overlay", FSOPEN_CLOEXEC) < 0 ? errno : 0;
}

static void look_at_overlay(struct health *h)
{
	int got = child_try(CHILD_COPY, try_overlay, NULL);
	if (got == 0)
		health_add(h, FINDING_OK, "overlayfs", "available");
	else if (got == ENODEV)
		health_add(h, FINDING_PROBLEM, "overlayfs",
			   "this kernel does not have it; modprobe overlay");
	else
		health_add(h, FINDING_PROBLEM, "overlayfs", "cannot be mounted here: %s",
			   got > 0 ? strerror(got) : "no child");
}

static bool first_line(const char *path, char *to, size_t size)
{
	AUTO_BUF text = { 0 };
	if (file_read(AT_FDCWD, path, &text, 1 << 20) < 0 || !text.data)
		return false;
	snprintf(to, size, "%.*s", (int)strcspn(text.data, "\n"), text.data);
	return true;
}

/* A pipe there starts a program of the host, as root, for a student's crash. */
static void look_at_cores(struct health *h)
{
	char pattern[256];
	if (!first_line("/proc/sys/kernel/core_pattern", pattern, sizeof pattern))
		return;
	if (pattern[0] == '|')
		health_add(h, FINDING_WARNING, "core files",
			   "each crash in a box starts '%s' on the host; to prevent it: "
			   "sysctl kernel.core_pattern=core",
			   pattern + 1);
	else
		health_add(h, FINDING_OK, "core files", "do not start a program");
}

void health_kernel(struct health *h, bool able)
{
	look_at_release(h);
	if (able && health_container(h)) {
		look_at_namespaces(h);
		look_at_overlay(h);
	}
	look_at_cores(h);
}

/* --- cgroups ------------------------------------------------------------------------------ */

static bool has_file(const struct cgroup_host *host, enum cgroup_controller c, const char *group,
		     const char *file)
{
	AUTO_FREE char *path = mem_printf("%s/%s/%s", host->root[c], group, file);
	return access(path, F_OK) == 0;
}

static bool has_swap(void)
{
	AUTO_BUF text = { 0 };
	if (file_read(AT_FDCWD, "/proc/swaps", &text, 1 << 20) < 0 || !text.data)
		return false;
	const char *line = strchr(text.data, '\n');
	return line && line[1];
}

/* Limits of the group in which this process was started hold for boxes only below it. */
static void look_at_base(struct health *h, const struct cgroup_host *host)
{
	AUTO_FREE char *own = cgroup_own(host);
	const char *above = *host->above[CG_MEMORY] ? host->above[CG_MEMORY] : "/";
	if (strcmp(own, "/") == 0)
		return;
	if (*host->base || strcmp(own, above) == 0)
		health_add(h, FINDING_OK, "base cgroup",
			   "boxes are below '%s' and within its limits", host->root[CG_MEMORY]);
	else
		health_add(h, FINDING_OK, "base cgroup",
			   "boxes are at the top of the hierarchy, beside the cgroup in which "
			   "moulette was started, so the limits of '%s' do not apply to them; "
			   "to change that, use cgroup v2 and Delegate=yes in a service",
			   own);
}

/* A leaf outlives its runs where another group needs the controllers that they enabled. */
static void look_at_leaf(struct health *h, const struct cgroup_host *host)
{
	if (cgroup_leaf_there(host))
		health_add(h, FINDING_OK, "leaf cgroup",
			   "processes of '%s' are in '%s' while boxes run or other "
			   "groups need its controllers",
			   host->root[CG_MEMORY], CGROUP_LEAF);
}

static void look_at_swap(struct health *h, const struct cgroup_host *host, const char *group)
{
	const char *file = host->v2 ? "memory.swap.max" : "memory.memsw.limit_in_bytes";
	if (has_file(host, CG_MEMORY, group, file))
		health_add(h, FINDING_OK, "swap", "limited together with memory");
	else if (!has_swap())
		health_add(h, FINDING_OK, "swap", "off");
	else
		health_add(h, FINDING_WARNING, "swap",
			   "on and not limited, so a box may use more than its memory limit; "
			   "swapoff -a, or boot with swapaccount=1");
}

static void look_at_sockets(struct health *h, const struct cgroup_host *host, const char *group)
{
	if (host->v2)
		health_add(h, FINDING_OK, "sockets", "their buffers are counted as memory");
	else if (has_file(host, CG_MEMORY, group, CGROUP_SOCKETS))
		health_add(h, FINDING_OK, "sockets",
			   "their buffers have a separate limit, as high as that of memory");
	else
		health_add(h, FINDING_WARNING, "sockets",
			   "this kernel does not limit their buffers with cgroup v1, so a box "
			   "may use more than its memory limit through them; boot with cgroup "
			   "v2");
}

/* What is not counted is null in a result. */
static void look_at_counters(struct health *h, const struct cgroup_host *host, const char *group)
{
	bool memory = !host->v2 || has_file(host, CG_MEMORY, group, "memory.peak");
	bool processes = has_file(host, CG_PIDS, group, "pids.peak");
	if (memory && processes)
		health_add(h, FINDING_OK, "counters", "memory, processes, CPU time");
	else
		health_add(h, FINDING_WARNING, "counters",
			   "this kernel does not measure the peak of%s%s%s; "
			   "Linux 6.1 does",
			   memory ? "" : " memory", memory || processes ? "" : " and",
			   processes ? "" : " processes");
}

/* A group like that of a box, for a moment. */
static void try_group(struct health *h, const struct cgroup_host *host)
{
	char group[64];
	struct err err = { 0 };
	struct cgroup_entry entry = { .n = 0 };
	struct cgroup_leaf leaf = CGROUP_LEAF_NONE;
	const struct cgroup_limits limits = { .memory_bytes = 64 << 20, .processes = 16 };
	snprintf(group, sizeof group, "moulette/doctor-%ld", (long)getpid());
	int bad = cgroup_leaf_enter(host, &leaf, &err) < 0 || cgroup_make(host, group, &err) < 0 ||
		  cgroup_entry_make(host, group, &limits, &entry, &err) < 0;
	cgroup_entry_close(&entry);
	if (bad) {
		health_add(h, FINDING_PROBLEM, "cgroups",
			   "%s; boxes need writable cgroups: in docker add --privileged, or "
			   "--security-opt writable-cgroups=true (before docker 28: "
			   "--cgroupns=host -v /sys/fs/cgroup:/sys/fs/cgroup:rw)",
			   err.msg);
	} else {
		look_at_swap(h, host, group);
		look_at_sockets(h, host, group);
		look_at_counters(h, host, group);
		health_cpu(h, host, group);
	}
	cgroup_remove(host, group, NULL);
	cgroup_leaf_leave(host, &leaf);
}

void health_cgroups(struct health *h, const struct places *p, bool able)
{
	struct cgroup_host host = { 0 };
	struct err err = { 0 };
	if (cgroup_host_find(&host, &err) < 0) {
		health_add(h, FINDING_PROBLEM, "cgroups",
			   "%s; mount it: mount -t cgroup -o NAME none "
			   "/sys/fs/cgroup/NAME, or boot with cgroup v2",
			   err.msg);
		return;
	}
	host.weight = p->cpu_weight;
	health_add(h, FINDING_OK, "cgroups", "version %s, with memory, pids, cpu%s",
		   host.v2             ? "2" :
		   host.hidden_unified ? "1 (hybrid)" :
					 "1",
		   host.v2 ? "" : ", cpuacct");
	look_at_base(h, &host);
	look_at_leaf(h, &host);
	if (able)
		try_group(h, &host);
	cgroup_host_done(&host);
}
