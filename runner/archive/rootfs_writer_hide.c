/* rootfs_writer_hide.c - what a whiteout of a layer takes away from the layers below it. */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>

#include "archive/ceilings.h"
#include "archive/place.h"
#include "archive/rootfs_writer.h"
#include "archive/tally.h"
#include "base/fd.h"

/* A folder by its plain name; a link anywhere on the way makes it another one's. */
static int open_plain(int root, const char *path)
{
	struct open_how how = {
		.flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV,
	};
	return (int)syscall(SYS_openat2, root, *path ? path : ".", &how, sizeof(how));
}

static int cannot_hide(const struct place *p, struct err *err)
{
	/* Nothing there, or reached by a link only: then there is nothing of that name to hide. */
	if (errno == ENOENT || errno == ENOTDIR || errno == ELOOP || errno == EXDEV)
		return 0;
	return err_set(err, FAULT_INFRA, errno, "cannot hide '%s'", path_tail(p->path));
}

int rootfs_writer_hide(struct writer *w, const char *path, bool content, struct err *err)
{
	AUTO_PLACE p;

	p.parent = -1;
	if (tally_entry(w, err) < 0 || place_clean(path, &p, err) < 0)
		return -1;
	if (content) {
		p.parent = open_plain(w->root, p.path);
		return p.parent < 0 || tree_remove(p.parent) < 0 ? cannot_hide(&p, err) : 0;
	}
	if (p.name == p.path) {
		p.parent = open_plain(w->root, "");
	} else {
		p.name[-1] = '\0';
		p.parent = open_plain(w->root, p.path);
		p.name[-1] = '/';
	}
	return p.parent < 0 || tree_remove_at(p.parent, p.name) < 0 ? cannot_hide(&p, err) : 0;
}
