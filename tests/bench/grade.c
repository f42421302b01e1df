/* grade.c - one submission with some tests: moulette's one box against a start for each test. */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/mem.h"
#include "bench/contender.h"
#include "bench/peers.h"
#include "bench/program.h"
#include "bench/room.h"

#define PAUSE_MS 60
#define STATIC_CRUN "crun-static"

static int setup(const struct bench *b, void **ret_input, char **ret_text, struct err *err)
{
	struct room *r = NULL;
	int bad = room_open(b, &r, err);
	*ret_input = r;
	*ret_text = mem_strdup(
		"a test is `busybox echo`, static, in the same root file system for all; "
		"1 GiB and 100 processes where there are limits.\nThe others start once a "
		"test; moulette starts once, compares outputs, judges and stores the result.");
	return bad;
}

static void teardown(void *input)
{
	room_close(input);
}

static size_t variants(const struct bench *b, struct variant *ret)
{
	size_t n = 0;
	for (int pause = 0; pause <= PAUSE_MS; pause += PAUSE_MS)
		for (const int *tests = b->tests; *tests > 0 && n < VARIANTS_MAX; tests++)
			ret[n++] = (struct variant){ .units = *tests, .pause_ms = pause };
	return n;
}

/* --- moulette: with its defaults ------------------------------------------------------------ */

static int grade_with(const struct trial *t, const char *engine, struct work *ret, struct err *err)
{
	const struct room *r = t->input;
	AUTO_FREE char *assignment = room_assignment(r, t->units, t->failing, err);
	if (!assignment)
		return -1;
	char *const argv[] = { (char *)(size_t)t->program,
			       (char *)"run",
			       (char *)"-a",
			       assignment,
			       r->submission,
			       NULL };
	work_add(ret, argv, 1);
	bench_moulette_env(r->home, &ret->env);
	if (engine) {
		AUTO_FREE char *variable = mem_printf("MOULETTE_ENGINE=%s", engine);
		strv_add(&ret->env, variable);
	}
	return 0;
}

static int moulette_command(const struct trial *t, struct work *ret, struct err *err)
{
	return grade_with(t, NULL, ret, err);
}

static int static_command(const struct trial *t, struct work *ret, struct err *err)
{
	AUTO_FREE char *why = NULL;
	AUTO_FREE char *engine = program_find(STATIC_CRUN, &why);
	if (!engine)
		return err_set(err, FAULT_INFRA, 0, "%s", why);
	return grade_with(t, engine, ret, err);
}

static bool static_probe(const struct bench *b, void *input, char **ret_why)
{
	AUTO_FREE char *engine = program_find(STATIC_CRUN, ret_why);
	(void)b;
	(void)input;
	return engine;
}

/* A verdict `passed` means that output and status were as the assignment has them; which they were
 * is in the result. */
static int check_result(const char *path, int status, struct err *err)
{
	AUTO_JSON *result = NULL;
	struct json_object *steps = NULL, *step, *out;
	AUTO_FREE char *text = NULL;
	int64_t code = -1;
	if (json_load(path, &result, err) < 0 ||
	    json_get_array(result, "result", "steps", &steps, err) < 0)
		return -1;
	step = steps ? json_object_array_get_idx(steps, 0) : NULL;
	if (!step || json_get_i64(step, "step", "exit_code", 0, 255, &code, err) < 0 ||
	    json_get_obj(step, "step", "stdout", &out, err) < 0 || !out ||
	    json_get_str(out, "stdout", "text", &text, err) < 0)
		return err_set(err, FAULT_INFRA, 0, "the result says nothing of its test");
	if (code != status || !text || strcmp(text, ROOM_SAYS "\n") != 0)
		return err_set(err, FAULT_INFRA, 0, "status %d and output '%s'", (int)code,
			       text ? text : "");
	return 0;
}

static int moulette_prove(const struct trial *t, struct err *err)
{
	const struct room *r = t->input;
	AUTO_FREE char *path = mem_printf("%s/result", t->dir);
	AUTO_FREE char *format = mem_printf("json:%s", path);
	for (int failing = 0; failing <= 1; failing++) {
		AUTO_FREE char *assignment = room_assignment(r, 1, failing, err);
		char *const argv[] = { (char *)(size_t)t->program,
				       (char *)"run",
				       (char *)"-a",
				       assignment,
				       (char *)"-f",
				       format,
				       r->submission,
				       NULL };
		if (!assignment || bench_call(t->bench, r->home, argv, t->log, err) < 0 ||
		    check_result(path, failing ? ROOM_FAILS_WITH : 0, err) < 0)
			return -1;
	}
	return 0;
}

#define PROTECTS                                                                                  \
	"all namespaces, uids of its own, no capability, read-only root, seccomp list, cgroups, " \
	"rlimits, limits of time, output and disk; tests do not see each other; "

static const struct contender moulette = {
	.name = "moulette",
	.protects = PROTECTS "one box a submission",
	.version_option = "--version",
	.command = moulette_command,
	.prove = moulette_prove,
};

static const struct contender moulette_static = {
	.name = "moulette, crun static",
	.protects = PROTECTS "one box a submission",
	.version_option = "--version",
	.probe = static_probe,
	.command = static_command,
	.prove = moulette_prove,
};

/* --- the floor ---------------------------------------------------------------------------- */

static int bare_command(const struct trial *t, struct work *ret, struct err *err)
{
	const struct room *r = t->input;
	AUTO_STRV argv = NULL;
	AUTO_FREE char *program = NULL;
	(void)err;
	room_program(t, &argv);
	program = mem_printf("%s%s", r->rootfs, argv[0]);
	free(argv[0]);
	argv[0] = ptr_steal(&program);
	work_add(ret, argv, t->units);
	bench_peer_env(&ret->env);
	return 0;
}

static const struct contender bare = {
	.name = "bare exec",
	.protects = "nothing: vfork, exec and wait, which no sandbox can do without",
	.command = bare_command,
	.prove = room_prove,
};

static const struct contender *const contenders[] = {
	&moulette,           &moulette_static, &bare,          &peer_bwrap,  &peer_isolate,
	&peer_isolate_ready, &peer_nsjail,     &peer_go_judge, &peer_crun,   &peer_crun_static,
	&peer_runc,          &peer_runsc,      &peer_podman,   &peer_docker,
};

const struct comparison comparison_grade = {
	.name = "grade",
	.summary = "a submission with 1, 3, 10 and 100 tests",
	.contenders = contenders,
	.n = sizeof contenders / sizeof *contenders,
	.unit = "test",
	.variants = variants,
	.setup = setup,
	.teardown = teardown,
};
