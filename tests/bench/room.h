/* room.h - what the comparisons of grading share: a state folder with an image, a program, a
 * submission, and assignments that run the program a number of times.
 *
 * The program is busybox's echo, static, in the root file system that moulette makes of it: the same
 * file for all, with nothing to link and nothing to load.
 */
#ifndef MOULETTE_BENCH_ROOM_H
#define MOULETTE_BENCH_ROOM_H

#include <stdbool.h>
#include <sys/types.h>

#include "bench/contender.h"

#define ROOM_SAYS "proven"
#define ROOM_FAILS_WITH 7
#define ROOM_MEMORY "1073741824"
#define ROOM_PROCESSES "100"

struct room {
	char *path, *home, *submission;
	char *bundle, *failing_bundle; /* of `moulette bundle`, for any OCI runtime */
	char *rootfs;                  /* the bundle's, which is a copy */
	char *cgroup;                  /* a name for parents of contenders' cgroups */
	char *state;                   /* a folder below /run, as short as podman needs it */
	pid_t judge;                   /* go-judge's server; 0: none */
	int judge_port;
};

/** room_open() - below the scratch folder; the image is made here, on nobody's time. *ret is to be
 *  closed also after a failure. */
int room_open(const struct bench *b, struct room **ret, struct err *err);
void room_close(struct room *r);

/** room_assignment() - the folder of an assignment with @tests tests, made if it is not there;
 *  @failing: they end with ROOM_FAILS_WITH, as they should. Owned. NULL: *err. */
char *room_assignment(const struct room *r, int tests, bool failing, struct err *err);

/** room_program() - append the command line of the program in the root file system. */
void room_program(const struct trial *t, char ***argv);

/** room_prove() - did the run say what it should, and does the status of a program that fails come
 *  back? For contenders whose output is the program's. */
int room_prove(const struct trial *t, struct err *err);

/** room_cgroup() - make the room's cgroup in this v1 hierarchy. Return: is it there? */
bool room_cgroup(const struct room *r, const char *controller);

#endif
