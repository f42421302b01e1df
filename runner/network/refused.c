/* refused.c - reads the two sets that rules_text() fills, as the kernel lists them.
 *
 * By netlink, not by libnftables: every test with a card is asked, and a list as JSON costs ten times
 * as much. Attributes are those of linux/netfilter/nf_tables.h.
 */
#include "network/refused.h"

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "network/netlink.h"
#include "network/rules.h"

/* ipv4_addr . inet_proto . inet_service: every part in a word of its own. */
struct key {
	uint32_t address; /* network byte order, as all */
	uint8_t protocol, pad1[3];
	uint16_t port, pad2;
};

struct list {
	struct network_refusal *all;
	size_t n, max;
};

static int64_t packets(struct nlattr *expression)
{
	struct nlattr *e[NFTA_EXPR_MAX + 1], *c[NFTA_COUNTER_MAX + 1];
	uint64_t n = 0;
	if (expression && nla_parse_nested(e, NFTA_EXPR_MAX, expression, NULL) == 0 &&
	    e[NFTA_EXPR_DATA] &&
	    nla_parse_nested(c, NFTA_COUNTER_MAX, e[NFTA_EXPR_DATA], NULL) == 0 &&
	    c[NFTA_COUNTER_PACKETS])
		n = be64toh(nla_get_u64(c[NFTA_COUNTER_PACKETS]));
	return n < 1 ? 1 : n > INT64_MAX ? INT64_MAX : (int64_t)n;
}

static bool read_one(struct nlattr *element, struct network_refusal *ret)
{
	struct nlattr *a[NFTA_SET_ELEM_MAX + 1], *d[NFTA_DATA_MAX + 1];
	struct key key;
	if (nla_parse_nested(a, NFTA_SET_ELEM_MAX, element, NULL) < 0 || !a[NFTA_SET_ELEM_KEY] ||
	    nla_parse_nested(d, NFTA_DATA_MAX, a[NFTA_SET_ELEM_KEY], NULL) < 0 ||
	    !d[NFTA_DATA_VALUE] || nla_len(d[NFTA_DATA_VALUE]) < (int)sizeof key)
		return false;
	memcpy(&key, nla_data(d[NFTA_DATA_VALUE]), sizeof key);
	*ret = (struct network_refusal){ .address = ntohl(key.address),
					 .protocol = key.protocol,
					 .count = packets(a[NFTA_SET_ELEM_EXPR]) };
	/* Others have no port: what stands in its place is something else. */
	if (key.protocol == IPPROTO_TCP || key.protocol == IPPROTO_UDP)
		ret->port = ntohs(key.port);
	return true;
}

static int take(struct nl_msg *msg, void *ctx)
{
	struct list *l = ctx;
	struct nlattr *element, *all = nlmsg_find_attr(nlmsg_hdr(msg), sizeof(struct nfgenmsg),
						       NFTA_SET_ELEM_LIST_ELEMENTS);
	int left;
	if (!all)
		return NL_OK;
	nla_for_each_nested(element, all,
			    left) if (l->n < l->max && read_one(element, &l->all[l->n])) l->n++;
	return NL_OK;
}

static int list_set(struct nl_sock *filter, const char *set, struct list *ret, struct err *err)
{
	const int type = (NFNL_SUBSYS_NFTABLES << 8) | NFT_MSG_GETSETELEM;
	const struct nfgenmsg family = { .nfgen_family = NFPROTO_INET, .version = NFNETLINK_V0 };
	struct nl_msg *msg = mem_check(nlmsg_alloc_simple(type, NLM_F_DUMP));
	int rc = nlmsg_append(msg, (void *)(size_t)&family, sizeof family, NLMSG_ALIGNTO);
	/* The message has a page for these. */
	if (rc < 0 || nla_put_string(msg, NFTA_SET_ELEM_LIST_TABLE, RULES_TABLE) < 0 ||
	    nla_put_string(msg, NFTA_SET_ELEM_LIST_SET, set) < 0) {
		nlmsg_free(msg);
		return err_set(err, FAULT_INFRA, 0, "cannot request the rules of a network card");
	}
	rc = netlink_ask(filter, msg, take, ret);
	return rc < 0 ? err_set(err, FAULT_INFRA, 0, "cannot read the rules of a network card: %s",
				nl_geterror(rc)) :
			0;
}

static bool same_place(const struct network_refusal *a, const struct network_refusal *b)
{
	return a->address == b->address && a->port == b->port && a->protocol == b->protocol;
}

/* By address, protocol and port, so that the same step gives the same list. */
static int by_place(const void *a, const void *b)
{
	const struct network_refusal *x = a, *y = b;
	if (x->address != y->address)
		return x->address < y->address ? -1 : 1;
	if (x->protocol != y->protocol)
		return x->protocol - y->protocol;
	return x->port - y->port;
}

static void first_to_front(struct network_facts *f, const struct network_refusal *first)
{
	for (size_t i = 0; i < f->n_refused; i++) {
		if (!same_place(&f->refused[i], first))
			continue;
		struct network_refusal was = f->refused[i];
		memmove(&f->refused[1], &f->refused[0], i * sizeof was);
		f->refused[0] = was;
		return;
	}
}

/* Of what has no ports the kernel's set holds several. */
static void merge_places(struct network_facts *f)
{
	size_t n = 0;
	for (size_t i = 0; i < f->n_refused; i++) {
		if (n > 0 && same_place(&f->refused[n - 1], &f->refused[i]))
			f->refused[n - 1].count += f->refused[i].count;
		else
			f->refused[n++] = f->refused[i];
	}
	f->n_refused = n;
}

int refused_read(struct nl_sock *filter, struct network_facts *f, struct err *err)
{
	struct network_refusal first;
	struct list all = { f->refused, 0, NETWORK_REFUSALS_MAX }, one = { &first, 0, 1 };
	if (list_set(filter, RULES_REFUSED, &all, err) < 0)
		return -1;
	f->n_refused = all.n;
	if (all.n == 0)
		return 0;
	qsort(f->refused, f->n_refused, sizeof *f->refused, by_place);
	merge_places(f);
	if (list_set(filter, RULES_FIRST, &one, err) < 0)
		return -1;
	if (one.n > 0)
		first_to_front(f, &first);
	return 0;
}
