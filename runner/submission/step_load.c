/* step_load.c - reads one build step or one test. */
#include "submission/step_load.h"

#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "submission/filetree.h"
#include "submission/keys.h"
#include "submission/peers_load.h"

struct named {
	const char *name;
	size_t i;
};

static int by_name(const void *a, const void *b)
{
	const struct named *x = a, *y = b;
	int order = strcmp(x->name, y->name);
	return order ? order : x->i < y->i ? -1 : 1;
}

/* Sorted: there may be thousands of tests, and each is looked up among all. */
int step_check_unique(const struct step_spec *steps, size_t n, const char *where, struct err *err)
{
	AUTO_FREE struct named *all = mem_alloc((n + 1) * sizeof *all);
	size_t again = n;
	for (size_t i = 0; i < n; i++)
		all[i] = (struct named){ steps[i].name, i };
	qsort(all, n, sizeof *all, by_name);
	for (size_t i = 1; i < n; i++)
		if (strcmp(all[i - 1].name, all[i].name) == 0 && all[i].i < again)
			again = all[i].i;
	return again == n ? 0 :
			    err_set(err, FAULT_USAGE, 0,
				    "%s[%zu].name: '%s' is the name of an "
				    "earlier one",
				    where, again, steps[again].name);
}

/* The input or output itself where the path of a file is expected. */
static int refuse_text(const char *text, const char *where, const char *key, struct err *err)
{
	AUTO_JSON *v = json_new_str(text);
	AUTO_FREE char *here = mem_printf("%s.%s", where, key);
	return json_expected(v, here, "the path of a file", err);
}

/* A path that `stdin` or `stdout` gives, in *path, becomes that of the file on this host. */
static int resolve_file(const char *dir, const char *where, const char *key, char **path,
			struct err *err)
{
	AUTO_FREE char *given = ptr_steal(path), *real = NULL;
	struct stat st;
	if (!given)
		return 0;
	if (filetree_resolve(dir, given, &real, err) < 0)
		return strchr(given, '\n') ? refuse_text(given, where, key, err) :
					     err_wrap(err, "%s.%s", where, key);
	AUTO_FD int fd = open(real, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_set(err, err_path_fault(errno), errno, "%s.%s: cannot read '%s'", where,
			       key, given);
	if (!S_ISREG(st.st_mode))
		return err_set(err, FAULT_USAGE, 0, "%s.%s: '%s' is not a file", where, key, given);
	*path = ptr_steal(&real);
	return 0;
}

static int read_compare(struct json_object *v, const char *where, void *step, struct err *err)
{
	static const struct {
		const char *name;
		enum compare_kind kind;
	} kinds[] = {
		{ "exact", COMPARE_EXACT },
		{ "lines", COMPARE_LINES },
		{ "none", COMPARE_NONE },
	};
	struct step_spec *s = step;
	const char *name = json_text(v);
	if (json_object_is_type(v, json_type_object))
		return err_set(
			err, FAULT_USAGE, 0,
			"%s: a checker is not known to this version; known: exact, lines, none",
			where);
	if (!name)
		return json_expected(v, where, "a string", err);
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		if (strcmp(name, kinds[i].name) == 0) {
			s->compare = kinds[i].kind;
			s->has_compare = true;
			return 0;
		}
	}
	return err_set(err, FAULT_USAGE, 0,
		       "%s: '%.64s' is not known to this version; known: exact, lines, none", where,
		       name);
}

/* clang-format off */
#define LATER(name) { name, .kind = JSON_LATER }
#define LATER_KEYS LATER("each"), LATER("hidden"), LATER("group"), LATER("requires"), LATER("files"), \
		   LATER("profile"), LATER("checker")

static const struct json_key build_keys[] = {
	{ "name",    JSON_BY,  JSON_AT(struct step_spec, name), .read = keys_read_name },
	{ "run",     JSON_BY,  JSON_AT(struct step_spec, argv), .read = keys_read_run, .required = ", as [\"make\"]" },
	{ "args",    JSON_BY,  JSON_AT(struct step_spec, args), .read = keys_read_args },
	{ "env",     JSON_ENV, JSON_AT(struct step_spec, env) },
	{ "limits",  JSON_BY,  JSON_AT(struct step_spec, limits), .read = keys_read_limits },
	{ "network", JSON_BY,  JSON_AT(struct step_spec, network), .read = network_read },
	LATER_KEYS,
	{ "peers", .kind = JSON_REFUSED, .why = "a build step has no peers; give them to the tests that talk to them" },
	JSON_END,
};

static const struct json_key test_keys[] = {
	{ "name",    JSON_BY,    JSON_AT(struct step_spec, name), .read = keys_read_name, .required = "" },
	{ "run",     JSON_BY,    JSON_AT(struct step_spec, argv), .read = keys_read_run },
	{ "args",    JSON_BY,    JSON_AT(struct step_spec, args), .read = keys_read_args },
	{ "stdin",   JSON_STR,   JSON_AT(struct step_spec, stdin_path) },
	{ "stdout",  JSON_STR,   JSON_AT(struct step_spec, stdout_path) },
	{ "exit",    JSON_WHOLE, JSON_AT(struct step_spec, exit), .least = 0, .most = 255 },
	{ "points",  JSON_REAL,  JSON_AT(struct step_spec, points), .least = 0, .most = 1000000000 },
	{ "compare", .kind = JSON_BY, .read = read_compare },
	{ "env",     JSON_ENV,   JSON_AT(struct step_spec, env) },
	{ "limits",  JSON_BY,    JSON_AT(struct step_spec, limits), .read = keys_read_limits },
	{ "network", JSON_BY,    JSON_AT(struct step_spec, network), .read = network_read },
	{ "peers",   .kind = JSON_EACH, .most = PEERS_MAX, .read = peers_read },
	LATER_KEYS,
	JSON_END,
};
/* clang-format on */

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

int step_load_build(struct json_object *o, const char *where, void *assignment, struct err *err)
{
	struct assignment *a = assignment;
	struct step_spec *s = add_step(&a->build, &a->n_build, STEP_BUILD);
	s->name = a->n_build == 1 ? mem_strdup("build") : mem_printf("build %zu", a->n_build);
	s->compare = COMPARE_NONE;
	if (json_table_read(build_keys, o, where, s, err) < 0)
		return -1;
	return keys_join_command(&s->argv, s->args, where, err);
}

int step_load_test(struct json_object *o, const char *where, void *assignment, struct err *err)
{
	struct assignment *a = assignment;
	struct step_spec *s = add_step(&a->tests, &a->n_tests, STEP_TEST);
	if (json_table_read(test_keys, o, where, s, err) < 0 ||
	    keys_join_command(&s->argv, s->args, where, err) < 0 ||
	    resolve_file(a->dir, where, "stdin", &s->stdin_path, err) < 0)
		return -1;
	return resolve_file(a->dir, where, "stdout", &s->stdout_path, err);
}
