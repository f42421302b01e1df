/* runtimes.c - tells managed runtimes the memory limit of their step.
 *
 * A runtime sizes its heap by the memory that it sees, and collects garbage when the heap is full. In
 * a box it sees no cgroup, and sysinfo(2) gives the memory of the host: a heap that never gets full
 * is killed at the limit. Variables tell them instead, each by the runtime's own documented one.
 *
 * The heap is not all that a runtime uses. The shares below are measured with programs that keep 10
 * to 75 % of the limit alive, that make garbage beside it, and that allocate without end, at limits
 * of 64 MiB to 1 GiB, and with javac at 128 and 256 MiB: Java 17 (both its serial and its G1
 * collector), node 20, Go 1.19.
 */
#include "pipeline/runtimes.h"

#include <inttypes.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "image/contents.h"

/* Beside its heap a JVM uses 17 MiB to begin with and 20 to 50 in all: metaspace, compiled code, the
 * compilers' memory, what the collector knows of the heap. MinRAMPercentage is, despite its name, the
 * share where it makes a heap below 125 MiB: with less than 65 % G1 cannot keep 60 % of 64 MiB alive,
 * with 70 % a program of some pages is killed there. */
#define JAVA_OPTIONS "-XX:MaxRAM=%" PRId64 " -XX:MinRAMPercentage=65 -XX:MaxRAMPercentage=75"
/* JVMs read it and print a line about it on stderr. */
#define JAVA_LOUD "JAVA_TOOL_OPTIONS"
/* An image that sets it, empty, has a `java` that takes its options from there without a word. */
#define JAVA_QUIET "MOULETTE_JAVA_OPTIONS"
/* Of the old generation alone; the young one is 48 MiB at most, of which a program of some pages uses
 * 10. 85 % is too much at 128 MiB. */
#define NODE_PERCENT 75
/* Of all that the Go runtime uses; it keeps to it as long as what is alive allows. The Go project
 * advises to leave 5 to 10 % (go.dev/doc/gc-guide). */
#define GO_PERCENT 90
/* What .NET itself takes in a container whose limit it sees (its manual on GCHeapHardLimit). */
#define DOTNET_PERCENT 75

#define MIB (1 << 20)

void runtimes_find(const struct image *image, struct runtimes *ret)
{
	*ret = (struct runtimes){ .java = image_has_program(image, "java"),
				  .node = image_has_program(image, "node"),
				  .dotnet = image_has_program(image, "dotnet") };
}

static int64_t share(int64_t bytes, int percent)
{
	return bytes / 100 * percent + bytes % 100 * percent / 100;
}

/* Return: whether it was not set before. */
static bool offer(char ***env, const char *name, const char *value)
{
	if (env_get(*env, name))
		return false;
	AUTO_FREE char *assignment = mem_printf("%s=%s", name, value);
	strv_add(env, assignment);
	return true;
}

/* A command that says it itself, as a row of the table of languages does. */
static bool says_memory(char *const *argv)
{
	for (; argv && *argv; argv++)
		if (strstr(*argv, "-XX:MaxRAM="))
			return true;
	return false;
}

static char *set_java(const struct runtimes *r, const struct step_spec *spec, int64_t memory,
		      char ***env)
{
	AUTO_FREE char *options = mem_printf(JAVA_OPTIONS, memory);
	const char *quiet = env_get(*env, JAVA_QUIET);
	if (quiet && !*quiet) {
		AUTO_FREE char *assignment = mem_printf(JAVA_QUIET "=%s", options);
		env_set(env, assignment);
	}
	if (quiet || !r->java || says_memory(spec->argv) || !offer(env, JAVA_LOUD, options))
		return NULL;
	return mem_printf("Picked up " JAVA_LOUD ": %s\n", options);
}

static void set_node(int64_t memory, char ***env)
{
	int64_t mib = share(memory, NODE_PERCENT) / MIB;
	/* 0 would mean node's own default. */
	AUTO_FREE char *option = mem_printf("--max-old-space-size=%" PRId64, mib > 0 ? mib : 1);
	offer(env, "NODE_OPTIONS", option);
}

static void set_go(int64_t memory, char ***env)
{
	AUTO_FREE char *bytes = mem_printf("%" PRId64, share(memory, GO_PERCENT));
	offer(env, "GOMEMLIMIT", bytes);
}

/* The limit in bytes would win over one in percent. */
static void set_dotnet(int64_t memory, char ***env)
{
	AUTO_FREE char *bytes = mem_printf("0x%" PRIx64, share(memory, DOTNET_PERCENT));
	if (!env_get(*env, "DOTNET_GCHeapHardLimitPercent"))
		offer(env, "DOTNET_GCHeapHardLimit", bytes);
}

char *runtimes_env(const struct runtimes *r, const struct step_spec *spec, char ***env)
{
	int64_t memory = spec->limits.v[LIMIT_MEMORY];
	if (memory == LIMIT_UNSET)
		return NULL;
	if (r->node)
		set_node(memory, env);
	/* A compiled program brings its runtime along: that the image has no `go` says nothing. */
	set_go(memory, env);
	if (r->dotnet)
		set_dotnet(memory, env);
	return set_java(r, spec, memory, env);
}
