/*
 * nft.c - a thin layer over libnftables: texts in, JSON and errors out.
 *
 * The library ends its process when an answer of the kernel fails (libnftnl and libnftables call exit(),
 * as on ENOBUFS), and a status of 1 would mean "graded". So it is called in a child, one for each way to
 * the rules, whose end without an answer is an error like any other; the next command starts another.
 * The child is a fork, for which the library is loaded once, before; it ends with its socket. A session
 * has one, which enters the network namespace of each box for the rules of its card.
 *
 * The library is loaded when a card is wanted: with the six that it brings it would cost every start
 * of the program, and of its children that read archives, a millisecond.
 */
#include "network/nft.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <nftables/libnftables.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/json.h"
#include "base/mem.h"
#include "child/child.h"
#include "child/process.h"

#define LIBRARY "libnftables.so.1"

/* What is used of it, by the types of its header. */
struct library {
	__typeof__(nft_ctx_new) *ctx_new;
	__typeof__(nft_ctx_free) *ctx_free;
	__typeof__(nft_ctx_buffer_output) *buffer_output;
	__typeof__(nft_ctx_buffer_error) *buffer_error;
	__typeof__(nft_ctx_get_output_buffer) *output;
	__typeof__(nft_ctx_get_error_buffer) *error;
	__typeof__(nft_ctx_output_set_flags) *set_flags;
	__typeof__(nft_run_cmd_from_buffer) *run;
};

struct nft {
	struct library lib;
	int home;    /* the network namespace in which it was opened */
	pid_t child; /* 0: it has ended */
	int sock;
};

enum { CHILD_SOCKET = 3, CHILD_HOME }; /* behind its stdio */
#define NAMESPACE "/proc/self/ns/net"
#define TEXT_MAX (64u << 20)

/* What stands before a text: of a request whether JSON is wanted, of an answer whether it failed. With that
 * of a request may come a descriptor: the network namespace for it. */
struct head {
	uint32_t len;
	uint32_t flag;
};

static int find(void *handle, const char *name, void *ret_function, struct err *err)
{
	void *found = dlsym(handle, name);
	if (!found)
		return err_set(err, FAULT_INFRA, 0,
			       "cannot use the library '" LIBRARY "': it has no "
			       "'%s'",
			       name);
	memcpy(ret_function, &found, sizeof found);
	return 0;
}

/* Opened once a process, however often it is asked for, and never closed. */
static int load(struct library *lib, struct err *err)
{
	void *handle = dlopen(LIBRARY, RTLD_NOW | RTLD_NODELETE);
	if (!handle)
		return err_set(err, FAULT_INFRA, 0,
			       "cannot load the library '" LIBRARY "', which a "
			       "network card needs; install libnftables1");
	int bad = find(handle, "nft_ctx_new", &lib->ctx_new, err) < 0 ||
		  find(handle, "nft_ctx_free", &lib->ctx_free, err) < 0 ||
		  find(handle, "nft_ctx_buffer_output", &lib->buffer_output, err) < 0 ||
		  find(handle, "nft_ctx_buffer_error", &lib->buffer_error, err) < 0 ||
		  find(handle, "nft_ctx_get_output_buffer", &lib->output, err) < 0 ||
		  find(handle, "nft_ctx_get_error_buffer", &lib->error, err) < 0 ||
		  find(handle, "nft_ctx_output_set_flags", &lib->set_flags, err) < 0 ||
		  find(handle, "nft_run_cmd_from_buffer", &lib->run, err) < 0;
	dlclose(handle); /* stays all the same */
	return bad ? -1 : 0;
}

/* Return: 0, or -1 at the end of the stream or with an error. */
static int read_whole(int fd, void *to, size_t len)
{
	for (char *p = to; len > 0;) {
		const ssize_t n = read(fd, p, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

/* @ns: a descriptor to be passed along; -1: none */
static int send_text(int fd, const char *text, bool flag, int ns)
{
	const struct head h = { (uint32_t)strlen(text), flag };
	return fd_send(fd, &h, sizeof h, &ns, ns >= 0) < 0 ? -1 : fd_write_all(fd, text, h.len);
}

/* @text: empty. *ret_ns: a descriptor that came along; -1: none */
static int read_text(int fd, struct buf *text, bool *ret_flag, int *ret_ns)
{
	struct head h;
	int fds[FD_SEND_MAX];
	size_t n = 0;
	const ssize_t got = fd_recv(fd, &h, sizeof h, fds, &n, NULL, 0);
	*ret_ns = n > 0 ? fds[0] : -1;
	if (got <= 0 || read_whole(fd, (char *)&h + got, sizeof h - (size_t)got) < 0 ||
	    h.len > TEXT_MAX)
		return -1;
	AUTO_FREE char *bytes = mem_alloc(h.len + 1);
	if (read_whole(fd, bytes, h.len) < 0)
		return -1;
	buf_add(text, bytes, h.len);
	*ret_flag = h.flag;
	return 0;
}

/* --- the child ---------------------------------------------------------------------------- */

static struct nft_ctx *new_context(const struct library *lib)
{
	struct nft_ctx *ctx = lib->ctx_new(NFT_CTX_DEFAULT);
	if (!ctx || lib->buffer_output(ctx) != 0 || lib->buffer_error(ctx) != 0)
		_exit(1);
	return ctx;
}

/* A context keeps to the namespace in which it was made. */
static void answer(const struct library *lib, struct nft_ctx *ctx, const char *text, bool json)
{
	lib->set_flags(ctx, json ? NFT_CTX_OUTPUT_JSON : 0);
	const bool failed = lib->run(ctx, text) != 0;
	/* Reading a buffer empties it for the next command. */
	const char *output = lib->output(ctx), *error = lib->error(ctx);
	if (send_text(CHILD_SOCKET, failed ? error : json ? output : "", failed, -1) < 0)
		_exit(0);
}

static int child_main(void *library)
{
	const struct library *lib = library;
	bool json;
	if (setns(CHILD_HOME, CLONE_NEWNET) < 0)
		return 1;
	struct nft_ctx *own = new_context(lib);
	for (;;) {
		AUTO_BUF text = { 0 };
		AUTO_FD int ns = -1;
		if (read_text(CHILD_SOCKET, &text, &json, &ns) < 0)
			return 0;
		if (ns < 0) {
			answer(lib, own, text.data, json);
			continue;
		}
		if (setns(ns, CLONE_NEWNET) < 0)
			return 1;
		struct nft_ctx *other = new_context(lib);
		answer(lib, other, text.data, json);
		lib->ctx_free(other);
		if (setns(CHILD_HOME, CLONE_NEWNET) < 0)
			return 1;
	}
}

/* --- the parent --------------------------------------------------------------------------- */

static int start(struct nft *nft, struct err *err)
{
	int pair[2];
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot make a socket");
	AUTO_FD int ours = pair[0], theirs = pair[1];
	/* No other descriptor: a copy of one would hold its lock when the parent has let it go. */
	int fds[] = { theirs, nft->home };
	const struct child_spec spec = { .death = SIGKILL,
					 .fds = fds,
					 .n_fds = sizeof fds / sizeof *fds,
					 .first_fd = CHILD_SOCKET,
					 .body = child_main,
					 .ctx = &nft->lib,
					 .failed = 1 };
	const pid_t child = child_start(&spec);
	if (child < 0)
		return err_set(err, FAULT_INFRA, errno,
			       "cannot start a process for the rules of a network card");
	nft->child = child;
	nft->sock = fd_steal(&ours);
	return 0;
}

int nft_open(struct nft **ret, struct err *err)
{
	/* Said here, where the cause is known. */
	AUTO_FD int probe = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);
	AUTO_FD int home = open(NAMESPACE, O_RDONLY | O_CLOEXEC);
	struct nft new = { .sock = -1, .home = home };
	if (probe < 0)
		return err_set(err, FAULT_INFRA, errno,
			       "cannot reach the kernel's packet filter "
			       "(nf_tables), which a network card needs");
	if (home < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot open '" NAMESPACE "'");
	if (load(&new.lib, err) < 0 || start(&new, err) < 0)
		return -1;
	*ret = mem_alloc(sizeof **ret);
	**ret = new;
	fd_steal(&home);
	return 0;
}

static int end_child(struct nft *nft, bool now)
{
	fd_close(&nft->sock);
	if (nft->child == 0)
		return 0;
	const int status = now ? process_end(nft->child) : process_wait(nft->child);
	nft->child = 0;
	return status;
}

void nft_close(struct nft **nft)
{
	/* It does nothing between two calls that could be lost. */
	if (*nft) {
		end_child(*nft, true);
		close((*nft)->home);
	}
	free(*nft);
	*nft = NULL;
}

static int no_answer(struct nft *nft, const char *what, bool late, struct err *err)
{
	const int status = end_child(nft, late);
	if (late)
		return err_set_code(err, "network.failed", FAULT_INFRA, 0,
				    "cannot %s: '" LIBRARY "' does not respond", what);
	if (WIFSIGNALED(status))
		return err_set_code(err, "network.failed", FAULT_INFRA, 0,
				    "cannot %s: '" LIBRARY "' was killed by signal %d", what,
				    WTERMSIG(status));
	return err_set_code(err, "network.failed", FAULT_INFRA, 0,
			    "cannot %s: '" LIBRARY "' ended with status %d, "
			    "as it does when the kernel does not respond",
			    what, WEXITSTATUS(status));
}

/* The first line says what, the next ones show the text again. */
static int trouble(const char *said, const char *what, struct err *err)
{
	char line[240];
	const char *word = strstr(said, "Error: ");
	word = word ? word + strlen("Error: ") : said;
	err_escape(line, sizeof line, word, strcspn(word, "\n"));
	return err_set(err, FAULT_INFRA, 0,
		       "cannot %s: %s; a network card needs the kernel modules of "
		       "nf_tables and conntrack",
		       what, line);
}

/* @said: empty; @ns: as send_text() has it */
static int call(struct nft *nft, const char *text, bool json, int ns, const char *what,
		struct buf *said, struct err *err)
{
	bool failed = false;
	int none = -1;
	if (nft->child == 0 && start(nft, err) < 0)
		return -1;
	struct pollfd p = { .fd = nft->sock, .events = POLLIN };
	int n = send_text(nft->sock, text, json, ns) < 0 ? 1 : 0;
	while (n == 0 && (n = poll(&p, 1, NFT_ANSWER_MS)) < 0 && errno == EINTR)
		n = 0;
	if (n <= 0 || read_text(nft->sock, said, &failed, &none) < 0)
		return no_answer(nft, what, n <= 0, err);
	return failed ? trouble(said->len ? said->data : "no reason was given", what, err) : 0;
}

int nft_do(struct nft *nft, const char *text, const char *what, struct err *err)
{
	AUTO_BUF said = { 0 };
	return call(nft, text, false, -1, what, &said, err);
}

int nft_do_here(struct nft *nft, const char *text, const char *what, struct err *err)
{
	AUTO_BUF said = { 0 };
	AUTO_FD int ns = open(NAMESPACE, O_RDONLY | O_CLOEXEC);
	if (ns < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot open '" NAMESPACE "'");
	return call(nft, text, false, ns, what, &said, err);
}

int nft_ask(struct nft *nft, const char *text, struct json_object **ret, struct err *err)
{
	AUTO_JSON *all = NULL;
	AUTO_BUF said = { 0 };
	struct json_object *list = NULL;
	if (call(nft, text, true, -1, "read the rules of a network card", &said, err) < 0)
		return -1;
	if (said.len == 0 || json_parse_foreign("nftables", said.data, said.len, &all, NULL) < 0 ||
	    !json_object_object_get_ex(all, "nftables", &list) ||
	    !json_object_is_type(list, json_type_array))
		return err_set(err, FAULT_INFRA, 0,
			       "cannot read the rules of a network card: libnftables returned no "
			       "JSON; install one that was built with JSON support");
	*ret = json_object_get(list);
	return 0;
}
