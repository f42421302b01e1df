/* print_json.c - one form for all documents that commands print. */
#include "cmd/print_json.h"

#include <errno.h>
#include <stdio.h>

int print_json(struct json_object *o, struct err *err)
{
	const int flags = JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE;

	if (printf("%s\n", json_object_to_json_string_ext(o, flags)) < 0 || fflush(stdout) != 0)
		return err_set(err, FAULT_INFRA, errno, "cannot write to stdout");
	return 0;
}
