/* health.c - findings about the host, the engine among them. */
#include "container/health.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/mem.h"
#include "child/child.h"
#include "container/engine.h"
#include "container/slot.h"

void health_add(struct health *h, enum finding_kind kind, const char *about, const char *fmt, ...)
{
	char text[1024];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	h->list = mem_realloc(h->list, (h->n + 1) * sizeof *h->list);
	struct finding *f = &h->list[h->n++];
	f->kind = kind;
	snprintf(f->about, sizeof f->about, "%s", about);
	err_escape(f->text, sizeof f->text, text, strlen(text));
}

void health_done(struct health *h)
{
	free(h->list);
	memset(h, 0, sizeof *h);
}

enum finding_kind health_worst(const struct health *h)
{
	enum finding_kind worst = FINDING_OK;
	for (size_t i = 0; i < h->n; i++)
		if (h->list[i].kind > worst)
			worst = h->list[i].kind;
	return worst;
}

/* --- the engine --------------------------------------------------------------------------- */

/* In a /run of our own: where the pin will be, there may be nothing yet. */
static int try_pin(void *ctx)
{
	const struct engine *found = ctx;
	const struct places own = { .run = (char *)"/run" };
	struct engine e = { .name = mem_strdup(found->name), .path = mem_strdup(found->path) };
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("moulette", own.run, "tmpfs", MS_NOSUID | MS_NODEV, "mode=755,size=1m") < 0)
		return 1;
	engine_pin(&e, &own);
	return strcmp(e.path, found->path) == 0;
}

static void look_at_mode(struct health *h, struct engine *e, bool plain, bool able)
{
	if (plain)
		health_add(h, FINDING_OK, "engine mode", "plain, as requested");
	else if (strcmp(e->name, "crun") != 0)
		health_add(h, FINDING_OK, "engine mode", "plain: %s cannot be started the fast way",
			   e->name);
	else if (!e->leaves_cgroups)
		health_add(h, FINDING_WARNING, "engine mode",
			   "plain for cgroups: '%s' does not know '%s', so a box takes longer "
			   "to start; install a newer crun",
			   e->path, ENGINE_LEAVES_CGROUPS);
	else if (able && child_try(CHILD_COPY, try_pin, e) != 0)
		health_add(h, FINDING_WARNING, "engine mode",
			   "lean, but '%s' cannot be mounted read-only, so it copies itself "
			   "at each start; find out what forbids mounts here",
			   e->path);
	else
		health_add(h, FINDING_OK, "engine mode",
			   "lean: cgroups are made by moulette, crun does "
			   "not copy itself");
}

void health_engine(struct health *h, const struct places *p, bool plain, bool able)
{
	struct engine e = { 0 };
	struct err err = { 0 };
	if (engine_find(p, &e, &err) < 0) {
		health_add(h, FINDING_PROBLEM, "engine", "%s", err.msg);
		return;
	}
	health_add(h, FINDING_OK, "engine", "%s %s, %s", e.name, e.version, e.path);
	health_holes(h, e.name, e.version);
	if (!e.inherits_fds)
		health_add(h, FINDING_WARNING, "engine",
			   "%s starts a container for each step, and does not limit or count "
			   "processes; use crun or runc for that",
			   e.name);
	if (engine_rights(&e, &err) < 0)
		health_add(h, FINDING_PROBLEM, "capabilities", "engine '%s': %s", e.name, err.msg);
	look_at_mode(h, &e, plain, able);
	engine_done(&e);
}

/* --- what is installed ---------------------------------------------------------------------- */

static void look_at_programs(struct health *h, const struct places *p)
{
	const char *const files[] = { p->init, p->unpack, p->image };
	for (size_t i = 0; i < sizeof files / sizeof *files; i++)
		if (access(files[i], X_OK) < 0) {
			health_add(h, FINDING_PROBLEM, "programs",
				   "cannot use '%s': %s; install moulette "
				   "again",
				   files[i], strerror(errno));
			return;
		}
	health_add(h, FINDING_OK, "programs", "%s, %s, %s", p->init, p->unpack, p->image);
}

/* --- state folders ------------------------------------------------------------------------ */

static bool look_at_folder(struct health *h, const char *path, mode_t mode, bool able)
{
	struct stat st;
	/* Missing ones are made when something is graded. */
	if (stat(path, &st) < 0 && errno == ENOENT)
		return true;
	if (stat(path, &st) < 0 || !S_ISDIR(st.st_mode)) {
		health_add(h, FINDING_PROBLEM, "folders",
			   "'%s' is not a usable folder; move it away", path);
		return false;
	}
	/* To others than root of the host an owner says nothing. */
	if (able && st.st_uid != geteuid())
		health_add(h, FINDING_WARNING, "folders",
			   "'%s' belongs to uid %ld, which can change its contents; "
			   "chown root '%s'",
			   path, (long)st.st_uid, path);
	else if (st.st_mode & ~mode & 022)
		health_add(h, FINDING_WARNING, "folders",
			   "other users can write to '%s', because its mode is %04o; "
			   "chmod %04o '%s'",
			   path, (unsigned)(st.st_mode & 07777), (unsigned)mode, path);
	else if (mode == 0700 && st.st_mode & 077)
		health_add(h, FINDING_WARNING, "folders",
			   "other users can read submissions in '%s', because its mode is "
			   "%04o; chmod %04o '%s'",
			   path, (unsigned)(st.st_mode & 07777), (unsigned)mode, path);
	else
		return true;
	return false;
}

/* The folder, or the nearest one above it where it is not made yet. */
static bool look_at_run(struct health *h, const char *path)
{
	AUTO_FREE char *at = mem_strdup(path);
	char *slash;
	while (access(at, F_OK) < 0 && (slash = strrchr(at, '/')) && slash != at)
		*slash = '\0';
	if (access(at, W_OK) == 0 || errno != EROFS)
		return true;
	health_add(h, FINDING_PROBLEM, "folders",
		   "'%s' cannot be %s: %s; mount '%s' writable, for example with "
		   "--tmpfs /run in docker",
		   path, strcmp(at, path) ? "made" : "used", strerror(EROFS), at);
	return false;
}

void health_folders(struct health *h, const struct places *p, bool able)
{
	const struct {
		const char *path;
		mode_t mode;
	} folders[] = {
		{ p->home, 0711 }, { p->images, 0711 }, { p->live, 0700 },
		{ p->logs, 0700 }, { p->run, 0711 },
	};
	struct err err = { 0 };
	bool good = look_at_run(h, p->run);
	for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
		good &= look_at_folder(h, folders[i].path, folders[i].mode, able);
	if (able && (places_check(p, &err) < 0 ||
		     (access(p->images, F_OK) == 0 && places_check_exec(p->images, &err) < 0))) {
		health_add(h, FINDING_PROBLEM, "folders", "%s", err.msg);
		good = false;
	}
	if (good)
		health_add(h, FINDING_OK, "folders", "%s, %s%s", p->home, p->run,
			   access(p->home, F_OK) < 0 ? " (to be made)" : "");
}

/* --- ids ---------------------------------------------------------------------------------- */

struct range {
	unsigned long long first, end;
};

static bool overlap(const struct range *a, unsigned long long first, unsigned long long count)
{
	return first < a->end && a->first < first + count;
}

/* Lines "NAME:FIRST:COUNT", or, of @passwd, "NAME:x:UID:..."; a file that is not there says nothing. */
static bool nobody_in(struct health *h, const struct range *boxes, const char *file, bool passwd)
{
	AUTO_BUF text = { 0 };
	char *save = NULL, name[64];
	bool good = true;
	if (file_read(AT_FDCWD, file, &text, 16 << 20) < 0 || !text.data)
		return true;
	for (char *line = strtok_r(text.data, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		unsigned long long first, count = 1;
		if (passwd ? sscanf(line, "%63[^:]:%*[^:]:%llu", name, &first) != 2 :
			     sscanf(line, "%63[^:]:%llu:%llu", name, &first, &count) != 3)
			continue;
		if (!overlap(boxes, first, count))
			continue;
		health_add(h, FINDING_WARNING, "ids",
			   "'%s' gives '%s' ids from %llu on, which boxes also use: that user "
			   "would own their processes; set another \"uid_base\" in "
			   "/etc/moulette.conf",
			   file, name, first);
		good = false;
	}
	return good;
}

void health_ids(struct health *h, const struct places *p, const char *const *subids,
		const char *passwd)
{
	const struct range boxes = { p->uid_base,
				     p->uid_base + (unsigned long long)SLOTS_MAX * SLOT_UIDS };
	bool good = nobody_in(h, &boxes, passwd, true);
	for (; *subids; subids++)
		good &= nobody_in(h, &boxes, *subids, false);
	if (good)
		health_add(h, FINDING_OK, "ids",
			   "boxes use uids and gids from %llu to %llu, which no other user has",
			   boxes.first, boxes.end - 1);
}

void health_look(const struct places *p, bool plain, struct health *ret)
{
	static const char *const subids[] = { "/etc/subuid", "/etc/subgid", NULL };
	memset(ret, 0, sizeof *ret);
	const bool able = health_rights(ret, p);
	health_kernel(ret, able);
	health_settings(ret, "");
	health_cgroups(ret, p, able);
	health_engine(ret, p, plain, able);
	look_at_programs(ret, p);
	health_ids(ret, p, subids, "/etc/passwd");
	health_folders(ret, p, able);
}
