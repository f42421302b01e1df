/* fields.c - members of a result and their columns: one table serves writing and reading. */
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "store/internal.h"

#define AT(type, member) offsetof(type, member), sizeof(((type *)NULL)->member)
#define RUN(column, type, member)                                   \
	{                                                           \
		column, FIELD_##type, AT(struct run_result, member) \
	}
#define STEP(column, type, member)                                   \
	{                                                            \
		column, FIELD_##type, AT(struct step_result, member) \
	}
#define GROUP(column, type, member)                                   \
	{                                                             \
		column, FIELD_##type, AT(struct group_result, member) \
	}

/* clang-format off */
/* id and log_path are not here: put.c and query.c give them their form. */
const struct field run_fields[] = {
	RUN("batch", STRING, batch),
	RUN("submission_name", STRING, submission.name),
	RUN("submission_file", STRING, submission.file),
	RUN("submission_sha256", CHARS, submission.sha256),
	RUN("submission_bytes", MEASURE, submission.bytes),
	RUN("submission_entries", MEASURE, submission.entries),
	RUN("assignment_name", STRING, assignment.name),
	RUN("assignment_sha256", CHARS, assignment.sha256),
	RUN("image_name", STRING, image.name),
	RUN("image_digest", STRING, image.digest),
	RUN("profile_name", STRING, profile.name),
	RUN("profile_sha256", CHARS, profile.sha256),
	RUN("engine_name", STRING, engine.name),
	RUN("engine_version", STRING, engine.version),
	RUN("verdict", VERDICT, verdict),
	RUN("fault", FAULT, fault),
	RUN("score", REAL, score),
	RUN("max_score", REAL, max_score),
	RUN("started_ns", MEASURE, started_real_ns),
	RUN("duration_ns", MEASURE, duration_ns),
	RUN("error_code", CHARS, error_code),
	RUN("error_message", CHARS, error_message),
	RUN("version", CHARS, version),
	RUN("replaced", STRING, replaced),
	RUN("processors", STRING, processors),
	RUN("host_pressure", REAL, host_pressure),
	RUN("submission_changed", BOOL, submission.changed),
	{ NULL, FIELD_INT, 0, 0 },
};

const struct field log_path_field[] = {
	{ "log_path", FIELD_STRING, 0, sizeof(char *) },
	{ NULL, FIELD_INT, 0, 0 },
};

const struct field step_fields[] = {
	STEP("name", STRING, name),
	STEP("kind", KIND, kind),
	STEP("group_name", STRING, group),
	STEP("verdict", VERDICT, verdict),
	STEP("fault", FAULT, fault),
	STEP("points", REAL, points),
	STEP("max_points", REAL, max_points),
	STEP("limit_hit", LIMIT, limit_hit),
	STEP("message", CHARS, message),
	STEP("cpu_limit_ns", MEASURE, limits.v[LIMIT_CPU]),
	STEP("wall_limit_ns", MEASURE, limits.v[LIMIT_WALL]),
	STEP("memory_limit_bytes", MEASURE, limits.v[LIMIT_MEMORY]),
	STEP("processes_limit", MEASURE, limits.v[LIMIT_PROCESSES]),
	STEP("output_limit_bytes", MEASURE, limits.v[LIMIT_OUTPUT]),
	STEP("disk_limit_bytes", MEASURE, limits.v[LIMIT_DISK]),
	STEP("ran", BOOL, facts.ran),
	STEP("exit_code", INT, facts.exit_code),
	STEP("signal", INT, facts.signal),
	STEP("wall_ns", MEASURE, facts.wall_ns),
	STEP("cpu_ns", MEASURE, facts.cpu_ns),
	STEP("user_ns", MEASURE, facts.user_ns),
	STEP("system_ns", MEASURE, facts.system_ns),
	STEP("memory_peak_bytes", MEASURE, facts.memory_peak_bytes),
	STEP("rss_peak_bytes", MEASURE, facts.rss_peak_bytes),
	STEP("processes_peak", MEASURE, facts.processes_peak),
	STEP("leftovers", MEASURE, facts.leftovers),
	STEP("oom_kills", MEASURE, facts.oom_kills),
	STEP("pids_denied", MEASURE, facts.pids_denied),
	STEP("throttled_ns", MEASURE, facts.throttled_ns),
	STEP("stdout_bytes", MEASURE, facts.out.bytes),
	STEP("stdout_over", BOOL, facts.out.over),
	STEP("stdout_sha256", CHARS, facts.out.sha256),
	STEP("stderr_bytes", MEASURE, facts.err.bytes),
	STEP("stderr_over", BOOL, facts.err.over),
	STEP("stderr_sha256", CHARS, facts.err.sha256),
	STEP("log_begin", MEASURE, facts.log_begin),
	STEP("log_end", MEASURE, facts.log_end),
	STEP("network", NETWORK, facts.network),
	STEP("waited_ns", MEASURE, facts.waited_ns),
	STEP("beside", MEASURE, facts.beside),
	STEP("near_limit", BOOL, near_limit),
	STEP("reruns", STRING, reruns),
	{ NULL, FIELD_INT, 0, 0 },
};

const struct field group_fields[] = {
	GROUP("name", STRING, name),
	GROUP("score", REAL, score),
	GROUP("max_score", REAL, max_score),
	{ NULL, FIELD_INT, 0, 0 },
};
/* clang-format on */

size_t fields_count(const struct field *fields)
{
	size_t n = 0;
	while (fields[n].column)
		n++;
	return n;
}

void fields_list(struct buf *b, const struct field *fields, int marks)
{
	for (size_t i = 0; fields[i].column; i++) {
		if (i > 0)
			buf_str(b, ", ");
		buf_str(b, marks ? "?" : fields[i].column);
	}
}

static int bind_bytes(sqlite3_stmt *st, int at, const char *s)
{
	if (!s)
		return sqlite3_bind_null(st, at);
	size_t len = strlen(s);
	if (len > INT_MAX)
		return SQLITE_TOOBIG;
	if (utf8_valid(s, len))
		return sqlite3_bind_text(st, at, s, (int)len, SQLITE_STATIC);
	return sqlite3_bind_blob(st, at, s, (int)len, SQLITE_STATIC);
}

static int bind_word(sqlite3_stmt *st, int at, const char *word)
{
	return word ? sqlite3_bind_text(st, at, word, -1, SQLITE_STATIC) :
		      sqlite3_bind_null(st, at);
}

static int bind_network(sqlite3_stmt *st, int at, const struct network_facts *f)
{
	return f ? sqlite3_bind_text(st, at, network_column_text(f), -1, free) :
		   sqlite3_bind_null(st, at);
}

static int bind_one(sqlite3_stmt *st, int at, const struct field *f, const void *member)
{
	switch (f->type) {
	case FIELD_STRING:
		return bind_bytes(st, at, *(char *const *)member);
	case FIELD_CHARS:
		return bind_bytes(st, at, *(const char *)member ? member : NULL);
	case FIELD_MEASURE:
		if (*(const int64_t *)member == -1)
			return sqlite3_bind_null(st, at);
		return sqlite3_bind_int64(st, at, *(const int64_t *)member);
	case FIELD_INT:
		return sqlite3_bind_int(st, at, *(const int *)member);
	case FIELD_BOOL:
		return sqlite3_bind_int(st, at, *(const bool *)member);
	case FIELD_REAL: /* sqlite turns NaN into NULL itself, but does not promise it */
		if (isnan(*(const double *)member))
			return sqlite3_bind_null(st, at);
		return sqlite3_bind_double(st, at, *(const double *)member);
	case FIELD_VERDICT:
		return bind_word(st, at, verdict_name(*(const enum verdict *)member));
	case FIELD_FAULT:
		return bind_word(st, at, fault_name(*(const enum fault *)member));
	case FIELD_KIND:
		return bind_word(st, at, step_kind_name(*(const enum step_kind *)member));
	case FIELD_LIMIT:
		return bind_word(st, at, limit_name(*(const enum limit_id *)member));
	case FIELD_NETWORK:
		return bind_network(st, at, *(struct network_facts *const *)member);
	}
	return SQLITE_MISUSE;
}

int fields_bind(sqlite3_stmt *st, int first, const struct field *fields, const void *object)
{
	for (int i = 0; fields[i].column; i++) {
		int rc = bind_one(st, first + i, &fields[i],
				  (const char *)object + fields[i].offset);
		if (rc != SQLITE_OK)
			return rc;
	}
	return SQLITE_OK;
}

/* The enums by their names; -1: no such name. */
static int fault_of(const char *name)
{
	for (int i = FAULT_NONE; i <= FAULT_USAGE; i++)
		if (strcmp(name, fault_name((enum fault)i)) == 0)
			return i;
	return -1;
}

static int kind_of(const char *name)
{
	for (int i = STEP_BUILD; i <= STEP_COMMAND; i++)
		if (strcmp(name, step_kind_name((enum step_kind)i)) == 0)
			return i;
	return -1;
}

static int limit_of(const char *name)
{
	for (int i = 0; i < LIMIT_COUNT; i++)
		if (strcmp(name, limit_name((enum limit_id)i)) == 0)
			return i;
	return -1;
}

static int read_text(sqlite3_stmt *st, int at, const struct field *f, void *member)
{
	if (sqlite3_column_type(st, at) == SQLITE_NULL)
		return 0; /* initialised as NULL or "" */
	const char *data = sqlite3_column_blob(st, at);
	size_t len = (size_t)sqlite3_column_bytes(st, at);
	if (len > 0 && memchr(data, '\0', len))
		return -1;
	if (f->type == FIELD_STRING) {
		*(char **)member = mem_strndup(len > 0 ? data : "", len);
		return 0;
	}
	if (len >= f->size)
		return -1;
	if (len > 0)
		memcpy(member, data, len);
	((char *)member)[len] = '\0';
	return 0;
}

static int read_word(sqlite3_stmt *st, int at, const struct field *f, void *member)
{
	const char *word = (const char *)sqlite3_column_text(st, at);
	int value = -1;

	if (!word) {
		/* Only a limit may be absent, and it is initialised as LIMIT_NONE. */
		return f->type == FIELD_LIMIT ? 0 : -1;
	}
	if (f->type == FIELD_VERDICT && (value = verdict_of(word)) >= 0)
		*(enum verdict *)member = (enum verdict)value;
	else if (f->type == FIELD_FAULT && (value = fault_of(word)) >= 0)
		*(enum fault *)member = (enum fault)value;
	else if (f->type == FIELD_KIND && (value = kind_of(word)) >= 0)
		*(enum step_kind *)member = (enum step_kind)value;
	else if (f->type == FIELD_LIMIT && (value = limit_of(word)) >= 0)
		*(enum limit_id *)member = (enum limit_id)value;
	return value < 0 ? -1 : 0;
}

static int read_network(sqlite3_stmt *st, int at, struct network_facts **member)
{
	const char *text = (const char *)sqlite3_column_text(st, at);
	return text ? network_column_read(text, (size_t)sqlite3_column_bytes(st, at), member) : 0;
}

static int read_one(sqlite3_stmt *st, int at, const struct field *f, void *member)
{
	bool null = sqlite3_column_type(st, at) == SQLITE_NULL;

	switch (f->type) {
	case FIELD_STRING:
	case FIELD_CHARS:
		return read_text(st, at, f, member);
	case FIELD_MEASURE:
		*(int64_t *)member = null ? -1 : sqlite3_column_int64(st, at);
		return 0;
	case FIELD_INT:
		*(int *)member = sqlite3_column_int(st, at);
		return 0;
	case FIELD_BOOL:
		*(bool *)member = sqlite3_column_int(st, at) != 0;
		return 0;
	case FIELD_REAL:
		*(double *)member = null ? NAN : sqlite3_column_double(st, at);
		return 0;
	case FIELD_VERDICT:
	case FIELD_FAULT:
	case FIELD_KIND:
	case FIELD_LIMIT:
		return read_word(st, at, f, member);
	case FIELD_NETWORK:
		return read_network(st, at, member);
	}
	return -1;
}

int fields_read(sqlite3_stmt *st, int first, const struct field *fields, void *object,
		const char **ret_column)
{
	for (int i = 0; fields[i].column; i++) {
		if (read_one(st, first + i, &fields[i], (char *)object + fields[i].offset) < 0) {
			*ret_column = fields[i].column;
			return -1;
		}
	}
	return 0;
}
