/* member_table.c - pure: the members of an archive by name, links among them included. */
#include "import/member_table.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "archive/ceilings.h"
#include "archive/place.h"
#include "base/digest.h"
#include "base/err.h"
#include "base/mem.h"

#define HEX "0123456789abcdef"

void member_table_done(struct member_table *t)
{
	for (size_t i = 0; i < t->n; i++) {
		free(t->all[i].name);
		free(t->all[i].target);
	}
	free(t->all);
	*t = (struct member_table){ 0 };
}

int member_table_add(struct member_table *t, const char *name, enum member_kind kind,
		     const char *target, int64_t at, struct err *err)
{
	size_t bytes = strlen(name) + (target ? strlen(target) : 0);

	if (target && strlen(target) > IMAGE_MAX_PATH)
		return err_set(err, FAULT_USAGE, 0, "link '%s' has a target above %d bytes",
			       path_tail(name), IMAGE_MAX_PATH);
	if (t->n == MEMBERS_MAX || t->name_bytes + bytes > MEMBERS_NAME_BYTES_MAX)
		return err_set(err, FAULT_USAGE, 0,
			       "the archive of images has more than %d members, or names of more "
			       "than %d bytes",
			       MEMBERS_MAX, MEMBERS_NAME_BYTES_MAX);
	if (t->n == t->cap) {
		t->cap = t->cap ? 2 * t->cap : 64;
		t->all = mem_realloc(t->all, t->cap * sizeof(*t->all));
	}
	t->name_bytes += bytes;
	t->all[t->n] = (struct member_entry){
		.name = mem_strdup(name),
		.target = mem_strdup(target),
		.kind = kind,
		.at = at,
		.order = t->n,
	};
	t->n++;
	return 0;
}

static int by_name_and_order(const void *a, const void *b)
{
	const struct member_entry *x = a, *y = b;
	int got = strcmp(x->name, y->name);
	return got ? got : (x->order > y->order) - (x->order < y->order);
}

static int by_name(const void *a, const void *b)
{
	const struct member_entry *x = a, *y = b;
	return strcmp(x->name, y->name);
}

void member_table_sort(struct member_table *t)
{
	size_t kept = 0;

	if (t->n == 0)
		return;
	qsort(t->all, t->n, sizeof(*t->all), by_name_and_order);
	for (size_t i = 0; i < t->n; i++) {
		if (i + 1 < t->n && strcmp(t->all[i].name, t->all[i + 1].name) == 0) {
			free(t->all[i].name);
			free(t->all[i].target);
		} else {
			t->all[kept++] = t->all[i];
		}
	}
	t->n = kept;
}

const struct member_entry *member_table_find(const struct member_table *t, const char *name)
{
	const struct member_entry key = { .name = (char *)name };

	return t->n ? bsearch(&key, t->all, t->n, sizeof(key), by_name) : NULL;
}

/* One component more at the end of @p, or with ".." one less. Return: false when it is nowhere. */
static bool step(struct place *p, size_t *len, const char *part, size_t n)
{
	if (n == 0 || (n == 1 && part[0] == '.'))
		return true;
	if (n == 2 && part[0] == '.' && part[1] == '.') {
		if (*len == 0)
			return false;
		while (*len > 0 && p->path[*len - 1] != '/')
			--*len;
		*len -= *len > 0;
		return true;
	}
	if (*len + 1 + n > IMAGE_MAX_PATH)
		return false;
	if (*len > 0)
		p->path[(*len)++] = '/';
	memcpy(p->path + *len, part, n);
	*len += n;
	return true;
}

/* The clean name that the symbolic link @e means. Return: false when it leads out. */
static bool follow(const struct member_entry *e, struct place *p)
{
	const char *slash = strrchr(e->name, '/');
	size_t len = slash ? (size_t)(slash - e->name) : 0;

	if (e->target[0] == '/')
		return false;
	memcpy(p->path, e->name, len);
	for (const char *s = e->target; *s;) {
		size_t n = strcspn(s, "/");
		if (!step(p, &len, s, n))
			return false;
		s += n + (s[n] == '/');
	}
	p->path[len] = '\0';
	return true;
}

static int next_of_link(const struct member_table *t, const struct member_entry **e,
			struct err *err)
{
	struct place p = { .parent = -1 };
	const struct member_entry *link = *e;
	bool inside = link->kind == MEMBER_SYMLINK ? follow(link, &p) :
						     place_clean(link->target, &p, NULL) == 0;

	*e = inside ? member_table_find(t, p.path) : NULL;
	if (*e)
		return 0;
	return err_set(err, FAULT_USAGE, 0, "the link to '%s' leads %s the archive",
		       path_tail(link->target), inside ? "nowhere in" : "out of");
}

int member_table_file(const struct member_table *t, const char *name,
		      const struct member_entry **ret, struct err *err)
{
	struct place p = { .parent = -1 };
	const struct member_entry *e = NULL;

	if (place_clean(name, &p, NULL) == 0)
		e = member_table_find(t, p.path);
	if (!e)
		return err_set(err, FAULT_USAGE, 0, "it is not in the archive");
	for (int links = 0; e->kind == MEMBER_SYMLINK || e->kind == MEMBER_HARDLINK; links++) {
		if (links == MEMBER_LINKS_MAX)
			return err_set(err, FAULT_USAGE, 0, "it leads through more than %d links",
				       MEMBER_LINKS_MAX);
		if (next_of_link(t, &e, err) < 0)
			return -1;
	}
	if (e->kind != MEMBER_FILE)
		return err_set(err, FAULT_USAGE, 0, "it is %s, expected a file",
			       e->kind == MEMBER_FOLDER ? "a folder" : "a device or fifo");
	*ret = e;
	return 0;
}

/* ---- which names are those of images ---- */

static bool is_hex(const char *s, size_t len)
{
	return len == DIGEST_HEX - 1 && strspn(s, HEX) >= len;
}

static bool ends_in(const char *s, const char *end)
{
	size_t n = strlen(s), k = strlen(end);
	return n > k && strcmp(s + n - k, end) == 0;
}

static bool is_file_of_images(const char *name)
{
	/* At last: crane names the config by its digest; hidden files are of those who packed. */
	return strcmp(name, "oci-layout") == 0 || strcmp(name, "repositories") == 0 ||
	       ends_in(name, ".json") || ends_in(name, ".tar") || ends_in(name, ".tar.gz") ||
	       strncmp(name, "sha256:", 7) == 0 || name[0] == '.';
}

bool member_is_of_images(const char *name, bool is_folder)
{
	if (is_folder)
		return is_hex(name, strlen(name)) || strcmp(name, "blobs") == 0;
	return is_file_of_images(name);
}

bool member_is_of_tree(const char *name)
{
	/* Not those by which a folder of archives may go too: home, opt, root, srv, tmp, var. */
	static const char *const tops[] = { "bin",  "boot", "dev", "etc", "lib",       "lib64",
					    "proc", "sbin", "sys", "usr", ".dockerenv" };
	size_t len = strcspn(name, "/");

	for (size_t i = 0; i < sizeof(tops) / sizeof(*tops); i++)
		if (strlen(tops[i]) == len && strncmp(name, tops[i], len) == 0)
			return true;
	return false;
}
