/* escape.h - escape untrusted bytes; one function per output format. */
#ifndef MOULETTE_REPORT_ESCAPE_H
#define MOULETTE_REPORT_ESCAPE_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/buf.h"

/** escape_json() - the inside of a JSON string, without its quotes. Control characters, U+007F to
 *  U+009F and U+2028..9 are escaped; each byte that is not UTF-8 becomes U+FFFD. */
void escape_json(FILE *out, const char *s, size_t len);

/** escape_base64() - RFC 4648, padded, without line breaks. */
void escape_base64(FILE *out, const char *s, size_t len);

#define ESCAPE_CHAR_MAX 12
/**
 * escape_terminal_char() - the first character of @len bytes (at least 1) as it may be shown
 * @shown: NUL-terminated: the character, or "\n", "\r", "\t", "\x1b", "\xff", "\u202e" for what
 * utf8_is_printable() refuses or is not UTF-8
 * @ret_c: the code point when the character itself is shown, else 0
 * Return: bytes taken.
 */
size_t escape_terminal_char(const char *s, size_t len, char shown[ESCAPE_CHAR_MAX],
			    uint32_t *ret_c);

/** escape_terminal() - escape a whole text, such as a message, into one line. */
void escape_terminal(struct buf *out, const char *s, size_t len);

/**
 * escape_name() - escape a name, including what utf8_is_distinct() refuses
 *
 * Names are compared by eye: two that differ in a joiner, or in the kind of a blank, must not look the
 * same, even where it is a part of a word. A text that a program printed is read, and may be spelt right.
 */
void escape_name(struct buf *out, const char *s, size_t len);

#endif
