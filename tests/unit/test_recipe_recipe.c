/* test_recipe_recipe.c - the shipped recipes, and what a recipe may say. */
#include "test_image_fixture.h"

#include <sys/wait.h>

#include "recipe/recipe_program.h"

/* The recipes lie in the source tree; the tests run in its top folder. */
static void use_shipped(struct store_fixture *f)
{
	AUTO_FREE char *cwd = getcwd(NULL, 0);
	free(f->p.bundles);
	f->p.bundles = mem_printf("%s/bundles", cwd);
	ck_assert_msg(access("bundles/host/recipe", R_OK) == 0, "run this in the source tree");
}

static void write_recipe(const struct store_fixture *f, const char *name, const char *text)
{
	AUTO_FREE char *dir = mem_printf("%s/%s", f->p.bundles, name);
	AUTO_FREE char *path = mem_printf("%s/recipe", dir);
	ck_assert_int_eq(fd_mkdir_p(dir, 0755), 0);
	put_text(path, text);
}

static int run_in(const char *rootfs, const char *const argv[])
{
	pid_t pid = fork();
	if (pid == 0) {
		if (chroot(rootfs) == 0 && chdir("/") == 0)
			execv(argv[0], (char *const *)(uintptr_t)argv);
		_exit(99);
	}
	int status = 0;
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return status;
}

static const struct {
	const char *label;
	const char *argv[5];
} commands[] = {
	{ "busybox", { "/bin/busybox", "true", NULL } },
	{ "sh", { "/bin/sh", "-c", "test $(id -un) = root && id -u student >/dev/null", NULL } },
	{ "env", { "/usr/bin/env", "-i", "/bin/true", NULL } },
};

START_TEST(busybox_runs)
{
	struct store_fixture f;
	struct image i = { 0 };
	struct err err = { 0 };
	fixture_make(&f);
	use_shipped(&f);
	mode_t old = umask(077);
	ck_assert_msg(image_open(&f.p, "busybox", &i, &err) == 0, "%s", err.msg);
	umask(old);
	for (size_t k = 0; k < sizeof(commands) / sizeof(*commands); k++) {
		int status = run_in(i.rootfs, commands[k].argv);
		ck_assert_msg(status == 0, "%s: %x", commands[k].label, (unsigned int)status);
	}
	ck_assert_uint_eq(stat_in(&i, "tmp").st_mode, S_IFDIR | 01777);
	ck_assert_uint_eq(stat_in(&i, "work").st_mode, S_IFDIR | 0755);
	ck_assert_uint_eq(stat_in(&i, "").st_mode, S_IFDIR | 0755);
	assert_text(&i, "etc/resolv.conf", "");
	ck_assert_uint_eq(i.n_binds, 0);
	AUTO_FREE char *first = mem_strdup(i.digest);
	image_done(&i);
	ck_assert_int_eq(image_build(&f.p, "busybox", &i, &err), 0);
	ck_assert_str_eq(i.digest, first);
	image_done(&i);
	fixture_remove(&f);
}
END_TEST

static const char *const secrets[] = { "shadow",      "gshadow",  "sudoers", "ssh",
				       "machine-id",  "hostname", "fstab",   "ssl/private",
				       "environment", NULL };

static void assert_host_tree(const struct image *i)
{
	struct stat st, there;
	bool usr = false;
	for (size_t k = 0; k < i->n_binds; k++) {
		const struct image_bind *b = &i->binds[k];
		ck_assert_msg(stat(b->source, &st) == 0, "%s", b->source);
		there = stat_in(i, b->destination);
		ck_assert_msg(S_ISDIR(st.st_mode) == S_ISDIR(there.st_mode) &&
				      !S_ISLNK(there.st_mode),
			      "%s", b->destination);
		usr |= strcmp(b->source, "/usr") == 0 && strcmp(b->destination, "/usr") == 0;
		ck_assert_msg(strncmp(b->source, "/etc/", 5) != 0 || !strstr(b->source, "shadow"),
			      "%s", b->source);
		ck_assert_str_ne(b->source, "/etc");
	}
	ck_assert(usr);
	ck_assert_int_eq(lstat("/bin", &st), 0);
	if (S_ISLNK(st.st_mode))
		ck_assert_uint_eq(stat_in(i, "bin").st_mode & S_IFMT, S_IFLNK);
	for (size_t k = 0; secrets[k]; k++) {
		AUTO_FREE char *path = mem_printf("%s/etc/%s", i->rootfs, secrets[k]);
		ck_assert_msg(access(path, F_OK) < 0, "/etc/%s is in the image", secrets[k]);
	}
}

START_TEST(host_binds_what_is_there_and_no_more)
{
	struct store_fixture f;
	struct image i = { 0 };
	struct err err = { 0 };
	fixture_make(&f);
	use_shipped(&f);
	ck_assert_msg(image_open(&f.p, "host", &i, &err) == 0, "%s", err.msg);
	assert_host_tree(&i);
	AUTO_BUF passwd = { 0 };
	AUTO_FREE char *path = mem_printf("%s/etc/passwd", i.rootfs);
	ck_assert_int_eq(file_read(AT_FDCWD, path, &passwd, 4096), 0);
	ck_assert_ptr_nonnull(strstr(passwd.data, "student:x:1000:1000:"));
	AUTO_FREE char *first = mem_strdup(i.digest);
	image_done(&i);
	ck_assert_int_eq(image_build(&f.p, "host", &i, &err), 0);
	ck_assert_str_eq(i.digest, first); /* the same packages */
	image_done(&i);
	fixture_remove(&f);
}
END_TEST

/* ---- an image that depends on the state of the host ---- */

static void make_state_recipe(struct store_fixture *f, const char *state)
{
	AUTO_FREE char *text = mem_printf(
		"{\"bind\": [\"%s/canary\", \"%s/gone\"], \"state\": [\"%s\", \"/nonexistent\"]}",
		f->top, f->top, state);
	write_recipe(f, "mine", text);
}

static char *open_digest(struct store_fixture *f, struct image *i)
{
	struct err err = { 0 };
	*i = (struct image){ 0 };
	ck_assert_msg(image_open(&f->p, "mine", i, &err) == 0, "%s", err.msg);
	return mem_strdup(i->digest);
}

START_TEST(the_digest_follows_the_packages)
{
	struct store_fixture f;
	struct image i;
	fixture_make(&f);
	AUTO_FREE char *state = mem_printf("%s/status", f.top);
	AUTO_FREE char *gone = mem_printf("%s/gone", f.top);
	ck_assert_int_eq(mkdir(gone, 0755), 0);
	put_text(state, "gcc 12");
	make_state_recipe(&f, state);
	AUTO_FREE char *one = open_digest(&f, &i);
	ck_assert_uint_eq(i.n_binds, 2);
	image_done(&i);
	AUTO_FREE char *again = open_digest(&f, &i);
	image_done(&i);
	ck_assert_str_eq(one, again);
	put_text(state, "gcc 13");
	ck_assert_int_eq(rmdir(gone), 0);
	AUTO_FREE char *two = open_digest(&f, &i);
	ck_assert_str_ne(one, two);
	ck_assert_uint_eq(i.n_binds, 1);
	image_done(&i);
	put_text(state, "gcc 12");
	AUTO_FREE char *back = open_digest(&f, &i);
	image_done(&i);
	ck_assert_str_eq(one, back);
	fixture_remove(&f);
}
END_TEST

START_TEST(a_held_host_follows_as_well)
{
	struct store_fixture f;
	struct image i;
	struct err err = { 0 };
	int hold = -1;
	fixture_make(&f);
	AUTO_FREE char *state = mem_printf("%s/status", f.top);
	AUTO_FREE char *gone = mem_printf("%s/gone", f.top);
	ck_assert_int_eq(mkdir(gone, 0755), 0);
	put_text(state, "gcc 12");
	make_state_recipe(&f, state);
	ck_assert_msg(image_hold(&f.p, "mine", &hold, &err) == 0, "%s", err.msg);
	AUTO_FREE char *one = open_digest(&f, &i);
	image_done(&i);
	put_text(state, "gcc 13");
	ck_assert_int_eq(rmdir(gone), 0);
	AUTO_FREE char *two = open_digest(&f, &i);
	ck_assert_str_ne(one, two);
	ck_assert_uint_eq(i.n_binds, 1); /* what is gone is not bound */
	image_done(&i);
	close(hold);
	AUTO_FREE char *three = open_digest(&f, &i);
	ck_assert_str_eq(two, three);
	image_done(&i);
	fixture_remove(&f);
}
END_TEST

START_TEST(a_changed_recipe_is_followed)
{
	struct store_fixture f;
	struct image i;
	fixture_make(&f);
	AUTO_FREE char *state = mem_printf("%s/status", f.top);
	put_text(state, "gcc 12");
	make_state_recipe(&f, state);
	AUTO_FREE char *one = open_digest(&f, &i);
	image_done(&i);
	AUTO_FREE char *text =
		mem_printf("{\"files\": {\"/new\": [\"a\", \"b\"]}, \"state\": [\"%s\"]}", state);
	write_recipe(&f, "mine", text);
	AUTO_FREE char *two = open_digest(&f, &i);
	ck_assert_str_eq(one, two); /* the digest is over the packages alone */
	assert_text(&i, "new", "a\nb\n");
	image_done(&i);
	/* Without a state an image stays as it was made. */
	write_recipe(&f, "fixed", "{\"files\": {\"/new\": [\"a\"]}}");
	struct image a = { 0 }, b = { 0 };
	struct err err = { 0 };
	ck_assert_int_eq(image_open(&f.p, "fixed", &a, &err), 0);
	write_recipe(&f, "fixed", "{\"files\": {\"/new\": [\"b\"]}}");
	ck_assert_int_eq(image_open(&f.p, "fixed", &b, &err), 0);
	ck_assert_str_eq(a.digest, b.digest);
	image_done(&a);
	image_done(&b);
	fixture_remove(&f);
}
END_TEST

START_TEST(two_runs_build_it_once)
{
	struct store_fixture f;
	fixture_make(&f);
	use_shipped(&f);
	pid_t pids[4];
	for (size_t k = 0; k < 4; k++) {
		pids[k] = fork();
		if (pids[k] == 0) {
			struct image i = { 0 };
			struct err err = { 0 };
			int fd = -1;
			_exit(image_hold(&f.p, "busybox", &fd, &err) < 0 ||
			      image_open(&f.p, "busybox", &i, &err) < 0 ||
			      access(i.rootfs, F_OK) < 0);
		}
	}
	for (size_t k = 0; k < 4; k++) {
		int status = -1;
		ck_assert_int_eq(waitpid(pids[k], &status, 0), pids[k]);
		ck_assert_int_eq(status, 0);
	}
	AUTO_FREE char *all = store_print(&f.p);
	ck_assert_ptr_eq(strchr(all, '\n'), all + strlen(all) - 1);
	fixture_remove(&f);
}
END_TEST

START_TEST(copies_are_public_only)
{
	struct store_fixture f;
	struct image i = { 0 };
	struct err err = { 0 };
	fixture_make(&f);
	AUTO_FREE char *open_file = mem_printf("%s/open", f.canary);
	put_text(open_file, "open");
	ck_assert_int_eq(chmod(open_file, 0644), 0); /* "bird" beside it is 0600 */
	AUTO_FREE char *text = mem_printf("{\"copy\": [\"%s\", \"%s/b*\"]}", f.canary, f.canary);
	write_recipe(&f, "mine", text);
	ck_assert_msg(image_build(&f.p, "mine", &i, &err) == 0, "%s", err.msg);
	AUTO_FREE char *kept = mem_printf("%s/open", f.canary + 1);
	assert_text(&i, kept, "open");
	AUTO_FREE char *secret = mem_printf("%s%s/bird", i.rootfs, f.canary);
	ck_assert_int_eq(access(secret, F_OK), -1);
	image_done(&i);
	fixture_remove(&f);
}
END_TEST

/* Put as a package has it, changed by an administrator, of no package, and dropped by its package. */
START_TEST(what_packages_have_is_copied_as_it_was_shipped)
{
	static const char *const names[] = { "shipped", "changed", "stray", "obsolete", "state" };
	static const char md5_open[] = "7cef8a734855777c2a9d0caf42666e69";
	struct store_fixture f;
	struct image i = { 0 };
	struct err err = { 0 };
	fixture_make(&f);
	for (size_t k = 0; k < sizeof names / sizeof *names; k++) {
		AUTO_FREE char *path = mem_printf("%s/%s", f.canary, names[k]);
		put_text(path, strcmp(names[k], "changed") == 0 ? "secret" : "open");
		ck_assert_int_eq(chmod(path, 0644), 0);
	}
	AUTO_FREE char *except = mem_printf("%s/except", f.canary),
		       *excepted = mem_printf("%s/except/x", f.canary);
	ck_assert_int_eq(mkdir(except, 0755), 0);
	put_text(excepted, "open");
	ck_assert_int_eq(chmod(excepted, 0644), 0);
	AUTO_FREE char *list = mem_printf("%s/x.list", f.canary),
		       *status = mem_printf("%s/status", f.canary);
	AUTO_FREE char *owned = mem_printf(
		"/.\n%s\n%s/shipped\n%s/changed\n%s/obsolete\n%s/state\n%s/bird\n%s/gone\n"
		"%s/except/x\n/etc/hostname\n",
		f.canary, f.canary, f.canary, f.canary, f.canary, f.canary, f.canary, f.canary);
	AUTO_FREE char *settings = mem_printf(
		"Package: x\nConffiles:\n %s/shipped %s\n %s/changed %s\n %s/obsolete %s obsolete\n"
		"Description: x\n %s/state %s obsolete\n",
		f.canary, md5_open, f.canary, md5_open, f.canary, md5_open, f.canary, md5_open);
	put_text(list, owned);
	put_text(status, settings);
	AUTO_FREE char *text = mem_printf(
		"{\"packaged\": {\"lists\": \"%s/*.list\", \"status\": \"%s\", \"below\": [\"%s\"], \"except\": [\"%s/ex*\"]}}",
		f.canary, status, f.canary, f.canary);
	write_recipe(&f, "mine", text);
	ck_assert_msg(image_build(&f.p, "mine", &i, &err) == 0, "%s", err.msg);
	for (size_t k = 0; k < sizeof names / sizeof *names; k++) {
		AUTO_FREE char *at = mem_printf("%s%s/%s", i.rootfs, f.canary, names[k]);
		const bool wanted = strcmp(names[k], "shipped") == 0 ||
				    strcmp(names[k], "state") == 0;
		ck_assert_msg((access(at, F_OK) == 0) == wanted, "%s", names[k]);
	}
	AUTO_FREE char *kept_away = mem_printf("%s%s", i.rootfs, except);
	ck_assert_int_eq(access(kept_away, F_OK), -1);
	AUTO_FREE char *private = mem_printf("%s%s/bird", i.rootfs, f.canary),
		       *other = mem_printf("%s/etc", i.rootfs);
	ck_assert_int_eq(access(private, F_OK), -1);
	ck_assert_int_eq(access(other, F_OK), -1);
	image_done(&i);
	fixture_remove(&f);
}
END_TEST

START_TEST(scripts_can_be_run)
{
	struct store_fixture f;
	struct image i = { 0 };
	struct err err = { 0 };
	fixture_make(&f);
	write_recipe(&f, "mine",
		     "{\"files\": {\"/script\": [\"#!/bin/sh\"], \"/text\": [\"# !/bin/sh\"], "
		     "\"/short\": [\"#\"], \"/empty\": []}}");
	ck_assert_msg(image_build(&f.p, "mine", &i, &err) == 0, "%s", err.msg);
	ck_assert_uint_eq(stat_in(&i, "script").st_mode, S_IFREG | 0755);
	ck_assert_uint_eq(stat_in(&i, "text").st_mode, S_IFREG | 0644);
	ck_assert_uint_eq(stat_in(&i, "short").st_mode, S_IFREG | 0644);
	ck_assert_uint_eq(stat_in(&i, "empty").st_mode, S_IFREG | 0644);
	image_done(&i);
	fixture_remove(&f);
}
END_TEST

/* ---- recipes that cannot be followed ---- */

static const struct {
	const char *label, *text, *why;
} bad[] = {
	{ "not JSON", "{", "line 1" },
	{ "unknown key", "{\"folder\": {}}", "unknown key 'folder'" },
	{ "mode", "{\"folders\": {\"/a\": \"rwx\"}}", "expected octal" },
	{ "set-id mode", "{\"folders\": {\"/a\": \"4755\"}}", "expected octal" },
	{ "lines", "{\"files\": {\"/a\": \"text\"}}", "an array of strings" },
	{ "dotdot", "{\"links\": {\"/../a\": \"b\"}}", "has '..'" },
	{ "packaged without lists", "{\"packaged\": {\"status\": \"/x\", \"below\": [\"/etc\"]}}",
	  ".packaged: 'lists', 'status' and 'below' are needed" },
	{ "an unknown key of packaged", "{\"packaged\": {\"list\": \"/x\"}}",
	  "unknown key 'list'" },
	{ "relative bind", "{\"bind\": [\"usr\"]}", "not an absolute path" },
	{ "bind with dotdot", "{\"bind\": [\"/usr/../etc\"]}", "not an absolute path" },
	{ "link at /tmp", "{\"links\": {\"/tmp\": \"var\"}}", "'/tmp' is a link" },
	{ "no program",
	  "{\"program\": {\"find\": [\"/nonexistent/busybox\"], \"package\": \"busybox-static\","
	  " \"to\": \"/bin/x\"}}",
	  "apt-get install busybox-static" },
	{ "dynamic program",
	  "{\"program\": {\"find\": [\"/bin/true\"], \"package\": \"busybox-static\", \"to\": "
	  "\"/x\"}}",
	  "'/bin/true' is not a static program" },
	{ "program that prints nothing",
	  "{\"program\": {\"find\": [\"/bin/busybox\"], \"package\": \"p\", \"to\": \"/x\","
	  " \"links\": [\"true\"]}}",
	  "did not tell its names" },
	{ "no packages", "{\"debian\": {}}", "expected at least one name of a package" },
	{ "empty packages", "{\"debian\": {\"packages\": []}}", "expected at least one" },
	{ "packages as text", "{\"debian\": {\"packages\": \"gcc\"}}",
	  "debian.packages: expected" },
	{ "unknown key of debian", "{\"debian\": {\"mirror\": \"x\"}}", "unknown key 'mirror'" },
	{ "option as package", "{\"debian\": {\"packages\": [\"-o\"]}}", "'-o' is not a name" },
	{ "two packages in one word", "{\"debian\": {\"packages\": [\"a,b\"]}}", "'a,b' is not" },
	{ "pattern of apt", "{\"debian\": {\"packages\": [\"?all\"]}}", "'?all' is not a name" },
	{ "order to remove", "{\"debian\": {\"packages\": [\"gcc-\"]}}", "'gcc-' is not a name" },
	{ "empty name", "{\"debian\": {\"packages\": [\"\"]}}", "'' is not a name" },
	{ "variant", "{\"debian\": {\"packages\": [\"gcc\"], \"variant\": \"tiny\"}}",
	  "'tiny' is not one of essential" },
	{ "suite with a slash", "{\"debian\": {\"packages\": [\"gcc\"], \"suite\": \"a/b\"}}",
	  "debian.suite: 'a/b' is not a name" },
	{ "relative exclude", "{\"debian\": {\"packages\": [\"gcc\"], \"exclude\": [\"usr\"]}}",
	  "debian.exclude: 'usr' is not an absolute path" },
	{ "exclude of two lines",
	  "{\"debian\": {\"packages\": [\"gcc\"], \"exclude\": [\"/a\\nno-pager\"]}}",
	  "debian.exclude: '/a?no-pager' is not an absolute path" },
	{ "remove with dotdot",
	  "{\"debian\": {\"packages\": [\"gcc\"], \"remove\": [\"/usr/../x\"]}}",
	  "debian.remove: '/usr/../x' is not an absolute path" },
};

START_TEST(a_bad_recipe_leaves_nothing)
{
	struct store_fixture f;
	struct image i = { 0 };
	struct err err = { 0 };
	fixture_make(&f);
	write_recipe(&f, "mine", bad[_i].text);
	ck_assert_msg(image_open(&f.p, "mine", &i, &err) == -1, "%s", bad[_i].label);
	ck_assert_msg(strstr(err.msg, bad[_i].why), "%s: %s", bad[_i].label, err.msg);
	AUTO_FREE char *all = store_print(&f.p);
	ck_assert_str_eq(all, "");
	fixture_remove(&f);
}
END_TEST

static const struct {
	const char *label, *path;
	int expect;
} programs[] = {
	{ "static", "/bin/busybox", 1 },
	{ "dynamic", "/bin/true", 0 },
	{ "script", "/usr/bin/ldd", 0 },
	{ "empty", "/dev/null", 0 },
};

START_TEST(static_programs_are_told_apart)
{
	AUTO_FD int fd = open(programs[_i].path, O_RDONLY);
	ck_assert_msg(fd >= 0, "%s", programs[_i].path);
	ck_assert_msg(recipe_program_is_static(fd) == programs[_i].expect, "%s",
		      programs[_i].label);
}
END_TEST

Suite *suite_recipe_recipe(void);
Suite *suite_recipe_recipe(void)
{
	TCase *tc = tcase_create("recipe");
#define N(rows) (int)(sizeof(rows) / sizeof(*(rows)))
	tcase_add_test(tc, busybox_runs);
	tcase_add_test(tc, host_binds_what_is_there_and_no_more);
	tcase_add_test(tc, the_digest_follows_the_packages);
	tcase_add_test(tc, a_held_host_follows_as_well);
	tcase_add_test(tc, a_changed_recipe_is_followed);
	tcase_add_test(tc, two_runs_build_it_once);
	tcase_add_test(tc, copies_are_public_only);
	tcase_add_test(tc, what_packages_have_is_copied_as_it_was_shipped);
	tcase_add_test(tc, scripts_can_be_run);
	tcase_add_loop_test(tc, a_bad_recipe_leaves_nothing, 0, N(bad));
	tcase_add_loop_test(tc, static_programs_are_told_apart, 0, N(programs));
#undef N
	return root_suite("recipe/recipe", tc);
}
