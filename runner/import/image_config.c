/* image_config.c - the config document of an image (child side). */
#include "import/image_config.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "import/documents.h"

#define WORD_MAX 4096           /* bytes of User and WorkingDir */
#define ENV_MAX 1000            /* images have some ten */
#define ENV_ENTRY_MAX 131071    /* MAX_ARG_STRLEN of execve(2), less its NUL */
#define ENV_BYTES_MAX (1 << 20) /* half of what execve(2) takes by default */

static int read_machine(struct json_object *o, const char *where, struct err *err)
{
	AUTO_FREE char *os = mem_strdup(""), *machine = mem_strdup("");

	if (document_str(o, where, "os", &os, err) < 0 ||
	    document_str(o, where, "architecture", &machine, err) < 0)
		return -1;
	if ((!*os || strcmp(os, "linux") == 0) &&
	    (!*machine || strcmp(machine, documents_machine()) == 0))
		return 0;
	return err_set(err, FAULT_USAGE, 0,
		       "%s: the image is for %.40s/%.40s, this machine is linux/%s", where,
		       *os ? os : "linux", *machine ? machine : "unknown", documents_machine());
}

static int read_word(struct json_object *o, const char *where, const char *key, char **ret,
		     struct err *err)
{
	AUTO_FREE char *word = NULL;

	if (document_str(o, where, key, &word, err) < 0)
		return -1;
	if (word && strlen(word) > WORD_MAX)
		return err_set(err, FAULT_USAGE, 0, "%s.%s: more than %d bytes", where, key,
			       WORD_MAX);
	if (word && *word) /* tools write "" for what is not said */
		*ret = ptr_steal(&word);
	return 0;
}

static int check_variable(const char *entry, const char *where, size_t i, struct err *err)
{
	const char *sign = strchr(entry, '=');

	if (!sign || sign == entry)
		return err_set(err, FAULT_USAGE, 0, "%s.Env[%zu]: expected NAME=VALUE, got '%.80s'",
			       where, i, entry);
	if (strlen(entry) > ENV_ENTRY_MAX)
		return err_set(err, FAULT_USAGE, 0, "%s.Env[%zu]: more than %d bytes", where, i,
			       ENV_ENTRY_MAX);
	return 0;
}

static int read_env(struct json_object *o, const char *where, char ***ret, struct err *err)
{
	AUTO_STRV all = NULL;
	size_t bytes = 0, n;

	if (document_strv(o, where, "Env", &all, err) < 0)
		return -1;
	n = strv_len(all);
	if (n > ENV_MAX)
		return err_set(err, FAULT_USAGE, 0, "%s.Env: %zu entries, expected at most %d",
			       where, n, ENV_MAX);
	for (size_t i = 0; i < n; i++) {
		if (check_variable(all[i], where, i, err) < 0)
			return -1;
		bytes += strlen(all[i]);
		env_set(ret, all[i]);
	}
	if (bytes > ENV_BYTES_MAX)
		return err_set(err, FAULT_USAGE, 0, "%s.Env: more than %d bytes", where,
			       ENV_BYTES_MAX);
	return 0;
}

static int read_settings(struct json_object *o, const char *where, struct image_source *ret,
			 struct err *err)
{
	AUTO_FREE char *inside = mem_printf("%s: config", where);
	struct json_object *config;

	if (document_obj(o, where, "config", &config, err) < 0)
		return -1;
	if (!config)
		return 0;
	return read_env(config, inside, &ret->env, err) < 0 ||
			       read_word(config, inside, "User", &ret->user, err) < 0 ||
			       read_word(config, inside, "WorkingDir", &ret->working_dir, err) < 0 ?
		       -1 :
		       0;
}

static int read_layers(struct json_object *o, const char *where, struct image_source *ret,
		       struct err *err)
{
	AUTO_FREE char *inside = mem_printf("%s: rootfs", where), *type = NULL;
	AUTO_STRV ids = NULL;
	struct json_object *rootfs;

	if (document_obj(o, where, "rootfs", &rootfs, err) < 0)
		return -1;
	if (!rootfs)
		return err_set(err, FAULT_USAGE, 0, "%s.rootfs: it is missing", where);
	if (document_str(rootfs, inside, "type", &type, err) < 0 ||
	    document_strv(rootfs, inside, "diff_ids", &ids, err) < 0)
		return -1;
	if (type && strcmp(type, "layers") != 0)
		return err_set(err, FAULT_USAGE, 0, "%s.type: expected 'layers', got '%.80s'",
			       inside, type);
	if (strv_len(ids) != ret->n_layers)
		return err_set(err, FAULT_USAGE, 0,
			       "%s.diff_ids: %zu digests, but the image has %zu layers", inside,
			       strv_len(ids), ret->n_layers);
	for (size_t i = 0; i < ret->n_layers; i++) {
		AUTO_FREE char *what = mem_printf("%s.diff_ids[%zu]", inside, i);
		if (documents_digest(ids[i], what, ret->layers[i].diff_id, err) < 0)
			return -1;
	}
	return 0;
}

int image_config_read(struct json_object *o, const char *where, struct image_source *ret,
		      struct err *err)
{
	return read_machine(o, where, err) < 0 || read_settings(o, where, ret, err) < 0 ||
			       read_layers(o, where, ret, err) < 0 ?
		       -1 :
		       0;
}
