/* cgroup.c - finds the hierarchies of this host, makes and removes groups in them. */
#include "container/cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/mem.h"

#define MOUNTINFO_MAX (4u << 20)
#define REMOVE_WAIT_NS (10 * NSEC_PER_SEC)

static const char *const controllers[CG_COUNT] = { "memory", "pids", "cpuacct", "cpu" };

static bool has_word(const char *list, const char *word)
{
	size_t len = strlen(word);
	for (const char *p = list; (p = strstr(p, word)); p += len)
		if ((p == list || p[-1] == ',') && (p[len] == '\0' || p[len] == ','))
			return true;
	return false;
}

/* One line of mountinfo: "... ROOT MOUNTPOINT OPTIONS ... - TYPE SOURCE SUPEROPTIONS". */
static void take_line(struct cgroup_host *h, char *line, char **unified)
{
	char at[512], type[32], super[512];
	const char *tail = strstr(line, " - ");
	if (!tail || sscanf(line, "%*s %*s %*s %*s %511s", at) != 1 ||
	    sscanf(tail, " - %31s %*s %511s", type, super) != 2)
		return;
	if (strcmp(type, "cgroup2") == 0 && !*unified)
		*unified = mem_strdup(at);
	if (strcmp(type, "cgroup") != 0)
		return;
	strv_add(&h->hierarchies, at);
	for (int i = 0; i < CG_COUNT; i++)
		if (!h->root[i] && has_word(super, controllers[i]))
			h->root[i] = mem_strdup(at);
}

void cgroup_host_done(struct cgroup_host *h)
{
	for (int i = 0; i < CG_COUNT; i++)
		free(h->root[i]);
	strv_free(h->hierarchies);
	free(h->hidden_unified);
	memset(h, 0, sizeof *h);
}

static int check_host(const struct cgroup_host *h, struct err *err)
{
	for (int i = 0; i < CG_COUNT; i++)
		if (!h->root[i])
			return err_set_code(err, "cgroup.missing", FAULT_INFRA, 0,
					    "this host mounts no cgroup hierarchy with the "
					    "controller '%s'", controllers[i]);
	return 0;
}

int cgroup_host_find(struct cgroup_host *ret, struct err *err)
{
	struct cgroup_host h = { 0 };
	AUTO_FREE char *unified = NULL;
	AUTO_BUF text = { 0 };
	if (file_read(AT_FDCWD, "/proc/self/mountinfo", &text, MOUNTINFO_MAX) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot read /proc/self/mountinfo");
	char *save = NULL;
	for (char *line = strtok_r(text.data, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		take_line(&h, line, &unified);
	/* A v1 memory controller means a v1 or hybrid host, whatever else is mounted. */
	h.v2 = !h.root[CG_MEMORY] && unified;
	for (int i = 0; h.v2 && i < CG_COUNT; i++) {
		free(h.root[i]);
		h.root[i] = mem_strdup(unified);
	}
	if (h.v2) {
		strv_free(h.hierarchies);
		h.hierarchies = NULL;
		strv_add(&h.hierarchies, unified);
	} else {
		h.hidden_unified = ptr_steal(&unified);
	}
	if (check_host(&h, err) < 0) {
		cgroup_host_done(&h);
		return -1;
	}
	*ret = h;
	return 0;
}

/* The root group may lack a controller that is bound elsewhere: writing names one by one keeps
 * the others. */
static void enable_controllers(const char *dir)
{
	static const char *const words[] = { "+memory", "+pids", "+cpu" };
	AUTO_FREE char *file = mem_printf("%s/cgroup.subtree_control", dir);
	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		AUTO_FD int fd = open(file, O_WRONLY | O_CLOEXEC);
		if (fd >= 0 && write(fd, words[i], strlen(words[i])) < 0)
			continue; /* said below: the limit's file will be missing */
	}
}

/* Another runner may remove the common parent between two of our steps: then from the start. */
static int make_in(const char *root, const char *group, bool v2)
{
	for (int tries = 0; tries < 20; tries++) {
		AUTO_FREE char *path = mem_printf("%s/%s", root, group);
		int bad = 0;
		for (char *p = path + strlen(root); p && !bad; p = strchr(p + 1, '/')) {
			char *next = strchr(p + 1, '/');
			if (v2) {
				*p = '\0';
				enable_controllers(path);
				*p = '/';
			}
			if (next)
				*next = '\0';
			bad = mkdir(path, 0755) < 0 && errno != EEXIST ? errno : 0;
			if (next)
				*next = '/';
		}
		if (!bad)
			return 0;
		errno = bad;
		if (bad != ENOENT)
			return -1;
	}
	return -1;
}

int cgroup_make(const struct cgroup_host *h, const char *group, struct err *err)
{
	for (char **root = h->hierarchies; *root; root++)
		if (make_in(*root, group, h->v2) < 0)
			return err_set(err, FAULT_INFRA, errno, "cannot make the cgroup '%s/%s'",
				       *root, group);
	return 0;
}

static int set(const struct cgroup_host *h, enum cgroup_controller c, const char *group,
	       const char *file, const char *value, struct err *err)
{
	AUTO_FREE char *path = mem_printf("%s/%s/%s", h->root[c], group, file);
	AUTO_FD int fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || fd_write_all(fd, value, strlen(value)) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot write %s to '%s'", value, path);
	return 0;
}

static int set_i64(const struct cgroup_host *h, enum cgroup_controller c, const char *group,
		   const char *file, int64_t value, struct err *err)
{
	char text[32];
	snprintf(text, sizeof text, "%" PRId64, value);
	return set(h, c, group, file, text, err);
}

/* Source: Documentation/admin-guide/cgroup-v2.rst "cpu.weight"; the conversion is the one that
 * OCI runtimes use (2..262144 to 1..10000). */
static int64_t weight_of_shares(int64_t shares)
{
	return shares < 2 ? 1 : 1 + ((shares - 2) * 9999) / 262142;
}

int cgroup_set_cpu(const struct cgroup_host *h, const char *group, int64_t quota, int64_t period,
		   int64_t shares, struct err *err)
{
	if (h->v2) {
		char text[64];
		snprintf(text, sizeof text, "%" PRId64 " %" PRId64, quota, period);
		if (quota > 0 && set(h, CG_CPU, group, "cpu.max", text, err) < 0)
			return -1;
		return shares > 0 ? set_i64(h, CG_CPU, group, "cpu.weight",
					    weight_of_shares(shares), err) : 0;
	}
	if (quota > 0 && (set_i64(h, CG_CPU, group, "cpu.cfs_period_us", period, err) < 0 ||
			  set_i64(h, CG_CPU, group, "cpu.cfs_quota_us", quota, err) < 0))
		return -1;
	return shares > 0 ? set_i64(h, CG_CPU, group, "cpu.shares", shares, err) : 0;
}

static void pause_ms(int ms)
{
	const struct timespec t = { 0, ms * 1000000L };
	nanosleep(&t, NULL);
}

/* Sends SIGKILL to every process of the folder's group. Return: how many there were. */
static int kill_members(int dirfd)
{
	AUTO_BUF text = { 0 };
	int n = 0;
	/* An empty file is read without a kill; a group without the file has no members. */
	if (file_read(dirfd, "cgroup.procs", &text, MOUNTINFO_MAX) < 0 || !text.data)
		return 0;
	char *save = NULL;
	for (char *line = strtok_r(text.data, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		long pid = strtol(line, NULL, 10);
		if (pid > 1 && pid != getpid())
			kill((pid_t)pid, SIGKILL);
		n++;
	}
	return n;
}

void cgroup_kill(const struct cgroup_host *h, const char *group)
{
	AUTO_FREE char *path = mem_printf("%s/%s", h->root[CG_MEMORY], group);
	AUTO_FD int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0)
		kill_members(fd);
}

/* Bottom up; the depth is ours (three levels) and what an engine adds, so recursion is bounded by
 * the kernel's own limit on what was made. */
static int remove_below(int parent, const char *name, int64_t deadline)
{
	AUTO_FD int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return errno == ENOENT ? 0 : -1;
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	AUTO_DIR DIR *dir = copy < 0 ? NULL : fdopendir(copy);
	for (struct dirent *e; dir && (e = readdir(dir));)
		if (e->d_type == DT_DIR && e->d_name[0] != '.' &&
		    remove_below(fd, e->d_name, deadline) < 0)
			return -1;
	for (int wait = 1;; wait = wait < 20 ? wait * 2 : 20) {
		if (unlinkat(parent, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
			return 0;
		if (errno != EBUSY || clock_mono_ns() > deadline)
			return -1;
		kill_members(fd);
		pause_ms(wait);
	}
}

static int remove_in(const char *root, const char *group, int64_t deadline, struct err *err)
{
	int bad = 0;
	AUTO_FD int fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0 && remove_below(fd, group, deadline) < 0)
		bad = err_set(err, FAULT_INFRA, errno, "cannot remove the cgroup '%s/%s'", root,
			      group);
	/* The common parent goes with its last group. */
	const char *slash = strchr(group, '/');
	AUTO_FREE char *top = slash ? mem_strndup(group, (size_t)(slash - group)) : NULL;
	if (fd >= 0 && top)
		unlinkat(fd, top, AT_REMOVEDIR);
	return bad;
}

int cgroup_remove(const struct cgroup_host *h, const char *group, struct err *err)
{
	int64_t deadline = clock_mono_ns() + REMOVE_WAIT_NS;
	int bad = 0;
	for (char **root = h->hierarchies; root && *root; root++)
		bad |= remove_in(*root, group, deadline, err);
	/* We make nothing there, but runc does. */
	if (h->hidden_unified)
		bad |= remove_in(h->hidden_unified, group, deadline, err);
	return bad;
}
