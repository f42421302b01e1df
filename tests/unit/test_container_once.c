/* test_container_once.c - a container for each step: its config, its input, what its PID 1 says. */
#include "test_container_running.h"

#include "base/json.h"

static struct fake f;
static struct err err;
static char top[40];

static char *in_top(const char *name)
{
	return mem_printf("%s/%s", top, name);
}

static void setup(void)
{
	static const char *const folders[] = { "bundle", "once", "state/old" };
	fake_make(&f, &channel_once);
	err = (struct err){ 0 };
	strcpy(top, "/tmp/moulette-unit-once-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(top));
	for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
		AUTO_FREE char *folder = in_top(folders[i]);
		ck_assert_int_eq(fd_mkdir_p(folder, 0755), 0);
	}
	f.room.bundle = in_top("bundle");
	f.room.once = in_top("once");
	f.room.state = in_top("state");
	f.engine.path = (char *)"/bin/true";
}

static void teardown(void)
{
	free(f.room.bundle);
	free(f.room.once);
	free(f.room.state);
	ck_assert_int_eq(tree_remove_at(AT_FDCWD, top), 0);
}

/* ---- what PID 1 says ---- */

enum { GOOD = INIT_PROTOCOL };
#define HELLO sizeof(struct init_hello)
#define DONE sizeof(struct init_done)

static const struct {
	const char *label;
	size_t hello, done; /* bytes that come of each */
	uint32_t protocol;
	int seccomp, no_new_privs;
	bool greeted, killed; /* before */
	bool now_greeted, now_done, dead;
} replies[] = {
	{ "a hello", HELLO, 0, GOOD, 2, 1, false, false, true, false, false },
	{ "another protocol", HELLO, 0, GOOD + 1, 2, 1, false, false, false, false, true },
	{ "no filter", HELLO, 0, GOOD, 0, 1, false, false, false, false, true },
	{ "the filter of old", HELLO, 0, GOOD, 1, 1, false, false, false, false, true },
	{ "privileges", HELLO, 0, GOOD, 2, 0, false, false, false, false, true },
	{ "half a hello", HELLO - 1, 0, GOOD, 2, 1, false, false, false, false, true },
	{ "no hello", 0, 0, GOOD, 2, 1, false, false, false, false, true },
	{ "killed before its hello", 0, 0, GOOD, 2, 1, false, true, false, false, true },
	{ "an answer", 0, DONE, GOOD, 2, 1, true, false, true, true, false },
	{ "an answer, when it was killed", 0, DONE, GOOD, 2, 1, true, true, true, true, false },
	{ "half an answer", 0, DONE - 1, GOOD, 2, 1, true, false, true, false, true },
	{ "no answer", 0, 0, GOOD, 2, 1, true, false, true, false, true },
	{ "no answer, when it was killed", 0, 0, GOOD, 2, 1, true, true, true, true, false },
};

START_TEST(an_answer_is_taken_once_it_is_confined)
{
	const struct init_hello hello = { .type = INIT_HELLO,
					  .protocol = replies[_i].protocol,
					  .seccomp = replies[_i].seccomp,
					  .no_new_privs = replies[_i].no_new_privs };
	const struct init_done done = { .type = INIT_DONE, .status = 0x700 };
	int fds[2];
	ck_assert_int_eq(pipe2(fds, O_CLOEXEC), 0);
	ck_assert_int_eq(fd_write_all(fds[1], &hello, replies[_i].hello), 0);
	ck_assert_int_eq(fd_write_all(fds[1], &done, replies[_i].done), 0);
	close(fds[1]);
	f.box.socket = fds[0];
	f.r.greeted = replies[_i].greeted;
	f.r.killed = replies[_i].killed;
	ck_assert_int_eq(channel_once.fd(&f.r), fds[0]);
	channel_once.take_reply(&f.r);
	ck_assert_msg(f.r.greeted == replies[_i].now_greeted, "%s", replies[_i].label);
	ck_assert_msg(f.r.done == replies[_i].now_done, "%s", replies[_i].label);
	ck_assert_msg(f.box.dead == replies[_i].dead, "%s", replies[_i].label);
	if (f.r.done)
		ck_assert_msg(f.r.reply.status == (replies[_i].done ? 0x700 : SIGKILL), "%s: %#x",
			      replies[_i].label, (unsigned)f.r.reply.status);
	/* The clock of a step starts anew when the engine has done its work. */
	ck_assert_msg((f.r.start_ns > 0) == (f.r.greeted && !replies[_i].greeted), "%s",
		      replies[_i].label);
	close(fds[0]);
}
END_TEST

/* ---- its config ---- */

static void put_config(const char *text)
{
	AUTO_FREE char *path = in_top("bundle/config.json");
	ck_assert_int_eq(file_write(AT_FDCWD, path, text), 0);
}

static struct json_object *get_config(void)
{
	AUTO_FREE char *path = in_top("bundle/config.json");
	struct json_object *config = NULL;
	ck_assert_msg(json_load(path, &config, &err) == 0, "%s", err.msg);
	return config;
}

/* Of one that was begun: its engine, which is no container's, has ended. */
static void end_step(void)
{
	f.r.done = true;
	channel_once.end(&f.r);
	ck_assert_int_eq(f.box.engine_fd, -1);
	ck_assert_int_eq(f.box.socket, -1);
	ck_assert(!f.box.dead);
	AUTO_FREE char *old = in_top("state/old");
	ck_assert_int_eq(access(old, F_OK), -1);
}

START_TEST(a_config_is_that_of_the_step)
{
	char *env[] = { (char *)"A=1", NULL };
	f.argv[1] = (char *)"an argument";
	f.step.env = env;
	f.spec.limits.v[LIMIT_DISK] = 12345;
	for (int i = 0; i < AREA_COUNT; i++)
		f.areas[i] = (struct area){ .at = (char *)"/elsewhere" };
	f.areas[AREA_TMP] = (struct area){ .at = (char *)"/tmp", .source = (char *)"/the/tmp" };
	put_config("{\"process\": {\"args\": [\"old\"], \"rlimits\": ["
		   "{\"type\": \"RLIMIT_CORE\", \"soft\": 1, \"hard\": 1},"
		   "{\"type\": \"RLIMIT_FSIZE\", \"soft\": 1, \"hard\": 1}]},"
		   "\"mounts\": [{\"destination\": \"/tmp\", \"source\": \"old\"},"
		   "{\"destination\": \"/proc\", \"source\": \"proc\"}],"
		   "\"linux\": {\"seccomp\": {\"syscalls\": []}}}");
	ck_assert_msg(channel_once.begin(&f.r, &err) == 0, "%s", err.msg);
	AUTO_JSON *config = get_config();
	struct json_object *process = json_object_object_get(config, "process");
	ck_assert_str_eq(json_object_to_json_string_ext(json_object_object_get(process, "args"),
							JSON_C_TO_STRING_NOSLASHESCAPE |
								JSON_C_TO_STRING_PLAIN),
			 "[\"/.moulette/init\",\"once\",\"prog\",\"an argument\"]");
	ck_assert_str_eq(json_object_to_json_string_ext(json_object_object_get(process, "env"),
							JSON_C_TO_STRING_PLAIN),
			 "[\"A=1\"]");
	ck_assert_str_eq(json_object_to_json_string_ext(json_object_object_get(process, "rlimits"),
							JSON_C_TO_STRING_PLAIN),
			 "[{\"type\":\"RLIMIT_CORE\",\"soft\":1,\"hard\":1},"
			 "{\"type\":\"RLIMIT_FSIZE\",\"soft\":12345,\"hard\":12345}]");
	ck_assert_str_eq(json_object_to_json_string_ext(json_object_object_get(config, "mounts"),
							JSON_C_TO_STRING_NOSLASHESCAPE |
								JSON_C_TO_STRING_PLAIN),
			 "[{\"destination\":\"/tmp\",\"source\":\"/the/tmp\"},"
			 "{\"destination\":\"/proc\",\"source\":\"proc\"}]");
	end_step();
}
END_TEST

/* A list of @rules rules for ioctl beside one for read. */
static char *config_with_rules(int rules)
{
	AUTO_BUF b = { 0 };
	buf_str(&b, "{\"process\": {}, \"linux\": {\"seccomp\": {\"syscalls\": ["
		    "{\"names\": [\"read\", \"ioctl\"], \"action\": \"SCMP_ACT_ALLOW\"}");
	for (int i = 1; i < rules; i++)
		buf_str(&b, ", {\"names\": [\"ioctl\"], \"action\": \"SCMP_ACT_ALLOW\"}");
	buf_str(&b, "]}}}");
	return buf_take(&b);
}

static struct json_object *rules_of(struct json_object *config)
{
	return json_object_object_get(
		json_object_object_get(json_object_object_get(config, "linux"), "seccomp"),
		"syscalls");
}

static const struct {
	const char *label;
	int rules, kept;
	const char *last; /* names that are allowed whole */
} alternatives[] = {
	{ "one", 1, 1, "[\"clone3\"]" },
	{ "as many as can be", 20, 20, "[\"clone3\"]" },
	{ "one more", 21, 1, "[\"clone3\",\"ioctl\"]" },
};

START_TEST(calls_with_many_rules_are_allowed_whole)
{
	AUTO_FREE char *text = config_with_rules(alternatives[_i].rules);
	put_config(text);
	for (int step = 0; step < 2; step++) { /* the second one finds what the first one wrote */
		ck_assert_msg(channel_once.begin(&f.r, &err) == 0, "%s", err.msg);
		end_step();
		AUTO_JSON *config = get_config();
		struct json_object *rules = rules_of(config);
		const size_t n = json_object_array_length(rules);
		ck_assert_msg(n == (size_t)alternatives[_i].kept + 1, "%s: %zu rules",
			      alternatives[_i].label, n);
		struct json_object *last = json_object_array_get_idx(rules, n - 1);
		ck_assert_str_eq(
			json_object_to_json_string_ext(json_object_object_get(last, "names"),
						       JSON_C_TO_STRING_PLAIN),
			alternatives[_i].last);
		ck_assert_str_eq(json_object_get_string(json_object_object_get(last, "action")),
				 "SCMP_ACT_ALLOW");
	}
}
END_TEST

START_TEST(a_damaged_config_starts_nothing)
{
	put_config("{\"process\": 1}");
	ck_assert_int_eq(channel_once.begin(&f.r, &err), -1);
	ck_assert_ptr_nonnull(strstr(err.msg, "process"));
	ck_assert_int_eq(f.box.engine_fd, -1);
	ck_assert_int_eq(f.box.socket, -1);
}
END_TEST

/* ---- its input ---- */

static const struct {
	const char *label;
	size_t len; /* of the input; 0: none is said */
} inputs[] = {
	{ "none", 0 },
	{ "a byte", 1 },
	{ "a chunk", 65536 },
	{ "more than a chunk", 65537 },
};

START_TEST(an_input_is_a_copy)
{
	AUTO_FREE char *path = in_top("input");
	AUTO_FREE char *copy = in_top("once/stdin");
	AUTO_FREE char *text = malloc(inputs[_i].len + 1);
	AUTO_BUF got = { 0 };
	memset(text, 'i', inputs[_i].len);
	text[inputs[_i].len] = '\0';
	put_config("{\"process\": {}, \"linux\": {\"seccomp\": {\"syscalls\": []}}}");
	ck_assert_int_eq(file_write(AT_FDCWD, path, text), 0);
	ck_assert_int_eq(file_write(AT_FDCWD, copy, "of the step before"), 0);
	if (inputs[_i].len)
		f.spec.stdin_path = path;
	ck_assert_msg(channel_once.begin(&f.r, &err) == 0, "%s", err.msg);
	end_step();
	ck_assert_int_eq(file_read(AT_FDCWD, copy, &got, 1 << 20), 0);
	ck_assert_msg(got.len == inputs[_i].len && memcmp(got.data, text, got.len) == 0, "%s: %zu",
		      inputs[_i].label, got.len);
}
END_TEST

START_TEST(a_lost_input_is_not_the_students)
{
	put_config("{\"process\": {}, \"linux\": {\"seccomp\": {\"syscalls\": []}}}");
	f.spec.stdin_path = (char *)"/nowhere/input";
	ck_assert_int_eq(channel_once.begin(&f.r, &err), -1);
	ck_assert_int_eq(err.fault, FAULT_INFRA);
	ck_assert_int_eq(f.box.engine_fd, -1);
}
END_TEST

/* An engine that goes on when its step is over is ended. */
START_TEST(an_engine_that_stays_is_ended)
{
	AUTO_FREE char *program = in_top("engine");
	put_config("{\"process\": {}, \"linux\": {\"seccomp\": {\"syscalls\": []}}}");
	ck_assert_int_eq(file_write(AT_FDCWD, program, "#!/bin/sh\nexec sleep 1000\n"), 0);
	ck_assert_int_eq(chmod(program, 0755), 0);
	f.engine.path = program;
	ck_assert_msg(channel_once.begin(&f.r, &err) == 0, "%s", err.msg);
	const pid_t pid = f.box.engine_pid;
	channel_once.end(&f.r); /* no answer came: it is not waited for */
	ck_assert_int_eq(kill(pid, 0), -1);
	ck_assert_int_eq(errno, ESRCH);
}
END_TEST

Suite *suite_container_once(void);
Suite *suite_container_once(void)
{
	Suite *s = suite_create("container/once");
	TCase *tc = tcase_create("once");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 30);
	tcase_add_loop_test(tc, an_answer_is_taken_once_it_is_confined, 0,
			    (int)(sizeof replies / sizeof *replies));
	tcase_add_test(tc, a_config_is_that_of_the_step);
	tcase_add_loop_test(tc, calls_with_many_rules_are_allowed_whole, 0,
			    (int)(sizeof alternatives / sizeof *alternatives));
	tcase_add_test(tc, a_damaged_config_starts_nothing);
	tcase_add_loop_test(tc, an_input_is_a_copy, 0, (int)(sizeof inputs / sizeof *inputs));
	tcase_add_test(tc, a_lost_input_is_not_the_students);
	tcase_add_test(tc, an_engine_that_stays_is_ended);
	suite_add_tcase(s, tc);
	return s;
}
