/*
 * recipe_debian.c - a Debian tree for a recipe, the same bytes for the same packages.
 *
 * mmdebstrap fills a folder beside the tree of the image. From there the confined child of an
 * import copies it, so that it is cleaned of devices and set-id bits as every image is. What the
 * packages brought keeps its time; what their scripts made in this hour gets that of 1970.
 */
#include "recipe/recipe_debian.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>

#include "archive/ceilings.h"
#include "archive/rootfs_writer.h"
#include "archive/walk.h"
#include "base/cleanup.h"
#include "base/fd.h"
#include "base/mem.h"
#include "child/tool.h"
#include "child/tool_show.h"
#include "image/folder.h"
#include "image/meta.h"
#include "import/import.h"
#include "recipe/apt_progress.h"
#include "recipe/recipe_sources.h"

#define MAX_BYTES (INT64_C(8) << 30) /* as an import */
#define TREE "debian"
#define LINES_SHOWN 20

/* ---- what the recipe says ---- */

static const char *const variants[] = { "essential", "required", "minbase", "buildd", NULL };

static int check_word(const char *where, const char *key, const char *word, const char *more,
		      struct err *err)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyz0123456789";
	size_t len = strlen(word), n = 0;

	while (word[n] && (strchr(plain, word[n]) || (n > 0 && strchr(more, word[n]))))
		n++;
	/* "gcc-" would be an order to apt, to remove it. */
	if (len > 0 && n == len && word[len - 1] != '-')
		return 0;
	return err_set(err, FAULT_USAGE, 0,
		       "%s.debian.%s: '%s' is not a name (small letters, digits, %s)", where, key,
		       word, more);
}

/* A pattern becomes a line of dpkg's configuration. */
static int check_paths(const char *where, const char *key, char *const *paths, struct err *err)
{
	for (; paths && *paths; paths++) {
		bool bad = (*paths)[0] != '/' || strstr(*paths, "/..");
		for (const char *c = *paths; *c; c++)
			bad |= (unsigned char)*c < 0x20;
		if (bad)
			return err_set(err, FAULT_USAGE, 0,
				       "%s.debian.%s: '%s' is not an absolute path without '..' "
				       "and control characters",
				       where, key, *paths);
	}
	return 0;
}

static int check(const struct debian *d, const char *where, struct err *err)
{
	size_t v = 0;

	while (variants[v] && strcmp(variants[v], d->variant) != 0)
		v++;
	if (!variants[v])
		return err_set(err, FAULT_USAGE, 0,
			       "%s.debian.variant: '%s' is not one of essential, required, "
			       "minbase, buildd",
			       where, d->variant);
	if (strv_len(d->packages) == 0)
		return err_set(err, FAULT_USAGE, 0,
			       "%s.debian.packages: expected at least one name of a package",
			       where);
	for (char **p = d->packages; *p; p++)
		if (check_word(where, "packages", *p, "+-.", err) < 0)
			return -1;
	if (check_paths(where, "exclude", d->exclude, err) < 0 ||
	    check_paths(where, "remove", d->remove, err) < 0)
		return -1;
	return d->suite ? check_word(where, "suite", d->suite, "-", err) : 0;
}

int recipe_debian_load(struct json_object *o, const char *where, struct debian *ret,
		       struct err *err)
{
	static const char *const keys[] = { "suite",   "variant", "packages",
					    "exclude", "remove",  NULL };
	AUTO_FREE char *inner = mem_printf("%s.debian", where);

	*ret = (struct debian){ .variant = mem_strdup("essential") };
	return json_only_keys(o, inner, keys, err) < 0 ||
			       json_get_str(o, inner, "suite", &ret->suite, err) < 0 ||
			       json_get_str(o, inner, "variant", &ret->variant, err) < 0 ||
			       json_get_strv(o, inner, "packages", &ret->packages, err) < 0 ||
			       json_get_strv(o, inner, "exclude", &ret->exclude, err) < 0 ||
			       json_get_strv(o, inner, "remove", &ret->remove, err) < 0 ?
		       -1 :
		       check(ret, where, err);
}

void recipe_debian_done(struct debian *d)
{
	free(d->suite);
	free(d->variant);
	strv_free(d->packages);
	strv_free(d->exclude);
	strv_free(d->remove);
	*d = (struct debian){ 0 };
}

/* ---- mmdebstrap ---- */

/* Never unpacked: what nobody reads in a box. Licences stay. Folders below man do, because
 * scripts of packages link into them. */
static const char *const excluded[] = {
	"/usr/share/man/*/*",   "/usr/share/doc/*", "/usr/share/info/*",     "/usr/share/locale/*",
	"/usr/share/lintian/*", "/usr/share/bug/*", "/usr/share/doc-base/*", NULL,
};
static const char *const included[] = { "/usr/share/doc/*/copyright", NULL };

static void add_paths(char ***argv, const char *option, const char *const *patterns)
{
	for (; patterns && *patterns; patterns++) {
		AUTO_FREE char *word = mem_printf("--dpkgopt=%s=%s", option, *patterns);
		strv_add(argv, word);
	}
}

static char **arguments(const struct debian *d, const struct apt_sources *from, const char *tree)
{
	AUTO_FREE char *variant = mem_printf("--variant=%s", d->variant);
	char **argv = NULL;

	strv_add(&argv, "mmdebstrap");
	strv_add(&argv, "--mode=root");
	strv_add(&argv, "--format=directory");
	strv_add(&argv, variant);
	/* Its lines tell how far it is; people see what they mean. */
	strv_add(&argv, "--verbose");
	/* It guesses keys for mirrors; our lists of sources name theirs. */
	strv_add(&argv, "--skip=check/signed-by");
	/* The tree is away when it is not whole. */
	strv_add(&argv, "--dpkgopt=force-unsafe-io");
	add_paths(&argv, "path-exclude", excluded);
	add_paths(&argv, "path-include", included);
	add_paths(&argv, "path-exclude", (const char *const *)d->exclude);
	for (char **p = d->packages; *p; p++) {
		AUTO_FREE char *word = mem_printf("--include=%s", *p);
		strv_add(&argv, word);
	}
	for (char **o = from->options; o && *o; o++) {
		AUTO_FREE char *word = mem_printf("--aptopt=%s", *o);
		strv_add(&argv, word);
	}
	strv_add(&argv, from->suite);
	strv_add(&argv, tree);
	for (char **f = from->files; *f; f++)
		strv_add(&argv, *f);
	return argv;
}

/* Nothing of the caller's language, time zone or settings: all of it would show in the tree. */
static char **environment(const char *path)
{
	static const char *const kept[] = { "http_proxy", "https_proxy", "ftp_proxy", "no_proxy",
					    NULL };
	AUTO_FREE char *tmp = mem_printf("TMPDIR=%s/tmp", path);
	char **env = NULL;

	strv_add(&env, "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
	strv_add(&env, "HOME=/root");
	strv_add(&env, "LC_ALL=C.UTF-8");
	strv_add(&env, "TZ=UTC0");
	strv_add(&env, tmp);
	for (size_t i = 0; kept[i]; i++) {
		const char *value = getenv(kept[i]);
		AUTO_FREE char *word = mem_printf("%s=%s", kept[i], value ? value : "");
		if (value)
			strv_add(&env, word);
	}
	return env;
}

static void show_end(const struct buf *said)
{
	AUTO_FREE char *lines = mem_strdup(tool_last_lines(said, LINES_SHOWN));
	char *save = NULL;

	for (char *l = strtok_r(lines, "\n", &save); l; l = strtok_r(NULL, "\n", &save)) {
		char text[512];
		err_escape(text, sizeof(text), l, strlen(l));
		fprintf(stderr, "mmdebstrap: %s\n", text);
	}
}

static int failed(int status, const struct buf *said, struct err *err)
{
	static const char *const recipes_fault[] = {
		"Unable to locate package",
		"has no installation candidate",
		"Couldn't find any package",
		NULL,
	};
	AUTO_FREE char *first = NULL;
	enum fault fault = FAULT_INFRA;

	show_end(said);
	for (size_t i = 0; recipes_fault[i]; i++) {
		const char *at = said->len ? strstr(said->data, recipes_fault[i]) : NULL;
		if (!at || first)
			continue;
		fault = FAULT_USAGE;
		while (at > said->data && at[-1] != '\n')
			at--;
		first = mem_strndup(at, strcspn(at, "\n"));
	}
	return err_set(err, fault, 0, "mmdebstrap ended with status %d: %s", status,
		       first ? first : "its last words are above");
}

static char *about_build(const char *name)
{
	return mem_printf("building image '%s'", name);
}

static int run_mmdebstrap(const struct debian *d, const struct apt_sources *from, const char *path,
			  const char *name, struct err *err)
{
	AUTO_FREE char *program = NULL;
	AUTO_FREE char *tree = mem_printf("%s/" TREE, path);
	AUTO_FREE char *tmp = mem_printf("%s/tmp", path);
	AUTO_STRV argv = arguments(d, from, tree);
	AUTO_STRV env = environment(path);
	AUTO_BUF said = { 0 };
	AUTO_FREE char *about = about_build(name);
	struct apt_progress progress = { 0 };

	if (tool_find("mmdebstrap", "mmdebstrap", &program, err) < 0)
		return -1;
	if (mkdir(tmp, 0700) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot make a folder in the store");
	const struct tool t = {
		.path = program,
		.argv = argv,
		.env = env,
		.folder = path,
		.about = about,
		.news = apt_progress_news,
		.ctx = &progress,
	};
	int status = tool_run(&t, &said, err);
	return status > 0 ? failed(status, &said, err) : status;
}

/* ---- what is made of its tree ---- */

/* Beside what mmdebstrap tidies up itself. Gone with all that it holds: what differs between two
 * builds, what names this host or its mirror, what apt and dpkg keep for a next call. */
static const char *const removed[] = {
	"etc/apt",
	"etc/dpkg/dpkg.cfg.d",
	"etc/hostname",
	"etc/resolv.conf",
	"etc/machine-id",
	"etc/.pwd.lock",
	"etc/passwd-",
	"etc/group-",
	"etc/shadow",
	"etc/shadow-",
	"etc/gshadow",
	"etc/gshadow-",
	"etc/subuid",
	"etc/subuid-",
	"etc/subgid",
	"etc/subgid-",
	"var/lib/apt",
	"var/lib/dbus/machine-id",
	"var/lib/dpkg/lock",
	"var/lib/dpkg/lock-frontend",
	"var/lib/dpkg/triggers/Lock",
	"var/lib/dpkg/available",
	"var/lib/dpkg/status-old",
	"var/lib/dpkg/diversions-old",
	"var/lib/dpkg/statoverride-old",
	"var/lib/systemd",
	NULL,
};
/* Kept as empty folders. */
static const char *const emptied[] = {
	"proc",    "sys",         "run",           "tmp",  "var/tmp", "var/cache",
	"var/log", "var/backups", "usr/share/man", "boot", NULL,
};

static int trim(const struct debian *d, struct writer *w, struct err *err)
{
	for (size_t i = 0; removed[i]; i++)
		if (rootfs_writer_hide(w, removed[i], false, err) < 0)
			return -1;
	for (size_t i = 0; emptied[i]; i++)
		if (rootfs_writer_hide(w, emptied[i], true, err) < 0)
			return -1;
	for (char **r = d->remove; r && *r; r++)
		if (rootfs_writer_hide(w, *r, false, err) < 0)
			return -1;
	return 0;
}

static int make_old(void *since, const struct walk_entry *e, struct err *err)
{
	const struct timespec times[2] = { { 0 }, { 0 } };

	/* Those of folders are set when the tree is finished. */
	if (S_ISDIR(e->st->st_mode) || e->st->st_mtime < *(const time_t *)since)
		return 0;
	if (utimensat(e->dir, e->name, times, AT_SYMLINK_NOFOLLOW) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot set the time of '%s'",
			       path_tail(e->path));
	return 0;
}

static int copy_tree(struct image_folder *f, struct image_meta *m, struct err *err)
{
	AUTO_FD int tree = openat(f->dir, TREE, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct import_source source = { .name = m->image.name,
					.is_folder = true,
					.max_bytes = MAX_BYTES };
	const struct import_call call = { .work = import_read,
					  .ctx = &source,
					  .root = f->dir,
					  .other = tree,
					  .lock = f->dir };
	AUTO_BUF text = { 0 };
	struct import_report r;

	if (tree < 0)
		return err_set(err, FAULT_INFRA, errno, "mmdebstrap made no tree");
	/* Its devices are no loss of this image's. */
	if (tree_remove_at(tree, "dev") < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot remove devices");
	if (import_child(&call, &r, &text, err) < 0)
		return -1;
	import_report_dropped(&r, &m->image);
	return 0;
}

static int clean(const struct debian *d, struct image_folder *f, time_t since, struct err *err)
{
	struct writer w;

	if (tree_remove_at(f->dir, TREE) < 0 || tree_remove_at(f->dir, "tmp") < 0 ||
	    tree_remove_at(f->dir, "source") < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot tidy up");
	if (rootfs_writer_init(&w, f->rootfs, MAX_BYTES, err) < 0)
		return -1;
	int got = trim(d, &w, err);
	rootfs_writer_done(&w);
	return got < 0 ? -1 : walk_tree(f->rootfs, make_old, &since, err);
}

int recipe_debian_make(const struct debian *d, struct image_folder *f, const char *path,
		       struct image_meta *m, struct err *err)
{
	struct apt_sources from = { 0 };
	/* A file's time may lie a clock tick before what the clock said at its making. */
	time_t since = time(NULL) - 1;

	int got = recipe_sources_find(d->suite, &from, err);
	if (got == 0)
		got = run_mmdebstrap(d, &from, path, m->image.name, err);
	recipe_sources_done(&from);
	if (got < 0)
		return -1;
	AUTO_FREE char *about = about_build(m->image.name);
	tool_show_step(about, "copying the tree into the image");
	got = copy_tree(f, m, err) < 0 || clean(d, f, since, err) < 0 ? -1 : 0;
	tool_show_clear(about);
	return got;
}
