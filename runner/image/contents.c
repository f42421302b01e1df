/*
 * contents.c - packages and programs of an image, looked up in its tree.
 *
 * The tree is foreign: every name is resolved with the tree as its root, and of the records of a
 * package manager only short lines are taken, up to a limit.
 */
#include "image/contents.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "base/cleanup.h"
#include "base/mem.h"

#define MAX_PACKAGES 100000 /* Debian has 65,000 in all */
#define PATH_DEFAULT "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

void packages_done(struct packages *p)
{
	for (size_t i = 0; i < p->n; i++) {
		free(p->list[i].name);
		free(p->list[i].version);
	}
	free(p->list);
	*p = (struct packages){ 0 };
}

/* With binds, programs and packages are those of the host. */
static int open_root(const struct image *i)
{
	return open(i->n_binds ? "/" : i->rootfs, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

static int open_inside(int root, const char *path, unsigned int flags)
{
	struct open_how how = {
		.flags = flags | O_CLOEXEC,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};
	return (int)syscall(SYS_openat2, root, path, &how, sizeof(how));
}

/* The records of one manager: a paragraph a package, a line a field. */
struct records {
	const char *manager, *path, *name, *version, *state;
};

static const struct records managers[] = {
	{ "dpkg", "var/lib/dpkg/status", "Package: ", "Version: ", "Status: " },
	{ "apk", "lib/apk/db/installed", "P:", "V:", NULL },
};

struct paragraph {
	char *name, *version;
	bool absent; /* removed, its configuration is left */
};

static void end_paragraph(struct packages *p, struct paragraph *at)
{
	if (at->name && !at->absent && p->n < MAX_PACKAGES) {
		p->list = mem_realloc(p->list, (p->n + 1) * sizeof(*p->list));
		struct package *new = &p->list[p->n++];
		new->name = ptr_steal(&at->name);
		new->version = at->version ? ptr_steal(&at->version) : mem_strdup("");
	}
	free(at->name);
	free(at->version);
	*at = (struct paragraph){ 0 };
}

static bool field(const char *line, const char *name, const char **ret)
{
	size_t len = name ? strlen(name) : 0;
	if (!name || strncmp(line, name, len) != 0)
		return false;
	*ret = line + len;
	return true;
}

static void take_line(const struct records *r, const char *line, struct paragraph *at)
{
	const char *value;

	if (field(line, r->name, &value)) {
		free(at->name);
		at->name = mem_strdup(value);
	} else if (field(line, r->version, &value)) {
		free(at->version);
		at->version = mem_strdup(value);
	} else if (field(line, r->state, &value)) {
		at->absent = !strstr(value, " installed");
	}
}

static void read_records(FILE *f, const struct records *r, struct packages *ret)
{
	struct paragraph at = { 0 };
	char line[512];
	bool whole = true; /* the line before was read to its end */

	while (fgets(line, sizeof(line), f)) {
		size_t len = strcspn(line, "\n");
		bool begins = whole, ends = line[len] == '\n';
		whole = ends;
		line[len] = '\0';
		if (begins && ends && len == 0)
			end_paragraph(ret, &at);
		else if (begins && ends)
			take_line(r, line, &at);
	}
	end_paragraph(ret, &at);
}

int image_packages(const struct image *i, struct packages *ret, struct err *err)
{
	AUTO_FD int root = open_root(i);

	*ret = (struct packages){ 0 };
	if (root < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot open '%s'", i->rootfs);
	for (size_t k = 0; k < sizeof(managers) / sizeof(*managers); k++) {
		AUTO_FD int fd = open_inside(root, managers[k].path, O_RDONLY | O_NONBLOCK);
		struct stat st;
		if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
			continue;
		AUTO_FILE FILE *f = fdopen(fd, "r");
		if (!f)
			return err_set(err, FAULT_INFRA, errno, "cannot read '%s'",
				       managers[k].path);
		fd_steal(&fd);
		ret->manager = managers[k].manager;
		read_records(f, &managers[k], ret);
		return 0;
	}
	return 0;
}

static bool is_executable(int root, const char *path)
{
	AUTO_FD int fd = open_inside(root, path, O_PATH);
	struct stat st;

	return fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_mode & S_IXOTH;
}

static const char *path_of(const struct image *i)
{
	for (char **e = i->env; e && *e; e++)
		if (strncmp(*e, "PATH=", 5) == 0)
			return *e + 5;
	return PATH_DEFAULT;
}

bool image_has_program(const struct image *i, const char *name)
{
	AUTO_FD int root = open_root(i);
	AUTO_FREE char *path = mem_strdup(path_of(i));
	char *save = NULL;

	for (char *dir = strtok_r(path, ":", &save); dir; dir = strtok_r(NULL, ":", &save)) {
		AUTO_FREE char *full = mem_printf("%s/%s", dir, name);
		if (dir[0] == '/' && is_executable(root, full))
			return true;
	}
	return false;
}
