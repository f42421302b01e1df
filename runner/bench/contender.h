/* contender.h - programs that do the same work, and the rounds in which they are measured.
 *
 * A comparison is one kind of work (image-import) and those that can do it. Each contender is
 * looked for, does the work once to prove that it can, and is then measured in rounds: in each
 * round every contender once, the next round beginning with the next of them, so that what changes
 * on the machine meanwhile strikes all alike.
 */
#ifndef MOULETTE_BENCH_CONTENDER_H
#define MOULETTE_BENCH_CONTENDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "bench/sample.h"

/** What one call of the program was asked for. All borrowed. */
struct bench {
	const char *moulette; /* the program that is measured */
	const char *scratch;  /* an empty folder, removed by main() with all in it */
	int rounds;
	uint64_t size;	  /* of what is generated, in bytes */
	int interrupt_fd; /* a signalfd */
};

/** One run: its folder is new and empty before command(). */
struct trial {
	const struct bench *bench;
	void *input; /* what setup() of the comparison made */
	char *dir;
};

struct contender {
	const char *name;
	const char *protects; /* what stands between the work and the host, in a few words */
	/** Is it on this machine? Else *ret_why (owned) says why not. */
	bool (*probe)(const struct bench *b, char **ret_why);
	/** The command line of a run; both lists are owned by the caller. */
	int (*command)(const struct trial *t, char ***ret_argv, char ***ret_env, struct err *err);
	/** After a run that ended with status 0: was the work done, and right? */
	int (*prove)(const struct trial *t, struct err *err);
};

struct comparison {
	const char *name, *summary;
	const struct contender *const
		*contenders; /* the first is what the others are compared with */
	size_t n;
	/* How many of what one run makes, when what one of them costs is worth a line; else 0. */
	int units;
	const char *unit;
	/** Make what the contenders work on; *ret_text (owned) describes it. */
	int (*setup)(const struct bench *b, void **ret_input, char **ret_text, struct err *err);
	void (*teardown)(void *input);
};

/** What was measured of a contender; in each list one value a round. */
struct measured {
	const struct contender *contender;
	char *why; /* NULL: measured; else why not */
	double *wall_ns, *cpu_ns, *peak_bytes;
};

struct outcome {
	const struct comparison *comparison;
	char *text;
	struct measured *rows; /* one a contender */
	size_t rounds;
};

extern const struct comparison comparison_image_import, comparison_card;

/**
 * comparison_run() - all rounds of one comparison
 *
 * Progress goes to stderr. A contender that is not there, or does not prove its work, is a row with
 * `why`. FAULT_INFRA: the first one, ours, failed, or any did in a round; code "interrupted".
 * *ret is to be done in any case.
 */
int comparison_run(const struct comparison *c, const struct bench *b, struct outcome *ret,
		   struct err *err);
void outcome_done(struct outcome *o);

/** bench_has_moulette() - the probe of moulette's own contenders. */
bool bench_has_moulette(const struct bench *b, char **ret_why);
/** bench_moulette_env() - its environment, with a state folder of its own. */
void bench_moulette_env(const char *home, char ***ret_env);

/** find_program() - in PATH; owned. NULL: *ret_why (owned) says that it is not installed. */
char *find_program(const char *name, char **ret_why);

#endif
