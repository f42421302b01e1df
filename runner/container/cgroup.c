/* cgroup.c - finds the hierarchies of this host, makes groups in them. */
#include "container/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/kernel_calls.h"
#include "base/mem.h"
#include "model/places.h"

#define MOUNTINFO_MAX (4u << 20)

static const char *const controllers[CG_COUNT] = { "memory", "pids", "cpuacct", "cpu" };

static bool has_word(const char *list, const char *word)
{
	size_t len = strlen(word);
	for (const char *p = list; (p = strstr(p, word)); p += len)
		if ((p == list || p[-1] == ',') && (p[len] == '\0' || p[len] == ','))
			return true;
	return false;
}

/* The cgroup2 mount of a host that may turn out to be hybrid. */
struct unified {
	char *at, *above;
};

/* Is the mount @id what a path through its mount point leads to? Another one may lie over it. */
static bool is_visible(const char *at, unsigned long long id)
{
	struct statx st;
	return statx(AT_FDCWD, at, AT_NO_AUTOMOUNT, STATX_MNT_ID, &st) == 0 &&
	       (!(st.stx_mask & STATX_MNT_ID) || st.stx_mnt_id == id);
}

static void take_v1(struct cgroup_host *h, const char *at, const char *above, const char *super)
{
	strv_add(&h->hierarchies, at);
	if (!h->cpuset && has_word(super, "cpuset"))
		h->cpuset = mem_strdup(at);
	for (int i = 0; i < CG_COUNT; i++)
		if (!h->root[i] && has_word(super, controllers[i])) {
			h->root[i] = mem_strdup(at);
			h->above[i] = mem_strdup(above);
		}
}

/* One line of mountinfo: "ID PARENT DEVICE ROOT MOUNTPOINT OPTIONS ... - TYPE SOURCE SUPEROPTIONS". */
static void take_line(struct cgroup_host *h, char *line, struct unified *unified)
{
	char above[512], at[512], type[32], super[512];
	unsigned long long id;
	const char *tail = strstr(line, " - ");
	if (!tail || sscanf(line, "%llu %*s %*s %511s %511s", &id, above, at) != 3 ||
	    sscanf(tail, " - %31s %*s %511s", type, super) != 2 ||
	    strncmp(type, "cgroup", 6) != 0 || !is_visible(at, id))
		return;
	if (strcmp(above, "/") == 0)
		above[0] = '\0';
	if (strcmp(type, "cgroup2") == 0 && !unified->at)
		*unified = (struct unified){ mem_strdup(at), mem_strdup(above) };
	if (strcmp(type, "cgroup") == 0)
		take_v1(h, at, above, super);
}

void cgroup_host_done(struct cgroup_host *h)
{
	for (int i = 0; i < CG_COUNT; i++) {
		free(h->root[i]);
		free(h->above[i]);
	}
	strv_free(h->carriers);
	strv_free(h->hierarchies);
	free(h->hidden_unified);
	free(h->cpuset);
	free(h->base);
	if (h->has_pressure)
		close(h->pressure);
	memset(h, 0, sizeof *h);
}

/* Version 2 has CPU accounting without a controller. */
static int check_base(struct cgroup_host *h, struct err *err)
{
	AUTO_FREE char *file = mem_printf("%s/cgroup.controllers", h->root[CG_MEMORY]);
	AUTO_BUF text = { 0 };
	if (file_read(AT_FDCWD, file, &text, MOUNTINFO_MAX) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot read '%s'", file);
	for (char *p = text.data; p && *p; p++)
		if (*p == ' ' || *p == '\n')
			*p = ',';
	for (int i = 0; i < CG_COUNT; i++)
		if (i != CG_CPUACCT && (!text.data || !has_word(text.data, controllers[i])))
			return err_set_code(
				err, "cgroup.missing", FAULT_INFRA, 0,
				"the cgroup '%s' has no controller '%s': '%s' does not list it",
				h->root[i], controllers[i], file);
	if (text.data && has_word(text.data, "cpuset"))
		h->cpuset = mem_strdup(h->root[CG_CPU]);
	return 0;
}

static int check_host(struct cgroup_host *h, struct err *err)
{
	for (int i = 0; i < CG_COUNT; i++)
		if (!h->root[i])
			return err_set_code(
				err, "cgroup.missing", FAULT_INFRA, 0,
				"no cgroup hierarchy with the controller '%s' is mounted on this "
				"host",
				controllers[i]);
	return h->v2 ? check_base(h, err) : 0;
}

char *cgroup_path_in(const char *text, bool v2, enum cgroup_controller which)
{
	AUTO_FREE char *copy = mem_strdup(text);
	char *save = NULL;
	for (char *line = strtok_r(copy, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		char *list = strchr(line, ':'), *path = list ? strchr(list + 1, ':') : NULL;
		if (!path)
			continue;
		*path++ = '\0';
		if (v2 ? strcmp(line, "0:") == 0 : has_word(list + 1, controllers[which]))
			return mem_strdup(path);
	}
	return NULL;
}

static char *find_own(bool v2)
{
	AUTO_BUF text = { 0 };
	char *path = NULL;
	if (file_read(AT_FDCWD, "/proc/self/cgroup", &text, MOUNTINFO_MAX) == 0 && text.data)
		path = cgroup_path_in(text.data, v2, CG_MEMORY);
	return path ? path : mem_strdup("/");
}

char *cgroup_own(const struct cgroup_host *h)
{
	return find_own(h->v2);
}

char *cgroup_own_folder(const struct cgroup_host *h, enum cgroup_controller which)
{
	AUTO_BUF text = { 0 };
	const size_t base = strlen(h->base), above = strlen(h->above[which]) - base;
	if (file_read(AT_FDCWD, "/proc/self/cgroup", &text, MOUNTINFO_MAX) < 0 || !text.data)
		return NULL;
	AUTO_FREE char *path = cgroup_path_in(text.data, h->v2, which);
	if (!path || strncmp(path, h->above[which], above) != 0 || strncmp(path, "/..", 3) == 0)
		return NULL;
	return mem_printf("%.*s%s", (int)(strlen(h->root[which]) - base), h->root[which],
			  path + above);
}

/* The group of this process as a path below the mount point; "" where the mount does not show it. */
static char *own_below(const struct unified *unified)
{
	AUTO_FREE char *path = find_own(true);
	size_t len = strlen(unified->above);
	/* "/.." leads out of this process's cgroup namespace. */
	if (strncmp(path, unified->above, len) != 0 || path[len] != '/' || !path[len + 1] ||
	    strncmp(path, "/..", 3) == 0)
		return mem_strdup("");
	return mem_strdup(path + len);
}

static void set_base(struct cgroup_host *h, const char *mount, const char *above, const char *base)
{
	for (int i = 0; i < CG_COUNT; i++) {
		free(h->root[i]);
		free(h->above[i]);
		h->root[i] = mem_printf("%s%s", mount, base);
		h->above[i] = mem_printf("%s%s", above, base);
	}
	free(h->base);
	h->base = mem_strdup(base);
	strv_free(h->hierarchies);
	h->hierarchies = NULL;
	strv_add(&h->hierarchies, h->root[0]);
}

static void take_unified(struct cgroup_host *h, const struct unified *unified)
{
	AUTO_FREE char *own = own_below(unified);
	AUTO_FREE char *base = cgroup_base_find(unified->at, own);
	set_base(h, unified->at, unified->above, base);
}

/* Hierarchies that are mounted together count once. */
static void find_carriers(struct cgroup_host *h)
{
	for (int i = 0; i < CG_COUNT; i++) {
		bool seen = false;
		for (int k = 0; k < i; k++)
			seen |= strcmp(h->root[i], h->root[k]) == 0;
		if (!seen)
			strv_add(&h->carriers, h->root[i]);
	}
}

/* cgroup2 counts what a group waits for without any controller: on a hybrid host where it is mounted,
 * else by a mount of its own that has no place in the file system. */
static void find_pressure(struct cgroup_host *h)
{
	AUTO_FD int fd = h->hidden_unified ?
				 open(h->hidden_unified, O_RDONLY | O_DIRECTORY | O_CLOEXEC) :
				 -1;
	if (fd < 0) {
		AUTO_FD int fs = fsopen("cgroup2", FSOPEN_CLOEXEC);
		if (fs >= 0 && fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) == 0)
			fd = fsmount(fs, FSMOUNT_CLOEXEC,
				     MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
	}
	h->has_pressure = fd >= 0;
	h->pressure = fd_steal(&fd);
}

int cgroup_host_find(struct cgroup_host *ret, struct err *err)
{
	struct cgroup_host h = { .weight = CPU_WEIGHT_DEFAULT };
	struct unified unified = { NULL, NULL };
	AUTO_BUF text = { 0 };
	if (file_read(AT_FDCWD, "/proc/self/mountinfo", &text, MOUNTINFO_MAX) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot read /proc/self/mountinfo");
	char *save = NULL;
	for (char *line = strtok_r(text.data, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save))
		take_line(&h, line, &unified);
	/* One controller of version 1 means a v1 or hybrid host, whatever else is mounted. */
	h.v2 = unified.at != NULL;
	for (int i = 0; i < CG_COUNT; i++)
		h.v2 = h.v2 && !h.root[i];
	if (h.v2) {
		take_unified(&h, &unified);
	} else {
		h.hidden_unified = ptr_steal(&unified.at);
		h.base = mem_strdup("");
	}
	free(unified.at);
	free(unified.above);
	if (check_host(&h, err) < 0) {
		cgroup_host_done(&h);
		return -1;
	}
	find_carriers(&h);
	if (!h.v2)
		find_pressure(&h);
	*ret = h;
	return 0;
}

void cgroup_host_at(const struct cgroup_host *h, const char *base, struct cgroup_host *ret)
{
	*ret = (struct cgroup_host){ .v2 = h->v2,
				     .hidden_unified = mem_strdup(h->hidden_unified),
				     .weight = h->weight };
	if (h->v2) {
		const size_t len = strlen(h->base);
		AUTO_FREE char *mount = mem_strndup(h->root[0], strlen(h->root[0]) - len);
		AUTO_FREE char *above = mem_strndup(h->above[0], strlen(h->above[0]) - len);
		set_base(ret, mount, above, base);
		ret->cpuset = h->cpuset ? mem_strdup(ret->root[CG_CPU]) : NULL;
	} else {
		for (int i = 0; i < CG_COUNT; i++) {
			ret->root[i] = mem_strdup(h->root[i]);
			ret->above[i] = mem_strdup(h->above[i]);
		}
		ret->base = mem_strdup("");
		ret->cpuset = mem_strdup(h->cpuset);
		ret->hierarchies = strv_dup(h->hierarchies);
		ret->pressure = h->has_pressure ? fcntl(h->pressure, F_DUPFD_CLOEXEC, 3) : -1;
		ret->has_pressure = ret->pressure >= 0;
	}
	find_carriers(ret);
}

/* The root group may lack a controller that is bound elsewhere: writing names one by one keeps
 * the others. */
static void enable_controllers(const char *dir)
{
	static const char *const words[] = { "+memory", "+pids", "+cpu", "+cpuset" };
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
	AUTO_FREE char *whole = mem_printf("%s/%s", root, group);
	/* Mostly all but the last folder are there; on v2 the way down is to be prepared. */
	if (!v2 && (mkdir(whole, 0755) == 0 || errno == EEXIST))
		return 0;
	for (int tries = 0; tries < 20; tries++) {
		AUTO_FREE char *path = mem_strdup(whole);
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

static int make_below(char *const *roots, const char *group, bool v2, struct err *err)
{
	for (; *roots; roots++)
		if (make_in(*roots, group, v2) < 0)
			return err_set(err, FAULT_INFRA, errno, "cannot make the cgroup '%s/%s'",
				       *roots, group);
	return 0;
}

int cgroup_make(const struct cgroup_host *h, const char *group, struct err *err)
{
	return make_below(h->carriers, group, h->v2, err);
}

int cgroup_make_everywhere(const struct cgroup_host *h, const char *group, struct err *err)
{
	return make_below(h->hierarchies, group, h->v2, err);
}

int cgroup_write(const struct cgroup_host *h, enum cgroup_controller c, const char *group,
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
	return cgroup_write(h, c, group, file, text, err);
}

/* Source: Documentation/admin-guide/cgroup-v2.rst "cpu.weight": 1 to 10000, 100 is usual; of shares, which
 * are at least 2, 1024 are. */
int cgroup_set_shares(const struct cgroup_host *h, const char *group, int64_t shares,
		      struct err *err)
{
	const int64_t weight = shares * 100 / CGROUP_SHARES;
	if (h->v2)
		return set_i64(h, CG_CPU, group, "cpu.weight",
			       weight < 1     ? 1 :
			       weight > 10000 ? 10000 :
						weight,
			       err);
	return set_i64(h, CG_CPU, group, "cpu.shares",
		       shares > CGROUP_SHARES_MAX ? CGROUP_SHARES_MAX : shares, err);
}

#define NO_LIMIT INT64_C(9223372036854771712) /* of a new group */

void cgroup_keep_sockets(const struct cgroup_host *h)
{
	AUTO_FREE char *file = mem_printf("%s/" CGROUP_PARENT "/" CGROUP_SOCKETS,
					  h->root[CG_MEMORY]);
	int64_t now = 0;
	if (!h->v2 && file_read_i64(AT_FDCWD, file, &now) == 0 && now == NO_LIMIT)
		set_i64(h, CG_MEMORY, CGROUP_PARENT, CGROUP_SOCKETS, CGROUP_SOCKETS_KEPT, NULL);
}

static int set_quota(const struct cgroup_host *h, const char *group, int64_t quota, int64_t period,
		     struct err *err)
{
	if (h->v2) {
		char text[64];
		snprintf(text, sizeof text, "%" PRId64 " %" PRId64, quota, period);
		return cgroup_write(h, CG_CPU, group, "cpu.max", text, err);
	}
	return set_i64(h, CG_CPU, group, "cpu.cfs_period_us", period, err) < 0 ?
		       -1 :
		       set_i64(h, CG_CPU, group, "cpu.cfs_quota_us", quota, err);
}

int cgroup_set_cpu(const struct cgroup_host *h, const char *group, int64_t quota, int64_t period,
		   int64_t shares, struct err *err)
{
	if (quota > 0 && set_quota(h, group, quota, period, err) < 0)
		return -1;
	return shares > 0 ? cgroup_set_shares(h, group, shares, err) : 0;
}
