/* digest.h - SHA-256. */
#ifndef MOULETTE_BASE_DIGEST_H
#define MOULETTE_BASE_DIGEST_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define DIGEST_HEX 65 /* 64 hex digits and NUL */

struct digest; /* a running SHA-256 */

struct digest *digest_new(void);
void digest_add(struct digest *d, const void *data, size_t len);
/** digest_end() - the hex digest of all that was added; @d is new again afterwards. */
void digest_end(struct digest *d, char hex[DIGEST_HEX]);
void digest_free(struct digest *d);
void digest_cleanup(struct digest **d);
#define AUTO_DIGEST __attribute__((cleanup(digest_cleanup))) struct digest

void digest_bytes(const void *data, size_t len, char hex[DIGEST_HEX]);
/** digest_fd() - of a file from offset 0, by pread; @ret_bytes may be NULL. */
int digest_fd(int fd, char hex[DIGEST_HEX], uint64_t *ret_bytes, struct err *err);

#endif
