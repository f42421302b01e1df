/* isolation.h - how far apart the tests of one submission are kept. */
#ifndef MOULETTE_MODEL_ISOLATION_H
#define MOULETTE_MODEL_ISOLATION_H

#include "base/err.h"

enum isolation {
	ISOLATION_UNSET,
	ISOLATION_BOX,    /* all in one container, set back after each */
	ISOLATION_STRICT, /* each in a new container */
};

/** isolation_parse() - "box" or "strict"; @where begins the message. FAULT_USAGE. */
int isolation_parse(const char *word, const char *where, enum isolation *ret, struct err *err);
const char *isolation_word(enum isolation i);

#endif
