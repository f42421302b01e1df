/*
 * zip.c - a zip archive as the list at its end has it.
 *
 * What libarchive reads is made of parts: the header of an entry, written anew, and its data, which
 * are bytes of the file; the last part is the list, written anew too. No byte of a local header but
 * its length reaches libarchive.
 */
#include "unpack/zip.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/zip_end.h"
#include "unpack/entry_policy.h"
#include "unpack/zip_name.h"

#define LOCAL_BYTES 30
#define LISTED_BYTES 46
#define WIDE 0xffffffffu        /* the number stands in the extra field instead */
#define VERSION_WIDE 45         /* of the format, with wide sizes */
#define FLAG_DESCRIPTOR 0x0008u /* sizes follow the data */
#define FLAG_UTF8 0x0800u
#define TAG_WIDE 1
#define KEPT_MAX 64 /* bytes of an extra field that is kept */
#define MADE_MAX (64u << 20)

struct part {
	int64_t at;                  /* in what is read */
	size_t made_at, made_len;    /* in z->made; then */
	int64_t data_at, data_bytes; /* in the file */
};

struct zip {
	int fd; /* borrowed */
	int64_t bytes;
	struct zip_end end;
	struct part *parts;
	size_t n, cap;
	struct buf made;
};

/* An entry of the list, and where its data lie in the file. */
struct listed {
	unsigned char head[LISTED_BYTES];
	unsigned char rest[2 * UINT16_MAX]; /* name, extra fields */
	size_t name_len, extra_len;
	int64_t data_at, data_bytes, bytes;
	struct buf name;
};

static int damaged(const struct listed *e, const char *how, struct err *err)
{
	return err_set_code(err, "archive.damaged", FAULT_STUDENT, 0,
			    "entry '%.160s' is damaged: %s", e->name.data ?: "?", how);
}

static int list_damaged(struct err *err)
{
	return err_set_code(err, "archive.damaged", FAULT_STUDENT, 0,
			    "the zip archive is damaged: the list of its files is none");
}

static int read_at(const struct zip *z, void *to, size_t len, int64_t at, struct err *err)
{
	ssize_t got = fd_pread_all(z->fd, to, len, at);
	if (got < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot read the submission");
	return got == (ssize_t)len ? 0 : list_damaged(err);
}

/* --- the list ------------------------------------------------------------------------------ */

static const unsigned char *extra_of(const struct listed *e)
{
	return e->rest + e->name_len;
}

/* A number that does not fit into 32 bits stands in the extra field, in a fixed order. */
static uint64_t wide(uint32_t narrow, const unsigned char **field, size_t *len)
{
	if (narrow != WIDE || !*field || *len < 8)
		return narrow;
	const uint64_t v = zip_u64(*field);
	*field += 8;
	*len -= 8;
	return v;
}

/* The data, behind a local header of which the length alone is taken. */
static int find_data(const struct zip *z, struct listed *e, struct err *err)
{
	size_t len = 0;
	const unsigned char *field = zip_extra(extra_of(e), e->extra_len, TAG_WIDE, &len);
	const uint64_t bytes = wide(zip_u32(e->head + 24), &field, &len);
	const uint64_t packed = wide(zip_u32(e->head + 20), &field, &len);
	const uint64_t at = wide(zip_u32(e->head + 42), &field, &len);
	const uint64_t end = (uint64_t)z->end.list_at, shift = (uint64_t)z->end.shift;
	unsigned char local[LOCAL_BYTES];

	if (at > end - shift || end - shift - at < LOCAL_BYTES || bytes > INT64_MAX)
		return damaged(e, "it begins where it cannot", err);
	if (read_at(z, local, sizeof local, (int64_t)(at + shift), err) < 0)
		return -1;
	if (memcmp(local, "PK\3\4", 4) != 0)
		return damaged(e, "it does not begin where the list says", err);
	const uint64_t data = at + shift + LOCAL_BYTES + zip_u16(local + 26) + zip_u16(local + 28);
	if (data > end || packed > end - data)
		return damaged(e, "it ends where it cannot", err);
	e->data_at = (int64_t)data;
	e->data_bytes = (int64_t)packed;
	e->bytes = (int64_t)bytes;
	return 0;
}

static bool is_folder(const struct listed *e)
{
	const uint32_t attributes = zip_u32(e->head + 38);
	const unsigned char system = e->head[5];
	return system == 3 ? S_ISDIR(attributes >> 16) : system == 0 && (attributes & 0x10);
}

static void take_name(struct listed *e)
{
	e->name.len = 0;
	zip_name(e->rest, e->name_len, zip_u16(e->head + 8) & FLAG_UTF8, extra_of(e), e->extra_len,
		 &e->name);
	if (e->name.len > ENTRY_PATH_SIZE) /* is too long by then */
		e->name.len = ENTRY_PATH_SIZE;
	if (is_folder(e) && e->name.len > 0 && e->name.data[e->name.len - 1] != '/')
		buf_str(&e->name, "/");
}

/* @at moves on to the next entry. */
static int read_listed(const struct zip *z, int64_t *at, struct listed *e, struct err *err)
{
	const int64_t end = z->end.list_at + z->end.list_bytes;

	if (end - *at < LISTED_BYTES)
		return list_damaged(err);
	if (read_at(z, e->head, LISTED_BYTES, *at, err) < 0)
		return -1;
	e->name_len = zip_u16(e->head + 28);
	e->extra_len = zip_u16(e->head + 30);
	*at += LISTED_BYTES;
	if (memcmp(e->head, "PK\1\2", 4) != 0 || end - *at < (int64_t)(e->name_len + e->extra_len))
		return list_damaged(err);
	if (read_at(z, e->rest, e->name_len + e->extra_len, *at, err) < 0)
		return -1;
	*at += (int64_t)(e->name_len + e->extra_len) + zip_u16(e->head + 32);
	take_name(e);
	return find_data(z, e, err);
}

/* --- what is made of it -------------------------------------------------------------------- */

static void put(struct buf *b, uint64_t v, int bytes)
{
	for (; bytes > 0; bytes--, v >>= 8)
		buf_add(b, &(unsigned char){ (unsigned char)v }, 1);
}

static void put_kept(struct buf *b, const struct listed *e)
{
	/* Times of Info-ZIP, new and old; encryption by AES, which is refused by that. */
	static const unsigned int tags[] = { 0x5455, 0x5855, 0x9901 };
	for (size_t i = 0; i < sizeof tags / sizeof *tags; i++) {
		size_t len = 0;
		const unsigned char *field = zip_extra(extra_of(e), e->extra_len, tags[i], &len);
		if (!field || len > KEPT_MAX)
			continue;
		put(b, tags[i], 2);
		put(b, len, 2);
		buf_add(b, field, len);
	}
}

/* Version, flags, method, time and checksum, and the sizes: of both headers. */
static void put_common(struct buf *b, const struct listed *e, size_t extra_len)
{
	put(b, VERSION_WIDE, 2);
	put(b, zip_u16(e->head + 8) & ~(FLAG_DESCRIPTOR | FLAG_UTF8), 2);
	buf_add(b, e->head + 10, 10);
	put(b, WIDE, 4);
	put(b, WIDE, 4);
	put(b, e->name.len, 2);
	put(b, extra_len, 2);
}

static void put_sizes(struct buf *b, const struct listed *e, size_t len)
{
	put(b, TAG_WIDE, 2);
	put(b, len, 2);
	put(b, (uint64_t)e->bytes, 8);
	put(b, (uint64_t)e->data_bytes, 8);
}

static void put_local(struct buf *b, const struct listed *e, const struct buf *kept)
{
	buf_add(b, "PK\3\4", 4);
	put_common(b, e, 20 + kept->len);
	buf_add(b, e->name.data, e->name.len);
	put_sizes(b, e, 16);
	buf_add(b, kept->data, kept->len);
}

static void put_listed(struct buf *b, const struct listed *e, const struct buf *kept, int64_t at)
{
	buf_add(b, "PK\1\2", 4);
	buf_add(b, e->head + 4, 2);
	put_common(b, e, 28 + kept->len);
	put(b, 0, 6); /* comment, volume, whether it is text */
	buf_add(b, e->head + 38, 4);
	put(b, WIDE, 4);
	buf_add(b, e->name.data, e->name.len);
	put_sizes(b, e, 24);
	put(b, (uint64_t)at, 8);
	buf_add(b, kept->data, kept->len);
}

static void put_end(struct buf *b, uint64_t entries, uint64_t list_bytes, uint64_t list_at)
{
	buf_add(b, "PK\6\6", 4);
	put(b, 44, 8);
	put(b, VERSION_WIDE, 2);
	put(b, VERSION_WIDE, 2);
	put(b, 0, 8);
	put(b, entries, 8);
	put(b, entries, 8);
	put(b, list_bytes, 8);
	put(b, list_at, 8);
	buf_add(b, "PK\6\7", 4);
	put(b, 0, 4);
	put(b, list_at + list_bytes, 8);
	put(b, 1, 4);
	buf_add(b, "PK\5\6", 4);
	put(b, 0, 4);
	put(b, UINT16_MAX, 2);
	put(b, UINT16_MAX, 2);
	put(b, WIDE, 4);
	put(b, WIDE, 4);
	put(b, 0, 2);
}

/* @made_at: where what was made for it begins; it ends here. */
static void add_part(struct zip *z, size_t made_at, int64_t data_at, int64_t data_bytes)
{
	const struct part p = { z->bytes, made_at, z->made.len - made_at, data_at, data_bytes };
	if (z->n == z->cap) {
		z->cap = z->cap ? 2 * z->cap : 64;
		z->parts = mem_realloc(z->parts, z->cap * sizeof *z->parts);
	}
	z->parts[z->n++] = p;
	z->bytes += (int64_t)p.made_len + data_bytes;
}

static void add_entry(struct zip *z, const struct listed *e, struct buf *list)
{
	AUTO_BUF kept = { 0 };
	const size_t made_at = z->made.len;
	put_kept(&kept, e);
	put_listed(list, e, &kept, z->bytes);
	put_local(&z->made, e, &kept);
	add_part(z, made_at, e->data_at, e->data_bytes);
}

static int check_room(const struct zip *z, const struct buf *list, int64_t data, struct err *err)
{
	if (z->made.len + list->len > MADE_MAX)
		return err_set_code(err, "archive.too_large", FAULT_STUDENT, 0,
				    "the list of files in the zip archive has more than %u MiB",
				    MADE_MAX >> 20);
	if (data > z->end.list_at - z->end.shift)
		return err_set_code(err, "archive.bomb", FAULT_STUDENT, 0,
				    "files of the zip archive share their data");
	return 0;
}

static int make(struct zip *z, const struct unpack_limits *lim, struct listed *e, struct buf *list,
		struct err *err)
{
	int64_t at = z->end.list_at, data = 0;

	while (at < z->end.list_at + z->end.list_bytes && (int64_t)z->n <= lim->entries) {
		if (read_listed(z, &at, e, err) < 0)
			return -1;
		add_entry(z, e, list);
		data += LOCAL_BYTES + e->data_bytes;
		if (check_room(z, list, data, err) < 0)
			return -1;
	}
	const size_t made_at = z->made.len;
	const uint64_t n = z->n;
	buf_add(&z->made, list->data, list->len);
	put_end(&z->made, n, list->len, (uint64_t)z->bytes);
	add_part(z, made_at, 0, 0);
	return 0;
}

/* --- outside ------------------------------------------------------------------------------- */

void zip_close(struct zip *z)
{
	if (!z)
		return;
	free(z->parts);
	buf_done(&z->made);
	free(z);
}

int zip_open(int fd, const struct unpack_limits *lim, struct zip **ret, struct err *err)
{
	AUTO_BUF list = { 0 };
	struct zip_end end;
	struct stat st;
	const int found = fstat(fd, &st) < 0 ? -1 : zip_end_find(fd, st.st_size, &end);

	if (found < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot read the submission");
	if (found == 0)
		return 0;
	struct zip *z = mem_alloc(sizeof *z);
	*z = (struct zip){ .fd = fd, .end = end };
	struct listed *e = mem_alloc(sizeof *e);
	int bad = make(z, lim, e, &list, err);
	buf_done(&e->name);
	free(e);
	if (bad) {
		zip_close(z);
		return -1;
	}
	*ret = z;
	return 1;
}

int64_t zip_bytes(const struct zip *z)
{
	return z->bytes;
}

/* The part that @at lies in. */
static const struct part *find_part(const struct zip *z, int64_t at)
{
	size_t low = 0, high = z->n;
	while (high - low > 1) {
		const size_t middle = low + (high - low) / 2;
		if (z->parts[middle].at <= at)
			low = middle;
		else
			high = middle;
	}
	return &z->parts[low];
}

ssize_t zip_read(const struct zip *z, void *to, size_t len, int64_t at)
{
	if (at >= z->bytes)
		return 0;
	const struct part *p = find_part(z, at);
	const size_t made = p->made_len;
	const int64_t off = at - p->at;
	if (off < (int64_t)made) {
		const size_t n = made - (size_t)off < len ? made - (size_t)off : len;
		memcpy(to, z->made.data + p->made_at + off, n);
		return (ssize_t)n;
	}
	const int64_t rest = p->data_bytes - (off - (int64_t)made);
	return pread(z->fd, to, rest < (int64_t)len ? (size_t)rest : len,
		     p->data_at + off - (int64_t)made);
}
