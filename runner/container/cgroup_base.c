/* cgroup_base.c - where in a hierarchy of version 2 boxes may have their groups. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/mem.h"
#include "container/cgroup.h"

#define TEXT_MAX 16384

/* Names that systemd gives to the groups of its units (systemd.unit(5)). */
static bool is_unit(const char *name)
{
	static const char *const types[] = { ".service", ".scope", ".slice",
					     ".socket",  ".mount", ".swap" };
	const char *type = strrchr(name, '.');
	for (size_t i = 0; type && i < sizeof types / sizeof *types; i++)
		if (strcmp(type, types[i]) == 0)
			return true;
	return false;
}

/* systemd marks what it delegates; the second name since version 251. */
static bool is_delegated(const char *dir)
{
	static const char *const names[] = { "trusted.delegate", "user.delegate" };
	char value[8];
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (getxattr(dir, names[i], value, sizeof value) == 1 && value[0] == '1')
			return true;
	return false;
}

static bool has_controllers(const char *dir)
{
	static const char *const wanted[] = { "memory", "pids", "cpu" };
	AUTO_FREE char *file = mem_printf("%s/cgroup.controllers", dir);
	AUTO_BUF text = { 0 };
	if (file_read(AT_FDCWD, file, &text, TEXT_MAX) < 0 || !text.data)
		return false;
	size_t found = 0;
	char *save = NULL;
	for (char *word = strtok_r(text.data, " \n", &save); word;
	     word = strtok_r(NULL, " \n", &save))
		for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
			found += strcmp(word, wanted[i]) == 0;
	return found == sizeof wanted / sizeof *wanted;
}

char *cgroup_base_find(const char *mount, const char *own)
{
	AUTO_FREE char *base = mem_strdup(own);
	char *name = strrchr(base, '/');
	/* A process that a killed run moved into its leaf. */
	if (name && strcmp(name + 1, CGROUP_LEAF) == 0) {
		*name = '\0';
		name = strrchr(base, '/');
	}
	AUTO_FREE char *dir = mem_printf("%s%s", mount, base);
	if (!name || (is_unit(name + 1) && !is_delegated(dir)) || !has_controllers(dir))
		return mem_strdup("");
	return ptr_steal(&base);
}
