/* trial.c - one box for `moulette doctor`, by the code that grades, with nothing kept of it. */
#include "pipeline/trial.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/signals.h"
#include "child/child.h"
#include "child/report.h"
#include "model/result.h"
#include "pipeline/grade.h"
#include "pipeline/session.h"

#define TRIAL_MS 45000 /* then it is asked to end ... */
#define END_MS 15000   /* ... which removes its cgroups */

static int keep_nothing(void *ctx, const struct run_result *r, struct err *err)
{
	(void)ctx;
	(void)r;
	(void)err;
	return 0;
}

/* Turn any result but the one that `true` must get into an error. */
static int judge(const struct run_result *r, struct err *err)
{
	if (r->verdict == VERDICT_PASSED)
		return 0;
	if (r->verdict == VERDICT_INTERNAL_ERROR)
		return err_set_code(err, r->error_code, FAULT_INFRA, 0, "%s", r->error_message);
	return err_set(err, FAULT_INFRA, 0, "'true' did not pass: %s",
		       r->n_steps ? r->steps[0].message : r->error_message);
}

static int grade_true(const struct session_options *opt, const char *submission, struct err *err)
{
	struct session session;
	struct run_result result;
	const struct grade_request req = { .path = submission, .keep = keep_nothing };
	run_result_init(&result);
	int bad = session_open(opt, &session, err);
	if (!bad)
		bad = grade(&session, &req, &result, err);
	if (!bad)
		bad = judge(&result, err);
	run_result_done(&result);
	session_close(&session);
	return bad;
}

/* In a private mount namespace: other processes may see the folder under the mount, but not the
 * contents of the mount, which ends with this process. */
static int make_home(const char *at, struct err *err)
{
	AUTO_FREE char *folder = mem_printf("%s/submission", at);
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("moulette", at, "tmpfs", MS_NOSUID | MS_NODEV, "mode=711,size=64m") < 0 ||
	    mkdir(folder, 0755) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot make a folder in memory at '%s'",
			       at);
	AUTO_FD int dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0 || file_write(dir, "empty", "") < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot write to '%s'", folder);
	return 0;
}

static int try_box(const char *at, bool plain, struct err *err)
{
	static char *const command[] = { (char *)"true", NULL };
	struct places own = { 0 };
	sigset_t ending;
	AUTO_FREE char *submission = mem_printf("%s/submission", at);
	AUTO_FREE char *home = mem_printf("%s/home", at);
	signals_ending(&ending);
	AUTO_FD int signals = signalfd(-1, &ending, SFD_CLOEXEC | SFD_NONBLOCK);
	if (signals < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot watch for signals");
	setenv("MOULETTE_HOME", home, 1);
	if (make_home(at, err) < 0 || places_find(&own, err) < 0)
		return -1;
	struct session_options opt = { .places = &own,
				       .command = command,
				       .image = "host",
				       .profile = "default",
				       .time_factor = 1,
				       .plain_engine = plain,
				       .trial = true,
				       .interrupt_fd = signals };
	limits_init(&opt.over);
	int bad = grade_true(&opt, submission, err);
	places_done(&own);
	return bad;
}

/* Return: 0 when the child has ended by itself. */
static int wait_for(int fd, int ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	int n;
	while ((n = poll(&p, 1, ms)) < 0 && errno == EINTR)
		continue;
	return n > 0 ? 0 : -1;
}

static int hear(int fd, pid_t pid, struct err *err)
{
	bool late = wait_for(fd, TRIAL_MS) < 0;
	if (late)
		kill(pid, SIGTERM);
	if (late && wait_for(fd, END_MS) < 0)
		kill(pid, SIGKILL);
	int got = report_take(fd, pid, "the process that starts a box to try it", err);
	return late ? err_set(err, FAULT_INFRA, 0, "a box did not end within %d s",
			      TRIAL_MS / 1000) :
		      got;
}

struct trial {
	const char *at;
	bool plain;
	int report;
};

static int try_and_report(void *ctx)
{
	const struct trial *t = ctx;
	struct err err = { 0 };
	return report_send(t->report, try_box(t->at, t->plain, &err), &err);
}

int trial_box(const struct places *p, bool plain, struct err *err)
{
	AUTO_FREE char *at = mem_printf("%s/trial-%ld", p->run, (long)getpid());
	int ends[2];
	if (fd_mkdir_p(at, 0711) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot make the folder '%s'", at);
	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot make a pipe");
	AUTO_FD int from = ends[0];
	struct trial trial = { at, plain, ends[1] };
	const struct child_spec spec = { .death = SIGTERM,
					 .body = try_and_report,
					 .ctx = &trial,
					 .failed = 1 };
	const pid_t pid = child_start(&spec);
	close(ends[1]);
	int bad = pid < 0 ? err_set(err, FAULT_INFRA, errno, "cannot start a process") :
			    hear(from, pid, err);
	rmdir(at);
	return bad;
}
