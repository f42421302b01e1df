/*
 * seccomp_filter.c - a tree of intervals over the numbers of calls.
 *
 * libseccomp's export does not take its place, although a call costs the same with it within 2.2 %
 * (CTL_OPTIMIZE 2). libseccomp 2.5.4 shares equal ends of the code of two calls, and leaves out the
 * load of an argument that only one of them has loaded already. With the list
 *
 *	read:  a0 & 2 == 0, or a0 & 3 == 3
 *	ioctl: a0 & 2 == 0, or a0 & 3 == 3 and a2 & 3 == 3
 *
 * its filter allows ioctl with a0 = 0xffffffff and a2 = 1: it compares a2 & 2 where the list says
 * a0 & 2. CTL_OPTIMIZE 1 does the same to other lists. Rewritten rules would not help, because any two
 * calls may share an end. Its filters of the shipped lists are right; tests compare them for every
 * call.
 */
#include "bundle/seccomp_filter.h"

#include <linux/seccomp.h>
#include <nettle/base64.h>
#include <seccomp.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "bundle/filter_args.h"
#include "bundle/filter_code.h"
#include "bundle/filter_section.h"

#define X32_BIT 0x40000000u /* calls of the other ABI of x86-64, at the same AUDIT_ARCH */

/* Up to the next one's first number; with n_rules 0 `answer` whatever the arguments, else each rule
 * has its own. */
struct interval {
	uint32_t from, answer;
	size_t first, n_rules;
};

struct tree {
	struct interval *v;
	size_t n;
};

static void tree_cleanup(struct tree *t)
{
	free(t->v);
}

/* --- the tree */

static int by_number(const void *a, const void *b)
{
	const struct filter_call *x = a, *y = b;
	if (x->nr != y->nr)
		return x->nr < y->nr ? -1 : 1;
	if (x->answer != y->answer)
		return x->answer < y->answer ? -1 : 1;
	return x->rule < y->rule ? -1 : x->rule > y->rule;
}

static void add_interval(struct tree *t, const struct interval *more)
{
	struct interval *last = t->n ? &t->v[t->n - 1] : NULL;

	if (last && last->from == more->from) { /* no number was left for it */
		t->n--;
		last = t->n ? last - 1 : NULL;
	}
	if (last && !last->n_rules && !more->n_rules && last->answer == more->answer)
		return;
	t->v = mem_realloc(t->v, (t->n + 1) * sizeof(*t->v));
	t->v[t->n++] = *more;
}

/* Where two answers are possible libseccomp decides, by the order of its own tree. */
static bool one_answer(const struct filter_section *r, const struct filter_call *calls, size_t n)
{
	for (size_t i = 0; i < n; i++)
		for (size_t k = i + 1; k < n; k++)
			if (calls[i].answer != calls[k].answer &&
			    !filter_args_apart(&r->rules[calls[i].rule], &r->rules[calls[k].rule]))
				return false;
	return true;
}

/* The rules of one call; an answer whatever the arguments makes the others idle. */
static bool add_call(struct tree *t, const struct filter_section *r, size_t first, size_t n)
{
	struct interval i = { r->calls[first].nr, r->calls[first].answer, first, n };

	if (!one_answer(r, &r->calls[first], n))
		return false;
	for (size_t k = first; k < first + n; k++)
		if (r->rules[r->calls[k].rule].n == 0)
			i.n_rules = 0;
	add_interval(t, &i);
	add_interval(t, &(struct interval){ i.from + 1, r->otherwise, 0, 0 });
	return true;
}

static bool make_tree(struct filter_section *r, struct tree *t)
{
	add_interval(t, &(struct interval){ 0, r->otherwise, 0, 0 });
	if (r->n_calls) /* else there is no array */
		qsort(r->calls, r->n_calls, sizeof(*r->calls), by_number);
	for (size_t first = 0, n; first < r->n_calls; first += n) {
		n = 1;
		while (first + n < r->n_calls && r->calls[first + n].nr == r->calls[first].nr)
			n++;
		if (!add_call(t, r, first, n))
			return false;
	}
#ifdef __x86_64__
	/* -1 is what a tracer leaves of a call that is to be skipped. */
	add_interval(t, &(struct interval){ X32_BIT, SECCOMP_RET_KILL_THREAD, 0, 0 });
	add_interval(t, &(struct interval){ UINT32_MAX, r->otherwise, 0, 0 });
#endif
	return true;
}

/* The rules with one answer are looked at together; from the last answer to the first, because code
 * is written from its end. */
static bool leaf(struct filter_code *c, const struct filter_section *r, const struct interval *i,
		 size_t *ret)
{
	const struct filter_call *calls = i->n_rules ? &r->calls[i->first] : NULL;

	*ret = filter_code_ret(c, i->n_rules ? r->otherwise : i->answer);
	AUTO_FREE const struct filter_rule **args = mem_alloc((i->n_rules + 1) * sizeof(*args));
	for (size_t k = 0; k < i->n_rules; k++)
		args[k] = &r->rules[calls[k].rule];
	for (size_t end = i->n_rules, first; end > 0; end = first) {
		const uint32_t answer = calls[end - 1].answer;
		for (first = end - 1; first > 0 && calls[first - 1].answer == answer;)
			first--;
		if (!filter_args_code(c, &args[first], end - first, filter_code_ret(c, answer),
				      *ret, ret))
			return false;
	}
	return true;
}

static bool branch(struct filter_code *c, const struct filter_section *r, const struct interval *v,
		   size_t n, size_t *ret)
{
	size_t left, right, half = n / 2;

	if (n == 1)
		return leaf(c, r, v, ret);
	if (!branch(c, r, v + half, n - half, &right) || !branch(c, r, v, half, &left))
		return false;
	*ret = filter_code_jump(c, BPF_JGE, v[half].from, right, left);
	return true;
}

bool seccomp_filter_make(struct json_object *section, struct sock_filter **ret, size_t *ret_n)
{
	CLEANUP(filter_section_done) struct filter_section r = { 0 };
	CLEANUP(tree_cleanup) struct tree t = { 0 };
	AUTO_FILTER_CODE *c = filter_code_new();
	size_t start;

	if (!filter_section_read(section, &r) || !make_tree(&r, &t) ||
	    !branch(c, &r, t.v, t.n, &start))
		return false;
	start = filter_code_load(c, offsetof(struct seccomp_data, nr), start);
	start = filter_code_jump(c, BPF_JEQ, seccomp_arch_native(), start,
				 filter_code_ret(c, SECCOMP_RET_KILL_THREAD));
	filter_code_load(c, offsetof(struct seccomp_data, arch), start);
	return filter_code_finish(c, ret, ret_n);
}

/* --- the annotation */

char *seccomp_filter_text(struct json_object *section)
{
	AUTO_FREE struct sock_filter *program = NULL;
	size_t n;

	if (!seccomp_filter_make(section, &program, &n))
		return NULL;
	const size_t bytes = n * sizeof(*program), len = BASE64_ENCODE_RAW_LENGTH(bytes);
	char *value = mem_alloc(len + 1);
	base64_encode_raw(value, bytes, (const uint8_t *)program);
	return value;
}

struct json_object *seccomp_filter_section(void)
{
	struct json_object *section = json_object_new_object();

	json_object_object_add(section, "defaultAction",
			       json_object_new_string("SCMP_ACT_KILL_PROCESS"));
	return section;
}

bool seccomp_filter_taken(const char *engine, const char *version)
{
	/* 0.18 is the first to have it; what is older than 1.0 is not tried. */
	return strcmp(engine, "crun") == 0 && strtol(version, NULL, 10) >= 1;
}
