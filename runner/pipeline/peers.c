/* peers.c - a cell for each peer of a test, in which it runs as a step while the test does. */
#include "pipeline/peers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/mem.h"
#include "network/rules.h"
#include "pipeline/attempt_box.h"
#include "pipeline/files.h"
#include "pipeline/listening.h"
#include "result/verdict.h"
#include "submission/files.h"

#define READY_NS (10 * NSEC_PER_SEC) /* "listen": PORT */
#define GUESS_NS (5 * NSEC_PER_SEC)  /* nothing was said: it may be one that only waits */
#define LOOK_NS (2 * NSEC_PER_MS)
#define WALL_NS (24 * 3600 * NSEC_PER_SEC) /* it ends with the test */
#define LAST_WORDS 120

struct peer {
	const struct peer_spec *spec;
	struct cell cell;
	/* What the cell and its step borrow. */
	char name[16]; /* of its folder of the room */
	struct profile profile;
	bool own_profile;
	struct cell_party party;
	char **env, **step_env;
	struct mount_spec *mounts;
	size_t n_mounts;
	struct step_spec command;
	struct box_step step;
	struct step_facts facts;
	char tail
		[LAST_WORDS]; /* the end of what it says on stderr: a server that fails tells why */
	size_t tail_len;
	struct running *running; /* NULL: not started, or it has ended */
	enum fault fault;        /* whose it is that it ended */
	char words[400];         /* how it did; "": it has not */
};

/* --- how it ends ------------------------------------------------------------------------------ */

static int sink_tail(void *ctx, int stream, const void *data, size_t len)
{
	struct peer *p = ctx;
	if (stream != FRAMELOG_STDERR)
		return 0;
	const size_t room = sizeof p->tail, fresh = len < room ? len : room;
	const size_t kept = p->tail_len < room - fresh ? p->tail_len : room - fresh;
	memmove(p->tail, p->tail + p->tail_len - kept, kept);
	memcpy(p->tail + kept, (const char *)data + len - fresh, fresh);
	p->tail_len = kept + fresh;
	return 0;
}

static void last_line(const struct peer *p, char *buf, size_t size)
{
	size_t end = p->tail_len;
	while (end > 0 && (p->tail[end - 1] == '\n' || p->tail[end - 1] == ' '))
		end--;
	size_t begin = end;
	while (begin > 0 && p->tail[begin - 1] != '\n')
		begin--;
	err_escape(buf, size, p->tail + begin, end - begin);
}

static void say_end(struct peer *p)
{
	struct comparison none = { .done = false };
	struct step_result res = { .kind = STEP_COMMAND,
				   .limits = p->command.limits,
				   .facts = p->facts };
	char line[LAST_WORDS + 1];
	verdict_step(&p->command, &none, &res);
	last_line(p, line, sizeof line);
	p->fault = res.fault == FAULT_INFRA ? FAULT_INFRA : FAULT_ASSIGNMENT;
	snprintf(p->words, sizeof p->words, "%s%s%s",
		 res.message[0] ? res.message : "ended with status 0", *line ? ": " : "", line);
}

/* Return: 0, or -1 when interrupted. */
static int hear(struct peer *p, struct err *err)
{
	if (!p->running || !step_is_over(p->running))
		return 0;
	const int bad = cell_finish(&p->cell, ptr_steal(&p->running), &p->facts, err);
	if (bad && strcmp(err->code, "interrupted") == 0)
		return -1;
	if (bad) {
		p->fault = FAULT_INFRA;
		snprintf(p->words, sizeof p->words, "%.399s", err->msg);
	} else {
		say_end(p);
	}
	return 0;
}

/* --- start ------------------------------------------------------------------------------------ */

/* The peer's command, with limits as a step of the assignment has them. */
static void describe_step(const struct session *s, struct peer *p)
{
	const struct peer_spec *spec = p->spec;
	struct limits own = spec->limits;
	if (own.v[LIMIT_WALL] == LIMIT_UNSET)
		own.v[LIMIT_WALL] = WALL_NS;
	p->command = (struct step_spec){ .name = spec->name,
					 .kind = STEP_COMMAND,
					 .argv = spec->argv,
					 .compare = COMPARE_NONE,
					 .limits = p->own_profile ? p->profile.limits :
								    s->profile.limits };
	limits_over(&p->command.limits, &own);
	limits_over(&p->command.limits, &s->opt.over);
	limits_finish(&p->command.limits, s->opt.time_factor);
}

static int choose_network(const struct attempt *a, const struct step_spec *test, struct peer *p,
			  const struct network **ret, struct err *err)
{
	struct session *s = a->session;
	*ret = attempt_network(a, test);
	if (p->spec->profile && profile_load_kept(p->spec->profile, s->opt.places->profiles,
						  s->opt.places->run, &p->profile, err) < 0)
		return -1;
	p->own_profile = p->spec->profile != NULL;
	if (!p->own_profile || p->profile.network.kind != NETWORK_CARD)
		return 0;
	*ret = &p->profile.network;
	return network_host_check(&s->host.net, *ret, err);
}

static int lay(struct peer *p, struct err *err)
{
	const struct area *work = &p->cell.areas[AREA_WORK];
	AUTO_FD int fd = -1;
	if (cell_enter(&p->cell, "", err) < 0 || cell_work(&p->cell, &fd, err) < 0)
		return -1;
	return files_lay(p->spec->files, p->spec->n_files, fd, work->uid, work->gid, NULL, err);
}

static int start(struct attempt *a, const struct step_spec *test, struct peer *p, int member,
		 struct err *err)
{
	struct session *s = a->session;
	const struct assignment *asked = attempt_assignment(a);
	const struct network *network;
	if (choose_network(a, test, p, &network, err) < 0)
		return -1;
	describe_step(s, p);
	snprintf(p->name, sizeof p->name, "peer%d", member);
	p->env = strv_dup(NULL);
	if (asked->home_in_work)
		strv_add(&p->env, "HOME=" SPEC_WORK_PATH);
	if (files_mount(&s->host, asked->files, asked->n_files, &p->mounts, &p->n_mounts, err) <
		    0 ||
	    files_mount(&s->host, p->spec->files, p->spec->n_files, &p->mounts, &p->n_mounts, err) <
		    0)
		return -1;
	p->party = (struct cell_party){ .path = a->cell.room.peers,
					.member = member,
					.names = a->names };
	const struct cell_spec spec = {
		.mark = a->job->result->id,
		.within = p->name,
		.image = &s->image,
		.profile = p->own_profile ? &p->profile : &s->profile,
		.passwd = &s->passwd,
		.env = p->env,
		.mounts = p->mounts,
		.n_mounts = p->n_mounts,
		.most = p->command.limits,
		.interrupt_fd = a->job->live->control.stop_fd,
		.network = network,
		.party = &p->party,
		.names_peers = true,
		.names_servers = network_names_servers(network),
	};
	if (cell_open(&s->host, &spec, &p->cell, err) < 0 || lay(p, err) < 0 ||
	    cell_boot(&p->cell, err) < 0)
		return -1;
	p->step_env = cell_base_env(&p->cell);
	env_set_all(&p->step_env, p->spec->env);
	p->step = (struct box_step){ .spec = &p->command,
				     .env = p->step_env,
				     .sink = sink_tail,
				     .sink_ctx = p,
				     .kill_fd = -1 };
	step_facts_init(&p->facts);
	p->running = cell_start(&p->cell, &p->step, -1, -1, &p->facts);
	return 0;
}

/* If a peer cannot be started, the assignment is at fault, unless the host is. */
static int start_or_blame(struct attempt *a, const struct step_spec *test, struct peer *p,
			  int member, struct err *err)
{
	if (start(a, test, p, member, err) == 0)
		return 0;
	if (strcmp(err->code, "interrupted") == 0)
		return -1;
	p->fault = err->fault == FAULT_INFRA ? FAULT_INFRA : FAULT_ASSIGNMENT;
	snprintf(p->words, sizeof p->words, "%.399s", err->msg);
	return 0;
}

/* --- until it is ready ------------------------------------------------------------------------ */

static int ended(const struct peer *p, struct err *err)
{
	return err_set_code(err, p->fault == FAULT_INFRA ? "box.died" : "assignment.peer", p->fault,
			    0, "peer '%s' ended before the test began: %s", p->spec->name,
			    p->words);
}

static bool is_ready(const struct peer *p)
{
	const int listen = p->spec->listen;
	const pid_t init = p->cell.box.init_pid;
	return listen == PEER_LISTEN_NONE || listening(init, listen) ||
	       (listen == PEER_LISTEN_ANY && talking(init, RULES_PEERS));
}

static int wait_ready(const struct attempt *a, struct peers *all, struct peer *p, struct err *err)
{
	const struct host *h = &a->session->host;
	const bool any = p->spec->listen == PEER_LISTEN_ANY;
	const int64_t since = clock_mono_ns();
	const int64_t most = (int64_t)((double)(any ? GUESS_NS : READY_NS) * host_patience(h));
	while (!*p->words && !is_ready(p)) {
		struct running *running[WATCHED_MAX];
		if (clock_mono_ns() - since >= most)
			return any ? 0 :
				     err_set_code(err, "assignment.peer", FAULT_ASSIGNMENT, 0,
						  "peer '%s' did not listen on port %d within 10 s",
						  p->spec->name, p->spec->listen);
		steps_watch(running, peers_running(all, running), LOOK_NS);
		for (size_t i = 0; i < all->n; i++)
			if (hear(&all->all[i], err) < 0)
				return -1;
	}
	return *p->words ? ended(p, err) : 0;
}

int peers_start(struct attempt *a, const struct step_spec *test, struct peers *ret, struct err *err)
{
	*ret = (struct peers){ .all = mem_alloc(test->n_peers * sizeof *ret->all),
			       .n = test->n_peers };
	memset(ret->all, 0, ret->n * sizeof *ret->all);
	for (size_t i = 0; i < ret->n; i++)
		ret->all[i].spec = &test->peers[i];
	for (size_t i = 0; i < ret->n; i++)
		if (start_or_blame(a, test, &ret->all[i], (int)i + 1, err) < 0)
			return -1;
	for (size_t i = 0; i < ret->n; i++)
		if (wait_ready(a, ret, &ret->all[i], err) < 0)
			return -1;
	return 0;
}

size_t peers_running(const struct peers *p, struct running **to)
{
	size_t n = 0;
	for (size_t i = 0; i < p->n; i++)
		if (p->all[i].running)
			to[n++] = p->all[i].running;
	return n;
}

void peers_note(struct peers *p, char buf[PEERS_NOTE_MAX])
{
	struct running *running[WATCHED_MAX];
	struct err err = { 0 };
	*buf = '\0';
	steps_watch(running, peers_running(p, running), 0);
	for (size_t i = 0; i < p->n && !*buf; i++) {
		struct peer *one = &p->all[i];
		if (hear(one, &err) == 0 && *one->words)
			snprintf(buf, PEERS_NOTE_MAX, "peer '%s' had ended: %s", one->spec->name,
				 one->words);
	}
}

static void end(struct peer *p)
{
	if (p->running)
		step_abandon(p->running);
	cell_close(&p->cell);
	step_facts_done(&p->facts);
	mount_specs_done(p->mounts, p->n_mounts);
	strv_free(p->env);
	strv_free(p->step_env);
	if (p->own_profile)
		profile_done(&p->profile);
}

void peers_end(struct peers *p)
{
	for (size_t i = 0; i < p->n; i++)
		end(&p->all[i]);
	free(p->all);
	*p = (struct peers){ 0 };
}
