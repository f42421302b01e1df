/* apt_progress.h - pure: how far apt and dpkg are, by what mmdebstrap --verbose prints. */
#ifndef MOULETTE_RECIPE_APT_PROGRESS_H
#define MOULETTE_RECIPE_APT_PROGRESS_H

#include "child/tool.h"

struct apt_progress {
	int total;     /* packages that this call of apt installs */
	int fetched;   /* of them */
	int installed; /* each counts twice: unpacked, set up */
	char size[32]; /* of what is fetched, as apt writes it: "29.7 MB" */
};

/** apt_progress_news() - tool_news_fn; @ctx: a struct apt_progress that began as zeros. */
bool apt_progress_news(void *ctx, const char *line, struct tool_news *ret);

#endif
