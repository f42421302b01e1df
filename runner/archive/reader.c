/* reader.c - libarchive as every reader of foreign archives sets it up (inside the child). */
#include "archive/reader.h"

#include <errno.h>
#include <unistd.h>

#include "base/cleanup.h"

void reader_cleanup(struct archive **a)
{
	int saved = errno;
	archive_read_free(*a);
	errno = saved;
}

struct archive *reader_new_raw(struct err *err)
{
	AUTO_READER *a = archive_read_new();
	/* Left out: every filter that runs a program. */
	if (!a || archive_read_support_filter_gzip(a) != ARCHIVE_OK ||
	    archive_read_support_filter_xz(a) != ARCHIVE_OK ||
	    archive_read_support_filter_bzip2(a) != ARCHIVE_OK ||
	    archive_read_support_filter_zstd(a) != ARCHIVE_OK ||
	    archive_read_support_format_raw(a) != ARCHIVE_OK ||
	    archive_read_support_format_empty(a) != ARCHIVE_OK) {
		err_set(err, FAULT_INFRA, 0, "libarchive lacks gzip, xz, bzip2 or zstd");
		return NULL;
	}
	return ptr_steal(&a);
}

struct archive *reader_new_tar(struct err *err)
{
	AUTO_READER *a = archive_read_new();
	/* Left out: every format but tar (mtree reads files of the host, 7zip and rar had most of
	 * the bugs). */
	if (!a || archive_read_support_format_tar(a) != ARCHIVE_OK ||
	    archive_read_support_format_empty(a) != ARCHIVE_OK) {
		err_set(err, FAULT_INFRA, 0, "libarchive lacks tar");
		return NULL;
	}
	return ptr_steal(&a);
}

int reader_damaged(struct archive *a, struct err *err)
{
	const char *why = archive_error_string(a);

	return err_set(err, FAULT_USAGE, 0, "the archive is damaged: %s",
		       why ? why : "no reason given");
}

la_ssize_t reader_stream_read(struct archive *a, void *stream, const void **ret)
{
	struct stream *s = stream;
	int64_t left = s->end - s->at;
	size_t want = left < (int64_t)sizeof(s->bytes) ? (size_t)left : sizeof(s->bytes);
	ssize_t got;

	*ret = s->bytes;
	do
		got = pread(s->fd, s->bytes, want, s->at);
	while (got < 0 && errno == EINTR);
	if (got < 0) {
		s->failed = errno;
		if (a)
			archive_set_error(a, errno, "cannot read");
		return -1;
	}
	s->at += got;
	return got;
}

la_int64_t reader_stream_skip(struct archive *a, void *stream, la_int64_t bytes)
{
	struct stream *s = stream;
	int64_t left = s->end - s->at;
	(void)a;

	/* Not beyond the end: there the next read tells that something is missing. */
	if (bytes > left)
		bytes = left;
	s->at += bytes;
	return bytes;
}
