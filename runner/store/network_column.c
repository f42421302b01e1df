/* network_column.c - the network counters of a step, as the JSON text of one column. */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "store/internal.h"

/* Names nothing: the column is all that is told of a text that is damaged. */
#define WHERE "network"

static struct json_object *new_measure(int64_t value)
{
	return value == -1 ? NULL : json_object_new_int64(value);
}

static struct json_object *new_traffic(int64_t bytes, int64_t packets)
{
	struct json_object *o = json_object_new_object();
	json_object_object_add(o, "bytes", new_measure(bytes));
	json_object_object_add(o, "packets", new_measure(packets));
	return o;
}

static struct json_object *new_refusal(const struct network_refusal *r)
{
	struct json_object *o = json_object_new_object();
	char address[16], protocol[8];
	json_object_object_add(o, "address", json_new_str(network_address(r->address, address)));
	json_object_object_add(o, "port", json_object_new_int(r->port));
	json_object_object_add(o, "protocol",
			       json_new_str(network_protocol(r->protocol, protocol)));
	json_object_object_add(o, "count", json_object_new_int64(r->count));
	return o;
}

char *network_column_text(const struct network_facts *f)
{
	AUTO_JSON *o = json_object_new_object();
	struct json_object *refused = json_object_new_array();
	for (size_t i = 0; i < f->n_refused; i++)
		json_object_array_add(refused, new_refusal(&f->refused[i]));
	json_object_object_add(o, "sent", new_traffic(f->sent_bytes, f->sent_packets));
	json_object_object_add(o, "received", new_traffic(f->received_bytes, f->received_packets));
	json_object_object_add(o, "refused", refused);
	return mem_strdup(json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN));
}

/* A key that must be there, and no number below @min. */
static int read_number(struct json_object *o, const char *key, int64_t min, int64_t max,
		       int64_t *ret)
{
	struct json_object *v;
	if (!json_object_object_get_ex(o, key, &v))
		return -1;
	return json_get_i64(o, WHERE, key, min, max, ret, NULL);
}

static int read_measure(struct json_object *o, const char *key, int64_t *ret)
{
	struct json_object *v;
	if (json_object_object_get_ex(o, key, &v) && !v) {
		*ret = -1;
		return 0;
	}
	return read_number(o, key, 0, INT64_MAX, ret);
}

static int read_traffic(struct json_object *o, const char *key, int64_t *ret_bytes,
			int64_t *ret_packets)
{
	struct json_object *way;
	if (json_get_obj(o, WHERE, key, &way, NULL) < 0 || !way)
		return -1;
	if (read_measure(way, "bytes", ret_bytes) < 0)
		return -1;
	return read_measure(way, "packets", ret_packets);
}

static const char *text_of(struct json_object *o, const char *key)
{
	struct json_object *v;
	if (!json_object_object_get_ex(o, key, &v) || !json_object_is_type(v, json_type_string))
		return "";
	return json_object_get_string(v);
}

/* The other way round of network_protocol(); -1: no such protocol. */
static int protocol_of(const char *name)
{
	char buf[8];
	for (int i = 0; i <= UINT8_MAX; i++)
		if (strcmp(name, network_protocol((uint8_t)i, buf)) == 0)
			return i;
	return -1;
}

static int read_refusal(struct json_object *o, struct network_refusal *ret)
{
	struct in_addr address;
	int64_t port, count;
	int protocol = protocol_of(text_of(o, "protocol"));
	if (protocol < 0 || inet_pton(AF_INET, text_of(o, "address"), &address) != 1)
		return -1;
	if (read_number(o, "port", 0, UINT16_MAX, &port) < 0 ||
	    read_number(o, "count", 1, INT64_MAX, &count) < 0)
		return -1;
	*ret = (struct network_refusal){ .address = ntohl(address.s_addr),
					 .port = (uint16_t)port,
					 .protocol = (uint8_t)protocol,
					 .count = count };
	return 0;
}

static int read_all(struct json_object *o, struct json_object *refused, struct network_facts *f)
{
	if (read_traffic(o, "sent", &f->sent_bytes, &f->sent_packets) < 0 ||
	    read_traffic(o, "received", &f->received_bytes, &f->received_packets) < 0)
		return -1;
	f->n_refused = json_object_array_length(refused);
	for (size_t i = 0; i < f->n_refused; i++)
		if (read_refusal(json_object_array_get_idx(refused, i), &f->refused[i]) < 0)
			return -1;
	return 0;
}

int network_column_read(const char *text, size_t len, struct network_facts **ret)
{
	AUTO_JSON *o = NULL;
	struct json_object *refused;
	if (json_parse(WHERE, text, len, &o, NULL) < 0 || !json_object_is_type(o, json_type_object))
		return -1;
	if (json_get_array(o, WHERE, "refused", &refused, NULL) < 0 || !refused ||
	    json_object_array_length(refused) > NETWORK_REFUSALS_MAX)
		return -1;
	struct network_facts *f = network_facts_new(json_object_array_length(refused));
	if (read_all(o, refused, f) < 0) {
		free(f);
		return -1;
	}
	*ret = f;
	return 0;
}
