/* test_submission_loaded.h - an assignment.json in a folder of its own, and what was read of it. */
#ifndef MOULETTE_TEST_SUBMISSION_LOADED_H
#define MOULETTE_TEST_SUBMISSION_LOADED_H

#include "submission/assignment.h"
#include "test_submission_tree.h"

static struct assignment a;
static struct err err;

static inline void loaded_setup(void)
{
	tree_setup();
	memset(&a, 0, sizeof a);
	memset(&err, 0, sizeof err);
}

static inline void loaded_teardown(void)
{
	assignment_done(&a);
	tree_teardown();
}

static inline int load(const char *json)
{
	put("assignment.json", json);
	return assignment_load(tree, &a, &err);
}

static inline void must_load(const char *json)
{
	int got = load(json);
	ck_assert_msg(got == 0, "%s", err.msg);
}

/* One row: @why NULL is accepted; else what the error says, behind @where, and nothing is changed. */
static inline void ck_row(const char *json, const char *label, const char *why, const char *where)
{
	a.n_build = 77; /* must stay on failure */
	int got = load(json);
	ck_assert_msg(got == (why ? -1 : 0), "%s: %s", label, err.msg);
	if (!why)
		return;
	ck_assert_uint_eq(a.n_build, 77);
	a.n_build = 0;
	ck_assert_msg(strstr(err.msg, why), "%s: '%s'", label, err.msg);
	ck_assert_msg(strstr(err.msg, where), "%s: '%s'", label, err.msg);
	ck_assert_int_eq(err.fault, FAULT_USAGE);
}

#endif
