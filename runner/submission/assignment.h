/* assignment.h - read an assignment folder and plan the steps of one submission. */
#ifndef MOULETTE_SUBMISSION_ASSIGNMENT_H
#define MOULETTE_SUBMISSION_ASSIGNMENT_H

#include "base/err.h"
#include "model/assignment.h"
#include "submission/language.h"

/**
 * assignment_load() - read and check DIR/assignment.json and look at every file that it names
 * @path: the folder, or the assignment.json itself
 *
 * Every error is FAULT_USAGE and names file, key, what was expected. Unknown keys are errors; those
 * of later versions (each, hidden, group, requires, groups, solutions ...) say that this version
 * does not know them yet. `files` (of peers too) that cover an expected output or assignment.json
 * are an error unless they say "exposes": true. Symlinks in `files` must not leave the assignment.
 */
int assignment_load(const char *path, struct assignment *ret, struct err *err);
/** assignment_check_tests() - FAULT_USAGE when there is nothing to be graded: an assignment without
 *  tests needs a command; a test that says how to compare needs an expected output. */
int assignment_check_tests(const struct assignment *a, struct err *err);
/** assignment_check_languages() - FAULT_USAGE when "language" names a row that the table lacks;
 *  assignment_plan() does it too. @a may be NULL. */
int assignment_check_languages(const struct assignment *a, const struct languages *langs,
			       struct err *err);

/** assignment_has_commands() - has it commands of its own, `build` or a `run`? They may want a single
 *  file of any kind as the submission. @a may be NULL. */
bool assignment_has_commands(const struct assignment *a);

/** assignment_check_expected() - FAULT_USAGE when the expected output of a step is longer than its
 *  limit of output, so that no program could pass. @otherwise: limits of steps that set none
 *  themselves; NULL: they have all. A limit that nobody set is not checked. */
int assignment_check_expected(const struct step_spec *steps, size_t n,
			      const struct limits *otherwise, struct err *err);

/** assignment_warnings() - likely mistakes in a valid assignment, one line each, added to *@ret: inputs
 *  and expected outputs with a byte order mark or in UTF-16, builds with a LeakSanitizer that is off, and
 *  programs that obey files of the submission (test_programs.h). FAULT_INFRA: unreadable. */
int assignment_warnings(const struct assignment *a, char ***ret, struct err *err);

/** assignment_command() - the pseudo-assignment of `-- COMMAND`: one step of kind STEP_COMMAND (the
 *  only entry of `tests`) with empty input, no points, nothing compared, no build; keeps name,
 *  digest, image, profile, env, files, limits and network of @a (which may be NULL). */
void assignment_command(const struct assignment *a, char *const *argv, struct assignment *ret);

/**
 * assignment_plan() - the steps of one submission
 * @a:        NULL: the built-in assignment
 * @work_fd:  the unpacked work folder; only looked at (beneath it, no link followed)
 * @has_check: for the built-in assignment with a Makefile: does it have a target `check`? (asked by
 *            the caller in the box, see assignment_wants_probe(); ignored otherwise)
 * @base:     limits of the profile, all six or LIMIT_UNSET wall
 * @over:     --limit of the command line
 *
 * Order of limits: profile, assignment, step, --limit, then @time_factor; before the latter the
 * floors of the language are raised into steps whose command comes from the table. Without `build`
 * and with a `run` in every test, files of no known language are no error: nothing is built.
 *
 * The built-in assignment: `make` (build, 1 point in all: on `make check` when has_check, else the
 * build itself passes for it), else `run.sh` (`./run.sh` when it begins with #!, else `/bin/sh
 * run.sh`), else the sources, compiled and run by the table. Its steps are called "build", "check"
 * and "run". Without any of these: FAULT_STUDENT "submission.nothing_to_run"; without a row of the
 * table for the submitted files: "submission.language". The message lists what was looked for.
 */
int assignment_plan(const struct assignment *a, const struct languages *langs, int work_fd,
		    bool has_check, const struct limits *base, const struct limits *over,
		    double time_factor, struct plan *ret, struct err *err);

/** assignment_ceiling() - the largest limits that a step of assignment_plan() can have, for any
 *  submission. */
void assignment_ceiling(const struct assignment *a, const struct languages *langs,
			const struct limits *base, const struct limits *over, double time_factor,
			struct limits *ret);

/** assignment_wants_probe() - true when the built-in assignment finds a Makefile (makefile,
 *  GNUmakefile): after `make` the caller asks `make -pq .moulette-none`. */
bool assignment_wants_probe(const struct assignment *a, int work_fd);
/** assignment_probe_line() - feed the probe's output line by line (without newline); true once a
 *  line `check:` came that is not preceded by "# Not a target". @state starts as 0. */
bool assignment_probe_line(int *state, const char *line, size_t len);

#endif
