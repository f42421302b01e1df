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

#endif
