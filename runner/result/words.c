/* words.c - the message of a step: one line that says why it did not pass. */
#include "result/words.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"

/* Explanations of signals for students; other signals get the description of libc. */
static const struct {
	int signo;
	const char *meaning;
} meanings[] = {
	{ SIGSEGV, "invalid memory access" },
	{ SIGBUS, "access beyond the end of a mapped file, or a misaligned one" },
	{ SIGFPE, "division by zero or another arithmetic error" },
	{ SIGABRT, "abort() or a failed assertion" },
	{ SIGILL, "illegal instruction" },
	{ SIGPIPE, "wrote to a pipe whose reader was gone" },
	{ SIGSYS, "a system call that the box does not allow" },
	{ SIGXFSZ, "a file grew beyond the limit" },
	{ SIGKILL, "not because of a limit" },
	{ SIGTRAP, "a breakpoint or a trap of the compiler" },
};

void words_say(struct step_result *res, const char *fmt, ...)
{
	char raw[2 * sizeof res->message];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(raw, sizeof raw, fmt, ap);
	va_end(ap);
	err_escape(res->message, sizeof res->message, raw, strlen(raw));
}

static const char *program_of(const struct step_spec *spec)
{
	return spec->argv && spec->argv[0] ? spec->argv[0] : spec->name;
}

static const char *meaning_of(int signo)
{
	for (size_t i = 0; i < sizeof meanings / sizeof *meanings; i++)
		if (meanings[i].signo == signo)
			return meanings[i].meaning;
	const char *known = sigdescr_np(signo);
	return known ? known : "a real-time signal";
}

/* "ended with status 3, expected 0" or "killed by SIGSEGV (invalid memory access)". */
static void say_ending(const struct step_spec *spec, const struct step_facts *f, char *buf,
		       size_t size)
{
	char label[16];
	if (f->signal)
		snprintf(buf, size, "killed by %s (%s)", signal_label(f->signal, label),
			 meaning_of(f->signal));
	else
		snprintf(buf, size, "ended with status %d, expected %d", f->exit_code, spec->exit);
}

/* --- a program that did not start --------------------------------------------------------- */

static void exec_words(const struct step_spec *spec, struct step_result *res)
{
	const struct step_facts *f = &res->facts;
	const char *path = program_of(spec);
	bool built = f->exec_in_work && spec->kind == STEP_TEST;
	if (f->exec_note)
		words_say(res, "%s: %s", path, f->exec_note);
	else if (f->exec_errno == ENOENT && built)
		words_say(res, "not built: %s does not exist", path);
	else if (f->exec_errno == ENOENT && !f->exec_in_work && !strchr(path, '/'))
		words_say(res, "'%s' is not in the image", path);
	else if (f->exec_errno == ENOENT)
		words_say(res, "%s does not exist", path);
	else if (f->exec_errno == EACCES)
		words_say(res, "%s is not executable", path);
	else if (f->exec_errno == ENOEXEC)
		words_say(res, "%s is neither a program nor a script that begins with #!", path);
	else
		words_say(res, "cannot start %s: %s", path, strerror(f->exec_errno));
}

static void start_words(const struct step_spec *spec, struct step_result *res)
{
	const struct step_facts *f = &res->facts;
	const char *why = strerror(f->exec_errno);
	switch (f->exec_stage) {
	case EXEC_EXEC:
		exec_words(spec, res);
		return;
	case EXEC_CHDIR:
		words_say(res, "cannot enter the work folder: %s", why);
		return;
	case EXEC_FORK:
		words_say(res, "cannot start a process in the box: %s", why);
		return;
	case EXEC_CGROUP:
		words_say(res, "cannot set the limits of a process in the box: %s", why);
		return;
	case EXEC_SETUP:
	case EXEC_OK:
		break;
	}
	words_say(res, "cannot prepare a process in the box: %s", why);
}

static void internal_words(const struct step_spec *spec, struct step_result *res)
{
	const struct step_facts *f = &res->facts;
	if (f->box_failed || !f->ran)
		words_say(res, "%s",
			  f->trouble && f->trouble->msg[0] ? f->trouble->msg : "the box failed");
	else
		start_words(spec, res);
}

/* --- limits ------------------------------------------------------------------------------- */

static const char *limit_words(const struct step_result *res, enum limit_id id, char buf[32])
{
	if (res->limits.v[id] == LIMIT_UNSET)
		snprintf(buf, 32, "its limit");
	else
		limit_format(id, res->limits.v[id], buf);
	return buf;
}

static void memory_words(struct step_result *res)
{
	char limit[32];
	int64_t n = res->facts.oom_kills;
	words_say(res, "used more than %s of memory: the kernel killed %s",
		  limit_words(res, LIMIT_MEMORY, limit), n > 1 ? "processes" : "a process");
}

static void output_words(struct step_result *res)
{
	const struct step_facts *f = &res->facts;
	char limit[32];
	const char *stream = f->out.over && f->err.over ? "standard output and standard error" :
			     f->out.over                ? "standard output" :
			     f->err.over                ? "standard error" :
							  "one of its streams";
	words_say(res, "wrote more than %s to %s", limit_words(res, LIMIT_OUTPUT, limit), stream);
}

static void time_words(struct step_result *res)
{
	const struct step_facts *f = &res->facts;
	char limit[32], used[32], cpu[32];
	bool is_cpu = res->limit_hit == LIMIT_CPU;
	int64_t ns = is_cpu ? f->cpu_ns : f->wall_ns;
	limit_words(res, res->limit_hit, limit);
	duration_format(ns < 0 ? 0 : ns, used);
	/* Rounded, the two may look the same; our own clock began a little earlier. */
	bool above = ns > res->limits.v[res->limit_hit] && strcmp(used, limit) != 0;
	if (is_cpu && above) {
		words_say(res, "used %s of %s cpu time", used, limit);
	} else if (is_cpu) {
		words_say(res, "used more than %s of cpu time", limit);
	} else if (f->cpu_ns < 0 || f->cpu_ns > f->wall_ns / 2) {
		words_say(res, "took longer than %s", limit);
	} else {
		duration_format(f->cpu_ns, cpu);
		words_say(res, "took longer than %s, but used only %s of cpu time: it %s", limit,
			  cpu,
			  f->waited_ns < 0 ? "slept, waited for input, or the host was too busy" :
					     "slept or waited for input");
	}
}

/* The cause is a refused process or a full disk; the message adds how the program ended. */
static void cause_words(const struct step_spec *spec, const struct comparison *cmp,
			struct step_result *res, const char *cause)
{
	const struct step_facts *f = &res->facts;
	char ending[160] = "";
	if (f->ended_for != LIMIT_NONE)
		snprintf(ending, sizeof ending, "ended by the %s limit", limit_name(f->ended_for));
	else if (f->box_failed || f->exec_stage != EXEC_OK)
		snprintf(ending, sizeof ending, "the program did not start or the box ended");
	else if (f->signal || f->exit_code != spec->exit)
		say_ending(spec, f, ending, sizeof ending);
	else if (cmp->done && !cmp->equal)
		snprintf(ending, sizeof ending, "the output is wrong");
	words_say(res, "%s%s%s", cause, ending[0] ? "; " : "", ending);
}

static void process_words(const struct step_spec *spec, const struct comparison *cmp,
			  struct step_result *res)
{
	char limit[32], cause[160];
	snprintf(cause, sizeof cause, "needed more than %s at a time: %" PRId64 " refused",
		 limit_words(res, LIMIT_PROCESSES, limit), res->facts.pids_denied);
	cause_words(spec, cmp, res, cause);
}

static void disk_words(const struct step_spec *spec, const struct comparison *cmp,
		       struct step_result *res)
{
	const struct full_place *full = &res->facts.full;
	char limit[32], size[32], cause[160];
	limit_words(res, LIMIT_DISK, limit);
	if (res->facts.signal == SIGXFSZ || !full->name) {
		snprintf(cause, sizeof cause, "wrote a file of more than %s", limit);
	} else if (full->bytes == 0) {
		snprintf(cause, sizeof cause, "filled %s with as many files as it can hold",
			 full->name);
	} else {
		limit_format(LIMIT_DISK, full->bytes, size);
		snprintf(cause, sizeof cause, "filled %s, which holds %s", full->name, size);
	}
	cause_words(spec, cmp, res, cause);
}

static void ending_words(const struct step_spec *spec, struct step_result *res)
{
	char ending[160];
	if (res->facts.exec_stage != EXEC_OK) {
		start_words(spec, res);
		return;
	}
	say_ending(spec, &res->facts, ending, sizeof ending);
	if (res->verdict == VERDICT_COMPILE_ERROR)
		words_say(res, "%s: %s", program_of(spec), ending);
	else
		words_say(res, "%s", ending);
}

/* --- the network -------------------------------------------------------------------------- */

static const char *step_words(enum step_kind kind)
{
	switch (kind) {
	case STEP_BUILD:
		return "build step";
	case STEP_COMMAND:
		return "command";
	case STEP_TEST:
		break;
	}
	return "test";
}

/* The table of refusals is as long as it can be: there may have been others. */
static void more_words(const struct network_facts *net, char buf[32])
{
	const char *least = net->n_refused < NETWORK_REFUSALS_MAX ? "" : "at least ";
	if (net->n_refused > 1)
		snprintf(buf, 32, ", and %s%zu more", least, net->n_refused - 1);
	else
		buf[0] = '\0';
}

/* Appends to the cause, which is cut only if the shortest form does not fit. */
void words_append(struct step_result *res, const char *tail)
{
	size_t room = sizeof res->message - 1 - strlen(tail), len = strlen(res->message);
	const char *dots = len > room ? "..." : "";
	if (len > room)
		len = utf8_cut_head(res->message, len, room - strlen(dots));
	snprintf(res->message + len, sizeof res->message - len, "%s%s", dots, tail);
}

/* A refused connection is the likely reason for the failure of the program. */
static void refused_words(const struct step_spec *spec, struct step_result *res)
{
	const struct network_facts *net = res->facts.network;
	char first[40], more[32], tail[160];
	if (!net || net->n_refused == 0)
		return;
	network_refusal_text(&net->refused[0], first);
	more_words(net, more);
	snprintf(tail, sizeof tail, "; refused: %s (not allowed by the network of this %s)%s",
		 first, step_words(spec->kind), more);
	if (strlen(res->message) + strlen(tail) >= sizeof res->message)
		snprintf(tail, sizeof tail, "; refused: %s%s", first, more);
	words_append(res, tail);
}

void words_of_compiler(const struct step_spec *spec, const char *error, struct step_result *res)
{
	const char *program = program_of(spec);
	size_t len = strlen(program);
	/* make begins its own lines with its name. */
	if (strncmp(error, program, len) == 0 && error[len] == ':')
		words_say(res, "%s", error);
	else
		words_say(res, "%s: %s", program, error);
	refused_words(spec, res);
}

void words_of_step(const struct step_spec *spec, const struct comparison *cmp,
		   struct step_result *res)
{
	switch (res->verdict) {
	case VERDICT_INTERNAL_ERROR:
		internal_words(spec, res);
		break;
	case VERDICT_MEMORY_LIMIT:
		memory_words(res);
		break;
	case VERDICT_OUTPUT_LIMIT:
		output_words(res);
		break;
	case VERDICT_PROCESS_LIMIT:
		process_words(spec, cmp, res);
		break;
	case VERDICT_DISK_LIMIT:
		disk_words(spec, cmp, res);
		break;
	case VERDICT_TIME_LIMIT:
		time_words(res);
		break;
	case VERDICT_RUNTIME_ERROR:
	case VERDICT_COMPILE_ERROR:
		ending_words(spec, res);
		break;
	case VERDICT_WRONG_ANSWER:
		words_say(res, "%s", cmp->message);
		break;
	case VERDICT_PASSED:
	default:
		res->message[0] = '\0';
	}
	/* If the box or the assignment failed, refused connections do not explain it. */
	if (res->verdict != VERDICT_PASSED && res->verdict != VERDICT_INTERNAL_ERROR)
		refused_words(spec, res);
}
