/* cleanup.h - locals that own something say so and are born empty. */
#ifndef MOULETTE_BASE_CLEANUP_H
#define MOULETTE_BASE_CLEANUP_H

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define CLEANUP(fn) __attribute__((cleanup(fn)))
#define AUTO_FREE CLEANUP(cleanup_free)
#define AUTO_FD CLEANUP(cleanup_fd)
#define AUTO_FILE CLEANUP(cleanup_file)
#define AUTO_DIR CLEANUP(cleanup_dir)

/* Every cleanup accepts the empty value and keeps errno. */
static inline void cleanup_free(void *p)
{
	int saved = errno;
	free(*(void **)p);
	errno = saved;
}

static inline void cleanup_fd(int *fd)
{
	int saved = errno;
	if (*fd >= 0)
		close(*fd);
	errno = saved;
}

static inline void cleanup_file(FILE **f)
{
	int saved = errno;
	if (*f)
		fclose(*f);
	errno = saved;
}

static inline void cleanup_dir(DIR **d)
{
	int saved = errno;
	if (*d)
		closedir(*d);
	errno = saved;
}

/** fd_close() - close what is open; the variable is -1 afterwards. Keeps errno. */
static inline void fd_close(int *fd)
{
	cleanup_fd(fd);
	*fd = -1;
}

/** fd_steal() - hand over a descriptor: the variable is -1 afterwards. */
static inline int fd_steal(int *fd)
{
	int got = *fd;
	*fd = -1;
	return got;
}

/** ptr_steal() - hand over heap memory: the variable is NULL afterwards. */
#define ptr_steal(p)                          \
	__extension__({                       \
		__typeof__(*(p)) got_ = *(p); \
		*(p) = NULL;                  \
		got_;                         \
	})

#endif
