/* test_report_progress.c - what a terminal shows of a batch, and that nothing else shows it. */
#include "report/progress.h"

#include "test_report_fixture.h"

Suite *suite_report_progress(void);

#define S INT64_C(1000000000)

static void counted(struct progress *p, size_t total, size_t passed, size_t refused)
{
	*p = (struct progress){ .total = total };
	for (size_t i = 0; i < passed; i++)
		progress_count(p, VERDICT_PASSED);
	for (size_t i = 0; i < refused; i++)
		progress_count(p, VERDICT_REFUSED);
}

static const struct {
	size_t total, passed, refused;
	int64_t elapsed_ns;
	const char *want;
} rows[] = {
	{ 40, 0, 0, 5 * S, "0/40" },
	{ 40, 10, 2, 4 * S, "12/40  3/s  ETA 10 s  10 passed, 2 refused" },
	{ 40, 1, 0, 3 * S, "1/40  0.333/s  ETA 1 min 57 s  1 passed" },
	{ 10000, 1, 0, 1 * S, "1/10000  1/s  ETA 2 h 46 min  1 passed" },
	{ 3, 3, 0, 1 * S, "3/3  3/s  ETA 0 s  3 passed" },
	{ 3, 3, 0, 0, "3/3" },
};

START_TEST(a_line)
{
	struct progress p;
	AUTO_BUF line = { 0 };
	counted(&p, rows[_i].total, rows[_i].passed, rows[_i].refused);
	progress_line(&p, rows[_i].elapsed_ns, &line);
	ck_assert_str_eq(line.data, rows[_i].want);
}
END_TEST

START_TEST(a_file_shows_nothing)
{
	struct progress p;
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	setenv("TERM", "xterm", 1);
	progress_begin(&p, out, 3);
	progress_show(&p);
	progress_count(&p, VERDICT_PASSED);
	progress_show(&p);
	progress_clear(&p);
	fclose(out);
	ck_assert_uint_eq(len, 0);
	free(text);
}
END_TEST

Suite *suite_report_progress(void)
{
	Suite *s = suite_create("report/progress");
	TCase *tc = tcase_create("progress");
	tcase_add_loop_test(tc, a_line, 0, (int)(sizeof rows / sizeof *rows));
	tcase_add_test(tc, a_file_shows_nothing);
	suite_add_tcase(s, tc);
	return s;
}
