/* netns.c - makes the network namespace of a box: lo alone, and nothing that outlives a test. */
#include "network/netns.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"

static int lo_up(void)
{
	AUTO_FD int sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq req = { .ifr_flags = IFF_UP | IFF_LOOPBACK | IFF_RUNNING };
	strcpy(req.ifr_name, "lo");
	return sock < 0 ? -1 : ioctl(sock, SIOCSIFFLAGS, &req);
}

static int fill(const char *path, netns_inside_fn *inside, void *ctx, struct err *err)
{
	if (lo_up() < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot bring up the loopback of a box");
	/* A port in TIME_WAIT would outlive the test that used it, and fail the next test's bind().
	 * Kernels that keep the value for the whole host show no such file here: no harm. */
	file_write(AT_FDCWD, "/proc/sys/net/ipv4/tcp_max_tw_buckets", "0");
	if (inside && inside(ctx, err) < 0)
		return -1;
	if (mount("/proc/self/ns/net", path, NULL, MS_BIND, NULL) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot keep the network namespace '%s'",
			       path);
	return 0;
}

int netns_make(const char *path, netns_inside_fn *inside, void *ctx, struct err *err)
{
	AUTO_FD int own = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	AUTO_FD int file = open(path, O_RDONLY | O_CREAT | O_CLOEXEC, 0600);
	if (own < 0 || file < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot make '%s'", path);
	if (unshare(CLONE_NEWNET) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot make a network namespace");
	int bad = fill(path, inside, ctx, err);
	if (setns(own, CLONE_NEWNET) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot return to the host's network");
	return bad;
}
