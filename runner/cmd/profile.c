/* profile.c - list, show and check profiles. */
#include <errno.h>
#include <libsmartcols/libsmartcols.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/json.h"
#include "base/mem.h"
#include "bundle/profile.h"
#include "bundle/profile_chain.h"
#include "bundle/profile_json.h"
#include "bundle/spec.h"
#include "cmd/command.h"
#include "cmd/print_json.h"
#include "report/locale.h"

/* ---- list ---- */

static void table_cleanup(struct libscols_table **t)
{
	scols_unref_table(*t);
}

static struct libscols_table *new_table(void)
{
	CLEANUP(table_cleanup) struct libscols_table *t = scols_new_table();
	if (!t || !scols_table_new_column(t, "NAME", 0, 0) ||
	    !scols_table_new_column(t, "EXTENDS", 0, 0) ||
	    !scols_table_new_column(t, "DESCRIPTION", 0, SCOLS_FL_TRUNC))
		return NULL;
	return ptr_steal(&t);
}

/* A profile that cannot be loaded is listed with its error. */
static void add_row(struct libscols_table *table, struct json_object *all, const char *name,
		    const struct profile *p, const struct err *trouble)
{
	struct json_object *o = json_object_new_object();
	struct libscols_line *line = scols_table_new_line(table, NULL);
	size_t room = (p->description ? strlen(p->description) : 0) + sizeof(trouble->msg) + 16;
	AUTO_FREE char *words = mem_alloc(room);
	AUTO_FREE char *text = p->description ? mem_strdup(p->description) :
						mem_printf("not valid: %s", trouble->msg);

	/* Escape the description, which the administrator writes, for a terminal. */
	err_escape(words, room, text, strlen(text));
	if (line) {
		scols_line_set_data(line, 0, name);
		scols_line_set_data(line, 1, p->extends && *p->extends ? p->extends : "-");
		scols_line_set_data(line, 2, words);
	}
	json_object_object_add(o, "name", json_object_new_string(name));
	json_object_object_add(o, "extends",
			       p->extends && *p->extends ? json_object_new_string(p->extends) :
							   NULL);
	json_object_object_add(o, "description",
			       p->description ? json_object_new_string(p->description) : NULL);
	json_object_object_add(o, "file", p->path ? json_object_new_string(p->path) : NULL);
	json_object_object_add(o, "sha256", p->path ? json_object_new_string(p->sha256) : NULL);
	json_object_object_add(o, "error", p->path ? NULL : json_object_new_string(trouble->msg));
	json_object_array_add(all, o);
}

static int list_exec(const struct places *places, const struct cli *cli, struct err *err)
{
	CLEANUP(table_cleanup) struct libscols_table *table = new_table();
	AUTO_JSON *all = json_object_new_array();
	AUTO_STRV names = NULL;

	if (!table)
		return err_set(err, FAULT_INFRA, ENOMEM, "cannot make a table");
	if (profile_chain_names(places->profiles, &names, err) < 0)
		return -1;
	for (size_t i = 0; names[i]; i++) {
		struct profile p = { 0 };
		struct err trouble = { 0 };
		if (profile_load(names[i], places->profiles, &p, &trouble) < 0 &&
		    trouble.fault == FAULT_INFRA) {
			*err = trouble;
			return -1;
		}
		add_row(table, all, names[i], &p, &trouble);
		profile_done(&p);
	}
	if (cli_has(cli, "json"))
		return print_json(all, err);
	IN_REPORT_LOCALE;
	if (names[0] && scols_print_table(table) != 0)
		return err_set(err, FAULT_INFRA, errno, "cannot write to stdout");
	return EXIT_ALL_PASSED;
}

/* ---- show, check ---- */

static int show_exec(const struct places *places, const struct cli *cli, struct err *err)
{
	struct profile p = { 0 };

	if (profile_load(cli->args[1], places->profiles, &p, err) < 0)
		return -1;
	AUTO_JSON *o = profile_json(&p);
	profile_done(&p);
	return print_json(o, err);
}

/* Also make a config, to find mounts of the profile without a source on this host. */
static int try_spec(const struct places *places, const struct profile *p, struct err *err)
{
	const struct spec_request req = { .uid_base = places->uid_base,
					  .memory_bytes = LIMIT_UNSET,
					  .processes = LIMIT_UNSET };
	AUTO_JSON *config = NULL;
	AUTO_STRV points = NULL;

	if (spec_make(p, &req, &config, err) < 0 || spec_mount_points(config, &points, err) < 0)
		return err_wrap(err, "%s", p->path);
	return 0;
}

static void print_limits(const struct profile *p)
{
	struct limits l = p->limits;

	limits_finish(&l, 1);
	printf("%s: valid\n", p->path);
	for (int i = 0; i < LIMIT_COUNT; i++) {
		char text[32];
		limit_format((enum limit_id)i, l.v[i], text);
		printf("%s: %s\n", limit_name((enum limit_id)i), text);
	}
	for (size_t i = 0; p->warnings && p->warnings[i]; i++)
		printf("warning: %s\n", p->warnings[i]);
}

static struct json_object *check_json(const struct profile *p)
{
	struct json_object *o = json_object_new_object(), *w = json_object_new_array();

	json_object_object_add(o, "name", json_object_new_string(p->name));
	json_object_object_add(o, "file", json_object_new_string(p->path));
	json_object_object_add(o, "sha256", json_object_new_string(p->sha256));
	for (size_t i = 0; p->warnings && p->warnings[i]; i++)
		json_object_array_add(w, json_object_new_string(p->warnings[i]));
	json_object_object_add(o, "warnings", w);
	return o;
}

static int check_exec(const struct places *places, const struct cli *cli, struct err *err)
{
	struct profile p = { 0 };

	if (profile_load(cli->args[1], places->profiles, &p, err) < 0)
		return -1;
	int got = try_spec(places, &p, err);
	if (got == 0 && cli_has(cli, "json")) {
		AUTO_JSON *o = check_json(&p);
		got = print_json(o, err);
	} else if (got == 0) {
		print_limits(&p);
	}
	profile_done(&p);
	return got;
}

/* ---- the command ---- */

static const struct sub {
	const char *name, *operands;
	size_t n_args; /* its own name included */
	int (*exec)(const struct places *places, const struct cli *cli, struct err *err);
} subs[] = {
	{ "list", "", 1, list_exec },
	{ "show", " NAME", 2, show_exec },
	{ "check", " FILE", 2, check_exec },
};

static int profile_exec(const struct places *places, const struct cli *cli, struct err *err)
{
	const char *word = cli->n_args ? cli->args[0] : "";

	for (size_t i = 0; i < sizeof(subs) / sizeof(*subs); i++) {
		if (strcmp(subs[i].name, word) != 0)
			continue;
		if (cli->n_args != subs[i].n_args)
			return usage_error(err, "profile %s: expected 'moulette profile %s%s'",
					   word, word, subs[i].operands);
		return subs[i].exec(places, cli, err);
	}
	return usage_error(err, "profile: unknown action '%s'; expected one of list, show, check",
			   word);
}

static const struct option_spec options[] = {
	{ "json", 0, NULL, "print JSON (with list and check; show always prints JSON)" },
	{ NULL, 0, NULL, NULL },
};

const struct command cmd_profile = {
	.name = "profile",
	.synopsis = "profile list\nprofile show NAME\nprofile check FILE",
	.summary = "list, show and check profiles, from which boxes are made",
	.options = options,
	.exec = profile_exec,
};
