/* tags.c - pure: which of several images a name means. */
#include "import/tags.h"

#include <stdbool.h>
#include <string.h>

/* What a message has room for beside its own words. */
#define LISTED_MAX 20
#define LISTED_BYTES 260

/* Without ":tag" and "@digest": the length of the repository. */
static size_t repository_len(const char *tag)
{
	const char *slash = strrchr(tag, '/');
	return (slash ? (size_t)(slash - tag) : 0) + strcspn(slash ? slash : tag, ":@");
}

static bool is_tail(const char *name, size_t name_len, const char *tag, size_t tag_len)
{
	return name_len > 0 && tag_len > name_len && tag[tag_len - name_len - 1] == '/' &&
	       strncmp(tag + tag_len - name_len, name, name_len) == 0;
}

enum tag_fit tag_fit(const char *name, const char *tag)
{
	size_t n = strlen(name), len = strlen(tag), repository = repository_len(tag);

	if (strcmp(name, tag) == 0)
		return TAG_WHOLE;
	if (is_tail(name, n, tag, len))
		return TAG_TAIL;
	if (n == repository && strncmp(name, tag, n) == 0)
		return TAG_WHOLE_UNTAGGED;
	return is_tail(name, n, tag, repository) ? TAG_TAIL_UNTAGGED : TAG_OTHER;
}

enum tag_fit tags_fit(const char *name, const struct tagged *image)
{
	enum tag_fit best = TAG_OTHER;

	for (char **t = image->tags; t && *t; t++)
		if (tag_fit(name, *t) > best)
			best = tag_fit(name, *t);
	return best;
}

static bool is_latest(const struct tagged *image, const char *name, enum tag_fit fit)
{
	for (char **t = image->tags; t && *t; t++)
		if (tag_fit(name, *t) == fit && strcmp(*t + repository_len(*t), ":latest") == 0)
			return true;
	return false;
}

/* What is looked for: every image, those that fit, or of these the latest. */
struct wanted {
	const char *name;
	enum tag_fit fit;
	bool latest;
};

static bool is_wanted(const struct tagged *image, const struct wanted *w)
{
	return (w->fit == TAG_OTHER || tags_fit(w->name, image) == w->fit) &&
	       (!w->latest || is_latest(image, w->name, w->fit));
}

/* Return: 0 none, 1 only *ret, 2 several. */
static int find(const struct tagged *images, size_t n, const struct wanted *w, size_t *ret)
{
	int found = 0;

	for (size_t i = 0; i < n; i++) {
		if (!is_wanted(&images[i], w))
			continue;
		if (found && strcmp(images[*ret].id, images[i].id) != 0)
			return 2;
		if (!found)
			*ret = i;
		found = 1;
	}
	return found;
}

static void list_one(struct buf *b, const char *tag, size_t *listed, size_t *more)
{
	if (*listed == LISTED_MAX || *more > 0 || b->len + strlen(tag) > LISTED_BYTES) {
		++*more;
		return;
	}
	buf_printf(b, "%s%s", *listed ? ", " : "", tag);
	++*listed;
}

static void list_tags(struct buf *b, const struct tagged *images, size_t n, const struct wanted *w)
{
	size_t listed = 0, more = 0;

	for (size_t i = 0; i < n; i++) {
		if (!is_wanted(&images[i], w))
			continue;
		if (!images[i].tags || !*images[i].tags)
			list_one(b, "<none>", &listed, &more);
		for (char **t = images[i].tags; t && *t; t++)
			list_one(b, *t, &listed, &more);
	}
	if (more)
		buf_printf(b, "%s%zu more", listed ? " and " : "", more);
}

static int refuse(const struct tagged *images, size_t n, const struct wanted *w, struct err *err)
{
	AUTO_BUF list = { 0 };

	list_tags(&list, images, n, w);
	if (w->fit == TAG_OTHER)
		return err_set(err, FAULT_USAGE, 0,
			       "no image '%.64s' in the archive; it has %s; choose with "
			       "`moulette image import TAG FILE`",
			       w->name, list.data);
	return err_set(err, FAULT_USAGE, 0,
		       "several images in the archive are called '%.64s': %s; choose with "
		       "`moulette image import TAG FILE`",
		       w->name, list.data);
}

int tags_choose(const struct tagged *images, size_t n, const char *name, size_t *ret,
		struct err *err)
{
	struct wanted w = { .name = name };
	size_t at = 0;

	if (find(images, n, &w, &at) != 1) {
		for (size_t i = 0; i < n; i++)
			if (tags_fit(name, &images[i]) > w.fit)
				w.fit = tags_fit(name, &images[i]);
		if (w.fit == TAG_OTHER)
			return refuse(images, n, &w, err);
		int found = find(images, n, &w, &at);
		w.latest = found > 1 && w.fit < TAG_TAIL;
		if (found > 1 && !(w.latest && find(images, n, &w, &at) == 1)) {
			w.latest = false;
			return refuse(images, n, &w, err);
		}
	}
	*ret = at;
	return 0;
}
