/* fuzz_assignment.c - JSON with comments, and assignment.json made of it. */
#include "base/json.h"
#include "fuzz.h"
#include "submission/assignment.h"

FUZZER(assignment)
{
	AUTO_FREE char *path = mem_printf("%s/assignment.json", fuzz_folder());
	struct assignment a = { 0 };
	struct err err = { 0 };
	fuzz_put("in", "1\n", 2);
	fuzz_put("assignment.json", data, size);
	if (assignment_load(path, &a, &err) < 0) {
		HOLDS(err.fault != FAULT_NONE && err.msg[0] && !a.n_tests);
		return;
	}
	for (size_t i = 0; i < a.n_tests; i++)
		HOLDS(a.tests[i].name && a.tests[i].name[0]);
	assignment_done(&a);
}
