/* name.c - what an image may be called, and the folder that has its name. */
#include <ctype.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "base/err.h"
#include "image/name.h"

/* A tag is looked for by its name (`school/built:1`), so its name is a name here. */
static bool name_is_valid(const char *name)
{
	bool first = true; /* of a component */

	if (strlen(name) > IMAGE_NAME_MAX)
		return false;
	for (const char *s = name; *s; s++) {
		if (*s == '/' || *s == ':') {
			if (first)
				return false;
			first = true;
		} else if ((unsigned char)*s < 128 && isalnum((unsigned char)*s)) {
			first = false;
		} else if (first || !strchr("._-", *s)) {
			return false;
		}
	}
	return !first;
}

int name_check(const char *name, struct err *err)
{
	if (name_is_valid(name))
		return 0;
	return err_set(
		err, FAULT_USAGE, 0,
		"'%.150s' cannot name an image; expected letters, digits, '.', '_' and '-', "
		"beginning with a letter or digit, as in 'gcc' or 'school/gcc:12', at most %d "
		"characters",
		name, IMAGE_NAME_MAX);
}

/* '/' is the only character of a name that a folder cannot have; '%' is in no name. */
static void translate(const char *text, char from, char to, char ret[IMAGE_NAME_MAX + 1])
{
	size_t i = 0;
	for (; text[i] && i < IMAGE_NAME_MAX; i++)
		ret[i] = text[i] == from ? to : text[i];
	ret[i] = '\0';
}

void name_to_folder(const char *name, char ret[IMAGE_NAME_MAX + 1])
{
	translate(name, '/', '%', ret);
}

void folder_to_name(const char *folder, char ret[IMAGE_NAME_MAX + 1])
{
	translate(folder, '%', '/', ret);
}
