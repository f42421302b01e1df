/* box_proc.h - /proc of a box for engines that read /proc/sys in it while they start it. */
#ifndef MOULETTE_CONTAINER_BOX_PROC_H
#define MOULETTE_CONTAINER_BOX_PROC_H

#include <stdbool.h>

#include "base/err.h"

/** A /proc that the engine mounts whole, until the runner closes it. */
struct box_proc {
	bool opened;
	bool ro;          /* as the config has it */
	char hidepid[16]; /* likewise; empty: not asked for */
};

/** box_proc_open() - let the config.json of a bundle mount /proc whole for now. @p is as it was when
 *  the config does not ask for subset=pid, or not any more. FAULT_INFRA. */
int box_proc_open(const char *bundle, struct box_proc *p, struct err *err);
/** box_proc_close() - replace /proc of a box, if it was opened, by what the config asked for; to be
 *  called before anything of a submission runs. @mnt_ns, @pid_ns: of the box. FAULT_INFRA. */
int box_proc_close(const struct box_proc *p, int mnt_ns, int pid_ns, struct err *err);

#endif
