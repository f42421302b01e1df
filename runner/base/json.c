/* json.c - JSON that people wrote. */
#include "base/json.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/utf8.h"

#define MAX_FILE (16 << 20)
#define MAX_DEPTH 32

void json_cleanup(struct json_object **o)
{
	json_object_put(*o);
}

/* Comments become blanks before the text is checked; newlines stay, for line numbers. Return: false
 * when a comment does not end. */
static bool blank_comments(char *s, size_t len)
{
	bool string = false;

	for (size_t i = 0; i < len; i++) {
		if (string) {
			if (s[i] == '\\')
				i++;
			else if (s[i] == '"')
				string = false;
		} else if (s[i] == '"') {
			string = true;
		} else if (s[i] == '/' && i + 1 < len && s[i + 1] == '/') {
			for (; i < len && s[i] != '\n'; i++)
				s[i] = ' ';
		} else if (s[i] == '/' && i + 1 < len && s[i + 1] == '*') {
			size_t end = i + 2;
			while (end + 1 < len && !(s[end] == '*' && s[end + 1] == '/'))
				end++;
			if (end + 1 >= len)
				return false;
			for (; i < end + 2; i++)
				if (s[i] != '\n')
					s[i] = ' ';
			i--;
		}
	}
	return true;
}

/* The length of a number as RFC 8259 has it; 0: it is none. */
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

/* What follows checks a text before json-c reads it, because json-c's flags differ from version to
 * version: JSON_TOKENER_STRICT of 0.16 accepts control characters in strings and NaN, that of 0.18
 * refuses every letter beyond ASCII in them. Each function moves *at behind what it read, or to
 * what is wrong there, which it returns. */

static const char ends[] = "the JSON text ends too early";

static void skip_blanks(const char **at)
{
	*at += strspn(*at, " \t\r\n");
}

/* The length of an escape; 0: JSON has none that begins so. */
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
	AUTO_JSON *plain = strchr(quoted, '\\') ? json_tokener_parse(quoted) : NULL;

	if (k->n == k->cap) {
		k->cap = k->cap ? 2 * k->cap : 8;
		k->all = mem_realloc(k->all, k->cap * sizeof(*k->all));
	}
	k->all[k->n++].text = plain ? mem_strdup(json_object_get_string(plain)) :
				      mem_strndup(begin + 1, (size_t)(end - begin) - 2);
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

/* json-c would take the last value without a word. */
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
	if (depth > MAX_DEPTH)
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

static const char *check_text(const char **at, bool once)
{
	const char *bad = check_value(at, 1, once);
	return !bad && **at ? "text after the JSON value" : bad;
}

static int line_of(const char *s, const char *at)
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

/* The key of the value that begins at @at, with its quotes and ": "; empty for one that has none. What
 * stands before is known to be JSON. */
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

/* Parses a text that check_text() has accepted. An error of json-c is an error here. */
static int read_checked(const char *name, const char *text, size_t len, struct json_object **ret,
			struct err *err)
{
	struct json_tokener *tok = json_tokener_new_ex(MAX_DEPTH);
	struct json_object *got = json_tokener_parse_ex(tok, text, (int)len + 1);
	enum json_tokener_error e = json_tokener_get_error(tok);
	const char *at = text + json_tokener_get_parse_end(tok);

	json_tokener_free(tok);
	if (e != json_tokener_success)
		return err_set(err, FAULT_USAGE, 0, "%s: line %d: %s", name, line_of(text, at),
			       json_tokener_error_desc(e));
	*ret = got;
	return 0;
}

static int parse(const char *name, const char *text, size_t len, bool once,
		 struct json_object **ret, struct err *err)
{
	/* Editors of Windows put a byte order mark first. */
	if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
		text += 3;
		len -= 3;
	}
	if (len >= INT_MAX || memchr(text, '\0', len))
		return err_set(err, FAULT_USAGE, 0, "%s: not a JSON text", name);
	AUTO_FREE char *copy = mem_strndup(text, len);
	if (!blank_comments(copy, len))
		return err_set(err, FAULT_USAGE, 0, "%s: a comment does not end", name);
	const char *at = copy, *bad = check_text(&at, once);
	if (bad) {
		AUTO_FREE char *key = bad == ends ? mem_strdup("") : key_of(copy, at);
		return err_set(err, FAULT_USAGE, 0, "%s: line %d: %s%s", name, line_of(copy, at),
			       key, bad);
	}
	return read_checked(name, copy, len, ret, err);
}

int json_parse(const char *name, const char *text, size_t len, struct json_object **ret,
	       struct err *err)
{
	return parse(name, text, len, true, ret, err);
}

int json_parse_foreign(const char *name, const char *text, size_t len, struct json_object **ret,
		       struct err *err)
{
	return parse(name, text, len, false, ret, err);
}

int json_read(const char *path, struct buf *text, struct err *err)
{
	if (file_read(AT_FDCWD, path, text, MAX_FILE) < 0)
		return err_set(err, err_path_fault(errno), errno, "cannot read '%s'", path);
	return 0;
}

int json_load(const char *path, struct json_object **ret, struct err *err)
{
	AUTO_BUF text = { 0 };

	if (json_read(path, &text, err) < 0)
		return -1;
	return json_parse(path, text.data, text.len, ret, err);
}

struct json_object *json_new_str(const char *s)
{
	return s ? json_object_new_string(s) : NULL;
}

struct json_object *json_new_strv(char *const *v)
{
	struct json_object *a = json_object_new_array();
	for (; v && *v; v++)
		json_object_array_add(a, json_object_new_string(*v));
	return a;
}

struct json_object *json_find(struct json_object *array, const char *key, const char *value)
{
	size_t n = json_object_is_type(array, json_type_array) ? json_object_array_length(array) :
								 0;
	for (size_t i = 0; i < n; i++) {
		struct json_object *o = json_object_array_get_idx(array, i), *v = NULL;
		if (json_object_is_type(o, json_type_object) &&
		    json_object_object_get_ex(o, key, &v) &&
		    json_object_is_type(v, json_type_string) &&
		    strcmp(json_object_get_string(v), value) == 0)
			return o;
	}
	return NULL;
}

void json_merge_patch(struct json_object **target, struct json_object *patch)
{
	if (!json_object_is_type(patch, json_type_object)) {
		struct json_object *copy = NULL;
		json_object_deep_copy(patch, &copy, NULL);
		json_object_put(*target);
		*target = copy;
		return;
	}
	if (!json_object_is_type(*target, json_type_object)) {
		json_object_put(*target);
		*target = json_object_new_object();
	}
	json_object_object_foreach(patch, key, val) {
		if (!val) {
			json_object_object_del(*target, key);
			continue;
		}
		struct json_object *old = json_object_get(json_object_object_get(*target, key));
		json_merge_patch(&old, val);
		json_object_object_add(*target, key, old);
	}
}

static int expected(const char *where, const char *key, const char *what, struct json_object *got,
		    struct err *err)
{
	return err_set(err, FAULT_USAGE, 0, "%s.%s: expected %s, got %.80s", where, key, what,
		       json_object_to_json_string_ext(got, JSON_C_TO_STRING_PLAIN));
}

int json_only_keys(struct json_object *o, const char *where, const char *const keys[],
		   struct err *err)
{
	if (!json_object_is_type(o, json_type_object))
		return err_set(err, FAULT_USAGE, 0, "%s: expected an object", where);
	json_object_object_foreach(o, key, val) {
		size_t i = 0;
		(void)val;
		while (keys[i] && strcmp(keys[i], key) != 0)
			i++;
		if (keys[i])
			continue;
		AUTO_BUF all = { 0 };
		for (i = 0; keys[i]; i++)
			buf_printf(&all, "%s%s", i ? ", " : "", keys[i]);
		return err_set(err, FAULT_USAGE, 0, "%s: unknown key '%.64s'; known: %s", where,
			       key, all.len ? all.data : "none");
	}
	return 0;
}

int json_get_str(struct json_object *o, const char *where, const char *key, char **ret,
		 struct err *err)
{
	struct json_object *v;
	if (!json_object_object_get_ex(o, key, &v))
		return 0;
	if (!json_object_is_type(v, json_type_string) ||
	    strlen(json_object_get_string(v)) != (size_t)json_object_get_string_len(v))
		return expected(where, key, "a string", v, err);
	free(*ret);
	*ret = mem_strdup(json_object_get_string(v));
	return 0;
}

int json_get_i64(struct json_object *o, const char *where, const char *key, int64_t min,
		 int64_t max, int64_t *ret, struct err *err)
{
	struct json_object *v;
	if (!json_object_object_get_ex(o, key, &v))
		return 0;
	char what[96];
	snprintf(what, sizeof(what), "a whole number from %lld to %lld", (long long)min,
		 (long long)max);
	/* json-c saturates numbers that do not fit: the extremes are never accepted. */
	int64_t n = json_object_get_int64(v);
	if (!json_object_is_type(v, json_type_int) || n < min || n > max || n == INT64_MAX ||
	    n == INT64_MIN)
		return expected(where, key, what, v, err);
	*ret = n;
	return 0;
}

int json_get_double(struct json_object *o, const char *where, const char *key, double min,
		    double max, double *ret, struct err *err)
{
	struct json_object *v;
	if (!json_object_object_get_ex(o, key, &v))
		return 0;
	char what[96];
	snprintf(what, sizeof(what), "a number from %g to %g", min, max);
	double d = json_object_get_double(v);
	if ((!json_object_is_type(v, json_type_int) && !json_object_is_type(v, json_type_double)) ||
	    !isfinite(d) || d < min || d > max)
		return expected(where, key, what, v, err);
	*ret = d;
	return 0;
}

int json_get_bool(struct json_object *o, const char *where, const char *key, bool *ret,
		  struct err *err)
{
	struct json_object *v;
	if (!json_object_object_get_ex(o, key, &v))
		return 0;
	if (!json_object_is_type(v, json_type_boolean))
		return expected(where, key, "true or false", v, err);
	*ret = json_object_get_boolean(v);
	return 0;
}

int json_get_strv(struct json_object *o, const char *where, const char *key, char ***ret,
		  struct err *err)
{
	struct json_object *v;
	if (!json_object_object_get_ex(o, key, &v))
		return 0;
	if (!json_object_is_type(v, json_type_array))
		return expected(where, key, "an array of strings", v, err);
	AUTO_STRV list = strv_dup(NULL);
	for (size_t i = 0; i < json_object_array_length(v); i++) {
		struct json_object *e = json_object_array_get_idx(v, i);
		if (!json_object_is_type(e, json_type_string) ||
		    strlen(json_object_get_string(e)) != (size_t)json_object_get_string_len(e))
			return expected(where, key, "an array of strings", v, err);
		strv_add(&list, json_object_get_string(e));
	}
	strv_free(*ret);
	*ret = list;
	list = NULL;
	return 0;
}

static bool is_env_name(const char *s)
{
	static const char first[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_";
	size_t n = strspn(s, first);
	n += strspn(s + n, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789");
	return *s && strchr(first, *s) && s[n] == '\0';
}

int json_get_env(struct json_object *o, const char *where, const char *key, char ***ret,
		 struct err *err)
{
	struct json_object *env = NULL;
	if (json_get_obj(o, where, key, &env, err) < 0)
		return -1;
	if (!env)
		return 0;
	AUTO_STRV all = strv_dup(*ret);
	json_object_object_foreach(env, name, v) {
		if (!is_env_name(name) || !json_object_is_type(v, json_type_string) ||
		    strlen(json_object_get_string(v)) != (size_t)json_object_get_string_len(v))
			return expected(where, key, "an object of NAME: \"value\"", env, err);
		char *entry = mem_printf("%s=%s", name, json_object_get_string(v));
		env_set(&all, entry);
		free(entry);
	}
	strv_free(*ret);
	*ret = all;
	all = NULL;
	return 0;
}

int json_get_obj(struct json_object *o, const char *where, const char *key,
		 struct json_object **ret, struct err *err)
{
	struct json_object *v;
	*ret = NULL;
	if (!json_object_object_get_ex(o, key, &v))
		return 0;
	if (!json_object_is_type(v, json_type_object))
		return expected(where, key, "an object", v, err);
	*ret = v;
	return 0;
}

int json_get_array(struct json_object *o, const char *where, const char *key,
		   struct json_object **ret, struct err *err)
{
	struct json_object *v;
	*ret = NULL;
	if (!json_object_object_get_ex(o, key, &v))
		return 0;
	if (!json_object_is_type(v, json_type_array))
		return expected(where, key, "an array", v, err);
	*ret = v;
	return 0;
}
