/* limits.c - the six limits of a step: names, units, order of precedence. */
#include "model/limits.h"

#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"

#define MEMORY_MIN (1 << 20)
#define VALUE_MAX (INT64_C(1) << 62)

/* clang-format off */
static const struct { const char *name, *key; } names[LIMIT_COUNT] = {
	[LIMIT_CPU]       = { "cpu",       "cpu_ns" },
	[LIMIT_WALL]      = { "wall",      "wall_ns" },
	[LIMIT_MEMORY]    = { "memory",    "memory_bytes" },
	[LIMIT_PROCESSES] = { "processes", "processes" },
	[LIMIT_OUTPUT]    = { "output",    "output_bytes" },
	[LIMIT_DISK]      = { "disk",      "disk_bytes" },
};
static const struct { const char *suffix; double factor; } size_units[] = {
	{ "", 1 }, { "K", 1024 }, { "M", 1048576 }, { "G", 1073741824 }, { "T", 1099511627776 },
}, duration_units[] = {
	{ "", 1e9 }, { "ms", 1e6 }, { "s", 1e9 }, { "m", 60e9 }, { "h", 3600e9 },
};
/* clang-format on */
#define COUNT(a) (sizeof(a) / sizeof *(a))

void limits_init(struct limits *l)
{
	for (int i = 0; i < LIMIT_COUNT; i++)
		l->v[i] = LIMIT_UNSET;
}

const char *limit_name(enum limit_id id)
{
	return id < LIMIT_COUNT ? names[id].name : NULL;
}

const char *limit_key(enum limit_id id)
{
	return id < LIMIT_COUNT ? names[id].key : NULL;
}

void limits_over(struct limits *base, const struct limits *over)
{
	for (int i = 0; i < LIMIT_COUNT; i++)
		if (over->v[i] != LIMIT_UNSET)
			base->v[i] = over->v[i];
}

void limits_raise(struct limits *base, const struct limits *floor)
{
	for (int i = 0; i < LIMIT_COUNT; i++)
		if (base->v[i] != LIMIT_UNSET && floor->v[i] > base->v[i])
			base->v[i] = floor->v[i];
}

static int64_t scaled(int64_t ns, double factor)
{
	double r = (double)ns * factor;
	if (r >= (double)VALUE_MAX)
		return VALUE_MAX;
	return r < 1 ? 1 : (int64_t)(r + 0.5); /* 1 s x 2.01 is 2009999999.99.. as a double */
}

void limits_cover(struct limits *most, const struct limits *by)
{
	for (int i = 0; i < LIMIT_COUNT; i++)
		if (by->v[i] > most->v[i])
			most->v[i] = by->v[i];
}

void limits_finish(struct limits *l, double time_factor)
{
	if (l->v[LIMIT_WALL] == LIMIT_UNSET && l->v[LIMIT_CPU] != LIMIT_UNSET)
		l->v[LIMIT_WALL] = scaled(l->v[LIMIT_CPU], 3) + 5 * NSEC_PER_SEC;
	for (int i = LIMIT_CPU; i <= LIMIT_WALL; i++)
		if (l->v[i] != LIMIT_UNSET)
			l->v[i] = scaled(l->v[i], time_factor);
}

/* A plain decimal number ("12", "1.5"); strtod alone would also take "inf", "0x1p3" and blanks. */
static const char *number_parse(const char *text, double *ret)
{
	size_t digits = strspn(text, "0123456789");
	size_t len = digits;
	if (text[len] == '.') {
		size_t frac = strspn(text + len + 1, "0123456789");
		digits += frac;
		len += 1 + frac;
	}
	if (digits == 0 || len > 30)
		return NULL;
	char copy[32];
	memcpy(copy, text, len);
	copy[len] = '\0';
	*ret = 0;
	/* Own loop instead of strtod: the decimal point must not depend on the locale. */
	double scale = 1;
	bool after = false;
	for (const char *p = copy; *p; p++) {
		if (*p == '.') {
			after = true;
			continue;
		}
		*ret = *ret * 10 + (*p - '0');
		if (after)
			scale *= 10;
	}
	*ret /= scale;
	return text + len;
}

int size_parse(const char *text, int64_t *ret, struct err *err)
{
	double number;
	const char *suffix = number_parse(text, &number);
	for (size_t i = 0; suffix && i < COUNT(size_units); i++) {
		double value = number * size_units[i].factor;
		if (strcasecmp(suffix, size_units[i].suffix) == 0 && value <= (double)VALUE_MAX) {
			*ret = (int64_t)value;
			return 0;
		}
	}
	return err_set(err, FAULT_USAGE, 0,
		       "'%s' is not a size: expected bytes, or a number with K, M, G or "
		       "T, such as 64M",
		       text);
}

int duration_parse(const char *text, int64_t *ret_ns, struct err *err)
{
	double number;
	const char *suffix = number_parse(text, &number);
	for (size_t i = 0; suffix && i < COUNT(duration_units); i++) {
		double value = number * duration_units[i].factor;
		if (strcmp(suffix, duration_units[i].suffix) == 0 && value <= (double)VALUE_MAX) {
			*ret_ns = (int64_t)(value + 0.5);
			return 0;
		}
	}
	return err_set(err, FAULT_USAGE, 0,
		       "'%s' is not a duration: expected seconds, or a number with ms, s, "
		       "m or h, such as 1.5s",
		       text);
}

static int value_parse(enum limit_id id, const char *text, int64_t *ret, struct err *err)
{
	int64_t value = 0;
	int bad = 0;
	if (id == LIMIT_CPU || id == LIMIT_WALL)
		bad = duration_parse(text, &value, err);
	else if (id == LIMIT_PROCESSES && (!*text || text[strspn(text, "0123456789")]))
		bad = err_set(err, FAULT_USAGE, 0,
			      "'%s' is not a number of processes: expected a whole number", text);
	else
		bad = size_parse(text, &value, err);
	if (bad)
		return -1;
	if (value <= 0)
		return err_set(err, FAULT_USAGE, 0, "'%s': expected a limit above 0", text);
	if (id == LIMIT_MEMORY && value < MEMORY_MIN)
		return err_set(err, FAULT_USAGE, 0,
			       "'%s': expected at least 1M, which a program needs to start", text);
	if (id == LIMIT_PROCESSES && value > INT32_MAX)
		return err_set(err, FAULT_USAGE, 0,
			       "'%s' is more than the number of processes that a host can have",
			       text);
	*ret = value;
	return 0;
}

int limits_load(struct json_object *o, const char *where, struct limits *l, struct err *err)
{
	const char *keys[LIMIT_COUNT + 1];
	for (int i = 0; i < LIMIT_COUNT; i++)
		keys[i] = names[i].name;
	keys[LIMIT_COUNT] = NULL;
	if (json_only_keys(o, where, keys, err) < 0)
		return -1;
	struct limits got = *l;
	for (int i = 0; i < LIMIT_COUNT; i++) {
		struct json_object *v;
		if (!json_object_object_get_ex(o, keys[i], &v))
			continue;
		enum json_type type = json_object_get_type(v);
		const char *text = json_object_get_string(v);
		bool cut = type == json_type_string && /* by a NUL inside */
			   strlen(text) != (size_t)json_object_get_string_len(v);
		if (cut ||
		    (type != json_type_string && type != json_type_int && type != json_type_double))
			return err_set(
				err, FAULT_USAGE, 0,
				"%s.%s: expected a number, or a string such as \"1s\" or \"64M\"",
				where, keys[i]);
		if (value_parse((enum limit_id)i, text, &got.v[i], err) < 0)
			return err_wrap(err, "%s.%s", where, keys[i]);
	}
	*l = got;
	return 0;
}

int limits_assign(struct limits *l, const char *assignment, struct err *err)
{
	const char *eq = strchr(assignment, '=');
	for (int i = 0; eq && i < LIMIT_COUNT; i++) {
		size_t len = strlen(names[i].name);
		if (len != (size_t)(eq - assignment) ||
		    strncmp(assignment, names[i].name, len) != 0)
			continue;
		if (value_parse((enum limit_id)i, eq + 1, &l->v[i], err) < 0)
			return err_wrap(err, "limit '%s'", names[i].name);
		return 0;
	}
	return err_set(err, FAULT_USAGE, 0,
		       "'%s' is not a limit: expected NAME=VALUE with one of cpu, wall, memory, "
		       "processes, output, disk",
		       assignment);
}

/* At most two decimals, and none that say nothing. */
static void number_format(double x, const char *unit, char buf[32])
{
	char digits[24];
	snprintf(digits, sizeof digits, "%.*f", x < 10 ? 2 : x < 100 ? 1 : 0, x);
	if (strchr(digits, '.')) {
		size_t len = strlen(digits);
		while (digits[len - 1] == '0')
			digits[--len] = '\0';
		if (digits[len - 1] == '.')
			digits[len - 1] = '\0';
	}
	snprintf(buf, 32, "%s %s", digits, unit);
}

void size_format(int64_t bytes, char buf[32])
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
	double x = (double)bytes;
	size_t unit = 0;
	while (x >= 1024 && unit + 1 < COUNT(units)) {
		x /= 1024;
		unit++;
	}
	number_format(x, units[unit], buf);
}

void duration_format(int64_t ns, char buf[32])
{
	if (ns < NSEC_PER_SEC) {
		number_format((double)ns / 1e6, "ms", buf);
	} else if (ns < 60 * NSEC_PER_SEC) {
		number_format((double)ns / 1e9, "s", buf);
	} else {
		int64_t s = ns / NSEC_PER_SEC + (ns % NSEC_PER_SEC >= NSEC_PER_SEC / 2);
		snprintf(buf, 32, "%" PRId64 " min %" PRId64 " s", s / 60, s % 60);
	}
}

void limit_format(enum limit_id id, int64_t value, char buf[32])
{
	if (id == LIMIT_CPU || id == LIMIT_WALL)
		duration_format(value, buf);
	else if (id == LIMIT_PROCESSES)
		snprintf(buf, 32, "%" PRId64 " process%s", value, value == 1 ? "" : "es");
	else
		size_format(value, buf);
}
