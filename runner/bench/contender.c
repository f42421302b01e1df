/* contender.c - interleaved rounds of all contenders of a comparison. */
#include "bench/contender.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/mem.h"

/* A run may write its input twice over; as much again is left to others. */
#define ROOM_FACTOR 4

bool bench_has_moulette(const struct bench *b, char **ret_why)
{
	if (access(b->moulette, X_OK) == 0)
		return true;
	*ret_why = mem_printf("'%s' is not there; run make", b->moulette);
	return false;
}

void bench_moulette_env(const char *home, char ***ret_env)
{
	AUTO_FREE char *variable = mem_printf("MOULETTE_HOME=%s", home);
	strv_add(ret_env, variable);
	strv_add(ret_env, "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
}

char *find_program(const char *name, char **ret_why)
{
	const char *path = getenv("PATH");
	AUTO_FREE char *dirs = mem_strdup(path ? path : "/usr/local/bin:/usr/bin:/bin");
	char *save = NULL;
	for (char *d = strtok_r(dirs, ":", &save); d; d = strtok_r(NULL, ":", &save)) {
		AUTO_FREE char *file = mem_printf("%s/%s", d, name);
		if (d[0] == '/' && access(file, X_OK) == 0)
			return ptr_steal(&file);
	}
	*ret_why = mem_printf("%s is not installed", name);
	return NULL;
}

void outcome_done(struct outcome *o)
{
	for (size_t i = 0; o->rows && i < o->comparison->n; i++) {
		free(o->rows[i].why);
		free(o->rows[i].wall_ns);
		free(o->rows[i].cpu_ns);
		free(o->rows[i].peak_bytes);
	}
	free(o->rows);
	free(o->text);
	memset(o, 0, sizeof *o);
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

static int run_in(const struct contender *c, const struct trial *t, bool prove, struct sample *ret,
		  struct err *err)
{
	AUTO_FREE char *log = mem_printf("%s.log", t->dir);
	AUTO_STRV argv = NULL;
	AUTO_STRV env = NULL;
	if (c->command(t, &argv, &env, err) < 0)
		return -1;
	settle(t->bench);
	if (sample_run(argv, env, log, t->bench->interrupt_fd, ret, err) < 0)
		return -1;
	int bad = 0;
	if (ret->status != 0)
		bad = sample_failed(ret->status, log, err);
	else if (prove)
		bad = c->prove(t, err);
	unlink(log);
	return bad ? err_wrap(err, "%s", c->name) : 0;
}

static int run_once(const struct contender *c, const struct bench *b, void *input, bool prove,
		    struct sample *ret, struct err *err)
{
	struct trial t = { .bench = b, .input = input, .dir = mem_printf("%s/run", b->scratch) };
	AUTO_FREE char *dir = t.dir;
	if (mkdir(dir, 0755) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot make '%s'", dir);
	int bad = run_in(c, &t, prove, ret, err);
	if (put_aside(b, dir) < 0 && !bad)
		bad = err_set(err, FAULT_INFRA, errno, "cannot remove '%s'", dir);
	return bad;
}

/* Not measured: the first run of a program is slower than all that follow. */
static int prove_all(const struct bench *b, void *input, struct outcome *o, struct err *err)
{
	for (size_t i = 0; i < o->comparison->n; i++) {
		struct measured *m = &o->rows[i];
		struct sample warm;
		struct err why = { .fault = FAULT_NONE };
		m->contender = o->comparison->contenders[i];
		if (!m->contender->probe(b, &m->why) ||
		    run_once(m->contender, b, input, true, &warm, &why) == 0)
			continue;
		if (i == 0 || strcmp(why.code, "interrupted") == 0) {
			*err = why;
			return -1;
		}
		m->why = mem_strdup(why.msg);
	}
	if (o->rows[0].why)
		return err_set(err, FAULT_INFRA, 0, "%s", o->rows[0].why);
	return 0;
}

static int measure(const struct bench *b, void *input, size_t round, struct measured *m,
		   struct err *err)
{
	struct sample s;
	if (run_once(m->contender, b, input, false, &s, err) < 0)
		return -1;
	m->wall_ns[round] = (double)s.wall_ns;
	m->cpu_ns[round] = (double)s.cpu_ns;
	m->peak_bytes[round] = (double)s.peak_bytes;
	return 0;
}

static int run_rounds(const struct bench *b, void *input, struct outcome *o, struct err *err)
{
	const size_t n = o->comparison->n;
	for (size_t i = 0; i < n; i++) {
		o->rows[i].wall_ns = mem_alloc(o->rounds * sizeof(double));
		o->rows[i].cpu_ns = mem_alloc(o->rounds * sizeof(double));
		o->rows[i].peak_bytes = mem_alloc(o->rounds * sizeof(double));
	}
	for (size_t round = 0; round < o->rounds; round++) {
		fprintf(stderr, "%s: round %zu of %zu\n", o->comparison->name, round + 1,
			o->rounds);
		for (size_t i = 0; i < n; i++) {
			struct measured *m = &o->rows[(round + i) % n];
			if (!m->why && measure(b, input, round, m, err) < 0)
				return -1;
		}
	}
	return 0;
}

int comparison_run(const struct comparison *c, const struct bench *b, struct outcome *ret,
		   struct err *err)
{
	void *input = NULL;
	*ret = (struct outcome){ .comparison = c, .rounds = (size_t)b->rounds };
	ret->rows = mem_alloc(c->n * sizeof *ret->rows);
	fprintf(stderr, "%s: preparing\n", c->name);
	int bad = c->setup(b, &input, &ret->text, err);
	if (!bad)
		bad = prove_all(b, input, ret, err) < 0 || run_rounds(b, input, ret, err) < 0;
	c->teardown(input);
	return bad ? -1 : 0;
}
