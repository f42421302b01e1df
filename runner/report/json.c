/* json.c - moulette.result/1, as the contract has it; profiles/result.schema.json is its schema. */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/framelog.h"
#include "base/mem.h"
#include "report/formats.h"
#include "report/json_out.h"
#include "report/report.h"
#include "report/stream_text.h"
#include "report/words.h"

/* State shared by the parts of one document. */
struct document {
	struct json_out o;
	int log; /* -1: no captured bytes to be had */
	struct text_budget budget;
	int rc; /* -1: the log could not be read; *err says why */
	struct err *err;
};

static void member_str(struct json_out *o, const char *key, const char *value)
{
	json_out_key(o, key);
	json_out_str(o, value);
}

static void member_measure(struct json_out *o, const char *key, int64_t value)
{
	json_out_key(o, key);
	json_out_measure(o, value);
}

/* @json is a value itself, made by us; NULL: null. */
static void member_raw(struct json_out *o, const char *key, const char *json)
{
	json_out_key(o, key);
	json_out_raw(o, json ? json : "null");
}

static void member_real(struct json_out *o, const char *key, double value)
{
	json_out_key(o, key);
	json_out_real(o, value);
}

/* An object of a name and of what tells which one of that name it was; the caller may add more. */
static void open_named(struct json_out *o, const char *key, const char *name)
{
	json_out_key(o, key);
	json_out_open(o, '{');
	member_str(o, "name", name);
}

static void member_named(struct json_out *o, const char *key, const char *name, const char *which,
			 const char *value)
{
	open_named(o, key, name);
	member_str(o, which, value);
	json_out_close(o, '}');
}

static void write_stream(struct document *d, const char *key, const struct step_result *s,
			 int stream)
{
	const struct stream_facts *f = stream == FRAMELOG_STDOUT ? &s->facts.out : &s->facts.err;
	struct json_out *o = &d->o;
	AUTO_STREAM_TEXT text = { 0 };
	struct err *err = d->rc == 0 ? d->err : NULL; /* keep the first failure */

	if (stream_text_load(d->log, &s->facts, stream, text_budget_share(&d->budget, f->bytes),
			     &text, err) < 0) {
		err_wrap(err, "step '%s'", s->name ? s->name : "");
		d->rc = -1;
	}
	json_out_key(o, key);
	json_out_open(o, '{');
	member_measure(o, "bytes", f->bytes);
	json_out_key(o, "truncated");
	json_out_bool(o, text.truncated);
	member_str(o, "sha256", f->sha256);
	json_out_key(o, "text");
	if (text.utf8)
		json_out_bytes(o, text.data, text.len);
	else
		json_out_base64(o, text.data, text.len);
	member_str(o, "encoding", text.utf8 ? "utf-8" : "base64");
	json_out_close(o, '}');
}

static void write_limits(struct json_out *o, const struct limits *l)
{
	json_out_key(o, "limits");
	json_out_open(o, '{');
	for (int i = 0; i < LIMIT_COUNT; i++)
		member_measure(o, limit_key((enum limit_id)i), l->v[i]);
	json_out_close(o, '}');
}

static void write_facts(struct json_out *o, const struct step_facts *f)
{
	member_measure(o, "wall_ns", f->wall_ns);
	member_measure(o, "cpu_ns", f->cpu_ns);
	member_measure(o, "user_ns", f->user_ns);
	member_measure(o, "system_ns", f->system_ns);
	member_measure(o, "memory_peak_bytes", f->memory_peak_bytes);
	member_measure(o, "rss_peak_bytes", f->rss_peak_bytes);
	member_measure(o, "processes_peak", f->processes_peak);
}

static void write_traffic(struct json_out *o, const char *key, int64_t bytes, int64_t packets)
{
	json_out_key(o, key);
	json_out_open(o, '{');
	member_measure(o, "bytes", bytes);
	member_measure(o, "packets", packets);
	json_out_close(o, '}');
}

static void write_refusal(struct json_out *o, const struct network_refusal *r)
{
	bool has_port = r->protocol == IPPROTO_TCP || r->protocol == IPPROTO_UDP || r->port > 0;
	char address[16], protocol[8];

	json_out_open(o, '{');
	member_str(o, "address", network_address(r->address, address));
	member_measure(o, "port", has_port ? r->port : -1);
	member_str(o, "protocol", network_protocol(r->protocol, protocol));
	member_measure(o, "count", r->count);
	json_out_close(o, '}');
}

static void write_network(struct json_out *o, const struct network_facts *f)
{
	json_out_key(o, "network");
	if (!f) {
		json_out_null(o);
		return;
	}
	json_out_open(o, '{');
	write_traffic(o, "sent", f->sent_bytes, f->sent_packets);
	write_traffic(o, "received", f->received_bytes, f->received_packets);
	json_out_key(o, "refused");
	json_out_open(o, '[');
	for (size_t i = 0; i < f->n_refused; i++) {
		json_out_next(o);
		write_refusal(o, &f->refused[i]);
	}
	json_out_close(o, ']');
	json_out_close(o, '}');
}

static void write_step(struct document *d, const struct step_result *s)
{
	struct json_out *o = &d->o;
	const struct step_facts *f = &s->facts;
	char label[16];

	json_out_open(o, '{');
	member_str(o, "name", s->name);
	member_str(o, "kind", step_kind_name(s->kind));
	member_str(o, "group", s->group);
	member_str(o, "verdict", verdict_name(s->verdict));
	member_str(o, "fault", fault_name(s->fault));
	member_measure(o, "exit_code", f->exit_code);
	member_str(o, "signal", f->signal > 0 ? signal_label(f->signal, label) : NULL);
	member_real(o, "points", s->points);
	member_real(o, "max_points", s->max_points);
	write_facts(o, f);
	member_str(o, "limit_hit", limit_name(s->limit_hit));
	member_measure(o, "leftovers", f->leftovers);
	member_measure(o, "oom_kills", f->oom_kills);
	member_measure(o, "pids_denied", f->pids_denied);
	member_measure(o, "throttled_ns", f->throttled_ns);
	member_measure(o, "waited_ns", f->waited_ns);
	member_measure(o, "beside", f->beside);
	json_out_key(o, "near_limit");
	json_out_bool(o, s->near_limit);
	member_raw(o, "reruns", s->reruns);
	write_stream(d, "stdout", s, FRAMELOG_STDOUT);
	write_stream(d, "stderr", s, FRAMELOG_STDERR);
	member_str(o, "message", s->message);
	member_str(o, "denied_syscalls", NULL); /* no second run under a listener was asked for */
	write_network(o, f->network);
	write_limits(o, &s->limits);
	json_out_close(o, '}');
}

/* The submission, and the assignment, image, profile and engine of the run. */
static void write_parties(struct json_out *o, const struct run_result *r)
{
	open_named(o, "submission", r->submission.name);
	member_str(o, "file", r->submission.file);
	member_str(o, "sha256", r->submission.sha256);
	member_measure(o, "bytes", r->submission.bytes);
	member_measure(o, "entries", r->submission.entries);
	json_out_key(o, "changed");
	json_out_bool(o, r->submission.changed);
	json_out_close(o, '}');
	member_named(o, "assignment", r->assignment.name, "sha256", r->assignment.sha256);
	member_named(o, "image", r->image.name, "digest", r->image.digest);
	member_str(o, "version", r->version);
	member_named(o, "profile", r->profile.name, "sha256", r->profile.sha256);
	member_named(o, "engine", r->engine.name, "version", r->engine.version);
}

static void write_groups(struct json_out *o, const struct run_result *r)
{
	json_out_key(o, "groups");
	json_out_open(o, '[');
	for (size_t i = 0; i < r->n_groups; i++) {
		json_out_next(o);
		json_out_open(o, '{');
		member_str(o, "name", r->groups[i].name);
		member_real(o, "score", r->groups[i].score);
		member_real(o, "max_score", r->groups[i].max_score);
		json_out_close(o, '}');
	}
	json_out_close(o, ']');
}

/* A list in one text, a line each. */
static void write_replaced(struct json_out *o, const char *line)
{
	json_out_key(o, "replaced");
	json_out_open(o, '[');
	while (line && *line) {
		size_t len = strcspn(line, "\n");
		json_out_next(o);
		json_out_bytes(o, line, len);
		line += len + (line[len] == '\n');
	}
	json_out_close(o, ']');
}

static void write_error(struct json_out *o, const struct run_result *r)
{
	json_out_key(o, "error");
	if (!words_has_error(r)) {
		json_out_null(o);
		return;
	}
	json_out_open(o, '{');
	member_str(o, "code", words_error_code(r));
	member_str(o, "message", words_error_message(r));
	json_out_close(o, '}');
}

static void write_result(struct document *d, const struct run_result *r)
{
	struct json_out *o = &d->o;
	char started[32];

	json_out_open(o, '{');
	member_str(o, "schema", "moulette.result/1");
	member_str(o, "id", r->id);
	member_str(o, "batch", r->batch);
	write_parties(o, r);
	member_str(o, "verdict", verdict_name(r->verdict));
	member_str(o, "fault", fault_name(r->fault));
	member_real(o, "score", r->score);
	member_real(o, "max_score", r->max_score);
	clock_iso8601(r->started_real_ns, started);
	member_str(o, "started", r->started_real_ns > 0 ? started : NULL);
	member_measure(o, "duration_ns", r->duration_ns);
	member_real(o, "host_pressure", r->host_pressure);
	AUTO_FREE char *processors = r->processors ? mem_printf("[%s]", r->processors) : NULL;
	member_raw(o, "processors", processors);
	json_out_key(o, "steps");
	json_out_open(o, '[');
	for (size_t i = 0; i < r->n_steps; i++) {
		json_out_next(o);
		write_step(d, &r->steps[i]);
	}
	json_out_close(o, ']');
	write_groups(o, r);
	write_replaced(o, r->replaced);
	write_error(o, r);
	json_out_close(o, '}');
	fputc('\n', o->f);
}

int report_json_write(FILE *out, const struct run_result *r, bool one_line, struct err *err)
{
	AUTO_FD int log = -1;
	struct document d = { .o = { .f = out, .one_line = one_line }, .err = err };

	d.rc = stream_log_open(r, &log, err);
	d.log = log;
	text_budget_init(&d.budget, r);
	write_result(&d, r);
	if (fflush(out) != 0 || ferror(out))
		return err_set(err, FAULT_INFRA, errno, "cannot write the report");
	return d.rc;
}

static int json_write(FILE *out, const struct run_result *r, const struct report_options *opt,
		      struct err *err)
{
	(void)opt;
	return report_json_write(out, r, false, err);
}

static int json_write_line(FILE *out, const struct run_result *r, const struct report_options *opt,
			   struct err *err)
{
	(void)opt;
	return report_json_write(out, r, true, err);
}

const struct report_format report_json = {
	.name = "json",
	.summary = "one moulette.result/1 object",
	.write = json_write,
	.write_line = json_write_line,
};
