/* record.c - outcomes as JSON: nanoseconds and bytes; what was not measured is null. */
#include "bench/record.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/json.h"
#include "base/mem.h"
#include "bench/stats.h"

static void add_str(struct json_object *o, const char *key, const char *value)
{
	json_object_object_add(o, key, json_new_str(value));
}

static struct json_object *whole(double value)
{
	return json_object_new_int64(llround(value));
}

struct json_object *record_new(const struct bench *b, struct json_object *machine)
{
	struct json_object *o = json_object_new_object();
	char now[32];
	clock_iso8601(clock_real_ns(), now);
	add_str(o, "schema", "moulette.bench/1");
	add_str(o, "version", MOULETTE_VERSION);
	add_str(o, "started", now);
	json_object_object_add(o, "rounds", json_object_new_int(b->rounds));
	json_object_object_add(o, "machine", machine);
	json_object_object_add(o, "comparisons", json_object_new_array());
	json_object_object_add(o, "growth", json_object_new_array());
	return o;
}

static struct json_object *values_json(const double *values, size_t n)
{
	struct json_object *o = json_object_new_object(), *all = json_object_new_array();
	struct spread s = spread_of(values, n);
	json_object_object_add(o, "min", whole(s.min));
	json_object_object_add(o, "p10", whole(s.p10));
	json_object_object_add(o, "median", whole(s.median));
	json_object_object_add(o, "p90", whole(s.p90));
	for (size_t i = 0; i < n; i++)
		json_object_array_add(all, whole(values[i]));
	json_object_object_add(o, "values", all);
	return o;
}

static struct json_object *ratio_json(const double *over, const double *under, size_t n)
{
	struct json_object *o = json_object_new_object();
	struct interval r = ratios_of(over, under, n);
	json_object_object_add(o, "median", json_object_new_double(r.median));
	json_object_object_add(o, "low", json_object_new_double(r.low));
	json_object_object_add(o, "high", json_object_new_double(r.high));
	json_object_object_add(o, "confidence", json_object_new_double(r.confidence));
	return o;
}

static struct json_object *row_json(const struct outcome *o, const struct measured *m)
{
	const struct measured *first = &o->rows[0];
	struct json_object *row = json_object_new_object(), *ratios = NULL;
	add_str(row, "name", m->contender->name);
	add_str(row, "protects", m->contender->protects);
	add_str(row, "version", m->version);
	add_str(row, "not_measured", m->why);
	if (!m->why && m != first) {
		ratios = json_object_new_object();
		json_object_object_add(ratios, "wall",
				       ratio_json(m->wall_ns, first->wall_ns, m->rounds));
		json_object_object_add(ratios, "cpu",
				       ratio_json(m->cpu_ns, first->cpu_ns, m->rounds));
	}
	json_object_object_add(row, "wall_ns", m->why ? NULL : values_json(m->wall_ns, m->rounds));
	json_object_object_add(row, "cpu_ns", m->why ? NULL : values_json(m->cpu_ns, m->rounds));
	json_object_object_add(row, "peak_bytes",
			       m->why ? NULL : values_json(m->peak_bytes, m->rounds));
	json_object_object_add(row, "ratio_to_first", ratios);
	return row;
}

void record_add(struct json_object *record, const struct outcome *o)
{
	struct json_object *c = json_object_new_object(), *rows = json_object_new_array();
	add_str(c, "name", o->comparison->name);
	add_str(c, "summary", o->comparison->summary);
	add_str(c, "input", o->text);
	json_object_object_add(c, "units",
			       o->variant.units > 0 ? json_object_new_int(o->variant.units) : NULL);
	add_str(c, "unit", o->comparison->unit);
	json_object_object_add(c, "pause_ms", json_object_new_int(o->variant.pause_ms));
	for (size_t i = 0; i < o->comparison->n; i++)
		json_object_array_add(rows, row_json(o, &o->rows[i]));
	json_object_object_add(c, "contenders", rows);
	json_object_array_add(json_object_object_get(record, "comparisons"), c);
}

int record_write(struct json_object *record, const char *folder, struct err *err)
{
	AUTO_FREE char *path = mem_printf("%s/bench.json", folder);
	AUTO_FREE char *made = mem_printf("%s/bench.json.new", folder);
	const char *text = json_object_to_json_string_ext(
		record, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE);
	AUTO_FREE char *line = mem_printf("%s\n", text);
	unlink(made);
	if (file_write(AT_FDCWD, made, line) < 0 || chmod(made, 0644) < 0 || rename(made, path) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot write '%s'", path);
	return 0;
}
