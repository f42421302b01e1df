/* profile_calls.c - a list of system calls, what each profile of a chain edits in it, and the filter
 * that comes out. */
#include "bundle/profile_calls.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/mem.h"
#include "bundle/seccomp.h"
#include "bundle/seccomp_filter.h"

/* `moulette.seccomp` of one file, and @where for messages; NULL when it says nothing of it. */
static int calls_of(const struct profile_layer *l, char **where, struct json_object **ret,
		    struct err *err)
{
	static const char *const keys[] = { "list", "allow", "deny", NULL };
	AUTO_FREE char *outer = mem_printf("%s: moulette", l->path);
	struct json_object *moulette;

	*ret = NULL;
	*where = mem_printf("%s.seccomp", outer);
	if (profile_chain_moulette(l, &moulette, err) < 0 ||
	    (moulette && json_get_obj(moulette, outer, "seccomp", ret, err) < 0))
		return -1;
	return *ret ? json_only_keys(*ret, *where, keys, err) : 0;
}

int profile_calls_path(const struct profile_chain *c, char *const *dirs, char **ret,
		       struct err *err)
{
	AUTO_FREE char *name = NULL;
	const struct profile_layer *by = &c->v[0];

	for (size_t i = c->n; i > 0 && !name; i--) {
		AUTO_FREE char *where = NULL;
		struct json_object *o;
		by = &c->v[i - 1];
		if (calls_of(by, &where, &o, err) < 0 ||
		    (o && json_get_str(o, where, "list", &name, err) < 0))
			return -1;
	}
	if (!name)
		return err_set(err, FAULT_USAGE, 0,
			       "%s: moulette.seccomp.list: expected a file, as "
			       "\"base.seccomp.json\": PID 1 does not serve without a filter",
			       c->v[0].path);
	*ret = profile_chain_near(name, by->dir, dirs);
	if (!*ret)
		return err_set(
			err, FAULT_USAGE, 0,
			"%s: moulette.seccomp.list: cannot find the file '%.80s' beside it or "
			"in a folder of profiles",
			by->path, name);
	return 0;
}

static int edit(struct seccomp_list *list, const struct profile_layer *l, struct err *err)
{
	AUTO_FREE char *where = NULL;
	struct json_object *o;

	if (calls_of(l, &where, &o, err) < 0)
		return -1;
	return o ? seccomp_list_edit(list, o, where, err) : 0;
}

static bool allows(struct json_object *seccomp, const char *call)
{
	struct json_object *groups = json_object_object_get(seccomp, "syscalls");
	for (size_t i = 0; i < json_object_array_length(groups); i++) {
		struct json_object *group = json_object_array_get_idx(groups, i),
				   *names = json_object_object_get(group, "names"),
				   *action = json_object_object_get(group, "action");
		if (strcmp(json_object_get_string(action), "SCMP_ACT_ALLOW") != 0)
			continue;
		for (size_t j = 0; j < json_object_array_length(names); j++)
			if (strcmp(json_object_get_string(json_object_array_get_idx(names, j)),
				   call) == 0)
				return true;
	}
	return false;
}

/* A card that no program could use is allowed, but hardly meant. */
static void warn_network(struct profile *p, struct json_object *section)
{
	if (p->network.kind != NETWORK_CARD)
		return;
	const char *call = !allows(section, "socket") ? "socket" : "connect";
	if (allows(section, call))
		return;
	AUTO_FREE char *line = mem_printf("moulette.network is of no use: the system call '%s' is "
					  "not allowed",
					  call);
	strv_add(&p->warnings, line);
}

int profile_calls_load(const struct profile_chain *c, const char *path, const struct buf *text,
		       struct profile *p, struct json_object **ret, struct err *err)
{
	AUTO_SECCOMP *list = NULL;

	if (seccomp_list_parse(path, text, &list, err) < 0)
		return -1;
	for (size_t i = 0; i < c->n; i++)
		if (edit(list, &c->v[i], err) < 0)
			return -1;
	*ret = seccomp_list_section(list);
	p->seccomp = mem_strdup(json_object_to_json_string_ext(*ret, JSON_C_TO_STRING_PLAIN));
	p->filter = seccomp_filter_text(*ret);
	seccomp_list_warn(list, &p->warnings);
	warn_network(p, *ret);
	return 0;
}
