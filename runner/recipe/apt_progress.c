/*
 * apt_progress.c - pure: how far apt and dpkg are, by what mmdebstrap --verbose prints.
 *
 * mmdebstrap calls apt more than once: first for the base system, then for what a recipe adds. Each
 * time apt tells how many packages there are, then one line for each that it fetches, unpacks and
 * sets up.
 */
#include "recipe/apt_progress.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PHASE_LISTS = 1, PHASE_FETCH, PHASE_BASE, PHASE_INSTALL, PHASE_CLEAN };

static bool begins(const char *line, const char *with)
{
	return strncmp(line, with, strlen(with)) == 0;
}

static bool tell(struct tool_news *ret, int phase, const char *text)
{
	ret->phase = phase;
	snprintf(ret->text, sizeof ret->text, "%s", text);
	return true;
}

static bool count_fetched(struct apt_progress *p, struct tool_news *ret)
{
	if (p->fetched < p->total)
		p->fetched++;
	ret->phase = PHASE_FETCH;
	snprintf(ret->text, sizeof ret->text, "downloading packages, %d of %d (%s)", p->fetched,
		 p->total, p->size);
	return true;
}

/* One package is often set up before the next one is unpacked. More than was said is no progress: a
 * package may be unpacked again. */
static bool count_installed(struct apt_progress *p, struct tool_news *ret)
{
	if (p->installed < 2 * p->total)
		p->installed++;
	ret->phase = PHASE_INSTALL;
	snprintf(ret->text, sizeof ret->text, "unpacking and setting up packages, %d of %d",
		 (p->installed + 1) / 2, p->total);
	return true;
}

/* "0 upgraded, 69 newly installed, 0 to remove and 0 not upgraded." */
static void begin(struct apt_progress *p, const char *line)
{
	const char *number = strstr(line, "upgraded, ") + strlen("upgraded, ");

	*p = (struct apt_progress){ .total = atoi(number), .size = "size unknown" };
}

/* "Need to get 29.7 MB of archives.", or with what is there already "Need to get 1 kB/29.7 MB of ..." */
static void note_size(struct apt_progress *p, const char *line)
{
	const char *size = line + strlen("Need to get "), *end = strstr(size, " of archives");

	if (end)
		snprintf(p->size, sizeof p->size, "%.*s", (int)(end - size), size);
}

bool apt_progress_news(void *ctx, const char *line, struct tool_news *ret)
{
	struct apt_progress *p = ctx;

	if (begins(line, "I: running apt-get update"))
		return tell(ret, PHASE_LISTS, "fetching the lists of packages");
	if (begins(line, "I: extracting archives"))
		return tell(ret, PHASE_BASE, "unpacking the base system");
	if (begins(line, "I: cleaning "))
		return tell(ret, PHASE_CLEAN, "cleaning up");
	if (strstr(line, " upgraded, ") && strstr(line, " newly installed, "))
		begin(p, line);
	else if (begins(line, "Need to get "))
		note_size(p, line);
	/* The lists of packages are fetched before a total is known. */
	else if (begins(line, "Get:") && p->total > 0)
		return count_fetched(p, ret);
	else if ((begins(line, "Unpacking ") || begins(line, "Setting up ")) && p->total > 0)
		return count_installed(p, ret);
	return false;
}
