/* test_model_network.c - every form of "network", what is refused and why, and what is written of
 * it again. */
#include "model/network.h"

#include <check.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/json.h"
#include "base/mem.h"

Suite *suite_model_network(void);

static struct network net;
static struct err err;

static void setup(void)
{
	memset(&net, 0, sizeof net);
	memset(&err, 0, sizeof err);
}

static void teardown(void)
{
	network_done(&net);
}

/* @text stands for the whole object that holds the key. */
static int load(const char *text)
{
	AUTO_JSON *o = NULL;
	struct err bad = { 0 };
	ck_assert_msg(json_parse("t", text, strlen(text), &o, &bad) == 0, "%s: %s", text, bad.msg);
	return network_load(o, "a.json: tests[3]", &net, &err);
}

static void must_load(const char *text)
{
	ck_assert_msg(load(text) == 0, "%s: %s", text, err.msg);
}

static const char *as_json(const struct network *n, struct json_object **hold)
{
	*hold = network_json(n);
	return json_object_to_json_string_ext(*hold, JSON_C_TO_STRING_PLAIN |
							     JSON_C_TO_STRING_NOSLASHESCAPE);
}

#define BOTH (NETWORK_TCP | NETWORK_UDP)

/* clang-format off */
static const struct {
	const char *text;
	enum network_target target; uint32_t address; int bits; uint16_t first, last; unsigned protocols;
	const char *again;
} entries[] = {
	{ "10.0.0.5:5432/tcp", NETWORK_ADDRESS, 0x0a000005, 32, 5432, 5432, NETWORK_TCP, "10.0.0.5:5432/tcp" },
	{ "10.1.0.0/16:80-443", NETWORK_ADDRESS, 0x0a010000, 16, 80, 443, BOTH, "10.1.0.0/16:80-443" },
	{ "10.1.0.0/16:80-443/udp", NETWORK_ADDRESS, 0x0a010000, 16, 80, 443, NETWORK_UDP, "10.1.0.0/16:80-443/udp" },
	{ "192.0.2.1", NETWORK_ADDRESS, 0xc0000201, 32, 1, 65535, BOTH, "192.0.2.1" },
	{ "192.0.2.1/32", NETWORK_ADDRESS, 0xc0000201, 32, 1, 65535, BOTH, "192.0.2.1" },
	{ "192.0.2.1/udp", NETWORK_ADDRESS, 0xc0000201, 32, 1, 65535, NETWORK_UDP, "192.0.2.1/udp" },
	{ "192.0.2.0/24/tcp", NETWORK_ADDRESS, 0xc0000200, 24, 1, 65535, NETWORK_TCP, "192.0.2.0/24/tcp" },
	{ "192.0.2.1:1-65535", NETWORK_ADDRESS, 0xc0000201, 32, 1, 65535, BOTH, "192.0.2.1" },
	{ "192.0.2.1:1-65534", NETWORK_ADDRESS, 0xc0000201, 32, 1, 65534, BOTH, "192.0.2.1:1-65534" },
	{ "192.0.2.1:65535", NETWORK_ADDRESS, 0xc0000201, 32, 65535, 65535, BOTH, "192.0.2.1:65535" },
	{ "192.0.2.1:80-80", NETWORK_ADDRESS, 0xc0000201, 32, 80, 80, BOTH, "192.0.2.1:80" },
	{ "1.0.0.0", NETWORK_ADDRESS, 0x01000000, 32, 1, 65535, BOTH, "1.0.0.0" },
	{ "126.255.255.255", NETWORK_ADDRESS, 0x7effffff, 32, 1, 65535, BOTH, "126.255.255.255" },
	{ "128.0.0.0/2", NETWORK_ADDRESS, 0x80000000, 2, 1, 65535, BOTH, "128.0.0.0/2" },
	{ "223.255.255.255", NETWORK_ADDRESS, 0xdfffffff, 32, 1, 65535, BOTH, "223.255.255.255" },
	{ "169.254.169.254:80", NETWORK_ADDRESS, 0xa9fea9fe, 32, 80, 80, BOTH, "169.254.169.254:80" },
	{ "host", NETWORK_HOST, 0, 0, 1, 65535, BOTH, "host" },
	{ "host:8080", NETWORK_HOST, 0, 0, 8080, 8080, BOTH, "host:8080" },
	{ "host:8080-8090/tcp", NETWORK_HOST, 0, 0, 8080, 8090, NETWORK_TCP, "host:8080-8090/tcp" },
	{ "host/udp", NETWORK_HOST, 0, 0, 1, 65535, NETWORK_UDP, "host/udp" },
	{ "internet", NETWORK_INTERNET, 0, 0, 1, 65535, BOTH, "internet" },
	{ "internet:443/tcp", NETWORK_INTERNET, 0, 0, 443, 443, NETWORK_TCP, "internet:443/tcp" },
	{ "dns", NETWORK_DNS, 0, 0, 1, 65535, BOTH, "dns" },
};
/* clang-format on */

START_TEST(one_entry)
{
	AUTO_FREE char *text = mem_printf("{\"network\": {\"allow\": [\"%s\"]}}", entries[_i].text);
	AUTO_FREE char *again = mem_printf("{\"allow\":[\"%s\"],\"rate\":\"10Mbit\","
					   "\"connections\":64}",
					   entries[_i].again);
	AUTO_JSON *hold = NULL;
	must_load(text);
	ck_assert_int_eq(net.kind, NETWORK_CARD);
	ck_assert_uint_eq(net.n_rules, 1);
	const struct network_rule *r = &net.rules[0];
	ck_assert_msg(r->target == entries[_i].target && r->address == entries[_i].address &&
			      r->bits == entries[_i].bits && r->port_first == entries[_i].first &&
			      r->port_last == entries[_i].last &&
			      r->protocols == entries[_i].protocols,
		      "%s", entries[_i].text);
	ck_assert_str_eq(r->text, entries[_i].text);
	ck_assert_str_eq(r->key, "a.json: tests[3].network.allow[0]");
	ck_assert_str_eq(as_json(&net, &hold), again);
}
END_TEST

/* clang-format off */
static const struct { const char *label, *entry, *why; } refused[] = {
	{ "empty", "\"\"", "an empty entry; expected ADDRESS[/BITS]" },
	{ "a number", "7", "expected a string such as \"10.0.0.5:5432/tcp\", got 7" },
	{ "null", "null", "expected a string" },
	{ "a NUL inside", "\"host\\u0000x\"", "expected a string" },
	{ "a host name", "\"db.example.org:5432\"", "'db.example.org:5432': host names are not accepted, because their addresses may change while tests run; write the address, or \"host\"" },
	{ "localhost", "\"localhost\"", "host names are not accepted" },
	{ "another case", "\"Host:80\"", "host names are not accepted" },
	{ "a URL", "\"http://10.0.0.5/\"", "host names are not accepted" },
	{ "a name beyond ASCII", "\"\xc3\xa9t\xc3\xa9\"", "host names are not accepted" },
	{ "IPv6", "\"2001:db8::1\"", "an IPv6 address; network cards support only IPv4" },
	{ "IPv6 loopback", "\"::1\"", "network cards support only IPv4" },
	{ "IPv6 written out", "\"fe80:0:0:0:0:0:0:1/64\"", "network cards support only IPv4" },
	{ "IPv6 in brackets", "\"[2001:db8::1]:80/tcp\"", "network cards support only IPv4" },
	{ "IPv4 in IPv6", "\"::ffff:10.0.0.5\"", "network cards support only IPv4" },
	{ "three numbers", "\"10.0.5\"", "not an address; expected ADDRESS" },
	{ "five numbers", "\"10.0.0.0.5\"", "not an address; expected ADDRESS" },
	{ "one number", "\"167772165\"", "not an address; expected ADDRESS" },
	{ "a dot at the end", "\"10.0.0.5.\"", "not an address" },
	{ "no number", "\"10..0.5\"", "not an address" },
	{ "a blank before", "\" 10.0.0.5\"", "not an address" },
	{ "a blank after", "\"10.0.0.5 \"", "not an address" },
	{ "a sign", "\"10.0.0.-5\"", "not an address" },
	{ "256", "\"10.0.0.256\"", "expected four numbers from 0 to 255" },
	{ "a number that wraps", "\"10.0.0.4294967301\"", "expected four numbers from 0 to 255" },
	{ "a leading zero", "\"10.0.0.010\"", "a number with a leading zero" },
	{ "leading zeros", "\"10.0.00.5\"", "a number with a leading zero" },
	{ "33 bits", "\"10.0.0.0/33\"", "expected bits from 1 to 32 after the slash" },
	{ "bits with a leading zero", "\"10.0.0.0/08\"", "expected bits from 1 to 32" },
	{ "bits that wrap", "\"10.0.0.0/4294967304\"", "expected bits from 1 to 32" },
	{ "bits beyond the prefix", "\"10.1.2.3/16:80\"", "bits beyond the prefix are set; expected 10.1.0.0/16" },
	{ "the last bit", "\"10.1.0.1/31\"", "expected 10.1.0.0/31" },
	{ "everything", "\"0.0.0.0/0\"", "stands for every address; write \"internet\"" },
	{ "loopback", "\"127.0.0.1:80\"", "overlaps with 127.0.0.0/8, the loopback of the box" },
	{ "the end of loopback", "\"127.255.255.255\"", "overlaps with 127.0.0.0/8" },
	{ "a prefix that holds loopback", "\"126.0.0.0/7\"", "overlaps with 127.0.0.0/8" },
	{ "no address", "\"0.0.0.0\"", "overlaps with 0.0.0.0/8" },
	{ "the end of 0/8", "\"0.255.255.255\"", "overlaps with 0.0.0.0/8" },
	{ "multicast", "\"224.0.0.1\"", "overlaps with 224.0.0.0/3" },
	{ "broadcast", "\"255.255.255.255\"", "overlaps with 224.0.0.0/3" },
	{ "a prefix that holds multicast", "\"192.0.0.0/2\"", "overlaps with 224.0.0.0/3" },
	{ "port 0", "\"10.0.0.5:0\"", "'0' is not a port; expected a number from 1 to 65535" },
	{ "port 65536", "\"10.0.0.5:65536\"", "'65536' is not a port" },
	{ "a port that wraps", "\"10.0.0.5:4294967376\"", "is not a port" },
	{ "no port", "\"10.0.0.5:\"", "'' is not a port" },
	{ "no port before the protocol", "\"10.0.0.5:/tcp\"", "'' is not a port" },
	{ "port with a leading zero", "\"10.0.0.5:080\"", "'080' is not a port" },
	{ "port by name", "\"10.0.0.5:http\"", "'http' is not a port" },
	{ "an open range", "\"10.0.0.5:80-\"", "'' is not a port" },
	{ "a range from nothing", "\"10.0.0.5:-80\"", "'' is not a port" },
	{ "three ports", "\"10.0.0.5:80-90-100\"", "expected ADDRESS" },
	{ "two ports", "\"10.0.0.5:80:90\"", "expected ADDRESS" },
	{ "upside down", "\"host:443-80/tcp\"", "the first port is above the last; expected 80-443" },
	{ "protocol", "\"10.0.0.5/icmp\"", "unknown protocol 'icmp'; expected /tcp or /udp at the end" },
	{ "protocol in capitals", "\"10.0.0.5:80/TCP\"", "unknown protocol 'TCP'" },
	{ "no protocol", "\"10.0.0.5:80/\"", "unknown protocol ''" },
	{ "two protocols", "\"10.0.0.5/tcp/udp\"", "unknown protocol 'tcp/udp'" },
	{ "protocol before the port", "\"10.0.0.5/tcp:80\"", "unknown protocol 'tcp:80'" },
	{ "bits after the port", "\"10.0.0.0:80/8\"", "unknown protocol '8'" },
	{ "bits of host", "\"host/24\"", "unknown protocol '24'" },
	{ "dns with a port", "\"dns:53\"", "nothing follows \"dns\", which is port 53" },
	{ "dns with a protocol", "\"dns/udp\"", "nothing follows \"dns\"" },
};

static const struct { const char *label, *text, *why; } wholes[] = {
	{ "a text", "\"internet\"", "tests[3].network: expected an object such as {\"allow\": [\"host:8080\"]}, or null for no card" },
	{ "a list", "[\"dns\"]", "network: expected an object" },
	{ "false", "false", "network: expected an object" },
	{ "unknown key", "{\"deny\": []}", "network: unknown key 'deny'; known: allow, rate, connections" },
	{ "allow is a text", "{\"allow\": \"dns\"}", "network.allow: expected an array" },
	{ "allow is null", "{\"allow\": null}", "network.allow: expected an array" },
	{ "rate is a number", "{\"rate\": 10}", "network.rate: expected a string from 8kbit to 10Gbit with the unit" },
	{ "rate without a unit", "{\"rate\": \"10000000\"}", "got \"10000000\"" },
	{ "rate in bytes", "{\"rate\": \"10M\"}", "network.rate: expected" },
	{ "rate with a blank", "{\"rate\": \"10 Mbit\"}", "network.rate: expected" },
	{ "rate with a sign", "{\"rate\": \"-10Mbit\"}", "network.rate: expected" },
	{ "rate as a power", "{\"rate\": \"1e3Mbit\"}", "network.rate: expected" },
	{ "rate as hex", "{\"rate\": \"0x10Mbit\"}", "network.rate: expected" },
	{ "rate without digits", "{\"rate\": \"Mbit\"}", "network.rate: expected" },
	{ "rate with half a fraction", "{\"rate\": \"1.Mbit\"}", "network.rate: expected" },
	{ "rate of 0", "{\"rate\": \"0Gbit\"}", "from 8kbit to 10Gbit" },
	{ "rate below", "{\"rate\": \"7.999kbit\"}", "from 8kbit to 10Gbit" },
	{ "rate above", "{\"rate\": \"10.000000001Gbit\"}", "from 8kbit to 10Gbit" },
	{ "rate without end", "{\"rate\": \"9999999999999999999999999999999999999Gbit\"}", "from 8kbit to 10Gbit" },
	{ "rate with a NUL", "{\"rate\": \"10Mbit\\u0000x\"}", "network.rate: expected" },
	{ "no connections", "{\"connections\": 0}", "network.connections: expected a whole number from 1 to 65535" },
	{ "connections above", "{\"connections\": 65536}", "network.connections: expected a whole number" },
	{ "half a connection", "{\"connections\": 1.5}", "network.connections: expected a whole number" },
	{ "connections as a text", "{\"connections\": \"64\"}", "network.connections: expected a whole number" },
};
/* clang-format on */

/* What stood there before stays; the entry after a good one is named. */
static void check_refused(const char *label, const char *network, const char *why)
{
	AUTO_FREE char *text = mem_printf("{\"network\": %s}", network);
	struct network_rule rule = { .target = NETWORK_DNS };
	net = (struct network){ .kind = NETWORK_CARD, .rules = &rule, .n_rules = 1, .rate = 77 };
	int got = load(text);
	ck_assert_msg(got == -1, "%s", label);
	ck_assert_msg(strstr(err.msg, why), "%s: '%s'", label, err.msg);
	ck_assert_msg(strncmp(err.msg, "a.json: tests[3].network", 24) == 0, "%s: '%s'", label,
		      err.msg);
	ck_assert_int_eq(err.fault, FAULT_USAGE);
	ck_assert_ptr_eq(net.rules, &rule);
	ck_assert_uint_eq(net.n_rules, 1);
	ck_assert_int_eq(net.rate, 77);
	memset(&net, 0, sizeof net);
}

START_TEST(refused_entry)
{
	AUTO_FREE char *text = mem_printf("{\"allow\": [\"dns\", %s]}", refused[_i].entry);
	check_refused(refused[_i].label, text, refused[_i].why);
	ck_assert_msg(strstr(err.msg, "network.allow[1]: "), "%s: '%s'", refused[_i].label,
		      err.msg);
}
END_TEST

START_TEST(refused_whole)
{
	check_refused(wholes[_i].label, wholes[_i].text, wholes[_i].why);
}
END_TEST

START_TEST(at_most_256_entries)
{
	AUTO_BUF b = { 0 };
	buf_str(&b, "{\"network\": {\"allow\": [\"dns\"");
	for (int i = 1; i < NETWORK_RULES_MAX + _i; i++)
		buf_str(&b, ", \"host\"");
	buf_str(&b, "]}}");
	ck_assert_int_eq(load(b.data), _i ? -1 : 0);
	ck_assert_uint_eq(net.n_rules, _i ? 0 : NETWORK_RULES_MAX);
	ck_assert(!_i || strstr(err.msg, "network.allow: expected at most 256 entries, got 257"));
}
END_TEST

static const struct {
	const char *text;
	int64_t rate;
	const char *again;
} rates[] = {
	{ "8kbit", 8000, "8kbit" },          { "0.008Mbit", 8000, "8kbit" },
	{ "8.001kbit", 8001, "8.001kbit" },  { "1.5Mbit", 1500000, "1500kbit" },
	{ "10MBIT", 10000000, "10Mbit" },    { "2.5gbit", 2500000000, "2500Mbit" },
	{ "1000Mbit", 1000000000, "1Gbit" }, { "10Gbit", 10000000000, "10Gbit" },
	{ "010kbit", 10000, "10kbit" },
};

START_TEST(one_rate)
{
	AUTO_FREE char *text = mem_printf("{\"network\": {\"rate\": \"%s\"}}", rates[_i].text);
	AUTO_JSON *hold = NULL;
	must_load(text);
	ck_assert_msg(net.rate == rates[_i].rate, "%s: %lld", rates[_i].text, (long long)net.rate);
	AUTO_FREE char *want = mem_printf("\"rate\":\"%s\"", rates[_i].again);
	ck_assert_msg(strstr(as_json(&net, &hold), want), "%s", rates[_i].text);
}
END_TEST

START_TEST(what_is_not_said)
{
	AUTO_JSON *hold = NULL;
	net.rate = 7;
	must_load("{\"other\": {}}"); /* no key: nothing changes */
	ck_assert_int_eq(net.kind, NETWORK_UNSET);
	ck_assert_int_eq(net.rate, 7);
	ck_assert_ptr_null(network_json(&net));

	must_load("{\"network\": {}}");
	ck_assert_int_eq(net.kind, NETWORK_CARD);
	ck_assert_uint_eq(net.n_rules, 0);
	ck_assert_int_eq(net.rate, 10000000);
	ck_assert_int_eq(net.connections, 64);
	ck_assert_str_eq(as_json(&net, &hold),
			 "{\"allow\":[],\"rate\":\"10Mbit\",\"connections\":64}");

	/* The whole is replaced: nothing of the earlier one shines through. */
	must_load("{\"network\": {\"allow\": [\"dns\"], \"rate\": \"1Gbit\", \"connections\": 1}}");
	must_load("{\"network\": {\"connections\": 65535}}");
	ck_assert_uint_eq(net.n_rules, 0);
	ck_assert_int_eq(net.rate, 10000000);
	ck_assert_int_eq(net.connections, 65535);
	must_load("{\"network\": null}");
	ck_assert_int_eq(net.kind, NETWORK_NONE);
	ck_assert_ptr_null(network_json(&net));
}
END_TEST

/* clang-format off */
static const struct { const char *label, *a, *b; bool equal; } pairs[] = {
	{ "the same in other words", "{\"allow\": [\"10.0.0.5/32:1-65535\"], \"rate\": \"10Mbit\"}", "{\"connections\": 64, \"allow\": [\"10.0.0.5\"]}", true },
	{ "nothing said and nothing allowed", "{}", "{\"allow\": []}", true },
	{ "no card", "null", "null", true },
	{ "no card and an empty one", "null", "{}", false },
	{ "rate", "{\"rate\": \"1Mbit\"}", "{}", false },
	{ "connections", "{\"connections\": 65}", "{}", false },
	{ "one more", "{\"allow\": [\"dns\"]}", "{}", false },
	{ "target", "{\"allow\": [\"host\"]}", "{\"allow\": [\"internet\"]}", false },
	{ "address", "{\"allow\": [\"10.0.0.5\"]}", "{\"allow\": [\"10.0.0.6\"]}", false },
	{ "bits", "{\"allow\": [\"10.0.0.0/8\"]}", "{\"allow\": [\"10.0.0.0/9\"]}", false },
	{ "first port", "{\"allow\": [\"host:80-90\"]}", "{\"allow\": [\"host:81-90\"]}", false },
	{ "last port", "{\"allow\": [\"host:80-90\"]}", "{\"allow\": [\"host:80-91\"]}", false },
	{ "protocol", "{\"allow\": [\"host:80/tcp\"]}", "{\"allow\": [\"host:80\"]}", false },
};
/* clang-format on */

START_TEST(one_pair)
{
	AUTO_FREE char *a = mem_printf("{\"network\": %s}", pairs[_i].a);
	AUTO_FREE char *b = mem_printf("{\"network\": %s}", pairs[_i].b);
	must_load(a);
	struct network first = net;
	net = (struct network){ .kind = NETWORK_UNSET };
	must_load(b);
	ck_assert_msg(network_equal(&first, &net) == pairs[_i].equal, "%s", pairs[_i].label);
	ck_assert(network_equal(&net, &first) == pairs[_i].equal);
	network_done(&first);
}
END_TEST

/* The original ends first: what the copy has is its own (the address sanitizer looks on). */
START_TEST(a_copy_is_deep)
{
	struct network copy;
	memset(&copy, 0xff, sizeof copy); /* written, not read */
	must_load("{\"network\": {\"allow\": [\"dns\", \"10.0.0.5:80/tcp\"]}}");
	network_copy(&copy, &net);
	ck_assert(network_equal(&copy, &net));
	ck_assert_ptr_ne(copy.rules[1].text, net.rules[1].text);
	network_done(&net);
	network_done(&net); /* twice does no harm */
	ck_assert_int_eq(net.kind, NETWORK_UNSET);
	ck_assert_uint_eq(copy.n_rules, 2);
	ck_assert_str_eq(copy.rules[1].text, "10.0.0.5:80/tcp");
	ck_assert_str_eq(copy.rules[1].key, "a.json: tests[3].network.allow[1]");
	network_done(&copy);
}
END_TEST

static const struct {
	const char *rule;
	uint32_t address;
	bool covered;
} covers[] = {
	{ "10.1.0.0/16", 0x0a010000, true },
	{ "10.1.0.0/16", 0x0a01ffff, true },
	{ "10.1.0.0/16", 0x0a00ffff, false },
	{ "10.1.0.0/16", 0x0a020000, false },
	{ "10.0.0.5", 0x0a000005, true },
	{ "10.0.0.5", 0x0a000004, false },
	{ "10.0.0.4/31", 0x0a000005, true },
	{ "10.0.0.4/31", 0x0a000006, false },
	{ "128.0.0.0/2", 0xbfffffff, true },
	{ "128.0.0.0/2", 0xc0000000, false },
	{ "host", 0, false },
	{ "internet", 0x08080808, false },
};

START_TEST(what_a_rule_covers)
{
	AUTO_FREE char *text = mem_printf("{\"network\": {\"allow\": [\"%s\"]}}", covers[_i].rule);
	must_load(text);
	ck_assert_msg(network_rule_covers(&net.rules[0], covers[_i].address) == covers[_i].covered,
		      "%s, %08x", covers[_i].rule, covers[_i].address);
}
END_TEST

START_TEST(every_address_of_all)
{
	const struct network_rule all = { .target = NETWORK_ADDRESS, .bits = 0 };
	ck_assert(network_rule_covers(&all, 0));
	ck_assert(network_rule_covers(&all, UINT32_MAX));
}
END_TEST

static const struct {
	struct network_refusal r;
	const char *text;
} texts[] = {
	{ { 0x0a000009, 5432, IPPROTO_TCP, 1 }, "10.0.0.9:5432/tcp" },
	{ { 0xffffffff, 65535, IPPROTO_UDP, 1 }, "255.255.255.255:65535/udp" },
	{ { 0, 0, IPPROTO_TCP, 1 }, "0.0.0.0:0/tcp" },
	{ { 0x0a000009, 0, IPPROTO_ICMP, 1 }, "10.0.0.9/1" },
	{ { 0xffffffff, 65535, 255, 1 }, "255.255.255.255:65535/255" },
};

START_TEST(refusals_as_text)
{
	char buf[40];
	ck_assert_str_eq(network_refusal_text(&texts[_i].r, buf), texts[_i].text);
}
END_TEST

START_TEST(facts_have_room)
{
	struct network_facts *f = network_facts_new(3);
	ck_assert_int_eq(f->sent_bytes, 0);
	ck_assert_uint_eq(f->n_refused, 0);
	ck_assert_int_eq(f->refused[2].count, 0);
	f->refused[2].count = 1; /* the address sanitizer looks on */
	free(f);
}
END_TEST

#define LOOP(tc, fn, rows) tcase_add_loop_test(tc, fn, 0, (int)(sizeof(rows) / sizeof *(rows)))

Suite *suite_model_network(void)
{
	Suite *s = suite_create("model/network");
	TCase *tc = tcase_create("network");
	tcase_add_checked_fixture(tc, setup, teardown);
	LOOP(tc, one_entry, entries);
	LOOP(tc, refused_entry, refused);
	LOOP(tc, refused_whole, wholes);
	tcase_add_loop_test(tc, at_most_256_entries, 0, 2);
	LOOP(tc, one_rate, rates);
	tcase_add_test(tc, what_is_not_said);
	LOOP(tc, one_pair, pairs);
	tcase_add_test(tc, a_copy_is_deep);
	LOOP(tc, what_a_rule_covers, covers);
	tcase_add_test(tc, every_address_of_all);
	LOOP(tc, refusals_as_text, texts);
	tcase_add_test(tc, facts_have_room);
	suite_add_tcase(s, tc);
	return s;
}
