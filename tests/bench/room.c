/* room.c - makes an image, bundles and assignments by the program that is measured. */
#include "bench/room.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/fd.h"
#include "base/mem.h"

#define IMAGE "busybox"
#define PROGRAM "/bin/busybox"
#define SCRIPT "echo " ROOM_SAYS "; exit 7"
#define CGROUPS "/sys/fs/cgroup"
#define LOG_MAX 65536

static char *word(const char *s)
{
	return (char *)(size_t)s;
}

static int make_bundle(const struct bench *b, const struct room *r, const char *bundle,
		       bool failing, struct err *err)
{
	const struct trial t = { .failing = failing };
	AUTO_FREE char *log = mem_printf("%s/log", r->path);
	char *const head[] = { word(b->moulette), word("bundle"), word("-i"),
			       word(IMAGE),       r->submission,  word("-o"),
			       word(bundle),      word("--"),     NULL };
	AUTO_STRV argv = strv_dup(head);
	room_program(&t, &argv);
	return bench_call(b, r->home, argv, log, err);
}

static int fill(const struct bench *b, const struct room *r, struct err *err)
{
	AUTO_FREE char *file = mem_printf("%s/answer.txt", r->submission);
	if (mkdir(r->state, 0700) < 0 || mkdir(r->path, 0711) < 0 ||
	    mkdir(r->submission, 0755) < 0 || file_write(AT_FDCWD, file, "42\n") < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot write '%s'", file);
	return make_bundle(b, r, r->bundle, false, err) < 0 ||
			       make_bundle(b, r, r->failing_bundle, true, err) < 0 ?
		       -1 :
		       0;
}

int room_open(const struct bench *b, struct room **ret, struct err *err)
{
	struct room *r = *ret = mem_alloc(sizeof *r);
	r->path = mem_printf("%s/room", b->scratch);
	r->home = mem_printf("%s/home", r->path);
	r->submission = mem_printf("%s/submission", r->path);
	r->bundle = mem_printf("%s/bundle", r->path);
	r->failing_bundle = mem_printf("%s/failing", r->path);
	r->rootfs = mem_printf("%s/rootfs", r->bundle);
	r->cgroup = mem_printf("bench-moulette-%d", (int)getpid());
	r->state = mem_printf("/run/%s", r->cgroup);
	return fill(b, r, err);
}

/* --- cgroups ------------------------------------------------------------------------------ */

bool room_cgroup(const struct room *r, const char *controller)
{
	AUTO_FREE char *path = mem_printf(CGROUPS "/%s/%s", controller, r->cgroup);
	return mkdir(path, 0755) == 0 || errno == EEXIST;
}

/* The room's own, what contenders made below it, and what a runtime that was hurried left of a
 * container, wherever it put that. All are empty: what ran in them has been waited for. */
static void remove_cgroups(const struct room *r)
{
	char *const tops[] = { (char *)CGROUPS, NULL };
	AUTO_FREE char *part = mem_printf("/%s", r->cgroup);
	FTS *walk = fts_open(tops, FTS_PHYSICAL | FTS_NOCHDIR | FTS_NOSTAT, NULL);
	FTSENT *e;
	while (walk && (e = fts_read(walk)))
		if (e->fts_info == FTS_DP && strstr(e->fts_path, part))
			rmdir(e->fts_path);
	if (walk)
		fts_close(walk);
}

void room_close(struct room *r)
{
	if (!r)
		return;
	remove_cgroups(r);
	tree_remove_at(AT_FDCWD, r->path);
	tree_remove_at(AT_FDCWD, r->state);
	char *const all[] = { r->path,           r->home,   r->submission, r->bundle,
			      r->failing_bundle, r->rootfs, r->cgroup,     r->state };
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		free(all[i]);
	free(r);
}

/* --- the work ----------------------------------------------------------------------------- */

void room_program(const struct trial *t, char ***argv)
{
	strv_add(argv, PROGRAM);
	strv_add(argv, t->failing ? "sh" : "echo");
	strv_add(argv, t->failing ? "-c" : ROOM_SAYS);
	if (t->failing)
		strv_add(argv, SCRIPT);
}

static char *assignment_text(int tests, bool failing)
{
	AUTO_BUF b = { 0 };
	buf_str(&b,
		"{\"name\": \"bench\", \"image\": \"" IMAGE "\", \"build\": [],\n \"tests\": [\n");
	for (int i = 0; i < tests; i++) {
		buf_printf(&b, "%s  {\"name\": \"%d\", \"stdout\": \"expected\", ", i ? ",\n" : "",
			   i);
		if (failing)
			buf_printf(&b,
				   "\"exit\": %d, \"run\": [\"" PROGRAM
				   "\", \"sh\", \"-c\", \"" SCRIPT "\"]}",
				   ROOM_FAILS_WITH);
		else
			buf_str(&b, "\"run\": [\"" PROGRAM "\", \"echo\", \"" ROOM_SAYS "\"]}");
	}
	buf_str(&b, "\n ]}\n");
	return buf_take(&b);
}

char *room_assignment(const struct room *r, int tests, bool failing, struct err *err)
{
	AUTO_FREE char *folder = mem_printf("%s/%s-%d", r->path, failing ? "fail" : "pass", tests);
	AUTO_FREE char *file = mem_printf("%s/assignment.json", folder);
	AUTO_FREE char *expected = mem_printf("%s/expected", folder);
	AUTO_FREE char *text = assignment_text(tests, failing);
	if (access(file, F_OK) == 0)
		return ptr_steal(&folder);
	if (mkdir(folder, 0755) == 0 && file_write(AT_FDCWD, expected, ROOM_SAYS "\n") == 0 &&
	    file_write(AT_FDCWD, file, text) == 0)
		return ptr_steal(&folder);
	err_set(err, FAULT_INFRA, errno, "cannot write '%s'", file);
	return NULL;
}

/* --- proof -------------------------------------------------------------------------------- */

static int said(const char *log, struct err *err)
{
	AUTO_BUF text = { 0 };
	if (file_read(AT_FDCWD, log, &text, LOG_MAX) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot read '%s'", log);
	if (text.data && strcmp(text.data, ROOM_SAYS "\n") == 0)
		return 0;
	return err_set(err, FAULT_INFRA, 0, "printed '%s', expected '" ROOM_SAYS "'",
		       text.data ? text.data : "");
}

int room_prove(const struct trial *t, struct err *err)
{
	struct trial failing = *t;
	struct work w = { .n = 0 };
	struct sample s;
	const int want = t->contender->fails_with ? t->contender->fails_with : ROOM_FAILS_WITH;
	failing.failing = true;
	if (said(t->log, err) < 0)
		return -1;
	int bad = t->contender->command(&failing, &w, err);
	if (!bad)
		bad = sample_run(&w, t->log, t->bench->interrupt_fd, &s, err);
	work_done(&w);
	if (bad)
		return -1;
	if (!WIFEXITED(s.status) || WEXITSTATUS(s.status) != want) {
		sample_failed(s.status, t->log, err);
		return err_wrap(err, "expected status %d", want);
	}
	return said(t->log, err);
}
