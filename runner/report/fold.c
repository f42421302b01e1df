/* fold.c - print untrusted text so that none of its lines looks like a line of the report. */
#include "report/fold.h"

#include <inttypes.h>
#include <string.h>
#include <wchar.h>

#include "model/limits.h"
#include "report/escape.h"

#define TAB 8

/* One character as it is shown: its text and how many columns it takes at column @at. */
static size_t next_char(const char *s, size_t len, int at, char shown[ESCAPE_CHAR_MAX],
			int *ret_columns)
{
	uint32_t c;

	if (*s == '\t') {
		snprintf(shown, ESCAPE_CHAR_MAX, "\t");
		*ret_columns = TAB - at % TAB;
		return 1;
	}
	size_t n = escape_terminal_char(s, len, shown, &c);
	int columns = c ? wcwidth((wchar_t)c) : (int)strlen(shown);
	/* Assume one column for a character that the locale does not know. */
	*ret_columns = columns < 0 ? 1 : columns;
	return n;
}

bool fold_line(const struct fold *f, const char *s, size_t len)
{
	size_t i = 0;
	int at = (int)strlen(f->first), used = 0;

	fputs(f->first, f->out);
	while (i < len) {
		char shown[ESCAPE_CHAR_MAX];
		int columns;
		size_t n = next_char(s + i, len - i, at, shown, &columns);
		if (f->max_columns > 0 && used + columns > f->max_columns)
			break;
		if (f->width > 0 && at + columns > f->width && at > (int)strlen(f->next)) {
			fprintf(f->out, "\n%s", f->next);
			at = (int)strlen(f->next);
			n = next_char(s + i, len - i, at, shown, &columns);
		}
		fputs(shown, f->out);
		at += columns;
		used += columns > 0 ? columns : 1; /* combining characters take room, too */
		i += n;
	}
	fputc('\n', f->out);
	if (i == len)
		return false;
	fprintf(f->out, "%s%zu more byte%s in this line\n", f->note, len - i,
		len - i == 1 ? "" : "s");
	return true;
}

/* Length of the first line at @s, and with its newline in *ret_all. */
static size_t line_length(const char *s, size_t len, size_t *ret_all)
{
	const char *end = memchr(s, '\n', len);
	size_t n = end ? (size_t)(end - s) : len;
	*ret_all = end ? n + 1 : n;
	return n;
}

/* Lines of ours that a text is shown as. */
struct shown {
	int64_t lines;
	bool cut; /* a line was too long */
};

/* At most @max lines (-1: all). Return: bytes shown. */
static size_t show_lines(const struct fold *f, const char *s, size_t len, int64_t max,
			 struct shown *shown)
{
	size_t i = 0;

	for (int64_t k = 0; i < len && k != max; k++) {
		size_t all, n = line_length(s + i, len - i, &all);
		shown->cut |= fold_line(f, s + i, n);
		shown->lines++;
		i += all;
	}
	return i;
}

/* Where the last @max lines of the bytes begin. */
static size_t last_lines(const char *s, size_t len, int64_t max)
{
	size_t i = len;

	if (i > 0 && s[i - 1] == '\n')
		i--;
	for (int64_t k = 0; i > 0; i--) {
		if (s[i - 1] == '\n' && ++k == max)
			break;
	}
	return i;
}

static int64_t lines_of(const char *s, size_t len)
{
	int64_t n = 0;

	for (size_t i = 0, all; i < len; i += all, n++)
		line_length(s + i, len - i, &all);
	return n;
}

static void note_left_out(const struct fold *f, int64_t lines, int64_t bytes)
{
	char size[32];

	size_format(bytes, size);
	if (lines > 0)
		fprintf(f->out, "%s%" PRId64 " line%s (%s) left out\n", f->note, lines,
			lines == 1 ? "" : "s", size);
	else if (bytes > 0)
		fprintf(f->out, "%s%s left out\n", f->note, size);
}

bool fold_text(const struct fold *f, const struct stream_text *t, int max_lines)
{
	bool all = max_lines == 0 || (t->omitted == 0 && t->lines <= max_lines);
	int64_t first =
		all ? -1 :
		      max_lines - max_lines / 3; /* the first lines explain more than the last */
	struct shown shown = { 0 };

	size_t end = show_lines(f, t->data, t->head, first, &shown);
	size_t begin = t->head;
	if (!all) {
		/* Without a cut of the text the tail begins after the lines just shown. */
		size_t from = t->omitted > 0 ? t->head : end;
		begin = from + last_lines(t->data + from, t->len - from, max_lines / 3);
	}
	int64_t bytes = t->omitted + (int64_t)(begin - end);
	if (bytes > 0)
		note_left_out(f, t->lines - shown.lines - lines_of(t->data + begin, t->len - begin),
			      bytes);
	show_lines(f, t->data + begin, t->len - begin, -1, &shown);
	return bytes > 0 || shown.cut;
}
