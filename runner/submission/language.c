/* language.c - reads the table of languages. */
#include "submission/language.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/mem.h"

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

/* {sources} and {script} may become several words, so that they stand alone. */
static bool is_word(const char *word)
{
	const char *brace = strchr(word, '{');
	if (!brace || strcmp(word, "{sources}") == 0 || strcmp(word, "{script}") == 0)
		return true;
	return !strchr(brace + 1, '{') &&
	       (strncmp(brace, "{main}", 6) == 0 || strncmp(brace, "{binary}", 8) == 0 ||
		strncmp(brace, "{memory}", 8) == 0);
}

static int check_words(char *const *words, const char *where, const char *key, struct err *err)
{
	if (!words[0])
		return err_set(err, FAULT_USAGE, 0, "%s.%s: expected at least one word", where,
			       key);
	for (; *words; words++)
		if (!is_word(*words))
			return err_set(err, FAULT_USAGE, 0,
				       "%s.%s: '%.80s': expected {sources} or "
				       "{script} alone, or {main}, {binary} or {memory} once in a "
				       "word",
				       where, key, *words);
	return 0;
}

static int check_endings(char *const *list, const char *where, const char *key, struct err *err)
{
	for (; *list; list++)
		if ((*list)[0] != '.' || strlen(*list) < 2 || strchr(*list, '/'))
			return err_set(err, FAULT_USAGE, 0,
				       "%s.%s: '%.80s' is not an extension: "
				       "expected one as '.c'",
				       where, key, *list);
	return 0;
}

/* A word that is left out of `build` has to stand there. */
static int check_newer(const struct language *l, const char *where, struct err *err)
{
	for (char *const *word = l->newer; word && *word; word++)
		if (!l->build || !strv_has(l->build, *word))
			return err_set(err, FAULT_USAGE, 0,
				       "%s.newer: '%.80s' is no word of 'build'", where, *word);
	return 0;
}

static int load_floor(struct json_object *o, const char *where, const char *key, struct limits *l,
		      struct err *err)
{
	struct json_object *limits = NULL;
	AUTO_FREE char *path = mem_printf("%s.%s", where, key);
	if (json_get_obj(o, where, key, &limits, err) < 0)
		return -1;
	return limits ? limits_load(limits, path, l, err) : 0;
}

static int load_row(struct json_object *o, const char *where, struct language *l, struct err *err)
{
	static const char *const keys[] = { "name",  "extensions", "headers",      "build",
					    "run",   "newer",      "check",        "probe",
					    "mains", "glue",       "build_limits", "run_limits",
					    NULL };
	limits_init(&l->build_floor);
	limits_init(&l->run_floor);
	l->extensions = strv_dup(NULL);
	l->headers = strv_dup(NULL);
	l->mains = strv_dup(NULL);
	if (json_only_keys(o, where, keys, err) < 0 ||
	    json_get_str(o, where, "name", &l->name, err) < 0 ||
	    json_get_strv(o, where, "extensions", &l->extensions, err) < 0 ||
	    json_get_strv(o, where, "headers", &l->headers, err) < 0 ||
	    json_get_strv(o, where, "build", &l->build, err) < 0 ||
	    json_get_strv(o, where, "run", &l->run, err) < 0 ||
	    json_get_strv(o, where, "newer", &l->newer, err) < 0 ||
	    json_get_strv(o, where, "check", &l->check, err) < 0 ||
	    json_get_str(o, where, "probe", &l->probe, err) < 0 ||
	    json_get_strv(o, where, "mains", &l->mains, err) < 0 ||
	    json_get_bool(o, where, "glue", &l->glue, err) < 0 ||
	    load_floor(o, where, "build_limits", &l->build_floor, err) < 0 ||
	    load_floor(o, where, "run_limits", &l->run_floor, err) < 0)
		return -1;
	if (!l->name || !l->name[0] || !l->extensions[0] || !l->run)
		return err_set(err, FAULT_USAGE, 0, "%s: 'name', 'extensions' and 'run' are needed",
			       where);
	if (check_endings(l->extensions, where, "extensions", err) < 0 ||
	    check_endings(l->headers, where, "headers", err) < 0 ||
	    check_words(l->run, where, "run", err) < 0 ||
	    (l->build && check_words(l->build, where, "build", err) < 0) ||
	    (l->check && check_words(l->check, where, "check", err) < 0))
		return -1;
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

static int load_rows(struct json_object *root, const char *path, struct languages *l,
		     struct err *err)
{
	static const char *const keys[] = { "languages", NULL };
	struct json_object *rows = NULL;
	if (json_only_keys(root, path, keys, err) < 0 ||
	    json_get_array(root, path, "languages", &rows, err) < 0)
		return -1;
	size_t n = rows ? json_object_array_length(rows) : 0;
	if (n == 0)
		return err_set(err, FAULT_USAGE, 0, "%s: 'languages' has no rows", path);
	l->rows = mem_alloc(n * sizeof *l->rows);
	for (size_t i = 0; i < n; i++) {
		AUTO_FREE char *where = mem_printf("%s: languages[%zu]", path, i);
		l->n = i + 1;
		if (load_row(json_object_array_get_idx(rows, i), where, &l->rows[i], err) < 0 ||
		    add_row(l, where, err) < 0)
			return -1;
	}
	return 0;
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
