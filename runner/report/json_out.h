/* json_out.h - a streaming JSON writer. */
#ifndef MOULETTE_REPORT_JSON_OUT_H
#define MOULETTE_REPORT_JSON_OUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/** The caller must alternate keys and values; write errors stay in ferror(@f). */
struct json_out {
	FILE *f;
	bool one_line;
	int depth;
	bool filled; /* the innermost object or array has a member */
};

/** json_out_open() - '{' or '['; json_out_close() - the matching '}' or ']'. */
void json_out_open(struct json_out *o, char bracket);
void json_out_close(struct json_out *o, char bracket);
/** json_out_key() - the next member of an object; json_out_next() - the next of an array. */
void json_out_key(struct json_out *o, const char *key);
void json_out_next(struct json_out *o);

/** json_out_raw() - a value that is JSON already, on one line. */
void json_out_raw(struct json_out *o, const char *json);
void json_out_null(struct json_out *o);
void json_out_bool(struct json_out *o, bool value);
void json_out_bytes(struct json_out *o, const char *s, size_t len);
void json_out_base64(struct json_out *o, const char *s, size_t len);
/** json_out_str() - NULL and "" are null. */
void json_out_str(struct json_out *o, const char *s);
/** json_out_measure() - -1 is null. */
void json_out_measure(struct json_out *o, int64_t value);
/** json_out_real() - the shortest digits that read back as @value, whatever the locale; null when
 *  it is no finite number. */
void json_out_real(struct json_out *o, double value);

#endif
