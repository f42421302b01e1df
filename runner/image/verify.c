/* verify.c - is an image still what it was when it was made? */
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/file.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "image/meta.h"
#include "image/state.h"
#include "image/store.h"
#include "image/tree_digest.h"
#include "model/places.h"

/* The list stands beside the tree: whoever changed one may have changed the other. */
static int check_list(FILE *list, const struct image_meta *m, struct err *err)
{
	AUTO_FREE char *digest = NULL;

	if (tree_list_digest(list, &digest, err) < 0)
		return -1;
	/* With a state the digest is over that. */
	if (m->n_state > 0 || strcmp(digest, m->image.digest) == 0)
		return 0;
	return err_set(err, FAULT_USAGE, 0, "its list of the tree is not that of digest %s",
		       m->image.digest);
}

static int compare(int dir, FILE *list, struct err *err)
{
	AUTO_FD int rootfs = openat(dir, "rootfs", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct tree_changes c = { 0 };

	if (rootfs < 0)
		return err_set(err, err_path_fault(errno), errno, "its tree cannot be opened");
	rewind(list);
	int got = tree_compare(rootfs, list, &c, err);
	if (got == 0 && c.n > 5)
		got = err_set(err, FAULT_USAGE, 0, "%s and %" PRId64 " more", c.text.data, c.n - 5);
	else if (got == 0 && c.n > 0)
		got = err_set(err, FAULT_USAGE, 0, "%s", c.text.data);
	buf_done(&c.text);
	return got;
}

static int verify_in(int dir, const char *name, struct err *err)
{
	struct image_meta m = { 0 };
	AUTO_FD int fd = openat(dir, "list", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	AUTO_FILE FILE *list = fd < 0 ? NULL : fdopen(fd, "r");

	if (!list)
		return err_set(err, err_path_fault(errno), errno,
			       "it has no list of its tree; import or build it anew");
	fd_steal(&fd);
	if (meta_load(dir, name, &m, err) < 0)
		return -1;
	int got = 0;
	if (m.n_state > 0 && !state_is_fresh(&m))
		got = err_set(err, FAULT_USAGE, 0,
			      "the packages of the host changed; the next run makes it anew");
	if (got == 0)
		got = check_list(list, &m, err);
	meta_done(&m);
	return got < 0 ? -1 : compare(dir, list, err);
}

int image_verify(const struct places *p, const char *name, struct err *err)
{
	AUTO_FD int lock = -1;

	if (image_find(p, name, LOCK_SH, &lock, err) < 0)
		return -1;
	return verify_in(lock, name, err) < 0 ?
		       err_wrap(err, "image '%s' is not as it was made", name) :
		       0;
}
