/* seccomp_filter.h - linux.seccomp of the OCI spec as the program that the kernel takes, so that the
 * engine need not make one at every start. */
#ifndef MOULETTE_BUNDLE_SECCOMP_FILTER_H
#define MOULETTE_BUNDLE_SECCOMP_FILTER_H

#include <json-c/json.h>
#include <linux/filter.h>
#include <stdbool.h>
#include <stddef.h>

/**
 * seccomp_filter_make() - the same answer to every call as libseccomp's program for @section
 * @ret: on the heap
 *
 * An interval tree: numbers of calls in a row with one answer are one interval, found by halving;
 * arguments are looked at in its leaves.
 *
 * Return: false when @section says what is not expressed here, and *ret is untouched: another
 * architecture than ours beside it or instead, SCMP_ACT_NOTIFY, two answers for one call and the same
 * arguments, a call that libseccomp does not know, two conditions on one argument (engines take
 * them for alternatives), an unknown key. The engine is then to read the list itself.
 */
bool seccomp_filter_make(struct json_object *section, struct sock_filter **ret, size_t *ret_n);

/*
 * crun's annotation with such a program, in base64. crun then does not look at the list, but parses it
 * at each start. So seccomp_filter_section() stands in its place, never nothing: without a list crun would
 * run a box whose annotation has a slip in its name with no filter at all.
 */
#define SECCOMP_FILTER_ANNOTATION "run.oci.seccomp_bpf_data"

/** seccomp_filter_text() - the annotation's value on the heap; NULL: see seccomp_filter_make(). */
char *seccomp_filter_text(struct json_object *section);

/** seccomp_filter_section() - linux.seccomp beside the annotation: no call is allowed, so that a box whose
 *  annotation is passed over does not start, and is started again the plain way. The caller owns it. */
struct json_object *seccomp_filter_section(void);

/** seccomp_filter_taken() - does this engine know the annotation? To others it means nothing. */
bool seccomp_filter_taken(const char *engine, const char *version);

#endif
