/* state.c - print the state of a run or a stored result. */
#include <stdio.h>

#include "cmd/command.h"
#include "cmd/find_run.h"
#include "report/report.h"
#include "report/run_list.h"

static int print_result(const struct found_run *f, struct err *err)
{
	struct run_result r;
	if (store_get(f->store, f->id, &r, err) < 0)
		return -1;
	int got = report_json_write(stdout, &r, false, err);
	run_result_done(&r);
	return got;
}

static int state_exec(const struct places *places, const struct cli *cli, struct err *err)
{
	AUTO_FOUND_RUN found = { .mark = -1 };
	if (cli->n_args != 1)
		return usage_error(err,
				   "state: expected one ID, got %zu; 'moulette list' lists them",
				   cli->n_args);
	if (find_run(places, cli->args[0], &found, err) < 0)
		return -1;
	return found.mark >= 0 ? run_state_json(stdout, &found.live, err) :
				 print_result(&found, err);
}

const struct command cmd_state = {
	.name = "state",
	.synopsis = "state ID",
	.summary = "print the OCI state of a box that runs, or a result, as JSON",
	.exec = state_exec,
};
