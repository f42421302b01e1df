/* attempt_spec.c - describes the box of a submission from assignment, plan and command line. */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "pipeline/attempt_box.h"
#include "pipeline/files.h"

#define NAME_OF_THE_BOX "student"

/* --- mounts and environment ------------------------------------------------------------------ */

/* Tests get /work, /tmp and /dev/shm anew, over whatever was mounted there. */
static int check_volume(const struct attempt *a, const struct mount_spec *m, struct err *err)
{
	const char *at = cell_clean_place(m->destination);
	if (path_within(m->destination, SPEC_HOME_PATH))
		return err_set(err, FAULT_USAGE, 0,
			       "volume '%s': HOME is emptied for each step; choose another "
			       "destination, and give it with -e HOME=PATH",
			       m->destination);
	for (size_t i = 0; at && i < a->plan.n; i++)
		if (a->plan.steps[i].kind == STEP_TEST)
			return err_set(
				err, FAULT_USAGE, 0,
				"volume '%s': each test starts with a clean %s, so nothing of the "
				"host can be mounted there; choose another destination",
				m->destination, at);
	return 0;
}

int attempt_check_volumes(const struct attempt *a, struct err *err)
{
	const struct session_options *opt = &a->session->opt;
	for (size_t i = 0; i < opt->n_mounts; i++)
		if (check_volume(a, &opt->mounts[i], err) < 0)
			return -1;
	return 0;
}

static bool any_step(const struct attempt *a,
		     bool (*is)(const struct attempt *, const struct step_spec *))
{
	for (size_t i = 0; i < a->plan.n; i++)
		if (is(a, &a->plan.steps[i]))
			return true;
	return false;
}

static bool has_peers(const struct attempt *a, const struct step_spec *s)
{
	(void)a;
	return s->n_peers > 0;
}

static bool reaches_servers(const struct attempt *a, const struct step_spec *s)
{
	return network_names_servers(attempt_network(a, s));
}

int attempt_describe(struct attempt *a, struct err *err)
{
	const struct session *s = a->session;
	const struct assignment *asked = attempt_assignment(a);
	struct cell_spec *spec = &a->cell.spec;
	a->env = strv_dup(NULL);
	if (asked && asked->home_in_work)
		strv_add(&a->env, "HOME=" SPEC_WORK_PATH);
	env_set_all(&a->env, asked ? asked->env : NULL);
	env_set_all(&a->env, s->opt.env);
	if (asked &&
	    files_mount(&s->host, asked->files, asked->n_files, &a->mounts, &a->n_mounts, err) < 0)
		return -1;
	for (size_t i = 0; i < s->opt.n_mounts; i++)
		mount_specs_add(&a->mounts, &a->n_mounts, s->opt.mounts[i].source,
				s->opt.mounts[i].destination, s->opt.mounts[i].rw);
	spec->env = a->env;
	spec->mounts = a->mounts;
	spec->n_mounts = a->n_mounts;
	spec->names_peers = any_step(a, has_peers);
	spec->names_servers = any_step(a, reaches_servers);
	return 0;
}

/* --- network --------------------------------------------------------------------------------- */

/* A test with peers and no `network` reaches these alone. */
static const struct network nothing = { .kind = NETWORK_CARD,
					.rate = NETWORK_RATE_DEFAULT,
					.connections = NETWORK_CONNECTIONS_DEFAULT };

const struct network *attempt_network(const struct attempt *a, const struct step_spec *s)
{
	const struct assignment *asked = attempt_assignment(a);
	const struct network *n = &s->network;
	if (n->kind == NETWORK_UNSET && asked)
		n = &asked->network;
	if (n->kind == NETWORK_UNSET)
		n = &a->session->profile.network;
	if (n->kind == NETWORK_CARD)
		return n;
	return s->n_peers > 0 ? &nothing : NULL;
}

void attempt_want_network(struct attempt *a, const struct step_spec *s)
{
	struct cell_spec *spec = &a->cell.spec;
	spec->network = attempt_network(a, s);
	spec->party = NULL;
	a->among = NULL;
	if (s->n_peers == 0)
		return;
	strv_free(a->names);
	a->names = strv_dup(NULL);
	strv_add(&a->names, NAME_OF_THE_BOX);
	for (size_t i = 0; i < s->n_peers; i++)
		strv_add(&a->names, s->peers[i].name);
	a->party = (struct cell_party){ .path = a->cell.room.peers, .names = a->names };
	spec->party = &a->party;
	a->among = s;
}

bool attempt_network_fits(const struct attempt *a, const struct step_spec *s)
{
	const struct network *n = attempt_network(a, s), *now = a->cell.spec.network;
	if (s->n_peers > 0 || a->among)
		return a->among == s;
	return n && now ? network_equal(n, now) : n == now;
}
