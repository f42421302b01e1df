/* http.h - as much of HTTP/1.1 as it takes to ask a server of this machine. */
#ifndef MOULETTE_BENCH_HTTP_H
#define MOULETTE_BENCH_HTTP_H

#include <stddef.h>

#include "base/buf.h"

/** http_connect() - to 127.0.0.1. -1: errno. */
int http_connect(int port);
/** http_free_port() - one that nobody listens on now. -1: errno. */
int http_free_port(void);

/** http_post() - JSON @text to @path on an open connection, which stays open. *ret_body is replaced.
 *  Return: the status of the answer, or -1: no answer, or one without Content-Length. */
int http_post(int fd, const char *path, const char *text, struct buf *ret_body);

#endif
