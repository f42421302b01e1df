/* recipe_program.c - a static program of the host and the names it goes by. */
#include "recipe/recipe_program.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "archive/host_copy.h"
#include "archive/rootfs_writer.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/fd.h"
#include "base/mem.h"
#include "child/child.h"
#include "child/process.h"

#define LINKS_MAX (1 << 20) /* bytes; busybox prints 8 KiB */

struct program {
	char **find, *package, *to, **links;
	const char *path; /* the one of find that is taken */
	int fd;
};

static void program_cleanup(struct program *p)
{
	strv_free(p->find);
	free(p->package);
	free(p->to);
	strv_free(p->links);
	cleanup_fd(&p->fd);
}

/* Both widths have these fields, at other places. */
struct elf_table {
	uint64_t offset;
	uint32_t size, count;
	bool wide;
};

static bool read_header(int fd, struct elf_table *t)
{
	union {
		unsigned char ident[EI_NIDENT];
		Elf32_Ehdr narrow;
		Elf64_Ehdr wide;
	} h = { { 0 } };
	ssize_t n = pread(fd, &h, sizeof(h), 0);

	if (n < (ssize_t)sizeof(h.narrow) || memcmp(h.ident, ELFMAG, SELFMAG) != 0)
		return false;
	t->wide = h.ident[EI_CLASS] == ELFCLASS64;
	if (t->wide && n < (ssize_t)sizeof(h.wide))
		return false;
	t->offset = t->wide ? h.wide.e_phoff : h.narrow.e_phoff;
	t->size = t->wide ? h.wide.e_phentsize : h.narrow.e_phentsize;
	t->count = t->wide ? h.wide.e_phnum : h.narrow.e_phnum;
	unsigned int type = t->wide ? h.wide.e_type : h.narrow.e_type;
	return (type == ET_EXEC || type == ET_DYN) && t->count > 0;
}

int recipe_program_is_static(int fd)
{
	struct elf_table t;

	if (!read_header(fd, &t))
		return 0;
	for (uint32_t i = 0; i < t.count; i++) {
		uint32_t type; /* first field of both Elf32_Phdr and Elf64_Phdr */
		off_t at = (off_t)(t.offset + (uint64_t)i * t.size);
		ssize_t n = pread(fd, &type, sizeof(type), at);
		if (n < 0)
			return -1;
		if (n < (ssize_t)sizeof(type) || type == PT_INTERP)
			return 0;
	}
	return 1;
}

static int load_program(struct json_object *o, const char *where, struct program *p,
			struct err *err)
{
	static const char *const keys[] = { "find", "package", "to", "links", NULL };

	if (json_only_keys(o, where, keys, err) < 0 ||
	    json_get_strv(o, where, "find", &p->find, err) < 0 ||
	    json_get_str(o, where, "package", &p->package, err) < 0 ||
	    json_get_str(o, where, "to", &p->to, err) < 0 ||
	    json_get_strv(o, where, "links", &p->links, err) < 0)
		return -1;
	if (!p->find || !p->package || !p->to || p->to[0] != '/')
		return err_set(err, FAULT_USAGE, 0,
			       "%s.program: expected 'find', 'package' and an absolute 'to'",
			       where);
	return 0;
}

static int find_program(struct program *p, struct err *err)
{
	const char *there = NULL;

	for (size_t i = 0; p->find[i]; i++) {
		AUTO_FD int fd = open(p->find[i], O_RDONLY | O_CLOEXEC | O_NONBLOCK);
		struct stat st;
		if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
			continue;
		there = p->find[i];
		if (recipe_program_is_static(fd) == 1) {
			p->path = there;
			p->fd = fd_steal(&fd);
			return 0;
		}
	}
	if (there)
		return err_set(err, FAULT_USAGE, 0,
			       "'%s' is not a static program, expected one that runs without the "
			       "host's libraries: apt-get install %s",
			       there, p->package);
	return err_set(err, FAULT_USAGE, 0, "program '%s' is not installed: apt-get install %s",
		       p->find[0] ? p->find[0] : p->to, p->package);
}

static int start(const struct program *p, int out, pid_t *ret)
{
	char *no_env[] = { NULL };
	char **argv = NULL;
	AUTO_FD int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	int fds[] = { null, out, null };

	if (null < 0)
		return -1;
	strv_add(&argv, p->path);
	for (size_t i = 0; p->links[i]; i++)
		strv_add(&argv, p->links[i]);
	const struct child_spec spec = { .memory = CHILD_SHARED,
					 .fds = fds,
					 .n_fds = sizeof fds / sizeof *fds,
					 .program = p->path,
					 .argv = argv,
					 .env = no_env,
					 .failed = 127 };
	*ret = child_start(&spec);
	strv_free(argv);
	return *ret < 0 ? -1 : 0;
}

static int ask_names(const struct program *p, struct buf *names, struct err *err)
{
	int ends[2];
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot make a pipe");
	AUTO_FD int from = ends[0], to = ends[1];
	if (start(p, to, &pid) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot run '%s'", p->path);
	fd_close(&to);
	int got = fd_read_all(from, names, LINKS_MAX);
	fd_close(&from); /* one that prints too much ends by SIGPIPE */
	const int status = process_wait(pid);
	if (got < 0 || status != 0 || names->len == 0)
		return err_set(err, FAULT_INFRA, 0, "'%s %s' did not tell its names (status %d)",
			       p->path, p->links[0], status);
	return 0;
}

static int add_names(struct writer *w, const struct program *p, struct buf *names, struct err *err)
{
	const struct entry_attr a = { .mode = S_IFLNK | 0777 };
	char *save = NULL;

	for (char *name = strtok_r(names->data, "\n", &save); name;
	     name = strtok_r(NULL, "\n", &save)) {
		/* Without a folder ("linuxrc") it is no command; its own name is the program. */
		if (!strchr(name, '/') || strcmp(name, p->to + 1) == 0)
			continue;
		if (rootfs_writer_symlink(w, name, p->to, &a, err) < 0)
			return -1;
	}
	return 0;
}

int recipe_program(struct writer *w, struct json_object *o, const char *where, struct err *err)
{
	__attribute__((cleanup(program_cleanup))) struct program p = { .fd = -1 };
	AUTO_BUF names = { 0 };

	if (load_program(o, where, &p, err) < 0 || find_program(&p, err) < 0 ||
	    host_copy_file(p.fd, p.to, w, err) < 0)
		return -1;
	if (!p.links || !p.links[0])
		return 0;
	return ask_names(&p, &names, err) < 0 ? -1 : add_names(w, &p, &names, err);
}
