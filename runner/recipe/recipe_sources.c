/*
 * recipe_sources.c - which lists of sources hold a suite, as apt itself reads them.
 *
 * The lists are handed to mmdebstrap whole, because apt tells where an entry stands but not what
 * key it is signed by. Updates and security of a suite stand in them, too.
 */
#include "recipe/recipe_sources.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/fd.h"
#include "base/mem.h"
#include "child/tool.h"

#define OS_RELEASE_MAX 65536

void recipe_sources_done(struct apt_sources *s)
{
	free(s->suite);
	strv_free(s->files);
	strv_free(s->options);
	*s = (struct apt_sources){ 0 };
}

/* ---- what apt says ---- */

static int ask(const char *name, char *const *argv, struct buf *out, struct err *err)
{
	char *const env[] = { (char[]){ "PATH=/usr/sbin:/usr/bin:/sbin:/bin" },
			      (char[]){ "LC_ALL=C.UTF-8" }, NULL };
	AUTO_FREE char *path = NULL;
	AUTO_BUF said = { 0 };

	if (tool_find(name, "mmdebstrap", &path, err) < 0)
		return -1;
	const struct tool t = { .path = path, .argv = argv, .env = env, .folder = "/", .out = out };
	int status = tool_run(&t, &said, err);
	if (status > 0)
		return err_set(err, FAULT_INFRA, 0, "%s ended with status %d: %s", name, status,
			       tool_last_lines(&said, 1));
	return status;
}

static int ask_targets(struct buf *out, struct err *err)
{
	char *const argv[] = {
		(char[]){ "apt-get" },
		(char[]){ "indextargets" },
		/* On a fresh machine no list has been fetched yet. */
		(char[]){ "--no-release-info" },
		(char[]){ "--format" },
		(char[]){ "$(SOURCESENTRY)|$(RELEASE)|$(COMPONENT)" },
		(char[]){ "Created-By: Packages" },
		NULL,
	};
	return ask("apt-get", argv, out, err);
}

/* Proxies, certificates and time-outs: mmdebstrap's apt reads no configuration of the host. */
static int ask_options(struct apt_sources *s, struct err *err)
{
	char *const argv[] = {
		(char[]){ "apt-config" },     (char[]){ "dump" },
		(char[]){ "--no-empty" },     (char[]){ "--format" },
		(char[]){ "%f \"%v\";%n" },   (char[]){ "Acquire::http" },
		(char[]){ "Acquire::https" }, NULL,
	};
	AUTO_BUF out = { 0 };
	char *save = NULL;

	/* A mirror that is being updated answers wrongly now and then. */
	strv_add(&s->options, "Acquire::Retries \"3\";");
	/* Sources are of no use to an image, and their lists are long. */
	strv_add(&s->options, "Acquire::IndexTargets::deb-src::Sources::DefaultEnabled \"false\";");
	if (ask("apt-config", argv, &out, err) < 0)
		return -1;
	AUTO_FREE char *lines = buf_take(&out);
	for (char *l = strtok_r(lines, "\n", &save); l; l = strtok_r(NULL, "\n", &save))
		if (strncmp(l, "Acquire::http", strlen("Acquire::http")) == 0)
			strv_add(&s->options, l);
	return 0;
}

/* ---- which of it counts ---- */

static char *host_codename(void)
{
	static const char key[] = "\nVERSION_CODENAME=";
	AUTO_BUF text = { 0 };

	buf_str(&text, "\n");
	if (file_read(AT_FDCWD, "/etc/os-release", &text, OS_RELEASE_MAX) < 0)
		return mem_strdup("");
	const char *at = strstr(text.data, key);
	if (!at)
		return mem_strdup("");
	at += strlen(key);
	at += *at == '"';
	return mem_strndup(at, strcspn(at, "\"\n"));
}

struct entry {
	const char *file, *suite;
};

/* The next line; those of components beside main, and what is no such line, are passed over. */
static bool next_entry(char **save, struct entry *e)
{
	for (char *l; (l = strsep(save, "\n"));) {
		char *file = strsep(&l, "|"), *suite = strsep(&l, "|");
		char *line = file ? strrchr(file, ':') : NULL;
		if (!line || !suite || !l || strcmp(l, "main") != 0)
			continue;
		*line = '\0';
		*e = (struct entry){ .file = file, .suite = suite };
		return true;
	}
	return false;
}

/* Adds the files that have the suite. */
static void take_suite(const char *lines, const char *suite, struct apt_sources *s)
{
	AUTO_FREE char *copy = mem_strdup(lines);
	char *save = copy;
	struct entry e;

	while (next_entry(&save, &e))
		if (strcmp(e.suite, suite) == 0 && !strv_has(s->files, e.file))
			strv_add(&s->files, e.file);
}

int recipe_sources_take(const char *lines, const char *suite, const char *codename,
			struct apt_sources *ret, struct err *err)
{
	/* Where the list says "stable" the suite goes by that. */
	const char *const names[] = {
		suite ? suite : codename, "stable", "testing", "unstable", "sid", "oldstable"
	};
	static const char *const more[] = { "-updates", "-security", "/updates" };
	size_t n = suite ? 1 : sizeof(names) / sizeof(*names);

	for (size_t i = 0; i < n && !ret->files; i++) {
		take_suite(lines, names[i], ret);
		if (ret->files)
			ret->suite = mem_strdup(names[i]);
	}
	if (!ret->files)
		return err_set(err, FAULT_USAGE, 0,
			       "no source of this host's apt has suite '%s' with component main "
			       "(`apt-get indextargets`); add one below /etc/apt, or name another "
			       "suite in the recipe",
			       names[0]);
	for (size_t i = 0; i < sizeof(more) / sizeof(*more); i++) {
		AUTO_FREE char *name = mem_printf("%s%s", ret->suite, more[i]);
		take_suite(lines, name, ret);
	}
	return 0;
}

int recipe_sources_find(const char *suite, struct apt_sources *ret, struct err *err)
{
	AUTO_FREE char *codename = host_codename();
	AUTO_BUF lines = { 0 };

	if (ask_targets(&lines, err) < 0 || ask_options(ret, err) < 0)
		return -1;
	return recipe_sources_take(lines.data ? lines.data : "", suite, codename, ret, err);
}
