/* unpack_main.c - moulette-unpack: the program that unpack/ starts to read what students hand in.
 *
 * One of its own, because it needs few libraries: each costs every start.
 */
#include "unpack/child.h"

int main(void)
{
	return unpack_child_main();
}
