/* image.c - the sub-commands of `moulette image`; those that make an image are another program. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/mem.h"
#include "child/tool_show.h"
#include "cmd/command.h"
#include "cmd/image_show.h"
#include "image/store.h"
#include "model/limits.h"

/* Contract, "Images and the card". */
#define MAX_SIZE_DEFAULT (INT64_C(8) << 30)

typedef int sub_fn(const struct places *p, const struct cli *cli, struct err *err);

/* A separate program reads archives, so that this one loads none of their libraries: nearly
 * every other command starts faster. */
static int become_maker(const struct places *p, char *const argv[], struct err *err)
{
	execv(p->image, argv);
	return err_set(err, FAULT_INFRA, errno, "cannot run '%s'; install moulette again",
		       p->image);
}

/* import and pull: a name, a source, and the largest size. */
static int bring_exec(const struct places *p, const struct cli *cli, struct err *err)
{
	int64_t max = MAX_SIZE_DEFAULT;
	const char *size = cli_get(cli, "max-size");

	if (size && size_parse(size, &max, err) < 0)
		return err_wrap(err, "--max-size");
	AUTO_FREE char *bytes = mem_printf("%" PRId64, max);
	char *const argv[] = { "moulette-image", cli->args[0], cli->args[1],
			       cli->args[2],     bytes,        NULL };
	return become_maker(p, argv, err);
}

static int build_exec(const struct places *p, const struct cli *cli, struct err *err)
{
	char *const argv[] = { "moulette-image", cli->args[0], cli->args[1], NULL };
	if (cli_has(cli, "quiet") && setenv(TOOL_QUIET, "1", 1) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot set an environment variable");
	return become_maker(p, argv, err);
}

static int verify_exec(const struct places *p, const struct cli *cli, struct err *err)
{
	if (image_verify(p, cli->args[1], err) < 0)
		return -1;
	printf("%s: unchanged since it was made\n", cli->args[1]);
	return EXIT_ALL_PASSED;
}

static int rm_exec(const struct places *p, const struct cli *cli, struct err *err)
{
	return image_remove(p, cli->args[1], err) < 0 ? -1 : EXIT_ALL_PASSED;
}

/* ---- the command ---- */

static const struct sub {
	const char *name, *operands;
	size_t n_args;      /* its own name included */
	const char *option; /* the only one that it takes; NULL: none */
	sub_fn *exec;
} subs[] = {
	{ "import", " NAME FILE|DIR", 3, "max-size", bring_exec },
	{ "build", " RECIPE", 2, "quiet", build_exec },
	{ "pull", " NAME REF", 3, "max-size", bring_exec },
	{ "list", "", 1, "json", image_list_exec },
	{ "show", " NAME", 2, "json", image_show_exec },
	{ "verify", " NAME", 2, NULL, verify_exec },
	{ "rm", " NAME", 2, NULL, rm_exec },
};
#define N_SUBS (sizeof(subs) / sizeof(*subs))

static int no_such_sub(const char *word, struct err *err)
{
	AUTO_BUF all = { 0 };
	for (size_t i = 0; i < N_SUBS; i++)
		buf_printf(&all, "%s%s", i ? ", " : "", subs[i].name);
	if (!word)
		return usage_error(err, "image: expected an action: %s", all.data);
	return usage_error(err, "image: unknown action '%s'; expected one of %s", word, all.data);
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
		return usage_error(err, "image %s: expected 'moulette image %s%s'", s->name,
				   s->name, s->operands);
	for (size_t i = 0; i < cli->n_given; i++) {
		const char *option = cli->given[i].spec->name;
		if (!s->option || strcmp(option, s->option) != 0)
			return usage_error(err, "image %s: option --%s does not apply here",
					   s->name, option);
	}
	return s->exec(places, cli, err);
}

static const struct option_spec options[] = {
	{ "json", 0, NULL, "print JSON (with list and show)" },
	{ "max-size", 0, "SIZE",
	  "refuse an image that is larger than this when unpacked (with import and pull; default 8G)" },
	{ "quiet", 'q', NULL, "show no progress (with build)" },
	{ NULL, 0, NULL, NULL },
};

const struct command cmd_image = {
	.name = "image",
	.synopsis =
		"image import NAME FILE|DIR\nimage build RECIPE\nimage pull NAME REF\nimage list\n"
		"image show NAME\nimage verify NAME\nimage rm NAME",
	.summary = "import, build, show and remove the images that boxes run in",
	.options = options,
	.exec = image_exec,
};
