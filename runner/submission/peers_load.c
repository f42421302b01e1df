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
	if (!name)
		return err_set(err, FAULT_USAGE, 0, "%s: 'name' is missing", where);
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

static int get_listen(struct json_object *o, const char *where, int *ret, struct err *err)
{
	struct json_object *v;
	int64_t port = 0;
	if (!json_object_object_get_ex(o, "listen", &v))
		return 0;
	if (json_object_is_type(v, json_type_boolean) && !json_object_get_boolean(v)) {
		*ret = PEER_LISTEN_NONE;
		return 0;
	}
	if (json_object_is_type(v, json_type_boolean))
		return err_set(err, FAULT_USAGE, 0,
			       "%s.listen: expected a port from 1 to 65535, "
			       "or false for a peer that nobody waits for, got true",
			       where);
	if (json_get_i64(o, where, "listen", 1, 65535, &port, err) < 0)
		return -1;
	*ret = (int)port;
	return 0;
}

static int load_peer(struct json_object *o, const char *where, struct peer_spec *peers, size_t n,
		     struct err *err)
{
	static const char *const keys[] = { "name",    "run",    "env",    "files",
					    "profile", "limits", "listen", NULL };
	struct peer_spec *p = &peers[n];
	p->listen = PEER_LISTEN_ANY;
	limits_init(&p->limits);
	if (json_only_keys(o, where, keys, err) < 0 ||
	    json_get_str(o, where, "name", &p->name, err) < 0 ||
	    check_name(peers, n, where, err) < 0 ||
	    keys_command(o, where, &p->argv, NULL, err) < 0 ||
	    json_get_env(o, where, "env", &p->env, err) < 0 ||
	    json_get_str(o, where, "profile", &p->profile, err) < 0 ||
	    keys_check_not_empty(p->profile, where, "profile", err) < 0 ||
	    keys_limits(o, where, &p->limits, err) < 0 || get_listen(o, where, &p->listen, err) < 0)
		return -1;
	if (!p->argv)
		return err_set(err, FAULT_USAGE, 0,
			       "%s: 'run' is missing, as "
			       "[\"/grader/server\"]",
			       where);
	return 0;
}

int peers_load(struct json_object *o, const char *where, struct step_spec *s, struct err *err)
{
	struct json_object *list = NULL;
	if (json_get_array(o, where, "peers", &list, err) < 0)
		return -1;
	size_t n = list ? json_object_array_length(list) : 0;
	if (n > PEERS_MAX)
		return err_set(err, FAULT_USAGE, 0, "%s.peers: expected at most %d, got %zu", where,
			       PEERS_MAX, n);
	s->peers = n ? mem_alloc(n * sizeof *s->peers) : NULL;
	for (size_t i = 0; i < n; i++) {
		AUTO_FREE char *here = mem_printf("%s.peers[%zu]", where, i);
		s->n_peers++; /* half-made ones are freed with the rest */
		if (load_peer(json_object_array_get_idx(list, i), here, s->peers, i, err) < 0)
			return -1;
	}
	return 0;
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
