/* Keeps a megabyte for every step of a count that never ends. */
#include <stdlib.h>
#include <string.h>

int main(void)
{
	for (;;) {
		char *kept = malloc(1 << 20);

		if (!kept)
			return 1;
		memset(kept, 1, 1 << 20);
	}
}
