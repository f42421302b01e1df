/* assignment.c - reads assignment.json and looks at every file that it names. */
#include "submission/assignment.h"

#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "submission/files_load.h"
#include "submission/filetree.h"

#define FILE_NAME "assignment.json"
#define NAME_BYTES_MAX 200
#define POINTS_MAX 1e9
/* The kernel takes no longer word (MAX_ARG_STRLEN), and PID 1 of a box 192 KiB in all. */
#define WORDS_BYTES_MAX (128u * 1024)

/* Keys of later versions: a teacher who read of them must not think that they were mistyped. */
static const char *const later_keys[] = { "groups", "solutions", "peers", "network", NULL };
static const char *const later_step_keys[] = { "each", "hidden", "group", "requires", "peers",
					       "network", "files", "profile", "checker", NULL };

static int refuse_later(struct json_object *o, const char *where, const char *const keys[],
			struct err *err)
{
	for (; json_object_is_type(o, json_type_object) && *keys; keys++)
		if (json_object_object_get_ex(o, *keys, NULL))
			return err_set(err, FAULT_USAGE, 0, "%s: '%s' is not known to this version",
				       where, *keys);
	return 0;
}

/* --- names, words, files ------------------------------------------------------------------ */

static int check_name(const char *name, const char *where, struct err *err)
{
	size_t len = strlen(name);
	uint32_t c;
	if (len == 0)
		return err_set(err, FAULT_USAGE, 0, "%s.name: an empty name", where);
	if (len > NAME_BYTES_MAX)
		return err_set(err, FAULT_USAGE, 0, "%s.name: more than %d bytes", where,
			       NAME_BYTES_MAX);
	for (size_t i = 0, n; i < len; i += n) {
		n = utf8_decode(name + i, len - i, &c);
		if (n == 0 || !utf8_is_printable(c))
			return err_set(err, FAULT_USAGE, 0, "%s.name: '%s' has characters that "
				       "cannot be shown", where, name);
	}
	return 0;
}

static int check_unique(const struct step_spec *steps, size_t n, const char *where, struct err *err)
{
	for (size_t i = 0; i + 1 < n; i++)
		if (strcmp(steps[i].name, steps[n - 1].name) == 0)
			return err_set(err, FAULT_USAGE, 0, "%s.name: '%s' is the name of an "
				       "earlier one", where, steps[i].name);
	return 0;
}

/* A string where words are expected is what people try first. */
static int get_words(struct json_object *o, const char *where, const char *key, char ***ret,
		     struct err *err)
{
	struct json_object *v;
	if (json_object_object_get_ex(o, key, &v) && json_object_is_type(v, json_type_string))
		return err_set(err, FAULT_USAGE, 0, "%s.%s: expected an array of words, as "
			       "[\"./prog\", \"-v\"], got a string; no shell splits it",
			       where, key);
	return json_get_strv(o, where, key, ret, err);
}

static int get_command(struct json_object *o, const char *where, struct step_spec *s,
		       struct err *err)
{
	size_t bytes = 0;
	if (get_words(o, where, "run", &s->argv, err) < 0 ||
	    get_words(o, where, "args", &s->args, err) < 0)
		return -1;
	if (s->argv && (!s->argv[0] || !s->argv[0][0]))
		return err_set(err, FAULT_USAGE, 0, "%s.run: expected a program as the first word",
			       where);
	for (char *const *w = s->argv; w && *w; w++)
		bytes += strlen(*w) + 1;
	for (char *const *w = s->args; w && *w; w++)
		bytes += strlen(*w) + 1;
	if (bytes > WORDS_BYTES_MAX)
		return err_set(err, FAULT_USAGE, 0, "%s: 'run' and 'args' have more than %u bytes",
			       where, WORDS_BYTES_MAX);
	for (char *const *w = s->args; s->argv && w && *w; w++)
		strv_add(&s->argv, *w);
	return 0;
}

static int get_file(struct json_object *o, const char *where, const char *key, const char *dir,
		    char **ret, struct err *err)
{
	AUTO_FREE char *given = NULL, *real = NULL;
	struct stat st;
	if (json_get_str(o, where, key, &given, err) < 0)
		return -1;
	if (!given)
		return 0;
	if (filetree_resolve(dir, given, &real, err) < 0)
		return err_wrap(err, "%s.%s", where, key);
	AUTO_FD int fd = open(real, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_set(err, FAULT_USAGE, errno, "%s.%s: cannot read '%s'", where, key,
			       given);
	if (!S_ISREG(st.st_mode))
		return err_set(err, FAULT_USAGE, 0, "%s.%s: '%s' is not a file", where, key, given);
	*ret = ptr_steal(&real);
	return 0;
}

static int get_limits(struct json_object *o, const char *where, struct limits *l, struct err *err)
{
	struct json_object *limits = NULL;
	AUTO_FREE char *path = mem_printf("%s.limits", where);
	if (json_get_obj(o, where, "limits", &limits, err) < 0)
		return -1;
	return limits ? limits_load(limits, path, l, err) : 0;
}

/* --- steps -------------------------------------------------------------------------------- */

static struct step_spec *add_step(struct step_spec **steps, size_t *n, enum step_kind kind)
{
	*steps = mem_realloc(*steps, (*n + 1) * sizeof **steps);
	struct step_spec *s = &(*steps)[(*n)++];
	memset(s, 0, sizeof *s);
	s->kind = kind;
	s->points = kind == STEP_TEST ? 1 : NAN;
	limits_init(&s->limits);
	return s;
}

static int load_build(struct json_object *o, const char *where, struct assignment *a,
		      struct err *err)
{
	static const char *const keys[] = { "name", "run", "args", "env", "limits", NULL };
	struct step_spec *s = add_step(&a->build, &a->n_build, STEP_BUILD);
	s->name = a->n_build == 1 ? mem_strdup("build") : mem_printf("build %zu", a->n_build);
	s->compare = COMPARE_NONE;
	if (refuse_later(o, where, later_step_keys, err) < 0 ||
	    json_only_keys(o, where, keys, err) < 0 ||
	    json_get_str(o, where, "name", &s->name, err) < 0 ||
	    check_name(s->name, where, err) < 0 ||
	    check_unique(a->build, a->n_build, where, err) < 0 ||
	    get_command(o, where, s, err) < 0 ||
	    json_get_env(o, where, "env", &s->env, err) < 0 ||
	    get_limits(o, where, &s->limits, err) < 0)
		return -1;
	if (!s->argv)
		return err_set(err, FAULT_USAGE, 0, "%s: 'run' is missing, as [\"make\"]", where);
	return 0;
}

static int get_compare(struct json_object *o, const char *where, enum compare_kind *ret,
		       struct err *err)
{
	static const struct { const char *name; enum compare_kind kind; } kinds[] = {
		{ "exact", COMPARE_EXACT }, { "lines", COMPARE_LINES }, { "none", COMPARE_NONE },
	};
	struct json_object *v = NULL;
	AUTO_FREE char *name = NULL;
	if (!json_object_object_get_ex(o, "compare", &v))
		return 0;
	if (json_object_is_type(v, json_type_object))
		return err_set(err, FAULT_USAGE, 0, "%s.compare: a checker is not known to this "
			       "version; known: exact, lines, none", where);
	if (json_get_str(o, where, "compare", &name, err) < 0)
		return -1;
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		if (strcmp(name, kinds[i].name) == 0) {
			*ret = kinds[i].kind;
			return 0;
		}
	}
	return err_set(err, FAULT_USAGE, 0, "%s.compare: '%.64s' is not known to this version; "
		       "known: exact, lines, none", where, name);
}

static int load_test(struct json_object *o, const char *where, struct assignment *a,
		     struct err *err)
{
	static const char *const keys[] = { "name", "run", "args", "stdin", "stdout", "exit",
					    "points", "compare", "env", "limits", NULL };
	struct step_spec *s = add_step(&a->tests, &a->n_tests, STEP_TEST);
	int64_t status = 0;
	if (refuse_later(o, where, later_step_keys, err) < 0 ||
	    json_only_keys(o, where, keys, err) < 0 ||
	    json_get_str(o, where, "name", &s->name, err) < 0)
		return -1;
	if (!s->name)
		return err_set(err, FAULT_USAGE, 0, "%s: 'name' is missing", where);
	if (check_name(s->name, where, err) < 0 ||
	    check_unique(a->tests, a->n_tests, where, err) < 0 ||
	    get_command(o, where, s, err) < 0 ||
	    get_file(o, where, "stdin", a->dir, &s->stdin_path, err) < 0 ||
	    get_file(o, where, "stdout", a->dir, &s->stdout_path, err) < 0 ||
	    json_get_i64(o, where, "exit", 0, 255, &status, err) < 0 ||
	    json_get_double(o, where, "points", 0, POINTS_MAX, &s->points, err) < 0 ||
	    get_compare(o, where, &s->compare, err) < 0 ||
	    json_get_env(o, where, "env", &s->env, err) < 0 ||
	    get_limits(o, where, &s->limits, err) < 0)
		return -1;
	s->exit = (int)status;
	return 0;
}

typedef int load_step_fn(struct json_object *o, const char *where, struct assignment *a,
			 struct err *err);

/* *ret_given: the key was there. */
static int load_steps(struct json_object *root, const char *name, const char *key,
		      load_step_fn *load, struct assignment *a, bool *ret_given, struct err *err)
{
	struct json_object *list = NULL;
	AUTO_FREE char *top = mem_printf("%s: assignment", name);
	if (json_get_array(root, top, key, &list, err) < 0)
		return -1;
	*ret_given = list != NULL;
	for (size_t i = 0; list && i < json_object_array_length(list); i++) {
		AUTO_FREE char *where = mem_printf("%s: %s[%zu]", name, key, i);
		if (load(json_object_array_get_idx(list, i), where, a, err) < 0)
			return -1;
	}
	return 0;
}

/* --- the whole ---------------------------------------------------------------------------- */

static int get_language(struct json_object *o, const char *where, char ***ret, struct err *err)
{
	struct json_object *v;
	if (!json_object_object_get_ex(o, "language", &v) ||
	    (json_object_is_type(v, json_type_string) &&
	     strcmp(json_object_get_string(v), "auto") == 0))
		return 0;
	if (!json_object_is_type(v, json_type_array) || json_object_array_length(v) == 0)
		return err_set(err, FAULT_USAGE, 0, "%s.language: expected \"auto\" or an array of "
			       "names, as [\"c\", \"python\"]", where);
	return json_get_strv(o, where, "language", ret, err);
}

static int check_not_empty(const char *text, const char *where, const char *key, struct err *err)
{
	return text && !text[0] ? err_set(err, FAULT_USAGE, 0, "%s.%s: an empty name", where, key) :
				  0;
}

static int load_top(struct json_object *root, const char *name, struct assignment *a,
		    struct err *err)
{
	static const char *const keys[] = { "name", "image", "profile", "env", "files", "language",
					    "limits", "build", "tests", NULL };
	AUTO_FREE char *where = mem_printf("%s: assignment", name);
	if (refuse_later(root, where, later_keys, err) < 0 ||
	    json_only_keys(root, where, keys, err) < 0 ||
	    json_get_str(root, where, "name", &a->name, err) < 0 ||
	    json_get_str(root, where, "image", &a->image, err) < 0 ||
	    json_get_str(root, where, "profile", &a->profile, err) < 0 ||
	    json_get_env(root, where, "env", &a->env, err) < 0 ||
	    get_language(root, where, &a->languages, err) < 0 ||
	    get_limits(root, where, &a->limits, err) < 0)
		return -1;
	if (!a->name) {
		char base[NAME_BYTES_MAX + 1];
		const char *folder = strrchr(a->dir, '/') + 1;
		err_escape(base, sizeof base, folder, strlen(folder));
		a->name = mem_strdup(*base ? base : "assignment");
	}
	return check_name(a->name, where, err) < 0 ||
			       check_not_empty(a->image, where, "image", err) < 0 ||
			       check_not_empty(a->profile, where, "profile", err) < 0 ?
		       -1 : 0;
}

static int add_file_digest(struct digest *d, const char *what, size_t i, const char *path,
			   struct err *err)
{
	char hex[DIGEST_HEX];
	const struct file_spec f = { .from = (char *)(uintptr_t)path };
	if (!path)
		return 0;
	if (assignment_file_digest(&f, hex, err) < 0)
		return -1;
	AUTO_FREE char *line = mem_printf("%s %zu %s\n", what, i, hex);
	digest_add(d, line, strlen(line));
	return 0;
}

/* Over assignment.json as it was understood (blanks and comments do not count) and, one line each,
 * over every file that it names. */
static int digest(struct json_object *root, struct assignment *a, struct err *err)
{
	AUTO_DIGEST *d = digest_new();
	char hex[DIGEST_HEX];
	const char *text = json_object_to_json_string_ext(root, JSON_C_TO_STRING_PLAIN);
	digest_bytes(text, strlen(text), hex);
	AUTO_FREE char *line = mem_printf("assignment/1 %s\n", hex);
	digest_add(d, line, strlen(line));
	for (size_t i = 0; i < a->n_tests; i++)
		if (add_file_digest(d, "stdin", i, a->tests[i].stdin_path, err) < 0 ||
		    add_file_digest(d, "stdout", i, a->tests[i].stdout_path, err) < 0)
			return -1;
	for (size_t i = 0; i < a->n_files; i++)
		if (add_file_digest(d, "files", i, a->files[i].from, err) < 0)
			return -1;
	digest_end(d, a->sha256);
	return 0;
}

/* *ret_file: assignment.json as errors name it; *ret_dir: its folder, canonical. */
static int find_file(const char *path, char **ret_file, char **ret_dir, struct err *err)
{
	struct stat st;
	if (stat(path, &st) < 0)
		return err_set(err, FAULT_USAGE, errno, "cannot open the assignment '%s'", path);
	const char *slash = strrchr(path, '/');
	AUTO_FREE char *folder = S_ISDIR(st.st_mode) ? mem_strdup(path) :
				 slash ? mem_strndup(path, (size_t)(slash + 1 - path)) :
					 mem_strdup(".");
	AUTO_FREE char *dir = realpath(folder, NULL);
	if (!dir)
		return err_set(err, FAULT_USAGE, errno, "cannot open the folder '%s'", folder);
	*ret_file = !S_ISDIR(st.st_mode) ? mem_strdup(path) :
		    mem_printf("%s%s" FILE_NAME, path, path[strlen(path) - 1] == '/' ? "" : "/");
	*ret_dir = ptr_steal(&dir);
	return 0;
}

static int load_json(const char *path, const char *file, struct json_object **ret, struct err *err)
{
	if (access(file, F_OK) < 0 && errno == ENOENT) {
		AUTO_FREE char *kattis = mem_printf("%s/problem.yaml", path);
		return err_set(err, FAULT_USAGE, 0, "the assignment '%s' %s", path,
			       access(kattis, F_OK) < 0 ? "has no " FILE_NAME :
			       "is a problem package (problem.yaml), which is not known to this "
			       "version");
	}
	if (json_load(file, ret, err) < 0) {
		if (err)
			err->fault = FAULT_USAGE;
		return -1;
	}
	return 0;
}

static int load_all(struct json_object *root, const char *file, struct assignment *a,
		    struct err *err)
{
	bool has_tests;
	if (load_top(root, file, a, err) < 0 ||
	    load_steps(root, file, "build", load_build, a, &a->has_build, err) < 0 ||
	    load_steps(root, file, "tests", load_test, a, &has_tests, err) < 0 ||
	    files_load(root, file, a, err) < 0)
		return -1;
	return digest(root, a, err);
}

int assignment_load(const char *path, struct assignment *ret, struct err *err)
{
	AUTO_JSON *root = NULL;
	AUTO_FREE char *file = NULL;
	struct assignment a = { .name = NULL };
	limits_init(&a.limits);
	if (find_file(path, &file, &a.dir, err) < 0 || load_json(path, file, &root, err) < 0 ||
	    load_all(root, file, &a, err) < 0) {
		assignment_done(&a);
		return -1;
	}
	*ret = a;
	return 0;
}
