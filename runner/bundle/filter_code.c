/* filter_code.c - instructions with places to go to become a program with distances. */
#include "bundle/filter_code.h"

#include <stdlib.h>

#include "base/mem.h"

#define REACH 255 /* instructions that a jump can leave out: jt and jf are bytes */

/* yes and no are places; one that goes on has them equal, a return has none. */
struct instruction {
	uint16_t code;
	uint32_t k;
	size_t yes, no;
};

/* The last instruction of the program is v[0]. */
struct filter_code {
	struct instruction *v;
	size_t n, room;
	bool full;
};

struct filter_code *filter_code_new(void)
{
	return mem_alloc(sizeof(struct filter_code));
}

void filter_code_free(struct filter_code *c)
{
	if (!c)
		return;
	free(c->v);
	free(c);
}

void filter_code_cleanup(struct filter_code **c)
{
	filter_code_free(*c);
}

static bool same(const struct instruction *a, const struct instruction *b)
{
	return a->code == b->code && a->k == b->k && a->yes == b->yes && a->no == b->no;
}

/* Further back than a jump reaches, a second one is no longer than a detour to the first. */
static bool find(const struct filter_code *c, const struct instruction *want, size_t *ret)
{
	for (size_t i = c->n; i > 0 && c->n - i < REACH - 1; i--) {
		if (!same(&c->v[i - 1], want))
			continue;
		*ret = i - 1;
		return true;
	}
	return false;
}

static size_t append(struct filter_code *c, const struct instruction *i)
{
	if (c->n == BPF_MAXINSNS) {
		c->full = true;
		return 0;
	}
	if (c->n == c->room) {
		c->room = c->room ? 2 * c->room : 256;
		c->v = mem_realloc(c->v, c->room * sizeof(*c->v));
	}
	c->v[c->n] = *i;
	return c->n++;
}

static size_t detour(struct filter_code *c, size_t to)
{
	return append(c, &(struct instruction){ BPF_JMP | BPF_JA, 0, to, to });
}

size_t filter_code_ret(struct filter_code *c, uint32_t answer)
{
	const struct instruction i = { BPF_RET | BPF_K, answer, 0, 0 };
	size_t at;
	return find(c, &i, &at) ? at : append(c, &i);
}

/* An instruction that is no jump leads to the one behind it. */
static size_t straight(struct filter_code *c, uint16_t code, uint32_t k, size_t next)
{
	struct instruction i = { code, k, next, next };
	size_t at;

	if (find(c, &i, &at))
		return at;
	if (next + 1 != c->n)
		i.yes = i.no = detour(c, next);
	return append(c, &i);
}

size_t filter_code_load(struct filter_code *c, uint32_t offset, size_t next)
{
	return straight(c, BPF_LD | BPF_W | BPF_ABS, offset, next);
}

size_t filter_code_and(struct filter_code *c, uint32_t mask, size_t next)
{
	return straight(c, BPF_ALU | BPF_AND | BPF_K, mask, next);
}

/* One less than the reach: a detour for the other way may come between. */
static size_t near(struct filter_code *c, size_t to)
{
	return c->n - to < REACH ? to : detour(c, to);
}

size_t filter_code_jump(struct filter_code *c, uint16_t op, uint32_t k, size_t yes, size_t no)
{
	struct instruction i = { (uint16_t)(BPF_JMP | op | BPF_K), k, yes, no };
	size_t at;

	if (yes == no)
		return yes;
	if (find(c, &i, &at))
		return at;
	i.yes = near(c, yes);
	i.no = near(c, no);
	return append(c, &i);
}

static struct sock_filter encode(const struct filter_code *c, size_t at)
{
	const struct instruction *i = &c->v[at];
	struct sock_filter f = { .code = i->code, .k = i->k };

	if (i->code == (BPF_JMP | BPF_JA)) {
		f.k = (uint32_t)(at - 1 - i->yes);
	} else if (BPF_CLASS(i->code) == BPF_JMP) {
		f.jt = (uint8_t)(at - 1 - i->yes);
		f.jf = (uint8_t)(at - 1 - i->no);
	}
	return f;
}

bool filter_code_finish(const struct filter_code *c, struct sock_filter **ret, size_t *ret_n)
{
	if (c->full)
		return false;
	struct sock_filter *program = mem_alloc(c->n * sizeof(*program));
	for (size_t i = 0; i < c->n; i++)
		program[i] = encode(c, c->n - 1 - i);
	*ret = program;
	*ret_n = c->n;
	return true;
}
