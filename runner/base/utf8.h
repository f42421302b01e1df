/* utf8.h - decoding of foreign bytes: what is text, what is shown. */
#ifndef MOULETTE_BASE_UTF8_H
#define MOULETTE_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * utf8_decode() - the first character of @len bytes
 * @ret_c: code point, written only on success
 *
 * Overlong forms, surrogates and values above U+10FFFF are invalid (RFC 3629).
 * Return: its length 1..4 in bytes, or 0 when the bytes do not begin with a valid character.
 */
size_t utf8_decode(const char *s, size_t len, uint32_t *ret_c);

/** utf8_valid() - are all @len bytes valid UTF-8? An empty text is; NUL is a character. */
bool utf8_valid(const char *s, size_t len);

/**
 * utf8_is_printable() - may a terminal be given this character of a text?
 *
 * False for what could move a cursor, turn a line around or hide: C0, DEL, C1, bidirectional controls,
 * line separators, byte order marks, tags, blanks of no width, fillers, and non-characters. True for
 * joiners (U+200C, U+200D) and variation selectors: words of Persian and Indic scripts are spelt with
 * them, and emoji are made of them. True for blanks of any width, as the no-break space of French.
 */
bool utf8_is_printable(uint32_t c);
/** utf8_is_distinct() - the same of a character of a name, by which people tell one from another: false
 *  for joiners, variation selectors and all blanks but the space as well. */
bool utf8_is_distinct(uint32_t c);

/** utf8_cut_head() - the longest prefix of at most @max bytes that ends between characters;
 *  for bytes that are not UTF-8 simply min(@len, @max). */
size_t utf8_cut_head(const char *s, size_t len, size_t max);

#endif
