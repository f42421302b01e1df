/* choice.c - chooses a row of the table of languages and fills in its words. */
#include "submission/choice.h"

#include <ctype.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/fd.h"
#include "base/mem.h"
#include "submission/sources.h"
#include "submission/submission.h"

#define CODE "submission.language"
#define BINARY "a.out"
#define SHOWN_SOURCES 3 /* names in a message; fewer than SOURCES_OTHERS_MAX */

static const char *first_of(const struct languages *l, const struct sources *s,
			    const struct language *row)
{
	for (size_t i = 0; i < s->n; i++)
		if (sources_row(l, s->names[i]) == row)
			return s->names[i];
	return NULL;
}

static bool is_allowed(const char *name, char *const *allowed)
{
	return !allowed || strv_has(allowed, name);
}

/* "c (main.c), python (x.py)": the first source of each language that was handed in. */
static void list_found(const struct languages *l, const struct sources *s, struct buf *b)
{
	for (size_t i = 0; i < l->n; i++) {
		const char *first = first_of(l, s, &l->rows[i]);
		if (first)
			buf_printf(b, "%s%s (%s)", b->len ? ", " : "", l->rows[i].name, first);
	}
}

/* "c (.c), python (.py)": the languages that are allowed, with their extensions. */
static void list_allowed(const struct languages *l, char *const *allowed, struct buf *b)
{
	for (size_t i = 0; i < l->n; i++) {
		const struct language *row = &l->rows[i];
		if (!is_allowed(row->name, allowed))
			continue;
		buf_printf(b, "%s%s (", b->len ? ", " : "", row->name);
		for (size_t k = 0; row->extensions[k]; k++)
			buf_printf(b, "%s%s", k ? " " : "", row->extensions[k]);
		buf_str(b, ")");
	}
}

/* ", only a.txt, b.zip (not unpacked), ...": files that are no sources. */
static void list_others(const struct sources *s, struct buf *b)
{
	for (size_t i = 0; s->others && s->others[i]; i++) {
		const char *path = s->others[i];
		if (i == SHOWN_SOURCES)
			buf_str(b, ", ...");
		else
			buf_printf(b, "%s%.60s%s", i ? ", " : ", only ", path,
				   submission_suffix(path) > 0 ? " (not unpacked)" : "");
	}
}

static char *nothing_fits(const struct languages *l, char *const *allowed, const struct sources *s)
{
	AUTO_BUF found = { 0 }, taken = { 0 };
	list_found(l, s, &found);
	list_allowed(l, allowed, &taken);
	if (found.len)
		return mem_printf("found %s, but the assignment takes %s", found.data, taken.data);
	if (s->header)
		return mem_printf("found the header '%.60s', but no source file; looked for %s",
				  s->header, taken.data);
	list_others(s, &found);
	return mem_printf("found no source file%s; looked for %s", found.len ? found.data : "",
			  taken.data);
}

static const struct language *preferred(const struct languages *l, char *const *allowed,
					const struct sources *s)
{
	for (; *allowed; allowed++) {
		const struct language *row = languages_find(l, *allowed);
		if (row && first_of(l, s, row))
			return row;
	}
	return NULL;
}

/* The only row with sources; a row that is not glue wins over glue rows. */
static int only_row(const struct languages *l, const struct sources *s, const struct language **ret,
		    struct err *err)
{
	const struct language *found = NULL;
	bool several = false;
	for (size_t i = 0; i < l->n; i++) {
		const struct language *row = &l->rows[i];
		if (!first_of(l, s, row) || (found && row->glue && !found->glue))
			continue;
		several = found && row->glue == found->glue;
		found = row;
	}
	if (several) {
		AUTO_BUF all = { 0 };
		list_found(l, s, &all);
		return err_set_code(err, CODE, FAULT_STUDENT, 0,
				    "sources of several languages: "
				    "%s; hand in one of them, or a Makefile where that is taken",
				    all.data);
	}
	*ret = found;
	return 0;
}

static bool is_folder(int work_fd, const char *name)
{
	struct stat st;
	return fstatat(work_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode);
}

/* An old program of that name is replaced by the build; a folder cannot be. */
static char *binary_name(int work_fd)
{
	char *name = mem_strdup(BINARY);
	for (unsigned i = 2; is_folder(work_fd, name); i++) {
		free(name);
		name = mem_printf(BINARY "-%u", i);
	}
	return name;
}

int choice_make(const struct languages *l, char *const *allowed, int work_fd, struct choice *ret,
		struct err *err)
{
	struct choice c = { .row = NULL };
	struct sources s = { .n = 0 };
	if (sources_find(work_fd, l, &s, err) < 0)
		return -1;
	int bad = 0;
	if (allowed)
		c.row = preferred(l, allowed, &s);
	else
		bad = only_row(l, &s, &c.row, err);
	if (!bad) {
		c.sources = strv_dup(NULL);
		for (size_t i = 0; c.row && i < s.n; i++)
			if (sources_row(l, s.names[i]) == c.row)
				strv_add(&c.sources, s.names[i]);
		c.binary = binary_name(work_fd);
		c.missing = c.row ? NULL : nothing_fits(l, allowed, &s);
		*ret = c;
	}
	sources_done(&s);
	return bad;
}

void choice_done(struct choice *c)
{
	strv_free(c->sources);
	free(c->binary);
	free(c->missing);
	memset(c, 0, sizeof *c);
}

/* --- words -------------------------------------------------------------------------------- */

/* A name must not read as an option ("-x.c") or as a file of options ("@x.c"). */
static char *as_argument(const char *name)
{
	unsigned char c = (unsigned char)name[0];
	return mem_printf("%s%s", isalnum(c) || c == '_' || c >= 0x80 ? "" : "./", name);
}

/* The source with one of the names in `mains`: at the top, else in any folder if the name is unique. */
static const char *known_main(const struct choice *c, int (*compare)(const char *, const char *))
{
	for (char *const *m = c->row->mains; *m; m++)
		for (char *const *s = c->sources; *s; s++)
			if (compare(*s, *m) == 0)
				return *s;
	for (char *const *m = c->row->mains; *m; m++) {
		const char *found = NULL;
		size_t n = 0;
		for (char *const *s = c->sources; *s; s++) {
			if (compare(path_last(*s), *m) != 0)
				continue;
			found = *s;
			n++;
		}
		if (n == 1)
			return found;
	}
	return NULL;
}

static int find_main(const struct choice *c, const char **ret, struct err *err)
{
	size_t n = strv_len(c->sources);
	*ret = n == 1 ? c->sources[0] : known_main(c, strcmp) ?: known_main(c, strcasecmp);
	if (*ret)
		return 0;
	AUTO_BUF names = { 0 }, found = { 0 };
	for (char *const *m = c->row->mains; *m; m++)
		buf_printf(&names, "%s%s", names.len ? ", " : "", *m);
	for (size_t i = 0; i < n && i < SHOWN_SOURCES; i++)
		buf_printf(&found, "%s%.60s", i ? ", " : "", c->sources[i]);
	return err_set_code(err, CODE, FAULT_STUDENT, 0,
			    "which of the %zu source files of %s is "
			    "the main one (%s%s)? expected a single one, or one named %s",
			    n, c->row->name, found.len ? found.data : "",
			    n > SHOWN_SOURCES ? ", ..." : "", names.len ? names.data : "nothing");
}

void choice_script(int work_fd, const char *path, char ***argv)
{
	static char *const bash[] = { ".bash", NULL };
	char head[2] = "";
	struct stat st;
	AUTO_FD int fd = fd_open_beneath(work_fd, path, O_RDONLY | O_NONBLOCK, 0);
	bool link = fd < 0 && fstatat(work_fd, path, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		    S_ISLNK(st.st_mode);
	bool hashbang = fd >= 0 && read(fd, head, 2) == 2 && memcmp(head, "#!", 2) == 0;
	AUTO_FREE char *itself = mem_printf("./%s", path), *argument = as_argument(path);
	if (!link && !hashbang)
		strv_add(argv, sources_ends_in(path, bash) ? "bash" : "/bin/sh");
	strv_add(argv, link || hashbang ? itself : argument);
}

/* @word with @value in the place of @mark; marks within the value stay. */
static void add_filled(char ***argv, const char *word, const char *mark, const char *value)
{
	const char *at = strstr(word, mark);
	AUTO_FREE char *filled = mem_printf("%.*s%s%s", (int)(at - word), word, value,
					    at + strlen(mark));
	strv_add(argv, filled);
}

/* Without a limit the word is left out. */
static void add_memory(char ***argv, const char *word, int64_t memory)
{
	char bytes[24];
	if (memory == LIMIT_UNSET)
		return;
	snprintf(bytes, sizeof bytes, "%" PRId64, memory);
	add_filled(argv, word, "{memory}", bytes);
}

static int add_word(const struct choice *c, int work_fd, int64_t memory, const char *word,
		    char ***argv, struct err *err)
{
	const char *main_source = NULL;
	bool script = strcmp(word, "{script}") == 0;
	if (strcmp(word, "{sources}") == 0) {
		for (char *const *s = c->sources; *s; s++) {
			AUTO_FREE char *argument = as_argument(*s);
			strv_add(argv, argument);
		}
	} else if (strstr(word, "{binary}")) {
		add_filled(argv, word, "{binary}", c->binary);
	} else if (strstr(word, "{memory}")) {
		add_memory(argv, word, memory);
	} else if (script || strstr(word, "{main}")) {
		if (find_main(c, &main_source, err) < 0)
			return -1;
		AUTO_FREE char *argument = as_argument(main_source);
		if (script)
			choice_script(work_fd, main_source, argv);
		else
			add_filled(argv, word, "{main}", argument);
	} else {
		strv_add(argv, word);
	}
	return 0;
}

int choice_words(const struct choice *c, int work_fd, int64_t memory, char *const *words,
		 char ***ret_argv, struct err *err)
{
	AUTO_STRV argv = strv_dup(NULL);
	for (; *words; words++)
		if (add_word(c, work_fd, memory, *words, &argv, err) < 0)
			return -1;
	strv_free(*ret_argv);
	*ret_argv = ptr_steal(&argv);
	return 0;
}
