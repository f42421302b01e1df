/* peers_load.h - the key `peers` of a test. */
#ifndef MOULETTE_SUBMISSION_PEERS_LOAD_H
#define MOULETTE_SUBMISSION_PEERS_LOAD_H

#include "base/err.h"
#include "base/json.h"
#include "model/assignment.h"

#define PEERS_MAX 8 /* of one test */

/**
 * peers_read() - append the peer @o to the struct step_spec of its test; its `files` come by
 * files_load(). A json_read_fn.
 * @where: path of @o for messages
 *
 * FAULT_USAGE: names that are no host names, are taken in a box or occur twice, a missing `run`, a
 * port that is none. After a failure what was read is in the step, to be freed with it.
 */
int peers_read(struct json_object *o, const char *where, void *step, struct err *err);

/** peers_check_network() - FAULT_USAGE when a test with peers is to have no card: peers are reached
 *  by it. @file: assignment.json as errors name it. */
int peers_check_network(const struct assignment *a, const char *file, struct err *err);

#endif
