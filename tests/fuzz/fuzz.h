/*
 * fuzz.h - a fuzzer is one function: it gives foreign bytes to one parser, and checks what holds whatever
 * they are. With V=fuzz libFuzzer calls it; in the unit tests it gets the files of tests/fuzz/corpus/NAME.
 */
#ifndef MOULETTE_TESTS_FUZZ_H
#define MOULETTE_TESTS_FUZZ_H

#include <assert.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/fd.h"
#include "base/mem.h"

/* Whatever the build says of assertions. */
#define HOLDS(x)                                                      \
	do {                                                          \
		if (!(x)) {                                           \
			fprintf(stderr, "%s: %s\n", __func__, "" #x); \
			abort();                                      \
		}                                                     \
	} while (0)

#ifdef MOULETTE_FUZZ
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
#define FUZZER(name)                                                 \
	static void fuzz_##name(const char *data, size_t size);      \
	int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) \
	{                                                            \
		fuzz_##name((const char *)data, size);               \
		return 0;                                            \
	}                                                            \
	static void fuzz_##name(const char *data, size_t size)
#else
#define FUZZER(name)                                     \
	void fuzz_##name(const char *data, size_t size); \
	void fuzz_##name(const char *data, size_t size)
#endif

#define FUZZ_UNUSED_OK __attribute__((unused)) static

/** fuzz_file() - a file without a name that holds the bytes. */
FUZZ_UNUSED_OK int fuzz_file(const char *data, size_t size)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);
	HOLDS(fd >= 0 && fd_write_all(fd, data, size) == 0 && lseek(fd, 0, SEEK_SET) == 0);
	return fd;
}

static char fuzz_top[] = "/tmp/moulette-fuzz-XXXXXX";

FUZZ_UNUSED_OK void fuzz_remove_folder(void)
{
	tree_remove_at(AT_FDCWD, fuzz_top);
}

/** fuzz_folder() - the path of a folder that is there until this process ends. */
FUZZ_UNUSED_OK const char *fuzz_folder(void)
{
	if (strcmp(fuzz_top + sizeof fuzz_top - 7, "XXXXXX") == 0) {
		HOLDS(mkdtemp(fuzz_top) && chmod(fuzz_top, 0755) == 0);
		atexit(fuzz_remove_folder);
	}
	return fuzz_top;
}

/** fuzz_put() - the bytes as the file @name of that folder. */
FUZZ_UNUSED_OK void fuzz_put(const char *name, const char *data, size_t size)
{
	AUTO_FREE char *path = mem_printf("%s/%s", fuzz_folder(), name);
	AUTO_FD int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	HOLDS(fd >= 0 && fd_write_all(fd, data, size) == 0);
}

#endif
