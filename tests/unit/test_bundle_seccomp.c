/* test_bundle_seccomp.c - lists of system calls: form, edits, and what the filter then decides. */
#include "bundle/seccomp.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/json.h"
#include "base/mem.h"
#include "bundle/seccomp_rules.h"
#include "test_bundle_filter.h"

#define LIST "profiles/base.seccomp.json"

static struct json_object *parse(const char *text)
{
	struct json_object *o = NULL;
	struct err err = { 0 };
	ck_assert_msg(json_parse("row", text, strlen(text), &o, &err) == 0, "%s: %s", text,
		      err.msg);
	return o;
}

#define RUNS SECCOMP_RET_ALLOW
#define ANSWERS(n) (SECCOMP_RET_ERRNO | (n))

static uint32_t outcome(const struct filter *f, const char *name, const uint64_t args[SECCOMP_ARGS])
{
	struct seccomp_data d = { .nr = seccomp_syscall_resolve_name(name),
				  .arch = seccomp_arch_native() };
	ck_assert_msg(d.nr >= 0, "%s", name);
	memcpy(d.args, args, sizeof(d.args));
	return filter_run(f, &d);
}

static bool allows(const struct filter *f, const char *name, const uint64_t args[SECCOMP_ARGS])
{
	const uint32_t got = outcome(f, name, args);
	ck_assert_msg(got == RUNS || got == ANSWERS(ENOSYS), "%s: 0x%x", name, got);
	return got == RUNS;
}

static struct seccomp_list *shipped(void)
{
	struct seccomp_list *l = NULL;
	struct err err = { 0 };
	AUTO_BUF text = { 0 };
	ck_assert_int_eq(file_read(AT_FDCWD, LIST, &text, 1 << 20), 0);
	ck_assert_msg(seccomp_list_parse(LIST, &text, &l, &err) == 0, "%s", err.msg);
	return l;
}

#define HIGH (UINT64_C(1) << 32)

/* clang-format off */
static const struct { const char *label, *name; uint64_t args[SECCOMP_ARGS]; bool allowed; } calls[] = {
	{ "plain", "read", { 0 }, true },
	{ "thread", "clone", { 0x3d0f00 }, true },
	{ "new user namespace", "clone", { 0x10000000 | 17 }, false },
	{ "new mount namespace", "clone", { 0x20000 }, false },
	{ "new cgroup namespace", "clone", { 0x02000000 }, false },
	{ "flags out of sight", "clone3", { 0 }, false },
	{ "tcp", "socket", { 2, 1, 0 }, true },
	{ "tcp by number", "socket", { 10, 1 | 02000000, 6 }, true },
	{ "tcp, high bits that the kernel does not read", "socket", { HIGH | 2, HIGH | 1, HIGH }, true },
	{ "mptcp", "socket", { 2, 1, 262 }, false },
	{ "sctp", "socket", { 2, 1, 132 }, false },
	{ "udp", "socket", { 2, 2, 17 }, true },
	{ "udplite", "socket", { 2, 2, 136 }, false },
	{ "udp as a stream", "socket", { 2, 1, 17 }, false },
	{ "raw", "socket", { 2, 3, 1 }, false },
	{ "unix", "socket", { 1, 5 | 04000, 0 }, true },
	{ "unix raw", "socket", { 1, 3, 0 }, false },
	{ "netlink", "socket", { 16, 3, 0 }, false },
	{ "vsock", "socket", { 40, 1, 0 }, false },
	{ "vsock behind a high bit", "socket", { HIGH | 40, 1, 0 }, false },
	{ "alg", "socket", { 38, 5, 0 }, false },
	{ "pair", "socketpair", { 1, 1, 0 }, true },
	{ "pair of others", "socketpair", { 2, 1, 0 }, false },
	{ "own limits", "prlimit64", { 0, 7, 0x1000 }, true },
	{ "own limits, high bits", "prlimit64", { HIGH, 7, 0x1000 }, true },
	{ "limits of pid 1", "prlimit64", { 1, 7, 0x1000 }, false },
	{ "reading limits of pid 1", "prlimit64", { 1, 7, 0 }, true },
	{ "a pointer whose low half is 0", "prlimit64", { 1, 7, HIGH }, false },
	{ "own nice", "setpriority", { 0, 0, 5 }, true },
	{ "nice of pid 1", "setpriority", { 0, 1, 5 }, false },
	{ "nice of all of the uid", "setpriority", { 2, 0, 5 }, false },
	{ "plain personality", "personality", { 0 }, true },
	{ "asking for it", "personality", { 0xffffffff }, true },
	{ "fixed addresses", "personality", { 0x40000 }, false },
	{ "is it a terminal", "ioctl", { 1, 0x5401 }, true },
	{ "typing into a terminal", "ioctl", { 1, 0x5412 }, false },
	{ "the same behind a high bit", "ioctl", { 1, HIGH | 0x5412 }, false },
	{ "console selection", "ioctl", { 1, 0x541c }, false },
	{ "request above 2^31", "ioctl", { 1, 0x802c542a }, true },
#ifdef SYS_mknod /* not of aarch64 */
	{ "fifo", "mknod", { 0, 0010644 }, true },
	{ "device", "mknod", { 0, 0020644 }, false },
#endif
	{ "block device below a folder", "mknodat", { 0, 0, 0060644 }, false },
	{ "socket below a folder", "mknodat", { 0, 0, 0140644 }, true },
	{ "ptrace", "ptrace", { 0 }, false },
	{ "mount", "mount", { 0 }, false },
	{ "bpf", "bpf", { 0 }, false },
	{ "keyctl", "keyctl", { 0 }, false },
	{ "io_uring", "io_uring_setup", { 0 }, false },
	{ "unshare", "unshare", { 0 }, false },
	{ "setns", "setns", { 0 }, false },
	{ "userfaultfd", "userfaultfd", { 0 }, false },
	{ "perf", "perf_event_open", { 0 }, false },
	{ "reboot", "reboot", { 0 }, false },
	{ "other process's memory", "process_vm_writev", { 0 }, false },
	{ "option", "setsockopt", { 3, 1, 2 }, true },
	{ "option, high bits that the kernel does not read", "setsockopt", { 3, HIGH | 1, HIGH | 2 }, true },
	{ "same number, another level", "setsockopt", { 3, 17, 2 }, false },
	{ "what can only be read", "setsockopt", { 3, 1, 4 }, false },
	{ "reading it", "getsockopt", { 3, 1, 4 }, true },
	{ "cookie", "getsockopt", { 3, 1, 57 }, false },
	{ "cookie behind a high bit", "getsockopt", { 3, HIGH | 1, HIGH | 57 }, false },
	{ "cookie of the namespace", "getsockopt", { 3, 1, 71 }, false },
	{ "filter of a socket", "setsockopt", { 3, 1, 26 }, false },
	{ "filter of a group of sockets", "setsockopt", { 3, 1, 51 }, false },
	{ "program of a group of sockets", "setsockopt", { 3, 1, 52 }, false },
	{ "delay", "setsockopt", { 3, 6, 1 }, true },
	{ "congestion", "setsockopt", { 3, 6, 13 }, false },
	{ "reading congestion", "getsockopt", { 3, 6, 13 }, false },
	{ "repair", "setsockopt", { 3, 6, 19 }, false },
	{ "upper protocol", "setsockopt", { 3, 6, 31 }, false },
	{ "errors of datagrams, as resolvers ask", "setsockopt", { 3, 0, 11 }, true },
	{ "table of iptables", "setsockopt", { 3, 0, 64 }, false },
	{ "IPv6 only", "setsockopt", { 3, 41, 26 }, true },
	{ "flow label", "setsockopt", { 3, 41, 32 }, false },
	{ "encapsulation", "setsockopt", { 3, 17, 100 }, false },
	{ "segments of datagrams", "setsockopt", { 3, 17, 103 }, false },
	{ "name", "prctl", { 15 }, true },
	{ "name, high bit", "prctl", { HIGH | 15 }, true },
	{ "filter", "prctl", { 22, 2 }, false },
	{ "filter behind a high bit", "prctl", { HIGH | 22, 2 }, false },
	{ "merging", "prctl", { 67, 1 }, false },
	{ "core scheduling", "prctl", { 62, 1 }, false },
	{ "tracer", "prctl", { 0x59616d61 }, false },
	{ "reading ambient capabilities", "prctl", { 47, 1 }, true },
	{ "raising them", "prctl", { 47, 2 }, false },
	{ "flags of a file", "fcntl", { 3, 4 }, true },
	{ "duplicate", "fcntl", { 3, 1030 }, true },
	{ "lock, which default has", "fcntl", { 3, 6 }, false },
	{ "lease", "fcntl", { 3, 1024 }, false },
	{ "notices of a folder", "fcntl", { 3, 1026 }, false },
	{ "the same behind a high bit", "fcntl", { 3, HIGH | 1026 }, false },
	{ "hint of an inode", "fcntl", { 3, 1036 }, false },
	{ "datagram", "sendto", { 3, 0, 0, 0x4000 }, true },
	{ "out of band", "sendto", { 3, 0, 0, 1 }, false },
	{ "out of band behind a high bit", "sendto", { 3, 0, 0, HIGH | 0x4001 }, false },
	{ "reading out of band", "recvfrom", { 3, 0, 0, 1 }, false },
	{ "message", "sendmsg", { 3, 0, 0x4000, 1 }, true },
	{ "message out of band", "sendmsg", { 3, 0, 1 }, false },
	{ "reading one", "recvmsg", { 3, 0, 3 }, false },
	{ "messages", "sendmmsg", { 3, 0, 1, 0 }, true },
	{ "messages out of band", "sendmmsg", { 3, 0, 1, 1 }, false },
	{ "reading messages out of band", "recvmmsg", { 3, 0, 1, 1 }, false },
	{ "map", "mmap", { 0, 4096, 3, 0x22 }, true },
	{ "map of the huge pool", "mmap", { 0, 4096, 3, 0x40022 }, false },
	{ "of 1 GiB pages", "mmap", { 0, 4096, 3, 0x40022 | 30U << 26 }, false },
	{ "file of memory", "memfd_create", { 0, 3 }, true },
	{ "of the huge pool", "memfd_create", { 0, 4 }, false },
	{ "segment", "shmget", { 0, 4096, 01600 }, true },
	{ "segment of the huge pool", "shmget", { 0, 4096, 05600 }, false },
	{ "advice", "madvise", { 0, 4096, 4 }, true },
	{ "advice to merge", "madvise", { 0, 4096, 12 }, false },
	{ "advice to merge behind a high bit", "madvise", { 0, 4096, HIGH | 12 }, false },
	{ "advice to page out", "madvise", { 0, 4096, 21 }, false },
	{ "read", "preadv2", { 3, 0, 1, 0, 0, 0 }, true },
	{ "read of what is in the cache", "preadv2", { 3, 0, 1, 0, 0, 8 }, false },
	{ "the same behind a high bit", "preadv2", { 3, 0, 1, 0, 0, HIGH | 8 }, false },
	{ "write at the end", "pwritev2", { 3, 0, 1, 0, 0, 16 }, true },
	{ "write through", "pwritev2", { 3, 0, 1, 0, 0, 2 }, false },
	{ "clock of the host", "clock_gettime", { 1 }, true },
	{ "its highest clock", "clock_gettime", { 11 }, true },
	{ "own CPU time", "clock_gettime", { 0xfffffffa }, true },
	{ "own CPU time of a thread", "clock_gettime", { 0xfffffffe }, true },
	{ "CPU time of PID 2", "clock_gettime", { 0xffffffea }, true },
	{ "CPU time of PID 3", "clock_gettime", { 0xffffffe2 }, true },
	{ "CPU time of PID 4194303", "clock_gettime", { 0xfe000002 }, true },
	{ "CPU time of PID 1", "clock_gettime", { 0xfffffff2 }, false },
	{ "its user time", "clock_getres", { 0xfffffff1 }, false },
	{ "its time as that of a thread", "clock_nanosleep", { 0xfffffff6 }, false },
	{ "its time behind a high bit", "timer_create", { HIGH | 0xfffffff2 }, false },
	{ "a timer", "timer_create", { 1 }, true },
	{ "advice on a file", "fadvise64", { 3, 0, 0, 2 }, true },
};
/* clang-format on */
#define N_CALLS (sizeof(calls) / sizeof(*calls))

START_TEST(shipped_list_decides)
{
	AUTO_SECCOMP *l = shipped();
	AUTO_JSON *section = seccomp_list_section(l);
	struct filter f = filter_by_libseccomp(section);

	for (size_t i = 0; i < N_CALLS; i++)
		ck_assert_msg(allows(&f, calls[i].name, calls[i].args) == calls[i].allowed, "%s",
			      calls[i].label);
	free(f.code);
}
END_TEST

START_TEST(section_is_whole)
{
	AUTO_SECCOMP *l = shipped();
	AUTO_JSON *s = seccomp_list_section(l);
	struct json_object *archs = json_object_object_get(s, "architectures");
	struct json_object *entries = json_object_object_get(s, "syscalls");

	ck_assert_str_eq(json_object_get_string(json_object_object_get(s, "defaultAction")),
			 "SCMP_ACT_ERRNO");
	ck_assert_int_eq(json_object_get_int(json_object_object_get(s, "defaultErrnoRet")), 38);
	ck_assert_uint_eq(json_object_array_length(archs), 1);
	ck_assert_str_eq(json_object_get_string(json_object_array_get_idx(archs, 0)),
#ifdef __aarch64__
			 "SCMP_ARCH_AARCH64");
#else
			 "SCMP_ARCH_X86_64");
#endif
	for (size_t i = 0; i < json_object_array_length(entries); i++) {
		struct json_object *e = json_object_array_get_idx(entries, i);
		const char *action = json_object_get_string(json_object_object_get(e, "action"));
		const bool answers = json_object_object_get_ex(e, "errnoRet", NULL);
		ck_assert_str_eq(action, answers ? "SCMP_ACT_ERRNO" : "SCMP_ACT_ALLOW");
		ck_assert_uint_gt(json_object_array_length(json_object_object_get(e, "names")), 0);
	}
}
END_TEST

/* clang-format off */
static const struct { const char *label, *edit, *name; uint64_t args[SECCOMP_ARGS]; bool allowed; } edits[] = {
	{ "allow", "{\"allow\": [\"ptrace\"]}", "ptrace", { 0 }, true },
	{ "allow leaves others", "{\"allow\": [\"ptrace\"]}", "mount", { 0 }, false },
	{ "allow drops conditions", "{\"allow\": [\"socket\"]}", "socket", { 16, 3, 0 }, true },
	{ "deny", "{\"deny\": [\"read\"]}", "read", { 0 }, false },
	{ "deny takes every condition", "{\"deny\": [\"socket\"]}", "socket", { 2, 1, 0 }, false },
	{ "deny takes the unconditional look", "{\"deny\": [\"prlimit64\"]}", "prlimit64", { 1, 7, 0 }, false },
	{ "deny of what is not there", "{\"deny\": [\"mount\"]}", "mount", { 0 }, false },
	{ "a group adds", "{\"allow\": [{\"reason\": \"r\", \"names\": [\"personality\"], \"args\": "
	  "[{\"index\": 0, \"values\": {\"x\": \"0x40000\"}}]}]}", "personality", { 0x40000 }, true },
	{ "a group keeps what was", "{\"allow\": [{\"reason\": \"r\", \"names\": [\"personality\"], "
	  "\"args\": [{\"index\": 0, \"values\": {\"x\": \"0x40000\"}}]}]}", "personality", { 0 }, true },
	{ "a group without args", "{\"allow\": [{\"reason\": \"r\", \"names\": [\"bpf\"]}]}", "bpf", { 0 }, true },
	{ "deny and other conditions", "{\"deny\": [\"socket\"], \"allow\": [{\"reason\": \"r\", "
	  "\"names\": [\"socket\"], \"args\": [{\"index\": 0, \"values\": {\"u\": 1}}]}]}", "socket", { 2, 1, 0 }, false },
	{ "a group narrows nothing", "{\"allow\": [{\"reason\": \"r\", \"names\": [\"read\"], "
	  "\"args\": [{\"index\": 0, \"values\": {\"u\": 1}}]}]}", "read", { 5 }, true },
};
/* clang-format on */
#define N_EDITS (sizeof(edits) / sizeof(*edits))

START_TEST(edit_decides)
{
	AUTO_SECCOMP *l = shipped();
	AUTO_JSON *edit = parse(edits[_i].edit);
	struct err err = { 0 };

	ck_assert_msg(seccomp_list_edit(l, edit, "x", &err) == 0, "%s: %s", edits[_i].label,
		      err.msg);
	AUTO_JSON *section = seccomp_list_section(l);
	struct filter f = filter_by_libseccomp(section);
	ck_assert_msg(allows(&f, edits[_i].name, edits[_i].args) == edits[_i].allowed, "%s",
		      edits[_i].label);
	free(f.code);
}
END_TEST

/* --- rules of one call that overlap: libseccomp 2.5.4 loses some of them */

/* clang-format off */
#define READ(args) "{\"reason\": \"r\", \"names\": [\"read\"], \"args\": [" args "]}"
#define IS(index, value) "{\"index\": " #index ", \"values\": {\"v\": " #value "}}"
#define LACKS(index, bit) "{\"index\": " #index ", \"mask\": " #bit ", \"values\": {\"v\": 0}}"
static const struct { const char *label, *groups; size_t n_kept; uint64_t args[SECCOMP_ARGS]; bool allowed; } overlaps[] = {
	{ "a rule beside one that is covered", READ(IS(0, 1) ", " LACKS(1, 4)) ", " READ(IS(0, 1) ", " LACKS(1, 2)) ", "
	  READ(LACKS(1, 4)), 2, { 1, 4 }, true },
	{ "none of them", READ(IS(0, 1) ", " LACKS(1, 4)) ", " READ(IS(0, 1) ", " LACKS(1, 2)) ", "
	  READ(LACKS(1, 4)), 2, { 1, 6 }, false },
	{ "the wide rule first", READ(LACKS(1, 4)) ", " READ(IS(0, 1) ", " LACKS(1, 4)) ", "
	  READ(IS(0, 1) ", " LACKS(1, 2)), 2, { 1, 4 }, true },
	{ "wide by fewer bits", READ(IS(0, 5)) ", " READ(LACKS(0, 2)), 1, { 5 }, true },
	{ "wide by no condition", READ(IS(0, 5)) ", {\"reason\": \"r\", \"names\": [\"read\"]}", 1, { 6 }, true },
	{ "twice the same", READ(IS(0, 5)) ", " READ(IS(0, 5)), 1, { 5 }, true },
	{ "another value", READ(IS(0, 5)) ", " READ(IS(0, 6)), 2, { 6 }, true },
	{ "another argument", READ(IS(0, 5)) ", " READ(IS(1, 5)), 2, { 0, 5 }, true },
	{ "another call", READ(IS(0, 5)) ", {\"reason\": \"r\", \"names\": [\"write\"]}", 2, { 5 }, true },
};
/* clang-format on */

START_TEST(overlap_decides)
{
	AUTO_FREE char *text = mem_printf("{\"groups\": [%s]}", overlaps[_i].groups);
	AUTO_SECCOMP *l = NULL;
	AUTO_BUF buf = { 0 };
	struct err err = { 0 };

	buf_str(&buf, text);
	ck_assert_msg(seccomp_list_parse("x", &buf, &l, &err) == 0, "%s", err.msg);
	AUTO_JSON *section = seccomp_list_section(l);
	struct filter f = filter_by_libseccomp(section);
	ck_assert_msg(allows(&f, "read", overlaps[_i].args) == overlaps[_i].allowed, "%s",
		      overlaps[_i].label);
	free(f.code);
	ck_assert_msg(json_object_array_length(json_object_object_get(section, "syscalls")) ==
			      overlaps[_i].n_kept,
		      "%s: %s", overlaps[_i].label, json_object_to_json_string(section));
}
END_TEST

/* clang-format off */
#define ALLOW(...) "{\"allow\": [" __VA_ARGS__ "]}"
#define ADVICE(values, rest) "{\"reason\": \"r\", \"names\": [\"fadvise64\"], \"args\": " \
	"[{\"index\": 3, \"values\": {" values "}}]" rest "}"
static const struct { const char *label, *edit, *name; uint64_t args[SECCOMP_ARGS]; uint32_t outcome; } answers[] = {
	{ "an answer", ALLOW("{\"reason\": \"r\", \"names\": [\"read\"], \"answer\": 0}"), "read", { 0 }, ANSWERS(0) },
	{ "an errno", ALLOW("{\"reason\": \"r\", \"names\": [\"read\"], \"answer\": 92}"), "read", { 0 }, ANSWERS(92) },
	{ "of a call that was refused", ALLOW("{\"reason\": \"r\", \"names\": [\"mount\"], \"answer\": 0}"), "mount", { 0 }, ANSWERS(0) },
	{ "replaces every condition", ALLOW("{\"reason\": \"r\", \"names\": [\"socket\"], \"answer\": 1}"), "socket", { 2, 1 }, ANSWERS(1) },
	{ "for some arguments", "{\"deny\": [\"fadvise64\"], \"allow\": [" ADVICE("\"a\": 1", ", \"answer\": 0") ", "
	  ADVICE("\"b\": 2", "") "]}", "fadvise64", { 9, 0, 0, 1 }, ANSWERS(0) },
	{ "runs for others", "{\"deny\": [\"fadvise64\"], \"allow\": [" ADVICE("\"a\": 1", ", \"answer\": 0") ", "
	  ADVICE("\"b\": 2", "") "]}", "fadvise64", { 9, 0, 0, HIGH | 2 }, RUNS },
	{ "refused for the rest", "{\"deny\": [\"fadvise64\"], \"allow\": [" ADVICE("\"a\": 1", ", \"answer\": 0") ", "
	  ADVICE("\"b\": 2", "") "]}", "fadvise64", { 9, 0, 0, 3 }, ANSWERS(ENOSYS) },
	{ "a name runs again what was answered", ALLOW("{\"reason\": \"r\", \"names\": [\"read\"], \"answer\": 0}, \"read\""), "read", { 0 }, RUNS },
	{ "a group does so too", ALLOW("{\"reason\": \"r\", \"names\": [\"read\"], \"answer\": 0}, "
	  "{\"reason\": \"r\", \"names\": [\"read\"]}"), "read", { 0 }, RUNS },
	{ "shipped write-back", ALLOW(""), "fdatasync", { 3 }, ANSWERS(0) },
	{ "shipped write-back of a part", ALLOW(""), "sync_file_range", { 3 }, ANSWERS(0) },
	{ "shipped advice to drop pages", ALLOW(""), "fadvise64", { 3, 0, 0, 4 }, ANSWERS(0) },
	{ "shipped advice to drop pages, high bit", ALLOW(""), "fadvise64", { 3, 0, 0, HIGH | 4 }, ANSWERS(0) },
	{ "shipped option that Java asks for", ALLOW(""), "getsockopt", { 3, 1, 56 }, ANSWERS(92) },
	{ "deny of what was answered", "{\"deny\": [\"fsync\"]}", "fsync", { 0 }, ANSWERS(ENOSYS) },
};
/* clang-format on */

START_TEST(answer_decides)
{
	AUTO_SECCOMP *l = shipped();
	AUTO_JSON *edit = parse(answers[_i].edit);
	struct err err = { 0 };

	ck_assert_msg(seccomp_list_edit(l, edit, "x", &err) == 0, "%s: %s", answers[_i].label,
		      err.msg);
	AUTO_JSON *section = seccomp_list_section(l);
	struct filter f = filter_by_libseccomp(section);
	const uint32_t got = outcome(&f, answers[_i].name, answers[_i].args);
	ck_assert_msg(got == answers[_i].outcome, "%s: 0x%x", answers[_i].label, got);
	free(f.code);
}
END_TEST

/* clang-format off */
static const struct { const char *label, *edit, *why; } bad_edits[] = {
	{ "slip", "{\"allow\": [\"ptrac\"]}", "p.allow[0]: 'ptrac' is not a system call; did you mean 'ptrace'?" },
	{ "slip in deny", "{\"deny\": [\"read\", \"soket\"]}", "p.deny[1]: 'soket' is not a system call; did you mean 'socket'?" },
	{ "no word like it", "{\"allow\": [\"launch_missiles\"]}", "'launch_missiles' is not a system call" },
	{ "both", "{\"allow\": [\"bpf\"], \"deny\": [\"bpf\"]}", "\"deny\" of the same profile" },
	{ "number", "{\"allow\": [7]}", "p.allow[0]: expected the name" },
	{ "not a list", "{\"deny\": \"read\"}", "p.deny: expected an array" },
	{ "two answers for one call", ALLOW("{\"reason\": \"r\", \"names\": [\"personality\"], \"args\": "
	  "[{\"index\": 0, \"values\": {\"x\": 0}}], \"answer\": 0}"), "p.allow[0]: 'personality' has another answer for the same arguments already; \"deny\" removes it" },
	{ "two answers that may meet", ALLOW("{\"reason\": \"r\", \"names\": [\"personality\"], \"args\": "
	  "[{\"index\": 1, \"values\": {\"x\": 7}}], \"answer\": 0}"), "another answer for the same arguments" },
	{ "a condition beside an answer to all", ALLOW("{\"reason\": \"r\", \"names\": [\"read\"], \"answer\": 0}, {\"reason\": \"r\", "
	  "\"names\": [\"read\"], \"args\": [{\"index\": 0, \"values\": {\"x\": 0}}]}"), "p.allow[1]: 'read' has another answer" },
	{ "answer too large", ALLOW("{\"reason\": \"r\", \"names\": [\"read\"], \"answer\": 4095}"), "p.allow[0].answer: expected a whole number from 0 to 4094" },
	{ "answer below 0", ALLOW("{\"reason\": \"r\", \"names\": [\"read\"], \"answer\": -1}"), "answer: expected a whole number from 0 to 4094" },
	{ "answer in words", ALLOW("{\"reason\": \"r\", \"names\": [\"read\"], \"answer\": \"success\"}"), "answer: expected a whole number" },
	{ "group without reason", "{\"allow\": [{\"names\": [\"bpf\"]}]}", "p.allow[0]: expected a \"reason\"" },
};
/* clang-format on */

START_TEST(edit_refused)
{
	AUTO_SECCOMP *l = shipped();
	AUTO_JSON *edit = parse(bad_edits[_i].edit);
	struct err err = { 0 };

	ck_assert_int_eq(seccomp_list_edit(l, edit, "p", &err), -1);
	ck_assert_int_eq(err.fault, FAULT_USAGE);
	ck_assert_msg(strstr(err.msg, bad_edits[_i].why), "%s: '%s'", bad_edits[_i].label, err.msg);
}
END_TEST

/* clang-format off */
#define GROUP(args) "{\"groups\": [{\"reason\": \"r\", \"names\": [\"socket\"], \"args\": [" args "]}]}"
static const struct { const char *label, *text, *why; } lists[] = {
	{ "smallest", "{\"groups\": [{\"reason\": \"r\", \"names\": [\"read\"]}]}", NULL },
	{ "empty", "{\"groups\": []}", "no group allows anything" },
	{ "unknown key", "{\"group\": []}", "unknown key 'group'" },
	{ "errno 0", "{\"errno\": 0, \"groups\": []}", "errno: expected a whole number from 1" },
	{ "largest errno", "{\"errno\": 4094, \"groups\": [{\"reason\": \"r\", \"names\": [\"read\"]}]}", NULL },
	{ "errno that libseccomp refuses", "{\"errno\": 4095, \"groups\": []}", "errno: expected a whole number from 1 to 4094" },
	{ "no names", "{\"groups\": [{\"reason\": \"r\", \"names\": []}]}", "groups[0]: expected" },
	{ "slip", "{\"groups\": [{\"reason\": \"r\", \"names\": [\"raed\"]}]}", "did you mean 'read'?" },
	{ "newer may be unknown", "{\"groups\": [{\"reason\": \"r\", \"names\": [\"read\"]}, "
	  "{\"reason\": \"r\", \"newer\": true, \"names\": [\"of_linux_99\"]}]}", NULL },
	{ "allowed and left out", "{\"groups\": [{\"reason\": \"r\", \"names\": [\"read\"]}], "
	  "\"left_out\": [{\"reason\": \"r\", \"names\": [\"read\"]}]}", "both in a group and left out" },
	{ "condition", GROUP("{\"index\": 5, \"values\": {\"a\": 1}}"), NULL },
	{ "seventh argument", GROUP("{\"index\": 6, \"values\": {\"a\": 1}}"), "index: expected a whole number from 0 to 5" },
	{ "no values", GROUP("{\"index\": 0, \"values\": {}}"), "args[0]: expected \"index\" and either \"values\" or \"not\"" },
	{ "neither", GROUP("{\"index\": 0}"), "args[0]: expected \"index\" and either" },
	{ "both", GROUP("{\"index\": 0, \"values\": {\"a\": 1}, \"not\": {\"b\": 2}}"), "args[0]: expected \"index\" and either" },
	{ "all but one", GROUP("{\"index\": 0, \"not\": {\"a\": 1}}"), NULL },
	{ "all but two", GROUP("{\"index\": 0, \"not\": {\"a\": 1, \"b\": 2}}"), "args[0].not: expected one value" },
	{ "all but none", GROUP("{\"index\": 0, \"not\": {}}"), "args[0].not: expected one value" },
	{ "all but one of 64 bits", GROUP("{\"index\": 0, \"bits\": 64, \"not\": {\"a\": 1}}"), "args[0].not: expected one value that is refused, of 32 bits" },
	{ "all but one outside the mask", GROUP("{\"index\": 0, \"mask\": 1, \"not\": {\"a\": 2}}"), "not.a: has bits outside" },
	{ "all but no number", GROUP("{\"index\": 0, \"not\": {\"a\": null}}"), "not.a: expected a number" },
	{ "same argument twice", GROUP("{\"index\": 0, \"values\": {\"a\": 1}}, {\"index\": 0, \"values\": {\"a\": 1}}"), "argument 0 has a condition" },
	{ "value outside the mask", GROUP("{\"index\": 0, \"mask\": \"0xf\", \"values\": {\"a\": 16}}"), "values.a: has bits outside" },
	{ "value at the mask", GROUP("{\"index\": 0, \"mask\": \"0xf\", \"values\": {\"a\": 15}}"), NULL },
	{ "value above 32 bits", GROUP("{\"index\": 0, \"values\": {\"a\": \"0x100000000\"}}"), "bits outside" },
	{ "the same in 64", GROUP("{\"index\": 0, \"bits\": 64, \"values\": {\"a\": \"0x100000000\"}}"), NULL },
	{ "mask above 32 bits", GROUP("{\"index\": 0, \"mask\": \"0x1ffffffff\", \"values\": {\"a\": 1}}"), "mask: expected a number within" },
	{ "mask and 64", GROUP("{\"index\": 0, \"bits\": 64, \"mask\": 1, \"values\": {\"a\": 1}}"), "does not go with" },
	{ "33 bits", GROUP("{\"index\": 0, \"bits\": 33, \"values\": {\"a\": 1}}"), "bits: expected 32 or 64" },
	{ "not a number", GROUP("{\"index\": 0, \"values\": {\"a\": \"0xg\"}}"), "values.a: expected a number" },
	{ "answer", "{\"groups\": [{\"reason\": \"r\", \"names\": [\"read\"], \"answer\": 4094}]}", NULL },
	{ "two answers in a list", "{\"groups\": [{\"reason\": \"r\", \"names\": [\"read\"]}, "
	  "{\"reason\": \"r\", \"names\": [\"read\"], \"answer\": 0}]}", "groups[1]: 'read' has another answer" },
	{ "negative", GROUP("{\"index\": 0, \"values\": {\"a\": -1}}"), "values.a: expected a number" },
};
/* clang-format on */

START_TEST(list_form)
{
	const char *path = "/x/own.seccomp.json";
	struct seccomp_list *l = NULL;
	struct err err = { 0 };
	AUTO_BUF text = { 0 };

	buf_add(&text, lists[_i].text, strlen(lists[_i].text));
	int got = seccomp_list_parse(path, &text, &l, &err);
	ck_assert_msg(got == (lists[_i].why ? -1 : 0), "%s: %s", lists[_i].label, err.msg);
	if (lists[_i].why) {
		ck_assert_msg(strstr(err.msg, lists[_i].why) && strstr(err.msg, path), "%s: '%s'",
			      lists[_i].label, err.msg);
		ck_assert_ptr_null(l);
	}
	seccomp_list_free(l);
}
END_TEST

START_TEST(warnings_name_the_reason)
{
	AUTO_SECCOMP *l = shipped();
	AUTO_JSON *one = parse("{\"allow\": [\"bpf\", \"socket\", \"read\", \"mount\"]}");
	AUTO_JSON *two = parse("{\"deny\": [\"mount\"]}");
	AUTO_STRV lines = NULL;

	ck_assert_int_eq(seccomp_list_edit(l, one, "x", NULL), 0);
	ck_assert_int_eq(seccomp_list_edit(l, two, "x", NULL), 0);
	seccomp_list_warn(l, &lines);
	ck_assert_uint_eq(strv_len(lines), 2); /* read was allowed before, mount is denied again */
	ck_assert_ptr_nonnull(strstr(lines[0], "'bpf', which is left out because: programs"));
	ck_assert_ptr_nonnull(strstr(lines[1], "'socket' whatever"));
}
END_TEST

Suite *suite_bundle_seccomp(void);
Suite *suite_bundle_seccomp(void)
{
	Suite *s = suite_create("bundle/seccomp");
	TCase *tc = tcase_create("seccomp");

	tcase_add_test(tc, shipped_list_decides);
	tcase_add_test(tc, section_is_whole);
	tcase_add_loop_test(tc, edit_decides, 0, N_EDITS);
	tcase_add_loop_test(tc, overlap_decides, 0, (int)(sizeof(overlaps) / sizeof(*overlaps)));
	tcase_add_loop_test(tc, answer_decides, 0, (int)(sizeof(answers) / sizeof(*answers)));
	tcase_add_loop_test(tc, edit_refused, 0, (int)(sizeof(bad_edits) / sizeof(*bad_edits)));
	tcase_add_loop_test(tc, list_form, 0, (int)(sizeof(lists) / sizeof(*lists)));
	tcase_add_test(tc, warnings_name_the_reason);
	suite_add_tcase(s, tc);
	return s;
}
