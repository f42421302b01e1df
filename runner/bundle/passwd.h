/* passwd.h - /etc/passwd of a box. */
#ifndef MOULETTE_BUNDLE_PASSWD_H
#define MOULETTE_BUNDLE_PASSWD_H

#include "base/buf.h"
#include "base/err.h"
#include "model/image.h"

/**
 * passwd_fit() - the image's /etc/passwd with @home as the home of the box's user
 * @ret: bytes are added unless nothing is to be changed: the first line of user 1000 names @home, or
 *       the image has no such file, or one that is left alone: a link, or closed to the box's user
 *
 * Programs that ask getpwuid(3) and not HOME, as the JVM does, then see the same home. Where the
 * image has no user 1000, a line for "student" is added. FAULT_INFRA.
 */
int passwd_fit(const struct image *image, const char *home, struct buf *ret, struct err *err);

#endif
