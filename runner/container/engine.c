/* engine.c - finds an OCI runtime, learns its version and what it can do. */
#include "container/engine.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/process.h"

#define VERSION_MAX 4096
#define VERSION_MS 10000

void engine_done(struct engine *e)
{
	free(e->name);
	free(e->path);
	free(e->version);
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

/* What the engine prints with these arguments. Return: 0, -1 when it cannot be started or fails. */
static int ask(const struct engine *e, char *const *argv, struct buf *ret, struct err *err)
{
	AUTO_FD int out = memfd_create("answer", MFD_CLOEXEC);
	AUTO_FD int pidfd = -1;
	pid_t pid;
	if (out < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot make a memory file");
	const struct engine_call call = { .socket = -1, .input = -1, .output = out, .errors = out };
	if (engine_spawn(e, argv, &call, &pid, &pidfd, err) < 0)
		return -1;
	struct pollfd p = { .fd = pidfd, .events = POLLIN };
	const int status = poll(&p, 1, VERSION_MS) <= 0 ? process_end(pid) : process_wait(pid);
	lseek(out, 0, SEEK_SET);
	if (status != 0 || fd_read_all(out, ret, VERSION_MAX) < 0 || !ret->data)
		return err_set(err, FAULT_INFRA, 0, "'%s' failed", e->path);
	return 0;
}

static int ask_version(struct engine *e, struct err *err)
{
	char *const argv[] = { e->path, (char *)"--version", NULL };
	AUTO_BUF text = { 0 };
	if (ask(e, argv, &text, NULL) < 0 || parse_version(e, text.data) < 0)
		return err_set_code(err, "engine.unusable", FAULT_INFRA, 0,
				    "'%s' is no OCI runtime: '%s --version' does not say NAME "
				    "version NUMBER; set MOULETTE_ENGINE to crun, runc or runsc",
				    e->path, e->path);
	return 0;
}

/* crun alone has the option; what it does is looked at whenever a box has started. */
static void ask_cgroups(struct engine *e)
{
	char *const argv[] = { e->path, (char *)ENGINE_LEAVES_CGROUPS, (char *)"--version", NULL };
	AUTO_BUF text = { 0 };
	e->leaves_cgroups = strcmp(e->name, "crun") == 0 && ask(e, argv, &text, NULL) == 0;
}

/* Lines of a kept answer: "crun version 1.8.1", "leaves cgroups: 1". */
static int parse_kept(struct engine *e, const char *text)
{
	int leaves = 0;
	const char *second = strchr(text, '\n');
	if (!second || sscanf(second + 1, "leaves cgroups: %d", &leaves) != 1 ||
	    parse_version(e, text) < 0)
		return -1;
	e->leaves_cgroups = leaves == 1;
	return 0;
}

/* Asking costs as much as a small test, so the answer is kept beside the file's identity. */
static int learn(const struct places *p, struct engine *e, struct err *err)
{
	struct stat st;
	if (stat(e->path, &st) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot look at the engine '%s'", e->path);
	AUTO_FREE char *file = mem_printf("%s/engine-%jx-%jx-%jx-%jx-%lx", p->run,
					  (uintmax_t)st.st_dev, (uintmax_t)st.st_ino,
					  (uintmax_t)st.st_size, (uintmax_t)st.st_mtim.tv_sec,
					  st.st_mtim.tv_nsec);
	AUTO_BUF text = { 0 };
	if (file_read(AT_FDCWD, file, &text, VERSION_MAX) == 0 && text.data &&
	    parse_kept(e, text.data) == 0)
		return 0;
	if (ask_version(e, err) < 0)
		return -1;
	ask_cgroups(e);
	/* By one write(2): a reader sees all of it or an empty file, and then asks itself. */
	AUTO_FREE char *lines = mem_printf("%s version %s\nleaves cgroups: %d\n", e->name,
					   e->version, e->leaves_cgroups);
	file_write(AT_FDCWD, file, lines);
	return 0;
}

void engine_set_plain(struct engine *e, const char *why)
{
	e->lean = false;
	snprintf(e->why_plain, sizeof e->why_plain, "%s", why);
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
	struct engine e = { 0 };
	e.path = search(p->engine);
	if (!e.path)
		return err_set_code(err, "engine.missing", FAULT_INFRA, errno,
				    "cannot find the engine '%s'; install one (apt-get install "
				    "crun) or set MOULETTE_ENGINE to a path", p->engine);
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
