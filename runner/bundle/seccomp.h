/* seccomp.h - the list of system calls of a box: read, edited by profiles, turned into the OCI
 * section. */
#ifndef MOULETTE_BUNDLE_SECCOMP_H
#define MOULETTE_BUNDLE_SECCOMP_H

#include <json-c/json.h>

#include "base/buf.h"
#include "base/err.h"

struct seccomp_list;

/** seccomp_list_parse() - a list file (profiles/base.seccomp.json explains the form), its @text read
 *  from @path. FAULT_USAGE: names file, group and key. */
int seccomp_list_parse(const char *path, const struct buf *text, struct seccomp_list **ret,
		       struct err *err);

/**
 * seccomp_list_edit() - what a profile says in `moulette.seccomp`
 * @edit:  {"allow": [...], "deny": [...]}; other keys are the caller's business
 * @where: path of @edit for messages
 *
 * `deny` removes a call with all its rules. `allow` takes names, which are then allowed whatever
 * their arguments, and groups as in a list file, which are added to what there is. FAULT_USAGE: an
 * unknown call (the nearest known name is suggested), one in both lists, or one with two answers for
 * the same arguments.
 */
int seccomp_list_edit(struct seccomp_list *l, struct json_object *edit, const char *where,
		      struct err *err);

/** seccomp_list_section() - `linux.seccomp` for this architecture; the caller owns it. It leaves out
 *  calls that libseccomp or the architecture does not know, and rules that change nothing: those with
 *  the default's answer, and those that another rule covers. */
struct json_object *seccomp_list_section(const struct seccomp_list *l);

/** seccomp_list_warn() - one line for every call that is allowed whatever its arguments although
 *  the list leaves it out or looks at them. */
void seccomp_list_warn(const struct seccomp_list *l, char ***lines);

void seccomp_list_free(struct seccomp_list *l);
void seccomp_list_cleanup(struct seccomp_list **l);
#define AUTO_SECCOMP __attribute__((cleanup(seccomp_list_cleanup))) struct seccomp_list

#endif
