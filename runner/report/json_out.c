/* json_out.c - a streaming JSON writer. */
#include "report/json_out.h"

#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report/escape.h"

static void newline(struct json_out *o)
{
	if (o->one_line)
		return;
	fputc('\n', o->f);
	for (int i = 0; i < o->depth; i++)
		fputs("  ", o->f);
}

void json_out_next(struct json_out *o)
{
	if (o->filled)
		fputs(o->one_line ? ", " : ",", o->f);
	newline(o);
	o->filled = true;
}

void json_out_key(struct json_out *o, const char *key)
{
	json_out_next(o);
	fputc('"', o->f);
	fputs(key, o->f);
	fputs("\": ", o->f);
}

void json_out_open(struct json_out *o, char bracket)
{
	fputc(bracket, o->f);
	o->depth++;
	o->filled = false;
}

void json_out_close(struct json_out *o, char bracket)
{
	o->depth--;
	if (o->filled)
		newline(o);
	fputc(bracket, o->f);
	o->filled = true; /* the outer one holds at least this */
}

void json_out_null(struct json_out *o)
{
	fputs("null", o->f);
}

void json_out_raw(struct json_out *o, const char *json)
{
	fputs(json, o->f);
}

void json_out_bool(struct json_out *o, bool value)
{
	fputs(value ? "true" : "false", o->f);
}

void json_out_bytes(struct json_out *o, const char *s, size_t len)
{
	fputc('"', o->f);
	escape_json(o->f, s, len);
	fputc('"', o->f);
}

void json_out_base64(struct json_out *o, const char *s, size_t len)
{
	fputc('"', o->f);
	escape_base64(o->f, s, len);
	fputc('"', o->f);
}

void json_out_str(struct json_out *o, const char *s)
{
	if (s && *s)
		json_out_bytes(o, s, strlen(s));
	else
		json_out_null(o);
}

void json_out_measure(struct json_out *o, int64_t value)
{
	if (value == -1)
		json_out_null(o);
	else
		fprintf(o->f, "%" PRId64, value);
}

void json_out_real(struct json_out *o, double value)
{
	char text[64] = "";

	if (!isfinite(value)) {
		json_out_null(o);
		return;
	}
	if (value == 0)
		value = 0; /* no "-0" */
	/* 17 digits always suffice for a double. */
	for (int digits = DBL_DIG; digits <= DBL_DECIMAL_DIG; digits++) {
		snprintf(text, sizeof(text), "%.*g", digits, value);
		if (strtod(text, NULL) == value)
			break;
	}
	/* The locale's decimal point, which may be several bytes, becomes JSON's. */
	for (const char *p = text; *p;) {
		size_t n = strspn(p, "0123456789eE+-");
		fwrite(p, 1, n, o->f);
		p += n;
		if (*p)
			fputc('.', o->f);
		p += strcspn(p, "0123456789");
	}
}
