/* source.c - the bytes that were handed in, as libarchive reads them. */
#include "unpack/source.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"

static la_ssize_t source_read(struct archive *a, void *data, const void **ret)
{
	struct source *s = data;
	ssize_t n;

	do
		n = s->seekable ? pread(s->fd, s->block, sizeof(s->block), s->at)
				: read(s->fd, s->block, sizeof(s->block));
	while (n < 0 && errno == EINTR);
	if (n < 0) {
		s->sys = errno;
		archive_set_error(a, errno, "cannot read");
		return ARCHIVE_FATAL;
	}
	s->at += n;
	*ret = s->block;
	return n;
}

static la_int64_t source_seek(struct archive *a, void *data, la_int64_t offset, int whence)
{
	struct source *s = data;
	int64_t base = whence == SEEK_CUR ? s->at : whence == SEEK_END ? s->size : 0;

	if (offset < -base || offset > s->size - base) {
		archive_set_error(a, EINVAL, "Truncated: a place beyond the end is named");
		return ARCHIVE_FATAL;
	}
	s->at = base + offset;
	return s->at;
}

int source_init(struct source *s, int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -1;
	memset(s, 0, sizeof(*s));
	s->fd = fd;
	s->seekable = S_ISREG(st.st_mode);
	s->size = st.st_size;
	return 0;
}

void source_attach(struct source *s, struct archive *a)
{
	archive_read_set_read_callback(a, source_read);
	if (s->seekable)
		archive_read_set_seek_callback(a, source_seek);
	archive_read_set_callback_data(a, s);
}

/* ---- gzip; source: RFC 1952 ---- */

#define GZIP_MAGIC "\x1f\x8b\x08"
#define GZIP_SMALLEST 18 /* header and trailer of a member without data */

struct checksum {
	uint32_t crc;
	uint32_t length; /* modulo 2^32 */
	uint32_t table[256];
};

static void checksum_init(struct checksum *c)
{
	c->crc = c->length = 0;
	for (uint32_t i = 0; i < 256; i++) {
		uint32_t v = i;
		for (int bit = 0; bit < 8; bit++)
			v = v & 1 ? (v >> 1) ^ UINT32_C(0xedb88320) : v >> 1;
		c->table[i] = v;
	}
}

static void checksum_add(struct checksum *c, const unsigned char *data, size_t len)
{
	uint32_t v = ~c->crc;

	for (size_t i = 0; i < len; i++)
		v = c->table[(v ^ data[i]) & 0xff] ^ (v >> 8);
	c->crc = ~v;
	c->length += (uint32_t)len;
}

static void archive_cleanup(struct archive **a)
{
	archive_read_free(*a);
}

static int inflate_failed(struct archive *a, const struct source *s, struct err *err)
{
	/* Of a cut trailer libarchive says nothing at all. */
	const char *text = archive_error_string(a) ?: "truncated gzip trailer";
	bool cut = strcasestr(text, "truncated") != NULL;

	if (s->sys)
		return err_set(err, FAULT_INFRA, s->sys, "cannot read the submission");
	return err_set_code(err, cut ? "archive.truncated" : "archive.damaged", FAULT_STUDENT, 0,
			    "the archive is %s: %s", cut ? "cut off" : "damaged", text);
}

/* Inflates all of it, to be summed up and forgotten. */
static int sum_up(struct source *s, int64_t max, struct checksum *sum, struct err *err)
{
	__attribute__((cleanup(archive_cleanup))) struct archive *a = archive_read_new();
	struct archive_entry *e;
	int64_t total = 0;

	if (!a || archive_read_support_format_raw(a) != ARCHIVE_OK ||
	    archive_read_support_filter_gzip(a) != ARCHIVE_OK)
		return err_set(err, FAULT_INFRA, ENOMEM, "cannot start libarchive");
	source_attach(s, a);
	if (archive_read_open1(a) != ARCHIVE_OK || archive_read_next_header(a, &e) != ARCHIVE_OK)
		return inflate_failed(a, s, err);
	for (;;) {
		const void *data;
		size_t len;
		la_int64_t offset;
		int got = archive_read_data_block(a, &data, &len, &offset);
		if (got == ARCHIVE_EOF)
			return 0;
		if (got != ARCHIVE_OK)
			return inflate_failed(a, s, err);
		checksum_add(sum, data, len);
		total += (int64_t)len;
		if (total > max)
			return err_set_code(err, "archive.bomb", FAULT_STUDENT, 0,
					    "the archive unpacks to far more bytes than its files "
					    "have");
	}
}

static void put_le32(unsigned char *b, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		b[i] = (unsigned char)(v >> (8 * i));
}

/*
 * Looks through the file for the trailer that @sum asks for. It is the end of the file, unless
 * something was appended: bytes that gzip ignores too, or another member, whose data went into the
 * same sum; where one member ends cannot be told from outside, so several are taken on trust.
 */
static int find_trailer(struct source *s, const struct checksum *sum, bool *ret, struct err *err)
{
	unsigned char want[8];
	const size_t keep = sizeof(want) - 1;
	int64_t at = 1; /* behind the first member's own magic */

	put_le32(want, sum->crc);
	put_le32(want + 4, sum->length);
	for (;;) {
		ssize_t n = pread(s->fd, s->block, sizeof(s->block), at);
		if (n < 0)
			return err_set(err, FAULT_INFRA, errno, "cannot read the submission");
		if (n < (ssize_t)sizeof(want))
			return 0;
		if (memmem(s->block, (size_t)n, want, sizeof(want)))
			*ret = true;
		for (const char *p = s->block;
		     !*ret && (p = memmem(p, (size_t)(s->block + n - p), GZIP_MAGIC, 3)); p++) {
			/* Three bits of the flags are always zero. */
			if (at + (p - s->block) >= GZIP_SMALLEST && p + 3 < s->block + n &&
			    (p[3] & 0xe0) == 0)
				*ret = true;
		}
		if (*ret)
			return 0;
		at += n - (ssize_t)keep;
	}
}

int source_check_gzip(int fd, int64_t max, struct err *err)
{
	AUTO_FREE struct source *s = malloc(sizeof(*s));
	struct checksum sum;
	bool found = false;

	if (!s || source_init(s, fd) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot stat the submission");
	if (!s->seekable || pread(fd, s->block, 3, 0) != 3 || memcmp(s->block, GZIP_MAGIC, 3) != 0)
		return 0;
	checksum_init(&sum);
	if (sum_up(s, max, &sum, err) < 0 || find_trailer(s, &sum, &found, err) < 0)
		return -1;
	if (!found)
		return err_set_code(err, "archive.damaged", FAULT_STUDENT, 0,
				    "the archive is damaged: its gzip has another checksum than "
				    "its data");
	return 0;
}
