/* test_container_channel.c - what PID 1 gets of a step, and which of its answers are taken. */
#include "test_container_running.h"

static struct fake f;
static struct err err;
static int pid1; /* its end of the socket */

static void setup(void)
{
	const int size = 4 * INIT_TEXT_MAX;
	int pair[2];
	fake_make(&f, &channel_socket);
	err = (struct err){ 0 };
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	if (setsockopt(pair[0], SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size) < 0)
		setsockopt(pair[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
	f.box.socket = pair[0];
	pid1 = pair[1];
	f.r.stdin_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	f.r.out.write_fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
	f.r.err.write_fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
}

static void teardown(void)
{
	fd_close(&f.r.stdin_fd);
	fd_close(&f.r.out.write_fd);
	fd_close(&f.r.err.write_fd);
	fd_close(&f.box.socket);
	fd_close(&pid1);
}

START_TEST(a_request_has_words_and_descriptors)
{
	char *env[] = { (char *)"A=1", (char *)"B=", NULL };
	static char got[1000];
	struct init_step head;
	size_t n_fds = 0;
	int fds[FD_SEND_MAX];
	f.argv[1] = (char *)"";
	f.argv[2] = (char *)"x y";
	f.step.env = env;
	f.spec.limits.v[LIMIT_DISK] = 4097;
	f.cgroup.procs[0] = open("/dev/null", O_WRONLY | O_CLOEXEC);
	f.cgroup.n_procs = 1;
	ck_assert_msg(channel_socket.begin(&f.r, &err) == 0, "%s", err.msg);
	ck_assert_int_eq(f.r.stdin_fd, -1); /* PID 1's alone */
	ck_assert_int_ge(f.r.out.write_fd, 0);
	ck_assert_int_gt(f.r.start_ns, 0);
	ck_assert_int_eq(f.r.wall_due_ns, f.r.start_ns + 1000);
	ssize_t n = fd_recv(pid1, got, sizeof got, fds, &n_fds, NULL, 0);
	ck_assert_int_ge(n, (ssize_t)sizeof head);
	memcpy(&head, got, sizeof head);
	ck_assert_uint_eq(head.type, INIT_STEP);
	ck_assert_uint_eq(head.n_argv, 3);
	ck_assert_uint_eq(head.n_env, 2);
	ck_assert_uint_eq(head.file_bytes, 4097);
	ck_assert_uint_eq(head.text_len, 17);
	ck_assert_int_eq(n, (ssize_t)sizeof head + 17);
	ck_assert_mem_eq(got + sizeof head, "prog\0\0x y\0A=1\0B=\0", 17);
	ck_assert_uint_eq(n_fds, INIT_STDIO_FDS + 1);
	for (size_t i = 0; i < n_fds; i++)
		close(fds[i]);
	close(f.cgroup.procs[0]);
}
END_TEST

/* With "prog" and its NUL. */
static const struct {
	const char *label;
	size_t len; /* of an argument, without its NUL */
	bool taken;
} texts[] = {
	{ "as long as can be", INIT_TEXT_MAX - 6, true },
	{ "a byte more", INIT_TEXT_MAX - 5, false },
};

START_TEST(words_have_a_maximum)
{
	AUTO_FREE char *word = calloc(1, texts[_i].len + 1);
	memset(word, 'w', texts[_i].len);
	f.argv[1] = word;
	int got = channel_socket.begin(&f.r, &err);
	ck_assert_msg(got == (texts[_i].taken ? 0 : -1), "%s: %s", texts[_i].label, err.msg);
	if (texts[_i].taken)
		return;
	char byte;
	ck_assert_int_eq(err.fault, FAULT_ASSIGNMENT);
	ck_assert_ptr_nonnull(strstr(err.msg, "'unit' are longer than 196608 bytes"));
	ck_assert_int_eq(recv(pid1, &byte, 1, MSG_DONTWAIT), -1); /* nothing was sent */
	ck_assert_int_ge(f.r.stdin_fd, 0);
	ck_assert(!f.box.dead);
}
END_TEST

START_TEST(a_box_that_ended_gets_no_step)
{
	fd_close(&pid1);
	signal(SIGPIPE, SIG_IGN);
	ck_assert_int_eq(channel_socket.begin(&f.r, &err), -1);
	ck_assert_str_eq(err.code, "box.died");
	ck_assert_int_eq(err.fault, FAULT_INFRA);
	ck_assert(f.box.dead);
	ck_assert_int_eq(channel_socket.signal(&f.r, SIGTERM), ESRCH);
	channel_socket.kill(&f.r); /* harmless */
}
END_TEST

START_TEST(signals_are_told_apart_from_the_end)
{
	struct init_kill msg;
	channel_socket.kill(&f.r);
	ck_assert_int_eq(recv(pid1, &msg, sizeof msg, MSG_DONTWAIT), (ssize_t)sizeof msg);
	ck_assert(msg.type == INIT_KILL && msg.signo == 0);
	ck_assert_int_eq(channel_socket.signal(&f.r, SIGUSR1), 0);
	ck_assert_int_eq(recv(pid1, &msg, sizeof msg, MSG_DONTWAIT), (ssize_t)sizeof msg);
	ck_assert(msg.type == INIT_KILL && msg.signo == SIGUSR1);
	ck_assert_int_eq(channel_socket.fd(&f.r), f.box.socket);
	channel_socket.end(&f.r);
	ck_assert_int_ge(f.box.socket, 0); /* the next step needs it */
}
END_TEST

static const struct {
	const char *label;
	size_t len; /* of what comes; 0: the end of the socket */
	uint32_t type;
	bool done;
} replies[] = {
	{ "an answer", sizeof(struct init_done), INIT_DONE, true },
	{ "a byte less", sizeof(struct init_done) - 1, INIT_DONE, false },
	{ "a byte more", sizeof(struct init_done) + 1, INIT_DONE, false },
	{ "another message", sizeof(struct init_done), INIT_HELLO, false },
	{ "no type", sizeof(struct init_done), 0, false },
	{ "the end", 0, 0, false },
};

START_TEST(an_answer_is_whole_or_the_box_is_dead)
{
	struct {
		struct init_done done;
		char more[8];
	} msg = { .done = { .type = replies[_i].type, .status = 0x300 } };
	if (replies[_i].len)
		ck_assert_int_eq(send(pid1, &msg, replies[_i].len, 0), (ssize_t)replies[_i].len);
	else
		fd_close(&pid1);
	channel_socket.take_reply(&f.r);
	ck_assert_msg(f.r.done == replies[_i].done, "%s", replies[_i].label);
	ck_assert_msg(f.box.dead == !replies[_i].done, "%s", replies[_i].label);
	ck_assert(!f.r.done || f.r.reply.status == 0x300);
}
END_TEST

Suite *suite_container_channel(void);
Suite *suite_container_channel(void)
{
	Suite *s = suite_create("container/channel");
	TCase *tc = tcase_create("channel");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, a_request_has_words_and_descriptors);
	tcase_add_loop_test(tc, words_have_a_maximum, 0, (int)(sizeof texts / sizeof *texts));
	tcase_add_test(tc, a_box_that_ended_gets_no_step);
	tcase_add_test(tc, signals_are_told_apart_from_the_end);
	tcase_add_loop_test(tc, an_answer_is_whole_or_the_box_is_dead, 0,
			    (int)(sizeof replies / sizeof *replies));
	suite_add_tcase(s, tc);
	return s;
}
