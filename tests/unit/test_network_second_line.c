/* test_network_second_line.c - our rules on the host: who keeps them, what they know of a card, and
 * that those of others stay. */
#include <sys/wait.h>

#include "test_network_card_fixture.h"

Suite *suite_network_second_line(void);

/* --- who keeps them ----------------------------------------------------------------------- */

START_TEST(rules_go_with_the_last_user)
{
	struct network_host second;
	open_host(&second);
	ck_assert_int_eq(network_host_hold(&host, &err), 0);
	ck_assert_int_eq(network_host_hold(&host, &err), 0); /* twice is once */
	ck_assert_int_eq(network_host_hold(&second, &err), 0);
	AUTO_FREE char *rules = net_rules("list ruleset");
	network_host_close(&host);
	AUTO_FREE char *still = net_rules("list ruleset");
	ck_assert_str_eq(still, rules);
	network_host_close(&second);
	ck_assert(!net_has_table("moulette"));
	open_host(&host);
}
END_TEST

static void ck_up(bool was)
{
	bool got = !was;
	ck_assert_msg(network_host_up(&host, &got, &err) == 0, "%s", err.msg);
	ck_assert_int_eq(got, was);
	ck_shown("route/link", "moul-host ");
	ck_shown("route/addr", "10.213.0.1 inet dev moul-host ");
	ck_not_shown("route/addr", "inet6 dev moul-host");
	ck_assert(net_has_table("moulette"));
}

static void ck_down(bool was)
{
	bool got = !was;
	ck_assert_msg(network_host_down(&host, &got, &err) == 0, "%s", err.msg);
	ck_assert_int_eq(got, was);
	ck_not_shown("route/link", "moul-host");
}

START_TEST(up_and_down)
{
	ck_up(false);
	ck_up(true);
	AUTO_FD int server = net_serve(SOCK_STREAM, HOST_END, 8080); /* before there is a card */
	(void)server;
	ck_down(true);
	ck_assert(!net_has_table("moulette"));
	ck_down(false);
	ck_up(false);
	ck_down(true);
	AUTO_FREE char *rules = net_rules("list ruleset");
	ck_assert_ptr_null(strstr(rules, "\"table\""));
}
END_TEST

START_TEST(up_outlives_users_and_users_outlive_down)
{
	struct test_card t;
	ck_up(false);
	AUTO_FD int server = net_serve(SOCK_STREAM, HOST_END, 8080);
	(void)server;
	make_card(&t, 7, rule(NETWORK_HOST, 0, 0, 8080));
	net_enter_path(t.netns);
	ck_assert_int_eq(net_try(HOST_END, 8080),
			 0); /* the address is on both, the way is the card */
	net_enter(fix.ns);
	ck_down(true);
	ck_assert(net_has_table("moulette"));
	net_enter_path(t.netns);
	ck_assert_int_eq(net_try(HOST_END, 8080), 0);
	net_enter(fix.ns);
	ck_up(false);
	end_card(&t);
	network_host_close(&host);
	ck_assert(net_has_table("moulette"));
	open_host(&host);
	ck_down(true);
	ck_assert(!net_has_table("moulette"));
}
END_TEST

START_TEST(up_where_the_network_is_taken)
{
	bool was;
	struct nl_sock *sock = NULL;
	ck_assert_int_eq(netlink_open(NETLINK_ROUTE, &sock, &err), 0);
	ck_assert_int_eq(route_address(sock, route_index(sock, "lo"), IP(10, 213, 9, 9), 32, &err),
			 0);
	netlink_close(&sock);
	network_host_close(&host);
	open_host(&host);
	ck_assert_int_eq(network_host_up(&host, &was, &err), -1);
	ck_assert_int_eq(err.fault, FAULT_USAGE);
	ck_assert_ptr_nonnull(strstr(err.msg, "10.213.9.9/32 of 'lo'"));
	ck_links(1, "lo");
	ck_assert(!net_has_table("moulette"));
}
END_TEST

/* A runner that was killed lets go of its lock, not of the tables. */
START_TEST(swept_when_nobody_uses_them)
{
	int swept = 0;
	pid_t pid = fork();
	if (pid == 0)
		_exit(network_host_hold(&host, &err) == 0 ? 0 : 1);
	int status;
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	ck_assert(net_has_table("moulette"));
	ck_assert_int_eq(network_host_hold(&host, &err), 0);
	struct network_host sweeper;
	open_host(&sweeper);
	ck_assert_int_eq(network_host_sweep(&sweeper, &swept, &err), 0);
	ck_assert_int_eq(swept, 0); /* used */
	ck_assert(net_has_table("moulette"));
	fd_close(&host.users_fd); /* as the kernel does for who is killed */
	ck_assert_int_eq(network_host_sweep(&sweeper, &swept, &err), 0);
	ck_assert_int_eq(swept, 1);
	ck_assert(!net_has_table("moulette"));
	ck_assert_int_eq(network_host_sweep(&sweeper, &swept, &err), 0);
	ck_assert_int_eq(swept, 1);
	network_host_close(&sweeper);
}
END_TEST

/* --- words of the host's rules about a card ------------------------------------------------- */

#define TO(w, a, b)                          \
	{                                    \
		w, a, b, 80, 80, NETWORK_TCP \
	}

/* clang-format off */
static const struct {
	const char *label; struct network_reach reach[3]; size_t n;
	const char *words[2]; /* as JSON; the rest of the row is not there */
	int named; /* elements of the card in all sets */
} admitted[] = {
	{ "one address", { TO(NETWORK_BEYOND, IP(10, 20, 0, 5), 32) }, 1, { "[\"moul-c7-1\",\"10.20.0.5\"]" }, 2 },
	{ "a prefix", { TO(NETWORK_BEYOND, IP(10, 20, 0, 0), 16) }, 1, { "{\"addr\":\"10.20.0.0\",\"len\":16}" }, 2 },
	{ "two addresses", { TO(NETWORK_BEYOND, IP(10, 20, 0, 4), 31) }, 1, { "{\"addr\":\"10.20.0.4\",\"len\":31}" }, 2 },
	{ "the upper half", { TO(NETWORK_BEYOND, IP(128, 0, 0, 0), 1) }, 1, { "{\"addr\":\"128.0.0.0\",\"len\":1}" }, 2 },
	{ "the last address", { TO(NETWORK_BEYOND, IP(255, 255, 255, 255), 32) }, 1, { "[\"moul-c7-1\",\"255.255.255.255\"]" }, 2 },
	{ "neighbours", { TO(NETWORK_BEYOND, IP(10, 20, 0, 0), 17), TO(NETWORK_BEYOND, IP(10, 20, 128, 0), 17) }, 2, { "\"10.20.0.0\",\"len\":17", "\"10.20.128.0\",\"len\":17" }, 3 },
	{ "one in another", { TO(NETWORK_BEYOND, IP(10, 20, 0, 0), 16), TO(NETWORK_BEYOND, IP(10, 20, 9, 0), 24) }, 2, { "{\"addr\":\"10.20.0.0\",\"len\":16}" }, 2 },
	{ "another around it", { TO(NETWORK_BEYOND, IP(10, 20, 9, 0), 24), TO(NETWORK_BEYOND, IP(10, 20, 0, 0), 16) }, 2, { "{\"addr\":\"10.20.0.0\",\"len\":16}" }, 2 },
	{ "the same three times", { TO(NETWORK_BEYOND, IP(10, 20, 0, 5), 32), TO(NETWORK_BEYOND, IP(10, 20, 0, 5), 32), TO(NETWORK_BEYOND, IP(10, 20, 0, 5), 32) }, 3, { "[\"moul-c7-1\",\"10.20.0.5\"]" }, 2 },
	{ "internet", { TO(NETWORK_PUBLIC, 0, 0) }, 1, { "\"name\":\"public\"" }, 2 },
	{ "internet twice, and a network", { TO(NETWORK_PUBLIC, 0, 0), TO(NETWORK_PUBLIC, 0, 0), TO(NETWORK_BEYOND, IP(8, 8, 8, 8), 32) }, 3, { "8.8.8.8" }, 3 },
	{ "another address of the host", { TO(NETWORK_AT_HOST_TOO, OTHER, 32) }, 1, { "[\"moul-c7-1\",\"10.9.0.5\"]" }, 1 },
	{ "the same, and a network around it", { TO(NETWORK_AT_HOST_TOO, OTHER, 32), TO(NETWORK_BEYOND, IP(10, 9, 0, 0), 24) }, 2, { "[\"moul-c7-1\",\"10.9.0.5\"]", "\"10.9.0.0\",\"len\":24" }, 3 },
	{ "the card's end", { TO(NETWORK_AT_HOST, HOST_END, 32) }, 1, { NULL }, 0 },
	{ "nothing", { TO(NETWORK_AT_HOST, 0, 0) }, 0, { NULL }, 0 },
};
/* clang-format on */

static int count(const char *text, const char *word)
{
	int n = 0;
	for (const char *p = text; (p = strstr(p, word)); p += strlen(word))
		n++;
	return n;
}

static void admit(const char *label, const char *card, const struct network_reach *reach, size_t n,
		  char **undo)
{
	ck_assert_msg(network_host_admit(&host, card, reach, n, undo, &err) == 0, "%s: %s", label,
		      err.msg);
}

/* By who made it, and by who finds it. Another card, and some whose names begin alike, keep theirs. */
START_TEST(its_own_words_alone_go)
{
	const char *label = admitted[_i].label;
	static const char *const cards[] = { "moul-c8-1", "moul-c70-1", "moul-c71-1", "moul-c1-7" };
	const struct network_reach others[] = { TO(NETWORK_BEYOND, IP(10, 20, 0, 5), 32),
						TO(NETWORK_AT_HOST_TOO, OTHER, 32),
						TO(NETWORK_PUBLIC, 0, 0) };
	char *undo[ROWS(cards)], *own_undo = NULL;
	ck_assert_int_eq(network_host_hold(&host, &err), 0);
	for (int i = 0; i < ROWS(cards); i++)
		admit("others", cards[i], others, 3, &undo[i]);
	AUTO_FREE char *before = net_rules("list ruleset");
	for (int found = 0; found < 2; found++) {
		admit(label, "moul-c7-1", admitted[_i].reach, admitted[_i].n, &own_undo);
		ck_assert_msg((own_undo != NULL) == (admitted[_i].named > 0), "%s", label);
		AUTO_FREE char *sets = net_rules("list sets inet");
		for (int i = 0; i < 2 && admitted[_i].words[i]; i++)
			ck_assert_msg(strstr(sets, admitted[_i].words[i]), "%s: no '%s' in %s",
				      label, admitted[_i].words[i], sets);
		ck_assert_msg(count(sets, "\"moul-c7-1\"") == admitted[_i].named, "%s: %s", label,
			      sets);
		if (found)
			ck_assert_msg(network_host_dismiss(&host, 7, &err) == 0, "%s: %s", label,
				      err.msg);
		else
			network_host_undo(&host, &own_undo);
		free(own_undo);
		own_undo = NULL;
		AUTO_FREE char *after = net_rules("list ruleset");
		ck_assert_msg(strcmp(before, after) == 0, "%s:\n%s\n%s", label, before, after);
	}
	ck_assert_int_eq(network_host_dismiss(&host, 9, &err), 0); /* one that nobody knows */
	for (int i = 0; i < ROWS(cards); i++)
		network_host_undo(&host, &undo[i]);
	AUTO_FREE char *rest = net_rules("list sets inet");
	ck_assert_ptr_null(strstr(rest, "moul-c"));
}
END_TEST

/* More than one card of a slot, and their links. */
START_TEST(all_cards_of_a_slot)
{
	const struct network_reach far = TO(NETWORK_BEYOND, IP(10, 20, 0, 5), 32);
	char *undo[3];
	struct test_card t, other;
	make_card(&other, 70, rule(NETWORK_HOST, 0, 0, 8080));
	make_card(&t, 7, rule(NETWORK_HOST, 0, 0, 8080));
	admit("first", "moul-c7-0", &far, 1, &undo[0]);
	admit("last", "moul-c7-fff", &far, 1, &undo[1]);
	admit("other", "moul-c70-0", &far, 1, &undo[2]);
	ck_assert_int_eq(network_host_dismiss(&host, 7, &err), 0);
	AUTO_FREE char *sets = net_rules("list sets inet");
	ck_assert_ptr_null(strstr(sets, "moul-c7-"));
	ck_assert_ptr_nonnull(strstr(sets, "moul-c70-0"));
	ck_not_shown("route/link", "moul-c7-");
	ck_shown("route/link", "moul-c70-");
	end_card(&t);
	end_card(&other);
	for (int i = 0; i < 3; i++)
		free(undo[i]);
}
END_TEST

START_TEST(dismissed_where_there_are_no_rules)
{
	ck_assert_msg(network_host_dismiss(&host, 7, &err) == 0, "%s", err.msg);
	ck_assert(!net_has_table("moulette"));
}
END_TEST

/* The host's own firewall has tables and sets, too. */
START_TEST(rules_of_others_stay)
{
	struct nft *nft = NULL;
	struct test_card t;
	bool was;
	ck_assert_int_eq(nft_open(&nft, &err), 0);
	ck_assert_msg(
		nft_do(nft,
		       "table inet filter {\n set s {\n type ifname\n elements = { "
		       "\"moul-c7-0\" }\n}\n chain input {\n type filter hook input priority 0\n"
		       " policy accept\n}\n}\ntable ip moulette {\n}",
		       "try", &err) == 0,
		"%s", err.msg);
	nft_close(&nft);
	AUTO_FREE char *before = net_rules("list ruleset");
	make_card(&t, 7, rule(NETWORK_ADDRESS, IP(10, 20, 0, 0), 16, 80));
	end_card(&t);
	ck_assert_int_eq(network_host_up(&host, &was, &err) | network_host_down(&host, &was, &err),
			 0);
	network_host_close(&host);
	AUTO_FREE char *after = net_rules("list ruleset");
	ck_assert_str_eq(after, before);
	open_host(&host);
}
END_TEST

Suite *suite_network_second_line(void)
{
	Suite *s = suite_create("network/second_line");
	TCase *tc = tcase_create("second_line");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, rules_go_with_the_last_user);
	tcase_add_test(tc, up_and_down);
	tcase_add_test(tc, up_outlives_users_and_users_outlive_down);
	tcase_add_test(tc, up_where_the_network_is_taken);
	tcase_add_test(tc, swept_when_nobody_uses_them);
	tcase_add_loop_test(tc, its_own_words_alone_go, 0, ROWS(admitted));
	tcase_add_test(tc, all_cards_of_a_slot);
	tcase_add_test(tc, dismissed_where_there_are_no_rules);
	tcase_add_test(tc, rules_of_others_stay);
	suite_add_tcase(s, tc);
	return s;
}
