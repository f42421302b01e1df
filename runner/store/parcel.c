/* parcel.c - results as bytes, by the tables that name their columns: what is stored is what is
 * sent. */
#include "store/parcel.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "store/internal.h"

#define NO_STRING UINT32_MAX

struct reader {
	const char *at;
	size_t left;
};

static void put_string(struct buf *b, const char *s)
{
	uint32_t len = s ? (uint32_t)strlen(s) : NO_STRING;
	buf_add(b, &len, sizeof len);
	if (s)
		buf_add(b, s, len);
}

static void put_fields(struct buf *b, const struct field *f, const void *object)
{
	for (; f->column; f++) {
		const void *member = (const char *)object + f->offset;
		if (f->type == FIELD_STRING) {
			put_string(b, *(char *const *)member);
		} else if (f->type == FIELD_NETWORK) {
			const struct network_facts *n = *(struct network_facts *const *)member;
			AUTO_FREE char *text = n ? network_column_text(n) : NULL;
			put_string(b, text);
		} else {
			buf_add(b, member, f->size);
		}
	}
}

void parcel_pack(struct buf *b, const struct run_result *r)
{
	const uint64_t counts[2] = { r->n_steps, r->n_groups };
	buf_add(b, r->id, sizeof r->id);
	put_string(b, r->log_path);
	put_fields(b, run_fields, r);
	buf_add(b, counts, sizeof counts);
	for (size_t i = 0; i < r->n_steps; i++)
		put_fields(b, step_fields, &r->steps[i]);
	for (size_t i = 0; i < r->n_groups; i++)
		put_fields(b, group_fields, &r->groups[i]);
}

static int take(struct reader *in, void *to, size_t len)
{
	if (in->left < len)
		return -1;
	memcpy(to, in->at, len);
	in->at += len;
	in->left -= len;
	return 0;
}

static int take_string(struct reader *in, char **ret)
{
	uint32_t len;
	if (take(in, &len, sizeof len) < 0)
		return -1;
	if (len == NO_STRING)
		return 0;
	if (in->left < len)
		return -1;
	free(*ret);
	*ret = mem_strndup(in->at, len);
	in->at += len;
	in->left -= len;
	return 0;
}

static int take_network(struct reader *in, struct network_facts **ret)
{
	AUTO_FREE char *text = NULL;
	if (take_string(in, &text) < 0)
		return -1;
	return text ? network_column_read(text, strlen(text), ret) : 0;
}

static int take_fields(struct reader *in, const struct field *f, void *object)
{
	int bad = 0;
	for (; f->column && !bad; f++) {
		void *member = (char *)object + f->offset;
		if (f->type == FIELD_STRING)
			bad = take_string(in, member);
		else if (f->type == FIELD_NETWORK)
			bad = take_network(in, member);
		else
			bad = take(in, member, f->size);
		if (!bad && f->type == FIELD_CHARS && !memchr(member, '\0', f->size))
			bad = -1;
	}
	return bad;
}

static int take_groups(struct reader *in, uint64_t n, struct run_result *r)
{
	if (n > in->left)
		return -1; /* each takes more than a byte */
	r->groups = mem_alloc(n * sizeof *r->groups + 1);
	memset(r->groups, 0, n * sizeof *r->groups);
	for (r->n_groups = 0; r->n_groups < n;) /* half a group is freed, too */
		if (take_fields(in, group_fields, &r->groups[r->n_groups++]) < 0)
			return -1;
	return 0;
}

static int take_all(struct reader *in, struct run_result *r)
{
	uint64_t counts[2];
	if (take(in, r->id, sizeof r->id) < 0 || r->id[sizeof r->id - 1] != '\0' ||
	    take_string(in, &r->log_path) < 0 || take_fields(in, run_fields, r) < 0 ||
	    take(in, counts, sizeof counts) < 0)
		return -1;
	for (uint64_t i = 0; i < counts[0]; i++)
		if (take_fields(in, step_fields, run_result_add(r)) < 0)
			return -1;
	return take_groups(in, counts[1], r) < 0 || in->left > 0 ? -1 : 0;
}

int parcel_unpack(const char *data, size_t len, struct run_result *ret, struct err *err)
{
	struct reader in = { data, len };
	if (take_all(&in, ret) < 0)
		return err_set(err, FAULT_INFRA, EBADMSG, "cannot read a result from a worker");
	return 0;
}
