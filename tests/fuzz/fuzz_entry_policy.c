/* fuzz_entry_policy.c - names and targets of entries: what is accepted stays beneath the top. */
#include "fuzz.h"
#include "unpack/entry_policy.h"

static void check_beneath(const char *path)
{
	HOLDS(path[0] != '/');
	for (const char *s = path; *s;) {
		const size_t n = strcspn(s, "/");
		HOLDS(n > 0 && n <= 255);
		HOLDS(strncmp(s, "..", n) != 0 || n > 2);
		s += n;
		HOLDS(*s != '/' || s[1]);
		s += *s == '/';
	}
	for (const char *s = path; *s; s++)
		HOLDS((unsigned char)*s >= 0x20 && *s != 0x7f && *s != '\\');
}

/* A byte of what it is, the name, a NUL, the target. */
FUZZER(entry_policy)
{
	static const mode_t types[] = { S_IFREG, S_IFDIR, S_IFLNK, S_IFIFO };
	const struct unpack_limits lim = { .bytes = 1000,
					   .file_bytes = 1000,
					   .entries = 1,
					   .depth = 20,
					   .path_bytes = 300 };
	static struct entry_place place;
	struct entry_totals tot = { 0 };
	struct err err = { 0 };
	if (size < 1)
		return;
	AUTO_FREE char *name = mem_strndup(data + 1, size - 1);
	const size_t len = strlen(name) + 2;
	AUTO_FREE char *link = len < size ? mem_strndup(data + len, size - len) : NULL;
	const struct entry e = { .name = name,
				 .type = types[data[0] & 3],
				 .size = (data[0] & 4) ? 1001 : 7,
				 .link = link,
				 .hard_link = data[0] & 8,
				 .encrypted = data[0] & 16,
				 .sparse = data[0] & 32 };
	if (entry_policy_check(&lim, &tot, &e, &place, &err) < 0) {
		HOLDS(err.fault == FAULT_STUDENT && tot.entries == 0);
		return;
	}
	HOLDS(tot.entries == 1 && (e.hard_link || e.type != S_IFIFO));
	check_beneath(place.path);
	if (e.hard_link && link)
		check_beneath(place.target);
}
