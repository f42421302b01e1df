/* test_import_import_child.c - what is in reach of a reader of images that was taken over. */
#include <sys/syscall.h>

#include "import/import.h"
#include "test_image_fixture.h"

/* The real work, then what an attacker would do behind it. */
struct attack {
	struct import_source source;
	void (*try)(const struct attack *a, int root, struct buf *said);
	ino_t host_root;
	pid_t parent;
};

static int work(void *ctx, int root, int other, struct import_report *r, struct buf *text)
{
	struct attack *a = ctx;

	if (import_read(&a->source, root, other, r, text) < 0)
		return -1;
	a->try(a, root, text);
	return 0;
}

/* Every descriptor, as the begin of a way up. */
static void leave_the_chroot(const struct attack *a, int root, struct buf *said)
{
	(void)root;
	for (int fd = 0; fd < 64; fd++) {
		int up = openat(fd, "../../../../../../../../../../../..", O_RDONLY | O_DIRECTORY);
		struct stat st;
		if (up >= 0 && fstat(up, &st) == 0 && st.st_ino == a->host_root)
			buf_printf(said, "descriptor %d leads out ", fd);
		if (up >= 0)
			close(up);
	}
}

static void reach_processes(const struct attack *a, int root, struct buf *said)
{
	(void)root;
	if (syscall(SYS_tgkill, a->parent, a->parent, 0) == 0)
		buf_str(said, "tgkill ");
	if (syscall(SYS_tgkill, getpid(), syscall(SYS_gettid), 0) < 0)
		buf_str(said, "no signal to itself ");
	if (fcntl(CHILD_REPORT, F_SETOWN, a->parent) == 0)
		buf_str(said, "F_SETOWN ");
	if (fcntl(CHILD_REPORT, F_SETFL, O_ASYNC) == 0)
		buf_str(said, "O_ASYNC ");
	if (fcntl(CHILD_REPORT, F_GETFL) < 0)
		buf_str(said, "no F_GETFL ");
}

static void use_stdio(const struct attack *a, int root, struct buf *said)
{
	char c;
	(void)a;
	(void)root;
	if (read(0, &c, 1) != 0)
		buf_str(said, "stdin has something ");
	if (write(1, "", 1) != 1)
		buf_str(said, "stdout takes nothing ");
}

static void nothing(const struct attack *a, int root, struct buf *said)
{
	(void)a;
	(void)root;
	(void)said;
}

static const struct row {
	const char *label;
	bool folder;
	void (*try)(const struct attack *a, int root, struct buf *said);
} rows[] = {
	{ "no attack", false, nothing },
	{ "out of the chroot, from a tar", false, leave_the_chroot },
	{ "out of the chroot, from a folder", true, leave_the_chroot },
	{ "other processes", true, reach_processes },
	{ "stdio", false, use_stdio },
};

static int open_source(const struct store_fixture *f, const struct row *row)
{
	struct archive *a = tar_open(f->tar, TAR_PLAIN);
	tar_file(a, "a", "1");
	tar_close(a);
	return open(row->folder ? f->canary : f->tar, O_RDONLY | O_CLOEXEC);
}

START_TEST(a_reader_that_was_taken_over_has_its_folder_alone)
{
	const struct row *row = &rows[_i];
	struct store_fixture f;
	struct image_folder folder = IMAGE_FOLDER_NONE;
	struct import_report r;
	struct stat st;
	struct err err = { 0 };
	AUTO_BUF said = { 0 };

	fixture_make(&f);
	/* A folder as stdin is such a descriptor too. */
	AUTO_FD int in = open(f.canary, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_eq(dup2(in, 0), 0);
	ck_assert_int_eq(stat("/", &st), 0);
	struct attack attack = {
		.source = { .name = "x", .is_folder = row->folder, .max_bytes = BIG },
		.try = row->try,
		.host_root = st.st_ino,
		.parent = getpid()
	};
	AUTO_FD int source = open_source(&f, row);
	ck_assert_msg(folder_new(&f.p, &folder, &err) == 0, "%s", err.msg);
	const struct import_call call = { .work = work,
					  .ctx = &attack,
					  .root = folder.dir,
					  .other = source,
					  .lock = folder.dir };
	ck_assert_msg(import_child(&call, &r, &said, &err) == 0, "%s: %s", row->label, err.msg);
	ck_assert_msg(said.len == 0, "%s: %s", row->label, said.data);
	folder_drop(&folder);
	fixture_remove(&f);
}
END_TEST

/* ---- what it leaves in its folder ---- */

static void leave_link(const struct image_folder *f, const char *target)
{
	ck_assert_int_eq(symlinkat(target, f->dir, "image.json"), 0);
}

static void leave_tree(const struct image_folder *f, const char *target)
{
	ck_assert_int_eq(unlinkat(f->dir, "rootfs", AT_REMOVEDIR), 0);
	ck_assert_int_eq(symlinkat(target, f->dir, "rootfs"), 0);
}

static void leave_setid(const struct image_folder *f, const char *target)
{
	(void)target;
	AUTO_FD int fd = openat(f->rootfs, "su", O_WRONLY | O_CREAT | O_EXCL, 0755);
	ck_assert_int_eq(fchmod(fd, 04755), 0);
}

static const struct {
	const char *label, *why;
	void (*leave)(const struct image_folder *f, const char *target);
} leavings[] = {
	{ "a link where we write", "'image.json' lies beside the tree", leave_link },
	{ "a link as the tree", "was replaced", leave_tree },
	{ "a program with set-id bits", "'su' has set-id bits", leave_setid },
};

START_TEST(what_it_leaves_beside_the_tree_is_not_believed)
{
	struct store_fixture f;
	struct image_folder folder = IMAGE_FOLDER_NONE;
	struct image_meta m = { .image.name = mem_strdup("x") };
	struct err err = { 0 };

	fixture_make(&f);
	AUTO_FREE char *bird = mem_printf("%s/bird", f.canary);
	ck_assert_msg(folder_new(&f.p, &folder, &err) == 0, "%s", err.msg);
	leavings[_i].leave(&folder, bird);
	ck_assert_int_eq(folder_commit(&folder, &m, &err), -1);
	ck_assert_int_eq(err.fault, FAULT_INFRA);
	ck_assert_msg(strstr(err.msg, leavings[_i].why), "%s: %s", leavings[_i].label, err.msg);
	folder_drop(&folder);
	meta_done(&m);
	AUTO_BUF text = { 0 };
	ck_assert_int_eq(file_read(AT_FDCWD, bird, &text, 100), 0);
	ck_assert_str_eq(text.data, "alive");
	AUTO_FREE char *store = store_print(&f.p);
	ck_assert_str_eq(store, "");
	fixture_remove(&f);
}
END_TEST

Suite *suite_import_import_child(void);
Suite *suite_import_import_child(void)
{
	TCase *tc = tcase_create("import_child");
	tcase_add_loop_test(tc, a_reader_that_was_taken_over_has_its_folder_alone, 0,
			    sizeof(rows) / sizeof(*rows));
	tcase_add_loop_test(tc, what_it_leaves_beside_the_tree_is_not_believed, 0,
			    sizeof(leavings) / sizeof(*leavings));
	return root_suite("import/import_child", tc);
}
