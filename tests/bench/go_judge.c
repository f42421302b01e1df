/* go_judge.c - a server that keeps containers and runs what it is asked for: a request is a test.
 *
 * It is started once, while it is looked for, and is not counted; what it uses for a run is the time
 * that its threads and those of its containers got meanwhile, and what it says of the programs that
 * it ran, which are gone by then.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/json.h"
#include "base/mem.h"
#include "bench/http.h"
#include "bench/meter.h"
#include "bench/peers.h"
#include "bench/processes.h"
#include "bench/program.h"
#include "bench/room.h"

#define START_NS (10 * NSEC_PER_SEC)
#define END_NS (5 * NSEC_PER_SEC)

static void nap(void)
{
	const struct timespec t = { .tv_nsec = 10000000 };
	nanosleep(&t, NULL);
}

/* --- the server --------------------------------------------------------------------------- */

/* What all boxes of it see: the same root file system as the others'. */
static int write_mounts(const char *path, const struct room *r)
{
	AUTO_FREE char *text = mem_printf(
		"mount:\n"
		"  - {type: bind, source: %s/bin, target: /bin, readonly: true}\n"
		"  - {type: tmpfs, target: /w, data: \"size=64m,nr_inodes=4k\"}\n"
		"  - {type: tmpfs, target: /tmp, data: \"size=64m,nr_inodes=4k\"}\n"
		"proc: true\nworkDir: /w\nhostName: box\ndomainName: box\nuid: 1000\ngid: 1000\n",
		r->rootfs);
	return file_write(AT_FDCWD, path, text);
}

static pid_t start(const char *program, const struct room *r, int port, const char *log)
{
	AUTO_FREE char *mounts = mem_printf("%s/mount.yaml", r->path);
	AUTO_FREE char *address = mem_printf("-http-addr=127.0.0.1:%d", port);
	AUTO_FREE char *conf = mem_printf("-mount-conf=%s", mounts);
	AUTO_FREE char *prefix = mem_printf("-cgroup-prefix=%s", r->cgroup);
	char *const argv[] = { (char *)(size_t)program,  address,           conf, prefix,
			       (char *)"-parallelism=1", (char *)"-silent", NULL };
	AUTO_STRV env = NULL;
	AUTO_FD int in = meter_empty();
	AUTO_FD int out = open(log, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	bench_peer_env(&env);
	if (in < 0 || out < 0 || write_mounts(mounts, r) < 0)
		return -1;
	return meter_spawn(argv, env, in, out, out);
}

/* Return: does it listen? */
static bool wait_for(pid_t pid, int port)
{
	const int64_t until = clock_mono_ns() + START_NS;
	while (clock_mono_ns() < until && waitpid(pid, NULL, WNOHANG) == 0) {
		AUTO_FD int fd = http_connect(port);
		if (fd >= 0)
			return true;
		nap();
	}
	return false;
}

static bool judge_probe(const struct bench *b, void *input, char **ret_why)
{
	struct room *r = input;
	AUTO_FREE char *log = mem_printf("%s/go-judge.log", r->path);
	AUTO_FREE char *program = program_find("go-judge", ret_why);
	struct err err = { 0 };
	(void)b;
	if (!program)
		return false;
	r->judge_port = http_free_port();
	r->judge = start(program, r, r->judge_port, log);
	if (r->judge > 0 && wait_for(r->judge, r->judge_port))
		return true;
	sample_failed(1 << 8, log, &err);
	*ret_why = mem_printf("its server does not listen: %s", err.msg);
	return false;
}

static void judge_cleanup(const struct bench *b, void *input)
{
	struct room *r = input;
	const int64_t until = clock_mono_ns() + END_NS;
	(void)b;
	if (r->judge <= 0)
		return;
	kill(r->judge, SIGTERM);
	while (waitpid(r->judge, NULL, WNOHANG) == 0) {
		if (clock_mono_ns() > until)
			kill(r->judge, SIGKILL);
		nap();
	}
	r->judge = 0;
}

/* --- a run -------------------------------------------------------------------------------- */

struct judge_run {
	pid_t server;
	int port, units;
	bool failing;
	int64_t programs_ns; /* of what it ran, as it says */
};

static char *request_text(bool failing)
{
	const struct trial t = { .failing = failing };
	struct json_object *o = json_object_new_object(), *all = json_object_new_array();
	struct json_object *files = json_object_new_array();
	struct json_object *commands = json_object_new_object();
	AUTO_STRV argv = NULL;
	room_program(&t, &argv);
	json_object_array_add(files, json_tokener_parse("{\"content\": \"\"}"));
	json_object_array_add(files, json_tokener_parse("{\"name\": \"stdout\", \"max\": 65536}"));
	json_object_array_add(files, json_tokener_parse("{\"name\": \"stderr\", \"max\": 65536}"));
	json_object_object_add(o, "args", json_new_strv(argv));
	json_object_object_add(o, "env", json_tokener_parse("[\"PATH=/bin\"]"));
	json_object_object_add(o, "files", files);
	json_object_object_add(o, "cpuLimit", json_object_new_int64(10 * NSEC_PER_SEC));
	json_object_object_add(o, "clockLimit", json_object_new_int64(35 * NSEC_PER_SEC));
	json_object_object_add(o, "memoryLimit", json_object_new_int64(atoll(ROOM_MEMORY)));
	json_object_object_add(o, "procLimit", json_object_new_int64(atoll(ROOM_PROCESSES)));
	json_object_array_add(all, o);
	json_object_object_add(commands, "cmd", all);
	char *text = mem_strdup(json_object_to_json_string_ext(commands, JSON_C_TO_STRING_PLAIN));
	json_object_put(commands);
	return text;
}

/* Return: the program's status, or -1: there is none. */
static int take_answer(struct judge_run *run, const char *body, int out)
{
	struct err err = { 0 };
	AUTO_JSON *all = NULL;
	AUTO_FREE char *text = NULL;
	struct json_object *one, *files = NULL;
	int64_t status = -1, ns = 0;
	if (json_parse("answer", body, strlen(body), &all, &err) < 0 ||
	    !json_object_is_type(all, json_type_array) ||
	    !(one = json_object_array_get_idx(all, 0)) ||
	    json_get_i64(one, "answer", "exitStatus", 0, 255, &status, &err) < 0 ||
	    json_get_i64(one, "answer", "time", 0, INT64_MAX, &ns, &err) < 0 ||
	    json_get_obj(one, "answer", "files", &files, &err) < 0 || !files ||
	    json_get_str(files, "answer", "stdout", &text, &err) < 0 || !text)
		return -1;
	run->programs_ns += ns;
	return fd_write_all(out, text, strlen(text)) < 0 ? -1 : (int)status;
}

static int ask(void *ctx, int out)
{
	struct judge_run *run = ctx;
	AUTO_FREE char *text = request_text(run->failing);
	AUTO_BUF body = { 0 };
	AUTO_FD int fd = http_connect(run->port);
	int status = fd < 0 ? -1 : 0;
	for (int i = 0; i < run->units && status == 0; i++)
		status = http_post(fd, "/run", text, &body) == 200 ?
				 take_answer(run, body.data, out) :
				 -1;
	if (status < 0 && body.data)
		(void)!write(out, body.data, body.len);
	return (status < 0 ? 255 : status) << 8;
}

static int64_t used(void *ctx)
{
	const struct judge_run *run = ctx;
	return tree_run_ns(run->server) + run->programs_ns;
}

static int judge_command(const struct trial *t, struct work *ret, struct err *err)
{
	const struct room *r = t->input;
	struct judge_run *run = mem_alloc(sizeof *run);
	(void)err;
	*run = (struct judge_run){ .server = r->judge,
				   .port = r->judge_port,
				   .units = t->units,
				   .failing = t->failing };
	ret->call = ask;
	ret->outside = used;
	ret->ctx = run;
	return 0;
}

const struct contender peer_go_judge = {
	.name = "go-judge",
	.protects =
		"a server's containers, kept: namespaces, cgroup, no capability, no seccomp list of "
		"ours; a request a test",
	.program = "go-judge",
	.version_option = "-version",
	.probe = judge_probe,
	.command = judge_command,
	.prove = room_prove,
	.cleanup = judge_cleanup,
};
