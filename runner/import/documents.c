/* documents.c - the JSON documents of an archive of images (child side). */
#include "import/documents.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "archive/ceilings.h"
#include "base/digest.h"
#include "base/err.h"
#include "base/mem.h"

static int check_text(const struct buf *text, const char *name, const char *hex, int64_t bytes,
		      struct err *err)
{
	char got[DIGEST_HEX];

	if (bytes >= 0 && (int64_t)text->len != bytes)
		return err_set(err, FAULT_USAGE, 0, "%s: it has %zu bytes, expected %" PRId64,
			       path_tail(name), text->len, bytes);
	if (!hex)
		return 0;
	digest_bytes(text->data ? text->data : "", text->len, got);
	if (strcmp(got, hex) != 0)
		return err_set(err, FAULT_USAGE, 0, "%s: it has sha256 %s, expected %s",
			       path_tail(name), got, hex);
	return 0;
}

int document_load(struct documents *d, const char *name, const char *hex, int64_t bytes,
		  bool is_array, struct json_object **ret, struct err *err)
{
	AUTO_BUF text = { 0 };
	AUTO_JSON *o = NULL;

	if (member_read(d->members, name, DOCUMENT_BYTES_MAX, &text, err) < 0)
		return -1;
	d->left -= (int64_t)text.len;
	if (d->left < 0)
		return err_set(err, FAULT_USAGE, 0,
			       "%s: the documents of the archive have more than %d bytes",
			       path_tail(name), DOCUMENTS_BYTES_MAX);
	if (check_text(&text, name, hex, bytes, err) < 0 ||
	    json_parse_foreign(path_tail(name), text.data ? text.data : "", text.len, &o, err) < 0)
		return -1;
	if (!json_object_is_type(o, is_array ? json_type_array : json_type_object))
		return err_set(err, FAULT_USAGE, 0, "%s: expected %s, got %.80s", path_tail(name),
			       is_array ? "an array" : "an object",
			       json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN));
	*ret = o;
	o = NULL;
	return 0;
}

static bool is_null(struct json_object *o, const char *key)
{
	struct json_object *v;
	return json_object_object_get_ex(o, key, &v) && !v;
}

int document_str(struct json_object *o, const char *where, const char *key, char **ret,
		 struct err *err)
{
	return is_null(o, key) ? 0 : json_get_str(o, where, key, ret, err);
}

int document_strv(struct json_object *o, const char *where, const char *key, char ***ret,
		  struct err *err)
{
	struct json_object *v;

	if (is_null(o, key))
		return 0;
	if (json_object_object_get_ex(o, key, &v) && json_object_is_type(v, json_type_array) &&
	    json_object_array_length(v) > STRINGS_MAX)
		return err_set(err, FAULT_USAGE, 0, "%s.%s: %zu entries, expected at most %d",
			       where, key, json_object_array_length(v), STRINGS_MAX);
	return json_get_strv(o, where, key, ret, err);
}

int document_obj(struct json_object *o, const char *where, const char *key,
		 struct json_object **ret, struct err *err)
{
	*ret = NULL;
	return is_null(o, key) ? 0 : json_get_obj(o, where, key, ret, err);
}

int document_array(struct json_object *o, const char *where, const char *key,
		   struct json_object **ret, struct err *err)
{
	*ret = NULL;
	return is_null(o, key) ? 0 : json_get_array(o, where, key, ret, err);
}

bool documents_is_digest(const char *s)
{
	return strspn(s, "0123456789abcdef") >= DIGEST_HEX - 1;
}

int documents_digest(const char *text, const char *what, char ret[DIGEST_HEX], struct err *err)
{
	static const char kind[] = "sha256:";
	size_t len = strlen(kind);

	if (strncmp(text, kind, len) != 0 || strlen(text) != len + DIGEST_HEX - 1 ||
	    !documents_is_digest(text + len))
		return err_set(err, FAULT_USAGE, 0,
			       "%s: expected a digest, 'sha256:' and 64 lower hex digits, got "
			       "'%.100s'",
			       what, text);
	memcpy(ret, text + len, DIGEST_HEX);
	return 0;
}

const char *documents_machine(void)
{
#if defined(__x86_64__)
	return "amd64";
#elif defined(__aarch64__)
	return "arm64";
#elif defined(__arm__)
	return "arm";
#elif defined(__i386__)
	return "386";
#elif defined(__riscv) && __riscv_xlen == 64
	return "riscv64";
#elif defined(__powerpc64__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	return "ppc64le";
#elif defined(__s390x__)
	return "s390x";
#elif defined(__loongarch64)
	return "loong64";
#elif defined(__mips64) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	return "mips64le";
#else
#error "how do images name this machine (GOARCH of the Go language)?"
#endif
}
