/* words.c - texts that several formats share. */
#include "report/words.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

bool words_has_error(const struct run_result *r)
{
	return r->verdict == VERDICT_REFUSED || r->verdict == VERDICT_INTERNAL_ERROR;
}

const char *words_error_code(const struct run_result *r)
{
	return r->error_code[0] ? r->error_code : verdict_name(r->verdict);
}

const char *words_error_message(const struct run_result *r)
{
	if (r->error_message[0])
		return r->error_message;
	for (size_t i = 0; i < r->n_steps; i++)
		if (r->steps[i].verdict == r->verdict && r->steps[i].message[0])
			return r->steps[i].message;
	return "no reason was recorded";
}

const char *words_verdict(enum verdict v, char buf[32])
{
	snprintf(buf, 32, "%s", verdict_name(v));
	for (char *p = buf; *p; p++)
		if (*p == '_')
			*p = ' ';
	return buf;
}

const char *words_points(double points, char buf[32])
{
	if (!isfinite(points))
		return "-";
	if (fabs(points) >= 1e12) { /* unlikely as points, but they must fit the buffer */
		snprintf(buf, 32, "%g", points);
		return buf;
	}
	snprintf(buf, 32, "%.4f", points);
	size_t len = strlen(buf);
	while (buf[len - 1] == '0')
		buf[--len] = '\0';
	if (buf[len - 1] < '0' || buf[len - 1] > '9') /* the decimal point */
		buf[--len] = '\0';
	return buf;
}
