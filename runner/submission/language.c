/* language.c - reads the table of languages. */
#include "submission/language.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json_table.h"
#include "base/mem.h"
#include "submission/keys.h"

static void language_done(struct language *l)
{
	free(l->name);
	strv_free(l->extensions);
	strv_free(l->headers);
	strv_free(l->build);
	strv_free(l->newer);
	strv_free(l->check);
	free(l->probe);
	strv_free(l->run);
	strv_free(l->mains);
}

void languages_done(struct languages *l)
{
	for (size_t i = 0; i < l->n; i++)
		language_done(&l->rows[i]);
	free(l->rows);
	strv_free(l->extensions);
	memset(l, 0, sizeof *l);
}

const struct language *languages_find(const struct languages *l, const char *name)
{
	for (size_t i = 0; i < l->n; i++)
		if (strcmp(l->rows[i].name, name) == 0)
			return &l->rows[i];
	return NULL;
}

static bool begins_with_word(char *const *words, const char *word)
{
	return words && strcmp(words[0], word) == 0;
}

const struct language *languages_compiler(const struct languages *l, const char *program)
{
	for (size_t i = 0; i < l->n; i++) {
		const struct language *row = &l->rows[i];
		if (row->probe && (begins_with_word(row->build, program) ||
				   begins_with_word(row->check, program)))
			return row;
	}
	return NULL;
}

/* {sources} and {script} stand alone, as they may become several words. */
static bool is_word(const char *word)
{
	const char *brace = strchr(word, '{');
	if (!brace || strcmp(word, "{sources}") == 0 || strcmp(word, "{script}") == 0)
		return true;
	return !strchr(brace + 1, '{') &&
	       (strncmp(brace, "{main}", 6) == 0 || strncmp(brace, "{binary}", 8) == 0 ||
		strncmp(brace, "{memory}", 8) == 0);
}

static int read_words(struct json_object *v, const char *where, void *list, struct err *err)
{
	if (json_read_as(JSON_STRV, v, where, list, err) < 0)
		return -1;
	char *const *words = *(char ***)list;
	if (!words[0])
		return err_set(err, FAULT_USAGE, 0, "%s: expected at least one word", where);
	for (; *words; words++)
		if (!is_word(*words))
			return err_set(err, FAULT_USAGE, 0,
				       "%s: '%.80s': expected {sources} or {script} alone, or "
				       "{main}, {binary} or {memory} once in a word",
				       where, *words);
	return 0;
}

static int read_endings(struct json_object *v, const char *where, void *list, struct err *err)
{
	if (json_read_as(JSON_STRV, v, where, list, err) < 0)
		return -1;
	for (char *const *e = *(char ***)list; *e; e++)
		if ((*e)[0] != '.' || strlen(*e) < 2 || strchr(*e, '/'))
			return err_set(err, FAULT_USAGE, 0,
				       "%s: '%.80s' is not an extension: expected one as '.c'",
				       where, *e);
	return 0;
}

/* clang-format off */
static const struct json_key language_keys[] = {
	{ "name",         JSON_STR,  JSON_AT(struct language, name) },
	{ "extensions",   JSON_BY,   JSON_AT(struct language, extensions), .read = read_endings },
	{ "headers",      JSON_BY,   JSON_AT(struct language, headers), .read = read_endings },
	{ "build",        JSON_BY,   JSON_AT(struct language, build), .read = read_words },
	{ "run",          JSON_BY,   JSON_AT(struct language, run), .read = read_words },
	{ "newer",        JSON_STRV, JSON_AT(struct language, newer) },
	{ "check",        JSON_BY,   JSON_AT(struct language, check), .read = read_words },
	{ "probe",        JSON_STR,  JSON_AT(struct language, probe) },
	{ "mains",        JSON_STRV, JSON_AT(struct language, mains) },
	{ "glue",         JSON_BOOL, JSON_AT(struct language, glue) },
	{ "build_limits", JSON_BY,   JSON_AT(struct language, build_floor), .read = keys_read_limits },
	{ "run_limits",   JSON_BY,   JSON_AT(struct language, run_floor), .read = keys_read_limits },
	JSON_END,
};
/* clang-format on */

/* `newer` names words of `build`. */
static int check_newer(const struct language *l, const char *where, struct err *err)
{
	for (char *const *word = l->newer; word && *word; word++)
		if (!l->build || !strv_has(l->build, *word))
			return err_set(err, FAULT_USAGE, 0,
				       "%s.newer: '%.80s' does not occur in 'build'", where, *word);
	return 0;
}

static int load_row(struct json_object *o, const char *where, struct language *l, struct err *err)
{
	limits_init(&l->build_floor);
	limits_init(&l->run_floor);
	l->extensions = strv_dup(NULL);
	l->headers = strv_dup(NULL);
	l->mains = strv_dup(NULL);
	if (json_table_read(language_keys, o, where, l, err) < 0)
		return -1;
	if (!l->name || !l->name[0] || !l->extensions[0] || !l->run)
		return err_set(err, FAULT_USAGE, 0, "%s: 'name', 'extensions' and 'run' are needed",
			       where);
	if (l->build && l->check)
		return err_set(err, FAULT_USAGE, 0, "%s: expected 'build' or 'check', not both",
			       where);
	return check_newer(l, where, err);
}

static int add_row(struct languages *l, const char *where, struct err *err)
{
	const struct language *row = &l->rows[l->n - 1];
	if (languages_find(l, row->name) != row)
		return err_set(err, FAULT_USAGE, 0, "%s: a second row '%s'", where, row->name);
	for (char *const *e = row->extensions; *e; e++) {
		for (char *const *old = l->extensions; *old; old++)
			if (strcmp(*old, *e) == 0)
				return err_set(err, FAULT_USAGE, 0,
					       "%s: the extension '%s' belongs to another row",
					       where, *e);
		strv_add(&l->extensions, *e);
	}
	return 0;
}

static int read_row(struct json_object *o, const char *where, void *languages, struct err *err)
{
	struct languages *l = languages;
	l->rows = mem_realloc(l->rows, (l->n + 1) * sizeof *l->rows);
	/* Counted first: a half-made one is freed with the rest. */
	struct language *row = &l->rows[l->n++];
	memset(row, 0, sizeof *row);
	return load_row(o, where, row, err) < 0 ? -1 : add_row(l, where, err);
}

static int load_rows(struct json_object *root, const char *path, struct languages *l,
		     struct err *err)
{
	static const char *const keys[] = { "languages", NULL };
	struct json_object *rows = NULL;
	AUTO_FREE char *where = mem_printf("%s: languages", path);
	if (json_only_keys(root, path, keys, err) < 0 ||
	    json_get_array(root, path, "languages", &rows, err) < 0 ||
	    json_each(rows, where, read_row, l, err) < 0)
		return -1;
	return l->n > 0 ? 0 : err_set(err, FAULT_USAGE, 0, "%s: 'languages' has no rows", path);
}

int languages_load(const char *path, struct languages *ret, struct err *err)
{
	AUTO_JSON *root = NULL;
	struct languages got = { .extensions = strv_dup(NULL) };
	if (json_load(path, &root, err) < 0 || load_rows(root, path, &got, err) < 0) {
		languages_done(&got);
		return -1;
	}
	*ret = got;
	return 0;
}
