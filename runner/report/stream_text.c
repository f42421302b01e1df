/* stream_text.c - first and last part of a captured stream, and what all streams may take. */
#include "report/stream_text.h"

#include <fcntl.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/framelog.h"
#include "base/mem.h"
#include "base/utf8.h"

#define CHUNK (16u * 1024)

/* Incremental UTF-8 validation: bytes of an incomplete character are carried over. */
struct utf8_check {
	char carry[4];
	size_t n;
	bool bad;
};

static void utf8_check_add(struct utf8_check *u, const char *s, size_t len)
{
	uint32_t c;

	while (u->n > 0 && len > 0 && !u->bad) {
		u->carry[u->n++] = *s++;
		len--;
		if (utf8_decode(u->carry, u->n, &c) > 0)
			u->n = 0;
		else if (u->n == sizeof(u->carry))
			u->bad = true;
	}
	while (len > 0 && !u->bad) {
		size_t n = utf8_decode(s, len, &c);
		if (n == 0 && len >= sizeof(u->carry)) {
			u->bad = true;
		} else if (n == 0) {
			memcpy(u->carry, s, len);
			u->n = len;
			return;
		}
		s += n;
		len -= n;
	}
}

/* Could more bytes make a character of the carried ones? No character needs both fillers. */
static bool utf8_check_is_cut(const struct utf8_check *u)
{
	static const char fillers[] = { '\x80', '\xbf' };

	for (size_t f = 0; f < sizeof(fillers); f++) {
		char s[4];
		uint32_t c;
		memset(s, fillers[f], sizeof(s));
		memcpy(s, u->carry, u->n);
		if (utf8_decode(s, sizeof(s), &c) > u->n)
			return true;
	}
	return false;
}

/* A stream that is read once: its head, and a window over its last bytes. */
struct window {
	size_t max_head, max_tail;
	char *head, *tail;
	size_t n_head, n_tail, tail_cap;
	int64_t total, newlines;
	char last;
	struct utf8_check check;
};

static void window_init(struct window *w, size_t max)
{
	*w = (struct window){ .max_head = max / 2, .max_tail = max - max / 2 };
	w->tail_cap = 2 * w->max_tail + CHUNK; /* moved together once in a while only */
	w->head = mem_alloc(w->max_head + 1);
	w->tail = mem_alloc(w->tail_cap);
}

static void window_done(struct window *w)
{
	free(w->head);
	free(w->tail);
}

static void window_add(struct window *w, const char *s, size_t len)
{
	w->total += (int64_t)len;
	w->last = s[len - 1];
	for (const char *p = s; (p = memchr(p, '\n', (size_t)(s + len - p))); p++)
		w->newlines++;
	utf8_check_add(&w->check, s, len);

	size_t n = w->max_head - w->n_head;
	if (n > len)
		n = len;
	memcpy(w->head + w->n_head, s, n);
	w->n_head += n;
	s += n;
	len -= n;
	if (w->n_tail + len > w->tail_cap) {
		memmove(w->tail, w->tail + w->n_tail - w->max_tail, w->max_tail);
		w->n_tail = w->max_tail;
	}
	memcpy(w->tail + w->n_tail, s, len);
	w->n_tail += len;
}

/* Bytes at the end that begin a character without completing it. */
static size_t cut_tail_bytes(const char *s, size_t len)
{
	for (size_t n = 1; n <= 3 && n <= len; n++) {
		unsigned char lead = (unsigned char)s[len - n];
		uint32_t c;
		if ((lead & 0xc0) == 0x80)
			continue;
		return utf8_decode(s + len - n, n, &c) ? 0 : n;
	}
	return 0;
}

/* Bytes at the begin that continue a character. */
static size_t cut_head_bytes(const char *s, size_t len)
{
	size_t n = 0;
	while (n < 3 && n < len && ((unsigned char)s[n] & 0xc0) == 0x80)
		n++;
	return n;
}

/* Head and tail become the text. */
static void window_text(const struct window *w, size_t max, bool over, struct stream_text *t)
{
	bool cut_char = w->check.n > 0 && !w->check.bad;
	t->utf8 = !w->check.bad && (!cut_char || (over && utf8_check_is_cut(&w->check)));
	t->lines = w->newlines + (w->total > 0 && w->last != '\n');

	size_t tail = w->n_tail < w->max_tail ? w->n_tail : w->max_tail;
	size_t joined = w->n_head + tail;
	t->data = mem_alloc(joined + 1);
	memcpy(t->data, w->head, w->n_head);
	if (tail > 0)
		memcpy(t->data + w->n_head, w->tail + w->n_tail - tail, tail);
	t->len = t->head = joined;

	size_t room = t->utf8 ? max : max / 4 * 3;
	if ((uint64_t)w->total > room) {
		size_t from = joined - (room - room / 2);
		t->head = room / 2;
		if (t->utf8) {
			t->head -= cut_tail_bytes(t->data, t->head);
			from += cut_head_bytes(t->data + from, joined - from);
		}
		memmove(t->data + t->head, t->data + from, joined - from);
		t->len = t->head + (joined - from);
		t->omitted = w->total - (int64_t)t->len;
	}
	if (t->utf8 && cut_char) {
		size_t n = cut_tail_bytes(t->data, t->len);
		t->len -= n;
		if (t->head > t->len)
			t->head = t->len;
	}
	t->data[t->len] = '\0';
}

int stream_log_open(const struct run_result *r, int *ret_fd, struct err *err)
{
	bool any = false;

	for (size_t i = 0; i < r->n_steps; i++)
		any = any || r->steps[i].facts.out.bytes > 0 || r->steps[i].facts.err.bytes > 0;
	if (!any || !r->log_path) {
		*ret_fd = -1;
		return 0;
	}
	/* O_NONBLOCK: a file that is not regular must not block the report. */
	int fd = open(r->log_path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0)
		return err_set(err, FAULT_INFRA, errno,
			       "cannot open '%s', the captured output of result '%s'", r->log_path,
			       r->id);
	*ret_fd = fd;
	return 0;
}

static int window_fill(struct window *w, int log, const struct step_facts *facts, int stream)
{
	struct framelog_reader reader;
	char chunk[CHUNK];
	ssize_t n;

	framelog_reader_init(&reader, log, stream, facts->log_begin, facts->log_end);
	while ((n = framelog_read(&reader, chunk, sizeof(chunk))) > 0)
		window_add(w, chunk, (size_t)n);
	return n < 0 ? -1 : 0;
}

int stream_text_load(int log, const struct step_facts *facts, int stream, size_t max,
		     struct stream_text *ret, struct err *err)
{
	const struct stream_facts *f = stream == FRAMELOG_STDOUT ? &facts->out : &facts->err;
	int rc = 0;

	*ret = (struct stream_text){ .utf8 = true, .truncated = f->over || f->bytes > 0 };
	if (log < 0 || f->bytes <= 0) {
		ret->data = mem_strdup("");
		return 0;
	}
	struct window w;
	window_init(&w, max);
	if (window_fill(&w, log, facts, stream) < 0) {
		rc = err_set(err, FAULT_INFRA, errno, "cannot read the captured output of a step");
		ret->data = mem_strdup("");
	} else {
		window_text(&w, max, f->over, ret);
		/* A log that holds less than was captured shows, too. */
		ret->truncated = f->over || (int64_t)ret->len < f->bytes;
	}
	window_done(&w);
	return rc;
}

void stream_text_done(struct stream_text *t)
{
	free(t->data);
	*t = (struct stream_text){ 0 };
}

static int64_t at_most(int64_t bytes, int64_t max)
{
	return bytes < 0 ? 0 : bytes < max ? bytes : max;
}

/* Total size of all texts if each is limited to @level. */
static int64_t sum_at(const struct run_result *r, int64_t level, bool base64)
{
	int64_t sum = 0;

	for (size_t i = 0; i < r->n_steps; i++) {
		const struct step_facts *f = &r->steps[i].facts;
		const int64_t bytes[] = { at_most(f->out.bytes, STREAM_TEXT_MAX),
					  at_most(f->err.bytes, STREAM_TEXT_MAX) };
		for (int k = 0; k < 2; k++)
			sum += at_most(base64 ? (bytes[k] + 2) / 3 * 4 : bytes[k], level);
	}
	return sum;
}

void text_budget_init(struct text_budget *b, const struct run_result *r)
{
	*b = (struct text_budget){ .level = STREAM_TEXT_MAX };
	/* What is UTF-8 is known after reading only: there is room when there is for base64. */
	if (sum_at(r, STREAM_TEXT_MAX, true) <= RESULT_TEXT_MAX)
		return;
	b->tight = true;
	int64_t low = 0, high = STREAM_TEXT_MAX;
	while (low < high) {
		int64_t middle = (low + high + 1) / 2;
		if (sum_at(r, middle, false) <= RESULT_TEXT_MAX)
			low = middle;
		else
			high = middle - 1;
	}
	b->level = low;
}

size_t text_budget_share(const struct text_budget *b, int64_t bytes)
{
	if (!b->tight)
		return STREAM_TEXT_MAX;
	/* Not more than its bytes: base64 of a short stream must not take what others were given.
	 */
	return (size_t)at_most(bytes, b->level);
}
