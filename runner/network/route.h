/* route.h - links, addresses and routes of one network namespace, by rtnetlink. */
#ifndef MOULETTE_NETWORK_ROUTE_H
#define MOULETTE_NETWORK_ROUTE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

#define ROUTE_NAME_MAX 16 /* with its NUL: IFNAMSIZ */
#define ROUTE_MAC 6

/* All addresses are in host byte order; all errors are FAULT_INFRA. */

struct nl_sock;

/** One end of a pair. */
struct route_end {
	char name[ROUTE_NAME_MAX];
	uint8_t mac[ROUTE_MAC];
	int ns_fd; /* network namespace in which it is born; -1: the socket's own */
	int index; /* 0: the kernel's choice */
	bool up;   /* at once; only @a, for the kernel ties both together when it has both */
};
/** route_veth() - a pair of links that are each other's wire, without IPv6. */
int route_veth(struct nl_sock *sock, const struct route_end *a, const struct route_end *b,
	       struct err *err);
int route_bridge(struct nl_sock *sock, const char *name, struct err *err);
/** route_index() - the number of the link @name; 0: there is none. */
int route_index(struct nl_sock *sock, const char *name);
/** What a link carried, in IP bytes: without the 14 of each frame's head. */
struct route_counts {
	int64_t sent_bytes, sent_packets, received_bytes, received_packets;
};
/** route_counts() - added to *sum; a link that is not there adds nothing. */
int route_counts(struct nl_sock *sock, const char *name, struct route_counts *sum, struct err *err);
/** route_delete_prefixed() - all links whose names begin with @prefix. */
int route_delete_prefixed(struct nl_sock *sock, const char *prefix, struct err *err);
/** route_delete() - the link and, of a pair, its other end; one that is not there is no error. */
int route_delete(struct nl_sock *sock, const char *name, struct err *err);
int route_up(struct nl_sock *sock, int index, struct err *err);
/** route_port() - the link becomes a port of the bridge. */
int route_port(struct nl_sock *sock, int index, int bridge, struct err *err);
int route_address(struct nl_sock *sock, int index, uint32_t address, int bits, struct err *err);
/** route_add() - @gateway 0: what is there is on the link itself; @source 0: the kernel's choice. */
int route_add(struct nl_sock *sock, int index, uint32_t to, int bits, uint32_t gateway,
	      uint32_t source, struct err *err);
/** route_nowhere() - what goes to these addresses, and has no better route, is unreachable; or, with
 *  @there false, no longer. What is so already is no error. */
int route_nowhere(struct nl_sock *sock, uint32_t to, int bits, bool there, struct err *err);
/** route_neighbour() - a permanent entry, which no ARP of anybody changes. */
int route_neighbour(struct nl_sock *sock, int index, uint32_t address, const uint8_t mac[ROUTE_MAC],
		    struct err *err);
/** route_rate() - what leaves by the link, in bits a second (tbf). */
int route_rate(struct nl_sock *sock, int index, int64_t bits_per_second, struct err *err);

#endif
