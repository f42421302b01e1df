/* schema.c - the tables of results.db, as of user_version 5. */
#include "store/internal.h"

/*
 * Names and messages come from people and programs and may hold any bytes. STRICT would refuse a
 * blob in a TEXT column, and text that is not UTF-8 is undefined to sqlite: so their columns are
 * ANY, and hold TEXT where the bytes are UTF-8 (a teacher's own `WHERE submission_name = 'ada'`
 * finds them), else a BLOB. Absent measurements are NULL. Times and durations are nanoseconds.
 */
const char store_schema_sql[] =
	"CREATE TABLE results ("
	" id TEXT PRIMARY KEY,"
	" batch ANY,"
	" submission_name ANY, submission_file ANY, submission_sha256 ANY,"
	" submission_bytes INTEGER, submission_entries INTEGER,"
	" submission_changed INTEGER NOT NULL DEFAULT 0,"
	" assignment_name ANY, assignment_sha256 ANY,"
	" image_name ANY, image_digest ANY,"
	" profile_name ANY, profile_sha256 ANY,"
	" engine_name ANY, engine_version ANY,"
	" verdict TEXT NOT NULL, fault TEXT NOT NULL,"
	" score REAL, max_score REAL,"
	" started_ns INTEGER, duration_ns INTEGER,"
	" error_code ANY, error_message ANY,"
	" replaced ANY," /* names, a line each */
	" processors ANY, host_pressure REAL,"
	" log_path ANY,"         /* relative to the folder of the database where it lies below it */
	" version TEXT NOT NULL" /* of the moulette that graded */
	") STRICT, WITHOUT ROWID;"
	"CREATE INDEX results_started ON results (started_ns, id);"
	"CREATE TABLE steps ("
	" result TEXT NOT NULL REFERENCES results (id), number INTEGER NOT NULL,"
	" name ANY, kind TEXT NOT NULL, group_name ANY,"
	" verdict TEXT NOT NULL, fault TEXT NOT NULL,"
	" points REAL, max_points REAL, limit_hit TEXT, message ANY,"
	" cpu_limit_ns INTEGER, wall_limit_ns INTEGER, memory_limit_bytes INTEGER,"
	" processes_limit INTEGER, output_limit_bytes INTEGER, disk_limit_bytes INTEGER,"
	" ran INTEGER NOT NULL, exit_code INTEGER NOT NULL, signal INTEGER NOT NULL,"
	" wall_ns INTEGER, cpu_ns INTEGER, user_ns INTEGER, system_ns INTEGER,"
	" memory_peak_bytes INTEGER, rss_peak_bytes INTEGER, processes_peak INTEGER,"
	" leftovers INTEGER, oom_kills INTEGER, pids_denied INTEGER, throttled_ns INTEGER,"
	" stdout_bytes INTEGER, stdout_over INTEGER NOT NULL, stdout_sha256 ANY,"
	" stderr_bytes INTEGER, stderr_over INTEGER NOT NULL, stderr_sha256 ANY,"
	" log_begin INTEGER, log_end INTEGER,"
	" network TEXT," /* JSON */
	" waited_ns INTEGER, beside INTEGER, near_limit INTEGER NOT NULL DEFAULT 0,"
	" reruns ANY," /* JSON */
	" PRIMARY KEY (result, number)"
	") STRICT, WITHOUT ROWID;"
	"CREATE TABLE result_groups ("
	" result TEXT NOT NULL REFERENCES results (id), number INTEGER NOT NULL,"
	" name ANY, score REAL, max_score REAL,"
	" PRIMARY KEY (result, number)"
	") STRICT, WITHOUT ROWID;";
