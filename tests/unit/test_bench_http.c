/* test_bench_http.c - answers that come in pieces, or are none that we read. */
#include <check.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/http.h"

/* A piece follows the one before after a while; the connection is closed after the last. */
static const struct {
	const char *label, *pieces[3];
	int status;
	const char *body;
} rows[] = {
	{ "at once", { "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody" }, 200, "body" },
	{ "in pieces",
	  { "HTTP/1.1 200 OK\r\ncontent-le", "ngth: 4\r\n\r", "\nbody" },
	  200,
	  "body" },
	{ "head before body",
	  { "HTTP/1.1 400 No\r\nX: y\r\nContent-Length:2\r\n\r\n", "no" },
	  400,
	  "no" },
	{ "nothing in it", { "HTTP/1.1 204 OK\r\nContent-Length: 0\r\n\r\n" }, 204, "" },
	{ "cut", { "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nbody" }, -1, NULL },
	{ "no length", { "HTTP/1.1 200 OK\r\n\r\nbody" }, -1, NULL },
	{ "no HTTP", { "hello\r\nContent-Length: 0\r\n\r\n" }, -1, NULL },
	{ "no answer", { "" }, -1, NULL },
};

static void serve(int fd, const char *const *pieces)
{
	char request[4096];
	if (read(fd, request, sizeof request) <= 0)
		_exit(1);
	for (int i = 0; i < 3 && pieces[i]; i++) {
		if (i > 0)
			usleep(50000);
		if (write(fd, pieces[i], strlen(pieces[i])) < 0)
			_exit(1);
	}
	_exit(0);
}

START_TEST(answer_row)
{
	int ends[2];
	AUTO_BUF body = { 0 };
	buf_str(&body, "old");
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
	pid_t pid = fork();
	if (pid == 0) {
		close(ends[0]);
		serve(ends[1], rows[_i].pieces);
	}
	close(ends[1]);
	int got = http_post(ends[0], "/run", "{}", &body);
	ck_assert_msg(got == rows[_i].status, "%s: %d", rows[_i].label, got);
	if (rows[_i].body)
		ck_assert_msg(strcmp(body.data ? body.data : "", rows[_i].body) == 0, "%s: '%s'",
			      rows[_i].label, body.data);
	close(ends[0]);
	waitpid(pid, NULL, 0);
}
END_TEST

START_TEST(a_free_port_is_free)
{
	int port = http_free_port();
	ck_assert_int_gt(port, 0);
	ck_assert_int_eq(http_connect(port), -1);
}
END_TEST

Suite *suite_bench_http(void);

Suite *suite_bench_http(void)
{
	Suite *s = suite_create("bench/http");
	TCase *tc = tcase_create("http");
	tcase_add_loop_test(tc, answer_row, 0, (int)(sizeof rows / sizeof *rows));
	tcase_add_test(tc, a_free_port_is_free);
	suite_add_tcase(s, tc);
	return s;
}
