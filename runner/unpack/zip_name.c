/* zip_name.c - the name of an entry of a zip, in bytes for a file. */
#include "unpack/zip_name.h"

#include <stdint.h>
#include <string.h>

#include "archive/gzip.h"
#include "base/utf8.h"
#include "base/zip_end.h"

#define TAG_UNICODE_PATH 0x7075 /* APPNOTE.TXT 4.6.9 */

/* Code page 437 from 0x80 on. Source: unicode.org, MAPPINGS/VENDORS/MICSFT/PC/CP437.TXT. */
static const uint16_t cp437[128] = {
	0x00c7, 0x00fc, 0x00e9, 0x00e2, 0x00e4, 0x00e0, 0x00e5, 0x00e7, 0x00ea, 0x00eb, 0x00e8,
	0x00ef, 0x00ee, 0x00ec, 0x00c4, 0x00c5, 0x00c9, 0x00e6, 0x00c6, 0x00f4, 0x00f6, 0x00f2,
	0x00fb, 0x00f9, 0x00ff, 0x00d6, 0x00dc, 0x00a2, 0x00a3, 0x00a5, 0x20a7, 0x0192, 0x00e1,
	0x00ed, 0x00f3, 0x00fa, 0x00f1, 0x00d1, 0x00aa, 0x00ba, 0x00bf, 0x2310, 0x00ac, 0x00bd,
	0x00bc, 0x00a1, 0x00ab, 0x00bb, 0x2591, 0x2592, 0x2593, 0x2502, 0x2524, 0x2561, 0x2562,
	0x2556, 0x2555, 0x2563, 0x2551, 0x2557, 0x255d, 0x255c, 0x255b, 0x2510, 0x2514, 0x2534,
	0x252c, 0x251c, 0x2500, 0x253c, 0x255e, 0x255f, 0x255a, 0x2554, 0x2569, 0x2566, 0x2560,
	0x2550, 0x256c, 0x2567, 0x2568, 0x2564, 0x2565, 0x2559, 0x2558, 0x2552, 0x2553, 0x256b,
	0x256a, 0x2518, 0x250c, 0x2588, 0x2584, 0x258c, 0x2590, 0x2580, 0x03b1, 0x00df, 0x0393,
	0x03c0, 0x03a3, 0x03c3, 0x00b5, 0x03c4, 0x03a6, 0x0398, 0x03a9, 0x03b4, 0x221e, 0x03c6,
	0x03b5, 0x2229, 0x2261, 0x00b1, 0x2265, 0x2264, 0x2320, 0x2321, 0x00f7, 0x2248, 0x00b0,
	0x2219, 0x00b7, 0x221a, 0x207f, 0x00b2, 0x25a0, 0x00a0,
};

const unsigned char *zip_extra(const unsigned char *extra, size_t len, unsigned int tag,
			       size_t *ret_len)
{
	while (len >= 4) {
		const size_t n = zip_u16(extra + 2);
		if (n > len - 4)
			return NULL;
		if (zip_u16(extra) == tag) {
			*ret_len = n;
			return extra + 4;
		}
		extra += 4 + n;
		len -= 4 + n;
	}
	return NULL;
}

/* Its checksum ties it to the name: who renamed the entry without knowing of it left it behind. */
static const unsigned char *unicode_path(const unsigned char *name, size_t len,
					 const unsigned char *extra, size_t extra_len,
					 size_t *ret_len)
{
	const unsigned char *field = zip_extra(extra, extra_len, TAG_UNICODE_PATH, ret_len);
	struct gzip_sum sum;
	if (!field || *ret_len < 6 || field[0] != 1)
		return NULL;
	gzip_sum_init(&sum);
	gzip_sum_add(&sum, name, len);
	if (sum.crc != zip_u32(field + 1) || !utf8_valid((const char *)field + 5, *ret_len - 5))
		return NULL;
	*ret_len -= 5;
	return field + 5;
}

static void add_utf8(struct buf *b, uint16_t c)
{
	const char wide[] = { (char)(0xe0 | c >> 12), (char)(0x80 | (c >> 6 & 0x3f)),
			      (char)(0x80 | (c & 0x3f)) };
	const char narrow[] = { (char)(0xc0 | c >> 6), (char)(0x80 | (c & 0x3f)) };
	if (c < 0x800)
		buf_add(b, narrow, sizeof narrow);
	else
		buf_add(b, wide, sizeof wide);
}

static void add_cp437(struct buf *b, const unsigned char *name, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (name[i] < 0x80)
			buf_add(b, name + i, 1);
		else
			add_utf8(b, cp437[name[i] - 0x80]);
	}
}

void zip_name(const unsigned char *name, size_t len, bool utf8, const unsigned char *extra,
	      size_t extra_len, struct buf *ret)
{
	const size_t begin = ret->len;
	size_t n = 0;
	const unsigned char *path = utf8 ? NULL : unicode_path(name, len, extra, extra_len, &n);
	if (path)
		buf_add(ret, path, n);
	else if (utf8 || utf8_valid((const char *)name, len))
		buf_add(ret, name, len);
	else
		add_cp437(ret, name, len);
	char *added = ret->data ? ret->data + begin : NULL;
	n = ret->len - begin;
	if (!added || memchr(added, '/', n))
		return;
	for (char *p = added; p < added + n; p++)
		if (*p == '\\')
			*p = '/';
}
