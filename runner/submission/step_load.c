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

#define POINTS_MAX 1e9

static const char *const later_keys[] = { "each",  "hidden",  "group",   "requires",
					  "files", "profile", "checker", NULL };

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
		return err_set(err, err_path_fault(errno), errno, "%s.%s: cannot read '%s'", where,
			       key, given);
	if (!S_ISREG(st.st_mode))
		return err_set(err, FAULT_USAGE, 0, "%s.%s: '%s' is not a file", where, key, given);
	*ret = ptr_steal(&real);
	return 0;
}

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

static int refuse_peers(struct json_object *o, const char *where, struct err *err)
{
	if (!json_object_is_type(o, json_type_object) ||
	    !json_object_object_get_ex(o, "peers", NULL))
		return 0;
	return err_set(err, FAULT_USAGE, 0,
		       "%s.peers: a build step has no peers; give them to the "
		       "tests that talk to them",
		       where);
}

int step_load_build(struct json_object *o, const char *where, struct assignment *a, struct err *err)
{
	static const char *const keys[] = {
		"name", "run", "args", "env", "limits", "network", NULL
	};
	struct step_spec *s = add_step(&a->build, &a->n_build, STEP_BUILD);
	s->name = a->n_build == 1 ? mem_strdup("build") : mem_printf("build %zu", a->n_build);
	s->compare = COMPARE_NONE;
	if (keys_refuse_later(o, where, later_keys, err) < 0 || refuse_peers(o, where, err) < 0 ||
	    json_only_keys(o, where, keys, err) < 0 ||
	    json_get_str(o, where, "name", &s->name, err) < 0 ||
	    keys_check_name(s->name, where, err) < 0 ||
	    keys_command(o, where, &s->argv, &s->args, err) < 0 ||
	    json_get_env(o, where, "env", &s->env, err) < 0 ||
	    keys_limits(o, where, &s->limits, err) < 0 ||
	    network_load(o, where, &s->network, err) < 0)
		return -1;
	if (!s->argv)
		return err_set(err, FAULT_USAGE, 0, "%s: 'run' is missing, as [\"make\"]", where);
	return 0;
}

static int get_compare(struct json_object *o, const char *where, struct step_spec *s,
		       struct err *err)
{
	static const struct {
		const char *name;
		enum compare_kind kind;
	} kinds[] = {
		{ "exact", COMPARE_EXACT },
		{ "lines", COMPARE_LINES },
		{ "none", COMPARE_NONE },
	};
	struct json_object *v = NULL;
	AUTO_FREE char *name = NULL;
	if (!json_object_object_get_ex(o, "compare", &v))
		return 0;
	if (json_object_is_type(v, json_type_object))
		return err_set(err, FAULT_USAGE, 0,
			       "%s.compare: a checker is not known to this "
			       "version; known: exact, lines, none",
			       where);
	if (json_get_str(o, where, "compare", &name, err) < 0)
		return -1;
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		if (strcmp(name, kinds[i].name) == 0) {
			s->compare = kinds[i].kind;
			s->has_compare = true;
			return 0;
		}
	}
	return err_set(err, FAULT_USAGE, 0,
		       "%s.compare: '%.64s' is not known to this version; "
		       "known: exact, lines, none",
		       where, name);
}

int step_load_test(struct json_object *o, const char *where, struct assignment *a, struct err *err)
{
	static const char *const keys[] = { "name",    "run",    "args",    "stdin", "stdout",
					    "exit",    "points", "compare", "env",   "limits",
					    "network", "peers",  NULL };
	struct step_spec *s = add_step(&a->tests, &a->n_tests, STEP_TEST);
	int64_t status = 0;
	if (keys_refuse_later(o, where, later_keys, err) < 0 ||
	    json_only_keys(o, where, keys, err) < 0 ||
	    json_get_str(o, where, "name", &s->name, err) < 0)
		return -1;
	if (!s->name)
		return err_set(err, FAULT_USAGE, 0, "%s: 'name' is missing", where);
	if (keys_check_name(s->name, where, err) < 0 ||
	    keys_command(o, where, &s->argv, &s->args, err) < 0 ||
	    get_file(o, where, "stdin", a->dir, &s->stdin_path, err) < 0 ||
	    get_file(o, where, "stdout", a->dir, &s->stdout_path, err) < 0 ||
	    json_get_i64(o, where, "exit", 0, 255, &status, err) < 0 ||
	    json_get_double(o, where, "points", 0, POINTS_MAX, &s->points, err) < 0 ||
	    get_compare(o, where, s, err) < 0 || json_get_env(o, where, "env", &s->env, err) < 0 ||
	    keys_limits(o, where, &s->limits, err) < 0 ||
	    network_load(o, where, &s->network, err) < 0 || peers_load(o, where, s, err) < 0)
		return -1;
	s->exit = (int)status;
	return 0;
}
