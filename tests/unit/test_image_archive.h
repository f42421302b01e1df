/* test_image_archive.h - archives of images, small ones, document by document. */
#ifndef TEST_IMAGE_ARCHIVE_H
#define TEST_IMAGE_ARCHIVE_H

#include "test_image_fixture.h"

#include "import/documents.h"
#include "import/image_source.h"
#include "import/members.h"

/* 64 digits that are the digest of nothing. */
#define D1 "1111111111111111111111111111111111111111111111111111111111111111"
#define D2 "2222222222222222222222222222222222222222222222222222222222222222"
#define MANIFEST "application/vnd.oci.image.manifest.v1+json"
#define INDEX "application/vnd.oci.image.index.v1+json"
#define LAYER "application/vnd.oci.image.layer.v1.tar+gzip"
#define CONFIG "application/vnd.oci.image.config.v1+json"

/* What members_load() is given. */
struct opened {
	int fd, scratch;
	struct members *members;
};

UNUSED_OK int open_members(const struct store_fixture *f, const char *path, int64_t max_bytes,
			   struct opened *ret, struct err *err)
{
	struct stat st;
	*ret = (struct opened){ 0 };
	ret->fd = open(path, O_RDONLY | O_CLOEXEC);
	ret->scratch = open(f->canary, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_msg(ret->fd >= 0 && fstat(ret->fd, &st) == 0, "%s", path);
	return members_load(ret->fd, S_ISDIR(st.st_mode), ret->scratch, max_bytes, &ret->members,
			    err);
}

UNUSED_OK void close_members(struct opened *o)
{
	members_free(o->members);
	close(o->fd);
	close(o->scratch);
}

/* ---- blobs ---- */

/* A member called by its digest. */
UNUSED_OK void put_blob(struct archive *a, const char *text, char hex[DIGEST_HEX])
{
	digest_bytes(text, strlen(text), hex);
	AUTO_FREE char *name = mem_printf("blobs/sha256/%s", hex);
	tar_file(a, name, text);
}

/* The same, and a descriptor of it; @more follows in the object (", ..."). */
UNUSED_OK char *put_described(struct archive *a, const char *media, const char *text,
			      const char *more)
{
	char hex[DIGEST_HEX];
	put_blob(a, text, hex);
	return mem_printf("{\"mediaType\": \"%s\", \"digest\": \"sha256:%s\", \"size\": %zu%s}",
			  media, hex, strlen(text), more);
}

/* A config with @n layers, whose digests do not matter here; @env and others in it. */
UNUSED_OK char *config_text(size_t n, const char *config)
{
	AUTO_BUF ids = { 0 };
	for (size_t i = 0; i < n; i++)
		buf_printf(&ids, "%s\"sha256:%s\"", i ? ", " : "", D1);
	return mem_printf("{\"os\": \"linux\", \"architecture\": \"%s\", \"config\": {%s}, "
			  "\"rootfs\": {\"type\": \"layers\", \"diff_ids\": [%s]}}",
			  documents_machine(), config, ids.len ? ids.data : "");
}

/* The manifest of an image of one layer; @what makes it differ from others. */
UNUSED_OK char *put_image(struct archive *a, const char *what, const char *more)
{
	AUTO_FREE char *text = config_text(1, "");
	AUTO_FREE char *config = put_described(a, CONFIG, text, "");
	AUTO_FREE char *layer = put_described(a, LAYER, what, "");
	AUTO_FREE char *manifest = mem_printf(
		"{\"schemaVersion\": 2, \"config\": %s, \"layers\": [%s]}", config, layer);
	return put_described(a, MANIFEST, manifest, more);
}

#define TAGGED(tag) ", \"annotations\": {\"org.opencontainers.image.ref.name\": \"" tag "\"}"
#define FOR(machine) ", \"platform\": {\"os\": \"linux\", \"architecture\": \"" machine "\"}"

UNUSED_OK void put_index(struct archive *a, const char *entries)
{
	AUTO_FREE char *index = mem_printf("{\"schemaVersion\": 2, \"manifests\": [%s]}", entries);
	tar_file(a, "oci-layout", "{\"imageLayoutVersion\": \"1.0.0\"}");
	tar_file(a, "index.json", index);
}

/* ---- what is chosen ---- */

UNUSED_OK int load_source(const struct store_fixture *f, const char *name, struct image_source *ret,
			  struct err *err)
{
	struct opened o;
	*ret = (struct image_source){ 0 };
	ck_assert_msg(open_members(f, f->tar, BIG, &o, err) == 1, "%s", err->msg);
	int got = image_source_load(o.members, name, ret, err);
	close_members(&o);
	return got;
}

/* @digest: of the text of the only layer. */
UNUSED_OK void assert_chosen(const struct store_fixture *f, const char *name, const char *layer)
{
	struct image_source s;
	struct err err = { 0 };
	char hex[DIGEST_HEX];
	ck_assert_msg(load_source(f, name, &s, &err) == 0, "%s: %s", name, err.msg);
	digest_bytes(layer, strlen(layer), hex);
	ck_assert_uint_eq(s.n_layers, 1);
	ck_assert_msg(s.layers[0].digest && strcmp(s.layers[0].digest, hex) == 0,
		      "%s: another image than '%s'", name, layer);
	image_source_done(&s);
}

UNUSED_OK void assert_no_source(const struct store_fixture *f, const char *name, const char *label,
				const char *why)
{
	struct image_source s;
	struct err err = { 0 };
	ck_assert_msg(load_source(f, name, &s, &err) == -1, "%s: accepted", label);
	ck_assert_msg(err.fault == FAULT_USAGE && strstr(err.msg, why), "%s: '%s'", label, err.msg);
	ck_assert_ptr_null(s.layers); /* nothing was handed over */
}

#endif
