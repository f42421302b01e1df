/*
 * extract.c - what was handed in, to a tree: the libarchive loop of the confined child.
 *
 * libarchive only reads: bytes to headers and data. What a header may say is entry_policy.c's
 * matter, how it gets to disk writer.c's. Formats are named one by one, never *_all: mtree reads
 * files of the host by `contents=`, rar and 7z carry most of the library's holes.
 */
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "archive/reader.h"
#include "base/cleanup.h"
#include "base/fd.h"
#include "base/magic.h"
#include "unpack/child.h"
#include "unpack/source.h"
#include "unpack/writer.h"

/* Headers and padding of an honest tar are below this, so many bytes an entry; what is skipped in
 * excess of it is unpacked to nowhere and counts as a bomb. */
#define OVERHEAD_ENTRY (64 * 1024)
#define OVERHEAD_FIXED (64LL << 20)

struct extract {
	const struct child_job *job;
	struct entry_totals totals;
	struct writer writer;
	struct source *source;
	struct archive *in;
	int64_t files; /* regular ones */
};

static bool says(const char *text, const char *word)
{
	return strcasestr(text, word) != NULL;
}

/* libarchive has one code for all that is wrong with an archive; its words are what tells. */
static int not_readable(struct extract *x, const char *name, struct err *err)
{
	const char *text = archive_error_string(x->in);
	char where[200] = "the archive";

	if (x->source->sys)
		return err_set(err, FAULT_INFRA, x->source->sys, "cannot read the submission");
	if (name)
		snprintf(where, sizeof(where), "entry '%.160s'", name);
	if (!text) /* of a cut gzip trailer libarchive says nothing at all */
		text = "truncated";
	if (archive_errno(x->in) == ENOMEM || says(text, "memory"))
		return err_set_code(err, "archive.unsupported", FAULT_STUDENT, 0,
				    "%s needs more memory to be unpacked than it may have; pack "
				    "it with the usual options",
				    where);
	if (says(text, "encrypt") || says(text, "passphrase"))
		return err_set_code(err, "archive.encrypted", FAULT_STUDENT, 0,
				    "%s is encrypted; hand it in without a password", where);
	if (says(text, "unsupported"))
		return err_set_code(err, "archive.unsupported", FAULT_STUDENT, 0, "%s: %s", where,
				    text);
	if (says(text, "header too large"))
		return err_set_code(err, "archive.too_long", FAULT_STUDENT, 0,
				    "%s has a name of more bytes than a name may have", where);
	if (says(text, "truncated") || says(text, "no progress")) /* the latter is liblzma's word */
		return err_set_code(err, "archive.truncated", FAULT_STUDENT, 0, "%s is cut off: %s",
				    where, text);
	return err_set_code(err, "archive.damaged", FAULT_STUDENT, 0, "%s is damaged: %s", where,
			    text);
}

static int is_empty(struct err *err)
{
	return err_set_code(err, "archive.empty", FAULT_STUDENT, 0,
			    "the submission contains no files");
}

/* No format was recognised at all. */
static int not_archive(struct extract *x, struct err *err)
{
	if (!x->source->sys && says(archive_error_string(x->in) ?: "", "unrecognized"))
		return err_set_code(
			err, "archive.unsupported", FAULT_STUDENT, 0,
			"the compressed file does not contain a tar archive; accepted are "
			"tar (plain, .gz, .bz2, .xz, .zst) and zip");
	return not_readable(x, NULL, err);
}

/* A zip is known by its end: it may have anything before it that is no other archive. */
static int look_for_zip(struct extract *x, struct err *err)
{
	struct source *s = x->source;
	struct zip *zip = NULL;
	char head[MAGIC_BYTES];

	if (!s->seekable) /* our own plain tar */
		return 0;
	const ssize_t len = fd_pread_all(s->fd, head, sizeof head, 0);
	if (len < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot read the submission");
	const enum magic is = magic_find(head, (size_t)len);
	if (is != MAGIC_ZIP && is != MAGIC_NONE)
		return 0;
	const int found = zip_open(s->fd, &x->job->limits, &zip, err);
	if (found > 0)
		source_take_zip(s, zip);
	if (found == 0 && is == MAGIC_ZIP)
		return err_set_code(err, "archive.truncated", FAULT_STUDENT, 0,
				    "the zip archive is cut off: the list of its files, which "
				    "stands at the end, is missing");
	return found < 0 ? -1 : 0;
}

/* Only an archive is compressed: what comes through a pipe is our own plain tar. */
static int support(const struct extract *x)
{
	struct archive *a = x->in;

	if (x->source->zip)
		return archive_read_support_format_zip_seekable(a);
	if (archive_read_support_format_tar(a) != ARCHIVE_OK)
		return ARCHIVE_FATAL;
	if (x->source->seekable && (archive_read_support_filter_gzip(a) != ARCHIVE_OK ||
				    archive_read_support_filter_bzip2(a) != ARCHIVE_OK ||
				    archive_read_support_filter_xz(a) != ARCHIVE_OK ||
				    archive_read_support_filter_zstd(a) != ARCHIVE_OK))
		return ARCHIVE_FATAL;
	return ARCHIVE_OK;
}

static int open_archive(struct extract *x, struct err *err)
{
	struct archive *a = x->in;

	if (!a)
		return err_set(err, FAULT_INFRA, ENOMEM, "cannot start libarchive");
	if (look_for_zip(x, err) < 0)
		return -1;
	if (support(x) != ARCHIVE_OK)
		return err_set(err, FAULT_INFRA, 0, "this libarchive lacks a format: %s",
			       archive_error_string(a) ?: "it does not say which");
	source_attach(x->source, a);
	if (archive_read_open1(a) != ARCHIVE_OK)
		return not_archive(x, err);
	if (archive_filter_count(a) > 2) /* the file itself counts */
		return err_set_code(err, "archive.unsupported", FAULT_STUDENT, 0,
				    "the archive is compressed more than once; compress it once");
	return 0;
}

/* A time that is still to come, of a clock that is wrong, would let make build again and again. */
static struct entry_time time_of(struct archive_entry *e)
{
	return (struct entry_time){ .is_set = archive_entry_mtime_is_set(e) != 0 &&
					      archive_entry_mtime(e) <= time(NULL),
				    .sec = archive_entry_mtime(e),
				    .nsec = archive_entry_mtime_nsec(e) };
}

/* Reads the data of the current entry to @fd; @head gets its first four bytes. */
static int copy_data(struct extract *x, const char *path, int fd, char head[4], int64_t *ret_bytes,
		     struct err *err)
{
	const struct unpack_limits *lim = &x->job->limits;
	int64_t have = 0;

	for (;;) {
		const void *data;
		size_t len;
		la_int64_t offset;
		int got = archive_read_data_block(x->in, &data, &len, &offset);
		if (got == ARCHIVE_EOF)
			break;
		if (got != ARCHIVE_OK) /* warnings too: a wrong checksum is one */
			return not_readable(x, path, err);
		if (len > 0 && offset != have)
			return entry_refuse(err, "archive.sparse", path,
					    "is stored as a sparse file; pack it without --sparse");
		if (entry_policy_data(lim, &x->totals, path, have, (int64_t)len,
				      archive_filter_bytes(x->in, -1), err) < 0 ||
		    writer_add(&x->writer, path, fd, data, len, err) < 0)
			return -1;
		for (size_t i = 0; i < len && have + (int64_t)i < 4; i++)
			head[have + (int64_t)i] = ((const char *)data)[i];
		have += (int64_t)len;
	}
	*ret_bytes = have;
	return 0;
}

static int write_file(struct extract *x, const char *path, struct archive_entry *e, struct err *err)
{
	struct entry_time t = time_of(e);
	AUTO_FD int fd = -1;
	char head[4] = "";
	int64_t bytes = 0;

	if (writer_file(&x->writer, path, &fd, err) < 0 ||
	    copy_data(x, path, fd, head, &bytes, err) < 0)
		return -1;
	if (archive_entry_size_is_set(e) && archive_entry_size(e) != bytes)
		return entry_refuse(err, "archive.damaged", path,
				    "has another number of bytes than it says");
	mode_t mode = entry_policy_mode(archive_entry_perm(e), head, bytes < 4 ? (size_t)bytes : 4);
	x->files++;
	return writer_file_end(&x->writer, path, fd, mode, &t, err);
}

static int write_entry(struct extract *x, struct archive_entry *e, struct err *err)
{
	const char *hard = archive_entry_hardlink(e);
	struct entry entry = {
		.name = archive_entry_pathname(e),
		.type = archive_entry_filetype(e),
		.size = archive_entry_size_is_set(e) ? archive_entry_size(e) : -1,
		.link = hard ? hard : archive_entry_symlink(e),
		.hard_link = hard != NULL,
		.encrypted = archive_entry_is_encrypted(e) ||
			     archive_read_has_encrypted_entries(x->in) > 0,
		.sparse = archive_entry_sparse_count(e) > 0,
	};
	struct entry_place place;

	if (entry_policy_check(&x->job->limits, &x->totals, &entry, &place, err) < 0)
		return -1;
	if (entry.hard_link)
		return writer_hard_link(&x->writer, place.path, place.target, err);
	if (entry.type == S_IFLNK)
		return writer_symlink(&x->writer, place.path, place.target, err);
	if (entry.type == S_IFREG)
		return write_file(x, place.path, e, err);
	struct entry_time t = time_of(e);
	return writer_folder(&x->writer, place.path, &t, err);
}

/* Data behind folders, links and huge headers is never written, so nothing else counts it. */
static int64_t overhead_max(const struct extract *x)
{
	return OVERHEAD_FIXED + (x->totals.entries - x->job->used.entries) * OVERHEAD_ENTRY;
}

static int check_overhead(struct extract *x, struct err *err)
{
	/* In a zip, what is not asked for is not unpacked either. */
	bool tar = (archive_format(x->in) & ARCHIVE_FORMAT_BASE_MASK) == ARCHIVE_FORMAT_TAR;

	const int64_t bytes = x->totals.bytes - x->job->used.bytes;
	if (tar && archive_filter_bytes(x->in, 0) - bytes > overhead_max(x))
		return err_set_code(err, "archive.bomb", FAULT_STUDENT, 0,
				    "the archive unpacks to far more bytes than its files have");
	return 0;
}

static int extract_archive(struct extract *x, struct err *err)
{
	AUTO_READER *a = archive_read_new();
	bool first = true;

	x->in = a;
	if (open_archive(x, err) < 0)
		return -1;
	for (;;) {
		struct archive_entry *e;
		int got = archive_read_next_header(a, &e);
		if (got == ARCHIVE_EOF)
			return source_check_gzip(x->source->fd, overhead_max(x) + x->totals.bytes,
						 err);
		if (got != ARCHIVE_OK && got != ARCHIVE_WARN)
			return first ? not_archive(x, err) : not_readable(x, NULL, err);
		first = false;
		if (check_overhead(x, err) < 0 || write_entry(x, e, err) < 0)
			return -1;
	}
}

/* A single source file: one entry, whose name is the file's. */
static int extract_source(struct extract *x, struct err *err)
{
	const char *name = x->job->name;
	struct source *s = x->source;
	struct entry_place place;
	struct stat st;
	char head[4] = "";
	int64_t have = 0;

	if (fstat(s->fd, &st) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot stat the submission");
	struct entry e = { .name = name, .type = S_IFREG, .size = st.st_size };
	if (entry_policy_check(&x->job->limits, &x->totals, &e, &place, err) < 0)
		return -1;
	AUTO_FD int fd = -1;
	if (writer_file(&x->writer, place.path, &fd, err) < 0)
		return -1;
	for (;;) {
		const void *data;
		ssize_t n = pread(s->fd, s->block, sizeof(s->block), have);
		if (n < 0)
			return err_set(err, FAULT_INFRA, errno, "cannot read the submission");
		if (n == 0)
			break;
		data = s->block;
		if (have == 0)
			memcpy(head, data, n < 4 ? (size_t)n : 4);
		if (entry_policy_data(&x->job->limits, &x->totals, name, have, n, 0, err) < 0 ||
		    writer_add(&x->writer, name, fd, data, (size_t)n, err) < 0)
			return -1;
		have += n;
	}
	x->files++;
	struct entry_time t = { true, st.st_mtim.tv_sec, st.st_mtim.tv_nsec };
	mode_t mode = entry_policy_mode(st.st_mode, head, have < 4 ? (size_t)have : 4);
	return writer_file_end(&x->writer, name, fd, mode, &t, err);
}

static int extract_all(struct extract *x, struct unpack_outcome *ret, struct err *err)
{
	bool source = x->job->kind == SUBMISSION_SOURCE;
	struct unpack_outcome out = { 0 };

	if ((source ? extract_source(x, err) : extract_archive(x, err)) < 0 ||
	    writer_finish(&x->writer, err) < 0)
		return -1;
	if (x->files == 0)
		return is_empty(err);
	if (!source && top_find(CHILD_OUTPUT, out.top, err) < 0)
		return -1;
	out.entries = x->totals.entries;
	out.bytes = x->totals.bytes;
	out.folders = x->totals.folders;
	*ret = out;
	return 0;
}

int extract_run(const struct child_job *job, struct unpack_outcome *ret, struct err *err)
{
	AUTO_FREE struct source *source = malloc(sizeof(*source));
	struct extract x = { .job = job, .totals = job->used, .source = source };

	if (!source || source_init(source, CHILD_INPUT) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot stat the submission");
	writer_init(&x.writer, CHILD_OUTPUT, &job->limits, &x.totals);
	int got = extract_all(&x, ret, err);
	writer_done(&x.writer);
	source_done(source);
	return got;
}
