/* test_model_assignment.c - copies are deep, ends leave nothing, plans grow. */
#include "model/assignment.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

Suite *suite_model_assignment(void);

static void fill_network(struct network *n)
{
	*n = (struct network){ .kind = NETWORK_CARD,
			       .rate = 8000,
			       .connections = 2,
			       .n_rules = 1,
			       .rules = mem_alloc(sizeof *n->rules) };
	n->rules[0] = (struct network_rule){ .target = NETWORK_DNS,
					     .text = mem_strdup("dns"),
					     .key = mem_strdup("network.allow[0]") };
}

static void fill_peers(struct step_spec *s)
{
	s->n_peers = 2;
	s->peers = mem_alloc(2 * sizeof *s->peers);
	struct peer_spec *p = &s->peers[0];
	*p = (struct peer_spec){ .name = mem_strdup("server"),
				 .profile = mem_strdup("p"),
				 .files = mem_alloc(sizeof *p->files),
				 .n_files = 1,
				 .listen = 5432 };
	strv_add(&p->argv, "/grader/server");
	strv_add(&p->env, "P=1");
	limits_init(&p->limits);
	p->limits.v[LIMIT_MEMORY] = 7;
	p->files[0] = (struct file_spec){ mem_strdup("/from"), mem_strdup("to"), true };
	s->peers[1].name = mem_strdup("half"); /* the rest is not there */
	s->peers[1].listen = PEER_LISTEN_ANY;
}

static void fill(struct step_spec *s)
{
	*s = (struct step_spec){ .name = mem_strdup("reverse"),
				 .kind = STEP_TEST,
				 .stdin_path = mem_strdup("/in"),
				 .stdout_path = mem_strdup("/out"),
				 .compare = COMPARE_EXACT,
				 .exit = 3,
				 .points = 2.5 };
	strv_add(&s->argv, "./reverse");
	strv_add(&s->argv, "hello");
	strv_add(&s->args, "more");
	strv_add(&s->env, "A=1");
	limits_init(&s->limits);
	s->limits.v[LIMIT_CPU] = 5;
	fill_network(&s->network);
	fill_peers(s);
}

static bool is_zero(const void *p, size_t size)
{
	const char *c = p;
	for (size_t i = 0; i < size; i++)
		if (c[i])
			return false;
	return true;
}

START_TEST(kinds)
{
	ck_assert_str_eq(step_kind_name(STEP_BUILD), "build");
	ck_assert_str_eq(step_kind_name(STEP_TEST), "test");
	ck_assert_str_eq(step_kind_name(STEP_COMMAND), "command");
}
END_TEST

/* The original ends first: what the copy has is its own (the address sanitizer looks on). */
START_TEST(a_copy_is_deep)
{
	struct step_spec from, to;
	fill(&from);
	memset(&to, 0xff, sizeof to); /* @to is written, not read */
	step_spec_copy(&to, &from);
	ck_assert_ptr_ne(to.name, from.name);
	ck_assert_ptr_ne(to.argv, from.argv);
	ck_assert_ptr_ne(to.argv[0], from.argv[0]);
	ck_assert_ptr_ne(to.args, from.args);
	ck_assert_ptr_ne(to.env, from.env);
	ck_assert_ptr_ne(to.stdin_path, from.stdin_path);
	ck_assert_ptr_ne(to.stdout_path, from.stdout_path);
	from.argv[0][0] = 'X';
	step_spec_done(&from);
	ck_assert(is_zero(&from, sizeof from));
	step_spec_done(&from); /* twice does no harm */

	ck_assert_str_eq(to.name, "reverse");
	ck_assert_int_eq(to.kind, STEP_TEST);
	ck_assert_str_eq(to.argv[0], "./reverse");
	ck_assert_str_eq(to.argv[1], "hello");
	ck_assert_ptr_null(to.argv[2]);
	ck_assert_str_eq(to.args[0], "more");
	ck_assert_str_eq(to.env[0], "A=1");
	ck_assert_str_eq(to.stdin_path, "/in");
	ck_assert_str_eq(to.stdout_path, "/out");
	ck_assert_int_eq(to.compare, COMPARE_EXACT);
	ck_assert_int_eq(to.exit, 3);
	ck_assert_double_eq(to.points, 2.5);
	ck_assert_int_eq(to.limits.v[LIMIT_CPU], 5);
	ck_assert_int_eq(to.limits.v[LIMIT_WALL], LIMIT_UNSET);
	ck_assert_int_eq(to.network.kind, NETWORK_CARD);
	ck_assert_str_eq(to.network.rules[0].key, "network.allow[0]");
	ck_assert_uint_eq(to.n_peers, 2);
	const struct peer_spec *p = to.peers;
	ck_assert_str_eq(p->name, "server");
	ck_assert_str_eq(p->argv[0], "/grader/server");
	ck_assert_str_eq(p->env[0], "P=1");
	ck_assert_str_eq(p->profile, "p");
	ck_assert_str_eq(p->files[0].from, "/from");
	ck_assert_str_eq(p->files[0].to, "to");
	ck_assert(p->files[0].exposes);
	ck_assert_int_eq(p->limits.v[LIMIT_MEMORY], 7);
	ck_assert_int_eq(p->listen, 5432);
	ck_assert_str_eq(p[1].name, "half");
	ck_assert_ptr_null(p[1].argv);
	ck_assert_ptr_null(p[1].files);
	step_spec_done(&to);
}
END_TEST

/* NULL and an empty list are not the same: NULL asks the table of languages. */
START_TEST(a_copy_keeps_what_is_not_there)
{
	struct step_spec from = { .argv = strv_dup(NULL), .points = NAN }, to;
	step_spec_copy(&to, &from);
	ck_assert_ptr_null(to.name);
	ck_assert_ptr_nonnull(to.argv);
	ck_assert_ptr_null(to.argv[0]);
	ck_assert_ptr_null(to.args);
	ck_assert_ptr_null(to.env);
	ck_assert_ptr_null(to.stdin_path);
	ck_assert_ptr_null(to.stdout_path);
	ck_assert_double_nan(to.points);
	ck_assert_int_eq(to.network.kind, NETWORK_UNSET);
	ck_assert_ptr_null(to.peers);
	step_spec_done(&from);
	step_spec_done(&to);
}
END_TEST

START_TEST(a_plan_grows)
{
	struct plan p = { 0 };
	char name[16];
	for (int i = 0; i < 100; i++) {
		snprintf(name, sizeof name, "step-%d", i);
		struct step_spec *s = plan_add(&p, i % 2 ? STEP_TEST : STEP_BUILD, name);
		ck_assert_ptr_eq(s, &p.steps[i]);
		ck_assert_ptr_ne(s->name, name);
		ck_assert_ptr_null(s->argv);
		ck_assert_ptr_null(s->stdout_path);
		ck_assert_double_nan(s->points);
		for (int k = 0; k < LIMIT_COUNT; k++)
			ck_assert_int_eq(s->limits.v[k], LIMIT_UNSET);
		strv_add(&s->argv, name);
	}
	p.language = mem_strdup("c");
	ck_assert_uint_eq(p.n, 100);
	for (int i = 0; i < 100; i++) {
		snprintf(name, sizeof name, "step-%d", i);
		ck_assert_str_eq(p.steps[i].name, name);
		ck_assert_str_eq(p.steps[i].argv[0], name);
		ck_assert_int_eq(p.steps[i].kind, i % 2 ? STEP_TEST : STEP_BUILD);
	}
	plan_done(&p);
	ck_assert(is_zero(&p, sizeof p));
	plan_done(&p);
}
END_TEST

START_TEST(everything_of_an_assignment_ends)
{
	struct assignment a = { 0 };
	assignment_done(&a); /* an empty one */
	a = (struct assignment){ .name = mem_strdup("strings"),
				 .dir = mem_strdup("/a"),
				 .image = mem_strdup("i"),
				 .profile = mem_strdup("p"),
				 .files = mem_alloc(2 * sizeof(struct file_spec)),
				 .n_files = 2,
				 .build = mem_alloc(sizeof(struct step_spec)),
				 .n_build = 1,
				 .tests = mem_alloc(2 * sizeof(struct step_spec)),
				 .n_tests = 2,
				 .has_build = true };
	strv_add(&a.env, "A=1");
	strv_add(&a.languages, "c");
	a.files[0] = (struct file_spec){ mem_strdup("/from"), mem_strdup("/to"), false };
	fill_network(&a.network);
	fill(&a.build[0]);
	fill(&a.tests[0]);
	fill(&a.tests[1]);
	assignment_done(&a);
	ck_assert(is_zero(&a, sizeof a));
	assignment_done(&a);
}
END_TEST

Suite *suite_model_assignment(void)
{
	Suite *s = suite_create("model/assignment");
	TCase *tc = tcase_create("assignment");
	tcase_add_test(tc, kinds);
	tcase_add_test(tc, a_copy_is_deep);
	tcase_add_test(tc, a_copy_keeps_what_is_not_there);
	tcase_add_test(tc, a_plan_grows);
	tcase_add_test(tc, everything_of_an_assignment_ends);
	suite_add_tcase(s, tc);
	return s;
}
