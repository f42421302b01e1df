/* profile_kept.c - a file of counted strings: the key, then the answer. */
#include "bundle/profile_kept.h"

#include <fcntl.h>
#include <seccomp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/json.h"
#include "base/mem.h"

#define PLACES 64
#define MAX_KEPT (128 << 10)

/* --- strings with their length before them: two lists of strings never have one text */

static void put(struct buf *to, const void *data, size_t len)
{
	buf_printf(to, "%zu ", len);
	buf_add(to, data, len);
}

static void put_text(struct buf *to, const char *s)
{
	put(to, s, strlen(s));
}

/* The bytes not yet read. */
struct rest {
	const char *at;
	size_t len;
};

static bool take(struct rest *r, const char **ret, size_t *ret_len)
{
	char *end;
	const size_t n = r->len ? strtoul(r->at, &end, 10) : 0;

	if (!r->len || *end != ' ' || n > r->len - (size_t)(end + 1 - r->at))
		return false;
	*ret = end + 1;
	*ret_len = n;
	r->len -= (size_t)(*ret - r->at) + n;
	r->at = *ret + n;
	return true;
}

static bool take_text(struct rest *r, char **ret)
{
	const char *s;
	size_t len;

	if (!take(r, &s, &len))
		return false;
	*ret = mem_strndup(s, len);
	return true;
}

/* --- the key */

int profile_kept_key(const struct profile_chain *c, const struct buf *list, struct buf *ret)
{
	const struct scmp_version *v = seccomp_version();
	struct stat self;

	if (stat("/proc/self/exe", &self) < 0)
		return -1;
	buf_printf(ret, "%jx-%jx-%jx-%jx-%lx %u.%u.%u %x ", (uintmax_t)self.st_dev,
		   (uintmax_t)self.st_ino, (uintmax_t)self.st_size, (uintmax_t)self.st_mtim.tv_sec,
		   self.st_mtim.tv_nsec, v->major, v->minor, v->micro, seccomp_arch_native());
	for (size_t i = 0; i < c->n; i++)
		put(ret, c->v[i].text.data, c->v[i].text.len);
	put(ret, list->data, list->len);
	return 0;
}

/* A hash collision overwrites the other entry; only speed is lost. */
static char *place_of(const char *folder, const struct buf *key)
{
	uint32_t h = 2166136261u; /* FNV-1a */

	for (size_t i = 0; i < key->len; i++)
		h = (h ^ (unsigned char)key->data[i]) * 16777619u;
	return mem_printf("%s/profile-%02x", folder, (h >> 16 ^ h) % PLACES);
}

/* --- the answer */

static bool take_answer(struct rest *r, struct profile *p)
{
	AUTO_FREE char *section = NULL, *filter = NULL, *sha256 = NULL, *line = NULL;

	if (!take_text(r, &section) || !take_text(r, &filter) || !take_text(r, &sha256) ||
	    strncmp(section, "{\"", 2) != 0 || strlen(sha256) != sizeof(p->sha256) - 1)
		return false;
	AUTO_STRV lines = strv_dup(NULL);
	while (r->len) {
		if (!take_text(r, &line))
			return false;
		strv_add(&lines, line);
		free(ptr_steal(&line));
	}
	p->seccomp = ptr_steal(&section);
	p->filter = *filter ? ptr_steal(&filter) : NULL;
	memcpy(p->sha256, sha256, sizeof(p->sha256));
	for (size_t i = 0; lines[i]; i++)
		strv_add(&p->warnings, lines[i]);
	return true;
}

/* Refuses a file of another user. */
static int read_own(const char *path, struct buf *text)
{
	AUTO_FD int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_uid != geteuid() ||
	    st.st_size > MAX_KEPT)
		return -1;
	buf_reserve(text, (size_t)st.st_size);
	return fd_read_all(fd, text, MAX_KEPT);
}

bool profile_kept_read(const char *folder, const struct buf *key, struct profile *p)
{
	AUTO_FREE char *path = place_of(folder, key);
	AUTO_BUF text = { 0 };
	const char *its_key;
	size_t len;

	if (read_own(path, &text) < 0 || !text.data)
		return false;
	struct rest r = { text.data, text.len };
	return take(&r, &its_key, &len) && len == key->len &&
	       memcmp(its_key, key->data, len) == 0 && take_answer(&r, p);
}

/* Writes under another name first, so that no process reads half a file. */
static void replace(const char *path, const struct buf *text)
{
	AUTO_FREE char *next = mem_printf("%s.%ld", path, (long)getpid());
	unlink(next); /* left by a killed process with the same PID */
	AUTO_FD int fd = open(next, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0)
		return;
	if (fd_write_all(fd, text->data, text->len) < 0 || rename(next, path) < 0)
		unlink(next);
}

void profile_kept_write(const char *folder, const struct buf *key, const struct profile *p,
			size_t first)
{
	AUTO_FREE char *path = place_of(folder, key);
	AUTO_BUF text = { 0 };

	put(&text, key->data, key->len);
	put_text(&text, p->seccomp);
	put_text(&text, p->filter ? p->filter : "");
	put_text(&text, p->sha256);
	for (size_t i = first; p->warnings && p->warnings[i]; i++)
		put_text(&text, p->warnings[i]);
	if (text.len < MAX_KEPT)
		replace(path, &text);
}
