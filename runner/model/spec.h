/* spec.h - the values of a config.json that do not come from the profile. */
#ifndef MOULETTE_MODEL_SPEC_H
#define MOULETTE_MODEL_SPEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/image.h"
#include "model/limits.h"

struct mount_spec {
	char *source;      /* absolute path on the host */
	char *destination; /* absolute path in the box */
	bool rw;
};

/** mount_specs_add() - append one mount to *@list and copy its paths; mount_specs_done() frees the list. */
void mount_specs_add(struct mount_spec **list, size_t *n, const char *source,
		     const char *destination, bool rw);
void mount_specs_done(struct mount_spec *list, size_t n);

/** All pointers are borrowed. A path that is NULL takes what the profile says. */
struct spec_request {
	const struct image *image;
	const char *root_path;   /* root.path; NULL: "rootfs" */
	const char *work_source; /* bound at /work; NULL: the bundle's own folder "work" */
	const char *
		tmp_source; /* bound at /tmp instead of the profile's tmpfs, with a folder for HOME in
				  * it; NULL: a tmpfs at SPEC_HOME_PATH, as large as that of /tmp */
	const char *shm_source;    /* bound at /dev/shm, likewise */
	const char *passwd_source; /* bound read-only at SPEC_PASSWD_PATH; NULL: the image's own */
	const char *init_source;   /* bound read-only at SPEC_INIT_PATH and made process.args[0] */
	char *const *argv;         /* process.args; NULL: the profile's */
	char *const *env;          /* NAME=VALUE, over the profile's and the image's */
	const struct mount_spec *mounts;
	size_t n_mounts;
	uint32_t uid_base;        /* first host id of the map */
	const char *cgroups_path; /* linux.cgroupsPath */
	const char *netns_path;   /* join this network namespace; NULL: a new one */
	int64_t memory_bytes;     /* of the box's own cgroup; LIMIT_UNSET: the profile's */
	int64_t processes;        /* likewise */
	int64_t max_file_bytes;   /* RLIMIT_FSIZE is at least this; 0: the profile's */
	bool precompiled; /* the profile's filter takes the place of its list, for an engine that
				   * knows it: see bundle/seccomp_filter.h */
	bool unread; /* only an engine reads the config: linux.seccomp has no keys that can be looked up,
				   * and spec_write_compact() writes it in full */
};

/* Below the tmpfs of /dev, so that no image needs a mount point for it. */
#define SPEC_INIT_PATH "/dev/init"
/* The same where the engine has a /dev of its own: a folder with `init`, and `stdin` of a step. */
#define SPEC_ONCE_PATH "/.moulette"
#define SPEC_WORK_PATH "/work"
#define SPEC_PASSWD_PATH "/etc/passwd"
#define SPEC_TMP_PATH "/tmp"
/* HOME, unless the assignment says "home": "work". Hidden, so that /tmp looks empty to `ls` and "*". */
#define SPEC_HOME_NAME ".home"
#define SPEC_HOME_PATH SPEC_TMP_PATH "/" SPEC_HOME_NAME
#define SPEC_BOX_UID 1000u

#endif
