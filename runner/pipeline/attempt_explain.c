/* attempt_explain.c - why a program ended as it did, where only its text or its own file tells. */
#include "pipeline/attempt_explain.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/json.h"
#include "base/mem.h"
#include "bundle/mounts.h"
#include "pipeline/attempt_box.h"
#include "result/hints.h"
#include "result/words.h"

#define STDERR_MAX (64 * 1024)
/* Names that a program takes from a library stand before its code. With gcc 12 they begin within 2 KiB,
 * with clang 14, which takes the library in whole, at 77 KiB. */
#define NAMES_MAX (512 * 1024)

const char *attempt_within_work(const char *path)
{
	static const char top[] = SPEC_WORK_PATH "/";
	path += strncmp(path, top, sizeof top - 1) == 0 ? sizeof top - 1 : 0;
	return path + (strncmp(path, "./", 2) == 0 ? 2 : 0);
}

void attempt_add_words(struct step_result *res, const char *words)
{
	AUTO_FREE char *tail = mem_printf("%s%s", res->message[0] ? "; " : "", words);
	words_append(res, tail);
}

/* Return: bytes of the beginning of @program, of the work folder as tests find it; -1: it is not there. */
static ssize_t read_head(const struct attempt *a, const char *program, char *head, size_t size)
{
	AUTO_FD int work = -1;
	if (!strchr(program, '/') || cell_work(&a->cell, &work, NULL) < 0)
		return -1;
	AUTO_FD int fd = fd_open_beneath(work, attempt_within_work(program), O_RDONLY | O_NONBLOCK,
					 0);
	return fd < 0 ? -1 : read(fd, head, size);
}

/* "#!/usr/bin/env bash" with a carriage return starts env, which finds no "bash\r": all that is seen
 * is status 127. */
static void explain_status(const struct attempt *a, const char *program, struct step_result *res)
{
	char head[160];
	if (res->facts.exit_code != 127 || res->message[0] == '\0')
		return;
	ssize_t n = read_head(a, program, head, sizeof head);
	const char *end = n > 3 && memcmp(head, "#!", 2) == 0 ? memchr(head, '\n', (size_t)n) :
								NULL;
	if (!end || end[-1] != '\r')
		return;
	AUTO_FREE char *words =
		mem_printf("%.100s has Windows line endings (CRLF): its first line ends in a "
			   "carriage return; save it with Unix line endings",
			   program);
	attempt_add_words(res, words);
}

static bool has(const char *data, size_t len, const char *name)
{
	return memmem(data, len, name, strlen(name) + 1) != NULL;
}

/* Every test of a submission may run the same program, which no test can change for the next. */
static bool looks_for_leaks(struct attempt *a, const char *program)
{
	if (a->looked_at && strcmp(a->looked_at, program) == 0)
		return a->looks_for_leaks;
	AUTO_FREE char *head = mem_alloc(NAMES_MAX);
	const ssize_t n = read_head(a, program, head, NAMES_MAX);
	free(a->looked_at);
	a->looked_at = mem_strdup(program);
	a->looks_for_leaks = n > 4 && memcmp(head, "\177ELF", 4) == 0 &&
			     (has(head, (size_t)n, "__asan_init") ||
			      has(head, (size_t)n, "__lsan_init"));
	return a->looks_for_leaks;
}

/* Both kinds of programs read this variable, and what it says counts last. */
static bool leaks_are_off(const struct attempt *a, const struct step_spec *spec)
{
	static const char name[] = "LSAN_OPTIONS";
	const char *value = env_get(a->session->opt.env, name);
	value = value ? value : env_get(spec->env, name);
	value = value ? value : env_get(a->cell.env, name);
	return value && strstr(value, "detect_leaks=0");
}

static void explain_leaks(struct attempt *a, const struct step_spec *spec, struct step_result *res)
{
	if (spec->kind != STEP_BUILD && leaks_are_off(a, spec) && looks_for_leaks(a, spec->argv[0]))
		attempt_add_words(res,
				  "memory leaks were not checked: LeakSanitizer needs the profile "
				  "debug");
}

static bool hides_proc(const struct profile *p)
{
	struct json_object *proc = mounts_find(json_object_object_get(p->config, "mounts"),
					       "/proc");
	return proc && mount_has(proc, "subset=pid");
}

void attempt_read_hints(const struct attempt *a, struct step_facts *f)
{
	struct framelog_reader stream;
	if (f->err.bytes <= 0)
		return;
	AUTO_FREE char *text = mem_alloc(STDERR_MAX);
	size_t len = 0;
	framelog_reader_init(&stream, a->job->log->fd, FRAMELOG_STDERR, f->log_begin, f->log_end);
	for (ssize_t n;
	     len < STDERR_MAX && (n = framelog_read(&stream, text + len, STDERR_MAX - len)) > 0;)
		len += (size_t)n;
	f->hints = hints_of(text, len);
}

static void explain_hints(const struct attempt *a, struct step_result *res)
{
	const unsigned int hints = res->facts.hints;
	if ((hints & HINT_PROC) && hides_proc(&a->session->profile))
		attempt_add_words(res,
				  "it reads a file of /proc that a box does not have; the profile "
				  "os-course has all of them");
	if (hints & HINT_LEAKS)
		attempt_add_words(res,
				  "LeakSanitizer needs ptrace, which the profile debug allows");
}

static int64_t stack_limit(const struct profile *p)
{
	struct json_object *process = json_object_object_get(p->config, "process");
	struct json_object *l = json_find(json_object_object_get(process, "rlimits"), "type",
					  "RLIMIT_STACK");
	return l ? json_object_get_int64(json_object_object_get(l, "soft")) : INT64_MAX;
}

/* A stack that grew to its limit was resident. So may something else have been: this is no more than what
 * may be. */
static void explain_stack(const struct attempt *a, struct step_result *res)
{
	const struct step_facts *f = &res->facts;
	const int64_t limit = stack_limit(&a->session->profile);
	char size[32];
	if ((f->signal != SIGSEGV && f->exit_code != 128 + SIGSEGV) || f->rss_peak_bytes < limit)
		return;
	size_format(limit, size);
	AUTO_FREE char *words = mem_printf("its stack may have overflowed; the limit is %s", size);
	attempt_add_words(res, words);
}

void attempt_explain(struct attempt *a, const struct step_spec *spec, struct step_result *res)
{
	if (res->verdict == VERDICT_INTERNAL_ERROR)
		return;
	explain_status(a, spec->argv[0], res);
	if (res->verdict != VERDICT_PASSED) {
		explain_stack(a, res);
		explain_hints(a, res);
	}
	explain_leaks(a, spec, res);
}
