/*
 * folder.c - a folder that was handed in, as a tar: so one confined child unpacks everything.
 *
 * Runs in a child of its own, as root that may only read, because the files are whoever's. Links
 * are not followed, names are sorted, and every entry is asked for by the same policy before it is
 * opened, so that a fifo, a device or a tree without end stops here. The digest covers type, x bit,
 * path, size and content in the order of the walk.
 */
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/digest.h"
#include "base/mem.h"
#include "unpack/child.h"

#define BLOCK_BYTES 65536

struct folder {
	const struct unpack_limits *limits;
	struct entry_totals totals;
	struct digest *digest;
	struct archive *out;
	struct archive_entry *entry;
	char path[ENTRY_PATH_SIZE + ENTRY_NAME_MAX + 2]; /* of the entry at hand */
	char target[ENTRY_PATH_SIZE];
	char block[BLOCK_BYTES];
};

static int by_bytes(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int trouble(const struct folder *f, const char *what, struct err *err)
{
	return entry_trouble(err, errno, f->path[0] ? f->path : ".", what);
}

/* All names of a folder, sorted; more than may be entries are not read, as the policy refuses the
 * first of them anyhow. */
static int read_names(const struct folder *f, int fd, char ***ret, struct err *err)
{
	int own = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	AUTO_DIR DIR *dir = own < 0 ? NULL : fdopendir(own);
	AUTO_STRV names = NULL;
	size_t n = 0, cap = 0;

	if (!dir) {
		cleanup_fd(&own);
		return trouble(f, "cannot list the folder", err);
	}
	for (;;) {
		errno = 0;
		struct dirent *e = readdir(dir);
		if (!e && errno)
			return trouble(f, "cannot list the folder", err);
		if (!e || (int64_t)n > f->limits->entries)
			break;
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		if (n + 2 > cap) {
			cap = cap ? 2 * cap : 32;
			names = mem_realloc(names, cap * sizeof(*names));
		}
		names[n++] = mem_strdup(e->d_name);
		names[n] = NULL;
	}
	if (n > 0)
		qsort(names, n, sizeof(*names), by_bytes);
	*ret = ptr_steal(&names);
	return 0;
}

/* EPIPE: the other child has refused, and says why itself. */
static int cannot_send(const struct folder *f, struct err *err)
{
	errno = archive_errno(f->out);
	return trouble(f, "cannot pass it on", err);
}

static int send_header(struct folder *f, const struct stat *st, const char *target, int64_t size,
		       struct err *err)
{
	struct archive_entry *e = archive_entry_clear(f->entry);
	char text[32];

	archive_entry_set_pathname(e, f->path);
	archive_entry_set_mode(e, st->st_mode & (S_IFMT | 0777));
	archive_entry_set_mtime(e, st->st_mtim.tv_sec, st->st_mtim.tv_nsec);
	archive_entry_set_size(e, size);
	if (target)
		archive_entry_set_symlink(e, target);
	/* Warnings are refused too: the tree has to be the one that was handed in. */
	if (archive_write_header(f->out, e) != ARCHIVE_OK)
		return cannot_send(f, err);
	snprintf(text, sizeof(text), "%06o %c %" PRId64, (unsigned int)(st->st_mode & S_IFMT),
		 S_ISREG(st->st_mode) && st->st_mode & 0111 ? 'x' : '-', size);
	digest_add(f->digest, text, strlen(text) + 1);
	digest_add(f->digest, f->path, strlen(f->path) + 1);
	if (target)
		digest_add(f->digest, target, strlen(target) + 1);
	return 0;
}

static int send_data(struct folder *f, int fd, int64_t size, struct err *err)
{
	while (size > 0) {
		size_t want = size < BLOCK_BYTES ? (size_t)size : BLOCK_BYTES;
		ssize_t n = read(fd, f->block, want);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return trouble(f, "cannot read", err);
		if (n == 0)
			return entry_trouble(err, 0, f->path, "shrank while it was read");
		if (archive_write_data(f->out, f->block, (size_t)n) != n)
			return cannot_send(f, err);
		digest_add(f->digest, f->block, (size_t)n);
		size -= n;
	}
	return 0;
}

/* Asks the policy; a fifo, device or socket ends here, before anything opens it. */
static int ask(struct folder *f, const struct stat *st, const char *target, struct err *err)
{
	struct entry e = { .name = f->path,
			   .type = st->st_mode & S_IFMT,
			   .size = S_ISREG(st->st_mode) ? st->st_size : -1,
			   .link = target };
	struct entry_place place;

	return entry_policy_check(f->limits, &f->totals, &e, &place, err);
}

static int send_file(struct folder *f, int dir, const char *name, const struct stat *seen,
		     struct err *err)
{
	struct stat st;

	if (ask(f, seen, NULL, err) < 0)
		return -1;
	AUTO_FD int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		return trouble(f, "cannot open", err);
	if (!S_ISREG(st.st_mode))
		return entry_trouble(err, 0, f->path, "changed while it was read");
	if (entry_policy_data(f->limits, &f->totals, f->path, 0, st.st_size, 0, err) < 0 ||
	    send_header(f, &st, NULL, st.st_size, err) < 0)
		return -1;
	return send_data(f, fd, st.st_size, err);
}

static int send_link(struct folder *f, int dir, const char *name, const struct stat *st,
		     struct err *err)
{
	ssize_t n = readlinkat(dir, name, f->target, sizeof(f->target) - 1);

	if (n < 0)
		return trouble(f, "cannot read the symbolic link", err);
	f->target[n] = '\0';
	if (ask(f, st, f->target, err) < 0)
		return -1;
	return send_header(f, st, f->target, 0, err);
}

static int send_folder(struct folder *f, int dir, size_t len, struct err *err);

static int send_entry(struct folder *f, int dir, const char *name, size_t len, struct err *err)
{
	struct stat st;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return trouble(f, "cannot stat", err);
	if (S_ISREG(st.st_mode))
		return send_file(f, dir, name, &st, err);
	if (S_ISLNK(st.st_mode))
		return send_link(f, dir, name, &st, err);
	if (ask(f, &st, NULL, err) < 0)
		return -1;
	/* The depth limit of the policy bounds the recursion. */
	AUTO_FD int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return trouble(f, "cannot open", err);
	if (send_header(f, &st, NULL, 0, err) < 0)
		return -1;
	return send_folder(f, fd, len, err);
}

/* Everything in @dir, whose path are the first @len bytes of f->path. */
static int send_folder(struct folder *f, int dir, size_t len, struct err *err)
{
	AUTO_STRV names = NULL;

	if (read_names(f, dir, &names, err) < 0)
		return -1;
	for (size_t i = 0; names && names[i]; i++) {
		size_t n = strlen(names[i]);
		/* Room for one name above the longest path: the policy refuses that. */
		if (len > 0)
			f->path[len] = '/';
		memcpy(f->path + len + (len > 0), names[i], n + 1);
		if (send_entry(f, dir, names[i], len + (len > 0) + n, err) < 0)
			return -1;
		f->path[len] = '\0';
	}
	return 0;
}

static int send_all(struct folder *f, struct err *err)
{
	/* Names are bytes: as UTF-8 they would be composed anew. */
	if (archive_write_set_format_pax(f->out) != ARCHIVE_OK ||
	    archive_write_set_format_option(f->out, "pax", "hdrcharset", "BINARY") != ARCHIVE_OK ||
	    archive_write_add_filter_none(f->out) != ARCHIVE_OK ||
	    archive_write_set_bytes_per_block(f->out, BLOCK_BYTES) != ARCHIVE_OK ||
	    archive_write_open_fd(f->out, CHILD_OUTPUT) != ARCHIVE_OK)
		return err_set(err, FAULT_INFRA, archive_errno(f->out), "cannot start a tar");
	if (send_folder(f, CHILD_INPUT, 0, err) < 0)
		return -1;
	if (archive_write_close(f->out) != ARCHIVE_OK)
		return cannot_send(f, err);
	return 0;
}

int folder_run(const struct child_job *job, struct child_reply *ret, struct err *err)
{
	AUTO_DIGEST *digest = digest_new();
	AUTO_FREE struct folder *f = calloc(1, sizeof(*f));

	if (!f)
		return err_set(err, FAULT_INFRA, ENOMEM, "cannot start reading the folder");
	f->limits = &job->limits;
	f->digest = digest;
	f->out = archive_write_new();
	f->entry = archive_entry_new();
	if (!f->out || !f->entry)
		return err_set(err, FAULT_INFRA, ENOMEM, "cannot start libarchive");
	if (send_all(f, err) < 0)
		return -1; /* no tidy end of the tar; the process ends and memory with it */
	ret->bytes = f->totals.bytes;
	digest_end(digest, ret->sha256);
	archive_entry_free(f->entry);
	archive_write_free(f->out);
	return 0;
}
