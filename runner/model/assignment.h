/* assignment.h - an assignment and its steps. */
#ifndef MOULETTE_MODEL_ASSIGNMENT_H
#define MOULETTE_MODEL_ASSIGNMENT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/digest.h"
#include "model/limits.h"
#include "model/network.h"

enum step_kind { STEP_BUILD, STEP_TEST, STEP_COMMAND };
enum compare_kind { COMPARE_LINES, COMPARE_EXACT, COMPARE_NONE };

const char *step_kind_name(enum step_kind kind); /* "build", "test", "command" */

/** A file or folder that the assignment puts into the box. */
struct file_spec {
	char *from;   /* absolute path on the host */
	char *to;     /* absolute: mounted read-only; relative: copied into the work folder */
	bool exposes; /* the teacher said that it may cover expected output */
};

#define PEER_LISTEN_ANY (-1) /* not given: the first socket that it opens */
#define PEER_LISTEN_NONE 0   /* false: a client, which the test does not wait for */

/** A program that runs beside a test, in a box of its own that is reached by its name. */
struct peer_spec {
	char *name; /* a host name: [a-z0-9-]{1,63} */
	char **argv;
	char **env;
	char *profile; /* NULL: the assignment's */
	struct file_spec *files;
	size_t n_files;
	struct limits limits;
	int listen; /* port by which it is known to be ready, or PEER_LISTEN_* */
};

/** One command to be run in the box. Strings are owned. */
struct step_spec {
	char *name;
	enum step_kind kind;
	char **argv;          /* complete, args appended; NULL: the table of languages says */
	char **args;          /* of the assignment, appended when the table gives the command */
	char **env;           /* NAME=VALUE, over the box's environment */
	struct limits limits; /* what the step itself sets; after planning: all six */
	char *stdin_path;     /* absolute path of the input on the host; NULL: empty */
	char *stdout_path;    /* absolute path of the expected output; NULL: nothing is compared */
	enum compare_kind compare;
	bool has_compare; /* the assignment says it: there should be something to compare with */
	int exit;         /* the status that passes */
	double points;    /* most that can be got; NaN: no points (null) */
	struct network network; /* NETWORK_UNSET: the assignment's, else the profile's */
	struct peer_spec *peers;
	size_t n_peers;
};

struct assignment {
	char *name;
	char sha256[DIGEST_HEX]; /* of assignment.json and every file that it names */
	char *dir;               /* absolute; NULL: the built-in assignment */
	char *image;             /* NULL: not said */
	char *profile;           /* NULL: not said */
	char **env;
	bool home_in_work; /* HOME is the work folder, and not one that is empty in each step */
	char **languages;  /* names of rows that are allowed; NULL: auto */
	struct limits limits;
	int processors; /* on which a box may run at the same time; 0: the profile's */
	struct network network;
	struct file_spec *files;
	size_t n_files;
	bool has_build; /* "build" was given (an empty list counts) */
	struct step_spec *build;
	size_t n_build;
	struct step_spec *tests;
	size_t n_tests;
};

/** The steps of one submission, in their order, with all six limits set. */
struct plan {
	struct step_spec *steps;
	size_t n;
	char *language; /* row of the table that was chosen; NULL: none was needed */
};

/** file_specs_copy() - deep; no entries are NULL. */
struct file_spec *file_specs_copy(const struct file_spec *files, size_t n);
void file_specs_done(struct file_spec *files, size_t n); /* the list itself goes as well */
void step_spec_done(struct step_spec *s);
void step_spec_copy(struct step_spec *to, const struct step_spec *from); /* deep */
void assignment_done(struct assignment *a);
/** plan_add() - a new step at the end: zeroed, limits unset, points NaN. The pointer is good until
 *  the next call. */
struct step_spec *plan_add(struct plan *p, enum step_kind kind, const char *name);
void plan_done(struct plan *p);

#endif
