/* submission.c - opens a submission, identifies its kind and digests it. */
#include "submission/submission.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/magic.h"
#include "base/mem.h"
#include "base/zip_end.h"
#include "submission/sources.h"

#define ACCEPTED "accepted are tar (plain, .gz, .bz2, .xz, .zst), zip, a folder or one source file"

/* Longest first where one ends in another; compared without case, as Windows makes .ZIP. */
static const char *const archive_suffixes[] = {
	".tar.gz", ".tar.bz2", ".tar.xz", ".tar.zst", ".tar", ".tgz",
	".tbz2",   ".txz",     ".tzst",   ".zip",     ".7z",  ".rar",
};
#define N_SUFFIXES (sizeof(archive_suffixes) / sizeof(archive_suffixes[0]))

size_t submission_suffix(const char *file)
{
	size_t len = strlen(file);

	for (size_t i = 0; i < N_SUFFIXES; i++) {
		size_t n = strlen(archive_suffixes[i]);
		if (len > n && strcasecmp(file + len - n, archive_suffixes[i]) == 0)
			return n;
	}
	return 0;
}

/* Last component of a path; "." and ".." are asked for their real name. */
static char *last_component(const char *path)
{
	size_t end = strlen(path);
	while (end > 0 && path[end - 1] == '/')
		end--;
	size_t begin = end;
	while (begin > 0 && path[begin - 1] != '/')
		begin--;

	AUTO_FREE char *name = mem_strndup(path + begin, end - begin);
	if (*name && strcmp(name, ".") != 0 && strcmp(name, "..") != 0)
		return ptr_steal(&name);
	char real[PATH_MAX];
	if (realpath(path, real) && strcmp(real, "/") != 0)
		return mem_strdup(strrchr(real, '/') + 1);
	return mem_strdup("submission");
}

/* "alice" of "alice.tar.gz"; of a source file, and of what is refused, the stem; a folder and an
 * archive without a usual suffix keep their whole name. */
static char *short_name(const char *file, bool stem)
{
	size_t cut = submission_suffix(file);
	const char *dot = strrchr(file, '.');

	if (cut == 0 && stem && dot && dot != file)
		cut = strlen(dot);
	return mem_strndup(file, strlen(file) - cut);
}

/* A path that does not exist is a usage error, one that cannot be read an infrastructure error. */
static int open_failed(struct err *err, const char *path)
{
	return err_set(err, err_path_fault(errno), errno, "cannot open submission '%s'", path);
}

int submission_resolve(const char *typed, char **ret, struct err *err)
{
	char *path = realpath(typed, NULL);
	if (!path)
		return err_set(err, err_path_fault(errno), errno, "cannot find the submission '%s'",
			       typed);
	*ret = path;
	return 0;
}

static int is_link(const char *file, struct err *err)
{
	return err_set_code(
		err, "submission.link", FAULT_STUDENT, 0,
		"submission '%.160s' is a symbolic link; links are not followed where they were "
		"found in a folder: hand in the file or folder itself, or name the link on the "
		"command line",
		file);
}

/* A path that became a link, or leads through one by now, is refused like one that was a link when it was
 * found. */
static int open_path(const char *path, const char *file, struct stat *st, int *ret_fd,
		     struct err *err)
{
	/* The type is checked first: opening a device may have effects. */
	AUTO_FD int seen = fd_open_unlinked(path, O_PATH);
	if (seen < 0 && errno == ELOOP)
		return is_link(file, err);
	if (seen < 0 || fstat(seen, st) < 0)
		return open_failed(err, path);
	if (S_ISREG(st->st_mode) || S_ISDIR(st->st_mode)) {
		/* O_NONBLOCK: a fifo that has just taken the name must not block the batch. */
		AUTO_FD int fd = fd_open_unlinked(path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
		if (fd < 0 && errno == ELOOP)
			return is_link(file, err);
		if (fd < 0)
			return open_failed(err, path);
		if (fstat(fd, st) < 0)
			return err_set(err, FAULT_INFRA, errno, "cannot stat submission '%s'",
				       path);
		if (S_ISREG(st->st_mode) || S_ISDIR(st->st_mode)) {
			*ret_fd = fd_steal(&fd);
			return 0;
		}
	}
	return err_set(err, FAULT_USAGE, 0,
		       "submission '%s' is neither a file nor a folder; hand in an archive, a "
		       "folder or a source file",
		       path);
}

static int cannot_read(const struct submission *s, struct err *err)
{
	return err_set(err, FAULT_INFRA, errno, "cannot read submission '%s'", s->path);
}

static int not_accepted(const struct submission *s, enum magic is, size_t len, struct err *err)
{
	if (len == 0)
		return err_set_code(err, "archive.truncated", FAULT_STUDENT, 0,
				    "submission '%.160s' is empty", s->file);
	/* A tar that was cut within its first header cannot be recognised by its bytes. */
	if (len < MAGIC_BYTES && submission_suffix(s->file) == strlen(".tar") &&
	    strcasecmp(s->file + strlen(s->file) - 4, ".tar") == 0)
		return err_set_code(err, "archive.truncated", FAULT_STUDENT, 0,
				    "submission '%.160s' is cut off within its first header",
				    s->file);
	const size_t suffix = submission_suffix(s->file);
	AUTO_FREE char *what =
		is == MAGIC_7Z ?
			mem_strdup("is a 7z archive, which is not supported") :
		is == MAGIC_RAR ?
			mem_strdup("is a rar archive, which is not supported") :
		suffix > 0 ?
			mem_printf("is not a %s archive, or is damaged",
				   s->file + strlen(s->file) - suffix) :
			mem_strdup("is neither an archive nor a source file of a known language");
	return err_set_code(err, "archive.unsupported", FAULT_STUDENT, 0,
			    "submission '%.160s' %s; " ACCEPTED, s->file, what);
}

/* A file that commands of an assignment may want: neither empty nor an archive, by bytes or name. */
static bool is_plain(const struct submission *s, enum magic is, size_t len)
{
	return len > 0 && is == MAGIC_NONE && submission_suffix(s->file) == 0;
}

static int identify_kind(struct submission *s, char *const *extensions, bool any_file,
			 struct err *err)
{
	unsigned char head[MAGIC_BYTES];
	struct zip_end end;
	int has_end = 0;

	const ssize_t len = fd_pread_all(s->fd, head, sizeof head, 0);
	if (len < 0)
		return cannot_read(s, err);
	const enum magic is = magic_find(head, (size_t)len);
	const bool source = sources_ends_in(s->file, extensions) ||
			    (any_file && is_plain(s, is, (size_t)len));
	if (is == MAGIC_NONE && !source)
		has_end = zip_end_find(s->fd, s->bytes, &end);
	if (has_end < 0)
		return cannot_read(s, err);
	if (is == MAGIC_TAR || is == MAGIC_COMPRESSED || is == MAGIC_ZIP || has_end)
		s->kind = SUBMISSION_ARCHIVE;
	else if (source)
		s->kind = SUBMISSION_SOURCE;
	else
		return not_accepted(s, is, (size_t)len, err);
	return 0;
}

int submission_digest(struct submission *s, struct err *err)
{
	if (s->kind == SUBMISSION_FOLDER || s->sha256[0])
		return 0;
	if (digest_fd(s->fd, (uint64_t)s->bytes, s->sha256, err) < 0)
		return err_wrap(err, "submission '%s'", s->path);
	return 0;
}

void submission_call(const char *path, struct submission *s)
{
	struct stat st;
	bool folder = lstat(path, &st) == 0 && S_ISDIR(st.st_mode);
	if (!s->file)
		s->file = last_component(path);
	if (!s->name)
		s->name = folder ? mem_strdup(s->file) : short_name(s->file, true);
}

/* A refused submission keeps its names, by which the refusal is recorded. */
static int not_opened(struct submission *s, const struct err *why, struct submission *ret,
		      struct err *err)
{
	if (err)
		*err = *why;
	if (why->fault == FAULT_STUDENT) {
		s->name = short_name(s->file, true);
		*ret = *s;
	} else {
		submission_done(s);
	}
	return -1;
}

int submission_open(const char *path, const struct submission_request *req, struct submission *ret,
		    struct err *err)
{
	struct submission s = { .fd = -1, .bytes = -1, .entries = -1 };
	struct err why = { 0 };
	struct stat st;

	s.file = last_component(path);
	if (open_path(path, s.file, &st, &s.fd, &why) < 0)
		return not_opened(&s, &why, ret, err);
	s.path = mem_strdup(path);
	if (S_ISDIR(st.st_mode)) {
		s.kind = SUBMISSION_FOLDER;
		s.name = mem_strdup(s.file);
		*ret = s;
		return 0;
	}

	if (snapshot_take(&s, req->max_bytes, &req->place, &why) < 0)
		return not_opened(&s, &why, ret, err);
	if (identify_kind(&s, req->extensions, req->any_file, &why) < 0) {
		/* A refusal is recorded with the digest of what was refused. */
		if (why.fault == FAULT_STUDENT)
			submission_digest(&s, &why);
		return not_opened(&s, &why, ret, err);
	}
	s.name = short_name(s.file, s.kind == SUBMISSION_SOURCE);
	*ret = s;
	return 0;
}
