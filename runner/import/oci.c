/*
 * oci.c - OCI layouts, and archives of Docker 25 and later, which are layouts too (child side).
 *
 * NAME chooses among the entries of index.json. What is chosen is followed, through further
 * indexes that list an image once for each machine, to a manifest, and from there to its config;
 * every step is checked by size and digest. Others are not read, so that a layout that was copied
 * in part serves for what it has.
 */
#include "import/oci.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "import/docker.h"
#include "import/image_config.h"
#include "import/oci_index.h"
#include "import/tags.h"

#define INDEX "index.json"
#define LAYOUT "oci-layout"
#define NESTED_MAX 4

static int check_layout(struct documents *d, struct err *err)
{
	AUTO_JSON *o = NULL;
	AUTO_FREE char *version = mem_strdup("");

	if (document_load(d, LAYOUT, NULL, -1, false, &o, err) < 0 ||
	    document_str(o, LAYOUT, "imageLayoutVersion", &version, err) < 0)
		return -1;
	if (strncmp(version, "1.", 2) != 0)
		return err_set(err, FAULT_USAGE, 0,
			       LAYOUT ".imageLayoutVersion: expected 1.x, got '%.40s'", version);
	return 0;
}

/* ---- from an entry of index.json to a manifest ---- */

static int check_version(struct json_object *o, const struct descriptor *from, struct err *err)
{
	int64_t version = 2;

	if (json_get_i64(o, from->where, "schemaVersion", 1, 1000, &version, err) < 0)
		return -1;
	if (version == 1 || oci_media_of(from->media_type) == MEDIA_OLD)
		return err_set(err, FAULT_USAGE, 0,
			       "%s: a manifest of schemaVersion 1, from before Docker 1.10, does "
			       "not say what its layers are; save the image anew",
			       from->where);
	return version == 2 ?
		       0 :
		       err_set(err, FAULT_USAGE, 0, "%s.schemaVersion: expected 2", from->where);
}

/* One document must not be taken for an index by one reader and for a manifest by another. */
static int check_media(struct json_object *o, const struct descriptor *from, struct err *err)
{
	AUTO_FREE char *media_type = NULL;
	bool index = oci_media_of(from->media_type) == MEDIA_INDEX;

	if (document_str(o, from->where, "mediaType", &media_type, err) < 0)
		return -1;
	if (media_type && oci_media_of(media_type) != oci_media_of(from->media_type))
		return err_set(err, FAULT_USAGE, 0,
			       "%s.mediaType: '%.80s', but the document says "
			       "'%.80s'",
			       from->where, from->media_type, media_type);
	if (json_object_object_get_ex(o, index ? "layers" : "manifests", NULL))
		return err_set(err, FAULT_USAGE, 0, "%s: it is %s with '%s' in it", from->where,
			       index ? "an index" : "a manifest", index ? "layers" : "manifests");
	return 0;
}

/* The entry for this machine, if need be one that does not say its machine. */
static const struct index_entry *native_entry(const struct index_entries *e)
{
	const struct index_entry *any = NULL;

	for (size_t i = 0; i < e->n; i++) {
		if (e->all[i].native && e->all[i].platform)
			return &e->all[i];
		if (e->all[i].native && !any)
			any = &e->all[i];
	}
	return any;
}

static int descend(struct json_object *index, struct descriptor *at, struct err *err)
{
	AUTO_ENTRIES entries = { 0 };
	AUTO_FREE char *where = oci_descriptor_member(at);
	const struct index_entry *e;

	if (oci_index_read(index, where, &entries, err) < 0)
		return -1;
	e = native_entry(&entries);
	if (!e)
		return oci_index_refuse_platforms(&entries, where, err);
	oci_descriptor_done(at);
	*at = e->descriptor;
	at->where = mem_strdup(e->descriptor.where);
	at->media_type = mem_strdup(e->descriptor.media_type);
	return 0;
}

/* @at becomes the descriptor of the manifest. */
static int find_manifest(struct documents *d, struct descriptor *at, struct json_object **ret,
			 struct err *err)
{
	for (int depth = 0;; depth++) {
		AUTO_JSON *o = NULL;
		if (oci_descriptor_load(d, at, &o, err) < 0 || check_version(o, at, err) < 0 ||
		    check_media(o, at, err) < 0)
			return -1;
		if (oci_media_of(at->media_type) == MEDIA_MANIFEST) {
			*ret = o;
			o = NULL;
			return 0;
		}
		if (depth == NESTED_MAX)
			return err_set(err, FAULT_USAGE, 0, "%s: an index nested more than %d deep",
				       at->where, NESTED_MAX);
		if (descend(o, at, err) < 0)
			return -1;
	}
}

static int read_config_descriptor(struct json_object *manifest, const char *where,
				  struct descriptor *ret, struct err *err)
{
	AUTO_FREE char *here = mem_printf("%s: config", where);
	struct json_object *o;

	if (document_obj(manifest, where, "config", &o, err) < 0)
		return -1;
	if (!o)
		return err_set(err, FAULT_USAGE, 0, "%s.config: it is missing", where);
	return oci_descriptor_read(o, here, ret, err);
}

/* ---- which image ---- */

static int add_tags(struct index_entry *e, char *const *tags, struct err *err)
{
	if (strv_len(e->tags) + strv_len(tags) > STRINGS_MAX)
		return err_set(err, FAULT_USAGE, 0, "%s: more than %d tags", e->descriptor.where,
			       STRINGS_MAX);
	for (; tags && *tags; tags++)
		strv_add(&e->tags, *tags);
	return 0;
}

static int add_docker_tags(struct documents *d, struct index_entry *e,
			   const struct docker_images *images, struct err *err)
{
	AUTO_DESCRIPTOR at = { .where = mem_strdup(e->descriptor.where),
			       .media_type = mem_strdup(e->descriptor.media_type),
			       .bytes = e->descriptor.bytes };
	AUTO_DESCRIPTOR config = { 0 };
	AUTO_JSON *manifest = NULL;
	struct err why = { 0 };
	char hex[DIGEST_HEX];

	memcpy(at.hex, e->descriptor.hex, sizeof(at.hex));
	if (find_manifest(d, &at, &manifest, &why) < 0 ||
	    read_config_descriptor(manifest, at.where, &config, &why) < 0) {
		/* One that cannot be read has no further tags; why, is said when it is chosen. */
		bool goes_on = why.fault == FAULT_USAGE && d->left >= 0;
		return goes_on ? 0 : err_set(err, why.fault, 0, "%s", why.msg);
	}
	for (size_t i = 0; i < images->n; i++)
		if (docker_digest(images->all[i].config, hex) && strcmp(hex, config.hex) == 0 &&
		    add_tags(e, images->all[i].tags, err) < 0)
			return -1;
	return 0;
}

/* Docker 25 and later have full names in manifest.json alone. */
static int read_docker_tags(struct documents *d, struct index_entries *entries, struct err *err)
{
	AUTO_DOCKER_IMAGES images = { 0 };

	if (!members_has(d->members, "manifest.json"))
		return 0;
	if (docker_images_load(d, &images, err) < 0)
		return -1;
	for (size_t i = 0; i < entries->n; i++)
		if (entries->all[i].native &&
		    add_docker_tags(d, &entries->all[i], &images, err) < 0)
			return -1;
	return 0;
}

static int refuse_foreign(const struct index_entry *e, const char *name, struct err *err)
{
	return err_set(err, FAULT_USAGE, 0,
		       "%s: image '%.64s' is for %.80s, this machine is linux/%s",
		       e->descriptor.where, name, e->platform, documents_machine());
}

/* What is for this machine is asked first. */
static int choose_entry(const struct index_entries *e, const char *name, size_t *ret,
			struct err *err)
{
	AUTO_FREE struct tagged *list = mem_alloc((e->n + 1) * sizeof(*list));
	AUTO_FREE size_t *from = mem_alloc((e->n + 1) * sizeof(*from));
	const struct index_entry *foreign = NULL;
	bool fits = false;
	size_t n = 0, at = 0;

	for (size_t i = 0; i < e->n; i++) {
		struct tagged t = { .id = e->all[i].descriptor.hex, .tags = e->all[i].tags };
		bool fit = tags_fit(name, &t) != TAG_OTHER;
		if (!e->all[i].native) {
			foreign = fit && !foreign ? &e->all[i] : foreign;
			continue;
		}
		fits = fits || fit;
		from[n] = i;
		list[n++] = t;
	}
	if (n == 0)
		return oci_index_refuse_platforms(e, INDEX, err);
	if (foreign && !fits)
		return refuse_foreign(foreign, name, err);
	if (tags_choose(list, n, name, &at, err) < 0)
		return -1;
	*ret = from[at];
	return 0;
}

static int choose(struct documents *d, const char *name, struct descriptor *ret, struct err *err)
{
	AUTO_ENTRIES entries = { 0 };
	AUTO_JSON *index = NULL;
	size_t at = 0;

	if (document_load(d, INDEX, NULL, -1, false, &index, err) < 0 ||
	    oci_index_read(index, INDEX, &entries, err) < 0)
		return -1;
	if (entries.n == 0)
		return err_set(err, FAULT_USAGE, 0, INDEX ": contains no image%s%.100s",
			       entries.left_out ? ", only " : "",
			       entries.left_out ? entries.left_out : "");
	if (read_docker_tags(d, &entries, err) < 0 || choose_entry(&entries, name, &at, err) < 0)
		return -1;
	*ret = entries.all[at].descriptor;
	entries.all[at].descriptor = (struct descriptor){ 0 };
	return 0;
}

/* ---- what the manifest has ---- */

static bool is_layer(const char *media_type)
{
	static const char *const known[] = {
		"application/vnd.oci.image.layer.v1.tar",
		"application/vnd.oci.image.layer.nondistributable.v1.tar",
		"application/vnd.docker.image.rootfs.diff.tar",
		"application/vnd.docker.image.rootfs.foreign.diff.tar",
	};
	static const char *const ends[] = { "", "+gzip", "+zstd", ".gzip", ".zstd" };

	/* Which compression it has is seen by its content. */
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
		size_t len = strlen(known[i]);
		if (strncmp(media_type, known[i], len) != 0)
			continue;
		for (size_t k = 0; k < sizeof(ends) / sizeof(*ends); k++)
			if (strcmp(media_type + len, ends[k]) == 0)
				return true;
	}
	return false;
}

static int check_layer(struct documents *d, const struct descriptor *l, const char *member,
		       struct err *err)
{
	bool elsewhere = strstr(l->media_type, "nondistributable") ||
			 strstr(l->media_type, ".foreign.");

	if (strstr(l->media_type, "+encrypted"))
		return err_set(err, FAULT_USAGE, 0, "%s: the layer is encrypted ('%.100s')",
			       l->where, l->media_type);
	if (!is_layer(l->media_type))
		return err_set(err, FAULT_USAGE, 0,
			       "%s.mediaType: expected a layer of an image, got '%.100s'", l->where,
			       l->media_type);
	if (!members_has(d->members, member))
		return err_set(err, FAULT_USAGE, 0, "%s: %slayer sha256:%s is not in the archive",
			       l->where, elsewhere ? "the nondistributable " : "", l->hex);
	return 0;
}

static int read_layers(struct documents *d, struct json_object *manifest, const char *where,
		       struct image_source *ret, struct err *err)
{
	struct json_object *list;

	if (document_array(manifest, where, "layers", &list, err) < 0)
		return -1;
	size_t n = list ? json_object_array_length(list) : 0;
	if (n > LAYERS_MAX)
		return err_set(err, FAULT_USAGE, 0, "%s.layers: %zu layers, expected at most %d",
			       where, n, LAYERS_MAX);
	ret->layers = mem_alloc((n + 1) * sizeof(*ret->layers));
	for (size_t i = 0; i < n; i++) {
		AUTO_FREE char *here = mem_printf("%s: layers[%zu]", where, i), *member = NULL;
		AUTO_DESCRIPTOR l = { 0 };
		if (oci_descriptor_read(json_object_array_get_idx(list, i), here, &l, err) < 0)
			return -1;
		member = oci_descriptor_member(&l);
		if (check_layer(d, &l, member, err) < 0)
			return -1;
		ret->layers[ret->n_layers++] = (struct source_layer){
			.member = ptr_steal(&member),
			.digest = mem_strdup(l.hex),
			.bytes = l.bytes,
		};
	}
	return 0;
}

static int check_config(const struct descriptor *config, struct err *err)
{
	if (strcmp(config->media_type, "application/vnd.oci.image.config.v1+json") == 0 ||
	    strcmp(config->media_type, "application/vnd.docker.container.image.v1+json") == 0)
		return 0;
	return err_set(err, FAULT_USAGE, 0,
		       "%s.mediaType: expected the config of an image, got '%.100s': it is another "
		       "kind of artifact",
		       config->where, config->media_type);
}

int oci_load(struct documents *d, const char *name, struct image_source *ret, struct err *err)
{
	AUTO_DESCRIPTOR at = { 0 }, config = { 0 };
	AUTO_JSON *manifest = NULL, *settings = NULL;

	if (check_layout(d, err) < 0 || choose(d, name, &at, err) < 0 ||
	    find_manifest(d, &at, &manifest, err) < 0)
		return -1;
	AUTO_FREE char *where = oci_descriptor_member(&at);
	if (read_config_descriptor(manifest, where, &config, err) < 0 ||
	    check_config(&config, err) < 0 || read_layers(d, manifest, where, ret, err) < 0 ||
	    oci_descriptor_load(d, &config, &settings, err) < 0)
		return -1;
	AUTO_FREE char *document = oci_descriptor_member(&config);
	return image_config_read(settings, document, ret, err);
}
