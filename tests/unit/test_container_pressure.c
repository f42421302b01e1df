/* test_container_pressure.c - sums out of cpu.pressure; what a kernel lacks is not 0. */
#include <check.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "container/pressure.h"

#define SOME "some avg10=1.00 avg60=2.00 avg300=3.00 total=1234567\n"
#define FULL "full avg10=1.00 avg60=2.00 avg300=3.00 total=89\n"

static const struct {
	const char *label, *text;
	int64_t some_ns, full_ns;
} rows[] = {
	{ "both lines", SOME FULL, 1234567000, 89000 },
	{ "a kernel before 5.13", SOME, 1234567000, -1 },
	{ "nothing waited", "some avg10=0.00 total=0\nfull avg10=0.00 total=0\n", 0, 0 },
	{ "no sum", "some avg10=0.00\nfull avg10=0.00\n", -1, -1 },
	{ "an empty file", "", -1, -1 },
};

START_TEST(sums)
{
	AUTO_FD int fd = memfd_create("pressure", MFD_CLOEXEC);
	ck_assert_int_eq(fd_write_all(fd, rows[_i].text, strlen(rows[_i].text)), 0);
	ck_assert_msg(pressure_some_ns(fd) == rows[_i].some_ns, "%s", rows[_i].label);
	ck_assert_msg(pressure_full_ns(fd) == rows[_i].full_ns, "%s", rows[_i].label);
}
END_TEST

START_TEST(no_file_is_unmeasured)
{
	ck_assert_int_eq(pressure_full_ns(-1), -1);
	ck_assert_int_eq(pressure_some_ns(-1), -1);
}
END_TEST

Suite *suite_container_pressure(void);
Suite *suite_container_pressure(void)
{
	Suite *s = suite_create("container/pressure");
	TCase *tc = tcase_create("all");
	tcase_add_loop_test(tc, sums, 0, sizeof rows / sizeof *rows);
	tcase_add_test(tc, no_file_is_unmeasured);
	suite_add_tcase(s, tc);
	return s;
}
