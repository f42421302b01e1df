/* recipe_names.c - which recipes there are, and whether an image is still what its recipe makes. */
#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/digest.h"
#include "base/fd.h"
#include "base/mem.h"
#include "image/meta.h"
#include "image/name.h"
#include "image/recipe_names.h"
#include "image/state.h"
#include "model/places.h"

char *recipe_path(const struct places *p, const char *name)
{
	return mem_printf("%s/%s/recipe", p->bundles, name);
}

bool recipe_exists(const struct places *p, const char *name)
{
	AUTO_FREE char *path = recipe_path(p, name);
	/* One that cannot be looked at is there: reading it says why. */
	return access(path, F_OK) == 0 || err_path_fault(errno) == FAULT_INFRA;
}

void recipe_list(const struct places *p, char ***names)
{
	AUTO_DIR DIR *d = opendir(p->bundles);

	for (struct dirent *e; d && (e = readdir(d));)
		if (name_check(e->d_name, NULL) == 0 && recipe_exists(p, e->d_name))
			strv_add(names, e->d_name);
}

bool recipe_changed(const struct places *p, const struct image_meta *m)
{
	AUTO_FREE char *path = recipe_path(p, m->image.name);
	AUTO_BUF text = { 0 };
	char hex[DIGEST_HEX];

	/* An image that does not depend on the host stays as it was made. */
	if (m->n_state == 0)
		return false;
	if (!state_is_fresh(m))
		return true;
	if (file_read(AT_FDCWD, path, &text, RECIPE_MAX) < 0)
		return false;
	digest_bytes(text.data, text.len, hex);
	return !m->recipe_sha256 || strcmp(hex, m->recipe_sha256) != 0;
}
