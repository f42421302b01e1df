/* choice.h - the row of the table of languages for one submission, and the commands it gives. */
#ifndef MOULETTE_SUBMISSION_CHOICE_H
#define MOULETTE_SUBMISSION_CHOICE_H

#include "base/err.h"
#include "submission/language.h"

struct choice {
	const struct language *row; /* borrowed; NULL: no row fits */
	char **sources;             /* those of the row, sorted */
	char *binary;               /* the program that its build makes */
	char *missing;              /* message for the student when no row fits */
};

/**
 * choice_make() - find the row for the sources beneath @work_fd
 * @allowed: names of rows, in the order in which they are preferred; NULL: every row, and then
 *           sources of two rows are an error, unless all but one are glue
 *
 * The program is called a.out, unless a folder has that name. Errors are FAULT_STUDENT with code
 * "submission.language" or as sources_find() says. That no row fits is none.
 */
int choice_make(const struct languages *l, char *const *allowed, int work_fd, struct choice *ret,
		struct err *err);
void choice_done(struct choice *c);

/** choice_words() - @words of the row with the names in their places. @memory is the limit of the
 *  step in bytes, or LIMIT_UNSET. FAULT_STUDENT when @words need the main source and several may be it. */
int choice_words(const struct choice *c, int work_fd, int64_t memory, char *const *words,
		 char ***ret_argv, struct err *err);
/** choice_script() - append how the script @path is run: itself when it begins with #!, else by
 *  bash (.bash) or /bin/sh. */
void choice_script(int work_fd, const char *path, char ***argv);

#endif
