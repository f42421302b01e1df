/*
 * recipe_packages.c - which files outside of /usr belong to packages; source: dpkg(1), dpkg-query(1).
 *
 * A compiler may keep half of itself there: GHC its packages, TeX its formats, MPI its settings.
 */
#include "recipe/recipe_packages.h"

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <glob.h>
#include <nettle/base16.h>
#include <nettle/md5.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/json.h"
#include "base/mem.h"

#define MD5_HEX (2 * MD5_DIGEST_SIZE)
#define STATUS_MAX (256 << 20)

struct scope {
	char **below;  /* folders */
	char **except; /* patterns of folders and files in them */
};

static bool is_wanted(const struct scope *s, const char *path)
{
	bool wanted = false;
	for (char *const *folder = s->below; *folder; folder++)
		wanted = wanted || path_within(path, *folder);
	for (char *const *pattern = s->except; wanted && pattern && *pattern; pattern++)
		wanted = fnmatch(*pattern, path, FNM_PATHNAME | FNM_LEADING_DIR) != 0;
	return wanted;
}

static int compare_paths(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* --- settings that were changed ----------------------------------------------------------- */

/* Is the content of @path that of the package? */
static bool is_as_shipped(const char *path, const char *md5)
{
	AUTO_FD int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct md5_ctx ctx;
	uint8_t block[65536], sum[MD5_DIGEST_SIZE];
	char hex[MD5_HEX];
	ssize_t n;

	if (fd < 0)
		return false;
	md5_init(&ctx);
	while ((n = read(fd, block, sizeof block)) > 0)
		md5_update(&ctx, (size_t)n, block);
	md5_digest(&ctx, sizeof sum, sum);
	base16_encode_update(hex, sizeof sum, sum);
	return n == 0 && strncmp(hex, md5, MD5_HEX) == 0;
}

/* " /etc/x MD5", and " obsolete" or " remove-on-upgrade" behind it; those are not of a package any more. */
static void look_at_setting(char *line, const struct scope *scope, char ***changed)
{
	char *path = line + 1, *md5 = strchr(path, ' ');
	if (line[0] != ' ' || path[0] != '/' || !md5 || strlen(md5 + 1) < MD5_HEX)
		return;
	*md5++ = '\0';
	if (is_wanted(scope, path) && (md5[MD5_HEX] != '\0' || !is_as_shipped(path, md5)))
		strv_add(changed, path);
}

static int find_changed(const char *status, const struct scope *scope, char ***ret, struct err *err)
{
	AUTO_BUF text = { 0 };
	char *save = NULL;
	bool settings = false;

	if (access(status, F_OK) < 0)
		return 0;
	if (file_read(AT_FDCWD, status, &text, STATUS_MAX) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot read '%s'", status);
	for (char *line = strtok_r(text.data, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		if (line[0] != ' ')
			settings = strcmp(line, "Conffiles:") == 0;
		else if (settings)
			look_at_setting(line, scope, ret);
	}
	qsort(*ret, strv_len(*ret), sizeof **ret, compare_paths);
	return 0;
}

/* --- lists -------------------------------------------------------------------------------- */

static int read_list(const char *list, const struct scope *scope, char *const *changed, char ***ret,
		     struct err *err)
{
	AUTO_FILE FILE *f = fopen(list, "re");
	AUTO_FREE char *line = NULL;
	const size_t n_changed = strv_len(changed);
	size_t size = 0;
	ssize_t len;
	struct stat st;

	if (!f)
		return err_set(err, FAULT_INFRA, errno, "cannot read '%s'", list);
	while ((len = getline(&line, &size, f)) > 0) {
		line[len - 1] = line[len - 1] == '\n' ? '\0' : line[len - 1];
		if (!is_wanted(scope, line) || lstat(line, &st) < 0 ||
		    !(S_ISREG(st.st_mode) || S_ISLNK(st.st_mode)) ||
		    bsearch(&line, changed, n_changed, sizeof *changed, compare_paths))
			continue;
		strv_add(ret, line);
	}
	return ferror(f) ? err_set(err, FAULT_INFRA, errno, "cannot read '%s'", list) : 0;
}

int recipe_packages_files(struct json_object *o, const char *where, char ***ret, struct err *err)
{
	static const char *const keys[] = { "lists", "status", "below", "except", NULL };
	AUTO_FREE char *lists = NULL, *status = NULL;
	AUTO_STRV below = NULL;
	AUTO_STRV except = NULL;
	AUTO_STRV changed = strv_dup(NULL);
	AUTO_STRV found = strv_dup(NULL);
	glob_t g = { 0 };

	if (json_only_keys(o, where, keys, err) < 0 ||
	    json_get_str(o, where, "lists", &lists, err) < 0 ||
	    json_get_str(o, where, "status", &status, err) < 0 ||
	    json_get_strv(o, where, "below", &below, err) < 0 ||
	    json_get_strv(o, where, "except", &except, err) < 0)
		return -1;
	if (!lists || !status || !below)
		return err_set(err, FAULT_USAGE, 0, "%s: 'lists', 'status' and 'below' are needed",
			       where);
	const struct scope scope = { .below = below, .except = except };
	if (find_changed(status, &scope, &changed, err) < 0)
		return -1;
	const int got = glob(lists, 0, NULL, &g);
	int bad = got != 0 && got != GLOB_NOMATCH ?
			  err_set(err, FAULT_INFRA, errno, "cannot look for '%s'", lists) :
			  0;
	for (size_t i = 0; !bad && i < g.gl_pathc; i++)
		bad = read_list(g.gl_pathv[i], &scope, changed, &found, err);
	globfree(&g);
	if (!bad)
		*ret = ptr_steal(&found);
	return bad;
}
