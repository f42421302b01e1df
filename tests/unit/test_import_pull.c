/* test_import_pull.c - references of images, and what skopeo's complaints mean. */
#include <check.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "import/pull.h"

static const struct {
	const char *label, *ref, *expect, *why;
} refs[] = {
	{ "a registry", "docker://example.org/a/b:1", "docker://example.org/a/b:1", NULL },
	{ "docker is meant", "example.org:5000/a/b:1", "docker://example.org:5000/a/b:1", NULL },
	{ "one word", "alpine", "docker://alpine", NULL },
	{ "a digest", "a/b@sha256:00", "docker://a/b@sha256:00", NULL },
	{ "a layout", "oci:/a/b:1", "oci:/a/b:1", NULL },
	{ "a layout here", "oci:b:1", "oci:CWD/b:1", NULL },
	{ "an archive here", "docker-archive:b.tar", "docker-archive:CWD/b.tar", NULL },
	{ "the other archive", "oci-archive:/b.tar:x", "oci-archive:/b.tar:x", NULL },
	{ "a folder's name with an at", "oci:/a@b", "oci:/a@b", NULL },
	{ "a folder", "dir:/a", NULL, "transport" },
	{ "a daemon", "docker-daemon:a:1", NULL, "transport" },
	{ "a store", "containers-storage:a", NULL, "transport" },
	{ "a web address", "https://example.org/a", NULL, "transport" },
	{ "empty", "", NULL, "names no image" },
	{ "nothing behind it", "docker://", NULL, "names no image" },
	{ "an option", "--help", NULL, "names no image" },
	{ "a space", "a b", NULL, "space or control" },
	{ "a control character", "a\nb", NULL, "space or control" },
	{ "a password", "docker://me:secret@example.org/a", NULL, "skopeo login" },
	{ "a password, short", "me@example.org/a", NULL, "skopeo login" },
	{ "a password and a digest", "me:x@example.org/a@sha256:00", NULL, "skopeo login" },
};

START_TEST(references)
{
	AUTO_FREE char *got = NULL;
	AUTO_FREE char *cwd = getcwd(NULL, 0);
	struct err err = { 0 };

	int failed = pull_source(refs[_i].ref, &got, &err);
	ck_assert_msg(failed == (refs[_i].expect ? 0 : -1), "%s: %s", refs[_i].label, err.msg);
	if (failed) {
		ck_assert_int_eq(err.fault, FAULT_USAGE);
		ck_assert_msg(strstr(err.msg, refs[_i].why), "%s: %s", refs[_i].label, err.msg);
		ck_assert_msg(!strstr(err.msg, "secret"), "%s: %s", refs[_i].label, err.msg);
		ck_assert_ptr_null(got);
		return;
	}
	const char *here = strstr(refs[_i].expect, "CWD");
	AUTO_FREE char *expect = here ? mem_printf("%.*s%s%s", (int)(here - refs[_i].expect),
						   refs[_i].expect, cwd, here + 3) :
					mem_strdup(refs[_i].expect);
	ck_assert_msg(strcmp(got, expect) == 0, "%s: %s", refs[_i].label, got);
}
END_TEST

static const struct {
	const char *source;
	bool expect;
} hosts[] = {
	{ "docker://localhost/a", true },
	{ "docker://localhost:5000/a:1", true },
	{ "docker://127.0.0.1:5000/a", true },
	{ "docker://127.255.0.9/a", true },
	{ "docker://[::1]:5000/a", true },
	{ "docker://[::1]/a", true },
	{ "docker://128.0.0.1:5000/a", false },
	{ "docker://10.0.0.1/a", false },
	{ "docker://127.0.0.1.example.org/a", false },
	{ "docker://localhost.example.org/a", false },
	{ "docker://[::1].example.org/a", false },
	{ "docker://localhost:5000", false }, /* an image of that name on the usual registry */
	{ "docker://example.org/localhost/a", false },
	{ "oci:localhost/a", false },
};

START_TEST(loopback)
{
	ck_assert_msg(pull_is_loopback(hosts[_i].source) == hosts[_i].expect, "%s",
		      hosts[_i].source);
}
END_TEST

#define FATAL(text) "time=\"2026\" level=fatal msg=\"" text "\"\n"
static const struct {
	const char *said, *reason;
	enum fault fault;
} said[] = {
	{ "Getting image source signatures\n" FATAL("a: manifest unknown: manifest unknown"),
	  "a: manifest unknown: manifest unknown", FAULT_USAGE },
	{ FATAL("b: Get \\\"http://x/v2/\\\": dial tcp: connection refused"),
	  "b: Get \"http://x/v2/\": dial tcp: connection refused", FAULT_INFRA },
	{ FATAL("c: requested access to the resource is denied"),
	  "c: requested access to the resource is denied", FAULT_USAGE },
	{ FATAL("d: dial tcp: lookup x: no such host"), "d: dial tcp: lookup x: no such host",
	  FAULT_INFRA },
	{ FATAL("e: no space left on device"), "e: no space left on device", FAULT_INFRA },
	{ FATAL("f \\\\ g"), "f \\ g", FAULT_INFRA },
	{ "time=x level=fatal msg=\"cut \\", "cut \\", FAULT_INFRA },
	{ "panic: x\n\tgoroutine 1\n\n", "\tgoroutine 1", FAULT_INFRA },
	{ "", "it said nothing", FAULT_INFRA },
};

START_TEST(complaints)
{
	AUTO_FREE char *reason = pull_reason(said[_i].said);
	ck_assert_str_eq(reason, said[_i].reason);
	ck_assert_msg(pull_fault(reason) == said[_i].fault, "%s", reason);
}
END_TEST

Suite *suite_import_pull(void);
Suite *suite_import_pull(void)
{
	Suite *s = suite_create("import/pull");
	TCase *tc = tcase_create("pull");
#define N(rows) (int)(sizeof(rows) / sizeof(*(rows)))
	tcase_add_loop_test(tc, references, 0, N(refs));
	tcase_add_loop_test(tc, loopback, 0, N(hosts));
	tcase_add_loop_test(tc, complaints, 0, N(said));
#undef N
	suite_add_tcase(s, tc);
	return s;
}
