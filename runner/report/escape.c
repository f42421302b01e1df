/* escape.c - escape untrusted bytes; one function per output format. */
#include "report/escape.h"

#include <nettle/base64.h>
#include <stdbool.h>
#include <string.h>

#include "base/utf8.h"

/* Short forms of RFC 8259; NULL: \u. */
static const char *json_short(uint32_t c)
{
	switch (c) {
	case '"':
		return "\\\"";
	case '\\':
		return "\\\\";
	case '\b':
		return "\\b";
	case '\f':
		return "\\f";
	case '\n':
		return "\\n";
	case '\r':
		return "\\r";
	case '\t':
		return "\\t";
	default:
		return NULL;
	}
}

/* U+2028 and U+2029 end a line in JavaScript, C1 controls work on terminals that show a report. */
static int json_is_plain(uint32_t c)
{
	return c >= 0x20 && c != '"' && c != '\\' && !(c >= 0x7f && c <= 0x9f) && c != 0x2028 &&
	       c != 0x2029;
}

void escape_json(FILE *out, const char *s, size_t len)
{
	size_t plain = 0; /* bytes before s[i] that are not written yet */

	for (size_t i = 0; i < len;) {
		uint32_t c = 0;
		size_t n = utf8_decode(s + i, len - i, &c);
		if (n > 0 && json_is_plain(c)) {
			plain += n;
			i += n;
			continue;
		}
		fwrite(s + i - plain, 1, plain, out);
		plain = 0;
		if (n == 0)
			fputs("\xef\xbf\xbd", out);
		else if (json_short(c))
			fputs(json_short(c), out);
		else
			fprintf(out, "\\u%04x", (unsigned)c);
		i += n ? n : 1;
	}
	fwrite(s + len - plain, 1, plain, out);
}

void escape_base64(FILE *out, const char *s, size_t len)
{
	char text[BASE64_ENCODE_RAW_LENGTH(3 * 256)];

	while (len > 0) {
		size_t n = len < 3 * 256 ? len : 3 * 256;
		base64_encode_raw(text, n, (const uint8_t *)s);
		fwrite(text, 1, BASE64_ENCODE_RAW_LENGTH(n), out);
		s += n;
		len -= n;
	}
}

typedef bool shown_fn(uint32_t c);

/* As escape_terminal_char(); @is_shown: which characters stand for themselves. */
static size_t escape_char(const char *s, size_t len, shown_fn *is_shown,
			  char shown[ESCAPE_CHAR_MAX], uint32_t *ret_c)
{
	uint32_t c;
	size_t n = utf8_decode(s, len, &c);

	*ret_c = 0;
	if (n > 0 && is_shown(c)) {
		memcpy(shown, s, n);
		shown[n] = '\0';
		*ret_c = c;
		return n;
	}
	if (n > 0 && c < 0x20 && json_short(c))
		snprintf(shown, ESCAPE_CHAR_MAX, "%s", json_short(c));
	else if (n == 0 || c < 0x80)
		snprintf(shown, ESCAPE_CHAR_MAX, "\\x%02x", (unsigned)(unsigned char)*s);
	else if (c < 0x10000)
		snprintf(shown, ESCAPE_CHAR_MAX, "\\u%04x", (unsigned)c);
	else
		snprintf(shown, ESCAPE_CHAR_MAX, "\\U%08x", (unsigned)c);
	return n ? n : 1;
}

static void escape_all(struct buf *out, const char *s, size_t len, shown_fn *is_shown)
{
	while (len > 0) {
		char shown[ESCAPE_CHAR_MAX];
		uint32_t c;
		size_t n = escape_char(s, len, is_shown, shown, &c);
		buf_str(out, shown);
		s += n;
		len -= n;
	}
	buf_add(out, "", 0); /* never NULL */
}

size_t escape_terminal_char(const char *s, size_t len, char shown[ESCAPE_CHAR_MAX], uint32_t *ret_c)
{
	return escape_char(s, len, utf8_is_printable, shown, ret_c);
}

void escape_terminal(struct buf *out, const char *s, size_t len)
{
	escape_all(out, s, len, utf8_is_printable);
}

void escape_name(struct buf *out, const char *s, size_t len)
{
	escape_all(out, s, len, utf8_is_distinct);
}
