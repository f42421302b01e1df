/* engine.c - finds an OCI runtime, learns its version and what it can do. */
#include "container/engine.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/rights.h"
#include "child/process.h"
#include "container/engine_words.h"

#define KEPT_MAX 4096

void engine_done(struct engine *e)
{
	free(e->name);
	free(e->path);
	free(e->version);
	free(e->kept);
	memset(e, 0, sizeof *e);
}

static char *search(const char *name)
{
	if (strchr(name, '/'))
		return realpath(name, NULL);
	const char *path = getenv("PATH");
	AUTO_FREE char *dirs = mem_printf("%s:%s", path ? path : "", &ENGINE_PATH[strlen("PATH=")]);
	char *save = NULL;
	for (char *dir = strtok_r(dirs, ":", &save); dir; dir = strtok_r(NULL, ":", &save)) {
		AUTO_FREE char *file = mem_printf("%s/%s", dir, name);
		struct stat st;
		if (dir[0] == '/' && stat(file, &st) == 0 && S_ISREG(st.st_mode) &&
		    access(file, X_OK) == 0)
			return realpath(file, NULL);
	}
	errno = ENOENT;
	return NULL;
}

/* "crun version 1.8.1", "runc version 1.1.5+ds1": the first line names both. */
static int parse_version(struct engine *e, const char *text)
{
	char name[32], version[64];
	if (sscanf(text, "%31s version %63s", name, version) != 2)
		return -1;
	if (strncmp(version, "release-", 8) == 0)
		memmove(version, version + 8, strlen(version + 8) + 1);
	free(e->name);
	free(e->version);
	e->name = mem_strdup(name);
	e->version = mem_strdup(version);
	return 0;
}

int engine_wait_ms(const struct engine *e)
{
	return (int)(ENGINE_MS * (e->patience > 1 ? e->patience : 1));
}

struct engine_clock engine_clock(int ms)
{
	const int64_t now = clock_mono_ns();
	return (struct engine_clock){ .end_ns = now + ms * NSEC_PER_MS,
				      .last_ns = now + ms * NSEC_PER_MS * ENGINE_BUSY };
}

int engine_clock_left(struct engine_clock *c, pid_t pid)
{
	const int64_t now = clock_mono_ns();
	if (now >= c->end_ns && now < c->last_ns && process_is_busy(pid))
		c->end_ns = now + NSEC_PER_SEC;
	/* Rounded up: 0 is the end. */
	return now >= c->end_ns ? 0 : (int)((c->end_ns - now + NSEC_PER_MS - 1) / NSEC_PER_MS);
}

/* Until the child has ended. -1: it hangs, or prints too much; *err is set. */
static int listen_to(const struct engine *e, pid_t pid, int pidfd, struct engine_words *words,
		     struct err *err)
{
	struct pollfd fds[] = { { .fd = pidfd, .events = POLLIN },
				{ .fd = words->fd, .events = POLLIN } };
	struct engine_clock clock = engine_clock(engine_wait_ms(e));
	while (!fds[0].revents) {
		const int left = engine_clock_left(&clock, pid);
		if (left == 0)
			return err_set_code(
				err, "engine.timeout", FAULT_INFRA, 0,
				"'%s --version' did not end within %d s; repair this engine, or "
				"set MOULETTE_ENGINE to another one",
				e->path, engine_wait_ms(e) / 1000);
		alive_for(e->alive, left * NSEC_PER_MS);
		poll(fds, 2, left);
		/* All writers have gone before the process has: nothing more is to be read. */
		if (fds[1].revents == POLLHUP)
			fds[1].fd = -1;
		if (!engine_words_take(words))
			return err_set_code(
				err, "engine.unusable", FAULT_INFRA, 0,
				"'%s --version' printed more than 1 MiB; repair this engine, or "
				"set MOULETTE_ENGINE to another one",
				e->path);
	}
	engine_words_take(words);
	return 0;
}

/* What the engine prints with these arguments. Return: 0, -1 when it cannot be started or fails; *err
 * has a code when it hangs or prints without end. */
static int ask(const struct engine *e, char *const *argv, struct engine_words *words,
	       struct err *err)
{
	AUTO_FD int theirs = -1;
	AUTO_FD int pidfd = -1;
	pid_t pid;
	if (engine_words_open(words, &theirs, err) < 0)
		return -1;
	const struct engine_call call = { .socket = -1,
					  .born_in = -1,
					  .input = -1,
					  .output = theirs,
					  .errors = theirs,
					  .alone = true };
	if (engine_spawn(e, argv, &call, &pid, &pidfd, err) < 0)
		return -1;
	fd_close(&theirs);
	int bad = listen_to(e, pid, pidfd, words, err);
	const int status = process_end(pid);
	if (!bad && status != 0)
		bad = err_set(err, FAULT_INFRA, 0, "'%s' failed", e->path);
	return bad;
}

static int ask_version(struct engine *e, struct err *err)
{
	char *const argv[] = { e->path, (char *)"--version", NULL };
	struct engine_words words = { .fd = -1 };
	struct err why = { .fault = FAULT_NONE };
	int bad = ask(e, argv, &words, &why);
	engine_words_close(&words);
	AUTO_FREE char *line = engine_words_line(&words);
	if (!bad && parse_version(e, line) == 0)
		return 0;
	if (*why.code) {
		*err = why;
		return -1;
	}
	return err_set_code(err, "engine.unusable", FAULT_INFRA, 0,
			    "'%s' is not an OCI runtime: '%s --version' does not print NAME "
			    "version NUMBER%s%s%s; set MOULETTE_ENGINE to crun, runc or runsc",
			    e->path, e->path, *line ? ", but '" : "", line, *line ? "'" : "");
}

/* crun alone has the option; what it does is looked at whenever a box has started. */
static void ask_cgroups(struct engine *e)
{
	char *const argv[] = { e->path, (char *)ENGINE_LEAVES_CGROUPS, (char *)"--version", NULL };
	struct engine_words words = { .fd = -1 };
	struct err why = { .fault = FAULT_NONE };
	e->leaves_cgroups = strcmp(e->name, "crun") == 0 && ask(e, argv, &words, &why) == 0;
	engine_words_close(&words);
}

/* Lines of a kept answer: "crun version 1.8.1", "leaves cgroups: 1", "reads /proc/sys: 0". */
static int parse_kept(struct engine *e, const char *text)
{
	int leaves = 0, reads = 0;
	const char *second = strchr(text, '\n');
	if (!second ||
	    sscanf(second + 1, "leaves cgroups: %d reads /proc/sys: %d", &leaves, &reads) != 2 ||
	    parse_version(e, text) < 0)
		return -1;
	e->leaves_cgroups = leaves == 1;
	e->reads_proc_sys = reads == 1;
	return 0;
}

/* By one write(2): a reader sees all of it or an empty file, and then asks itself. */
static void keep(const struct engine *e)
{
	AUTO_FREE char *lines =
		mem_printf("%s version %s\nleaves cgroups: %d\nreads /proc/sys: %d\n", e->name,
			   e->version, e->leaves_cgroups, e->reads_proc_sys);
	file_write(AT_FDCWD, e->kept, lines);
}

/* Asking costs as much as a small test, so the answer is kept beside the file's identity. */
static int learn(const struct places *p, struct engine *e, struct err *err)
{
	struct stat st;
	if (stat(e->path, &st) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot examine the engine '%s'", e->path);
	e->kept = mem_printf("%s/engine-%jx-%jx-%jx-%jx-%lx", p->run, (uintmax_t)st.st_dev,
			     (uintmax_t)st.st_ino, (uintmax_t)st.st_size,
			     (uintmax_t)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
	AUTO_BUF text = { 0 };
	if (file_read(AT_FDCWD, e->kept, &text, KEPT_MAX) == 0 && text.data &&
	    parse_kept(e, text.data) == 0)
		return 0;
	if (ask_version(e, err) < 0)
		return -1;
	ask_cgroups(e);
	keep(e);
	return 0;
}

void engine_set_reads_proc_sys(struct engine *e)
{
	e->reads_proc_sys = true;
	if (e->kept)
		keep(e);
}

void engine_set_plain(struct engine *e, const char *why)
{
	e->lean = false;
	snprintf(e->why_plain, sizeof e->why_plain, "%s", why);
}

/* Since 1.1 runc opens /proc/PID/ns/mnt of its child, which joined a network namespace and must not be
 * traced. Source: libcontainer of 1.1.0 (nsenter/nsexec.c) to 1.5.1 (process_linux.go); tried with 1.1.5,
 * 1.1.15 and 1.3.6. */
static bool looks_into_child(const struct engine *e)
{
	int major, minor;
	return strcmp(e->name, "runc") == 0 && sscanf(e->version, "%d.%d", &major, &minor) == 2 &&
	       (major > 1 || (major == 1 && minor >= 1));
}

int engine_rights(const struct engine *e, struct err *err)
{
	return looks_into_child(e) ? rights_trace(err) : 0;
}

/* At a path of its own: over the program itself it would be in the way of who binds all of /usr. */
void engine_pin(struct engine *e, const struct places *p)
{
	AUTO_FREE char *at = mem_printf("%s/%s", p->run, e->name);
	const unsigned long flags = MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV;
	if (strcmp(e->name, "crun") != 0)
		return;
	AUTO_FD int fd = open(at, O_RDONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0 || mount(e->path, at, NULL, MS_BIND, NULL) < 0)
		return;
	if (mount(NULL, at, NULL, MS_REMOUNT | flags, NULL) < 0) {
		umount2(at, MNT_DETACH);
		return;
	}
	free(e->path);
	e->path = ptr_steal(&at);
}

int engine_find(const struct places *p, struct engine *ret, struct err *err)
{
	struct engine e = { .patience = ret->patience, .alive = ret->alive };
	e.path = search(p->engine);
	if (!e.path)
		return err_set_code(err, "engine.missing", FAULT_INFRA, errno,
				    "cannot find the engine '%s'; install one ('apt-get install "
				    "crun'), or set MOULETTE_ENGINE to the path of one",
				    p->engine);
	if (learn(p, &e, err) < 0) {
		engine_done(&e);
		return -1;
	}
	e.hides_unified = strcmp(e.name, "crun") == 0;
	e.inherits_fds = strcmp(e.name, "runsc") != 0;
	e.lean = true;
	*ret = e;
	return 0;
}
