/* run_list.h - live runs and results as the lines of `moulette list`. */
#ifndef MOULETTE_REPORT_RUN_LIST_H
#define MOULETTE_REPORT_RUN_LIST_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/err.h"
#include "model/live_run.h"

/** Strings are owned; NULL, -1 and NaN are not known, or not there. */
struct run_row {
	char id[27];
	const char *status; /* borrowed: "creating", "running", "died", or a verdict's name */
	int64_t pid;        /* of the box's PID 1 */
	char *bundle, *owner, *submission, *assignment, *step;
	int64_t created_real_ns, elapsed_ns;
	int64_t steps_done, steps_total;
	double score, max_score;
};
struct run_rows {
	struct run_row *rows;
	size_t n;
};

/** run_rows_add() - append a row with all values unknown; the pointer is valid until the next call. */
struct run_row *run_rows_add(struct run_rows *r);
void run_rows_done(struct run_rows *r);

/** run_list_table() - headings and one escaped line per row, as wide as COLUMNS or the terminal says,
 *  else 80 columns; columns that do not fit are left out. FAULT_INFRA. */
int run_list_table(FILE *out, const struct run_rows *r, struct err *err);
/** run_list_json() - an array of objects. FAULT_INFRA. */
int run_list_json(FILE *out, const struct run_rows *r, struct err *err);

/** run_state_json() - a live run as the state of the OCI runtime specification, with what that has
 *  no word for in annotations. FAULT_INFRA. */
int run_state_json(FILE *out, const struct live_run *r, struct err *err);

#endif
