/* pull.h - images from registries, by way of skopeo. */
#ifndef MOULETTE_IMPORT_PULL_H
#define MOULETTE_IMPORT_PULL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "model/image.h"
#include "model/places.h"

/**
 * image_pull() - what @ref names becomes image @name
 * @ref:       as skopeo has it: docker://HOST/PATH:TAG (also without "docker://"), oci:DIR:TAG,
 *             oci-archive:FILE:TAG, docker-archive:FILE:TAG
 * @max_bytes: as for image_import()
 *
 * FAULT_USAGE: no such reference, image or tag, no access, no skopeo; FAULT_INFRA: the registry
 * cannot be reached or fails. Credentials are those that `skopeo login` keeps. Nothing stays when
 * it fails.
 */
int image_pull(const struct places *p, const char *name, const char *ref, int64_t max_bytes,
	       struct image *ret, struct err *err);

/** pull_source() - @ref with its transport and an absolute path, owned. FAULT_USAGE: not one. */
int pull_source(const char *ref, char **ret, struct err *err);
/** pull_is_loopback() - does @source name a registry on this host's loopback? Docker asks such a
 *  one without TLS. */
bool pull_is_loopback(const char *source);
/** pull_reason() - what skopeo complained of in @said, owned. */
char *pull_reason(const char *said);
/** pull_fault() - whose problem that is. */
enum fault pull_fault(const char *reason);

#endif
