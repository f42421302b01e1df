/* image_show.h - the sub-commands of `moulette image` that change nothing. */
#ifndef MOULETTE_CMD_IMAGE_SHOW_H
#define MOULETTE_CMD_IMAGE_SHOW_H

#include "cmd/command.h"

int image_list_exec(const struct places *p, const struct cli *cli, struct err *err);
int image_show_exec(const struct places *p, const struct cli *cli, struct err *err);

#endif
