/* image_import.c - `moulette image import` of an OCI layout, and what else unpacks one. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/json.h"
#include "base/mem.h"
#include "bench/contender.h"
#include "bench/image_make.h"

struct input {
	char *layout;
	struct image_made made;
};

static int setup(const struct bench *b, void **ret_input, char **ret_text, struct err *err)
{
	struct input *in = mem_alloc(sizeof *in);
	*ret_input = in;
	in->layout = mem_printf("%s/layout", b->scratch);
	if (image_make(in->layout, b->size, b->interrupt_fd, &in->made, err) < 0)
		return -1;
	*ret_text = mem_printf("%.1f MiB in %" PRIu64
			       " files of %d layers, %.1f MiB compressed by gzip",
			       (double)in->made.bytes / (1 << 20), in->made.files, IMAGE_LAYERS,
			       (double)in->made.blob_bytes / (1 << 20));
	return 0;
}

static void teardown(void *input)
{
	struct input *in = input;
	if (!in)
		return;
	tree_remove_at(AT_FDCWD, in->layout);
	free(in->layout);
	free(in);
}

static int same_tree(const struct trial *t, const char *rootfs, struct err *err)
{
	const struct input *in = t->input;
	const struct tree_sum *want = &in->made.tree;
	struct tree_sum got;
	if (tree_sum_of(rootfs, &got, err) < 0)
		return -1;
	if (got.files != want->files || got.bytes != want->bytes)
		return err_set(err, FAULT_INFRA, 0,
			       "unpacked %" PRIu64 " files of %" PRIu64
			       " bytes in all, expected %" PRIu64 " of %" PRIu64,
			       got.files, got.bytes, want->files, want->bytes);
	if (got.sum != want->sum)
		return err_set(err, FAULT_INFRA, 0,
			       "unpacked other names, links or contents than "
			       "those of the image");
	return 0;
}

/* --- moulette: in a store of its own for each run, as layers that are there cost nothing --- */

static int moulette_command(const struct trial *t, struct work *ret, struct err *err)
{
	const struct input *in = t->input;
	AUTO_FREE char *home = mem_printf("%s/home", t->dir);
	char *const argv[] = { (char *)(size_t)t->program, (char *)"image", (char *)"import",
			       (char *)IMAGE_TAG,          in->layout,      NULL };
	(void)err;
	work_add(ret, argv, 1);
	bench_moulette_env(home, &ret->env);
	return 0;
}

/* Where the tree lies is said by the program itself. */
static int moulette_rootfs(const struct trial *t, char **ret, struct err *err)
{
	AUTO_FREE char *log = mem_printf("%s/shown", t->dir);
	AUTO_FREE char *home = mem_printf("%s/home", t->dir);
	AUTO_JSON *image = NULL;
	char *const argv[] = { (char *)(size_t)t->program, (char *)"image",  (char *)"show",
			       (char *)IMAGE_TAG,          (char *)"--json", NULL };
	if (bench_call(t->bench, home, argv, log, err) < 0 || json_load(log, &image, err) < 0 ||
	    json_get_str(image, "image", "rootfs", ret, err) < 0)
		return -1;
	return *ret ? 0 : err_set(err, FAULT_INFRA, 0, "the image has no rootfs");
}

static int moulette_prove(const struct trial *t, struct err *err)
{
	AUTO_FREE char *rootfs = NULL;
	if (moulette_rootfs(t, &rootfs, err) < 0)
		return -1;
	return same_tree(t, rootfs, err);
}

static const struct contender moulette = {
	.name = "moulette",
	.protects = "a confined child parses; all digests verified; the tree's own digest is kept",
	.version_option = "--version",
	.command = moulette_command,
	.prove = moulette_prove,
};

/* --- umoci ------------------------------------------------------------------------------- */

static int umoci_command(const struct trial *t, struct work *ret, struct err *err)
{
	const struct input *in = t->input;
	AUTO_FREE char *image = mem_printf("%s:" IMAGE_TAG, in->layout);
	AUTO_FREE char *bundle = mem_printf("%s/bundle", t->dir);
	char *const argv[] = {
		(char *)(size_t)t->program, (char *)"unpack", (char *)"--image", image, bundle, NULL
	};
	(void)err;
	work_add(ret, argv, 1);
	bench_peer_env(&ret->env);
	return 0;
}

static int umoci_prove(const struct trial *t, struct err *err)
{
	AUTO_FREE char *rootfs = mem_printf("%s/bundle/rootfs", t->dir);
	return same_tree(t, rootfs, err);
}

static const struct contender umoci = {
	.name = "umoci",
	.protects =
		"parses as root in one process; all digests verified; an mtree manifest is kept",
	.program = "umoci",
	.version_option = "--version",
	.command = umoci_command,
	.prove = umoci_prove,
};

static const struct contender *const contenders[] = { &moulette, &umoci };

const struct comparison comparison_image_import = {
	.name = "image-import",
	.summary = "an OCI layout becomes a tree",
	.contenders = contenders,
	.n = sizeof contenders / sizeof *contenders,
	.settles = true,
	.setup = setup,
	.teardown = teardown,
};
