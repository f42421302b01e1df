/* table.c - every command of the program. */
#include "cmd/command.h"

const struct command *const command_table[] = {
	&cmd_run,        &cmd_batch,  &cmd_spec,       &cmd_bundle, &cmd_image, &cmd_profile,
	&cmd_assignment, &cmd_list,   &cmd_state,      &cmd_kill,   &cmd_logs,  &cmd_gc,
	&cmd_network,    &cmd_doctor, &cmd_help_table, NULL,
};
