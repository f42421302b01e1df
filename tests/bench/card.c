/* card.c - what a network card adds to a box, in a process that makes many. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/fd.h"
#include "base/json.h"
#include "base/mem.h"
#include "bench/contender.h"

#define BOXES 200
#define SUBMISSION "submission"

/* Every test sends one packet that is refused, by lo or by the card's rules: after it the box is
 * renewed, with its network. */
struct input {
	char *home, *submission, *without, *with;
};

static char *assignment_text(const char *network, const char *address)
{
	AUTO_BUF b = { 0 };
	buf_printf(&b,
		   "{\"name\": \"card\", \"image\": \"busybox\", \"network\": %s, \"build\": [],\n"
		   " \"tests\": [\n",
		   network);
	for (int i = 0; i < BOXES; i++)
		buf_printf(&b,
			   "%s  {\"name\": \"%d\", \"run\": [\"/bin/busybox\", \"nc\", \"%s\", "
			   "\"9\"], \"exit\": 1}",
			   i ? ",\n" : "", i, address);
	buf_str(&b, "\n ]}\n");
	return buf_take(&b);
}

static int make_assignment(const char *folder, const char *network, const char *address,
			   struct err *err)
{
	AUTO_FREE char *file = mem_printf("%s/assignment.json", folder);
	AUTO_FREE char *text = assignment_text(network, address);
	if (mkdir(folder, 0755) < 0 || file_write(AT_FDCWD, file, text) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot write '%s'", file);
	return 0;
}

static int setup(const struct bench *b, void **ret_input, char **ret_text, struct err *err)
{
	struct input *in = mem_alloc(sizeof *in);
	*ret_input = in;
	in->home = mem_printf("%s/home", b->scratch);
	in->submission = mem_printf("%s/" SUBMISSION, b->scratch);
	in->without = mem_printf("%s/without", b->scratch);
	in->with = mem_printf("%s/with", b->scratch);
	AUTO_FREE char *file = mem_printf("%s/file", in->submission);
	if (mkdir(in->submission, 0755) < 0 || file_write(AT_FDCWD, file, "\n") < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot write '%s'", file);
	if (make_assignment(in->without, "null", "127.0.0.1", err) < 0 ||
	    make_assignment(in->with, "{\"allow\": [\"host:80\"]}", "10.255.255.9", err) < 0)
		return -1;
	*ret_text = mem_printf("%d tests, each in a new box over the same folders", BOXES);
	return 0;
}

static void teardown(void *input)
{
	struct input *in = input;
	if (!in)
		return;
	char *const all[] = { in->home, in->submission, in->without, in->with };
	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		tree_remove_at(AT_FDCWD, all[i]);
		free(all[i]);
	}
	free(in);
}

static int command(const struct trial *t, const char *assignment, struct work *ret)
{
	const struct input *in = t->input;
	AUTO_FREE char *output = mem_printf("json:%s/result", t->dir);
	char *const argv[] = {
		(char *)(size_t)t->program, (char *)"run",  (char *)"-f", output, (char *)"-a",
		(char *)(size_t)assignment, in->submission, NULL
	};
	work_add(ret, argv, 1);
	bench_moulette_env(in->home, &ret->env);
	return 0;
}

static int without_card(const struct trial *t, struct work *ret, struct err *err)
{
	(void)err;
	return command(t, ((const struct input *)t->input)->without, ret);
}

static int with_card(const struct trial *t, struct work *ret, struct err *err)
{
	(void)err;
	return command(t, ((const struct input *)t->input)->with, ret);
}

/* @refused: what the card must have counted of each test; -1: there must be no card. */
static int check_steps(const struct trial *t, int refused, struct err *err)
{
	AUTO_FREE char *path = mem_printf("%s/result", t->dir);
	AUTO_JSON *result = NULL;
	struct json_object *steps = NULL, *net, *list;
	if (json_load(path, &result, err) < 0 ||
	    json_get_array(result, "result", "steps", &steps, err) < 0)
		return -1;
	for (size_t i = 0; steps && i < json_object_array_length(steps); i++) {
		net = json_object_object_get(json_object_array_get_idx(steps, i), "network");
		list = net ? json_object_object_get(net, "refused") : NULL;
		if ((list ? (int)json_object_array_length(list) : -1) != refused)
			return err_set(err, FAULT_INFRA, 0, "step %zu was not refused as it should",
				       i);
	}
	return steps && json_object_array_length(steps) == BOXES ?
		       0 :
		       err_set(err, FAULT_INFRA, 0, "not all %d tests were run", BOXES);
}

static int prove_without(const struct trial *t, struct err *err)
{
	return check_steps(t, -1, err);
}

static int prove_with(const struct trial *t, struct err *err)
{
	return check_steps(t, 1, err);
}

static const struct contender without = {
	.name = "no card",
	.protects = "a network namespace with lo alone",
	.version_option = "--version",
	.command = without_card,
	.prove = prove_without,
};

static const struct contender with = {
	.name = "card",
	.protects = "a veth pair, rules in the box's namespace and on the host, rate, counters",
	.version_option = "--version",
	.command = with_card,
	.prove = prove_with,
};

static const struct contender *const contenders[] = { &without, &with };

const struct comparison comparison_card = {
	.name = "card",
	.summary = "boxes without and with a network card",
	.contenders = contenders,
	.n = sizeof contenders / sizeof *contenders,
	.settles = true,
	.units = BOXES,
	.unit = "box",
	.setup = setup,
	.teardown = teardown,
};
