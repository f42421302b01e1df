/* image_show.c - list and show images, as text or JSON. */
#include "cmd/image_show.h"

#include <inttypes.h>
#include <libsmartcols/libsmartcols.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/json.h"
#include "base/mem.h"
#include "cmd/print_json.h"
#include "image/contents.h"
#include "image/meta.h"
#include "image/store.h"
#include "model/limits.h"
#include "report/locale.h"
#include "submission/language.h"

/* Prints a text of an image (env, user), escaped for a terminal. */
static void print_line(const char *key, const char *value)
{
	size_t room = strlen(value) + 1;
	AUTO_FREE char *safe = mem_alloc(room);
	err_escape(safe, room, value, strlen(value));
	printf("%s: %s\n", key, safe);
}

static void print_count(const char *key, int64_t value)
{
	printf("%s: %" PRId64 "\n", key, value);
}

/* ---- list ---- */

struct row {
	char *name, *digest;
	int64_t bytes; /* -1: it shows the host's own files */
};

static void add_json(struct json_object *all, const struct row *r)
{
	struct json_object *o = json_object_new_object();
	json_object_object_add(o, "name", json_object_new_string(r->name));
	json_object_object_add(o, "digest", json_object_new_string(r->digest));
	json_object_object_add(o, "bytes", r->bytes < 0 ? NULL : json_object_new_int64(r->bytes));
	json_object_array_add(all, o);
}

/* Twelve digits are enough to distinguish images; `show` prints all 64. */
static int add_line(struct libscols_table *t, const struct row *r)
{
	struct libscols_line *line = scols_table_new_line(t, NULL);
	const char *hex = strchr(r->digest, ':');
	char size[32] = "-", digest[13];

	snprintf(digest, sizeof(digest), "%.12s", hex ? hex + 1 : r->digest);
	if (r->bytes >= 0)
		size_format(r->bytes, size);
	return !line || scols_line_set_data(line, 0, r->name) ||
			       scols_line_set_data(line, 1, digest) ||
			       scols_line_set_data(line, 2, size) ?
		       -1 :
		       0;
}

static int read_row(const struct places *p, const char *name, struct row *ret, struct err *err)
{
	struct image i = { 0 };
	if (image_open(p, name, &i, err) < 0)
		return -1;
	int got = 0;
	ret->name = ptr_steal(&i.name);
	ret->digest = ptr_steal(&i.digest);
	if (i.n_binds > 0)
		ret->bytes = -1;
	else
		got = image_size(p, ret->name, &ret->bytes, err);
	image_done(&i);
	return got;
}

static void table_cleanup(struct libscols_table **t)
{
	scols_unref_table(*t);
}

static struct libscols_table *new_table(void)
{
	CLEANUP(table_cleanup) struct libscols_table *t = scols_new_table();
	if (!t || !scols_table_new_column(t, "NAME", 0, 0) ||
	    !scols_table_new_column(t, "DIGEST", 0, 0) ||
	    !scols_table_new_column(t, "SIZE", 0, SCOLS_FL_RIGHT))
		return NULL;
	return ptr_steal(&t);
}

int image_list_exec(const struct places *p, const struct cli *cli, struct err *err)
{
	CLEANUP(table_cleanup) struct libscols_table *table = new_table();
	AUTO_JSON *all = json_object_new_array();
	AUTO_STRV names = NULL;

	if (!table)
		return err_set(err, FAULT_INFRA, ENOMEM, "cannot make a table");
	if (image_list(p, &names, err) < 0)
		return -1;
	for (size_t i = 0; names[i]; i++) {
		struct row r = { 0 };
		int got = read_row(p, names[i], &r, err);
		if (got == 0) {
			add_json(all, &r);
			if (add_line(table, &r) < 0)
				got = err_set(err, FAULT_INFRA, ENOMEM, "cannot make a table");
		}
		free(r.name);
		free(r.digest);
		if (got < 0)
			return -1;
	}
	if (cli_has(cli, "json"))
		return print_json(all, err);
	IN_REPORT_LOCALE;
	if (names[0] && scols_print_table(table) != 0)
		return err_set(err, FAULT_INFRA, errno, "cannot write to stdout");
	return EXIT_ALL_PASSED;
}

/* ---- show ---- */

/* An image with everything that `show` prints. */
struct shown {
	struct image image;
	int64_t bytes; /* -1: it shows the host's own files */
	struct packages packages;
	char **languages; /* of the shipped table: those whose programs it has */
};

static void shown_done(struct shown *s)
{
	image_done(&s->image);
	packages_done(&s->packages);
	strv_free(s->languages);
}

/* The first word of a command: a program of the image, "./x" of the submission (then nothing is
 * needed but what made it), or "{script}": a shell. */
static bool can_run(const struct image *i, char *const *words)
{
	if (!words || !words[0] || words[0][0] == '.')
		return true;
	return image_has_program(i, words[0][0] == '{' ? "sh" : words[0]);
}

static int find_languages(const struct places *p, struct shown *s, struct err *err)
{
	AUTO_FREE char *path = mem_printf("%s/languages.json", p->data);
	struct languages all = { 0 };

	if (languages_load(path, &all, err) < 0)
		return -1;
	s->languages = strv_dup(NULL);
	for (size_t i = 0; i < all.n; i++)
		if (can_run(&s->image, all.rows[i].build) && can_run(&s->image, all.rows[i].run))
			strv_add(&s->languages, all.rows[i].name);
	languages_done(&all);
	return 0;
}

static int look_at(const struct places *p, const char *name, struct shown *s, struct err *err)
{
	s->bytes = -1;
	if (image_open(p, name, &s->image, err) < 0 ||
	    (!s->image.n_binds && image_size(p, name, &s->bytes, err) < 0) ||
	    image_packages(&s->image, &s->packages, err) < 0)
		return -1;
	return find_languages(p, s, err);
}

static struct json_object *packages_json(const struct packages *p)
{
	struct json_object *a = json_object_new_array();

	for (size_t i = 0; i < p->n; i++) {
		struct json_object *o = json_object_new_object();
		json_object_object_add(o, "name", json_object_new_string(p->list[i].name));
		json_object_object_add(o, "version", json_object_new_string(p->list[i].version));
		json_object_array_add(a, o);
	}
	return a;
}

static struct json_object *image_json(const struct shown *s)
{
	struct json_object *o = json_object_new_object(), *d = json_object_new_object();
	const struct image *i = &s->image;

	json_object_object_add(d, "setid", json_object_new_int64(i->dropped_setid));
	json_object_object_add(d, "devices", json_object_new_int64(i->dropped_devices));
	json_object_object_add(d, "capabilities", json_object_new_int64(i->dropped_capabilities));
	json_object_object_add(d, "pipes", json_object_new_int64(i->dropped_pipes));
	json_object_object_add(o, "name", json_object_new_string(i->name));
	json_object_object_add(o, "digest", json_object_new_string(i->digest));
	json_object_object_add(o, "bytes", s->bytes < 0 ? NULL : json_object_new_int64(s->bytes));
	json_object_object_add(o, "layers", json_new_strv(i->layers));
	json_object_object_add(o, "user", json_new_str(i->user));
	json_object_object_add(o, "working_dir", json_new_str(i->working_dir));
	json_object_object_add(o, "env", json_new_strv(i->env));
	/* With binds the folder is not the whole tree. */
	json_object_object_add(o, "rootfs", i->n_binds ? NULL : json_new_str(i->rootfs));
	json_object_object_add(o, "binds", image_binds_json(i));
	json_object_object_add(o, "dropped", d);
	json_object_object_add(o, "warnings", json_new_strv(i->warnings));
	json_object_object_add(o, "package_manager", json_new_str(s->packages.manager));
	json_object_object_add(o, "packages", packages_json(&s->packages));
	json_object_object_add(o, "languages", json_new_strv(s->languages));
	return o;
}

static void print_origin(const struct image *i)
{
	for (char **l = i->layers; l && *l; l++)
		print_line("layer", *l);
	if (i->user)
		print_line("user", i->user);
	if (i->working_dir)
		print_line("working_dir", i->working_dir);
	for (char **e = i->env; e && *e; e++)
		print_line("env", *e);
}

static void print_places(const struct image *i)
{
	if (!i->n_binds)
		print_line("rootfs", i->rootfs);
	for (size_t k = 0; k < i->n_binds; k++) {
		AUTO_FREE char *text = mem_printf("%s at %s", i->binds[k].source,
						  i->binds[k].destination);
		print_line("bind", text);
	}
}

static void print_contents(const struct shown *s)
{
	AUTO_BUF names = { 0 };

	if (s->packages.manager)
		printf("packages: %zu (%s)\n", s->packages.n, s->packages.manager);
	for (char **l = s->languages; *l; l++)
		buf_printf(&names, "%s%s", names.len ? ", " : "", *l);
	print_line("languages", names.len ? names.data : "none");
}

static void print_image(const struct shown *s)
{
	const struct image *i = &s->image;
	char size[32];

	print_line("name", i->name);
	print_line("digest", i->digest);
	if (s->bytes >= 0) {
		size_format(s->bytes, size);
		print_line("size", size);
	}
	print_origin(i);
	print_places(i);
	print_contents(s);
	print_count("dropped.setid", i->dropped_setid);
	print_count("dropped.devices", i->dropped_devices);
	print_count("dropped.capabilities", i->dropped_capabilities);
	print_count("dropped.pipes", i->dropped_pipes);
	for (char **w = i->warnings; w && *w; w++)
		print_line("warning", *w);
}

int image_show_exec(const struct places *p, const struct cli *cli, struct err *err)
{
	struct shown s = { 0 };

	int got = look_at(p, cli->args[1], &s, err);
	if (got == 0 && cli_has(cli, "json")) {
		AUTO_JSON *o = image_json(&s);
		got = print_json(o, err);
	} else if (got == 0) {
		print_image(&s);
	}
	shown_done(&s);
	return got;
}
