/* tree_sum.c - walks a tree and adds up a hash of each entry's name and content. */
#include "bench/tree_sum.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/mem.h"

#define CHUNK 65536

uint64_t tree_hash(uint64_t hash, const void *data, size_t len)
{
	const unsigned char *c = data;
	hash = hash ? hash : UINT64_C(0xcbf29ce484222325);
	for (size_t i = 0; i < len; i++)
		hash = (hash ^ c[i]) * UINT64_C(0x100000001b3);
	return hash;
}

static int hash_file(const char *path, uint64_t *hash, uint64_t *bytes)
{
	AUTO_FREE char *chunk = mem_alloc(CHUNK);
	AUTO_FD int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	ssize_t n = -1;
	while (fd >= 0 && (n = read(fd, chunk, CHUNK)) > 0) {
		*hash = tree_hash(*hash, chunk, (size_t)n);
		*bytes += (uint64_t)n;
	}
	return n < 0 ? -1 : 0;
}

static int hash_link(const char *path, uint64_t *hash)
{
	char target[4096];
	ssize_t n = readlink(path, target, sizeof target);
	if (n < 0)
		return -1;
	*hash = tree_hash(*hash, target, (size_t)n);
	return 0;
}

static int add_entry(const FTSENT *e, size_t prefix, struct tree_sum *sum)
{
	uint64_t hash = tree_hash(0, e->fts_path + prefix, strlen(e->fts_path + prefix));
	if (e->fts_info == FTS_F) {
		sum->files++;
		if (hash_file(e->fts_accpath, &hash, &sum->bytes) < 0)
			return -1;
	} else if (e->fts_info == FTS_SL || e->fts_info == FTS_SLNONE) {
		if (hash_link(e->fts_accpath, &hash) < 0)
			return -1;
	} else {
		return 0;
	}
	sum->sum += hash;
	return 0;
}

int tree_sum_of(const char *dir, struct tree_sum *ret, struct err *err)
{
	char *const tops[] = { (char *)(size_t)dir, NULL };
	struct tree_sum sum = { 0 };
	FTS *walk = fts_open(tops, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	FTSENT *e = NULL;
	int bad = walk ? 0 : -1;
	while (!bad && (errno = 0, e = fts_read(walk)))
		bad = e->fts_info == FTS_DNR || e->fts_info == FTS_ERR || e->fts_info == FTS_NS ||
		      add_entry(e, strlen(dir) + 1, &sum) < 0;
	bad = bad || errno;
	int saved = errno;
	if (walk)
		fts_close(walk);
	if (bad)
		return err_set(err, FAULT_INFRA, saved, "cannot read all of '%s'", dir);
	*ret = sum;
	return 0;
}
