/* test_base_framelog.c - the log of captured output: what goes in comes out, damage is noticed. */
#include "base/framelog.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"

Suite *suite_base_framelog(void);

static char path[64];
static struct framelog lg;

static void setup(void)
{
	char dir[] = "/tmp/moulette-unit-XXXXXX";
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(path, sizeof path, "%s/log", dir);
	umask(0);
	ck_assert_int_eq(framelog_create(&lg, path), 0);
}

static void teardown(void)
{
	framelog_close(&lg);
	unlink(path);
	*strrchr(path, '/') = '\0';
	ck_assert_int_eq(rmdir(path), 0);
}

static ssize_t read_all(int stream, int64_t begin, int64_t end, size_t chunk, struct buf *b)
{
	struct framelog_reader r;
	char data[4096];
	ssize_t n;
	framelog_reader_init(&r, lg.fd, stream, begin, end);
	while ((n = framelog_read(&r, data, chunk)) > 0)
		buf_add(b, data, (size_t)n);
	buf_add(b, "", 0);
	return n;
}

START_TEST(streams_are_kept_apart)
{
	static const size_t chunks[] = { 1, 3, 4096 };
	struct stat st;
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0600);
	ck_assert_int_eq(framelog_add(&lg, 0, FRAMELOG_STDOUT, "one ", 4), 0);
	ck_assert_int_eq(framelog_add(&lg, 0, FRAMELOG_STDERR, "warning", 7), 0);
	ck_assert_int_eq(framelog_add(&lg, 0, FRAMELOG_STDOUT, "t\0wo", 4), 0);
	ck_assert_int_eq(framelog_add(&lg, 0, FRAMELOG_STDOUT, "", 0), 0); /* no frame */
	int64_t first = lg.end;
	ck_assert_int_eq(framelog_add(&lg, 1, FRAMELOG_STDOUT, "second step", 11), 0);

	AUTO_BUF out = { 0 }, err = { 0 }, second = { 0 }, none = { 0 };
	ck_assert_int_eq(read_all(FRAMELOG_STDOUT, 0, first, chunks[_i], &out), 0);
	ck_assert_mem_eq(out.data, "one t\0wo", 9);
	ck_assert_uint_eq(out.len, 8);
	ck_assert_int_eq(read_all(FRAMELOG_STDERR, 0, first, chunks[_i], &err), 0);
	ck_assert_str_eq(err.data, "warning");
	ck_assert_int_eq(read_all(FRAMELOG_STDOUT, first, lg.end, chunks[_i], &second), 0);
	ck_assert_str_eq(second.data, "second step");
	ck_assert_int_eq(read_all(FRAMELOG_STDERR, first, lg.end, chunks[_i], &none), 0);
	ck_assert_uint_eq(none.len, 0);
	ck_assert_int_eq(read_all(FRAMELOG_STDOUT, lg.end, lg.end, chunks[_i], &none), 0);
}
END_TEST

START_TEST(an_existing_file_is_refused)
{
	struct framelog other = { .fd = -7, .end = 5 };
	ck_assert_int_eq(framelog_create(&other, path), -1);
	ck_assert_int_eq(errno, EEXIST);
	ck_assert_int_eq(other.fd, -7);
}
END_TEST

/* Around the largest frame: 64 KiB is one, one more byte makes two. */
START_TEST(long_texts_become_frames)
{
	size_t len = FRAMELOG_MAX_FRAME + (size_t)_i;
	AUTO_FREE char *text = calloc(1, len);
	for (size_t i = 0; i < len; i++)
		text[i] = (char)(i * 31 % 251);
	ck_assert_int_eq(framelog_add(&lg, 2, FRAMELOG_STDERR, text, len), 0);
	ck_assert_int_eq(lg.end, (int64_t)len + 12 * (_i ? 2 : 1));
	AUTO_BUF got = { 0 };
	ck_assert_int_eq(read_all(FRAMELOG_STDERR, 0, lg.end, 1000, &got), 0);
	ck_assert_uint_eq(got.len, len);
	ck_assert_mem_eq(got.data, text, len);
}
END_TEST

/* Two writes; the second one joins the last frame of the first where both fit into one. */
static const struct {
	const char *label;
	size_t first, second;
	uint32_t step; /* of the second; the first is of step 7 */
	int stream;    /* of the second; the first is stdout */
	bool mark;     /* between them */
	int frames;
} joins[] = {
	{ "a byte and a byte", 1, 1, 7, FRAMELOG_STDOUT, false, 1 },
	{ "to the largest frame", FRAMELOG_MAX_FRAME - 1, 1, 7, FRAMELOG_STDOUT, false, 1 },
	{ "beyond the largest frame", FRAMELOG_MAX_FRAME, 1, 7, FRAMELOG_STDOUT, false, 2 },
	{ "half to the largest frame", 40000, 25536, 7, FRAMELOG_STDOUT, false, 1 },
	{ "half beyond the largest frame", 40000, 25537, 7, FRAMELOG_STDOUT, false, 2 },
	{ "the last of several frames", FRAMELOG_MAX_FRAME + 10, FRAMELOG_MAX_FRAME - 10, 7,
	  FRAMELOG_STDOUT, false, 2 },
	{ "beyond the last of several", FRAMELOG_MAX_FRAME + 10, FRAMELOG_MAX_FRAME - 9, 7,
	  FRAMELOG_STDOUT, false, 3 },
	{ "more than a frame to a byte", 1, FRAMELOG_MAX_FRAME + 1, 7, FRAMELOG_STDOUT, false, 3 },
	{ "another step", 1, 1, 8, FRAMELOG_STDOUT, false, 2 },
	{ "another stream", 1, 1, 7, FRAMELOG_STDERR, false, 2 },
	{ "a mark between", 1, 1, 7, FRAMELOG_STDOUT, true, 2 },
};

START_TEST(writes_join_up_to_a_frame)
{
	const size_t all = joins[_i].first + joins[_i].second;
	AUTO_FREE char *text = calloc(1, all);
	AUTO_BUF got = { 0 };
	for (size_t i = 0; i < all; i++)
		text[i] = (char)(i * 31 % 251);
	ck_assert_int_eq(framelog_add(&lg, 7, FRAMELOG_STDOUT, text, joins[_i].first), 0);
	if (joins[_i].mark)
		framelog_mark(&lg);
	ck_assert_int_eq(framelog_add(&lg, joins[_i].step, joins[_i].stream, text + joins[_i].first,
				      joins[_i].second),
			 0);
	ck_assert_msg(lg.end == (int64_t)all + 12 * joins[_i].frames, "%s: ends at %lld",
		      joins[_i].label, (long long)lg.end);
	struct framelog_cursor c = { .fd = lg.fd };
	char chunk[10000];
	for (ssize_t n; (n = framelog_next(&c, chunk, sizeof chunk)) != 0;) {
		ck_assert_msg(n > 0, "%s: %s", joins[_i].label, strerror(errno));
		ck_assert_uint_eq(c.step, got.len < joins[_i].first ? 7 : joins[_i].step);
		ck_assert_int_eq(c.stream,
				 got.len < joins[_i].first ? FRAMELOG_STDOUT : joins[_i].stream);
		buf_add(&got, chunk, (size_t)n);
	}
	ck_assert_uint_eq(got.len, all);
	ck_assert_mem_eq(got.data, text, all);
}
END_TEST

/* What is written into the header of the frame "abc" (offset 0); the next one is at 15. */
static const struct {
	const char *label;
	int64_t at;
	const char bytes[5]; /* four of them */
	bool bad;
} headers[] = {
	{ "as it was", 8, "\3\0\0\0", false },
	{ "the largest frame", 8, "\0\0\1\0", false },
	{ "a larger one", 8, "\1\0\1\0", true },
	{ "a negative length", 8, "\0\0\0\x80", true },
	{ "no length", 8, "\0\0\0\0", true },
	{ "stdout", 4, "\1\0\0\0", false },
	{ "stderr", 4, "\2\0\0\0", false },
	{ "stream 0", 4, "\0\0\0\0", true },
	{ "stream 3", 4, "\3\0\0\0", true },
	{ "a stream beyond a byte", 4, "\1\0\0\1", true },
	{ "any step", 0, "\xff\xff\xff\xff", false },
};

START_TEST(a_cursor_refuses_other_headers)
{
	struct framelog_cursor c = { .fd = lg.fd };
	char got[64];
	ck_assert_int_eq(framelog_add(&lg, 0, FRAMELOG_STDOUT, "abc", 3), 0);
	ck_assert_int_eq(pwrite(lg.fd, headers[_i].bytes, 4, headers[_i].at), 4);
	errno = 0;
	ssize_t n = framelog_next(&c, got, sizeof got);
	ck_assert_msg(n == (headers[_i].bad ? -1 : 3), "%s: %zd", headers[_i].label, n);
	ck_assert_msg(!headers[_i].bad || errno == EBADMSG, "%s: errno %d", headers[_i].label,
		      errno);
}
END_TEST

START_TEST(an_unknown_stream_is_not_written)
{
	ck_assert_int_eq(framelog_add(&lg, 0, 3, "x", 1), -1);
	ck_assert_int_eq(errno, EINVAL);
	ck_assert_int_eq(lg.end, 0);
}
END_TEST

START_TEST(a_short_write_is_undone)
{
	char text[200] = { 0 };
	struct rlimit lim = { 100, 100 };
	struct stat st;
	ck_assert_int_eq(framelog_add(&lg, 0, FRAMELOG_STDOUT, "kept", 4), 0);
	signal(SIGXFSZ, SIG_IGN);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &lim), 0);
	ck_assert_int_eq(framelog_add(&lg, 0, FRAMELOG_STDOUT, text, sizeof text), -1);
	ck_assert_int_eq(errno, EFBIG);
	ck_assert_int_eq(lg.end, 16);
	ck_assert_int_eq(fstat(lg.fd, &st), 0);
	ck_assert_int_eq(st.st_size, 16);
	ck_assert_int_eq(framelog_add(&lg, 0, FRAMELOG_STDOUT, "!", 1), 0);
	AUTO_BUF got = { 0 };
	ck_assert_int_eq(read_all(FRAMELOG_STDOUT, 0, lg.end, 8, &got), 0);
	ck_assert_str_eq(got.data, "kept!");
}
END_TEST

static volatile sig_atomic_t seen_len;

static void look_at_header(int signo)
{
	unsigned char len = 0;
	(void)signo;
	if (pread(lg.fd, &len, 1, 8) == 1)
		seen_len = len;
}

/* Who reads a log that grows must find a header that counts the bytes before they are there. */
START_TEST(a_header_comes_before_what_joins)
{
	static const char kept[1000];
	struct rlimit lim, before;
	unsigned char len = 0;
	ck_assert_int_eq(framelog_add(&lg, 0, FRAMELOG_STDOUT, kept, sizeof kept), 0);
	ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &before), 0);
	lim = before;
	lim.rlim_cur = (rlim_t)lg.end;
	signal(SIGXFSZ, look_at_header);
	setrlimit(RLIMIT_FSIZE, &lim);
	int got = framelog_add(&lg, 0, FRAMELOG_STDOUT, "lost!", 5);
	setrlimit(RLIMIT_FSIZE, &before);
	ck_assert_int_eq(got, -1);
	ck_assert_int_eq(seen_len, (1000 + 5) & 255);
	ck_assert_int_eq(pread(lg.fd, &len, 1, 8), 1);
	ck_assert_int_eq(len, 1000 & 255);
}
END_TEST

/* Two frames, "abc" and "defg" (offsets 0 and 15, end 31); one byte of the file is changed. */
static const struct {
	const char *label;
	int64_t at; /* -1: nothing is changed */
	int value;
	int64_t begin, end;
} damage[] = {
	{ "unknown stream", 4, 3, 0, 31 },
	{ "stream beyond a byte", 5, 1, 0, 31 },
	{ "no length", 8, 0, 0, 31 },
	{ "length beyond the range", 15 + 8, 5, 0, 31 },
	{ "length above the maximum", 10, 2, 0, 31 },
	{ "negative length", 11, 0x80, 0, 31 },
	{ "range ends in a frame", -1, 0, 0, 30 },
	{ "range ends in a header", -1, 0, 0, 20 },
	{ "range begins in a frame", -1, 0, 3, 31 },
	{ "range beyond the file", -1, 0, 0, 4000 },
	{ "range is negative", -1, 0, -12, 31 },
	{ "range is turned around", -1, 0, 31, 15 },
};

START_TEST(damage_is_noticed)
{
	char byte = (char)damage[_i].value;
	ck_assert_int_eq(framelog_add(&lg, 0, FRAMELOG_STDOUT, "abc", 3), 0);
	ck_assert_int_eq(framelog_add(&lg, 0, FRAMELOG_STDOUT, "defg", 4), 0);
	if (damage[_i].at >= 0)
		ck_assert_int_eq(pwrite(lg.fd, &byte, 1, damage[_i].at), 1);
	AUTO_BUF got = { 0 };
	errno = 0;
	ck_assert_msg(read_all(FRAMELOG_STDOUT, damage[_i].begin, damage[_i].end, 7, &got) == -1,
		      "%s: accepted", damage[_i].label);
	ck_assert_msg(errno == EBADMSG, "%s: errno %d", damage[_i].label, errno);
	ck_assert_msg(got.len <= 7, "%s: %zu bytes", damage[_i].label, got.len);
}
END_TEST

/* A frame may not be longer than the largest, even where the range holds more. */
START_TEST(a_frame_has_a_maximum)
{
	size_t len = FRAMELOG_MAX_FRAME;
	AUTO_FREE char *text = calloc(2, len);
	char one_more = 1;
	ck_assert_int_eq(framelog_add(&lg, 0, FRAMELOG_STDOUT, text, 2 * len), 0);
	ck_assert_int_eq(pwrite(lg.fd, &one_more, 1, 8), 1);
	AUTO_BUF got = { 0 };
	ck_assert_int_eq(read_all(FRAMELOG_STDOUT, 0, lg.end, 4096, &got), -1);
	ck_assert_int_eq(errno, EBADMSG);
	ck_assert_uint_eq(got.len, 0);
}
END_TEST

START_TEST(a_cut_file_is_noticed)
{
	AUTO_BUF got = { 0 };
	ck_assert_int_eq(framelog_add(&lg, 0, FRAMELOG_STDERR, "abcdefgh", 8), 0);
	ck_assert_int_eq(ftruncate(lg.fd, 17), 0);
	ck_assert_int_eq(read_all(FRAMELOG_STDERR, 0, lg.end, 4, &got), -1);
	ck_assert_int_eq(errno, EBADMSG);
	ck_assert_str_eq(got.data, "abcd");
}
END_TEST

/* What a cursor gives now, as "0o:text|1e:text" for the steps and streams of its pieces. */
static void follow(struct framelog_cursor *c, size_t chunk, struct buf *b)
{
	char data[64];
	ssize_t n;
	while ((n = framelog_next(c, data, chunk)) > 0) {
		buf_printf(b, "%u%c:", c->step, c->stream == FRAMELOG_STDOUT ? 'o' : 'e');
		buf_add(b, data, (size_t)n);
		buf_str(b, "|");
	}
	ck_assert_int_eq(n, 0);
	buf_add(b, "", 0);
}

START_TEST(a_log_is_followed_while_it_grows)
{
	struct framelog_cursor c = { .fd = lg.fd };
	AUTO_BUF got = { 0 };
	follow(&c, 64, &got);
	ck_assert_str_eq(got.data ? got.data : "", "");
	framelog_add(&lg, 0, FRAMELOG_STDOUT, "one", 3);
	follow(&c, 64, &got);
	framelog_add(&lg, 0, FRAMELOG_STDOUT, "two", 3); /* joins the frame that was read */
	follow(&c, 64, &got);
	framelog_add(&lg, 0, FRAMELOG_STDERR, "warn", 4);
	framelog_add(&lg, 0, FRAMELOG_STDOUT, "three", 5);
	framelog_mark(&lg);
	framelog_add(&lg, 1, FRAMELOG_STDOUT, "four", 4);
	framelog_add(&lg, 1, FRAMELOG_STDOUT, "five", 4);
	follow(&c, 64, &got);
	ck_assert_str_eq(got.data, "0o:one|0o:two|0e:warn|0o:three|1o:fourfive|");
	follow(&c, 64, &got);
	framelog_add(&lg, 1, FRAMELOG_STDOUT, "sixes", 5);
	follow(&c, 2, &got);
	ck_assert_str_eq(got.data, "0o:one|0o:two|0e:warn|0o:three|1o:fourfive|1o:si|1o:xe|1o:s|");
}
END_TEST

/* The bytes of a program may look like a header: they are one frame's as long as its header says
 * so, and what is not there yet is not read as something else. */
START_TEST(half_written_frames_wait)
{
	static const char forged[] = "\1\0\0\0\2\0\0\0\4\0\0\0evil";
	struct framelog_cursor c = { .fd = lg.fd };
	AUTO_BUF got = { 0 };
	framelog_add(&lg, 0, FRAMELOG_STDOUT, "ab", 2);
	follow(&c, 64, &got);
	/* As while bytes are joined: the header first, then some of them. */
	ck_assert_int_eq(pwrite(lg.fd, "\x12", 1, 8), 1);
	follow(&c, 64, &got);
	ck_assert_str_eq(got.data, "0o:ab|");
	ck_assert_int_eq(pwrite(lg.fd, forged, 16, 14), 16);
	follow(&c, 64, &got);
	ck_assert_uint_eq(got.len, 6 + 3 + 16 + 1);
	ck_assert_mem_eq(got.data + 9, forged, 16);
	/* Half a header. */
	ck_assert_int_eq(pwrite(lg.fd, forged, 5, 30), 5);
	follow(&c, 64, &got);
	ck_assert_uint_eq(got.len, 26);
	ck_assert_int_eq(pwrite(lg.fd, forged, 16, 30), 16);
	follow(&c, 64, &got);
	ck_assert_str_eq(got.data + 26, "1e:evil|");
	ck_assert_int_eq(pwrite(lg.fd, "nonsense, not a frame", 21, 46), 21);
	ck_assert_int_eq(framelog_next(&c, got.data, 1), -1);
	ck_assert_int_eq(errno, EBADMSG);
}
END_TEST

/* Byte by byte by one process, followed by another: nothing is lost, doubled or taken for a header. */
START_TEST(a_busy_writer_is_followed_exactly)
{
	enum { N = 20000 };
	struct framelog_cursor c = { .fd = lg.fd };
	pid_t pid = fork();
	if (pid == 0) {
		for (int i = 0; i < N; i++) {
			const char bytes[12] = { (char)(i % 3),  0, 0, 0, 1, 0, 0, 0,
						 (char)(i & 63), 1 };
			int stream = i % 1000 < 995 ? FRAMELOG_STDOUT : FRAMELOG_STDERR;
			if (framelog_add(&lg, 0, stream, bytes, sizeof bytes) < 0)
				_exit(1);
		}
		_exit(0);
	}
	int64_t total = 0;
	for (bool ended = false;;) {
		char data[700];
		ssize_t n = framelog_next(&c, data, sizeof data);
		ck_assert_msg(n >= 0, "after %lld bytes: %s", (long long)total, strerror(errno));
		if (n == 0 && ended)
			break;
		for (ssize_t k = 0; k < n; k++, total++)
			ck_assert_msg(total % 12 != 8 || data[k] == (total / 12 & 63), "at %lld",
				      (long long)total);
		ended = ended || (n == 0 && waitpid(pid, NULL, WNOHANG) == pid);
	}
	ck_assert_int_eq(total, INT64_C(12) * N);
}
END_TEST

Suite *suite_base_framelog(void)
{
	Suite *s = suite_create("base/framelog");
	TCase *tc = tcase_create("framelog");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, streams_are_kept_apart, 0, 3);
	tcase_add_test(tc, an_existing_file_is_refused);
	tcase_add_loop_test(tc, long_texts_become_frames, 0, 2);
	tcase_add_loop_test(tc, writes_join_up_to_a_frame, 0, (int)(sizeof joins / sizeof *joins));
	tcase_add_loop_test(tc, a_cursor_refuses_other_headers, 0,
			    (int)(sizeof headers / sizeof *headers));
	tcase_add_test(tc, an_unknown_stream_is_not_written);
	tcase_add_test(tc, a_short_write_is_undone);
	tcase_add_test(tc, a_header_comes_before_what_joins);
	tcase_add_loop_test(tc, damage_is_noticed, 0, (int)(sizeof damage / sizeof *damage));
	tcase_add_test(tc, a_frame_has_a_maximum);
	tcase_add_test(tc, a_cut_file_is_noticed);
	tcase_add_test(tc, a_log_is_followed_while_it_grows);
	tcase_add_test(tc, half_written_frames_wait);
	tcase_add_test(tc, a_busy_writer_is_followed_exactly);
	suite_add_tcase(s, tc);
	return s;
}
