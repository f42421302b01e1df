/*
 * pull.c - skopeo copies an image into a folder of the store that is marked as unfinished; from
 * there it is imported as any OCI layout is. What a registry sends is read by the confined child
 * of the import alone: skopeo only keeps and hashes it.
 */
#include "import/pull.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/signals.h"
#include "child/tool.h"
#include "image/folder.h"
#include "image/name.h"
#include "image/store.h"
#include "import/import.h"
#include "model/image.h"
#include "model/places.h"

#define LAYOUT "layout"
#define DOCKER "docker://"

/* ---- the reference ---- */

static const struct transport {
	const char *prefix;
	bool taken;
} transports[] = {
	{ DOCKER, true },
	{ "oci:", true },
	{ "oci-archive:", true },
	{ "docker-archive:", true },
	/* Not images that one pulls: another program's store, or no image at all. */
	{ "dir:", false },
	{ "docker-daemon:", false },
	{ "containers-storage:", false },
	{ "ostree:", false },
	{ "tarball:", false },
	{ "sif:", false },
	{ "atomic:", false },
};

static const struct transport *transport_of(const char *ref)
{
	for (size_t i = 0; i < sizeof(transports) / sizeof(*transports); i++)
		if (strncmp(ref, transports[i].prefix, strlen(transports[i].prefix)) == 0)
			return &transports[i];
	return NULL;
}

static int refuse(const char *ref, const char *why, struct err *err)
{
	return err_set(err, FAULT_USAGE, 0,
		       "'%s' %s; expected [docker://]HOST/PATH[:TAG], oci:DIR[:TAG], "
		       "oci-archive:FILE[:TAG] or docker-archive:FILE[:TAG]",
		       ref, why);
}

/* Only a digest has an '@': what stands before one elsewhere would be a name and a password, which
 * every process of this host could read. */
static bool has_password(const char *ref)
{
	const char *at = strchr(ref, '@');
	return at && (strchr(at + 1, '@') || strncmp(at, "@sha", 4) != 0);
}

int pull_source(const char *ref, char **ret, struct err *err)
{
	const struct transport *t = transport_of(ref);
	const char *rest = t ? ref + strlen(t->prefix) : ref;

	for (const char *c = ref; *c; c++)
		if ((unsigned char)*c <= ' ' || *c == 0x7f)
			return refuse(ref, "has a space or control character", err);
	if (!*rest || *rest == '-')
		return refuse(ref, "names no image", err);
	if ((t && !t->taken) || (!t && strstr(ref, "://")))
		return refuse(ref, "has a transport that is not taken", err);
	bool docker = !t || strcmp(t->prefix, DOCKER) == 0;
	if (docker && has_password(rest))
		return err_set(err, FAULT_USAGE, 0,
			       "a reference with '@' before the host would show a password to "
			       "everybody; use `skopeo login HOST` and leave it out");
	if (docker || *rest == '/') {
		*ret = mem_printf("%s%s", t ? t->prefix : DOCKER, rest);
		return 0;
	}
	AUTO_FREE char *cwd = getcwd(NULL, 0);
	if (!cwd)
		return err_set(err, FAULT_INFRA, errno, "cannot tell the current folder");
	*ret = mem_printf("%s%s/%s", t->prefix, cwd, rest);
	return 0;
}

bool pull_is_loopback(const char *source)
{
	const char *host = source + strlen(DOCKER);
	struct in_addr four;

	if (strncmp(source, DOCKER, strlen(DOCKER)) != 0 || !strchr(host, '/'))
		return false;
	if (strncmp(host, "[::1]", 5) == 0)
		return host[5] == ':' || host[5] == '/';
	AUTO_FREE char *name = mem_strndup(host, strcspn(host, ":/"));
	/* Without a port "localhost" is the host all the same, as for Docker. */
	if (strcmp(name, "localhost") == 0)
		return true;
	return inet_pton(AF_INET, name, &four) == 1 && ntohl(four.s_addr) >> 24 == 127;
}

/* ---- what skopeo says ---- */

static char *last_line(const char *said)
{
	size_t end = strlen(said), from;

	while (end > 0 && said[end - 1] == '\n')
		end--;
	for (from = end; from > 0 && said[from - 1] != '\n'; from--)
		;
	return end ? mem_strndup(said + from, end - from) : mem_strdup("it said nothing");
}

char *pull_reason(const char *said)
{
	static const char mark[] = "level=fatal msg=\"";
	const char *at = strstr(said, mark);
	AUTO_BUF text = { 0 };

	if (!at)
		return last_line(said);
	for (at += strlen(mark); *at && *at != '"'; at++) {
		at += at[0] == '\\' && at[1];
		buf_add(&text, at, 1);
	}
	return buf_take(&text);
}

enum fault pull_fault(const char *reason)
{
	/* What registries (error codes of the OCI distribution spec) and skopeo 1.9 call it. All
	 * else is a connection, a certificate or a server that fails. */
	static const char *const asked_wrongly[] = {
		"manifest unknown",
		"name unknown",
		"name invalid",
		"unauthorized",
		"access denied",
		"is denied",
		"authentication required",
		"invalid reference format",
		"no descriptor found",
		"choose an image",
		"no such file or directory",
		"invalid tar header",
		"not found in",
	};
	for (size_t i = 0; i < sizeof(asked_wrongly) / sizeof(*asked_wrongly); i++)
		if (strstr(reason, asked_wrongly[i]))
			return FAULT_USAGE;
	return FAULT_INFRA;
}

/* ---- skopeo ---- */

static bool has_policy(void)
{
	const char *home = getenv("HOME");
	AUTO_FREE char *own = mem_printf("%s/.config/containers/policy.json", home ? home : "");

	return access("/etc/containers/policy.json", F_OK) == 0 ||
	       access("/usr/share/containers/policy.json", F_OK) == 0 || access(own, F_OK) == 0;
}

static char **arguments(const char *source)
{
	char **argv = NULL;

	strv_add(&argv, "skopeo");
	/* Without a policy it takes nothing at all. Where there is one, it is obeyed. */
	if (!has_policy())
		strv_add(&argv, "--insecure-policy");
	strv_add(&argv, "copy");
	if (pull_is_loopback(source))
		strv_add(&argv, "--src-tls-verify=false");
	strv_add(&argv, source);
	strv_add(&argv, "oci:" LAYOUT);
	return argv;
}

static int copy_layout(const char *source, const char *path, int64_t max_bytes, struct err *err)
{
	AUTO_FREE char *program = NULL;
	AUTO_FREE char *tmp = mem_printf("TMPDIR=%s", path);
	AUTO_FREE char *about = mem_printf("pulling '%s'", source);
	AUTO_STRV argv = arguments(source);
	AUTO_STRV env = strv_dup(environ);
	AUTO_BUF said = { 0 };

	env_set(&env, tmp);
	if (tool_find("skopeo", "skopeo", &program, err) < 0)
		return -1;
	const struct tool t = { .path = program,
				.argv = argv,
				.env = env,
				.folder = path,
				.max_file = max_bytes,
				.about = about };
	int status = tool_run(&t, &said, err);
	if (status <= 0)
		return status;
	AUTO_FREE char *reason = pull_reason(said.data ? said.data : "");
	if (strstr(reason, "file too large"))
		return err_set(err, FAULT_USAGE, 0,
			       "one of its layers is larger than the %" PRId64
			       " bytes that are allowed (--max-size)",
			       max_bytes);
	return err_set(err, pull_fault(reason), 0, "skopeo: %s", reason);
}

static int pull(const struct places *p, const char *name, const char *source, int64_t max_bytes,
		struct image *ret, struct err *err)
{
	AUTO_FOLDER f = IMAGE_FOLDER_NONE;

	if (image_sweep(p, NULL, err) < 0 || folder_new(p, &f, err) < 0)
		return -1;
	AUTO_FREE char *path = mem_printf("%s/%s", p->images, f.name);
	AUTO_FREE char *layout = mem_printf("%s/" LAYOUT, path);
	return copy_layout(source, path, max_bytes, err) < 0 ?
		       -1 :
		       image_import(p, name, layout, max_bytes, ret, err);
}

static int check(const char *name, const char *ref, char **source, struct err *err)
{
	if (name_check(name, err) < 0 || pull_source(ref, source, err) < 0)
		return -1;
	if (strcmp(name, "host") == 0)
		return err_set(err, FAULT_USAGE, 0,
			       "'host' always means the programs of the host; choose another name");
	return 0;
}

int image_pull(const struct places *p, const char *name, const char *ref, int64_t max_bytes,
	       struct image *ret, struct err *err)
{
	AUTO_FREE char *source = NULL;
	sigset_t ending, before;

	if (check(name, ref, &source, err) < 0)
		return -1;
	/* Ctrl-C ends the program where the mask is given back: when what was begun is away. */
	signals_ending(&ending);
	sigprocmask(SIG_BLOCK, &ending, &before);
	int got = pull(p, name, source, max_bytes, ret, err);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return got < 0 ? err_wrap(err, "cannot pull '%s'", ref) : 0;
}
