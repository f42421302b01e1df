/*
 * members_find.c - whether an archive holds images, and in which of its folders.
 *
 * Where every name is one that tools give, names decide. Layers of a manifest.json may have any
 * name, and people put notes and folders beside: then a document has to look like that of an
 * archive of images. Names that only a root file system has make it a tree. An archive that was
 * packed with the folders around it is entered as long as there is one way to go.
 */
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "archive/ceilings.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "import/documents.h"
#include "import/members_internal.h"

#define FOLDERS_MAX 4 /* around the images; /home/NAME/images/x has as many */

/* ---- what lies there ---- */

static void level_done(struct level *l)
{
	strv_free(l->below);
	*l = (struct level){ 0 };
}
#define AUTO_LEVEL CLEANUP(level_done) struct level

void members_level(struct level *l, const char *name, bool is_folder)
{
	if (member_is_of_tree(name))
		l->tree = true;
	if (!member_is_of_images(name, is_folder))
		*(is_folder ? &l->folders : &l->files) = true;
	/* Beside what a Mac packs lies a folder of its own notes. */
	if (!is_folder || name[0] == '.' || strcmp(name, "__MACOSX") == 0 ||
	    strv_len(l->below) == LEVEL_FOLDERS_MAX)
		return;
	for (char **b = l->below; b && *b; b++)
		if (strcmp(*b, name) == 0)
			return;
	strv_add(&l->below, name);
}

static int look(const struct members *m, struct level *ret, struct err *err)
{
	if (m->is_folder)
		return members_folder_level(m, ret, err);
	members_tar_level(m, ret);
	return 0;
}

/* ---- what the documents say ---- */

/* Return: 1 *ret is it, 0 there is none that can be read, -1 with @err. */
static int load(struct members *m, const char *name, bool is_array, struct json_object **ret,
		struct err *err)
{
	struct documents d = { .members = m, .left = DOCUMENTS_BYTES_MAX };
	struct err why = { 0 };

	if (!members_has(m, name))
		return 0;
	if (document_load(&d, name, NULL, -1, is_array, ret, &why) == 0)
		return 1;
	return why.fault == FAULT_USAGE ? 0 : err_set(err, why.fault, 0, "%s", why.msg);
}

static int is_layout(struct members *m, struct err *err)
{
	AUTO_JSON *o = NULL;

	if (!members_has(m, "index.json"))
		return 0;
	int got = load(m, "oci-layout", false, &o, err);
	return got > 0 ? json_object_object_get_ex(o, "imageLayoutVersion", NULL) : got;
}

static int is_docker(struct members *m, struct err *err)
{
	AUTO_JSON *o = NULL;
	int got = load(m, "manifest.json", true, &o, err);

	for (size_t i = 0; got > 0 && i < json_object_array_length(o); i++) {
		struct json_object *image = json_object_array_get_idx(o, i);
		got = json_object_is_type(image, json_type_object) &&
		      json_object_object_get_ex(image, "Config", NULL) &&
		      json_object_object_get_ex(image, "Layers", NULL);
	}
	return got > 0 ? json_object_array_length(o) > 0 : got;
}

static int has_documents(struct members *m, struct err *err)
{
	int got = is_layout(m, err);
	return got != 0 ? got : is_docker(m, err);
}

/* skopeo's "dir:", which no other tool knows. */
static int refuse_dir_transport(struct members *m, struct err *err)
{
	static const char begin[] = "Directory Transport Version";
	AUTO_BUF text = { 0 };

	if (!members_has(m, "version") || member_read(m, "version", 100, &text, NULL) < 0 ||
	    !text.data || strncmp(text.data, begin, strlen(begin)) != 0)
		return 0;
	return err_set(err, FAULT_USAGE, 0,
		       "it was written by skopeo as 'dir:', which is not supported; copy the image "
		       "to 'oci:' or 'docker-archive:'");
}

/* All names are those of an archive of images. Return: 1 it is one, 0 it is none, -1. */
static int check_complete(const struct members *m, struct err *err)
{
	bool layout = members_has(m, "oci-layout"), index = members_has(m, "index.json");

	if (members_has(m, "manifest.json") || (layout && index))
		return 1;
	if (members_has(m, "repositories"))
		return err_set(err, FAULT_USAGE, 0,
			       "the archive has 'repositories' but no 'manifest.json': it was "
			       "written by a Docker older than 1.10, save the image anew");
	if (members_has(m, "blobs") && (layout || index))
		return err_set(err, FAULT_USAGE, 0,
			       "the archive has 'blobs' and '%s' but no '%s': it is an incomplete "
			       "OCI layout",
			       layout ? "oci-layout" : "index.json",
			       layout ? "index.json" : "oci-layout");
	return 0;
}

/* Return: 1 there are images in m->within, 0 there are none, -1 with @err. */
static int has_images(struct members *m, const struct level *l, struct err *err)
{
	if (l->tree)
		return 0;
	if (refuse_dir_transport(m, err) < 0)
		return -1;
	/* A file beside a layout (a README) is no doubt. */
	if (!l->folders &&
	    (!l->files || (members_has(m, "oci-layout") && members_has(m, "index.json"))))
		return check_complete(m, err);
	return has_documents(m, err);
}

/* ---- the folders around ---- */

static void enter(struct members *m, const char *folder)
{
	char *within = mem_printf("%s%s/", m->within, folder);
	free(m->within);
	m->within = within;
}

/* Of several folders none can be chosen; but blobs are no tree. */
static int refuse_any(struct members *m, char *const *below, struct err *err)
{
	AUTO_FREE char *here = mem_strdup(m->within);

	for (; *below; below++) {
		enter(m, *below);
		int got = has_documents(m, err);
		free(m->within);
		m->within = mem_strdup(here);
		if (got > 0)
			return err_set(err, FAULT_USAGE, 0,
				       "images lie in folder '%s%s', and there are other folders "
				       "beside it; import that one alone",
				       path_tail(here), *below);
		if (got < 0)
			return -1;
	}
	return 0;
}

int members_find(struct members *m, struct err *err)
{
	for (int depth = 0;; depth++) {
		AUTO_LEVEL l = { 0 };
		int got = look(m, &l, err);
		if (got == 0)
			got = has_images(m, &l, err);
		if (got != 0 || l.tree || !l.below || depth == FOLDERS_MAX)
			return got;
		if (l.below[1])
			return refuse_any(m, l.below, err);
		enter(m, l.below[0]);
	}
}
