/* entry_policy.h - may this entry of an archive be written? Pure: no file, clock or heap. */
#ifndef MOULETTE_UNPACK_ENTRY_POLICY_H
#define MOULETTE_UNPACK_ENTRY_POLICY_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "model/submission.h"

#define ENTRY_PATH_SIZE 4096 /* the kernel's PATH_MAX: longer names could not be passed to it */
#define ENTRY_NAME_MAX 255   /* of one component */

/** What was unpacked so far. */
struct entry_totals {
	int64_t entries; /* members of the archive */
	int64_t folders; /* made because a member lies in them, without a member of their own */
	int64_t bytes;   /* of data, really read */
};

/** An entry as the archive has it; strings are borrowed. */
struct entry {
	const char *name; /* bytes of any encoding, not yet normalised; NULL: could not be read */
	mode_t type;      /* S_IFREG, S_IFDIR or S_IFLNK; anything else is refused */
	int64_t size;     /* declared bytes of data; -1: not said */
	const char *link; /* target of a symbolic or hard link; NULL: is none, or unreadable */
	bool hard_link, encrypted, sparse;
};

/** Where an accepted entry goes. */
struct entry_place {
	char path[ENTRY_PATH_SIZE];   /* relative, no "." or ".." or empty component; "": the top */
	char target[ENTRY_PATH_SIZE]; /* hard link: such a path too; symbolic link: as stored */
};

/**
 * entry_policy_check() - refuse an entry that could harm the host or the grade
 * @tot: @tot->entries is counted, only when the entry is accepted
 * @e:   sizes are *declared*; entry_policy_data() counts again, because a header may lie
 * @ret: written only when the entry is accepted
 *
 * A leading "./", "." and empty components and trailing slashes are dropped (`tar cf x.tar .`
 * writes "./a"); absolute names, ".." and bytes below 0x20, 0x7f and backslashes are refused. Names
 * need not be valid UTF-8: old zips of Windows are not, and to refuse them would cost a student
 * points for nothing. The target of a symbolic link must be relative and may not leave the top
 * when it is followed by its words; links through links are looked at when all is written.
 *
 * Return: 0, or -1 with FAULT_STUDENT and a code "archive.WORD"; @err names the entry.
 */
int entry_policy_check(const struct unpack_limits *lim, struct entry_totals *tot,
		       const struct entry *e, struct entry_place *ret, struct err *err);

/**
 * entry_policy_data() - may @more bytes of data be added to a file that has @have?
 * @packed: bytes of the archive read so far, to tell a bomb from a big file; 0: not known
 *
 * Adds to @tot->bytes when they may. Return: as above.
 */
int entry_policy_data(const struct unpack_limits *lim, struct entry_totals *tot, const char *name,
		      int64_t have, int64_t more, int64_t packed, struct err *err);

/** entry_policy_folder() - may one more folder be made that has no entry of its own? Folders are
 *  counted apart and as many are allowed as entries, so that 20,000 files in "src/" are 20,000. */
int entry_policy_folder(const struct unpack_limits *lim, struct entry_totals *tot, const char *name,
			struct err *err);

/** entry_policy_link() - may a symbolic link at @path (normalised) point to @target? */
int entry_policy_link(const struct unpack_limits *lim, const char *path, const char *target,
		      struct err *err);

/** entry_policy_mode() - 0755 or 0644. @head: the first bytes of the file; a script or a program
 *  gets its x bit even when the archive has none, as zips of Windows do. */
mode_t entry_policy_mode(mode_t mode, const char *head, size_t len);

/** entry_refuse() - "entry 'NAME': reason", FAULT_STUDENT. Long names are cut, so that the reason
 *  is always there. Return: -1. */
int entry_refuse(struct err *err, const char *code, const char *name, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
/** entry_trouble() - the same with FAULT_INFRA and an errno: our work failed. Return: -1. */
int entry_trouble(struct err *err, int sys, const char *name, const char *what);

#endif
