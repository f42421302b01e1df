/* store.c - open, create or refuse results.db; transactions; error messages for sqlite's errors. */
#include "store/store.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/mem.h"
#include "store/internal.h"

/* A batch on a slow disk may hold the lock for seconds; a longer time means that a process hangs. */
#define BUSY_SECONDS 30
#define BUSY_RETRY_NS (20 * 1000 * 1000)

int store_damaged(struct store *s, const char *what, struct err *err)
{
	return err_set_code(err, "store.damaged", FAULT_INFRA, 0,
			    "results database '%s' is damaged (%s); move it away to begin a "
			    "new one, or save its rows with the command '.recover' of sqlite3",
			    s->path, what);
}

static int store_full(const struct store *s, const char *what, struct err *err)
{
	return err_set_code(err, "store.full", FAULT_INFRA, 0,
			    "cannot %s: the disk of results database '%s' is full; make room, "
			    "for example with 'moulette gc --older-than 30d', and try again",
			    what, s->path);
}

/* If sqlite may not write the file, it tries read-only, and reports the error of that attempt. */
static int cannot_open(const struct store *s, struct err *err)
{
	int cause = access(s->path, W_OK) < 0 ? errno : sqlite3_system_errno(s->db);
	return err_set_code(err, "store.failed", FAULT_INFRA, cause,
			    "cannot open results database '%s'", s->path);
}

int store_fail(struct store *s, const char *what, struct err *err)
{
	int cause = sqlite3_system_errno(s->db);
	switch (sqlite3_errcode(s->db) & 0xff) { /* the primary code */
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return store_damaged(s, sqlite3_errmsg(s->db), err);
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return err_set_code(
			err, "store.locked", FAULT_INFRA, 0,
			"cannot %s: another process has locked results database '%s' for "
			"%d s; end it ('fuser' finds it) and try again",
			what, s->path, BUSY_SECONDS);
	case SQLITE_FULL:
		return store_full(s, what, err);
	case SQLITE_CANTOPEN:
	case SQLITE_READONLY:
		return cannot_open(s, err);
	case SQLITE_IOERR:
		if (cause == ENOSPC || cause == EDQUOT)
			return store_full(s, what, err);
		break;
	}
	return err_set_code(err, "store.failed", FAULT_INFRA, cause,
			    "cannot %s in results database '%s': %s", what, s->path,
			    sqlite3_errmsg(s->db));
}

void stmt_cleanup(sqlite3_stmt **st)
{
	sqlite3_finalize(*st);
}

int store_prepare(struct store *s, const char *sql, sqlite3_stmt **ret, struct err *err)
{
	if (sqlite3_prepare_v2(s->db, sql, -1, ret, NULL) != SQLITE_OK)
		return store_fail(s, "prepare a statement", err);
	return 0;
}

int store_exec(struct store *s, const char *sql, const char *what, struct err *err)
{
	if (sqlite3_exec(s->db, sql, NULL, NULL, NULL) != SQLITE_OK)
		return store_fail(s, what, err);
	return 0;
}

int store_begin(struct store *s, struct err *err)
{
	return store_exec(s, "BEGIN IMMEDIATE", "begin writing", err);
}

int store_end(struct store *s, int ok, struct err *err)
{
	if (ok && store_exec(s, "COMMIT", "commit", err) == 0)
		return 0;
	/* Fails only when sqlite has rolled back by itself. */
	sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
	return -1;
}

int store_scalar(struct store *s, const char *sql, int64_t *ret, struct err *err)
{
	AUTO_STMT *st = NULL;
	if (store_prepare(s, sql, &st, err) < 0)
		return -1;
	if (sqlite3_step(st) != SQLITE_ROW)
		return store_fail(s, "read the schema", err);
	*ret = sqlite3_column_int64(st, 0);
	return 0;
}

/* Check that moulette made the schema. *ret_version 0: the database is empty. */
static int schema_check(struct store *s, int64_t *ret_version, struct err *err)
{
	int64_t version, application, objects;

	if (store_scalar(s, "PRAGMA user_version", &version, err) < 0 ||
	    store_scalar(s, "PRAGMA application_id", &application, err) < 0 ||
	    store_scalar(s, "SELECT count(*) FROM sqlite_schema", &objects, err) < 0)
		return -1;
	bool empty = version == 0 && application == 0 && objects == 0;
	if (!empty && application != STORE_APPLICATION)
		return err_set(err, FAULT_USAGE, 0,
			       "'%s' is the database of another program; move it away, or set "
			       "MOULETTE_HOME to another folder",
			       s->path);
	if (version > STORE_SCHEMA)
		return err_set(err, FAULT_USAGE, 0,
			       "results database '%s' was written by a newer moulette (its schema "
			       "is %lld, this version knows %d); use the newer one, or set "
			       "MOULETTE_HOME to another folder",
			       s->path, (long long)version, STORE_SCHEMA);
	if (!empty && (version < 1 || objects == 0))
		return store_damaged(s, "it has no schema", err);
	*ret_version = version;
	return 0;
}

/* The three values in one transaction: another process may be making the schema right now. */
static int schema_look(struct store *s, int64_t *ret_version, struct err *err)
{
	if (store_exec(s, "BEGIN", "read", err) < 0)
		return -1;
	return store_end(s, schema_check(s, ret_version, err) == 0, err);
}

static int schema_mark(struct store *s, struct err *err)
{
	char pragmas[96];
	snprintf(pragmas, sizeof(pragmas), "PRAGMA application_id = %d; PRAGMA user_version = %d",
		 STORE_APPLICATION, STORE_SCHEMA);
	return store_exec(s, pragmas, "mark the schema", err);
}

/* From a schema to the next one, the first entry from 1 to 2. */
static int schema_migrate(struct store *s, int64_t version, struct err *err)
{
	static const char *const steps[STORE_SCHEMA - 1] = {
		"ALTER TABLE results ADD COLUMN replaced ANY",
		"ALTER TABLE steps ADD COLUMN network TEXT",
		"ALTER TABLE results ADD COLUMN processors ANY;"
		"ALTER TABLE results ADD COLUMN host_pressure REAL;"
		"ALTER TABLE steps ADD COLUMN waited_ns INTEGER;"
		"ALTER TABLE steps ADD COLUMN beside INTEGER;"
		"ALTER TABLE steps ADD COLUMN near_limit INTEGER NOT NULL DEFAULT 0;"
		"ALTER TABLE steps ADD COLUMN reruns ANY",
		"ALTER TABLE results ADD COLUMN submission_changed INTEGER NOT NULL DEFAULT 0",
	};
	for (; version < STORE_SCHEMA; version++)
		if (store_exec(s, steps[version - 1], "bring the tables up to date", err) < 0)
			return -1;
	return 0;
}

/* Of two concurrent processes, the second one finds the migration done. */
static int schema_make(struct store *s, struct err *err)
{
	int64_t version;

	if (store_begin(s, err) < 0)
		return -1;
	int rc = schema_check(s, &version, err);
	if (rc == 0 && version < STORE_SCHEMA) {
		rc = version == 0 ? store_exec(s, store_schema_sql, "make the tables", err) :
				    schema_migrate(s, version, err);
		if (rc == 0)
			rc = schema_mark(s, err);
	}
	return store_end(s, rc == 0, err);
}

/* Changing the journal takes an exclusive lock, and sqlite answers SQLITE_BUSY at once where two
 * connections request it; the busy timeout does not apply there. */
static int journal_set(struct store *s, struct err *err)
{
	int64_t give_up = clock_mono_ns() + BUSY_SECONDS * NSEC_PER_SEC;

	for (;;) {
		int rc = sqlite3_exec(s->db, "PRAGMA journal_mode = WAL", NULL, NULL, NULL);
		if (rc == SQLITE_OK)
			return 0;
		if ((rc & 0xff) != SQLITE_BUSY || clock_mono_ns() > give_up)
			return store_fail(s, "set the journal", err);
		nanosleep(&(struct timespec){ .tv_nsec = BUSY_RETRY_NS }, NULL);
	}
}

/* The file is made here, because sqlite would make it readable by all. An existing one is not even
 * opened: closing any descriptor of it would drop the locks of this process (fcntl(2)). The -wal
 * and -shm files take the mode of the database. */
static int file_make(const char *path, struct err *err)
{
	AUTO_FD int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0 && errno == EEXIST)
		return 0;
	if (fd < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot make results database '%s'", path);
	if (fchmod(fd, 0600) < 0) /* a umask may take away from the owner, too */
		return err_set(err, FAULT_INFRA, errno, "cannot set the mode of '%s'", path);
	return 0;
}

static struct store *store_new(const char *path)
{
	struct store *s = mem_alloc(sizeof(*s));
	const char *slash = strrchr(path, '/');
	s->path = mem_strdup(path);
	if (!slash)
		s->dir = mem_strdup(".");
	else
		s->dir = mem_strndup(path, (size_t)(slash - path));
	return s;
}

static int connect_to(struct store *s, struct err *err)
{
	if (sqlite3_open_v2(s->path, &s->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_EXRESCODE, NULL) !=
	    SQLITE_OK)
		return store_fail(s, "open", err);
	sqlite3_busy_timeout(s->db, BUSY_SECONDS * 1000);
	sqlite3_db_config(s->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	return 0;
}

int store_open(const char *path, struct store **ret, struct err *err)
{
	static const char settings[] = "PRAGMA synchronous = NORMAL;"
				       "PRAGMA cache_size = -512;" /* KiB; the rows are small */
				       "PRAGMA trusted_schema = OFF";
	int64_t version;

	if (file_make(path, err) < 0)
		return -1;
	AUTO_STORE *s = store_new(path);
	/* Checked before anything is set: a database that is refused stays as it is. */
	if (connect_to(s, err) < 0 || schema_look(s, &version, err) < 0 ||
	    journal_set(s, err) < 0 || store_exec(s, settings, "set up", err) < 0)
		return -1;
	if (version < STORE_SCHEMA && schema_make(s, err) < 0)
		return -1;
	*ret = ptr_steal(&s);
	return 0;
}

/* On a full or read-only disk sqlite cannot make the file through which readers and writers
 * coordinate. If the journal is empty, the database can be read without it. */
static bool cannot_share(const struct err *err)
{
	return strcmp(err->code, "store.full") == 0 || strcmp(err->code, "store.failed") == 0;
}

/* The journal of a killed writer can be read by a single process, which does not need that
 * file. */
static int connect_alone(struct store *s, int64_t *ret_version, struct err *err)
{
	sqlite3_close(s->db);
	s->db = NULL;
	if (connect_to(s, err) < 0 ||
	    store_exec(s, "PRAGMA locking_mode = EXCLUSIVE", "read", err) < 0)
		return -1;
	return schema_look(s, ret_version, err);
}

static int connect_to_still(struct store *s, int64_t *ret_version, struct err *err)
{
	AUTO_FREE char *journal = mem_printf("%s-wal", s->path);
	AUTO_BUF uri = { 0 };
	struct stat st;
	if (stat(journal, &st) == 0 && st.st_size > 0)
		return connect_alone(s, ret_version, err);
	buf_str(&uri, "file:");
	for (const char *c = s->path; *c; c++)
		buf_printf(&uri, isalnum((unsigned char)*c) || *c == '/' ? "%c" : "%%%02x",
			   (unsigned char)*c);
	buf_str(&uri, "?immutable=1");
	sqlite3_close(s->db);
	s->db = NULL;
	if (sqlite3_open_v2(uri.data, &s->db, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, NULL) !=
	    SQLITE_OK)
		return -1;
	return schema_look(s, ret_version, err);
}

int store_open_read(const char *path, struct store **ret, struct err *err)
{
	static const char settings[] = "PRAGMA query_only = ON; PRAGMA trusted_schema = OFF";
	struct err first = { 0 }, second = { 0 };
	int64_t version;

	*ret = NULL;
	if (access(path, F_OK) < 0 && errno == ENOENT)
		return 0;
	AUTO_STORE *s = store_new(path);
	if ((connect_to(s, &first) < 0 || schema_look(s, &version, &first) < 0) &&
	    (!cannot_share(&first) || connect_to_still(s, &version, &second) < 0)) {
		*err = first;
		return -1;
	}
	if (version == 0)
		return 0; /* a run is about to make it */
	if (version < STORE_SCHEMA)
		return store_open(path, ret, err);
	if (store_exec(s, settings, "set up", err) < 0)
		return -1;
	*ret = ptr_steal(&s);
	return 0;
}

void store_close(struct store *s)
{
	if (!s)
		return;
	for (int i = 0; i < KEPT_COUNT; i++)
		sqlite3_finalize(s->kept[i]);
	sqlite3_close(s->db);
	free(s->path);
	free(s->dir);
	free(s);
}

void store_cleanup(struct store **s)
{
	int saved = errno;
	store_close(*s);
	errno = saved;
}
