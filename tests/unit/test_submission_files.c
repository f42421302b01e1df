/* test_submission_files.c - `files`: where they may go, what they may not show, how they are laid
 * over what students left there. */
#include "submission/assignment.h"
#include "submission/files.h"

#include <errno.h>

#include "test_submission_tree.h"

Suite *suite_submission_files(void);

#define UID 12345u
#define GID 23456u

static struct assignment a;
static struct err err;
static char **replaced;
static int work = -1;

/* a/ is the assignment, w/ the work folder, o/ a place outside of both. */
static void setup(void)
{
	tree_setup();
	memset(&a, 0, sizeof a);
	memset(&err, 0, sizeof err);
	put("a/h/main.c", "teacher's");
	put("a/h/sub/x.h", "x");
	put("a/h/run", "#!/bin/sh\n");
	ck_assert_int_eq(fchmodat(tree_fd, "a/h/run", 0700, 0), 0);
	put("a/one.h", "one");
	put("a/t/1.out", "secret");
	put("w/", "");
	put("o/outside", "untouched");
	work = openat(tree_fd, "w", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(work, 0);
}

static void teardown(void)
{
	close(work);
	assignment_done(&a);
	strv_free(replaced);
	replaced = NULL;
	tree_teardown();
}

static int load(const char *files)
{
	AUTO_FREE char *json = mem_printf("{\"tests\": [{\"name\": \"x\", \"stdout\": "
					  "\"t/1.out\"}], "
					  "\"files\": %s}",
					  files);
	AUTO_FREE char *dir = mem_printf("%s/a", tree);
	put("a/assignment.json", json);
	return assignment_load(dir, &a, &err);
}

static void lay(const char *files)
{
	int got = load(files);
	ck_assert_msg(got == 0, "%s", err.msg);
	got = files_lay(a.files, a.n_files, work, UID, GID, &replaced, &err);
	ck_assert_msg(got == 0, "%s", err.msg);
}

#define ENTRY(from, to) "[{\"from\": \"" from "\", \"to\": \"" to "\"}]"

/* --- where things go -------------------------------------------------------------------------- */

/* to: what becomes of it; NULL: refused with these words. */
static const struct {
	const char *label, *json, *to, *why;
} places[] = {
	{ "folder, absolute", ENTRY("h/", "/grader"), "/grader", NULL },
	{ "folder, slashes", ENTRY("h", "//grader/./x//"), "/grader/x", NULL },
	{ "file, absolute", ENTRY("one.h", "/usr/include/one.h"), "/usr/include/one.h", NULL },
	{ "file into a folder", ENTRY("one.h", "/grader/"), "/grader/one.h", NULL },
	{ "folder, relative", ENTRY("h/", "lib"), "lib", NULL },
	{ "folder, onto the work folder", ENTRY("h/", "./"), ".", NULL },
	{ "folder, onto the work folder, dot", ENTRY("h", "."), ".", NULL },
	{ "file, relative", ENTRY("one.h", "inc/two.h"), "inc/two.h", NULL },
	{ "file into a relative folder", ENTRY("one.h", "inc/"), "inc/one.h", NULL },
	{ "file into the work folder", ENTRY("one.h", "./"), "one.h", NULL },
	{ "file into the work folder, dot", ENTRY("one.h", "."), "one.h", NULL },
	{ "file into a dotted folder", ENTRY("one.h", "inc/."), "inc/one.h", NULL },
	{ "names that look alike", ENTRY("h", "/workshop"), "/workshop", NULL },
	{ "dots in names", ENTRY("h", "..x"), "..x", NULL },
	{ "root", ENTRY("h", "/"), NULL, "files[0].to: cannot be the root of the box" },
	{ "root, dotted", ENTRY("h", "/./"), NULL, "cannot be the root" },
	{ "file in the root", ENTRY("one.h", "/"), "/one.h", NULL },
	{ "proc", ENTRY("h", "/proc"), NULL, "'/proc' lies in the box's own /proc" },
	{ "below proc", ENTRY("h", "/proc/self"), NULL, "own /proc" },
	{ "sys", ENTRY("h", "/sys/x"), NULL, "own /sys" },
	{ "dev", ENTRY("h", "//dev/"), NULL, "own /dev" },
	{ "work", ENTRY("h", "/work"), NULL, "own /work" },
	{ "below work", ENTRY("h", "/work/h"), NULL, "own /work" },
	{ "tmp", ENTRY("h", "/tmp/h"), NULL, "own /tmp" },
	{ "up, relative", ENTRY("h", "../h"), NULL, "has a '..'" },
	{ "up, inside", ENTRY("h", "a/../h"), NULL, "has a '..'" },
	{ "up, absolute", ENTRY("h", "/grader/../work"), NULL, "has a '..'" },
	{ "control character", ENTRY("h", "a\\nb"), NULL, "has a control character" },
	{ "empty to", ENTRY("h", ""), NULL, "'from' and 'to' are needed" },
	{ "no to", "[{\"from\": \"h\"}]", NULL, "'from' and 'to' are needed" },
	{ "no from", "[{\"to\": \"h\"}]", NULL, "'from' and 'to' are needed" },
	{ "unknown key", "[{\"from\": \"h\", \"to\": \"h\", \"mode\": 1}]", NULL,
	  "unknown key 'mode'" },
	{ "no list", "{}", NULL, "assignment.files: expected an array" },
	{ "from is missing", ENTRY("nothing", "h"), NULL, "files[0].from: cannot read 'nothing'" },
	{ "from is absolute", ENTRY("/etc", "h"), NULL, "'/etc' is absolute" },
	{ "from leaves", ENTRY("../o", "h"), NULL, "'../o' leaves the assignment" },
	{ "one place twice",
	  "[{\"from\": \"h\", \"to\": \"/g\"}, {\"from\": \"one.h\", \"to\": "
	  "\"/g\"}]",
	  NULL, "files[1].to: '/g' overlaps with '/g' of an earlier entry" },
	{ "a place in another",
	  "[{\"from\": \"h\", \"to\": \"/g\"}, {\"from\": \"h\", \"to\": "
	  "\"/g/h\"}]",
	  NULL, "'/g/h' overlaps with '/g'" },
	{ "a place around another",
	  "[{\"from\": \"h\", \"to\": \"/g/h\"}, {\"from\": \"h\", "
	  "\"to\": \"/g\"}]",
	  NULL, "'/g' overlaps with '/g/h'" },
};

START_TEST(one_place)
{
	int got = load(places[_i].json);
	ck_assert_msg(got == (places[_i].to ? 0 : -1), "%s: %s", places[_i].label, err.msg);
	if (!places[_i].to) {
		ck_assert_msg(strstr(err.msg, places[_i].why), "%s: '%s'", places[_i].label,
			      err.msg);
		ck_assert_int_eq(err.fault, FAULT_USAGE);
		return;
	}
	ck_assert_uint_eq(a.n_files, 1);
	ck_assert_msg(strcmp(a.files[0].to, places[_i].to) == 0, "%s: %s", places[_i].label,
		      a.files[0].to);
	ck_assert_msg(strncmp(a.files[0].from, tree, strlen(tree)) == 0, "%s", a.files[0].from);
}
END_TEST

START_TEST(places_have_lengths)
{
	char name[512] = "", json[1600];
	memset(name, 'n', 255 + (size_t)_i);
	snprintf(json, sizeof json, ENTRY("h", "%s"), name);
	ck_assert_int_eq(load(json), _i ? -1 : 0);
	ck_assert(!_i || strstr(err.msg, "more than 255 bytes"));
	assignment_done(&a);
	char path[1026] = "";
	for (size_t i = 0; i < 1024 + (size_t)_i; i++)
		path[i] = i % 200 == 199 ? '/' : 'p';
	snprintf(json, sizeof json, ENTRY("h", "%s"), path);
	ck_assert_int_eq(load(json), _i ? -1 : 0);
	ck_assert(!_i || strstr(err.msg, "more than 1024 bytes"));
}
END_TEST

START_TEST(trees_have_a_depth)
{
	AUTO_BUF path = { 0 };
	buf_str(&path, "a/deep");
	for (int i = 0; i < 63 + _i; i++)
		buf_str(&path, "/d");
	buf_str(&path, "/file");
	put(path.data, "");
	ck_assert_int_eq(load(ENTRY("deep", "x")), _i ? -1 : 0);
	ck_assert(!_i || strstr(err.msg, "deeper than 64 folders"));
}
END_TEST

/* --- what must not be shown ------------------------------------------------------------------- */

static const struct {
	const char *label, *json, *why;
} covers[] = {
	{ "expected output", ENTRY("t/1.out", "x"), "t/1.out' to the submission" },
	{ "its folder", ENTRY("t", "/grader"), "files[0]: would show" },
	{ "everything", ENTRY(".", "/grader"), "assignment.json' to the submission" },
	{ "assignment.json", ENTRY("assignment.json", "x"), "assignment.json' to the submission" },
	{ "a link to it", ENTRY("links/soft", "x"), "t/1.out' to the submission" },
	{ "a folder with a link to it", ENTRY("links", "x"), "t/1.out' to the submission" },
	{ "a second name of it", ENTRY("hard", "x"), "t/1.out' to the submission" },
	{ "said so", "[{\"from\": \".\", \"to\": \"x\", \"exposes\": true}]", NULL },
	{ "another output", ENTRY("u", "x"), NULL },
	{ "a link that leaves", ENTRY("away", "x"), "leaves the assignment" },
	{ "a folder link that leaves", ENTRY("far", "x"), "far/o' leaves the assignment" },
	{ "a link to nothing", ENTRY("broken", "x"), "cannot follow the link" },
	{ "a folder in itself", ENTRY("loop", "x"), "loop/l' leads to a folder that it lies in" },
	{ "two folders in each other", ENTRY("loops", "x"), "loops/a/l/l' leads to a folder that" },
	{ "a fifo", ENTRY("fifo", "x"), "neither a file nor a folder" },
	{ "exposes does not let links leave",
	  "[{\"from\": \"away\", \"to\": \"x\", \"exposes\": "
	  "true}]",
	  "leaves the assignment" },
};

START_TEST(one_cover)
{
	put("a/u/2.out", "not named");
	put("a/links/", "");
	put_link("../t/1.out", "a/links/soft");
	put("a/hard/", "");
	ck_assert_int_eq(linkat(tree_fd, "a/t/1.out", tree_fd, "a/hard/h", 0), 0);
	if (strstr(covers[_i].json, "away")) {
		put("a/away/", "");
		put_link("../../o/outside", "a/away/l");
	}
	if (strstr(covers[_i].json, "far")) {
		put("a/far/", "");
		put_link("../../o", "a/far/o");
	}
	if (strstr(covers[_i].json, "broken")) {
		put("a/broken/", "");
		put_link("nowhere", "a/broken/l");
	}
	if (strstr(covers[_i].json, "loop")) {
		put("a/loop/", "");
		put_link(".", "a/loop/l");
		put("a/loops/a/", "");
		put("a/loops/b/", "");
		put_link("../b", "a/loops/a/l");
		put_link("../a", "a/loops/b/l");
	}
	if (strstr(covers[_i].json, "fifo")) {
		put("a/fifo/", "");
		ck_assert_int_eq(mkfifoat(tree_fd, "a/fifo/f", 0644), 0);
	}
	int got = load(covers[_i].json);
	ck_assert_msg(got == (covers[_i].why ? -1 : 0), "%s: %s", covers[_i].label, err.msg);
	if (covers[_i].why)
		ck_assert_msg(strstr(err.msg, covers[_i].why), "%s: '%s'", covers[_i].label,
			      err.msg);
}
END_TEST

/* --- laying ----------------------------------------------------------------------------------- */

static void check_file(const char *path, const char *text, unsigned mode)
{
	struct stat st;
	AUTO_FREE char *got = get(path);
	ck_assert_msg(strcmp(got, text) == 0, "%s: '%s'", path, got);
	ck_assert_int_eq(fstatat(tree_fd, path, &st, AT_SYMLINK_NOFOLLOW), 0);
	ck_assert_msg(st.st_mode == (S_IFREG | mode), "%s: %o", path, (unsigned)st.st_mode);
	ck_assert_uint_eq(st.st_uid, UID);
	ck_assert_uint_eq(st.st_gid, GID);
}

START_TEST(they_are_laid_with_modes_and_owner)
{
	struct stat st;
	lay("[{\"from\": \"h\", \"to\": \"./\"}, {\"from\": \"one.h\", \"to\": \"inc/deep/\"}, "
	    "{\"from\": \"h\", \"to\": \"/grader\"}]");
	check_file("w/main.c", "teacher's", 0644);
	check_file("w/sub/x.h", "x", 0644);
	check_file("w/run", "#!/bin/sh\n", 0755);
	check_file("w/inc/deep/one.h", "one", 0644);
	ck_assert_uint_eq(mode_at("w/grader"), 0);
	ck_assert_uint_eq(mode_at("w/sub"), S_IFDIR | 0755);
	ck_assert_uint_eq(mode_at("w/inc/deep"), S_IFDIR | 0755);
	ck_assert_int_eq(fstatat(tree_fd, "w/inc", &st, 0), 0);
	ck_assert_uint_eq(st.st_uid, UID);
	ck_assert_ptr_null(replaced);
}
END_TEST

/* What the student put where main.c, sub/ or sub/x.h go; it must not be written through. */
static const struct {
	const char *label;
	const char *replaced;
} ways[] = {
	{ "a file", "main.c" },
	{ "a read-only file", "main.c" },
	{ "a link to a file outside", "main.c" },
	{ "a hard link", "main.c" },
	{ "a link to nothing", "main.c" },
	{ "a folder with things in it", "main.c" },
	{ "a fifo", "main.c" },
	{ "a link to a folder outside", "sub" },
	{ "a file instead of a folder", "sub" },
	{ "a link in the folder", "sub/x.h" },
	{ "a folder stays", NULL },
};

START_TEST(what_stands_there_makes_way)
{
	switch (_i) {
	case 0:
	case 1:
		put("w/main.c", "student's, and longer than the teacher's");
		ck_assert_int_eq(fchmodat(tree_fd, "w/main.c", _i ? 0444 : 0666, 0), 0);
		break;
	case 2:
		put_link("../o/outside", "w/main.c");
		break;
	case 3:
		ck_assert_int_eq(linkat(tree_fd, "o/outside", tree_fd, "w/main.c", 0), 0);
		break;
	case 4:
		put_link("../o/new", "w/main.c");
		break;
	case 5:
		put("w/main.c/deep/er", "");
		put_link("../../o", "w/main.c/l");
		break;
	case 6:
		ck_assert_int_eq(mkfifoat(tree_fd, "w/main.c", 0666), 0);
		break;
	case 7:
		put_link("../o", "w/sub");
		break;
	case 8:
		put("w/sub", "");
		break;
	case 9:
		put("w/sub/", "");
		put_link("../../o/outside", "w/sub/x.h");
		break;
	default:
		put("w/sub/kept", "kept");
		ck_assert_int_eq(fchmodat(tree_fd, "w/sub", 0700, 0), 0);
	}
	lay(ENTRY("h/", "./"));
	AUTO_FREE char *outside = get("o/outside"), *names = joined(replaced),
		       *kept = get("w/sub/kept");
	check_file("w/main.c", "teacher's", 0644);
	check_file("w/sub/x.h", "x", 0644);
	ck_assert_uint_eq(mode_at("w/sub"), S_IFDIR | 0755);
	ck_assert_str_eq(outside, "untouched");
	ck_assert_uint_eq(mode_at("o/new"), 0);
	ck_assert_uint_eq(mode_at("o/x.h"), 0);
	ck_assert_msg(strcmp(names, ways[_i].replaced ? ways[_i].replaced : "(null)") == 0,
		      "%s: %s", ways[_i].label, names);
	ck_assert_str_eq(kept, _i == 10 ? "kept" : "(none)");
}
END_TEST

/* A folder on the way to an entry: the link is replaced, and named by its path. */
START_TEST(links_on_the_way_make_way)
{
	put("w/inc/", "");
	put_link("../../o", "w/inc/deep");
	lay(ENTRY("one.h", "inc/deep/"));
	AUTO_FREE char *names = joined(replaced);
	check_file("w/inc/deep/one.h", "one", 0644);
	ck_assert_uint_eq(mode_at("o/one.h"), 0);
	ck_assert_str_eq(names, "inc/deep");
}
END_TEST

/* @laid: makefiles of the assignment in mk/, "Makefile sub/makefile"; @handed: the student's, of the same
 * folders in w/; @left: what is there in the end, the teacher's marked by "!". */
static const struct {
	const char *label, *laid, *handed, *left, *replaced;
} makefiles[] = {
	{ "GNUmakefile hides it", "Makefile", "GNUmakefile", "Makefile!", "GNUmakefile" },
	{ "makefile hides it", "Makefile", "makefile", "Makefile!", "makefile" },
	{ "all three", "makefile", "GNUmakefile makefile Makefile", "makefile!",
	  "makefile|GNUmakefile|Makefile" },
	{ "the first of them", "GNUmakefile", "Makefile", "GNUmakefile!", "Makefile" },
	{ "the teacher lays two", "Makefile GNUmakefile", "makefile", "GNUmakefile! Makefile!",
	  "makefile" },
	{ "another folder", "sub/Makefile", "GNUmakefile sub/GNUmakefile",
	  "GNUmakefile sub/Makefile!", "sub/GNUmakefile" },
	{ "other names", "Makefile", "Makefile.inc GNUMakefile makefile.am",
	  "Makefile! Makefile.inc GNUMakefile makefile.am", NULL },
	{ "none is laid", "rules.mk", "GNUmakefile Makefile", "GNUmakefile Makefile", NULL },
};

static void put_all(const char *names, const char *top, const char *text)
{
	AUTO_FREE char *copy = mem_strdup(names);
	char *save = NULL;
	for (char *name = strtok_r(copy, " ", &save); name; name = strtok_r(NULL, " ", &save)) {
		AUTO_FREE char *path = mem_printf("%s/%s", top, name);
		put(path, text);
	}
}

static void check_left(const char *label, const char *left)
{
	static const char *const all[] = { "GNUmakefile",     "makefile",     "Makefile",
					   "sub/GNUmakefile", "sub/makefile", "sub/Makefile",
					   "Makefile.inc",    "GNUMakefile",  "makefile.am" };
	AUTO_FREE char *spaced = mem_printf(" %s ", left);
	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		AUTO_FREE char *path = mem_printf("w/%s", all[i]);
		AUTO_FREE char *his = mem_printf(" %s! ", all[i]),
			       *own = mem_printf(" %s ", all[i]);
		AUTO_FREE char *text = get(path);
		const char *want = strstr(spaced, his) ? "teacher's" :
				   strstr(spaced, own) ? "student's" :
							 "(none)";
		ck_assert_msg(strcmp(text, want) == 0, "%s: %s: '%s'", label, path, text);
	}
}

START_TEST(a_makefile_is_the_one_that_make_takes)
{
	put_all(makefiles[_i].laid, "a/mk", "teacher's");
	put_all(makefiles[_i].handed, "w", "student's");
	lay(ENTRY("mk/", "./"));
	AUTO_FREE char *names = joined(replaced);
	check_left(makefiles[_i].label, makefiles[_i].left);
	ck_assert_msg(strcmp(names, makefiles[_i].replaced ? makefiles[_i].replaced : "(null)") ==
			      0,
		      "%s: %s", makefiles[_i].label, names);
	/* A build step writes them again. */
	put_all(makefiles[_i].handed, "w", "student's");
	ck_assert_int_eq(files_lay(a.files, a.n_files, work, UID, GID, NULL, &err), 0);
	check_left(makefiles[_i].label, makefiles[_i].left);
}
END_TEST

START_TEST(makefiles_of_two_entries_stand_beside_each_other)
{
	put_all("Makefile", "a/one", "teacher's");
	put_all("GNUmakefile", "a/two", "teacher's");
	put("w/makefile/deep/er", "");
	lay("[{\"from\": \"two/GNUmakefile\", \"to\": \"./\"}, {\"from\": \"one\", \"to\": \".\"}]");
	AUTO_FREE char *names = joined(replaced);
	check_left("two entries", "GNUmakefile! Makefile!");
	ck_assert_str_eq(names, "makefile");
	ck_assert_uint_eq(mode_at("w/makefile"), 0);
}
END_TEST

START_TEST(laying_again_restores)
{
	lay(ENTRY("h/", "./"));
	put("w/main.c", "changed by the build");
	put("w/own", "own");
	ck_assert_int_eq(unlinkat(tree_fd, "w/run", 0), 0);
	ck_assert_int_eq(files_lay(a.files, a.n_files, work, UID, GID, NULL, &err), 0);
	AUTO_FREE char *own = get("w/own");
	check_file("w/main.c", "teacher's", 0644);
	check_file("w/run", "#!/bin/sh\n", 0755);
	ck_assert_str_eq(own, "own");
}
END_TEST

START_TEST(a_later_entry_wins)
{
	put("a/other/main.c", "the other");
	lay("[{\"from\": \"h\", \"to\": \"./\"}, {\"from\": \"other\", \"to\": \"./\"}]");
	check_file("w/main.c", "the other", 0644);
	check_file("w/sub/x.h", "x", 0644);
}
END_TEST

START_TEST(links_are_laid_as_what_they_name)
{
	put_link("main.c", "a/h/alias.c");
	put_link("sub", "a/h/sub2");
	lay(ENTRY("h/", "./"));
	check_file("w/alias.c", "teacher's", 0644);
	check_file("w/sub2/x.h", "x", 0644);
}
END_TEST

START_TEST(a_source_that_vanished)
{
	ck_assert_int_eq(load(ENTRY("h/", "./")), 0);
	AUTO_FD int fd = openat(tree_fd, "a/h", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_eq(tree_remove(fd), 0);
	ck_assert_int_eq(unlinkat(tree_fd, "a/h", AT_REMOVEDIR), 0);
	ck_assert_int_eq(files_lay(a.files, a.n_files, work, UID, GID, NULL, &err), -1);
	ck_assert_int_eq(err.fault, FAULT_USAGE);
	ck_assert_msg(strstr(err.msg, "a/h': No such file"), "%s", err.msg);
}
END_TEST

/* --- copies and digests ----------------------------------------------------------------------- */

START_TEST(copies_are_readable_by_all)
{
	AUTO_FREE char *folder = mem_printf("%s/o/copy", tree),
		       *file = mem_printf("%s/o/one", tree);
	put_link("main.c", "a/h/alias.c");
	put_all("GNUmakefile Makefile", "a/h", "both");
	ck_assert_int_eq(load("[{\"from\": \"h\", \"to\": \"/g\"}, {\"from\": \"one.h\", \"to\": "
			      "\"/one\"}]"),
			 0);
	ck_assert_msg(files_copy(&a.files[0], folder, &err) == 0, "%s", err.msg);
	ck_assert_msg(files_copy(&a.files[1], file, &err) == 0, "%s", err.msg);
	AUTO_FREE char *main_c = get("o/copy/main.c"), *alias = get("o/copy/alias.c"),
		       *one = get("o/one");
	ck_assert_str_eq(main_c, "teacher's");
	ck_assert_uint_eq(mode_at("o/copy/GNUmakefile"), S_IFREG | 0644);
	ck_assert_uint_eq(mode_at("o/copy/Makefile"), S_IFREG | 0644);
	ck_assert_str_eq(alias, "teacher's");
	ck_assert_str_eq(one, "one");
	ck_assert_uint_eq(mode_at("o/copy"), S_IFDIR | 0755);
	ck_assert_uint_eq(mode_at("o/copy/sub"), S_IFDIR | 0755);
	ck_assert_uint_eq(mode_at("o/copy/main.c"), S_IFREG | 0644);
	ck_assert_uint_eq(mode_at("o/copy/alias.c"), S_IFREG | 0644);
	ck_assert_uint_eq(mode_at("o/copy/run"), S_IFREG | 0755);
	ck_assert_uint_eq(mode_at("o/one"), S_IFREG | 0644);
}
END_TEST

START_TEST(digests_of_entries)
{
	char first[DIGEST_HEX], second[DIGEST_HEX];
	put("a/p/x", "1");
	put("a/q/x", "1");
	ck_assert_int_eq(load("[{\"from\": \"p\", \"to\": \"/p\"}, {\"from\": \"q\", \"to\": "
			      "\"/q\"}]"),
			 0);
	ck_assert_int_eq(files_digest(&a.files[0], first, &err), 0);
	ck_assert_int_eq(files_digest(&a.files[1], second, &err), 0);
	ck_assert_str_eq(first, second); /* where it lies says nothing */
	put("a/q/y/", "");
	ck_assert_int_eq(files_digest(&a.files[1], second, &err), 0);
	ck_assert_str_ne(first, second);
	ck_assert_int_eq(unlinkat(tree_fd, "a/q/y", AT_REMOVEDIR), 0);
	ck_assert_int_eq(fchmodat(tree_fd, "a/q/x", 0711, 0), 0);
	ck_assert_int_eq(files_digest(&a.files[1], second, &err), 0);
	ck_assert_str_ne(first, second);
	ck_assert_int_eq(fchmodat(tree_fd, "a/q/x", 0600, 0), 0);
	ck_assert_int_eq(files_digest(&a.files[1], second, &err), 0);
	ck_assert_str_eq(first, second); /* modes other than x do not arrive in the box */
}
END_TEST

#define N(rows) ((int)(sizeof(rows) / sizeof *(rows)))

Suite *suite_submission_files(void)
{
	Suite *s = suite_create("submission/files");
	TCase *tc = tcase_create("files");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, one_place, 0, N(places));
	tcase_add_loop_test(tc, places_have_lengths, 0, 2);
	tcase_add_loop_test(tc, trees_have_a_depth, 0, 2);
	tcase_add_loop_test(tc, one_cover, 0, N(covers));
	tcase_add_test(tc, they_are_laid_with_modes_and_owner);
	tcase_add_loop_test(tc, what_stands_there_makes_way, 0, N(ways));
	tcase_add_test(tc, links_on_the_way_make_way);
	tcase_add_loop_test(tc, a_makefile_is_the_one_that_make_takes, 0, N(makefiles));
	tcase_add_test(tc, makefiles_of_two_entries_stand_beside_each_other);
	tcase_add_test(tc, laying_again_restores);
	tcase_add_test(tc, a_later_entry_wins);
	tcase_add_test(tc, links_are_laid_as_what_they_name);
	tcase_add_test(tc, a_source_that_vanished);
	tcase_add_test(tc, copies_are_readable_by_all);
	tcase_add_test(tc, digests_of_entries);
	suite_add_tcase(s, tc);
	return s;
}
