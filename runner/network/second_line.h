/* second_line.h - our tables on the host, for the files that write them. Internal to network/. */
#ifndef MOULETTE_NETWORK_SECOND_LINE_H
#define MOULETTE_NETWORK_SECOND_LINE_H

#include <stdbool.h>

#include "network/host.h"

#define SECOND_LINE "moulette"
#define SECOND_LINE_BEYOND "moulette_beyond"

/** second_line_enter() - one at a time looks at the tables and changes them, until *ret is closed. */
int second_line_enter(const struct network_host *h, int *ret, struct err *err);
int second_line_has(struct network_host *h, const char *table, bool *ret, struct err *err);
/** second_line_need_beyond() - both tables are there; the caller has entered. */
int second_line_need_beyond(struct network_host *h, struct err *err);

#endif
