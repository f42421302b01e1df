/* second_line.c - rules on the host, held by every process with cards, kept by `network up`.
 *
 * The box's own namespace decides what a card reaches; these rules hold should that ever fail. Two
 * tables: the first drops all that comes from a card but to its other end, and needs no tracking of
 * connections, so that a host that has none goes on without. The second is made when a card may
 * reach further: it forwards, hides the cards behind the host's own address and forgets closed
 * connections soon, because they take the host's memory: a box that ends does not close
 * its connections.
 *
 * Users hold a shared lock; the last to release it removes the tables. The lock belongs to the
 * network namespace of this process, because other namespaces have tables of their own.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/fd.h"
#include "base/json.h"
#include "base/mem.h"
#include "network/host.h"
#include "network/netlink.h"
#include "network/nft.h"
#include "network/route.h"
#include "network/second_line.h"

#define CARDS "moul-c*"

/* --- texts -------------------------------------------------------------------------------- */

static void table_text(const struct network_host *h, struct buf *b)
{
	char at[16], net[16];
	network_address(h->address, at);
	network_address(h->network, net);
	buf_printf(b,
		   "table inet " SECOND_LINE " {\n"
		   "set too {\n type ifname . ipv4_addr\n}\n" /* other addresses of the host */
		   "set beyond {\n type ifname\n}\n"          /* cards that may be forwarded */
		   "chain raw_in {\n type filter hook prerouting priority raw\n"
		   " iifname \"" CARDS "\" ip daddr %s notrack\n}\n"
		   "chain raw_out {\n type filter hook output priority raw\n"
		   " oifname \"" CARDS "\" ip saddr %s notrack\n}\n",
		   at, at);
	/* Who is on the same wire as the host may not reach servers on the cards' end either. */
	buf_printf(b,
		   "chain input {\n type filter hook input priority filter - 10\n"
		   " iifname \"lo\" accept\n"
		   " iifname != \"" CARDS "\" ip daddr %s drop\n"
		   " iifname != \"" CARDS "\" accept\n"
		   " fib saddr . iif oif missing drop\n"
		   " ip saddr %s/16 ip daddr %s meta l4proto { tcp, udp, icmp } accept\n"
		   " iifname . ip daddr @too accept\n drop\n}\n",
		   at, net, at);
	buf_printf(b, "chain forward {\n type filter hook forward priority filter - 10\n"
		      " iifname \"" CARDS "\" oifname \"" CARDS "\" drop\n"
		      " iifname \"" CARDS "\" iifname != @beyond drop\n"
		      " oifname \"" CARDS "\" oifname != @beyond drop\n}\n}\n");
}

static void beyond_text(const struct network_host *h, struct buf *b)
{
	char net[16];
	network_address(h->network, net);
	buf_printf(b, "table inet " SECOND_LINE_BEYOND " {\n"
		      "set named {\n type ifname . ipv4_addr\n flags interval\n}\n"
		      "set public {\n type ifname\n}\n"
		      "ct timeout closed {\n protocol tcp\n l3proto ip\n"
		      " policy = { syn_sent : 20, syn_recv : 20, established : 300, fin_wait : 10,"
		      " close_wait : 10, last_ack : 5, time_wait : 1, close : 1 }\n}\n"
		      "ct timeout idle {\n protocol udp\n l3proto ip\n"
		      " policy = { unreplied : 5, replied : 30 }\n}\n"
		      "chain raw_in {\n type filter hook prerouting priority -190\n"
		      " iifname \"" CARDS "\" meta l4proto tcp ct timeout set \"closed\"\n"
		      " iifname \"" CARDS "\" meta l4proto udp ct timeout set \"idle\"\n}\n");
	buf_printf(b,
		   "chain forward {\n type filter hook forward priority filter - 5\n"
		   " oifname \"" CARDS "\" ct state established,related accept\n"
		   " oifname \"" CARDS "\" drop\n"
		   " iifname != \"" CARDS "\" accept\n"
		   " fib saddr . iif oif missing drop\n"
		   " iifname . ip daddr @named accept\n"
		   " iifname @public ip daddr != { %s } ip daddr != %s/16 accept\n drop\n}\n"
		   "chain hide {\n type nat hook postrouting priority srcnat\n"
		   " iifname \"" CARDS "\" masquerade\n}\n}\n",
		   network_not_public, net);
}

/* --- locks -------------------------------------------------------------------------------- */

static int open_lock(const struct network_host *h, const char *kind, struct err *err)
{
	struct stat st;
	AUTO_FREE char *dir = mem_printf("%s/network", h->places->run);
	if (stat("/proc/self/ns/net", &st) < 0 || fd_mkdir_p(dir, 0700) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot make the folder '%s'", dir);
	AUTO_FREE char *path = mem_printf("%s/%lu.%s", dir, (unsigned long)st.st_ino, kind);
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot open '%s'", path);
	return fd;
}

int second_line_enter(const struct network_host *h, int *ret, struct err *err)
{
	AUTO_FD int fd = open_lock(h, "lock", err);
	if (fd < 0)
		return -1;
	while (flock(fd, LOCK_EX) < 0)
		if (errno != EINTR)
			return err_set(err, FAULT_INFRA, errno, "cannot lock the host's network");
	*ret = fd;
	fd = -1;
	return 0;
}

/* --- tables ------------------------------------------------------------------------------- */

static int need_nft(struct network_host *h, struct err *err)
{
	return h->nft ? 0 : nft_open(&h->nft, err);
}

int second_line_has(struct network_host *h, const char *name, bool *ret, struct err *err)
{
	AUTO_JSON *all = NULL;
	struct json_object *table;
	if (need_nft(h, err) < 0 || nft_ask(h->nft, "list tables inet", &all, err) < 0)
		return -1;
	*ret = false;
	for (size_t i = 0; i < json_object_array_length(all); i++)
		if (json_object_object_get_ex(json_object_array_get_idx(all, i), "table", &table) &&
		    strcmp(json_object_get_string(json_object_object_get(table, "name")), name) ==
			    0)
			*ret = true;
	return 0;
}

static int need_table(struct network_host *h, const char *name,
		      void (*text)(const struct network_host *, struct buf *), struct err *err)
{
	AUTO_BUF b = { 0 };
	bool there;
	if (second_line_has(h, name, &there, err) < 0)
		return -1;
	if (there)
		return 0;
	text(h, &b);
	return nft_do(h->nft, b.data, "write the rules of the host", err);
}

/* The first table, and what becomes of packets to a box that is gone: nothing, instead of the host's
 * default route. */
static int need_rules(struct network_host *h, struct err *err)
{
	/* The route first: by it others know that there is something (network_host_traces()). */
	if (route_nowhere(h->route, h->network, NETWORK_BITS, true, err) < 0)
		return -1;
	return need_table(h, SECOND_LINE, table_text, err);
}

int second_line_need_beyond(struct network_host *h, struct err *err)
{
	if (need_table(h, SECOND_LINE, table_text, err) < 0)
		return -1;
	return need_table(h, SECOND_LINE_BEYOND, beyond_text, err);
}

/* The caller has entered. *ret_removed: there was something, and it had no user. */
static int remove_unused(struct network_host *h, bool *ret_removed, struct err *err)
{
	AUTO_FD int users = open_lock(h, "users", err);
	const char *const names[] = { SECOND_LINE, SECOND_LINE_BEYOND };
	*ret_removed = false;
	if (users < 0)
		return -1;
	if (flock(users, LOCK_EX | LOCK_NB) < 0 || route_index(h->route, NETWORK_HOST_NAME) != 0)
		return 0;
	for (size_t i = 0; i < 2; i++) {
		AUTO_FREE char *text = mem_printf("delete table inet %s", names[i]);
		bool there;
		if (second_line_has(h, names[i], &there, err) < 0)
			return -1;
		if (there && nft_do(h->nft, text, "remove the rules of the host", err) < 0)
			return -1;
		*ret_removed |= there;
	}
	return route_nowhere(h->route, h->network, NETWORK_BITS, false, err);
}

int network_host_hold(struct network_host *h, struct err *err)
{
	AUTO_FD int lock = -1;
	if (h->users_fd >= 0)
		return 0;
	if (second_line_enter(h, &lock, err) < 0)
		return -1;
	AUTO_FD int users = open_lock(h, "users", err);
	if (users < 0)
		return -1;
	if (flock(users, LOCK_SH) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot lock the host's network");
	if (need_rules(h, err) < 0)
		return -1;
	h->users_fd = users;
	users = -1;
	return 0;
}

static void let_go(struct network_host *h)
{
	AUTO_FD int lock = -1;
	bool removed;
	if (h->users_fd < 0)
		return;
	/* What cannot be removed now is found by the next sweep. */
	int bad = second_line_enter(h, &lock, NULL);
	fd_close(&h->users_fd);
	if (!bad)
		remove_unused(h, &removed, NULL);
}

void network_host_close(struct network_host *h)
{
	let_go(h);
	nft_close(&h->nft);
	netlink_close(&h->route);
	free(h->own);
	free(h->routes);
	free(h->nameservers);
	memset(h, 0, sizeof *h);
	h->users_fd = -1;
}

/* --- kept, swept -------------------------------------------------------------------------- */

int network_host_sweep(struct network_host *h, int *ret_swept, struct err *err)
{
	AUTO_FD int lock = -1;
	bool removed;
	if (second_line_enter(h, &lock, err) < 0 || remove_unused(h, &removed, err) < 0)
		return -1;
	*ret_swept += removed;
	return 0;
}

static int make_link(struct network_host *h, struct err *err)
{
	if (route_bridge(h->route, NETWORK_HOST_NAME, err) < 0)
		return -1;
	int index = route_index(h->route, NETWORK_HOST_NAME);
	file_write(AT_FDCWD, "/proc/sys/net/ipv6/conf/" NETWORK_HOST_NAME "/disable_ipv6", "1");
	if (route_address(h->route, index, h->address, 32, err) < 0 ||
	    route_up(h->route, index, err) < 0) {
		route_delete(h->route, NETWORK_HOST_NAME, NULL);
		return -1;
	}
	return 0;
}

int network_host_up(struct network_host *h, bool *ret_was, struct err *err)
{
	AUTO_FD int lock = -1;
	const struct network any = { .kind = NETWORK_CARD };
	if (network_host_check(h, &any, err) < 0 || second_line_enter(h, &lock, err) < 0)
		return -1;
	*ret_was = route_index(h->route, NETWORK_HOST_NAME) != 0;
	if (need_rules(h, err) < 0)
		return -1;
	return *ret_was ? 0 : make_link(h, err);
}

int network_host_down(struct network_host *h, bool *ret_was, struct err *err)
{
	AUTO_FD int lock = -1;
	bool removed;
	if (second_line_enter(h, &lock, err) < 0)
		return -1;
	*ret_was = route_index(h->route, NETWORK_HOST_NAME) != 0;
	if (route_delete(h->route, NETWORK_HOST_NAME, err) < 0)
		return -1;
	return remove_unused(h, &removed, err);
}
