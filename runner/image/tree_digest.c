/*
 * tree_digest.c - the digest of a tree, and the list of what it is over.
 *
 * The list has a line per entry, "HEX PATH" and NUL, in the order of walk_tree(); HEX is over all
 * that belongs to the entry. The digest of the tree is that of the list, and the list is what
 * tells later which entry it was that changed.
 */
#include "image/tree_digest.h"

#include <fcntl.h>
#include <inttypes.h>
#include <search.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "archive/ceilings.h"
#include "archive/walk.h"
#include "base/cleanup.h"
#include "base/digest.h"
#include "base/err.h"
#include "base/mem.h"

static int add_xattrs(struct digest *d, int fd, const char *path, struct err *err)
{
	AUTO_STRV names = NULL;
	if (walk_xattr_names(fd, &names) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot list attributes of '%s'",
			       path_tail(path));
	for (char **n = names; *n; n++) {
		char value[65536]; /* XATTR_SIZE_MAX of Linux */
		if (!walk_xattr_is_kept(*n))
			continue;
		ssize_t len = fgetxattr(fd, *n, value, sizeof(value));
		if (len < 0)
			return err_set(err, FAULT_INFRA, errno,
				       "cannot read attribute '%s' of '%s'", *n, path_tail(path));
		char hex[DIGEST_HEX];
		digest_bytes(value, (size_t)len, hex);
		digest_add(d, *n, strlen(*n) + 1);
		digest_add(d, hex, sizeof(hex));
	}
	return 0;
}

/* ---- files with several names ---- */

/* Else some bytes of an archive, a hole and many links to it, would keep us busy for days. A file
 * of one tree and its layer has two; small ones cost no more than their entry in this table. */
#define KNOWN_NAMES_MIN 3
#define KNOWN_BYTES_MIN 4096

struct known_content {
	ino_t ino;
	char hex[DIGEST_HEX];
};

static int by_inode(const void *a, const void *b)
{
	ino_t x = ((const struct known_content *)a)->ino;
	ino_t y = ((const struct known_content *)b)->ino;
	return x < y ? -1 : x > y;
}

static int content_digest(void **known, int fd, const struct stat *st, char hex[DIGEST_HEX],
			  struct err *err)
{
	const struct known_content key = { .ino = st->st_ino };
	bool keep = st->st_nlink >= KNOWN_NAMES_MIN && st->st_size >= KNOWN_BYTES_MIN;
	struct known_content **at = keep ? tfind(&key, known, by_inode) : NULL;

	if (at) {
		memcpy(hex, (*at)->hex, DIGEST_HEX);
		return 0;
	}
	if (digest_fd(fd, DIGEST_ALL, hex, err) < 0)
		return -1;
	if (!keep)
		return 0;
	struct known_content *k = mem_alloc(sizeof(*k));
	k->ino = st->st_ino;
	memcpy(k->hex, hex, DIGEST_HEX);
	if (!tsearch(k, known, by_inode))
		free(k);
	return 0;
}

/* ---- an entry ---- */

/* What computes digests of the entries of one tree. */
struct entry_digester {
	struct digest *d;
	void *known; /* struct known_content, by inode */
};

static int add_open(struct entry_digester *by, const struct walk_entry *e, struct err *err)
{
	AUTO_FD int fd = openat(e->dir, e->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot open '%s'", path_tail(e->path));
	if (S_ISREG(e->st->st_mode)) {
		char hex[DIGEST_HEX];
		if (content_digest(&by->known, fd, e->st, hex, err) < 0)
			return err_wrap(err, "'%s'", path_tail(e->path));
		digest_add(by->d, hex, sizeof(hex));
	}
	return add_xattrs(by->d, fd, e->path, err);
}

static int add_link(struct digest *d, const struct walk_entry *e, struct err *err)
{
	char target[IMAGE_MAX_PATH + 2];
	ssize_t len = readlinkat(e->dir, e->name, target, sizeof(target) - 1);
	if (len < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot read link '%s'",
			       path_tail(e->path));
	target[len] = '\0';
	digest_add(d, target, (size_t)len + 1);
	return 0;
}

/* Fields end in NUL, which is in no link or number; contents enter as their digests. */
static int entry_digest(struct entry_digester *by, const struct walk_entry *e, char hex[DIGEST_HEX],
			struct err *err)
{
	struct digest *d = by->d;
	const struct stat *st = e->st;
	char line[160];
	int got = 0;

	int n = snprintf(line, sizeof(line), "%o %u %u %" PRId64 ".%09ld",
			 (unsigned int)st->st_mode, st->st_uid, st->st_gid,
			 (int64_t)st->st_mtim.tv_sec, st->st_mtim.tv_nsec);
	digest_add(d, line, (size_t)n + 1);
	if (S_ISREG(st->st_mode) || S_ISDIR(st->st_mode))
		got = add_open(by, e, err);
	else if (S_ISLNK(st->st_mode))
		got = add_link(d, e, err);
	digest_end(d, hex);
	return got;
}

/* ---- making the list ---- */

struct listing {
	struct entry_digester entry;
	struct digest *all;
	FILE *out; /* NULL: only the digest is wanted */
};

static int list_entry(void *ctx, const struct walk_entry *e, struct err *err)
{
	struct listing *l = ctx;
	char hex[DIGEST_HEX];

	if (e->after)
		return 0;
	/* Nobody here writes such a file; a reader that was taken over could. */
	if (l->out && S_ISREG(e->st->st_mode) && e->st->st_mode & (S_ISUID | S_ISGID))
		return err_set(err, FAULT_INFRA, 0, "'%s' has set-id bits, expected none",
			       path_tail(e->path));
	if (entry_digest(&l->entry, e, hex, err) < 0)
		return -1;
	digest_add(l->all, hex, sizeof(hex) - 1);
	digest_add(l->all, " ", 1);
	digest_add(l->all, e->path, strlen(e->path) + 1);
	if (l->out && (fprintf(l->out, "%s %s", hex, e->path) < 0 || putc('\0', l->out) == EOF))
		return err_set(err, FAULT_INFRA, errno, "cannot write the list of the tree");
	return 0;
}

static const char version[] = "moulette.tree/2";

int tree_list(int top, FILE *out, char **ret, struct err *err)
{
	AUTO_DIGEST *all = digest_new(), *entry = digest_new();
	struct listing l = { .entry.d = entry, .all = all, .out = out };
	char hex[DIGEST_HEX];

	digest_add(all, version, sizeof(version));
	int got = walk_tree(top, list_entry, &l, err);
	tdestroy(l.entry.known, free);
	if (got < 0)
		return -1;
	digest_end(all, hex);
	*ret = mem_printf("sha256:%s", hex);
	return 0;
}

int tree_digest(int top, char **ret, struct err *err)
{
	return tree_list(top, NULL, ret, err);
}

int tree_list_digest(FILE *list, char **ret, struct err *err)
{
	AUTO_DIGEST *all = digest_new();
	char chunk[65536], hex[DIGEST_HEX];
	size_t n;

	digest_add(all, version, sizeof(version));
	while ((n = fread(chunk, 1, sizeof(chunk), list)) > 0)
		digest_add(all, chunk, n);
	if (ferror(list))
		return err_set(err, FAULT_INFRA, errno, "cannot read the list of the tree");
	digest_end(all, hex);
	*ret = mem_printf("sha256:%s", hex);
	return 0;
}

/* ---- comparing with it ---- */

#define SHOWN 5

struct comparison {
	struct entry_digester entry;
	FILE *list;
	char *line; /* of the list, the next to be met; NULL: there is none */
	size_t room;
	struct tree_changes *changes;
};

static void note(struct tree_changes *c, const char *what, const char *path)
{
	char safe[200];

	if (c->n++ >= SHOWN)
		return;
	err_escape(safe, sizeof(safe), path_tail(path), strlen(path_tail(path)));
	buf_printf(&c->text, "%s%s '%s'", c->n > 1 ? ", " : "", what, safe);
}

static int next_line(struct comparison *c, struct err *err)
{
	ssize_t len = getdelim(&c->line, &c->room, '\0', c->list);

	if (len > DIGEST_HEX && c->line[DIGEST_HEX - 1] == ' ')
		return 0;
	free(ptr_steal(&c->line));
	c->room = 0;
	if (len < 0 && feof(c->list))
		return 0;
	return err_set(err, FAULT_INFRA, len < 0 ? errno : 0, "its list is damaged");
}

/* The order of walk_tree(): the top, then by components. */
static int path_order(const char *a, const char *b)
{
	if (strcmp(a, ".") == 0 || strcmp(b, ".") == 0)
		return (strcmp(a, ".") != 0) - (strcmp(b, ".") != 0);
	while (*a && *a == *b)
		a++, b++;
	/* '/' ends a component, so it comes before all that could go on with it. */
	unsigned char x = (unsigned char)*a, y = (unsigned char)*b;
	return (x == '/' ? 1 : x ? x + 1 : 0) - (y == '/' ? 1 : y ? y + 1 : 0);
}

static int compare_entry(void *ctx, const struct walk_entry *e, struct err *err)
{
	struct comparison *c = ctx;
	char hex[DIGEST_HEX];

	if (e->after)
		return 0;
	for (; c->line && path_order(c->line + DIGEST_HEX, e->path) < 0;)
		if (note(c->changes, "removed", c->line + DIGEST_HEX), next_line(c, err) < 0)
			return -1;
	if (!c->line || strcmp(c->line + DIGEST_HEX, e->path) != 0) {
		note(c->changes, "added", e->path);
		return 0;
	}
	if (entry_digest(&c->entry, e, hex, err) < 0)
		return -1;
	if (strncmp(c->line, hex, DIGEST_HEX - 1) != 0)
		note(c->changes, "changed", e->path);
	return next_line(c, err);
}

int tree_compare(int top, FILE *list, struct tree_changes *ret, struct err *err)
{
	AUTO_DIGEST *entry = digest_new();
	struct comparison c = { .entry.d = entry, .list = list, .changes = ret };

	int got = next_line(&c, err);
	if (got == 0)
		got = walk_tree(top, compare_entry, &c, err);
	while (got == 0 && c.line) {
		note(ret, "removed", c.line + DIGEST_HEX);
		got = next_line(&c, err);
	}
	tdestroy(c.entry.known, free);
	free(c.line);
	return got;
}
