/* once.c - a container for each step, for engines that hand no descriptors on (runsc).
 *
 * PID 1 is the same init, called with the step as its arguments. Descriptor 0 of the engine is the
 * pipe to which it writes its hello and its reply; the step's own stdin is a file of the folder
 * that is bound at SPEC_ONCE_PATH. The engine and all that it starts are in the step's cgroup, so a
 * step is ended by killing what is in there, and no reply comes then.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/json.h"
#include "base/mem.h"
#include "child/process.h"
#include "container/running.h"
#include "model/spec.h"

#define MEMORY_OVERHEAD (INT64_C(192) << 20) /* runsc with systrap or ptrace, measured idle: 60 */
#define END_MS 10000

/* --- config.json of the step -------------------------------------------------------------- */

static void set_process(struct json_object *process, const struct box_step *step)
{
	struct json_object *args = json_object_new_array();
	json_object_array_add(args, json_object_new_string(SPEC_ONCE_PATH "/init"));
	json_object_array_add(args, json_object_new_string("once"));
	for (char *const *a = step->spec->argv; *a; a++)
		json_object_array_add(args, json_object_new_string(*a));
	json_object_object_add(process, "args", args);
	json_object_object_add(process, "env", json_new_strv(step->env));
}

static void set_file_size(struct json_object *process, int64_t bytes)
{
	struct json_object *l = json_find(json_object_object_get(process, "rlimits"), "type",
					  "RLIMIT_FSIZE");
	if (!l)
		return;
	json_object_object_add(l, "soft", json_object_new_int64(bytes));
	json_object_object_add(l, "hard", json_object_new_int64(bytes));
}

static void set_areas(struct json_object *config, const struct area *areas)
{
	struct json_object *mounts = json_object_object_get(config, "mounts");
	for (int i = 0; i < AREA_COUNT; i++) {
		struct json_object *m = json_find(mounts, "destination", areas[i].at);
		if (m)
			json_object_object_add(m, "source",
					       json_object_new_string(area_source(&areas[i])));
	}
}

#define ALTERNATIVES_MAX 20

static int64_t count_of(struct json_object *counts, const char *name)
{
	return json_object_get_int64(json_object_object_get(counts, name));
}

/* How many rules each call has. */
static struct json_object *count_rules(struct json_object *rules)
{
	struct json_object *counts = json_object_new_object();
	for (size_t i = 0; i < json_object_array_length(rules); i++) {
		struct json_object *names =
			json_object_object_get(json_object_array_get_idx(rules, i), "names");
		for (size_t k = 0; k < json_object_array_length(names); k++) {
			const char *name =
				json_object_get_string(json_object_array_get_idx(names, k));
			json_object_object_add(counts, name,
					       json_object_new_int64(count_of(counts, name) + 1));
		}
	}
	return counts;
}

/* runsc cannot make a filter of calls with as many alternatives as those that take options have, so it allows
 * them whole. It also answers EPERM where the list says ENOSYS, and the C library tries clone only after
 * ENOSYS from clone3. runsc's own kernel is what stands behind these calls, not the host's. */
static void fit_calls(struct json_object *config)
{
	struct json_object *linux_part = json_object_object_get(config, "linux");
	struct json_object *seccomp = json_object_object_get(linux_part, "seccomp");
	struct json_object *rules = json_object_object_get(seccomp, "syscalls");
	AUTO_JSON *counts = count_rules(rules);
	struct json_object *fitted = json_object_new_array(), *whole = json_object_new_object();
	AUTO_STRV names = NULL;

	for (size_t i = 0; i < json_object_array_length(rules); i++) {
		struct json_object *rule = json_object_array_get_idx(rules, i);
		struct json_object *all = json_object_object_get(rule, "names");
		AUTO_STRV few = NULL;
		for (size_t k = 0; k < json_object_array_length(all); k++) {
			const char *name =
				json_object_get_string(json_object_array_get_idx(all, k));
			if (count_of(counts, name) <= ALTERNATIVES_MAX)
				strv_add(&few, name);
		}
		if (!few)
			continue;
		json_object_object_add(rule, "names", json_new_strv(few));
		json_object_array_add(fitted, json_object_get(rule));
	}
	strv_add(&names, "clone3");
	json_object_object_foreach(counts, name, n)
		if (json_object_get_int64(n) > ALTERNATIVES_MAX)
			strv_add(&names, name);
	json_object_object_add(whole, "names", json_new_strv(names));
	json_object_object_add(whole, "action", json_object_new_string("SCMP_ACT_ALLOW"));
	json_object_array_add(fitted, whole);
	json_object_object_add(seccomp, "syscalls", fitted);
}

static int write_config(const struct running *r, struct err *err)
{
	AUTO_FREE char *path = mem_printf("%s/config.json", r->box->opt.room->bundle);
	AUTO_JSON *config = NULL;
	struct json_object *process;
	if (json_load(path, &config, err) < 0 ||
	    json_get_obj(config, path, "process", &process, err) < 0)
		return -1;
	set_process(process, r->step);
	set_file_size(process, r->step->spec->limits.v[LIMIT_DISK]);
	set_areas(config, r->box->opt.areas);
	if (!r->box->fitted_calls)
		fit_calls(config);
	r->box->fitted_calls = true;
	if (file_write(AT_FDCWD, path, json_object_to_json_string(config)) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot write '%s'", path);
	return 0;
}

/* --- stdin -------------------------------------------------------------------------------- */

static int copy_input(const struct running *r, struct err *err)
{
	AUTO_FREE char *path = mem_printf("%s/stdin", r->box->opt.room->once);
	AUTO_FD int from = r->step->spec->stdin_path ?
				   open(r->step->spec->stdin_path, O_RDONLY | O_CLOEXEC) :
				   -1;
	unlink(path);
	AUTO_FD int to = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	char chunk[65536];
	ssize_t n = 0;
	if (to < 0 || (r->step->spec->stdin_path && from < 0))
		return err_set(err, FAULT_INFRA, errno, "cannot copy the input of a step");
	while (from >= 0 && (n = read(from, chunk, sizeof chunk)) > 0)
		if (fd_write_all(to, chunk, (size_t)n) < 0)
			return err_set(err, FAULT_INFRA, errno, "cannot copy the input of a step");
	return n < 0 ? err_set(err, FAULT_INFRA, errno, "cannot read the input '%s'",
			       r->step->spec->stdin_path) :
		       0;
}

/* --- the container ------------------------------------------------------------------------ */

static int once_begin(struct running *r, struct err *err)
{
	struct box *b = r->box;
	int status[2];
	char id[64];
	if (write_config(r, err) < 0 || copy_input(r, err) < 0)
		return -1;
	if (pipe2(status, O_CLOEXEC) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot make a pipe");
	b->socket = status[0];
	AUTO_FD int theirs = status[1];
	/* A number of its own: what runsc keeps of a killed container may still be there. */
	snprintf(id, sizeof id, "moulette-s%d-%" PRId64, b->opt.slot->number, clock_mono_ns());
	struct cgroup_entry entry = { .n = 0 };
	for (size_t i = 0; i < r->cgroup->n_procs; i++)
		cgroup_entry_add(&entry, r->cgroup->procs[i]);
	cgroup_entry_add(&entry, b->enters_cpus);
	const struct engine_call call = {
		.state_dir = b->opt.room->state,
		.bundle = b->opt.room->bundle,
		.id = id,
		.socket = -1,
		.input = theirs,
		.output = r->out.write_fd,
		.errors = r->err.write_fd,
		.cgroup_fds = entry.fds,
		.n_cgroup_fds = entry.n,
		.born_in = b->born_in,
		.processors = box_affinity(b),
	};
	running_start_clock(r);
	r->starting = engine_clock(box_start_ms(b));
	const int bad = engine_run(b->opt.engine, &call, &b->engine_pid, &b->engine_fd, err);
	cgroup_entry_close(&entry);
	if (bad)
		return -1;
	fd_close(&r->out.write_fd);
	fd_close(&r->err.write_fd);
	return 0;
}

static void once_kill(struct running *r)
{
	cgroup_kill(r->box->opt.host, r->cgroup->group);
}

static int once_fd(const struct running *r)
{
	return r->box->socket;
}

/* Killed by us: there is no reply, but it is known how the step ended. An engine that was killed before
 * PID 1 greeted says nothing about the step. */
static void reply_for_killed(struct running *r)
{
	r->reply = (struct init_done){ .type = INIT_DONE, .status = SIGKILL };
	r->reply.wall_ns = (uint64_t)(clock_mono_ns() - r->start_ns);
	r->done = true;
}

static void once_take_reply(struct running *r)
{
	struct init_hello hello;
	struct init_done done;
	/* Both are written at once, and are shorter than what a pipe takes whole. */
	if (!r->greeted && read(r->box->socket, &hello, sizeof hello) == (ssize_t)sizeof hello &&
	    hello.protocol == INIT_PROTOCOL && hello.seccomp == 2 && hello.no_new_privs == 1) {
		r->greeted = true;
		running_start_clock(r); /* from now on it is the step that takes time */
	} else if (r->greeted && read(r->box->socket, &done, sizeof done) == (ssize_t)sizeof done) {
		r->reply = done;
		r->done = true;
	} else if (r->killed && r->greeted) {
		reply_for_killed(r);
	} else {
		r->box->dead = true;
	}
}

/* Nothing of the container stays: what is in the cgroup is killed, the engine reaped. */
static void once_end(struct running *r)
{
	struct box *b = r->box;
	if (b->engine_fd >= 0) {
		struct pollfd fd = { .fd = b->engine_fd, .events = POLLIN };
		if (!r->done || poll(&fd, 1, (int)(END_MS * b->opt.patience)) <= 0)
			once_kill(r);
		process_end(b->engine_pid);
		fd_close(&b->engine_fd);
	}
	if (b->socket >= 0)
		fd_close(&b->socket);
	AUTO_FD int state = open(b->opt.room->state, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (state >= 0)
		tree_remove(state);
	b->dead = false;
}

const struct channel channel_once = {
	.memory_overhead = MEMORY_OVERHEAD,
	.begin = once_begin,
	.kill = once_kill,
	.fd = once_fd,
	.take_reply = once_take_reply,
	.end = once_end,
};
