/* doctor.c - check whether this host can run boxes; one line per finding. */
#include <stdio.h>
#include <string.h>

#include <json-c/json.h>

#include "base/json.h"
#include "cmd/command.h"
#include "cmd/options.h"
#include "cmd/print_json.h"
#include "container/health.h"
#include "pipeline/trial.h"

static const char *const kinds[] = {
	[FINDING_OK] = "ok",
	[FINDING_WARNING] = "warning",
	[FINDING_PROBLEM] = "problem",
};

static void print_lines(const struct health *h)
{
	for (size_t i = 0; i < h->n; i++)
		printf("%-8s %s: %s\n", kinds[h->list[i].kind], h->list[i].about, h->list[i].text);
}

static int print_array(const struct health *h, struct err *err)
{
	AUTO_JSON *all = json_object_new_array();
	for (size_t i = 0; i < h->n; i++) {
		struct json_object *o = json_object_new_object();
		json_object_object_add(o, "status", json_object_new_string(kinds[h->list[i].kind]));
		json_object_object_add(o, "about", json_object_new_string(h->list[i].about));
		json_object_object_add(o, "text", json_object_new_string(h->list[i].text));
		json_object_array_add(all, o);
	}
	return print_json(all, err);
}

/* After a problem a box is not tried: it would fail for the same reason. */
static void try_box(const struct places *places, bool plain, struct health *h)
{
	struct err err = { 0 };
	if (health_worst(h) == FINDING_PROBLEM)
		return;
	if (trial_box(places, plain, &err) < 0)
		health_add(h, FINDING_PROBLEM, "box", "%s", err.msg);
	else
		health_add(h, FINDING_OK, "box", "started one, and ran 'true' in it");
}

static int doctor_exec(const struct places *places, const struct cli *cli, struct err *err)
{
	struct health h;
	bool plain = false;
	if (cli->n_args > 0)
		return usage_error(err,
				   "doctor: unexpected argument '%s'; see 'moulette doctor --help'",
				   cli->args[0]);
	if (cli_plain_engine(cli, "doctor", &plain, err) < 0)
		return -1;
	health_look(places, plain, &h);
	try_box(places, plain, &h);
	int bad = 0;
	if (cli_has(cli, "json"))
		bad = print_array(&h, err);
	else
		print_lines(&h);
	enum finding_kind worst = health_worst(&h);
	health_done(&h);
	if (bad)
		return -1;
	return worst == FINDING_PROBLEM ? EXIT_TROUBLE : EXIT_ALL_PASSED;
}

static const struct option_spec options[] = {
	{ "json", 0, NULL, "print JSON: an array of objects" },
	OPTION_ENGINE_MODE,
	OPTION_END,
};

const struct command cmd_doctor = {
	.name = "doctor",
	.synopsis = "doctor [--json] [--engine-mode MODE]",
	.summary = "check whether this host can run boxes, and say how to fix it",
	.options = options,
	.exec = doctor_exec,
};
