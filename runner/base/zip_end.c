/* zip_end.c - where a zip archive has the list of its files: found from its end, as unzip does. */
#include "base/zip_end.h"

#include <stdbool.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/mem.h"

#define END_BYTES 22
#define LOCATOR_BYTES 20
#define END64_BYTES 56
#define LIST_ENTRY_BYTES 46
/* A comment has at most 65,535 bytes; as much again for what was appended. */
#define TAIL_MAX (128 * 1024)

struct finder {
	int fd;
	const unsigned char *tail;
	int64_t tail_at;
};

uint16_t zip_u16(const unsigned char *p)
{
	return (uint16_t)(p[0] | p[1] << 8);
}

uint32_t zip_u32(const unsigned char *p)
{
	return zip_u16(p) | (uint32_t)zip_u16(p + 2) << 16;
}

uint64_t zip_u64(const unsigned char *p)
{
	return zip_u32(p) | (uint64_t)zip_u32(p + 4) << 32;
}

static bool has_mark(int fd, int64_t at, const char *mark)
{
	char got[4];
	return at >= 0 && fd_pread_all(fd, got, 4, at) == 4 && memcmp(got, mark, 4) == 0;
}

/* The list ends at @end. Where something was put before the zip it is not where it says. */
static bool place_list(const struct finder *f, int64_t end, uint64_t bytes, uint64_t said,
		       struct zip_end *ret)
{
	if (bytes > (uint64_t)end || said > (uint64_t)end)
		return false;
	const int64_t before = end - (int64_t)bytes;
	const int64_t at = ret->entries == 0 || has_mark(f->fd, before, "PK\1\2") ? before :
										    (int64_t)said;
	ret->list_at = at;
	ret->list_bytes = (int64_t)bytes;
	ret->shift = at - (int64_t)said;
	return ret->shift >= 0 && at + (int64_t)bytes <= end &&
	       (ret->entries == 0 || (bytes >= LIST_ENTRY_BYTES && has_mark(f->fd, at, "PK\1\2")));
}

/* The record with wide numbers, of which the locator right before the end mark at @end tells. */
static bool take_wide(const struct finder *f, int64_t end, const unsigned char *locator,
		      struct zip_end *ret)
{
	unsigned char r[END64_BYTES];
	const uint64_t said = zip_u64(locator + 8);
	int64_t at = end - LOCATOR_BYTES - END64_BYTES;

	if (!has_mark(f->fd, at, "PK\6\6"))
		at = said > (uint64_t)end ? -1 : (int64_t)said;
	if (at < 0 || fd_pread_all(f->fd, r, sizeof r, at) != sizeof r ||
	    memcmp(r, "PK\6\6", 4) != 0)
		return false;
	if (zip_u32(r + 16) != 0 || zip_u32(r + 20) != 0 || zip_u64(r + 24) != zip_u64(r + 32) ||
	    zip_u64(r + 32) > INT64_MAX)
		return false;
	ret->entries = (int64_t)zip_u64(r + 32);
	return place_list(f, at, zip_u64(r + 40), zip_u64(r + 48), ret);
}

static bool take(const struct finder *f, int64_t i, struct zip_end *ret)
{
	const unsigned char *p = f->tail + i;
	const int64_t end = f->tail_at + i;

	if (i >= LOCATOR_BYTES && memcmp(p - LOCATOR_BYTES, "PK\6\7", 4) == 0 &&
	    take_wide(f, end, p - LOCATOR_BYTES, ret))
		return true;
	if (zip_u16(p + 4) != zip_u16(p + 6) || zip_u16(p + 4) != 0 ||
	    zip_u16(p + 8) != zip_u16(p + 10))
		return false;
	ret->entries = zip_u16(p + 10);
	return place_list(f, end, zip_u32(p + 12), zip_u32(p + 16), ret);
}

int zip_end_find(int fd, int64_t size, struct zip_end *ret)
{
	const int64_t n = size < TAIL_MAX ? size : TAIL_MAX;
	if (n < END_BYTES)
		return 0;
	AUTO_FREE unsigned char *tail = mem_alloc((size_t)n);
	const struct finder f = { fd, tail, size - n };
	struct zip_end found = { 0 };

	const ssize_t got = fd_pread_all(fd, tail, (size_t)n, f.tail_at);
	if (got < 0)
		return -1;
	for (int64_t i = got - END_BYTES; i >= 0; i--) {
		if (memcmp(tail + i, "PK\5\6", 4) == 0 && take(&f, i, &found)) {
			*ret = found;
			return 1;
		}
	}
	return 0;
}
