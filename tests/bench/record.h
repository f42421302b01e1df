/* record.h - bench.json: everything that was measured, for programs and for later comparisons. */
#ifndef MOULETTE_BENCH_RECORD_H
#define MOULETTE_BENCH_RECORD_H

#include <json-c/json.h>

#include "bench/contender.h"

/** record_new() - the head of it; @machine is consumed. */
struct json_object *record_new(const struct bench *b, struct json_object *machine);
void record_add(struct json_object *record, const struct outcome *o);
/** record_write() - as FOLDER/bench.json, in one step. FAULT_INFRA. */
int record_write(struct json_object *record, const char *folder, struct err *err);

#endif
