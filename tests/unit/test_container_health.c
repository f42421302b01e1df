/* test_container_health.c - findings about ids, folders and engines that are made for the test. */
#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/mem.h"
#include "container/health.h"

static char dir[64];
static struct places places;
static struct health health;

static char *below(const char *name)
{
	return mem_printf("%s/%s", dir, name);
}

static void setup(void)
{
	snprintf(dir, sizeof dir, "/tmp/moulette-unit.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	places = (struct places){ .home = below("home"),
				  .images = below("home/images"),
				  .live = below("home/live"),
				  .logs = below("home/logs"),
				  .run = below("run"),
				  .engine = below("engine"),
				  .uid_base = 0x60000000 };
	memset(&health, 0, sizeof health);
}

static void teardown(void)
{
	health_done(&health);
	places_done(&places);
	ck_assert_int_eq(tree_remove_at(AT_FDCWD, dir), 0);
}

/* The one finding that there is. */
static const struct finding *only(void)
{
	ck_assert_uint_eq(health.n, 1);
	return &health.list[0];
}

START_TEST(the_worst_counts)
{
	ck_assert_int_eq(health_worst(&health), FINDING_OK);
	health_add(&health, FINDING_WARNING, "a", "%s", "b");
	health_add(&health, FINDING_OK, "c", "line\n%d", 7);
	ck_assert_int_eq(health_worst(&health), FINDING_WARNING);
	ck_assert_str_eq(health.list[1].text, "line?7");
	health_add(&health, FINDING_PROBLEM, "d", "e");
	health_add(&health, FINDING_OK, "f", "g");
	ck_assert_int_eq(health_worst(&health), FINDING_PROBLEM);
}
END_TEST

/* Boxes: 1610612736 to 1879048191. */
static const struct {
	const char *label, *subid, *passwd;
	enum finding_kind kind;
	const char *text;
} rows[] = {
	{ "nobody", "", "", FINDING_OK, "1610612736 to 1879048191" },
	{ "before", "ada:1610612735:1\n", "", FINDING_OK, "no other user" },
	{ "the first one", "ada:1610612735:2\n", "", FINDING_WARNING, "'ada'" },
	{ "the last one", "bob:1879048191:65536\n", "", FINDING_WARNING, "'bob'" },
	{ "after", "bob:1879048192:65536\n", "", FINDING_OK, "no other user" },
	{ "around", "eve:1:4294967294\n", "", FINDING_WARNING, "uid_base" },
	{ "second line", "ada:100000:65536\neve:1700000000:10\n", "", FINDING_WARNING, "'eve'" },
	{ "no line of such a file", "# ada 1700000000\n\nada\n", "", FINDING_OK, "no other user" },
	{ "a user", "", "root:x:0:0::/:/bin/sh\nmax:x:1610612736:0::/:\n", FINDING_WARNING,
	  "'max'" },
	{ "a user's group is none", "", "max:x:1000:1610612736::/:\n", FINDING_OK,
	  "no other user" },
};

START_TEST(ids)
{
	AUTO_FREE char *subid = below("subid"), *passwd = below("passwd"), *none = below("none");
	const char *const files[] = { none, subid, NULL };
	ck_assert_int_eq(file_write(AT_FDCWD, subid, rows[_i].subid), 0);
	ck_assert_int_eq(file_write(AT_FDCWD, passwd, rows[_i].passwd), 0);
	health_ids(&health, &places, files, passwd);
	ck_assert_msg(only()->kind == rows[_i].kind, "%s: %s", rows[_i].label, only()->text);
	ck_assert_msg(strstr(only()->text, rows[_i].text) != NULL, "%s: %s", rows[_i].label,
		      only()->text);
}
END_TEST

/* Four findings, of which the row changes one. */
static const struct {
	const char *label, *file, *text, *about, *want;
} settings[] = {
	{ "a kernel without any of them", NULL, NULL, "links", NULL },
	{ "symlinks are protected", "proc/sys/fs/protected_symlinks", "1\n", "links", NULL },
	{ "symlinks are not", "proc/sys/fs/protected_symlinks", "0\n", "links",
	  "fs.protected_symlinks=1" },
	{ "hard links are not", "proc/sys/fs/protected_hardlinks", "0\n", "links",
	  "fs.protected_hardlinks=1" },
	{ "pages are merged", "sys/kernel/mm/ksm/run", "1\n", "equal pages", "ksm/run" },
	{ "pages are merged no more", "sys/kernel/mm/ksm/run", "2\n", "equal pages", NULL },
	{ "no pool", "proc/sys/vm/nr_hugepages", "0\n", "huge pages", NULL },
	{ "a pool", "proc/sys/vm/nr_hugepages", "64\n", "huge pages", "a pool of 64" },
	{ "a pool that may grow", "proc/sys/vm/nr_overcommit_hugepages", "8\n", "huge pages",
	  "a pool of 8" },
	{ "nothing is compiled", "proc/sys/net/core/bpf_jit_limit", "1024\n", "filters", NULL },
};

static const struct finding *about(const char *name)
{
	for (size_t i = 0; i < health.n; i++)
		if (strcmp(health.list[i].about, name) == 0)
			return &health.list[i];
	ck_abort_msg("nothing about '%s'", name);
}

static void set(const char *file, const char *text)
{
	AUTO_FREE char *path = below(file);
	AUTO_FREE char *folder = mem_strdup(path);
	*strrchr(folder, '/') = '\0';
	ck_assert_int_eq(fd_mkdir_p(folder, 0755), 0);
	ck_assert_int_eq(file_write(AT_FDCWD, path, text), 0);
}

START_TEST(settings_of_the_host)
{
	if (settings[_i].file)
		set(settings[_i].file, settings[_i].text);
	health_settings(&health, dir);
	ck_assert_uint_eq(health.n, 4);
	const struct finding *f = about(settings[_i].about);
	ck_assert_msg(f->kind == (settings[_i].want ? FINDING_WARNING : FINDING_OK), "%s: %s",
		      settings[_i].label, f->text);
	ck_assert_msg(!settings[_i].want || strstr(f->text, settings[_i].want), "%s: %s",
		      settings[_i].label, f->text);
}
END_TEST

static const struct {
	const char *limit, *harden, *want;
} filters[] = {
	{ "528482304\n", "1\n", NULL },
	{ "16777216\n", "2\n", NULL },
	{ "16777215\n", "1\n", "net.core.bpf_jit_limit=67108864" },
	{ "528482304\n", "0\n", "net.core.bpf_jit_harden=1" },
};

START_TEST(filters_that_are_compiled)
{
	set("proc/sys/net/core/bpf_jit_enable", "1\n");
	set("proc/sys/net/core/bpf_jit_limit", filters[_i].limit);
	set("proc/sys/net/core/bpf_jit_harden", filters[_i].harden);
	health_settings(&health, dir);
	const struct finding *f = about("filters");
	ck_assert_msg(f->kind == (filters[_i].want ? FINDING_WARNING : FINDING_OK), "%s", f->text);
	ck_assert_msg(!filters[_i].want || strstr(f->text, filters[_i].want), "%s", f->text);
}
END_TEST

static const struct {
	const char *engine, *version, *want;
} holes[] = {
	{ "runc", "1.1.5+ds1", "CVE-2024-21626, CVE-2025-31133" },
	{ "runc", "1.1.11", "CVE-2024-21626" },
	{ "runc", "1.1.12", "has CVE-2025-31133" },
	{ "runc", "1.2.7", "CVE-2025-52881" },
	{ "runc", "1.2.8", NULL },
	{ "runc", "1.3.2", "CVE-2025-52881" },
	{ "runc", "1.3.3", NULL },
	{ "runc", "1.4.0-rc.3", NULL },
	{ "runc", "1.5.1", NULL },
	{ "crun", "1.8.1", "CVE-2025-24965" },
	{ "crun", "1.19.1", "CVE-2025-24965" },
	{ "crun", "1.20", NULL },
	{ "crun", "1.4.3", "CVE-2022-27650, CVE-2025-24965" },
	{ "runsc", "20221219", NULL },
	{ "youki", "0.1.0", NULL },
	{ "runc", "unknown", NULL },
};

START_TEST(known_holes_of_engines)
{
	health_holes(&health, holes[_i].engine, holes[_i].version);
	ck_assert_msg(health.n == (holes[_i].want ? 1 : 0), "%s %s", holes[_i].engine,
		      holes[_i].version);
	if (!holes[_i].want)
		return;
	ck_assert_int_eq(only()->kind, FINDING_WARNING);
	ck_assert_msg(strstr(only()->text, holes[_i].want), "%s", only()->text);
}
END_TEST

static const struct {
	const char *label, *name;
	mode_t mode;
	const char *text;
} modes[] = {
	{ "as made", "home", 0711, NULL },
	{ "readable", "home", 0755, NULL },
	{ "narrower", "home", 0700, NULL },
	{ "others write", "home", 0777, "chmod 0711" },
	{ "the group writes", "run", 0775, "chmod 0711" },
	{ "secret as made", "home/logs", 0700, NULL },
	{ "secret, shown", "home/logs", 0711, "chmod 0700" },
	{ "secret, to the group", "home/live", 0740, "other users can read" },
};

START_TEST(folder_modes)
{
	AUTO_FREE char *path = below(modes[_i].name);
	ck_assert_int_eq(fd_mkdir_p(path, 0711), 0);
	ck_assert_int_eq(chmod(path, modes[_i].mode), 0);
	health_folders(&health, &places, true);
	ck_assert_msg(only()->kind == (modes[_i].text ? FINDING_WARNING : FINDING_OK), "%s: %s",
		      modes[_i].label, only()->text);
	if (modes[_i].text)
		ck_assert_msg(strstr(only()->text, modes[_i].text) && strstr(only()->text, path),
			      "%s: %s", modes[_i].label, only()->text);
}
END_TEST

START_TEST(a_file_is_no_folder)
{
	ck_assert_int_eq(file_write(AT_FDCWD, places.home, ""), 0);
	health_folders(&health, &places, true);
	ck_assert_int_eq(health_worst(&health), FINDING_PROBLEM);
}
END_TEST

static void engine(const char *text)
{
	ck_assert_int_eq(file_write(AT_FDCWD, places.engine, text), 0);
	ck_assert_int_eq(chmod(places.engine, 0755), 0);
}

static void expect(size_t i, enum finding_kind kind, const char *text)
{
	ck_assert_uint_gt(health.n, i);
	ck_assert_msg(health.list[i].kind == kind, "%s", health.list[i].text);
	ck_assert_msg(strstr(health.list[i].text, text) != NULL, "%s", health.list[i].text);
}

static const struct {
	const char *script;
	bool plain;
	enum finding_kind kind;
	const char *mode;
} engines[] = {
	{ "#!/bin/sh\necho crun version 1.20\n", false, FINDING_OK, "lean" },
	{ "#!/bin/sh\necho crun version 1.20\n", true, FINDING_OK, "as requested" },
	{ "#!/bin/sh\n[ $1 = --version ] && echo crun version 1.20\n", false, FINDING_WARNING,
	  "--cgroup-manager=disabled" },
	{ "#!/bin/sh\necho runc version 1.3.3\n", false, FINDING_OK, "plain: runc" },
};

START_TEST(engine_and_its_mode)
{
	engine(engines[_i].script);
	health_engine(&health, &places, engines[_i].plain, geteuid() == 0);
	expect(0, FINDING_OK, places.engine);
	expect(1, engines[_i].kind, engines[_i].mode);
	ck_assert_uint_eq(health.n, 2);
	/* Nothing was made for it. */
	ck_assert_int_eq(access(places.run, F_OK), -1);
}
END_TEST

START_TEST(no_engine_is_a_problem)
{
	engine("#!/bin/sh\nexit 1\n");
	health_engine(&health, &places, false, geteuid() == 0);
	ck_assert_int_eq(only()->kind, FINDING_PROBLEM);
	expect(0, FINDING_PROBLEM, "MOULETTE_ENGINE");
}
END_TEST

Suite *suite_container_health(void);

#define COUNT(a) ((int)(sizeof(a) / sizeof *(a)))

Suite *suite_container_health(void)
{
	Suite *s = suite_create("container/health");
	TCase *tc = tcase_create("health");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, the_worst_counts);
	tcase_add_loop_test(tc, ids, 0, COUNT(rows));
	tcase_add_loop_test(tc, settings_of_the_host, 0, COUNT(settings));
	tcase_add_loop_test(tc, filters_that_are_compiled, 0, COUNT(filters));
	tcase_add_loop_test(tc, known_holes_of_engines, 0, COUNT(holes));
	tcase_add_loop_test(tc, folder_modes, 0, COUNT(modes));
	tcase_add_test(tc, a_file_is_no_folder);
	tcase_add_loop_test(tc, engine_and_its_mode, 0, COUNT(engines));
	tcase_add_test(tc, no_engine_is_a_problem);
	suite_add_tcase(s, tc);
	return s;
}
