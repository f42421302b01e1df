/* batch_input.c - archives as students hand them in: small, of a few files. */
#include "bench/batch_input.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/json.h"
#include "base/mem.h"
#include "bench/filler.h"

#define FILE_BYTES 4300
#define LOG_MAX (64u << 20)

static int add_file(struct archive *a, const char *name, const char *data, size_t len)
{
	struct archive_entry *e = archive_entry_new();
	archive_entry_set_pathname(e, name);
	archive_entry_set_filetype(e, AE_IFREG);
	archive_entry_set_perm(e, 0644);
	archive_entry_set_size(e, (la_int64_t)len);
	int bad = archive_write_header(a, e) != ARCHIVE_OK ||
		  archive_write_data(a, data, len) != (la_ssize_t)len;
	archive_entry_free(e);
	return bad ? -1 : 0;
}

static int fill_archive(struct archive *a, struct filler *f)
{
	if (add_file(a, BATCH_FILE, BATCH_SAYS, strlen(BATCH_SAYS)) < 0)
		return -1;
	for (int i = 1; i < BATCH_FILES; i++) {
		AUTO_FREE char *name = mem_printf("src%d.c", i);
		AUTO_FREE char *data = filler_bytes(f, FILL_TEXT, FILE_BYTES);
		if (add_file(a, name, data, FILE_BYTES) < 0)
			return -1;
	}
	return 0;
}

static int make_archive(const char *path, struct filler *f, struct err *err)
{
	struct archive *a = mem_check(archive_write_new());
	archive_write_set_format_ustar(a);
	int bad = archive_write_open_filename(a, path) != ARCHIVE_OK || fill_archive(a, f) < 0 ||
		  archive_write_close(a) != ARCHIVE_OK;
	archive_write_free(a);
	return bad ? err_set(err, FAULT_INFRA, errno, "cannot write '%s'", path) : 0;
}

static int make_archives(struct batch_input *in, int n, struct err *err)
{
	struct filler *f = filler_new(1);
	int bad = 0;
	for (int i = 0; i < n && !bad; i++) {
		AUTO_FREE char *path = mem_printf("%s/s%05d.tar", in->archives, i);
		bad = make_archive(path, f, err);
		strv_add(&in->paths, path);
	}
	filler_free(f);
	return bad;
}

static int make_assignment(const struct batch_input *in, struct err *err)
{
	AUTO_FREE char *file = mem_printf("%s/assignment.json", in->assignment);
	AUTO_FREE char *expected = mem_printf("%s/expected", in->assignment);
	if (mkdir(in->assignment, 0755) == 0 && file_write(AT_FDCWD, expected, BATCH_SAYS) == 0 &&
	    file_write(
		    AT_FDCWD, file,
		    "{\"name\": \"batch\", \"image\": \"busybox\", \"build\": [], \"tests\": [\n"
		    "  {\"name\": \"one\", \"stdout\": \"expected\", \"run\": [\"/bin/busybox\", "
		    "\"cat\", \"" BATCH_FILE "\"]}]}\n") == 0)
		return 0;
	return err_set(err, FAULT_INFRA, errno, "cannot write '%s'", file);
}

int batch_input_make(const struct bench *b, int n, struct batch_input **ret, struct err *err)
{
	struct batch_input *in = *ret = mem_alloc(sizeof *in);
	if (room_open(b, &in->room, err) < 0)
		return -1;
	in->archives = mem_printf("%s/archives", in->room->path);
	in->assignment = mem_printf("%s/batch", in->room->path);
	if (mkdir(in->archives, 0755) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot make '%s'", in->archives);
	return make_archives(in, n, err) < 0 ? -1 : make_assignment(in, err);
}

void batch_input_free(struct batch_input *in)
{
	if (!in)
		return;
	room_close(in->room);
	free(in->archives);
	free(in->assignment);
	strv_free(in->paths);
	free(in);
}

void batch_command(const struct batch_input *in, const char *moulette, int workers, int n,
		   struct work *ret)
{
	AUTO_FREE char *jobs = mem_printf("-j%d", workers);
	char *const head[] = { (char *)(size_t)moulette,
			       (char *)"batch",
			       (char *)"-a",
			       in->assignment,
			       jobs,
			       (char *)"-f",
			       (char *)"json",
			       NULL };
	AUTO_STRV argv = strv_dup(head);
	if (n < 0)
		strv_add(&argv, in->archives);
	for (int i = 0; i < n; i++)
		strv_add(&argv, in->paths[i]);
	work_add(ret, argv, 1);
	bench_moulette_env(in->room->home, &ret->env);
}

static int passed(const char *line, size_t len, struct err *err)
{
	AUTO_JSON *o = NULL;
	AUTO_FREE char *verdict = NULL;
	if (json_parse("result", line, len, &o, err) < 0 ||
	    json_get_str(o, "result", "verdict", &verdict, err) < 0)
		return -1;
	if (verdict && strcmp(verdict, "passed") == 0)
		return 0;
	return err_set(err, FAULT_INFRA, 0, "a verdict is '%s', expected 'passed'",
		       verdict ? verdict : "");
}

int batch_prove(const char *log, int n, struct err *err)
{
	AUTO_BUF text = { 0 };
	int lines = 0;
	if (file_read(AT_FDCWD, log, &text, LOG_MAX) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot read '%s'", log);
	for (const char *at = text.data, *end; at && (end = strchr(at, '\n'));
	     at = end + 1, lines++)
		if (passed(at, (size_t)(end - at), err) < 0)
			return -1;
	return lines == n ? 0 : err_set(err, FAULT_INFRA, 0, "%d results, expected %d", lines, n);
}
