/* image.c - the end of an image. */
#include "model/image.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

void image_done(struct image *i)
{
	free(i->name);
	free(i->digest);
	free(i->rootfs);
	for (size_t k = 0; k < i->n_binds; k++) {
		free(i->binds[k].source);
		free(i->binds[k].destination);
	}
	free(i->binds);
	strv_free(i->env);
	free(i->working_dir);
	free(i->user);
	strv_free(i->layers);
	strv_free(i->warnings);
	memset(i, 0, sizeof *i);
}
