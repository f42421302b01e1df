/* http.c - a request and its answer, one after the other. */
#include "bench/http.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"

#define ANSWER_MAX (1 << 20)

static struct sockaddr_in local(int port)
{
	return (struct sockaddr_in){ .sin_family = AF_INET,
				     .sin_port = htons((uint16_t)port),
				     .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
}

int http_connect(int port)
{
	const struct sockaddr_in to = local(port);
	const int yes = 1;
	AUTO_FD int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (const void *)&to, sizeof to) < 0)
		return -1;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
	return fd_steal(&fd);
}

int http_free_port(void)
{
	struct sockaddr_in at = local(0);
	socklen_t len = sizeof at;
	AUTO_FD int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || bind(fd, (const void *)&at, sizeof at) < 0 ||
	    getsockname(fd, (void *)&at, &len) < 0)
		return -1;
	return ntohs(at.sin_port);
}

/* The value of the only header that is needed; -1: it is not there. */
static long content_length(const char *head)
{
	static const char name[] = "\r\nContent-Length:";
	for (const char *at = head; (at = strchr(at, '\r')); at++)
		if (strncasecmp(at, name, sizeof name - 1) == 0)
			return strtol(at + sizeof name - 1, NULL, 10);
	return -1;
}

/* Return: bytes of the whole answer, 0: its head is not complete, -1: it is none that we read. */
static long whole_length(const struct buf *b)
{
	const char *end = b->data ? strstr(b->data, "\r\n\r\n") : NULL;
	if (!end)
		return b->len > ANSWER_MAX ? -1 : 0;
	long body = content_length(b->data);
	return body < 0 || body > ANSWER_MAX ? -1 : end - b->data + 4 + body;
}

static int read_answer(int fd, struct buf *b)
{
	char chunk[4096];
	long want;
	while ((want = whole_length(b)) == 0 || (want > 0 && b->len < (size_t)want)) {
		ssize_t n = read(fd, chunk, sizeof chunk);
		if (n <= 0)
			return -1;
		buf_add(b, chunk, (size_t)n);
	}
	return want < 0 ? -1 : 0;
}

int http_post(int fd, const char *path, const char *text, struct buf *ret_body)
{
	AUTO_BUF request = { 0 };
	AUTO_BUF answer = { 0 };
	int status;
	buf_printf(&request,
		   "POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
		   "Content-Length: %zu\r\n\r\n%s",
		   path, strlen(text), text);
	if (fd_write_all(fd, request.data, request.len) < 0 || read_answer(fd, &answer) < 0 ||
	    sscanf(answer.data, "HTTP/1.%*d %d", &status) != 1)
		return -1;
	buf_done(ret_body);
	buf_str(ret_body, strstr(answer.data, "\r\n\r\n") + 4);
	return status;
}
