/* test_image_store.c - names, replacement, locks, leftovers. */
#include "test_image_fixture.h"

#include <errno.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <sys/xattr.h>

#include "import/import.h"

static void write_tar(struct store_fixture *f, const char *text)
{
	struct archive *a = tar_open(f->tar, TAR_PLAIN);
	tar_file(a, "etc/version", text);
	tar_close(a);
}

static void import_text(struct store_fixture *f, const char *name, const char *text)
{
	struct image i;
	write_tar(f, text);
	import_ok(f, name, f->tar, &i);
	image_done(&i);
}

static char *listed(const struct store_fixture *f)
{
	struct err err = { 0 };
	AUTO_STRV names = NULL;
	AUTO_BUF all = { 0 };
	ck_assert_msg(image_list(&f->p, &names, &err) == 0, "%s", err.msg);
	for (size_t i = 0; names[i]; i++)
		buf_printf(&all, "%s ", names[i]);
	return buf_take(&all);
}

#define A60 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static const struct {
	const char *label, *name;
	bool good;
} names[] = {
	{ "letters", "debian-c", true },
	{ "all that is allowed", "0a._-z", true },
	{ "200", A60 A60 A60 "12345678901234567890", true },
	{ "201", A60 A60 A60 "123456789012345678901", false },
	{ "empty", "", false },
	{ "capital", "Debian", true },
	{ "a tag", "built:1", true },
	{ "a tag in a repository", "localhost:5000/school/built:V1.2", true },
	{ "first is a slash", "/built", false },
	{ "last is a slash", "built/", false },
	{ "two slashes", "school//built", false },
	{ "no tag", "built:", false },
	{ "dots in the middle", "a/../b", false },
	{ "per cent", "a%b", false },
	{ "not ASCII", "caf\xc3\xa9", false },
	{ "first is a dot", ".new-x", false },
	{ "first is a dash", "-x", false },
	{ "dots", "..", false },
	{ "control byte", "a\033[31m", false },
	{ "host is the host", "host", false },
};

START_TEST(names_are_checked)
{
	struct store_fixture f;
	struct image i = { 0 };
	struct err err = { 0 };
	fixture_make(&f);
	write_tar(&f, "1");
	int got = image_import(&f.p, names[_i].name, f.tar, BIG, &i, &err);
	ck_assert_msg(got == (names[_i].good ? 0 : -1), "%s: %d", names[_i].label, got);
	AUTO_FREE char *all = listed(&f);
	if (names[_i].good) {
		ck_assert_int_eq(strncmp(all, names[_i].name, strlen(names[_i].name)), 0);
		image_done(&i);
	} else {
		ck_assert_int_eq(err.fault, FAULT_USAGE);
		ck_assert_str_eq(all, "");
		ck_assert_ptr_null(strchr(err.msg, '\033'));
	}
	fixture_remove(&f);
}
END_TEST

START_TEST(an_unknown_image_lists_what_there_is)
{
	struct store_fixture f;
	struct image i = { 0 };
	struct err err = { 0 };
	fixture_make(&f);
	ck_assert_int_eq(image_open(&f.p, "none", &i, &err), -1);
	ck_assert_str_eq(err.msg, "no image 'none'; there is none");
	import_text(&f, "b", "1");
	import_text(&f, "a", "1");
	AUTO_FREE char *all = listed(&f);
	ck_assert_str_eq(all, "a b ");
	int fd = -1;
	ck_assert_int_eq(image_open(&f.p, "none", &i, &err), -1);
	ck_assert_str_eq(err.msg, "no image 'none'; there is a, b");
	ck_assert_int_eq(err.fault, FAULT_USAGE);
	ck_assert_int_eq(image_remove(&f.p, "none", &err), -1);
	ck_assert_int_eq(err.fault, FAULT_USAGE);
	ck_assert_int_eq(image_hold(&f.p, "none", &fd, &err), -1);
	ck_assert_int_eq(err.fault, FAULT_USAGE);
	ck_assert_int_eq(image_build(&f.p, "none", &i, &err), -1);
	ck_assert_int_eq(err.fault, FAULT_USAGE);
	fixture_remove(&f);
}
END_TEST

START_TEST(opening_gives_what_the_import_gave)
{
	struct store_fixture f;
	struct image a, b = { 0 };
	struct err err = { 0 };
	int64_t bytes = -1;
	fixture_make(&f);
	write_tar(&f, "one");
	import_ok(&f, "x", f.tar, &a);
	ck_assert_msg(image_open(&f.p, "x", &b, &err) == 0, "%s", err.msg);
	ck_assert_str_eq(a.digest, b.digest);
	AUTO_FREE char *rootfs = mem_printf("%s/x/rootfs", f.p.images);
	ck_assert_str_eq(b.rootfs, rootfs);
	ck_assert_str_eq(b.name, "x");
	ck_assert_uint_eq(b.n_binds, 0);
	ck_assert_uint_eq(strv_len(b.layers), 0);
	ck_assert_int_eq(image_size(&f.p, "x", &bytes, &err), 0);
	ck_assert_int_eq(bytes, 3);
	image_done(&a);
	image_done(&b);
	fixture_remove(&f);
}
END_TEST

START_TEST(an_image_is_replaced_and_removed_whole)
{
	struct store_fixture f;
	struct image i = { 0 };
	struct err err = { 0 };
	fixture_make(&f);
	import_text(&f, "x", "one");
	AUTO_FREE char *one = store_print(&f.p);
	import_text(&f, "x", "two");
	AUTO_FREE char *two = store_print(&f.p);
	ck_assert_str_ne(one, two);
	ck_assert_ptr_eq(strchr(two, '\n'), two + strlen(two) - 1); /* one folder, nothing else */
	ck_assert_int_eq(image_open(&f.p, "x", &i, &err), 0);
	assert_text(&i, "etc/version", "two");
	image_done(&i);
	ck_assert_msg(image_remove(&f.p, "x", &err) == 0, "%s", err.msg);
	AUTO_FREE char *none = store_print(&f.p);
	ck_assert_str_eq(none, "");
	fixture_remove(&f);
}
END_TEST

START_TEST(a_held_image_stays)
{
	struct store_fixture f;
	struct image i = { 0 };
	struct err err = { 0 };
	int first = -1, second = -1;
	fixture_make(&f);
	import_text(&f, "x", "one");
	ck_assert_msg(image_hold(&f.p, "x", &first, &err) == 0, "%s", err.msg);
	ck_assert_msg(image_hold(&f.p, "x", &second, &err) == 0, "%s", err.msg);
	AUTO_FREE char *before = store_print(&f.p);
	write_tar(&f, "two");
	ck_assert_int_eq(image_import(&f.p, "x", f.tar, BIG, &i, &err), -1);
	ck_assert_int_eq(err.fault, FAULT_USAGE);
	ck_assert_ptr_nonnull(strstr(err.msg, "in use"));
	close(first);
	ck_assert_int_eq(image_remove(&f.p, "x", &err), -1);
	ck_assert_int_eq(err.fault, FAULT_USAGE);
	ck_assert_ptr_nonnull(strstr(err.msg, "in use"));
	AUTO_FREE char *after = store_print(&f.p);
	ck_assert_str_eq(before, after);
	import_text(&f, "other", "one"); /* holds nobody else up */
	close(second);
	import_text(&f, "x", "two");
	ck_assert_int_eq(image_remove(&f.p, "x", &err), 0);
	fixture_remove(&f);
}
END_TEST

/* Somebody holds the image between the first look and the last step. */
START_TEST(a_hold_during_an_import_wins)
{
	struct store_fixture f;
	struct err err = { 0 };
	struct image_folder folder;
	struct image_meta m = { .image.name = mem_strdup("x"),
				.image.digest = mem_strdup("sha256:0") };
	int hold = -1;
	fixture_make(&f);
	import_text(&f, "x", "one");
	AUTO_FREE char *before = store_print(&f.p);
	ck_assert_int_eq(folder_new(&f.p, &folder, &err), 0);
	ck_assert_int_eq(image_hold(&f.p, "x", &hold, &err), 0);
	ck_assert_int_eq(folder_commit(&folder, &m, &err), -1);
	ck_assert_int_eq(err.fault, FAULT_USAGE);
	folder_drop(&folder);
	AUTO_FREE char *after = store_print(&f.p);
	ck_assert_str_eq(before, after);
	close(hold);
	meta_done(&m);
	fixture_remove(&f);
}
END_TEST

static int count_marked(const struct store_fixture *f)
{
	AUTO_DIR DIR *d = opendir(f->p.images);
	int n = 0;
	for (struct dirent *e; d && (e = readdir(d));)
		n += strncmp(e->d_name, ".new-", 5) == 0;
	return n;
}

START_TEST(a_sweep_takes_only_what_nobody_works_on)
{
	struct store_fixture f;
	struct err err = { 0 };
	int ready[2], removed = -1;
	char c;
	fixture_make(&f);
	ck_assert_int_eq(image_sweep(&f.p, &removed, &err), 0); /* no store yet */
	ck_assert_int_eq(removed, 0);
	import_text(&f, "x", "one");
	AUTO_FREE char *before = store_print(&f.p);
	ck_assert_int_eq(pipe(ready), 0);
	pid_t pid = fork();
	if (pid == 0) {
		struct image_folder folder;
		_exit(folder_new(&f.p, &folder, &err) < 0 ||
		      mkdirat(folder.rootfs, "half", 0) < 0 || write(ready[1], "x", 1) != 1 ||
		      pause());
	}
	ck_assert_int_eq(read(ready[0], &c, 1), 1);
	ck_assert_int_eq(image_sweep(&f.p, &removed, &err), 0);
	ck_assert_int_eq(removed, 0);
	ck_assert_int_eq(count_marked(&f), 1);
	AUTO_FREE char *all = listed(&f);
	ck_assert_str_eq(all, "x ");
	ck_assert_int_eq(kill(pid, SIGKILL), 0);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	ck_assert_int_eq(image_sweep(&f.p, &removed, &err), 0);
	ck_assert_int_eq(removed, 1);
	AUTO_FREE char *after = store_print(&f.p);
	ck_assert_str_eq(before, after);
	close(ready[0]);
	close(ready[1]);
	fixture_remove(&f);
}
END_TEST

START_TEST(an_import_sweeps)
{
	struct store_fixture f;
	fixture_make(&f);
	import_text(&f, "x", "one");
	AUTO_FREE char *left = mem_printf("%s/.new-dead/rootfs/usr", f.p.images);
	ck_assert_int_eq(fd_mkdir_p(left, 0755), 0);
	ck_assert_int_eq(count_marked(&f), 1);
	import_text(&f, "x", "two");
	ck_assert_int_eq(count_marked(&f), 0);
	fixture_remove(&f);
}
END_TEST

START_TEST(a_killed_import_leaves_only_a_marked_folder)
{
	struct store_fixture f;
	struct err err = { 0 };
	struct image i = { 0 };
	fixture_make(&f);
	import_text(&f, "x", "one");
	AUTO_FREE char *before = store_print(&f.p);
	/* Large enough to be killed on the way; it does not matter where. */
	AUTO_FREE char *text = mem_alloc(4 << 20);
	memset(text, 'a', (4 << 20) - 1);
	struct archive *a = tar_open(f.tar, TAR_PLAIN);
	for (int n = 0; n < 16; n++) {
		char name[16];
		snprintf(name, sizeof(name), "etc/%d", n);
		tar_file(a, name, text);
	}
	tar_close(a);
	pid_t pid = fork();
	if (pid == 0)
		_exit(image_import(&f.p, "x", f.tar, BIG, &i, &err) < 0);
	while (count_marked(&f) == 0 && waitpid(pid, NULL, WNOHANG) == 0)
		;
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	/* The reader dies with its parent, a moment later; until then its folder is not touched. */
	while (count_marked(&f) > 0)
		ck_assert_int_eq(image_sweep(&f.p, NULL, &err), 0);
	AUTO_FREE char *after = store_print(&f.p);
	ck_assert_str_eq(before, after);
	fixture_remove(&f);
}
END_TEST

START_TEST(a_damaged_store_is_no_fault_of_the_user)
{
	struct store_fixture f;
	struct err err = { 0 };
	struct image i = { 0 };
	fixture_make(&f);
	import_text(&f, "x", "one");
	AUTO_FREE char *json = mem_printf("%s/x/image.json", f.p.images);
	put_text(json, "{\"digest\": 5}");
	ck_assert_int_eq(image_open(&f.p, "x", &i, &err), -1);
	ck_assert_int_eq(err.fault, FAULT_INFRA);
	ck_assert_ptr_nonnull(strstr(err.msg, "x/image.json"));
	ck_assert_int_eq(unlink(json), 0);
	ck_assert_int_eq(image_open(&f.p, "x", &i, &err), -1);
	ck_assert_int_eq(err.fault, FAULT_INFRA);
	import_text(&f, "x", "one"); /* mends it */
	ck_assert_int_eq(image_open(&f.p, "x", &i, &err), 0);
	image_done(&i);
	fixture_remove(&f);
}
END_TEST

START_TEST(everything_of_an_image_is_kept)
{
	struct err err = { 0 };
	struct image_meta m = { .bytes = 5, .entries = 6, .recipe_sha256 = mem_strdup("ab") }, got;
	char top[] = "/tmp/moulette-unit-image-XXXXXX";
	ck_assert_ptr_nonnull(mkdtemp(top));
	m.image = (struct image){ .name = mem_strdup("x"),
				  .digest = mem_strdup("sha256:1"),
				  .user = mem_strdup("1001:0"),
				  .working_dir = mem_strdup("/srv"),
				  .dropped_setid = 1,
				  .dropped_devices = 2,
				  .dropped_capabilities = 3,
				  .dropped_pipes = 4 };
	strv_add(&m.image.env, "A=B=C");
	strv_add(&m.image.layers, "sha256:2");
	meta_add_bind(&m.image, "/usr", "/usr2");
	m.state = mem_alloc(sizeof(*m.state));
	m.n_state = 1;
	m.state[0] = (struct state_stamp){ mem_strdup("/x"), 1, 2, 1800000000123456789, 4 };
	AUTO_FD int dir = open(top, O_RDONLY | O_DIRECTORY);
	ck_assert_int_eq(meta_write(dir, &m, &err), 0);
	ck_assert_msg(meta_load(dir, "x", &got, &err) == 0, "%s", err.msg);
	ck_assert_str_eq(got.image.digest, "sha256:1");
	ck_assert_str_eq(got.image.user, "1001:0");
	ck_assert_str_eq(got.image.working_dir, "/srv");
	ck_assert_str_eq(got.image.env[0], "A=B=C");
	ck_assert_str_eq(got.image.layers[0], "sha256:2");
	ck_assert_str_eq(got.image.binds[0].destination, "/usr2");
	ck_assert_int_eq(got.image.dropped_capabilities, 3);
	ck_assert_int_eq(got.image.dropped_pipes, 4);
	ck_assert_int_eq(got.state[0].mtime_ns, 1800000000123456789);
	ck_assert_str_eq(got.recipe_sha256, "ab");
	ck_assert_int_eq(got.bytes, 5);
	meta_done(&got);
	meta_done(&m);
	ck_assert_int_eq(tree_remove_at(AT_FDCWD, top), 0);
}
END_TEST

/* ---- the walls of the reader ---- */

static int in_confinement(int (*attempt)(void))
{
	char top[] = "/tmp/moulette-unit-image-XXXXXX";
	struct err err = { 0 };
	ck_assert_ptr_nonnull(mkdtemp(top));
	pid_t pid = fork();
	if (pid == 0) {
		int root = open(top, O_RDONLY | O_DIRECTORY);
		_exit(import_confine(root, &err) < 0 ? 100 : attempt());
	}
	int status = 0;
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(tree_remove_at(AT_FDCWD, top), 0);
	ck_assert(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static int try_write(void)
{
	return file_write(AT_FDCWD, "/own", "x") < 0;
}
static int try_host_file(void)
{
	return open("/etc/passwd", O_RDONLY) < 0 && open("../../etc/passwd", O_RDONLY) < 0;
}
static int try_exec(void)
{
	char *const argv[] = { NULL };
	return execve("/proc/self/exe", argv, argv) < 0 && errno == ENOSYS;
}
static int try_fork(void)
{
	return fork() < 0;
}
static int try_chroot(void)
{
	return chroot("/") < 0;
}
static int try_mknod(void)
{
	return mknod("/null", S_IFCHR | 0666, 259) < 0;
}
static int try_signal(void)
{
	return kill(getppid(), 0) < 0;
}

static int try_capability(void) /* trusted.* wants CAP_SYS_ADMIN */
{
	int fd = open("/", O_RDONLY | O_DIRECTORY);
	return fsetxattr(fd, "user.x", "x", 1, 0) == 0 &&
	       fsetxattr(fd, "trusted.x", "x", 1, 0) < 0 && errno == EPERM;
}

static const struct {
	const char *label;
	int (*attempt)(void);
	int expect;
} walls[] = {
	{ "its own tree can be written", try_write, 0 },
	{ "files of the host", try_host_file, 1 },
	{ "exec", try_exec, 1 },
	{ "fork", try_fork, 1 },
	{ "chroot", try_chroot, 1 },
	{ "mknod", try_mknod, 1 },
	{ "signals", try_signal, 1 },
	{ "other capabilities", try_capability, 1 },
};

START_TEST(the_reader_is_confined)
{
	int got = in_confinement(walls[_i].attempt);
	ck_assert_msg(got == walls[_i].expect, "%s: %d", walls[_i].label, got);
}
END_TEST

Suite *suite_image_store(void);
Suite *suite_image_store(void)
{
	TCase *tc = tcase_create("store");
#define N(rows) (int)(sizeof(rows) / sizeof(*(rows)))
	tcase_add_loop_test(tc, names_are_checked, 0, N(names));
	tcase_add_test(tc, an_unknown_image_lists_what_there_is);
	tcase_add_test(tc, opening_gives_what_the_import_gave);
	tcase_add_test(tc, an_image_is_replaced_and_removed_whole);
	tcase_add_test(tc, a_held_image_stays);
	tcase_add_test(tc, a_hold_during_an_import_wins);
	tcase_add_test(tc, a_sweep_takes_only_what_nobody_works_on);
	tcase_add_test(tc, an_import_sweeps);
	tcase_add_test(tc, a_killed_import_leaves_only_a_marked_folder);
	tcase_add_test(tc, a_damaged_store_is_no_fault_of_the_user);
	tcase_add_test(tc, everything_of_an_image_is_kept);
	tcase_add_loop_test(tc, the_reader_is_confined, 0, N(walls));
#undef N
	return root_suite("image_store", tc);
}
