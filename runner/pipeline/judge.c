/* judge.c - feeds the comparison from the log, and the verdict from both. */
#include "pipeline/judge.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "result/compare.h"

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

int judge_step(const struct framelog *log, const struct step_spec *spec, struct step_result *res,
	       struct err *err)
{
	struct comparison cmp = { .done = false };
	if (spec->stdout_path && spec->compare != COMPARE_NONE && verdict_needs_output(spec, res) &&
	    compare(log, spec, &res->facts, &cmp, err) < 0)
		return -1;
	verdict_step(spec, &cmp, res);
	return 0;
}
