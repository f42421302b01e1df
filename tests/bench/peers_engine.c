/* peers_engine.c - podman and docker: container engines as people have them. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "bench/peers.h"
#include "bench/processes.h"
#include "bench/program.h"
#include "bench/room.h"

static const char *const limits[] = {
	"--rm",
	"--network",
	"none",
	"--memory",
	ROOM_MEMORY,
	"--memory-swap",
	ROOM_MEMORY,
	"--pids-limit",
	ROOM_PROCESSES,
	"--cap-drop",
	"ALL",
	"--security-opt",
	"no-new-privileges",
	"--read-only",
	"--ulimit",
	"nofile=1024:1024",
	"--ulimit",
	"nproc=1024:1024",
	"--user",
	"1000:1000",
	"--log-driver",
	"none",
	NULL,
};

static void add_all(char ***argv, const char *const *words)
{
	for (; *words; words++)
		strv_add(argv, *words);
}

/* --- podman: with storage of its own, so that nobody's containers are touched --------------- */

static int podman_command(const struct trial *t, struct work *ret, struct err *err)
{
	const struct room *r = t->input;
	AUTO_FREE char *root = mem_printf("%s/podman", r->path);
	AUTO_FREE char *runroot = mem_printf("%s/podman", r->state);
	AUTO_FREE char *parent = mem_printf("/%s", r->cgroup);
	const char *const head[] = { t->program,
				     "--root",
				     root,
				     "--runroot",
				     runroot,
				     "--cgroup-manager",
				     "cgroupfs",
				     "--storage-driver",
				     "vfs",
				     "run",
				     "--cgroup-parent",
				     parent,
				     NULL };
	AUTO_STRV argv = NULL;
	(void)err;
	add_all(&argv, head);
	add_all(&argv, limits);
	strv_add(&argv, "--rootfs");
	strv_add(&argv, r->rootfs);
	room_program(t, &argv);
	work_add(ret, argv, t->units);
	bench_peer_env(&ret->env);
	/* Its runtime may be crun. */
	ret->hide_unified = true;
	return 0;
}

const struct contender peer_podman = {
	.name = "podman",
	.protects =
		"namespaces without users, no capability, cgroup, its own seccomp list, rlimits",
	.program = "podman",
	.version_option = "--version",
	.command = podman_command,
	.prove = room_prove,
};

/* --- docker: what its daemons need for a run is added, as far as they say it ---------------- */

#define TAG "moulette-bench"

static bool docker_probe(const struct bench *b, void *input, char **ret_why)
{
	const struct room *r = input;
	AUTO_FREE char *log = mem_printf("%s/docker", r->path);
	AUTO_FREE char *program = program_find("docker", ret_why);
	if (!program)
		return false;
	char *const argv[] = {
		(char *)"/bin/sh",
		(char *)"-ec",
		(char *)"\"$0\" version >/dev/null; tar -C \"$1\" -c . | \"$0\" import - " TAG
			" >/dev/null",
		program,
		r->rootfs,
		NULL
	};
	struct err err = { 0 };
	if (bench_call(b, r->home, argv, log, &err) == 0)
		return true;
	*ret_why = mem_strdup(err.msg);
	return false;
}

static void docker_cleanup(const struct bench *b, void *input)
{
	const struct room *r = input;
	AUTO_FREE char *log = mem_printf("%s/docker", r->path);
	AUTO_FREE char *why = NULL;
	AUTO_FREE char *program = program_find("docker", &why);
	if (!program)
		return;
	char *const argv[] = { (char *)"/bin/sh", (char *)"-ec",
			       (char *)"\"$0\" version; \"$0\" rmi " TAG, program, NULL };
	struct err err = { 0 };
	bench_call(b, r->home, argv, log, &err);
}

static int64_t daemons_cpu(void *ctx)
{
	static const char *const names[] = { "dockerd", "containerd", NULL };
	(void)ctx;
	return servers_cpu_ns(names);
}

static int docker_command(const struct trial *t, struct work *ret, struct err *err)
{
	AUTO_STRV argv = NULL;
	(void)err;
	strv_add(&argv, t->program);
	strv_add(&argv, "run");
	add_all(&argv, limits);
	strv_add(&argv, TAG);
	room_program(t, &argv);
	work_add(ret, argv, t->units);
	bench_peer_env(&ret->env);
	ret->outside = daemons_cpu;
	return 0;
}

const struct contender peer_docker = {
	.name = "docker",
	.protects =
		"namespaces without users, no capability, cgroup, its own seccomp list, rlimits; "
		"CPU with its daemons, without what their shims take along when they end",
	.program = "docker",
	.version_option = "--version",
	.probe = docker_probe,
	.command = docker_command,
	.prove = room_prove,
	.cleanup = docker_cleanup,
};
