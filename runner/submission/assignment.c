/* assignment.c - reads assignment.json and looks at every file that it names. */
#include "submission/assignment.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/json_table.h"
#include "base/mem.h"
#include "submission/files.h"
#include "submission/files_load.h"
#include "submission/keys.h"
#include "submission/peers_load.h"
#include "submission/step_load.h"

#define FILE_NAME "assignment.json"
#define PROCESSORS_KEY_MAX 64

static int read_language(struct json_object *v, const char *where, void *names, struct err *err)
{
	const char *text = json_text(v);
	if (text && strcmp(text, "auto") == 0)
		return 0;
	if (!json_object_is_type(v, json_type_array) || json_object_array_length(v) == 0)
		return err_set(err, FAULT_USAGE, 0,
			       "%s: expected \"auto\" or an array of names, as [\"c\", \"python\"]",
			       where);
	return json_read_as(JSON_STRV, v, where, names, err);
}

static int read_home(struct json_object *v, const char *where, void *in_work, struct err *err)
{
	const char *home = json_text(v);
	if (!home)
		return json_expected(v, where, "a string", err);
	if (strcmp(home, "work") != 0)
		return err_set(err, FAULT_USAGE, 0,
			       "%s: '%s': expected \"work\", or no such key for a folder that is "
			       "empty in each step",
			       where, home);
	*(bool *)in_work = true;
	return 0;
}

/* clang-format off */
static const struct json_key assignment_keys[] = {
	{ "name",       JSON_BY,    JSON_AT(struct assignment, name), .read = keys_read_name },
	{ "image",      JSON_NAME,  JSON_AT(struct assignment, image) },
	{ "profile",    JSON_NAME,  JSON_AT(struct assignment, profile) },
	{ "env",        JSON_ENV,   JSON_AT(struct assignment, env) },
	{ "home",       JSON_BY,    JSON_AT(struct assignment, home_in_work), .read = read_home },
	{ "files",      .kind = JSON_ELSEWHERE },
	{ "language",   JSON_BY,    JSON_AT(struct assignment, languages), .read = read_language },
	{ "limits",     JSON_BY,    JSON_AT(struct assignment, limits), .read = keys_read_limits },
	{ "processors", JSON_WHOLE, JSON_AT(struct assignment, processors), .least = 1, .most = PROCESSORS_KEY_MAX },
	{ "network",    JSON_BY,    JSON_AT(struct assignment, network), .read = network_read },
	{ "build",      .kind = JSON_ELSEWHERE },
	{ "tests",      .kind = JSON_ELSEWHERE },
	{ "groups",     .kind = JSON_LATER },
	{ "solutions",  .kind = JSON_LATER },
	JSON_END,
};
/* clang-format on */

static int load_top(struct json_object *root, const char *where, struct assignment *a,
		    struct err *err)
{
	if (json_table_read(assignment_keys, root, where, a, err) < 0)
		return -1;
	if (!a->name) {
		char base[KEYS_NAME_BYTES_MAX + 1];
		const char *folder = strrchr(a->dir, '/') + 1;
		err_escape(base, sizeof base, folder, strlen(folder));
		a->name = mem_strdup(*base ? base : "assignment");
	}
	return 0;
}

/* `build` and `tests`: each is called "FILE: build[0]", without the assignment. */
static int load_steps(struct json_object *root, const char *file, const char *top,
		      struct assignment *a, struct err *err)
{
	struct json_object *build = NULL, *tests = NULL;
	AUTO_FREE char *of_build = mem_printf("%s: build", file);
	AUTO_FREE char *of_tests = mem_printf("%s: tests", file);
	if (json_get_array(root, top, "build", &build, err) < 0 ||
	    json_each(build, of_build, step_load_build, a, err) < 0 ||
	    step_check_unique(a->build, a->n_build, of_build, err) < 0 ||
	    json_get_array(root, top, "tests", &tests, err) < 0 ||
	    json_each(tests, of_tests, step_load_test, a, err) < 0)
		return -1;
	a->has_build = build != NULL;
	return step_check_unique(a->tests, a->n_tests, of_tests, err);
}

/* --- digest ------------------------------------------------------------------------------- */

static int add_file_digest(struct digest *d, const char *what, size_t i, const char *path,
			   struct err *err)
{
	char hex[DIGEST_HEX];
	const struct file_spec f = { .from = (char *)(uintptr_t)path };
	if (!path)
		return 0;
	if (files_digest(&f, hex, err) < 0)
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
static int digest_assignment(struct json_object *root, struct assignment *a, struct err *err)
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
	AUTO_FREE char *top = mem_printf("%s: assignment", file);
	if (load_top(root, top, a, err) < 0 || load_steps(root, file, top, a, err) < 0 ||
	    peers_check_network(a, file, err) < 0 || files_load(root, file, a, err) < 0)
		return -1;
	return digest_assignment(root, a, err);
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
