/* image_main.c - moulette-image: what `moulette image` becomes to make an image.
 *
 * usage: moulette-image import|pull NAME FROM BYTES | build RECIPE | make RECIPE
 *
 * A program of its own, because it alone reads archives of images, and the libraries for that cost
 * every start.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/caller.h"
#include "base/rights.h"
#include "cmd/command.h"
#include "cmd/options.h"
#include "image/maker.h"
#include "image/store.h"
#include "import/import.h"
#include "import/pull.h"

/* The line that scripts read; what was left out goes to people. */
static void tell(const struct image *i)
{
	printf("%s %s\n", i->name, i->digest);
	if (i->dropped_setid || i->dropped_devices || i->dropped_capabilities || i->dropped_pipes)
		fprintf(stderr,
			"moulette: left out of '%s': set-id bits of %" PRId64 " entries, %" PRId64
			" devices, capabilities of %" PRId64 " files, %" PRId64
			" pipes and sockets\n",
			i->name, i->dropped_setid, i->dropped_devices, i->dropped_capabilities,
			i->dropped_pipes);
	for (char **w = i->warnings; w && *w; w++)
		fprintf(stderr, "moulette: image '%s': %s\n", i->name, *w);
}

static int make(const struct places *p, int argc, char **argv, struct image *ret, struct err *err)
{
	if (places_make(p, err) < 0)
		return -1;
	if (argc == 3 && strcmp(argv[1], "build") == 0)
		return image_build(p, argv[2], ret, err);
	const bool pulls = argc == 5 && strcmp(argv[1], "pull") == 0;
	if (!pulls && (argc != 5 || strcmp(argv[1], "import") != 0))
		return err_set(err, FAULT_USAGE, 0,
			       "moulette-image is started by 'moulette image'");
	const int64_t max = strtoll(argv[4], NULL, 10);
	return pulls ? image_pull(p, argv[2], argv[3], max, ret, err) :
		       image_import(p, argv[2], argv[3], max, ret, err);
}

int main(int argc, char **argv)
{
	struct places places = { 0 };
	struct image image = { 0 };
	struct err err = { 0 };
	const bool asked = argc == 3 && strcmp(argv[1], "make") == 0;
	caller_prepare();
	int got = rights_root("the files of an image keep their owners", &err);
	if (got == 0)
		got = places_find(&places, &err);
	image_maker = image_make_here;
	if (asked && got == 0)
		got = image_make_here(&places, argv[2], &err);
	else if (got == 0)
		got = make(&places, argc, argv, &image, &err);
	if (got == 0 && !asked)
		tell(&image);
	image_done(&image);
	places_done(&places);
	return asked ? image_make_answer(got, &err) : cmd_end(got, &err);
}
