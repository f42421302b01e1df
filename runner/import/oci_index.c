/* oci_index.c - indexes of OCI layouts: descriptors, platforms, tags (child side). */
#include "import/oci_index.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"

#define OCI "application/vnd.oci.image."
#define DOCKER "application/vnd.docker.distribution.manifest."
#define PLATFORMS_LISTED 12

void oci_descriptor_done(struct descriptor *d)
{
	free(d->where);
	free(d->media_type);
	*d = (struct descriptor){ 0 };
}

static int missing(const char *where, const char *key, struct err *err)
{
	return err_set(err, FAULT_USAGE, 0, "%s.%s: it is missing", where, key);
}

int oci_descriptor_read(struct json_object *o, const char *where, struct descriptor *ret,
			struct err *err)
{
	AUTO_FREE char *digest = NULL, *what = mem_printf("%s.digest", where);

	if (!json_object_is_type(o, json_type_object))
		return err_set(err, FAULT_USAGE, 0, "%s: expected an object", where);
	ret->where = mem_strdup(where);
	ret->bytes = -1;
	if (document_str(o, where, "mediaType", &ret->media_type, err) < 0 ||
	    document_str(o, where, "digest", &digest, err) < 0 ||
	    json_get_i64(o, where, "size", 0, INT64_MAX - 1, &ret->bytes, err) < 0)
		return -1;
	if (!ret->media_type)
		return missing(where, "mediaType", err);
	if (!digest)
		return missing(where, "digest", err);
	if (ret->bytes < 0)
		return missing(where, "size", err);
	return documents_digest(digest, what, ret->hex, err);
}

char *oci_descriptor_member(const struct descriptor *d)
{
	return mem_printf("blobs/sha256/%s", d->hex);
}

int oci_descriptor_load(struct documents *d, const struct descriptor *from,
			struct json_object **ret, struct err *err)
{
	AUTO_FREE char *member = oci_descriptor_member(from);

	if (!members_has(d->members, member))
		return err_set(err, FAULT_USAGE, 0, "%s: sha256:%s is not in the archive",
			       from->where, from->hex);
	return document_load(d, member, from->hex, from->bytes, false, ret, err);
}

enum media oci_media_of(const char *media_type)
{
	static const struct {
		const char *name;
		enum media media;
	} known[] = {
		{ OCI "manifest.v1+json", MEDIA_MANIFEST },
		{ DOCKER "v2+json", MEDIA_MANIFEST },
		{ OCI "index.v1+json", MEDIA_INDEX },
		{ DOCKER "list.v2+json", MEDIA_INDEX },
		{ DOCKER "v1+json", MEDIA_OLD },
		{ DOCKER "v1+prettyjws", MEDIA_OLD },
	};
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (strcmp(known[i].name, media_type) == 0)
			return known[i].media;
	return MEDIA_OTHER;
}

/* ---- entries ---- */

static void entry_done(struct index_entry *e)
{
	oci_descriptor_done(&e->descriptor);
	free(e->platform);
	strv_free(e->tags);
}

void oci_index_done(struct index_entries *e)
{
	for (size_t i = 0; i < e->n; i++)
		entry_done(&e->all[i]);
	free(e->all);
	free(e->left_out);
	*e = (struct index_entries){ 0 };
}

static int read_platform(struct json_object *o, const char *where, struct index_entry *e,
			 struct err *err)
{
	AUTO_FREE char *inside = mem_printf("%s.platform", where), *os = NULL, *machine = NULL;
	struct json_object *platform;

	e->native = true;
	if (document_obj(o, where, "platform", &platform, err) < 0)
		return -1;
	if (!platform)
		return 0;
	if (document_str(platform, inside, "os", &os, err) < 0 ||
	    document_str(platform, inside, "architecture", &machine, err) < 0)
		return -1;
	/* Both must be there; umoci writes neither, others write "". */
	if (!os || !*os || !machine || !*machine)
		return 0;
	e->platform = mem_printf("%s/%s", os, machine);
	e->native = strcmp(os, "linux") == 0 && strcmp(machine, documents_machine()) == 0;
	return 0;
}

/* Return: 1 it is an image, 0 an attestation, -1. */
static int read_annotations(struct json_object *o, const char *where, struct index_entry *e,
			    struct err *err)
{
	static const char *const names[] = { "org.opencontainers.image.ref.name",
					     "io.containerd.image.name" };
	AUTO_FREE char *inside = mem_printf("%s.annotations", where), *proof = NULL;
	struct json_object *annotations;

	if (document_obj(o, where, "annotations", &annotations, err) < 0)
		return -1;
	if (!annotations)
		return 1;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		AUTO_FREE char *tag = NULL;
		if (document_str(annotations, inside, names[i], &tag, err) < 0)
			return -1;
		if (tag && *tag)
			strv_add(&e->tags, tag);
	}
	if (document_str(annotations, inside, "vnd.docker.reference.type", &proof, err) < 0)
		return -1;
	return !proof;
}

/* Return: 1 an image, 0 something else, -1. */
static int read_entry(struct json_object *o, const char *where, struct index_entry *e,
		      struct err *err)
{
	AUTO_FREE char *artifact = NULL;

	if (oci_descriptor_read(o, where, &e->descriptor, err) < 0 ||
	    read_platform(o, where, e, err) < 0 ||
	    document_str(o, where, "artifactType", &artifact, err) < 0)
		return -1;
	int is_image = read_annotations(o, where, e, err);
	if (is_image <= 0 || artifact || oci_media_of(e->descriptor.media_type) == MEDIA_OTHER)
		return is_image < 0 ? -1 : 0;
	return !e->platform || strcmp(e->platform, "unknown/unknown") != 0;
}

int oci_index_read(struct json_object *o, const char *where, struct index_entries *ret,
		   struct err *err)
{
	AUTO_ENTRIES all = { 0 };
	struct json_object *list;

	if (document_array(o, where, "manifests", &list, err) < 0)
		return -1;
	size_t n = list ? json_object_array_length(list) : 0;
	if (n > IMAGES_MAX)
		return err_set(err, FAULT_USAGE, 0,
			       "%s.manifests: %zu entries, expected at most %d", where, n,
			       IMAGES_MAX);
	all.all = mem_alloc((n + 1) * sizeof(*all.all));
	for (size_t i = 0; i < n; i++) {
		AUTO_FREE char *here = mem_printf("%s: manifests[%zu]", where, i);
		struct index_entry *e = &all.all[all.n++];
		int got = read_entry(json_object_array_get_idx(list, i), here, e, err);
		if (got < 0)
			return -1;
		if (got > 0)
			continue;
		if (!all.left_out)
			all.left_out = mem_strdup(e->descriptor.media_type);
		entry_done(e);
		all.all[--all.n] = (struct index_entry){ 0 };
	}
	*ret = all;
	all = (struct index_entries){ 0 };
	return 0;
}

static bool is_listed(const struct index_entries *e, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (strcmp(e->all[k].platform, e->all[i].platform) == 0)
			return true;
	return false;
}

int oci_index_refuse_platforms(const struct index_entries *e, const char *where, struct err *err)
{
	AUTO_BUF list = { 0 };
	size_t listed = 0;

	/* None is this machine's, so each says which it is for. */
	for (size_t i = 0; i < e->n; i++) {
		if (is_listed(e, i))
			continue;
		if (++listed > PLATFORMS_LISTED) {
			buf_str(&list, ", ...");
			break;
		}
		buf_printf(&list, "%s%.40s", listed > 1 ? ", " : "", e->all[i].platform);
	}
	return err_set(err, FAULT_USAGE, 0, "%s: no image for this machine, linux/%s; it has %s",
		       where, documents_machine(), list.len ? list.data : "none");
}
