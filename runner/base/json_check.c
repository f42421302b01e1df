/* json_check.c - checks the grammar of a JSON text before json-c reads it.
 *
 * The flags of json-c differ from version to version: JSON_TOKENER_STRICT of 0.16 accepts control
 * characters in strings and NaN, that of 0.18 refuses every letter beyond ASCII in them. Each function
 * moves *at behind the text that it accepts. On an error it leaves *at at the error and returns what is
 * wrong; NULL: nothing is. */
#include "base/json_check.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/utf8.h"

/* The length of the number at @s by RFC 8259; 0: there is no number. */
static size_t number_length(const char *s)
{
	static const char digits[] = "0123456789";
	size_t n = s[0] == '-', whole = strspn(s + n, digits);

	if (whole == 0 || (whole > 1 && s[n] == '0'))
		return 0;
	n += whole;
	if (s[n] == '.') {
		size_t part = strspn(s + n + 1, digits);
		if (part == 0)
			return 0;
		n += 1 + part;
	}
	if (s[n] == 'e' || s[n] == 'E') {
		size_t sign = s[n + 1] == '+' || s[n + 1] == '-';
		size_t part = strspn(s + n + 1 + sign, digits);
		if (part == 0)
			return 0;
		n += 1 + sign + part;
	}
	return n;
}

static const char ends[] = "the JSON text ends too early";

static void skip_blanks(const char **at)
{
	*at += strspn(*at, " \t\r\n");
}

/* The length of the escape at @s; 0: JSON has no such escape. */
static size_t escape_length(const char *s)
{
	if (s[1] == 'u')
		return strspn(s + 2, "0123456789abcdefABCDEF") >= 4 ? 6 : 0;
	return s[1] && strchr("\"\\/bfnrt", s[1]) ? 2 : 0;
}

static const char *check_string(const char **at, bool key)
{
	for (++*at; **at != '"';) {
		uint32_t c = 0;
		size_t n = utf8_decode(*at, strnlen(*at, 4), &c);
		if (**at == '\0' || strcmp(*at, "\\") == 0)
			return ends;
		if (n == 0)
			return "not UTF-8";
		if (c < 0x20)
			return "a control character in a string, write \\n, \\t or \\u00XX";
		if (c == '\\')
			n = escape_length(*at);
		if (n == 0)
			return "an escape that JSON does not have";
		if (key && strncmp(*at, "\\u0000", 6) == 0)
			return "a key with a NUL character";
		*at += n;
	}
	++*at;
	return NULL;
}

static const char *check_number(const char **at)
{
	size_t n = number_length(*at), whole = strspn(*at, "-0123456789");
	if (n == 0)
		return "not a JSON number";
	errno = 0;
	if (n == whole && **at == '-')
		strtoll(*at, NULL, 10);
	else if (n == whole)
		strtoull(*at, NULL, 10);
	if (errno == ERANGE) /* json-c would take the nearest one, or refuse it */
		return "a whole number that 64 bits do not hold";
	*at += n;
	return NULL;
}

static const char *check_word(const char **at)
{
	static const char *const words[] = { "true", "false", "null" };
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (strncmp(*at, words[i], strlen(words[i])) == 0) {
			*at += strlen(words[i]);
			return NULL;
		}
	if (**at == '\'')
		return "single quotes, JSON has double ones";
	return **at ? "not a JSON value" : ends;
}

/* ---- the keys of one object ---- */

struct key {
	char *text;     /* without quotes and escapes */
	const char *at; /* behind its colon */
};

struct keys {
	struct key *all;
	size_t n, cap;
};

static void keys_cleanup(struct keys *k)
{
	for (size_t i = 0; i < k->n; i++)
		free(k->all[i].text);
	free(k->all);
}

/* @begin, @end: with its quotes. */
static void keys_add(struct keys *k, const char *begin, const char *end)
{
	AUTO_FREE char *quoted = mem_strndup(begin, (size_t)(end - begin));
	struct json_object *plain = strchr(quoted, '\\') ? json_tokener_parse(quoted) : NULL;

	if (k->n == k->cap) {
		k->cap = k->cap ? 2 * k->cap : 8;
		k->all = mem_realloc(k->all, k->cap * sizeof(*k->all));
	}
	k->all[k->n++].text = plain ? mem_strdup(json_object_get_string(plain)) :
				      mem_strndup(begin + 1, (size_t)(end - begin) - 2);
	json_object_put(plain);
}

static int by_text_and_place(const void *a, const void *b)
{
	const struct key *x = a, *y = b;
	int got = strcmp(x->text, y->text);
	return got ? got : (x->at > y->at) - (x->at < y->at);
}

/* The first key that was there before; NULL: each is there once. Sorts them. */
static const char *keys_repeated(struct keys *k)
{
	const char *first = NULL;

	if (k->n > 1)
		qsort(k->all, k->n, sizeof(*k->all), by_text_and_place);
	for (size_t i = 1; i < k->n; i++)
		if (strcmp(k->all[i - 1].text, k->all[i].text) == 0 &&
		    (!first || k->all[i].at < first))
			first = k->all[i].at;
	return first;
}

static const char *check_value(const char **at, int depth, bool once);

static const char *check_key(const char **at, struct keys *keys)
{
	const char *bad, *begin = *at;

	if (**at == '\'')
		return "single quotes, JSON has double ones";
	if (**at != '"')
		return **at ? "expected a key in double quotes" : ends;
	bad = check_string(at, true);
	if (bad)
		return bad;
	keys_add(keys, begin, *at);
	skip_blanks(at);
	if (**at != ':')
		return **at ? "expected ':' after a key" : ends;
	keys->all[keys->n - 1].at = ++*at;
	return NULL;
}

/* json-c takes the last of several values silently. */
static const char *check_repeated(const char **at, struct keys *keys)
{
	const char *again = keys_repeated(keys);

	if (!again)
		return NULL;
	*at = again;
	return "the key is given twice, keep one";
}

/* An object or an array, from its first bracket to its last. @once: a key may not come again. */
static const char *check_members(const char **at, int depth, bool once)
{
	CLEANUP(keys_cleanup) struct keys keys = { 0 };
	bool object = **at == '{';
	char close = object ? '}' : ']';
	const char *bad = NULL;

	++*at;
	skip_blanks(at);
	if (**at == close) {
		++*at;
		return NULL;
	}
	for (;;) {
		if (object)
			bad = check_key(at, &keys);
		if (!bad)
			bad = check_value(at, depth + 1, once);
		if (bad)
			return bad;
		if (**at == close) {
			++*at;
			return once ? check_repeated(at, &keys) : NULL;
		}
		if (**at != ',')
			return !**at  ? ends :
			       object ? "expected ',' or '}' after a value" :
					"expected ',' or ']' after a value";
		++*at;
		skip_blanks(at);
		if (**at == close)
			return object ? "a comma before '}'" : "a comma before ']'";
	}
}

/* A value, with the blanks before and behind it. */
static const char *check_value(const char **at, int depth, bool once)
{
	const char *bad;

	skip_blanks(at);
	if (depth > JSON_CHECK_DEPTH)
		return "more than 32 values within each other";
	if (**at == '{' || **at == '[')
		bad = check_members(at, depth, once);
	else if (**at == '"')
		bad = check_string(at, false);
	else if (**at && strchr("-0123456789", **at))
		bad = check_number(at);
	else
		bad = check_word(at);
	if (!bad)
		skip_blanks(at);
	return bad;
}

int json_check_line(const char *s, const char *at)
{
	int line = 1;
	for (; s < at; s++)
		line += *s == '\n';
	return line;
}

static const char *back_over_blanks(const char *text, const char *at)
{
	while (at > text && strchr(" \t\r\n", at[-1]))
		at--;
	return at;
}

/* The key of the value that begins at @at, with its quotes and ": "; empty where the value has no key.
 * The text before @at is valid JSON. */
static char *key_of(const char *text, const char *at)
{
	const char *colon = back_over_blanks(text, at);
	if (colon == text || colon[-1] != ':')
		return mem_strdup("");
	const char *end = back_over_blanks(text, colon - 1), *begin = end - 1;
	do
		begin--;
	while (begin > text && (begin[0] != '"' || begin[-1] == '\\'));
	return mem_printf("%.*s: ", (int)(end - begin), begin);
}

int json_check(const char *name, const char *text, bool once, struct err *err)
{
	const char *at = text, *bad = check_value(&at, 1, once);
	if (!bad && *at)
		bad = "text after the JSON value";
	if (!bad)
		return 0;
	AUTO_FREE char *key = bad == ends ? mem_strdup("") : key_of(text, at);
	return err_set(err, FAULT_USAGE, 0, "%s: line %d: %s%s", name, json_check_line(text, at),
		       key, bad);
}
