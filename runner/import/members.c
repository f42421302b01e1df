/* members.c - an archive of images as a table of named members, whether a tar or a folder. */
#include "import/members_internal.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "archive/ceilings.h"
#include "archive/place.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"

int members_load(int fd, bool is_folder, int scratch, int64_t max_bytes, struct members **ret,
		 struct err *err)
{
	AUTO_MEMBERS *m = mem_alloc(sizeof(*m));

	*m = (struct members){
		.is_folder = is_folder,
		.fd = fd,
		.spool = -1,
		.max_bytes = max_bytes,
		.within = mem_strdup(""),
	};
	int got = is_folder ? 1 : members_tar_load(m, scratch, err);
	if (got > 0)
		got = members_find(m, err);
	if (got > 0)
		*ret = ptr_steal(&m);
	return got;
}

void members_free(struct members *m)
{
	if (!m)
		return;
	fd_close(&m->spool);
	free(m->within);
	member_table_done(&m->table);
	free(m);
}

void members_cleanup(struct members **m)
{
	members_free(*m);
}

/* "blobs" is there when anything in it is: tars need not have their folders. */
static bool has_below(const struct member_table *t, const char *folder)
{
	size_t len = strlen(folder);

	for (size_t i = 0; i < t->n; i++)
		if (strncmp(t->all[i].name, folder, len) == 0 && t->all[i].name[len] == '/')
			return true;
	return false;
}

/* The name in the whole archive of a member that is called @name where the images are. */
static int clean_within(const struct members *m, const char *name, struct place *p, struct err *err)
{
	if (place_clean(name, p, err) < 0)
		return -1;
	AUTO_FREE char *whole = mem_printf("%s%s", m->within, p->path);
	return place_clean(whole, p, err);
}

bool members_has(const struct members *m, const char *name)
{
	struct place p = { .parent = -1 };

	if (clean_within(m, name, &p, NULL) < 0 || strlen(p.path) <= strlen(m->within))
		return false;
	if (m->is_folder)
		return members_folder_has(m, p.path);
	return member_table_find(&m->table, p.path) || has_below(&m->table, p.path);
}

int member_open(struct members *m, const char *name, struct member **ret, int64_t *ret_bytes,
		struct err *err)
{
	AUTO_MEMBER *s = mem_alloc(sizeof(*s));
	struct place p = { .parent = -1 };

	s->file = -1;
	int got = clean_within(m, name, &p, err);
	if (got == 0)
		got = m->is_folder ? member_open_folder(m, p.path, s, err) :
				     member_open_tar(m, p.path, s, err);
	if (got < 0)
		return err_wrap(err, "member '%s'", path_tail(name));
	if (ret_bytes)
		*ret_bytes = s->bytes;
	*ret = ptr_steal(&s);
	return 0;
}

int member_next(struct member *s, const void **ret, size_t *ret_len, struct err *err)
{
	if (s->a)
		return member_next_tar(s, ret, ret_len, err);
	la_ssize_t got = reader_stream_read(NULL, &s->stream, ret);
	if (got < 0)
		return err_set(err, FAULT_INFRA, s->stream.failed, "cannot read the archive");
	*ret_len = (size_t)got;
	return 0;
}

void member_close(struct member *s)
{
	if (!s)
		return;
	fd_close(&s->file);
	archive_read_free(s->a);
	free(s);
}

void member_cleanup(struct member **s)
{
	member_close(*s);
}

int member_read(struct members *m, const char *name, size_t max, struct buf *ret, struct err *err)
{
	AUTO_MEMBER *s = NULL;
	int64_t bytes = 0;
	const void *data;
	size_t len, total = 0;

	if (member_open(m, name, &s, &bytes, err) < 0)
		return -1;
	if (bytes > (int64_t)max)
		return err_set(err, FAULT_USAGE, 0,
			       "member '%s': it has %" PRId64 " bytes, expected at most %zu",
			       path_tail(name), bytes, max);
	do {
		if (member_next(s, &data, &len, err) < 0)
			return err_wrap(err, "member '%s'", path_tail(name));
		total += len;
		if (total > max) /* it grew */
			return err_set(err, FAULT_USAGE, 0, "member '%s': more than %zu bytes",
				       path_tail(name), max);
		buf_add(ret, data, len);
	} while (len > 0);
	return 0;
}
