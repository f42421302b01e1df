/* contender.c - interleaved rounds of all contenders of a comparison. */
#include "bench/contender.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/mem.h"
#include "bench/program.h"

/* A run may write its input twice over; as much again is left to others. */
#define ROOM_FACTOR 4
#define PLAIN_PATH "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

void bench_moulette_env(const char *home, char ***ret_env)
{
	AUTO_FREE char *variable = mem_printf("MOULETTE_HOME=%s", home);
	strv_add(ret_env, variable);
	strv_add(ret_env, PLAIN_PATH);
}

void bench_peer_env(char ***ret_env)
{
	strv_add(ret_env, PLAIN_PATH);
	strv_add(ret_env, "HOME=/");
}

int bench_call(const struct bench *b, const char *home, char *const *argv, const char *log,
	       struct err *err)
{
	struct work w = { .n = 0 };
	struct sample s;
	work_add(&w, argv, 1);
	bench_moulette_env(home, &w.env);
	int bad = sample_run(&w, log, b->interrupt_fd, &s, err);
	work_done(&w);
	return bad || s.status == 0 ? bad : sample_failed(s.status, log, err);
}

/* What earlier runs wrote must not be written out on this one's time. */
static void settle(const struct bench *b)
{
	AUTO_FD int fd = open(b->scratch, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0)
		syncfs(fd);
}

/* ext4 does not give away the number of a removed file for some minutes, and looks at every one of
 * them for each new file (measured: half of the CPU time of a run after another one's removal). So
 * what runs made stays until the end, while there is room. */
static int put_aside(const struct bench *b, const char *dir)
{
	AUTO_FREE char *place = mem_printf("%s/old.XXXXXX", b->scratch);
	struct statvfs fs;
	if (statvfs(b->scratch, &fs) < 0 ||
	    (uint64_t)fs.f_bavail * fs.f_frsize < ROOM_FACTOR * b->size)
		return tree_remove_at(AT_FDCWD, dir);
	return mkdtemp(place) ? rename(dir, place) : -1;
}

/* --- one run ------------------------------------------------------------------------------ */

/* What all runs of a comparison share. */
struct course {
	const struct bench *bench;
	const struct comparison *comparison;
	void *input;
	struct variant variant;
};

static int run_work(const struct course *c, const struct measured *m, const struct trial *t,
		    bool prove, struct sample *ret, struct err *err)
{
	const struct timespec nap = { .tv_nsec = c->variant.pause_ms * 1000000L };
	struct work w = { .n = 0 };
	int bad = m->contender->command(t, &w, err);
	if (c->comparison->settles)
		settle(c->bench);
	if (c->variant.pause_ms > 0 && !prove)
		nanosleep(&nap, NULL);
	if (!bad)
		bad = sample_run(&w, t->log, c->bench->interrupt_fd, ret, err);
	work_done(&w);
	if (!bad && ret->status != 0)
		bad = sample_failed(ret->status, t->log, err);
	else if (!bad && prove)
		bad = m->contender->prove(t, err);
	return bad;
}

static int run_once(const struct course *c, const struct measured *m, bool prove,
		    struct sample *ret, struct err *err)
{
	const struct bench *b = c->bench;
	struct trial t = { .bench = b,
			   .contender = m->contender,
			   .input = c->input,
			   .dir = mem_printf("%s/run", b->scratch),
			   .program = m->path,
			   .units = prove ? 1 : c->variant.units };
	AUTO_FREE char *dir = t.dir;
	AUTO_FREE char *log = t.log = mem_printf("%s.log", dir);
	if (mkdir(dir, 0755) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot make '%s'", dir);
	int bad = run_work(c, m, &t, prove, ret, err);
	sample_forget(log);
	if ((c->comparison->settles ? put_aside(b, dir) : tree_remove_at(AT_FDCWD, dir)) < 0 &&
	    !bad)
		bad = err_set(err, FAULT_INFRA, errno, "cannot remove '%s'", dir);
	return bad;
}

/* --- proofs ------------------------------------------------------------------------------- */

/* Return: is it there? Else m->why says what is not. */
static bool find(const struct course *c, struct measured *m)
{
	const struct contender *k = m->contender;
	AUTO_FREE char *log = mem_printf("%s/version", c->bench->scratch);
	if (k->program)
		m->path = program_find(k->program, &m->why);
	else if (access(c->bench->moulette, X_OK) == 0)
		m->path = mem_strdup(c->bench->moulette);
	else
		m->why = mem_printf("'%s' is not there; run make", c->bench->moulette);
	if (!m->path || (k->probe && !k->probe(c->bench, c->input, &m->why)))
		return false;
	if (k->version_option)
		m->version = program_version(m->path, k->version_option, c->bench->interrupt_fd,
					     log);
	return true;
}

/* Not measured: the first run of a program is slower than all that follow. */
static int prove_all(const struct course *c, struct measured *rows, struct err *err)
{
	for (size_t i = 0; i < c->comparison->n; i++) {
		struct measured *m = &rows[i];
		struct sample warm;
		struct err why = { .fault = FAULT_NONE };
		m->contender = c->comparison->contenders[i];
		if (!find(c, m) || run_once(c, m, true, &warm, &why) == 0)
			continue;
		if (i == 0 || strcmp(why.code, "interrupted") == 0) {
			*err = why;
			return err_wrap(err, "%s", m->contender->name);
		}
		m->why = mem_strdup(why.msg);
	}
	if (rows[0].why)
		return err_set(err, FAULT_INFRA, 0, "%s", rows[0].why);
	return 0;
}

/* --- rounds ------------------------------------------------------------------------------- */

/* Return: has its time been used up? Its first round is always its own, and who takes about as long
 * as ours does is in all of ours. */
static bool spent(const struct bench *b, const struct measured *m, const struct measured *ours)
{
	double sum = 0, all_of_ours = 0;
	for (size_t i = 0; i < m->rounds; i++) {
		sum += m->wall_ns[i];
		all_of_ours += i < ours->rounds ? ours->wall_ns[i] : 0;
	}
	return m->rounds > 0 && sum > 2 * all_of_ours &&
	       sum + m->wall_ns[m->rounds - 1] > b->budget_s * 1e9;
}

/* A peer that fails now and then is no reason to throw all others away. */
static int give_up(struct measured *m, bool ours, struct err *err)
{
	if (ours || strcmp(err->code, "interrupted") == 0)
		return err_wrap(err, "%s", m->contender->name);
	m->why = mem_printf("failed in round %zu: %s", m->rounds + 1, err->msg);
	return 0;
}

static int measure(const struct course *c, struct measured *m, bool ours, struct err *err)
{
	struct sample s;
	struct err why = { .fault = FAULT_NONE };
	if (run_once(c, m, false, &s, &why) < 0) {
		*err = why;
		return give_up(m, ours, err);
	}
	m->wall_ns[m->rounds] = (double)s.wall_ns;
	m->cpu_ns[m->rounds] = (double)s.cpu_ns;
	m->peak_bytes[m->rounds++] = (double)s.peak_bytes;
	return 0;
}

static void say_round(const struct course *c, size_t round)
{
	fprintf(stderr, "%s: ", c->comparison->name);
	if (c->comparison->variants)
		fprintf(stderr, "%d %s%s, %s: ", c->variant.units, c->comparison->unit,
			c->variant.units == 1 ? "" : "s",
			c->variant.pause_ms > 0 ? "pauses" : "back to back");
	fprintf(stderr, "round %zu of %d\n", round + 1, c->bench->rounds);
}

static int run_rounds(const struct course *c, struct outcome *o, struct err *err)
{
	const size_t n = c->comparison->n;
	for (size_t i = 0; i < n; i++) {
		o->rows[i].rounds = 0;
		o->rows[i].wall_ns = mem_alloc(o->rounds * sizeof(double));
		o->rows[i].cpu_ns = mem_alloc(o->rounds * sizeof(double));
		o->rows[i].peak_bytes = mem_alloc(o->rounds * sizeof(double));
	}
	for (size_t round = 0; round < o->rounds; round++) {
		say_round(c, round);
		for (size_t i = 0; i < n; i++) {
			struct measured *m = &o->rows[(round + i) % n];
			/* The first one is what all pairs are made with. */
			bool ours = m == o->rows;
			bool rests = !ours && (m->rounds < round || spent(c->bench, m, o->rows));
			if (!m->why && !rests && measure(c, m, ours, err) < 0)
				return -1;
		}
	}
	return 0;
}

static void forget_rounds(struct outcome *o)
{
	for (size_t i = 0; i < o->comparison->n; i++) {
		free(o->rows[i].wall_ns);
		free(o->rows[i].cpu_ns);
		free(o->rows[i].peak_bytes);
	}
}

static void outcome_done(struct outcome *o)
{
	for (size_t i = 0; i < o->comparison->n; i++) {
		free(o->rows[i].why);
		free(o->rows[i].path);
		free(o->rows[i].version);
	}
	free(o->rows);
	free(o->text);
}

static int run_variants(struct course *c, struct outcome *o,
			int (*each)(void *ctx, const struct outcome *o, struct err *err), void *ctx,
			struct err *err)
{
	struct variant v[VARIANTS_MAX] = { { .units = c->comparison->units } };
	size_t n = c->comparison->variants ? c->comparison->variants(c->bench, v) : 1;
	int bad = 0;
	for (size_t i = 0; i < n && !bad; i++) {
		c->variant = o->variant = v[i];
		bad = run_rounds(c, o, err);
		if (!bad)
			bad = each(ctx, o, err);
		forget_rounds(o);
	}
	return bad;
}

int comparison_run(const struct comparison *k, const struct bench *b,
		   int (*each)(void *ctx, const struct outcome *o, struct err *err), void *ctx,
		   struct err *err)
{
	struct course c = { .bench = b, .comparison = k };
	struct outcome o = { .comparison = k, .rounds = (size_t)b->rounds };
	o.rows = mem_alloc(k->n * sizeof *o.rows);
	fprintf(stderr, "%s: preparing\n", k->name);
	int bad = k->setup(b, &c.input, &o.text, err);
	if (!bad)
		bad = prove_all(&c, o.rows, err);
	if (!bad)
		bad = run_variants(&c, &o, each, ctx, err);
	for (size_t i = 0; c.input && i < k->n; i++)
		if (k->contenders[i]->cleanup)
			k->contenders[i]->cleanup(b, c.input);
	k->teardown(c.input);
	outcome_done(&o);
	return bad;
}
