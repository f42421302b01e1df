/* gc.c - remove what killed runs left behind. */
#include <stdio.h>

#include "base/mem.h"
#include "cmd/command.h"
#include "image/store.h"
#include "pipeline/session.h"

static int gc_exec(const struct places *places, const struct cli *cli, struct err *err)
{
	AUTO_STORE *store = NULL;
	int swept = 0, images = 0;
	if (cli->n_args)
		return usage_error(err, "gc takes no arguments");
	if (places_make(places, err) < 0 || store_open(places->database, &store, err) < 0 ||
	    session_sweep(places, store, &swept, err) < 0 || image_sweep(places, &images, err) < 0)
		return -1;
	swept += images;
	fprintf(stderr, "moulette: %d leftover%s of killed runs removed\n", swept,
		swept == 1 ? "" : "s");
	return EXIT_ALL_PASSED;
}

const struct command cmd_gc = {
	.name = "gc",
	.synopsis = "gc",
	.summary = "remove what killed runs left behind; live runs are not touched",
	.exec = gc_exec,
};
