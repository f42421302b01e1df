/* seccomp.c - a list of system calls with reasons becomes the OCI section. */
#include "bundle/seccomp.h"

#include <inttypes.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/mem.h"
#include "bundle/seccomp_rules.h"

/* A call that the list says nothing about, or leaves out, and why. */
struct left_out {
	char *name, *reason;
};

struct seccomp_list {
	int64_t errnum;
	struct seccomp_rules rules;
	struct left_out *left;
	size_t n_left;
	char **opened; /* calls that an edit allows whatever their arguments */
};

void seccomp_list_free(struct seccomp_list *l)
{
	if (!l)
		return;
	seccomp_rules_done(&l->rules);
	for (size_t i = 0; i < l->n_left; i++) {
		free(l->left[i].name);
		free(l->left[i].reason);
	}
	free(l->left);
	strv_free(l->opened);
	free(l);
}

void seccomp_list_cleanup(struct seccomp_list **l)
{
	seccomp_list_free(*l);
}

static const char *why_left_out(const struct seccomp_list *l, const char *name)
{
	for (size_t i = 0; i < l->n_left; i++)
		if (strcmp(l->left[i].name, name) == 0)
			return l->left[i].reason;
	return NULL;
}

static int load_left_out(struct seccomp_list *l, struct json_object *group, const char *where,
			 struct err *err)
{
	static const char *const keys[] = { "reason", "names", NULL };
	AUTO_FREE char *reason = NULL;
	AUTO_STRV names = NULL;

	if (json_only_keys(group, where, keys, err) < 0 ||
	    json_get_str(group, where, "reason", &reason, err) < 0 ||
	    json_get_strv(group, where, "names", &names, err) < 0)
		return -1;
	if (!reason || !*reason || !names)
		return err_set(err, FAULT_USAGE, 0, "%s: expected a \"reason\" and \"names\"",
			       where);
	for (size_t i = 0; names[i]; i++) {
		if (seccomp_rules_find(&l->rules, names[i]))
			return err_set(err, FAULT_USAGE, 0,
				       "%s: '%.64s' is both in a group and left out", where,
				       names[i]);
		l->left = mem_realloc(l->left, (l->n_left + 1) * sizeof(*l->left));
		l->left[l->n_left++] = (struct left_out){ mem_strdup(names[i]),
							  mem_strdup(reason) };
	}
	return 0;
}

static int load_groups(struct seccomp_list *l, struct json_object *o, const char *path,
		       struct err *err)
{
	struct json_object *groups = NULL, *left = NULL;

	if (json_get_array(o, path, "groups", &groups, err) < 0 ||
	    json_get_array(o, path, "left_out", &left, err) < 0)
		return -1;
	for (size_t i = 0; groups && i < json_object_array_length(groups); i++) {
		AUTO_FREE char *where = mem_printf("%s: groups[%zu]", path, i);
		if (seccomp_group_parse(json_object_array_get_idx(groups, i), where, &l->rules,
					err) < 0)
			return -1;
	}
	for (size_t i = 0; left && i < json_object_array_length(left); i++) {
		AUTO_FREE char *where = mem_printf("%s: left_out[%zu]", path, i);
		if (load_left_out(l, json_object_array_get_idx(left, i), where, err) < 0)
			return -1;
	}
	if (!l->rules.n)
		return err_set(err, FAULT_USAGE, 0, "%s: no group allows anything", path);
	return 0;
}

int seccomp_list_parse(const char *path, const struct buf *text, struct seccomp_list **ret,
		       struct err *err)
{
	static const char *const keys[] = { "errno", "groups", "left_out", NULL };
	AUTO_SECCOMP *l = mem_alloc(sizeof(*l));
	AUTO_JSON *o = NULL;

	l->errnum = 38; /* ENOSYS */
	if (json_parse(path, text->data, text->len, &o, err) < 0 ||
	    json_only_keys(o, path, keys, err) < 0 ||
	    json_get_i64(o, path, "errno", 1, SECCOMP_ANSWER_MAX, &l->errnum, err) < 0 ||
	    load_groups(l, o, path, err) < 0)
		return -1;
	*ret = ptr_steal(&l);
	return 0;
}

static int edit_deny(struct seccomp_list *l, char *const *names, const char *where, struct err *err)
{
	for (size_t i = 0; names && names[i]; i++) {
		AUTO_FREE char *here = mem_printf("%s.deny[%zu]", where, i);
		/* A call that the list has under `newer` may be unknown to libseccomp. */
		if (!seccomp_rules_find(&l->rules, names[i]) &&
		    seccomp_name_check(names[i], here, err) < 0)
			return -1;
		seccomp_rules_remove(&l->rules, names[i]);
	}
	return 0;
}

static int allow_name(struct seccomp_list *l, const char *name, const char *where, struct err *err)
{
	if (!seccomp_rules_find(&l->rules, name) && seccomp_name_check(name, where, err) < 0)
		return -1;
	const struct seccomp_rule *rule = seccomp_rules_find(&l->rules, name);
	if (rule && rule->n_conds == 0 && rule->answer == SECCOMP_RUN)
		return 0;
	AUTO_FREE char *copy = mem_strdup(name);
	const struct seccomp_rule runs = { .name = copy, .answer = SECCOMP_RUN };
	seccomp_rules_remove(&l->rules, name);
	seccomp_rules_add(&l->rules, &runs);
	strv_add(&l->opened, name);
	return 0;
}

/* A rule without conditions replaces all that the call had; one with conditions adds nothing to a
 * call that has the same answer whatever its arguments. */
static int allow_rule(struct seccomp_list *l, const struct seccomp_rule *r, const char *where,
		      struct err *err)
{
	const struct seccomp_rule *old = seccomp_rules_find(&l->rules, r->name);

	if (r->n_conds == 0 && r->answer == SECCOMP_RUN)
		return allow_name(l, r->name, where, err);
	if (r->n_conds == 0)
		seccomp_rules_remove(&l->rules, r->name);
	else if (seccomp_rules_clash(&l->rules, r, where, err) < 0)
		return -1;
	else if (old && old->n_conds == 0)
		return 0;
	seccomp_rules_add(&l->rules, r);
	return 0;
}

static int allow_group(struct seccomp_list *l, struct json_object *group, const char *where,
		       struct err *err)
{
	struct seccomp_rules more = { 0 };
	int failed = seccomp_group_parse(group, where, &more, err);

	for (size_t i = 0; !failed && i < more.n; i++)
		failed = allow_rule(l, &more.v[i], where, err);
	seccomp_rules_done(&more);
	return failed;
}

static bool denies(char *const *denied, const char *name)
{
	for (size_t i = 0; denied && denied[i]; i++)
		if (strcmp(denied[i], name) == 0)
			return true;
	return false;
}

static int edit_allow(struct seccomp_list *l, struct json_object *allow, char *const *denied,
		      const char *where, struct err *err)
{
	for (size_t i = 0; i < json_object_array_length(allow); i++) {
		struct json_object *e = json_object_array_get_idx(allow, i);
		AUTO_FREE char *here = mem_printf("%s.allow[%zu]", where, i);
		if (json_object_is_type(e, json_type_object)) {
			/* A group beside a deny of the same call: other arguments than before. */
			if (allow_group(l, e, here, err) < 0)
				return -1;
			continue;
		}
		if (!json_object_is_type(e, json_type_string))
			return err_set(err, FAULT_USAGE, 0,
				       "%s: expected the name of a system call, or a group with "
				       "\"reason\", \"names\" and \"args\"",
				       here);
		const char *name = json_object_get_string(e);
		if (denies(denied, name))
			return err_set(err, FAULT_USAGE, 0,
				       "%s: '%.64s' is in \"deny\" of the same profile too", here,
				       name);
		if (allow_name(l, name, here, err) < 0)
			return -1;
	}
	return 0;
}

int seccomp_list_edit(struct seccomp_list *l, struct json_object *edit, const char *where,
		      struct err *err)
{
	struct json_object *allow = NULL;
	AUTO_STRV denied = NULL;

	if (json_get_strv(edit, where, "deny", &denied, err) < 0 ||
	    json_get_array(edit, where, "allow", &allow, err) < 0 ||
	    edit_deny(l, denied, where, err) < 0)
		return -1;
	return allow ? edit_allow(l, allow, denied, where, err) : 0;
}

static struct json_object *arg_json(const struct seccomp_cond *c)
{
	struct json_object *o = json_object_new_object();

	json_object_object_add(o, "index", json_object_new_int64(c->index));
	/* MASKED_EQ: `value` is the mask and `valueTwo` what remains of the argument under it. */
	json_object_object_add(o, "value", json_object_new_uint64(c->mask ? c->mask : c->value));
	if (c->mask)
		json_object_object_add(o, "valueTwo", json_object_new_uint64(c->value));
	json_object_object_add(
		o, "op", json_object_new_string(c->mask ? "SCMP_CMP_MASKED_EQ" : "SCMP_CMP_EQ"));
	return o;
}

static struct json_object *args_json(const struct seccomp_rule *r)
{
	struct json_object *args = json_object_new_array();
	for (size_t i = 0; i < r->n_conds; i++)
		json_object_array_add(args, arg_json(&r->conds[i]));
	return args;
}

/* An entry of `syscalls` without its names, which are put into *names. */
static struct json_object *entry_json(const struct seccomp_rule *r, struct json_object **names)
{
	struct json_object *entry = json_object_new_object();
	const bool runs = r->answer == SECCOMP_RUN;

	*names = json_object_new_array();
	json_object_object_add(entry, "names", *names);
	json_object_object_add(entry, "action",
			       json_object_new_string(runs ? "SCMP_ACT_ALLOW" : "SCMP_ACT_ERRNO"));
	if (!runs)
		json_object_object_add(entry, "errnoRet", json_object_new_int(r->answer));
	if (r->n_conds)
		json_object_object_add(entry, "args", args_json(r));
	return entry;
}

/* The rules that libseccomp gets, here or in an engine. It refuses a rule whose answer is the
 * default's. */
static bool is_needed(const struct seccomp_list *l, size_t i)
{
	const struct seccomp_rule *r = &l->rules.v[i];

	return seccomp_name_here(r->name) && r->answer != l->errnum &&
	       !seccomp_rules_covered(&l->rules, i);
}

/* Calls with the same conditions and answer share an entry: engines read all of it at each start. */
static struct json_object *syscalls_json(const struct seccomp_list *l)
{
	const struct seccomp_rules *rules = &l->rules;
	struct json_object *syscalls = json_object_new_array();
	AUTO_FREE struct json_object **names = mem_alloc((rules->n + 1) * sizeof(*names));

	for (size_t i = 0; i < rules->n; i++) {
		const struct seccomp_rule *r = &rules->v[i];
		if (!is_needed(l, i))
			continue;
		size_t k = 0;
		while (k < i && !(names[k] && seccomp_rule_same(&rules->v[k], r)))
			k++;
		names[i] = k < i ? names[k] : NULL;
		if (k == i)
			json_object_array_add(syscalls, entry_json(r, &names[i]));
		json_object_array_add(names[i], json_object_new_string(r->name));
	}
	return syscalls;
}

struct json_object *seccomp_list_section(const struct seccomp_list *l)
{
	struct json_object *section = json_object_new_object();
	struct json_object *archs = json_object_new_array();

	json_object_object_add(section, "defaultAction", json_object_new_string("SCMP_ACT_ERRNO"));
	json_object_object_add(section, "defaultErrnoRet", json_object_new_int64(l->errnum));
	/* A second architecture would be a second set of numbers to get right (int 0x80). */
	json_object_array_add(archs, json_object_new_string(seccomp_arch()));
	json_object_object_add(section, "architectures", archs);
	json_object_object_add(section, "syscalls", syscalls_json(l));
	return section;
}

void seccomp_list_warn(const struct seccomp_list *l, char ***lines)
{
	for (size_t i = 0; l->opened && l->opened[i]; i++) {
		const char *name = l->opened[i];
		const struct seccomp_rule *rule = seccomp_rules_find(&l->rules, name);
		const char *why = why_left_out(l, name);
		/* Denied or answered again further down. */
		if (!rule || rule->n_conds || rule->answer != SECCOMP_RUN)
			continue;
		AUTO_FREE char *line =
			why ? mem_printf("allows '%s', which is left out because: %s", name, why) :
			      mem_printf("allows '%s' whatever its arguments", name);
		strv_add(lines, line);
	}
}
