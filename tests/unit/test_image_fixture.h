/* test_image_fixture.h - a store of its own for each test, and tars of every kind. */
#ifndef TEST_IMAGE_FIXTURE_H
#define TEST_IMAGE_FIXTURE_H

#include <archive.h>
#include <archive_entry.h>
#include <check.h>
#include <fcntl.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive/ceilings.h"
#include "archive/host_copy.h"
#include "archive/marks.h"
#include "archive/rootfs_writer.h"
#include "archive/tar_entries.h"
#include "archive/walk.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/digest.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/mem.h"
#include "image/folder.h"
#include "image/meta.h"
#include "image/name.h"
#include "image/recipe_names.h"
#include "image/state.h"
#include "image/store.h"
#include "image/tree_digest.h"
#include "import/import.h"
#include "model/image.h"
#include "model/places.h"

#define UNUSED_OK __attribute__((unused)) static
#define BIG (INT64_C(1) << 33)

/* Everything of one test lies below top. */
struct store_fixture {
	char top[40];
	struct places p;
	char *tar, *canary; /* paths: the archive, a folder outside of the store */
};

UNUSED_OK void put_text(const char *path, const char *text)
{
	ck_assert_msg(file_write(AT_FDCWD, path, text) == 0, "%s", path);
}

UNUSED_OK void fixture_make(struct store_fixture *f)
{
	memset(f, 0, sizeof(*f));
	strcpy(f->top, "/tmp/moulette-unit-image-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(f->top));
	ck_assert_int_eq(chmod(f->top, 0711), 0);
	f->p.home = mem_printf("%s/home", f->top);
	f->p.images = mem_printf("%s/home/images", f->top);
	f->p.bundles = mem_printf("%s/bundles", f->top);
	f->tar = mem_printf("%s/t.tar", f->top);
	f->canary = mem_printf("%s/canary", f->top);
	ck_assert_int_eq(mkdir(f->canary, 0755), 0);
	AUTO_FREE char *bird = mem_printf("%s/bird", f->canary);
	put_text(bird, "alive");
}

UNUSED_OK void fixture_remove(struct store_fixture *f)
{
	ck_assert_int_eq(tree_remove_at(AT_FDCWD, f->top), 0);
	free(f->p.home);
	free(f->p.images);
	free(f->p.bundles);
	free(f->tar);
	free(f->canary);
}

/* ---- tars ---- */

enum tar_filter { TAR_PLAIN, TAR_GZ, TAR_XZ, TAR_ZST, TAR_BZ2 };

UNUSED_OK struct archive *tar_open(const char *path, enum tar_filter filter)
{
	struct archive *a = archive_write_new();
	ck_assert_ptr_nonnull(setlocale(LC_CTYPE, "C.UTF-8")); /* pax names are UTF-8 */
	ck_assert_int_eq(archive_write_set_format_pax_restricted(a), ARCHIVE_OK);
	int got = filter == TAR_GZ  ? archive_write_add_filter_gzip(a) :
		  filter == TAR_XZ  ? archive_write_add_filter_xz(a) :
		  filter == TAR_ZST ? archive_write_add_filter_zstd(a) :
		  filter == TAR_BZ2 ? archive_write_add_filter_bzip2(a) :
				      archive_write_add_filter_none(a);
	ck_assert_int_eq(got, ARCHIVE_OK);
	ck_assert_int_eq(archive_write_open_filename(a, path), ARCHIVE_OK);
	return a;
}

UNUSED_OK void tar_close(struct archive *a)
{
	ck_assert_int_eq(archive_write_close(a), ARCHIVE_OK);
	archive_write_free(a);
}

UNUSED_OK struct archive_entry *tar_entry(const char *path, mode_t mode)
{
	struct archive_entry *e = archive_entry_new();
	archive_entry_copy_pathname(e, path);
	archive_entry_set_mode(e, mode);
	archive_entry_set_uid(e, 0);
	archive_entry_set_gid(e, 0);
	archive_entry_set_mtime(e, 1000000000, 0);
	archive_entry_set_size(e, 0);
	return e;
}

UNUSED_OK void tar_put(struct archive *a, struct archive_entry *e, const char *text)
{
	archive_entry_set_size(e, (la_int64_t)strlen(text));
	ck_assert_msg(archive_write_header(a, e) == ARCHIVE_OK, "%s", archive_error_string(a));
	if (*text)
		ck_assert_int_eq(archive_write_data(a, text, strlen(text)), (ssize_t)strlen(text));
	archive_entry_free(e);
}

UNUSED_OK void tar_file(struct archive *a, const char *path, const char *text)
{
	tar_put(a, tar_entry(path, S_IFREG | 0644), text);
}

UNUSED_OK void tar_folder(struct archive *a, const char *path, mode_t mode)
{
	tar_put(a, tar_entry(path, S_IFDIR | mode), "");
}

UNUSED_OK void tar_symlink(struct archive *a, const char *path, const char *target)
{
	struct archive_entry *e = tar_entry(path, S_IFLNK | 0777);
	archive_entry_copy_symlink(e, target);
	tar_put(a, e, "");
}

UNUSED_OK void tar_hardlink(struct archive *a, const char *path, const char *target)
{
	struct archive_entry *e = tar_entry(path, S_IFREG | 0644);
	archive_entry_copy_hardlink(e, target);
	tar_put(a, e, "");
}

/* ---- what the store looks like ---- */

/* Names in images/ and the digest of all that each holds, image.json included; heap string. */
UNUSED_OK char *store_print(const struct places *p)
{
	AUTO_BUF all = { 0 };
	AUTO_DIR DIR *d = opendir(p->images);
	struct err err = { 0 };

	for (struct dirent *e; d && (e = readdir(d));) {
		AUTO_FREE char *digest = NULL;
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		AUTO_FD int fd = openat(dirfd(d), e->d_name, O_RDONLY | O_DIRECTORY);
		ck_assert_msg(tree_digest(fd, &digest, &err) == 0, "%s", err.msg);
		buf_printf(&all, "%s %s\n", e->d_name, digest);
	}
	return buf_take(&all);
}

UNUSED_OK char *canary_print(const struct store_fixture *f)
{
	AUTO_FD int fd = open(f->canary, O_RDONLY | O_DIRECTORY);
	struct err err = { 0 };
	char *digest = NULL;
	ck_assert_msg(tree_digest(fd, &digest, &err) == 0, "%s", err.msg);
	return digest;
}

UNUSED_OK void import_ok(struct store_fixture *f, const char *name, const char *path,
			 struct image *ret)
{
	struct err err = { 0 };
	*ret = (struct image){ 0 };
	ck_assert_msg(image_import(&f->p, name, path, BIG, ret, &err) == 0, "%s", err.msg);
}

UNUSED_OK struct stat stat_in(const struct image *i, const char *path)
{
	AUTO_FREE char *full = mem_printf("%s/%s", i->rootfs, path);
	struct stat st;
	ck_assert_msg(lstat(full, &st) == 0, "%s", full);
	return st;
}

UNUSED_OK void assert_text(const struct image *i, const char *path, const char *text)
{
	AUTO_FREE char *full = mem_printf("%s/%s", i->rootfs, path);
	AUTO_BUF got = { 0 };
	ck_assert_msg(file_read(AT_FDCWD, full, &got, 4096) == 0, "%s", full);
	ck_assert_str_eq(got.data, text);
}

UNUSED_OK Suite *root_suite(const char *name, TCase *tc)
{
	Suite *s = suite_create(name);
	/* Owners, chroot and the rest of an import are root's. */
	if (geteuid() == 0)
		suite_add_tcase(s, tc);
	else
		fprintf(stderr, "%s: skipped, needs root\n", name);
	tcase_set_timeout(tc, 120);
	return s;
}

#endif
