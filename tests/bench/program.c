/* program.c - PATH, and --version. */
#include "bench/program.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/mem.h"
#include "bench/contender.h"
#include "bench/sample.h"

#define LINE_MAX_SHOWN 100
#define OUTPUT_MAX (1 << 16)

char *program_find(const char *name, char **ret_why)
{
	const char *path = getenv("PATH");
	AUTO_FREE char *dirs = mem_strdup(path ? path : "/usr/local/bin:/usr/bin:/bin");
	char *save = NULL;
	for (char *d = strtok_r(dirs, ":", &save); d; d = strtok_r(NULL, ":", &save)) {
		AUTO_FREE char *file = mem_printf("%s/%s", d, name);
		if (d[0] == '/' && access(file, X_OK) == 0)
			return ptr_steal(&file);
	}
	*ret_why = mem_printf("%s is not installed", name);
	return NULL;
}

static char *first_line(const char *log)
{
	AUTO_BUF text = { 0 };
	if (file_read(AT_FDCWD, log, &text, OUTPUT_MAX) < 0 || !text.data)
		return NULL;
	size_t len = strcspn(text.data, "\n");
	return len > 0 ? mem_strndup(text.data, len < LINE_MAX_SHOWN ? len : LINE_MAX_SHOWN) : NULL;
}

char *program_version(const char *path, const char *option, int interrupt_fd, const char *log)
{
	struct work w = { .n = 0 };
	struct sample s;
	struct err err = { 0 };
	char *const argv[] = { (char *)(size_t)path, (char *)(size_t)option, NULL };
	char *line = NULL;
	work_add(&w, argv, 1);
	bench_peer_env(&w.env);
	if (sample_run(&w, log, interrupt_fd, &s, &err) == 0 && s.status == 0)
		line = first_line(log);
	work_done(&w);
	sample_forget(log);
	return line;
}
