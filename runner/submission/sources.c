/* sources.c - looks for sources in a work folder, through descriptors. */
#include "submission/sources.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/mem.h"

#define DEPTH_MAX 128 /* unpacking allows fewer; every level keeps a descriptor open */

struct scan {
	const struct languages *languages;
	struct sources found;
	size_t bytes;
};

static bool ends_in(const char *name, char *const *endings,
		    int (*compare)(const char *, const char *))
{
	size_t len = strlen(name);
	for (; *endings; endings++) {
		size_t n = strlen(*endings);
		if (len > n && compare(name + len - n, *endings) == 0)
			return true;
	}
	return false;
}

char *const sources_makefiles[] = { (char *)"GNUmakefile", (char *)"makefile", (char *)"Makefile",
				    NULL };

bool sources_ends_in(const char *name, char *const *endings)
{
	return ends_in(name, endings, strcasecmp);
}

const struct language *sources_row(const struct languages *l, const char *name)
{
	static int (*const compare[])(const char *, const char *) = { strcmp, strcasecmp };
	const char *slash = strrchr(name, '/');
	for (size_t how = 0; how < 2; how++)
		for (size_t i = 0; i < l->n; i++)
			if (ends_in(slash ? slash + 1 : name, l->rows[i].extensions, compare[how]))
				return &l->rows[i];
	return NULL;
}

static int add_source(struct scan *s, const char *path, struct err *err)
{
	struct sources *f = &s->found;
	s->bytes += strlen(path) + 1;
	if (f->n == SOURCES_MAX)
		return err_set_code(err, "submission.too_many_sources", FAULT_STUDENT, 0,
				    "more than %d source files", SOURCES_MAX);
	if (s->bytes > SOURCES_NAMES_MAX)
		return err_set_code(err, "submission.too_many_sources", FAULT_STUDENT, 0,
				    "the names of the source files have more than %u bytes",
				    SOURCES_NAMES_MAX);
	f->names = mem_realloc(f->names, (f->n + 2) * sizeof *f->names);
	f->names[f->n++] = mem_strdup(path);
	f->names[f->n] = NULL;
	return 0;
}

static int by_bytes(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Keeps the first ones by name, as folders are read in any order. */
static void add_other(struct scan *s, const char *path)
{
	char ***others = &s->found.others;
	strv_add(others, path);
	const size_t n = strv_len(*others);
	qsort(*others, n, sizeof **others, by_bytes);
	if (n > SOURCES_OTHERS_MAX) {
		free((*others)[n - 1]);
		(*others)[n - 1] = NULL;
	}
}

static int note_file(struct scan *s, const char *name, const char *path, struct err *err)
{
	const struct languages *l = s->languages;
	bool header = false;
	if (sources_ends_in(name, l->extensions))
		return add_source(s, path, err);
	for (size_t i = 0; i < l->n && !header; i++)
		header = sources_ends_in(name, l->rows[i].headers);
	if (!header)
		add_other(s, path);
	else if (!s->found.header)
		s->found.header = mem_strdup(path);
	return 0;
}

/* Folders of packers, build tools and package managers, whose files are generated or foreign. */
static bool is_skipped(const char *name)
{
	static const char *const names[] = { "__MACOSX", "CMakeFiles", "venv", "node_modules",
					     "__pycache__" };
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return name[0] == '.' || strncmp(name, "cmake-build-", 12) == 0;
}

static int scan_folder(struct scan *s, int parent, const char *name, const char *prefix, int depth,
		       struct err *err);

static int scan_entry(struct scan *s, int dir, const char *name, const char *prefix, int depth,
		      struct err *err)
{
	struct stat st;
	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot look at '%s%s' of the submission",
			       prefix, name);
	AUTO_FREE char *path = mem_printf("%s%s", prefix, name);
	if (S_ISREG(st.st_mode))
		return note_file(s, name, path, err);
	if (!S_ISDIR(st.st_mode))
		return 0;
	AUTO_FREE char *below = mem_printf("%s/", path);
	return scan_folder(s, dir, name, below, depth + 1, err);
}

static int scan_folder(struct scan *s, int parent, const char *name, const char *prefix, int depth,
		       struct err *err)
{
	if (depth > DEPTH_MAX)
		return err_set_code(err, "submission.too_deep", FAULT_STUDENT, 0,
				    "folders deeper than %d levels", DEPTH_MAX);
	AUTO_FD int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	AUTO_DIR DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir)
		return err_set(err, FAULT_INFRA, errno,
			       "cannot open the folder '%s' of the "
			       "submission",
			       prefix);
	fd = -1; /* it is the stream's now */
	for (;;) {
		errno = 0;
		struct dirent *e = readdir(dir);
		if (!e && errno)
			return err_set(err, FAULT_INFRA, errno,
				       "cannot read the folder '%s' of "
				       "the submission",
				       prefix);
		if (!e)
			return 0;
		if (is_skipped(e->d_name))
			continue;
		if (scan_entry(s, dirfd(dir), e->d_name, prefix, depth, err) < 0)
			return -1;
	}
}

int sources_find(int work_fd, const struct languages *l, struct sources *ret, struct err *err)
{
	struct scan s = { .languages = l };
	s.found.names = strv_dup(NULL);
	if (scan_folder(&s, work_fd, ".", "", 0, err) < 0) {
		sources_done(&s.found);
		return -1;
	}
	qsort(s.found.names, s.found.n, sizeof *s.found.names, by_bytes);
	*ret = s.found;
	return 0;
}

void sources_done(struct sources *s)
{
	strv_free(s->names);
	free(s->header);
	strv_free(s->others);
	memset(s, 0, sizeof *s);
}
