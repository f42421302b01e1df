/* live_read.c - other processes' runs, by their marks. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/fd.h"
#include "base/mem.h"
#include "container/live.h"

#define MARK_MAX (16u << 20)

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int live_list(const struct places *p, char ***ret, struct err *err)
{
	AUTO_DIR DIR *dir = opendir(p->live);
	AUTO_STRV ids = strv_dup(NULL);
	if (!dir && errno != ENOENT)
		return err_set(err, FAULT_INFRA, errno, "cannot read '%s'", p->live);
	for (struct dirent *e; dir && (e = readdir(dir));)
		if (!strchr(e->d_name, '.') && strlen(e->d_name) < sizeof((struct live *)NULL)->id)
			strv_add(&ids, e->d_name);
	qsort(ids, strv_len(ids), sizeof *ids, by_name);
	*ret = ptr_steal(&ids);
	return 0;
}

int live_open(const struct places *p, const char *id, int *ret_fd, struct err *err)
{
	AUTO_FREE char *path = mem_printf("%s/%s", p->live, id);
	struct stat st;
	*ret_fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (*ret_fd < 0 && errno != ENOENT && errno != ELOOP)
		return err_set(err, FAULT_INFRA, errno, "cannot read the run record '%s'", path);
	/* A folder or the like is nothing of ours. */
	if (*ret_fd >= 0 && (fstat(*ret_fd, &st) < 0 || !S_ISREG(st.st_mode)))
		fd_close(ret_fd);
	return *ret_fd >= 0;
}

/* A shared lock, so that two who look do not take each other for the runner. */
static enum live_status look(int fd)
{
	struct stat st;
	if (flock(fd, LOCK_SH | LOCK_NB) < 0)
		return LIVE_ALIVE;
	flock(fd, LOCK_UN);
	return fstat(fd, &st) == 0 && st.st_nlink == 0 ? LIVE_OVER : LIVE_DIED;
}

static void unescape(char *s)
{
	char *to = s;
	for (; *s; s++) {
		if (*s == '\\' && s[1])
			*to++ = *++s == 'n' ? '\n' : *s;
		else
			*to++ = *s;
	}
	*to = '\0';
}

static void take_string(char **to, char *value)
{
	free(*to);
	*to = mem_strdup(value);
}

static void take_step(struct live_run *r, const char *value)
{
	struct live_step s = { .index = 0 };
	if (sscanf(value, "%zu %" SCNd64 " %" SCNd64, &s.index, &s.log_begin, &s.started_real_ns) !=
	    3)
		return;
	r->steps = mem_realloc(r->steps, (r->n_steps + 1) * sizeof *r->steps);
	r->steps[r->n_steps++] = s;
}

/* Keys of strings, and where they go. */
static char **string_of(struct live_run *r, const char *key)
{
	const struct {
		const char *key;
		char **to;
	} strings[] = {
		{ "boot", &r->boot },
		{ "submission", &r->submission },
		{ "assignment", &r->assignment },
		{ "image", &r->image },
		{ "profile", &r->profile },
		{ "engine", &r->engine },
		{ "log", &r->log_path },
		{ "bundle", &r->bundle },
		{ "oci", &r->oci_version },
	};
	for (size_t i = 0; i < sizeof strings / sizeof *strings; i++)
		if (strcmp(key, strings[i].key) == 0)
			return strings[i].to;
	return NULL;
}

static void take(struct live_run *r, const char *key, char *value)
{
	char **string = string_of(r, key);
	unescape(value);
	if (string)
		take_string(string, value);
	else if (strcmp(key, "runner") == 0)
		r->runner = (pid_t)strtol(value, NULL, 10);
	else if (strcmp(key, "start") == 0)
		r->runner_start = strtoll(value, NULL, 10);
	else if (strcmp(key, "owner") == 0)
		r->owner = (uid_t)strtoul(value, NULL, 10);
	else if (strcmp(key, "created") == 0)
		r->created_real_ns = strtoll(value, NULL, 10);
	else if (strcmp(key, "step") == 0)
		take_step(r, value);
	else if (strcmp(key, "name") == 0)
		strv_add(&r->plan, value);
	else if (strcmp(key, "plan") == 0) {
		strv_free(r->plan);
		r->plan = strv_dup(NULL);
	} else if (strcmp(key, "init") == 0) {
		r->init_pid = (pid_t)strtol(value, NULL, 10);
		r->running = true;
	}
}

static int read_mark(int fd, struct buf *b)
{
	char chunk[4096];
	ssize_t n;
	while ((n = pread(fd, chunk, sizeof chunk, (off_t)b->len)) > 0 && b->len < MARK_MAX)
		buf_add(b, chunk, (size_t)n);
	return n < 0 ? -1 : 0;
}

int live_load(int fd, const char *id, struct live_run *ret, struct err *err)
{
	AUTO_BUF text = { 0 };
	struct live_run r = { .status = look(fd) };
	snprintf(r.id, sizeof r.id, "%s", id);
	/* After the look: what a run said before it ended is read whole. */
	if (read_mark(fd, &text) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot read the record of run '%s'", id);
	char *line = text.data;
	for (char *end; line && (end = strchr(line, '\n')); line = end + 1) {
		*end = '\0';
		char *blank = strchr(line, ' ');
		if (!blank)
			continue;
		*blank = '\0';
		take(&r, line, blank + 1);
	}
	*ret = r;
	return 0;
}

int live_process(pid_t pid, char *ret_state, int64_t *ret_start)
{
	AUTO_FREE char *path = mem_printf("/proc/%ld/stat", (long)pid);
	AUTO_BUF stat = { 0 };
	if (file_read(AT_FDCWD, path, &stat, 4096) < 0 || !stat.data)
		return -1;
	/* Fields 3 and 22; the name, which may hold blanks, is field 2. */
	const char *after = strrchr(stat.data, ')');
	int n = !after ? 0 :
			 sscanf(after + 1,
				" %c %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s "
				"%*s %*s %*s %*s %*s %*s %" SCNd64,
				ret_state, ret_start);
	return n == 2 ? 0 : -1;
}

bool live_runner_stopped(const struct live_run *r)
{
	int64_t start;
	char state;
	return r->status == LIVE_ALIVE && live_process(r->runner, &state, &start) == 0 &&
	       start == r->runner_start && state == 'T';
}

int live_wait(int fd, struct err *err)
{
	while (flock(fd, LOCK_SH) < 0)
		if (errno != EINTR)
			return err_set(err, FAULT_INFRA, errno, "cannot wait for a run");
	flock(fd, LOCK_UN);
	return 0;
}
