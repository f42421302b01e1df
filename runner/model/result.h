/* result.h - measurements and verdicts of steps and submissions. */
#ifndef MOULETTE_MODEL_RESULT_H
#define MOULETTE_MODEL_RESULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/digest.h"
#include "base/err.h"
#include "model/assignment.h"
#include "model/network.h"
#include "model/submission.h"

enum verdict {
	VERDICT_PASSED,
	VERDICT_WRONG_ANSWER,
	VERDICT_RUNTIME_ERROR,
	VERDICT_TIME_LIMIT,
	VERDICT_MEMORY_LIMIT,
	VERDICT_OUTPUT_LIMIT,
	VERDICT_PROCESS_LIMIT,
	VERDICT_DISK_LIMIT,
	VERDICT_COMPILE_ERROR,
	VERDICT_REFUSED,
	VERDICT_SKIPPED,
	VERDICT_INTERNAL_ERROR,
	VERDICT_COUNT,
};

const char *verdict_name(enum verdict v);          /* "time_limit" */
int verdict_of(const char *name);                  /* -1: no such verdict */
const char *signal_label(int signo, char buf[16]); /* "SIGSEGV", "SIGRTMIN+3", "SIG77" */

/** The stage at which an exec failed, as PID 1 of the box reports it. */
enum exec_stage { EXEC_OK, EXEC_FORK, EXEC_CGROUP, EXEC_SETUP, EXEC_CHDIR, EXEC_EXEC };

/** One captured stream; the bytes lie in the result's log (base/framelog.h). */
struct stream_facts {
	int64_t bytes; /* captured, at most the cap; -1: not measured */
	bool over;     /* there was a byte beyond the cap */
	char sha256[DIGEST_HEX];
};

/** A place of the box that had no free block, or could take no more files. */
struct full_place {
	const char *name; /* "/tmp", "the work folder", a constant; NULL: none was full */
	int64_t bytes;    /* that the step could write there; 0: it was the number of files */
};

/** Measured, not judged. -1 stands for "not measured" in every number. */
struct step_facts {
	bool ran; /* false: never started (skipped, or the box failed) */
	enum exec_stage exec_stage;
	int exec_errno;
	/* EXEC_EXEC: is the program in the work folder (else of the image or of `files`), the path
	 * that was tried, and words about it ("the first line ends in a carriage return"). */
	bool exec_in_work;
	char *exec_note; /* NULL: none; owned by whoever holds the facts, as what follows */
	int exit_code;   /* -1: ended by a signal, or not at all */
	int signal;      /* 0: none */
	int64_t wall_ns, cpu_ns, user_ns, system_ns;
	int64_t memory_peak_bytes, rss_peak_bytes, processes_peak;
	int64_t leftovers, oom_kills, pids_denied, throttled_ns;
	int64_t waited_ns; /* ready to run, and no processor was free; part of wall_ns */
	bool overloaded;   /* ... for longer than a step is waited for */
	int64_t beside;    /* most steps of other boxes that ran meanwhile */
	enum limit_id
		ended_for; /* the runner ended the step: CPU, WALL or OUTPUT; else LIMIT_NONE */
	bool processes_around; /* a group around the box refused a process; the step's own limit did not */
	struct full_place full; /* when the step's last process was dead */
	unsigned int hints;     /* result/hints.h: what stderr says */
	struct stream_facts out, err;
	int64_t log_begin, log_end; /* offsets of the step's frames in the log */
	/* PID 1 or the engine died, or our own work failed: infrastructure unless a count above says
	 * that the step hit a limit. */
	bool box_failed;
	/* Pointers, because there may be results of 10,000 steps in memory and hardly one has either. */
	struct err *trouble;           /* words for box_failed; NULL: none */
	struct network_facts *network; /* NULL: the box had no card */
};

void step_facts_init(struct step_facts *f); /* everything unmeasured */
void step_facts_done(struct step_facts *f);
/** step_facts_busy_ns() - the wall time that counts against the limit; -1: unmeasured. */
int64_t step_facts_busy_ns(const struct step_facts *f);
/** step_facts_failed() - the box failed, for this reason. */
void step_facts_failed(struct step_facts *f, const struct err *trouble);

/** Outcome of result/compare. */
struct comparison {
	bool done; /* false: nothing was compared */
	bool equal;
	char message[240]; /* "line 1: expected \"olleh\", got \"olle\"" */
};

struct step_result {
	char *name;
	enum step_kind kind;
	char *group; /* NULL */
	enum verdict verdict;
	enum fault fault;
	double points, max_points; /* NaN: null */
	enum limit_id limit_hit;
	char message[300]; /* one line, printable; "" : none */
	struct limits limits;
	/* Was its time so near the limit, or the host so busy, that another run might end otherwise? */
	bool near_limit;
	/* JSON, an array of objects: what each run took of a step that was run once more. NULL: it was not. */
	char *reruns;
	struct step_facts facts;
};

struct group_result {
	char *name;
	double score, max_score;
};

/** moulette.result/1. Strings are owned; NULL and "" are null in JSON. */
struct run_result {
	char id[27];
	char version[24]; /* of the moulette that graded */
	char *batch;
	struct {
		char *name, *file;
		char sha256[DIGEST_HEX];
		int64_t bytes, entries;
		bool changed; /* its content was still changing when it was copied for the last time */
	} submission;
	struct {
		char *name;
		char sha256[DIGEST_HEX];
	} assignment;
	struct {
		char *name, *digest;
	} image;
	struct {
		char *name;
		char sha256[DIGEST_HEX];
	} profile;
	struct {
		char *name, *version;
	} engine;
	enum verdict verdict;
	enum fault fault;
	double score, max_score; /* NaN: null */
	int64_t started_real_ns, duration_ns;
	struct step_result *steps;
	size_t n_steps, room; /* room: for so many */
	struct group_result *groups;
	size_t n_groups;
	char error_code[40]; /* "": error is null */
	char error_message[480];
	char *processors; /* "0,3": those that the last box had for itself; NULL: it had none */
	double host_pressure; /* share of the time in which a task of the host waited for a processor; NaN */
	char *replaced; /* names that `files` of the assignment replaced, a line each; NULL: none */
	char *log_path; /* file with the captured bytes (base/framelog.h); NULL: nothing was captured */
};

void run_result_init(struct run_result *r);
void run_result_done(struct run_result *r);
/** run_result_replaced() - one more name in r->replaced, unless it is there. */
void run_result_replaced(struct run_result *r, const char *name);
/** run_result_reserve() - room for @n steps in all, where that is known before. */
void run_result_reserve(struct run_result *r, size_t n);
struct step_result *
run_result_add(struct run_result *r); /* initialised; good until the next call */

#endif
