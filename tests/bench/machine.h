/* machine.h - what one has to know of a machine to read its numbers. */
#ifndef MOULETTE_BENCH_MACHINE_H
#define MOULETTE_BENCH_MACHINE_H

#include <json-c/json.h>
#include <stdio.h>

/** machine_facts() - an object of texts and numbers; null: could not be learnt. @scratch: the
 *  folder that the measured programs write to. */
struct json_object *machine_facts(const char *scratch);

/** machine_load() - what /proc/loadavg says now. */
struct json_object *machine_load(void);

/** machine_write() - the facts in a line, and in another one that others use the machine, if so. */
void machine_write(FILE *out, struct json_object *facts);

#endif
