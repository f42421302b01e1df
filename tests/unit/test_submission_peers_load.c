/* test_submission_peers_load.c - the programs beside a test: keys, what is refused, their files,
 * and that the digest is over these. */
#include "submission/peers_load.h"

#include "submission/assignment.h"
#include "test_submission_loaded.h"

Suite *suite_submission_peers_load(void);

static void setup(void)
{
	loaded_setup();
	put("t/1.out", "out\n");
	put("g/server", "");
	put("g/deep/data", "");
	put("other/x", "");
}

START_TEST(every_key_arrives)
{
	must_load("{\"files\": [{\"from\": \"g\", \"to\": \"/grader\"}], \"tests\": [{\"name\": "
		  "\"first\"}, {\"name\": \"x\", \"network\": {\"allow\": [\"dns\"]}, \"peers\": ["
		  "{\"name\": \"server-1\", \"run\": [\"/grader/server\", \"-p\", \"80\"],"
		  " \"env\": {\"A\": \"1\"}, \"profile\": \"strict\", \"limits\": {\"memory\": "
		  "\"64M\"},"
		  " \"files\": [{\"from\": \"g/deep\", \"to\": \"/data\"}, {\"from\": \"other/x\", "
		  "\"to\": \"./\"}], \"listen\": 80},"
		  "{\"name\": \"b\", \"run\": [\"c\"], \"listen\": false},"
		  "{\"name\": \"0\", \"run\": [\"c\"]}]}]}");
	const struct step_spec *s = &a.tests[1];
	const struct peer_spec *p = s->peers;
	AUTO_FREE char *run = joined(p->argv), *env = joined(p->env);
	AUTO_FREE char *from = mem_printf("%s/g/deep", tree);
	ck_assert_uint_eq(a.tests[0].n_peers, 0);
	ck_assert_uint_eq(s->n_peers, 3);
	ck_assert_str_eq(p->name, "server-1");
	ck_assert_str_eq(run, "/grader/server|-p|80");
	ck_assert_str_eq(env, "A=1");
	ck_assert_str_eq(p->profile, "strict");
	ck_assert_int_eq(p->limits.v[LIMIT_MEMORY], 64 << 20);
	ck_assert_int_eq(p->limits.v[LIMIT_CPU], LIMIT_UNSET);
	ck_assert_int_eq(p->listen, 80);
	ck_assert_uint_eq(p->n_files, 2);
	ck_assert_str_eq(p->files[0].from, from);
	ck_assert_str_eq(p->files[0].to, "/data");
	ck_assert_str_eq(p->files[1].to, "x");
	ck_assert_int_eq(p[1].listen, PEER_LISTEN_NONE);
	ck_assert_ptr_null(p[1].profile);
	ck_assert_ptr_null(p[1].env);
	ck_assert_ptr_null(p[1].files);
	ck_assert_int_eq(p[2].listen, PEER_LISTEN_ANY);
}
END_TEST

#define NAME63 "abcdefghijklmnopqrstuvwxyz-0123456789-abcdefghijklmnopqrstuvwxy"
#define RUN "\"run\": [\"r\"]"
#define NAMED "\"name\": \"s\", "
#define FILES "\"name\": \"s\", " RUN ", \"files\": "
#define PEER(n) "{\"name\": \"" n "\", " RUN "}"

/* What stands in {"files": [/grader, and the relative h], "tests": [{"name": "x", "stdout":
 * "t/1.out", "peers": [{HERE}]}]}; an L is the whole list. NULL: accepted. */
static const struct {
	const char *label, *where, *text, *why;
} rows[] = {
	{ "the least", "", NAMED RUN, NULL },
	{ "no name", "", RUN, "peers[0]: 'name' is missing" },
	{ "name of 63", "", "\"name\": \"" NAME63 "\", " RUN, NULL },
	{ "name of 64", "", "\"name\": \"" NAME63 "z\", " RUN, "1 to 63 characters" },
	{ "empty name", "", "\"name\": \"\", " RUN, "peers[0].name: '' is not a host name" },
	{ "name in capitals", "", "\"name\": \"DB\", " RUN, "'DB' is not a host name: expected" },
	{ "name with a dot", "", "\"name\": \"a.b\", " RUN, "is not a host name" },
	{ "name with a newline", "", "\"name\": \"a\\nb\", " RUN, "is not a host name" },
	{ "name with a blank", "", "\"name\": \"a b\", " RUN, "is not a host name" },
	{ "name begins with -", "", "\"name\": \"-a\", " RUN, "and '-', not at its ends" },
	{ "name ends with -", "", "\"name\": \"a-\", " RUN, "not at its ends" },
	{ "localhost", "", "\"name\": \"localhost\", " RUN, "'localhost' is taken in every box" },
	{ "student", "", "\"name\": \"student\", " RUN, "'student' is taken in every box" },
	{ "host", "", "\"name\": \"host\", " RUN, "'host' is taken in every box" },
	{ "students", "", "\"name\": \"students\", " RUN, NULL },
	{ "name is a number", "", "\"name\": 1, " RUN, "peers[0].name: expected a string" },
	{ "name twice", "L", PEER("a") ", " PEER("b") ", " PEER("a"),
	  "peers[2].name: 'a' is the name of an earlier one" },
	{ "no run", "", "\"name\": \"s\"", "peers[0]: 'run' is missing" },
	{ "run is a string", "", NAMED "\"run\": \"./a\"",
	  "peers[0].run: expected an array of words" },
	{ "run is empty", "", NAMED "\"run\": []", "expected a program as the first word" },
	{ "args", "", NAMED RUN ", \"args\": []",
	  "peers[0]: unknown key 'args'; known: name, run" },
	{ "network", "", NAMED RUN ", \"network\": {}", "unknown key 'network'" },
	{ "env", "", NAMED RUN ", \"env\": []", "peers[0].env: expected an object" },
	{ "profile is empty", "", NAMED RUN ", \"profile\": \"\"", "peers[0].profile: an empty" },
	{ "limits", "", NAMED RUN ", \"limits\": {\"time\": 1}",
	  "peers[0].limits: unknown key 'time'" },
	{ "port 1", "", NAMED RUN ", \"listen\": 1", NULL },
	{ "port 65535", "", NAMED RUN ", \"listen\": 65535", NULL },
	{ "port 0", "", NAMED RUN ", \"listen\": 0",
	  "peers[0].listen: expected a whole number from 1 to 65535" },
	{ "port 65536", "", NAMED RUN ", \"listen\": 65536", "from 1 to 65535" },
	{ "port as a text", "", NAMED RUN ", \"listen\": \"80\"", "from 1 to 65535" },
	{ "port is null", "", NAMED RUN ", \"listen\": null", "from 1 to 65535" },
	{ "listen is true", "", NAMED RUN ", \"listen\": true", "or false for a peer that nobody" },
	{ "a peer is null", "L", "null", "peers[0]: expected an object" },
	{ "eight", "L",
	  PEER("a") "," PEER("b") "," PEER("c") "," PEER("d") "," PEER("e") "," PEER("f") "," PEER(
		  "g") "," PEER("h"),
	  NULL },
	{ "nine", "L",
	  PEER("a") "," PEER("b") "," PEER("c") "," PEER("d") "," PEER("e") "," PEER("f") "," PEER(
		  "g") "," PEER("h") "," PEER("i"),
	  "tests[0].peers: expected at most 8 entries, got 9" },

	{ "files", "", FILES "[{\"from\": \"g\", \"to\": \"/data\"}]", NULL },
	{ "files is an object", "", FILES "{}", "tests[0].peers[0].files: expected an array" },
	{ "no file", "", FILES "[{\"from\": \"no\", \"to\": \"/d\"}]",
	  "tests[0].peers[0].files[0].from: cannot read 'no'" },
	{ "files leave", "", FILES "[{\"from\": \"../..\", \"to\": \"/d\"}]",
	  "peers[0].files[0].from: " },
	{ "expected output", "",
	  FILES "[{\"from\": \"g\", \"to\": \"/d\"}, {\"from\": \"t\", "
		"\"to\": \"/t\"}]",
	  "tests[0].peers[0].files[1]: would show" },
	{ "exposed output", "", FILES "[{\"from\": \"t\", \"to\": \"/t\", \"exposes\": true}]",
	  NULL },
	{ "assignment.json", "", FILES "[{\"from\": \"./\", \"to\": \"/d\"}]", "would show" },
	{ "over the assignment's", "", FILES "[{\"from\": \"g\", \"to\": \"/grader\"}]",
	  "peers[0].files[0].to: '/grader' overlaps with '/grader' of the assignment, which is in a "
	  "peer's box as well" },
	{ "in the assignment's", "", FILES "[{\"from\": \"g\", \"to\": \"/grader/x\"}]",
	  "'/grader/x' overlaps with '/grader' of the assignment" },
	{ "beside the assignment's", "", FILES "[{\"from\": \"g\", \"to\": \"/grader2\"}]", NULL },
	{ "over a relative one", "", FILES "[{\"from\": \"g\", \"to\": \"h\"}]", NULL },
	{ "over its own", "",
	  FILES "[{\"from\": \"g\", \"to\": \"/d\"}, {\"from\": \"g\", \"to\": "
		"\"/d/e\"}]",
	  "'/d/e' overlaps with '/d' of an earlier entry" },
	{ "over another peer's", "L",
	  "{" FILES "[{\"from\": \"g\", \"to\": \"/d\"}]}, {\"name\": "
	  "\"b\", " RUN ", \"files\": [{\"from\": \"g\", \"to\": \"/d\"}]}",
	  NULL },
	{ "in /tmp", "", FILES "[{\"from\": \"g\", \"to\": \"/tmp/x\"}]", "the box's own /tmp" },
};

START_TEST(one_row)
{
	bool list = rows[_i].where[0] == 'L';
	AUTO_FREE char *json = mem_printf("{\"files\": [{\"from\": \"g\", \"to\": \"/grader\"}, "
					  "{\"from\": \"g\", \"to\": \"h\"}], \"tests\": "
					  "[{\"name\": \"x\", \"stdout\": \"t/1.out\", "
					  "\"peers\": [%s%s%s]}]}",
					  list ? "" : "{", rows[_i].text, list ? "" : "}");
	ck_row(json, rows[_i].label, rows[_i].why, "assignment.json: tests[0].peers");
}
END_TEST

/* What the assignment and its test say of the network. NULL: accepted. */
static const struct {
	const char *label, *top, *test, *why;
} networks[] = {
	{ "nothing said", "", "", NULL },
	{ "a card", "\"network\": {}, ", "", NULL },
	{ "a card of the test", "\"network\": null, ", "\"network\": {}, ", NULL },
	{ "none", "\"network\": null, ", "",
	  "tests[0].peers: peers are reached by a card, and \"network\": null of the assignment" },
	{ "none of the test", "\"network\": {}, ", "\"network\": null, ",
	  "\"network\": null of the test says that there is none; write {}" },
};

START_TEST(peers_need_a_card)
{
	AUTO_FREE char *json =
		mem_printf("{%s\"tests\": [{%s\"name\": \"x\", \"peers\": [" PEER("a") "]}]}",
			   networks[_i].top, networks[_i].test);
	AUTO_FREE char *alone = mem_printf("{%s\"tests\": [{%s\"name\": \"x\", \"peers\": []}]}",
					   networks[_i].top, networks[_i].test);
	int got = load(json);
	ck_assert_msg(got == (networks[_i].why ? -1 : 0), "%s: %s", networks[_i].label, err.msg);
	ck_assert_msg(got == 0 || strstr(err.msg, networks[_i].why), "%s: '%s'", networks[_i].label,
		      err.msg);
	assignment_done(&a);
	must_load(alone);
}
END_TEST

#define WITH_FILE(path)                                                                            \
	"{\"tests\": [{\"name\": \"x\", \"peers\": [" PEER("a") ", {\"name\": \"b\", " RUN         \
								", \"files\": [{\"from\": \"" path \
								"\", \"to\": \"d\"}]}]}]}"

static void digest_of(const char *json, char hex[DIGEST_HEX])
{
	must_load(json);
	memcpy(hex, a.sha256, DIGEST_HEX);
	assignment_done(&a);
}

static const struct {
	const char *label, *path, *text;
	bool other;
} changes[] = {
	{ "a file that is not named", "other/y", "x", false },
	{ "a file of a peer", "g/deep/data", "x", true },
	{ "a new file of a peer", "g/deep/more", "", true },
};

START_TEST(the_digest_is_over_their_files)
{
	char before[DIGEST_HEX], after[DIGEST_HEX];
	digest_of(WITH_FILE("g"), before);
	put(changes[_i].path, changes[_i].text);
	digest_of(WITH_FILE("g"), after);
	ck_assert_msg((strcmp(before, after) != 0) == changes[_i].other, "%s", changes[_i].label);
}
END_TEST

#define N(rows) ((int)(sizeof(rows) / sizeof *(rows)))

Suite *suite_submission_peers_load(void)
{
	Suite *s = suite_create("submission/peers_load");
	TCase *tc = tcase_create("peers");
	tcase_add_checked_fixture(tc, setup, loaded_teardown);
	tcase_add_test(tc, every_key_arrives);
	tcase_add_loop_test(tc, one_row, 0, N(rows));
	tcase_add_loop_test(tc, peers_need_a_card, 0, N(networks));
	tcase_add_loop_test(tc, the_digest_is_over_their_files, 0, N(changes));
	suite_add_tcase(s, tc);
	return s;
}
