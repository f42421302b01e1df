/* listening.h - does a program in a box wait for others, or talk to them already? */
#ifndef MOULETTE_PIPELINE_LISTENING_H
#define MOULETTE_PIPELINE_LISTENING_H

#include <stdbool.h>
#include <sys/types.h>

/** listening() - has the network namespace of process @pid a TCP socket that listens, or an UDP
 *  socket that is bound, on @port? @port < 0: on any. IPv4 and IPv6. */
bool listening(pid_t pid, int port);
/** talking() - has the link @name of its network namespace sent anything? */
bool talking(pid_t pid, const char *link);

#endif
