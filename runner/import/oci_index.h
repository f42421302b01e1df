/* oci_index.h - indexes of OCI layouts: descriptors, platforms, tags (child side). */
#ifndef MOULETTE_IMPORT_OCI_INDEX_H
#define MOULETTE_IMPORT_OCI_INDEX_H

#include "import/documents.h"

enum media { MEDIA_OTHER, MEDIA_MANIFEST, MEDIA_INDEX, MEDIA_OLD };

/** What refers to a blob. */
struct descriptor {
	char *where; /* where it stands, for messages */
	char *media_type;
	char hex[DIGEST_HEX];
	int64_t bytes;
};
void oci_descriptor_done(struct descriptor *d);
#define AUTO_DESCRIPTOR __attribute__((cleanup(oci_descriptor_done))) struct descriptor

/** oci_descriptor_read() - all three values must be there. @ret: empty. */
int oci_descriptor_read(struct json_object *o, const char *where, struct descriptor *ret,
			struct err *err);
/** oci_descriptor_member() - the name of its blob; heap string. */
char *oci_descriptor_member(const struct descriptor *d);
/** oci_descriptor_load() - the document that it refers to. */
int oci_descriptor_load(struct documents *d, const struct descriptor *from,
			struct json_object **ret, struct err *err);

enum media oci_media_of(const char *media_type);

/** One entry of an index. */
struct index_entry {
	struct descriptor descriptor;
	char *platform; /* "linux/amd64"; NULL: not said */
	bool native;    /* not said, or this machine's */
	char **tags;
};
struct index_entries {
	struct index_entry *all;
	size_t n;
	char *left_out; /* media type of one that is no image */
};
void oci_index_done(struct index_entries *e);
#define AUTO_ENTRIES __attribute__((cleanup(oci_index_done))) struct index_entries

/** oci_index_read() - of the index @o; attestations and other things that are no images are
 *  left out. */
int oci_index_read(struct json_object *o, const char *where, struct index_entries *ret,
		   struct err *err);
/** oci_index_refuse_platforms() - FAULT_USAGE: nothing for this machine; lists what there is. */
int oci_index_refuse_platforms(const struct index_entries *e, const char *where, struct err *err);

#endif
