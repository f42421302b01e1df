/* progress.c - done of total, rate, time left and a tally of verdicts, on one line of a terminal. */
#include "report/progress.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "model/limits.h"
#include "report/terminal.h"
#include "report/words.h"

#define SHOW_NS (NSEC_PER_SEC / 10)
#define COLUMNS_DEFAULT 80

void progress_begin(struct progress *p, FILE *out, size_t total)
{
	*p = (struct progress){ .out = out && terminal_obeys(out) ? out : NULL,
				.total = total,
				.start_ns = clock_mono_ns() };
}

void progress_count(struct progress *p, enum verdict v)
{
	p->tally[v]++;
	p->done++;
}

void progress_tally(const struct progress *p, struct buf *ret)
{
	char words[32];
	const char *between = "";
	for (int v = 0; v < VERDICT_COUNT; v++) {
		if (p->tally[v] == 0)
			continue;
		buf_printf(ret, "%s%zu %s", between, p->tally[v],
			   words_verdict((enum verdict)v, words));
		between = ", ";
	}
}

/* Whole seconds: what is left is no measurement. */
static void add_left(struct buf *b, double seconds)
{
	const long s = (long)(seconds + 0.999);
	if (s < 60)
		buf_printf(b, "  ETA %ld s", s);
	else if (s < 3600)
		buf_printf(b, "  ETA %ld min %ld s", s / 60, s % 60);
	else
		buf_printf(b, "  ETA %ld h %ld min", s / 3600, s / 60 % 60);
}

void progress_line(const struct progress *p, int64_t elapsed_ns, struct buf *ret)
{
	const double rate = elapsed_ns > 0 ? (double)p->done * 1e9 / (double)elapsed_ns : 0;
	buf_printf(ret, "%zu/%zu", p->done, p->total);
	if (p->done > 0 && rate > 0) {
		buf_printf(ret, "  %.3g/s", rate);
		add_left(ret, (double)(p->total - p->done) / rate);
		buf_str(ret, "  ");
		progress_tally(p, ret);
	}
}

void progress_show(struct progress *p)
{
	const int64_t now = clock_mono_ns();
	if (!p->out || (p->shown && now - p->shown_ns < SHOW_NS))
		return;
	AUTO_BUF line = { 0 };
	progress_line(p, now - p->start_ns, &line);
	/* A line that fills the last column would wrap, and \r could not rewrite it. */
	const size_t room = (size_t)terminal_columns(p->out, 2, COLUMNS_DEFAULT) - 1;
	fprintf(p->out, "\r\033[K%.*s", (int)(line.len < room ? line.len : room), line.data);
	fflush(p->out);
	p->shown = true;
	p->shown_ns = now;
}

void progress_clear(struct progress *p)
{
	if (!p->shown)
		return;
	fputs("\r\033[K", p->out);
	fflush(p->out);
	p->shown = false;
}
