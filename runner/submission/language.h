/* language.h - the table of languages: which commands compile and run which files. */
#ifndef MOULETTE_SUBMISSION_LANGUAGE_H
#define MOULETTE_SUBMISSION_LANGUAGE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "model/limits.h"

enum compiler { COMPILER_UNKNOWN, COMPILER_SOUND, COMPILER_OLD };

struct language {
	char *name;        /* "c" */
	char **extensions; /* ".c" */
	char **headers;    /* ".h": belong to the language but are not compiled */
	char **build;      /* words; "{sources}" stands for all of them, "{main}" for the main one,
			    * "{binary}" for the program, "{memory}" for the step's limit in bytes;
			    * NULL: nothing is compiled */
	char **newer; /* words of build that older compilers refuse, and are left out for those; or NULL */
	char **check; /* the same words as build, in its place: shows errors of the main source, and makes
			    * no program; only where every test is run by this row; or NULL */
	char *probe;  /* a source that a sound compiler takes; or NULL */
	char **run;   /* the same words, and "{script}": the main source as it is run, that is
			    * "./x" when it begins with #!, else "bash x" of .bash and "/bin/sh x" of others */
	char **mains; /* "main.py": tried in this order when there are several sources */
	bool glue;    /* gives way when there are sources of another row */
	struct limits build_floor, run_floor;
	enum compiler
		compiler; /* that of the image, as a session has tried it; OLD: it lacks `newer` */
};
struct languages {
	struct language *rows;
	size_t n;
	char **extensions; /* of all rows; for submission_open() */
};

/** languages_load() - the shipped table, a JSON file. FAULT_USAGE. */
int languages_load(const char *path, struct languages *ret, struct err *err);
void languages_done(struct languages *l);
/** languages_find() - the row of that name, or NULL. */
const struct language *languages_find(const struct languages *l, const char *name);
/** languages_compiler() - the first row with a probe that compiles or checks by @program, or NULL. */
const struct language *languages_compiler(const struct languages *l, const char *program);

#endif
