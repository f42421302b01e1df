/* party.c - a process for each peer of a test, which runs it in a box as the runner runs a step.
 *
 * The process is a fork of ours, with a slot, a room and a card of its own. A socket joins it to us:
 * it tells that its program was started, or that it ended and how; when our end closes, whether the
 * test is over or we were killed, it ends its box and itself.
 */
#include "pipeline/party.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/kernel_calls.h"
#include "base/mem.h"
#include "base/process.h"
#include "network/rules.h"
#include "pipeline/attempt_box.h"
#include "pipeline/attempt_card.h"
#include "pipeline/attempt_run.h"
#include "pipeline/listening.h"
#include "result/verdict.h"

#define START_NS (30 * NSEC_PER_SEC)
#define READY_NS (10 * NSEC_PER_SEC) /* "listen": PORT */
#define GUESS_NS (5 * NSEC_PER_SEC)  /* nothing was said: it may be one that only waits */
#define END_MS 30000
#define LOOK_MS 2
#define WALL_NS (24 * 3600 * NSEC_PER_SEC) /* it ends with the test */
#define LAST_WORDS 120

struct message {
	enum { MESSAGE_STARTED, MESSAGE_ENDED } type;
	pid_t init;       /* STARTED: PID 1 of its box */
	enum fault fault; /* ENDED: whose it is that it did */
	char words[400];
};

struct party_member {
	const struct peer_spec *spec;
	int socket; /* -1: closed */
	pid_t pid;  /* of its process; 0: none */
	pid_t init;
	bool ended;
	struct message last;
};

/* --- in the peer's process ---------------------------------------------------------------- */

struct tail {
	char text[LAST_WORDS];
	size_t len;
};

/* The end of what it says on stderr: a server that fails tells why. */
static int sink_tail(void *ctx, int stream, const void *data, size_t len)
{
	struct tail *t = ctx;
	if (stream != FRAMELOG_STDERR)
		return 0;
	const size_t room = sizeof t->text, fresh = len < room ? len : room;
	const size_t kept = t->len < room - fresh ? t->len : room - fresh;
	memmove(t->text, t->text + t->len - kept, kept);
	memcpy(t->text + kept, (const char *)data + len - fresh, fresh);
	t->len = kept + fresh;
	return 0;
}

static void last_line(const struct tail *t, char *buf, size_t size)
{
	size_t end = t->len;
	while (end > 0 && (t->text[end - 1] == '\n' || t->text[end - 1] == ' '))
		end--;
	size_t begin = end;
	while (begin > 0 && t->text[begin - 1] != '\n')
		begin--;
	err_escape(buf, size, t->text + begin, end - begin);
}

static void tell(int socket, const struct message *m)
{
	/* Nobody may be there any more. */
	(void)!send(socket, m, sizeof *m, MSG_NOSIGNAL);
}

/* What a peer is given instead of an assignment: one command, and files. Not to be freed: some of it
 * is the test's own, and the process ends with it. */
static void describe(const struct attempt *test_box, const struct step_spec *test,
		     const struct peer_spec *peer, struct assignment *ret)
{
	const struct assignment *whole = attempt_assignment(test_box);
	const struct network *net = attempt_network(test_box, test);
	struct assignment a = { .has_build = true, .name = mem_strdup(peer->name),
				.home_in_work = whole->home_in_work };
	struct plan one = { .n = 0 };
	struct step_spec *s = plan_add(&one, STEP_COMMAND, peer->name);
	limits_init(&a.limits);
	s->argv = strv_dup(peer->argv);
	s->env = strv_dup(peer->env);
	s->compare = COMPARE_NONE;
	s->limits = peer->limits;
	if (s->limits.v[LIMIT_WALL] == LIMIT_UNSET)
		s->limits.v[LIMIT_WALL] = WALL_NS;
	a.tests = one.steps;
	a.n_tests = one.n;
	if (net)
		network_copy(&a.network, net);
	a.files = mem_alloc((peer->n_files + whole->n_files) * sizeof *a.files);
	for (size_t i = 0; i < whole->n_files; i++)
		if (whole->files[i].to[0] == '/')
			a.files[a.n_files++] = whole->files[i];
	for (size_t i = 0; i < peer->n_files; i++)
		a.files[a.n_files++] = peer->files[i];
	*ret = a;
}

/* This process's own copies of what a session shares: sockets of netlink cannot be used by two. */
static int take_place(struct session *s, const struct peer_spec *peer, int member,
		      struct assignment *asked, struct err *err)
{
	AUTO_FREE char *name = mem_printf("peer%d", member);
	struct room own;
	s->opt.n_mounts = 0;
	s->opt.env = NULL;
	s->opt.assignment = asked;
	if (room_within(&s->room, name, &own, err) < 0 ||
	    network_host_open(s->opt.places, &s->net, err) < 0)
		return -1;
	s->room = own;
	if (peer->profile && profile_load_kept(peer->profile, s->opt.places->profiles,
						s->opt.places->run, &s->profile, err) < 0)
		return -1;
	if (!peer->profile || s->profile.network.kind != NETWORK_CARD)
		return 0;
	network_copy(&asked->network, &s->profile.network);
	return network_host_check(&s->net, &asked->network, err);
}

static void say_end(const struct attempt *a, struct step_facts *facts, const struct tail *tail,
		    struct message *m)
{
	struct comparison none = { .done = false };
	struct step_result res = { .kind = STEP_COMMAND, .limits = a->plan.steps[0].limits,
				   .facts = *facts };
	char words[LAST_WORDS + 1];
	verdict_step(&a->plan.steps[0], &none, &res);
	last_line(tail, words, sizeof words);
	m->fault = res.fault == FAULT_INFRA ? FAULT_INFRA : FAULT_ASSIGNMENT;
	snprintf(m->words, sizeof m->words, "%s%s%s",
		 res.message[0] ? res.message : "ended with status 0", *words ? ": " : "", words);
}

static int run(struct attempt *a, int socket, struct message *end, struct err *err)
{
	struct tail tail = { .len = 0 };
	struct step_facts facts;
	const struct message started = { .type = MESSAGE_STARTED, .init = a->box.init_pid };
	step_facts_init(&facts);
	tell(socket, &started);
	int bad = attempt_run(a, &a->plan.steps[0], -1, false, sink_tail, &tail, &facts, err);
	if (!bad)
		say_end(a, &facts, &tail, end);
	step_facts_done(&facts);
	return bad;
}

/* What the kernel takes for a sign of life of the runner must not live on in us: locks, marks, and
 * the socket whose end tells PID 1 of the test's box to end. */
static void let_go(const struct attempt *test_box)
{
	const struct live *live = test_box->job->live;
	const struct box *b = &test_box->box;
	const int fds[] = { test_box->slot.fd, test_box->slot.group_fd, live->fd, live->control.kill_fd, live->control.end_fd,
			    live->control.stop_fd, test_box->job->session->net.users_fd, b->socket,
			    b->engine_fd, b->words.fd, b->mnt_ns, b->ipc_ns, b->pid_ns };
	for (size_t i = 0; i < sizeof fds / sizeof *fds; i++)
		if (fds[i] >= 0)
			close(fds[i]);
}

static void live_in_process(const struct attempt *test_box, const struct step_spec *test, int member,
			    int socket)
{
	struct session *s = test_box->job->session;
	const struct peer_spec *peer = &test->peers[member - 1];
	struct assignment asked;
	struct err err = { 0 };
	struct message end = { .type = MESSAGE_ENDED };
	struct run_result result;
	/* A mark of nobody: others see the test. */
	struct live live = { .places = s->opt.places, .fd = -1, .control = CONTROL_NONE };
	AUTO_FREE char *party_switch = mem_strdup(s->room.peers);
	struct job job = { .session = s, .live = &live, .result = &result, .party = test,
			   .party_switch = party_switch, .member = member };
	struct attempt a = { .job = &job, .slot = { .fd = -1, .group_fd = -1 } };
	live.control.stop_fd = socket;
	s->alive = NULL;
	let_go(test_box);
	run_result_init(&result);
	memcpy(result.id, test_box->job->result->id, sizeof result.id);
	describe(test_box, test, peer, &asked);
	int bad = take_place(s, peer, member, &asked, &err);
	if (!bad) {
		bad = attempt_begin(&job, &a, &err);
		if (!bad)
			bad = run(&a, socket, &end, &err);
		attempt_end(&a);
		network_host_close(&s->net);
	}
	if (bad) {
		end.fault = err.fault == FAULT_INFRA ? FAULT_INFRA : FAULT_ASSIGNMENT;
		snprintf(end.words, sizeof end.words, "%.399s", err.msg);
	}
	tell(socket, &end);
}

/* --- in ours ------------------------------------------------------------------------------ */

static int start_process(const struct attempt *a, const struct step_spec *test, struct party *p,
			 struct err *err)
{
	struct party_member *m = &p->members[p->n];
	int pair[2];
	*m = (struct party_member){ .spec = &test->peers[p->n], .socket = -1 };
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot make a socket");
	m->pid = fork();
	if (m->pid == 0) {
		/* Ours of the others, too: else they would not see it close. */
		close(pair[0]);
		for (size_t i = 0; i < p->n; i++)
			close(p->members[i].socket);
		live_in_process(a, test, (int)p->n + 1, pair[1]);
		_exit(0);
	}
	close(pair[1]);
	if (m->pid < 0) {
		close(pair[0]);
		return err_set(err, FAULT_INFRA, errno, "cannot start a process for a peer");
	}
	m->socket = pair[0];
	p->n++;
	return 0;
}

/* What a process says, or that it is gone. */
static void hear(struct party_member *m)
{
	struct message said;
	ssize_t n = recv(m->socket, &said, sizeof said, MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n == (ssize_t)sizeof said && said.type == MESSAGE_STARTED) {
		m->init = said.init;
		return;
	}
	m->ended = true;
	m->last = (struct message){ .fault = FAULT_INFRA, .words = "its process died" };
	if (n == (ssize_t)sizeof said)
		m->last = said;
}

static int ended(const struct party_member *m, struct err *err)
{
	return err_set_code(err, m->last.fault == FAULT_INFRA ? "box.died" : "assignment.peer",
			    m->last.fault, 0, "peer '%s' ended before the test began: %s",
			    m->spec->name, m->last.words);
}

static int is_ready(const struct party_member *m, int64_t since, double patience, bool *ret,
		    struct err *err)
{
	const int listen = m->spec->listen;
	int64_t waited = clock_mono_ns() - since;
	int64_t most = (int64_t)((double)(m->init == 0 ? START_NS : listen == PEER_LISTEN_ANY ?
					  GUESS_NS : READY_NS) * patience);
	*ret = m->init != 0 && (listen == PEER_LISTEN_NONE || listening(m->init, listen) ||
				(listen == PEER_LISTEN_ANY && talking(m->init, RULES_PEERS)));
	if (*ret || waited < most)
		return 0;
	if (m->init == 0)
		return err_set(err, FAULT_INFRA, 0, "peer '%s' was not started in time", m->spec->name);
	*ret = listen == PEER_LISTEN_ANY;
	return *ret ? 0 : err_set_code(err, "assignment.peer", FAULT_ASSIGNMENT, 0, "peer '%s' does "
				       "not listen on port %d after 10 s", m->spec->name, listen);
}

static int wait_ready(const struct attempt *a, struct party_member *m, struct err *err)
{
	const struct session *s = a->job->session;
	const double patience = session_patience(s);
	int64_t since = clock_mono_ns();
	bool ready = false;
	while (!ready) {
		struct pollfd fds[] = { { .fd = m->socket, .events = POLLIN },
					{ .fd = a->job->live->control.stop_fd, .events = POLLIN } };
		bool was_started = m->init != 0;
		alive_for(s->alive, 0);
		poll(fds, 2, LOOK_MS);
		if (fds[1].revents)
			return err_set_code(err, "interrupted", FAULT_NONE, 0, "interrupted");
		if (fds[0].revents)
			hear(m);
		if (m->ended)
			return ended(m, err);
		if (!was_started && m->init != 0)
			since = clock_mono_ns();
		if (is_ready(m, since, patience, &ready, err) < 0)
			return -1;
	}
	return 0;
}

int party_start(const struct attempt *a, const struct step_spec *test, struct party *ret,
		struct err *err)
{
	*ret = (struct party){ .members = mem_alloc(test->n_peers * sizeof *ret->members),
			       .alive = a->job->session->alive };
	for (size_t i = 0; i < test->n_peers; i++)
		if (start_process(a, test, ret, err) < 0)
			return -1;
	for (size_t i = 0; i < ret->n; i++)
		if (wait_ready(a, &ret->members[i], err) < 0)
			return -1;
	return 0;
}

void party_note(struct party *p, char *buf, size_t size)
{
	*buf = '\0';
	for (size_t i = 0; i < p->n && !*buf; i++) {
		struct party_member *m = &p->members[i];
		if (!m->ended)
			hear(m);
		if (m->ended)
			snprintf(buf, size, "peer '%s' had ended: %s", m->spec->name, m->last.words);
	}
}

static void end_process(const struct party *p, struct party_member *m)
{
	alive_for(p->alive, END_MS * NSEC_PER_MS);
	if (process_wait_ms(m->pid, END_MS) < 0 && errno == ETIMEDOUT)
		process_end(m->pid);
}

void party_end(struct party *p)
{
	for (size_t i = 0; i < p->n; i++)
		fd_close(&p->members[i].socket);
	for (size_t i = 0; i < p->n; i++)
		end_process(p, &p->members[i]);
	free(p->members);
	*p = (struct party){ 0 };
}
