/* source.c - the bytes that were handed in, as libarchive reads them. */
#include "unpack/source.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive/gzip.h"
#include "archive/reader.h"
#include "base/cleanup.h"

static la_ssize_t source_read(struct archive *a, void *data, const void **ret)
{
	struct source *s = data;
	ssize_t n;

	do
		n = s->zip      ? zip_read(s->zip, s->block, sizeof(s->block), s->at) :
		    s->seekable ? pread(s->fd, s->block, sizeof(s->block), s->at) :
				  read(s->fd, s->block, sizeof(s->block));
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

void source_take_zip(struct source *s, struct zip *zip)
{
	s->zip = zip;
	s->size = zip_bytes(zip);
}

void source_done(struct source *s)
{
	zip_close(s->zip);
	s->zip = NULL;
}

void source_attach(struct source *s, struct archive *a)
{
	archive_read_set_read_callback(a, source_read);
	if (s->seekable)
		archive_read_set_seek_callback(a, source_seek);
	archive_read_set_callback_data(a, s);
}

/* ---- gzip ---- */

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
static int sum_up(struct source *s, int64_t max, struct gzip_sum *sum, struct err *err)
{
	AUTO_READER *a = archive_read_new();
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
		gzip_sum_add(sum, data, len);
		total += (int64_t)len;
		if (total > max)
			return err_set_code(err, "archive.bomb", FAULT_STUDENT, 0,
					    "the archive unpacks to far more bytes than its files "
					    "have");
	}
}

int source_check_gzip(int fd, int64_t max, struct err *err)
{
	AUTO_FREE struct source *s = malloc(sizeof(*s));
	struct gzip_sum sum;

	if (!s || source_init(s, fd) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot stat the submission");
	if (!s->seekable || !gzip_is(fd))
		return 0;
	gzip_sum_init(&sum);
	if (sum_up(s, max, &sum, err) < 0)
		return -1;
	int got = gzip_has_sum(fd, &sum);
	if (got < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot read the submission");
	if (!got)
		return err_set_code(err, "archive.damaged", FAULT_STUDENT, 0,
				    "the archive is damaged: its gzip has another checksum than "
				    "its data");
	return 0;
}
