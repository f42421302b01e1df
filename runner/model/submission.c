/* submission.c - how large a submission may be, and its end. */
#include "model/submission.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define BYTES_PER_ENTRY 8192

int64_t unpack_limits_room(const struct unpack_limits *u)
{
	return u->bytes + (u->entries + 1024) * BYTES_PER_ENTRY;
}

bool submission_is_junk(const char *name)
{
	static const char *const names[] = { "__MACOSX", ".DS_Store", "Thumbs.db", "desktop.ini",
					     ".git",     ".idea",     ".vscode" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcasecmp(name, names[i]) == 0)
			return true;
	}
	return strncmp(name, "._", 2) == 0;
}

void submission_done(struct submission *s)
{
	free(s->name);
	free(s->file);
	free(s->path);
	if (s->fd > 0)
		close(s->fd);
	memset(s, 0, sizeof *s);
	s->fd = -1;
}
