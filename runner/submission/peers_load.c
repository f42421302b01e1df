/* peers_load.c - reads the programs that a test talks to. */
#include "submission/peers_load.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "submission/keys.h"

#define NAME_BYTES_MAX 63 /* one label of a host name, RFC 1035 */

/* Names that every box knows already, or that mean something in `network`. */
static const char *const taken[] = { "localhost", "student", "host" };

static int check_name(const struct peer_spec *peers, size_t n, const char *where, struct err *err)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789-";
	const char *name = peers[n].name;
	size_t len = strlen(name);
	if (len == 0 || len > NAME_BYTES_MAX || strspn(name, letters) < len || name[0] == '-' ||
	    name[len - 1] == '-')
		return err_set(err, FAULT_USAGE, 0,
			       "%s.name: '%.80s' is not a host name: expected "
			       "1 to %d characters of a-z, 0-9 and '-', not at its ends",
			       where, name, NAME_BYTES_MAX);
	for (size_t i = 0; i < sizeof taken / sizeof *taken; i++)
		if (strcmp(name, taken[i]) == 0)
			return err_set(err, FAULT_USAGE, 0,
				       "%s.name: '%s' is taken in every box; "
				       "choose another, as \"server\"",
				       where, name);
	for (size_t i = 0; i < n; i++)
		if (strcmp(name, peers[i].name) == 0)
			return err_set(err, FAULT_USAGE, 0,
				       "%s.name: '%s' is the name of an "
				       "earlier one",
				       where, name);
	return 0;
}

static int read_listen(struct json_object *v, const char *where, void *port, struct err *err)
{
	static const struct json_key number = { .kind = JSON_WHOLE,
						.size = sizeof(int),
						.least = 1,
						.most = 65535 };
	if (!json_object_is_type(v, json_type_boolean))
		return json_read_value(&number, v, where, port, err);
	if (json_object_get_boolean(v))
		return json_expected(
			v, where,
			"a port from 1 to 65535, or false for a peer that nobody waits for", err);
	*(int *)port = PEER_LISTEN_NONE;
	return 0;
}

/* clang-format off */
static const struct json_key peer_keys[] = {
	{ "name",    JSON_STR,  JSON_AT(struct peer_spec, name), .required = "" },
	{ "run",     JSON_BY,   JSON_AT(struct peer_spec, argv), .read = keys_read_run, .required = ", as [\"/grader/server\"]" },
	{ "env",     JSON_ENV,  JSON_AT(struct peer_spec, env) },
	{ "files",   .kind = JSON_ELSEWHERE },
	{ "profile", JSON_NAME, JSON_AT(struct peer_spec, profile) },
	{ "limits",  JSON_BY,   JSON_AT(struct peer_spec, limits), .read = keys_read_limits },
	{ "listen",  JSON_BY,   JSON_AT(struct peer_spec, listen), .read = read_listen },
	JSON_END,
};
/* clang-format on */

int peers_read(struct json_object *o, const char *where, void *step, struct err *err)
{
	struct step_spec *s = step;
	s->peers = mem_realloc(s->peers, (s->n_peers + 1) * sizeof *s->peers);
	/* Counted first: a half-made one is freed with the rest. */
	struct peer_spec *p = &s->peers[s->n_peers++];
	*p = (struct peer_spec){ .listen = PEER_LISTEN_ANY };
	limits_init(&p->limits);
	if (json_table_read(peer_keys, o, where, p, err) < 0 ||
	    check_name(s->peers, s->n_peers - 1, where, err) < 0)
		return -1;
	return keys_join_command(&p->argv, NULL, where, err);
}

int peers_check_network(const struct assignment *a, const char *file, struct err *err)
{
	for (size_t i = 0; i < a->n_tests; i++) {
		const struct step_spec *s = &a->tests[i];
		enum network_kind kind = s->network.kind == NETWORK_UNSET ? a->network.kind :
									    s->network.kind;
		if (s->n_peers > 0 && kind == NETWORK_NONE)
			return err_set(err, FAULT_USAGE, 0,
				       "%s: tests[%zu].peers: peers are "
				       "reached by a card, and \"network\": null %s says that "
				       "there is none; write {} for a card that reaches nobody "
				       "else",
				       file, i,
				       s->network.kind == NETWORK_NONE ? "of the test" :
									 "of the assignment");
	}
	return 0;
}
