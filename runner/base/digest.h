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
/** digest_fd() - of a file's first @most bytes (DIGEST_ALL), by pread. FAULT_INFRA. */
#define DIGEST_ALL UINT64_MAX
int digest_fd(int fd, uint64_t most, char hex[DIGEST_HEX], struct err *err);

#endif
