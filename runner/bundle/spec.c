/* spec.c - profile and request to config.json. */
#include "bundle/spec.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/json.h"
#include "base/mem.h"
#include "bundle/mounts.h"
#include "bundle/profile_json.h"
#include "bundle/profile_linux.h"
#include "bundle/seccomp_filter.h"
#include "bundle/volumes.h"

/* Ids of a box: enough for nobody (65534). */
#define MAP_SIZE 65536

static struct json_object *strv_json(char *const *v)
{
	struct json_object *a = json_object_new_array();
	for (size_t i = 0; v && v[i]; i++)
		json_object_array_add(a, json_object_new_string(v[i]));
	return a;
}

/* --- process */

/* The writable places of a box are the same in every image. */
static bool is_fixed(const char *assignment)
{
	return strncmp(assignment, "HOME=", 5) == 0 || strncmp(assignment, "TMPDIR=", 7) == 0;
}

static int make_env(struct json_object *process, const struct profile *p,
		    const struct spec_request *req, struct err *err)
{
	AUTO_STRV env = strv_dup(NULL);
	char *const *image = req->image ? req->image->env : NULL;

	if (json_get_strv(process, "config.process", "env", &env, err) < 0)
		return -1;
	for (size_t i = 0; image && image[i]; i++)
		if (strchr(image[i], '=') && !is_fixed(image[i]))
			env_set(&env, image[i]);
	env_set_all(&env, p->env);
	env_set_all(&env, req->env);
	json_object_object_add(process, "env", strv_json(env));
	return 0;
}

static void make_args(struct json_object *process, const struct spec_request *req)
{
	AUTO_STRV args = strv_dup(NULL);

	if (req->init_source)
		strv_add(&args, SPEC_INIT_PATH);
	for (size_t i = 0; req->argv && req->argv[i]; i++)
		strv_add(&args, req->argv[i]);
	if (args[0])
		json_object_object_add(process, "args", strv_json(args));
}

static void raise_file_limit(struct json_object *process, int64_t bytes)
{
	static const char *const keys[] = { "soft", "hard" };
	struct json_object *l = json_find(json_object_object_get(process, "rlimits"), "type",
					  "RLIMIT_FSIZE");

	for (size_t i = 0; l && i < 2; i++)
		if (json_object_get_int64(json_object_object_get(l, keys[i])) < bytes)
			json_object_object_add(l, keys[i], json_object_new_int64(bytes));
}

static int make_process(struct json_object *config, const struct profile *p,
			const struct spec_request *req, struct err *err)
{
	struct json_object *process = json_object_object_get(config, "process");
	int64_t disk = p->limits.v[LIMIT_DISK];

	make_args(process, req);
	raise_file_limit(process, disk > req->max_file_bytes ? disk : req->max_file_bytes);
	return make_env(process, p, req, err);
}

/* --- mounts */

bool spec_proc_hides(const char *release)
{
	char *end;
	long major = strtol(release, &end, 10);
	long minor = *end == '.' ? strtol(end + 1, NULL, 10) : 0;
	return major > 5 || (major == 5 && minor >= 8);
}

/* The masked paths remain on a kernel that cannot hide the rest. */
static void fit_proc(struct json_object *mounts)
{
	static const char *const drop[] = { "subset=", "hidepid=", NULL };
	struct json_object *proc = mounts_find(mounts, "/proc");
	struct utsname u;

	if (proc && uname(&u) == 0 && !spec_proc_hides(u.release))
		mount_drop(proc, drop);
}

static struct json_object *add_binds(const struct image *image, struct json_object *profile_mounts)
{
	struct json_object *mounts = json_object_new_array();

	for (size_t i = 0; image && i < image->n_binds; i++)
		json_object_array_add(mounts, mount_new(image->binds[i].source,
							image->binds[i].destination, false, NULL));
	for (size_t i = 0; i < json_object_array_length(profile_mounts); i++)
		mounts_set(mounts, json_object_get(json_object_array_get_idx(profile_mounts, i)));
	return mounts;
}

/* A folder that the runner has made and measures, in the place of a tmpfs of the engine. */
static void use_folder(struct json_object *mounts, const char *source, const char *destination)
{
	struct json_object *old = mounts_find(mounts, destination);

	if (source)
		mounts_set(mounts, mount_new(source, destination, true,
					     old && mount_has(old, "noexec") ? "noexec" : NULL));
}

/* An engine makes /tmp, so no folder can be made in it beforehand. What the request mounts there stays. */
static void add_home(struct json_object *mounts)
{
	static const char *const of_tmp[] = { "mode=", "uid=", "gid=", NULL };
	static const char *const own[] = { "mode=700", "uid=1000", "gid=1000" };
	struct json_object *tmp = mounts_find(mounts, SPEC_TMP_PATH), *home = NULL;

	if (!tmp || strcmp(mount_text(tmp, "type"), "tmpfs") != 0 ||
	    mounts_find(mounts, SPEC_HOME_PATH))
		return;
	json_object_deep_copy(tmp, &home, NULL);
	json_object_object_add(home, "destination", json_object_new_string(SPEC_HOME_PATH));
	mount_drop(home, of_tmp);
	for (size_t i = 0; i < sizeof own / sizeof *own; i++)
		json_object_array_add(json_object_object_get(home, "options"),
				      json_object_new_string(own[i]));
	mounts_set(mounts, home);
}

static int add_requested(struct json_object *mounts, const struct spec_request *req,
			 struct err *err)
{
	for (size_t i = 0; i < req->n_mounts; i++) {
		const struct mount_spec *m = &req->mounts[i];
		AUTO_FREE char *dest = NULL;
		if (m->source[0] != '/')
			return err_set(err, FAULT_USAGE, 0,
				       "mount source '%s': expected an absolute path", m->source);
		if (mount_destination(m->destination, &dest, err) < 0)
			return -1;
		mounts_set(mounts, mount_new(m->source, dest, m->rw, NULL));
	}
	return 0;
}

#define OWN_MAX 6

/* What the runner made for this box alone is bound as it is. */
static void own_sources(const struct spec_request *req, const char *ret[OWN_MAX])
{
	const char *const all[] = { req->work_source, req->tmp_source, req->shm_source,
				    req->init_source, req->passwd_source };

	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
		if (all[i])
			*ret++ = all[i];
	*ret = NULL;
}

static int make_mounts(struct json_object *config, const struct spec_request *req, struct err *err)
{
	struct json_object *mounts = add_binds(req->image,
					       json_object_object_get(config, "mounts"));
	const char *own[OWN_MAX];

	json_object_object_add(config, "mounts", mounts);
	fit_proc(mounts);
	use_folder(mounts, req->tmp_source, SPEC_TMP_PATH);
	use_folder(mounts, req->shm_source, "/dev/shm");
	if (req->init_source)
		mounts_set(mounts, mount_new(req->init_source, SPEC_INIT_PATH, false, NULL));
	if (req->passwd_source)
		mounts_set(mounts, mount_new(req->passwd_source, SPEC_PASSWD_PATH, false, NULL));
	mounts_set(mounts, mount_new(req->work_source ? req->work_source : "work", SPEC_WORK_PATH,
				     true, NULL));
	if (add_requested(mounts, req, err) < 0)
		return -1;
	if (!req->tmp_source)
		add_home(mounts);
	own_sources(req, own);
	return volumes_spread(config, own, err);
}

/* --- linux */

static struct json_object *map_json(uint32_t first)
{
	struct json_object *list = json_object_new_array(), *m = json_object_new_object();

	json_object_object_add(m, "containerID", json_object_new_int64(0));
	json_object_object_add(m, "hostID", json_object_new_int64(first));
	json_object_object_add(m, "size", json_object_new_int64(MAP_SIZE));
	json_object_array_add(list, m);
	return list;
}

static void join_network(struct json_object *linux_part, const char *path)
{
	struct json_object *ns = json_find(json_object_object_get(linux_part, "namespaces"), "type",
					   "network");

	if (ns)
		json_object_object_add(ns, "path", json_object_new_string(path));
}

static bool takes_filter(const struct profile *p, const struct spec_request *req)
{
	return req->precompiled && p->filter;
}

/* Most of the config: text that is printed as it is. */
static struct json_object *unread_calls(const struct profile *p)
{
	struct json_object *o = json_object_new_object();

	json_object_set_serializer(o, json_object_userdata_to_json_string, p->seccomp, NULL);
	return o;
}

static struct json_object *calls(const struct profile *p, const struct spec_request *req)
{
	if (takes_filter(p, req))
		return seccomp_filter_section();
	return req->unread ? unread_calls(p) : profile_json_seccomp(p);
}

static int make_linux(struct json_object *config, const struct profile *p,
		      const struct spec_request *req, struct err *err)
{
	struct json_object *l = json_object_object_get(config, "linux");

	if (req->uid_base == 0 || req->uid_base > UINT32_MAX - MAP_SIZE)
		return err_set(err, FAULT_USAGE, 0,
			       "uid map: expected a first id above 0 with room for %d ids, got %u",
			       MAP_SIZE, req->uid_base);
	json_object_object_add(l, "uidMappings", map_json(req->uid_base));
	json_object_object_add(l, "gidMappings", map_json(req->uid_base));
	if (req->cgroups_path)
		json_object_object_add(l, "cgroupsPath", json_object_new_string(req->cgroups_path));
	if (req->netns_path)
		join_network(l, req->netns_path);
	if (req->memory_bytes > 0)
		profile_set_memory(config, req->memory_bytes);
	if (req->processes > 0)
		profile_set_processes(config, req->processes);
	json_object_object_add(l, "seccomp", calls(p, req));
	return 0;
}

static void annotate(struct json_object *config, const struct profile *p)
{
	struct json_object *notes = json_object_new_object();

	json_object_object_add(notes, SECCOMP_FILTER_ANNOTATION, json_object_new_string(p->filter));
	json_object_object_add(config, "annotations", notes);
}

int spec_make(const struct profile *p, const struct spec_request *req, struct json_object **ret,
	      struct err *err)
{
	AUTO_JSON *config = NULL;

	json_object_deep_copy(p->config, &config, NULL);
	json_object_object_add(json_object_object_get(config, "root"), "path",
			       json_object_new_string(req->root_path ? req->root_path : "rootfs"));
	if (make_process(config, p, req, err) < 0 || make_mounts(config, req, err) < 0 ||
	    make_linux(config, p, req, err) < 0)
		return -1;
	if (takes_filter(p, req))
		annotate(config, p);
	*ret = ptr_steal(&config);
	return 0;
}

/* --- for engines that others start */

static bool is_all_empty(struct json_object *sets)
{
	json_object_object_foreach(sets, name, list) {
		(void)name;
		if (json_object_array_length(list) > 0)
			return false;
	}
	return true;
}

void spec_leave_capabilities(struct json_object *config)
{
	struct json_object *process = json_object_object_get(config, "process");
	struct json_object *sets = json_object_object_get(process, "capabilities");
	struct json_object *proc = mounts_find(json_object_object_get(config, "mounts"), "/proc");

	if (sets && proc && mount_has(proc, "subset=pid") && is_all_empty(sets))
		json_object_object_del(process, "capabilities");
}

/* --- what the root must have */

static bool below_another(struct json_object *mounts, const char *dest)
{
	for (size_t i = 0; i < json_object_array_length(mounts); i++) {
		const char *other = mount_text(json_object_array_get_idx(mounts, i), "destination");
		if (strcmp(other, dest) != 0 && path_within(dest, other))
			return true;
	}
	return false;
}

/* A relative source is the bundle's own: a file for passwd, else a folder. */
static int point_kind(struct json_object *mount, char *ret, struct err *err)
{
	const char *source = mount_text(mount, "source");
	struct stat st;

	*ret = strcmp(mount_text(mount, "destination"), SPEC_PASSWD_PATH) == 0 ? 'f' : 'd';
	if (!mount_is_bind(mount) || source[0] != '/')
		return 0;
	if (stat(source, &st) < 0)
		return err_set(err, err_path_fault(errno), errno, "cannot mount '%s' at '%s'",
			       source, mount_text(mount, "destination"));
	*ret = S_ISDIR(st.st_mode) ? 'd' : 'f';
	return 0;
}

int spec_mount_points(struct json_object *config, char ***ret, struct err *err)
{
	struct json_object *mounts = json_object_object_get(config, "mounts");
	AUTO_STRV points = strv_dup(NULL);

	for (size_t i = 0; mounts && i < json_object_array_length(mounts); i++) {
		struct json_object *m = json_object_array_get_idx(mounts, i);
		const char *dest = mount_text(m, "destination");
		char kind;
		if (below_another(mounts, dest)) {
			if (volumes_check_point(mounts, m, err) < 0)
				return -1;
			continue;
		}
		if (point_kind(m, &kind, err) < 0)
			return -1;
		AUTO_FREE char *point = mem_printf("%c%s", kind, dest);
		strv_add(&points, point);
	}
	*ret = ptr_steal(&points);
	return 0;
}
