/* filter_section.h - linux.seccomp of the OCI spec, read for a filter of our own. */
#ifndef MOULETTE_BUNDLE_FILTER_SECTION_H
#define MOULETTE_BUNDLE_FILTER_SECTION_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bundle/filter_args.h"

/** A call, which rule it has, and what the kernel is to be told (SECCOMP_RET_...) when that holds. */
struct filter_call {
	uint32_t nr, answer;
	size_t rule;
};

struct filter_section {
	uint32_t otherwise;        /* what it is told of every other call */
	struct filter_call *calls; /* in no order; a call may have several */
	size_t n_calls;
	struct filter_rule *rules; /* one for each entry of `syscalls` that has names here */
	size_t n_rules;
};

/** filter_section_read() - @ret is zeroed, and to be done with in any case. False: the section says
 *  what is not expressed here, see seccomp_filter.h. */
bool filter_section_read(struct json_object *section, struct filter_section *ret);
void filter_section_done(struct filter_section *s);

#endif
