/* spec_write.c - a config becomes config.json of a bundle. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "bundle/spec.h"

static int write_text(struct json_object *config, int flags, int dirfd, struct err *err)
{
	const char *text = json_object_to_json_string_ext(config,
							  flags | JSON_C_TO_STRING_NOSLASHESCAPE);
	AUTO_FD int fd = openat(dirfd, "config.json", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
				0644);

	/* Whatever the umask says: engines of other users read it. */
	if (fd < 0 || fchmod(fd, 0644) < 0 || fd_write_all(fd, text, strlen(text)) < 0 ||
	    fd_write_all(fd, "\n", 1) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot write config.json of a bundle");
	return 0;
}

int spec_write(struct json_object *config, int dirfd, struct err *err)
{
	return write_text(config, JSON_C_TO_STRING_PRETTY, dirfd, err);
}

int spec_write_compact(struct json_object *config, int dirfd, struct err *err)
{
	return write_text(config, JSON_C_TO_STRING_PLAIN, dirfd, err);
}
