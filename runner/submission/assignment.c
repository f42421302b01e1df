/* assignment.c - reads assignment.json and looks at every file that it names. */
#include "submission/assignment.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/json.h"
#include "base/mem.h"
#include "submission/files_load.h"
#include "submission/keys.h"
#include "submission/peers_load.h"
#include "submission/step_load.h"

#define FILE_NAME "assignment.json"
#define PROCESSORS_KEY_MAX 64

static const char *const later_keys[] = { "groups", "solutions", NULL };

static int get_language(struct json_object *o, const char *where, char ***ret, struct err *err)
{
	struct json_object *v;
	if (!json_object_object_get_ex(o, "language", &v) ||
	    (json_object_is_type(v, json_type_string) &&
	     strcmp(json_object_get_string(v), "auto") == 0))
		return 0;
	if (!json_object_is_type(v, json_type_array) || json_object_array_length(v) == 0)
		return err_set(err, FAULT_USAGE, 0,
			       "%s.language: expected \"auto\" or an array of "
			       "names, as [\"c\", \"python\"]",
			       where);
	return json_get_strv(o, where, "language", ret, err);
}

static int get_home(struct json_object *o, const char *where, bool *ret_in_work, struct err *err)
{
	AUTO_FREE char *home = NULL;
	if (json_get_str(o, where, "home", &home, err) < 0)
		return -1;
	if (home && strcmp(home, "work") != 0)
		return err_set(err, FAULT_USAGE, 0,
			       "%s.home: '%s': expected \"work\", or no such key "
			       "for a folder that is empty in each step",
			       where, home);
	*ret_in_work = home != NULL;
	return 0;
}

static int load_top(struct json_object *root, const char *name, struct assignment *a,
		    struct err *err)
{
	static const char *const keys[] = { "name",  "image",    "profile", "env",        "home",
					    "files", "language", "limits",  "processors", "network",
					    "build", "tests",    NULL };
	int64_t processors = 0;
	AUTO_FREE char *where = mem_printf("%s: assignment", name);
	if (keys_refuse_later(root, where, later_keys, err) < 0 ||
	    json_only_keys(root, where, keys, err) < 0 ||
	    json_get_str(root, where, "name", &a->name, err) < 0 ||
	    json_get_str(root, where, "image", &a->image, err) < 0 ||
	    json_get_str(root, where, "profile", &a->profile, err) < 0 ||
	    json_get_env(root, where, "env", &a->env, err) < 0 ||
	    get_home(root, where, &a->home_in_work, err) < 0 ||
	    get_language(root, where, &a->languages, err) < 0 ||
	    keys_limits(root, where, &a->limits, err) < 0 ||
	    json_get_i64(root, where, "processors", 1, PROCESSORS_KEY_MAX, &processors, err) < 0 ||
	    network_load(root, where, &a->network, err) < 0)
		return -1;
	a->processors = (int)processors;
	if (!a->name) {
		char base[KEYS_NAME_BYTES_MAX + 1];
		const char *folder = strrchr(a->dir, '/') + 1;
		err_escape(base, sizeof base, folder, strlen(folder));
		a->name = mem_strdup(*base ? base : "assignment");
	}
	return keys_check_name(a->name, where, err) < 0 ||
			       keys_check_not_empty(a->image, where, "image", err) < 0 ||
			       keys_check_not_empty(a->profile, where, "profile", err) < 0 ?
		       -1 :
		       0;
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
	AUTO_FREE char *where = mem_printf("%s: %s", name, key);
	return step_check_unique(a->build, a->n_build, where, err) < 0 ?
		       -1 :
		       step_check_unique(a->tests, a->n_tests, where, err);
}

/* --- digest ------------------------------------------------------------------------------- */

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

static int add_files_digest(struct digest *d, const char *what, const struct file_spec *files,
			    size_t n, struct err *err)
{
	for (size_t i = 0; i < n; i++)
		if (add_file_digest(d, what, i, files[i].from, err) < 0)
			return -1;
	return 0;
}

static int add_peers_digest(struct digest *d, const struct assignment *a, struct err *err)
{
	for (size_t i = 0; i < a->n_tests; i++) {
		for (size_t j = 0; j < a->tests[i].n_peers; j++) {
			const struct peer_spec *p = &a->tests[i].peers[j];
			AUTO_FREE char *what = mem_printf("tests %zu peers %zu files", i, j);
			if (add_files_digest(d, what, p->files, p->n_files, err) < 0)
				return -1;
		}
	}
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
	if (add_files_digest(d, "files", a->files, a->n_files, err) < 0 ||
	    add_peers_digest(d, a, err) < 0)
		return -1;
	digest_end(d, a->sha256);
	return 0;
}

/* --- the whole ---------------------------------------------------------------------------- */

/* *ret_file: assignment.json as errors name it; *ret_dir: its folder, canonical. */
static int find_file(const char *path, char **ret_file, char **ret_dir, struct err *err)
{
	struct stat st;
	if (stat(path, &st) < 0)
		return err_set(err, err_path_fault(errno), errno, "cannot open the assignment '%s'",
			       path);
	const char *slash = strrchr(path, '/');
	AUTO_FREE char *folder = S_ISDIR(st.st_mode) ? mem_strdup(path) :
				 slash ? mem_strndup(path, (size_t)(slash + 1 - path)) :
					 mem_strdup(".");
	AUTO_FREE char *dir = realpath(folder, NULL);
	if (!dir)
		return err_set(err, err_path_fault(errno), errno, "cannot open the folder '%s'",
			       folder);
	*ret_file = !S_ISDIR(st.st_mode) ? mem_strdup(path) :
					   mem_printf("%s%s" FILE_NAME, path,
						      path[strlen(path) - 1] == '/' ? "" : "/");
	*ret_dir = ptr_steal(&dir);
	return 0;
}

static int load_json(const char *path, const char *file, struct json_object **ret, struct err *err)
{
	const int there = file_there(file, err);
	if (there < 0)
		return -1;
	if (!there) {
		AUTO_FREE char *kattis = mem_printf("%s/problem.yaml", path);
		return err_set(
			err, FAULT_USAGE, 0, "the assignment '%s' %s", path,
			access(kattis, F_OK) < 0 ?
				"has no " FILE_NAME :
				"is a problem package (problem.yaml), which is not known to this "
				"version");
	}
	return json_load(file, ret, err);
}

static int load_all(struct json_object *root, const char *file, struct assignment *a,
		    struct err *err)
{
	bool has_tests;
	if (load_top(root, file, a, err) < 0 ||
	    load_steps(root, file, "build", step_load_build, a, &a->has_build, err) < 0 ||
	    load_steps(root, file, "tests", step_load_test, a, &has_tests, err) < 0 ||
	    peers_check_network(a, file, err) < 0 || files_load(root, file, a, err) < 0)
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
