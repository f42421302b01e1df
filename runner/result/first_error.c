/*
 * first_error.c - find the first error in the output of a compiler; pure.
 *
 * A line counts by the word `error` at the place where compilers have it: first in the line, behind
 * "FILE:LINE:COLUMN: " or "FILE(LINE,COLUMN) ", or behind the name of a program. The same word in a
 * line of source that is quoted does not count.
 */
#include "result/first_error.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"

#define BYTES_READ_MAX (1u << 20)
#define LINE_MAX_BYTES 1000 /* the rest of a line is not looked at */

/* Rank of a line: a later line replaces it only with a higher rank. */
enum worth { WORTH_NOTHING, WORTH_LAST_WORD, WORTH_MAKE, WORTH_ERROR };

/* The addition that the found line needs from the following lines. */
enum wish { WISH_NOTHING, WISH_PLACE, WISH_TEXT };

struct search {
	char line[LINE_MAX_BYTES + 1];
	size_t len;
	char place[FIRST_ERROR_MAX / 2]; /* of the latest 'File "X", line N' */
	char *ret;
	enum worth worth;
	enum wish wish;
};

/* ---- one line ---- */

/* The sequences by which terminals change colours. */
static void strip_colors(char *s)
{
	char *to = s;

	while (*s) {
		if (s[0] == '\033' && s[1] == '[') {
			s += 2 + strspn(s + 2, "0123456789;:?");
			s += *s != '\0';
		} else {
			*to++ = *s++;
		}
	}
	*to = '\0';
}

static char *trim(char *s)
{
	s += strspn(s, " \t");
	size_t len = strlen(s);
	while (len > 0 && strchr(" \t\r", s[len - 1]))
		s[--len] = '\0';
	return s;
}

static bool ends_in(const char *s, size_t len, const char *end)
{
	size_t n = strlen(end);
	return len >= n && strncmp(s + len - n, end, n) == 0;
}

/* Do compilers write the first @len bytes before the word? */
static bool is_place(const char *line, size_t len)
{
	static const char *const kinds[] = { "fatal ", "Fatal ", "internal compiler ", NULL };

	for (size_t i = 0; kinds[i]; i++)
		if (ends_in(line, len, kinds[i]))
			len -= strlen(kinds[i]);
	if (len == 0)
		return true;
	if (len < 3 || line[len - 1] != ' ')
		return false;
	if (line[len - 2] == ')')
		return isdigit((unsigned char)line[len - 3]);
	/* Behind a line and column, or a name without blanks: collect2, clang, Sorry. */
	return line[len - 2] == ':' && (isdigit((unsigned char)line[len - 3]) ||
					line[len - 3] == ')' || strcspn(line, " \t") == len - 1);
}

/* ':', "[E0425]:", " CS1002:" */
static bool is_tail(const char *s)
{
	if (*s == '[' && strchr(s, ']'))
		s = strchr(s, ']') + 1;
	else if (*s == ' ' && isupper((unsigned char)s[1]))
		s += 1 + strspn(s + 1, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789");
	return *s == ':';
}

/* `error`, `Error`, `SyntaxError` at @at, which is where "rror" begins in @line. */
static bool is_error_at(const char *line, const char *at)
{
	size_t begin = (size_t)(at - line);

	if (begin == 0 || (at[-1] != 'e' && at[-1] != 'E'))
		return false;
	begin--;
	if (ends_in(line, begin, "syntax ") || ends_in(line, begin, "Syntax "))
		return is_place(line, begin - strlen("syntax "));
	if (at[-1] == 'E')
		while (begin > 0 && isalpha((unsigned char)line[begin - 1]))
			begin--;
	return is_tail(at + strlen("rror")) && is_place(line, begin);
}

/* "x.go:5:2: undefined: y": go names no error as such. */
static bool is_go(const char *line)
{
	const char *at = strstr(line, ".go:");

	if (!at)
		return false;
	at += strlen(".go:");
	for (int i = 0; i < 2; i++) {
		size_t digits = strspn(at, "0123456789");
		if (digits == 0 || at[digits] != ':')
			return false;
		at += digits + 1;
	}
	return *at == ' ';
}

static enum worth worth_of(const char *line)
{
	/* Lines of this kind follow the actual error. */
	if (strstr(line, "ld returned ") || strstr(line, "linker command failed"))
		return WORTH_LAST_WORD;
	for (const char *at = line; (at = strstr(at, "rror")); at++)
		if (is_error_at(line, at))
			return WORTH_ERROR;
	if (is_go(line) || strstr(line, ": undefined reference to ") ||
	    strstr(line, ": multiple definition of ") || strstr(line, "/ld: cannot find ") ||
	    strstr(line, ") Fatal: ") || strncmp(line, "PHP Parse error", 15) == 0)
		return WORTH_ERROR;
	if (strstr(line, ": *** ") && !strstr(line, "] Error "))
		return WORTH_MAKE;
	return WORTH_NOTHING;
}

/* ---- the search ---- */

/* @tail behind what was found; the whole is cut. */
static void add(struct search *s, const char *before, const char *tail, const char *after)
{
	char text[LINE_MAX_BYTES + FIRST_ERROR_MAX];
	size_t max = FIRST_ERROR_MAX - 1;

	int n = snprintf(text, sizeof text, "%s%s%s%s", s->ret, before, tail, after);
	size_t len = n < (int)sizeof text ? (size_t)n : sizeof text - 1;
	if (len > max) {
		len = utf8_cut_head(text, len, max - strlen("..."));
		snprintf(text + len, sizeof text - len, "...");
	}
	snprintf(s->ret, FIRST_ERROR_MAX, "%s", text);
}

/* 'File "a.py", line 3': of ocaml the columns follow. */
static void note_place(struct search *s, const char *line)
{
	static const char begin[] = "File \"";
	const char *name = line + strlen(begin), *end;

	if (strncmp(line, begin, strlen(begin)) != 0)
		return;
	end = strchr(name, '"');
	if (!end || strncmp(end, "\", line", strlen("\", line")) != 0)
		return;
	const char *number = end + strlen("\", line");
	snprintf(s->place, sizeof s->place, "%.*s, line%.*s", (int)(end - name), name,
		 (int)(strcspn(number + 1, ",: ") + 1), number);
}

static void grant_wish(struct search *s, const char *line)
{
	const enum wish wish = s->wish;

	if (!*line)
		return;
	s->wish = WISH_NOTHING;
	if (wish == WISH_TEXT)
		add(s, " ", line, "");
	else if (strncmp(line, "--> ", 4) == 0)
		add(s, " (", line + 4, ")");
}

static void find(struct search *s, const char *line)
{
	enum worth worth = worth_of(line);
	size_t len = strlen(line);

	if (worth <= s->worth)
		return;
	s->worth = worth;
	s->ret[0] = '\0';
	add(s, "", line, "");
	s->wish = ends_in(line, len, "error:") ||
				  (ends_in(line, len, "]") && strstr(line, ": error: [")) ?
			  WISH_TEXT :
		  strncmp(line, "error", 5) == 0 ? WISH_PLACE :
						   WISH_NOTHING;
	/* A line that names its file needs no other location. */
	if (s->place[0] && isupper((unsigned char)line[0]) && !strchr(line, '('))
		add(s, " (", s->place, ")");
}

static void end_line(struct search *s)
{
	s->line[s->len] = '\0';
	s->len = 0;
	strip_colors(s->line);
	char *line = trim(s->line);
	if (s->wish != WISH_NOTHING)
		grant_wish(s, line);
	else if (s->worth < WORTH_ERROR)
		note_place(s, line);
	if (s->worth < WORTH_ERROR)
		find(s, line);
}

int first_error_find(compare_read_fn *read, void *ctx, char ret[FIRST_ERROR_MAX])
{
	struct search s = { .ret = ret };
	char chunk[4096];
	ssize_t n = 0;

	ret[0] = '\0';
	for (size_t total = 0; total < BYTES_READ_MAX; total += (size_t)n) {
		n = read(ctx, chunk, sizeof chunk);
		if (n <= 0)
			break;
		for (ssize_t i = 0; i < n; i++) {
			if (chunk[i] == '\n')
				end_line(&s);
			else if (s.len < LINE_MAX_BYTES)
				s.line[s.len++] = chunk[i] ? chunk[i] : '?';
		}
		if (s.worth == WORTH_ERROR && s.wish == WISH_NOTHING)
			return 1;
	}
	if (n < 0)
		return -1;
	end_line(&s);
	return s.worth != WORTH_NOTHING;
}
