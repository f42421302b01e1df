/* judge.c - feeds the comparison from the log, and the verdict from both. */
#include "pipeline/judge.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "result/compare.h"
#include "result/first_error.h"
#include "result/words.h"

static ssize_t read_fd(void *ctx, void *data, size_t len)
{
	ssize_t n;
	do
		n = read(*(int *)ctx, data, len);
	while (n < 0 && errno == EINTR);
	return n;
}

static ssize_t read_log(void *ctx, void *data, size_t len)
{
	return framelog_read(ctx, data, len);
}

static int compare(const struct framelog *log, const struct step_spec *spec,
		   const struct step_facts *f, struct comparison *ret, struct err *err)
{
	AUTO_FD int expected = open(spec->stdout_path, O_RDONLY | O_CLOEXEC);
	struct framelog_reader actual;
	if (expected < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot open the expected output '%s'",
			       spec->stdout_path);
	framelog_reader_init(&actual, log->fd, FRAMELOG_STDOUT, f->log_begin, f->log_end);
	return compare_streams(spec->compare, read_fd, &expected, read_log, &actual, ret, err);
}

/* The first error on either stream in the place of the compiler's status. */
static int quote_compiler(const struct framelog *log, const struct step_spec *spec,
			  struct step_result *res, struct err *err)
{
	static const int streams[] = { FRAMELOG_STDERR, FRAMELOG_STDOUT };
	const struct step_facts *f = &res->facts;
	char error[FIRST_ERROR_MAX];
	int found = 0;

	for (size_t i = 0; found == 0 && i < sizeof streams / sizeof *streams; i++) {
		struct framelog_reader said;
		framelog_reader_init(&said, log->fd, streams[i], f->log_begin, f->log_end);
		found = first_error_find(read_log, &said, error);
	}
	if (found < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot read the output of the build");
	if (found)
		words_of_compiler(spec, error, res);
	return 0;
}

int judge_step(const struct framelog *log, const struct step_spec *spec, struct step_result *res,
	       struct err *err)
{
	struct comparison cmp = { .done = false };
	if (spec->stdout_path && spec->compare != COMPARE_NONE && verdict_needs_output(spec, res) &&
	    compare(log, spec, &res->facts, &cmp, err) < 0)
		return -1;
	verdict_step(spec, &cmp, res);
	/* The output of a compiler that did not start or was killed does not explain the failure. */
	if (res->verdict == VERDICT_COMPILE_ERROR && res->facts.exec_stage == EXEC_OK &&
	    res->facts.signal == 0)
		return quote_compiler(log, spec, res, err);
	return 0;
}
