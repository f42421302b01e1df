/* test_import_import.c - what an import keeps, what it drops, what it refuses. */
#include "test_image_fixture.h"

#include <sys/sysmacros.h>
#include <sys/xattr.h>

static void fill_plain(struct archive *a)
{
	tar_folder(a, "./", 0755);
	tar_folder(a, "./bin", 0755);
	tar_file(a, "./bin/tool", "tool\n");
	tar_symlink(a, "./lib", "/usr/lib");
	tar_file(a, "./caf\303\251/with space\n", "text");
}

static const struct {
	const char *label;
	enum tar_filter filter;
} formats[] = {
	{ "plain", TAR_PLAIN }, { "gz", TAR_GZ },   { "xz", TAR_XZ },
	{ "zst", TAR_ZST },     { "bz2", TAR_BZ2 },
};

START_TEST(every_format_gives_the_same_image)
{
	struct store_fixture f;
	struct image plain, other, copy;
	fixture_make(&f);
	struct archive *a = tar_open(f.tar, TAR_PLAIN);
	fill_plain(a);
	tar_close(a);
	import_ok(&f, "plain", f.tar, &plain);
	a = tar_open(f.tar, formats[_i].filter);
	fill_plain(a);
	tar_close(a);
	import_ok(&f, "other", f.tar, &other);
	ck_assert_msg(strcmp(plain.digest, other.digest) == 0, "%s", formats[_i].label);
	ck_assert_int_eq(strncmp(plain.digest, "sha256:", 7), 0);
	ck_assert_uint_eq(strlen(plain.digest), 7 + 64);
	assert_text(&other, "bin/tool", "tool\n");
	assert_text(&other, "caf\303\251/with space\n", "text");
	/* The tree that came of it, imported as a folder, is the same image again. */
	import_ok(&f, "copy", other.rootfs, &copy);
	ck_assert_str_eq(copy.digest, plain.digest);
	image_done(&plain);
	image_done(&other);
	image_done(&copy);
	fixture_remove(&f);
}
END_TEST

static void add_attributes(struct archive *a)
{
	static const char capability[20] = { 1, 0, 0, 2, 0, 4 };
	struct archive_entry *e = tar_entry("kept", S_IFREG | 0640);
	archive_entry_set_uid(e, 1234);
	archive_entry_set_gid(e, 70000);
	archive_entry_set_mtime(e, 1234567890, 123456789);
	archive_entry_xattr_add_entry(e, "user.note", "n", 1);
	archive_entry_xattr_add_entry(e, "trusted.overlay.opaque", "y", 1);
	tar_put(a, e, "kept");
	e = tar_entry("capable", S_IFREG | 0755);
	archive_entry_xattr_add_entry(e, "security.capability", capability, sizeof(capability));
	tar_put(a, e, "x");
	tar_put(a, tar_entry("su", S_IFREG | S_ISUID | 0755), "x");
	tar_put(a, tar_entry("both", S_IFREG | S_ISUID | S_ISGID | 0755), "x");
	tar_put(a, tar_entry("mail", S_IFDIR | S_ISGID | 0775), "");
	tar_put(a, tar_entry("sticky", S_IFDIR | S_ISVTX | 0777), "");
	tar_put(a, tar_entry("dev", S_IFDIR | 0755), "");
	e = tar_entry("dev/null", S_IFCHR | 0666);
	archive_entry_set_rdev(e, makedev(1, 3));
	tar_put(a, e, "");
	e = tar_entry("disk", S_IFBLK | 0666);
	archive_entry_set_rdev(e, makedev(8, 0));
	tar_put(a, e, "");
	tar_put(a, tar_entry("fifo", S_IFIFO | 0666), "");
	tar_symlink(a, "dev/fd", "/proc/self/fd");
	tar_hardlink(a, "again", "kept");
	tar_put(a, tar_entry("tmp", S_IFDIR | 0755), "");
}

static void assert_missing(const struct image *i, const char *path)
{
	AUTO_FREE char *full = mem_printf("%s/%s", i->rootfs, path);
	ck_assert_msg(access(full, F_OK) < 0, "%s is there", path);
}

static void assert_attributes(const struct image *i)
{
	struct stat st = stat_in(i, "kept");
	char value[8];
	AUTO_FREE char *kept = mem_printf("%s/kept", i->rootfs);
	AUTO_FREE char *capable = mem_printf("%s/capable", i->rootfs);

	ck_assert_uint_eq(st.st_mode, S_IFREG | 0640);
	ck_assert_uint_eq(st.st_uid, 1234);
	ck_assert_uint_eq(st.st_gid, 70000);
	ck_assert_int_eq(st.st_mtim.tv_sec, 1234567890);
	ck_assert_int_eq(st.st_mtim.tv_nsec, 123456789);
	ck_assert_uint_eq(st.st_nlink, 2);
	ck_assert_int_eq(getxattr(kept, "user.note", value, sizeof(value)), 1);
	ck_assert_int_eq(getxattr(kept, "trusted.overlay.opaque", value, sizeof(value)), -1);
	ck_assert_int_eq(getxattr(capable, "security.capability", NULL, 0), -1);
	ck_assert_uint_eq(stat_in(i, "su").st_mode, S_IFREG | 0755);
	ck_assert_uint_eq(stat_in(i, "both").st_mode, S_IFREG | 0755);
	ck_assert_uint_eq(stat_in(i, "mail").st_mode, S_IFDIR | 0775);
	ck_assert_uint_eq(stat_in(i, "sticky").st_mode, S_IFDIR | 01777);
	ck_assert_uint_eq(stat_in(i, "tmp").st_mode, S_IFDIR | 01777);
	/* Made before its content and written to since. */
	ck_assert_int_eq(stat_in(i, "dev").st_mtim.tv_sec, 1000000000);
	ck_assert_uint_eq(stat_in(i, "dev/fd").st_mode, S_IFLNK | 0777);
	assert_missing(i, "dev/null");
	assert_missing(i, "disk");
	assert_missing(i, "fifo");
	ck_assert_int_eq(i->dropped_setid, 3);
	ck_assert_int_eq(i->dropped_devices, 2);
	ck_assert_int_eq(i->dropped_capabilities, 1);
	ck_assert_int_eq(i->dropped_pipes, 1);
}

START_TEST(attributes_are_kept_or_dropped_and_counted)
{
	struct store_fixture f;
	struct image i;
	fixture_make(&f);
	mode_t old = umask(077); /* the umask of whoever imports decides nothing */
	struct archive *a = tar_open(f.tar, TAR_PLAIN);
	add_attributes(a);
	tar_close(a);
	import_ok(&f, "x", f.tar, &i);
	umask(old);
	assert_attributes(&i);
	ck_assert_uint_eq(stat_in(&i, "").st_mode, S_IFDIR | 0755);
	AUTO_FREE char *folder = mem_printf("%s/x", f.p.images);
	struct stat st;
	ck_assert_int_eq(stat(folder, &st), 0);
	ck_assert_uint_eq(st.st_mode, S_IFDIR | 0711);
	ck_assert_int_eq(stat(f.p.images, &st), 0);
	ck_assert_uint_eq(st.st_mode, S_IFDIR | 0711);
	image_done(&i);
	fixture_remove(&f);
}
END_TEST

static void make_special_folder(const struct store_fixture *f, char *dir)
{
	AUTO_FREE char *su = mem_printf("%s/su", dir), *two = mem_printf("%s/two", dir);
	AUTO_FREE char *fifo = mem_printf("%s/fifo", dir), *null = mem_printf("%s/null", dir);
	AUTO_FREE char *out = mem_printf("%s/out", dir), *bird = mem_printf("%s/bird", f->canary);
	AUTO_FREE char *sock = mem_printf("%s/sock", dir);

	ck_assert_int_eq(mkdir(dir, 0700), 0);
	put_text(su, "su");
	ck_assert_int_eq(chown(su, 7, 8), 0);
	ck_assert_int_eq(chmod(su, 04711), 0);
	ck_assert_int_eq(setxattr(su, "user.note", "n", 1, 0), 0);
	ck_assert_int_eq(link(su, two), 0);
	ck_assert_int_eq(mkfifo(fifo, 0666), 0);
	ck_assert_int_eq(mknod(sock, S_IFSOCK | 0666, 0), 0);
	ck_assert_int_eq(mknod(null, S_IFCHR | 0666, makedev(1, 3)), 0);
	ck_assert_int_eq(symlink(bird, out), 0);
}

START_TEST(a_folder_is_copied_likewise)
{
	struct store_fixture f;
	struct image i;
	fixture_make(&f);
	AUTO_FREE char *dir = mem_printf("%s/tree", f.top);
	make_special_folder(&f, dir);
	import_ok(&f, "x", dir, &i);
	struct stat st = stat_in(&i, "su");
	ck_assert_uint_eq(st.st_mode, S_IFREG | 0711);
	ck_assert_uint_eq(st.st_uid, 7);
	ck_assert_uint_eq(st.st_gid, 8);
	ck_assert_uint_eq(st.st_nlink, 2);
	ck_assert_uint_eq(st.st_ino, stat_in(&i, "two").st_ino);
	ck_assert_uint_eq(stat_in(&i, "out").st_mode & S_IFMT, S_IFLNK);
	ck_assert_uint_eq(stat_in(&i, "").st_mode, S_IFDIR | 0755); /* 0700 locks boxes out */
	assert_missing(&i, "fifo");
	assert_missing(&i, "sock");
	assert_missing(&i, "null");
	ck_assert_int_eq(i.dropped_setid, 1);
	ck_assert_int_eq(i.dropped_devices, 1);
	ck_assert_int_eq(i.dropped_pipes, 2);
	image_done(&i);
	fixture_remove(&f);
}
END_TEST

/* ---- refusals ---- */

static void dotdot(struct archive *a, struct store_fixture *f)
{
	(void)f;
	tar_file(a, "../canary/egg", "x");
}
static void dotdot_inside(struct archive *a, struct store_fixture *f)
{
	(void)f;
	tar_file(a, "a/../b", "x");
}
static void dotdot_device(struct archive *a, struct store_fixture *f)
{
	(void)f;
	tar_put(a, tar_entry("../null", S_IFCHR | 0666), "");
}
static void link_to_outside(struct archive *a, struct store_fixture *f)
{
	tar_symlink(a, "evil", f->canary);
	tar_file(a, "evil/egg", "x");
}
static void link_up_to_outside(struct archive *a, struct store_fixture *f)
{
	AUTO_FREE char *up = mem_printf("../../../../../../..%s", f->canary);
	tar_symlink(a, "evil", up);
	tar_file(a, "evil/sub/egg", "x");
}
static void link_loop(struct archive *a, struct store_fixture *f)
{
	(void)f;
	tar_symlink(a, "a", "b");
	tar_symlink(a, "b", "a");
	tar_file(a, "a/x", "x");
}
static void hardlink_outside(struct archive *a, struct store_fixture *f)
{
	AUTO_FREE char *bird = mem_printf("%s/bird", f->canary);
	tar_hardlink(a, "h", bird);
}
static void hardlink_dotdot(struct archive *a, struct store_fixture *f)
{
	(void)f;
	tar_hardlink(a, "h", "../../../canary/bird");
}
static void hardlink_through_link(struct archive *a, struct store_fixture *f)
{
	tar_symlink(a, "evil", f->canary);
	tar_hardlink(a, "h", "evil/bird");
}
static void hardlink_to_folder(struct archive *a, struct store_fixture *f)
{
	(void)f;
	tar_folder(a, "d", 0755);
	tar_hardlink(a, "h", "d");
}
static void dev_link(struct archive *a, struct store_fixture *f)
{
	tar_symlink(a, "dev", f->canary);
}
static void proc_link(struct archive *a, struct store_fixture *f)
{
	(void)f;
	tar_folder(a, "x", 0755);
	tar_symlink(a, "proc", "x");
}
static void sys_file(struct archive *a, struct store_fixture *f)
{
	(void)f;
	tar_file(a, "sys", "x");
}
static void tmp_link(struct archive *a, struct store_fixture *f)
{
	(void)f;
	tar_symlink(a, "tmp", "var/tmp");
}
static void owner_of_nobody(struct archive *a, struct store_fixture *f)
{
	struct archive_entry *e = tar_entry("x", S_IFREG | 0644);
	(void)f;
	archive_entry_set_uid(e, UINT32_MAX);
	tar_put(a, e, "x");
}
static void long_component(struct archive *a, struct store_fixture *f)
{
	char name[257];
	(void)f;
	memset(name, 'a', 256);
	name[256] = '\0';
	tar_file(a, name, "x");
}
static void too_deep(struct archive *a, struct store_fixture *f)
{
	AUTO_BUF path = { 0 };
	(void)f;
	for (int i = 0; i < IMAGE_MAX_DEPTH; i++)
		buf_str(&path, "d/");
	buf_str(&path, "x");
	tar_file(a, path.data, "x");
}
static void too_deep_by_link(struct archive *a, struct store_fixture *f)
{
	AUTO_BUF path = { 0 };
	(void)f;
	for (int i = 0; i < IMAGE_MAX_DEPTH; i++)
		buf_str(&path, "d/");
	tar_folder(a, path.data, 0755);
	path.data[path.len - 1] = '\0';
	tar_symlink(a, "l", path.data);
	tar_file(a, "l/x", "x");
}
static void nothing(struct archive *a, struct store_fixture *f)
{
	(void)a;
	(void)f;
}

static const struct {
	const char *label;
	void (*fill)(struct archive *a, struct store_fixture *f);
	const char *why;
} refusals[] = {
	{ "dotdot", dotdot, "'../canary/egg' has '..'" },
	{ "dotdot inside", dotdot_inside, "has '..'" },
	{ "dotdot of what would be dropped", dotdot_device, "has '..'" },
	{ "through a link to outside", link_to_outside, "a link that leads nowhere" },
	{ "through a relative link to outside", link_up_to_outside, "a link that leads nowhere" },
	{ "through a loop of links", link_loop, "not a folder" },
	{ "hard link to an absolute path", hardlink_outside, "no file of the image" },
	{ "hard link with dotdot", hardlink_dotdot, "no file of the image" },
	{ "hard link through a link", hardlink_through_link, "no file of the image" },
	{ "hard link to a folder", hardlink_to_folder, "no file of the image" },
	{ "/dev is a link", dev_link, "'/dev' is a link" },
	{ "/proc is a link", proc_link, "'/proc' is a link" },
	{ "/sys is a file", sys_file, "'/sys' is not a folder" },
	{ "/tmp is a link", tmp_link, "'/tmp' is a link" },
	{ "owner -1", owner_of_nobody, "owner 4294967295:0" },
	{ "component of 256", long_component, "too long" },
	{ "257 deep", too_deep, "too deep" },
	{ "257 deep by a link", too_deep_by_link, "deeper than 256" },
	{ "no entry", nothing, "no entry" },
};

/* The store holds an image of that name and another one; both are as before. */
static void assert_refused(struct store_fixture *f, int64_t max, const char *label, const char *why)
{
	struct err err = { 0 };
	struct image i = { 0 };
	AUTO_FREE char *bird = canary_print(f), *store = store_print(&f->p);

	int got = image_import(&f->p, "x", f->tar, max, &i, &err);
	ck_assert_msg(got == -1, "%s: accepted", label);
	ck_assert_msg(err.fault == FAULT_USAGE, "%s: fault %d: %s", label, err.fault, err.msg);
	ck_assert_msg(strstr(err.msg, why), "%s: '%s'", label, err.msg);
	AUTO_FREE char *bird_now = canary_print(f), *store_now = store_print(&f->p);
	ck_assert_msg(strcmp(store, store_now) == 0, "%s: %s became %s", label, store, store_now);
	ck_assert_msg(strcmp(bird, bird_now) == 0, "%s: the canary changed", label);
}

static void fill_store(struct store_fixture *f)
{
	static const char *const names[] = { "x", "y" };
	for (size_t i = 0; i < 2; i++) {
		struct image old;
		struct archive *a = tar_open(f->tar, TAR_PLAIN);
		tar_file(a, "old", names[i]);
		tar_close(a);
		import_ok(f, names[i], f->tar, &old);
		image_done(&old);
	}
}

START_TEST(a_refusal_changes_nothing)
{
	struct store_fixture f;
	fixture_make(&f);
	fill_store(&f);
	struct archive *a = tar_open(f.tar, TAR_PLAIN);
	refusals[_i].fill(a, &f);
	tar_close(a);
	assert_refused(&f, BIG, refusals[_i].label, refusals[_i].why);
	fixture_remove(&f);
}
END_TEST

START_TEST(what_is_no_tar_is_refused)
{
	struct store_fixture f;
	fixture_make(&f);
	fill_store(&f);
	put_text(f.tar, "");
	assert_refused(&f, BIG, "empty file", "damaged");
	put_text(f.tar, "this is a letter, not an archive\n");
	assert_refused(&f, BIG, "text", "damaged");
	ck_assert_int_eq(unlink(f.tar), 0);
	assert_refused(&f, BIG, "missing", "No such file");
	ck_assert_int_eq(mkfifo(f.tar, 0600), 0);
	assert_refused(&f, BIG, "fifo", "neither a file nor a folder");
	fixture_remove(&f);
}
END_TEST

START_TEST(a_truncated_archive_is_refused)
{
	struct store_fixture f;
	struct stat st;
	fixture_make(&f);
	fill_store(&f);
	struct archive *a = tar_open(f.tar, formats[_i].filter);
	for (int i = 0; i < 2000; i++) {
		char name[24], text[400];
		snprintf(name, sizeof(name), "dir/%d", i);
		for (size_t k = 0; k < sizeof(text) - 1; k++)
			text[k] = (char)('a' + (unsigned int)(i * 31) * (k * k + 7) % 26);
		text[sizeof(text) - 1] = '\0';
		tar_file(a, name, text);
	}
	tar_close(a);
	ck_assert_int_eq(stat(f.tar, &st), 0);
	ck_assert_int_eq(truncate(f.tar, st.st_size / 2 + 100), 0);
	assert_refused(&f, BIG, formats[_i].label, "damaged");
	fixture_remove(&f);
}
END_TEST

static void fill_noise(char *text, size_t len)
{
	unsigned int x = 1;
	for (size_t k = 0; k < len; k++, x = x * 1103515245 + 12345)
		text[k] = (char)(1 + (x >> 16) % 255);
}

/* A tar, and after its end mark noise, compressed as one. */
static void compress_with_noise(const char *path, enum tar_filter filter, size_t noise)
{
	AUTO_BUF all = { 0 };
	AUTO_FREE char *text = mem_alloc(noise);
	ck_assert_int_eq(file_read(AT_FDCWD, path, &all, 1 << 20), 0);
	fill_noise(text, noise);
	buf_add(&all, text, noise);
	struct archive *a = archive_write_new();
	ck_assert_int_eq(archive_write_set_format_raw(a), ARCHIVE_OK);
	ck_assert_int_eq(filter == TAR_XZ ? archive_write_add_filter_xz(a) :
					    archive_write_add_filter_bzip2(a),
			 ARCHIVE_OK);
	ck_assert_int_eq(archive_write_open_filename(a, path), ARCHIVE_OK);
	struct archive_entry *e = tar_entry("x", S_IFREG | 0644);
	ck_assert_int_eq(archive_write_header(a, e), ARCHIVE_OK);
	ck_assert_int_eq(archive_write_data(a, all.data, all.len), (la_ssize_t)all.len);
	archive_entry_free(e);
	tar_close(a);
}

static const struct {
	const char *label;
	enum tar_filter filter;
	size_t noise;
} changes[] = {
	{ "xz, in a file", TAR_XZ, 0 },
	{ "xz, after the tar's end", TAR_XZ, 1 << 20 },
	{ "bzip2, in a file", TAR_BZ2, 0 },
	{ "bzip2, after the tar's end", TAR_BZ2, 2 << 20 },
};

/* One byte changes and all headers stay whole: checksums tell, and they stand at the end. (gzip's
 * libarchive ignores, and into zstd it writes none.) */
START_TEST(a_changed_byte_is_refused)
{
	struct store_fixture f;
	struct stat st;
	unsigned char c;
	fixture_make(&f);
	fill_store(&f);
	AUTO_FREE char *text = mem_alloc(30001);
	fill_noise(text, 30000);
	struct archive *a = tar_open(f.tar, TAR_PLAIN);
	tar_file(a, "noise", text);
	tar_close(a);
	compress_with_noise(f.tar, changes[_i].filter, changes[_i].noise);
	AUTO_FD int fd = open(f.tar, O_RDWR);
	ck_assert_int_eq(fstat(fd, &st), 0);
	off_t at = changes[_i].noise ? st.st_size * 15 / 16 : st.st_size / 2;
	ck_assert_int_eq(pread(fd, &c, 1, at), 1);
	c ^= 1;
	ck_assert_int_eq(pwrite(fd, &c, 1, at), 1);
	assert_refused(&f, BIG, changes[_i].label, "damaged");
	fixture_remove(&f);
}
END_TEST

START_TEST(max_size_allows_itself)
{
	struct store_fixture f;
	struct image i = { 0 };
	struct err err = { 0 };
	fixture_make(&f);
	fill_store(&f);
	struct archive *a = tar_open(f.tar, TAR_ZST);
	tar_file(a, "a", "123456");
	tar_file(a, "b", "7890");
	tar_hardlink(a, "c", "a");
	tar_close(a);
	assert_refused(&f, 9, "9 of 10", "--max-size");
	ck_assert_msg(image_import(&f.p, "x", f.tar, 10, &i, &err) == 0, "%s", err.msg);
	image_done(&i);
	AUTO_FREE char *tree = mem_printf("%s/y/rootfs", f.p.images);
	ck_assert_int_eq(image_import(&f.p, "z", tree, 0, &i, &err), -1); /* "y" has 1 byte */
	ck_assert_msg(strstr(err.msg, "--max-size"), "%s", err.msg);
	ck_assert_msg(image_import(&f.p, "z", tree, 1, &i, &err) == 0, "%s", err.msg);
	image_done(&i);
	fixture_remove(&f);
}
END_TEST

START_TEST(holes_count)
{
	struct store_fixture f;
	struct image i = { 0 };
	struct err err = { 0 };
	fixture_make(&f);
	fill_store(&f);
	struct archive *a = tar_open(f.tar, TAR_PLAIN);
	struct archive_entry *e = tar_entry("sparse", S_IFREG | 0644);
	archive_entry_set_size(e, 1 << 20);
	archive_entry_sparse_add_entry(e, 4096, 1);
	ck_assert_int_eq(archive_write_header(a, e), ARCHIVE_OK);
	AUTO_FREE char *zeros = mem_alloc(1 << 20);
	zeros[4096] = 'x';
	ck_assert_int_eq(archive_write_data(a, zeros, 1 << 20), 1 << 20);
	archive_entry_free(e);
	tar_close(a);
	assert_refused(&f, (1 << 20) - 1, "sparse", "--max-size");
	ck_assert_msg(image_import(&f.p, "x", f.tar, 1 << 20, &i, &err) == 0, "%s", err.msg);
	ck_assert_int_eq(stat_in(&i, "sparse").st_size, 1 << 20);
	image_done(&i);
	fixture_remove(&f);
}
END_TEST

/* ---- tricks that end inside the image ---- */

START_TEST(links_are_never_written_through)
{
	struct store_fixture f;
	struct image i;
	fixture_make(&f);
	AUTO_FREE char *before = canary_print(&f);
	AUTO_FREE char *bird = mem_printf("%s/bird", f.canary);
	AUTO_FREE char *inner = mem_printf("%s/egg", f.canary + 1);
	struct archive *a = tar_open(f.tar, TAR_PLAIN);
	tar_symlink(a, "file", bird); /* the file replaces the link */
	tar_file(a, "file", "mine");
	tar_symlink(a, "soft", bird); /* a hard link to a link is the link, and is replaced */
	tar_hardlink(a, "hard", "soft");
	tar_file(a, "hard", "mine");
	tar_symlink(a, "dir", f.canary); /* a folder replaces the link */
	tar_folder(a, "dir", 0755);
	tar_file(a, "dir/bird", "mine");
	tar_file(a, "/abs/file", "mine"); /* an absolute name is one of the image */
	tar_folder(a, f.canary, 0755);    /* as is what an absolute link leads to */
	tar_symlink(a, "way", f.canary);
	tar_file(a, "way/egg", "mine");
	tar_symlink(a, "lib", "usr/lib"); /* merged /usr, then a name of before it */
	tar_folder(a, "usr/lib", 0755);
	tar_file(a, "lib/libx.so", "mine");
	tar_close(a);
	import_ok(&f, "x", f.tar, &i);
	AUTO_FREE char *after = canary_print(&f);
	ck_assert_str_eq(before, after);
	assert_text(&i, "file", "mine");
	assert_text(&i, "hard", "mine");
	ck_assert_uint_eq(stat_in(&i, "soft").st_mode & S_IFMT, S_IFLNK);
	assert_text(&i, "dir/bird", "mine");
	assert_text(&i, "abs/file", "mine");
	assert_text(&i, inner, "mine");
	assert_text(&i, "usr/lib/libx.so", "mine");
	image_done(&i);
	fixture_remove(&f);
}
END_TEST

START_TEST(the_last_of_two_kinds_counts)
{
	struct store_fixture f;
	struct image i;
	fixture_make(&f);
	struct archive *a = tar_open(f.tar, TAR_PLAIN);
	tar_file(a, "folder/deep/file", "x");
	tar_file(a, "folder", "now a file");
	tar_file(a, "file", "x");
	tar_file(a, "file/inside", "now a folder");
	tar_close(a);
	import_ok(&f, "x", f.tar, &i);
	assert_text(&i, "folder", "now a file");
	assert_text(&i, "file/inside", "now a folder");
	image_done(&i);
	fixture_remove(&f);
}
END_TEST

START_TEST(the_last_of_two_files_counts)
{
	struct store_fixture f;
	struct image i;
	fixture_make(&f);
	struct archive *a = tar_open(f.tar, TAR_PLAIN);
	tar_file(a, "x", "first");
	tar_hardlink(a, "keep", "x");
	tar_file(a, "./x", "second");
	tar_hardlink(a, "keep", "keep"); /* to itself: still there */
	tar_folder(a, "empty", 0755);
	tar_file(a, "empty", "file");
	tar_close(a);
	import_ok(&f, "x", f.tar, &i);
	assert_text(&i, "x", "second");
	assert_text(&i, "keep", "first");
	assert_text(&i, "empty", "file");
	image_done(&i);
	fixture_remove(&f);
}
END_TEST

/* ---- digest ---- */

struct variation {
	const char *label, *text, *target, *note;
	mode_t mode;
	int64_t uid, gid, mtime;
};

static const struct variation base_row = { "base", "text", "to", "n", 0644, 0, 0, 5 };
static const struct variation variations[] = {
	{ "content", "test", "to", "n", 0644, 0, 0, 5 },
	{ "link", "text", "ot", "n", 0644, 0, 0, 5 },
	{ "attribute", "text", "to", "m", 0644, 0, 0, 5 },
	{ "mode", "text", "to", "n", 0645, 0, 0, 5 },
	{ "user", "text", "to", "n", 0644, 1, 0, 5 },
	{ "group", "text", "to", "n", 0644, 0, 1, 5 },
	{ "time", "text", "to", "n", 0644, 0, 0, 6 },
};

static char *digest_of(struct store_fixture *f, const struct variation *v, bool reverse)
{
	struct image i;
	struct archive *a = tar_open(f->tar, TAR_PLAIN);
	if (!reverse)
		tar_symlink(a, "a", v->target);
	struct archive_entry *e = tar_entry("d/b", S_IFREG | v->mode);
	archive_entry_set_uid(e, v->uid);
	archive_entry_set_gid(e, v->gid);
	archive_entry_set_mtime(e, v->mtime, 0);
	archive_entry_xattr_add_entry(e, "user.note", v->note, 1);
	tar_put(a, e, v->text);
	if (reverse)
		tar_symlink(a, "a", v->target);
	tar_close(a);
	import_ok(f, "v", f->tar, &i);
	char *digest = mem_strdup(i.digest);
	image_done(&i);
	return digest;
}

START_TEST(the_digest_is_over_everything_but_the_order)
{
	struct store_fixture f;
	fixture_make(&f);
	AUTO_FREE char *base = digest_of(&f, &base_row, false);
	AUTO_FREE char *reverse = digest_of(&f, &base_row, true);
	AUTO_FREE char *other = digest_of(&f, &variations[_i], false);
	ck_assert_str_eq(base, reverse);
	ck_assert_msg(strcmp(base, other) != 0, "%s: the same digest", variations[_i].label);
	fixture_remove(&f);
}
END_TEST

/* File systems list names in orders of their own. */
static int note_path(void *ctx, const struct walk_entry *e, struct err *err)
{
	(void)err;
	buf_printf(ctx, "%s%s ", e->path, e->after ? "/" : "");
	return strcmp(e->path, "b") == 0; /* not entered */
}

START_TEST(a_walk_is_sorted)
{
	struct store_fixture f;
	struct image i;
	struct err err = { 0 };
	AUTO_BUF seen = { 0 };
	fixture_make(&f);
	static const char *const paths[] = { "k", "c/2",  "e", "b/x", "h", "a",
					     "g", "c/10", "f", "j",   "d", "i" };
	struct archive *a = tar_open(f.tar, TAR_PLAIN);
	for (size_t k = 0; k < sizeof(paths) / sizeof(*paths); k++)
		tar_file(a, paths[k], "x");
	tar_close(a);
	import_ok(&f, "x", f.tar, &i);
	AUTO_FD int fd = open(i.rootfs, O_RDONLY | O_DIRECTORY);
	ck_assert_msg(walk_tree(fd, note_path, &seen, &err) == 0, "%s", err.msg);
	ck_assert_str_eq(seen.data, ". a b c c/10 c/2 c/ d e f g h i j k ./ ");
	image_done(&i);
	fixture_remove(&f);
}
END_TEST

Suite *suite_import_import(void);
Suite *suite_import_import(void)
{
	TCase *tc = tcase_create("import");
#define N(rows) (int)(sizeof(rows) / sizeof(*(rows)))
	tcase_add_loop_test(tc, every_format_gives_the_same_image, 0, N(formats));
	tcase_add_test(tc, attributes_are_kept_or_dropped_and_counted);
	tcase_add_test(tc, a_folder_is_copied_likewise);
	tcase_add_loop_test(tc, a_refusal_changes_nothing, 0, N(refusals));
	tcase_add_test(tc, what_is_no_tar_is_refused);
	tcase_add_loop_test(tc, a_truncated_archive_is_refused, 0, N(formats));
	tcase_add_loop_test(tc, a_changed_byte_is_refused, 0, N(changes));
	tcase_add_test(tc, max_size_allows_itself);
	tcase_add_test(tc, holes_count);
	tcase_add_test(tc, links_are_never_written_through);
	tcase_add_test(tc, the_last_of_two_kinds_counts);
	tcase_add_test(tc, the_last_of_two_files_counts);
	tcase_add_loop_test(tc, the_digest_is_over_everything_but_the_order, 0, N(variations));
	tcase_add_test(tc, a_walk_is_sorted);
#undef N
	return root_suite("import/import", tc);
}
