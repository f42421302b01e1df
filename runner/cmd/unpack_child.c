/* unpack_child.c - the hidden command that unpack/ re-executes the program as. */
#include "cmd/command.h"
#include "unpack/unpack.h"

static int unpack_child_exec(const struct places *places, const struct cli *cli, struct err *err)
{
	(void)places;
	(void)cli;
	(void)err;
	return unpack_child_main();
}

extern const struct command cmd_unpack_child;
const struct command cmd_unpack_child = {
	.name = "unpack-child",
	.synopsis = "unpack-child",
	.summary = "unpack what is handed in by descriptor; started by the program itself",
	.hidden = true,
	.exec = unpack_child_exec,
};
