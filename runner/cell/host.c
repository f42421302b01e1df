/* host.c - finds once what this host can do for boxes. */
#include "cell/host.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/signals.h"

void host_init(struct host *h, const struct places *p, double time_factor)
{
	*h = (struct host){ .places = p,
			    .time_factor = time_factor,
			    .own_mnt = -1,
			    .leaf = CGROUP_LEAF_NONE,
			    .seat = CGROUP_SEAT_NONE };
}

int host_cgroups(const struct places *p, struct cgroup_host *ret, struct err *err)
{
	if (cgroup_host_find(ret, err) < 0)
		return -1;
	ret->weight = p->cpu_weight;
	return 0;
}

int host_open_network(struct host *h, struct err *err)
{
	if (!h->has_net && network_host_open(h->places, &h->net, err) < 0)
		return -1;
	h->has_net = true;
	h->net_pid = getpid();
	return 0;
}

/* A fork has sockets of its own. */
static int own_network(struct host *h, struct err *err)
{
	if (!h->has_net || h->net_pid == getpid())
		return 0;
	if (network_host_open(h->places, &h->net, err) < 0)
		return -1;
	h->net_pid = getpid();
	return 0;
}

int host_seat(struct host *h, struct err *err)
{
	if (h->seated)
		return 0;
	cgroup_host_done(&h->cgroups);
	if (host_cgroups(h->places, &h->cgroups, err) < 0)
		return -1;
	signals_block();
	if (cgroup_leaf_enter(&h->cgroups, &h->leaf, err) < 0)
		return -1;
	cgroup_seat_take(&h->cgroups, &h->seat);
	h->seated = getpid();
	return 0;
}

static int find_engine(struct host *h, struct err *err)
{
	const struct places *p = h->places;
	if (access(p->init, X_OK) < 0)
		return err_set(err, FAULT_INFRA, errno,
			       "cannot run '%s', the init program of boxes; install moulette again",
			       p->init);
	h->engine.patience = h->time_factor;
	h->engine.alive = h->alive;
	if (engine_find(p, &h->engine, err) < 0)
		return -1;
	/* Such an engine has a network stack of its own, which goes around the rules of a namespace. */
	if (h->has_net && !h->engine.inherits_fds)
		return err_set(err, FAULT_USAGE, 0,
			       "engine '%s' cannot give a box a network card, because its own "
			       "network stack bypasses the host's rules; use crun or runc",
			       h->engine.name);
	return 0;
}

int host_ready(struct host *h, struct err *err)
{
	if (h->ready)
		return 0;
	if (find_engine(h, err) < 0 || own_network(h, err) < 0 || host_seat(h, err) < 0 ||
	    room_enter(h->places, h->engine.hides_unified ? h->cgroups.hidden_unified : NULL,
		       &h->room, err) < 0)
		return -1;
	if (h->plain_engine)
		engine_set_plain(&h->engine, "it was asked for");
	else
		engine_pin(&h->engine, h->places);
	/* The engine's leftovers there now lie in the runner's own namespace. */
	if (h->engine.hides_unified) {
		free(h->cgroups.hidden_unified);
		h->cgroups.hidden_unified = NULL;
	}
	h->own_mnt = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
	if (h->own_mnt < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot open /proc/self/ns/mnt");
	h->ready = true;
	return 0;
}

double host_patience(const struct host *h)
{
	return h->time_factor > 1 ? h->time_factor : 1;
}

void host_retreat(struct host *h)
{
	/* Its process is in the group of runners. */
	if (h->has_net && h->net_pid == getpid())
		network_host_close(&h->net);
	h->has_net = false;
	if (h->seated != getpid())
		return;
	cgroup_seat_leave(&h->cgroups, &h->seat);
	cgroup_leaf_leave(&h->cgroups, &h->leaf);
	h->seated = 0;
}

void host_close(struct host *h)
{
	host_retreat(h);
	fd_close(&h->own_mnt);
	engine_done(&h->engine);
	cgroup_host_done(&h->cgroups);
	room_done(&h->room);
}
