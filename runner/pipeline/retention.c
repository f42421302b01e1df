/* retention.c - removes old results, and logs without a result.
 *
 * The row goes first, then the log: a process killed in between leaves a log without a result,
 * which the next call finds, and not a result that has lost its log. Only on a full disk, where no
 * row can be removed, logs go first.
 */
#include "pipeline/retention.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/mem.h"

#define YOUNG_NS (3600 * NSEC_PER_SEC)
#define LOG_SUFFIX ".log"

struct kept {
	char id[27];
	int64_t started_real_ns;
};

struct keeping {
	const struct places *places;
	struct store *store;
	const struct retention *want;
	struct retention_outcome *done;
	struct kept *all; /* oldest first */
	size_t n;
	int64_t row_bytes; /* what one result takes in the database, on the average */
};

static int collect(void *ctx, const char *id, int64_t started_real_ns)
{
	struct keeping *k = ctx;
	k->all = mem_realloc(k->all, (k->n + 1) * sizeof *k->all);
	struct kept *to = &k->all[k->n++];
	snprintf(to->id, sizeof to->id, "%s", id);
	to->started_real_ns = started_real_ns;
	return 0;
}

static char *log_of(const struct keeping *k, const char *id)
{
	return mem_printf("%s/%s" LOG_SUFFIX, k->places->logs, id);
}

static int64_t log_bytes(const struct keeping *k, const char *id)
{
	AUTO_FREE char *path = log_of(k, id);
	struct stat st;
	return lstat(path, &st) == 0 ? st.st_size : 0;
}

static bool is_marked(const struct keeping *k, const char *id)
{
	AUTO_FREE char *path = mem_printf("%s/%s", k->places->live, id);
	return access(path, F_OK) == 0 || errno != ENOENT;
}

static int remove_log(const struct keeping *k, const char *id, struct err *err)
{
	AUTO_FREE char *path = log_of(k, id);
	if (unlink(path) < 0 && errno != ENOENT)
		return err_set(err, FAULT_INFRA, errno, "cannot remove '%s'", path);
	return 0;
}

static int remove_result(struct keeping *k, const char *id, struct err *err)
{
	int64_t bytes = k->row_bytes + log_bytes(k, id);
	const bool row = !k->want->dry_run && !k->want->logs_only;
	if (k->want->logs_only)
		bytes -= k->row_bytes;
	if ((row && store_remove(k->store, id, err) < 0) ||
	    (!k->want->dry_run && remove_log(k, id, err) < 0))
		return -1;
	k->done->results++;
	k->done->bytes += bytes;
	k->done->left_bytes -= bytes;
	return 0;
}

static int remove_results(struct keeping *k, struct err *err)
{
	const struct retention *w = k->want;
	int64_t now = clock_real_ns();
	for (size_t i = 0; i < k->n; i++) {
		int64_t age = now - k->all[i].started_real_ns;
		bool old = w->older_than_ns > 0 && age >= w->older_than_ns;
		bool over = w->max_bytes > 0 && k->done->left_bytes > w->max_bytes &&
			    age >= YOUNG_NS;
		if (!old && !over)
			return 0; /* those that follow are younger */
		if (!is_marked(k, k->all[i].id) && remove_result(k, k->all[i].id, err) < 0)
			return -1;
	}
	return 0;
}

/* In this order: a run whose mark is gone has stored what it will ever store. Return: 1, 0, -1. */
static int is_stray(const struct keeping *k, const char *id, struct err *err)
{
	if (is_marked(k, id))
		return 0;
	int stored = store_has(k->store, id, err);
	return stored < 0 ? -1 : !stored;
}

/* Every log: those without a result are removed, the others counted. */
static int look_at_logs(struct keeping *k, struct err *err)
{
	AUTO_DIR DIR *dir = opendir(k->places->logs);
	if (!dir)
		return errno == ENOENT ? 0 :
					 err_set(err, FAULT_INFRA, errno, "cannot read '%s'",
						 k->places->logs);
	for (struct dirent *e; (e = readdir(dir));) {
		size_t len = strlen(e->d_name), tail = strlen(LOG_SUFFIX);
		if (len <= tail || strcmp(e->d_name + len - tail, LOG_SUFFIX) != 0)
			continue;
		AUTO_FREE char *id = mem_strndup(e->d_name, len - tail);
		int64_t bytes = log_bytes(k, id);
		int stray = is_stray(k, id, err);
		if (stray < 0 || (stray && !k->want->dry_run && remove_log(k, id, err) < 0))
			return -1;
		k->done->strays += stray;
		k->done->left_bytes += stray ? 0 : bytes;
	}
	return 0;
}

static int apply(struct keeping *k, struct err *err)
{
	int64_t rows = 0;
	if (look_at_logs(k, err) < 0 || store_oldest(k->store, collect, k, err) < 0 ||
	    store_bytes(k->store, &rows, err) < 0)
		return -1;
	k->row_bytes = k->n ? rows / (int64_t)k->n : 0;
	k->done->left_bytes += rows;
	if (remove_results(k, err) < 0)
		return -1;
	return k->want->dry_run || k->want->logs_only ? 0 : store_shrink(k->store, err);
}

int retention_apply(const struct places *p, struct store *store, const struct retention *r,
		    struct retention_outcome *ret, struct err *err)
{
	*ret = (struct retention_outcome){ 0 };
	struct keeping k = { .places = p, .store = store, .want = r, .done = ret };
	int bad = apply(&k, err);
	free(k.all);
	return bad;
}
