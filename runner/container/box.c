/* box.c - starts a container by the engine, greets its PID 1, ends both.
 *
 * The engine's `run` is our child and stays until the container is over; PID 1 is ours through the
 * socket that it inherited. When either goes, the box is dead and no step runs in it any more.
 */
#include "container/box.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/mem.h"
#include "child/process.h"
#include "container/pressure.h"
#include "container/running.h"
#include "container/traces.h"
#include "init/protocol.h"

#define END_MS 10000
#define SEND_BUFFER (INIT_TEXT_MAX + 16384)

int box_start_ms(const struct box *b)
{
	return (int)(ENGINE_MS * b->opt.patience);
}

static int engine_trouble(struct box *b, const char *what, struct err *err)
{
	if (engine_rights(b->opt.engine, err) < 0)
		return -1;
	engine_words_take(&b->words);
	AUTO_FREE char *line = engine_words_line(&b->words);
	return err_set_code(err, "engine.failed", FAULT_INFRA, 0, "%s%s%s", what, *line ? ": " : "",
			    line);
}

/* Not tried again: a second start would hang as long. */
static int engine_hangs(const struct box *b, struct err *err)
{
	AUTO_FREE char *line = engine_words_line(&b->words);
	return err_set_code(
		err, "engine.timeout", FAULT_INFRA, 0,
		"did not start the box within %d s; repair this engine, set "
		"MOULETTE_ENGINE to another one or, on a slow machine, raise --time-factor"
		"%s%s",
		box_start_ms(b) / 1000, *line ? "; it printed: " : "", line);
}

static int open_socket(struct box *b, int *ret_theirs, struct err *err)
{
	int pair[2];
	const int on = 1, size = SEND_BUFFER;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot make a socket");
	b->socket = pair[0];
	*ret_theirs = pair[1];
	if (setsockopt(b->socket, SOL_SOCKET, SO_PASSCRED, &on, sizeof on) < 0 ||
	    setsockopt(b->socket, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot prepare a socket");
	return 0;
}

static int open_ns(const struct box *b, const char *name, int *ret, struct err *err)
{
	AUTO_FREE char *path = mem_printf("/proc/%ld/ns/%s", (long)b->init_pid, name);
	*ret = open(path, O_RDONLY | O_CLOEXEC);
	if (*ret < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot open '%s' of the box", path);
	return 0;
}

/* A link is told to have been read the first time that it is, and not again for a day: no step is to
 * be the first. (/proc cannot be mounted without that in a user namespace.) */
static void read_links(void)
{
	char text[32];

	(void)!readlink("/proc/self", text, sizeof text);
	(void)!readlink("/proc/thread-self", text, sizeof text);
}

/* The nodes in /dev are the room's, or the host's own, bound: without this a step could set their times,
 * for the next one or for the host. What is written to a device goes through all the same. */
static int protect_devices(const struct box *b, struct err *err)
{
	static const char *const nodes[] = { "null", "zero", "full", "random", "urandom", "tty" };
	int bad = 0;
	if (setns(b->mnt_ns, CLONE_NEWNS) < 0)
		return err_set(err, FAULT_INFRA, errno,
			       "cannot enter the mount namespace of the box");
	for (size_t i = 0; i < sizeof nodes / sizeof *nodes; i++) {
		char path[32];
		snprintf(path, sizeof path, "/dev/%s", nodes[i]);
		/* EINVAL: no mount of its own, so a node of this box alone. */
		if (mount(NULL, path, NULL,
			  MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NOEXEC, NULL) < 0 &&
		    errno != ENOENT && errno != EINVAL)
			bad = err_set(err, FAULT_INFRA, errno, "cannot protect '%s' in the box",
				      path);
	}
	read_links();
	area_leave_box(b->opt.own_mnt);
	return bad;
}

static int close_proc(const struct box *b, struct err *err)
{
	AUTO_FD int pid_ns = -1;
	if (!b->proc.opened)
		return 0;
	return open_ns(b, "pid", &pid_ns, err) < 0 ?
		       -1 :
		       box_proc_close(&b->proc, b->mnt_ns, pid_ns, err);
}

/* Opened by us: in the box /proc is read-only, and belongs to nobody who could write to the file of a
 * process that is not dumpable. */
static int send_oom(const struct box *b, struct err *err)
{
	const struct init_begin begin = { .type = INIT_BEGIN };
	AUTO_FREE char *path = mem_printf("/proc/%ld/oom_score_adj", (long)b->init_pid);
	AUTO_FD int fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot open '%s' of the box", path);
	if (fd_send(b->socket, &begin, sizeof begin, &fd, 1) < 0)
		return err_set(err, FAULT_INFRA, errno,
			       "cannot send a message to the first process of the box");
	return 0;
}

/* The name that the config gives it, too. */
static char *group_of(const struct box *b)
{
	return mem_printf("%s/box", b->opt.slot->group);
}

static int greet(struct box *b, struct err *err)
{
	struct init_hello hello = { 0 };
	size_t n_fds = 0;
	int fds[FD_SEND_MAX];
	ssize_t n = fd_recv(b->socket, &hello, sizeof hello, fds, &n_fds, &b->init_pid, 0);
	if (n != (ssize_t)sizeof hello || hello.type != INIT_HELLO)
		return engine_trouble(b, "the engine ended before the box started", err);
	if (hello.protocol != INIT_PROTOCOL)
		return err_set(err, FAULT_INFRA, 0,
			       "moulette-init has protocol %u, expected %d: it belongs to another "
			       "version; install moulette again",
			       hello.protocol, INIT_PROTOCOL);
	if (hello.seccomp != 2 || hello.no_new_privs != 1)
		return err_set_code(
			err, "box.unconfined", FAULT_INFRA, 0,
			"the engine started the box without a seccomp filter or without "
			"no_new_privs, so nothing was run in it");
	AUTO_FREE char *group = group_of(b);
	if (box_cgroup_check(b->opt.host, group, &b->opt.limits, b->init_pid, err) < 0)
		return -1;
	fd_close(&b->pressure);
	b->pressure = pressure_open(b->opt.host, b->opt.slot->group, b->init_pid);
	sched_note(b->init_pid, &b->sched);
	b->steps = 0;
	if (open_ns(b, "mnt", &b->mnt_ns, err) < 0 || open_ns(b, "ipc", &b->ipc_ns, err) < 0 ||
	    close_proc(b, err) < 0 || protect_devices(b, err) < 0 || send_oom(b, err) < 0)
		return -1;
	return traces_open(b, err);
}

static int wait_hello(struct box *b, struct err *err)
{
	struct pollfd fds[] = {
		{ .fd = b->socket, .events = POLLIN },
		{ .fd = b->engine_fd, .events = POLLIN },
		{ .fd = b->opt.interrupt_fd, .events = POLLIN },
		{ .fd = b->words.fd, .events = POLLIN },
	};
	struct engine_clock clock = engine_clock(box_start_ms(b));
	while (!fds[0].revents && !fds[1].revents && !fds[2].revents) {
		const int left = engine_clock_left(&clock, b->engine_pid);
		if (left == 0)
			return engine_hangs(b, err);
		alive_for(b->opt.alive, left * NSEC_PER_MS);
		poll(fds, 4, left);
		if (!engine_words_take(&b->words))
			return engine_trouble(b, "the engine printed more than 1 MiB", err);
	}
	if (fds[2].revents)
		return err_set_code(err, "interrupted", FAULT_NONE, 0, "interrupted");
	if (fds[0].revents & POLLIN)
		return greet(b, err);
	return engine_trouble(b, "the engine failed", err);
}

static bool is_lean(const struct box *b)
{
	const struct engine *e = b->opt.engine;
	return e->lean && e->leaves_cgroups && b->opt.own_cgroup;
}

/* Where a group binds the box, a mask would only say it again. */
const cpu_set_t *box_affinity(const struct box *b)
{
	return b->opt.processors && b->opt.processors->n > 0 && !b->bound ? &b->affinity : NULL;
}

static int run_engine(struct box *b, int theirs, int output, const struct cgroup_entry *entry,
		      struct err *err)
{
	char id[48];
	snprintf(id, sizeof id, "moulette-s%d", b->opt.slot->number);
	const struct engine_call call = { .state_dir = b->opt.room->state,
					  .id = id,
					  .bundle = b->opt.room->bundle,
					  .socket = theirs,
					  .input = -1,
					  .output = output,
					  .errors = output,
					  .cgroup_fds = entry->fds,
					  .n_cgroup_fds = entry->n,
					  .born_in = b->born_in,
					  .processors = box_affinity(b),
					  .leaves_cgroups = is_lean(b) };
	return engine_run(b->opt.engine, &call, &b->engine_pid, &b->engine_fd, err);
}

/* An engine that makes the group of the box itself needs its parent where we need none, and is in a
 * group beside it: whatever the engine leaves in the background ends with the slot. */
static int make_groups(struct box *b, struct cgroup_entry *ret, struct err *err)
{
	const struct cgroup_limits none = { 0, 0 };
	AUTO_FREE char *group = is_lean(b) ? group_of(b) :
					     mem_printf("%s/engine", b->opt.slot->group);
	if (!is_lean(b) && cgroup_make_everywhere(b->opt.host, b->opt.slot->group, err) < 0)
		return -1;
	if (cgroup_entry_make(b->opt.host, group, is_lean(b) ? &b->opt.limits : &none, ret, err) <
	    0)
		return -1;
	cgroup_entry_add(ret, b->enters_cpus);
	/* PID 1 must not wait for the step that it is to end. */
	return b->opt.host->v2 ? cgroup_set_shares(b->opt.host, group, CGROUP_SHARES_MAX, err) : 0;
}

static int start_in_group(struct box *b, int theirs, int output, struct err *err)
{
	struct cgroup_entry entry = { .n = 0 };
	if (make_groups(b, &entry, err) < 0)
		return -1;
	int bad = run_engine(b, theirs, output, &entry, err);
	cgroup_entry_close(&entry);
	return bad;
}

static int start(struct box *b, struct err *err)
{
	AUTO_FD int theirs = -1;
	AUTO_FD int output = -1;
	if (b->opt.engine->reads_proc_sys && box_proc_open(b->opt.room->bundle, &b->proc, err) < 0)
		return -1;
	if (open_socket(b, &theirs, err) < 0 || engine_words_open(&b->words, &output, err) < 0 ||
	    start_in_group(b, theirs, output, err) < 0)
		return -1;
	/* Ours must be the only other end: its closing is what ends PID 1. */
	fd_close(&theirs);
	fd_close(&output);
	return wait_hello(b, err);
}

/* What is to be known for the next start of this engine is learned from a failed one. */
static bool wants_proc_sys(struct box *b, const struct err *err)
{
	struct engine *e = b->opt.engine;
	if (e->reads_proc_sys || strcmp(err->code, "engine.failed") != 0 ||
	    !strstr(err->msg, "/proc/sys/"))
		return false;
	engine_set_reads_proc_sys(e);
	return true;
}

static int empty_state(const struct box *b, struct err *err)
{
	AUTO_FD int state = open(b->opt.room->state, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	/* What an engine that was killed kept would be a container of the same name. */
	if (state < 0 || tree_remove(state) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot empty '%s'", b->opt.room->state);
	return 0;
}

/* A box that did not start gets a second chance from our caller: that one is to be plain. */
static int start_or_give_up_lean(struct box *b, struct err *err)
{
	bool lean = b->opt.engine->lean;
	if (start(b, err) == 0)
		return 0;
	if (wants_proc_sys(b, err)) {
		box_stop(b);
		b->dead = false;
		if (empty_state(b, err) < 0)
			return -1;
		if (start(b, err) == 0)
			return 0;
	}
	if (lean &&
	    (strcmp(err->code, "box.unlimited") == 0 || strcmp(err->code, "engine.failed") == 0))
		engine_set_plain(b->opt.engine, err->msg);
	return -1;
}

/* The groups that every engine of this box begins in. */
static void prepare_processors(struct box *b)
{
	const struct processors *ps = b->opt.processors;
	const char *group = b->opt.slot->group;
	b->processors = (int)sysconf(_SC_NPROCESSORS_ONLN);
	if (ps && ps->n > 0) {
		AUTO_FREE char *list = processors_list(ps);
		b->processors = ps->n;
		b->affinity = processors_set(ps);
		b->bound = cgroup_bind(b->opt.host, group, list, &b->enters_cpus) == 0;
	}
	b->born_in = cgroup_pressure_make(b->opt.host, group);
	if (!b->opt.engine->inherits_fds)
		b->pressure = pressure_open(b->opt.host, group, 0);
}

int box_start(const struct box_options *opt, struct box *ret, struct err *err)
{
	*ret = (struct box){ .opt = *opt,
			     .engine_fd = -1,
			     .socket = -1,
			     .words.fd = -1,
			     .mnt_ns = -1,
			     .ipc_ns = -1,
			     .pid_ns = -1,
			     .own_ipc = -1,
			     .net_counts = { -1, -1, -1 },
			     .sysv_next = { -1, -1, -1 },
			     .pty_events = -1,
			     .enters_cpus = -1,
			     .pressure = -1 };
	prepare_processors(ret);
	if (!opt->engine->inherits_fds)
		return 0; /* each step starts a container of its own */
	if (start_or_give_up_lean(ret, err) < 0) {
		err_wrap(err, "engine '%s'", opt->engine->name);
		box_end(ret);
		return -1;
	}
	return 0;
}

int box_tests_group(struct box *b, struct err *err)
{
	if (b->tests.host)
		return 0;
	AUTO_FREE char *group = mem_printf("%s/t", b->opt.slot->group);
	return step_cgroup_open(b->opt.host, group, b->opt.slot->group, &b->tests, err);
}

int box_build_done(struct box *b, struct err *err)
{
	for (int i = 0; i < AREA_COUNT; i++)
		if (area_freeze(&b->opt.areas[i], err) < 0)
			return -1;
	return box_tests_group(b, err);
}

/* Return: has the engine ended by itself? One that prints on and on does not get that far. */
static bool has_ended(struct box *b)
{
	struct pollfd fds[] = { { .fd = b->engine_fd, .events = POLLIN },
				{ .fd = b->words.fd, .events = POLLIN } };
	const int64_t most = (int64_t)(END_MS * b->opt.patience) * NSEC_PER_MS;
	const int64_t end = clock_mono_ns() + most;
	alive_for(b->opt.alive, most);
	while (!fds[0].revents) {
		const int64_t left = (end - clock_mono_ns()) / NSEC_PER_MS;
		if (left <= 0 || poll(fds, 2, (int)left) == 0 || !engine_words_take(&b->words))
			return false;
		if (fds[1].revents == POLLHUP)
			fds[1].fd = -1;
	}
	return true;
}

/* The engine ends by itself when PID 1 has; whatever still is there then goes with the slot. */
static void end_engine(struct box *b)
{
	/* One whose box never greeted has nothing to end in good order. */
	if (b->init_pid == 0 || !has_ended(b))
		process_end(b->engine_pid);
	else
		process_wait(b->engine_pid);
	close(b->engine_fd);
	b->engine_fd = -1;
}

void box_stop(struct box *b)
{
	fd_close(&b->socket);
	if (b->engine_fd >= 0)
		end_engine(b);
	engine_words_close(&b->words);
	fd_close(&b->mnt_ns);
	fd_close(&b->ipc_ns);
	fd_close(&b->pid_ns);
	traces_close(b);
	b->init_pid = 0;
	b->dead = true;
}

int box_renew(struct box *b, struct err *err)
{
	if (empty_state(b, err) < 0)
		return -1;
	for (int i = 0; i < AREA_COUNT; i++)
		area_detached(&b->opt.areas[i]);
	b->dead = false;
	return start_or_give_up_lean(b, err);
}

void box_end(struct box *b)
{
	box_stop(b);
	fd_close(&b->born_in);
	fd_close(&b->enters_cpus);
	fd_close(&b->pressure);
	step_cgroup_close(&b->tests);
}
