/* admission.c - enters a card into the sets of the host's rules, and removes it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/json.h"
#include "network/host.h"
#include "network/nft.h"
#include "network/route.h"
#include "network/second_line.h"

/* Is @i within an earlier or wider one? Intervals of a set must not overlap. */
static bool is_covered(const struct network_reach *reach, size_t n, size_t i)
{
	const struct network_reach *inner = &reach[i];
	for (size_t k = 0; k < n; k++) {
		const struct network_reach *outer = &reach[k];
		/* The first of two that are the same stays. */
		bool wider = outer->bits < inner->bits || (outer->bits == inner->bits && k < i);
		if (wider && outer->where == inner->where &&
		    network_overlap(outer->address, outer->bits, inner->address, inner->bits))
			return true;
	}
	return false;
}

/* One element of a set, and how it goes again. */
static void element(struct buf *add, struct buf *undo, const char *table_and_set, const char *card,
		    const char *and)
{
	buf_printf(add, "add element inet %s { \"%s\"%s }\n", table_and_set, card, and);
	buf_printf(undo, "delete element inet %s { \"%s\"%s }\n", table_and_set, card, and);
}

static void admit_text(const char *card, const struct network_reach *reach, size_t n,
		       struct buf *add, struct buf *undo)
{
	bool beyond = false;
	char at[16], and[32];
	for (size_t i = 0; i < n; i++) {
		const struct network_reach *r = &reach[i];
		network_address(r->address, at);
		if (r->where == NETWORK_AT_HOST || is_covered(reach, n, i))
			continue;
		if (r->where == NETWORK_AT_HOST_TOO) {
			snprintf(and, sizeof and, " . %s", at);
			element(add, undo, SECOND_LINE " too", card, and);
			continue;
		}
		snprintf(and, sizeof and, " . %s/%d", at, r->bits);
		if (r->where == NETWORK_BEYOND)
			element(add, undo, SECOND_LINE_BEYOND " named", card, and);
		else
			element(add, undo, SECOND_LINE_BEYOND " public", card, "");
		beyond = true;
	}
	if (beyond)
		element(add, undo, SECOND_LINE " beyond", card, "");
}

int network_host_admit(struct network_host *h, const char *name, const struct network_reach *reach,
		       size_t n, char **ret_undo, struct err *err)
{
	AUTO_FD int lock = -1;
	AUTO_BUF add = { 0 }, undo = { 0 };
	*ret_undo = NULL;
	admit_text(name, reach, n, &add, &undo);
	if (add.len == 0)
		return 0;
	/* Another program may have flushed the host's rules meanwhile. */
	if (second_line_enter(h, &lock, err) < 0 || second_line_need_beyond(h, err) < 0 ||
	    nft_do(h->nft, add.data, "add a network card to the host's rules", err) < 0)
		return -1;
	*ret_undo = buf_take(&undo);
	return 0;
}

/* What cannot be undone now goes with the tables, or by the next sweep. */
void network_host_undo(struct network_host *h, char **undo)
{
	if (*undo)
		nft_do(h->nft, *undo, "remove a network card from the host's rules", NULL);
	free(*undo);
	*undo = NULL;
}

/* The text of a set's element, when it is of a card whose name begins with @prefix: "moul-c3-1", or
 * {"concat": ["moul-c3-1", x]}. */
static bool element_of(struct json_object *e, const char *prefix, struct buf *ret)
{
	struct json_object *concat = NULL, *name = e, *net;
	if (json_object_is_type(e, json_type_object) &&
	    json_object_object_get_ex(e, "concat", &concat))
		name = json_object_array_get_idx(concat, 0);
	if (!json_object_is_type(name, json_type_string) ||
	    strncmp(json_object_get_string(name), prefix, strlen(prefix)) != 0)
		return false;
	buf_printf(ret, "\"%s\"", json_object_get_string(name));
	if (!concat)
		return true;
	struct json_object *to = json_object_array_get_idx(concat, 1);
	if (json_object_object_get_ex(to, "prefix", &net))
		buf_printf(ret, " . %s/%d",
			   json_object_get_string(json_object_object_get(net, "addr")),
			   json_object_get_int(json_object_object_get(net, "len")));
	else
		buf_printf(ret, " . %s", json_object_get_string(to));
	return true;
}

static void dismiss_text(struct json_object *sets, const char *prefix, struct buf *b)
{
	struct json_object *set, *elems;
	for (size_t i = 0; i < json_object_array_length(sets); i++) {
		if (!json_object_object_get_ex(json_object_array_get_idx(sets, i), "set", &set) ||
		    !json_object_object_get_ex(set, "elem", &elems))
			continue;
		const char *table = json_object_get_string(json_object_object_get(set, "table"));
		if (strcmp(table, SECOND_LINE) != 0 && strcmp(table, SECOND_LINE_BEYOND) != 0)
			continue;
		for (size_t k = 0; k < json_object_array_length(elems); k++) {
			AUTO_BUF e = { 0 };
			if (element_of(json_object_array_get_idx(elems, k), prefix, &e))
				buf_printf(
					b, "delete element inet %s %s { %s }\n", table,
					json_object_get_string(json_object_object_get(set, "name")),
					e.data);
		}
	}
}

int network_host_dismiss(struct network_host *h, int number, struct err *err)
{
	AUTO_FD int lock = -1;
	AUTO_JSON *sets = NULL;
	AUTO_BUF b = { 0 };
	char prefix[ROUTE_NAME_MAX];
	bool there;
	snprintf(prefix, sizeof prefix, NETWORK_CARD_PREFIX, number);
	if (route_delete_prefixed(h->route, prefix, err) < 0 ||
	    second_line_enter(h, &lock, err) < 0 ||
	    second_line_has(h, SECOND_LINE, &there, err) < 0)
		return -1;
	if (!there)
		return 0;
	if (nft_ask(h->nft, "list sets inet", &sets, err) < 0)
		return -1;
	dismiss_text(sets, prefix, &b);
	return b.len ? nft_do(h->nft, b.data, "remove a network card from the host's rules", err) :
		       0;
}
