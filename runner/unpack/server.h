/* server.h - a process that starts the children of many requests (start.c). */
#ifndef MOULETTE_UNPACK_SERVER_H
#define MOULETTE_UNPACK_SERVER_H

#include <sys/types.h>

#include "base/err.h"

/** Starts the children of many requests, one after the other, each a process of its own that is
 *  confined as ever: what a program costs to start is paid once. Zeroed: not started. */
struct unpack_server {
	pid_t pid; /* 0: not started */
	int pidfd, sock;
};

/** unpack_server_start() - ahead of its first request; one that runs is left as it is. It ends with
 *  its parent. FAULT_INFRA. */
int unpack_server_start(struct unpack_server *s, const char *program, struct err *err);
void unpack_server_end(struct unpack_server *s);

#endif
