/* report.c - the table of formats. */
#include "report/report.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "report/formats.h"
#include "report/terminal.h"

const struct report_format *const report_formats[] = { &report_text, &report_json, NULL };

int report_format_find(const char *name, const struct report_format **ret, struct err *err)
{
	AUTO_BUF names = { 0 };

	for (size_t i = 0; report_formats[i]; i++) {
		if (strcmp(name, report_formats[i]->name) == 0) {
			*ret = report_formats[i];
			return 0;
		}
		buf_printf(&names, "%s%s", i > 0 ? ", " : "", report_formats[i]->name);
	}
	return err_set(err, FAULT_USAGE, 0, "unknown report format '%s'; expected one of %s", name,
		       names.data);
}

struct report_options report_options_for(FILE *out)
{
	return (struct report_options){
		.color = terminal_obeys(out) && !getenv("NO_COLOR"),
		.width = terminal_is(out) ? terminal_columns(out, 1, 0) : 0,
	};
}

int report_line(const struct report_format *f, const struct run_result *r,
		const struct report_options *opt, struct buf *to, struct err *err)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	if (!out)
		return err_set(err, FAULT_INFRA, errno, "cannot open a stream");
	int bad = f->write_line(out, r, opt, err);
	fclose(out);
	buf_add(to, text, len);
	free(text);
	return bad;
}
