/* places.c - paths of moulette's files, from the environment, /etc/moulette.conf and the program's own path. */
#include "model/places.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/json_table.h"
#include "base/mem.h"
#include "model/limits.h"

#define CONF PLACES_CONF
#define RUN_DIR "/run/moulette"
#define UID_BASE_DEFAULT 0x60000000
#define CARD_NETWORK_DEFAULT 0x0ad50000 /* 10.213.0.0 */

static const char *env_or_null(const char *name)
{
	const char *v = getenv(name);
	return v && *v ? v : NULL;
}

/* @name: of the variable that holds @path */
static int make_absolute(const char *name, const char *path, char **ret, struct err *err)
{
	AUTO_FREE char *cwd = path[0] == '/' ? NULL : getcwd(NULL, 0);
	if (path[0] != '/' && !cwd)
		return err_set(err, FAULT_INFRA, errno,
			       "%s: '%s' is relative to the current folder, "
			       "which cannot be found; write an absolute path",
			       name, path);
	*ret = cwd ? mem_printf("%s/%s", cwd, path) : mem_strdup(path);
	return 0;
}

static int find_home(char **ret, struct err *err)
{
	const char *home = env_or_null("MOULETTE_HOME"), *state = env_or_null("XDG_STATE_HOME");
	const char *user = env_or_null("HOME");
	if (home)
		return make_absolute("MOULETTE_HOME", home, ret, err);
	if (geteuid() == 0)
		*ret = mem_strdup("/var/lib/moulette");
	else if (state && state[0] == '/')
		*ret = mem_printf("%s/moulette", state);
	else if (user && user[0] == '/')
		*ret = mem_printf("%s/.local/state/moulette", user);
	else
		return err_set(err, FAULT_USAGE, 0,
			       "cannot find the folder for images and results: set MOULETTE_HOME "
			       "or HOME to the absolute path of a folder");
	return 0;
}

/* @path without its last @n components, but for the topmost one; heap. */
static char *folder_above(const char *path, int n)
{
	char *dir = mem_strdup(path);
	for (char *slash; n > 0 && (slash = strrchr(dir, '/')) && slash != dir; n--)
		*slash = '\0';
	return dir;
}

/* build/release/moulette of a source tree uses that tree's data; an installed program its own. */
static int find_data(struct places *p, struct err *err)
{
	AUTO_FREE char *dir = folder_above(p->self, 1), *tree = folder_above(p->self, 3);
	AUTO_FREE char *mark = mem_printf("%s/runner/init/protocol.h", tree);
	const int in_tree = file_there(mark, err);
	if (in_tree < 0)
		return -1;
	const char *programs = in_tree ? dir : MOULETTE_LIBEXECDIR;
	const char *data = in_tree ? tree : MOULETTE_DATADIR;
	p->init = mem_printf("%s/moulette-init", programs);
	p->unpack = mem_printf("%s/moulette-unpack", programs);
	p->image = mem_printf("%s/moulette-image", programs);
	p->data = mem_printf("%s/profiles", data);
	p->bundles = mem_printf("%s/bundles", data);
	return 0;
}

static int find_profiles(struct places *p, struct err *err)
{
	const char *list = env_or_null("MOULETTE_PROFILES");
	AUTO_FREE char *copy = mem_strdup(list ? list : "");
	char *save = NULL;
	for (char *dir = strtok_r(copy, ":", &save); dir; dir = strtok_r(NULL, ":", &save)) {
		AUTO_FREE char *path = NULL;
		if (make_absolute("MOULETTE_PROFILES", dir, &path, err) < 0)
			return -1;
		strv_add(&p->profiles, path);
	}
	strv_add(&p->profiles, p->data);
	return 0;
}

static bool is_private(uint32_t a)
{
	return a >> 24 == 10 || a >> 20 == 0xac1 || a >> 16 == 0xc0a8;
}

static int read_card_network(struct json_object *v, const char *where, void *address,
			     struct err *err)
{
	struct in_addr a;
	AUTO_FREE char *text = mem_strdup(json_text(v));
	char *slash = text ? strchr(text, '/') : NULL;
	bool is_16 = slash && strcmp(slash, "/16") == 0;
	if (slash)
		*slash = '\0';
	if (!is_16 || inet_pton(AF_INET, text, &a) != 1 || !is_private(ntohl(a.s_addr)) ||
	    (ntohl(a.s_addr) & 0xffff) != 0)
		return json_expected(
			v, where, "a private network of 65536 addresses, such as \"10.213.0.0/16\"",
			err);
	*(uint32_t *)address = ntohl(a.s_addr);
	return 0;
}

/* An image cannot bring the folders that every box mounts. */
static bool is_host_path(const char *path)
{
	static const char *const mounted[] = { "/dev", "/proc", "/sys", "/tmp", "/work", NULL };
	for (size_t i = 0; mounted[i]; i++)
		if (path_within(path, mounted[i]))
			return false;
	return path[0] == '/' && !strstr(path, "/..") && strspn(path, "/") < strlen(path);
}

static int read_host_image(struct json_object *v, const char *where, void *paths, struct err *err)
{
	if (json_read_as(JSON_STRV, v, where, paths, err) < 0)
		return -1;
	for (char *const *path = *(char ***)paths; *path; path++)
		if (!is_host_path(*path))
			return err_set(
				err, FAULT_USAGE, 0,
				"%s: '%s': expected the absolute path of a folder or file of this "
				"host, without '..', and not in /dev, /proc, /sys, /tmp or /work",
				where, *path);
	return 0;
}

static int read_size(struct json_object *v, const char *where, void *bytes, struct err *err)
{
	const char *text = json_text(v);
	if (!text)
		return json_expected(v, where, "a size, as \"10G\"", err);
	if (size_parse(text, bytes, err) < 0)
		return err_wrap(err, "%s", where);
	return *(int64_t *)bytes > 0 ?
		       0 :
		       err_set(err, FAULT_USAGE, 0, "%s: expected a size above 0", where);
}

/* clang-format off */
/* The last slot must stay below 2^32 - 2, the first above the ids of people. */
static const struct json_key conf_keys[] = {
	{ "uid_base",       JSON_WHOLE, JSON_AT(struct places, uid_base), .least = 100000, .most = 0xe0000000 },
	{ "store_max_size", JSON_BY,    JSON_AT(struct places, store_max_bytes), .read = read_size },
	{ "card_network",   JSON_BY,    JSON_AT(struct places, card_network), .read = read_card_network },
	{ "cpu_weight",     JSON_WHOLE, JSON_AT(struct places, cpu_weight), .least = 1, .most = 100 },
	{ "host_image",     JSON_BY,    JSON_AT(struct places, host_image), .read = read_host_image },
	JSON_END,
};
/* clang-format on */

static int load_conf(struct places *p, struct err *err)
{
	AUTO_JSON *o = NULL;
	p->uid_base = UID_BASE_DEFAULT;
	p->card_network = CARD_NETWORK_DEFAULT;
	p->cpu_weight = CPU_WEIGHT_DEFAULT;
	const int there = file_there(CONF, err);
	if (there <= 0)
		return there;
	return json_load(CONF, &o, err) < 0 ? -1 : json_table_read(conf_keys, o, CONF, p, err);
}

int places_find(struct places *ret, struct err *err)
{
	struct places p = { 0 };
	char self[PATH_MAX];
	ssize_t len = readlink("/proc/self/exe", self, sizeof self - 1);
	if (len < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot read /proc/self/exe");
	self[len] = '\0';
	p.self = mem_strdup(self);
	if (find_home(&p.home, err) < 0) {
		places_done(&p);
		return -1;
	}
	p.images = mem_printf("%s/images", p.home);
	p.database = mem_printf("%s/results.db", p.home);
	p.live = mem_printf("%s/live", p.home);
	p.logs = mem_printf("%s/logs", p.home);
	p.run = mem_strdup(RUN_DIR);
	const char *engine = env_or_null("MOULETTE_ENGINE");
	p.engine = mem_strdup(engine ? engine : "crun");
	if (find_data(&p, err) < 0 || find_profiles(&p, err) < 0 || load_conf(&p, err) < 0) {
		places_done(&p);
		return -1;
	}
	*ret = p;
	return 0;
}

/* The mode of an existing folder is kept: an administrator may have chosen it. */
static int make_dir(const char *path, mode_t mode, struct err *err)
{
	struct stat st;
	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		return 0;
	if (fd_mkdir_p(path, mode) < 0 || chmod(path, mode) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot make the folder '%s'", path);
	return 0;
}

int places_make(const struct places *p, struct err *err)
{
	if (make_dir(p->home, 0711, err) < 0 || make_dir(p->images, 0711, err) < 0 ||
	    make_dir(p->live, 0700, err) < 0 || make_dir(p->logs, 0700, err) < 0 ||
	    make_dir(p->run, 0711, err) < 0)
		return -1;
	return 0;
}

/* The folder at @path, else the nearest one above it; heap. */
static char *nearest_folder(const char *path)
{
	char *at = mem_strdup(path);
	for (char *slash; access(at, F_OK) < 0 && (slash = strrchr(at, '/')) && slash != at;)
		*slash = '\0';
	return at;
}

/* The topmost mount on the way to @path; heap. */
static char *mount_of(const char *path)
{
	AUTO_FREE char *at = nearest_folder(path);
	AUTO_FREE char *real = realpath(at, NULL);
	char *line = NULL, point[PATH_MAX], *ret = mem_strdup("/");
	size_t size = 0;
	FILE *f = fopen("/proc/self/mounts", "re");
	while (real && f && getline(&line, &size, f) >= 0) {
		if (sscanf(line, "%*s %4095s", point) != 1)
			continue;
		const size_t len = strlen(point);
		if (len < strlen(ret) || strncmp(real, point, len) != 0 ||
		    (real[len] && real[len] != '/'))
			continue;
		free(ret);
		ret = mem_strdup(point);
	}
	if (f)
		fclose(f);
	free(line);
	return ret;
}

static int refuse_full(const char *home, int sys, struct err *err)
{
	return err_set_code(err, "home.full", FAULT_INFRA, sys,
			    "cannot write %d KiB to '%s'; make room on its file system, for "
			    "example with 'moulette gc --older-than 30d'",
			    PLACES_ROOM / 1024, home);
}

int places_check(const struct places *p, struct err *err)
{
	AUTO_FREE char *at = nearest_folder(p->home), *zeros = mem_alloc(PLACES_ROOM);
	AUTO_FREE char *mounted = mount_of(p->home);
	struct statvfs fs;
	if (statvfs(at, &fs) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot look at '%s'", at);
	if (fs.f_flag & ST_RDONLY)
		return err_set_code(
			err, "home.read_only", FAULT_INFRA, 0,
			"cannot write to '%s': '%s' is mounted read-only; remount it with "
			"'mount -o remount,rw %s', or set MOULETTE_HOME to another folder",
			p->home, mounted, mounted);
	AUTO_FD int fd = open(at, O_RDWR | O_TMPFILE | O_CLOEXEC, 0600);
	if (fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR))
		return (uint64_t)fs.f_bavail * fs.f_frsize < PLACES_ROOM ?
			       refuse_full(p->home, ENOSPC, err) :
			       0;
	if (fd >= 0 && fd_write_all(fd, zeros, PLACES_ROOM) == 0 && fsync(fd) == 0)
		return 0;
	if (errno == ENOSPC || errno == EDQUOT)
		return refuse_full(p->home, errno, err);
	return err_set(err, FAULT_INFRA, errno, "cannot write to '%s'", at);
}

int places_check_exec(const char *path, struct err *err)
{
	struct statvfs fs;
	if (statvfs(path, &fs) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot look at '%s'", path);
	if (!(fs.f_flag & ST_NOEXEC))
		return 0;
	AUTO_FREE char *mounted = mount_of(path);
	return err_set_code(err, "home.noexec", FAULT_INFRA, 0,
			    "programs in '%s' cannot be run: '%s' is mounted noexec; remount "
			    "it with 'mount -o remount,exec %s', or set MOULETTE_HOME to a "
			    "folder elsewhere",
			    path, mounted, mounted);
}

void places_done(struct places *p)
{
	free(p->home);
	free(p->images);
	free(p->database);
	free(p->live);
	free(p->logs);
	free(p->run);
	strv_free(p->profiles);
	strv_free(p->host_image);
	free(p->data);
	free(p->bundles);
	free(p->self);
	free(p->image);
	free(p->unpack);
	free(p->init);
	free(p->engine);
	memset(p, 0, sizeof *p);
}
