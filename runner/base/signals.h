/* signals.h - the signals by which people and systems end a program. */
#ifndef MOULETTE_BASE_SIGNALS_H
#define MOULETTE_BASE_SIGNALS_H

#include <signal.h>

/** signals_ending() - SIGINT, SIGTERM and, unless it is ignored as by nohup(1), SIGHUP, for a mask or
 *  a signalfd. */
void signals_ending(sigset_t *ret);
/** signals_block() - them, for good: from now on they are read from a signalfd. */
void signals_block(void);

#endif
