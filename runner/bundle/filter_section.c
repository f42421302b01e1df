/* filter_section.c - linux.seccomp of the OCI spec to rules by number, or not at all. */
#include "bundle/filter_section.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "bundle/seccomp_rules.h"

#define ERRNO_MAX 4094 /* libseccomp takes no more */

void filter_section_done(struct filter_section *s)
{
	free(s->calls);
	free(s->rules);
	*s = (struct filter_section){ 0 };
}

static bool known_keys(struct json_object *o, const char *const keys[])
{
	if (!json_object_is_type(o, json_type_object))
		return false;
	json_object_object_foreach(o, key, value) {
		size_t i = 0;
		(void)value;
		while (keys[i] && strcmp(keys[i], key) != 0)
			i++;
		if (!keys[i])
			return false;
	}
	return true;
}

static const char *text(struct json_object *o, const char *key)
{
	struct json_object *t = json_object_object_get(o, key);
	return json_object_is_type(t, json_type_string) ? json_object_get_string(t) : "";
}

/* What is missing is what *ret has. */
static bool number(struct json_object *o, const char *key, uint64_t max, uint64_t *ret)
{
	struct json_object *n;

	if (!json_object_object_get_ex(o, key, &n))
		return true;
	if (!json_object_is_type(n, json_type_int) || json_object_get_int64(n) < 0)
		return false;
	*ret = json_object_get_uint64(n);
	return *ret <= max;
}

/* @key_errno goes with two of the actions; engines refuse it beside others. */
static bool read_answer(struct json_object *o, const char *key, const char *key_errno,
			uint32_t *ret)
{
	static const struct {
		const char *name;
		uint32_t answer;
		bool has_data;
	} actions[] = {
		{ "SCMP_ACT_ALLOW", SECCOMP_RET_ALLOW, false },
		{ "SCMP_ACT_ERRNO", SECCOMP_RET_ERRNO, true },
		{ "SCMP_ACT_KILL", SECCOMP_RET_KILL_THREAD, false },
		{ "SCMP_ACT_KILL_THREAD", SECCOMP_RET_KILL_THREAD, false },
		{ "SCMP_ACT_KILL_PROCESS", SECCOMP_RET_KILL_PROCESS, false },
		{ "SCMP_ACT_TRAP", SECCOMP_RET_TRAP, false },
		{ "SCMP_ACT_TRACE", SECCOMP_RET_TRACE, true },
		{ "SCMP_ACT_LOG", SECCOMP_RET_LOG, false },
	};
	const char *name = text(o, key);
	uint64_t data = EPERM; /* as the OCI spec has it */

	for (size_t i = 0; i < sizeof(actions) / sizeof(*actions); i++) {
		if (strcmp(actions[i].name, name) != 0)
			continue;
		*ret = actions[i].answer;
		if (!actions[i].has_data)
			return !json_object_object_get_ex(o, key_errno, NULL);
		if (!number(o, key_errno, ERRNO_MAX, &data))
			return false;
		*ret |= (uint32_t)data;
		return true;
	}
	return false;
}

static bool read_cond(struct json_object *o, struct filter_cond *c)
{
	static const char *const keys[] = { "index", "value", "valueTwo", "op", NULL };
	static const char *const ops[] = {
		[FILTER_NE] = "SCMP_CMP_NE",
		[FILTER_LT] = "SCMP_CMP_LT",
		[FILTER_LE] = "SCMP_CMP_LE",
		[FILTER_EQ] = "SCMP_CMP_EQ",
		[FILTER_GE] = "SCMP_CMP_GE",
		[FILTER_GT] = "SCMP_CMP_GT",
		[FILTER_MASKED] = "SCMP_CMP_MASKED_EQ",
	};
	const size_t n_ops = sizeof(ops) / sizeof(*ops);
	const char *word = text(o, "op");
	uint64_t index = FILTER_ARGS;
	size_t op = 0;

	if (!known_keys(o, keys))
		return false;
	while (op < n_ops && strcmp(ops[op], word) != 0)
		op++;
	*c = (struct filter_cond){ .op = (enum filter_op)op };
	if (op == n_ops || !json_object_object_get_ex(o, "value", NULL) ||
	    !number(o, "index", UINT64_MAX, &index) || index >= FILTER_ARGS ||
	    !number(o, "value", UINT64_MAX, &c->value) ||
	    !number(o, "valueTwo", UINT64_MAX, &c->value_two))
		return false;
	c->index = (unsigned int)index;
	return op != FILTER_MASKED || (c->value_two & ~c->value) == 0;
}

static bool read_args(struct json_object *args, struct filter_rule *r)
{
	bool used[FILTER_ARGS] = { false };

	if (args && !json_object_is_type(args, json_type_array))
		return false;
	for (size_t i = 0; args && i < json_object_array_length(args); i++) {
		struct filter_cond c;
		if (!read_cond(json_object_array_get_idx(args, i), &c) || used[c.index])
			return false;
		used[c.index] = true;
		r->conds[r->n++] = c;
	}
	return true;
}

/* They all get the rule that is the last one now. */
static bool add_calls(struct filter_section *r, struct json_object *names, uint32_t answer)
{
	if (!json_object_is_type(names, json_type_array))
		return false;
	const size_t n = json_object_array_length(names);
	r->calls = mem_realloc(r->calls, (r->n_calls + n + 1) * sizeof(*r->calls));
	for (size_t i = 0; i < n; i++) {
		struct json_object *name = json_object_array_get_idx(names, i);
		if (!json_object_is_type(name, json_type_string))
			return false;
		int nr = seccomp_syscall_resolve_name(json_object_get_string(name));
		if (nr < 0) /* unknown, or of other architectures */
			return false;
		r->calls[r->n_calls++] = (struct filter_call){ (uint32_t)nr, answer,
							       r->n_rules - 1 };
	}
	return true;
}

static bool read_entry(struct filter_section *r, struct json_object *entry)
{
	static const char *const keys[] = { "names", "action", "errnoRet", "args", NULL };
	struct filter_rule rule = { .n = 0 };
	uint32_t answer;

	if (!known_keys(entry, keys) || !read_answer(entry, "action", "errnoRet", &answer) ||
	    !read_args(json_object_object_get(entry, "args"), &rule))
		return false;
	/* libseccomp takes no rules that say what is said already. */
	if (answer == r->otherwise)
		return true;
	r->rules = mem_realloc(r->rules, (r->n_rules + 1) * sizeof(*r->rules));
	r->rules[r->n_rules++] = rule;
	return add_calls(r, json_object_object_get(entry, "names"), answer);
}

bool filter_section_read(struct json_object *section, struct filter_section *r)
{
	/* Of `flags` the engine takes care with both. */
	static const char *const keys[] = { "defaultAction", "defaultErrnoRet", "architectures",
					    "flags",         "syscalls",        NULL };
	if (!known_keys(section, keys))
		return false;
	struct json_object *archs = json_object_object_get(section, "architectures");
	struct json_object *calls = json_object_object_get(section, "syscalls");
	if (!read_answer(section, "defaultAction", "defaultErrnoRet", &r->otherwise) ||
	    !json_object_is_type(archs, json_type_array) || json_object_array_length(archs) != 1 ||
	    !json_object_is_type(calls, json_type_array))
		return false;
	const char *arch = json_object_get_string(json_object_array_get_idx(archs, 0));
	if (!arch || strcmp(arch, seccomp_arch()) != 0)
		return false;
	for (size_t i = 0; i < json_object_array_length(calls); i++)
		if (!read_entry(r, json_object_array_get_idx(calls, i)))
			return false;
	return true;
}
