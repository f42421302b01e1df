/* text_table.h - the steps of a result as aligned lines. */
#ifndef MOULETTE_REPORT_TEXT_TABLE_H
#define MOULETTE_REPORT_TEXT_TABLE_H

#include "base/err.h"
#include "model/result.h"

/** text_table_lines() - the heading and one line a step, escaped, no line wider than @width unless
 *  the figures alone are; each begins with the words of the verdict. NULL-terminated list. */
int text_table_lines(const struct run_result *r, int width, char ***ret, struct err *err);

#endif
