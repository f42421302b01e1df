/* layer_out.c - a tar writer whose output is hashed and goes into a gzip writer, hashed again. */
#include "bench/layer_out.h"

#include <archive.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/mem.h"

#define UNNAMED "layer.new"

struct layer_out {
	struct archive *tar, *gzip;
	struct digest *diff, *blob;
	uint64_t bytes;
	int dir, fd;
};

static la_ssize_t to_file(struct archive *a, void *ctx, const void *data, size_t len)
{
	struct layer_out *l = ctx;
	if (fd_write_all(l->fd, data, len) < 0) {
		archive_set_error(a, errno, "cannot write a layer");
		return -1;
	}
	digest_add(l->blob, data, len);
	l->bytes += len;
	return (la_ssize_t)len;
}

static la_ssize_t to_gzip(struct archive *a, void *ctx, const void *data, size_t len)
{
	struct layer_out *l = ctx;
	digest_add(l->diff, data, len);
	if (archive_write_data(l->gzip, data, len) != (la_ssize_t)len) {
		archive_set_error(a, archive_errno(l->gzip), "%s", archive_error_string(l->gzip));
		return -1;
	}
	return (la_ssize_t)len;
}

static void layer_free(struct layer_out *l)
{
	archive_write_free(l->tar);
	archive_write_free(l->gzip);
	digest_free(l->diff);
	digest_free(l->blob);
	if (l->fd >= 0)
		close(l->fd);
	free(l);
}

static int begin_gzip(struct layer_out *l)
{
	struct archive_entry *e = archive_entry_new();
	archive_entry_set_filetype(e, AE_IFREG);
	int bad = archive_write_set_format_raw(l->gzip) != ARCHIVE_OK ||
		  archive_write_add_filter_gzip(l->gzip) != ARCHIVE_OK ||
		  /* Else zeros follow the compressed data, which Go takes for another member. */
		  archive_write_set_bytes_in_last_block(l->gzip, 1) != ARCHIVE_OK ||
		  archive_write_open(l->gzip, l, NULL, to_file, NULL) != ARCHIVE_OK ||
		  archive_write_header(l->gzip, e) != ARCHIVE_OK;
	archive_entry_free(e);
	return bad ? -1 : 0;
}

int layer_out_open(int blobs_fd, struct layer_out **ret, struct err *err)
{
	struct layer_out *l = mem_alloc(sizeof *l);
	*l = (struct layer_out){ .tar = archive_write_new(),
				 .gzip = archive_write_new(),
				 .diff = digest_new(),
				 .blob = digest_new(),
				 .dir = blobs_fd };
	l->fd = openat(blobs_fd, UNNAMED, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (l->fd < 0 || begin_gzip(l) < 0 ||
	    archive_write_set_format_pax_restricted(l->tar) != ARCHIVE_OK ||
	    archive_write_open(l->tar, l, NULL, to_gzip, NULL) != ARCHIVE_OK) {
		int saved = errno;
		layer_free(l);
		return err_set(err, FAULT_INFRA, saved, "cannot begin a layer");
	}
	*ret = l;
	return 0;
}

int layer_out_add(struct layer_out *l, struct archive_entry *e, const void *data, size_t len,
		  struct err *err)
{
	archive_entry_set_uid(e, 0);
	archive_entry_set_gid(e, 0);
	archive_entry_set_mtime(e, 1700000000, 0);
	archive_entry_set_size(e, (la_int64_t)len);
	if (archive_write_header(l->tar, e) != ARCHIVE_OK ||
	    (len && archive_write_data(l->tar, data, len) != (la_ssize_t)len))
		return err_set(err, FAULT_INFRA, 0, "cannot write '%s' of a layer: %s",
			       archive_entry_pathname(e), archive_error_string(l->tar));
	return 0;
}

int layer_out_end(struct layer_out *l, char blob[DIGEST_HEX], uint64_t *ret_bytes,
		  char diff[DIGEST_HEX], struct err *err)
{
	/* The tar first: its end goes through the other. */
	int bad = archive_write_close(l->tar) != ARCHIVE_OK ||
		  archive_write_close(l->gzip) != ARCHIVE_OK;
	digest_end(l->diff, diff);
	digest_end(l->blob, blob);
	*ret_bytes = l->bytes;
	if (!bad)
		bad = renameat(l->dir, UNNAMED, l->dir, blob) < 0;
	int saved = errno;
	layer_free(l);
	return bad ? err_set(err, FAULT_INFRA, saved, "cannot end a layer") : 0;
}
