/* test_model_places.c - where things lie: environment, moulette.conf, modes of what is made. */
#include "model/places.h"

#include <check.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/mem.h"

Suite *suite_model_places(void);

#define ROWS(a) ((int)(sizeof(a) / sizeof *(a)))
#define CONF "/etc/moulette.conf"

/* A process of its own, with an empty /etc and an environment without our names. */
static void setup(void)
{
	static const char *const names[] = { "MOULETTE_HOME", "MOULETTE_PROFILES",
					     "MOULETTE_ENGINE", "XDG_STATE_HOME" };
	for (int i = 0; i < ROWS(names); i++)
		unsetenv(names[i]);
	ck_assert_int_eq(unshare(CLONE_NEWNS), 0);
	ck_assert_int_eq(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
	ck_assert_int_eq(mount("none", "/etc", "tmpfs", 0, NULL), 0);
}

static void find(struct places *p)
{
	struct err err = { 0 };
	ck_assert_msg(places_find(p, &err) == 0, "%s", err.msg);
}

START_TEST(defaults_of_root)
{
	struct places p;
	char self[PATH_MAX] = "";
	find(&p);
	ck_assert_str_eq(p.home, "/var/lib/moulette");
	ck_assert_str_eq(p.images, "/var/lib/moulette/images");
	ck_assert_str_eq(p.database, "/var/lib/moulette/results.db");
	ck_assert_str_eq(p.live, "/var/lib/moulette/live");
	ck_assert_str_eq(p.logs, "/var/lib/moulette/logs");
	ck_assert_str_eq(p.run, "/run/moulette");
	ck_assert_str_eq(p.engine, "crun");
	ck_assert_uint_eq(p.uid_base, 0x60000000);
	ck_assert_uint_eq(p.card_network, 0x0ad50000); /* 10.213.0.0 */
	ck_assert_int_gt(readlink("/proc/self/exe", self, sizeof self - 1), 0);
	ck_assert_str_eq(p.self, self);
	ck_assert_uint_eq(strv_len(p.profiles), 1);
	ck_assert_str_eq(p.profiles[0], p.data);
	places_done(&p);
	ck_assert_ptr_null(p.home);
	places_done(&p);
}
END_TEST

/* The shipped data: of the source tree when the program lies in its build/X, else as installed. */
START_TEST(shipped_data)
{
	struct places p;
	char self[PATH_MAX] = "";
	find(&p);
	ck_assert_int_gt(readlink("/proc/self/exe", self, sizeof self - 1), 0);
	*strrchr(self, '/') = '\0';
	AUTO_FREE char *mark = mem_printf("%s/../../runner/init/protocol.h", self);
	AUTO_FREE char *init = mem_printf("%s/moulette-init", self);
	bool tree = access(mark, F_OK) == 0;
	AUTO_FREE char *unpack = mem_printf("%s/moulette-unpack", self);
	ck_assert_str_eq(p.unpack, tree ? unpack : MOULETTE_LIBEXECDIR "/moulette-unpack");
	AUTO_FREE char *image = mem_printf("%s/moulette-image", self);
	ck_assert_str_eq(p.image, tree ? image : MOULETTE_LIBEXECDIR "/moulette-image");
	ck_assert_str_eq(p.init, tree ? init : MOULETTE_LIBEXECDIR "/moulette-init");
	if (tree) {
		AUTO_FREE char *languages = mem_printf("%s/languages.json", p.data);
		ck_assert_int_eq(access(languages, F_OK), 0);
		ck_assert_int_eq(access(p.bundles, F_OK), 0);
	} else {
		ck_assert_str_eq(p.data, MOULETTE_DATADIR "/profiles");
		ck_assert_str_eq(p.bundles, MOULETTE_DATADIR "/bundles");
	}
	places_done(&p);
}
END_TEST

static const struct {
	const char *label, *home, *state, *user;
	bool root;
	const char *want; /* NULL: an error that names the variables */
} homes[] = {
	{ "as told", "/srv/m", NULL, "/home/a", true, "/srv/m" },
	{ "as told, without rights", "/srv/m", "/s", "/home/a", false, "/srv/m" },
	{ "relative", "sub/m", NULL, "/home/a", true, "/usr/sub/m" },
	{ "empty is not told", "", NULL, "/home/a", true, "/var/lib/moulette" },
	{ "root has no state home", NULL, "/s", "/home/a", true, "/var/lib/moulette" },
	{ "state home", NULL, "/s", "/home/a", false, "/s/moulette" },
	{ "relative state home", NULL, "s", "/home/a", false, "/home/a/.local/state/moulette" },
	{ "empty state home", NULL, "", "/home/a", false, "/home/a/.local/state/moulette" },
	{ "no state home", NULL, NULL, "/home/a", false, "/home/a/.local/state/moulette" },
	{ "relative home of the user", NULL, NULL, "a", false, NULL },
	{ "nothing", NULL, NULL, NULL, false, NULL },
};

static void set_or_not(const char *name, const char *value)
{
	ck_assert_int_eq(value ? setenv(name, value, 1) : unsetenv(name), 0);
}

START_TEST(home)
{
	struct places p;
	struct err err = { 0 };
	set_or_not("MOULETTE_HOME", homes[_i].home);
	set_or_not("XDG_STATE_HOME", homes[_i].state);
	set_or_not("HOME", homes[_i].user);
	ck_assert_int_eq(chdir("/usr"), 0);
	if (!homes[_i].root)
		ck_assert_int_eq(seteuid(12345), 0);
	int bad = places_find(&p, &err);
	ck_assert_int_eq(seteuid(0), 0);
	ck_assert_msg(bad == (homes[_i].want ? 0 : -1), "%s: '%s'", homes[_i].label, err.msg);
	if (bad) {
		ck_assert_int_eq(err.fault, FAULT_USAGE);
		ck_assert_ptr_nonnull(strstr(err.msg, "MOULETTE_HOME"));
		return;
	}
	ck_assert_msg(strcmp(p.home, homes[_i].want) == 0, "%s: '%s'", homes[_i].label, p.home);
	AUTO_FREE char *logs = mem_printf("%s/logs", homes[_i].want);
	ck_assert_str_eq(p.logs, logs);
	places_done(&p);
}
END_TEST

static const struct {
	const char *list, *want; /* joined, without the shipped one */
} lists[] = {
	{ "", "" },
	{ "/a", "/a," },
	{ "/a:/b", "/a,/b," },
	{ "::/a::/b:", "/a,/b," },
	{ "rel:/a", "/usr/rel,/a," },
};

START_TEST(profiles)
{
	struct places p;
	ck_assert_int_eq(setenv("MOULETTE_PROFILES", lists[_i].list, 1), 0);
	ck_assert_int_eq(chdir("/usr"), 0);
	find(&p);
	size_t n = strv_len(p.profiles);
	char got[64] = "";
	for (size_t i = 0; i + 1 < n; i++) {
		strcat(got, p.profiles[i]);
		strcat(got, ",");
	}
	ck_assert_str_eq(got, lists[_i].want);
	ck_assert_str_eq(p.profiles[n - 1], p.data); /* the shipped one is last */
	places_done(&p);
}
END_TEST

START_TEST(engine)
{
	struct places p;
	setenv("MOULETTE_ENGINE", "/opt/runc", 1);
	find(&p);
	ck_assert_str_eq(p.engine, "/opt/runc");
	places_done(&p);
	setenv("MOULETTE_ENGINE", "", 1);
	find(&p);
	ck_assert_str_eq(p.engine, "crun");
	places_done(&p);
}
END_TEST

static const struct {
	const char *label, *text;
	uint32_t want; /* 0: refused */
	const char *why;
} confs[] = {
	{ "empty object", "{}", 0x60000000, NULL },
	{ "with a comment", "{\"uid_base\": 200000} // ours\n", 200000, NULL },
	{ "least", "{\"uid_base\": 100000}", 100000, NULL },
	{ "below the least", "{\"uid_base\": 99999}", 0,
	  CONF ".uid_base: expected a whole number" },
	{ "most", "{\"uid_base\": 3758096384}", 0xe0000000, NULL },
	{ "above the most", "{\"uid_base\": 3758096385}", 0, CONF ".uid_base: expected" },
	{ "text", "{\"uid_base\": \"200000\"}", 0, CONF ".uid_base: expected" },
	{ "unknown key", "{\"uidbase\": 200000}", 0,
	  CONF ": unknown key 'uidbase'; known: uid_base" },
	{ "a size of the store", "{\"store_max_size\": \"10G\"}", 0x60000000, NULL },
	{ "no size", "{\"store_max_size\": \"lots\"}", 0,
	  CONF ".store_max_size: 'lots' is not a size" },
	{ "no room at all", "{\"store_max_size\": \"0\"}", 0,
	  CONF ".store_max_size: expected a size above 0" },
	{ "a size as a number", "{\"store_max_size\": 5}", 0, CONF ".store_max_size: expected" },
	{ "the last key that is known", "{\"cards\": 1}", 0,
	  "known: uid_base, store_max_size, card_network, cpu_weight, host_image" },
	{ "more of the host", "{\"host_image\": [\"/opt/x\", \"/etc/y\"]}", 0x60000000, NULL },
	{ "a relative path", "{\"host_image\": [\"opt\"]}", 0,
	  CONF ".host_image: 'opt': expected the absolute" },
	{ "the whole host", "{\"host_image\": [\"/\"]}", 0, CONF ".host_image: '/': expected" },
	{ "a path upwards", "{\"host_image\": [\"/opt/../root\"]}", 0,
	  CONF ".host_image: '/opt/../root': expected" },
	{ "what a box mounts", "{\"host_image\": [\"/proc/sys\"]}", 0,
	  CONF ".host_image: '/proc/sys': expected" },
	{ "no object", "[]", 0, CONF ": expected an object" },
	{ "no JSON", "uid_base = 5", 0, CONF ": line 1: " },
	{ "nothing", "", 0, CONF ": line 1: " },
};

START_TEST(conf)
{
	struct places p = { .uid_base = 7 };
	struct err err = { 0 };
	ck_assert_int_eq(file_write(AT_FDCWD, CONF, confs[_i].text), 0);
	int ret = places_find(&p, &err);
	ck_assert_msg(ret == (confs[_i].want ? 0 : -1), "%s: %d '%s'", confs[_i].label, ret,
		      err.msg);
	if (ret) {
		ck_assert_msg(strstr(err.msg, confs[_i].why), "%s: '%s'", confs[_i].label, err.msg);
		ck_assert_int_eq(err.fault, FAULT_USAGE);
		ck_assert_uint_eq(p.uid_base, 7);
		ck_assert_ptr_null(p.home);
		return;
	}
	ck_assert_uint_eq(p.uid_base, confs[_i].want);
	ck_assert_uint_eq(strv_len(p.host_image), strstr(confs[_i].text, "host_image") ? 2 : 0);
	ck_assert_int_eq(p.store_max_bytes, strstr(confs[_i].text, "10G") ? INT64_C(10) << 30 : 0);
	places_done(&p);
}
END_TEST

#define CARDS_DEFAULT 0x0ad50000
#define NOT_CARDS CONF ".card_network: expected a private network of 65536 addresses"

static const struct {
	const char *label, *value; /* as JSON */
	uint32_t want;             /* 0: refused */
} cards[] = {
	{ "first of 10/8", "\"10.0.0.0/16\"", 0x0a000000 },
	{ "last of 10/8", "\"10.255.0.0/16\"", 0x0aff0000 },
	{ "below 10/8", "\"9.255.0.0/16\"", 0 },
	{ "above 10/8", "\"11.0.0.0/16\"", 0 },
	{ "first of 172.16/12", "\"172.16.0.0/16\"", 0xac100000 },
	{ "last of 172.16/12", "\"172.31.0.0/16\"", 0xac1f0000 },
	{ "below 172.16/12", "\"172.15.0.0/16\"", 0 },
	{ "above 172.16/12", "\"172.32.0.0/16\"", 0 },
	{ "192.168/16", "\"192.168.0.0/16\"", 0xc0a80000 },
	{ "below 192.168/16", "\"192.167.0.0/16\"", 0 },
	{ "above 192.168/16", "\"192.169.0.0/16\"", 0 },
	{ "link-local", "\"169.254.0.0/16\"", 0 },
	{ "public", "\"8.8.0.0/16\"", 0 },
	{ "wider", "\"10.212.0.0/15\"", 0 },
	{ "narrower", "\"10.213.0.0/17\"", 0 },
	{ "no prefix", "\"10.213.0.0\"", 0 },
	{ "no length", "\"10.213.0.0/\"", 0 },
	{ "a length with more", "\"10.213.0.0/16 \"", 0 },
	{ "a netmask", "\"10.213.0.0/255.255.0.0\"", 0 },
	{ "the lowest bit of the host", "\"10.213.0.1/16\"", 0 },
	{ "the highest bit of the host", "\"10.213.128.0/16\"", 0 },
	{ "three numbers", "\"10.213.0/16\"", 0 },
	{ "IPv6", "\"fd00::/16\"", 0 },
	{ "empty", "\"\"", 0 },
};

START_TEST(card_network)
{
	struct places p = { .card_network = 7 };
	struct err err = { 0 };
	const char *label = cards[_i].label;
	AUTO_FREE char *text = mem_printf("{\"card_network\": %s}", cards[_i].value);
	ck_assert_int_eq(file_write(AT_FDCWD, CONF, text), 0);
	int ret = places_find(&p, &err);
	ck_assert_msg(ret == (cards[_i].want ? 0 : -1), "%s: %d '%s'", label, ret, err.msg);
	if (ret) {
		ck_assert_msg(strstr(err.msg, NOT_CARDS) == err.msg, "%s: '%s'", label, err.msg);
		ck_assert_int_eq(err.fault, FAULT_USAGE);
		ck_assert_uint_eq(p.card_network, 7);
		return;
	}
	ck_assert_msg(p.card_network == cards[_i].want, "%s: %08x", label, p.card_network);
	places_done(&p);
}
END_TEST

START_TEST(card_network_that_is_no_text)
{
	struct places p = { .card_network = 7 };
	struct err err = { 0 };
	ck_assert_int_eq(file_write(AT_FDCWD, CONF, "{\"card_network\": 10}"), 0);
	ck_assert_int_eq(places_find(&p, &err), -1);
	ck_assert_msg(strstr(err.msg, CONF ".card_network: expected") == err.msg, "%s", err.msg);
	/* Others do not change it. */
	ck_assert_int_eq(file_write(AT_FDCWD, CONF, "{\"uid_base\": 200000}"), 0);
	find(&p);
	ck_assert_uint_eq(p.card_network, CARDS_DEFAULT);
	places_done(&p);
}
END_TEST

/* Below /etc, which is ours here. */
static void make_places(struct places *p)
{
	*p = (struct places){ .home = mem_strdup("/etc/h/m"),
			      .images = mem_strdup("/etc/h/m/images"),
			      .live = mem_strdup("/etc/h/m/live"),
			      .logs = mem_strdup("/etc/h/m/logs"),
			      .run = mem_strdup("/etc/run/moulette") };
}

static void ck_mode(const char *path, mode_t want)
{
	struct stat st;
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_msg((st.st_mode & 07777) == want, "'%s': %04o", path, st.st_mode & 07777);
}

START_TEST(modes_do_not_depend_on_the_umask)
{
	static const mode_t masks[] = { 0, 022, 077 };
	struct places p;
	struct err err = { 0 };
	make_places(&p);
	umask(masks[_i]);
	ck_assert_msg(places_make(&p, &err) == 0, "%s", err.msg);
	ck_mode(p.home, 0711);
	ck_mode(p.images, 0711);
	ck_mode(p.live, 0700);
	ck_mode(p.logs, 0700);
	ck_mode(p.run, 0711);
	/* A mode that somebody chose on purpose stays, what is missing is made. */
	ck_assert_int_eq(chmod(p.home, 0750) | rmdir(p.logs), 0);
	ck_assert_msg(places_make(&p, &err) == 0, "%s", err.msg);
	ck_mode(p.home, 0750);
	ck_mode(p.logs, 0700);
	places_done(&p);
}
END_TEST

START_TEST(a_file_in_the_way)
{
	struct places p;
	struct err err = { 0 };
	make_places(&p);
	ck_assert_int_eq(fd_mkdir_p(p.home, 0711), 0);
	ck_assert_int_eq(file_write(AT_FDCWD, p.live, "kept"), 0);
	ck_assert_int_eq(places_make(&p, &err), -1);
	ck_assert_int_eq(err.fault, FAULT_INFRA);
	ck_assert_str_eq(err.msg, "cannot make the folder '/etc/h/m/live': Not a directory");
	ck_mode(p.live, 0600);
	places_done(&p);
}
END_TEST

Suite *suite_model_places(void)
{
	Suite *s = suite_create("model/places");
	TCase *tc = tcase_create("places");
	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, defaults_of_root);
	tcase_add_test(tc, shipped_data);
	tcase_add_loop_test(tc, home, 0, ROWS(homes));
	tcase_add_loop_test(tc, profiles, 0, ROWS(lists));
	tcase_add_test(tc, engine);
	tcase_add_loop_test(tc, conf, 0, ROWS(confs));
	tcase_add_loop_test(tc, card_network, 0, ROWS(cards));
	tcase_add_test(tc, card_network_that_is_no_text);
	tcase_add_loop_test(tc, modes_do_not_depend_on_the_umask, 0, 3);
	tcase_add_test(tc, a_file_in_the_way);
	suite_add_tcase(s, tc);
	return s;
}
