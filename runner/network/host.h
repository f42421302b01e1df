/* host.h - the host's side of every card: what it is, what may be asked of it, its line of rules.
 *
 * Each card ends at one address of the host, the same for all. The host's own firewall is not
 * touched: what we need lies in tables of ours, which are there while a box with a card lives or
 * after `network up`.
 */
#ifndef MOULETTE_NETWORK_HOST_H
#define MOULETTE_NETWORK_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "model/network.h"
#include "model/places.h"

/* Our links, so that rules and sweeps know them: "moul-c12-3" is the host's end of a card of slot 12.
 * Each card has another name than the one before, whose link the kernel may not have removed yet. */
#define NETWORK_CARD_PREFIX "moul-c%d-"
#define NETWORK_HOST_NAME "moul-host"

struct nl_sock;
struct nft;

struct network_prefix {
	uint32_t address; /* host byte order */
	int bits;
	char name[16]; /* of its link */
};

struct network_host {
	const struct places *places; /* borrowed */
	uint32_t network;            /* /16 of all cards */
	uint32_t address;            /* the host's end of every card: MOULETTE_HOST */
	struct network_prefix *own;  /* addresses of the host, ours left out */
	size_t n_own;
	struct network_prefix *routes; /* likewise, without the default route */
	size_t n_routes;
	uint32_t *nameservers; /* of /etc/resolv.conf, IPv4 */
	size_t n_nameservers;
	bool forwards; /* net.ipv4.ip_forward */
	struct nl_sock *route;
	struct nft *nft; /* opened by network_host_hold() */
	int users_fd;    /* -1: not held */
	unsigned names;  /* of cards; begins anywhere, so that two processes differ */
	int cleared;     /* slot in which killed runs left nothing; -1: not known */
};

#define NETWORK_BITS 16

/** network_overlap() - have two networks an address in common? */
bool network_overlap(uint32_t a, int a_bits, uint32_t b, int b_bits);

/** network_host_traces() - may anything of ours be on this host? One look, for those who sweep. */
bool network_host_traces(const struct places *p);

/** network_host_open() - look at the host; changes nothing. FAULT_INFRA. */
int network_host_open(const struct places *p, struct network_host *ret, struct err *err);
/** network_host_close() - lets go of the host's rules, too: the last one takes them away. */
void network_host_close(struct network_host *h);

/**
 * network_host_check() - can this host give what @n asks for?
 *
 * FAULT_USAGE, beginning with the key of the entry: one that covers an address of the host or the
 * cards' own network; "dns" where the nameservers are none, or on loopback; a destination beyond
 * the host without net.ipv4.ip_forward; a cards' network that the host uses otherwise.
 */
int network_host_check(const struct network_host *h, const struct network *n, struct err *err);

enum network_where { NETWORK_AT_HOST, NETWORK_AT_HOST_TOO, NETWORK_BEYOND, NETWORK_PUBLIC };

/** Where one entry of "allow" leads on this host; "dns" is one for each nameserver. */
struct network_reach {
	enum network_where
		where; /* AT_HOST: the card's other end; AT_HOST_TOO: another address of it */
	uint32_t address;
	int bits;
	uint16_t port_first, port_last;
	unsigned protocols;
};
/** network_host_reach() - *ret is owned by the caller. */
size_t network_host_reach(const struct network_host *h, const struct network *n,
			  struct network_reach **ret);

/* Networks that nobody reaches by "internet", in nft's language. */
extern const char network_not_public[];

/* second_line.c, admission.c */

/** network_host_hold() - our rules are on the host until network_host_close(). */
int network_host_hold(struct network_host *h, struct err *err);
/** network_host_admit() - what the card @name may reach beyond its end: written into the host's
 *  rules; nothing for cards that reach only the host, *ret_undo is NULL then. Else it is owned, and
 *  for network_host_undo(), which frees it. */
int network_host_admit(struct network_host *h, const char *name, const struct network_reach *reach,
		       size_t n, char **ret_undo, struct err *err);
void network_host_undo(struct network_host *h, char **undo);
/** network_host_dismiss() - all cards of slot @number and what they were admitted to, whoever made
 *  them. The slot must be the caller's. */
int network_host_dismiss(struct network_host *h, int number, struct err *err);
/** network_host_sweep() - our rules, when nobody uses them. @ret_swept counts. */
int network_host_sweep(struct network_host *h, int *ret_swept, struct err *err);
/** network_host_up() - keep the address on the host; *ret_was: it was there already. */
int network_host_up(struct network_host *h, bool *ret_was, struct err *err);
/** network_host_down() - *ret_was: it was there. Boxes that live keep theirs. */
int network_host_down(struct network_host *h, bool *ret_was, struct err *err);

#endif
