/* maker.c - start moulette-image for a recipe, and hear what came of it. */
#include "image/maker.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/signals.h"
#include "child/child.h"
#include "child/report.h"

#define ANSWER_FD 3 /* of the program: its report */

image_maker_fn *image_maker = image_make_there;

int image_make_there(const struct places *p, const char *name, struct err *err)
{
	sigset_t ending, before;
	int ends[2];
	if (access(p->image, X_OK) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot run '%s'; install moulette again",
			       p->image);
	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot make a pipe");
	AUTO_FD int from = ends[0];
	char *const argv[] = { "moulette-image", "make", (char *)name, NULL };
	const struct child_spec spec = { .memory = CHILD_SHARED,
					 .fds = &ends[1],
					 .n_fds = 1,
					 .first_fd = ANSWER_FD,
					 .program = p->image,
					 .argv = argv,
					 .env = environ,
					 .failed = 127 };
	/* ^C reaches the program as well, which then takes back what it began; this one ends after it. */
	signals_ending(&ending);
	sigprocmask(SIG_BLOCK, &ending, &before);
	const pid_t pid = child_start(&spec);
	const int bad = pid < 0 ? errno : 0;
	close(ends[1]);
	int got = bad ? err_set(err, FAULT_INFRA, bad, "cannot start '%s'", p->image) :
			report_take(from, pid, "moulette-image", err);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return got;
}

int image_make_answer(int got, const struct err *err)
{
	return report_send(ANSWER_FD, got, err);
}
