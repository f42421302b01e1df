/* maker.c - start moulette-image for a recipe, and hear what came of it. */
#include "image/maker.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/process.h"
#include "base/signals.h"

#define ANSWER_FD 3 /* of the program: a struct err, or nothing */

extern char **environ;

image_maker_fn *image_maker = image_make_there;

/* Return: 0, or an errno. */
static int spawn(const char *program, const char *name, int answer, const sigset_t *mask,
		 pid_t *ret)
{
	char *const argv[] = { "moulette-image", "make", (char *)name, NULL };
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	posix_spawn_file_actions_init(&actions);
	posix_spawnattr_init(&attr);
	int bad = posix_spawn_file_actions_adddup2(&actions, answer, ANSWER_FD);
	bad = bad ? bad : posix_spawnattr_setsigmask(&attr, mask);
	bad = bad ? bad : posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK);
	bad = bad ? bad : posix_spawn(ret, program, &actions, &attr, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attr);
	return bad;
}

/* Until the program closes its end. Nothing: it is done. */
static int hear(int fd, pid_t pid, const char *program, struct err *err)
{
	struct err said = { 0 };
	ssize_t n;
	while ((n = read(fd, &said, sizeof said)) < 0 && errno == EINTR)
		continue;
	const int status = process_wait(pid);
	if (n == (ssize_t)sizeof said) {
		if (err)
			*err = said;
		return -1;
	}
	if (n == 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	return err_set(err, FAULT_INFRA, 0,
		       WIFSIGNALED(status) ? "'%s' was killed by signal %d" :
					     "'%s' ended with status %d and without a word",
		       program, WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
}

int image_make_there(const struct places *p, const char *name, struct err *err)
{
	sigset_t ending, before;
	int ends[2];
	pid_t pid = 0;
	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot make a pipe");
	AUTO_FD int from = ends[0];
	/* ^C reaches the program as well, which then takes back what it began; we end after it. */
	signals_ending(&ending);
	sigprocmask(SIG_BLOCK, &ending, &before);
	int bad = spawn(p->image, name, ends[1], &before, &pid);
	close(ends[1]);
	int got = bad ? err_set(err, FAULT_INFRA, bad, "cannot run '%s'; install moulette again",
				p->image) :
			hear(from, pid, p->image, err);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return got;
}

int image_make_answer(int got, const struct err *err)
{
	if (got == 0)
		return 0;
	return fd_write_all(ANSWER_FD, err, sizeof *err) < 0 ? 2 : 1;
}
