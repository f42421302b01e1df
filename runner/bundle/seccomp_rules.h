/* seccomp_rules.h - rules of a list of system calls, one call each. */
#ifndef MOULETTE_BUNDLE_SECCOMP_RULES_H
#define MOULETTE_BUNDLE_SECCOMP_RULES_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define SECCOMP_ARGS 6 /* the kernel hands six arguments to a filter */

/** One condition; all 64 bits of the argument are compared when mask is 0. */
struct seccomp_cond {
	unsigned int index;
	uint64_t mask, value;
};

#define SECCOMP_RUN (-1) /* no answer: the kernel runs the call */

#define SECCOMP_ANSWER_MAX 4094 /* libseccomp takes no larger errno */

/** What becomes of a call when all conditions of one of its rules hold: it runs, or returns `answer`
 *  without being run. */
struct seccomp_rule {
	char *name;
	struct seccomp_cond conds[SECCOMP_ARGS];
	size_t n_conds; /* 0: whatever the arguments */
	int answer;     /* SECCOMP_RUN, 0 for success, or an errno */
};

struct seccomp_rules {
	struct seccomp_rule *v;
	size_t n;
};

void seccomp_rules_done(struct seccomp_rules *r);
/** seccomp_rules_remove() - all rules of one call. */
void seccomp_rules_remove(struct seccomp_rules *r, const char *name);
/** seccomp_rules_add() - one more rule, a copy of @rule. */
void seccomp_rules_add(struct seccomp_rules *r, const struct seccomp_rule *rule);
/** seccomp_rules_clash() - FAULT_USAGE when a rule of the same call has another answer and may hold
 *  for the same arguments: engines disagree on which of the two counts. */
int seccomp_rules_clash(const struct seccomp_rules *r, const struct seccomp_rule *rule,
			const char *where, struct err *err);
/**
 * seccomp_rules_covered() - does another rule of the same call give the same answer wherever the
 * rule @at does?
 *
 * Such a rule is to be kept from libseccomp: of {a, b}, {a, c} and {b}, where a, b and c are
 * conditions, libseccomp 2.5.4 loses {a, c} together with {a, b}, which {b} covers.
 */
bool seccomp_rules_covered(const struct seccomp_rules *r, size_t at);
/** seccomp_rule_same() - same conditions and answer, whatever the call? */
bool seccomp_rule_same(const struct seccomp_rule *a, const struct seccomp_rule *b);
/** seccomp_rules_find() - the first rule of a call, or NULL. */
const struct seccomp_rule *seccomp_rules_find(const struct seccomp_rules *r, const char *name);

/** seccomp_group_parse() - {"reason", "names", "args", "answer", "newer"}: its rules are added to @r; on
 *  failure @r may hold some of them. */
int seccomp_group_parse(struct json_object *group, const char *where, struct seccomp_rules *r,
			struct err *err);

/** seccomp_name_check() - FAULT_USAGE unless libseccomp knows the call, on any architecture; the
 *  message suggests the nearest name. */
int seccomp_name_check(const char *name, const char *where, struct err *err);
/** seccomp_name_here() - has the architecture of this build the call? */
bool seccomp_name_here(const char *name);
/** seccomp_arch() - "SCMP_ARCH_X86_64": the one architecture that a box may use. */
const char *seccomp_arch(void);

#endif
