/* test_pipeline_retention.c - which results go, and that nothing else does. */
#include "pipeline/retention.h"

#include <sys/stat.h>

#include "base/clock.h"
#include "test_report_fixture.h"

Suite *suite_pipeline_retention(void);

#define HOUR (3600 * NSEC_PER_SEC)
#define DAY (24 * HOUR)

static struct fixture fx;
static struct places places;
static struct store *store;
static struct err err;

static char *path_of(const char *folder, const char *name)
{
	return mem_printf("%s/%s/%s", fx.dir, folder, name);
}

static void make_file(const char *folder, const char *name, size_t bytes)
{
	AUTO_FREE char *path = path_of(folder, name);
	ck_assert_int_eq(file_write(AT_FDCWD, path, ""), 0);
	ck_assert_int_eq(truncate(path, (off_t)bytes), 0);
}

static bool has_log(char name)
{
	char file[40];
	snprintf(file, sizeof file, "01JD000000000000000000000%c.log", name);
	AUTO_FREE char *path = path_of("logs", file);
	return access(path, F_OK) == 0;
}

/* A result by the last character of its id, with a log of 100,000 bytes. */
static void put(char name, int64_t age)
{
	char file[40];
	fx.r.id[25] = name;
	fx.r.started_real_ns = clock_real_ns() - age;
	ck_assert_msg(store_put(store, &fx.r, &err) == 0, "%s", err.msg);
	snprintf(file, sizeof file, "%s.log", fx.r.id);
	make_file("logs", file, 100000);
}

static void setup(void)
{
	fixture_open(&fx);
	fixture_names(&fx.r, "alice");
	places = (struct places){ .home = fx.dir,
				  .live = mem_printf("%s/live", fx.dir),
				  .logs = mem_printf("%s/logs", fx.dir),
				  .database = mem_printf("%s/results.db", fx.dir) };
	ck_assert_int_eq(mkdir(places.live, 0700), 0);
	ck_assert_int_eq(mkdir(places.logs, 0700), 0);
	ck_assert_int_eq(store_open(places.database, &store, &err), 0);
	put('0', 40 * DAY);
	put('1', 30 * DAY);
	put('2', 2 * DAY);
	put('3', 2 * HOUR);
	put('4', HOUR / 2);
	put('5', -DAY); /* the clock was set back */
}

static void teardown(void)
{
	store_close(store);
	free(places.live);
	free(places.logs);
	free(places.database);
	fixture_close(&fx);
}

static const struct {
	const char *label;
	struct retention want;
	const char *left;
} rows[] = {
	{ "nothing asked", { 0 }, "012345" },
	{ "older than all", { .older_than_ns = 41 * DAY }, "012345" },
	{ "exactly as old", { .older_than_ns = 30 * DAY }, "2345" },
	{ "a little younger", { .older_than_ns = 30 * DAY + HOUR }, "12345" },
	{ "a second", { .older_than_ns = NSEC_PER_SEC }, "5" },
	{ "much room", { .max_bytes = 10 << 20 }, "012345" },
	{ "no room: young ones stay", { .max_bytes = 1 }, "45" },
	{ "room for about four", { .max_bytes = 500000 }, "2345" },
	{ "both", { .older_than_ns = 35 * DAY, .max_bytes = 500000 }, "2345" },
	{ "age beyond the size", { .older_than_ns = DAY, .max_bytes = 10 << 20 }, "345" },
};

static void expect_left(const char *label, const char *left)
{
	for (char c = '0'; c <= '5'; c++) {
		bool stays = strchr(left, c) != NULL;
		fx.r.id[25] = c;
		ck_assert_msg(store_has(store, fx.r.id, &err) == stays, "%s: row %c", label, c);
		ck_assert_msg(has_log(c) == stays, "%s: log %c", label, c);
	}
}

START_TEST(what_goes)
{
	struct retention_outcome dry, done;
	struct retention want = rows[_i].want;
	want.dry_run = true;
	ck_assert_int_eq(retention_apply(&places, store, &want, &dry, &err), 0);
	expect_left("dry run", "012345");
	ck_assert_msg(retention_apply(&places, store, &rows[_i].want, &done, &err) == 0, "%s",
		      err.msg);
	expect_left(rows[_i].label, rows[_i].left);
	ck_assert_int_eq(done.results, 6 - (int64_t)strlen(rows[_i].left));
	ck_assert_int_eq(done.results, dry.results);
	ck_assert_int_eq(done.bytes, dry.bytes);
	ck_assert_int_ge(done.bytes, 100000 * done.results);
}
END_TEST

START_TEST(a_live_run_keeps_its_result)
{
	const struct retention want = { .older_than_ns = NSEC_PER_SEC, .max_bytes = 1 };
	struct retention_outcome done;
	make_file("live", "01JD0000000000000000000001", 0);
	ck_assert_int_eq(retention_apply(&places, store, &want, &done, &err), 0);
	expect_left("live", "15");
}
END_TEST

START_TEST(logs_of_nobody_go)
{
	const struct retention want = { 0 };
	struct retention_outcome done;
	make_file("logs", "01JD000000000000000000000A.log", 5);
	make_file("logs", "01JD000000000000000000000B.log", 5);
	make_file("logs", "notes.txt", 5);
	make_file("live", "01JD000000000000000000000B", 0);
	ck_assert_int_eq(retention_apply(&places, store, &want, &done, &err), 0);
	ck_assert_int_eq(done.strays, 1);
	ck_assert_int_eq(done.results, 0);
	ck_assert(!has_log('A') && has_log('B'));
	AUTO_FREE char *notes = path_of("logs", "notes.txt");
	ck_assert_int_eq(access(notes, F_OK), 0);
	expect_left("all", "012345");
}
END_TEST

Suite *suite_pipeline_retention(void)
{
	Suite *s = suite_create("pipeline/retention");
	TCase *tc = tcase_create("retention");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, what_goes, 0, (int)(sizeof rows / sizeof *rows));
	tcase_add_test(tc, a_live_run_keeps_its_result);
	tcase_add_test(tc, logs_of_nobody_go);
	suite_add_tcase(s, tc);
	return s;
}
