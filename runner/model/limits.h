/* limits.h - the six limits of a step, their names, how people write them. */
#ifndef MOULETTE_MODEL_LIMITS_H
#define MOULETTE_MODEL_LIMITS_H

#include <json-c/json.h>
#include <stdint.h>

#include "base/err.h"

enum limit_id {
	LIMIT_CPU,       /* nanoseconds */
	LIMIT_WALL,      /* nanoseconds */
	LIMIT_MEMORY,    /* bytes */
	LIMIT_PROCESSES, /* tasks, threads included */
	LIMIT_OUTPUT,    /* bytes, of each of stdout and stderr */
	LIMIT_DISK,      /* bytes, of each of the work folder, /tmp and /dev/shm */
	LIMIT_COUNT,
	LIMIT_NONE = LIMIT_COUNT, /* "no limit was hit" */
};

#define LIMIT_UNSET INT64_C(-1)

/** Each value is positive, or LIMIT_UNSET. Every limit allows the value itself. */
struct limits {
	int64_t v[LIMIT_COUNT];
};

void limits_init(struct limits *l);       /* all unset */
const char *limit_name(enum limit_id id); /* "cpu" ...: as in an assignment; NULL for LIMIT_NONE */
const char *limit_key(enum limit_id id);  /* "cpu_ns" ...: as in a result */

/** limits_over() - every value that @over sets replaces the one in @base. */
void limits_over(struct limits *base, const struct limits *over);
/** limits_raise() - the floors of a language: every value set in both becomes the larger one. */
void limits_raise(struct limits *base, const struct limits *floor);
/** limits_cover() - every value becomes the larger one; what is unset is smaller than any. */
void limits_cover(struct limits *most, const struct limits *by);
/** limits_finish() - wall, when unset, becomes 3 x cpu + 5 s; then both times are multiplied by
 *  @time_factor (> 0, saturating). */
void limits_finish(struct limits *l, double time_factor);

/** limits_load() - {"cpu": "1s", "memory": "64M", "processes": 20, ...}; unknown keys, zero and
 *  negative values are FAULT_USAGE errors that begin with @where. Keys not given stay as they are. */
int limits_load(struct json_object *o, const char *where, struct limits *l, struct err *err);
/** limits_assign() - "NAME=VALUE" of --limit. */
int limits_assign(struct limits *l, const char *assignment, struct err *err);
/** limit_format() - a value for people: "1 s", "64 MiB", "20 processes". */
void limit_format(enum limit_id id, int64_t value, char buf[32]);

/** size_parse() - bytes, or a number with K, M, G or T (1024); "1.5M" is fine. -1: not a size
 *  (@err names @text) or above 2^62. */
int size_parse(const char *text, int64_t *ret, struct err *err);
/** duration_parse() - seconds, or a number with ms, s, m, h; nanoseconds. */
int duration_parse(const char *text, int64_t *ret_ns, struct err *err);
void size_format(int64_t bytes, char buf[32]);  /* "12 B", "1.5 KiB", "64 MiB" */
void duration_format(int64_t ns, char buf[32]); /* "0.8 ms", "12 ms", "1.25 s", "2 min 3 s" */

#endif
