/* latency.c - from an archive in hand to its verdict, in wall time.
 *
 * `moulette batch` makes the next box ready before it takes the next archive: what a submission
 * waits for begins when its archive is opened, and ends when its line is there. Both are seen from
 * outside. The others have nothing that could be ready.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/mem.h"
#include "bench/batch_input.h"
#include "bench/contender.h"
#include "bench/program.h"

#define ARCHIVES 20

static int setup(const struct bench *b, void **ret_input, char **ret_text, struct err *err)
{
	struct batch_input *in = NULL;
	int bad = batch_input_make(b, ARCHIVES, &in, err);
	*ret_input = in;
	*ret_text = mem_printf(
		"%d archives, tar, %d files of 50 KB in all; one test, which prints one "
		"of them; wall is what the submissions\nwaited in all, cpu is that of all "
		"processes, boxes included that were ready before",
		ARCHIVES, BATCH_FILES);
	return bad;
}

static void teardown(void *input)
{
	batch_input_free(input);
}

/* One while proving. */
static int count_of(const struct trial *t)
{
	return t->units < ARCHIVES ? t->units : ARCHIVES;
}

static int ready_command(const struct trial *t, struct work *ret, struct err *err)
{
	const struct batch_input *in = t->input;
	(void)err;
	batch_command(in, t->program, 1, count_of(t), ret);
	ret->opened = mem_strdup(in->archives);
	return 0;
}

static int ready_prove(const struct trial *t, struct err *err)
{
	return batch_prove(t->log, 1, err);
}

static const struct contender ready = {
	.name = "moulette, box ready",
	.protects = "a confined child unpacks; a box with all of moulette's protection",
	.version_option = "--version",
	.command = ready_command,
	.prove = ready_prove,
};

static int cold_command(const struct trial *t, struct work *ret, struct err *err)
{
	const struct batch_input *in = t->input;
	(void)err;
	for (int i = 0; i < count_of(t); i++) {
		char *const argv[] = { (char *)(size_t)t->program,
				       (char *)"run",
				       (char *)"-a",
				       in->assignment,
				       in->paths[i],
				       NULL };
		work_add(ret, argv, 1);
	}
	bench_moulette_env(in->room->home, &ret->env);
	return 0;
}

/* Its status was 0: all tests passed, and the test compares the output. */
static int cold_prove(const struct trial *t, struct err *err)
{
	AUTO_BUF text = { 0 };
	if (file_read(AT_FDCWD, t->log, &text, 65536) < 0 || !text.data ||
	    !strstr(text.data, "passed, 1/1 point"))
		return err_set(err, FAULT_INFRA, 0, "it did not say that the test passed");
	return 0;
}

static const struct contender cold = {
	.name = "moulette run",
	.protects = "the same; program, image and box are opened for each archive",
	.version_option = "--version",
	.command = cold_command,
	.prove = cold_prove,
};

/* --- tar and bwrap ------------------------------------------------------------------------ */

static void add_uncounted(struct work *w, char *const *argv)
{
	work_add(w, argv, 1);
	w->steps[w->n - 1].uncounted = true;
}

static void one_archive(const struct trial *t, const char *tar, int i, struct work *ret)
{
	const struct batch_input *in = t->input;
	AUTO_FREE char *dir = mem_printf("%s/%d", t->dir, i);
	char *const mkdir[] = { (char *)"/bin/mkdir", dir, NULL };
	char *const unpack[] = { (char *)(size_t)tar, (char *)"-xf", in->paths[i],
				 (char *)"-C",        dir,           NULL };
	char *const run[] = { (char *)(size_t)t->program,
			      (char *)"--unshare-all",
			      (char *)"--die-with-parent",
			      (char *)"--new-session",
			      (char *)"--clearenv",
			      (char *)"--ro-bind",
			      in->room->rootfs,
			      (char *)"/",
			      (char *)"--proc",
			      (char *)"/proc",
			      (char *)"--dev",
			      (char *)"/dev",
			      (char *)"--tmpfs",
			      (char *)"/tmp",
			      (char *)"--bind",
			      dir,
			      (char *)"/work",
			      (char *)"--chdir",
			      (char *)"/work",
			      (char *)"--",
			      (char *)"/bin/busybox",
			      (char *)"cat",
			      (char *)BATCH_FILE,
			      NULL };
	add_uncounted(ret, mkdir);
	work_add(ret, unpack, 1);
	work_add(ret, run, 1);
}

static int tar_command(const struct trial *t, struct work *ret, struct err *err)
{
	AUTO_FREE char *why = NULL;
	AUTO_FREE char *tar = program_find("tar", &why);
	if (!tar)
		return err_set(err, FAULT_INFRA, 0, "%s", why);
	for (int i = 0; i < count_of(t); i++)
		one_archive(t, tar, i, ret);
	bench_peer_env(&ret->env);
	return 0;
}

static int tar_prove(const struct trial *t, struct err *err)
{
	AUTO_BUF text = { 0 };
	if (file_read(AT_FDCWD, t->log, &text, 65536) < 0 || !text.data ||
	    strcmp(text.data, BATCH_SAYS) != 0)
		return err_set(err, FAULT_INFRA, 0, "printed '%s'", text.data ? text.data : "");
	return 0;
}

static const struct contender tar_bwrap = {
	.name = "tar x + bwrap",
	.protects =
		"tar unpacks as root, unconfined; namespaces; no cgroup, no seccomp, no limits, "
		"nothing is compared or stored",
	.program = "bwrap",
	.version_option = "--version",
	.command = tar_command,
	.prove = tar_prove,
};

static const struct contender *const contenders[] = { &ready, &cold, &tar_bwrap };

const struct comparison comparison_latency = {
	.name = "latency",
	.summary = "archive in hand to verdict",
	.contenders = contenders,
	.n = sizeof contenders / sizeof *contenders,
	.units = ARCHIVES,
	.unit = "submission",
	.settles = true,
	.setup = setup,
	.teardown = teardown,
};
