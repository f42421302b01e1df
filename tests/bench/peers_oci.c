/* peers_oci.c - runtimes that start a container for each test, of the bundle that moulette writes:
 * what protects there is what its default profile says. */
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "bench/peers.h"
#include "bench/room.h"

#define BUNDLE_PROTECTS \
	"all that config.json of `moulette spec` says: namespaces, uids, cgroup, seccomp, rlimits"

/* @global: options before `run`, or NULL. */
static void run_bundle(const struct trial *t, const char *const *global, struct work *ret)
{
	const struct room *r = t->input;
	/* A cgroup of that name is the runtime's to make and to remove: not the room's own. */
	AUTO_FREE char *id = mem_printf("%s-box", r->cgroup);
	AUTO_FREE char *root = mem_printf("%s/%s", r->state, t->contender->program);
	char *const tail[] = { (char *)"--root",
			       root,
			       (char *)"run",
			       (char *)"--bundle",
			       t->failing ? r->failing_bundle : r->bundle,
			       id,
			       NULL };
	AUTO_STRV argv = NULL;
	strv_add(&argv, t->program);
	for (; global && *global; global++)
		strv_add(&argv, *global);
	for (char *const *w = tail; *w; w++)
		strv_add(&argv, *w);
	work_add(ret, argv, t->units);
	bench_peer_env(&ret->env);
}

static int crun_command(const struct trial *t, struct work *ret, struct err *err)
{
	(void)err;
	run_bundle(t, NULL, ret);
	ret->hide_unified = true;
	return 0;
}

static int runc_command(const struct trial *t, struct work *ret, struct err *err)
{
	(void)err;
	run_bundle(t, NULL, ret);
	return 0;
}

static int runsc_command(const struct trial *t, struct work *ret, struct err *err)
{
	const char *const global[] = { "--platform", "ptrace", "--network", "none", NULL };
	(void)err;
	run_bundle(t, global, ret);
	return 0;
}

const struct contender peer_crun = {
	.name = "crun",
	.protects = BUNDLE_PROTECTS,
	.program = "crun",
	.version_option = "--version",
	.command = crun_command,
	.prove = room_prove,
};

/* As its releases have it; no package does. */
const struct contender peer_crun_static = {
	.name = "crun, static",
	.protects = BUNDLE_PROTECTS,
	.program = "crun-static",
	.version_option = "--version",
	.command = crun_command,
	.prove = room_prove,
};

const struct contender peer_runc = {
	.name = "runc",
	.protects = BUNDLE_PROTECTS,
	.program = "runc",
	.version_option = "--version",
	.command = runc_command,
	.prove = room_prove,
};

const struct contender peer_runsc = {
	.name = "runsc",
	.protects =
		"a kernel of its own in user space (platform ptrace), config.json of `moulette spec`",
	.program = "runsc",
	.version_option = "--version",
	.command = runsc_command,
	.prove = room_prove,
};
