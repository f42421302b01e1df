/* print_json.h - the documents that commands print. */
#ifndef MOULETTE_CMD_PRINT_JSON_H
#define MOULETTE_CMD_PRINT_JSON_H

#include <json-c/json.h>

#include "base/err.h"

/** print_json() - @o on stdout, indented, and a newline. FAULT_INFRA. */
int print_json(struct json_object *o, struct err *err);

#endif
