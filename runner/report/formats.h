/* formats.h - the formats there are, for the table in report.c. */
#ifndef MOULETTE_REPORT_FORMATS_H
#define MOULETTE_REPORT_FORMATS_H

#include "report/report.h"

extern const struct report_format report_text, report_json;

#endif
