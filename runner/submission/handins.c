/* handins.c - from the words of a command line to one path for each submission. */
#include "submission/handins.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "submission/sources.h"
#include "submission/submission.h"

struct finder {
	char *const *extensions;
	bool sole; /* a single path was named */
	char ***found;
	size_t n, cap; /* of *found: thousands are added one by one */
};

static void add(struct finder *f, char *path)
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

/* What makes a folder one submission, and what makes it many; NULL: nothing. */
struct signs {
	const char *work, *archive;
	int n_work, n_archives;
};

static struct signs look(struct dirent **entries, int n, char *const *extensions)
{
	struct signs s = { .work = NULL };
	for (int i = 0; i < n; i++) {
		const char *name = entries[i]->d_name;
		if (entries[i]->d_type == DT_DIR)
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

/* Who names several folders may well mean a submission with an archive of data by each. */
static bool is_unclear(const struct finder *f, const struct signs *s)
{
	return s->work && s->archive && (f->sole || s->n_archives > s->n_work);
}

static bool may_be_one(const char *path)
{
	struct stat st;
	return stat(path, &st) < 0 || S_ISREG(st.st_mode) || S_ISDIR(st.st_mode);
}

static void free_entries(struct dirent **entries, int n)
{
	for (int i = 0; i < n; i++)
		free(entries[i]);
	free(entries);
}

static int one_or_many(const char *path, const struct signs *s, struct err *err)
{
	return err_set(err, FAULT_USAGE, 0, "the folder '%s' holds '%.80s', as one submission does, and "
		       "archives such as '%.80s', as a class does; name the submissions themselves, or "
		       "the folder above if it is one", path, s->work, s->archive);
}

static int add_entries(struct finder *f, const char *path, struct dirent **entries, int n,
		       struct err *err)
{
	const struct signs signs = look(entries, n, f->extensions);
	const size_t before = f->n;
	if (is_unclear(f, &signs))
		return one_or_many(path, &signs, err);
	if (signs.work)
		add(f, mem_strdup(path));
	for (int i = 0; i < n && !signs.work; i++) {
		AUTO_FREE char *entry = mem_printf("%s/%s", path, entries[i]->d_name);
		if (may_be_one(entry))
			add(f, ptr_steal(&entry));
	}
	if (f->n == before)
		return err_set(err, FAULT_USAGE, 0, "the folder '%s' holds no submission", path);
	return 0;
}

static int add_folder(struct finder *f, const char *path, struct err *err)
{
	struct dirent **entries = NULL;
	int n = scandir(path, &entries, is_shown, alphasort);
	if (n < 0)
		return err_set(err, err_path_fault(errno), errno, "cannot read the folder '%s'", path);
	int bad = add_entries(f, path, entries, n, err);
	free_entries(entries, n);
	return bad;
}

/* @where: for the message, "" or "line 3 of the list: ". */
static int add_path(struct finder *f, const char *path, const char *where, struct err *err)
{
	struct stat st;
	AUTO_FREE char *whole = realpath(path, NULL);
	if (!whole || stat(whole, &st) < 0)
		return err_set(err, err_path_fault(errno), errno, "%scannot find the submission '%s'",
			       where, path);
	if (strlen(whole) >= PATH_MAX)
		return err_set(err, FAULT_USAGE, ENAMETOOLONG, "%s'%s'", where, path);
	if (S_ISDIR(st.st_mode))
		return add_folder(f, whole, err);
	if (!S_ISREG(st.st_mode))
		return err_set(err, FAULT_USAGE, 0, "%ssubmission '%s' is neither a file nor a "
			       "folder", where, path);
	add(f, ptr_steal(&whole));
	return 0;
}

static int add_list(struct finder *f, FILE *list, struct err *err)
{
	AUTO_FREE char *line = NULL;
	size_t size = 0;
	ssize_t len;
	for (size_t number = 1; (len = getline(&line, &size, list)) >= 0; number++) {
		char where[48];
		while (len > 0 && (line[len - 1] == '\n' || line[len - 1] == '\r'))
			line[--len] = '\0';
		snprintf(where, sizeof where, "line %zu of the list: ", number);
		if (len > 0 && add_path(f, line, where, err) < 0)
			return -1;
	}
	return ferror(list) ? err_set(err, FAULT_INFRA, errno, "cannot read the list") : 0;
}

int handins_find(char *const *words, FILE *list, char *const *extensions, char ***ret,
		 struct err *err)
{
	struct finder f = { .extensions = extensions, .found = ret, .n = strv_len(*ret),
			    .sole = strv_len(words) == 1 && strcmp(words[0], "-") != 0 };
	f.cap = f.n + 1;
	for (; *words; words++) {
		int bad = strcmp(*words, "-") == 0 ? add_list(&f, list, err) :
						    add_path(&f, *words, "", err);
		if (bad)
			return -1;
	}
	return 0;
}
