/* test_result_first_error.c - the line of a compiler that a teacher should see. */
#include "result/first_error.h"

#include <check.h>
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"

Suite *suite_result_first_error(void);

struct said {
	const char *text;
	size_t at, piece;
	bool fails;
};

static ssize_t read_said(void *ctx, void *data, size_t len)
{
	struct said *s = ctx;
	size_t left = strlen(s->text) - s->at, n = left < s->piece ? left : s->piece;

	if (left == 0 && s->fails) {
		errno = EIO;
		return -1;
	}
	n = n < len ? n : len;
	memcpy(data, s->text + s->at, n);
	s->at += n;
	return (ssize_t)n;
}

/* @found NULL: none. */
static const struct {
	const char *label, *text, *found;
} rows[] = {
	{ "nothing", "", NULL },
	{ "gcc",
	  "a.c: In function 'main':\na.c:4:9: error: expected ';' before 'return'\n    4 |         return x;\n"
	  "a.c:5:1: error: second\n",
	  "a.c:4:9: error: expected ';' before 'return'" },
	{ "gcc, a header",
	  "In file included from a.c:1:\na.h:3:10: fatal error: no.h: No such file or directory\n"
	  "compilation terminated.\n",
	  "a.h:3:10: fatal error: no.h: No such file or directory" },
	{ "gcc, a blank in a name", "my file.c:1:1: error: x\n", "my file.c:1:1: error: x" },
	{ "gcc, its own fault", "a.c:1:1: internal compiler error: Segmentation fault\n",
	  "a.c:1:1: internal compiler error: Segmentation fault" },
	{ "gcc, a warning before",
	  "a.c:1:2: warning: x [-Wy]\n  1 | // error: z\na.c:2:2: error: y [-Werror=z]\n",
	  "a.c:2:2: error: y [-Werror=z]" },
	{ "gcc in colours",
	  "\033[01m\033[Ka.c:4:9:\033[m\033[K \033[01;31m\033[Kerror: \033[m\033[Kexpected\r\n",
	  "a.c:4:9: error: expected" },
	{ "a line of source that clang quotes",
	  "a.c:1:1: warning: w\n  puts(\"x\"); // error: no\n  f(\"error: y\");\n", NULL },
	{ "a word like it", "terror: x\nerrors: 3\n1 error generated.\nno error\n", NULL },
	{ "clang's driver", "clang: error: no such file or directory: 'a.c'\n",
	  "clang: error: no such file or directory: 'a.c'" },
	{ "the linker of gcc",
	  "/usr/bin/ld: /tmp/c.o: in function `main':\nb.c:(.text+0x5): undefined reference to `f'\n"
	  "collect2: error: ld returned 1 exit status\n",
	  "b.c:(.text+0x5): undefined reference to `f'" },
	{ "the linker, two of one name",
	  "/usr/bin/ld: b.o:b.c:(.text+0x0): multiple definition of `f'; a.o: first defined here\n",
	  "/usr/bin/ld: b.o:b.c:(.text+0x0): multiple definition of `f'; a.o: first defined here" },
	{ "the linker, a library",
	  "/usr/bin/ld: cannot find -lfoo: No such file or directory\ncollect2: error: ld returned 1 exit status\n",
	  "/usr/bin/ld: cannot find -lfoo: No such file or directory" },
	{ "the linker's last word alone", "collect2: error: ld returned 1 exit status\n",
	  "collect2: error: ld returned 1 exit status" },
	{ "lld", "ld.lld: error: undefined symbol: f\n>>> referenced by b.c\n",
	  "ld.lld: error: undefined symbol: f" },
	{ "the assembler", "a.s: Assembler messages:\na.s:3: Error: no such instruction: `foo'\n",
	  "a.s:3: Error: no such instruction: `foo'" },
	{ "javac", "A.java:1: error: ';' expected\nclass A { void f() { int x = 1 } }\n1 error\n",
	  "A.java:1: error: ';' expected" },
	{ "javac, no file", "error: file not found: B.java\nUsage: javac <options>\n",
	  "error: file not found: B.java" },
	{ "rustc",
	  "error[E0425]: cannot find value `y` in this scope\n --> r.rs:1:21\n  |\nerror: aborting\n",
	  "error[E0425]: cannot find value `y` in this scope (r.rs:1:21)" },
	{ "rustc without a place", "error: no main\n\nerror: aborting\n", "error: no main" },
	{ "go",
	  "# command-line-arguments\n./main.go:5:2: undefined: x\n./main.go:6:2: undefined: y\n",
	  "./main.go:5:2: undefined: x" },
	{ "ghc", "\nMain.hs:3:5: error: [GHC-88464]\n    Variable not in scope: x\n  |\n",
	  "Main.hs:3:5: error: [GHC-88464] Variable not in scope: x" },
	{ "ghc of before", "Main.hs:(3,5)-(4,6): error:\n    \xe2\x80\xa2 Couldn't match\n",
	  "Main.hs:(3,5)-(4,6): error: \xe2\x80\xa2 Couldn't match" },
	{ "ghc in one line", "m.hs:2:1: error: parse error on input 'x'\n",
	  "m.hs:2:1: error: parse error on input 'x'" },
	{ "python",
	  "  File \"q.py\", line 1\n    def f(:\n          ^\nSyntaxError: invalid syntax",
	  "SyntaxError: invalid syntax (q.py, line 1)" },
	{ "py_compile", "Sorry: IndentationError: expected an indented block (x.py, line 3)\n",
	  "Sorry: IndentationError: expected an indented block (x.py, line 3)" },
	{ "ocaml",
	  "File \"x.ml\", line 2, characters 4-5:\n2 | let y = z\n            ^\nError: Unbound value z\n",
	  "Error: Unbound value z (x.ml, line 2)" },
	{ "fpc",
	  "Compiling p.pas\np.pas(2,2) Error: Identifier not found \"x\"\nFatal: Compilation aborted\n",
	  "p.pas(2,2) Error: Identifier not found \"x\"" },
	{ "fpc, at once", "p.pas(4,1) Fatal: Syntax error, \";\" expected\n",
	  "p.pas(4,1) Fatal: Syntax error, \";\" expected" },
	{ "C#", "P.cs(3,5): error CS1002: ; expected\n", "P.cs(3,5): error CS1002: ; expected" },
	{ "bash", "x.sh: line 3: syntax error near unexpected token `fi'\n",
	  "x.sh: line 3: syntax error near unexpected token `fi'" },
	{ "perl", "syntax error at x.pl line 3, near \"}\"\n",
	  "syntax error at x.pl line 3, near \"}\"" },
	{ "make with a compiler's",
	  "cc -c a.c\na.c:1:1: error: x\nmake: *** [<builtin>: a.o] Error 1\n",
	  "a.c:1:1: error: x" },
	{ "make alone", "make: *** No rule to make target 'x.c', needed by 'x'.  Stop.\n",
	  "make: *** No rule to make target 'x.c', needed by 'x'.  Stop." },
	{ "a Makefile", "Makefile:3: *** missing separator.  Stop.\n",
	  "Makefile:3: *** missing separator.  Stop." },
	{ "make's own word for a failed command", "make: *** [Makefile:3: all] Error 1\n", NULL },
};

START_TEST(one_row)
{
	static const size_t pieces[] = { 1, 7, 100000 };
	for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
		struct said s = { .text = rows[_i].text, .piece = pieces[i] };
		char got[FIRST_ERROR_MAX];
		int found = first_error_find(read_said, &s, got);
		ck_assert_msg(found == (rows[_i].found != NULL), "%s: %d '%s'", rows[_i].label,
			      found, got);
		ck_assert_msg(strcmp(got, rows[_i].found ? rows[_i].found : "") == 0, "%s: '%s'",
			      rows[_i].label, got);
	}
}
END_TEST

START_TEST(a_long_line_is_cut_between_characters)
{
	AUTO_FREE char *text = mem_alloc(5000);
	char got[FIRST_ERROR_MAX];
	strcpy(text, "a.c:1:1: error: ");
	for (size_t i = 0; i < 2000; i++)
		strcat(text, "\xc3\xa4");
	for (size_t i = 0; i < 2; i++) {
		struct said s = { .text = text, .piece = 4096 };
		text[0] = (char)('a' + i);
		if (i == 1)
			memmove(text, text + 1, strlen(text)); /* the cut falls into a character */
		ck_assert_int_eq(first_error_find(read_said, &s, got), 1);
		ck_assert_uint_le(strlen(got), FIRST_ERROR_MAX - 1);
		ck_assert_uint_ge(strlen(got), FIRST_ERROR_MAX - 3);
		ck_assert_str_eq(got + strlen(got) - 5, "\xc3\xa4...");
	}
}
END_TEST

START_TEST(a_source_that_fails)
{
	char got[FIRST_ERROR_MAX];
	struct said s = { .text = "a\n", .piece = 1, .fails = true };
	ck_assert_int_eq(first_error_find(read_said, &s, got), -1);
	ck_assert_int_eq(errno, EIO);
}
END_TEST

Suite *suite_result_first_error(void)
{
	Suite *s = suite_create("result/first_error");
	TCase *tc = tcase_create("first_error");
	tcase_add_loop_test(tc, one_row, 0, (int)(sizeof rows / sizeof *rows));
	tcase_add_test(tc, a_long_line_is_cut_between_characters);
	tcase_add_test(tc, a_source_that_fails);
	suite_add_tcase(s, tc);
	return s;
}
