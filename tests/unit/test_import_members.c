/* test_import_members.c - what is an archive of images, and how its members are found and read. */
#include "test_image_archive.h"

#include "import/member_table.h"

/* ---- which kind ---- */

/* Names by spaces: a folder ends in '/', NAME=WORD has the text that text_of() tells. */
static const struct {
	const char *label, *names;
	int got;
	const char *why;
} kinds[] = {
	{ "docker", "manifest.json " D1 ".json " D1 "/ " D1 "/layer.tar repositories", 1, NULL },
	{ "skopeo", D1 ".tar " D1 ".json manifest.json", 1, NULL },
	{ "crane", "sha256:" D1 " " D2 ".tar.gz manifest.json", 1, NULL },
	{ "layout", "blobs/ blobs/sha256/ blobs/sha256/" D1 " index.json oci-layout", 1, NULL },
	{ "with ./", "./ ./oci-layout ./blobs/sha256/" D1 " ./index.json", 1, NULL },
	{ "hidden files of a Mac", "._oci-layout oci-layout index.json .DS_Store", 1, NULL },
	{ "a tree", "bin/ bin/sh manifest.json", 0, NULL },
	{ "a tree, late", "manifest.json index.json oci-layout bin/", 0, NULL },
	{ "a tree with a file", "manifest.json README", 0, NULL },
	{ "a tree with a folder that is hidden", ".cache/ manifest.json", 0, NULL },
	{ "docker export", ".dockerenv bin/ etc/", 0, NULL },
	{ "layers in a folder", "manifest.json=docker config layers/0 layers/1", 1, NULL },
	{ "layers of any name", "./a ./b ./manifest.json=docker", 1, NULL },
	{ "folders called by digests", "sha256:" D1 "/layer.tar manifest.json=docker", 1, NULL },
	{ "a note beside it", "NOTES.txt manifest.json=docker x", 1, NULL },
	{ "a manifest of something else", "manifest.json=object layers/0", 0, NULL },
	{ "a tree with a manifest", "manifest.json=docker layers/0 usr/bin/x", 0, NULL },
	{ "a note beside a layout", "README oci-layout index.json", 1, NULL },
	{ "a folder beside a layout", "docs/x oci-layout=layout index.json", 1, NULL },
	{ "a folder beside what is called a layout", "docs/x oci-layout index.json", 0, NULL },
	{ "a layout in a folder", "d/ d/oci-layout d/index.json d/blobs/sha256/" D1, 1, NULL },
	{ "a layout in folders", "./tmp/d/oci-layout tmp/d/index.json tmp/d/blobs/sha256/" D1, 1,
	  NULL },
	{ "docker in a folder", "d/manifest.json d/" D1 ".json d/" D1 "/layer.tar", 1, NULL },
	{ "docker in a folder, any name", "d/manifest.json=docker d/config d/layers/0", 1, NULL },
	{ "packed on a Mac", "._d d/oci-layout d/index.json __MACOSX/d/._x .DS_Store", 1, NULL },
	{ "a note beside the folder", "README d/oci-layout d/index.json d/blobs/sha256/" D1, 1,
	  NULL },
	{ "half of a layout in a folder", "d/oci-layout d/blobs/sha256/" D1, -1,
	  "no 'index.json'" },
	{ "a folder with a tree", "d/manifest.json=docker d/layers/0 d/etc/passwd", 0, NULL },
	{ "layouts in two folders", "a/oci-layout=layout a/index.json b/oci-layout b/index.json",
	  -1, "in folder 'a'" },
	{ "folders with other things", "a/x b/oci-layout b/y", 0, NULL },
	{ "skopeo's dir", "version=dir manifest.json=object " D1, -1, "'dir:'" },
	{ "skopeo's dir in a folder", "d/version=dir d/manifest.json=object d/" D1, -1, "'dir:'" },
	{ "nothing that says it", "x.json " D1 ".tar", 0, NULL },
	{ "a folder called manifest.json", "manifest.json/ manifest.json/x", 0, NULL },
	{ "a file called blobs", "manifest.json blobs", 0, NULL },
	{ "63 digits",
	  "manifest.json 111111111111111111111111111111111111111111111111111111111111111/", 0,
	  NULL },
	{ "climbing tree", "../x manifest.json", 0, NULL },
	{ "climbing member", "manifest.json blobs/../../x", -1, "'..'" },
	{ "Docker of old", "repositories " D1 "/layer.tar", -1, "older than 1.10" },
	{ "no index", "oci-layout blobs/sha256/" D1, -1, "no 'index.json'" },
	{ "no layout", "index.json blobs/sha256/" D1, -1, "no 'oci-layout'" },
};

/* The text of a member by the word behind its name. */
static const char *text_of(const char *word)
{
	return strcmp(word, "docker") == 0 ? "[{\"Config\": \"c\", \"Layers\": [\"l\"]}]" :
	       strcmp(word, "layout") == 0 ? "{\"imageLayoutVersion\": \"1.0.0\"}" :
	       strcmp(word, "dir") == 0    ? "Directory Transport Version: 1.1\n" :
	       strcmp(word, "object") == 0 ? "{\"name\": \"app\"}" :
					     "x";
}

static void put_names(struct archive *a, const char *names)
{
	AUTO_FREE char *copy = mem_strdup(names);
	char *keep;
	for (char *n = strtok_r(copy, " ", &keep); n; n = strtok_r(NULL, " ", &keep)) {
		char *word = strchr(n, '=');
		if (word)
			*word = '\0';
		if (n[strlen(n) - 1] == '/')
			tar_folder(a, n, 0755);
		else
			tar_file(a, n, text_of(word ? word + 1 : ""));
	}
}

START_TEST(a_kind)
{
	for (int filter = TAR_PLAIN; filter <= TAR_BZ2; filter++) {
		struct store_fixture f;
		struct opened o;
		struct err err = { 0 };
		fixture_make(&f);
		AUTO_FREE char *before = canary_print(&f);
		struct archive *a = tar_open(f.tar, (enum tar_filter)filter);
		put_names(a, kinds[_i].names);
		tar_close(a);
		int got = open_members(&f, f.tar, BIG, &o, &err);
		ck_assert_msg(got == kinds[_i].got, "%s: %d '%s'", kinds[_i].label, got, err.msg);
		ck_assert_msg(!kinds[_i].why ||
				      (err.fault == FAULT_USAGE && strstr(err.msg, kinds[_i].why)),
			      "%s: '%s'", kinds[_i].label, err.msg);
		ck_assert_int_eq(lseek(o.fd, 0, SEEK_CUR), 0);
		AUTO_FREE char *after =
			canary_print(&f); /* nothing has a name in the scratch folder */
		ck_assert_str_eq(before, after);
		close_members(&o);
		fixture_remove(&f);
	}
}
END_TEST

static void write_file(const char *path, const void *data, size_t len)
{
	AUTO_FD int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	ck_assert_int_eq(fd_write_all(fd, data, len), 0);
}

START_TEST(what_is_no_tar_is_left_to_others)
{
	static const char *const texts[] = { "", "hello", "\x1f\x8b\x08",
					     "\x28\xb5\x2f\xfd rubbish" };
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		struct store_fixture f;
		struct opened o;
		struct err err = { 0 };
		fixture_make(&f);
		write_file(f.tar, texts[i], strlen(texts[i]));
		ck_assert_msg(open_members(&f, f.tar, BIG, &o, &err) == 0, "%zu: '%s'", i, err.msg);
		close_members(&o);
		fixture_remove(&f);
	}
}
END_TEST

/* ---- reading ---- */

static char *member_text(struct members *m, const char *name)
{
	AUTO_BUF b = { 0 };
	struct err err = { 0 };
	ck_assert_msg(member_read(m, name, 1 << 20, &b, &err) == 0, "%s", err.msg);
	return buf_take(&b);
}

static void assert_member(struct members *m, const char *name, const char *text)
{
	AUTO_FREE char *got = member_text(m, name);
	ck_assert_str_eq(got, text);
}

static char *noise(size_t len)
{
	char *text = mem_alloc(len + 1);
	uint32_t x = 1;
	for (size_t i = 0; i < len; i++) {
		x = x * 1103515245 + 12345;
		text[i] = (char)('0' + (x >> 16) % 64);
	}
	return text;
}

START_TEST(members_are_read_in_any_order)
{
	struct store_fixture f;
	struct opened o;
	struct err err = { 0 };
	fixture_make(&f);
	AUTO_FREE char *big = noise(300000);
	struct archive *a = tar_open(f.tar, (enum tar_filter)_i);
	tar_file(a, "./manifest.json", "first");
	tar_file(a, D1 ".tar", big);
	tar_file(a, "/" D2 ".json", "");
	tar_file(a, "./manifest.json", "last");
	tar_close(a);
	ck_assert_msg(open_members(&f, f.tar, BIG, &o, &err) == 1, "%s", err.msg);
	assert_member(o.members, "./" D1 ".tar", big);
	assert_member(o.members, "manifest.json", "last"); /* of the same name the last counts */
	assert_member(o.members, D2 ".json", "");
	assert_member(o.members, D1 ".tar", big);
	ck_assert(members_has(o.members, D2 ".json") && !members_has(o.members, "other"));
	close_members(&o);
	fixture_remove(&f);
}
END_TEST

START_TEST(two_members_at_once)
{
	struct store_fixture f;
	struct opened o;
	struct err err = { 0 };
	const void *data;
	size_t len;
	int64_t bytes = 0;
	fixture_make(&f);
	struct archive *a = tar_open(f.tar, TAR_PLAIN);
	tar_file(a, "manifest.json", "one");
	tar_file(a, "b.json", "two");
	tar_close(a);
	ck_assert_int_eq(open_members(&f, f.tar, BIG, &o, &err), 1);
	AUTO_MEMBER *x = NULL, *y = NULL;
	ck_assert_int_eq(member_open(o.members, "manifest.json", &x, &bytes, &err), 0);
	ck_assert_int_eq(bytes, 3);
	ck_assert_int_eq(member_open(o.members, "b.json", &y, NULL, &err), 0);
	ck_assert(member_next(x, &data, &len, &err) == 0 && len == 3 &&
		  memcmp(data, "one", 3) == 0);
	ck_assert(member_next(y, &data, &len, &err) == 0 && len == 3 &&
		  memcmp(data, "two", 3) == 0);
	for (int again = 0; again < 2; again++)
		ck_assert(member_next(x, &data, &len, &err) == 0 && len == 0);
	close_members(&o);
	fixture_remove(&f);
}
END_TEST

static void put_sparse(struct archive *a, const char *name, int64_t size, int64_t at,
		       const char *data)
{
	struct archive_entry *e = tar_entry(name, S_IFREG | 0644);
	AUTO_FREE char *all = mem_alloc((size_t)size);
	memcpy(all + at, data, strlen(data));
	archive_entry_set_size(e, size);
	archive_entry_sparse_add_entry(e, at, (la_int64_t)strlen(data));
	ck_assert_int_eq(archive_write_header(a, e), ARCHIVE_OK);
	ck_assert_int_eq(archive_write_data(a, all, (size_t)size), size);
	archive_entry_free(e);
}

START_TEST(holes_are_zeros)
{
	struct store_fixture f;
	struct opened o;
	struct err err = { 0 };
	AUTO_BUF b = { 0 };
	AUTO_MEMBER *x = NULL;
	fixture_make(&f);
	struct archive *a = tar_open(f.tar, TAR_PLAIN);
	put_sparse(a, "manifest.json", 100000, 50001, "middle");
	tar_close(a);
	ck_assert_int_eq(open_members(&f, f.tar, 100000, &o, &err), 1);
	ck_assert_msg(member_read(o.members, "manifest.json", 100000, &b, &err) == 0, "%s",
		      err.msg);
	ck_assert_uint_eq(b.len, 100000);
	for (size_t i = 0; i < b.len; i++)
		ck_assert(b.data[i] == (i >= 50001 && i < 50007 ? "middle"[i - 50001] : '\0'));
	close_members(&o);
	/* What is larger than its archive may not be larger than the limit too. */
	ck_assert_int_eq(open_members(&f, f.tar, 99999, &o, &err), 1);
	ck_assert_int_eq(member_open(o.members, "manifest.json", &x, NULL, &err), -1);
	ck_assert_msg(err.fault == FAULT_USAGE && strstr(err.msg, "--max-size"), "%s", err.msg);
	close_members(&o);
	fixture_remove(&f);
}
END_TEST

START_TEST(a_size_allows_itself)
{
	struct store_fixture f;
	struct opened o;
	struct err err = { 0 };
	AUTO_BUF b = { 0 };
	fixture_make(&f);
	struct archive *a = tar_open(f.tar, TAR_PLAIN);
	tar_file(a, "manifest.json", "12345");
	tar_close(a);
	ck_assert_int_eq(open_members(&f, f.tar, BIG, &o, &err), 1);
	ck_assert_int_eq(member_read(o.members, "manifest.json", 4, &b, &err), -1);
	ck_assert_msg(strstr(err.msg, "5 bytes, expected at most 4"), "%s", err.msg);
	ck_assert_uint_eq(b.len, 0);
	ck_assert_int_eq(member_read(o.members, "manifest.json", 5, &b, &err), 0);
	ck_assert_str_eq(b.data, "12345");
	close_members(&o);
	fixture_remove(&f);
}
END_TEST

START_TEST(a_spooled_archive_is_bounded)
{
	struct store_fixture f;
	struct opened o;
	struct err err = { 0 };
	fixture_make(&f);
	AUTO_FREE char *big = noise(300000);
	struct archive *a = tar_open(f.tar, TAR_GZ);
	tar_file(a, "manifest.json", "x");
	tar_file(a, D1 ".tar", big);
	tar_close(a);
	/* Two headers, blocks of 1 and 586, and an end of two blocks. */
	const int64_t bytes = 512 * (2 + 1 + 586 + 2);
	ck_assert_int_eq(open_members(&f, f.tar, bytes - 1, &o, &err), -1);
	ck_assert_msg(err.fault == FAULT_USAGE && strstr(err.msg, "--max-size"), "%s", err.msg);
	close_members(&o);
	ck_assert_msg(open_members(&f, f.tar, bytes, &o, &err) == 1, "%s", err.msg);
	assert_member(o.members, D1 ".tar", big);
	close_members(&o);
	fixture_remove(&f);
}
END_TEST

/* ---- damaged ---- */

START_TEST(a_cut_archive_is_refused)
{
	struct store_fixture f;
	struct opened o;
	struct err err = { 0 };
	struct stat st;
	fixture_make(&f);
	AUTO_FREE char *big = noise(3 << 20); /* more than a block of bzip2 */
	struct archive *a = tar_open(f.tar, (enum tar_filter)_i);
	tar_file(a, "manifest.json", "x");
	tar_file(a, D1 ".tar", big);
	tar_close(a);
	ck_assert(stat(f.tar, &st) == 0 && truncate(f.tar, st.st_size * 3 / 4) == 0);
	ck_assert_int_eq(open_members(&f, f.tar, BIG, &o, &err), -1);
	ck_assert_msg(err.fault == FAULT_USAGE && strstr(err.msg, "damaged"), "%d: %s", _i,
		      err.msg);
	close_members(&o);
	fixture_remove(&f);
}
END_TEST

/* The tar in @path with bytes behind its end, compressed. */
static void compress_with_noise(const char *path, enum tar_filter filter)
{
	AUTO_BUF tar = { 0 };
	AUTO_FREE char *behind = noise(3 << 20); /* more than a block of any of them */
	ck_assert_int_eq(file_read(AT_FDCWD, path, &tar, 1 << 20), 0);
	buf_str(&tar, behind);
	struct archive *a = archive_write_new();
	struct archive_entry *e = tar_entry("data", S_IFREG | 0644);
	ck_assert_int_eq(archive_write_set_format_raw(a), ARCHIVE_OK);
	ck_assert_int_eq(filter == TAR_GZ ? archive_write_add_filter_gzip(a) :
			 filter == TAR_XZ ? archive_write_add_filter_xz(a) :
					    archive_write_add_filter_bzip2(a),
			 ARCHIVE_OK);
	ck_assert_int_eq(archive_write_open_filename(a, path), ARCHIVE_OK);
	ck_assert_int_eq(archive_write_header(a, e), ARCHIVE_OK);
	ck_assert_int_eq(archive_write_data(a, tar.data, tar.len), (ssize_t)tar.len);
	archive_entry_free(e);
	tar_close(a);
}

/* The tar is whole, what its compression says of it at the end is not true. */
START_TEST(a_wrong_checksum_is_refused)
{
	static const enum tar_filter filters[] = { TAR_GZ, TAR_XZ, TAR_BZ2 };
	struct store_fixture f;
	struct opened o;
	struct err err = { 0 };
	struct stat st;
	char c;
	fixture_make(&f);
	struct archive *a = tar_open(f.tar, TAR_PLAIN);
	tar_file(a, "manifest.json", "x");
	tar_close(a);
	compress_with_noise(f.tar, filters[_i]);
	ck_assert_msg(open_members(&f, f.tar, BIG, &o, &err) == 1, "%s", err.msg);
	close_members(&o);
	AUTO_FD int fd = open(f.tar, O_RDWR | O_CLOEXEC);
	ck_assert_int_eq(fstat(fd, &st), 0);
	/* gzip, bzip2: of the whole; xz: of its index. None is needed for a byte of the tar. */
	off_t at = st.st_size - (filters[_i] == TAR_XZ ? 14 : 2);
	ck_assert_int_eq(pread(fd, &c, 1, at), 1);
	c = (char)(c ^ 0x10);
	ck_assert_int_eq(pwrite(fd, &c, 1, at), 1);
	ck_assert_int_eq(open_members(&f, f.tar, BIG, &o, &err), -1);
	ck_assert_msg(strstr(err.msg, "damaged"), "%d: %s", _i, err.msg);
	close_members(&o);
	fixture_remove(&f);
}
END_TEST

/* ---- links ---- */

static const struct {
	const char *label, *link, *target, *text, *why;
	bool hard;
} links[] = {
	{ "skopeo's", D1 "/layer.tar", "../real.tar", "real", NULL, false },
	{ "beside it", "a.tar", "real.tar", "real", NULL, false },
	{ "with . and double slashes", D1 "/layer.tar", ".././/real.tar", "real", NULL, false },
	{ "over a folder and back", D1 "/x/layer.tar", "../../" D1 "/../real.tar", "real", NULL,
	  false },
	{ "hard", D1 "/layer.tar", "real.tar", "real", NULL, true },
	{ "hard with ./", D1 "/layer.tar", "./real.tar", "real", NULL, true },
	{ "to a link", "a.tar", "eight.tar", "real", NULL, false },
	{ "to one link too many", "a.tar", "nine.tar", NULL, "more than 8 links", false },
	{ "out", D1 "/layer.tar", "../../real.tar", NULL, "leads out of", false },
	{ "out and back", "a.tar", "../x/real.tar", NULL, "leads out of", false },
	{ "absolute", "a.tar", "/etc/passwd", NULL, "leads out of", false },
	{ "hard and out", "a.tar", "../real.tar", NULL, "leads out of", true },
	{ "nowhere", "a.tar", "none.tar", NULL, "leads nowhere", false },
	{ "to itself", "a.tar", "a.tar", NULL, "more than 8 links", false },
	{ "to a folder", "a.tar", D1, NULL, "a folder", false },
	{ "to the top", D1 "/layer.tar", "..", NULL, "nowhere", false },
	{ "without a target", "a.tar", "", NULL, "nowhere", false },
};

static void put_links(struct archive *a)
{
	static const char *const names[] = { "real", "one", "two",   "three", "four",
					     "five", "six", "seven", "eight", "nine" };
	tar_file(a, "manifest.json", "[]");
	tar_folder(a, D1, 0755);
	tar_file(a, "real.tar", "real");
	/* eight.tar is seven links away from the file, so that the link to it is the eighth. */
	for (size_t i = 2; i < sizeof(names) / sizeof(*names); i++) {
		AUTO_FREE char *from = mem_printf("%s.tar", names[i]);
		AUTO_FREE char *to = mem_printf("%s.tar", names[i == 2 ? 0 : i - 1]);
		tar_symlink(a, from, to);
	}
}

START_TEST(a_link)
{
	struct store_fixture f;
	struct opened o;
	struct err err = { 0 };
	AUTO_MEMBER *x = NULL;
	fixture_make(&f);
	struct archive *a = tar_open(f.tar, TAR_PLAIN);
	put_links(a);
	(links[_i].hard ? tar_hardlink : tar_symlink)(a, links[_i].link, links[_i].target);
	tar_close(a);
	ck_assert_msg(open_members(&f, f.tar, BIG, &o, &err) == 1, "%s", err.msg);
	ck_assert(members_has(o.members, links[_i].link));
	if (links[_i].text) {
		assert_member(o.members, links[_i].link, links[_i].text);
	} else {
		ck_assert_int_eq(member_open(o.members, links[_i].link, &x, NULL, &err), -1);
		ck_assert_msg(err.fault == FAULT_USAGE && strstr(err.msg, links[_i].why) &&
				      strstr(err.msg, links[_i].link),
			      "%s: '%s'", links[_i].label, err.msg);
	}
	close_members(&o);
	fixture_remove(&f);
}
END_TEST

START_TEST(what_is_no_file_is_not_opened)
{
	static const char *const names[] = { D1, "fifo.json", "none.json", "../x", "" };
	struct store_fixture f;
	struct opened o;
	struct err err = { 0 };
	AUTO_MEMBER *x = NULL;
	fixture_make(&f);
	struct archive *a = tar_open(f.tar, TAR_PLAIN);
	tar_file(a, "manifest.json", "[]");
	tar_folder(a, D1, 0755);
	tar_put(a, tar_entry("fifo.json", S_IFIFO | 0644), "");
	tar_close(a);
	ck_assert_int_eq(open_members(&f, f.tar, BIG, &o, &err), 1);
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		ck_assert_int_eq(member_open(o.members, names[i], &x, NULL, &err), -1);
		ck_assert_msg(err.fault == FAULT_USAGE, "%s: '%s'", names[i], err.msg);
	}
	ck_assert_ptr_null(x);
	close_members(&o);
	fixture_remove(&f);
}
END_TEST

START_TEST(the_table_is_bounded)
{
	struct member_table t = { 0 };
	struct err err = { 0 };
	char name[24], *wide = noise(4095);
	for (int i = 0; i < MEMBERS_MAX; i++) {
		snprintf(name, sizeof(name), "%d", i);
		ck_assert_int_eq(member_table_add(&t, name, MEMBER_FILE, NULL, i, &err), 0);
	}
	ck_assert_int_eq(member_table_add(&t, "x", MEMBER_FILE, NULL, 0, &err), -1);
	ck_assert_msg(strstr(err.msg, "100000 members"), "%s", err.msg);
	member_table_sort(&t);
	const struct member_entry *e = member_table_find(&t, "99999");
	ck_assert(e && e->at == 99999 && !member_table_find(&t, "x"));
	member_table_done(&t);
	int n = 0;
	while (n < 10000 && member_table_add(&t, wide, MEMBER_FILE, NULL, 0, &err) == 0)
		n++;
	ck_assert_int_eq(n, (16 << 20) / 4095); /* names of 16 MiB together */
	member_table_done(&t);
	free(wide);
}
END_TEST

/* ---- folders ---- */

static char *folder_path(const struct store_fixture *f, const char *name)
{
	return mem_printf("%s/folder%s%s", f->top, *name ? "/" : "", name);
}

static void folder_file(const struct store_fixture *f, const char *name, const char *text)
{
	AUTO_FREE char *path = folder_path(f, name);
	put_text(path, text);
}

static void folder_make(const struct store_fixture *f)
{
	AUTO_FREE char *blobs = folder_path(f, "blobs/sha256");
	ck_assert_int_eq(fd_mkdir_p(blobs, 0755), 0);
	folder_file(f, "oci-layout", "layout");
	folder_file(f, "index.json", "index");
	folder_file(f, "blobs/sha256/" D1, "blob");
}

START_TEST(a_layout_may_be_a_folder)
{
	struct store_fixture f;
	struct opened o;
	struct err err = { 0 };
	fixture_make(&f);
	folder_make(&f);
	folder_file(&f, "README", "somebody's");
	AUTO_FREE char *top = folder_path(&f, ""), *link = folder_path(&f, "blobs/sha256/" D2);
	ck_assert_int_eq(symlink(D1, link), 0);
	ck_assert_msg(open_members(&f, top, BIG, &o, &err) == 1, "%s", err.msg);
	assert_member(o.members, "index.json", "index");
	assert_member(o.members, "blobs/sha256/" D1, "blob");
	assert_member(o.members, "blobs/sha256/" D2, "blob");
	ck_assert(members_has(o.members, "blobs") && !members_has(o.members, "manifest.json"));
	close_members(&o);
	AUTO_FREE char *docs = folder_path(&f, "docs");
	ck_assert_int_eq(mkdir(docs, 0755), 0);
	ck_assert_int_eq(open_members(&f, top, BIG, &o, &err), 0); /* its texts are no layout's */
	close_members(&o);
	folder_file(&f, "oci-layout", "{\"imageLayoutVersion\": \"1.0.0\"}");
	ck_assert_int_eq(open_members(&f, top, BIG, &o, &err), 1);
	close_members(&o);
	AUTO_FREE char *bin = folder_path(&f, "bin");
	ck_assert_int_eq(mkdir(bin, 0755), 0); /* a tree with a layout's files in it */
	ck_assert_int_eq(open_members(&f, top, BIG, &o, &err), 0);
	close_members(&o);
	fixture_remove(&f);
}
END_TEST

START_TEST(a_layout_may_lie_in_folders)
{
	struct store_fixture f;
	struct opened o;
	struct err err = { 0 };
	fixture_make(&f);
	folder_make(&f);
	AUTO_FREE char *plain = folder_path(&f, ""), *box = mem_printf("%s/box", f.top);
	AUTO_FREE char *inner = mem_printf("%s/box/inner", f.top), *to = mem_printf("%s/d", inner);
	ck_assert(mkdir(box, 0755) == 0 && mkdir(inner, 0755) == 0 && rename(plain, to) == 0);
	ck_assert_msg(open_members(&f, box, BIG, &o, &err) == 1, "%s", err.msg);
	assert_member(o.members, "index.json", "index");
	assert_member(o.members, "blobs/sha256/" D1, "blob");
	ck_assert(!members_has(o.members, "d"));
	close_members(&o);
	AUTO_FREE char *other = mem_printf("%s/other", inner),
		       *layout = mem_printf("%s/oci-layout", to);
	put_text(layout, "{\"imageLayoutVersion\": \"1.0.0\"}");
	ck_assert_int_eq(mkdir(other, 0755), 0);
	ck_assert_int_eq(open_members(&f, box, BIG, &o, &err), -1);
	ck_assert_msg(err.fault == FAULT_USAGE && strstr(err.msg, "in folder 'inner/d'"), "%s",
		      err.msg);
	close_members(&o);
	fixture_remove(&f);
}
END_TEST

static const struct {
	const char *label, *why;
} folder_kinds[] = {
	{ "fifo", "not a regular file" },
	{ "folder", "not a regular file" },
	{ "out", "leads out" },
	{ "absolute", "leads out" },
	{ "loop", "leads out" },
	{ "nowhere", "not in the folder" },
	{ "through a file", "not in the folder" },
	{ "socket", "not a regular file" },
};

static void make_odd(const struct store_fixture *f, const char *kind, const char *path)
{
	AUTO_FREE char *bird = mem_printf("%s/bird", f->canary);
	int got = 0;
	if (strcmp(kind, "fifo") == 0)
		got = mkfifo(path, 0600);
	else if (strcmp(kind, "socket") == 0)
		got = mknod(path, S_IFSOCK | 0600, 0);
	else if (strcmp(kind, "folder") == 0)
		got = mkdir(path, 0700);
	else if (strcmp(kind, "out") == 0)
		got = symlink("../../../canary/bird", path);
	else if (strcmp(kind, "absolute") == 0)
		got = symlink(bird, path);
	else if (strcmp(kind, "loop") == 0)
		got = symlink(D2, path);
	else
		got = symlink(strcmp(kind, "nowhere") == 0 ? "none" : D1 "/x", path);
	ck_assert_int_eq(got, 0);
}

START_TEST(odd_things_of_a_folder_are_refused)
{
	struct store_fixture f;
	struct opened o;
	struct err err = { 0 };
	AUTO_MEMBER *x = NULL;
	fixture_make(&f);
	folder_make(&f);
	AUTO_FREE char *top = folder_path(&f, ""), *odd = folder_path(&f, "blobs/sha256/" D2);
	make_odd(&f, folder_kinds[_i].label, odd);
	ck_assert_int_eq(open_members(&f, top, BIG, &o, &err), 1);
	ck_assert_int_eq(member_open(o.members, "blobs/sha256/" D2, &x, NULL, &err), -1);
	ck_assert_msg(err.fault == FAULT_USAGE && strstr(err.msg, folder_kinds[_i].why), "%s: '%s'",
		      folder_kinds[_i].label, err.msg);
	close_members(&o);
	fixture_remove(&f);
}
END_TEST

START_TEST(the_folder_of_dir_is_refused)
{
	struct store_fixture f;
	struct opened o;
	struct err err = { 0 };
	fixture_make(&f);
	AUTO_FREE char *top = folder_path(&f, "");
	ck_assert_int_eq(mkdir(top, 0755), 0);
	folder_file(&f, "version", "Directory Transport Version: 1.1\n");
	folder_file(&f, "manifest.json", "{}");
	ck_assert_int_eq(open_members(&f, top, BIG, &o, &err), -1);
	ck_assert_msg(err.fault == FAULT_USAGE && strstr(err.msg, "'dir:'"), "%s", err.msg);
	close_members(&o);
	folder_file(&f, "version", "12.5\n"); /* that of something else */
	ck_assert_int_eq(open_members(&f, top, BIG, &o, &err), 0);
	close_members(&o);
	fixture_remove(&f);
}
END_TEST

Suite *suite_import_members(void);
Suite *suite_import_members(void)
{
	Suite *s = suite_create("import/members");
	TCase *tc = tcase_create("members");
	tcase_set_timeout(tc, 120);
#define N(rows) (int)(sizeof(rows) / sizeof(*(rows)))
	tcase_add_loop_test(tc, a_kind, 0, N(kinds));
	tcase_add_test(tc, what_is_no_tar_is_left_to_others);
	tcase_add_loop_test(tc, members_are_read_in_any_order, TAR_PLAIN, TAR_BZ2 + 1);
	tcase_add_test(tc, two_members_at_once);
	tcase_add_test(tc, holes_are_zeros);
	tcase_add_test(tc, a_size_allows_itself);
	tcase_add_test(tc, a_spooled_archive_is_bounded);
	tcase_add_loop_test(tc, a_cut_archive_is_refused, TAR_PLAIN, TAR_BZ2 + 1);
	tcase_add_test(tc, what_is_no_file_is_not_opened);
	tcase_add_loop_test(tc, a_wrong_checksum_is_refused, 0, 3);
	tcase_add_loop_test(tc, a_link, 0, N(links));
	tcase_add_test(tc, the_table_is_bounded);
	tcase_add_test(tc, a_layout_may_be_a_folder);
	tcase_add_test(tc, a_layout_may_lie_in_folders);
	tcase_add_loop_test(tc, odd_things_of_a_folder_are_refused, 0, N(folder_kinds));
	tcase_add_test(tc, the_folder_of_dir_is_refused);
#undef N
	suite_add_tcase(s, tc);
	return s;
}
