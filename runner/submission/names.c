/* names.c - unique names for the submissions of a batch. */
#include "submission/names.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "submission/submission.h"

/* One submission. Its name has the last @components of its path; 0: its own name. */
struct called {
	const char *path;
	char *name,
		*file; /* of submission_call(): the shortest that it may have, and the longest */
	int components;
	bool shared;
};

/* A name that a submission has, or may have. */
struct claim {
	const char *name;
	struct called *by;
};

/* The last @n components of @path; all of it when it has no more. */
static const char *path_tail(const char *path, int n)
{
	const char *at = path + strlen(path);
	while (at > path && (at[-1] != '/' || --n > 0))
		at--;
	return at;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct claim *)a)->name, ((const struct claim *)b)->name);
}

static size_t claim_all(struct called *all, size_t n, struct claim *claims)
{
	size_t k = 0;
	for (size_t i = 0; i < n; i++) {
		all[i].shared = false;
		if (all[i].components > 0) {
			claims[k++] = (struct claim){ path_tail(all[i].path, all[i].components),
						      &all[i] };
			continue;
		}
		claims[k++] = (struct claim){ all[i].name, &all[i] };
		claims[k++] = (struct claim){ all[i].file, &all[i] };
	}
	qsort(claims, k, sizeof *claims, by_name);
	return k;
}

/* @claims are of one name: marks their submissions when there are several. */
static void mark_shared(const struct claim *claims, size_t n)
{
	bool shared = false;
	for (size_t i = 1; i < n; i++)
		shared = shared || strcmp(claims[i].by->path, claims[0].by->path) != 0;
	for (size_t i = 0; shared && i < n; i++)
		claims[i].by->shared = true;
}

/* Equal names are neighbours: the claims are sorted. */
static void find_shared(const struct claim *claims, size_t n)
{
	for (size_t begin = 0, end; begin < n; begin = end) {
		end = begin + 1;
		while (end < n && strcmp(claims[end].name, claims[begin].name) == 0)
			end++;
		mark_shared(claims + begin, end - begin);
	}
}

/* Return: a name became longer. */
static bool lengthen_names(struct called *all, size_t n)
{
	bool any = false;
	for (size_t i = 0; i < n; i++) {
		struct called *c = &all[i];
		if (!c->shared ||
		    (c->components > 0 && path_tail(c->path, c->components) == c->path))
			continue;
		c->components++;
		any = true;
	}
	return any;
}

static struct called *call_all(char *const *paths, size_t n)
{
	struct called *all = mem_alloc((n + 1) * sizeof *all);
	for (size_t i = 0; i < n; i++) {
		struct submission s = { .fd = -1 };
		submission_call(paths[i], &s);
		all[i] = (struct called){ .path = paths[i], .name = s.name, .file = s.file };
	}
	return all;
}

char **names_tell_apart(char *const *paths)
{
	const size_t n = strv_len(paths);
	AUTO_FREE struct called *all = call_all(paths, n);
	AUTO_FREE struct claim *claims = mem_alloc((2 * n + 1) * sizeof *claims);
	char **names = mem_alloc((n + 1) * sizeof *names);

	do
		find_shared(claims, claim_all(all, n, claims));
	while (lengthen_names(all, n));
	for (size_t i = 0; i < n; i++) {
		names[i] = all[i].components > 0 ?
				   mem_strdup(path_tail(paths[i], all[i].components)) :
				   NULL;
		free(all[i].name);
		free(all[i].file);
	}
	return names;
}

void names_free(char **names, char *const *paths)
{
	for (size_t i = 0; names && paths[i]; i++)
		free(names[i]);
	free(names);
}
