/* growth.c - long runs in tenths, and what they leave. */
#include "bench/growth.h"

#include <errno.h>
#include <fcntl.h>
#include <libsmartcols/libsmartcols.h>
#include <math.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/fd.h"
#include "base/mem.h"
#include "bench/batch_input.h"
#include "bench/room.h"
#include "bench/watch.h"

#define MARKS "/marks"

double growth_ratio(const struct growth *g)
{
	const double first = g->tenths[0].cpu_ns;
	return first > 0 ? g->tenths[TENTHS - 1].cpu_ns / first : NAN;
}

void growth_tenths(const struct tenth *readings, int missing, struct growth *g)
{
	for (int i = 0; i < TENTHS; i++) {
		const struct tenth *from = &readings[i], *to = &readings[i + 1];
		const double items = g->items / TENTHS - (i == 0 || i + 1 == TENTHS ? missing : 0);
		g->tenths[i] = *to;
		g->tenths[i].cpu_ns = (to->cpu_ns - from->cpu_ns) / items;
		g->tenths[i].wall_ns = (to->wall_ns - from->wall_ns) / items;
	}
}

static int watch(const struct watch *w, int missing, struct growth *g, struct err *err)
{
	struct tenth readings[TENTHS + 1] = { 0 };
	g->cgroups[0] = watch_cgroups();
	g->mounts[0] = watch_mounts();
	fprintf(stderr, "growth: %d %s\n", g->items, g->name);
	if (watch_run(w, readings, TENTHS + 1, err) < 0)
		return -1;
	g->cgroups[1] = watch_cgroups();
	g->mounts[1] = watch_mounts();
	growth_tenths(readings, missing, g);
	return 0;
}

/* --- tests -------------------------------------------------------------------------------- */

/* The first test of each tenth, and one more after the last, leaves a mark in a folder that is bound
 * into the box. */
static char *tests_text(int n)
{
	AUTO_BUF b = { 0 };
	buf_str(&b, "{\"name\": \"growth\", \"image\": \"busybox\", \"build\": [], \"tests\": [\n");
	for (int i = 0; i <= n; i++) {
		buf_printf(&b, "%s  {\"name\": \"%d\", \"run\": [\"/bin/busybox\", ",
			   i ? ",\n" : "", i);
		if (i % (n / TENTHS) == 0)
			buf_printf(&b, "\"touch\", \"" MARKS "/%d\"]}", i);
		else
			buf_str(&b, "\"echo\", \"" ROOM_SAYS "\"]}");
	}
	buf_str(&b, "]}\n");
	return buf_take(&b);
}

static int prepare_tests(const char *folder, const char *marks, int n, struct err *err)
{
	AUTO_FREE char *file = mem_printf("%s/assignment.json", folder);
	AUTO_FREE char *text = tests_text(n);
	if (mkdir(marks, 0777) < 0 || chmod(marks, 0777) < 0 || mkdir(folder, 0755) < 0 ||
	    file_write(AT_FDCWD, file, text) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot write '%s'", file);
	return 0;
}

static int run_tests(const struct bench *b, const struct room *r, struct growth *g, struct err *err)
{
	AUTO_FREE char *folder = mem_printf("%s/growth", r->path);
	AUTO_FREE char *marks = mem_printf("%s/marks", r->path);
	AUTO_FREE char *log = mem_printf("%s/log", r->path);
	AUTO_FREE char *volume = mem_printf("%s:" MARKS ":rw", marks);
	char *const argv[] = { (char *)(size_t)b->moulette,
			       (char *)"run",
			       (char *)"-v",
			       volume,
			       (char *)"-a",
			       folder,
			       r->submission,
			       NULL };
	struct work work = { .n = 0 };
	const struct watch w = { .bench = b, .work = &work, .log = log, .marks = marks };
	if (prepare_tests(folder, marks, g->items, err) < 0)
		return -1;
	work_add(&work, argv, 1);
	bench_moulette_env(r->home, &work.env);
	int bad = watch(&w, 0, g, err);
	work_done(&work);
	return bad;
}

int growth_tests(const struct bench *b, struct growth *ret, struct err *err)
{
	struct room *r = NULL;
	*ret = (struct growth){ .name = "tests in one box", .unit = "test", .items = b->growth };
	int bad = room_open(b, &r, err);
	if (!bad)
		bad = run_tests(b, r, ret, err);
	room_close(r);
	return bad;
}

/* --- submissions -------------------------------------------------------------------------- */

int growth_submissions(const struct bench *b, struct growth *ret, struct err *err)
{
	struct batch_input *in = NULL;
	struct work work = { .n = 0 };
	*ret = (struct growth){ .name = "submissions in one batch",
				.unit = "submission",
				.items = b->submissions };
	int bad = batch_input_make(b, b->submissions, &in, err);
	if (!bad) {
		AUTO_FREE char *log = mem_printf("%s/log", in->room->path);
		const struct watch w = { .bench = b,
					 .work = &work,
					 .log = log,
					 .lines = b->submissions / TENTHS };
		batch_command(in, b->moulette, 1, -1, &work);
		bad = watch(&w, 1, ret, err);
		work_done(&work);
	}
	batch_input_free(in);
	return bad;
}

/* --- what comes of it --------------------------------------------------------------------- */

static int add_tenth(struct libscols_table *t, int i, const struct tenth *tenth)
{
	struct libscols_line *line = scols_table_new_line(t, NULL);
	AUTO_FREE char *name = mem_printf("%d", i + 1);
	AUTO_FREE char *cpu = mem_printf("%.3f ms", tenth->cpu_ns / 1e6);
	AUTO_FREE char *wall = mem_printf("%.3f ms", tenth->wall_ns / 1e6);
	AUTO_FREE char *memory = mem_printf("%.2f MiB", (double)tenth->memory / (1 << 20));
	AUTO_FREE char *fds = mem_printf("%d", tenth->fds);
	const char *const cells[] = { name, cpu, wall, memory, fds };
	for (size_t i2 = 0; i2 < sizeof cells / sizeof *cells; i2++)
		if (!line || scols_line_set_data(line, i2, cells[i2]) < 0)
			return -1;
	return 0;
}

static int print_tenths(FILE *out, struct libscols_table *t, const struct growth *g)
{
	static const char *const names[] = { "TENTH", "CPU EACH", "WALL EACH", "MEMORY", "FDS" };
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (!scols_table_new_column(t, names[i], 0, SCOLS_FL_RIGHT))
			return -1;
	scols_table_set_column_separator(t, "  ");
	for (int i = 0; i < TENTHS; i++)
		if (add_tenth(t, i, &g->tenths[i]) < 0)
			return -1;
	scols_table_set_stream(t, out);
	return scols_print_table(t);
}

int growth_write(FILE *out, const struct growth *g, struct err *err)
{
	struct libscols_table *t = scols_new_table();
	fprintf(out, "growth: %d %s\n\n", g->items, g->name);
	int bad = t ? print_tenths(out, t, g) : -1;
	scols_unref_table(t);
	if (!isnan(growth_ratio(g)))
		fprintf(out, "\nlast tenth to first: %.3f times the CPU time a %s", growth_ratio(g),
			g->unit);
	fprintf(out,
		"\nmemory is that of the runner and its workers; on the whole machine there were %d "
		"cgroups before and %d after, and %d and %d mounts\n\n",
		g->cgroups[0], g->cgroups[1], g->mounts[0], g->mounts[1]);
	return bad < 0 || fflush(out) != 0 ?
		       err_set(err, FAULT_INFRA, errno, "cannot print a table") :
		       0;
}

static struct json_object *pair(const int of[2])
{
	struct json_object *o = json_object_new_object();
	json_object_object_add(o, "before", json_object_new_int(of[0]));
	json_object_object_add(o, "after", json_object_new_int(of[1]));
	return o;
}

struct json_object *growth_json(const struct growth *g)
{
	struct json_object *o = json_object_new_object(), *tenths = json_object_new_array();
	json_object_object_add(o, "name", json_object_new_string(g->name));
	json_object_object_add(o, "unit", json_object_new_string(g->unit));
	json_object_object_add(o, "items", json_object_new_int(g->items));
	for (int i = 0; i < TENTHS; i++) {
		const struct tenth *t = &g->tenths[i];
		struct json_object *one = json_object_new_object();
		json_object_object_add(one, "cpu_ns", json_object_new_int64((int64_t)t->cpu_ns));
		json_object_object_add(one, "wall_ns", json_object_new_int64((int64_t)t->wall_ns));
		json_object_object_add(one, "memory_bytes", json_object_new_int64(t->memory));
		json_object_object_add(one, "fds", json_object_new_int(t->fds));
		json_object_array_add(tenths, one);
	}
	json_object_object_add(o, "tenths", tenths);
	const double ratio = growth_ratio(g);
	json_object_object_add(o, "last_to_first",
			       isnan(ratio) ? NULL : json_object_new_double(ratio));
	json_object_object_add(o, "cgroups", pair(g->cgroups));
	json_object_object_add(o, "mounts", pair(g->mounts));
	return o;
}
