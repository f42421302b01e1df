/* health_settings.c - settings of the host that weaken a box, and known holes of its engine. */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/mem.h"
#include "container/health.h"

/* Return: false: this kernel has no such file. */
static bool number(const char *root, const char *file, int64_t *ret)
{
	AUTO_FREE char *path = mem_printf("%s/%s", root, file);
	return file_read_i64(AT_FDCWD, path, ret) == 0;
}

/* Both walk only in folders that others can write to, as /tmp. */
static void look_at_links(struct health *h, const char *root)
{
	int64_t symlinks = 1, hardlinks = 1;
	number(root, "proc/sys/fs/protected_symlinks", &symlinks);
	number(root, "proc/sys/fs/protected_hardlinks", &hardlinks);
	if (symlinks && hardlinks)
		health_add(h, FINDING_OK, "links", "links of other users in /tmp are not followed");
	else
		health_add(h, FINDING_WARNING, "links",
			   "root follows links that other users make in /tmp, also to "
			   "submissions and results; sysctl%s%s",
			   symlinks ? "" : " fs.protected_symlinks=1",
			   hardlinks ? "" : " fs.protected_hardlinks=1");
}

/* Source: Documentation/admin-guide/mm/ksm.rst. */
static void look_at_merging(struct health *h, const char *root)
{
	int64_t run = 0;
	number(root, "sys/kernel/mm/ksm/run", &run);
	if (run == 1)
		health_add(h, FINDING_WARNING, "equal pages",
			   "the kernel merges them, so a program can learn from the time of a "
			   "write what others have in memory; echo 2 >/sys/kernel/mm/ksm/run");
	else
		health_add(h, FINDING_OK, "equal pages", "are not merged");
}

/* Pages of the pools are reserved, and no limit of memory counts them; the controller hugetlb would. */
static void look_at_huge_pages(struct health *h, const char *root)
{
	int64_t pages = 0, more = 0;
	number(root, "proc/sys/vm/nr_hugepages", &pages);
	number(root, "proc/sys/vm/nr_overcommit_hugepages", &more);
	if (pages > 0 || more > 0)
		health_add(h, FINDING_WARNING, "huge pages",
			   "a pool of %" PRId64 " is reserved, and no limit of "
			   "memory counts what a program takes of it; sysctl vm.nr_hugepages=0 "
			   "vm.nr_overcommit_hugepages=0",
			   pages + more);
	else
		health_add(h, FINDING_OK, "huge pages", "none are reserved");
}

/* Compiled filters of all processes share one sum. A hundred processes with a filter of a box each stay
 * below this. */
#define FILTERS_MIN (INT64_C(16) << 20)

/* Source: Documentation/admin-guide/sysctl/net.rst; bpf_jit_harden 1: for who has no rights. */
static void look_at_filters(struct health *h, const char *root)
{
	int64_t limit = INT64_MAX, enable = 0, harden = 1;
	number(root, "proc/sys/net/core/bpf_jit_limit", &limit);
	number(root, "proc/sys/net/core/bpf_jit_enable", &enable);
	number(root, "proc/sys/net/core/bpf_jit_harden", &harden);
	if (enable && limit < FILTERS_MIN)
		health_add(h, FINDING_WARNING, "filters",
			   "all compiled filters of the host together may have "
			   "%" PRId64
			   " bytes, and boxes that begin when they are used up are slower; sysctl "
			   "net.core.bpf_jit_limit=%" PRId64,
			   limit, 4 * FILTERS_MIN);
	else if (enable && !harden)
		health_add(h, FINDING_WARNING, "filters",
			   "constants of a filter are compiled as they are, which "
			   "helps who attacks the kernel; sysctl net.core.bpf_jit_harden=1");
	else
		health_add(h, FINDING_OK, "filters",
			   "there is space for compiled filters, and their constants are "
			   "hidden");
}

void health_settings(struct health *h, const char *root)
{
	look_at_links(h, root);
	look_at_merging(h, root);
	look_at_huge_pages(h, root);
	look_at_filters(h, root);
}

/* --- known holes of the engine -------------------------------------------------------------- */

/* Those of which a box can be the way in. @below: the version that mends it, by branch; a branch without a
 * version of its own is mended where the next one is. Sources: the advisories of github.com/opencontainers/runc
 * and github.com/containers/crun. */
struct hole {
	const char *engine, *name;
	struct version {
		int v[3];
	} mended[4];
};

static const struct hole holes[] = {
	{ "runc", "CVE-2019-5736", { { { 1, 0, 0 } } } },
	{ "runc", "CVE-2024-21626", { { { 1, 1, 12 } } } },
	{ "runc",
	  "CVE-2025-31133, CVE-2025-52565, CVE-2025-52881",
	  { { { 1, 2, 8 } }, { { 1, 3, 3 } }, { { 1, 4, 0 } } } },
	{ "crun", "CVE-2022-27650", { { { 1, 4, 4 } } } },
	{ "crun", "CVE-2025-24965", { { { 1, 20, 0 } } } },
};

static int compare(const int a[3], const int b[3])
{
	for (int i = 0; i < 3; i++)
		if (a[i] != b[i])
			return a[i] < b[i] ? -1 : 1;
	return 0;
}

static bool has_hole(const struct hole *hole, const int version[3])
{
	const struct version *last = NULL;
	for (size_t i = 0; i < sizeof hole->mended / sizeof *hole->mended && hole->mended[i].v[0];
	     i++) {
		last = &hole->mended[i];
		if (last->v[0] == version[0] && last->v[1] == version[1])
			return compare(version, last->v) < 0;
	}
	return last && compare(version, last->v) < 0;
}

void health_holes(struct health *h, const char *engine, const char *version)
{
	int v[3] = { 0, 0, 0 };
	char names[256] = "";
	if (sscanf(version, "%d.%d.%d", &v[0], &v[1], &v[2]) < 2)
		return;
	for (size_t i = 0; i < sizeof holes / sizeof *holes; i++)
		if (strcmp(holes[i].engine, engine) == 0 && has_hole(&holes[i], v)) {
			const size_t len = strlen(names);
			snprintf(names + len, sizeof names - len, "%s%s", len ? ", " : "",
				 holes[i].name);
		}
	if (*names)
		health_add(
			h, FINDING_WARNING, "engine",
			"%s %s as its project released it has %s; a distribution "
			"may have mended it under this number: look into its changelog, or install a newer "
			"%s",
			engine, version, names, engine);
}
