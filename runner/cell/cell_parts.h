/* cell_parts.h - the parts of a cell, for the files of this folder. */
#ifndef MOULETTE_CELL_CELL_PARTS_H
#define MOULETTE_CELL_CELL_PARTS_H

#include "cell/cell.h"

#define CELL_MOUNTS_MAX 3 /* of the cell's own, beside those of its spec */

/* cell_config.c */
/** cell_config_make() - c->config and c->env. */
int cell_config_make(struct cell *c, struct err *err);
/** cell_config_write() - the rootfs and config.json in the room's bundle. */
int cell_config_write(const struct cell *c, struct err *err);

/* cell_card.c */
/** cell_card_mounts() - the files that name peers and nameservers, where any step has such: at most two,
 *  added to @to; sources are owned by the caller. Return: how many. */
size_t cell_card_mounts(const struct cell *c, struct mount_spec *to);
/** cell_card_make() - the network namespace of the box that is started next. */
int cell_card_make(struct cell *c, struct err *err);
/** cell_card_end() - accepts none, and half-made ones; @now as card_end() has it. */
void cell_card_end(struct cell *c, bool now);

/* cell_cgroup.c */
/** cell_cgroup_take_processors() - those of its own that the box is to have, where so many are free. */
int cell_cgroup_take_processors(struct cell *c, struct err *err);
/** cell_cgroup_limit_cpu() - the config's share of processors, for the slot's group; after the box was started,
 *  which it does not slow down then. FAULT_INFRA. */
int cell_cgroup_limit_cpu(const struct cell *c, struct err *err);
/** cell_cgroup_box() - what the config says of the box's own group, into @opt. */
void cell_cgroup_box(const struct cell *c, struct box_options *opt);

#endif
