/* layer_index.c - records of fixed heads and bounded strings, written and read in one order. */
#include "import/layer_index.h"

#include <errno.h>
#include <string.h>

#include "archive/ceilings.h"
#include "archive/rootfs_writer.h"

#define MAX_XATTRS (1u << 20) /* of one folder; Linux takes 64 KiB a value */

struct head {
	uint64_t number;
	int64_t uid, gid, mtime_sec;
	uint32_t kind, mode, mtime_nsec, marks, path_len, target_len, xattrs_len, unused;
};

void layer_record_done(struct layer_record *r)
{
	buf_done(&r->path);
	buf_done(&r->target);
	buf_done(&r->xattrs);
}

static int put(FILE *f, const struct buf *b)
{
	return b->len == 0 || fwrite(b->data, b->len, 1, f) == 1 ? 0 : -1;
}

int layer_record_write(FILE *f, const struct layer_record *r, struct err *err)
{
	const struct head h = {
		.number = r->number,
		.uid = r->attr.uid,
		.gid = r->attr.gid,
		.mtime_sec = r->attr.mtime.tv_sec,
		.mtime_nsec = (uint32_t)r->attr.mtime.tv_nsec,
		.kind = (uint32_t)r->kind,
		.mode = r->attr.mode,
		.marks = r->marks,
		.path_len = (uint32_t)r->path.len,
		.target_len = (uint32_t)r->target.len,
		.xattrs_len = (uint32_t)r->xattrs.len,
	};
	if (fwrite(&h, sizeof(h), 1, f) != 1 || put(f, &r->path) < 0 || put(f, &r->target) < 0 ||
	    put(f, &r->xattrs) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot write the index of a layer");
	return 0;
}

static int take(FILE *f, struct buf *b, size_t len, size_t max)
{
	char chunk[4096];

	b->len = 0;
	if (len > max)
		return -1;
	for (size_t n; len > 0; len -= n) {
		n = len < sizeof(chunk) ? len : sizeof(chunk);
		if (fread(chunk, n, 1, f) != 1)
			return -1;
		buf_add(b, chunk, n);
	}
	buf_str(b, ""); /* "" is a string as well */
	return 0;
}

int layer_record_read(FILE *f, struct layer_record *ret, struct err *err)
{
	struct head h;
	size_t got = fread(&h, 1, sizeof(h), f);

	if (got == 0 && feof(f))
		return 0;
	if (got != sizeof(h) || h.kind == 0 || h.kind >= LAYER_KINDS ||
	    h.mtime_nsec >= 1000000000 || take(f, &ret->path, h.path_len, IMAGE_MAX_PATH) < 0 ||
	    take(f, &ret->target, h.target_len, IMAGE_MAX_PATH) < 0 ||
	    take(f, &ret->xattrs, h.xattrs_len, MAX_XATTRS) < 0)
		return err_set(err, FAULT_INFRA, 0, "the index of a layer is damaged");
	ret->kind = (enum layer_kind)h.kind;
	ret->marks = h.marks;
	ret->number = h.number;
	ret->attr = (struct entry_attr){
		.mode = h.mode,
		.uid = h.uid,
		.gid = h.gid,
		.mtime = { .tv_sec = h.mtime_sec, .tv_nsec = h.mtime_nsec },
	};
	return 1;
}

int layer_xattr_next(const struct layer_record *r, size_t *at, const char **name,
		     const void **value, size_t *len)
{
	const char *s = r->xattrs.data + *at;
	size_t left = r->xattrs.len - *at;
	uint32_t n;

	if (left == 0)
		return 0;
	size_t name_len = strnlen(s, left);
	if (left - name_len < 1 + sizeof(n))
		return 0;
	memcpy(&n, s + name_len + 1, sizeof(n));
	if (n > left - name_len - 1 - sizeof(n))
		return 0;
	*name = s;
	*value = s + name_len + 1 + sizeof(n);
	*len = n;
	*at += name_len + 1 + sizeof(n) + n;
	return 1;
}

int layer_xattr_add(struct layer_record *r, const char *name, const void *value, size_t len,
		    struct err *err)
{
	uint32_t n = (uint32_t)len;

	if (len > MAX_XATTRS || strlen(name) > MAX_XATTRS ||
	    r->xattrs.len + len + strlen(name) + 1 + sizeof(n) > MAX_XATTRS)
		return err_set(err, FAULT_USAGE, 0, "its attributes take more than %u bytes",
			       MAX_XATTRS);
	buf_add(&r->xattrs, name, strlen(name) + 1);
	buf_add(&r->xattrs, &n, sizeof(n));
	buf_add(&r->xattrs, value, len);
	return 0;
}
