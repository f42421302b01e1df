/* test_bundle_filter.h - the filter that an engine would make of a section, and a machine to run
 * filters on one call. */
#ifndef MOULETTE_TEST_BUNDLE_FILTER_H
#define MOULETTE_TEST_BUNDLE_FILTER_H

#include <check.h>
#include <errno.h>
#include <json-c/json.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"

struct filter {
	struct sock_filter *code;
	size_t n;
};

static inline enum scmp_compare filter_compare(const char *op)
{
	static const struct {
		const char *name;
		enum scmp_compare op;
	} ops[] = {
		{ "SCMP_CMP_NE", SCMP_CMP_NE },
		{ "SCMP_CMP_LT", SCMP_CMP_LT },
		{ "SCMP_CMP_LE", SCMP_CMP_LE },
		{ "SCMP_CMP_EQ", SCMP_CMP_EQ },
		{ "SCMP_CMP_GE", SCMP_CMP_GE },
		{ "SCMP_CMP_GT", SCMP_CMP_GT },
		{ "SCMP_CMP_MASKED_EQ", SCMP_CMP_MASKED_EQ },
	};
	for (size_t i = 0; i < sizeof(ops) / sizeof(*ops); i++)
		if (strcmp(ops[i].name, op) == 0)
			return ops[i].op;
	ck_abort_msg("%s", op);
}

static inline uint32_t filter_action(struct json_object *o, const char *key, const char *errnum)
{
	const char *name = json_object_get_string(json_object_object_get(o, key));
	struct json_object *e = json_object_object_get(o, errnum);
	const uint16_t data = e ? (uint16_t)json_object_get_int(e) : EPERM;

	if (strcmp(name, "SCMP_ACT_ERRNO") == 0)
		return SCMP_ACT_ERRNO(data);
	if (strcmp(name, "SCMP_ACT_TRACE") == 0)
		return SCMP_ACT_TRACE(data);
	static const struct {
		const char *name;
		uint32_t action;
	} rest[] = {
		{ "SCMP_ACT_ALLOW", SCMP_ACT_ALLOW },
		{ "SCMP_ACT_KILL", SCMP_ACT_KILL },
		{ "SCMP_ACT_KILL_THREAD", SCMP_ACT_KILL_THREAD },
		{ "SCMP_ACT_KILL_PROCESS", SCMP_ACT_KILL_PROCESS },
		{ "SCMP_ACT_TRAP", SCMP_ACT_TRAP },
		{ "SCMP_ACT_LOG", SCMP_ACT_LOG },
	};
	for (size_t i = 0; i < sizeof(rest) / sizeof(*rest); i++)
		if (strcmp(rest[i].name, name) == 0)
			return rest[i].action;
	ck_abort_msg("%s", name);
}

static inline void filter_add_entry(scmp_filter_ctx ctx, uint32_t otherwise,
				    struct json_object *entry)
{
	struct json_object *names = json_object_object_get(entry, "names");
	struct json_object *args = json_object_object_get(entry, "args");
	const uint32_t action = filter_action(entry, "action", "errnoRet");
	struct scmp_arg_cmp cmp[6];
	unsigned int n = 0;

	for (size_t i = 0; args && i < json_object_array_length(args); i++) {
		struct json_object *a = json_object_array_get_idx(args, i);
		cmp[n++] = (struct scmp_arg_cmp){
			.arg = (unsigned int)json_object_get_int(
				json_object_object_get(a, "index")),
			.op = filter_compare(
				json_object_get_string(json_object_object_get(a, "op"))),
			.datum_a = json_object_get_uint64(json_object_object_get(a, "value")),
			.datum_b = json_object_get_uint64(json_object_object_get(a, "valueTwo")),
		};
	}
	for (size_t i = 0; action != otherwise && i < json_object_array_length(names); i++) {
		const char *name = json_object_get_string(json_object_array_get_idx(names, i));
		int nr = seccomp_syscall_resolve_name(name);
		ck_assert_msg(nr >= 0, "%s", name);
		ck_assert_msg(seccomp_rule_add_array(ctx, action, nr, n, cmp) == 0, "%s", name);
	}
}

/* filter_by_libseccomp() - free its code. */
static inline struct filter filter_by_libseccomp(struct json_object *section)
{
	struct json_object *calls = json_object_object_get(section, "syscalls");
	const uint32_t otherwise = filter_action(section, "defaultAction", "defaultErrnoRet");
	scmp_filter_ctx ctx = seccomp_init(otherwise);
	AUTO_FD int fd = memfd_create("filter", MFD_CLOEXEC);
	AUTO_BUF bytes = { 0 };

	for (size_t i = 0; i < json_object_array_length(calls); i++)
		filter_add_entry(ctx, otherwise, json_object_array_get_idx(calls, i));
	ck_assert_int_eq(seccomp_export_bpf(ctx, fd), 0);
	seccomp_release(ctx);
	ck_assert_int_eq(lseek(fd, 0, SEEK_SET), 0);
	ck_assert_int_eq(fd_read_all(fd, &bytes, 1 << 20), 0);
	struct filter f = { .n = bytes.len / sizeof(struct sock_filter) };
	f.code = (struct sock_filter *)(void *)buf_take(&bytes);
	return f;
}

static inline uint32_t filter_jump(const struct sock_filter *i, uint32_t a)
{
	bool yes = false;
	switch (BPF_OP(i->code)) {
	case BPF_JA:
		return i->k;
	case BPF_JEQ:
		yes = a == i->k;
		break;
	case BPF_JGT:
		yes = a > i->k;
		break;
	case BPF_JGE:
		yes = a >= i->k;
		break;
	case BPF_JSET:
		yes = (a & i->k) != 0;
		break;
	default:
		ck_abort_msg("jump 0x%x", i->code);
	}
	return yes ? i->jt : i->jf;
}

/* filter_run() - as much of classic BPF as libseccomp and we write. */
static inline uint32_t filter_run(const struct filter *f, const struct seccomp_data *data)
{
	uint32_t a = 0;

	for (size_t pc = 0; pc < f->n; pc++) {
		const struct sock_filter *i = &f->code[pc];
		switch (BPF_CLASS(i->code)) {
		case BPF_LD:
			memcpy(&a, (const char *)data + i->k, sizeof(a));
			break;
		case BPF_JMP:
			pc += filter_jump(i, a);
			break;
		case BPF_ALU:
			ck_assert_int_eq(BPF_OP(i->code), BPF_AND);
			a &= i->k;
			break;
		case BPF_RET:
			return i->k;
		default:
			ck_abort_msg("instruction 0x%x", i->code);
		}
	}
	ck_abort_msg("the filter does not return");
}

#endif
