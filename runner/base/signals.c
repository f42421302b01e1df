/* signals.c - one list of the signals that mean "end". */
#include "base/signals.h"

#include <stddef.h>

void signals_ending(sigset_t *ret)
{
	struct sigaction hup;
	sigemptyset(ret);
	sigaddset(ret, SIGINT);
	sigaddset(ret, SIGTERM);
	/* Blocked, an ignored signal would be read from a signalfd nevertheless. */
	if (sigaction(SIGHUP, NULL, &hup) < 0 || hup.sa_handler != SIG_IGN)
		sigaddset(ret, SIGHUP);
}

void signals_block(void)
{
	sigset_t set;
	signals_ending(&set);
	sigprocmask(SIG_BLOCK, &set, NULL);
}
