/*
 * tool_show.c - what people see on stderr while a tool works.
 *
 * On a terminal one line is rewritten. Elsewhere, in a log, there is a line for each phase and, in a
 * long one, every ten seconds: only where the tool's words are understood, not all of them.
 */
#include "child/tool_show.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"

#define AGAIN_NS (10 * NSEC_PER_SEC)
#define COLUMNS 64 /* of what the tool says */

static bool is_quiet(void)
{
	const char *quiet = getenv(TOOL_QUIET);
	return quiet && *quiet;
}

static void put(const char *about, const char *text)
{
	if (isatty(STDERR_FILENO))
		fprintf(stderr, "\r\033[Kmoulette: %s: %s", about, text);
	else
		fprintf(stderr, "moulette: %s: %s\n", about, text);
}

void tool_show_step(const char *about, const char *text)
{
	if (!is_quiet())
		put(about, text);
}

void tool_show_clear(const char *about)
{
	if (about && !is_quiet() && isatty(STDERR_FILENO))
		fputs("\r\033[K", stderr);
}

/* Shows the last line of a tool that has no `news`, on a terminal alone. */
static void show_raw(const struct tool_show *s)
{
	char text[COLUMNS];

	if (!isatty(STDERR_FILENO))
		return;
	err_escape(text, sizeof(text), s->line, strlen(s->line));
	put(s->tool->about, text);
}

static void show_news(struct tool_show *s)
{
	struct tool_news news = { 0 };

	if (!s->tool->news(s->tool->ctx, s->line, &news))
		return;
	const int64_t now = clock_mono_ns();
	if (!isatty(STDERR_FILENO) && news.phase == s->phase && now - s->shown_ns < AGAIN_NS)
		return;
	s->phase = news.phase;
	s->shown_ns = now;
	put(s->tool->about, news.text);
}

static void end_line(struct tool_show *s)
{
	s->line[s->len] = '\0';
	s->len = 0;
	if (s->tool->news)
		show_news(s);
	else
		show_raw(s);
}

void tool_show_said(struct tool_show *s, const char *data, size_t len)
{
	if (!s->tool->about || is_quiet())
		return;
	for (size_t i = 0; i < len; i++) {
		if (data[i] == '\n')
			end_line(s);
		else if (s->len < sizeof(s->line) - 1)
			s->line[s->len++] = data[i];
	}
}
