/* test_unpack_maker.h - makes archives byte by byte, unpacks them, looks at what came of it. */
#ifndef MOULETTE_TEST_UNPACK_MAKER_H
#define MOULETTE_TEST_UNPACK_MAKER_H

#include <archive.h>
#include <archive_entry.h>
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/fd.h"
#include "base/mem.h"
#include "unpack/unpack.h"

#define TEST_UID 0x6fff0000u /* no slot and no user has it */
#define TIME_MADE 1700000000

/* A folder of its own with the destination in it, and a file beside it that must stay as it is. */
struct scene {
	char path[64];
	int dir;
	struct unpack_request req;
	struct submission sub;
	struct unpack_outcome out;
	struct err err;
};

/* Children come from a server instead of being programs: a fixture of tests that are run both ways. */
static bool scene_is_served;
static struct unpack_server scene_server;

__attribute__((unused)) static void scene_served(void)
{
	scene_is_served = true;
}

/* moulette-unpack as it was built with this program. */
static inline const char *unpack_program(void)
{
	static char path[PATH_MAX];
	ssize_t len = readlink("/proc/self/exe", path, sizeof(path) - 1);

	ck_assert_int_gt(len, 0);
	path[len] = '\0';
	char *name = strrchr(path, '/') + 1;
	snprintf(name, (size_t)(path + sizeof(path) - name), "moulette-unpack");
	return path;
}

static inline void scene_init(struct scene *s)
{
	*s = (struct scene){ .path = "/tmp/moulette-unit-unpack-XXXXXX" };
	ck_assert_ptr_nonnull(mkdtemp(s->path));
	s->dir = open(s->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(s->dir, 0);
	ck_assert_int_eq(mkdirat(s->dir, "dest", 0700), 0);
	ck_assert_int_eq(fchownat(s->dir, "dest", TEST_UID, TEST_UID, 0), 0);
	ck_assert_int_eq(file_write(s->dir, "canary", "alive"), 0);
	ck_assert_int_eq(fchmodat(s->dir, "canary", 0666, 0), 0); /* anyone could write to it */
	s->req = (struct unpack_request){ .program = unpack_program(),
					  .dest_fd = openat(s->dir, "dest", O_RDONLY | O_DIRECTORY),
					  .uid = TEST_UID,
					  .gid = TEST_UID,
					  .interrupt_fd = -1,
					  .limits = UNPACK_LIMITS_DEFAULT };
	s->req.server = scene_is_served ? &scene_server : NULL;
	s->sub = (struct submission){ .fd = -1, .entries = -1 };
}

static inline void scene_done(struct scene *s)
{
	struct buf canary = { 0 };

	ck_assert_int_eq(file_read(s->dir, "canary", &canary, 100), 0);
	ck_assert_str_eq(canary.data, "alive");
	buf_done(&canary);
	submission_done(&s->sub);
	unpack_server_end(&scene_server);
	close(s->req.dest_fd);
	close(s->dir);
	ck_assert_int_eq(tree_remove_at(AT_FDCWD, s->path), 0);
}

/* A new destination, for another run in the same scene. */
static inline void scene_again(struct scene *s)
{
	close(s->req.dest_fd);
	ck_assert_int_eq(tree_remove_at(s->dir, "dest"), 0);
	ck_assert_int_eq(mkdirat(s->dir, "dest", 0700), 0);
	ck_assert_int_eq(fchownat(s->dir, "dest", TEST_UID, TEST_UID, 0), 0);
	s->req.dest_fd = openat(s->dir, "dest", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	submission_done(&s->sub);
	s->sub.entries = -1;
	s->err = (struct err){ 0 };
	s->out = (struct unpack_outcome){ 0 };
}

/* Nothing but the destination, the canary and what was handed in may lie in the scene. */
static inline void scene_is_clean(struct scene *s, const char *handed_in)
{
	AUTO_DIR DIR *dir = fdopendir(openat(s->dir, ".", O_RDONLY | O_DIRECTORY));

	for (struct dirent *e = readdir(dir); e; e = readdir(dir))
		ck_assert_msg(e->d_name[0] == '.' || strcmp(e->d_name, "dest") == 0 ||
				      strcmp(e->d_name, "canary") == 0 ||
				      strcmp(e->d_name, handed_in) == 0,
			      "left beside the destination: %s", e->d_name);
}

/* Hands in a file (or, with @data NULL, what lies there already) and unpacks it. */
static inline int scene_run(struct scene *s, enum submission_kind kind, const char *file,
			    const void *data, size_t len)
{
	if (data) {
		AUTO_FD int fd = openat(s->dir, file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
					0600);
		ck_assert_int_eq(fd_write_all(fd, data, len), 0);
	}
	s->sub.kind = kind;
	s->sub.file = mem_strdup(file);
	s->sub.name = mem_strdup(file);
	s->sub.fd = openat(s->dir, file, O_RDONLY | O_CLOEXEC);
	ck_assert_int_ge(s->sub.fd, 0);
	int got = unpack_run(&s->req, &s->sub, &s->out, &s->err);
	scene_is_clean(s, file);
	return got;
}

static inline int run_bytes(struct scene *s, const struct buf *b)
{
	return scene_run(s, SUBMISSION_ARCHIVE, "handed-in", b->data, b->len);
}

static inline void expect_accepted(struct scene *s, const char *label, const struct buf *b)
{
	int got = run_bytes(s, b);
	ck_assert_msg(got == 0, "%s: refused: %s (%s)", label, s->err.msg, s->err.code);
}

/* @code refused for, and @word in the message. */
static inline void expect_refused(struct scene *s, const char *label, const struct buf *b,
				  const char *code, const char *word)
{
	int got = run_bytes(s, b);
	ck_assert_msg(got == -1, "%s: accepted", label);
	ck_assert_msg(s->err.fault == FAULT_STUDENT && strcmp(s->err.code, code) == 0,
		      "%s: fault %d, %s, %s", label, s->err.fault, s->err.code, s->err.msg);
	ck_assert_msg(!word || strstr(s->err.msg, word), "%s: '%s'", label, s->err.msg);
	ck_assert_int_eq(s->out.entries, 0);
	ck_assert_int_eq(s->sub.entries, -1);
}

static inline struct stat stat_of(struct scene *s, const char *path)
{
	struct stat st;
	ck_assert_msg(fstatat(s->req.dest_fd, path, &st, AT_SYMLINK_NOFOLLOW) == 0, "%s: %s", path,
		      strerror(errno));
	return st;
}

static inline void has_file(struct scene *s, const char *path, const char *text)
{
	struct buf b = { 0 };

	ck_assert_msg(S_ISREG(stat_of(s, path).st_mode), "%s: no file", path);
	ck_assert_int_eq(file_read(s->req.dest_fd, path, &b, 1 << 20), 0);
	ck_assert_msg(strcmp(b.data, text) == 0, "%s: '%s'", path, b.data);
	buf_done(&b);
}

static inline void has_link(struct scene *s, const char *path, const char *target)
{
	char got[4096] = "";
	ck_assert_int_gt(readlinkat(s->req.dest_fd, path, got, sizeof(got) - 1), 0);
	ck_assert_str_eq(got, target);
}

static inline unsigned int mode_of(struct scene *s, const char *path)
{
	return stat_of(s, path).st_mode & 07777u;
}

/* ---- tar, by hand: what no writer would write can be written too ---- */

struct member {
	const char *name, *data, *link;
	char type;         /* typeflag; 0 is '0' */
	unsigned int mode; /* 0: 0644 */
	long long mtime;   /* 0: TIME_MADE */
	long long size;    /* 0: of the data; -1: zero */
};

static inline void tar_header(struct buf *b, const struct member *m, long long size)
{
	char h[512] = { 0 };
	unsigned int sum = 0;

	strncpy(h, m->name, 100);
	snprintf(h + 100, 8, "%07o", m->mode ? m->mode : 0644);
	snprintf(h + 108, 8, "%07o", 0);
	snprintf(h + 116, 8, "%07o", 0);
	snprintf(h + 124, 12, "%011llo", size);
	snprintf(h + 136, 12, "%011llo", m->mtime ? m->mtime : (long long)TIME_MADE);
	memset(h + 148, ' ', 8);
	h[156] = m->type ? m->type : '0';
	if (m->link)
		strncpy(h + 157, m->link, 100);
	memcpy(h + 257, "ustar\00000", 8);
	for (int i = 0; i < 512; i++)
		sum += (unsigned char)h[i];
	snprintf(h + 148, 8, "%06o", sum);
	buf_add(b, h, sizeof(h));
}

static inline void tar_data(struct buf *b, const void *data, size_t len)
{
	static const char zeros[512];
	buf_add(b, data, len);
	buf_add(b, zeros, (512 - len % 512) % 512);
}

static inline void tar_add(struct buf *b, struct member m)
{
	size_t len = m.data ? strlen(m.data) : 0;
	tar_header(b, &m, m.size > 0 ? m.size : m.size < 0 ? 0 : (long long)len);
	tar_data(b, m.data ? m.data : "", len);
}

static inline void tar_file(struct buf *b, const char *name, const char *data)
{
	tar_add(b, (struct member){ .name = name, .data = data });
}

static inline void tar_end(struct buf *b)
{
	static const char zeros[1024];
	buf_add(b, zeros, sizeof(zeros));
}

/* A pax header for the next member. */
static inline void tar_pax(struct buf *b, const char *key, const char *value)
{
	size_t rest = strlen(key) + strlen(value) + 3, len = rest, was;
	char digits[32];

	do { /* the length counts its own digits */
		was = len;
		len = rest + (size_t)snprintf(digits, sizeof(digits), "%zu", len);
	} while (len != was);
	char *line = mem_printf("%zu %s=%s\n", len, key, value);
	tar_add(b, (struct member){ .name = "pax", .type = 'x', .data = line });
	free(line);
}

/* A GNU long name (L) or long link (K) for the next member. */
static inline void tar_gnu_long(struct buf *b, char type, const char *value)
{
	struct member m = { .name = "././@LongLink", .type = type };
	tar_header(b, &m, (long long)strlen(value) + 1);
	tar_data(b, value, strlen(value) + 1);
}

/* One honest file in a tar. */
static inline void tar_simple(struct buf *b)
{
	tar_file(b, "main.c", "int main(void) { return 0; }\n");
	tar_end(b);
}

/* ---- libarchive as a writer ---- */

static inline la_ssize_t sink_write(struct archive *a, void *b, const void *data, size_t len)
{
	(void)a;
	buf_add(b, data, len);
	return (la_ssize_t)len;
}

/* @filter: "gzip" ...; the bytes as they are, compressed. */
static inline void compress_to(struct buf *out, const char *filter, const void *data, size_t len)
{
	struct archive *a = archive_write_new();
	struct archive_entry *e = archive_entry_new();

	archive_write_set_format_raw(a);
	ck_assert_int_eq(archive_write_add_filter_by_name(a, filter), ARCHIVE_OK);
	archive_write_set_bytes_in_last_block(a, 1);
	ck_assert_int_eq(archive_write_open2(a, out, NULL, sink_write, NULL, NULL), ARCHIVE_OK);
	archive_entry_set_filetype(e, AE_IFREG);
	archive_entry_set_pathname(e, "data");
	ck_assert_int_eq(archive_write_header(a, e), ARCHIVE_OK);
	ck_assert_int_eq(archive_write_data(a, data, len), (la_ssize_t)len);
	ck_assert_int_eq(archive_write_close(a), ARCHIVE_OK);
	archive_entry_free(e);
	archive_write_free(a);
}

/* A zip of @n members; of their types '0', '2' and '5' are known. */
static inline void zip_to(struct buf *out, const struct member *members, size_t n,
			  const char *options, const char *password)
{
	struct archive *a = archive_write_new();

	archive_write_set_format_zip(a);
	archive_write_set_bytes_in_last_block(a, 1);
	if (options)
		ck_assert_int_eq(archive_write_set_options(a, options), ARCHIVE_OK);
	if (password)
		archive_write_set_passphrase(a, password);
	ck_assert_int_eq(archive_write_open2(a, out, NULL, sink_write, NULL, NULL), ARCHIVE_OK);
	for (size_t i = 0; i < n; i++) {
		const struct member *m = &members[i];
		struct archive_entry *e = archive_entry_new();
		size_t len = m->data ? strlen(m->data) : 0;
		archive_entry_set_pathname(e, m->name);
		archive_entry_set_filetype(e, m->type == '2' ? AE_IFLNK :
					      m->type == '5' ? AE_IFDIR :
							       AE_IFREG);
		archive_entry_set_perm(e, m->mode ? m->mode : 0644);
		archive_entry_set_mtime(e, m->mtime ? m->mtime : TIME_MADE, 0);
		archive_entry_set_size(e, (la_int64_t)len);
		if (m->type == '2')
			archive_entry_set_symlink(e, m->link);
		ck_assert_msg(archive_write_header(a, e) == ARCHIVE_OK, "%s",
			      archive_error_string(a));
		ck_assert_int_eq(archive_write_data(a, m->data ? m->data : "", len),
				 (la_ssize_t)len);
		archive_entry_free(e);
	}
	ck_assert_int_eq(archive_write_close(a), ARCHIVE_OK);
	archive_write_free(a);
}

#endif
