/* log_out.c - captured output of a run, unchanged or escaped for a terminal. */
#include "report/log_out.h"

#include <stdint.h>
#include <string.h>

#include "base/framelog.h"
#include "base/utf8.h"
#include "report/escape.h"

static size_t show(const char *s, size_t len, struct buf *to)
{
	char shown[ESCAPE_CHAR_MAX];
	uint32_t c;
	if (*s == '\n' || *s == '\t') {
		buf_add(to, s, 1);
		return 1;
	}
	size_t n = escape_terminal_char(s, len, shown, &c);
	buf_str(to, shown);
	return n;
}

/* Could these bytes, fewer than four, begin a character? */
static bool may_go_on(const char *s, size_t len)
{
	unsigned char lead = (unsigned char)*s;
	size_t want = lead >= 0xf0 && lead <= 0xf4 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc2 ? 2 : 1;
	if (lead > 0xf4 || len >= want)
		return false;
	for (size_t i = 1; i < len; i++)
		if (((unsigned char)s[i] & 0xc0) != 0x80)
			return false;
	return true;
}

void log_out_add(struct log_out *l, int stream, const char *data, size_t len, struct buf *to)
{
	AUTO_BUF joined = { 0 };
	int k = stream == FRAMELOG_STDERR;
	if (!l->escape) {
		buf_add(to, data, len);
		return;
	}
	if (l->cut[k].n > 0) {
		buf_add(&joined, l->cut[k].bytes, l->cut[k].n);
		buf_add(&joined, data, len);
		data = joined.data;
		len = joined.len;
		l->cut[k].n = 0;
	}
	while (len > 0) {
		if (may_go_on(data, len)) {
			memcpy(l->cut[k].bytes, data, len);
			l->cut[k].n = len;
			return;
		}
		size_t n = show(data, len, to);
		data += n;
		len -= n;
	}
}

void log_out_end(struct log_out *l, struct buf *to)
{
	for (int k = 0; k < 2; k++) {
		for (size_t i = 0; i < l->cut[k].n;)
			i += show(l->cut[k].bytes + i, l->cut[k].n - i, to);
		l->cut[k].n = 0;
	}
}
