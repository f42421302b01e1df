/* recipe_sources.h - where the packages of an image come from: what the host's apt says. */
#ifndef MOULETTE_RECIPE_RECIPE_SOURCES_H
#define MOULETTE_RECIPE_RECIPE_SOURCES_H

#include "base/err.h"

struct apt_sources {
	char *suite;    /* as the sources call it */
	char **files;   /* lists of sources that have it, absolute paths */
	char **options; /* lines of apt.conf: proxies and the like */
};

/**
 * recipe_sources_find() - ask apt-get and apt-config
 * @suite: NULL: the release of the host
 *
 * A suite that no source has is FAULT_USAGE. @ret must be done either way.
 */
int recipe_sources_find(const char *suite, struct apt_sources *ret, struct err *err);
void recipe_sources_done(struct apt_sources *s);

/** recipe_sources_take() - from lines FILE:N|SUITE|COMPONENT the suite, and the files that hold it,
 *  its updates and its security, each once. @suite NULL: @codename, else what goes by "stable"... */
int recipe_sources_take(const char *lines, const char *suite, const char *codename,
			struct apt_sources *ret, struct err *err);

#endif
