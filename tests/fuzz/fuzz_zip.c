/* fuzz_zip.c - a zip by the list at its end: refused, or read to an end that was said. */
#include "fuzz.h"
#include "unpack/zip.h"

FUZZER(zip)
{
	const struct unpack_limits lim = { .bytes = 1000,
					   .file_bytes = 1000,
					   .entries = 100,
					   .depth = 20,
					   .path_bytes = 300 };
	AUTO_FD int fd = fuzz_file(data, size);
	struct zip *z = NULL;
	struct err err = { 0 };
	char chunk[1000];
	const int got = zip_open(fd, &lim, &z, &err);
	if (got <= 0) {
		HOLDS(got == 0 || err.fault == FAULT_STUDENT);
		return;
	}
	int64_t at = 0;
	for (ssize_t n; (n = zip_read(z, chunk, sizeof chunk, at)) > 0;)
		at += n;
	HOLDS(at <= zip_bytes(z));
	zip_close(z);
}
