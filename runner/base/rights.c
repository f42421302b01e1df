/* rights.c - root, ids and capabilities of this process, checked before anything is made. */
#include "base/rights.h"

#include <fcntl.h>
#include <inttypes.h>
#include <linux/capability.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"

#define MAP_MAX 65536

/* What docker's containers lack comes first. Left out, since boxes start without them: CAP_MKNOD,
 * CAP_NET_RAW, CAP_SETFCAP, CAP_FSETID, CAP_SYS_RESOURCE and all that docker does not give. */
static const struct {
	int number;
	const char *name;
} needed[] = {
	{ CAP_SYS_ADMIN, "SYS_ADMIN" }, /* mounts, namespaces */
	{ CAP_NET_ADMIN, "NET_ADMIN" }, /* lo of a box, its card */
	{ CAP_CHOWN, "CHOWN" },         /* files of a submission belong to its box */
	{ CAP_DAC_OVERRIDE, "DAC_OVERRIDE" },
	{ CAP_FOWNER, "FOWNER" },
	{ CAP_KILL, "KILL" }, /* unpacking has a uid of its own */
	{ CAP_SETGID, "SETGID" },
	{ CAP_SETUID, "SETUID" },
	{ CAP_SETPCAP, "SETPCAP" }, /* to give up all capabilities before unpacking */
	{ CAP_SYS_CHROOT, "SYS_CHROOT" },
};
#define N_NEEDED (sizeof needed / sizeof *needed)

int rights_root(const char *why, struct err *err)
{
	if (geteuid() == 0)
		return 0;
	return err_set_code(err, "host.not_root", FAULT_INFRA, 0,
			    "must be root: %s; run it with sudo", why);
}

int rights_map_has(const char *map, uint32_t first, uint64_t count)
{
	/* Lines "INSIDE OUTSIDE COUNT". */
	for (const char *line = map; line && *line; line = strchr(line, '\n')) {
		uint64_t inside, outside, n;
		line += *line == '\n';
		if (sscanf(line, "%" SCNu64 " %" SCNu64 " %" SCNu64, &inside, &outside, &n) == 3 &&
		    inside <= first && first + count <= inside + n)
			return 1;
	}
	return 0;
}

/* Without /proc nothing is known, and what follows will say so. */
static bool has_ids(const char *file, uint32_t first, uint64_t count)
{
	AUTO_BUF map = { 0 };
	return file_read(AT_FDCWD, file, &map, MAP_MAX) < 0 || !map.data ||
	       rights_map_has(map.data, first, count);
}

int rights_ids(const char *why, uint32_t first, uint64_t count, struct err *err)
{
	if (rights_root(why, err) < 0)
		return -1;
	if (has_ids("/proc/self/uid_map", first, count) &&
	    has_ids("/proc/self/gid_map", first, count))
		return 0;
	return err_set_code(
		err, "host.user_namespace", FAULT_INFRA, 0,
		"this is root of a user namespace without the ids of boxes (from %" PRIu32
		" on): run it as root of the host (docker without userns-remap, podman as "
		"root)",
		first);
}

int rights_missing(uint64_t held, char *buf, size_t size)
{
	size_t len = 0;
	int total = 0, seen = 0;
	for (size_t i = 0; i < N_NEEDED; i++)
		total += !(held >> needed[i].number & 1);
	buf[0] = '\0';
	for (size_t i = 0; i < N_NEEDED && len < size; i++) {
		if (held >> needed[i].number & 1)
			continue;
		const char *between = seen == 0 ? "" : seen + 1 == total ? " and " : ", ";
		len += (size_t)snprintf(buf + len, size - len, "%sCAP_%s", between, needed[i].name);
		seen++;
	}
	return total;
}

static uint64_t held_now(void)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { { 0 } };
	if (syscall(SYS_capget, &head, data) < 0)
		return ~UINT64_C(0); /* refused: what needs one will say so */
	return (uint64_t)data[1].effective << 32 | data[0].effective;
}

/* "--cap-add SYS_ADMIN --cap-add NET_ADMIN" */
static void docker_options(uint64_t held, char *buf, size_t size)
{
	size_t len = 0;
	buf[0] = '\0';
	for (size_t i = 0; i < N_NEEDED && len < size; i++)
		if (!(held >> needed[i].number & 1))
			len += (size_t)snprintf(buf + len, size - len, "%s--cap-add %s",
						len ? " " : "", needed[i].name);
}

static int lacking(const char *names, const char *options, struct err *err)
{
	return err_set_code(
		err, "host.capabilities", FAULT_INFRA, 0,
		"needs %s, which root lacks here; in docker add %s, or --privileged (README, "
		"\"In a CI job\")",
		names, options);
}

int rights_boxes(uint32_t first, uint64_t count, struct err *err)
{
	char names[256], options[256];
	const uint64_t held = held_now();
	if (rights_ids("boxes need namespaces, mounts and cgroups of the host", first, count, err) <
	    0)
		return -1;
	if (rights_missing(held, names, sizeof names) == 0)
		return 0;
	docker_options(held, options, sizeof options);
	return lacking(names, options, err);
}

int rights_trace(struct err *err)
{
	if (geteuid() != 0 || held_now() >> CAP_SYS_PTRACE & 1)
		return 0;
	return lacking("CAP_SYS_PTRACE", "--cap-add SYS_PTRACE", err);
}
