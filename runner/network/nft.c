/*
 * nft.c - a thin layer over libnftables: texts in, JSON and errors out.
 *
 * The library is loaded when a card is wanted: with the six that it brings it would cost every start
 * of the program, and of its children that read archives, a millisecond.
 */
#include "network/nft.h"

#include <dlfcn.h>
#include <errno.h>
#include <linux/netlink.h>
#include <nftables/libnftables.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/mem.h"

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
	struct nft_ctx *ctx;
};

static int find(void *handle, const char *name, void *ret_function, struct err *err)
{
	void *found = dlsym(handle, name);
	if (!found)
		return err_set(err, FAULT_INFRA, 0, "cannot use the library '" LIBRARY "': it has no "
			       "'%s'", name);
	memcpy(ret_function, &found, sizeof found);
	return 0;
}

/* Opened once a process, however often it is asked for, and never closed. */
static int load(struct library *lib, struct err *err)
{
	void *handle = dlopen(LIBRARY, RTLD_NOW | RTLD_NODELETE);
	if (!handle)
		return err_set(err, FAULT_INFRA, 0, "cannot load the library '" LIBRARY "', which a "
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

int nft_open(struct nft **ret, struct err *err)
{
	/* Without it the library would end the program. */
	AUTO_FD int probe = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);
	struct library lib;
	if (probe < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot reach the kernel's packet filter "
			       "(nf_tables), which a network card needs");
	if (load(&lib, err) < 0)
		return -1;
	struct nft *nft = mem_alloc(sizeof *nft);
	nft->lib = lib;
	nft->ctx = mem_check(lib.ctx_new(NFT_CTX_DEFAULT));
	lib.buffer_output(nft->ctx);
	lib.buffer_error(nft->ctx);
	*ret = nft;
	return 0;
}

void nft_close(struct nft **nft)
{
	if (*nft)
		(*nft)->lib.ctx_free((*nft)->ctx);
	free(*nft);
	*nft = NULL;
}

/* The first line says what, the next ones show the text again. */
static int trouble(struct nft *nft, const char *what, struct err *err)
{
	char line[240];
	const char *said = nft->lib.error(nft->ctx);
	const char *word = strstr(said, "Error: ");
	word = word ? word + strlen("Error: ") : said;
	err_escape(line, sizeof line, word, strcspn(word, "\n"));
	return err_set(err, FAULT_INFRA, 0, "cannot %s: %s; nf_tables, conntrack and their modules "
		       "are needed for a network card", what, line);
}

int nft_do(struct nft *nft, const char *text, const char *what, struct err *err)
{
	int bad = nft->lib.run(nft->ctx, text) != 0;
	if (bad)
		trouble(nft, what, err);
	/* Reading a buffer empties it for the next command. */
	nft->lib.output(nft->ctx);
	nft->lib.error(nft->ctx);
	return bad ? -1 : 0;
}

int nft_ask(struct nft *nft, const char *text, struct json_object **ret, struct err *err)
{
	AUTO_JSON *all = NULL;
	struct json_object *list = NULL;
	nft->lib.set_flags(nft->ctx, NFT_CTX_OUTPUT_JSON);
	int bad = nft->lib.run(nft->ctx, text) != 0;
	nft->lib.set_flags(nft->ctx, 0);
	if (bad)
		return trouble(nft, "read the rules of a card", err);
	const char *said = nft->lib.output(nft->ctx);
	nft->lib.error(nft->ctx);
	if (json_parse("nftables", said, strlen(said), &all, NULL) < 0 ||
	    !json_object_object_get_ex(all, "nftables", &list) ||
	    !json_object_is_type(list, json_type_array))
		return err_set(err, FAULT_INFRA, 0, "cannot read the rules of a card: libnftables "
			       "gave no JSON; was it built without?");
	*ret = json_object_get(list);
	return 0;
}
