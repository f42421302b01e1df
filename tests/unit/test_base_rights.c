/* test_base_rights.c - which capabilities and ids boxes need, and how a missing one is named. */
#include "base/rights.h"

#include <check.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

Suite *suite_base_rights(void);

#define ROWS(a) ((int)(sizeof(a) / sizeof *(a)))
#define BIT(c) (UINT64_C(1) << (c))

/* clang-format off */
static const struct { const char *label, *map; uint32_t first; uint64_t count; int want; } maps[] = {
	{ "the host's own",       "         0          0 4294967295\n", 1000, 65536, 1 },
	{ "exactly these",        "1000 5000 65536\n",                  1000, 65536, 1 },
	{ "one too few",          "1000 5000 65535\n",                  1000, 65536, 0 },
	{ "one too late",         "1001 5000 65536\n",                  1000, 65536, 0 },
	{ "as unshare -Ur",       "0 0 1\n",                            0x60000000, 65536, 0 },
	{ "65536 ids",            "0 100000 65536\n",                   0x60000000, 65536, 0 },
	{ "on the second line",   "0 1000 1\n1 100000 4000000000\n",    0x60000000, 65536, 1 },
	{ "outside, not inside",  "0 1610612736 65536\n",               0x60000000, 65536, 0 },
	{ "nothing is mapped",    "",                                   0x60000000, 65536, 0 },
	{ "no numbers",           "x\ny\n",                             0, 1, 0 },
};
static const struct { const char *label; uint64_t lost; const char *want; } sets[] = {
	{ "all there",            0, "" },
	{ "one",                  BIT(CAP_SYS_ADMIN), "CAP_SYS_ADMIN" },
	{ "two",                  BIT(CAP_NET_ADMIN) | BIT(CAP_SYS_ADMIN), "CAP_SYS_ADMIN and CAP_NET_ADMIN" },
	{ "three",                BIT(CAP_NET_ADMIN) | BIT(CAP_SYS_ADMIN) | BIT(CAP_KILL),
				  "CAP_SYS_ADMIN, CAP_NET_ADMIN and CAP_KILL" },
	{ "not needed",           BIT(CAP_MKNOD) | BIT(CAP_SYS_RESOURCE) | BIT(CAP_DAC_READ_SEARCH), "" },
};
/* clang-format on */

START_TEST(one_map)
{
	int got = rights_map_has(maps[_i].map, maps[_i].first, maps[_i].count);
	ck_assert_msg(got == maps[_i].want, "%s: %d", maps[_i].label, got);
}
END_TEST

START_TEST(one_set)
{
	char names[256];
	int got = rights_missing(~sets[_i].lost, names, sizeof names);
	ck_assert_msg(strcmp(names, sets[_i].want) == 0, "%s: '%s'", sets[_i].label, names);
	ck_assert_int_eq(got == 0, names[0] == '\0');
}
END_TEST

START_TEST(without_any)
{
	char names[16];
	ck_assert_int_gt(rights_missing(0, names, sizeof names), 5);
	ck_assert_uint_eq(strlen(names), sizeof names - 1); /* cut */
}
END_TEST

START_TEST(an_ordinary_user)
{
	int status;
	if (geteuid() != 0)
		return;
	pid_t pid = fork();
	if (pid == 0) {
		struct err err = { 0 };
		_exit(setuid(65534) < 0 || rights_boxes(1, 1, &err) == 0 ||
		      err.fault != FAULT_INFRA || strcmp(err.code, "host.not_root") != 0 ||
		      !strstr(err.msg, "sudo"));
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
}
END_TEST

Suite *suite_base_rights(void)
{
	Suite *s = suite_create("base/rights");
	TCase *tc = tcase_create("rights");

	tcase_add_loop_test(tc, one_map, 0, ROWS(maps));
	tcase_add_loop_test(tc, one_set, 0, ROWS(sets));
	tcase_add_test(tc, without_any);
	tcase_add_test(tc, an_ordinary_user);
	suite_add_tcase(s, tc);
	return s;
}
