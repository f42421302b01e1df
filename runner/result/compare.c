/* compare.c - expected against actual output, as streams, in constant memory.
 *
 * Both streams are walked in step as long as their bytes are equal, by whole blocks. At the first
 * byte that differs the two have the same line number and the same beginning of the line, so one
 * short copy of that beginning serves both excerpts of a message. `lines` forgives a difference
 * when nothing but blanks follows on both sides up to the end of the line; nothing has to be
 * remembered for that, and the walk goes on behind the newline.
 */
#include "result/compare.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/utf8.h"

#define BLOCK (64u * 1024)
#define BEFORE_MAX 40 /* bytes kept of a line before the difference */
#define AFTER_MAX 80  /* bytes kept from the difference on: more than are shown */
/* Two excerpts, the longest words and a line number of 20 digits fit into comparison.message. */
#define SHOWN_MAX 72        /* characters of one excerpt, escapes counted as what they become */
#define SHOWN_BEFORE_MAX 36 /* of these before the difference, which has to be seen */

struct source {
	compare_read_fn *read;
	void *ctx;
	const char *what;
	size_t at, len; /* data[at..len) was read and not yet looked at */
	bool ended;
	char data[BLOCK];
};

/* The text of one side from the difference to the end of the line. */
struct excerpt {
	char text[AFTER_MAX];
	size_t len;
	bool cut; /* the line goes on */
};

struct walk {
	uint64_t line;
	uint64_t column;         /* bytes of the line that were equal */
	char before[BEFORE_MAX]; /* the last of them */
	size_t n_before;
	struct source expected, actual;
};

/* --- reading ------------------------------------------------------------------------------ */

#define AT_END (-1)

static int fill(struct source *s, struct err *err)
{
	if (s->at < s->len || s->ended)
		return 0;
	ssize_t n = s->read(s->ctx, s->data, sizeof s->data);
	if (n < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot read the %s output", s->what);
	s->ended = n == 0;
	s->at = 0;
	s->len = (size_t)n;
	return 0;
}

/* The next byte, or AT_END, without taking it. */
static int peek(struct source *s, int *ret, struct err *err)
{
	if (fill(s, err) < 0)
		return -1;
	*ret = s->at < s->len ? (unsigned char)s->data[s->at] : AT_END;
	return 0;
}

static void keep(struct excerpt *e, char c)
{
	if (e->len < sizeof e->text)
		e->text[e->len++] = c;
	else
		e->cut = true;
}

static bool is_blank(int c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f';
}

static bool ends_line(int c)
{
	return c == '\n' || c == AT_END;
}

/* Takes blanks; *ret_next is what follows them. */
static int skip_blanks(struct source *s, struct excerpt *e, int *ret_next, struct err *err)
{
	for (;;) {
		if (peek(s, ret_next, err) < 0)
			return -1;
		if (!is_blank(*ret_next))
			return 0;
		keep(e, s->data[s->at++]);
	}
}

static int finish_line(struct source *s, struct excerpt *e, struct err *err)
{
	for (int c; !e->cut;) {
		if (peek(s, &c, err) < 0)
			return -1;
		if (ends_line(c))
			return 0;
		keep(e, s->data[s->at++]);
	}
	return 0;
}

/* Takes blanks and newlines, and counts the latter. *e is then the beginning of the line of what
 * follows; *ret_ended: nothing does. */
static int skip_to_text(struct source *s, struct excerpt *e, uint64_t *newlines, bool *ret_ended,
			struct err *err)
{
	for (int c;;) {
		if (skip_blanks(s, e, &c, err) < 0)
			return -1;
		*ret_ended = c == AT_END;
		if (c != '\n')
			return 0;
		s->at++;
		++*newlines;
		*e = (struct excerpt){ .len = 0 };
	}
}

/* --- walking in step ---------------------------------------------------------------------- */

static size_t common_prefix(const char *a, const char *b, size_t n)
{
	size_t i = 0;
	if (memcmp(a, b, n) == 0)
		return n;
	while (a[i] == b[i])
		i++;
	return i;
}

static uint64_t count_newlines(const char *text, size_t n)
{
	uint64_t count = 0;
	for (size_t i = 0; i < n; i++)
		count += text[i] == '\n';
	return count;
}

static void remember(struct walk *w, const char *text, size_t n)
{
	const char *newline = memrchr(text, '\n', n);
	if (newline) {
		w->line += count_newlines(text, n);
		n -= (size_t)(newline + 1 - text);
		text = newline + 1;
		w->column = 0;
		w->n_before = 0;
	}
	w->column += n;
	if (n > BEFORE_MAX) {
		text += n - BEFORE_MAX;
		n = BEFORE_MAX;
	}
	if (w->n_before + n > BEFORE_MAX) {
		size_t drop = w->n_before + n - BEFORE_MAX;
		w->n_before -= drop;
		memmove(w->before, w->before + drop, w->n_before);
	}
	memcpy(w->before + w->n_before, text, n);
	w->n_before += n;
}

/* Consumes the equal part of both. *ret_equal: both ended. */
static int take_equal(struct walk *w, bool *ret_equal, struct err *err)
{
	struct source *e = &w->expected, *a = &w->actual;
	for (;;) {
		if (fill(e, err) < 0 || fill(a, err) < 0)
			return -1;
		size_t n = e->len - e->at, other = a->len - a->at;
		*ret_equal = n == 0 && other == 0;
		n = other < n ? other : n;
		if (n == 0)
			return 0;
		size_t same = common_prefix(e->data + e->at, a->data + a->at, n);
		remember(w, e->data + e->at, same);
		e->at += same;
		a->at += same;
		if (same < n)
			return 0;
	}
}

/* --- showing ------------------------------------------------------------------------------ */

/* Blanks beyond ASCII, characters of no width and accents that join what stands before them look
 * like something else, or like nothing: "expected \"a b\", got \"a b\"" helps nobody. */
static bool is_lookalike(uint32_t c)
{
	return c == 0xa0 || c == 0xad || c == 0x1680 || (c >= 0x300 && c <= 0x36f) ||
	       (c >= 0x2000 && c <= 0x200f) || c == 0x202f || c == 0x205f || c == 0x2060 ||
	       c == 0x3000;
}

/* One character of @text as it is shown. Return: the bytes of @text that it stands for. */
static size_t show(const char *text, size_t len, char shown[8])
{
	static const char special[] = "\n\t\r\"\\", letters[] = "ntr\"\\";
	uint32_t c;
	size_t n = utf8_decode(text, len, &c);
	const char *found = n == 1 && c ? strchr(special, (int)c) : NULL;
	if (found) {
		snprintf(shown, 8, "\\%c", letters[found - special]);
		return 1;
	}
	if (n > 0 && is_lookalike(c)) {
		snprintf(shown, 8, "\\u%04x", (unsigned)c);
		return n;
	}
	if (n > 0 && utf8_is_printable(c)) {
		memcpy(shown, text, n);
		shown[n] = '\0';
		return n;
	}
	snprintf(shown, 8, "\\x%02x", (unsigned char)text[0]);
	return 1;
}

static size_t shown_len(const char *text, size_t len)
{
	char shown[8];
	size_t sum = 0;
	for (size_t i = 0; i < len;) {
		i += show(text + i, len - i, shown);
		sum += strlen(shown);
	}
	return sum;
}

static bool is_continuation(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

/* Where the shown part begins: near enough that the difference is seen, between characters. */
static size_t first_shown(const struct walk *w, const char *text)
{
	size_t at = 0;
	if (w->column > w->n_before)
		while (at < w->n_before && at < 3 && is_continuation(text[at]))
			at++;
	while (shown_len(text + at, w->n_before - at) > SHOWN_BEFORE_MAX) {
		char shown[8];
		at += show(text + at, w->n_before - at, shown);
	}
	return at;
}

struct shown {
	char text[SHOWN_MAX + 16];
};

static void quote(const struct walk *w, const struct excerpt *e, struct shown *ret)
{
	char line[BEFORE_MAX + AFTER_MAX], one[8];
	memcpy(line, w->before, w->n_before);
	memcpy(line + w->n_before, e->text, e->len);
	size_t len = w->n_before + e->len, at = first_shown(w, line), out = 0;
	bool cut = e->cut;
	out += (size_t)sprintf(ret->text, "\"%s", w->column > w->n_before - at ? "..." : "");
	for (size_t used = 0; at < len;) {
		size_t n = show(line + at, len - at, one);
		used += strlen(one);
		if (used > SHOWN_MAX) {
			cut = true;
			break;
		}
		out += (size_t)sprintf(ret->text + out, "%s", one);
		at += n;
	}
	sprintf(ret->text + out, "%s\"", cut ? "..." : "");
}

static void say_end(struct shown *ret)
{
	strcpy(ret->text, "the end of the output");
}

static void report(const struct walk *w, const char *what, const struct shown *expected,
		   const struct shown *actual, struct comparison *ret)
{
	ret->equal = false;
	snprintf(ret->message, sizeof ret->message, "line %" PRIu64 ": %sexpected %s, got %s",
		 w->line, what, expected->text, actual->text);
}

/* --- judging a difference ----------------------------------------------------------------- */

/* The bytes at which the sides differ, and what follows the blanks there. */
struct difference {
	struct excerpt expected, actual;
	int expected_next, actual_next;
};

static int look(struct walk *w, struct difference *d, struct err *err)
{
	d->expected.len = d->actual.len = 0;
	d->expected.cut = d->actual.cut = false;
	return skip_blanks(&w->expected, &d->expected, &d->expected_next, err) < 0 ||
			       skip_blanks(&w->actual, &d->actual, &d->actual_next, err) < 0 ?
		       -1 :
		       0;
}

/* At the start of a line a side that has nothing more is at its end, rather than in an empty line.
 * `lines` does not count newlines at the end. */
static int describe(struct walk *w, enum compare_kind kind, struct source *s, struct excerpt *e,
		    int next, struct shown *ret, struct err *err)
{
	bool ended = next == AT_END;
	if (finish_line(s, e, err) < 0)
		return -1;
	quote(w, e, ret);
	if (w->column > 0 || e->len > 0)
		return 0;
	if (kind == COMPARE_LINES && next == '\n') {
		struct excerpt rest = { .len = 0 };
		uint64_t newlines = 0;
		if (skip_to_text(s, &rest, &newlines, &ended, err) < 0)
			return -1;
	}
	if (ended)
		say_end(ret);
	return 0;
}

static int lines_differ(struct walk *w, enum compare_kind kind, struct difference *d,
			struct comparison *ret, struct err *err)
{
	struct shown expected, actual;
	if (describe(w, kind, &w->expected, &d->expected, d->expected_next, &expected, err) < 0 ||
	    describe(w, kind, &w->actual, &d->actual, d->actual_next, &actual, err) < 0)
		return -1;
	report(w, "", &expected, &actual, ret);
	return 0;
}

/* One side has ended and the other has a newline: check whether text follows. */
static int one_ended(struct walk *w, enum compare_kind kind, const struct difference *d,
		     struct comparison *ret, struct err *err)
{
	bool actual_ended = d->actual_next == AT_END, ended;
	struct source *longer = actual_ended ? &w->expected : &w->actual;
	struct excerpt text = { .len = 0 };
	struct shown end, shown;
	uint64_t newlines = 0;
	if (skip_to_text(longer, &text, &newlines, &ended, err) < 0)
		return -1;
	if (!ended) {
		w->line += newlines;
		w->column = w->n_before = 0;
		if (finish_line(longer, &text, err) < 0)
			return -1;
		say_end(&end);
		quote(w, &text, &shown);
		report(w, "", actual_ended ? &shown : &end, actual_ended ? &end : &shown, ret);
		return 0;
	}
	if (kind == COMPARE_LINES)
		return 0;
	ret->equal = false;
	bool plain = newlines == 1 && d->expected.len + d->actual.len + text.len == 0;
	snprintf(ret->message, sizeof ret->message, "line %" PRIu64 ": %s", w->line,
		 !plain       ? "the output differs only in blanks and newlines at its end" :
		 actual_ended ? "the newline at the end of the output is missing" :
				"there is an extra newline at the end of the output");
	return 0;
}

static void blanks_differ(const struct walk *w, const struct difference *d, struct comparison *ret)
{
	struct shown expected, actual;
	quote(w, &d->expected, &expected);
	quote(w, &d->actual, &actual);
	report(w, "trailing blanks differ: ", &expected, &actual, ret);
}

/* Return: 1 when the walk goes on behind the difference, 0 when it is over, -1. */
static int judge(struct walk *w, enum compare_kind kind, struct comparison *ret, struct err *err)
{
	struct difference d;
	if (look(w, &d, err) < 0)
		return -1;
	if (!ends_line(d.expected_next) || !ends_line(d.actual_next))
		return lines_differ(w, kind, &d, ret, err);
	if (d.expected_next != d.actual_next)
		return one_ended(w, kind, &d, ret, err);
	if (kind == COMPARE_EXACT) {
		blanks_differ(w, &d, ret);
		return 0;
	}
	if (d.expected_next == AT_END)
		return 0;
	w->expected.at++;
	w->actual.at++;
	w->line++;
	w->column = w->n_before = 0;
	return 1;
}

static void source_begin(struct source *s, const char *what, compare_read_fn *read, void *ctx)
{
	s->read = read;
	s->ctx = ctx;
	s->what = what;
	s->at = s->len = 0;
	s->ended = false;
}

/* Its blocks are as they come: to clear them takes longer than to compare a short output. */
static struct walk *new_walk(void)
{
	struct walk *w = mem_realloc(NULL, sizeof *w);
	w->line = 1;
	w->column = w->n_before = 0;
	return w;
}

int compare_streams(enum compare_kind kind, compare_read_fn *expected, void *expected_ctx,
		    compare_read_fn *actual, void *actual_ctx, struct comparison *ret,
		    struct err *err)
{
	struct comparison got = { .done = kind != COMPARE_NONE, .equal = true };
	AUTO_FREE struct walk *w = new_walk();
	bool ended = kind == COMPARE_NONE;
	source_begin(&w->expected, "expected", expected, expected_ctx);
	source_begin(&w->actual, "captured", actual, actual_ctx);
	while (!ended) {
		if (take_equal(w, &ended, err) < 0)
			return -1;
		int more = ended ? 0 : judge(w, kind, &got, err);
		if (more < 0)
			return -1;
		ended = more == 0;
	}
	*ret = got;
	return 0;
}
