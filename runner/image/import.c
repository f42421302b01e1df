/*
 * import.c - a foreign tree becomes an image.
 *
 * The store gets a locked folder with a name that marks it as unfinished. A forked child, confined
 * to the tree in it, reads the archive and writes the tree, then says in one message how it went.
 * The child shares our lock: as long as either lives, no sweep touches the folder. We compute the
 * digest and give the folder its name. Whatever fails before that leaves nothing.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <sys/file.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/mem.h"
#include "image/internal.h"
#include "image/store.h"

struct job {
	const char *path;
	int source;
	bool is_folder;
	int64_t max_bytes;
};

/* What the child says; plain bytes, believed only within bounds. */
struct report {
	int result;
	struct err err;
	int64_t bytes, entries, setid, devices, capabilities;
};

/* A tree that is an archive of images would run nothing; say so instead of keeping it. */
static int check_kind(int root, struct err *err)
{
	static const char *const marks[] = { "oci-layout", "manifest.json", NULL };
	static const char *const tree[] = { "bin", "usr", "etc", "sbin", NULL };
	struct stat st;

	for (size_t i = 0; tree[i]; i++)
		if (fstatat(root, tree[i], &st, AT_SYMLINK_NOFOLLOW) == 0)
			return 0;
	for (size_t i = 0; marks[i]; i++)
		if (fstatat(root, marks[i], &st, AT_SYMLINK_NOFOLLOW) == 0)
			return err_set(err, FAULT_USAGE, 0,
				       "it has '%s' and no root file system: an archive of images; "
				       "expected the tree of one, as `docker export` writes it",
				       marks[i]);
	return 0;
}

static int fill_tree(const struct job *job, int root, struct report *r)
{
	struct writer w;

	if (confine_child(root, &r->err) < 0 ||
	    rootfs_writer_init(&w, root, job->max_bytes, &r->err) < 0)
		return -1;
	int got = job->is_folder ? copy_folder(job->source, "", false, &w, &r->err) :
				   extract_tar(job->source, &w, &r->err);
	if (got == 0)
		got = check_kind(root, &r->err);
	if (got == 0)
		got = rootfs_writer_finish(&w, &r->err);
	r->bytes = w.bytes;
	r->entries = w.entries;
	r->setid = w.setid;
	r->devices = w.devices;
	r->capabilities = w.capabilities;
	rootfs_writer_done(&w);
	return got;
}

/* Keeps the four descriptors it needs, in fixed places; everything else of ours is closed. */
static void child_main(const struct job *job, const struct image_folder *f, int report,
		       pid_t parent)
{
	enum { ROOT = 3, SOURCE, REPORT, LOCK, END };
	int fds[] = { f->rootfs, job->source, report, f->dir };
	struct job own = *job;
	struct report r = { .result = -1 };

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	/* First above the places, so that none of them overwrites another. */
	for (size_t i = 0; i < END - ROOT; i++)
		fds[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, END);
	for (int i = 0; i < END - ROOT; i++)
		if (dup2(fds[i], ROOT + i) < 0)
			_exit(1);
	syscall(SYS_close_range, END, ~0U, 0);
	own.source = SOURCE;
	r.result = fill_tree(&own, ROOT, &r);
	_exit(fd_write_all(REPORT, &r, sizeof(r)) < 0);
}

static int died(int status, struct err *err)
{
	int sig = WIFSIGNALED(status) ? WTERMSIG(status) : 0;

	if (sig == SIGSEGV || sig == SIGBUS || sig == SIGABRT || sig == SIGFPE || sig == SIGILL)
		return err_set(err, FAULT_USAGE, 0, "the archive made its reader crash (signal %d)",
			       sig);
	if (sig)
		return err_set(err, FAULT_INFRA, 0, "its reader was killed (signal %d)", sig);
	return err_set(err, FAULT_USAGE, 0,
		       "its reader ended with status %d: the archive needs too much memory",
		       WEXITSTATUS(status));
}

/* The child may have been taken over: its words are bounded text, its fault is one of two. */
static int take_report(const struct buf *b, struct report *r, struct err *err)
{
	memcpy(r, b->data, sizeof(*r));
	if (r->result == 0)
		return 0;
	r->err.msg[sizeof(r->err.msg) - 1] = '\0';
	enum fault fault = r->err.fault == FAULT_USAGE ? FAULT_USAGE : FAULT_INFRA;
	return err_set(err, fault, 0, "%s", r->err.msg);
}

static int run_child(const struct job *job, const struct image_folder *f, struct report *ret,
		     struct err *err)
{
	int ends[2];
	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot make a pipe");
	AUTO_FD int from = ends[0], to = ends[1];
	AUTO_BUF said = { 0 };
	pid_t self = getpid(), pid = fork();
	if (pid < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot fork");
	if (pid == 0)
		child_main(job, f, to, self);
	fd_close(&to);
	int got = fd_read_all(from, &said, sizeof(*ret));
	if (got < 0)
		kill(pid, SIGKILL);
	int status = 0;
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (got < 0 || status != 0 || said.len != sizeof(*ret))
		return died(status, err);
	return take_report(&said, ret, err);
}

static int open_source(const char *path, struct job *job, struct err *err)
{
	/* O_NONBLOCK: a fifo must not block. */
	AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;
	if (fd < 0)
		return err_set(err, errno == ENOENT || errno == ENOTDIR ? FAULT_USAGE : FAULT_INFRA,
			       errno, "cannot open '%s'", path);
	if (fstat(fd, &st) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot stat '%s'", path);
	if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))
		return err_set(err, FAULT_USAGE, 0,
			       "'%s' is neither a file nor a folder; expected a tar (plain, gz, "
			       "xz, zst, bz2) or a folder with the tree", path);
	job->path = path;
	job->is_folder = S_ISDIR(st.st_mode);
	job->source = fd_steal(&fd);
	return 0;
}

/* A run that holds the image would make the work vain; folder_commit() looks again. */
static int check_free(const struct places *p, const char *name, struct err *err)
{
	AUTO_FD int images = -1, old = -1;

	return images_open(p, &images, err) < 0 ||
	       image_lock(images, name, LOCK_EX | LOCK_NB, &old, err) < 0 ? -1 : 0;
}

static int import_tree(const struct places *p, const char *name, const struct job *job,
		       struct err *err)
{
	AUTO_FOLDER f = IMAGE_FOLDER_NONE;
	struct report r;
	struct image_meta m = { 0 };

	if (folder_new(p, &f, err) < 0)
		return -1;
	if (run_child(job, &f, &r, err) < 0)
		return err_wrap(err, "cannot import '%s'", job->path);
	m.bytes = r.bytes;
	m.entries = r.entries;
	m.image.name = mem_strdup(name);
	m.image.dropped_setid = r.setid;
	m.image.dropped_devices = r.devices;
	m.image.dropped_capabilities = r.capabilities;
	int got = tree_digest(f.rootfs, &m.image.digest, err);
	if (got == 0)
		got = folder_commit(&f, &m, err);
	meta_done(&m);
	return got;
}

int image_import(const struct places *p, const char *name, const char *path, int64_t max_bytes,
		 struct image *ret, struct err *err)
{
	AUTO_FD int source = -1;
	struct job job = { .source = -1, .max_bytes = max_bytes };

	if (name_check(name, err) < 0)
		return -1;
	if (strcmp(name, "host") == 0)
		return err_set(err, FAULT_USAGE, 0,
			       "'host' always means the programs of the host; choose another name");
	if (open_source(path, &job, err) < 0)
		return -1;
	source = job.source;
	if (check_free(p, name, err) < 0 || image_sweep(p, NULL, err) < 0 ||
	    import_tree(p, name, &job, err) < 0)
		return -1;
	return image_open(p, name, ret, err);
}
