/*
 * state.c - the packages of the host, on which image `host` depends.
 *
 * The digest is over the contents of a few files that change with every package. Reading them takes
 * milliseconds, looking at their size, inode and times microseconds, so an image keeps both.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/err.h"
#include "base/mem.h"
#include "image/meta.h"
#include "image/state.h"

static void stamp_of(const char *path, const struct stat *st, struct state_stamp *s)
{
	*s = (struct state_stamp){ .path = mem_strdup(path), .bytes = -1 };
	if (!st)
		return;
	s->bytes = st->st_size;
	s->inode = (int64_t)(st->st_ino & INT64_MAX);
	s->mtime_ns = clock_ns(st->st_mtim);
	s->ctime_ns = clock_ns(st->st_ctim);
}

/* The stamp before the content: a change in between makes the stamp stale, never the digest. */
static int take_one(const char *path, struct state_stamp *s, struct digest *d, struct err *err)
{
	AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;
	char hex[DIGEST_HEX];

	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR)) {
		stamp_of(path, NULL, s);
		return 0;
	}
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot read '%s'", path);
	if (digest_fd(fd, DIGEST_ALL, hex, err) < 0)
		return err_wrap(err, "'%s'", path);
	digest_add(d, path, strlen(path) + 1);
	digest_add(d, hex, sizeof(hex));
	stamp_of(path, &st, s);
	return 0;
}

int state_take(char *const *paths, struct image_meta *m, struct err *err)
{
	AUTO_DIGEST *d = digest_new();
	char hex[DIGEST_HEX];
	size_t n = strv_len(paths);

	m->state = mem_alloc(n * sizeof(*m->state));
	for (m->n_state = 0; m->n_state < n; m->n_state++)
		if (take_one(paths[m->n_state], &m->state[m->n_state], d, err) < 0)
			return -1;
	digest_end(d, hex);
	free(m->image.digest);
	m->image.digest = mem_printf("sha256:%s", hex);
	return 0;
}

bool state_is_fresh(const struct image_meta *m)
{
	for (size_t i = 0; i < m->n_state; i++) {
		const struct state_stamp *old = &m->state[i];
		struct state_stamp now;
		struct stat st;
		stamp_of(old->path, stat(old->path, &st) == 0 ? &st : NULL, &now);
		bool same = now.bytes == old->bytes && now.inode == old->inode &&
			    now.mtime_ns == old->mtime_ns && now.ctime_ns == old->ctime_ns;
		free(now.path);
		if (!same)
			return false;
	}
	return true;
}
