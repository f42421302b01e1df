/* spans.c - by inotify(7), with the clock of who watches: the program that is watched says nothing
 * about itself.
 *
 * Both ends of a span are seen by the same process through the same queue, so that what it needs to
 * wake up does not add to it.
 */
#include "bench/spans.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/mem.h"

struct spans {
	int fd, folder, log;
	bool open;
	int64_t start, sum;
	int n;
};

static void spans_free(struct spans *s)
{
	fd_close(&s->fd);
	free(s);
}

struct spans *spans_open(const char *folder, const char *log)
{
	struct spans *s = mem_alloc(sizeof *s);
	s->fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	s->folder = s->fd < 0 ? -1 : inotify_add_watch(s->fd, folder, IN_OPEN);
	s->log = s->fd < 0 ? -1 : inotify_add_watch(s->fd, log, IN_MODIFY);
	if (s->folder >= 0 && s->log >= 0)
		return s;
	spans_free(s);
	return NULL;
}

static void take(struct spans *s, const struct inotify_event *e, int64_t now)
{
	if (e->wd == s->folder && !(e->mask & IN_ISDIR) && !s->open) {
		s->open = true;
		s->start = now;
	} else if (e->wd == s->log && s->open) {
		s->open = false;
		s->sum += now - s->start;
		s->n++;
	}
}

/* Return: was there anything? */
static bool take_all(struct spans *s)
{
	_Alignas(struct inotify_event) char room[4096];
	ssize_t len = read(s->fd, room, sizeof room);
	const int64_t now = clock_mono_ns();
	for (char *at = room; len > 0 && at < room + len;) {
		const struct inotify_event *e = (const void *)at;
		take(s, e, now);
		at += sizeof *e + e->len;
	}
	return len > 0;
}

int spans_watch(struct spans *s, pid_t pid, int64_t *ret_sum)
{
	AUTO_FD int ended = (int)syscall(SYS_pidfd_open, pid, 0);
	struct pollfd fds[] = { { .fd = s->fd, .events = POLLIN },
				{ .fd = ended, .events = POLLIN } };
	while (ended >= 0 && !fds[1].revents) {
		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			break;
		take_all(s);
	}
	while (take_all(s))
		;
	*ret_sum = s->sum;
	int n = s->n;
	spans_free(s);
	return ended >= 0 && n > 0 ? 0 : -1;
}
