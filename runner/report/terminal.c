/* terminal.c - capabilities of the terminal behind a stream. */
#include "report/terminal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

bool terminal_is(FILE *out)
{
	return isatty(fileno(out));
}

bool terminal_obeys(FILE *out)
{
	const char *term = getenv("TERM");

	return terminal_is(out) && term && strcmp(term, "dumb") != 0;
}

int terminal_columns(FILE *out, int min, int otherwise)
{
	struct winsize size;

	if (ioctl(fileno(out), TIOCGWINSZ, &size) < 0 || size.ws_col < min)
		return otherwise;
	return size.ws_col;
}
