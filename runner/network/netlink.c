/* netlink.c - netlink calls for which libnl has no function of its own. */
#include "network/netlink.h"

#include <netlink/msg.h>
#include <netlink/netlink.h>

#include "base/mem.h"

int netlink_open(int protocol, struct nl_sock **ret, struct err *err)
{
	struct nl_sock *sock = mem_check(nl_socket_alloc());
	int rc = nl_connect(sock, protocol);
	if (rc < 0) {
		nl_socket_free(sock);
		return err_set(err, FAULT_INFRA, 0, "cannot open a netlink socket: %s",
			       nl_geterror(rc));
	}
	*ret = sock;
	return 0;
}

void netlink_close(struct nl_sock **sock)
{
	if (*sock)
		nl_socket_free(*sock);
	*sock = NULL;
}

int netlink_ask(struct nl_sock *sock, struct nl_msg *msg, int (*each)(struct nl_msg *, void *),
		void *ctx)
{
	struct nl_cb *cb = mem_check(nl_cb_alloc(NL_CB_DEFAULT));
	const int dump = nlmsg_hdr(msg)->nlmsg_flags & NLM_F_DUMP;
	nl_cb_set(cb, NL_CB_VALID, NL_CB_CUSTOM, each, ctx);
	int rc = nl_send_auto(sock, msg);
	if (rc >= 0)
		rc = nl_recvmsgs(sock, cb);
	/* The end of a list says so itself. */
	if (rc >= 0 && !dump)
		rc = nl_wait_for_ack(sock);
	nl_cb_put(cb);
	nlmsg_free(msg);
	return rc;
}
