/* isolation.c - the words of isolation.h. */
#include "model/isolation.h"

#include <string.h>

const char *isolation_word(enum isolation i)
{
	return i == ISOLATION_STRICT ? "strict" : "box";
}

int isolation_parse(const char *word, const char *where, enum isolation *ret, struct err *err)
{
	for (enum isolation i = ISOLATION_BOX; i <= ISOLATION_STRICT; i++) {
		if (strcmp(word, isolation_word(i)) == 0) {
			*ret = i;
			return 0;
		}
	}
	return err_set(err, FAULT_USAGE, 0,
		       "%s: '%s': expected 'box' (all tests of a submission in one "
		       "container) or 'strict' (a new container for each test)",
		       where, word);
}
