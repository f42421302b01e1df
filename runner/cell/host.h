/* host.h - what the boxes of this process have of the host: engine, cgroups, a room, a network.
 *
 * Found once, before the first box; everybody else reads it here. A fork that starts boxes of its own
 * calls host_ready() itself.
 */
#ifndef MOULETTE_CELL_HOST_H
#define MOULETTE_CELL_HOST_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/alive.h"
#include "base/err.h"
#include "container/cgroup.h"
#include "container/cgroup_leaf.h"
#include "container/cgroup_seat.h"
#include "container/engine.h"
#include "container/room.h"
#include "model/places.h"
#include "network/host.h"

struct host {
	const struct places *places; /* borrowed */
	double time_factor;          /* the host is so many times as slow as usual */
	bool plain_engine;           /* no lean start: it was asked for */
	bool has_net;                /* net is open */
	struct network_host net;
	pid_t net_pid; /* whose: sockets of netlink cannot be used by two processes */
	struct cgroup_host cgroups;
	struct cgroup_leaf leaf;
	struct cgroup_seat seat;
	pid_t seated; /* the process that went into them and goes back; 0: none did */
	/* Made by host_ready(). */
	bool ready;
	struct engine engine;
	struct room room;
	int own_mnt;         /* our mount namespace */
	struct alive *alive; /* a worker shows its crew here that it lives; NULL: in no worker */
};

/** host_init() - nothing is looked at yet; to be closed. */
void host_init(struct host *h, const struct places *p, double time_factor);
/** host_open_network() - some box will have a card; once. Errors as network_host_open(). */
int host_open_network(struct host *h, struct err *err);
/** host_ready() - find the engine and the cgroups, leave the host's mount namespace; once. From then on
 *  SIGINT, SIGTERM and SIGHUP are blocked; before, nothing has been made that a sudden end would leave.
 *  FAULT_INFRA; FAULT_USAGE: this engine cannot give a box a card. */
int host_ready(struct host *h, struct err *err);
/** host_seat() - part of host_ready(), for a process whose forks are to call that one: finds the cgroups, and
 *  goes to where runners are. FAULT_INFRA. */
int host_seat(struct host *h, struct err *err);
/** host_retreat() - what host_ready() changed in the host's cgroups is as before, unless other runners need it;
 *  done by host_close(), and by a process that ends without it. A fork leaves it to the process that did it. */
void host_retreat(struct host *h);
/** host_patience() - how many times as long as usual the host may take; 1 at least. */
double host_patience(const struct host *h);
void host_close(struct host *h);

/** host_cgroups() - where boxes' groups are, without going there. FAULT_INFRA. */
int host_cgroups(const struct places *p, struct cgroup_host *ret, struct err *err);

#endif
