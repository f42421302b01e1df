/* process.h - how processes end, and whether they run. */
#ifndef MOULETTE_CHILD_PROCESS_H
#define MOULETTE_CHILD_PROCESS_H

#include <stdbool.h>
#include <sys/types.h>

/** process_wait() - until the child @pid has ended, whatever signals come meanwhile.
 *  Return: its status as waitpid() gives it, or -1 with errno when it is no child. */
int process_wait(pid_t pid);
/** process_wait_ms() - the same for @ms at most; -1 with ETIMEDOUT when the child goes on. */
int process_wait_ms(pid_t pid, int ms);
/** process_end() - process_wait() after a SIGKILL. */
int process_end(pid_t pid);
/** process_is_running() - does the process @pid run, or wait for a processor or a disk, at this moment?
 *  One that hangs waits for something else, or is stopped. False where /proc does not tell. */
bool process_is_running(pid_t pid);
/** process_is_busy() - the same of the process @pid or a descendant. */
bool process_is_busy(pid_t pid);

#endif
