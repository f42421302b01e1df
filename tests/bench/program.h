/* program.h - where a contender's program is, and which one it is. */
#ifndef MOULETTE_BENCH_PROGRAM_H
#define MOULETTE_BENCH_PROGRAM_H

/** program_find() - in PATH; owned. NULL: *ret_why (owned) says that it is not installed. */
char *program_find(const char *name, char **ret_why);

/** program_version() - the first line that `PATH OPTION` prints, of at most 100 characters; owned.
 *  NULL: there is none. */
char *program_version(const char *path, const char *option, int interrupt_fd, const char *log);

#endif
