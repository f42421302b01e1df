/* attempt_card.c - gives a box its network namespace, with a card where the step asks for one.
 *
 * A box's rules are written before it starts and never change: a step that may reach something else,
 * or that comes after one that used the card, gets another namespace and another box over the same
 * folders. So no socket, no closed connection that the kernel remembers and no counter of one test
 * is there in the next.
 */
#include "pipeline/attempt_card.h"

#include <string.h>
#include <sys/mount.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/mem.h"
#include "network/netns.h"
#include "network/nft.h"
#include "network/peers.h"
#include "pipeline/attempt_box.h"

#define NAME_OF_THE_BOX "student"

/* A test with peers and no `network` reaches these alone. */
static const struct network nothing = { .kind = NETWORK_CARD, .rate = NETWORK_RATE_DEFAULT,
					.connections = NETWORK_CONNECTIONS_DEFAULT };

const struct network *attempt_network(const struct attempt *a, const struct step_spec *s)
{
	const struct assignment *asked = attempt_assignment(a);
	const struct network *n = &s->network;
	if (n->kind == NETWORK_UNSET && asked)
		n = &asked->network;
	if (n->kind == NETWORK_UNSET)
		n = &a->job->session->profile.network;
	if (n->kind == NETWORK_CARD)
		return n;
	return s->n_peers > 0 || a->job->party ? &nothing : NULL;
}

static bool names_servers(const struct network *n)
{
	for (size_t i = 0; n && i < n->n_rules; i++)
		if (n->rules[i].target == NETWORK_DNS)
			return true;
	return false;
}

static char *names_path(const struct attempt *a, const char *name)
{
	return mem_printf("%s/%s", a->job->session->room.path, name);
}

void attempt_card_plan(struct attempt *a)
{
	a->names_peers = a->job->party != NULL;
	a->names_servers = false;
	for (size_t i = 0; i < a->plan.n; i++) {
		a->names_peers |= a->plan.steps[i].n_peers > 0;
		a->names_servers |= names_servers(attempt_network(a, &a->plan.steps[i]));
	}
}

void attempt_card_mounts(struct attempt *a)
{
	AUTO_FREE char *hosts = names_path(a, "hosts"), *servers = names_path(a, "resolv.conf");
	if (a->names_peers)
		attempt_mount(a, hosts, "/etc/hosts", false);
	if (a->names_servers)
		attempt_mount(a, servers, "/etc/resolv.conf", false);
}

static int write_names_file(const struct attempt *a, const char *name, const struct buf *text,
			    struct err *err)
{
	AUTO_FREE char *path = names_path(a, name);
	return room_write(path, text, err);
}

static void add_name(struct buf *b, uint32_t address, const char *name)
{
	char text[16];
	buf_printf(b, "%s %s\n", network_address(address, text), name);
}

static int write_hosts(const struct attempt *a, struct err *err)
{
	const uint32_t net = a->job->session->net.network;
	AUTO_BUF b = { 0 };
	buf_str(&b, "127.0.0.1 localhost\n::1 localhost\n");
	if (a->party)
		add_name(&b, peers_address(net, 0), NAME_OF_THE_BOX);
	for (size_t i = 0; a->party && i < a->party->n_peers; i++)
		add_name(&b, peers_address(net, (int)i + 1), a->party->peers[i].name);
	return write_names_file(a, "hosts", &b, err);
}

static int write_servers(const struct attempt *a, struct err *err)
{
	const struct network_host *h = &a->job->session->net;
	AUTO_BUF b = { 0 };
	char text[16];
	for (size_t i = 0; names_servers(a->network) && i < h->n_nameservers; i++)
		buf_printf(&b, "nameserver %s\n", network_address(h->nameservers[i], text));
	return write_names_file(a, "resolv.conf", &b, err);
}

/* What attempt_card_mounts() mounts, and nothing else. */
static int write_names(const struct attempt *a, struct err *err)
{
	if (a->names_peers && write_hosts(a, err) < 0)
		return -1;
	return a->names_servers ? write_servers(a, err) : 0;
}

int attempt_card_make(struct attempt *a, const struct step_spec *s, struct err *err)
{
	struct session *session = a->job->session;
	const char *netns = session->room.netns;
	const struct job *job = a->job;
	alive_for(session->alive, NFT_ANSWER_MS * NSEC_PER_MS);
	a->network = attempt_network(a, s);
	a->party = job->party ? job->party : s->n_peers > 0 ? s : NULL;
	if (write_names(a, err) < 0)
		return -1;
	if (!a->network)
		return netns_make(netns, NULL, NULL, err);
	if (a->party && !job->party && peers_switch_make(session->room.peers, err) < 0)
		return -1;
	const struct card_options opt = { .host = &session->net, .network = a->network,
					  .number = a->slot.number, .netns = netns,
					  .peers = !a->party ? NULL : job->party ? job->party_switch :
						   session->room.peers,
					  .member = job->member };
	return card_make(&opt, &a->card, err);
}

bool attempt_card_fits(const struct attempt *a, const struct step_spec *s)
{
	const struct network *n = attempt_network(a, s);
	if (a->job->party)
		return true;
	if (s->n_peers > 0 || a->party)
		return a->party == s;
	return n && a->network ? network_equal(n, a->network) : n == a->network;
}

void attempt_card_env(const struct attempt *a, char ***env)
{
	char text[16];
	if (!a->network)
		return;
	AUTO_FREE char *host = mem_printf("MOULETTE_HOST=%s",
					  network_address(a->job->session->net.address, text));
	env_set(env, host);
}

int attempt_card_read(struct attempt *a, struct step_facts *facts, struct err *err)
{
	/* A box of whose network the kernel counted nothing is not worn. */
	return card_read(&a->card, a->box.worn || a->box.dead, &facts->network, err);
}

void attempt_card_end(struct attempt *a, bool now)
{
	const struct room *room = &a->job->session->room;
	card_end(&a->card, now);
	umount2(room->netns, MNT_DETACH);
	if (a->party && !a->job->party)
		umount2(room->peers, MNT_DETACH);
	a->party = NULL;
}
