/* network.c - keep the host's end of every card on the host, so that servers can bind it. */
#include <stdio.h>
#include <string.h>

#include "base/rights.h"
#include "cmd/command.h"
#include "container/slot.h"
#include "network/host.h"

static int change(struct network_host *h, bool up, struct err *err)
{
	char at[16];
	bool was;
	network_address(h->address, at);
	if ((up ? network_host_up(h, &was, err) : network_host_down(h, &was, err)) < 0)
		return -1;
	if (up)
		printf("%s\n", at);
	if (up && was)
		fprintf(stderr, "moulette: %s was kept up already\n", at);
	if (!up && !was)
		fprintf(stderr, "moulette: %s was not kept up\n", at);
	return EXIT_ALL_PASSED;
}

static int network_exec(const struct places *places, const struct cli *cli, struct err *err)
{
	struct network_host h;
	bool up = cli->n_args == 1 && strcmp(cli->args[0], "up") == 0;
	if (!up && (cli->n_args != 1 || strcmp(cli->args[0], "down") != 0))
		return usage_error(err, "network: expected 'network up' or 'network down'");
	if (rights_boxes(places->uid_base, SLOTS_UIDS, err) < 0 ||
	    network_host_open(places, &h, err) < 0)
		return -1;
	int status = change(&h, up, err);
	network_host_close(&h);
	return status;
}

static const struct option_spec options[] = {
	{ NULL, 0, NULL, NULL },
};

const struct command cmd_network = {
	.name = "network",
	.synopsis = "network up\nnetwork down",
	.summary = "keep the host's address for network cards up while no box runs",
	.options = options,
	.exec = network_exec,
};
