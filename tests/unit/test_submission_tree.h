/* test_submission_tree.h - a folder of its own for each test, and ways to fill and read it. */
#ifndef MOULETTE_TEST_SUBMISSION_TREE_H
#define MOULETTE_TEST_SUBMISSION_TREE_H

#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/fd.h"
#include "base/mem.h"

static char tree[] = "/tmp/moulette-unit-XXXXXX";
static int tree_fd = -1;

static inline void tree_setup(void)
{
	strcpy(tree + sizeof tree - 7, "XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(tree));
	umask(0077); /* whatever the user has, modes must come out right */
	tree_fd = open(tree, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(tree_fd, 0);
}

static inline void tree_teardown(void)
{
	close(tree_fd);
	ck_assert_int_eq(tree_remove_at(AT_FDCWD, tree), 0);
}

/* Missing folders on the way are made; a path that ends in a slash is a folder. */
static inline void put(const char *path, const char *text)
{
	const char *slash = strrchr(path, '/');
	if (slash) {
		AUTO_FREE char *dir = mem_strndup(path, (size_t)(slash - path));
		AUTO_FD int fd = fd_mkdir_beneath(tree_fd, dir, 0755);
		ck_assert_int_ge(fd, 0);
	}
	if (slash && !slash[1])
		return;
	AUTO_FD int fd = openat(tree_fd, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	ck_assert_msg(fd >= 0, "cannot make %s", path);
	ck_assert_int_eq(fd_write_all(fd, text, strlen(text)), 0);
	ck_assert_int_eq(fchmod(fd, 0644), 0);
}

static inline void put_link(const char *target, const char *path)
{
	ck_assert_int_eq(symlinkat(target, tree_fd, path), 0);
}

/* "(none)" when there is no such file. */
static inline char *get(const char *path)
{
	AUTO_BUF b = { 0 };
	return file_read(tree_fd, path, &b, 1 << 20) < 0 ? mem_strdup("(none)") : buf_take(&b);
}

static inline unsigned mode_at(const char *path)
{
	struct stat st;
	return fstatat(tree_fd, path, &st, AT_SYMLINK_NOFOLLOW) < 0 ? 0 : st.st_mode;
}

/* "a|b|c" of a list of words. */
static inline char *joined(char *const *words)
{
	AUTO_BUF b = { 0 };
	for (size_t i = 0; words && words[i]; i++)
		buf_printf(&b, "%s%s", i ? "|" : "", words[i]);
	return words ? buf_take(&b) : mem_strdup("(null)");
}

#endif
