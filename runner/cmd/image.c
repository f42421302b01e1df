/* image.c - the store of images: import, build, list, show, rm. */
#include <inttypes.h>
#include <libsmartcols/libsmartcols.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/json.h"
#include "base/mem.h"
#include "cmd/command.h"
#include "image/store.h"
#include "model/limits.h"

/* Contract, "Images and the card". */
#define MAX_SIZE_DEFAULT (INT64_C(8) << 30)

typedef int sub_fn(const struct places *p, const struct cli *cli, struct err *err);

/* Text of an image (its env, its user) as a terminal may see it. */
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

static int print_json(struct json_object *o, struct err *err)
{
	const int flags = JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE;
	if (printf("%s\n", json_object_to_json_string_ext(o, flags)) < 0 || fflush(stdout) != 0)
		return err_set(err, FAULT_INFRA, errno, "cannot write to stdout");
	return EXIT_ALL_PASSED;
}

/* The line that import and build end with; what was left out goes to people, not to scripts. */
static int tell(struct image *i)
{
	printf("%s %s\n", i->name, i->digest);
	if (i->dropped_setid || i->dropped_devices || i->dropped_capabilities)
		fprintf(stderr,
			"moulette: left out of '%s': set-id bits of %" PRId64 " entries, %" PRId64
			" devices, capabilities of %" PRId64 " files\n",
			i->name, i->dropped_setid, i->dropped_devices, i->dropped_capabilities);
	image_done(i);
	return EXIT_ALL_PASSED;
}

static int import_exec(const struct places *p, const struct cli *cli, struct err *err)
{
	int64_t max = MAX_SIZE_DEFAULT;
	const char *size = cli_get(cli, "max-size");
	struct image i = { 0 };

	if (size && size_parse(size, &max, err) < 0)
		return err_wrap(err, "--max-size");
	if (places_make(p, err) < 0 ||
	    image_import(p, cli->args[1], cli->args[2], max, &i, err) < 0)
		return -1;
	return tell(&i);
}

static int build_exec(const struct places *p, const struct cli *cli, struct err *err)
{
	struct image i = { 0 };
	if (places_make(p, err) < 0 || image_build(p, cli->args[1], &i, err) < 0)
		return -1;
	return tell(&i);
}

static int rm_exec(const struct places *p, const struct cli *cli, struct err *err)
{
	return image_remove(p, cli->args[1], err) < 0 ? -1 : EXIT_ALL_PASSED;
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

/* Twelve digits tell images apart; `show` has all 64. */
static int add_line(struct libscols_table *t, const struct row *r)
{
	struct libscols_line *line = scols_table_new_line(t, NULL);
	const char *hex = strchr(r->digest, ':');
	char size[32] = "-", digest[13];

	snprintf(digest, sizeof(digest), "%.12s", hex ? hex + 1 : r->digest);
	if (r->bytes >= 0)
		size_format(r->bytes, size);
	return !line || scols_line_set_data(line, 0, r->name) ||
	       scols_line_set_data(line, 1, digest) || scols_line_set_data(line, 2, size) ? -1 : 0;
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

static int list_exec(const struct places *p, const struct cli *cli, struct err *err)
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
	if (names[0] && scols_print_table(table) != 0)
		return err_set(err, FAULT_INFRA, errno, "cannot write to stdout");
	return EXIT_ALL_PASSED;
}

/* ---- show ---- */

static struct json_object *image_json(const struct image *i)
{
	struct json_object *o = json_object_new_object(), *d = json_object_new_object();

	json_object_object_add(d, "setid", json_object_new_int64(i->dropped_setid));
	json_object_object_add(d, "devices", json_object_new_int64(i->dropped_devices));
	json_object_object_add(d, "capabilities", json_object_new_int64(i->dropped_capabilities));
	json_object_object_add(o, "name", json_object_new_string(i->name));
	json_object_object_add(o, "digest", json_object_new_string(i->digest));
	json_object_object_add(o, "layers", json_new_strv(i->layers));
	json_object_object_add(o, "user", json_new_str(i->user));
	json_object_object_add(o, "working_dir", json_new_str(i->working_dir));
	json_object_object_add(o, "env", json_new_strv(i->env));
	/* With binds the folder is not the whole tree. */
	json_object_object_add(o, "rootfs", i->n_binds ? NULL : json_new_str(i->rootfs));
	json_object_object_add(o, "binds", image_binds_json(i));
	json_object_object_add(o, "dropped", d);
	return o;
}

static void print_image(const struct image *i)
{
	print_line("name", i->name);
	print_line("digest", i->digest);
	for (char **l = i->layers; l && *l; l++)
		print_line("layer", *l);
	if (i->user)
		print_line("user", i->user);
	if (i->working_dir)
		print_line("working_dir", i->working_dir);
	for (char **e = i->env; e && *e; e++)
		print_line("env", *e);
	if (!i->n_binds)
		print_line("rootfs", i->rootfs);
	for (size_t k = 0; k < i->n_binds; k++) {
		AUTO_FREE char *text = mem_printf("%s at %s", i->binds[k].source,
						  i->binds[k].destination);
		print_line("bind", text);
	}
	print_count("dropped.setid", i->dropped_setid);
	print_count("dropped.devices", i->dropped_devices);
	print_count("dropped.capabilities", i->dropped_capabilities);
}

static int show_exec(const struct places *p, const struct cli *cli, struct err *err)
{
	struct image i = { 0 };
	int got = EXIT_ALL_PASSED;

	if (image_open(p, cli->args[1], &i, err) < 0)
		return -1;
	if (cli_has(cli, "json")) {
		AUTO_JSON *o = image_json(&i);
		got = print_json(o, err);
	} else {
		print_image(&i);
	}
	image_done(&i);
	return got;
}

/* ---- the command ---- */

static const struct sub {
	const char *name, *operands;
	size_t n_args; /* its own name included */
	const char *option; /* the only one that it takes; NULL: none */
	sub_fn *exec;
} subs[] = {
	{ "import", " NAME FILE|DIR", 3, "max-size", import_exec },
	{ "build", " RECIPE", 2, NULL, build_exec },
	{ "list", "", 1, "json", list_exec },
	{ "show", " NAME", 2, "json", show_exec },
	{ "rm", " NAME", 2, NULL, rm_exec },
};
#define N_SUBS (sizeof(subs) / sizeof(*subs))

static int no_such_sub(const char *word, struct err *err)
{
	AUTO_BUF all = { 0 };
	for (size_t i = 0; i < N_SUBS; i++)
		buf_printf(&all, "%s%s", i ? ", " : "", subs[i].name);
	if (!word)
		return usage_error(err, "image: expected one of %s", all.data);
	return usage_error(err, "image: there is no '%s'; expected one of %s", word, all.data);
}

static int image_exec(const struct places *places, const struct cli *cli, struct err *err)
{
	const struct sub *s = NULL;

	if (cli->n_args == 0)
		return no_such_sub(NULL, err);
	for (size_t i = 0; i < N_SUBS; i++)
		if (strcmp(subs[i].name, cli->args[0]) == 0)
			s = &subs[i];
	if (!s)
		return no_such_sub(cli->args[0], err);
	if (cli->n_args != s->n_args)
		return usage_error(err, "image %s: expected `image %s%s`", s->name, s->name,
				   s->operands);
	for (size_t i = 0; i < cli->n_given; i++) {
		const char *option = cli->given[i].spec->name;
		if (!s->option || strcmp(option, s->option) != 0)
			return usage_error(err, "image %s takes no --%s", s->name, option);
	}
	return s->exec(places, cli, err);
}

static const struct option_spec options[] = {
	{ "json", 0, NULL, "print JSON (list, show)" },
	{ "max-size", 0, "SIZE", "refuse to import more than this unpacked (default 8G)" },
	{ NULL, 0, NULL, NULL },
};

const struct command cmd_image = {
	.name = "image",
	.synopsis = "image import NAME FILE|DIR | build RECIPE | list | show NAME | rm NAME",
	.summary = "the images that boxes run in",
	.options = options,
	.exec = image_exec,
};
