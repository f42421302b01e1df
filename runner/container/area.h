/* area.h - a place of the box that steps may write to: /work, /tmp, /dev/shm.
 *
 * While the submission is built, an area is one tmpfs. Each test then finds what the build left:
 * over a folder that is not empty lies an overlay whose upper layer is a fresh tmpfs, over an empty
 * one the fresh tmpfs itself. A test that touched its area gets the next one a new one.
 *
 * One folder of an area may be the home of the box's user: empty at the start of every step, also of
 * a build step, whatever stood there.
 */
#ifndef MOULETTE_CONTAINER_AREA_H
#define MOULETTE_CONTAINER_AREA_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "base/err.h"

struct area_options {
	const char *at;   /* in the box: "/work" */
	const char *room; /* folder of the room below which everything lies */
	const char *name; /* of its own folder there: "work" */
	uid_t uid;
	gid_t gid;
	mode_t mode;
	bool noexec;
	const char *home; /* name of the home in it, a constant; NULL: it has none */
	uid_t home_uid;
	int64_t bytes, inodes; /* ceilings of the first tmpfs */
	int64_t inodes_max;    /* of what steps may add; 0: by the size */
	int watch;             /* of area_watch.h, borrowed; outlives the area */
};

/** A folder of a test's layer, and how it was when the layer was made. */
struct area_folder {
	int fd; /* O_PATH */
	struct stat clean;
};

struct area {
	char *at, *base, *upper; /* base: the tmpfs of the build; upper: that of the test */
	char *low;               /* what the build left, bound to a path that tells nothing */
	char *view;              /* where a test's layer lies when no box serves all steps */
	char *source;            /* folder that is bound into the box: base, then low */
	uid_t uid;
	gid_t gid;
	mode_t mode;
	bool noexec;
	const char *home; /* as in the options */
	uid_t home_uid;
	int64_t inodes_max;
	bool frozen, empty; /* tests have begun; the build left nothing here */
	bool has_upper;     /* a tmpfs is mounted at upper */
	bool mounted;       /* a test's layer lies over it, in the box or at view */
	bool dirty;         /* must be renewed before the next test */
	int watch;
	fsid_t watched;          /* the layer's file system, as events name it; while mounted */
	bool unwatched;          /* no event tells of the layer */
	struct area_folder root; /* where the layer keeps what is written; while mounted */
	struct area_folder home_root; /* the same of the home; while mounted and if there is one */
	int64_t bytes;                /* of the mounted layer */
};

/** area_make() - mount the first tmpfs. */
int area_make(const struct area_options *opt, struct area *ret, struct err *err);
/** area_enter() - @top below the base ("" : itself) is what the box sees, under a path that holds
 *  nothing of a student's: overlayfs splits names at colons, engines want UTF-8, and the box can
 *  read it in its mountinfo. Once, before the box starts. */
int area_enter(struct area *a, const char *top, struct err *err);
/** area_enter_late() - the same for a box that has started already, on an area that was entered at
 *  "": @box_mnt and @own_mnt as area_renew() has them. */
int area_enter_late(struct area *a, const char *top, int box_mnt, int own_mnt, struct err *err);
/** area_leave_box() - return from the mount namespace of a box to @own_mnt, ours. Where that fails,
 *  a message and the end of the program (exit 3). */
void area_leave_box(int own_mnt);
/** area_allow() - before a build step: an empty home, and @bytes beside what lies there already. */
int area_allow(const struct area *a, int64_t bytes, struct err *err);
/** area_freeze() - the build is over: what lies here now, the home excepted, is what each test finds. */
int area_freeze(struct area *a, struct err *err);
/** area_renew() - a clean layer of @bytes for the next test, if the last one is not. @box_mnt is
 *  the mount namespace of the box, @own_mnt ours; @box_mnt -1: it is mounted at a->view. */
int area_renew(struct area *a, int64_t bytes, int box_mnt, int own_mnt, struct err *err);
/** area_detached() - the box that had the layer is gone, and the layer with it. */
void area_detached(struct area *a);
/** areas_check() - after a test, all its processes dead: note which of the @n areas, which share a watch, it
 *  touched. */
void areas_check(struct area *areas, size_t n);
/** area_source() - what a container that is started now must bind. */
const char *area_source(const struct area *a);
enum area_fill { AREA_HAS_ROOM, AREA_NO_BLOCKS, AREA_NO_INODES };
/** area_fill() - what is left where steps write now; blocks come first. */
enum area_fill area_fill(const struct area *a);
/** area_close() - unmount all of it in our namespace; accepts a zeroed area. */
void area_close(struct area *a);

#endif
