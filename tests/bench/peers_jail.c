/* peers_jail.c - sandboxes that start one program and know nothing of images. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/fd.h"
#include "base/mem.h"
#include "bench/peers.h"
#include "bench/room.h"

#define HOST_ID "1000:1610612736" /* an id of the box, and one that nobody has on the host */

static void add_all(char ***argv, const char *const *words)
{
	for (; *words; words++)
		strv_add(argv, *words);
}

/* --- bwrap -------------------------------------------------------------------------------- */

static int bwrap_command(const struct trial *t, struct work *ret, struct err *err)
{
	const struct room *r = t->input;
	const char *const words[] = { t->program,
				      "--unshare-all",
				      "--unshare-user",
				      "--uid",
				      "1000",
				      "--gid",
				      "1000",
				      "--die-with-parent",
				      "--new-session",
				      "--clearenv",
				      "--ro-bind",
				      r->rootfs,
				      "/",
				      "--proc",
				      "/proc",
				      "--dev",
				      "/dev",
				      "--tmpfs",
				      "/tmp",
				      "--chdir",
				      "/work",
				      "--",
				      NULL };
	AUTO_STRV argv = NULL;
	(void)err;
	add_all(&argv, words);
	room_program(t, &argv);
	work_add(ret, argv, t->units);
	bench_peer_env(&ret->env);
	return 0;
}

const struct contender peer_bwrap = {
	.name = "bwrap",
	.protects = "all namespaces, one uid, no capability; no cgroup, no seccomp, no limits",
	.program = "bwrap",
	.version_option = "--version",
	.command = bwrap_command,
	.prove = room_prove,
};

/* --- isolate ------------------------------------------------------------------------------ */

/* A box of the user's own with this number would be emptied; few have as many. */
#define BOX "--box-id=99"

static void isolate_run(const struct trial *t, const char *meta, struct work *ret)
{
	const struct room *r = t->input;
	AUTO_FREE char *bin = mem_printf("--dir=bin=%s/bin", r->rootfs);
	AUTO_FREE char *file = mem_printf("--meta=%s", meta);
	const char *const words[] = { t->program,
				      BOX,
				      "--silent",
				      "--no-default-dirs",
				      "--dir=box=./box:rw",
				      bin,
				      "--dir=proc=proc:fs",
				      "--mem=1048576",
				      "--processes=" ROOM_PROCESSES,
				      file,
				      "--run",
				      "--",
				      NULL };
	AUTO_STRV argv = NULL;
	add_all(&argv, words);
	room_program(t, &argv);
	work_add(ret, argv, t->units);
}

static int isolate_work(const struct trial *t, bool counts_box, struct work *ret)
{
	AUTO_FREE char *meta = mem_printf("%s/meta", t->dir);
	char *const init[] = { (char *)(size_t)t->program, (char *)BOX, (char *)"--silent",
			       (char *)"--init", NULL };
	char *const cleanup[] = { (char *)(size_t)t->program, (char *)BOX, (char *)"--silent",
				  (char *)"--cleanup", NULL };
	/* What init says is the path of the box, which is not the program's output. */
	char *const quiet_init[] = { (char *)"/bin/sh", (char *)"-c", (char *)"exec \"$@\" >&2",
				     (char *)"sh",      init[0],      init[1],
				     init[2],           init[3],      NULL };
	work_add(ret, quiet_init, 1);
	isolate_run(t, meta, ret);
	if (!t->failing)
		work_add(ret, cleanup, 1);
	ret->steps[0].uncounted = ret->steps[ret->n - 1].uncounted = !counts_box;
	if (t->failing)
		ret->steps[1].uncounted = false;
	bench_peer_env(&ret->env);
	return 0;
}

static int isolate_command(const struct trial *t, struct work *ret, struct err *err)
{
	(void)err;
	return isolate_work(t, true, ret);
}

static int isolate_ready_command(const struct trial *t, struct work *ret, struct err *err)
{
	(void)err;
	return isolate_work(t, false, ret);
}

/* The program's status is in the file alone. */
static int isolate_prove(const struct trial *t, struct err *err)
{
	AUTO_FREE char *meta = mem_printf("%s/meta", t->dir);
	AUTO_BUF text = { 0 };
	if (room_prove(t, err) < 0)
		return -1;
	if (file_read(AT_FDCWD, meta, &text, 65536) < 0 || !text.data ||
	    !strstr(text.data, "exitcode:7\n"))
		return err_set(err, FAULT_INFRA, 0, "its meta file does not say exit code 7");
	return 0;
}

#define ISOLATE_PROTECTS \
	"namespaces, a uid, a short list of refused system calls, rlimits; no cgroup"

const struct contender peer_isolate = {
	.name = "isolate",
	.protects = ISOLATE_PROTECTS "; init and cleanup once a submission",
	.program = "isolate",
	.version_option = "--version",
	.fails_with = 1,
	.command = isolate_command,
	.prove = isolate_prove,
};

const struct contender peer_isolate_ready = {
	.name = "isolate, box ready",
	.protects = ISOLATE_PROTECTS "; init and cleanup not counted",
	.program = "isolate",
	.version_option = "--version",
	.fails_with = 1,
	.command = isolate_ready_command,
	.prove = isolate_prove,
};

/* --- nsjail ------------------------------------------------------------------------------- */

static int nsjail_command(const struct trial *t, struct work *ret, struct err *err)
{
	const struct room *r = t->input;
	const char *const words[] = { t->program,     "-Mo",
				      "--quiet",      "--chroot",
				      r->rootfs,      "--user",
				      HOST_ID,        "--group",
				      HOST_ID,        "--tmpfsmount",
				      "/tmp",         "--cwd",
				      "/work",        "--rlimit_as",
				      "hard",         "--cgroup_mem_max",
				      ROOM_MEMORY,    "--cgroup_pids_max",
				      ROOM_PROCESSES, NULL };
	const char *const v1[] = {
		"--cgroup_mem_parent", r->cgroup, "--cgroup_pids_parent", r->cgroup, "--", NULL
	};
	const char *const v2[] = { "--use_cgroupv2", "--", NULL };
	AUTO_STRV argv = NULL;
	(void)err;
	add_all(&argv, words);
	add_all(&argv, room_cgroup(r, "memory") && room_cgroup(r, "pids") ? v1 : v2);
	room_program(t, &argv);
	work_add(ret, argv, t->units);
	bench_peer_env(&ret->env);
	return 0;
}

const struct contender peer_nsjail = {
	.name = "nsjail",
	.protects =
		"all namespaces, a uid, cgroups for memory and processes; no seccomp policy of ours",
	.program = "nsjail",
	.command = nsjail_command,
	.prove = room_prove,
};
