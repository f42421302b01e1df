/* cgroup_limited.c - tells a group that somebody set limits on from a new one. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/mem.h"
#include "container/cgroup.h"

#define TEXT_MAX 16384

/* What a new group has. A file that this kernel or version lacks is passed over. */
static const struct {
	const char *file, *value;
} defaults[] = {
	{ "memory.limit_in_bytes", "9223372036854771712" },
	{ "memory.memsw.limit_in_bytes", "9223372036854771712" },
	{ "memory.soft_limit_in_bytes", "9223372036854771712" },
	{ CGROUP_SOCKETS, "9223372036854771712" },
	{ "cpu.shares", "1024" },
	{ "cpu.cfs_quota_us", "-1" },
	{ "cpu.idle", "0" },
	{ "freezer.state", "THAWED" },
	{ "blkio.throttle.read_bps_device", "" },
	{ "blkio.throttle.write_bps_device", "" },
	{ "blkio.throttle.read_iops_device", "" },
	{ "blkio.throttle.write_iops_device", "" },
	{ "devices.list", "a *:* rwm" },
	{ "blkio.bfq.weight", "100" },
	{ "net_cls.classid", "0" },
	{ "pids.max", "max" },
	{ "memory.max", "max" },
	{ "memory.high", "max" },
	{ "memory.low", "0" },
	{ "memory.min", "0" },
	{ "memory.swap.max", "max" },
	{ "memory.swap.high", "max" },
	{ "memory.oom.group", "0" },
	{ "cpu.max", "max 100000" },
	{ "cpu.weight", "100" },
	{ "cpuset.cpus", "" },
	{ "cpuset.mems", "" },
	{ "io.max", "" },
	{ "io.weight", "default 100" },
	{ "cgroup.freeze", "0" },
	{ "cgroup.max.depth", "max" },
	{ "cgroup.max.descendants", "max" },
};

/* A new group of version 1 has the devices of its parent. It is of no use before it has processors and
 * memory nodes, so an engine gives it those of its parent, too. */
static bool is_inherited(int dirfd, const char *file, const char *value)
{
	AUTO_FREE char *above = mem_printf("../%s", file);
	AUTO_BUF text = { 0 };
	if (strncmp(file, "cpuset.", 7) != 0 && strncmp(file, "devices.", 8) != 0)
		return false;
	return file_read(dirfd, above, &text, TEXT_MAX) == 0 && text.data &&
	       strncmp(text.data, value, strlen(value)) == 0;
}

/* What cgroup_seat.c and cgroup_keep_sockets() give to the parent of all boxes. */
static bool is_ours(const struct cgroup_host *h, const char *file, const char *value)
{
	if (strcmp(file, CGROUP_SOCKETS) == 0)
		return strtoll(value, NULL, 10) == CGROUP_SOCKETS_KEPT;
	const int64_t ordinary = strcmp(file, "cpu.shares") == 0 ? CGROUP_SHARES :
				 strcmp(file, "cpu.weight") == 0 ? 100 :
								   0;
	return ordinary > 0 && strtoll(value, NULL, 10) == ordinary * h->weight;
}

bool cgroup_limited(const struct cgroup_host *h, int dirfd)
{
	for (size_t i = 0; i < sizeof defaults / sizeof *defaults; i++) {
		AUTO_BUF text = { 0 };
		if (file_read(dirfd, defaults[i].file, &text, TEXT_MAX) < 0)
			continue;
		if (text.data)
			text.data[strcspn(text.data, "\n")] = '\0';
		const char *value = text.data ? text.data : "";
		if (strcmp(value, defaults[i].value) != 0 &&
		    !is_inherited(dirfd, defaults[i].file, value) &&
		    !is_ours(h, defaults[i].file, value))
			return true;
	}
	return false;
}
