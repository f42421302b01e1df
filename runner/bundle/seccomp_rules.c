/* seccomp_rules.c - groups of a list of system calls become rules of one call each. */
#include "bundle/seccomp_rules.h"

#include <errno.h>
#include <inttypes.h>
#include <seccomp.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/mem.h"

#if defined(__x86_64__)
#define ARCH SCMP_ARCH_X86_64
#define ARCH_NAME "SCMP_ARCH_X86_64"
#elif defined(__aarch64__)
#define ARCH SCMP_ARCH_AARCH64
#define ARCH_NAME "SCMP_ARCH_AARCH64"
#else
#error "the list of system calls knows x86-64 and aarch64 only"
#endif

#define LOW_BITS UINT64_C(0xffffffff)
#define MAX_VALUES 64 /* of one condition */

/* One condition before its values are spread over rules; masks are those of a rule. */
struct choice {
	unsigned int index;
	uint64_t mask;
	struct {
		uint64_t mask, value;
	} values[MAX_VALUES];
	size_t n;
};

void seccomp_rules_done(struct seccomp_rules *r)
{
	for (size_t i = 0; i < r->n; i++)
		free(r->v[i].name);
	free(r->v);
	*r = (struct seccomp_rules){ 0 };
}

void seccomp_rules_remove(struct seccomp_rules *r, const char *name)
{
	size_t kept = 0;

	for (size_t i = 0; i < r->n; i++) {
		if (strcmp(r->v[i].name, name) == 0)
			free(r->v[i].name);
		else
			r->v[kept++] = r->v[i];
	}
	r->n = kept;
}

void seccomp_rules_add(struct seccomp_rules *r, const struct seccomp_rule *rule)
{
	r->v = mem_realloc(r->v, (r->n + 1) * sizeof(*r->v));
	r->v[r->n] = *rule;
	r->v[r->n++].name = mem_strdup(rule->name);
}

static uint64_t compared_bits(const struct seccomp_cond *c)
{
	return c->mask ? c->mask : UINT64_MAX;
}

/* May both hold for one value of an argument? */
static bool meet(const struct seccomp_cond *a, const struct seccomp_cond *b)
{
	return a->index != b->index ||
	       ((a->value ^ b->value) & compared_bits(a) & compared_bits(b)) == 0;
}

static bool rules_meet(const struct seccomp_rule *a, const struct seccomp_rule *b)
{
	for (size_t i = 0; i < a->n_conds; i++)
		for (size_t k = 0; k < b->n_conds; k++)
			if (!meet(&a->conds[i], &b->conds[k]))
				return false;
	return true;
}

int seccomp_rules_clash(const struct seccomp_rules *r, const struct seccomp_rule *rule,
			const char *where, struct err *err)
{
	for (size_t i = 0; i < r->n; i++) {
		const struct seccomp_rule *other = &r->v[i];
		if (other->answer != rule->answer && strcmp(other->name, rule->name) == 0 &&
		    rules_meet(other, rule))
			return err_set(err, FAULT_USAGE, 0,
				       "%s: '%.64s' has another answer for the same arguments "
				       "already; \"deny\" removes it",
				       where, rule->name);
	}
	return 0;
}

/* Does @a hold for no value for which @b does not? */
static bool narrower(const struct seccomp_cond *a, const struct seccomp_cond *b)
{
	return a->index == b->index && (compared_bits(b) & ~compared_bits(a)) == 0 &&
	       ((a->value ^ b->value) & compared_bits(b)) == 0;
}

/* Does @wide give its answer wherever @rule does? */
static bool covers(const struct seccomp_rule *wide, const struct seccomp_rule *rule)
{
	if (wide->answer != rule->answer || strcmp(wide->name, rule->name) != 0)
		return false;
	for (size_t i = 0; i < wide->n_conds; i++) {
		size_t k = 0;
		while (k < rule->n_conds && !narrower(&rule->conds[k], &wide->conds[i]))
			k++;
		if (k == rule->n_conds)
			return false;
	}
	return true;
}

bool seccomp_rules_covered(const struct seccomp_rules *r, size_t at)
{
	const struct seccomp_rule *rule = &r->v[at];

	/* Of two rules that cover each other the first one counts. */
	for (size_t i = 0; i < r->n; i++)
		if (i != at && covers(&r->v[i], rule) && (i < at || !covers(rule, &r->v[i])))
			return true;
	return false;
}

bool seccomp_rule_same(const struct seccomp_rule *a, const struct seccomp_rule *b)
{
	if (a->n_conds != b->n_conds || a->answer != b->answer)
		return false;
	for (size_t i = 0; i < a->n_conds; i++) {
		const struct seccomp_cond *x = &a->conds[i], *y = &b->conds[i];
		if (x->index != y->index || x->mask != y->mask || x->value != y->value)
			return false;
	}
	return true;
}

const struct seccomp_rule *seccomp_rules_find(const struct seccomp_rules *r, const char *name)
{
	for (size_t i = 0; i < r->n; i++)
		if (r->v[i].name[0] == name[0] && strcmp(r->v[i].name, name) == 0)
			return &r->v[i];
	return NULL;
}

/* A number, or a text with one: JSON has no hexadecimal, and a request of ioctl is read in it. */
static bool number(struct json_object *o, uint64_t *ret)
{
	if (json_object_is_type(o, json_type_int)) {
		int64_t n = json_object_get_int64(o);
		*ret = (uint64_t)n;
		return n >= 0 && n < INT64_MAX;
	}
	if (!json_object_is_type(o, json_type_string))
		return false;
	const char *text = json_object_get_string(o);
	if (strncmp(text, "0x", 2) != 0 || !text[2] || strlen(text) > 18 ||
	    text[2 + strspn(text + 2, "0123456789abcdefABCDEF")])
		return false;
	*ret = strtoull(text, NULL, 16);
	return true;
}

static int choice_mask(struct json_object *o, const char *where, struct choice *c, struct err *err)
{
	struct json_object *mask;
	int64_t bits = 32;

	if (json_get_i64(o, where, "bits", 32, 64, &bits, err) < 0)
		return -1;
	if (bits != 32 && bits != 64)
		return err_set(err, FAULT_USAGE, 0, "%s.bits: expected 32 or 64", where);
	c->mask = bits == 32 ? LOW_BITS : 0;
	if (!json_object_object_get_ex(o, "mask", &mask))
		return 0;
	if (bits == 64)
		return err_set(err, FAULT_USAGE, 0,
			       "%s.mask: does not go with \"bits\": 64, which compares all of them",
			       where);
	if (!number(mask, &c->mask) || c->mask == 0 || c->mask > LOW_BITS)
		return err_set(err, FAULT_USAGE, 0,
			       "%s.mask: expected a number within the low 32 bits, as \"0xf\", "
			       "got %.80s",
			       where, json_object_to_json_string(mask));
	return 0;
}

static int choice_number(struct json_object *o, const char *where, const char *key,
			 const char *name, const struct choice *c, uint64_t *ret, struct err *err)
{
	if (!number(o, ret))
		return err_set(err, FAULT_USAGE, 0,
			       "%s.%s.%.40s: expected a number, as 2 or \"0x5401\"", where, key,
			       name);
	/* Such a rule would never match. */
	if (c->mask && (*ret & ~c->mask))
		return err_set(err, FAULT_USAGE, 0,
			       "%s.%s.%.40s: has bits outside the mask 0x%" PRIx64, where, key,
			       name, c->mask);
	return 0;
}

static int choice_values(struct json_object *values, const char *where, struct choice *c,
			 struct err *err)
{
	json_object_object_foreach(values, name, v) {
		uint64_t n;
		if (choice_number(v, where, "values", name, c, &n, err) < 0)
			return -1;
		if (c->n == MAX_VALUES)
			return err_set(err, FAULT_USAGE, 0, "%s.values: more than %d values", where,
				       MAX_VALUES);
		c->values[c->n].mask = c->mask;
		c->values[c->n++].value = n;
	}
	return 0;
}

/* All values but one: those that differ from it in this bit of the mask, or in that one. OCI knows no other way
 * to say so of the low bits of an argument. */
static int choice_not(struct json_object * not, const char *where, struct choice *c,
		      struct err *err)
{
	uint64_t n = 0;
	if (json_object_object_length(not ) != 1 || c->mask == 0)
		return err_set(err, FAULT_USAGE, 0,
			       "%s.not: expected one value that is refused, of 32 bits or with a "
			       "mask, as {\"CLOCK_REALTIME\": 0}",
			       where);
	json_object_object_foreach(not, name, v)
		if (choice_number(v, where, "not", name, c, &n, err) < 0)
			return -1;
	for (unsigned i = 0; i < 32; i++) {
		const uint64_t bit = UINT64_C(1) << i;
		if (!(c->mask & bit))
			continue;
		c->values[c->n].mask = bit;
		c->values[c->n++].value = ~n & bit;
	}
	return 0;
}

static int choice_parse(struct json_object *o, const char *where, struct choice *c, struct err *err)
{
	static const char *const keys[] = { "index", "mask", "bits", "values", "not", NULL };
	struct json_object *values = NULL, *not = NULL;
	int64_t index = -1;

	if (json_only_keys(o, where, keys, err) < 0 ||
	    json_get_i64(o, where, "index", 0, SECCOMP_ARGS - 1, &index, err) < 0 ||
	    json_get_obj(o, where, "values", &values, err) < 0 ||
	    json_get_obj(o, where, "not", &not, err) < 0)
		return -1;
	if (index < 0 || !values == !not || (values && json_object_object_length(values) == 0))
		return err_set(
			err, FAULT_USAGE, 0,
			"%s: expected \"index\" and either \"values\" or \"not\", as {\"index\": 0, "
			"\"values\": {\"AF_INET\": 2}}",
			where);
	*c = (struct choice){ .index = (unsigned int)index };
	if (choice_mask(o, where, c, err) < 0)
		return -1;
	return values ? choice_values(values, where, c, err) : choice_not(not, where, c, err);
}

/* Every combination of the values is one rule: the conditions of a rule must all hold, and OCI
 * has no word for "one of". @rule has the rest of it. */
static int spread(struct seccomp_rules *r, struct seccomp_rule *rule, const struct choice *choices,
		  const char *where, struct err *err)
{
	size_t at[SECCOMP_ARGS] = { 0 };

	for (;;) {
		for (size_t i = 0; i < rule->n_conds; i++)
			rule->conds[i] = (struct seccomp_cond){ choices[i].index,
								choices[i].values[at[i]].mask,
								choices[i].values[at[i]].value };
		if (seccomp_rules_clash(r, rule, where, err) < 0)
			return -1;
		seccomp_rules_add(r, rule);
		size_t digit = 0;
		while (digit < rule->n_conds && ++at[digit] == choices[digit].n)
			at[digit++] = 0;
		if (digit == rule->n_conds)
			return 0;
	}
}

static int choices_parse(struct json_object *args, const char *where, struct choice *choices,
			 size_t *n, struct err *err)
{
	bool used[SECCOMP_ARGS] = { false };
	size_t product = 1;

	for (size_t i = 0; i < json_object_array_length(args); i++) {
		AUTO_FREE char *here = mem_printf("%s.args[%zu]", where, i);
		if (i == SECCOMP_ARGS)
			return err_set(err, FAULT_USAGE, 0, "%s: a call has %d arguments", here,
				       SECCOMP_ARGS);
		if (choice_parse(json_object_array_get_idx(args, i), here, &choices[i], err) < 0)
			return -1;
		/* libseccomp takes an argument once a rule. */
		if (used[choices[i].index])
			return err_set(err, FAULT_USAGE, 0,
				       "%s.index: argument %u has a condition already", here,
				       choices[i].index);
		used[choices[i].index] = true;
		product *= choices[i].n;
		if (product > 1000)
			return err_set(err, FAULT_USAGE, 0, "%s: more than 1000 combinations",
				       here);
		*n = i + 1;
	}
	return 0;
}

int seccomp_group_parse(struct json_object *group, const char *where, struct seccomp_rules *r,
			struct err *err)
{
	static const char *const keys[] = { "reason", "names", "args", "answer", "newer", NULL };
	AUTO_FREE char *reason = NULL;
	AUTO_STRV names = NULL;
	struct json_object *args = NULL;
	int64_t answer = SECCOMP_RUN;
	bool newer = false;

	if (json_only_keys(group, where, keys, err) < 0 ||
	    json_get_str(group, where, "reason", &reason, err) < 0 ||
	    json_get_strv(group, where, "names", &names, err) < 0 ||
	    json_get_array(group, where, "args", &args, err) < 0 ||
	    json_get_i64(group, where, "answer", 0, SECCOMP_ANSWER_MAX, &answer, err) < 0 ||
	    json_get_bool(group, where, "newer", &newer, err) < 0)
		return -1;
	if (!reason || !*reason || !names || !names[0])
		return err_set(err, FAULT_USAGE, 0, "%s: expected a \"reason\" and \"names\"",
			       where);
	AUTO_FREE struct choice *choices = mem_alloc(SECCOMP_ARGS * sizeof(*choices));
	struct seccomp_rule rule = { .answer = (int)answer };
	if (args && choices_parse(args, where, choices, &rule.n_conds, err) < 0)
		return -1;
	for (size_t i = 0; names[i]; i++) {
		rule.name = names[i];
		if (!newer && seccomp_name_check(names[i], where, err) < 0)
			return -1;
		if (spread(r, &rule, choices, where, err) < 0)
			return -1;
	}
	return 0;
}

/* Edits that lead from @a to @b, Levenshtein's; both are short. */
static size_t distance(const char *a, const char *b)
{
	enum { MAX = 32 };
	size_t la = strlen(a), lb = strlen(b), row[MAX + 1];

	if (la > MAX || lb > MAX)
		return MAX;
	for (size_t j = 0; j <= lb; j++)
		row[j] = j;
	for (size_t i = 1; i <= la; i++) {
		size_t diagonal = row[0];
		row[0] = i;
		for (size_t j = 1; j <= lb; j++) {
			size_t best = diagonal + (a[i - 1] != b[j - 1]);
			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			diagonal = row[j];
			row[j] = best;
		}
	}
	return row[lb];
}

static char *nearest(const char *name)
{
	size_t best = 3; /* further away it is another word, not a slip */
	char *found = NULL;

	for (int nr = 0; nr < 600; nr++) {
		AUTO_FREE char *known = seccomp_syscall_resolve_num_arch(ARCH, nr);
		if (!known || distance(name, known) >= best)
			continue;
		best = distance(name, known);
		free(found);
		found = ptr_steal(&known);
	}
	return found;
}

int seccomp_name_check(const char *name, const char *where, struct err *err)
{
	if (seccomp_syscall_resolve_name(name) != __NR_SCMP_ERROR)
		return 0;
	AUTO_FREE char *near = nearest(name);
	if (near)
		return err_set(err, FAULT_USAGE, 0,
			       "%s: '%.64s' is not a system call; did you mean '%s'?", where, name,
			       near);
	return err_set(err, FAULT_USAGE, 0, "%s: '%.64s' is not a system call", where, name);
}

bool seccomp_name_here(const char *name)
{
	/* Calls of other architectures have negative numbers. */
	return seccomp_syscall_resolve_name_arch(ARCH, name) >= 0;
}

const char *seccomp_arch(void)
{
	return ARCH_NAME;
}
