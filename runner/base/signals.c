/* signals.c - one list of the signals that mean "end". */
#include "base/signals.h"

void signals_ending(sigset_t *ret)
{
	sigemptyset(ret);
	sigaddset(ret, SIGINT);
	sigaddset(ret, SIGTERM);
	sigaddset(ret, SIGHUP);
}

void signals_block(void)
{
	sigset_t set;
	signals_ending(&set);
	sigprocmask(SIG_BLOCK, &set, NULL);
}
