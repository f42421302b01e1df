/* within.c - finds the archive or folder that a submission consists of, with only notes beside it. */
#include "submission/within.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/magic.h"
#include "base/mem.h"
#include "model/submission.h"
#include "submission/assignment.h"
#include "submission/sources.h"
#include "submission/submission.h"

#define LEVELS_MAX 2  /* folders that are entered */
#define DEPTH_MAX 128 /* unpacking allows fewer; every level keeps a descriptor open */

struct survey {
	const struct assignment *assignment;
	const struct languages *languages; /* NULL: sources are like other files */
	bool named;                        /* by the assignment: something of it */
	int sources, others, archives;
	char *first, *second; /* paths of archives, by name */
};

static void survey_done(struct survey *s)
{
	free(s->first);
	free(s->second);
}

/* --- what a name means --------------------------------------------------------------------- */

static bool is_one_of(const char *name, const char *const *names)
{
	for (; *names; names++)
		if (strcasecmp(name, *names) == 0)
			return true;
	return false;
}

static bool is_note(const char *name)
{
	static const char *const read[] = { "CMakeLists.txt", "requirements.txt", "robots.txt",
					    "index.html",     "index.htm",        NULL };
	static const char *const plain[] = { "README",  "LISEZMOI",  "LISEZ-MOI", "LIESMICH",
					     "LEEME",   "LEGGIMI",   "LICENSE",   "LICENCE",
					     "COPYING", "AUTHORS",   "AUTEURS",   "NOTES",
					     "TODO",    "CHANGELOG", NULL };
	static char *const endings[] = { ".txt", ".md",   ".markdown", ".rst", ".rtf",  ".pdf",
					 ".doc", ".docx", ".odt",      ".htm", ".html", ".url",
					 ".png", ".jpg",  ".jpeg",     ".gif", ".svg",  ".webloc",
					 ".eml", ".log",  NULL };
	if (is_one_of(name, read))
		return false;
	return name[0] == '.' || is_one_of(name, plain) || sources_ends_in(name, endings);
}

static bool is_word_char(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '-' || c == '.';
}

/* "hw1" in "./hw1/run", and not in "hw10". */
static bool word_names(const char *word, const char *name)
{
	const size_t len = strlen(name);
	for (const char *at = strstr(word, name); at; at = strstr(at + 1, name))
		if ((at == word || !is_word_char(at[-1])) && !is_word_char(at[len]))
			return true;
	return false;
}

static bool words_name(char *const *words, const char *name)
{
	for (; words && *words; words++)
		if (word_names(*words, name))
			return true;
	return false;
}

static bool steps_name(const struct step_spec *steps, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (words_name(steps[i].argv, name) || words_name(steps[i].args, name))
			return true;
	return false;
}

static bool is_named(const struct assignment *a, const char *name)
{
	for (size_t i = 0; a && i < a->n_files; i++)
		if (a->files[i].to[0] != '/' && word_names(a->files[i].to, name))
			return true;
	return a &&
	       (steps_name(a->build, a->n_build, name) || steps_name(a->tests, a->n_tests, name));
}

static bool is_source(const struct survey *s, const char *name)
{
	static const char *const names[] = { "Makefile", "GNUmakefile", "run.sh", NULL };
	return s->languages &&
	       (is_one_of(name, names) || sources_ends_in(name, s->languages->extensions) ||
		(assignment_has_commands(s->assignment) && !is_note(name)));
}

/* --- what lies there ----------------------------------------------------------------------- */

static int open_folder(int parent, const char *name, DIR **ret, struct err *err)
{
	int fd = openat(parent, *name ? name : ".",
			O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	*ret = fd < 0 ? NULL : fdopendir(fd);
	if (*ret)
		return 0;
	err_set(err, FAULT_INFRA, errno, "cannot open the folder '%s' of the submission", name);
	if (fd >= 0)
		close(fd);
	return -1;
}

/* The next name that is not junk; NULL at the end. */
static int next_name(DIR *dir, const char **ret, struct err *err)
{
	for (;;) {
		errno = 0;
		struct dirent *e = readdir(dir);
		if (!e && errno)
			return err_set(err, FAULT_INFRA, errno, "cannot list the submission");
		*ret = e ? e->d_name : NULL;
		if (!e || (strcmp(*ret, ".") != 0 && strcmp(*ret, "..") != 0 &&
			   !submission_is_junk(*ret)))
			return 0;
	}
}

static void add_archive(struct survey *s, const char *path)
{
	s->archives++;
	if (!s->first || strcmp(path, s->first) < 0) {
		free(s->second);
		s->second = s->first;
		s->first = mem_strdup(path);
	} else if (!s->second || strcmp(path, s->second) < 0) {
		free(s->second);
		s->second = mem_strdup(path);
	}
}

static void note_file(struct survey *s, const char *name, const char *path)
{
	if (is_source(s, name)) {
		s->sources++;
	} else if (submission_suffix(name) > 0) {
		add_archive(s, path);
	} else if (!is_note(name)) {
		s->others++;
	}
}

static int survey_folder(struct survey *s, int parent, const char *name, const char *path,
			 int depth, struct err *err);

/* @path: of the entry, for messages and as the path of an archive. */
static int survey_entry(struct survey *s, int dir, const char *name, const char *path, int depth,
			struct err *err)
{
	struct stat st;
	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot look at '%s' of the submission",
			       path);
	s->named = s->named || is_named(s->assignment, name);
	if (S_ISDIR(st.st_mode)) /* a hidden one is a tool's */
		return name[0] == '.' ? 0 : survey_folder(s, dir, name, path, depth + 1, err);
	if (S_ISREG(st.st_mode))
		note_file(s, name, path);
	else
		s->others++;
	return 0;
}

/* Folders are listed in any order, so the result must not depend on entries that were not read. A folder
 * with sources is graded, whatever else it contains. */
static bool is_settled(const struct survey *s)
{
	return s->languages ? s->sources > 0 : s->others > 0;
}

/* Reads entries until the result is settled. */
static int survey_folder(struct survey *s, int parent, const char *name, const char *path,
			 int depth, struct err *err)
{
	AUTO_DIR DIR *dir = NULL;
	const char *entry = NULL;
	if (depth > DEPTH_MAX) {
		s->others++;
		return 0;
	}
	if (open_folder(parent, name, &dir, err) < 0)
		return -1;
	while (!is_settled(s)) {
		if (next_name(dir, &entry, err) < 0)
			return -1;
		if (!entry)
			break;
		AUTO_FREE char *below = mem_printf("%s%s%s", path, *path ? "/" : "", entry);
		if (survey_entry(s, dirfd(dir), entry, below, depth, err) < 0)
			return -1;
	}
	return 0;
}

/* --- an archive ---------------------------------------------------------------------------- */

static int check_kind(int dest_fd, const char *path, struct err *err)
{
	char head[MAGIC_BYTES];
	AUTO_FD int fd = fd_open_beneath(dest_fd, path, O_RDONLY | O_NONBLOCK, 0);
	const ssize_t len = fd < 0 ? -1 : fd_pread_all(fd, head, sizeof head, 0);
	if (len < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot read '%s' of the submission", path);
	const enum magic is = magic_find(head, (size_t)len);
	if (is != MAGIC_7Z && is != MAGIC_RAR)
		return 0;
	return err_set_code(err, "archive.unsupported", FAULT_STUDENT, 0,
			    "'%.160s', of which the submission consists, is a %s archive, which is "
			    "not unpacked; accepted are tar (plain, .gz, .bz2, .xz, .zst) and zip",
			    path, is == MAGIC_7Z ? "7z" : "rar");
}

static int judge_archives(int dest_fd, struct survey *s, char **ret, struct err *err)
{
	if (s->archives == 0 || s->others > 0 || s->named)
		return 0;
	if (s->archives > 1)
		return err_set_code(
			err, "archive.several", FAULT_STUDENT, 0,
			"there are %d archives and nothing else to be graded, '%.120s' and "
			"'%.120s'%s; hand in a single one",
			s->archives, s->first, s->second, s->archives > 2 ? " among them" : "");
	if (check_kind(dest_fd, s->first, err) < 0)
		return -1;
	*ret = ptr_steal(&s->first);
	return 0;
}

int within_archive(int dest_fd, const char *top, const struct assignment *a, char **ret,
		   struct err *err)
{
	struct survey s = { .assignment = a };
	AUTO_FD int dir = fd_open_beneath(dest_fd, *top ? top : ".", O_PATH | O_DIRECTORY, 0);
	if (dir < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot enter '%s' of the submission", top);
	*ret = NULL;
	int bad = survey_folder(&s, dir, "", top, 0, err);
	if (!bad)
		bad = judge_archives(dest_fd, &s, ret, err);
	survey_done(&s);
	return bad;
}

int within_nested(const char *path, struct err *err)
{
	return err_set_code(
		err, "archive.nested", FAULT_STUDENT, 0,
		"'%.200s' is an archive in an archive that lies in another; pack the files "
		"themselves",
		path);
}

/* --- a folder ------------------------------------------------------------------------------ */

/* The content of a folder, to decide whether one of its folders is entered. */
struct choices {
	int with_sources, loose;
	bool stays; /* there is something that would be left behind */
	char *folder;
};

static int weigh_folder(const struct survey *like, int dir, const char *name, struct choices *c,
			struct err *err)
{
	struct survey s = { .assignment = like->assignment, .languages = like->languages };
	if (survey_folder(&s, dir, name, name, 0, err) < 0) {
		survey_done(&s);
		return -1;
	}
	if (s.sources > 0 && c->with_sources++ == 0)
		c->folder = mem_strdup(name);
	c->stays = c->stays || (s.sources == 0 && (s.others > 0 || s.named));
	survey_done(&s);
	return 0;
}

static int weigh_entry(const struct survey *like, int dir, const char *name, struct choices *c,
		       struct err *err)
{
	struct stat st;
	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot look at '%s' of the submission",
			       name);
	if (is_named(like->assignment, name)) {
		c->stays = true;
		return 0;
	}
	if (S_ISDIR(st.st_mode) && name[0] != '.')
		return weigh_folder(like, dir, name, c, err);
	c->loose++;
	c->stays = c->stays || S_ISLNK(st.st_mode) ||
		   !(is_note(name) || submission_suffix(name) > 0);
	return 0;
}

/* @ret: the folder of @at that is to be entered, owned; NULL: none. */
static int find_folder(const struct survey *like, int at, bool alone, char **ret, struct err *err)
{
	struct choices c = { .folder = NULL };
	AUTO_DIR DIR *dir = NULL;
	const char *name = NULL;
	int bad = open_folder(at, "", &dir, err);

	while (!bad && !c.stays) {
		bad = next_name(dir, &name, err);
		if (bad || !name)
			break;
		bad = weigh_entry(like, dirfd(dir), name, &c, err);
	}
	if (!bad && !c.stays && c.with_sources == 1 && (alone || c.loose > 0))
		*ret = ptr_steal(&c.folder);
	free(c.folder);
	return bad;
}

int within_folder(int dest_fd, const struct languages *l, const struct assignment *a, char *top,
		  size_t size, struct err *err)
{
	const struct survey like = { .assignment = a, .languages = l };
	for (int level = 0; level < LEVELS_MAX; level++) {
		AUTO_FREE char *name = NULL;
		AUTO_FD int at = fd_open_beneath(dest_fd, *top ? top : ".", O_PATH | O_DIRECTORY,
						 0);
		if (at < 0)
			return err_set(err, FAULT_INFRA, errno,
				       "cannot enter '%s' of the submission", top);
		/* At level 0 a single folder with nothing beside it stays: unpacking has entered it before. */
		if (find_folder(&like, at, level > 0, &name, err) < 0)
			return -1;
		const size_t len = strlen(top);
		if (!name || len + 1 + strlen(name) >= size)
			return 0;
		snprintf(top + len, size - len, "%s%s", len ? "/" : "", name);
	}
	return 0;
}
