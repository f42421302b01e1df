/* test_store_store.c - results.db: written by several, read back whole, refused with words. */
#include "store/store.h"

#include <netinet/in.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "rounds.h"
#include "test_report_fixture.h"

Suite *suite_store_store(void);

static struct fixture fx;
static char db_path[96];

static void setup(void)
{
	umask(0);
	fixture_open(&fx);
	fixture_names(&fx.r, "alice");
	snprintf(db_path, sizeof db_path, "%s/results.db", fx.dir);
}

static void teardown(void)
{
	fixture_close(&fx);
}

static struct store *open_store(void)
{
	struct store *s = NULL;
	struct err err = { 0 };
	ck_assert_msg(store_open(db_path, &s, &err) == 0, "%s", err.msg);
	return s;
}

static void put(struct store *s)
{
	struct err err = { 0 };
	ck_assert_msg(store_put(s, &fx.r, &err) == 0, "%s", err.msg);
}

/* SQL behind the store's back, as an administrator would. */
static void meddle(const char *sql)
{
	sqlite3 *db;
	ck_assert_int_eq(sqlite3_open(db_path, &db), SQLITE_OK);
	ck_assert_msg(sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK, "%s: %s", sql,
		      sqlite3_errmsg(db));
	sqlite3_close(db);
}

static int64_t ask(const char *sql)
{
	sqlite3 *db;
	sqlite3_stmt *st;
	ck_assert_int_eq(sqlite3_open(db_path, &db), SQLITE_OK);
	sqlite3_busy_timeout(db, 10000);
	ck_assert_msg(sqlite3_prepare_v2(db, sql, -1, &st, NULL) == SQLITE_OK, "%s: %s", sql,
		      sqlite3_errmsg(db));
	ck_assert_int_eq(sqlite3_step(st), SQLITE_ROW);
	int64_t got = sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	sqlite3_close(db);
	return got;
}

static const mode_t umasks[] = { 0, 022, 0777 };

START_TEST(the_file_is_private)
{
	static const char *const names[] = { "", "-wal", "-shm" };
	umask(umasks[_i]);
	AUTO_STORE *s = open_store();
	umask(0);
	put(s);
	for (size_t i = 0; i < 3; i++) {
		struct stat st;
		char path[110];
		snprintf(path, sizeof path, "%s%s", db_path, names[i]);
		ck_assert_msg(stat(path, &st) == 0, "no %s", path);
		ck_assert_msg((st.st_mode & 07777) == 0600, "%s: %o", path, st.st_mode & 07777);
	}
	ck_assert_int_eq(ask("SELECT count(*) FROM pragma_journal_mode "
			     "WHERE journal_mode = 'wal'"),
			 1);
}
END_TEST

START_TEST(a_result_is_replaced_as_a_whole)
{
	struct run_result got;
	struct err err = { 0 };
	AUTO_STORE *s = open_store();
	fixture_step(&fx, "one", STEP_TEST, VERDICT_PASSED);
	fixture_step(&fx, "two", STEP_TEST, VERDICT_PASSED);
	fx.r.groups = mem_alloc(sizeof *fx.r.groups);
	fx.r.n_groups = 1;
	fx.r.groups[0] = (struct group_result){ .name = mem_strdup("basics"), .max_score = 3 };
	put(s);
	fx.r.n_steps = 1;
	fx.r.n_groups = 0;
	fx.r.verdict = VERDICT_TIME_LIMIT;
	put(s);
	ck_assert_int_eq(store_get(s, fx.r.id, &got, &err), 0);
	ck_assert_uint_eq(got.n_steps, 1);
	ck_assert_uint_eq(got.n_groups, 0);
	ck_assert_int_eq(got.verdict, VERDICT_TIME_LIMIT);
	run_result_done(&got);
	ck_assert_int_eq(ask("SELECT count(*) FROM results"), 1);
	ck_assert_int_eq(ask("SELECT count(*) FROM steps"), 1);
	ck_assert_int_eq(store_has(s, fx.r.id, &err), 1);
	ck_assert_int_eq(store_has(s, "01JD", &err), 0);
	fx.r.n_steps = 2; /* what was added is freed */
	fx.r.n_groups = 1;
}
END_TEST

/* A teacher's own SQL finds names; numbers that were not measured are NULL. */
START_TEST(rows_can_be_queried)
{
	AUTO_STORE *s = open_store();
	step_facts_init(&fixture_step(&fx, "t", STEP_TEST, VERDICT_SKIPPED)->facts);
	put(s);
	ck_assert_int_eq(ask("SELECT count(*) FROM results WHERE submission_name = 'alice' "
			     "AND score IS NULL AND verdict = 'passed' AND log_path = 'log'"),
			 1);
	ck_assert_int_eq(ask("SELECT count(*) FROM steps WHERE name = 't' AND cpu_ns IS NULL "
			     "AND points IS NULL AND limit_hit IS NULL AND group_name IS NULL"),
			 1);
}
END_TEST

/* Every number of a card is another one. */
static struct network_facts *card(size_t n_refused)
{
	struct network_facts *f = network_facts_new(n_refused);
	f->sent_bytes = INT64_C(5000000000);
	f->sent_packets = 5000001;
	f->received_bytes = INT64_C(6000000000);
	f->received_packets = 6000001;
	for (f->n_refused = 0; f->n_refused < n_refused; f->n_refused++)
		f->refused[f->n_refused] = (struct network_refusal){
			.address = 0xfffffff0 + (uint32_t)f->n_refused, /* and on from 0.0.0.0 */
			.port = (uint16_t)(65535 - f->n_refused),
			.protocol = (uint8_t)(f->n_refused * 4 + 1),
			.count = INT64_C(7000000000) + (int64_t)f->n_refused,
		};
	return f;
}

static void same_card(const struct network_facts *a, const struct network_facts *b)
{
	ck_assert_int_eq(a->sent_bytes, b->sent_bytes);
	ck_assert_int_eq(a->sent_packets, b->sent_packets);
	ck_assert_int_eq(a->received_bytes, b->received_bytes);
	ck_assert_int_eq(a->received_packets, b->received_packets);
	ck_assert_uint_eq(a->n_refused, b->n_refused);
	for (size_t i = 0; i < a->n_refused; i++) {
		ck_assert_uint_eq(a->refused[i].address, b->refused[i].address);
		ck_assert_uint_eq(a->refused[i].port, b->refused[i].port);
		ck_assert_uint_eq(a->refused[i].protocol, b->refused[i].protocol);
		ck_assert_int_eq(a->refused[i].count, b->refused[i].count);
	}
}

/* Without a card, with one that nothing went through, and of every size. */
START_TEST(what_went_through_a_card_comes_back)
{
	static const size_t sizes[] = { 0, 0, 1, 2, NETWORK_REFUSALS_MAX };
	enum { N = sizeof sizes / sizeof *sizes };
	struct run_result got;
	struct err err = { 0 };
	AUTO_STORE *s = open_store();
	for (size_t i = 0; i < N; i++) {
		struct step_facts *f = &fixture_step(&fx, "t", STEP_TEST, VERDICT_PASSED)->facts;
		f->network = i > 0 ? card(sizes[i]) : NULL;
	}
	struct network_facts *f = fx.r.steps[1].facts.network;
	f->sent_bytes = f->sent_packets = f->received_bytes = -1;
	f->received_packets = 0;
	put(s);
	put(s); /* replaced */
	ck_assert_msg(store_get(s, fx.r.id, &got, &err) == 0, "%s", err.msg);
	ck_assert_uint_eq(got.n_steps, N);
	ck_assert_ptr_null(got.steps[0].facts.network);
	for (size_t i = 1; i < N; i++)
		same_card(got.steps[i].facts.network, fx.r.steps[i].facts.network);
	run_result_done(&got);
	ck_assert_int_eq(ask("SELECT count(*) FROM steps WHERE network IS NULL AND number = 0"), 1);
	/* A teacher asks who tried to reach what. */
	fx.r.steps[2].facts.network->refused[0] = (struct network_refusal){ 0x0a000009, 5432,
									    IPPROTO_TCP, 3 };
	put(s);
	ck_assert_int_eq(ask("SELECT count(*) FROM steps, json_each(network, '$.refused') "
			     "WHERE value ->> 'address' = '10.0.0.9' AND value ->> 'port' = 5432 "
			     "AND value ->> 'protocol' = 'tcp' AND value ->> 'count' = 3"),
			 1);
}
END_TEST

static const struct {
	const char *label, *given, *stored;
} logs[] = {
	{ "below the folder", "DIR/logs/a.log", "logs/a.log" },
	{ "elsewhere", "/var/a.log", "/var/a.log" },
	{ "in a folder of a longer name", "DIRxy/a.log", "DIRxy/a.log" },
	{ "relative", "logs/a.log", "logs/a.log" },
	{ "none", NULL, NULL },
};

static char *with_dir(const char *path)
{
	if (!path || strncmp(path, "DIR", 3) != 0)
		return mem_strdup(path);
	return mem_printf("%s%s", fx.dir, path + 3);
}

START_TEST(logs_move_with_the_home)
{
	struct run_result got;
	struct err err = { 0 };
	AUTO_STORE *s = open_store();
	AUTO_FREE char *given = with_dir(logs[_i].given), *stored = with_dir(logs[_i].stored);
	free(fx.r.log_path);
	fx.r.log_path = mem_strdup(given);
	put(s);
	AUTO_FREE char *sql = mem_printf("SELECT count(*) FROM results WHERE log_path %s%s%s",
					 stored ? "= '" : "IS NULL", stored ? stored : "",
					 stored ? "'" : "");
	ck_assert_msg(ask(sql) == 1, "%s", logs[_i].label);
	ck_assert_int_eq(store_get(s, fx.r.id, &got, &err), 0);
	if (!stored)
		ck_assert_ptr_null(got.log_path);
	else if (stored[0] == '/')
		ck_assert_str_eq(got.log_path, given);
	else
		ck_assert_msg(strncmp(got.log_path, fx.dir, strlen(fx.dir)) == 0 &&
				      strcmp(got.log_path + strlen(fx.dir) + 1, stored) == 0,
			      "%s: '%s'", logs[_i].label, got.log_path);
	run_result_done(&got);
}
END_TEST

static const struct {
	const char *label, *given, *want; /* NULL: refused */
	const char *words;
} lookups[] = {
	{ "whole", "01JD0000000000000000000000", "01JD0000000000000000000000", NULL },
	{ "prefix of one", "01JDA", "01JDAB00000000000000000000", NULL },
	{ "lower case", "01jda", "01JDAB00000000000000000000", NULL },
	{ "four characters, three results", "01JD", NULL,
	  "is ambiguous (01JD0000000000000000000000, " },
	{ "three characters", "01J", NULL, "at least 4 characters" },
	{ "unknown", "01JZ", NULL, "no result has the id '01JZ'; 'moulette list --all'" },
	{ "too long", "01JD00000000000000000000000", NULL, "no result" },
	{ "a pattern", "01J%", NULL, "no result" },
	{ "SQL", "' OR 1=1 --", NULL, "no result" },
	{ "hostile", HOSTILE, NULL, "no result" },
};

START_TEST(ids_may_be_short)
{
	struct run_result got = { .id = "untouched" };
	struct err err = { 0 };
	AUTO_STORE *s = open_store();
	put(s);
	strcpy(fx.r.id, "01JDAB00000000000000000000");
	put(s);
	strcpy(fx.r.id, "01JDB000000000000000000000");
	put(s);
	int rc = store_get(s, lookups[_i].given, &got, &err);
	if (lookups[_i].want) {
		ck_assert_msg(rc == 0, "%s: %s", lookups[_i].label, err.msg);
		ck_assert_str_eq(got.id, lookups[_i].want);
		run_result_done(&got);
		return;
	}
	ck_assert_msg(rc == -1 && err.fault == FAULT_USAGE, "%s: accepted", lookups[_i].label);
	ck_assert_msg(strstr(err.msg, lookups[_i].words), "%s: '%s'", lookups[_i].label, err.msg);
	ck_assert_str_eq(got.id, "untouched");
}
END_TEST

struct seen {
	int n, stop_at;
	char names[8];
};

static int see(void *ctx, const struct store_row *row)
{
	struct seen *seen = ctx;
	ck_assert_str_eq(row->assignment, "strings");
	ck_assert_int_eq(row->duration_ns, 81234567);
	seen->names[seen->n++] = row->submission[0];
	return seen->n == seen->stop_at;
}

START_TEST(the_latest_come_first)
{
	static const struct {
		int max, stop_at;
		const char *want;
	} rows[] = { { 0, 0, "bdca" },
		     { 2, 0, "bd" },
		     { 3, 0, "bdc" },
		     { 9, 0, "bdca" },
		     { 0, 1, "b" } };
	static const int64_t started[] = { 100, 900, 200, 900 }; /* b and d: by id */
	struct err err = { 0 };
	AUTO_STORE *s = open_store();
	for (int i = 0; i < 4; i++) {
		fx.r.submission.name[0] = "adcb"[i];
		fx.r.id[25] = (char)('0' + i);
		fx.r.started_real_ns = started[i];
		put(s);
	}
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct seen seen = { .stop_at = rows[i].stop_at };
		ck_assert_int_eq(store_latest(s, rows[i].max, see, &seen, &err), 0);
		ck_assert_str_eq(seen.names, rows[i].want);
	}
}
END_TEST

START_TEST(reading_makes_and_changes_nothing)
{
	struct store *s = NULL;
	struct err err = { 0 };
	struct run_result got;
	ck_assert_int_eq(store_open_read(db_path, &s, &err), 0);
	ck_assert_ptr_null(s);
	ck_assert_int_ne(access(db_path, F_OK), 0);
	/* As while a run is making it. */
	ck_assert_int_eq(file_write(AT_FDCWD, db_path, ""), 0);
	ck_assert_int_eq(store_open_read(db_path, &s, &err), 0);
	ck_assert_ptr_null(s);
	AUTO_STORE *writer = open_store();
	put(writer);
	ck_assert_msg(store_open_read(db_path, &s, &err) == 0, "%s", err.msg);
	ck_assert_int_eq(store_get(s, fx.r.id, &got, &err), 0);
	run_result_done(&got);
	ck_assert_int_eq(store_put(s, &fx.r, &err), -1);
	/* A run goes on writing, and is seen. */
	fx.r.id[25] = '1';
	put(writer);
	ck_assert_int_eq(store_has(s, fx.r.id, &err), 1);
	store_close(s);
}
END_TEST

#define WITHOUT_CHANGED "ALTER TABLE results DROP COLUMN submission_changed;"
#define WITHOUT_TIMES                                    \
	WITHOUT_CHANGED                                  \
	"ALTER TABLE results DROP COLUMN processors;"    \
	"ALTER TABLE results DROP COLUMN host_pressure;" \
	"ALTER TABLE steps DROP COLUMN waited_ns;"       \
	"ALTER TABLE steps DROP COLUMN beside;"          \
	"ALTER TABLE steps DROP COLUMN near_limit;"      \
	"ALTER TABLE steps DROP COLUMN reruns;"

/* Databases of moulettes that knew less: what takes away what came later. */
static const struct {
	const char *label, *sql;
} older[] = {
	{ "without `replaced`",
	  "ALTER TABLE results DROP COLUMN replaced; "
	  "ALTER TABLE steps DROP COLUMN network; " WITHOUT_TIMES "PRAGMA user_version = 1" },
	{ "without `network`",
	  "ALTER TABLE steps DROP COLUMN network; " WITHOUT_TIMES "PRAGMA user_version = 2" },
	{ "without what a busy host did", WITHOUT_TIMES "PRAGMA user_version = 3" },
	{ "without `changed`", WITHOUT_CHANGED "PRAGMA user_version = 4" },
};

static void make_older(int i)
{
	struct store *s = open_store();
	fixture_step(&fx, "t", STEP_TEST, VERDICT_PASSED);
	put(s);
	store_close(s);
	meddle(older[i].sql);
}

/* What was there is there, and what is new is not known of it. */
static void is_up_to_date(struct store *s, int i)
{
	const bool knew_times = !strstr(older[i].sql, "waited_ns");
	struct run_result got;
	struct err err = { 0 };
	ck_assert_msg(store_get(s, fx.r.id, &got, &err) == 0, "%s: %s", older[i].label, err.msg);
	ck_assert_uint_eq(got.n_steps, 1);
	ck_assert_str_eq(got.steps[0].name, "t");
	ck_assert_ptr_null(got.steps[0].facts.network);
	ck_assert_ptr_null(got.replaced);
	ck_assert_ptr_null(got.processors);
	ck_assert(isnan(got.host_pressure));
	ck_assert_int_eq(got.steps[0].facts.waited_ns, knew_times ? 6 : -1);
	ck_assert(!got.steps[0].near_limit);
	ck_assert(!got.submission.changed);
	run_result_done(&got);
	ck_assert_int_eq(ask("PRAGMA user_version"), 5);
}

START_TEST(an_older_schema_is_brought_up_to_date_for_reading)
{
	struct store *s = NULL;
	struct err err = { 0 };
	make_older(_i);
	ck_assert_msg(store_open_read(db_path, &s, &err) == 0, "%s", err.msg);
	is_up_to_date(s, _i);
	store_close(s);
}
END_TEST

static int note(void *ctx, const char *id, int64_t started_real_ns)
{
	char *names = ctx;
	size_t n = strlen(names);
	names[n] = id[25];
	names[n + 1] = '\0';
	return started_real_ns >= 900;
}

START_TEST(the_oldest_are_found_and_removed)
{
	static const int64_t started[] = { 300, 100, 900, 200, 900 };
	struct err err = { 0 };
	char names[8] = "";
	int64_t before = 0, after = 0;
	AUTO_STORE *s = open_store();
	fixture_step(&fx, "one", STEP_TEST, VERDICT_PASSED);
	for (int i = 0; i < 5; i++) {
		fx.r.id[25] = (char)('0' + i);
		fx.r.started_real_ns = started[i];
		put(s);
	}
	ck_assert_int_eq(store_oldest(s, note, names, &err), 0);
	ck_assert_str_eq(names, "1302"); /* and stopped there */
	ck_assert_int_eq(store_bytes(s, &before, &err), 0);
	fx.r.id[25] = '1';
	ck_assert_int_eq(store_remove(s, fx.r.id, &err), 0);
	ck_assert_int_eq(store_remove(s, fx.r.id, &err), 0); /* gone already */
	ck_assert_int_eq(store_has(s, fx.r.id, &err), 0);
	ck_assert_int_eq(ask("SELECT count(*) FROM results"), 4);
	ck_assert_int_eq(ask("SELECT count(*) FROM steps"), 4);
	ck_assert_int_eq(store_bytes(s, &after, &err), 0);
	ck_assert(after > 0 && after <= before);
}
END_TEST

START_TEST(much_room_is_given_back)
{
	struct err err = { 0 };
	int64_t used = 0;
	AUTO_STORE *s = open_store();
	put(s);
	meddle("WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000) "
	       "INSERT INTO results (id, verdict, fault, version, started_ns, error_message) "
	       "SELECT 'X' || i, 'passed', 'none', '1', i, hex(zeroblob(500)) FROM n");
	int64_t full = ask("PRAGMA page_count");
	meddle("DELETE FROM results WHERE id LIKE 'X%'");
	ck_assert_int_eq(store_bytes(s, &used, &err), 0);
	ck_assert_msg(used < full * 4096 / 4, "%lld bytes are used", (long long)used);
	ck_assert_int_eq(store_shrink(s, &err), 0);
	ck_assert_int_lt(ask("PRAGMA page_count"), full / 4);
	ck_assert_int_eq(store_has(s, fx.r.id, &err), 1);
}
END_TEST

/* One of the writers: opens for itself, as another run would. */
static void write_many(int writer, int n)
{
	struct store *s = NULL;
	struct err err = { 0 };
	if (store_open(db_path, &s, &err) < 0) {
		fprintf(stderr, "%s\n", err.msg);
		_exit(1);
	}
	for (int i = 0; i < n; i++) {
		snprintf(fx.r.id, sizeof fx.r.id, "01JD00000000000000%04d%04d", writer, i);
		if (store_put(s, &fx.r, &err) < 0) {
			fprintf(stderr, "%s\n", err.msg);
			_exit(1);
		}
	}
	store_close(s);
	_exit(0);
}

/* Nothing is there yet, and all start at one signal; often enough that they get in each other's
 * way while the journal is set. */
START_TEST(several_make_it_at_once)
{
	enum { OPENERS = 8 };
	for (int round = 0; round < ROUNDS(25); round++) {
		pid_t pids[OPENERS];
		int go[2];
		char c;
		snprintf(db_path, sizeof db_path, "%s/results%d.db", fx.dir, round);
		ck_assert_int_eq(pipe(go), 0);
		for (int i = 0; i < OPENERS; i++) {
			if ((pids[i] = fork()) != 0)
				continue;
			close(go[1]);
			write_many(i, read(go[0], &c, 1) == 0);
		}
		close(go[0]);
		close(go[1]);
		for (int i = 0; i < OPENERS; i++) {
			int status;
			ck_assert_int_eq(waitpid(pids[i], &status, 0), pids[i]);
			ck_assert_int_eq(status, 0);
		}
		ck_assert_int_eq(ask("SELECT count(*) FROM results"), OPENERS);
	}
}
END_TEST

START_TEST(several_write_at_once)
{
	enum { WRITERS = 6, EACH = 25 };
	pid_t pids[WRITERS];
	fixture_step(&fx, "one", STEP_TEST, VERDICT_PASSED);
	fixture_step(&fx, "two", STEP_TEST, VERDICT_PASSED);
	for (int i = 0; i < WRITERS; i++)
		if ((pids[i] = fork()) == 0)
			write_many(i, EACH);
	for (int i = 0; i < WRITERS; i++) {
		int status;
		ck_assert_int_eq(waitpid(pids[i], &status, 0), pids[i]);
		ck_assert_int_eq(status, 0);
	}
	ck_assert_int_eq(ask("SELECT count(*) FROM results"), WRITERS * EACH);
	ck_assert_int_eq(ask("SELECT count(*) FROM steps"), 2 * WRITERS * EACH);
}
END_TEST

static const struct {
	const char *label, *sql;
	enum fault fault;
	const char *words;
} refusals[] = {
	{ "newer", "PRAGMA user_version = 6", FAULT_USAGE,
	  "newer moulette (its schema is 6, this version knows 5)" },
	{ "another program's", "PRAGMA application_id = 7", FAULT_USAGE, "another program" },
	{ "no version", "PRAGMA user_version = 0", FAULT_INFRA, "is damaged (it has no schema)" },
};

START_TEST(an_older_schema_is_brought_up_to_date)
{
	struct run_result got;
	struct err err = { 0 };
	make_older(_i);
	struct store *s = open_store();
	is_up_to_date(s, _i);
	store_close(s);
	fx.r.steps[0].facts.network = card(1);
	s = open_store(); /* once is enough */
	put(s);
	ck_assert_int_eq(store_get(s, fx.r.id, &got, &err), 0);
	same_card(got.steps[0].facts.network, fx.r.steps[0].facts.network);
	run_result_done(&got);
	store_close(s);
}
END_TEST

START_TEST(a_strange_schema_is_refused)
{
	struct store *s = open_store();
	struct err err = { 0 };
	put(s);
	store_close(s);
	meddle(refusals[_i].sql);
	meddle("PRAGMA journal_mode = DELETE");
	AUTO_BUF before = { 0 }, after = { 0 };
	ck_assert_int_eq(file_read(AT_FDCWD, db_path, &before, 1 << 24), 0);
	s = NULL;
	ck_assert_int_eq(store_open(db_path, &s, &err), -1);
	ck_assert_ptr_null(s);
	ck_assert_msg(err.fault == refusals[_i].fault, "%s: fault", refusals[_i].label);
	ck_assert_msg(strstr(err.msg, refusals[_i].words), "%s: '%s'", refusals[_i].label, err.msg);
	ck_assert_msg(strstr(err.msg, db_path), "%s: '%s'", refusals[_i].label, err.msg);
	ck_assert_int_eq(file_read(AT_FDCWD, db_path, &after, 1 << 24), 0);
	ck_assert_uint_eq(before.len, after.len);
	ck_assert_mem_eq(before.data, after.data, before.len);
}
END_TEST

START_TEST(another_programs_database_stays_as_it_is)
{
	struct store *s = NULL;
	struct err err = { 0 };
	meddle("CREATE TABLE t (a); INSERT INTO t VALUES (1)");
	ck_assert_int_eq(store_open(db_path, &s, &err), -1);
	ck_assert_int_eq(err.fault, FAULT_USAGE);
	ck_assert_int_eq(ask("SELECT count(*) FROM sqlite_schema"), 1);
}
END_TEST

START_TEST(a_file_that_is_no_database)
{
	struct store *s = NULL;
	struct err err = { 0 };
	char junk[8192];
	memset(junk, 'j', sizeof junk - 1);
	junk[sizeof junk - 1] = '\0';
	ck_assert_int_eq(file_write(AT_FDCWD, db_path, junk), 0);
	ck_assert_int_eq(store_open(db_path, &s, &err), -1);
	ck_assert_int_eq(err.fault, FAULT_INFRA);
	ck_assert_ptr_nonnull(strstr(err.msg, db_path));
	ck_assert_ptr_nonnull(strstr(err.msg, "is damaged (file is not a database); move it away"));
	AUTO_BUF after = { 0 };
	ck_assert_int_eq(file_read(AT_FDCWD, db_path, &after, 1 << 20), 0);
	ck_assert_str_eq(after.data, junk);
}
END_TEST

START_TEST(broken_pages)
{
	struct run_result got;
	struct err err = { 0 };
	struct stat st;
	char junk[4096];
	struct store *s = open_store();
	put(s);
	store_close(s);
	memset(junk, 0xee, sizeof junk);
	AUTO_FD int fd = open(db_path, O_RDWR | O_CLOEXEC);
	ck_assert_int_eq(fstat(fd, &st), 0);
	for (off_t at = sizeof junk; at < st.st_size; at += (off_t)sizeof junk)
		ck_assert_int_eq(pwrite(fd, junk, sizeof junk, at), (ssize_t)sizeof junk);
	s = open_store(); /* the schema on the first page is whole */
	ck_assert_int_eq(store_get(s, fx.r.id, &got, &err), -1);
	ck_assert_int_eq(err.fault, FAULT_INFRA);
	ck_assert_ptr_nonnull(strstr(err.msg, "is damaged"));
	ck_assert_int_eq(store_put(s, &fx.r, &err), -1);
	ck_assert_int_eq(err.fault, FAULT_INFRA);
	store_close(s);
}
END_TEST

/* Values that no moulette wrote. */
static const struct {
	const char *label, *sql, *words;
} meddlings[] = {
	{ "verdict", "UPDATE results SET verdict = 'won'", "(verdict)" },
	{ "fault", "UPDATE results SET fault = ''", "(fault)" },
	{ "kind", "UPDATE steps SET kind = 'tset'", "(kind)" },
	{ "limit", "UPDATE steps SET limit_hit = 'luck'", "(limit_hit)" },
	{ "NUL", "UPDATE steps SET name = x'610062'", "(name)" },
	{ "too long for a digest", "UPDATE results SET submission_sha256 = hex(zeroblob(33))",
	  "(submission_sha256)" },
	{ "too long for a message", "UPDATE steps SET message = hex(zeroblob(150))", "(message)" },
};

START_TEST(meddled_values_are_told)
{
	struct run_result got = { .id = "untouched" };
	struct err err = { 0 };
	AUTO_STORE *s = open_store();
	fixture_step(&fx, "t", STEP_TEST, VERDICT_TIME_LIMIT)->limit_hit = LIMIT_CPU;
	put(s);
	meddle(meddlings[_i].sql);
	ck_assert_msg(store_get(s, fx.r.id, &got, &err) == -1, "%s: accepted", meddlings[_i].label);
	ck_assert_int_eq(err.fault, FAULT_INFRA);
	ck_assert_msg(strstr(err.msg, meddlings[_i].words), "%s: '%s'", meddlings[_i].label,
		      err.msg);
	ck_assert_str_eq(got.id, "untouched");
	put(s); /* the store goes on */
}
END_TEST

#define WAYS "\"sent\":{\"bytes\":1,\"packets\":1},\"received\":{\"bytes\":1,\"packets\":null}"
#define REFUSED(address, port, protocol, count)                                                    \
	"{" WAYS ",\"refused\":[{\"address\":" address ",\"port\":" port ",\"protocol\":" protocol \
	",\"count\":" count "}]}"
#define A "\"10.0.0.9\""
#define T "\"tcp\""

static const struct {
	const char *label, *json;
	bool good;
} cards[] = {
	{ "nothing refused", "{" WAYS ",\"refused\":[]}", true },
	{ "one refused", REFUSED(A, "65535", T, "1"), true },
	{ "a number for a protocol", REFUSED(A, "0", "\"255\"", "1"), true },
	{ "empty", "", false },
	{ "no JSON", "{", false },
	{ "null", "null", false },
	{ "no object", "[]", false },
	{ "no refused", "{" WAYS "}", false },
	{ "no way out", "{\"refused\":[],\"received\":{\"bytes\":1,\"packets\":1}}", false },
	{ "no packets",
	  "{\"refused\":[],\"sent\":{\"bytes\":1},"
	  "\"received\":{\"bytes\":1,\"packets\":1}}",
	  false },
	{ "fewer than no bytes",
	  "{\"refused\":[],\"sent\":{\"bytes\":-1,\"packets\":1},"
	  "\"received\":{\"bytes\":1,\"packets\":1}}",
	  false },
	{ "refused is no array", "{" WAYS ",\"refused\":{}}", false },
	{ "a refusal is a number", "{" WAYS ",\"refused\":[1]}", false },
	{ "a refusal is null", "{" WAYS ",\"refused\":[null]}", false },
	{ "an address of three parts", REFUSED("\"10.0.9\"", "1", T, "1"), false },
	{ "an address as a number", REFUSED("167772169", "1", T, "1"), false },
	{ "a port too high", REFUSED(A, "65536", T, "1"), false },
	{ "a port below 0", REFUSED(A, "-1", T, "1"), false },
	{ "a port that is null", REFUSED(A, "null", T, "1"), false },
	{ "a protocol too high", REFUSED(A, "1", "\"256\"", "1"), false },
	{ "a protocol as a number", REFUSED(A, "1", "6", "1"), false },
	{ "a protocol of nobody", REFUSED(A, "1", "\"\"", "1"), false },
	{ "refused 0 times", REFUSED(A, "1", T, "0"), false },
	{ "refused too often to count", REFUSED(A, "1", T, "99999999999999999999"), false },
};
#undef A
#undef T

START_TEST(meddled_cards_are_told)
{
	struct run_result got = { .id = "untouched" };
	struct err err = { 0 };
	AUTO_STORE *s = open_store();
	fixture_step(&fx, "t", STEP_TEST, VERDICT_PASSED)->facts.network = card(1);
	put(s);
	AUTO_FREE char *sql = mem_printf("UPDATE steps SET network = '%s'", cards[_i].json);
	meddle(sql);
	int rc = store_get(s, fx.r.id, &got, &err);
	ck_assert_msg(rc == (cards[_i].good ? 0 : -1), "%s: %d %s", cards[_i].label, rc, err.msg);
	if (cards[_i].good) {
		run_result_done(&got);
		return;
	}
	ck_assert_int_eq(err.fault, FAULT_INFRA);
	ck_assert_msg(strstr(err.msg, "is damaged (network)"), "%s: '%s'", cards[_i].label,
		      err.msg);
	ck_assert_str_eq(got.id, "untouched");
}
END_TEST

/* One more than a step may have. */
START_TEST(a_meddled_list_of_refusals_is_told)
{
	struct run_result got;
	struct err err = { 0 };
	AUTO_STORE *s = open_store();
	fixture_step(&fx, "t", STEP_TEST, VERDICT_PASSED)->facts.network =
		card(NETWORK_REFUSALS_MAX);
	put(s);
	meddle("UPDATE steps SET network = json_insert(network, '$.refused[#]', "
	       "json_extract(network, '$.refused[0]'))");
	ck_assert_int_eq(store_get(s, fx.r.id, &got, &err), -1);
	ck_assert_msg(strstr(err.msg, "is damaged (network)"), "'%s'", err.msg);
}
END_TEST

START_TEST(nothing_is_stored_by_halves)
{
	struct err err = { 0 };
	AUTO_STORE *s = open_store();
	meddle("CREATE TRIGGER no BEFORE INSERT ON steps WHEN new.number = 1 "
	       "BEGIN SELECT RAISE(ABORT, 'no'); END");
	fixture_step(&fx, "one", STEP_TEST, VERDICT_PASSED);
	put(s);
	fixture_step(&fx, "two", STEP_TEST, VERDICT_PASSED);
	fx.r.verdict = VERDICT_TIME_LIMIT;
	ck_assert_int_eq(store_put(s, &fx.r, &err), -1);
	ck_assert_int_eq(err.fault, FAULT_INFRA);
	ck_assert_ptr_nonnull(strstr(err.msg, "result '01JD0000000000000000000000': cannot store"));
	ck_assert_int_eq(ask("SELECT count(*) FROM results WHERE verdict = 'passed'"), 1);
	ck_assert_int_eq(ask("SELECT count(*) FROM steps"), 1);

	/* What was prepared serves again. */
	meddle("DROP TRIGGER no");
	put(s);
	strcpy(fx.r.id, "01JD0000000000000000000001");
	put(s);
	ck_assert_int_eq(ask("SELECT count(*) FROM results WHERE verdict = 'time_limit'"), 2);
	ck_assert_int_eq(ask("SELECT count(*) FROM steps"), 4);
}
END_TEST

START_TEST(a_folder_that_is_not_there)
{
	struct store *s = NULL;
	struct err err = { 0 };
	snprintf(db_path, sizeof db_path, "%s/none/results.db", fx.dir);
	ck_assert_int_eq(store_open(db_path, &s, &err), -1);
	ck_assert_int_eq(err.fault, FAULT_INFRA);
	ck_assert_ptr_nonnull(strstr(err.msg, db_path));
	ck_assert_ptr_null(s);
}
END_TEST

#define LOOP(tc, test, rows) tcase_add_loop_test(tc, test, 0, (int)(sizeof rows / sizeof *rows))

Suite *suite_store_store(void)
{
	Suite *s = suite_create("store/store");
	TCase *tc = tcase_create("store");
	tcase_set_timeout(tc, 60); /* six writers on a slow disk */
	tcase_add_checked_fixture(tc, setup, teardown);
	LOOP(tc, the_file_is_private, umasks);
	tcase_add_test(tc, a_result_is_replaced_as_a_whole);
	tcase_add_test(tc, rows_can_be_queried);
	tcase_add_test(tc, what_went_through_a_card_comes_back);
	LOOP(tc, logs_move_with_the_home, logs);
	LOOP(tc, ids_may_be_short, lookups);
	tcase_add_test(tc, the_latest_come_first);
	tcase_add_test(tc, reading_makes_and_changes_nothing);
	LOOP(tc, an_older_schema_is_brought_up_to_date_for_reading, older);
	tcase_add_test(tc, the_oldest_are_found_and_removed);
	tcase_add_test(tc, much_room_is_given_back);
	tcase_add_test(tc, several_make_it_at_once);
	tcase_add_test(tc, several_write_at_once);
	LOOP(tc, an_older_schema_is_brought_up_to_date, older);
	LOOP(tc, a_strange_schema_is_refused, refusals);
	tcase_add_test(tc, another_programs_database_stays_as_it_is);
	tcase_add_test(tc, a_file_that_is_no_database);
	tcase_add_test(tc, broken_pages);
	LOOP(tc, meddled_values_are_told, meddlings);
	LOOP(tc, meddled_cards_are_told, cards);
	tcase_add_test(tc, a_meddled_list_of_refusals_is_told);
	tcase_add_test(tc, nothing_is_stored_by_halves);
	tcase_add_test(tc, a_folder_that_is_not_there);
	suite_add_tcase(s, tc);
	return s;
}
