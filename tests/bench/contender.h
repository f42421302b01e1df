/* contender.h - programs that do the same work, and the rounds in which they are measured.
 *
 * A comparison is one kind of work (image-import) and those that can do it, in one or more variants
 * (1, 3, 10 tests). Each contender is looked for, does the work once to prove that it can, and is
 * then measured in rounds: in each round every contender once, the next round beginning with the
 * next of them, so that what changes on the machine meanwhile strikes all alike.
 */
#ifndef MOULETTE_BENCH_CONTENDER_H
#define MOULETTE_BENCH_CONTENDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "bench/sample.h"

#define VARIANTS_MAX 16

/** What one call of the program was asked for. All borrowed. */
struct bench {
	const char *moulette; /* the program that is measured */
	const char *scratch;  /* an empty folder, removed by main() with all in it */
	int rounds;
	int budget_s;            /* of one contender in one table, beyond its first round */
	uint64_t size;           /* of a generated image, in bytes */
	int tests[VARIANTS_MAX]; /* tests of a submission; the last one is 0 */
	int growth;              /* tests in one box */
	int submissions;         /* of one batch */
	int interrupt_fd;        /* a signalfd */
};

struct contender;

/** One run: its folder is new and empty before command(). */
struct trial {
	const struct bench *bench;
	const struct contender *contender;
	void *input;         /* what setup() of the comparison made */
	const char *program; /* of the contender, by its whole path; moulette's if it names none */
	char *dir, *log;
	int units;    /* tests of the variant; 1 while proving */
	bool failing; /* a program that ends with another status than 0, as a part of the proof */
};

struct contender {
	const char *name;
	const char *protects;       /* what stands between the work and the host, in a few words */
	const char *program;        /* looked for in PATH; NULL: moulette */
	const char *version_option; /* what has it say its version; NULL: nothing does */
	int fails_with; /* its own status when a program in it fails; 0: the program's */
	/** Other things that have to be there, or NULL; else *ret_why (owned) says what is missing. */
	bool (*probe)(const struct bench *b, void *input, char **ret_why);
	/** What a run does; owned by the caller. */
	int (*command)(const struct trial *t, struct work *ret, struct err *err);
	/** After a run that ended with status 0: was the work done, and right? */
	int (*prove)(const struct trial *t, struct err *err);
	/** What probe() and command() made that outlives a run; also after they failed. Or NULL. */
	void (*cleanup)(const struct bench *b, void *input);
};

/** A table of a comparison. */
struct variant {
	int units;    /* how many a run makes; 0: that is not said */
	int pause_ms; /* before each run, as a grader that waits for submissions has it */
};

struct comparison {
	const char *name, *summary;
	const struct contender *const
		*contenders; /* the first is what the others are compared with */
	size_t n;
	const char *unit; /* what a run makes some of; NULL: one run is one */
	/* Runs leave much on the disk: it is written out between them, on nobody's time. */
	bool settles;
	/** Fill @ret (VARIANTS_MAX of them), return how many. NULL: one, in which `units` counts. */
	size_t (*variants)(const struct bench *b, struct variant *ret);
	int units;
	/** Make what the contenders work on; *ret_text (owned) describes it. */
	int (*setup)(const struct bench *b, void **ret_input, char **ret_text, struct err *err);
	void (*teardown)(void *input);
};

/** What was measured of a contender; in each list one value a round. */
struct measured {
	const struct contender *contender;
	char *why;            /* NULL: measured; else why not */
	char *path, *version; /* of its program; NULL: not known */
	size_t rounds;        /* those in which it took part: the first ones */
	double *wall_ns, *cpu_ns, *peak_bytes;
};

struct outcome {
	const struct comparison *comparison;
	struct variant variant;
	char *text;
	struct measured *rows; /* one a contender */
	size_t rounds;
};

extern const struct comparison comparison_image_import, comparison_card, comparison_grade,
	comparison_latency, comparison_workers;

/**
 * comparison_run() - all rounds of all variants of one comparison
 * @each: gets the outcome of each variant; a number other than 0 ends it, and is returned
 *
 * Progress goes to stderr. A contender that is not there, does not prove its work, or fails in a round
 * is a row with `why`. FAULT_INFRA: the first one, ours, failed; code "interrupted".
 */
int comparison_run(const struct comparison *c, const struct bench *b,
		   int (*each)(void *ctx, const struct outcome *o, struct err *err), void *ctx,
		   struct err *err);

/** bench_moulette_env() - the environment of moulette, with a state folder of its own. */
void bench_moulette_env(const char *home, char ***ret_env);
/** bench_peer_env() - the environment of all others. */
void bench_peer_env(char ***ret_env);

/** bench_call() - moulette once, unmeasured; its output is in @log. Its failure is an error. */
int bench_call(const struct bench *b, const char *home, char *const *argv, const char *log,
	       struct err *err);

#endif
