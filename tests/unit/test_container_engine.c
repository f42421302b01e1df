/* test_container_engine.c - which engine is used, what it says of itself, what is no engine. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/mem.h"
#include "container/engine.h"

static char dir[64], path[96];
static struct places places;
static struct err err;

static void setup(void)
{
	snprintf(dir, sizeof dir, "/tmp/moulette-unit-engine.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(path, sizeof path, "%s/engine", dir);
	places = (struct places){ .run = dir, .engine = path };
}

static void teardown(void)
{
	ck_assert_int_eq(tree_remove_at(AT_FDCWD, dir), 0);
}

static void script(const char *text)
{
	ck_assert_int_eq(file_write(AT_FDCWD, path, text), 0);
	ck_assert_int_eq(chmod(path, 0755), 0);
}

/* In a mount namespace of the test's own. */
START_TEST(crun_runs_from_a_read_only_mount)
{
	struct engine e = { 0 };
	AUTO_FREE char *at = mem_printf("%s/crun", dir);
	ck_assert_int_eq(unshare(CLONE_NEWNS), 0);
	ck_assert_int_eq(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
	script("#!/bin/sh\necho crun version 1.8.1\n");
	ck_assert_int_eq(engine_find(&places, &e, &err), 0);
	engine_pin(&e, &places);
	ck_assert_str_eq(e.path, at);
	ck_assert(open(at, O_WRONLY | O_CLOEXEC) < 0 && errno == EROFS);
	ck_assert_int_eq(access(at, X_OK), 0);
	ck_assert_int_eq(umount2(at, MNT_DETACH), 0);
	engine_done(&e);
	/* Others have no use for it; where it cannot be done nothing changes. */
	script("#!/bin/sh\necho runc version 1.1.5\n");
	ck_assert_int_eq(engine_find(&places, &e, &err), 0);
	engine_pin(&e, &places);
	ck_assert_str_eq(e.path, path);
	engine_done(&e);
	e = (struct engine){ .name = mem_strdup("crun"), .path = mem_strdup("/nowhere/crun") };
	engine_pin(&e, &places);
	ck_assert_str_eq(e.path, "/nowhere/crun");
	engine_done(&e);
}
END_TEST

static const struct {
	const char *label, *script, *name, *version;
	bool inherits;
} rows[] = {
	{ "crun", "#!/bin/sh\necho crun version 1.8.1\necho commit: f8\n", "crun", "1.8.1", true },
	{ "runc", "#!/bin/sh\necho runc version 1.1.5+ds1\n", "runc", "1.1.5+ds1", true },
	{ "runsc", "#!/bin/sh\necho runsc version release-20221219.0\n", "runsc", "20221219.0",
	  false },
	{ "fails", "#!/bin/sh\nexit 1\n", NULL, NULL, false },
	{ "says something else", "#!/bin/sh\necho hello\n", NULL, NULL, false },
};

START_TEST(one_row)
{
	struct engine e = { 0 };
	script(rows[_i].script);
	int got = engine_find(&places, &e, &err);
	ck_assert_msg(got == (rows[_i].name ? 0 : -1), "%s: %d %s", rows[_i].label, got, err.msg);
	if (!rows[_i].name) {
		ck_assert_int_eq(err.fault, FAULT_INFRA);
		ck_assert_ptr_nonnull(strstr(err.msg, path));
		return;
	}
	ck_assert_str_eq(e.name, rows[_i].name);
	ck_assert_str_eq(e.version, rows[_i].version);
	ck_assert_int_eq(e.inherits_fds, rows[_i].inherits);
	engine_done(&e);
}
END_TEST

START_TEST(asked_once_per_file)
{
	struct engine e = { 0 };
	char text[256], count[96];
	snprintf(count, sizeof count, "%s/count", dir);
	snprintf(text, sizeof text, "#!/bin/sh\necho x >>%s\necho crun version 1.8.1\n", count);
	script(text);
	for (int i = 0; i < 3; i++) {
		ck_assert_msg(engine_find(&places, &e, &err) == 0, "%s", err.msg);
		engine_done(&e);
	}
	struct stat st;
	ck_assert_int_eq(stat(count, &st), 0);
	ck_assert_int_eq(st.st_size, 4); /* for its version, and for what it can do */
}
END_TEST

static const struct {
	const char *label, *script;
	bool leaves;
} leaving[] = {
	{ "crun", "#!/bin/sh\necho crun version 1.8.1\n", true },
	{ "crun that knows no such option",
	  "#!/bin/sh\n[ \"$1\" = --version ] || exit 1\necho crun version 1.8.1\n", false },
	{ "runc has none", "#!/bin/sh\necho runc version 1.1.5\n", false },
};

/* Found twice: asked, and from what was kept of the answer. */
START_TEST(may_cgroups_be_left_to_us)
{
	script(leaving[_i].script);
	for (int i = 0; i < 2; i++) {
		struct engine e = { 0 };
		ck_assert_msg(engine_find(&places, &e, &err) == 0, "%s", err.msg);
		ck_assert_msg(e.leaves_cgroups == leaving[_i].leaves, "%s", leaving[_i].label);
		ck_assert(e.lean);
		engine_set_plain(&e, "because");
		ck_assert(!e.lean);
		ck_assert_str_eq(e.why_plain, "because");
		engine_done(&e);
	}
}
END_TEST

static const char *const older[] = { "crun version 1.8.1\n",
				     "crun version 1.8.1\nleaves cgroups: 0\n" };

/* What is kept by a program that asked for less is asked for again. */
START_TEST(an_older_answer_is_not_enough)
{
	struct engine e = { 0 };
	struct stat st;
	script(leaving[0].script);
	ck_assert_int_eq(stat(path, &st), 0);
	AUTO_FREE char *kept = mem_printf(
		"%s/engine-%jx-%jx-%jx-%jx-%lx", dir, (uintmax_t)st.st_dev, (uintmax_t)st.st_ino,
		(uintmax_t)st.st_size, (uintmax_t)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
	ck_assert_int_eq(file_write(AT_FDCWD, kept, older[_i]), 0);
	ck_assert_int_eq(engine_find(&places, &e, &err), 0);
	ck_assert(e.leaves_cgroups && !e.reads_proc_sys);
	engine_done(&e);
}
END_TEST

START_TEST(what_a_start_has_shown_is_kept)
{
	struct engine e = { 0 };
	script("#!/bin/sh\necho runc version 1.3.6\n");
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(engine_find(&places, &e, &err), 0);
		ck_assert_int_eq(e.reads_proc_sys, i);
		engine_set_reads_proc_sys(&e);
		ck_assert(e.reads_proc_sys);
		engine_done(&e);
	}
}
END_TEST

/* In a session of its own, which no signal to a group reaches. */
START_TEST(nothing_outlives_the_question)
{
	struct engine e = { 0 };
	char text[256], file[96];
	snprintf(file, sizeof file, "%s/pid", dir);
	snprintf(text, sizeof text,
		 "#!/bin/sh\n(setsid sh -c 'echo >%s; exec sleep 1000' &)\n"
		 "while ! [ -e %s ]; do sleep 0.01; done\necho runc version 1\n",
		 file, file);
	script(text);
	ck_assert_int_eq(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
	ck_assert_int_eq(engine_find(&places, &e, &err), 0);
	engine_done(&e);
	/* It was ours by adoption, had it lived. */
	ck_assert_int_eq(waitpid(-1, NULL, 0), -1);
	ck_assert_int_eq(errno, ECHILD);
}
END_TEST

static const struct {
	const char *name, *version;
	int want;
} tracing[] = {
	{ "runc", "1.0.3", 0 },   { "runc", "1.1.0", -1 },  { "runc", "1.1.5+ds1", -1 },
	{ "runc", "1.3.6", -1 },  { "runc", "1.10.0", -1 }, { "runc", "2.0.0", -1 },
	{ "runc", "unknown", 0 }, { "crun", "1.8.1", 0 },   { "runsc", "20221219.0", 0 },
};

static void give_up_tracing(void)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];
	ck_assert_int_eq(syscall(SYS_capget, &head, data), 0);
	data[0].effective &= ~(1u << CAP_SYS_PTRACE);
	ck_assert_int_eq(syscall(SYS_capset, &head, data), 0);
}

START_TEST(runc_looks_into_a_process_that_must_not_be_traced)
{
	const struct engine e = { .name = (char *)tracing[_i].name,
				  .version = (char *)tracing[_i].version };
	if (geteuid() != 0)
		return;
	ck_assert_int_eq(engine_rights(&e, &err), 0);
	give_up_tracing();
	ck_assert_msg(engine_rights(&e, &err) == tracing[_i].want, "%s %s", e.name, e.version);
	if (tracing[_i].want == 0)
		return;
	ck_assert_int_eq(err.fault, FAULT_INFRA);
	ck_assert_str_eq(err.code, "host.capabilities");
	ck_assert_msg(strstr(err.msg, "needs CAP_SYS_PTRACE") &&
			      strstr(err.msg, "--cap-add SYS_PTRACE,"),
		      "%s", err.msg);
}
END_TEST

START_TEST(a_missing_one_says_what_to_do)
{
	struct engine e = { 0 };
	places.engine = (char *)"no-such-engine";
	ck_assert_int_eq(engine_find(&places, &e, &err), -1);
	ck_assert_int_eq(err.fault, FAULT_INFRA);
	ck_assert_ptr_nonnull(strstr(err.msg, "MOULETTE_ENGINE"));
}
END_TEST

Suite *suite_container_engine(void);

Suite *suite_container_engine(void)
{
	Suite *s = suite_create("container/engine");
	TCase *tc = tcase_create("engine");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, one_row, 0, (int)(sizeof rows / sizeof *rows));
	tcase_add_test(tc, crun_runs_from_a_read_only_mount);
	tcase_add_test(tc, asked_once_per_file);
	tcase_add_loop_test(tc, may_cgroups_be_left_to_us, 0,
			    (int)(sizeof leaving / sizeof *leaving));
	tcase_add_loop_test(tc, an_older_answer_is_not_enough, 0,
			    (int)(sizeof older / sizeof *older));
	tcase_add_test(tc, what_a_start_has_shown_is_kept);
	tcase_add_test(tc, nothing_outlives_the_question);
	tcase_add_loop_test(tc, runc_looks_into_a_process_that_must_not_be_traced, 0,
			    (int)(sizeof tracing / sizeof *tracing));
	tcase_add_test(tc, a_missing_one_says_what_to_do);
	suite_add_tcase(s, tc);
	return s;
}
