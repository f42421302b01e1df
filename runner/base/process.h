/* process.h - the ends of children. */
#ifndef MOULETTE_BASE_PROCESS_H
#define MOULETTE_BASE_PROCESS_H

#include <stdbool.h>
#include <sys/types.h>

/** process_wait() - until the child @pid has ended, whatever signals come meanwhile.
 *  Return: its status as waitpid() gives it, or -1 with errno when it is no child. */
int process_wait(pid_t pid);
/** process_end() - the same, after a SIGKILL. */
int process_end(pid_t pid);
/** process_is_busy() - does the process @pid or a descendant run, or wait for a processor or a disk, at
 *  this moment? One that hangs waits for something else. False where /proc does not tell. */
bool process_is_busy(pid_t pid);

#endif
