/* nft.c - a thin layer over libnftables: texts in, JSON and errors out. */
#include "network/nft.h"

#include <errno.h>
#include <linux/netlink.h>
#include <nftables/libnftables.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "base/json.h"

int nft_open(struct nft_ctx **ret, struct err *err)
{
	/* Without it the library would end the program. */
	AUTO_FD int probe = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);
	struct nft_ctx *nft = probe < 0 ? NULL : nft_ctx_new(NFT_CTX_DEFAULT);
	if (!nft)
		return err_set(err, FAULT_INFRA, probe < 0 ? errno : 0, "cannot reach the kernel's "
			       "packet filter (nf_tables), which a network card needs");
	nft_ctx_buffer_output(nft);
	nft_ctx_buffer_error(nft);
	*ret = nft;
	return 0;
}

void nft_close(struct nft_ctx **nft)
{
	if (*nft)
		nft_ctx_free(*nft);
	*nft = NULL;
}

/* The first line says what, the next ones show the text again. */
static int trouble(struct nft_ctx *nft, const char *what, struct err *err)
{
	char line[240];
	const char *said = nft_ctx_get_error_buffer(nft);
	const char *word = strstr(said, "Error: ");
	word = word ? word + strlen("Error: ") : said;
	err_escape(line, sizeof line, word, strcspn(word, "\n"));
	return err_set(err, FAULT_INFRA, 0, "cannot %s: %s; nf_tables, conntrack and their modules "
		       "are needed for a network card", what, line);
}

int nft_do(struct nft_ctx *nft, const char *text, const char *what, struct err *err)
{
	int bad = nft_run_cmd_from_buffer(nft, text) != 0;
	if (bad)
		trouble(nft, what, err);
	/* Reading a buffer empties it for the next command. */
	nft_ctx_get_output_buffer(nft);
	nft_ctx_get_error_buffer(nft);
	return bad ? -1 : 0;
}

int nft_ask(struct nft_ctx *nft, const char *text, struct json_object **ret, struct err *err)
{
	AUTO_JSON *all = NULL;
	struct json_object *list = NULL;
	nft_ctx_output_set_flags(nft, NFT_CTX_OUTPUT_JSON);
	int bad = nft_run_cmd_from_buffer(nft, text) != 0;
	nft_ctx_output_set_flags(nft, 0);
	if (bad)
		return trouble(nft, "read the rules of a card", err);
	const char *said = nft_ctx_get_output_buffer(nft);
	nft_ctx_get_error_buffer(nft);
	if (json_parse("nftables", said, strlen(said), &all, NULL) < 0 ||
	    !json_object_object_get_ex(all, "nftables", &list) ||
	    !json_object_is_type(list, json_type_array))
		return err_set(err, FAULT_INFRA, 0, "cannot read the rules of a card: libnftables "
			       "gave no JSON; was it built without?");
	*ret = json_object_get(list);
	return 0;
}
