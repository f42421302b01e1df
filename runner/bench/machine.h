/* machine.h - what one has to know of a machine to read its numbers. */
#ifndef MOULETTE_BENCH_MACHINE_H
#define MOULETTE_BENCH_MACHINE_H

#include <json-c/json.h>

/** machine_facts() - an object of texts and numbers; null: could not be learnt. @scratch: the
 *  folder that the measured programs write to. */
struct json_object *machine_facts(const char *scratch);

#endif
