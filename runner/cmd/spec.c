/* spec.c - print the config.json that a box would get. */
#include <stdio.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/mem.h"
#include "bundle/spec.h"
#include "cmd/command.h"
#include "cmd/options.h"
#include "cmd/print_json.h"
#include "image/store.h"

static const struct option_spec options[] = {
	{ "image", 'i', "NAME", "image to run in (default: host)" },
	{ "profile", 'p', "NAME", "profile, by name or as a file (default: default)" },
	OPTION_VOLUME,
	OPTION_ENV,
	OPTION_END,
};

static int print_spec(const struct profile *profile, const struct spec_request *req,
		      struct err *err)
{
	AUTO_JSON *config = NULL;

	if (spec_make(profile, req, &config, err) < 0)
		return -1;
	return print_json(config, err);
}

static int make_request(const struct places *places, const struct cli *cli,
			const struct image *image, const struct profile *profile, struct err *err)
{
	struct spec_request req = { .image = image,
				    .root_path = image->rootfs,
				    .argv = cli->command,
				    .uid_base = places->uid_base,
				    .memory_bytes = LIMIT_UNSET,
				    .processes = LIMIT_UNSET };
	struct mount_spec *mounts = NULL;
	AUTO_STRV env = NULL;

	if (cli_env(cli, &env, err) < 0 || cli_mounts(cli, &mounts, &req.n_mounts, err) < 0)
		return -1;
	req.env = env;
	req.mounts = mounts;
	int got = print_spec(profile, &req, err);
	mounts_free(mounts, req.n_mounts);
	return got;
}

static int spec_exec(const struct places *places, const struct cli *cli, struct err *err)
{
	const char *profile_name = cli_get(cli, "profile"), *image_name = cli_get(cli, "image");
	struct profile profile = { 0 };
	struct image image = { 0 };

	if (cli->n_args != 0)
		return usage_error(err, "spec: unexpected argument '%s'; give a command after '--'",
				   cli->args[0]);
	if (profile_load(profile_name ? profile_name : "default", places->profiles, &profile, err) <
	    0)
		return -1;
	int got = places_make(places, err);
	if (got == 0)
		got = image_open(places, image_name ? image_name : "host", &image, err);
	if (got == 0)
		got = make_request(places, cli, &image, &profile, err);
	image_done(&image);
	profile_done(&profile);
	return got;
}

const struct command cmd_spec = {
	.name = "spec",
	.synopsis = "spec [OPTION]... [-- COMMAND [ARG]...]",
	.summary = "print the config.json that a box would get",
	.options = options,
	.takes_command = true,
	.exec = spec_exec,
};
