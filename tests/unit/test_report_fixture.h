/* test_report_fixture.h - made-up results and their logs, for the tests of store and report. */
#ifndef MOULETTE_TEST_REPORT_FIXTURE_H
#define MOULETTE_TEST_REPORT_FIXTURE_H

#include <check.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/digest.h"
#include "base/fd.h"
#include "base/framelog.h"
#include "base/mem.h"
#include "model/result.h"
#include "report/report.h"

/* ESC, bell, a bidi override, quotes, a backslash, a line end, C1 in both forms, half a character.
 */
#define HOSTILE "a\x1b[31m\a\xe2\x80\xae\"'\\\r\n\xc2\x9b\x9b\xc3"

struct fixture {
	char dir[64];
	struct framelog log;
	struct run_result r;
};

__attribute__((unused)) static void fixture_open(struct fixture *f)
{
	char path[80];
	strcpy(f->dir, "/tmp/moulette-unit-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(f->dir));
	snprintf(path, sizeof path, "%s/log", f->dir);
	ck_assert_int_eq(framelog_create(&f->log, path), 0);
	run_result_init(&f->r);
	f->r.log_path = mem_strdup(path);
}

__attribute__((unused)) static void fixture_close(struct fixture *f)
{
	framelog_close(&f->log);
	run_result_done(&f->r);
	ck_assert_int_eq(tree_remove_at(AT_FDCWD, f->dir), 0);
}

/* Everything about a result that is not its steps. */
__attribute__((unused)) static void fixture_names(struct run_result *r, const char *name)
{
	strcpy(r->id, "01JD0000000000000000000000");
	r->batch = mem_strdup("autumn");
	r->submission.name = mem_strdup(name);
	r->submission.file = mem_printf("%s.tar.gz", name);
	digest_bytes("s", 1, r->submission.sha256);
	r->submission.bytes = 5120;
	r->submission.entries = 12;
	r->assignment.name = mem_strdup("strings");
	digest_bytes("a", 1, r->assignment.sha256);
	r->image.name = mem_strdup("debian-c");
	r->image.digest = mem_printf("sha256:%s", r->assignment.sha256);
	r->profile.name = mem_strdup("default");
	digest_bytes("p", 1, r->profile.sha256);
	r->engine.name = mem_strdup("crun");
	r->engine.version = mem_strdup("1.8.1");
	r->started_real_ns = INT64_C(1764000000123456789);
	r->duration_ns = 81234567;
}

/* A step that ran, with every figure another one. */
__attribute__((unused)) static struct step_result *
fixture_step(struct fixture *f, const char *name, enum step_kind kind, enum verdict verdict)
{
	struct step_result *s = run_result_add(&f->r);
	s->name = mem_strdup(name);
	s->kind = kind;
	s->verdict = verdict;
	s->fault = verdict == VERDICT_PASSED ? FAULT_NONE : FAULT_STUDENT;
	for (int i = 0; i < LIMIT_COUNT; i++)
		s->limits.v[i] = 1000000000 + i;
	struct step_facts *x = &s->facts;
	x->ran = true;
	x->exit_code = 0;
	x->wall_ns = 4100000;
	x->cpu_ns = 1900000;
	x->user_ns = 900000;
	x->system_ns = 1000000;
	x->memory_peak_bytes = 1310720;
	x->rss_peak_bytes = 1200128;
	x->processes_peak = 2;
	x->leftovers = 0;
	x->oom_kills = 3;
	x->pids_denied = 4;
	x->throttled_ns = 5;
	x->waited_ns = 6;
	x->beside = 1;
	x->out.bytes = x->err.bytes = 0;
	digest_bytes("", 0, x->out.sha256);
	digest_bytes("", 0, x->err.sha256);
	x->log_begin = x->log_end = f->log.end;
	return s;
}

/* The last step prints. */
__attribute__((unused)) static void fixture_say(struct fixture *f, int stream, const char *data,
						size_t len)
{
	struct step_result *s = &f->r.steps[f->r.n_steps - 1];
	struct stream_facts *to = stream == FRAMELOG_STDOUT ? &s->facts.out : &s->facts.err;
	ck_assert_int_eq(framelog_add(&f->log, (uint32_t)f->r.n_steps - 1, stream, data, len), 0);
	s->facts.log_end = f->log.end;
	to->bytes += (int64_t)len;
	digest_bytes(data, len, to->sha256);
}

/* @n times @byte. */
__attribute__((unused)) static void fixture_flood(struct fixture *f, int stream, char byte,
						  size_t n)
{
	AUTO_FREE char *data = mem_alloc(n + 1);
	memset(data, byte, n);
	fixture_say(f, stream, data, n);
}

/* The report as a heap string. */
__attribute__((unused)) static char *fixture_report(const struct run_result *r, const char *format,
						    int width, bool color, size_t *ret_len)
{
	const struct report_options opt = { .color = color, .width = width };
	const struct report_format *fmt = NULL;
	struct err err = { 0 };
	char *text = NULL;
	size_t len = 0;
	ck_assert_int_eq(report_format_find(format, &fmt, &err), 0);
	FILE *out = open_memstream(&text, &len);
	ck_assert_msg(fmt->write(out, r, &opt, &err) == 0, "%s", err.msg);
	ck_assert_int_eq(fclose(out), 0);
	if (ret_len)
		*ret_len = len;
	return text;
}

#endif
