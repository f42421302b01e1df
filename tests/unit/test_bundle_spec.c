/* test_bundle_spec.c - config.json: what holds whatever is asked for, and what a request adds. */
#include "bundle/spec.h"

#include <check.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/json.h"
#include "base/mem.h"
#include "bundle/mounts.h"

#define BASE 0x60000000u

static struct profile profile;

static void setup(void)
{
	char *dirs[] = { (char[]){ "profiles" }, NULL };
	struct err err = { 0 };
	ck_assert_msg(profile_load("default", dirs, &profile, &err) == 0, "%s", err.msg);
}

static void teardown(void)
{
	profile_done(&profile);
}

static struct spec_request plain(void)
{
	return (struct spec_request){ .uid_base = BASE,
				      .memory_bytes = LIMIT_UNSET,
				      .processes = LIMIT_UNSET };
}

static struct json_object *make(const struct spec_request *req)
{
	struct json_object *config = NULL;
	struct err err = { 0 };
	ck_assert_msg(spec_make(&profile, req, &config, &err) == 0, "%s", err.msg);
	return config;
}

static struct json_object *get(struct json_object *o, const char *path)
{
	AUTO_FREE char *copy = mem_strdup(path);
	char *save = NULL;
	for (char *k = strtok_r(copy, ".", &save); k && o; k = strtok_r(NULL, ".", &save))
		o = json_object_object_get(o, k);
	return o;
}

static const char *text(struct json_object *o, const char *path)
{
	return json_object_to_json_string_ext(get(o, path), JSON_C_TO_STRING_PLAIN |
								    JSON_C_TO_STRING_NOSLASHESCAPE);
}

static struct json_object *mount_at(struct json_object *config, const char *destination)
{
	return mounts_find(json_object_object_get(config, "mounts"), destination);
}

/* clang-format off */
static const struct { const char *path, *want; } facts[] = {
	{ "root", "{\"readonly\":true,\"path\":\"rootfs\"}" },
	{ "process.terminal", "false" },
	{ "process.noNewPrivileges", "true" },
	{ "process.oomScoreAdj", "0" },
	{ "process.user.uid", "1000" },
	{ "process.user.gid", "1000" },
	{ "process.cwd", "\"/work\"" },
	{ "process.args", "[\"/bin/sh\"]" },
	{ "process.capabilities", "{\"bounding\":[],\"effective\":[],\"inheritable\":[],\"permitted\":[],\"ambient\":[]}" },
	{ "linux.resources.memory", "{\"limit\":1073741824,\"swap\":1073741824}" },
	{ "linux.resources.pids", "{\"limit\":100}" },
	{ "linux.uidMappings", "[{\"containerID\":0,\"hostID\":1610612736,\"size\":65536}]" },
	{ "linux.gidMappings", "[{\"containerID\":0,\"hostID\":1610612736,\"size\":65536}]" },
	{ "linux.namespaces", "[{\"type\":\"pid\"},{\"type\":\"network\"},{\"type\":\"ipc\"},{\"type\":\"uts\"},"
			      "{\"type\":\"mount\"},{\"type\":\"cgroup\"},{\"type\":\"user\"}]" },
	{ "linux.seccomp.defaultAction", "\"SCMP_ACT_ERRNO\"" },
	{ "linux.seccomp.defaultErrnoRet", "38" },
	{ "linux.cgroupsPath", "null" },
	{ "hooks", "null" },
	{ "annotations", "null" },
};
/* clang-format on */

START_TEST(fact_row)
{
	struct spec_request req = plain();
	AUTO_JSON *c = make(&req);
	ck_assert_msg(strcmp(text(c, facts[_i].path), facts[_i].want) == 0, "%s: %s",
		      facts[_i].path, text(c, facts[_i].path));
}
END_TEST

START_TEST(filter_in_place_of_the_list)
{
	struct spec_request req = plain();
	AUTO_JSON *without = make(&req);
	req.precompiled = true;
	AUTO_JSON *with = make(&req);
	struct json_object *note = get(with, "annotations");

	ck_assert_int_eq(json_object_object_length(note), 1);
	ck_assert_str_eq(
		json_object_get_string(json_object_object_get(note, "run.oci.seccomp_bpf_data")),
		profile.filter);
	/* Whoever passes over the annotation runs nothing. */
	ck_assert_str_eq(text(with, "linux.seccomp"),
			 "{\"defaultAction\":\"SCMP_ACT_KILL_PROCESS\"}");
	json_object_object_del(with, "annotations");
	json_object_object_del(get(with, "linux"), "seccomp");
	json_object_object_del(get(without, "linux"), "seccomp");
	ck_assert_int_eq(json_object_equal(with, without), 1); /* and nothing else */
}
END_TEST

/* A list that cannot be compiled goes alone. */
START_TEST(list_without_a_filter)
{
	struct spec_request req = plain();
	req.precompiled = true;
	free(profile.filter);
	profile.filter = NULL;
	AUTO_JSON *c = make(&req);

	ck_assert_str_eq(text(c, "annotations"), "null");
	ck_assert_str_eq(text(c, "linux.seccomp.defaultErrnoRet"), "38");
}
END_TEST

/* Another box's config made of the same profile must not change with this one's. */
START_TEST(list_is_shared_safely)
{
	struct spec_request req = plain();
	struct json_object *one = make(&req);
	AUTO_JSON *two = make(&req);
	json_object_put(one);
	ck_assert_str_eq(text(two, "linux.seccomp.defaultErrnoRet"), "38");
}
END_TEST

/* What nobody but an engine reads is the same once it is written. */
START_TEST(unread_list_is_written_in_full)
{
	char folder[] = "/tmp/moulette-unit-test-XXXXXX";
	struct spec_request req = plain();
	struct err err = { 0 };
	AUTO_JSON *read = make(&req);
	req.unread = true;
	AUTO_JSON *unread = make(&req);
	AUTO_JSON *written = NULL;

	ck_assert_ptr_nonnull(mkdtemp(folder));
	AUTO_FREE char *path = mem_printf("%s/config.json", folder);
	AUTO_FD int dir = open(folder, O_RDONLY | O_DIRECTORY);
	ck_assert_msg(spec_write_compact(unread, dir, &err) == 0, "%s", err.msg);
	ck_assert_msg(json_load(path, &written, &err) == 0, "%s", err.msg);
	ck_assert_int_eq(json_object_equal(written, read), 1);
	ck_assert_int_eq(unlink(path) + rmdir(folder), 0);
}
END_TEST

START_TEST(mounts_are_bounded_and_hidden)
{
	struct spec_request req = plain();
	AUTO_JSON *c = make(&req);

	ck_assert(mount_has(mount_at(c, "/proc"), "hidepid=2"));
	ck_assert(mount_has(mount_at(c, "/proc"), "subset=pid"));
	ck_assert(mount_has(mount_at(c, "/proc"), "ro"));
	ck_assert_int_eq(mount_number(mount_at(c, "/tmp"), "size"), 64 << 20);
	ck_assert_int_eq(mount_number(mount_at(c, "/tmp"), "nr_inodes"), 8192);
	ck_assert(!mount_has(mount_at(c, "/tmp"), "noexec"));
	ck_assert(mount_has(mount_at(c, "/tmp"), "nosuid"));
	ck_assert(mount_has(mount_at(c, "/dev/shm"), "noexec"));
	ck_assert(mount_has(mount_at(c, "/dev/pts"), "newinstance"));
	ck_assert_int_eq(mount_number(mount_at(c, "/dev/pts"), "max"), 16);
	ck_assert_str_eq(text(mount_at(c, "/tmp/.home"), "options"),
			 "[\"nosuid\",\"nodev\",\"size=64m\",\"nr_inodes=8192\",\"mode=700\","
			 "\"uid=1000\",\"gid=1000\"]");
	ck_assert_ptr_null(mount_at(c, "/etc/passwd"));
	ck_assert_ptr_null(mount_at(c, "/sys"));
	ck_assert_str_eq(mount_text(mount_at(c, "/work"), "source"), "work");
	ck_assert_uint_gt(json_object_array_length(get(c, "linux.maskedPaths")), 50);
	ck_assert_ptr_nonnull(strstr(text(c, "linux.readonlyPaths"), "\"/proc/sys\""));
}
END_TEST

START_TEST(request_fills_in)
{
	struct mount_spec mounts[] = { { (char[]){ "/srv" }, (char[]){ "/grader/" }, false },
				       { (char[]){ "/srv" }, (char[]){ "/out" }, true } };
	char *argv[] = { (char[]){ "a b" }, NULL };
	struct spec_request req = plain();

	req.root_path = "/images/x";
	req.work_source = "/w";
	req.tmp_source = "/t";
	req.shm_source = "/s";
	req.passwd_source = "/p";
	req.init_source = "/init";
	req.argv = argv;
	req.mounts = mounts;
	req.n_mounts = 2;
	req.cgroups_path = "/moulette/1";
	req.netns_path = "/run/ns";
	req.memory_bytes = 64 << 20;
	req.processes = 7;
	req.max_file_bytes = (256 << 20) + 1;
	AUTO_JSON *c = make(&req);
	ck_assert_str_eq(text(c, "root.path"), "\"/images/x\"");
	ck_assert_str_eq(text(c, "process.args"), "[\"/dev/init\",\"a b\"]");
	ck_assert_str_eq(text(c, "linux.cgroupsPath"), "\"/moulette/1\"");
	ck_assert_str_eq(text(c, "linux.resources.memory"),
			 "{\"limit\":67108864,\"swap\":67108864}");
	ck_assert_str_eq(text(c, "linux.resources.pids.limit"), "7");
	ck_assert_ptr_nonnull(
		strstr(text(c, "linux.namespaces"), "{\"type\":\"network\",\"path\":\"/run/ns\"}"));
	ck_assert_ptr_nonnull(strstr(text(c, "process.rlimits"),
				     "\"RLIMIT_FSIZE\",\"soft\":268435457,\"hard\":268435457"));
	ck_assert_str_eq(text(mount_at(c, "/work"), "options"),
			 "[\"bind\",\"rw\",\"nosuid\",\"nodev\",\"rprivate\"]");
	ck_assert_str_eq(text(mount_at(c, "/tmp"), "options"),
			 "[\"bind\",\"rw\",\"nosuid\",\"nodev\",\"rprivate\"]");
	ck_assert_str_eq(text(mount_at(c, "/dev/shm"), "options"),
			 "[\"bind\",\"rw\",\"nosuid\",\"nodev\",\"rprivate\",\"noexec\"]");
	ck_assert_str_eq(mount_text(mount_at(c, "/dev/shm"), "source"), "/s");
	/* The folder at tmp_source has one. */
	ck_assert_ptr_null(mount_at(c, "/tmp/.home"));
	ck_assert(mount_has(mount_at(c, "/etc/passwd"), "ro"));
	ck_assert(mount_has(mount_at(c, "/grader"), "ro"));
	ck_assert(mount_has(mount_at(c, "/out"), "rw"));
	ck_assert(mount_has(mount_at(c, "/dev/init"), "ro"));
	ck_assert(!mount_has(mount_at(c, "/dev/init"), "noexec"));
}
END_TEST

/* A mount below another must come after it. */
START_TEST(order_of_mounts)
{
	struct image_bind binds[] = { { (char[]){ "/usr" }, (char[]){ "/usr" } } };
	struct image image = { .binds = binds, .n_binds = 1 };
	struct mount_spec m = { (char[]){ "/srv" }, (char[]){ "/tmp" }, false };
	struct spec_request req = plain();
	static const char *const want[] = { "/usr", "/proc",    "/dev",      "/dev/shm",
					    "/tmp", "/dev/pts", "/dev/init", "/work" };

	req.image = &image;
	req.init_source = "/init";
	req.mounts = &m;
	req.n_mounts = 1;
	AUTO_JSON *c = make(&req);
	struct json_object *all = json_object_object_get(c, "mounts");
	ck_assert_uint_eq(json_object_array_length(all), 8);
	for (size_t i = 0; i < 8; i++)
		ck_assert_str_eq(mount_text(json_object_array_get_idx(all, i), "destination"),
				 want[i]);
	/* The same destination replaces, where it stood. */
	ck_assert_str_eq(mount_text(mount_at(c, "/tmp"), "source"), "/srv");
	ck_assert(mount_has(mount_at(c, "/usr"), "ro"));
}
END_TEST

START_TEST(environment_in_its_order)
{
	char *image_env[] = { (char[]){ "PATH=/go/bin" },
			      (char[]){ "HOME=/root" },
			      (char[]){ "TMPDIR=/x" },
			      (char[]){ "A=image" },
			      (char[]){ "B=image" },
			      (char[]){ "odd" },
			      NULL };
	char *request_env[] = { (char[]){ "B=request" }, (char[]){ "C=" }, NULL };
	struct image image = { .env = image_env };
	struct spec_request req = plain();

	strv_add(&profile.env, "A=profile");
	strv_add(&profile.env, "B=profile");
	req.image = &image;
	req.env = request_env;
	AUTO_JSON *c = make(&req);
	ck_assert_str_eq(
		text(c, "process.env"),
		"[\"PATH=/go/bin\",\"HOME=/tmp/.home\",\"LANG=C.UTF-8\",\"TMPDIR=/tmp\","
		"\"PYTHONNOUSERSITE=1\",\"ASAN_OPTIONS=detect_leaks=0\",\"LSAN_OPTIONS=detect_leaks=0\","
		"\"A=profile\",\"B=request\",\"C=\"]");
}
END_TEST

START_TEST(profile_is_left_as_it_was)
{
	AUTO_FREE char *before = mem_strdup(json_object_to_json_string(profile.config));
	struct spec_request req = plain();

	req.memory_bytes = 1 << 20;
	req.netns_path = "/run/ns";
	req.tmp_source = "/t";
	req.max_file_bytes = INT64_C(1) << 40;
	json_object_put(make(&req));
	ck_assert_str_eq(json_object_to_json_string(profile.config), before);
}
END_TEST

/* clang-format off */
static const struct { const char *label, *source, *dest, *why; } destinations[] = {
	{ "ordinary", "/srv", "/grader", NULL },
	{ "below work", "/srv", "/work/data", NULL },
	{ "below dev", "/srv", "/dev/data", NULL },
	{ "name that begins alike", "/srv", "/process", NULL },
	{ "file of /etc", "/srv", "/etc/resolv.conf", NULL },
	{ "relative", "/srv", "grader", "'grader': expected an absolute path" },
	{ "empty", "/srv", "", "expected an absolute path" },
	{ "root", "/srv", "//", "the root comes from the image" },
	{ "out", "/srv", "/a/../b", "without '..'" },
	{ "proc", "/srv", "/proc", "/proc, /sys and /dev are the profile's" },
	{ "below proc", "/srv", "//proc//sys", "'/proc/sys': /proc, /sys" },
	{ "sys", "/srv", "/sys/fs/cgroup", "/proc, /sys" },
	{ "dev", "/srv", "/dev/", "/proc, /sys and /dev" },
	{ "PID 1", "/srv", "/dev/init", "PID 1" },
	{ "work", "/srv", "/work/.", "the submission lies there" },
	{ "relative source", "srv", "/grader", "mount source 'srv': expected an absolute path" },
};
/* clang-format on */

START_TEST(destination_row)
{
	struct mount_spec m = { mem_strdup(destinations[_i].source),
				mem_strdup(destinations[_i].dest), false };
	struct spec_request req = plain();
	struct json_object *c = NULL;
	struct err err = { 0 };

	req.mounts = &m;
	req.n_mounts = 1;
	int got = spec_make(&profile, &req, &c, &err);
	ck_assert_msg(got == (destinations[_i].why ? -1 : 0), "%s: %s", destinations[_i].label,
		      err.msg);
	if (destinations[_i].why) {
		ck_assert_msg(strstr(err.msg, destinations[_i].why), "%s: '%s'",
			      destinations[_i].label, err.msg);
		ck_assert_int_eq(err.fault, FAULT_USAGE);
		ck_assert_ptr_null(c);
	}
	json_object_put(c);
	free(m.source);
	free(m.destination);
}
END_TEST

START_TEST(host_ids_are_never_root)
{
	static const struct {
		uint32_t base;
		int got;
	} rows[] = {
		{ 0, -1 },
		{ 1, 0 },
		{ UINT32_MAX - 65536, 0 },
		{ UINT32_MAX - 65535, -1 },
	};
	for (size_t i = 0; i < 4; i++) {
		struct spec_request req = plain();
		AUTO_JSON *c = NULL;
		req.uid_base = rows[i].base;
		ck_assert_int_eq(spec_make(&profile, &req, &c, NULL), rows[i].got);
	}
}
END_TEST

/* All that runc 1.3 and later can start where /proc has no sys. */
START_TEST(empty_capabilities_are_left_out)
{
	struct spec_request req = plain();
	AUTO_JSON *config = make(&req);
	ck_assert_str_eq(text(config, "process.capabilities.bounding"), "[]");
	spec_leave_capabilities(config);
	ck_assert_ptr_null(get(config, "process.capabilities"));
	ck_assert_str_eq(text(config, "process.noNewPrivileges"), "true");
	spec_leave_capabilities(config); /* as the first time */
}
END_TEST

START_TEST(granted_capabilities_stay)
{
	struct spec_request req = plain();
	AUTO_JSON *config = make(&req);
	json_object_array_add(get(config, "process.capabilities.bounding"),
			      json_object_new_string("CAP_KILL"));
	spec_leave_capabilities(config);
	ck_assert_str_eq(text(config, "process.capabilities.bounding"), "[\"CAP_KILL\"]");
}
END_TEST

START_TEST(capabilities_stay_where_proc_is_whole)
{
	static const char *const drop[] = { "subset=", NULL };
	struct spec_request req = plain();
	AUTO_JSON *config = make(&req);
	mount_drop(mounts_find(get(config, "mounts"), "/proc"), drop);
	spec_leave_capabilities(config);
	ck_assert_str_eq(text(config, "process.capabilities.bounding"), "[]");
}
END_TEST

START_TEST(mount_points)
{
	struct mount_spec mounts[] = {
		{ (char[]){ "/etc" }, (char[]){ "/grader" }, false },
		{ (char[]){ "/etc/passwd" }, (char[]){ "/grader/passwd" }, false },
		{ (char[]){ "/etc/passwd" }, (char[]){ "/etc/words" }, false },
		{ (char[]){ "/etc" }, (char[]){ "/tmpx" }, false }
	};
	static const char *const want[] = { "d/proc",   "d/dev",       "d/tmp", "d/work",
					    "d/grader", "f/etc/words", "d/tmpx" };
	struct spec_request req = plain();
	AUTO_STRV points = NULL;
	struct err err = { 0 };

	req.init_source = "/nowhere"; /* below /dev: the root needs no file for it */
	req.mounts = mounts;
	req.n_mounts = 4;
	AUTO_JSON *c = make(&req);
	ck_assert_msg(spec_mount_points(c, &points, &err) == 0, "%s", err.msg);
	ck_assert_uint_eq(strv_len(points), 7);
	for (size_t i = 0; i < 7; i++)
		ck_assert_str_eq(points[i], want[i]);
}
END_TEST

START_TEST(mount_point_of_nothing)
{
	struct mount_spec m = { (char[]){ "/nowhere/at" }, (char[]){ "/grader" }, false };
	struct spec_request req = plain();
	AUTO_STRV points = NULL;
	struct err err = { 0 };

	req.mounts = &m;
	req.n_mounts = 1;
	AUTO_JSON *c = make(&req);
	ck_assert_int_eq(spec_mount_points(c, &points, &err), -1);
	ck_assert_int_eq(err.fault, FAULT_USAGE);
	ck_assert_str_eq(err.msg,
			 "cannot mount '/nowhere/at' at '/grader': No such file or directory");
}
END_TEST

static int (*const writers[])(struct json_object *, int, struct err *) = { spec_write,
									   spec_write_compact };

START_TEST(written_once)
{
	char dir[] = "/tmp/moulette-unit-test-XXXXXX";
	struct spec_request req = plain();
	AUTO_JSON *c = make(&req);
	AUTO_BUF got = { 0 };
	struct err err = { 0 };
	struct stat st;

	ck_assert_ptr_nonnull(mkdtemp(dir));
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	mode_t old = umask(077);
	ck_assert_int_eq(writers[_i](c, fd, &err), 0);
	umask(old);
	ck_assert_int_eq(fstatat(fd, "config.json", &st, 0), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0644);
	ck_assert_int_eq(writers[_i](c, fd, &err), -1); /* never over another one */
	ck_assert_int_eq(file_read(fd, "config.json", &got, 1 << 20), 0);
	AUTO_JSON *again = NULL;
	ck_assert_int_eq(json_parse("config.json", got.data, got.len, &again, &err), 0);
	ck_assert_int_eq(json_object_equal(again, c), 1);
	/* Whatever reads lines finds the last one ended. */
	ck_assert_int_eq(got.data[got.len - 1], '\n');
	ck_assert_int_eq(strchr(got.data, '\n') == got.data + got.len - 1, _i == 1);
	ck_assert_int_eq(tree_remove_at(AT_FDCWD, dir), 0);
	close(fd);
}
END_TEST

START_TEST(kernels)
{
	static const struct {
		const char *release;
		bool hides;
	} rows[] = {
		{ "5.7.19", false }, { "5.8.0", true },    { "5.10.0-30-amd64", true },
		{ "4.19.0", false }, { "6.1.0-18", true }, { "10.0", true },
		{ "odd", false },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		ck_assert_msg(spec_proc_hides(rows[i].release) == rows[i].hides, "%s",
			      rows[i].release);
}
END_TEST

#define COUNT(a) ((int)(sizeof(a) / sizeof(*(a))))

Suite *suite_bundle_spec(void);
Suite *suite_bundle_spec(void)
{
	Suite *s = suite_create("bundle/spec");
	TCase *tc = tcase_create("spec");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, fact_row, 0, COUNT(facts));
	tcase_add_test(tc, filter_in_place_of_the_list);
	tcase_add_test(tc, list_without_a_filter);
	tcase_add_test(tc, list_is_shared_safely);
	tcase_add_test(tc, unread_list_is_written_in_full);
	tcase_add_test(tc, mounts_are_bounded_and_hidden);
	tcase_add_test(tc, request_fills_in);
	tcase_add_test(tc, order_of_mounts);
	tcase_add_test(tc, environment_in_its_order);
	tcase_add_test(tc, profile_is_left_as_it_was);
	tcase_add_loop_test(tc, destination_row, 0, COUNT(destinations));
	tcase_add_test(tc, host_ids_are_never_root);
	tcase_add_test(tc, empty_capabilities_are_left_out);
	tcase_add_test(tc, granted_capabilities_stay);
	tcase_add_test(tc, capabilities_stay_where_proc_is_whole);
	tcase_add_test(tc, mount_points);
	tcase_add_test(tc, mount_point_of_nothing);
	tcase_add_loop_test(tc, written_once, 0, 2);
	tcase_add_test(tc, kernels);
	suite_add_tcase(s, tc);
	return s;
}
