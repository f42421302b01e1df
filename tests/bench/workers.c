/* workers.c - `moulette batch` with one worker and with two. */
#include <unistd.h>

#include "base/mem.h"
#include "bench/batch_input.h"
#include "bench/contender.h"

#define SUBMISSIONS 100

static int setup(const struct bench *b, void **ret_input, char **ret_text, struct err *err)
{
	struct batch_input *in = NULL;
	int bad = batch_input_make(b, SUBMISSIONS, &in, err);
	*ret_input = in;
	*ret_text = mem_printf("%d archives with one test each", SUBMISSIONS);
	return bad;
}

static void teardown(void *input)
{
	batch_input_free(input);
}

static int with(const struct trial *t, int workers, struct work *ret)
{
	batch_command(t->input, t->program, workers, t->units, ret);
	return 0;
}

static int one_command(const struct trial *t, struct work *ret, struct err *err)
{
	(void)err;
	return with(t, 1, ret);
}

static int two_command(const struct trial *t, struct work *ret, struct err *err)
{
	(void)err;
	return with(t, 2, ret);
}

static int prove(const struct trial *t, struct err *err)
{
	return batch_prove(t->log, t->units, err);
}

static bool two_probe(const struct bench *b, void *input, char **ret_why)
{
	(void)b;
	(void)input;
	if (sysconf(_SC_NPROCESSORS_ONLN) >= 2)
		return true;
	*ret_why = mem_strdup("there is one processor");
	return false;
}

static const struct contender one = {
	.name = "one worker",
	.protects = "a box each, made ready before its submission",
	.version_option = "--version",
	.command = one_command,
	.prove = prove,
};

static const struct contender two = {
	.name = "two workers",
	.protects = "the same",
	.version_option = "--version",
	.probe = two_probe,
	.command = two_command,
	.prove = prove,
};

static const struct contender *const contenders[] = { &one, &two };

const struct comparison comparison_workers = {
	.name = "workers",
	.summary = "a batch with one worker and with two: a ratio of 0.5 is twice as fast",
	.contenders = contenders,
	.n = sizeof contenders / sizeof *contenders,
	.units = SUBMISSIONS,
	.unit = "submission",
	.settles = true,
	.setup = setup,
	.teardown = teardown,
};
