/* program.h - the program of a step is found and becomes this process. */
#ifndef MOULETTE_INIT_PROGRAM_H
#define MOULETTE_INIT_PROGRAM_H

#include "init/protocol.h"

/** program_exec() - as execvpe(3), by the search path of @env. Returns with errno, and in @done what
 *  kind of file it was that did not start. */
void program_exec(char **argv, char **env, struct init_done *done);

#endif
