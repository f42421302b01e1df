/* oci.h - OCI layouts, and archives of Docker 25 and later, which are layouts too (child side). */
#ifndef MOULETTE_IMPORT_OCI_H
#define MOULETTE_IMPORT_OCI_H

#include "import/documents.h"
#include "import/image_parts.h"

/** oci_load() - as image_source_load(); the tags of a manifest.json beside the index count too. */
int oci_load(struct documents *d, const char *name, struct image_source *ret, struct err *err);

#endif
