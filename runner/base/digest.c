/* digest.c - SHA-256 by nettle.
 *
 * It is there wherever libarchive is, uses the processor's own instructions, and starts for nothing:
 * libcrypto, no faster, cost each start of the program and of its children a millisecond.
 */
#include "base/digest.h"

#include <errno.h>
#include <nettle/sha2.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/mem.h"

struct digest {
	struct sha256_ctx ctx;
};

struct digest *digest_new(void)
{
	struct digest *d = mem_alloc(sizeof(*d));
	sha256_init(&d->ctx);
	return d;
}

void digest_add(struct digest *d, const void *data, size_t len)
{
	sha256_update(&d->ctx, len, data);
}

void digest_end(struct digest *d, char hex[DIGEST_HEX])
{
	static const char digits[] = "0123456789abcdef";
	uint8_t md[SHA256_DIGEST_SIZE];

	sha256_digest(&d->ctx, sizeof(md), md); /* and begins anew */
	for (size_t i = 0; i < sizeof(md); i++) {
		hex[2 * i] = digits[md[i] >> 4];
		hex[2 * i + 1] = digits[md[i] & 15];
	}
	hex[64] = '\0';
}

void digest_free(struct digest *d)
{
	free(d);
}

void digest_cleanup(struct digest **d)
{
	digest_free(*d);
}

void digest_bytes(const void *data, size_t len, char hex[DIGEST_HEX])
{
	AUTO_DIGEST *d = digest_new();
	digest_add(d, data, len);
	digest_end(d, hex);
}

int digest_fd(int fd, uint64_t most, char hex[DIGEST_HEX], struct err *err)
{
	AUTO_DIGEST *d = digest_new();
	char chunk[65536];
	uint64_t at = 0;

	while (at < most) {
		const size_t room = most - at < sizeof(chunk) ? (size_t)(most - at) : sizeof(chunk);
		ssize_t n = pread(fd, chunk, room, (off_t)at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_set(err, FAULT_INFRA, errno, "cannot read");
		if (n == 0)
			break;
		digest_add(d, chunk, (size_t)n);
		at += (uint64_t)n;
	}
	digest_end(d, hex);
	return 0;
}
