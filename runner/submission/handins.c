/* handins.c - from the words of a command line to one path for each submission. */
#include "submission/handins.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/mem.h"
#include "submission/sources.h"
#include "submission/submission.h"

struct finder {
	char *const *extensions;
	bool sole; /* a single path was named */
	char ***found;
	size_t n, cap; /* of *found: thousands are added one by one */
};

static void add_submission(struct finder *f, char *path)
{
	if (f->n + 1 >= f->cap) {
		f->cap = f->cap ? 2 * f->cap : 64;
		*f->found = mem_realloc(*f->found, f->cap * sizeof **f->found);
	}
	(*f->found)[f->n++] = path;
	(*f->found)[f->n] = NULL;
}

static int is_shown(const struct dirent *e)
{
	return e->d_name[0] != '.';
}

static bool is_work(const char *name, char *const *extensions)
{
	static const char *const names[] = { "Makefile", "makefile", "GNUmakefile", "run.sh" };
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return sources_ends_in(name, extensions);
}

/* Files that make a folder one submission (work) or many (archives): the first of each, NULL: none. */
struct signs {
	const char *work, *archive;
	int n_work, n_archives;
};

static mode_t kind_of(int dir, const struct dirent *e)
{
	struct stat st;
	if (e->d_type != DT_UNKNOWN)
		return (mode_t)DTTOIF(e->d_type);
	return fstatat(dir, e->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 ? 0 : st.st_mode & S_IFMT;
}

/* A submission may have such a link as its Makefile. A link out of the folder does not count. */
static bool is_inner_link(int dir, const char *name)
{
	char target[PATH_MAX];
	ssize_t n = readlinkat(dir, name, target, sizeof target - 1);
	target[n < 0 ? 0 : n] = '\0';
	return *target && *target != '/' && !strstr(target, "..");
}

static bool is_sign(int dir, const struct dirent *e)
{
	const mode_t kind = kind_of(dir, e);
	return S_ISREG(kind) || (S_ISLNK(kind) && is_inner_link(dir, e->d_name));
}

static struct signs find_signs(int dir, struct dirent **entries, int n, char *const *extensions)
{
	struct signs s = { .work = NULL };
	for (int i = 0; i < n; i++) {
		const char *name = entries[i]->d_name;
		if (!is_sign(dir, entries[i]))
			continue;
		if (is_work(name, extensions)) {
			s.work = s.work ?: name;
			s.n_work++;
		} else if (submission_suffix(name) > 0) {
			s.archive = s.archive ?: name;
			s.n_archives++;
		}
	}
	return s;
}

/* Of several folders each may be one submission with an archive of data. */
static bool is_unclear(const struct finder *f, const struct signs *s)
{
	return s->work && s->archive && (f->sole || s->n_archives > s->n_work);
}

/* Links are included: opening refuses them, which gives their student a result. */
static bool may_be_one(mode_t kind)
{
	return S_ISREG(kind) || S_ISDIR(kind) || S_ISLNK(kind);
}

static void free_entries(struct dirent **entries, int n)
{
	for (int i = 0; i < n; i++)
		free(entries[i]);
	free(entries);
}

static int one_or_many(const char *path, const struct signs *s, struct err *err)
{
	return err_set(
		err, FAULT_USAGE, 0,
		"the folder '%s' holds '%.80s', as one submission does, and "
		"archives such as '%.80s', as a class does; name the submissions themselves, or "
		"the folder above if it is one",
		path, s->work, s->archive);
}

static int add_entries(struct finder *f, const char *path, int dir, struct dirent **entries, int n,
		       struct err *err)
{
	const struct signs signs = find_signs(dir, entries, n, f->extensions);
	const size_t before = f->n;
	if (is_unclear(f, &signs))
		return one_or_many(path, &signs, err);
	if (signs.work)
		add_submission(f, mem_strdup(path));
	for (int i = 0; i < n && !signs.work; i++)
		if (may_be_one(kind_of(dir, entries[i])))
			add_submission(f, mem_printf("%s/%s", path, entries[i]->d_name));
	if (f->n == before)
		return err_set(err, FAULT_USAGE, 0, "the folder '%s' holds no submission", path);
	return 0;
}

static int add_folder(struct finder *f, const char *path, struct err *err)
{
	struct dirent **entries = NULL;
	AUTO_FD int dir = fd_open_unlinked(path, O_RDONLY | O_DIRECTORY);
	int n = dir < 0 ? -1 : scandirat(dir, ".", &entries, is_shown, alphasort);
	if (n < 0)
		return err_set(err, err_path_fault(errno), errno, "cannot read the folder '%s'",
			       path);
	int bad = add_entries(f, path, dir, entries, n, err);
	free_entries(entries, n);
	return bad;
}

static int add_path(struct finder *f, const char *path, struct err *err)
{
	struct stat st;
	AUTO_FREE char *whole = NULL;
	if (submission_resolve(path, &whole, err) < 0)
		return -1;
	if (lstat(whole, &st) < 0)
		return err_set(err, err_path_fault(errno), errno, "cannot find the submission '%s'",
			       path);
	if (strlen(whole) >= PATH_MAX)
		return err_set(err, FAULT_USAGE, ENAMETOOLONG, "'%s'", path);
	if (S_ISDIR(st.st_mode))
		return add_folder(f, whole, err);
	if (!S_ISREG(st.st_mode))
		return err_set(err, FAULT_USAGE, 0,
			       "submission '%s' is neither a file nor a folder", path);
	add_submission(f, ptr_steal(&whole));
	return 0;
}

static int add_list(struct finder *f, FILE *list, struct err *err)
{
	AUTO_FREE char *line = NULL;
	size_t size = 0;
	ssize_t len;
	for (size_t number = 1; (len = getline(&line, &size, list)) >= 0; number++) {
		while (len > 0 && (line[len - 1] == '\n' || line[len - 1] == '\r'))
			line[--len] = '\0';
		if (len > 0 && add_path(f, line, err) < 0)
			return err_wrap(err, "line %zu of the list", number);
	}
	return ferror(list) ? err_set(err, FAULT_INFRA, errno, "cannot read the list") : 0;
}

int handins_find(char *const *words, FILE *list, char *const *extensions, char ***ret,
		 struct err *err)
{
	struct finder f = { .extensions = extensions,
			    .found = ret,
			    .n = strv_len(*ret),
			    .sole = strv_len(words) == 1 && strcmp(words[0], "-") != 0 };
	f.cap = f.n + 1;
	for (; *words; words++) {
		int bad = strcmp(*words, "-") == 0 ? add_list(&f, list, err) :
						     add_path(&f, *words, err);
		if (bad)
			return -1;
	}
	return 0;
}
