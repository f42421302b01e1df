/* test_pipeline_listening.c - which sockets count as a program that waits for others. */
#include "pipeline/listening.h"

#include <arpa/inet.h>
#include <check.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"

Suite *suite_pipeline_listening(void);

#define ROWS(a) ((int)(sizeof(a) / sizeof *(a)))

/* A process of its own, and a network with lo alone. */
static void setup(void)
{
	ck_assert_int_eq(unshare(CLONE_NEWNET), 0);
	AUTO_FD int sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq req = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_LOOPBACK };
	ck_assert_int_eq(ioctl(sock, SIOCSIFFLAGS, &req), 0);
}

/* Bound to @port on any address. */
static int bound(int family, int type, int port)
{
	struct sockaddr_in6 six = { .sin6_family = AF_INET6,
				    .sin6_port = htons((uint16_t)port),
				    .sin6_addr = IN6ADDR_ANY_INIT };
	struct sockaddr_in four = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	const void *at = family == AF_INET ? (void *)&four : (void *)&six;
	socklen_t len = family == AF_INET ? sizeof four : sizeof six;
	int fd = socket(family, type | SOCK_CLOEXEC, 0), one = 1;
	ck_assert_int_ge(fd, 0);
	if (family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one);
	ck_assert_int_eq(bind(fd, at, len), 0);
	return fd;
}

static const struct {
	const char *label;
	int family, type, port;
	bool listens;
} rows[] = {
	{ "tcp", AF_INET, SOCK_STREAM, 8080, true },
	{ "tcp on IPv6", AF_INET6, SOCK_STREAM, 8080, true },
	{ "tcp that does not listen", AF_INET, SOCK_STREAM, 8080, false },
	{ "udp", AF_INET, SOCK_DGRAM, 8080, true },
	{ "udp on IPv6", AF_INET6, SOCK_DGRAM, 8080, true },
	{ "the lowest port", AF_INET, SOCK_STREAM, 1, true },
	{ "the highest port", AF_INET, SOCK_STREAM, 65535, true },
};

START_TEST(one_socket)
{
	const char *label = rows[_i].label;
	const int port = rows[_i].port;
	const bool want = rows[_i].listens || rows[_i].type == SOCK_DGRAM;
	ck_assert_msg(!listening(getpid(), -1), "%s: before there was any", label);
	AUTO_FD int fd = bound(rows[_i].family, rows[_i].type, port);
	if (rows[_i].listens && rows[_i].type == SOCK_STREAM)
		ck_assert_int_eq(listen(fd, 1), 0);
	ck_assert_msg(listening(getpid(), port) == want, "%s: its port", label);
	ck_assert_msg(listening(getpid(), -1) == want, "%s: any port", label);
	ck_assert_msg(!listening(getpid(), port + 1), "%s: the next port", label);
	ck_assert_msg(!listening(getpid(), port - 1), "%s: the one before", label);
	fd_close(&fd);
	ck_assert_msg(!listening(getpid(), -1), "%s: after its end", label);
}
END_TEST

/* Who speaks to somebody does not wait for anybody. */
START_TEST(connected_sockets_do_not_count)
{
	const struct sockaddr_in at = { .sin_family = AF_INET,
					.sin_port = htons(9000),
					.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	AUTO_FD int server = bound(AF_INET, SOCK_STREAM, 9000);
	AUTO_FD int client = bound(AF_INET, SOCK_STREAM, 9001);
	AUTO_FD int udp = bound(AF_INET, SOCK_DGRAM, 9002);
	ck_assert_int_eq(listen(server, 1), 0);
	ck_assert_int_eq(connect(client, (const struct sockaddr *)&at, sizeof at), 0);
	ck_assert_int_eq(connect(udp, (const struct sockaddr *)&at, sizeof at), 0);
	ck_assert(listening(getpid(), 9000));
	ck_assert(!listening(getpid(), 9001));
	ck_assert(!listening(getpid(), 9002));
	fd_close(&server);
	/* The server's half of the connection has its port still. */
	ck_assert(!listening(getpid(), -1));
}
END_TEST

/* Of the namespace of the process that was named, whoever asks. */
START_TEST(another_process)
{
	int ready[2];
	char byte = 0;
	ck_assert_int_eq(pipe(ready), 0);
	pid_t pid = fork();
	if (pid == 0) {
		if (unshare(CLONE_NEWNET) < 0 || bound(AF_INET, SOCK_DGRAM, 7000) < 0 ||
		    write(ready[1], "r", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	close(ready[1]);
	ck_assert_int_eq(read(ready[0], &byte, 1), 1);
	bool theirs = listening(pid, 7000), ours = listening(getpid(), 7000);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	ck_assert(theirs && !ours);
	ck_assert(!listening(pid, -1)); /* nobody: nothing listens */
	close(ready[0]);
}
END_TEST

START_TEST(what_was_sent)
{
	const struct sockaddr_in to = { .sin_family = AF_INET,
					.sin_port = htons(9),
					.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	AUTO_FD int udp = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	ck_assert(!talking(getpid(), "lo"));
	ck_assert_int_eq(sendto(udp, "x", 1, 0, (const struct sockaddr *)&to, sizeof to), 1);
	ck_assert(talking(getpid(), "lo"));
	ck_assert(!talking(getpid(), "l") && !talking(getpid(), "eth1"));
	ck_assert(!talking(-1, "lo"));
}
END_TEST

Suite *suite_pipeline_listening(void)
{
	Suite *s = suite_create("pipeline/listening");
	TCase *tc = tcase_create("listening");
	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_loop_test(tc, one_socket, 0, ROWS(rows));
	tcase_add_test(tc, connected_sockets_do_not_count);
	tcase_add_test(tc, another_process);
	tcase_add_test(tc, what_was_sent);
	suite_add_tcase(s, tc);
	return s;
}
