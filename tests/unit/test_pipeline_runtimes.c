/* test_pipeline_runtimes.c - which variables a step gets for its memory limit, and which not. */
#include "pipeline/runtimes.h"

#include <check.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/fd.h"
#include "base/mem.h"

Suite *suite_pipeline_runtimes(void);

#define MIB (INT64_C(1) << 20)
#define SAYS(bytes) "-XX:MaxRAM=" bytes " -XX:MinRAMPercentage=65 -XX:MaxRAMPercentage=75"
#define JAVA_64 "JAVA_TOOL_OPTIONS=" SAYS("67108864")
#define QUIET_64 "MOULETTE_JAVA_OPTIONS=" SAYS("67108864")
#define NODE_64 "NODE_OPTIONS=--max-old-space-size=48"
#define GO_64 "GOMEMLIMIT=60397977"
#define DOTNET_64 "DOTNET_GCHeapHardLimit=0x3000000"

enum { NONE = 0, JAVA = 1, NODE = 2, DOTNET = 4, ALL = 7 };

/* @want: the whole environment afterwards. */
static const struct {
	const char *label;
	int has;
	int64_t memory;
	const char *env, *word, *want;
} rows[] = {
	{ "nothing in the image", NONE, 64 * MIB, "A=1", NULL, "A=1," GO_64 },
	{ "all", ALL, 64 * MIB, "A=1", NULL, "A=1," NODE_64 "," GO_64 "," DOTNET_64 "," JAVA_64 },
	{ "java alone", JAVA, 64 * MIB, "A=1", NULL, "A=1," GO_64 "," JAVA_64 },
	{ "no limit", ALL, LIMIT_UNSET, "A=1", NULL, "A=1" },
	{ "the least limit", NODE | DOTNET, MIB, "A=1", NULL,
	  "A=1,NODE_OPTIONS=--max-old-space-size=1,GOMEMLIMIT=943718,DOTNET_GCHeapHardLimit=0xc0000" },
	{ "more than 32 bits", NODE | DOTNET, 65536 * MIB, "A=1", NULL,
	  "A=1,NODE_OPTIONS=--max-old-space-size=49152,GOMEMLIMIT=61847529062,"
	  "DOTNET_GCHeapHardLimit=0xc00000000" },
	{ "the most that a limit can be", NONE, INT64_C(1) << 62, "A=1", NULL,
	  "A=1,GOMEMLIMIT=4150517416584649113" },
	{ "java's is set", JAVA, 64 * MIB, "JAVA_TOOL_OPTIONS=-ea", NULL,
	  "JAVA_TOOL_OPTIONS=-ea," GO_64 },
	{ "java's is set to nothing", JAVA, 64 * MIB, "JAVA_TOOL_OPTIONS=", NULL,
	  "JAVA_TOOL_OPTIONS=," GO_64 },
	{ "node's is set", NODE, 64 * MIB, "NODE_OPTIONS=", NULL, "NODE_OPTIONS=," GO_64 },
	{ "go's is set", NONE, 64 * MIB, "GOMEMLIMIT=off", NULL, "GOMEMLIMIT=off" },
	{ ".NET's is set", DOTNET, 64 * MIB, "DOTNET_GCHeapHardLimit=1", NULL,
	  "DOTNET_GCHeapHardLimit=1," GO_64 },
	{ ".NET's is set in percent", DOTNET, 64 * MIB, "DOTNET_GCHeapHardLimitPercent=1", NULL,
	  "DOTNET_GCHeapHardLimitPercent=1," GO_64 },
	{ "a quiet java", JAVA, 64 * MIB, "MOULETTE_JAVA_OPTIONS=", NULL, QUIET_64 "," GO_64 },
	{ "a quiet java off the PATH", NONE, 64 * MIB, "MOULETTE_JAVA_OPTIONS=", NULL,
	  QUIET_64 "," GO_64 },
	{ "a quiet java that was told", JAVA, 64 * MIB, "MOULETTE_JAVA_OPTIONS=-ea", NULL,
	  "MOULETTE_JAVA_OPTIONS=-ea," GO_64 },
	{ "the command says it", JAVA, 64 * MIB, "A=1", "-XX:MaxRAM=1", "A=1," GO_64 },
	{ "the command of a compiler says it", JAVA, 64 * MIB, "A=1", "-J-XX:MaxRAM=1",
	  "A=1," GO_64 },
	{ "the command says something else", JAVA, 64 * MIB, "A=1", "-XX:MaxRAMPercentage=1",
	  "A=1," GO_64 "," JAVA_64 },
};

static char *joined(char *const *v)
{
	AUTO_BUF b = { 0 };
	for (; *v; v++)
		buf_printf(&b, "%s%s", b.len ? "," : "", *v);
	return buf_take(&b);
}

/* The order is of no importance to a program; here it is that in which they are added. */
START_TEST(one_row)
{
	const struct runtimes r = { .java = rows[_i].has & JAVA,
				    .node = rows[_i].has & NODE,
				    .dotnet = rows[_i].has & DOTNET };
	AUTO_STRV argv = NULL;
	AUTO_STRV env = NULL;
	struct step_spec spec = { .name = NULL };
	strv_add(&argv, "java");
	if (rows[_i].word)
		strv_add(&argv, rows[_i].word);
	spec.argv = argv;
	spec.limits.v[LIMIT_MEMORY] = rows[_i].memory;
	strv_add(&env, rows[_i].env);
	AUTO_FREE char *line = runtimes_env(&r, &spec, &env);
	AUTO_FREE char *got = joined(env);
	ck_assert_msg(strcmp(got, rows[_i].want) == 0, "%s: %s", rows[_i].label, got);
	/* There is a line when, and only when, the variable that makes it is ours. */
	bool ours = strstr(rows[_i].want, JAVA_64);
	ck_assert_msg(!!line == ours, "%s: %s", rows[_i].label, line ? line : "no line");
	if (ours)
		ck_assert_str_eq(line, "Picked up JAVA_TOOL_OPTIONS: " SAYS("67108864") "\n");
}
END_TEST

START_TEST(programs_of_an_image)
{
	char tree[] = "/tmp/moulette-unit-XXXXXX";
	ck_assert_ptr_nonnull(mkdtemp(tree));
	AUTO_FREE char *bin = mem_printf("%s/usr/bin", tree);
	AUTO_FREE char *node = mem_printf("%s/node", bin), *java = mem_printf("%s/java", bin);
	AUTO_STRV env = NULL;
	strv_add(&env, "PATH=/usr/bin");
	const struct image image = { .rootfs = tree, .env = env };
	struct runtimes r;
	ck_assert_int_eq(fd_mkdir_p(bin, 0755), 0);
	ck_assert_int_eq(file_write(AT_FDCWD, node, "x"), 0);
	ck_assert_int_eq(chmod(node, 0755), 0);
	ck_assert_int_eq(file_write(AT_FDCWD, java, "x"), 0);
	ck_assert_int_eq(chmod(java, 0644), 0); /* no program */
	runtimes_find(&image, &r);
	ck_assert(r.node && !r.java && !r.dotnet);
	ck_assert_int_eq(tree_remove_at(AT_FDCWD, tree), 0);
}
END_TEST

Suite *suite_pipeline_runtimes(void)
{
	Suite *s = suite_create("pipeline/runtimes");
	TCase *tc = tcase_create("runtimes");
	tcase_add_loop_test(tc, one_row, 0, (int)(sizeof rows / sizeof *rows));
	tcase_add_test(tc, programs_of_an_image);
	suite_add_tcase(s, tc);
	return s;
}
