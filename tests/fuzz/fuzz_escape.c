/* fuzz_escape.c - foreign bytes in a report: valid UTF-8 comes out, and nothing that moves a cursor. */
#include "base/utf8.h"
#include "fuzz.h"
#include "report/escape.h"

static void check_shown(const struct buf *b, bool (*allowed)(uint32_t))
{
	for (size_t at = 0; at < b->len;) {
		uint32_t c = 0;
		const size_t n = utf8_decode(b->data + at, b->len - at, &c);
		HOLDS(n > 0 && allowed(c));
		at += n;
	}
}

static bool is_json(uint32_t c)
{
	return c >= 0x20 && c != '"' && !(c >= 0x7f && c < 0xa0) && c != 0x2028 && c != 0x2029;
}

static void write_json(const char *data, size_t size)
{
	AUTO_BUF b = { 0 };
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	HOLDS(out);
	escape_json(out, data, size);
	HOLDS(fclose(out) == 0);
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '\\' && i + 1 < len)
			i++; /* a quote that is escaped ends nothing */
		else
			buf_add(&b, text + i, 1);
	}
	check_shown(&b, is_json);
	free(text);
}

FUZZER(escape)
{
	AUTO_BUF terminal = { 0 }, name = { 0 };
	escape_terminal(&terminal, data, size);
	check_shown(&terminal, utf8_is_printable);
	escape_name(&name, data, size);
	check_shown(&name, utf8_is_distinct);
	write_json(data, size);
}
