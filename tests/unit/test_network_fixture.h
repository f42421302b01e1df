/* test_network_fixture.h - a network namespace that plays the host, boxes beside it, and packets
 * from one to the other.
 *
 * Each test is a process of its own: its network and its mounts are not those of the machine, and go
 * with it.
 */
#ifndef TEST_NETWORK_FIXTURE_H
#define TEST_NETWORK_FIXTURE_H

#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netlink/cache.h>
#include <netlink/netlink.h>
#include <netlink/route/link.h>
#include <poll.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/fd.h"
#include "base/json.h"
#include "base/mem.h"
#include "model/places.h"
#include "network/netlink.h"
#include "network/netns.h"
#include "network/nft.h"
#include "network/route.h"

#define UNUSED_OK __attribute__((unused)) static
#define ROWS(a) ((int)(sizeof(a) / sizeof *(a)))

#define CARDS 0x0ad50000u /* 10.213.0.0 */
#define HOST_END (CARDS | 1)
/* The first address of a slot: 768 for each of the first 64, then 3 each. */
#define BOX_OF(n) (CARDS + 256 + ((n) < 64 ? (n)*768 : 64 * 768 + ((n)-64) * 3))
#define IP(a, b, c, d) ((uint32_t)(a) << 24 | (b) << 16 | (c) << 8 | (d))

struct net_fixture {
	char dir[40]; /* everything of one test lies below it */
	struct places p;
	int ns; /* the namespace that plays the host */
};

/* --- namespaces --------------------------------------------------------------------------- */

UNUSED_OK int open_netns(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ck_assert_msg(fd >= 0, "%s: %s", path, strerror(errno));
	return fd;
}

UNUSED_OK void net_enter(int ns)
{
	ck_assert_int_eq(setns(ns, CLONE_NEWNET), 0);
}

UNUSED_OK void net_enter_path(const char *path)
{
	AUTO_FD int fd = open_netns(path);
	net_enter(fd);
}

UNUSED_OK char *net_path(const struct net_fixture *f, const char *name)
{
	return mem_printf("%s/%s", f->dir, name);
}

/* The test is in a fresh namespace with lo up, which forwards. */
UNUSED_OK void net_fixture_make(struct net_fixture *f)
{
	struct err err = { 0 };
	memset(f, 0, sizeof *f);
	strcpy(f->dir, "/tmp/moulette-unit-net-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(f->dir));
	f->p = (struct places){ .run = f->dir, .card_network = CARDS };
	ck_assert_int_eq(unshare(CLONE_NEWNS), 0);
	ck_assert_int_eq(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
	AUTO_FREE char *path = net_path(f, "host");
	ck_assert_msg(netns_make(path, NULL, NULL, &err) == 0, "%s", err.msg);
	f->ns = open_netns(path);
	ck_assert_int_eq(umount2(path, MNT_DETACH) | unlink(path), 0); /* open still */
	net_enter(f->ns);
	ck_assert_int_eq(file_write(AT_FDCWD, "/proc/sys/net/ipv4/ip_forward", "1"), 0);
}

UNUSED_OK void net_fixture_remove(struct net_fixture *f)
{
	close(f->ns);
	ck_assert_int_eq(tree_remove_at(AT_FDCWD, f->dir), 0);
}

UNUSED_OK void net_let_go(const char *path)
{
	ck_assert_msg(umount2(path, MNT_DETACH) == 0 && unlink(path) == 0, "%s: %s", path,
		      strerror(errno));
}

/* --- what the kernel has ------------------------------------------------------------------- */

/* One line each of "route/link", "route/addr", "route/route", "route/neigh" or "route/qdisc" where
 * we are. */
UNUSED_OK char *net_shown(const char *kind)
{
	struct nl_sock *sock = NULL;
	struct nl_cache *links = NULL, *cache = NULL;
	struct err err = { 0 };
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);
	struct nl_dump_params how = { .dp_type = NL_DUMP_LINE, .dp_fd = f };
	ck_assert_msg(netlink_open(NETLINK_ROUTE, &sock, &err) == 0, "%s", err.msg);
	ck_assert_int_eq(rtnl_link_alloc_cache(sock, AF_UNSPEC, &links), 0);
	nl_cache_mngt_provide(links); /* names of links instead of numbers */
	ck_assert_int_eq(nl_cache_alloc_name(kind, &cache), 0);
	ck_assert_int_eq(nl_cache_refill(sock, cache), 0);
	nl_cache_dump(cache, &how);
	nl_cache_free(cache);
	nl_cache_mngt_unprovide(links);
	nl_cache_free(links);
	netlink_close(&sock);
	fclose(f);
	return text;
}

#define ck_shown(kind, line)                                                                 \
	do {                                                                                 \
		AUTO_FREE char *shown_ = net_shown(kind);                                    \
		ck_assert_msg(strstr(shown_, line) != NULL, "no '%s' in\n%s", line, shown_); \
	} while (0)
#define ck_not_shown(kind, line)                                                          \
	do {                                                                              \
		AUTO_FREE char *shown_ = net_shown(kind);                                 \
		ck_assert_msg(strstr(shown_, line) == NULL, "'%s' in\n%s", line, shown_); \
	} while (0)

/* What nft lists, as JSON on one line; "" when it says no. */
UNUSED_OK char *net_rules(const char *command)
{
	struct nft *nft = NULL;
	struct err err = { 0 };
	AUTO_JSON *all = NULL;
	ck_assert_msg(nft_open(&nft, &err) == 0, "%s", err.msg);
	int bad = nft_ask(nft, command, &all, &err);
	nft_close(&nft);
	return mem_strdup(
		bad ? "" :
		      json_object_to_json_string_ext(all, JSON_C_TO_STRING_PLAIN |
								  JSON_C_TO_STRING_NOSLASHESCAPE));
}

UNUSED_OK bool net_has_table(const char *name)
{
	AUTO_FREE char *all = net_rules("list tables");
	AUTO_FREE char *key = mem_printf("\"name\":\"%s\"", name);
	return strstr(all, key) != NULL;
}

/* --- packets ------------------------------------------------------------------------------- */

UNUSED_OK struct sockaddr_in net_at(uint32_t address, int port)
{
	return (struct sockaddr_in){ .sin_family = AF_INET,
				     .sin_port = htons((uint16_t)port),
				     .sin_addr.s_addr = htonl(address) };
}

/* A socket at @address of the namespace that we are in; TCP ones listen. */
UNUSED_OK int net_serve(int type, uint32_t address, int port)
{
	struct sockaddr_in at = net_at(address, port);
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0), one = 1;
	ck_assert_int_ge(fd, 0);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	ck_assert_msg(bind(fd, (struct sockaddr *)&at, sizeof at) == 0, "bind: %s",
		      strerror(errno));
	if (type == SOCK_STREAM)
		ck_assert_int_eq(listen(fd, 64), 0);
	return fd;
}

/* Nobody waits long for an answer that does not come: EAGAIN. A lost packet comes again before. */
UNUSED_OK int net_socket(int type)
{
	const struct timeval most = { .tv_sec = 3 };
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
	ck_assert_int_ge(fd, 0);
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &most, sizeof most);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &most, sizeof most);
	return fd;
}

/* Return: a connected socket, or the negated errno. */
UNUSED_OK int net_connect(uint32_t address, int port)
{
	struct sockaddr_in at = net_at(address, port);
	int fd = net_socket(SOCK_STREAM);
	if (connect(fd, (struct sockaddr *)&at, sizeof at) == 0)
		return fd;
	int error = errno == EINPROGRESS ? EAGAIN : errno;
	close(fd);
	return -error;
}

/* Return: 0, or the errno of connect(). */
UNUSED_OK int net_try(uint32_t address, int port)
{
	int fd = net_connect(address, port);
	if (fd < 0)
		return -fd;
	close(fd);
	return 0;
}

/* Return: 0, or the errno of sendto(). */
UNUSED_OK int net_send(uint32_t address, int port)
{
	struct sockaddr_in at = net_at(address, port);
	AUTO_FD int fd = net_socket(SOCK_DGRAM);
	return sendto(fd, "x", 1, 0, (struct sockaddr *)&at, sizeof at) == 1 ? 0 : errno;
}

/* Is there a packet at the UDP socket @fd within @ms? It is taken. */
UNUSED_OK bool net_packet(int fd, int ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	char byte;
	return poll(&p, 1, ms) == 1 && recv(fd, &byte, 1, 0) == 1;
}

/* What was sent over a pair of links is there before sendto() returns, but for a busy machine. */
#define net_came(fd) net_packet(fd, 5000)
#define net_did_not_come(fd) (!net_packet(fd, 20))

#endif
