/* runtimes.h - tells managed runtimes the memory limit of their step. */
#ifndef MOULETTE_PIPELINE_RUNTIMES_H
#define MOULETTE_PIPELINE_RUNTIMES_H

#include <stdbool.h>

#include "model/assignment.h"
#include "model/image.h"

/** The runtimes whose program is on the PATH of an image. */
struct runtimes {
	bool java, node, dotnet;
};

void runtimes_find(const struct image *image, struct runtimes *ret);

/**
 * runtimes_env() - add the variables by which runtimes learn the limit of @spec
 * @env: the whole environment of the step otherwise; what is set there stays as it is
 *
 * Return: the line, with its newline, that the JVM prints about its variable, owned; NULL: none.
 */
char *runtimes_env(const struct runtimes *r, const struct step_spec *spec, char ***env);

#endif
