/* locale.h - a fixed locale for character widths and the decimal point of reports. */
#ifndef MOULETTE_REPORT_LOCALE_H
#define MOULETTE_REPORT_LOCALE_H

#include <locale.h>

#include "base/cleanup.h"

/** report_locale_enter() - UTF-8 in the "C" locale for this thread, wherever the program was called from;
 *  libsmartcols 2.38 loops forever on a name such as "aü" in an ASCII locale. */
locale_t report_locale_enter(void);
void report_locale_leave(const locale_t *before);
/** Holds until the end of the block. */
#define IN_REPORT_LOCALE                                     \
	__attribute__((unused)) CLEANUP(report_locale_leave) \
		const locale_t before_report = report_locale_enter()

#endif
