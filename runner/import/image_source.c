/* image_source.c - one image of an archive, whichever of the two kinds the archive is (child side). */
#include "import/image_source.h"

#include <stdlib.h>

#include "base/mem.h"
#include "import/docker.h"
#include "import/oci.h"

int image_source_load(struct members *m, const char *name, struct image_source *ret,
		      struct err *err)
{
	struct documents d = { .members = m, .left = DOCUMENTS_BYTES_MAX };
	struct image_source s = { 0 };
	bool layout = members_has(m, "oci-layout") && members_has(m, "index.json");

	if ((layout ? oci_load : docker_load)(&d, name, &s, err) < 0) {
		image_source_done(&s);
		return -1;
	}
	*ret = s;
	return 0;
}

void image_source_done(struct image_source *s)
{
	strv_free(s->env);
	free(s->user);
	free(s->working_dir);
	for (size_t i = 0; i < s->n_layers; i++) {
		free(s->layers[i].member);
		free(s->layers[i].digest);
	}
	free(s->layers);
	*s = (struct image_source){ 0 };
}
