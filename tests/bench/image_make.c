/*
 * image_make.c - an OCI layout of generated files.
 *
 * A list of all paths is kept with a hash each. What a later layer replaces or whites out is taken
 * back from the sum, so that at the end it is that of the tree which an unpacker must get.
 */
#include "bench/image_make.h"

#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/json.h"
#include "base/mem.h"
#include "bench/filler.h"
#include "bench/layer_out.h"

#define FILES_A_FOLDER 20
#define SEED UINT64_C(0x6d6f756c65747465)

struct file {
	char *path;
	uint64_t hash, bytes;
	size_t layer; /* the last one that says something of it */
	bool gone;
};

struct maker {
	struct filler *filler;
	struct file *files;
	size_t n, room;
	size_t folders, layer;
	int blobs, interrupt_fd;
	struct image_made made;
	struct json_object *layers, *diffs;
};

/* Of large images of Debian packages: most files are a few KiB of text, a sixth are programs and
 * libraries, one in four hundred is large, and was compressed before. */
static size_t choose(struct maker *m, uint64_t most, enum filling *ret)
{
	uint64_t dice = filler_below(m->filler, 400), bytes;
	*ret = dice == 0 ? FILL_PACKED : dice < 68 ? FILL_PROGRAM : FILL_TEXT;
	if (*ret == FILL_PACKED)
		bytes = (1 << 19) + filler_below(m->filler, 4 << 20);
	else if (*ret == FILL_PROGRAM)
		bytes = (16 << 10) + filler_below(m->filler, 240 << 10);
	else
		bytes = 200 + filler_below(m->filler, 8000);
	return (size_t)(bytes < most ? bytes : most);
}

static struct file *add_file(struct maker *m)
{
	if (m->n == m->room) {
		m->room = m->room * 2 + 1024;
		m->files = mem_realloc(m->files, m->room * sizeof *m->files);
	}
	m->files[m->n] = (struct file){ .gone = false };
	return &m->files[m->n++];
}

static int put(struct layer_out *l, const char *path, mode_t type, const char *target,
	       const void *data, size_t len, struct err *err)
{
	struct archive_entry *e = archive_entry_new();
	archive_entry_set_pathname(e, path);
	archive_entry_set_filetype(e, type);
	archive_entry_set_perm(e, type == AE_IFDIR ? 0755 : 0644);
	if (type == AE_IFLNK)
		archive_entry_set_symlink(e, target);
	else if (target)
		archive_entry_set_hardlink(e, target);
	int got = layer_out_add(l, e, data, len, err);
	archive_entry_free(e);
	return got;
}

static void take_back(struct maker *m, const struct file *f)
{
	m->made.tree.files--;
	m->made.tree.bytes -= f->bytes;
	m->made.tree.sum -= f->hash;
}

/* Return: the hash. */
static uint64_t count_in(struct maker *m, const char *path, const void *data, size_t len)
{
	uint64_t hash = tree_hash(tree_hash(0, path, strlen(path)), data, len);
	m->made.tree.files++;
	m->made.tree.bytes += len;
	m->made.tree.sum += hash;
	return hash;
}

/* A symbolic and a hard link to a file of the same layer, in its folder. */
static int put_links(struct maker *m, struct layer_out *l, const char *path, const void *data,
		     size_t len, struct err *err)
{
	const char *name = strrchr(path, '/') + 1;
	AUTO_FREE char *soft = mem_printf("%s.soft", path), *hard = mem_printf("%s.hard", path);
	m->made.tree.sum += tree_hash(tree_hash(0, soft, strlen(soft)), name, strlen(name));
	count_in(m, hard, data, len);
	if (put(l, soft, AE_IFLNK, name, NULL, 0, err) < 0)
		return -1;
	return put(l, hard, AE_IFREG, path, NULL, 0, err);
}

static int put_content(struct maker *m, struct layer_out *l, struct file *f, uint64_t most,
		       bool linked, uint64_t *ret_bytes, struct err *err)
{
	enum filling kind;
	size_t len = choose(m, most, &kind);
	AUTO_FREE char *data = filler_bytes(m->filler, kind, len);
	f->hash = count_in(m, f->path, data, len);
	f->bytes = len;
	f->layer = m->layer;
	m->made.files++;
	m->made.bytes += len;
	*ret_bytes = len;
	if (put(l, f->path, AE_IFREG, NULL, data, len, err) < 0)
		return -1;
	return linked ? put_links(m, l, f->path, data, len, err) : 0;
}

static int put_new(struct maker *m, struct layer_out *l, uint64_t most, uint64_t *ret_bytes,
		   struct err *err)
{
	size_t k = m->n % FILES_A_FOLDER;
	if (k == 0) {
		AUTO_FREE char *dir = mem_printf("usr/share/package-%zu", ++m->folders);
		if (put(l, dir, AE_IFDIR, NULL, NULL, 0, err) < 0)
			return -1;
	}
	struct file *f = add_file(m);
	f->path = mem_printf("usr/share/package-%zu/file-%zu", m->folders, k);
	return put_content(m, l, f, most, k == 3, ret_bytes, err);
}

/* A file of a lower layer, replaced or whited out; *ret_bytes is 0 for the latter. A layer says no
 * two things of one file. */
static int put_over(struct maker *m, struct layer_out *l, size_t below, uint64_t most,
		    uint64_t *ret_bytes, struct err *err)
{
	struct file *f = &m->files[filler_below(m->filler, below)];
	*ret_bytes = 0;
	if (f->gone || f->layer == m->layer)
		return 0;
	take_back(m, f);
	if (filler_below(m->filler, 4) > 0)
		return put_content(m, l, f, most, false, ret_bytes, err);
	f->gone = true;
	const char *name = strrchr(f->path, '/') + 1;
	AUTO_FREE char *mark = mem_printf("%.*s.wh.%s", (int)(name - f->path), f->path, name);
	return put(l, mark, AE_IFREG, NULL, NULL, 0, err);
}

static int put_top(struct layer_out *l, struct err *err)
{
	static const char *const tops[] = {
		"usr", "usr/share", "etc", "proc", "sys", "dev", "tmp"
	};
	for (size_t i = 0; i < sizeof tops / sizeof *tops; i++)
		if (put(l, tops[i], AE_IFDIR, NULL, NULL, 0, err) < 0)
			return -1;
	return 0;
}

static int is_interrupted(const struct maker *m, struct err *err)
{
	struct pollfd p = { .fd = m->interrupt_fd, .events = POLLIN };
	if (poll(&p, 1, 0) > 0)
		return err_set_code(err, "interrupted", FAULT_NONE, 0, "interrupted");
	return 0;
}

static int put_files(struct maker *m, struct layer_out *l, uint64_t bytes, struct err *err)
{
	const size_t below = m->n;
	uint64_t put_bytes = 0, len;
	if (below == 0 && put_top(l, err) < 0)
		return -1;
	for (size_t i = 0; put_bytes < bytes; i++) {
		const uint64_t most = bytes / 8 + 1;
		bool over = below > 0 && i < below / 16 && i % 2 == 0;
		if (is_interrupted(m, err) < 0)
			return -1;
		if ((over ? put_over(m, l, below, most, &len, err) :
			    put_new(m, l, most, &len, err)) < 0)
			return -1;
		put_bytes += len;
	}
	return 0;
}

static void note_blob(struct json_object *list, const char *type, const char *hex, uint64_t bytes)
{
	struct json_object *o = json_object_new_object();
	AUTO_FREE char *digest = mem_printf("sha256:%s", hex);
	json_object_object_add(o, "mediaType", json_object_new_string(type));
	json_object_object_add(o, "digest", json_object_new_string(digest));
	json_object_object_add(o, "size", json_object_new_int64((int64_t)bytes));
	json_object_array_add(list, o);
}

static int put_layer(struct maker *m, uint64_t bytes, struct err *err)
{
	char blob[DIGEST_HEX], diff[DIGEST_HEX];
	struct layer_out *l;
	uint64_t blob_bytes;
	if (layer_out_open(m->blobs, &l, err) < 0)
		return -1;
	int bad = put_files(m, l, bytes, err);
	int ended = layer_out_end(l, blob, &blob_bytes, diff, bad ? NULL : err);
	if (bad || ended < 0)
		return -1;
	AUTO_FREE char *digest = mem_printf("sha256:%s", diff);
	m->made.blob_bytes += blob_bytes;
	note_blob(m->layers, "application/vnd.oci.image.layer.v1.tar+gzip", blob, blob_bytes);
	json_object_array_add(m->diffs, json_object_new_string(digest));
	return 0;
}

/* A JSON document as a blob, noted in @list. */
static int put_json(struct maker *m, struct json_object *o, const char *type,
		    struct json_object *list, struct err *err)
{
	const char *text = json_object_to_json_string_ext(o, JSON_C_TO_STRING_NOSLASHESCAPE);
	char hex[DIGEST_HEX];
	digest_bytes(text, strlen(text), hex);
	if (file_write(m->blobs, hex, text) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot write a blob of the image");
	note_blob(list, type, hex, strlen(text));
	return 0;
}

static int put_config(struct maker *m, struct json_object *list, struct err *err)
{
	AUTO_JSON *config = json_object_new_object();
	struct json_object *run = json_object_new_object(), *rootfs = json_object_new_object();
	static char *const env[] = { (char *)"PATH=/usr/local/bin:/usr/bin:/bin", NULL };
	json_object_object_add(config, "architecture", json_object_new_string("amd64"));
	json_object_object_add(config, "os", json_object_new_string("linux"));
	json_object_object_add(run, "Env", json_new_strv(env));
	json_object_object_add(config, "config", run);
	json_object_object_add(rootfs, "type", json_object_new_string("layers"));
	json_object_object_add(rootfs, "diff_ids", json_object_get(m->diffs));
	json_object_object_add(config, "rootfs", rootfs);
	return put_json(m, config, "application/vnd.oci.image.config.v1+json", list, err);
}

static int put_index(struct maker *m, int layout, struct err *err)
{
	AUTO_JSON *manifest = json_object_new_object();
	AUTO_JSON *index = json_object_new_object();
	AUTO_JSON *configs = json_object_new_array();
	struct json_object *manifests = json_object_new_array(), *names = json_object_new_object();
	json_object_object_add(index, "schemaVersion", json_object_new_int(2));
	json_object_object_add(index, "manifests", manifests);
	json_object_object_add(names, "org.opencontainers.image.ref.name",
			       json_object_new_string(IMAGE_TAG));
	if (put_config(m, configs, err) < 0) {
		json_object_put(names);
		return -1;
	}
	json_object_object_add(manifest, "schemaVersion", json_object_new_int(2));
	json_object_object_add(manifest, "config",
			       json_object_get(json_object_array_get_idx(configs, 0)));
	json_object_object_add(manifest, "layers", json_object_get(m->layers));
	int bad = put_json(m, manifest, "application/vnd.oci.image.manifest.v1+json", manifests,
			   err);
	if (bad) {
		json_object_put(names);
		return -1;
	}
	json_object_object_add(json_object_array_get_idx(manifests, 0), "annotations", names);
	if (file_write(layout, "oci-layout", "{\"imageLayoutVersion\":\"1.0.0\"}") < 0 ||
	    file_write(layout, "index.json",
		       json_object_to_json_string_ext(index, JSON_C_TO_STRING_NOSLASHESCAPE)) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot write the index of the image");
	return 0;
}

static int fill(struct maker *m, int layout, uint64_t bytes, struct err *err)
{
	static const unsigned percent[IMAGE_LAYERS] = { 50, 25, 15, 10 };
	for (size_t i = 0; i < IMAGE_LAYERS; i++, m->layer++)
		if (put_layer(m, bytes * percent[i] / 100, err) < 0)
			return -1;
	return put_index(m, layout, err);
}

int image_make(const char *path, uint64_t bytes, int interrupt_fd, struct image_made *ret,
	       struct err *err)
{
	AUTO_FREE char *blobs = mem_printf("%s/blobs/sha256", path);
	if (fd_mkdir_p(blobs, 0755) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot make '%s'", blobs);
	AUTO_FD int layout = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	AUTO_FD int blobs_fd = open(blobs, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (layout < 0 || blobs_fd < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot open '%s'", blobs);
	struct maker m = { .filler = filler_new(SEED),
			   .blobs = blobs_fd,
			   .interrupt_fd = interrupt_fd,
			   .layers = json_object_new_array(),
			   .diffs = json_object_new_array() };
	int bad = fill(&m, layout, bytes, err);
	*ret = m.made;
	filler_free(m.filler);
	json_object_put(m.layers);
	json_object_put(m.diffs);
	for (size_t i = 0; i < m.n; i++)
		free(m.files[i].path);
	free(m.files);
	return bad;
}
