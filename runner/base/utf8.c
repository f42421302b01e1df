/* utf8.c - decoding of foreign bytes (RFC 3629). */
#include "base/utf8.h"

size_t utf8_decode(const char *s, size_t len, uint32_t *ret_c)
{
	static const uint32_t least[5] = { 0, 0, 0x80, 0x800, 0x10000 };
	const unsigned char *u = (const unsigned char *)s;
	size_t n;
	uint32_t c;

	if (len == 0)
		return 0;
	if (u[0] < 0x80) {
		*ret_c = u[0];
		return 1;
	}
	if ((u[0] & 0xe0) == 0xc0)
		n = 2, c = u[0] & 0x1fu;
	else if ((u[0] & 0xf0) == 0xe0)
		n = 3, c = u[0] & 0x0fu;
	else if ((u[0] & 0xf8) == 0xf0)
		n = 4, c = u[0] & 0x07u;
	else
		return 0;
	if (len < n)
		return 0;
	for (size_t i = 1; i < n; i++) {
		if ((u[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (u[i] & 0x3fu);
	}
	if (c < least[n] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 0;
	*ret_c = c;
	return n;
}

bool utf8_valid(const char *s, size_t len)
{
	for (size_t i = 0; i < len;) {
		uint32_t c;
		size_t n = utf8_decode(s + i, len - i, &c);
		if (n == 0)
			return false;
		i += n;
	}
	return true;
}

struct range {
	uint32_t first, last;
};

static bool is_in(const struct range *r, size_t n, uint32_t c)
{
	for (size_t i = 0; i < n; i++)
		if (c >= r[i].first && c <= r[i].last)
			return true;
	return false;
}
#define IS_IN(ranges, c) is_in(ranges, sizeof(ranges) / sizeof *(ranges), c)

/*
 * Characters without ink, in the order of their numbers: Default_Ignorable_Code_Point of Unicode 15
 * (DerivedCoreProperties.txt), line separators, and the format characters (Cf) that draw nothing.
 * Left out are format characters that are drawn, as the signs around Arabic numbers (U+0600 to U+0605),
 * and those that utf8_is_distinct() refuses besides.
 */
static const struct range invisible[] = {
	{ 0xad, 0xad },       { 0x34f, 0x34f },     { 0x61c, 0x61c },     { 0x115f, 0x1160 },
	{ 0x17b4, 0x17b5 },   { 0x180e, 0x180e },   { 0x200b, 0x200b },   { 0x200e, 0x200f },
	{ 0x2028, 0x202e },   { 0x2060, 0x206f },   { 0x3164, 0x3164 },   { 0xfeff, 0xfeff },
	{ 0xffa0, 0xffa0 },   { 0xfff0, 0xfffb },   { 0x13430, 0x1343f }, { 0x1bca0, 0x1bca3 },
	{ 0x1d173, 0x1d17a }, { 0xe0000, 0xe00ff }, { 0xe01f0, 0xe0fff },
};

/* Joiners, variation selectors, and blanks (Zs) other than the space: parts of words and of emoji. */
static const struct range indistinct[] = {
	{ 0xa0, 0xa0 },     { 0x1680, 0x1680 }, { 0x180b, 0x180f },   { 0x2000, 0x200a },
	{ 0x200c, 0x200d }, { 0x202f, 0x202f }, { 0x205f, 0x205f },   { 0x2800, 0x2800 },
	{ 0x3000, 0x3000 }, { 0xfe00, 0xfe0f }, { 0xe0100, 0xe01ef },
};

bool utf8_is_printable(uint32_t c)
{
	if (c < 0x20 || (c >= 0x7f && c < 0xa0))
		return false;
	if (c < 0xa0) /* most of what there is */
		return true;
	return !IS_IN(invisible, c) && (c & 0xfffe) != 0xfffe && !(c >= 0xfdd0 && c <= 0xfdef);
}

bool utf8_is_distinct(uint32_t c)
{
	return utf8_is_printable(c) && !IS_IN(indistinct, c);
}

size_t utf8_cut_head(const char *s, size_t len, size_t max)
{
	if (len <= max)
		return len;
	size_t n = max;
	/* At most three continuation bytes can stand before the cut. */
	while (n > 0 && max - n < 4 && ((unsigned char)s[n] & 0xc0) == 0x80)
		n--;
	uint32_t c;
	return utf8_decode(s + n, len - n, &c) > max - n ? n : max;
}
