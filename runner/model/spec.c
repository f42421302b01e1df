/* spec.c - lists of mounts. */
#include "model/spec.h"

#include <stdlib.h>

#include "base/mem.h"

void mount_specs_add(struct mount_spec **list, size_t *n, const char *source,
		     const char *destination, bool rw)
{
	*list = mem_realloc(*list, (*n + 1) * sizeof **list);
	(*list)[(*n)++] = (struct mount_spec){ mem_strdup(source), mem_strdup(destination), rw };
}

void mount_specs_done(struct mount_spec *list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(list[i].source);
		free(list[i].destination);
	}
	free(list);
}
