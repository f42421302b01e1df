/* test_bundle_seccomp_filter.c - our filter answers as libseccomp's does, and as the rules say. */
#include "bundle/seccomp_filter.h"

#include <inttypes.h>
#include <linux/audit.h>
#include <nettle/base64.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/json.h"
#include "base/mem.h"
#include "bundle/profile.h"
#include "bundle/profile_json.h"
#include "bundle/seccomp_rules.h"
#include "test_bundle_filter.h"

#define X32 0x40000000u
#define HIGH (UINT64_C(1) << 32)

static struct json_object *parse(const char *text)
{
	struct json_object *o = NULL;
	struct err err = { 0 };
	ck_assert_msg(json_parse("row", text, strlen(text), &o, &err) == 0, "%s: %s", text,
		      err.msg);
	return o;
}

static struct filter ours(struct json_object *section)
{
	struct filter f = { 0 };
	ck_assert_msg(seccomp_filter_make(section, &f.code, &f.n), "%s",
		      json_object_to_json_string_ext(section, JSON_C_TO_STRING_PLAIN));
	return f;
}

/* The same numbers each time: a failure can be looked at. */
static uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

/* --- what is interesting about a section: values that its conditions name, and their neighbours */

struct values {
	uint64_t v[8192];
	size_t n;
};

static void add_value(struct values *l, uint64_t v)
{
	const uint64_t around[] = {
		v,        v - 1,          v + 1,   v ^ HIGH,         v + HIGH,
		v - HIGH, v | 0xffff0000, v << 32, v ^ (HIGH << 31), (uint32_t)v,
		~v
	};
	for (size_t i = 0; i < sizeof(around) / sizeof(*around) && l->n < 8192; i++)
		l->v[l->n++] = around[i];
}

static void values_of(struct json_object *section, struct values *l)
{
	struct json_object *calls = json_object_object_get(section, "syscalls");

	add_value(l, 0);
	add_value(l, UINT64_MAX);
	for (size_t i = 0; i < json_object_array_length(calls); i++) {
		struct json_object *entry = json_object_array_get_idx(calls, i);
		struct json_object *args = json_object_object_get(entry, "args");
		for (size_t k = 0; args && k < json_object_array_length(args); k++) {
			struct json_object *a = json_object_array_get_idx(args, k);
			add_value(l, json_object_get_uint64(json_object_object_get(a, "value")));
			add_value(l, json_object_get_uint64(json_object_object_get(a, "valueTwo")));
		}
	}
}

/* Asked 100,000 times: check tells its parent of each assertion, so there is one only to fail. */
static void same_answer(const struct filter *a, const struct filter *b,
			const struct seccomp_data *d)
{
	const uint32_t x = filter_run(a, d), y = filter_run(b, d);
	if (x == y)
		return;
	ck_abort_msg("arch 0x%x call 0x%x (0x%" PRIx64 ", 0x%" PRIx64 ", 0x%" PRIx64 ", 0x%" PRIx64
		     ", 0x%" PRIx64 ", 0x%" PRIx64 "): ours 0x%x, libseccomp 0x%x",
		     d->arch, (unsigned int)d->nr, (uint64_t)d->args[0], (uint64_t)d->args[1],
		     (uint64_t)d->args[2], (uint64_t)d->args[3], (uint64_t)d->args[4],
		     (uint64_t)d->args[5], x, y);
}

static void any_args(struct seccomp_data *d, const struct values *l, uint64_t *seed)
{
	for (int i = 0; i < 6; i++) {
		const uint64_t r = next_random(seed);
		d->args[i] = r % 8 ? l->v[(r >> 8) % l->n] : next_random(seed);
	}
}

/* Under the address sanitizer all takes ten times as long, and is about memory, not answers. */
#if defined(__SANITIZE_ADDRESS__)
#define LESS 8
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define LESS 8
#endif
#endif
#ifndef LESS
#define LESS 1
#endif

/* Every number with arguments of interest, then everything at random. */
static size_t compare(const struct filter *a, const struct filter *b, const struct values *l,
		      int rounds, size_t at_random)
{
	static const uint32_t archs[] = {
		AUDIT_ARCH_X86_64, AUDIT_ARCH_I386, AUDIT_ARCH_AARCH64, AUDIT_ARCH_ARM, 0,
		0xffffffff
	};
	static const uint32_t edges[] = { X32 - 1,    X32,         X32 + 1,
					  X32 | 59,   X32 | 0x200, 0x7fffffff,
					  0x80000000, 0xfffffffe,  0xffffffff };
	const size_t n_edges = sizeof(edges) / sizeof(*edges);
	uint64_t seed = 0x9e3779b97f4a7c15;
	size_t n = 0;

	if (rounds > 4)
		rounds /= LESS;
	at_random /= LESS;
	for (size_t i = 0; i <= 600 + n_edges; i++)
		for (int k = 0; k < rounds; k++, n++) {
			struct seccomp_data d = { .nr = (int)(i <= 600 ? i : edges[i - 601]),
						  .arch = seccomp_arch_native() };
			any_args(&d, l, &seed);
			same_answer(a, b, &d);
			if (k >= 6)
				continue;
			d.arch = archs[k];
			same_answer(a, b, &d);
		}
	for (; at_random > 0; at_random--, n++) {
		const uint64_t r = next_random(&seed);
		struct seccomp_data d = { .nr = (int)(r >> 32), .arch = seccomp_arch_native() };
		if (r % 4)
			d.nr = (int)((uint32_t)d.nr % 512);
		if (r % 64 == 1)
			d.arch = (uint32_t)next_random(&seed);
		any_args(&d, l, &seed);
		same_answer(a, b, &d);
	}
	return n;
}

static const char *const profiles[] = {
	"base", "default", "compile", "debug", "network", "strict"
};

START_TEST(shipped_profile_answers_alike)
{
	char *dirs[] = { (char[]){ "profiles" }, NULL };
	struct profile p = { 0 };
	struct err err = { 0 };
	static struct values l;

	ck_assert_msg(profile_load(profiles[_i], dirs, &p, &err) == 0, "%s", err.msg);
	AUTO_JSON *section = profile_json_seccomp(&p);
	l.n = 0;
	values_of(section, &l);
	struct filter a = ours(section), b = filter_by_libseccomp(section);
	ck_assert_uint_ge(compare(&a, &b, &l, 100, 100000), 150000 / LESS);
	/* Short is what it is for: the kernel's work at every start grows with it. */
	ck_assert_uint_lt(a.n * 3, b.n * 2);
	free(a.code);
	free(b.code);
	profile_done(&p);
}
END_TEST

/* --- lists made at random, of all that OCI can say */

static const char *const ops[] = { "NE", "LT", "LE", "EQ", "GE", "GT", "MASKED_EQ" };

static struct json_object *random_args(uint64_t *seed)
{
	static const uint64_t some[] = { 0,          1,          5,
					 0xffffffff, HIGH,       HIGH | 5,
					 0xf000,     UINT64_MAX, UINT64_C(0x8000000000000000) };
	struct json_object *args = json_object_new_array();
	size_t index = next_random(seed) % 3;

	for (size_t n = next_random(seed) % 4; n > 0; n--, index++) {
		struct json_object *a = json_object_new_object();
		const char *op = ops[next_random(seed) % 7];
		AUTO_FREE char *name = mem_printf("SCMP_CMP_%s", op);
		uint64_t value = some[next_random(seed) % 9];
		json_object_object_add(a, "index", json_object_new_int64((int64_t)index));
		json_object_object_add(a, "value", json_object_new_uint64(value));
		if (strcmp(op, "MASKED_EQ") == 0)
			json_object_object_add(
				a, "valueTwo",
				json_object_new_uint64(value & some[next_random(seed) % 9]));
		json_object_object_add(a, "op", json_object_new_string(name));
		json_object_array_add(args, a);
	}
	return args;
}

/* Few calls: neighbours, and many with several rules, unless each is to have one. */
static char *random_name(uint64_t *seed, bool once, bool used[64])
{
	for (;;) {
		const int nr = (int)(next_random(seed) % 60);
		char *name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, nr);
		if (name && !(once && used[nr])) {
			used[nr] = true;
			return name;
		}
		free(name);
	}
}

static struct json_object *random_section(uint64_t *seed, bool once)
{
	static const char *const defaults[] = { "ERRNO", "KILL_PROCESS", "KILL", "TRAP", "LOG" };
	AUTO_FREE char *otherwise = mem_printf("SCMP_ACT_%s", defaults[next_random(seed) % 5]);
	AUTO_FREE char *head =
		mem_printf("{\"defaultAction\": \"%s\", \"architectures\": [\"%s\"]}", otherwise,
			   seccomp_arch());
	struct json_object *section = parse(head), *calls = json_object_new_array();
	bool used[64] = { false };

	for (size_t n = next_random(seed) % (once ? 30 : 120); n > 0; n--) {
		struct json_object *entry = json_object_new_object();
		struct json_object *names = json_object_new_array();
		AUTO_FREE char *name = random_name(seed, once, used);
		json_object_array_add(names, json_object_new_string(name));
		json_object_object_add(entry, "names", names);
		json_object_object_add(entry, "action", json_object_new_string("SCMP_ACT_ALLOW"));
		if (next_random(seed) % 4)
			json_object_object_add(entry, "args", random_args(seed));
		json_object_array_add(calls, entry);
	}
	json_object_object_add(section, "syscalls", calls);
	return section;
}

static bool holds(struct json_object *a, const uint64_t *args)
{
	const char *op = json_object_get_string(json_object_object_get(a, "op")) +
			 strlen("SCMP_CMP_");
	const uint64_t v = json_object_get_uint64(json_object_object_get(a, "value"));
	const uint64_t two = json_object_get_uint64(json_object_object_get(a, "valueTwo"));
	const uint64_t x = args[json_object_get_int(json_object_object_get(a, "index"))];
	const bool all[] = { x != v, x<v, x <= v, x == v, x >= v, x> v, (x & v) == two };

	for (size_t i = 0; i < 7; i++)
		if (strcmp(op, ops[i]) == 0)
			return all[i];
	ck_abort_msg("%s", op);
}

static bool allowed(struct json_object *section, const char *name, const uint64_t *args)
{
	struct json_object *calls = json_object_object_get(section, "syscalls");

	for (size_t i = 0; i < json_object_array_length(calls); i++) {
		struct json_object *e = json_object_array_get_idx(calls, i);
		struct json_object *names = json_object_object_get(e, "names");
		struct json_object *conds = json_object_object_get(e, "args");
		bool all = strcmp(json_object_get_string(json_object_array_get_idx(names, 0)),
				  name) == 0;
		for (size_t k = 0; all && conds && k < json_object_array_length(conds); k++)
			all = holds(json_object_array_get_idx(conds, k), args);
		if (all)
			return true;
	}
	return false;
}

/* libseccomp is no judge here: of one call's rules that overlap it loses some (2.5.4). */
START_TEST(random_list_means_what_it_says)
{
	uint64_t seed = 0x51ed270b + (uint64_t)_i;
	static struct values l;

	for (int k = 0; k < 25; k++) {
		AUTO_JSON *section = random_section(&seed, false);
		const uint32_t otherwise = filter_action(section, "defaultAction",
							 "defaultErrnoRet");
		struct filter f = ours(section);
		l.n = 0;
		values_of(section, &l);
		for (int nr = 0; nr < 62; nr++) {
			AUTO_FREE char *name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE,
										nr);
			for (int r = 0; name && r < 40; r++) {
				struct seccomp_data d = { .nr = nr, .arch = seccomp_arch_native() };
				uint64_t args[6];
				any_args(&d, &l, &seed);
				memcpy(args, d.args, sizeof(args));
				const uint32_t got = filter_run(&f, &d);
				const bool want = allowed(section, name, args);
				if (got == (want ? SECCOMP_RET_ALLOW : otherwise))
					continue;
				ck_abort_msg("%s(0x%" PRIx64 ", 0x%" PRIx64 ", 0x%" PRIx64
					     "): 0x%x: %s",
					     name, args[0], args[1], args[2], got,
					     json_object_to_json_string(section));
			}
		}
		free(f.code);
	}
}
END_TEST

START_TEST(random_list_answers_alike)
{
	uint64_t seed = 0xabcdef01 + (uint64_t)_i;
	static struct values l;

	for (int k = 0; k < 10; k++) {
		AUTO_JSON *section = random_section(&seed, true);
		l.n = 0;
		values_of(section, &l);
		struct filter a = ours(section), b = filter_by_libseccomp(section);
		compare(&a, &b, &l, 4, 1000);
		free(a.code);
		free(b.code);
	}
}
END_TEST

#define WHOLE(calls)                                                        \
	"{\"defaultAction\": \"SCMP_ACT_ERRNO\", \"defaultErrnoRet\": 38, " \
	"\"architectures\": [\"ARCH\"], \"syscalls\": [" calls "]}"
#define ONE(rest) WHOLE("{\"names\": [\"read\"], " rest "}")
#define ALLOW "\"action\": \"SCMP_ACT_ALLOW\""
#define ANSWER_0 "\"action\": \"SCMP_ACT_ERRNO\", \"errnoRet\": 0"
#define COND(index, value) "{\"index\": " #index ", \"op\": \"SCMP_CMP_EQ\", \"value\": " #value "}"
#define EQ(index, value) "\"args\": [" COND(index, value) "]"
#define MASKED(mask, value)                                                \
	"{\"index\": 1, \"op\": \"SCMP_CMP_MASKED_EQ\", \"value\": " #mask \
	", \"valueTwo\": " #value "}"
#define ARG(cond) ONE(ALLOW ", \"args\": [{\"index\": 1, " cond "}]")

/* ARCH stands for ours. */
static struct json_object *section_of(const char *text)
{
	const char *at = strstr(text, "ARCH\"");
	const int before = at ? (int)(at - text) : (int)strlen(text);
	AUTO_FREE char *whole = mem_printf("%.*s%s%s", before, text, at ? seccomp_arch() : "",
					   at ? at + strlen("ARCH") : "");
	return parse(whole);
}

/* --- each comparison at its boundaries */

/* clang-format off */
#define V UINT64_C(0x200000005)
static const struct { const char *cond; uint64_t arg; bool holds; } bounds[] = {
	{ "\"op\": \"SCMP_CMP_EQ\", \"value\": 8589934597", V, true },
	{ "\"op\": \"SCMP_CMP_EQ\", \"value\": 8589934597", V + 1, false },
	{ "\"op\": \"SCMP_CMP_EQ\", \"value\": 8589934597", 5, false }, /* the low half alone */
	{ "\"op\": \"SCMP_CMP_EQ\", \"value\": 8589934597", V - 5, false },
	{ "\"op\": \"SCMP_CMP_EQ\", \"value\": 0", 0, true },
	{ "\"op\": \"SCMP_CMP_EQ\", \"value\": 0", HIGH, false },
	{ "\"op\": \"SCMP_CMP_NE\", \"value\": 8589934597", V, false },
	{ "\"op\": \"SCMP_CMP_NE\", \"value\": 8589934597", 5, true },
	{ "\"op\": \"SCMP_CMP_NE\", \"value\": 8589934597", V ^ 1, true },
	{ "\"op\": \"SCMP_CMP_LT\", \"value\": 8589934597", V, false },
	{ "\"op\": \"SCMP_CMP_LT\", \"value\": 8589934597", V - 1, true },
	{ "\"op\": \"SCMP_CMP_LT\", \"value\": 8589934597", 0x1ffffffff, true }, /* low half above */
	{ "\"op\": \"SCMP_CMP_LT\", \"value\": 8589934597", 0x300000000, false }, /* low half below */
	{ "\"op\": \"SCMP_CMP_LT\", \"value\": 0", 0, false },
	{ "\"op\": \"SCMP_CMP_LE\", \"value\": 8589934597", V, true },
	{ "\"op\": \"SCMP_CMP_LE\", \"value\": 8589934597", V + 1, false },
	{ "\"op\": \"SCMP_CMP_LE\", \"value\": 8589934597", 0x1ffffffff, true },
	{ "\"op\": \"SCMP_CMP_LE\", \"value\": 18446744073709551615", UINT64_MAX, true },
	{ "\"op\": \"SCMP_CMP_GE\", \"value\": 8589934597", V, true },
	{ "\"op\": \"SCMP_CMP_GE\", \"value\": 8589934597", V - 1, false },
	{ "\"op\": \"SCMP_CMP_GE\", \"value\": 8589934597", 0x1ffffffff, false },
	{ "\"op\": \"SCMP_CMP_GE\", \"value\": 8589934597", 0x300000000, true },
	{ "\"op\": \"SCMP_CMP_GE\", \"value\": 0", 0, true },
	{ "\"op\": \"SCMP_CMP_GT\", \"value\": 8589934597", V, false },
	{ "\"op\": \"SCMP_CMP_GT\", \"value\": 8589934597", V + 1, true },
	{ "\"op\": \"SCMP_CMP_GT\", \"value\": 8589934597", 0x300000000, true },
	{ "\"op\": \"SCMP_CMP_GT\", \"value\": 18446744073709551615", UINT64_MAX, false },
	{ "\"op\": \"SCMP_CMP_MASKED_EQ\", \"value\": 4294967295, \"valueTwo\": 5", V, true },
	{ "\"op\": \"SCMP_CMP_MASKED_EQ\", \"value\": 4294967295, \"valueTwo\": 5", 4, false },
	{ "\"op\": \"SCMP_CMP_MASKED_EQ\", \"value\": 15, \"valueTwo\": 5", 0xf5, true },
	{ "\"op\": \"SCMP_CMP_MASKED_EQ\", \"value\": 12884901888, \"valueTwo\": 8589934592", V, true },
	{ "\"op\": \"SCMP_CMP_MASKED_EQ\", \"value\": 12884901888, \"valueTwo\": 8589934592", V | HIGH, false },
	{ "\"op\": \"SCMP_CMP_MASKED_EQ\", \"value\": 0, \"valueTwo\": 0", V, true }, /* nothing is looked at */
};
/* clang-format on */

START_TEST(bound_row)
{
	AUTO_FREE char *text = mem_printf(ARG("%s"), bounds[_i].cond);
	AUTO_JSON *section = section_of(text);
	struct filter f = ours(section);
	struct seccomp_data d = { .nr = SYS_read, .arch = seccomp_arch_native() };

	d.args[1] = bounds[_i].arg;
	ck_assert_msg((filter_run(&f, &d) == SECCOMP_RET_ALLOW) == bounds[_i].holds,
		      "%s of 0x%" PRIx64, bounds[_i].cond, bounds[_i].arg);
	free(f.code);
}
END_TEST

/* --- what is left to the engine */

/* clang-format off */
static const struct { const char *label, *text; bool made; } forms[] = {
	{ "smallest", WHOLE(""), true },
	{ "one call", ONE(ALLOW), true },
	{ "other answers", WHOLE("{\"names\": [\"read\"], \"action\": \"SCMP_ACT_KILL_PROCESS\"}, "
	  "{\"names\": [\"write\"], \"action\": \"SCMP_ACT_ERRNO\", \"errnoRet\": 13}, "
	  "{\"names\": [\"open\", \"openat\"], \"action\": \"SCMP_ACT_TRACE\", \"errnoRet\": 7}, "
	  "{\"names\": [\"close\"], \"action\": \"SCMP_ACT_TRAP\"}, {\"names\": [\"dup\"], \"action\": \"SCMP_ACT_LOG\"}"), true },
	{ "an answer that is the default's", ONE("\"action\": \"SCMP_ACT_ERRNO\", \"errnoRet\": 38"), true },
	{ "notice to a listener", ONE("\"action\": \"SCMP_ACT_NOTIFY\""), false },
	{ "default of EPERM", "{\"defaultAction\": \"SCMP_ACT_ERRNO\", \"architectures\": [\"ARCH\"], \"syscalls\": []}", true },
	{ "notice as the default", "{\"defaultAction\": \"SCMP_ACT_NOTIFY\", \"architectures\": [\"ARCH\"], \"syscalls\": []}", false },
	{ "no architecture", "{\"defaultAction\": \"SCMP_ACT_LOG\", \"syscalls\": []}", false },
	{ "another architecture", "{\"defaultAction\": \"SCMP_ACT_LOG\", \"architectures\": [\"SCMP_ARCH_S390X\"], \"syscalls\": []}", false },
	{ "two architectures", "{\"defaultAction\": \"SCMP_ACT_LOG\", \"architectures\": [\"ARCH\", \"SCMP_ARCH_X86\"], \"syscalls\": []}", false },
	{ "flags are the engine's", "{\"defaultAction\": \"SCMP_ACT_LOG\", \"flags\": [], \"architectures\": [\"ARCH\"], \"syscalls\": []}", true },
	{ "listener", "{\"defaultAction\": \"SCMP_ACT_LOG\", \"listenerPath\": \"/x\", \"architectures\": [\"ARCH\"], \"syscalls\": []}", false },
	{ "no default", "{\"architectures\": [\"ARCH\"], \"syscalls\": []}", false },
	{ "errno beside another default", "{\"defaultAction\": \"SCMP_ACT_LOG\", \"defaultErrnoRet\": 1, \"architectures\": [\"ARCH\"], \"syscalls\": []}", false },
	{ "errno beside another action", ONE(ALLOW ", \"errnoRet\": 1"), false },
	{ "errno at its end", ONE("\"action\": \"SCMP_ACT_ERRNO\", \"errnoRet\": 4094"), true },
	{ "errno beyond", ONE("\"action\": \"SCMP_ACT_ERRNO\", \"errnoRet\": 4095"), false },
	{ "unknown call", WHOLE("{\"names\": [\"of_linux_99\"], " ALLOW "}"), false },
	{ "call of another architecture", WHOLE("{\"names\": [\"breakpoint\"], " ALLOW "}"), false },
	{ "unknown key of an entry", ONE(ALLOW ", \"comment\": \"x\""), false },
	{ "unknown key of a condition", ARG("\"op\": \"SCMP_CMP_EQ\", \"value\": 1, \"bits\": 32"), false },
	{ "unknown comparison", ARG("\"op\": \"SCMP_CMP_LIKE\", \"value\": 1"), false },
	{ "no value", ARG("\"op\": \"SCMP_CMP_EQ\""), false },
	{ "negative value", ARG("\"op\": \"SCMP_CMP_EQ\", \"value\": -1"), false },
	{ "a text as value", ARG("\"op\": \"SCMP_CMP_EQ\", \"value\": \"1\""), false },
	{ "value at its end", ARG("\"op\": \"SCMP_CMP_EQ\", \"value\": 18446744073709551615"), true },
	{ "value outside the mask", ARG("\"op\": \"SCMP_CMP_MASKED_EQ\", \"value\": 7, \"valueTwo\": 8"), false },
	{ "sixth argument", ONE(ALLOW ", \"args\": [{\"index\": 5, \"op\": \"SCMP_CMP_EQ\", \"value\": 1}]"), true },
	{ "no argument", ONE(ALLOW ", \"args\": [{\"op\": \"SCMP_CMP_EQ\", \"value\": 1}]"), false },
	{ "seventh argument", ONE(ALLOW ", \"args\": [{\"index\": 6, \"op\": \"SCMP_CMP_EQ\", \"value\": 1}]"), false },
	{ "one argument twice", ONE(ALLOW ", \"args\": [{\"index\": 0, \"op\": \"SCMP_CMP_GE\", \"value\": 1}, "
	  "{\"index\": 0, \"op\": \"SCMP_CMP_LE\", \"value\": 5}]"), false },
	{ "two answers for one call", WHOLE("{\"names\": [\"read\"], " ALLOW "}, {\"names\": [\"read\"], \"action\": \"SCMP_ACT_KILL\"}"), false },
	{ "the default's answer is no second one", WHOLE("{\"names\": [\"read\"], " ALLOW "}, {\"names\": [\"read\"], "
	  "\"action\": \"SCMP_ACT_ERRNO\", \"errnoRet\": 38}"), true },
	{ "two answers, each for other arguments", WHOLE("{\"names\": [\"read\"], " ALLOW ", " EQ(1, 5) "}, "
	  "{\"names\": [\"read\", \"write\"], " ANSWER_0 ", " EQ(1, 1) "}, {\"names\": [\"read\"], " ALLOW ", " EQ(1, 0) "}"), true },
	{ "apart by one of two arguments", WHOLE("{\"names\": [\"read\"], " ALLOW ", \"args\": [" COND(0, 1) ", " COND(2, 5) "]}, "
	  "{\"names\": [\"read\"], " ANSWER_0 ", \"args\": [" COND(0, 1) ", " COND(2, 1) "]}"), true },
	{ "apart by a mask", WHOLE("{\"names\": [\"read\"], " ALLOW ", \"args\": [" MASKED(4, 0) "]}, "
	  "{\"names\": [\"read\"], " ANSWER_0 ", \"args\": [" MASKED(4, 4) "]}"), true },
	{ "two answers, masks that may meet", WHOLE("{\"names\": [\"read\"], " ALLOW ", \"args\": [" MASKED(4, 0) "]}, "
	  "{\"names\": [\"read\"], " ANSWER_0 ", \"args\": [" MASKED(2, 2) "]}"), false },
	{ "two answers for other arguments that may meet", WHOLE("{\"names\": [\"read\"], " ALLOW ", " EQ(1, 5) "}, "
	  "{\"names\": [\"read\"], " ANSWER_0 ", " EQ(2, 1) "}"), false },
	{ "two answers, one whatever the arguments", WHOLE("{\"names\": [\"read\"], " ALLOW ", " EQ(1, 5) "}, "
	  "{\"names\": [\"read\"], " ANSWER_0 "}"), false },
	{ "success without the call", ONE(ANSWER_0), true },
	{ "one answer twice", WHOLE("{\"names\": [\"read\"], " ALLOW "}, {\"names\": [\"read\"], " ALLOW "}"), true },
};
/* clang-format on */

START_TEST(form_row)
{
	AUTO_JSON *section = section_of(forms[_i].text);
	struct filter none = { 0 }, f = none;
	const bool made = seccomp_filter_make(section, &f.code, &f.n);
	AUTO_FREE char *text = seccomp_filter_text(section);

	ck_assert_msg(made == forms[_i].made, "%s", forms[_i].label);
	ck_assert_msg(!text == !made, "%s", forms[_i].label);
	if (made) {
		static struct values l = { { 0, 1, 5, UINT64_MAX }, 4 };
		struct filter b = filter_by_libseccomp(section);
		compare(&f, &b, &l, 4, 5000);
		free(b.code);
	} else {
		ck_assert(!f.code && !f.n); /* a refusal leaves it as it was */
	}
	free(f.code);
}
END_TEST

/* --- rules of two calls that end alike: libseccomp 2.5.4 allows ioctl with the arguments of each row,
 * of the first with CTL_OPTIMIZE 2, of the second without it */

/* clang-format off */
#define RULE(name, args) "{\"names\": [\"" name "\"], " ALLOW ", \"args\": [" args "]}"
#define BITS(index, mask, value) "{\"index\": " #index ", \"op\": \"SCMP_CMP_MASKED_EQ\", \"value\": " #mask \
	", \"valueTwo\": " #value "}"
static const struct { const char *label, *text; uint64_t args[3]; } ends[] = {
	{ "one argument beside another", WHOLE(RULE("read", BITS(0, 2, 0)) ", " RULE("ioctl", BITS(0, 2, 0)) ", "
	  RULE("read", BITS(0, 3, 3)) ", " RULE("ioctl", BITS(0, 3, 3) ", " BITS(2, 3, 3))), { 0xffffffff, 0, 1 } },
	{ "a value of 64 bits", WHOLE(RULE("ioctl", BITS(0, 4294967295, 7) ", " COND(2, 2)) ", "
	  RULE("statx", BITS(0, 4294967295, 7)) ", " RULE("ioctl", BITS(0, 6, 0)) ", " RULE("statx", BITS(0, 6, 0)) ", "
	  RULE("statx", BITS(2, 1, 0))), { 7, 2, HIGH | 2 } },
};
/* clang-format on */

START_TEST(end_row)
{
	AUTO_JSON *section = section_of(ends[_i].text);
	struct filter f = ours(section);
	struct seccomp_data d = { .nr = SYS_ioctl, .arch = seccomp_arch_native() };

	memcpy(d.args, ends[_i].args, sizeof(ends[_i].args));
	ck_assert_msg(!allowed(section, "ioctl", ends[_i].args), "%s", ends[_i].label);
	ck_assert_msg(filter_run(&f, &d) == (SECCOMP_RET_ERRNO | ENOSYS), "%s", ends[_i].label);
	free(f.code);
}
END_TEST

/* Jumps over more than 255 instructions, and a program that the kernel would not take. */
static struct json_object *long_section(int n_values)
{
	AUTO_JSON *empty = section_of(WHOLE(""));
	struct json_object *calls = json_object_object_get(empty, "syscalls");
	static const char *const names[] = { "read", "ioctl", "execve", "statx" };

	for (int k = 0; k < 4; k++)
		for (int i = 0; i < n_values; i++) {
			AUTO_FREE char *text = mem_printf(
				"{\"names\": [\"%s\"], " ALLOW
				", \"args\": [{\"index\": %d, \"op\": "
				"\"SCMP_CMP_EQ\", \"value\": %d}, {\"index\": 2, \"op\": "
				"\"SCMP_CMP_EQ\", \"value\": %d}]}",
				names[k], k == 0, i * 7, i * k);
			json_object_array_add(calls, parse(text));
		}
	return json_object_get(empty);
}

START_TEST(far_jumps)
{
	AUTO_JSON *section = long_section(150);
	struct filter a = ours(section), b = filter_by_libseccomp(section);
	static struct values l;

	ck_assert_uint_gt(a.n, 1000);
	values_of(section, &l);
	compare(&a, &b, &l, 200, 20000);
	for (int i = 0; i < 150; i++) { /* each value is found */
		struct seccomp_data d = { .nr = SYS_execve, .arch = seccomp_arch_native() };
		d.args[0] = (uint64_t)i * 7;
		d.args[2] = (uint64_t)i * 2;
		ck_assert_uint_eq(filter_run(&a, &d), SECCOMP_RET_ALLOW);
		same_answer(&a, &b, &d);
		d.args[2]++;
		same_answer(&a, &b, &d);
	}
	free(a.code);
	free(b.code);
}
END_TEST

START_TEST(too_long_is_not_made)
{
	AUTO_JSON *section = long_section(600);
	struct filter f = { 0 };
	ck_assert(!seccomp_filter_make(section, &f.code, &f.n));
}
END_TEST

/* --- the annotation */

static struct filter decoded(const char *text)
{
	struct base64_decode_ctx ctx;
	const size_t len = strlen(text);
	size_t n = BASE64_DECODE_LENGTH(len);
	uint8_t *bytes = mem_alloc(n);

	base64_decode_init(&ctx);
	ck_assert(base64_decode_update(&ctx, &n, bytes, len, text));
	ck_assert(base64_decode_final(&ctx));
	ck_assert_uint_eq(n % sizeof(struct sock_filter), 0);
	return (struct filter){ (struct sock_filter *)(void *)bytes,
				n / sizeof(struct sock_filter) };
}

/* In a child that may only do what the section says. Return: what the kernel says of getppid and
 * of getuid, one digit each. */
static int kernel_says(const struct filter *f)
{
	const struct sock_fprog program = { (unsigned short)f->n, f->code };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0)
		return 99;
	errno = 0;
	const bool parent = syscall(SYS_getppid) > 0;
	const bool refused = syscall(SYS_getuid) < 0 && errno == ENOSYS;
	return parent * 10 + refused;
}

START_TEST(kernel_takes_it)
{
	AUTO_JSON *section =
		section_of(WHOLE("{\"names\": [\"getppid\", \"exit_group\"], " ALLOW "}"));
	AUTO_FREE char *text = seccomp_filter_text(section);
	struct filter f = decoded(text);
	int status;

	pid_t pid = fork();
	if (pid ==
	    0) /* not _exit(): a sanitizer that looks for leaks there calls more than is allowed */
		syscall(SYS_exit_group, kernel_says(&f));
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 11, "0x%x", status);
	free(f.code);
}
END_TEST

static const struct {
	const char *engine, *version;
	bool taken;
} engines[] = {
	{ "crun", "1.8.1", true },
	{ "crun", "1.0", true },
	{ "crun", "1", true },
	{ "crun", "0.21", false },
	{ "crun", "", false },
	{ "crun", "unknown", false },
	{ "crun", "12.3", true },
	{ "runc", "1.1.5+ds1", false },
	{ "runsc", "20221219.0", false },
	{ "crunx", "1.8.1", false },
	{ "youki", "1.0", false },
};

START_TEST(engine_row)
{
	ck_assert_msg(seccomp_filter_taken(engines[_i].engine, engines[_i].version) ==
			      engines[_i].taken,
		      "%s %s", engines[_i].engine, engines[_i].version);
}
END_TEST

#define ROWS(a) ((int)(sizeof(a) / sizeof(*(a))))

Suite *suite_bundle_seccomp_filter(void);
Suite *suite_bundle_seccomp_filter(void)
{
	Suite *s = suite_create("bundle/seccomp_filter");
	TCase *tc = tcase_create("filter");

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, shipped_profile_answers_alike, 0, ROWS(profiles));
	tcase_add_loop_test(tc, random_list_means_what_it_says, 0, 8);
	tcase_add_loop_test(tc, random_list_answers_alike, 0, 8);
	tcase_add_loop_test(tc, bound_row, 0, ROWS(bounds));
	tcase_add_loop_test(tc, form_row, 0, ROWS(forms));
	tcase_add_loop_test(tc, end_row, 0, ROWS(ends));
	tcase_add_test(tc, far_jumps);
	tcase_add_test(tc, too_long_is_not_made);
	tcase_add_test(tc, kernel_takes_it);
	tcase_add_loop_test(tc, engine_row, 0, ROWS(engines));
	suite_add_tcase(s, tc);
	return s;
}
