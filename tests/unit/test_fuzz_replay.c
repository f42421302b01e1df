/* test_fuzz_replay.c - every fuzzer with the files of its corpus: what once was found stays mended. */
#include <check.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/fd.h"
#include "base/mem.h"

#define CORPUS "tests/fuzz/corpus"

typedef void fuzz_fn(const char *data, size_t size);
#define FUZZER(name) extern fuzz_fn fuzz_##name;
#include "fuzzers.inc"
#undef FUZZER

static const struct {
	const char *name;
	fuzz_fn *fuzz;
} fuzzers[] = {
#define FUZZER(name) { #name, fuzz_##name },
#include "fuzzers.inc"
#undef FUZZER
};

/* Each input in memory that ends with it, so that a sanitizer sees who reads on. */
static void replay(fuzz_fn *fuzz, int dir, const char *name)
{
	AUTO_BUF text = { 0 };
	ck_assert_msg(file_read(dir, name, &text, 1 << 20) == 0, "%s", name);
	AUTO_FREE char *exact = malloc(text.len + !text.len);
	for (size_t i = 0; i < text.len; i++)
		exact[i] = text.data[i];
	fuzz(exact, text.len);
}

START_TEST(a_corpus)
{
	AUTO_FREE char *path = mem_printf(CORPUS "/%s", fuzzers[_i].name);
	AUTO_DIR DIR *d = opendir(path);
	int n = 0;
	ck_assert_msg(d, "'%s' is missing; run this in the source tree", path);
	for (struct dirent *e; (e = readdir(d));)
		if (e->d_name[0] != '.') {
			replay(fuzzers[_i].fuzz, dirfd(d), e->d_name);
			n++;
		}
	ck_assert_msg(n > 0, "'%s' is empty", path);
	fuzzers[_i].fuzz("", 0);
}
END_TEST

Suite *suite_fuzz_replay(void);
Suite *suite_fuzz_replay(void)
{
	Suite *s = suite_create("fuzz/replay");
	TCase *tc = tcase_create("replay");
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, a_corpus, 0, (int)(sizeof fuzzers / sizeof *fuzzers));
	suite_add_tcase(s, tc);
	return s;
}
