/* zip_name.h - the name of an entry of a zip, in bytes for a file. */
#ifndef MOULETTE_UNPACK_ZIP_NAME_H
#define MOULETTE_UNPACK_ZIP_NAME_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

/**
 * zip_name() - append the name to @ret
 * @utf8:  the entry says that its name is UTF-8
 * @extra: its extra fields, @extra_len bytes
 *
 * UTF-8 stays as it is, byte by byte, in whatever normal form. A Unicode Path (Info-ZIP) that
 * belongs to the name replaces it. What else is no valid UTF-8 is taken for code page 437, in which
 * Windows writes names. Backslashes of a name without slashes separate folders.
 */
void zip_name(const unsigned char *name, size_t len, bool utf8, const unsigned char *extra,
	      size_t extra_len, struct buf *ret);

/** zip_extra() - the extra field @tag of @len bytes; NULL: there is none, or it is cut off. */
const unsigned char *zip_extra(const unsigned char *extra, size_t len, unsigned int tag,
			       size_t *ret_len);

#endif
