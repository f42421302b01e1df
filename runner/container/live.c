/* live.c - the marks of live runs, and what is done about those whose runner was killed.
 *
 * A mark is a text that only grows: lines of a key and its value, of which the last one counts.
 * So it can be read at any moment, without a lock: a line that is not whole yet has no newline.
 * Whether its runner lives is told by the lock alone, which the kernel drops with the process.
 */
#include "container/live.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/mem.h"

/* --- saying ------------------------------------------------------------------------------- */

static void add_line(struct buf *b, const char *key, const char *value)
{
	if (!value)
		return;
	buf_printf(b, "%s ", key);
	for (; *value; value++) {
		if (*value == '\n' || *value == '\\')
			buf_str(b, *value == '\n' ? "\\n" : "\\\\");
		else
			buf_add(b, value, 1);
	}
	buf_str(b, "\n");
}

/* The next write begins where this one did, unless all of it is there. */
static int say(struct live *l, const struct buf *b)
{
	ssize_t n = pwrite(l->fd, b->data, b->len, l->end);
	if (n == (ssize_t)b->len) {
		l->end += n;
		return 0;
	}
	int saved = n < 0 ? errno : ENOSPC;
	(void)!ftruncate(l->fd, l->end);
	errno = saved;
	return -1;
}

/* With its start time a process id names one process for ever; within one boot. */
static void add_runner(struct buf *b)
{
	AUTO_BUF boot = { 0 };
	int64_t start = 0;
	char state;
	live_process(getpid(), &state, &start);
	file_read(AT_FDCWD, "/proc/sys/kernel/random/boot_id", &boot, 64);
	buf_printf(b, "runner %ld\nstart %" PRId64 "\nowner %lu\ncreated %" PRId64 "\n",
		   (long)getpid(), start, (unsigned long)getuid(), clock_real_ns());
	if (boot.data)
		buf_printf(b, "boot %s", boot.data); /* its newline is there */
}

int live_begin(const struct places *p, const char *id, int interrupt_fd, struct live *ret,
	       struct err *err)
{
	struct live l = { .places = p, .control = CONTROL_NONE };
	AUTO_FREE char *path = mem_printf("%s/%s", p->live, id);
	AUTO_BUF text = { 0 };
	snprintf(l.id, sizeof l.id, "%s", id);
	/* Locked before it has its name, so that no sweep finds it unlocked. */
	AUTO_FD int fd = open(p->live, O_RDWR | O_TMPFILE | O_CLOEXEC, 0600);
	if (fd < 0 && errno == EOPNOTSUPP)
		fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	l.fd = fd;
	add_runner(&text);
	/* Waits for nobody but one who just looks whether it is locked. */
	if (fd < 0 || flock(fd, LOCK_EX) < 0 || say(&l, &text) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot make the record of a run in '%s'",
			       p->live);
	char self[64];
	snprintf(self, sizeof self, "/proc/self/fd/%d", fd);
	if (linkat(AT_FDCWD, self, AT_FDCWD, path, AT_SYMLINK_FOLLOW) < 0 && errno != EEXIST)
		return err_set(err, FAULT_INFRA, errno, "cannot rename the record of a run to '%s'",
			       path);
	if (control_open(p, id, interrupt_fd, &l.control, err) < 0) {
		unlink(path);
		return -1;
	}
	fd_steal(&fd);
	*ret = l;
	return 0;
}

void live_end(struct live *l)
{
	AUTO_FREE char *path = mem_printf("%s/%s", l->places->live, l->id);
	/* The mark last: what lies beside a mark is found by it. */
	control_close(l->places, l->id, &l->control);
	unlink(path);
	fd_close(&l->fd);
}

void live_describe(struct live *l, const struct run_result *r)
{
	AUTO_BUF b = { 0 };
	AUTO_FREE char *engine = r->engine.name ?
					 mem_printf("%s %s", r->engine.name, r->engine.version) :
					 NULL;
	add_line(&b, "submission", r->submission.name);
	add_line(&b, "assignment", r->assignment.name);
	add_line(&b, "image", r->image.name);
	add_line(&b, "profile", r->profile.name);
	add_line(&b, "engine", engine);
	add_line(&b, "log", r->log_path);
	say(l, &b);
}

void live_plan(struct live *l, const struct plan *plan)
{
	AUTO_BUF b = { 0 };
	buf_printf(&b, "plan %zu\n", plan->n);
	for (size_t i = 0; i < plan->n; i++)
		add_line(&b, "name", plan->steps[i].name);
	say(l, &b);
}

void live_box(struct live *l, pid_t init, const char *bundle, const char *oci_version)
{
	AUTO_BUF b = { 0 };
	/* From outside its mount namespace the bundle is reached through the runner. */
	AUTO_FREE char *path = mem_printf("/proc/%ld/root%s", (long)getpid(), bundle);
	add_line(&b, "bundle", path);
	add_line(&b, "oci", oci_version);
	buf_printf(&b, "init %ld\n", (long)init);
	say(l, &b);
}

void live_step(struct live *l, size_t index, int64_t log_begin)
{
	AUTO_BUF b = { 0 };
	buf_printf(&b, "step %zu %" PRId64 " %" PRId64 "\n", index, log_begin, clock_real_ns());
	say(l, &b);
}

/* --- sweeping ----------------------------------------------------------------------------- */

static int sweep_one(const struct places *p, int dirfd, const char *id,
		     int (*stored)(void *ctx, const char *id, struct err *err), void *ctx,
		     int *ret_swept, struct err *err)
{
	AUTO_FD int fd = openat(dirfd, id, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) < 0)
		return 0; /* alive, or swept by somebody else */
	int there = stored(ctx, id, err);
	if (there < 0)
		return -1;
	AUTO_FREE char *log = mem_printf("%s/%s.log", p->logs, id);
	if (!there && unlink(log) < 0 && errno != ENOENT)
		return err_set(err, FAULT_INFRA, errno, "cannot remove '%s'", log);
	control_remove(p, id);
	if (unlinkat(dirfd, id, 0) < 0 && errno != ENOENT)
		return err_set(err, FAULT_INFRA, errno, "cannot remove '%s/%s'", p->live, id);
	++*ret_swept;
	return 0;
}

/* A socket is made after its mark and goes before it: without a mark it belongs to no run. */
static int sweep_socket(const struct places *p, int dirfd, const char *name, int *ret_swept,
			struct err *err)
{
	struct stat st;
	AUTO_FREE char *id = mem_strndup(name, strcspn(name, "."));
	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISSOCK(st.st_mode) ||
	    fstatat(dirfd, id, &st, AT_SYMLINK_NOFOLLOW) == 0 || errno != ENOENT)
		return 0;
	if (unlinkat(dirfd, name, 0) < 0)
		return errno == ENOENT ? 0 :
					 err_set(err, FAULT_INFRA, errno, "cannot remove '%s/%s'",
						 p->live, name);
	++*ret_swept;
	return 0;
}

int live_sweep(const struct places *p, int (*stored)(void *ctx, const char *id, struct err *err),
	       void *ctx, int *ret_swept, struct err *err)
{
	AUTO_DIR DIR *dir = opendir(p->live);
	if (!dir)
		return errno == ENOENT ?
			       0 :
			       err_set(err, FAULT_INFRA, errno, "cannot read '%s'", p->live);
	/* Names with a dot are the sockets of a mark. */
	for (struct dirent *e; (e = readdir(dir));)
		if ((strchr(e->d_name, '.') ?
			     sweep_socket(p, dirfd(dir), e->d_name, ret_swept, err) :
			     sweep_one(p, dirfd(dir), e->d_name, stored, ctx, ret_swept, err)) < 0)
			return -1;
	return 0;
}
