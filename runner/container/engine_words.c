/* engine_words.c - what an engine prints, in constant memory.
 *
 * It prints into a pipe: while the runner does not read, an engine that prints on and on waits in
 * write(2) instead of filling memory.
 */
#include "container/engine_words.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/mem.h"

int engine_words_open(struct engine_words *w, int *ret_theirs, struct err *err)
{
	int ends[2];
	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot make a pipe");
	*w = (struct engine_words){ .fd = ends[0] };
	*ret_theirs = ends[1];
	/* Of the reading end alone: the engine writes as programs are used to. */
	if (fcntl(w->fd, F_SETFL, O_NONBLOCK) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot prepare a pipe");
	return 0;
}

static void keep(struct engine_words *w, const char *text, size_t n)
{
	if (w->bytes < sizeof w->first) {
		size_t room = sizeof w->first - (size_t)w->bytes;
		memcpy(w->first + w->bytes, text, n < room ? n : room);
	}
	w->bytes += n;
	if (n > sizeof w->last) {
		text += n - sizeof w->last;
		n = sizeof w->last;
	}
	memmove(w->last, w->last + n, sizeof w->last - n);
	memcpy(w->last + sizeof w->last - n, text, n);
}

bool engine_words_take(struct engine_words *w)
{
	char chunk[4096];
	ssize_t n;
	while (w->bytes <= ENGINE_WORDS_MAX &&
	       ((n = read(w->fd, chunk, sizeof chunk)) > 0 || (n < 0 && errno == EINTR)))
		if (n > 0)
			keep(w, chunk, (size_t)n);
	return w->bytes <= ENGINE_WORDS_MAX;
}

/* A NUL byte would end the line early. */
static void make_line(char *text, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (text[i] == '\n' || text[i] == '\0')
			text[i] = ' ';
	while (n > 0 && text[n - 1] == ' ')
		n--;
	text[n] = '\0';
}

char *engine_words_line(const struct engine_words *w)
{
	char first[ENGINE_WORDS_FIRST + ENGINE_WORDS_LAST + 1], last[ENGINE_WORDS_LAST + 1];
	size_t head = sizeof w->first, tail = sizeof w->last;
	const bool whole = w->bytes <= head + tail;
	if (w->bytes < head)
		head = (size_t)w->bytes;
	if (whole)
		tail = (size_t)w->bytes - head;
	const char *end = w->last + sizeof w->last - tail;
	memcpy(first, w->first, head);
	if (whole)
		memcpy(first + head, end, tail);
	make_line(first, whole ? head + tail : head);
	if (whole)
		return mem_strdup(first);
	memcpy(last, end, tail);
	make_line(last, tail);
	return mem_printf("%s ... %s", first, last);
}

void engine_words_close(struct engine_words *w)
{
	fd_close(&w->fd);
}
