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

struct finder {
	char *const *extensions;
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

static int add_folder(struct finder *f, const char *path, struct err *err)
{
	struct dirent **entries = NULL;
	const size_t before = f->n;
	bool one = false;
	int n = scandir(path, &entries, is_shown, alphasort);
	if (n < 0)
		return err_set(err, err_path_fault(errno), errno, "cannot read the folder '%s'", path);
	for (int i = 0; i < n && !one; i++)
		one = entries[i]->d_type != DT_DIR && is_work(entries[i]->d_name, f->extensions);
	if (one)
		add(f, mem_strdup(path));
	for (int i = 0; i < n && !one; i++) {
		AUTO_FREE char *entry = mem_printf("%s/%s", path, entries[i]->d_name);
		if (may_be_one(entry))
			add(f, ptr_steal(&entry));
	}
	free_entries(entries, n);
	if (f->n == before)
		return err_set(err, FAULT_USAGE, 0, "the folder '%s' holds no submission", path);
	return 0;
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
	struct finder f = { .extensions = extensions, .found = ret, .n = strv_len(*ret) };
	f.cap = f.n + 1;
	for (; *words; words++) {
		int bad = strcmp(*words, "-") == 0 ? add_list(&f, list, err) :
						    add_path(&f, *words, "", err);
		if (bad)
			return -1;
	}
	return 0;
}
