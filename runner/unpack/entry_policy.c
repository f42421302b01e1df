/* entry_policy.c - may this entry of an archive be written? */
#include "unpack/entry_policy.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define SHOWN "%.160s%s"
#define SHOW(name) (name) ? (name) : "?", (name) && strlen(name) > 160 ? "..." : ""

/* An archive whose data is this many times its own size is called a bomb rather than big; text
 * packs to a tenth, gzip ends at a thousandth. */
#define BOMB_RATIO 100

int entry_refuse(struct err *err, const char *code, const char *name, const char *fmt, ...)
{
	char why[280];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	return err_set_code(err, code, FAULT_STUDENT, 0, "entry '" SHOWN "': %s", SHOW(name), why);
}

int entry_trouble(struct err *err, int sys, const char *name, const char *what)
{
	return err_set(err, FAULT_INFRA, sys, "entry '" SHOWN "': %s", SHOW(name), what);
}

/* Is there a byte that moves a cursor, ends a line or is a separator elsewhere? */
static bool has_bad_byte(const char *s)
{
	for (; *s; s++) {
		unsigned char c = (unsigned char)*s;
		if (c < 0x20 || c == 0x7f || c == '\\')
			return true;
	}
	return false;
}

/* The next component of *p and its length; false at the end. */
static bool next_component(const char **p, const char **ret, size_t *ret_len)
{
	while (**p == '/')
		(*p)++;
	*ret = *p;
	*ret_len = strcspn(*p, "/");
	*p += *ret_len;
	return *ret_len > 0;
}

static bool is_word(const char *s, size_t len, const char *word)
{
	return len == strlen(word) && memcmp(s, word, len) == 0;
}

/*
 * Checks and normalises @stored, which is the name of @entry or the target of its hard link; @code
 * is what an escape is called.
 */
static int normalise(const struct unpack_limits *lim, const char *entry, const char *stored,
		     const char *code, char out[ENTRY_PATH_SIZE], struct err *err)
{
	const char *of = stored == entry ? "name" : "link target";
	int64_t max = lim->path_bytes < ENTRY_PATH_SIZE ? lim->path_bytes : ENTRY_PATH_SIZE - 1;
	size_t len = 0, n;
	int64_t depth = 0;
	const char *c, *p = stored;

	if (*stored == '\0')
		return entry_refuse(err, "archive.name", entry, "the %s is empty", of);
	if (*stored == '/')
		return entry_refuse(err, code, entry,
				    "the %s is absolute; only relative ones "
				    "are unpacked",
				    of);
	if (has_bad_byte(stored))
		return entry_refuse(err, "archive.name", entry,
				    "the %s has a control byte or a backslash", of);
	while (next_component(&p, &c, &n)) {
		if (is_word(c, n, "."))
			continue;
		if (is_word(c, n, ".."))
			return entry_refuse(err, code, entry, "the %s has a '..'", of);
		if (n > ENTRY_NAME_MAX)
			return entry_refuse(err, "archive.too_long", entry,
					    "a component of the %s has more than %d bytes", of,
					    ENTRY_NAME_MAX);
		if ((int64_t)(len + (len > 0) + n) > max)
			return entry_refuse(err, "archive.too_long", entry,
					    "the %s has more than %" PRId64
					    " bytes; `path_bytes` in the profile's "
					    "`moulette.unpack` is the limit",
					    of, max);
		if (++depth > lim->depth)
			return entry_refuse(err, "archive.too_deep", entry,
					    "lies more than %" PRId64 " deep; `depth` in the "
					    "profile's `moulette.unpack` is the limit",
					    lim->depth);
		if (len > 0)
			out[len++] = '/';
		memcpy(out + len, c, n);
		len += n;
	}
	out[len] = '\0';
	return 0;
}

int entry_policy_link(const struct unpack_limits *lim, const char *path, const char *target,
		      struct err *err)
{
	const char *c, *p = path;
	int64_t depth = -1; /* the link's own name is not a folder */
	size_t n;

	if (*target == '\0')
		return entry_refuse(err, "archive.name", path, "a symbolic link to nothing");
	if (*target == '/')
		return entry_refuse(err, "archive.link_escape", path,
				    "a symbolic link to an absolute path");
	if (has_bad_byte(target))
		return entry_refuse(err, "archive.name", path,
				    "the link target has a control byte or a backslash");
	if (strlen(target) >= ENTRY_PATH_SIZE || (int64_t)strlen(target) > lim->path_bytes)
		return entry_refuse(err, "archive.too_long", path,
				    "the link target has more than %" PRId64 " bytes",
				    lim->path_bytes);
	while (next_component(&p, &c, &n))
		depth++;
	for (p = target; next_component(&p, &c, &n);) {
		if (is_word(c, n, "."))
			continue;
		depth += is_word(c, n, "..") ? -1 : 1;
		if (depth < 0)
			return entry_refuse(err, "archive.link_escape", path,
					    "a symbolic link that leaves the submission");
	}
	return 0;
}

static int check_link(const struct unpack_limits *lim, const struct entry *e,
		      struct entry_place *place, struct err *err)
{
	place->target[0] = '\0';
	if (!e->hard_link && e->type != S_IFLNK)
		return 0;
	if (!e->link)
		return entry_refuse(err, "archive.name", e->name,
				    "the target of a link cannot be read");
	if (e->hard_link) {
		if (normalise(lim, e->name, e->link, "archive.link_escape", place->target, err) < 0)
			return -1;
		if (place->target[0] == '\0')
			return entry_refuse(err, "archive.link", e->name,
					    "a hard link to a folder");
		return 0;
	}
	if (entry_policy_link(lim, place->path, e->link, err) < 0)
		return -1;
	memcpy(place->target, e->link, strlen(e->link) + 1);
	return 0;
}

static int check_size(const struct unpack_limits *lim, const struct entry_totals *tot,
		      const struct entry *e, struct err *err)
{
	/* A copy: nothing is added for what is only announced. */
	struct entry_totals t = *tot;

	if (e->type != S_IFREG || e->hard_link || e->size <= 0)
		return 0;
	return entry_policy_data(lim, &t, e->name, 0, e->size, 0, err);
}

int entry_policy_check(const struct unpack_limits *lim, struct entry_totals *tot,
		       const struct entry *e, struct entry_place *ret, struct err *err)
{
	struct entry_place place;

	if (tot->entries >= lim->entries)
		return entry_refuse(err, "archive.too_many", e->name,
				    "more than %" PRId64 " entries; `entries` in the profile's "
				    "`moulette.unpack` is the limit",
				    lim->entries);
	if (!e->name)
		return entry_refuse(err, "archive.name", NULL,
				    "number %" PRId64 " has a name that cannot be read",
				    tot->entries + 1);
	if (e->encrypted)
		return entry_refuse(err, "archive.encrypted", e->name,
				    "is encrypted; hand it in without a password");
	if (!e->hard_link && e->type != S_IFREG && e->type != S_IFDIR && e->type != S_IFLNK)
		return entry_refuse(err, "archive.device", e->name,
				    "is a device, fifo or socket; only files, folders and links "
				    "are unpacked");
	if (e->sparse)
		return entry_refuse(err, "archive.sparse", e->name,
				    "is stored as a sparse file; pack it without --sparse");
	if (normalise(lim, e->name, e->name, "archive.path_escape", place.path, err) < 0)
		return -1;
	if (place.path[0] == '\0' && (e->hard_link || e->type != S_IFDIR))
		return entry_refuse(err, "archive.name", e->name, "names the top folder itself");
	if (check_link(lim, e, &place, err) < 0 || check_size(lim, tot, e, err) < 0)
		return -1;
	tot->entries++;
	*ret = place;
	return 0;
}

int entry_policy_data(const struct unpack_limits *lim, struct entry_totals *tot, const char *name,
		      int64_t have, int64_t more, int64_t packed, struct err *err)
{
	const char *key = NULL;
	int64_t limit = 0;

	/* Subtractions: a declared size near the end of the range must not wrap a sum. */
	if (more > lim->file_bytes - have) {
		key = "file_bytes";
		limit = lim->file_bytes;
	} else if (more > lim->bytes - tot->bytes) {
		key = "bytes";
		limit = lim->bytes;
	}
	if (!key) {
		tot->bytes += more;
		return 0;
	}
	bool bomb = packed > 0 && (tot->bytes + 1) / packed >= BOMB_RATIO;
	return entry_refuse(err, bomb ? "archive.bomb" : "archive.too_large", name,
			    "more than %" PRId64 " bytes %s; `%s` in the profile's "
			    "`moulette.unpack` is the limit",
			    limit, strcmp(key, "bytes") == 0 ? "in all" : "in one file", key);
}

int entry_policy_folder(const struct unpack_limits *lim, struct entry_totals *tot, const char *name,
			struct err *err)
{
	if (tot->folders >= lim->entries)
		return entry_refuse(err, "archive.too_many", name,
				    "more than %" PRId64 " folders; `entries` in the profile's "
				    "`moulette.unpack` is the limit",
				    lim->entries);
	tot->folders++;
	return 0;
}

mode_t entry_policy_mode(mode_t mode, const char *head, size_t len)
{
	bool script = len >= 2 && memcmp(head, "#!", 2) == 0;
	bool program = len >= 4 && memcmp(head, "\177ELF", 4) == 0;

	return mode & 0111 || script || program ? 0755 : 0644;
}
