/* cell_card.c - gives a box its network namespace, with a card where its spec asks for one.
 *
 * A box's rules are written before it starts and never change: a step that may reach something else,
 * or that comes after one that used the card, gets another namespace and another box over the same
 * folders. So no socket, no closed connection that the kernel remembers and no counter of one test
 * is there in the next.
 */
#include <string.h>
#include <sys/mount.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/mem.h"
#include "cell/cell_parts.h"
#include "network/netns.h"
#include "network/nft.h"
#include "network/peers.h"

static char *names_path(const struct cell *c, const char *name)
{
	return mem_printf("%s/%s", c->room.path, name);
}

size_t cell_card_mounts(const struct cell *c, struct mount_spec *to)
{
	size_t n = 0;
	if (c->spec.names_peers)
		to[n++] = (struct mount_spec){ names_path(c, "hosts"), (char *)"/etc/hosts",
					       false };
	if (c->spec.names_servers)
		to[n++] = (struct mount_spec){ names_path(c, "resolv.conf"),
					       (char *)"/etc/resolv.conf", false };
	return n;
}

static int write_names_file(const struct cell *c, const char *name, const struct buf *text,
			    struct err *err)
{
	AUTO_FREE char *path = names_path(c, name);
	return room_write(path, text, err);
}

static int write_hosts(const struct cell *c, struct err *err)
{
	const struct cell_party *party = c->spec.party;
	AUTO_BUF b = { 0 };
	char text[16];
	buf_str(&b, "127.0.0.1 localhost\n::1 localhost\n");
	for (int i = 0; party && party->names[i]; i++)
		buf_printf(&b, "%s %s\n",
			   network_address(peers_address(c->host->net.network, i), text),
			   party->names[i]);
	return write_names_file(c, "hosts", &b, err);
}

static int write_servers(const struct cell *c, struct err *err)
{
	const struct network_host *h = &c->host->net;
	AUTO_BUF b = { 0 };
	char text[16];
	for (size_t i = 0; network_names_servers(c->spec.network) && i < h->n_nameservers; i++)
		buf_printf(&b, "nameserver %s\n", network_address(h->nameservers[i], text));
	return write_names_file(c, "resolv.conf", &b, err);
}

/* What cell_card_mounts() mounts, and nothing else. */
static int write_names(const struct cell *c, struct err *err)
{
	if (c->spec.names_peers && write_hosts(c, err) < 0)
		return -1;
	return c->spec.names_servers ? write_servers(c, err) : 0;
}

static bool owns_switch(const struct cell *c)
{
	return c->spec.party && c->spec.party->member == 0;
}

int cell_card_make(struct cell *c, struct err *err)
{
	const struct cell_party *party = c->spec.party;
	alive_for(c->host->alive, NFT_ANSWER_MS * NSEC_PER_MS);
	if (write_names(c, err) < 0)
		return -1;
	if (!c->spec.network)
		return netns_make(c->room.netns, NULL, NULL, err);
	if (owns_switch(c) && peers_switch_make(party->path, err) < 0)
		return -1;
	const struct card_options opt = { .host = &c->host->net,
					  .network = c->spec.network,
					  .number = c->slot.number,
					  .netns = c->room.netns,
					  .peers = party ? party->path : NULL,
					  .member = party ? party->member : 0 };
	return card_make(&opt, &c->card, err);
}

void cell_card_end(struct cell *c, bool now)
{
	card_end(&c->card, now);
	if (c->room.netns)
		umount2(c->room.netns, MNT_DETACH);
	if (owns_switch(c))
		umount2(c->spec.party->path, MNT_DETACH);
}
