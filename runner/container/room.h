/* room.h - the runner's own mount namespace, and the place in it where a box is made.
 *
 * Everything that a box needs of files lies on a tmpfs that only this process and its children see:
 * when the last of them ends, however it ends, the kernel takes it all away.
 */
#ifndef MOULETTE_CONTAINER_ROOM_H
#define MOULETTE_CONTAINER_ROOM_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "model/image.h"
#include "model/places.h"

struct room {
	char *path;   /* "/run/moulette/room" */
	char *root;   /* the image's rootfs, mounted here for one box */
	char *bundle; /* config.json */
	char *state;  /* --root of the engine */
	char *netns;
	char *peers;  /* the switch that joins the boxes of one test */
	char *held;   /* trees of the host that are bound into the box */
	char *passwd; /* /etc/passwd of a box where it is not the image's own */
	char *once;   /* bound at SPEC_ONCE_PATH when each step has a container of its own */
};

/** room_enter() - leave the host's mount namespace for good and make the room. Once a process;
 *  relative paths of the user must have been opened or made absolute before. @hidden is covered
 *  in our namespace (NULL: nothing). Nodes of our own lie over the harmless devices in /dev, where such can
 *  be made. FAULT_INFRA. */
int room_enter(const struct places *p, const char *hidden, struct room *ret, struct err *err);
/** room_within() - places for a box in the folder @name of a room, made here; its box may live beside the
 *  room's own. NULL: those of the room itself. FAULT_INFRA. */
int room_within(const struct room *outer, const char *name, struct room *ret, struct err *err);
/** room_furnish() - empty folders for the next box; room_clear() must have been called between. */
int room_furnish(const struct room *r, struct err *err);
/**
 * room_mount_root() - the image's tree at r->root
 * @points: as spec_mount_points() gives them; what the image lacks of these is lent by a skeleton
 *          folder below it (read-only overlay), so that the image is never changed
 *
 * A component of the way that is a symlink in the image is FAULT_USAGE: it would lead elsewhere; so
 * is one that others cannot enter.
 */
int room_mount_root(const struct room *r, const struct image *image, char *const *points,
		    struct err *err);
/** room_write() - @path, a file of the room that all can read and a box may have bound already: it is
 *  written in place. FAULT_INFRA. */
int room_write(const char *path, const struct buf *text, struct err *err);
/**
 * room_hold() - the tree of mounts at @source, at a place of the room from which an engine binds it
 * @number: 0 for the first one of a box, and so on
 * @ro:     read-only, throughout; nosuid and nodev it is in any case
 * @ret:    the place, owned
 *
 * What an engine makes of it in the user namespace of a box cannot have more rights. Needs Linux
 * 5.12. FAULT_INFRA.
 */
int room_hold(const struct room *r, const char *source, size_t number, bool ro, char **ret,
	      struct err *err);
/** room_clear() - unmount and remove everything in it. */
void room_clear(const struct room *r);
void room_done(struct room *r);

#endif
