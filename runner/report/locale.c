/* locale.c - made once: it is 350 KB, and a batch writes thousands of lines. */
#include "report/locale.h"

static locale_t of_reports(void)
{
	static locale_t made;

	if (!made)
		made = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
	if (!made) /* then columns may be uneven where names are not ASCII */
		made = newlocale(LC_ALL_MASK, "C", (locale_t)0);
	return made;
}

locale_t report_locale_enter(void)
{
	return uselocale(of_reports());
}

void report_locale_leave(const locale_t *before)
{
	uselocale(*before);
}
