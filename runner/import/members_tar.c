/*
 * members_tar.c - members of a tar.
 *
 * One pass over the headers finds where each member is; to read one, a new reader begins at its
 * header. So nothing is copied and memory stays flat. In a compressed tar nothing can be sought:
 * in the same single pass what comes out of it goes into a file without a name, which is then a
 * tar like any other. That begins only when it is known to be compressed, and ends with the first
 * name that only a root file system has.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>

#include "archive/gzip.h"
#include "archive/place.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "import/members_internal.h"

/* ---- headers ---- */

static enum member_kind kind_of(struct archive_entry *e)
{
	if (archive_entry_hardlink(e))
		return MEMBER_HARDLINK;
	switch (archive_entry_filetype(e)) {
	case S_IFREG:
		return MEMBER_FILE;
	case S_IFDIR:
		return MEMBER_FOLDER;
	case S_IFLNK:
		return MEMBER_SYMLINK;
	default:
		return MEMBER_OTHER;
	}
}

/* Return: 1 it may be a member of an archive of images, 0 it is one of a tree, -1 with @err. */
static int note_member(struct member_table *t, struct archive *a, struct archive_entry *e,
		       struct err *err)
{
	const char *raw = archive_entry_pathname(e), *target = NULL;
	enum member_kind kind = kind_of(e);
	struct place p = { .parent = -1 };

	if (!raw || !*raw)
		return 0;
	if (place_clean(raw, &p, err) < 0)
		return t->n ? -1 : 0;
	if (!*p.path)
		return 1;
	if (member_is_of_tree(p.path))
		return 0;
	if (kind == MEMBER_HARDLINK)
		target = archive_entry_hardlink(e);
	else if (kind == MEMBER_SYMLINK)
		target = archive_entry_symlink(e) ? archive_entry_symlink(e) : "";
	int64_t at = archive_read_header_position(a);
	return member_table_add(t, p.path, kind, target, at, err) < 0 ? -1 : 1;
}

/* Does every name so far belong to an archive of images? If not, the reader of trees may know more
 * about what is wrong with the archive. */
static bool is_surely_of_images(const struct member_table *t)
{
	for (size_t i = 0; i < t->n; i++) {
		const struct member_entry *e = &t->all[i];
		size_t top = strcspn(e->name, "/");
		AUTO_FREE char *name = mem_strndup(e->name, top);
		if (!member_is_of_images(name, e->name[top] || e->kind == MEMBER_FOLDER))
			return false;
	}
	return t->n > 0;
}

/* Return: 1 all names are noted, 0 a plain tree, or the reader of trees is to say why not, -1. */
static int note_all(struct member_table *t, struct archive *a, struct err *err)
{
	struct archive_entry *e;
	int got, noted = 1;

	while (noted > 0 &&
	       ((got = archive_read_next_header(a, &e)) == ARCHIVE_OK || got == ARCHIVE_WARN))
		noted = note_member(t, a, e, err);
	if (noted == 0)
		return 0;
	if (noted < 0 || got != ARCHIVE_EOF) {
		if (!is_surely_of_images(t))
			return 0;
		return noted < 0 ? -1 : reader_damaged(a, err);
	}
	member_table_sort(t);
	return t->n > 0;
}

static int load_plain(struct members *m, struct stream *s, struct err *err)
{
	AUTO_READER *a = reader_new_tar(err);

	if (!a)
		return -1;
	s->at = 0;
	if (archive_read_open2(a, s, NULL, reader_stream_read, reader_stream_skip, NULL) !=
	    ARCHIVE_OK)
		return 0;
	int got = note_all(&m->table, a, err);
	if (s->failed)
		return err_set(err, FAULT_INFRA, s->failed, "cannot read the archive");
	return got;
}

/* ---- a compressed tar ---- */

struct spool {
	struct archive *raw;
	struct members *m;
	struct gzip_sum sum; /* of all that came out, whatever the compression is */
	bool failed;
	struct err err;
};

static int open_nameless(int scratch, int *ret, struct err *err)
{
	static const char name[] = ".archive";
	AUTO_FD int fd = openat(scratch, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	/* Not every file system has them. */
	if (fd < 0) {
		fd = openat(scratch, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
		if (fd < 0 || unlinkat(scratch, name, 0) < 0)
			return err_set(
				err, FAULT_INFRA, errno,
				"cannot make a file for the archive without its compression");
	}
	*ret = fd_steal(&fd);
	return 0;
}

static int append(struct members *m, const char *data, size_t len, struct err *err)
{
	if ((int64_t)len > m->max_bytes - m->bytes)
		return err_set(err, FAULT_USAGE, 0,
			       "without its compression the archive has more than %" PRId64
			       " bytes; --max-size allows more",
			       m->max_bytes);
	while (len > 0) {
		ssize_t got = pwrite(m->spool, data, len, m->bytes);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return err_set(err, FAULT_INFRA, errno,
				       "cannot write the archive without its compression");
		data += got;
		len -= (size_t)got;
		m->bytes += got;
	}
	return 0;
}

/* archive_read_callback of the tar's reader. */
static la_ssize_t spool_read(struct archive *tar, void *ctx, const void **ret)
{
	struct spool *s = ctx;
	size_t len = 0;
	la_int64_t offset;

	*ret = NULL;
	int got = archive_read_data_block(s->raw, ret, &len, &offset);
	if (got == ARCHIVE_EOF)
		return 0;
	if (got != ARCHIVE_OK)
		s->failed = reader_damaged(s->raw, &s->err) < 0;
	else if (append(s->m, *ret, len, &s->err) < 0)
		s->failed = true;
	else
		gzip_sum_add(&s->sum, *ret, len);
	if (s->failed) {
		archive_set_error(tar, EIO, "%s", s->err.msg);
		return -1;
	}
	return (la_ssize_t)len;
}

/* The end of the tar is not that of the file: a checksum stands there. */
static int read_to_the_end(struct spool *s, struct archive *tar, struct err *err)
{
	const void *data;

	while (spool_read(tar, s, &data) > 0)
		;
	/* libarchive looks at all but that of gzip. */
	int got = s->failed || !gzip_is(s->m->fd) ? 1 : gzip_has_sum(s->m->fd, &s->sum);
	if (got < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot read the archive");
	return got ? 1 :
		     err_set(err, FAULT_USAGE, 0,
			     "the archive is damaged: its gzip has another "
			     "checksum than its data");
}

static int note_spooled(struct spool *s, struct err *err)
{
	AUTO_READER *a = reader_new_tar(err);
	int got = 0;

	if (!a)
		return -1;
	if (archive_read_open2(a, s, NULL, spool_read, NULL, NULL) == ARCHIVE_OK)
		got = note_all(&s->m->table, a, err);
	if (got > 0)
		got = read_to_the_end(s, a, err);
	/* No member is known to belong to images: the reader of trees says what is wrong. */
	if (s->failed && (got != 0 || s->err.fault != FAULT_USAGE))
		return err_set(err, s->err.fault, 0, "%s", s->err.msg);
	return got;
}

static int load_compressed(struct members *m, struct archive *raw, int scratch, struct err *err)
{
	struct spool s = { .raw = raw, .m = m };
	struct archive_entry *e;

	if (archive_read_next_header(raw, &e) != ARCHIVE_OK)
		return 0;
	m->bytes = 0;
	gzip_sum_init(&s.sum);
	if (open_nameless(scratch, &m->spool, err) < 0)
		return -1;
	return note_spooled(&s, err);
}

int members_tar_load(struct members *m, int scratch, struct err *err)
{
	AUTO_FREE struct stream *s = mem_alloc(sizeof(*s));
	AUTO_READER *raw = reader_new_raw(err);
	struct stat st;

	if (!raw)
		return -1;
	if (fstat(m->fd, &st) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot stat the archive");
	s->fd = m->fd;
	s->end = m->bytes = st.st_size;
	int got = archive_read_open2(raw, s, NULL, reader_stream_read, NULL, NULL);
	if (got == ARCHIVE_OK && archive_filter_code(raw, 0) == ARCHIVE_FILTER_NONE)
		got = load_plain(m, s, err);
	else
		got = got == ARCHIVE_OK ? load_compressed(m, raw, scratch, err) : 0;
	if (s->failed)
		return err_set(err, FAULT_INFRA, s->failed, "cannot read the archive");
	return got;
}

void members_tar_level(const struct members *m, struct level *ret)
{
	size_t len = strlen(m->within);

	for (size_t i = 0; i < m->table.n; i++) {
		const struct member_entry *e = &m->table.all[i];
		if (strncmp(e->name, m->within, len) != 0)
			continue;
		size_t top = strcspn(e->name + len, "/");
		AUTO_FREE char *name = mem_strndup(e->name + len, top);
		members_level(ret, name, e->name[len + top] || e->kind == MEMBER_FOLDER);
	}
}

/* ---- one member ---- */

int member_open_tar(struct members *m, const char *name, struct member *s, struct err *err)
{
	const struct member_entry *found;
	struct archive_entry *e;

	if (member_table_file(&m->table, name, &found, err) < 0)
		return -1;
	s->stream.fd = m->spool >= 0 ? m->spool : m->fd;
	s->stream.at = found->at;
	s->stream.end = m->bytes;
	s->a = reader_new_tar(err);
	if (!s->a)
		return -1;
	int got = archive_read_open2(s->a, &s->stream, NULL, reader_stream_read, reader_stream_skip,
				     NULL);
	if (got == ARCHIVE_OK)
		got = archive_read_next_header(s->a, &e);
	if (s->stream.failed)
		return err_set(err, FAULT_INFRA, s->stream.failed, "cannot read the archive");
	if (got != ARCHIVE_OK && got != ARCHIVE_WARN)
		return reader_damaged(s->a, err);
	s->bytes = archive_entry_size(e);
	/* A sparse one can say that it is endless. */
	if (s->bytes > m->bytes && s->bytes > m->max_bytes)
		return err_set(err, FAULT_USAGE, 0,
			       "it has %" PRId64 " bytes, more than %" PRId64
			       "; --max-size allows more",
			       s->bytes, m->max_bytes);
	return 0;
}

/* Zeros up to @end. */
static void give_hole(struct member *s, int64_t end, const void **ret, size_t *ret_len)
{
	static const char zeros[4096];
	int64_t left = end - s->at;

	*ret = zeros;
	*ret_len = left < (int64_t)sizeof(zeros) ? (size_t)left : sizeof(zeros);
	s->at += (int64_t)*ret_len;
}

/* The next data into held; at the end none. */
static int hold_block(struct member *s, struct err *err)
{
	const void *data = NULL;
	int got;

	do
		got = archive_read_data_block(s->a, &data, &s->held_len, &s->held_at);
	while (got == ARCHIVE_OK && s->held_len == 0);
	s->held = got == ARCHIVE_OK ? data : NULL;
	if (s->stream.failed)
		return err_set(err, FAULT_INFRA, s->stream.failed, "cannot read the archive");
	if (got != ARCHIVE_OK && got != ARCHIVE_EOF)
		return reader_damaged(s->a, err);
	if (s->held && (s->held_at < s->at || s->held_at > s->bytes ||
			(int64_t)s->held_len > s->bytes - s->held_at))
		return err_set(err, FAULT_USAGE, 0,
			       "the archive is damaged: parts of a sparse member overlap");
	return 0;
}

int member_next_tar(struct member *s, const void **ret, size_t *ret_len, struct err *err)
{
	if (!s->held && hold_block(s, err) < 0)
		return -1;
	if (s->held && s->held_at == s->at) {
		*ret = s->held;
		*ret_len = s->held_len;
		s->at += (int64_t)s->held_len;
		s->held = NULL;
		return 0;
	}
	give_hole(s, s->held ? s->held_at : s->bytes, ret, ret_len);
	return 0;
}
