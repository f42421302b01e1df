/* json.c - JSON that people wrote. */
#include "base/json.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/json_check.h"
#include "base/mem.h"

#define MAX_FILE (16 << 20)

void json_cleanup(struct json_object **o)
{
	json_object_put(*o);
}

/* Comments become blanks before the text is checked; newlines stay, for line numbers. Return: false
 * when a comment does not end. */
static bool blank_comments(char *s, size_t len)
{
	bool string = false;

	for (size_t i = 0; i < len; i++) {
		if (string) {
			if (s[i] == '\\')
				i++;
			else if (s[i] == '"')
				string = false;
		} else if (s[i] == '"') {
			string = true;
		} else if (s[i] == '/' && i + 1 < len && s[i + 1] == '/') {
			for (; i < len && s[i] != '\n'; i++)
				s[i] = ' ';
		} else if (s[i] == '/' && i + 1 < len && s[i + 1] == '*') {
			size_t end = i + 2;
			while (end + 1 < len && !(s[end] == '*' && s[end + 1] == '/'))
				end++;
			if (end + 1 >= len)
				return false;
			for (; i < end + 2; i++)
				if (s[i] != '\n')
					s[i] = ' ';
			i--;
		}
	}
	return true;
}

/* Parses a text that json_check() has accepted. An error of json-c is an error here. */
static int read_checked(const char *name, const char *text, size_t len, struct json_object **ret,
			struct err *err)
{
	struct json_tokener *tok = json_tokener_new_ex(JSON_CHECK_DEPTH);
	struct json_object *got = json_tokener_parse_ex(tok, text, (int)len + 1);
	enum json_tokener_error e = json_tokener_get_error(tok);
	const char *at = text + json_tokener_get_parse_end(tok);

	json_tokener_free(tok);
	if (e != json_tokener_success)
		return err_set(err, FAULT_USAGE, 0, "%s: line %d: %s", name,
			       json_check_line(text, at), json_tokener_error_desc(e));
	*ret = got;
	return 0;
}

static int parse(const char *name, const char *text, size_t len, bool once,
		 struct json_object **ret, struct err *err)
{
	/* Editors of Windows put a byte order mark first. */
	if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
		text += 3;
		len -= 3;
	}
	if (len >= INT_MAX || memchr(text, '\0', len))
		return err_set(err, FAULT_USAGE, 0, "%s: not a JSON text", name);
	AUTO_FREE char *copy = mem_strndup(text, len);
	if (!blank_comments(copy, len))
		return err_set(err, FAULT_USAGE, 0, "%s: a comment does not end", name);
	if (json_check(name, copy, once, err) < 0)
		return -1;
	return read_checked(name, copy, len, ret, err);
}

int json_parse(const char *name, const char *text, size_t len, struct json_object **ret,
	       struct err *err)
{
	return parse(name, text, len, true, ret, err);
}

int json_parse_foreign(const char *name, const char *text, size_t len, struct json_object **ret,
		       struct err *err)
{
	return parse(name, text, len, false, ret, err);
}

int json_read(const char *path, struct buf *text, struct err *err)
{
	if (file_read(AT_FDCWD, path, text, MAX_FILE) < 0)
		return err_set(err, err_path_fault(errno), errno, "cannot read '%s'", path);
	return 0;
}

int json_load(const char *path, struct json_object **ret, struct err *err)
{
	AUTO_BUF text = { 0 };

	if (json_read(path, &text, err) < 0)
		return -1;
	return json_parse(path, text.data, text.len, ret, err);
}

struct json_object *json_new_str(const char *s)
{
	return s ? json_object_new_string(s) : NULL;
}

struct json_object *json_new_strv(char *const *v)
{
	struct json_object *a = json_object_new_array();
	for (; v && *v; v++)
		json_object_array_add(a, json_object_new_string(*v));
	return a;
}

struct json_object *json_find(struct json_object *array, const char *key, const char *value)
{
	size_t n = json_object_is_type(array, json_type_array) ? json_object_array_length(array) :
								 0;
	for (size_t i = 0; i < n; i++) {
		struct json_object *o = json_object_array_get_idx(array, i), *v = NULL;
		const char *text = json_object_object_get_ex(o, key, &v) ? json_text(v) : NULL;
		if (text && strcmp(text, value) == 0)
			return o;
	}
	return NULL;
}

void json_merge_patch(struct json_object **target, struct json_object *patch)
{
	if (!json_object_is_type(patch, json_type_object)) {
		struct json_object *copy = NULL;
		json_object_deep_copy(patch, &copy, NULL);
		json_object_put(*target);
		*target = copy;
		return;
	}
	if (!json_object_is_type(*target, json_type_object)) {
		json_object_put(*target);
		*target = json_object_new_object();
	}
	json_object_object_foreach(patch, key, val) {
		if (!val) {
			json_object_object_del(*target, key);
			continue;
		}
		struct json_object *old = json_object_get(json_object_object_get(*target, key));
		json_merge_patch(&old, val);
		json_object_object_add(*target, key, old);
	}
}

const char *json_text(struct json_object *v)
{
	if (!json_object_is_type(v, json_type_string) ||
	    strlen(json_object_get_string(v)) != (size_t)json_object_get_string_len(v))
		return NULL;
	return json_object_get_string(v);
}
