/* nft.h - rules of the kernel's packet filter, written and read in process. */
#ifndef MOULETTE_NETWORK_NFT_H
#define MOULETTE_NETWORK_NFT_H

#include <json-c/json.h>

#include "base/err.h"

#define NFT_ANSWER_MS 30000 /* the library is waited for as long; then it is taken to hang */

struct nft;

/** nft_open() - a way to the rules of the network namespace that we are in now; it stays with that
 *  one wherever we go. Its child process is started here, and again after it has ended. FAULT_INFRA. */
int nft_open(struct nft **ret, struct err *err);
void nft_close(struct nft **nft);
/** nft_do() - commands in nft's own language, all or none of them; @what for messages: "cannot
 *  @what". FAULT_INFRA. */
int nft_do(struct nft *nft, const char *text, const char *what, struct err *err);
/** nft_do_here() - the same in the network namespace that we are in now, by the child that @nft has
 *  already: a fork would cost more than the rules. FAULT_INFRA. */
int nft_do_here(struct nft *nft, const char *text, const char *what, struct err *err);
/** nft_ask() - what commands list, as libnftables-json(5) has it: the array "nftables". */
int nft_ask(struct nft *nft, const char *text, struct json_object **ret, struct err *err);

#endif
