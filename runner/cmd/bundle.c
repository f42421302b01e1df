/*
 * bundle.c - write an OCI bundle that an engine runs as is.
 *
 * DIR gets `work` (the submission), `rootfs` (the image, copied), `passwd` where the image's names another
 * home, and last config.json, so that an incomplete bundle cannot be run. Signals are blocked meanwhile and
 * polled by the stages; after an error or a signal all files are removed again.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/rights.h"
#include "base/signals.h"
#include "bundle/bundle.h"
#include "bundle/passwd.h"
#include "cmd/command.h"
#include "cmd/options.h"
#include "container/slot.h"
#include "image/store.h"
#include "pipeline/intake.h"
#include "submission/assignment.h"
#include "submission/language.h"
#include "submission/submission.h"
#include "unpack/unpack.h"

/* Where the submission is unpacked, before its top folder is entered. */
#define UNPACKED "unpacked"
/* /etc/passwd of the box where it is not the image's own: rootfs is a copy of the image. */
#define PASSWD "passwd"

struct job {
	const struct places *places;
	const struct cli *cli;
	struct profile profile;
	struct image image;
	struct buf passwd; /* empty: there is none */
	struct languages languages;
	int image_lock;
	int dir;     /* DIR */
	bool made;   /* DIR was not there */
	int signals; /* signalfd */
};

static const struct option_spec options[] = {
	{ "image", 'i', "NAME", "image to copy into the bundle (default: host)" },
	{ "profile", 'p', "NAME", "profile, by name or as a file (default: default)" },
	{ "output", 'o', "DIR", "folder of the bundle; it is made, or must be empty" },
	OPTION_VOLUME,
	OPTION_ENV,
	OPTION_END,
};

static bool is_empty(int fd)
{
	int copy = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	AUTO_DIR DIR *d = copy < 0 ? NULL : fdopendir(copy);
	size_t n = 0;

	while (d && n < 3 && readdir(d))
		n++;
	return d && n < 3; /* "." and ".." */
}

static int open_dir(struct job *job, const char *path, struct err *err)
{
	job->made = mkdir(path, 0755) == 0;
	if (!job->made && errno != EEXIST)
		return err_set(err, err_path_fault(errno), errno, "cannot make folder '%s'", path);
	job->dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (job->dir < 0)
		return err_set(err, err_path_fault(errno), errno, "cannot open folder '%s'", path);
	if (!job->made && !is_empty(job->dir)) {
		cleanup_fd(&job->dir); /* so that nothing in it is removed */
		job->dir = -1;
		return err_set(err, FAULT_USAGE, 0,
			       "folder '%s' is not empty; name a new or an empty folder for the "
			       "bundle",
			       path);
	}
	return 0;
}

static void undo(struct job *job, const char *path)
{
	if (job->dir >= 0 && tree_remove(job->dir) < 0)
		fprintf(stderr, "moulette: cannot remove all of '%s': %s\n", path, strerror(errno));
	if (job->made)
		rmdir(path);
}

/* A folder above DIR that others cannot enter is one for runc 1.1 and its mapped root: crun opens
 * the root before it becomes that. */
static void warn_closed(const char *path)
{
	AUTO_FREE char *at = realpath(path, NULL);

	while (at && at[0] && at[1]) {
		struct stat st;
		if (stat(at, &st) == 0 && !(st.st_mode & S_IXOTH))
			fprintf(stderr,
				"moulette: warning: '%s' has mode %04o, and runc cannot enter it "
				"from a user namespace; move the bundle elsewhere or run 'chmod "
				"o+x'\n",
				at, (unsigned int)st.st_mode & 07777);
		*strrchr(at, '/') = '\0';
	}
}

/* The OCI runtime spec cannot describe a network card, so the bundle is written without one. */
static void warn_card(const struct profile *p)
{
	if (p->network.kind == NETWORK_CARD)
		fprintf(stderr,
			"moulette: warning: profile '%s' has a network card, which only "
			"'moulette run' can make; in the bundle the network has only "
			"loopback\n",
			p->name);
}

/* Renames the top folder of the submission to DIR/work. */
static int enter_top(int dir, const char *top, struct err *err)
{
	AUTO_FREE char *from = mem_printf(UNPACKED "%s%s", *top ? "/" : "", top);

	/* The child has ended, and only the child and root could write here. */
	if (renameat(dir, from, dir, "work") < 0 || fchmodat(dir, "work", 0700, 0) < 0 ||
	    (*top && tree_remove_at(dir, UNPACKED) < 0))
		return err_set(err, FAULT_INFRA, errno,
			       "cannot make the folder 'work' in the bundle");
	return 0;
}

static int unpack(const struct job *job, const char *path, struct err *err)
{
	const uint32_t uid = job->places->uid_base + SPEC_BOX_UID;
	struct submission sub = { .fd = -1, .bytes = -1, .entries = -1 };
	struct unpack_outcome outcome = { 0 };
	struct assignment command = { .name = NULL };
	const bool asked = job->cli->command != NULL;
	AUTO_FREE char *resolved = NULL;

	if (submission_resolve(path, &resolved, err) < 0)
		return -1;
	if (mkdirat(job->dir, UNPACKED, 0700) < 0 ||
	    fchownat(job->dir, UNPACKED, uid, uid, AT_SYMLINK_NOFOLLOW) < 0)
		return err_set(err, FAULT_INFRA, errno,
			       "cannot make the folder 'work' in the bundle");
	AUTO_FD int dest = openat(job->dir, UNPACKED,
				  O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dest < 0)
		return err_set(err, FAULT_INFRA, errno,
			       "cannot make the folder 'work' in the bundle");
	const struct unpack_request req = { .program = job->places->unpack,
					    .dest_fd = dest,
					    .uid = uid,
					    .gid = uid,
					    .interrupt_fd = job->signals,
					    .limits = job->profile.unpack };
	if (asked)
		assignment_command(NULL, job->cli->command, &command);
	const struct submission_request open = {
		.extensions = job->languages.extensions,
		.any_file = asked,
		.max_bytes = unpack_limits_room(&job->profile.unpack),
		.place = { .home = job->places->home, .interrupt_fd = job->signals },
	};
	int got = submission_open(resolved, &open, &sub, err);
	if (got == 0)
		got = intake_unpack(&req, &sub, asked ? &command : NULL, &job->languages, &outcome,
				    err);
	submission_done(&sub);
	assignment_done(&command);
	return got < 0 ? -1 : enter_top(job->dir, outcome.top, err);
}

/* The copy contains the folders that the image binds, so the config gets an image without binds. */
static int make_config(const struct job *job, struct json_object **ret, struct err *err)
{
	struct image whole = job->image;
	struct spec_request req = { .image = &whole,
				    .argv = job->cli->command,
				    .uid_base = job->places->uid_base,
				    .memory_bytes = LIMIT_UNSET,
				    .processes = LIMIT_UNSET };
	struct mount_spec *mounts = NULL;
	AUTO_STRV env = NULL;

	whole.n_binds = 0;
	if (cli_env(job->cli, &env, err) < 0 ||
	    cli_mounts(job->cli, &mounts, &req.n_mounts, err) < 0)
		return -1;
	req.env = env;
	req.mounts = mounts;
	req.passwd_source = job->passwd.len > 0 ? PASSWD : NULL;
	int got = spec_make(&job->profile, &req, ret, err);
	mounts_free(mounts, req.n_mounts);
	if (got == 0)
		spec_leave_capabilities(*ret);
	return got;
}

static int write_passwd(const struct job *job, struct err *err)
{
	if (job->passwd.len > 0 && (file_write(job->dir, PASSWD, job->passwd.data) < 0 ||
				    fchmodat(job->dir, PASSWD, 0644, 0) < 0))
		return err_set(err, FAULT_INFRA, errno, "cannot write '" PASSWD "' in the bundle");
	return 0;
}

static int fill(const struct job *job, struct json_object *config, struct err *err)
{
	if (unpack(job, job->cli->args[0], err) < 0)
		return -1;
	if (bundle_copy_root(&job->image, config, job->dir, err) < 0 || write_passwd(job, err) < 0)
		return -1;
	return spec_write(config, job->dir, err);
}

static int open_all(struct job *job, struct err *err)
{
	const struct places *p = job->places;
	const char *profile = cli_get(job->cli, "profile"), *image = cli_get(job->cli, "image");
	AUTO_FREE char *table = mem_printf("%s/languages.json", p->data);

	if (!image)
		image = "host";
	if (profile_load(profile ? profile : "default", p->profiles, &job->profile, err) < 0 ||
	    languages_load(table, &job->languages, err) < 0 || places_make(p, err) < 0 ||
	    image_open(p, image, &job->image, err) < 0 ||
	    passwd_fit(&job->image, SPEC_HOME_PATH, &job->passwd, err) < 0)
		return -1;
	return image_hold(p, image, &job->image_lock, err);
}

static void watch_signals(struct job *job, sigset_t *old)
{
	sigset_t set;

	signals_ending(&set);
	sigprocmask(SIG_BLOCK, &set, old);
	job->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* Return: 128 + the signal that came, or 0. */
static int signal_came(const struct job *job)
{
	struct signalfd_siginfo info;
	if (job->signals < 0 || read(job->signals, &info, sizeof(info)) != (ssize_t)sizeof(info))
		return 0;
	return 128 + (int)info.ssi_signo;
}

static int write_bundle(struct job *job, const char *path, struct err *err)
{
	AUTO_JSON *config = NULL;
	AUTO_STRV points = NULL;

	/* Check the whole command line before a file is made. */
	if (open_all(job, err) < 0 || make_config(job, &config, err) < 0 ||
	    spec_mount_points(config, &points, err) < 0)
		return -1;
	int got = open_dir(job, path, err);
	if (got == 0)
		got = fill(job, config, err);
	if (got < 0) {
		undo(job, path);
		return -1;
	}
	warn_closed(path);
	warn_card(&job->profile);
	return 0;
}

static int bundle_exec(const struct places *places, const struct cli *cli, struct err *err)
{
	struct job job = { .places = places,
			   .cli = cli,
			   .image_lock = -1,
			   .dir = -1,
			   .signals = -1 };
	const char *path = cli_get(cli, "output");
	sigset_t old;

	if (cli->n_args != 1 || !path || !*path)
		return usage_error(err, "bundle: expected one SUBMISSION and -o DIR; see 'moulette "
					"bundle --help'");
	if (rights_ids("the files of a bundle get the uid of the box", places->uid_base, SLOTS_UIDS,
		       err) < 0)
		return -1;
	watch_signals(&job, &old);
	int got = write_bundle(&job, path, err);
	int came = signal_came(&job);
	if (got < 0 && came) {
		fprintf(stderr, "moulette: interrupted; '%s' was removed\n", path);
		got = came;
	}
	cleanup_fd(&job.signals);
	cleanup_fd(&job.dir);
	cleanup_fd(&job.image_lock);
	sigprocmask(SIG_SETMASK, &old, NULL);
	languages_done(&job.languages);
	image_done(&job.image);
	buf_done(&job.passwd);
	profile_done(&job.profile);
	return got;
}

const struct command cmd_bundle = {
	.name = "bundle",
	.synopsis = "bundle [OPTION]... SUBMISSION -o DIR [-- COMMAND [ARG]...]",
	.summary = "write an OCI bundle that runc or crun can run",
	.options = options,
	.takes_command = true,
	.exec = bundle_exec,
};
