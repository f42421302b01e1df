/* fuzz_documents.c - index.json of an OCI layout and manifest.json of Docker. */
#include "fuzz.h"
#include "import/docker.h"
#include "import/image_source.h"
#include "import/members.h"
#include "import/oci_index.h"

static void read_index(const char *data, size_t size)
{
	AUTO_JSON *o = NULL;
	AUTO_ENTRIES entries = { 0 };
	struct err err = { 0 };
	if (json_parse_foreign("index.json", data, size, &o, &err) < 0 ||
	    !json_object_is_type(o, json_type_object) ||
	    oci_index_read(o, "index.json", &entries, &err) < 0)
		return;
	HOLDS(entries.n <= IMAGES_MAX);
	bool native = false;
	for (size_t i = 0; i < entries.n; i++) {
		HOLDS(strlen(entries.all[i].descriptor.hex) == DIGEST_HEX - 1);
		native = native || entries.all[i].native;
	}
	/* Only asked of an index that has nothing for this machine. */
	HOLDS(native || oci_index_refuse_platforms(&entries, "index.json", &err) < 0);
}

/* The first image has a config, so that all of its keys are looked at. */
static void read_manifest(const char *data, size_t size)
{
	AUTO_FD int folder = open(fuzz_folder(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	AUTO_MEMBERS *m = NULL;
	struct image_source s = { 0 };
	struct err err = { 0 };
	fuzz_put("manifest.json", data, size);
	fuzz_put("c", data, size);
	if (members_load(folder, true, folder, 1 << 20, &m, &err) != 1)
		return;
	struct documents d = { .members = m, .left = DOCUMENTS_BYTES_MAX };
	AUTO_DOCKER_IMAGES images = { 0 };
	if (docker_images_load(&d, &images, &err) == 0)
		HOLDS(images.n <= IMAGES_MAX);
	if (image_source_load(m, "name", &s, &err) == 0)
		image_source_done(&s);
}

FUZZER(documents)
{
	read_index(data, size);
	read_manifest(data, size);
}
