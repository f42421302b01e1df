/* members.c - an archive of images as a table of named members, whether a tar or a folder. */
#include "image/members_internal.h"

#include <fcntl.h>
#include <inttypes.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "image/internal.h"
#include "image/place.h"

/* All names are those of an archive of images. Return: 1 it is one, 0 it is a plain tree, -1. */
static int check_complete(const struct members *m, struct err *err)
{
	bool layout = members_has(m, "oci-layout"), index = members_has(m, "index.json");

	if (members_has(m, "manifest.json") || (layout && index))
		return 1;
	if (members_has(m, "repositories"))
		return err_set(err, FAULT_USAGE, 0,
			       "the archive has 'repositories' but no 'manifest.json': it was "
			       "written by a Docker older than 1.10, save the image anew");
	if (members_has(m, "blobs") && (layout || index))
		return err_set(err, FAULT_USAGE, 0,
			       "the archive has 'blobs' and '%s' but no '%s': it is an incomplete "
			       "OCI layout", layout ? "oci-layout" : "index.json",
			       layout ? "index.json" : "oci-layout");
	return 0;
}

int members_load(int fd, bool is_folder, int scratch, int64_t max_bytes, struct members **ret,
		 struct err *err)
{
	AUTO_MEMBERS *m = mem_alloc(sizeof(*m));

	*m = (struct members){
		.is_folder = is_folder, .fd = fd, .spool = -1, .max_bytes = max_bytes,
	};
	int got = is_folder ? members_folder_load(m, err) : members_tar_load(m, scratch, err);
	if (got > 0)
		got = check_complete(m, err);
	if (got > 0)
		*ret = ptr_steal(&m);
	return got;
}

void members_free(struct members *m)
{
	if (!m)
		return;
	fd_close(&m->spool);
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

bool members_has(const struct members *m, const char *name)
{
	struct place p = { .parent = -1 };

	if (place_clean(name, &p, NULL) < 0 || !*p.path)
		return false;
	if (m->is_folder)
		return members_folder_has(m, p.path);
	return member_table_find(&m->table, p.path) || has_below(&m->table, p.path);
}

int member_open(struct members *m, const char *name, struct member **ret, int64_t *ret_bytes,
		struct err *err)
{
	AUTO_MEMBER *s = mem_alloc(sizeof(*s));

	s->file = -1;
	int got = m->is_folder ? member_open_folder(m, name, s, err) :
				 member_open_tar(m, name, s, err);
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
	la_ssize_t got = stream_read(NULL, &s->stream, ret);
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
