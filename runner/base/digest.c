/* digest.c - SHA-256 by libcrypto. */
#include "base/digest.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/mem.h"

struct digest {
	EVP_MD *md;
	EVP_MD_CTX *ctx;
};

static void must(int ok)
{
	/* Only memory or a broken libcrypto makes these fail. */
	if (!ok) {
		fputs("moulette: libcrypto cannot compute SHA-256\n", stderr);
		exit(3);
	}
}

struct digest *digest_new(void)
{
	struct digest *d = mem_alloc(sizeof(*d));
	d->md = EVP_MD_fetch(NULL, "SHA256", NULL);
	d->ctx = EVP_MD_CTX_new();
	must(d->md && d->ctx && EVP_DigestInit_ex(d->ctx, d->md, NULL));
	return d;
}

void digest_add(struct digest *d, const void *data, size_t len)
{
	must(EVP_DigestUpdate(d->ctx, data, len));
}

void digest_end(struct digest *d, char hex[DIGEST_HEX])
{
	static const char digits[] = "0123456789abcdef";
	unsigned char md[EVP_MAX_MD_SIZE];
	unsigned int n = 0;

	must(EVP_DigestFinal_ex(d->ctx, md, &n) && n == 32);
	for (unsigned int i = 0; i < n; i++) {
		hex[2 * i] = digits[md[i] >> 4];
		hex[2 * i + 1] = digits[md[i] & 15];
	}
	hex[64] = '\0';
	must(EVP_DigestInit_ex(d->ctx, d->md, NULL));
}

void digest_free(struct digest *d)
{
	if (!d)
		return;
	EVP_MD_CTX_free(d->ctx);
	EVP_MD_free(d->md);
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

int digest_fd(int fd, char hex[DIGEST_HEX], uint64_t *ret_bytes, struct err *err)
{
	AUTO_DIGEST *d = digest_new();
	char chunk[65536];
	uint64_t at = 0;

	for (;;) {
		ssize_t n = pread(fd, chunk, sizeof(chunk), (off_t)at);
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
	if (ret_bytes)
		*ret_bytes = at;
	return 0;
}
