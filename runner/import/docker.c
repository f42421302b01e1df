/*
 * docker.c - archives as `docker image save` wrote them up to Docker 24 (child side).
 *
 * manifest.json names config, tags and layers of each image. The config is named by its digest,
 * and has the digests of the layers. skopeo, podman, crane, jib and others write the same with
 * names of their own.
 */
#include "import/docker.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "archive/ceilings.h"
#include "base/cleanup.h"
#include "base/digest.h"
#include "base/err.h"
#include "base/mem.h"
#include "import/image_config.h"

#define FILE_NAME "manifest.json"

bool docker_digest(const char *name, char ret[DIGEST_HEX])
{
	static const char blob[] = "blobs/sha256/", kind[] = "sha256:";
	const char *rest;

	if (strncmp(name, blob, strlen(blob)) == 0)
		name += strlen(blob);
	else if (strncmp(name, kind, strlen(kind)) == 0)
		name += strlen(kind);
	if (!documents_is_digest(name))
		return false;
	rest = name + DIGEST_HEX - 1;
	if (*rest && strcmp(rest, ".json") != 0)
		return false;
	memcpy(ret, name, DIGEST_HEX - 1);
	ret[DIGEST_HEX - 1] = '\0';
	return true;
}

void docker_images_done(struct docker_images *images)
{
	for (size_t i = 0; i < images->n; i++) {
		free(images->all[i].config);
		strv_free(images->all[i].tags);
		strv_free(images->all[i].layers);
	}
	free(images->all);
	*images = (struct docker_images){ 0 };
}

static int read_image(struct json_object *o, const char *where, struct docker_image *ret,
		      struct err *err)
{
	if (!json_object_is_type(o, json_type_object))
		return err_set(err, FAULT_USAGE, 0, "%s: expected an object", where);
	if (json_get_str(o, where, "Config", &ret->config, err) < 0 ||
	    document_strv(o, where, "RepoTags", &ret->tags, err) < 0 ||
	    document_strv(o, where, "Layers", &ret->layers, err) < 0)
		return -1;
	if (!ret->config)
		return err_set(err, FAULT_USAGE, 0, "%s.Config: it is missing", where);
	if (!json_object_object_get_ex(o, "Layers", NULL))
		return err_set(err, FAULT_USAGE, 0, "%s.Layers: it is missing", where);
	if (strv_len(ret->layers) > LAYERS_MAX)
		return err_set(err, FAULT_USAGE, 0, "%s.Layers: %zu layers, expected at most %d",
			       where, strv_len(ret->layers), LAYERS_MAX);
	return 0;
}

int docker_images_load(struct documents *d, struct docker_images *ret, struct err *err)
{
	AUTO_DOCKER_IMAGES images = { 0 };
	AUTO_JSON *o = NULL;

	if (document_load(d, FILE_NAME, NULL, -1, true, &o, err) < 0)
		return -1;
	size_t n = json_object_array_length(o);
	if (n > IMAGES_MAX)
		return err_set(err, FAULT_USAGE, 0, FILE_NAME ": %zu images, expected at most %d",
			       n, IMAGES_MAX);
	images.all = mem_alloc((n + 1) * sizeof(*images.all));
	for (; images.n < n; images.n++) {
		AUTO_FREE char *where = mem_printf(FILE_NAME ": [%zu]", images.n);
		struct docker_image *image = &images.all[images.n];
		if (read_image(json_object_array_get_idx(o, images.n), where, image, err) < 0) {
			images.n++; /* half of it is there */
			return -1;
		}
	}
	*ret = images;
	images = (struct docker_images){ 0 };
	return 0;
}

static int add_layers(const struct documents *d, char *const *layers, struct image_source *ret,
		      struct err *err)
{
	char hex[DIGEST_HEX];

	ret->layers = mem_alloc((strv_len(layers) + 1) * sizeof(*ret->layers));
	for (; layers && *layers; layers++) {
		if (!members_has(d->members, *layers))
			return err_set(err, FAULT_USAGE, 0,
				       FILE_NAME ": layer '%s' is not in the archive",
				       path_tail(*layers));
		/* HEX.tar is named by the digest of something else with some tools: not checked. */
		ret->layers[ret->n_layers++] = (struct source_layer){
			.member = mem_strdup(*layers),
			.bytes = -1,
			.digest = docker_digest(*layers, hex) ? mem_strdup(hex) : NULL,
		};
	}
	return 0;
}

static int choose(const struct docker_images *images, const char *name, size_t *ret,
		  struct err *err)
{
	AUTO_FREE struct tagged *list = mem_alloc((images->n + 1) * sizeof(*list));

	if (images->n == 0)
		return err_set(err, FAULT_USAGE, 0, FILE_NAME ": contains no image");
	for (size_t i = 0; i < images->n; i++)
		list[i] = (struct tagged){
			.id = images->all[i].config,
			.tags = images->all[i].tags,
		};
	return tags_choose(list, images->n, name, ret, err);
}

int docker_load(struct documents *d, const char *name, struct image_source *ret, struct err *err)
{
	AUTO_DOCKER_IMAGES images = { 0 };
	AUTO_JSON *config = NULL;
	char hex[DIGEST_HEX];
	size_t at = 0;

	if (docker_images_load(d, &images, err) < 0 || choose(&images, name, &at, err) < 0)
		return -1;
	const struct docker_image *image = &images.all[at];
	if (document_load(d, image->config, docker_digest(image->config, hex) ? hex : NULL, -1,
			  false, &config, err) < 0 ||
	    add_layers(d, image->layers, ret, err) < 0)
		return -1;
	return image_config_read(config, path_tail(image->config), ret, err);
}
