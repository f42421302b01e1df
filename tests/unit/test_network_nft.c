/* test_network_nft.c - errors name what, answers are JSON, and a way leads where it was opened. */
#include "network/nft.h"

#include "test_network_fixture.h"

Suite *suite_network_nft(void);

static struct net_fixture fix;
static struct nft *nft;
static struct err err;

static void setup(void)
{
	net_fixture_make(&fix);
	ck_assert_msg(nft_open(&nft, &err) == 0, "%s", err.msg);
}

static void teardown(void)
{
	nft_close(&nft);
	ck_assert_ptr_null(nft);
	nft_close(&nft); /* none is harmless */
	net_fixture_remove(&fix);
}

/* Names of the tables there are, each with a comma. */
static char *tables(void)
{
	AUTO_JSON *all = NULL;
	AUTO_BUF b = { 0 };
	struct json_object *table;
	buf_str(&b, "");
	ck_assert_msg(nft_ask(nft, "list tables inet", &all, &err) == 0, "%s", err.msg);
	ck_assert(json_object_is_type(all, json_type_array));
	for (size_t i = 0; i < json_object_array_length(all); i++)
		if (json_object_object_get_ex(json_object_array_get_idx(all, i), "table", &table))
			buf_printf(&b, "%s,",
				   json_object_get_string(json_object_object_get(table, "name")));
	return buf_take(&b);
}

static void ck_tables(const char *want)
{
	AUTO_FREE char *got = tables();
	ck_assert_str_eq(got, want);
}

START_TEST(what_is_written_is_listed)
{
	ck_tables("");
	ck_assert_msg(nft_do(nft, "add table inet a\nadd table inet b", "try", &err) == 0, "%s",
		      err.msg);
	ck_tables("a,b,");
	ck_assert_int_eq(nft_do(nft, "delete table inet a", "try", &err), 0);
	ck_tables("b,");
}
END_TEST

static const struct {
	const char *label, *text, *what;
} wrong[] = {
	{ "no word of the language", "fly away", "try: syntax error, unexpected newline" },
	{ "something that is not there", "delete table inet away", "try: " },
	{ "the second of two", "add table inet second\nadd chain inet away c", "try: " },
	{ "a type that there is none of", "table inet second {\n set s {\n type colour\n}\n}",
	  "try: unknown datatype colour" },
};

/* All or nothing, one line, and the way can be used as before. */
START_TEST(an_error_says_what)
{
	ck_assert_int_eq(nft_do(nft, "add table inet first", "start", &err), 0);
	ck_assert_msg(nft_do(nft, wrong[_i].text, "try", &err) == -1, "%s", wrong[_i].label);
	ck_assert_int_eq(err.fault, FAULT_INFRA);
	AUTO_FREE char *begin = mem_printf("cannot %s", wrong[_i].what);
	ck_assert_msg(strncmp(err.msg, begin, strlen(begin)) == 0, "%s: '%s'", wrong[_i].label,
		      err.msg);
	const char *cause = err.msg + strlen("cannot try: ");
	ck_assert_msg(*cause != ';', "%s: no cause in '%s'", wrong[_i].label, err.msg);
	ck_assert_ptr_nonnull(
		strstr(err.msg, "; a network card needs the kernel modules of nf_tables"));
	/* Not the lines below it, which show the text again. */
	ck_assert_msg(!strchr(err.msg, '\n') && !strchr(err.msg, '^'), "%s", err.msg);
	ck_tables("first,");
	ck_assert_int_eq(nft_do(nft, "add table inet next", "try", &err), 0);
	ck_tables("first,next,");
}
END_TEST

START_TEST(asking_for_what_is_not_there)
{
	struct json_object *all = NULL;
	ck_assert_int_eq(nft_ask(nft, "list table inet away", &all, &err), -1);
	ck_assert_ptr_null(all);
	ck_assert_int_eq(err.fault, FAULT_INFRA);
	ck_assert_msg(strncmp(err.msg, "cannot read the rules of a network card: ", 41) == 0, "%s",
		      err.msg);
	/* Neither the flag nor the words stay. */
	ck_tables("");
}
END_TEST

START_TEST(answers_hold_what_a_set_holds)
{
	AUTO_JSON *all = NULL;
	ck_assert_int_eq(nft_do(nft,
				"table inet t {\n set s {\n type ipv4_addr\n}\n}\n"
				"add element inet t s { 10.0.0.5 }",
				"try", &err),
			 0);
	ck_assert_int_eq(nft_ask(nft, "list sets inet", &all, &err), 0);
	const char *text = json_object_to_json_string_ext(all, JSON_C_TO_STRING_PLAIN);
	ck_assert_msg(strstr(text, "\"elem\":[\"10.0.0.5\"]") != NULL, "%s", text);
}
END_TEST

/* The way leads to the namespace in which it was opened, wherever we are now. */
START_TEST(a_way_stays)
{
	AUTO_FREE char *path = net_path(&fix, "other");
	ck_assert_msg(netns_make(path, NULL, NULL, &err) == 0, "%s", err.msg);
	net_enter_path(path);
	ck_assert_int_eq(nft_do(nft, "add table inet there", "try", &err), 0);
	ck_tables("there,");
	ck_assert(!net_has_table("there"));
	net_enter(fix.ns);
	ck_assert(net_has_table("there"));
	net_let_go(path);
}
END_TEST

START_TEST(without_privileges)
{
	nft_close(&nft);
	ck_assert_int_eq(seteuid(12345), 0);
	ck_assert_msg(nft_open(&nft, &err) == 0, "%s", err.msg);
	int bad = nft_do(nft, "add table inet mine", "try", &err);
	ck_assert_int_eq(seteuid(0), 0);
	ck_assert_int_eq(bad, -1);
	/* The library says what, or ends the process that it is called in. */
	ck_assert_msg(strstr(err.msg, "cannot try: ") != NULL, "%s", err.msg);
	nft_close(&nft);
	ck_assert_msg(nft_open(&nft, &err) == 0, "%s", err.msg);
	ck_tables("");
}
END_TEST

Suite *suite_network_nft(void)
{
	Suite *s = suite_create("network/nft");
	TCase *tc = tcase_create("nft");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, what_is_written_is_listed);
	tcase_add_loop_test(tc, an_error_says_what, 0, ROWS(wrong));
	tcase_add_test(tc, asking_for_what_is_not_there);
	tcase_add_test(tc, answers_hold_what_a_set_holds);
	tcase_add_test(tc, a_way_stays);
	tcase_add_test(tc, without_privileges);
	suite_add_tcase(s, tc);
	return s;
}
