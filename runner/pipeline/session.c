/* session.c - opens what a call of the program needs once, whatever it grades. */
#include "pipeline/session.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/caller.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/rights.h"
#include "base/signals.h"
#include "bundle/passwd.h"
#include "container/live.h"
#include "container/slot.h"
#include "image/store.h"
#include "pipeline/files.h"
#include "submission/assignment.h"

#define DEFAULT_PROFILE "default"
#define DEFAULT_IMAGE "host"
#define SETTLE_NS (5 * NSEC_PER_SEC)

static int check_network(struct session *s, const struct network *n, bool needed, struct err *err)
{
	const struct network any = { .kind = NETWORK_CARD };
	if (n->kind != NETWORK_CARD && !needed)
		return 0;
	if (host_open_network(&s->host, err) < 0)
		return -1;
	return network_host_check(&s->host.net, n->kind == NETWORK_CARD ? n : &any, err);
}

/* A peer may name a profile, whose card is then its own. */
static int check_peers(struct session *s, const struct step_spec *test, struct err *err)
{
	for (size_t i = 0; i < test->n_peers; i++) {
		const struct peer_spec *peer = &test->peers[i];
		struct profile p;
		if (!peer->profile)
			continue;
		if (profile_load_kept(peer->profile, s->opt.places->profiles, s->opt.places->run,
				      &p, err) < 0)
			return err_wrap(err, "test '%s', peer '%s'", test->name, peer->name);
		int bad = check_network(s, &p.network, true, err);
		profile_done(&p);
		if (bad)
			return -1;
	}
	return 0;
}

/* The network of the assignment replaces that of the profile. With a command, no step of the
 * assignment runs. */
static int check_networks(struct session *s, struct err *err)
{
	const struct assignment *a = s->opt.assignment;
	bool own = a && a->network.kind != NETWORK_UNSET;
	if (check_network(s, own ? &a->network : &s->profile.network, false, err) < 0)
		return -1;
	if (!a || s->opt.command)
		return 0;
	for (size_t i = 0; i < a->n_build; i++)
		if (check_network(s, &a->build[i].network, false, err) < 0)
			return -1;
	for (size_t i = 0; i < a->n_tests; i++)
		if (check_network(s, &a->tests[i].network, a->tests[i].n_peers > 0, err) < 0 ||
		    check_peers(s, &a->tests[i], err) < 0)
			return -1;
	return 0;
}

static const char *choose(const char *given, const char *assigned, const char *otherwise)
{
	return given ? given : assigned ? assigned : otherwise;
}

static int has_result(void *ctx, const char *id, struct err *err)
{
	return store_has(ctx, id, err);
}

/* Cards are looked for only where there may be any. */
struct card_sweep {
	const struct places *places;
	bool wanted, open;
	struct network_host net;
};

static int open_net(struct card_sweep *c, struct err *err)
{
	if (c->open)
		return 0;
	if (network_host_open(c->places, &c->net, err) < 0)
		return -1;
	c->open = true;
	return 0;
}

static int sweep_card(void *ctx, int slot, struct err *err)
{
	struct card_sweep *c = ctx;
	if (!c->wanted)
		return 0;
	return open_net(c, err) < 0 ? -1 : network_host_dismiss(&c->net, slot, err);
}

static int sweep_slots(const struct places *p, int *ret_swept, struct err *err)
{
	struct cgroup_host host = { 0 };
	struct card_sweep c = { .places = p, .wanted = network_host_traces(p) };
	/* A host without cgroups has no slots to be swept; grading will say so. */
	if (host_cgroups(p, &host, NULL) < 0)
		return 0;
	int bad = slot_sweep(p, &host, sweep_card, &c, ret_swept, err);
	cgroup_host_done(&host);
	if (c.wanted && (open_net(&c, err) < 0 || network_host_sweep(&c.net, ret_swept, err) < 0))
		bad = -1;
	if (c.open)
		network_host_close(&c.net);
	return bad;
}

int session_sweep(const struct places *p, struct store *store, int *ret_swept, struct err *err)
{
	int bad = sweep_slots(p, ret_swept, err);
	if (files_sweep(p, err) < 0 || live_sweep(p, has_result, store, ret_swept, err) < 0)
		bad = -1;
	return bad;
}

void session_settle(const struct places *p)
{
	struct cgroup_host host = { 0 };
	if (host_cgroups(p, &host, NULL) < 0)
		return;
	cgroup_seat_sweep(&host, SETTLE_NS);
	cgroup_host_done(&host);
}

/* Programs of the image `host` lie in folders of the host. */
static int check_exec(const struct image *i, struct err *err)
{
	for (size_t k = 0; k < i->n_binds; k++)
		if (places_check_exec(i->binds[k].source, err) < 0)
			return err_wrap(err, "image '%s'", i->name);
	if (i->n_binds == 0 && places_check_exec(i->rootfs, err) < 0)
		return err_wrap(err, "image '%s'", i->name);
	return 0;
}

int session_open(const struct session_options *opt, struct session *ret, struct err *err)
{
	const struct places *p = opt->places;
	const struct assignment *a = opt->assignment;
	*ret = (struct session){ .opt = *opt, .image_lock = -1, .turns = TURNS_NONE };
	host_init(&ret->host, p, opt->time_factor);
	ret->host.plain_engine = opt->plain_engine;
	if (rights_boxes(p->uid_base, SLOTS_UIDS, err) < 0 || caller_check(err) < 0)
		return -1;
	const char *profile = choose(opt->profile, a ? a->profile : NULL, DEFAULT_PROFILE);
	const char *image = choose(opt->image, a ? a->image : NULL, DEFAULT_IMAGE);
	AUTO_FREE char *table = mem_printf("%s/languages.json", p->data);
	if (profile_load_kept(profile, p->profiles, p->run, &ret->profile, err) < 0 ||
	    languages_load(table, &ret->languages, err) < 0 ||
	    (a && assignment_check_languages(a, &ret->languages, err) < 0) ||
	    check_networks(ret, err) < 0 || places_make(p, err) < 0 ||
	    /* Held first: else it could be replaced between looking at it and using it. */
	    image_hold(p, image, &ret->image_lock, err) < 0 ||
	    image_open(p, image, &ret->image, err) < 0 || check_exec(&ret->image, err) < 0 ||
	    store_open(p->database, &ret->store, err) < 0)
		return -1;
	const char *home = a && a->home_in_work ? SPEC_WORK_PATH : SPEC_HOME_PATH;
	if (passwd_fit(&ret->image, home, &ret->passwd, err) < 0)
		return -1;
	runtimes_find(&ret->image, &ret->runtimes);
	/* Leftovers that cannot be removed do not prevent grading; `gc` names them. */
	int swept = 0;
	if (!opt->trial)
		session_sweep(p, ret->store, &swept, NULL);
	return 0;
}

int session_ready(struct session *s, struct err *err)
{
	if (host_ready(&s->host, err) < 0)
		return -1;
	return turns_open(s->opt.places, &s->turns, err);
}

void session_close(struct session *s)
{
	host_close(&s->host);
	if (s->image_lock >= 0)
		close(s->image_lock);
	store_close(s->store);
	profile_done(&s->profile);
	image_done(&s->image);
	buf_done(&s->passwd);
	languages_done(&s->languages);
	turns_close(&s->turns);
	s->store = NULL;
}
