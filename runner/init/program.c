/* program.c - from the words of a step to a running program, or to why there is none.
 *
 * All of it runs in the memory of PID 1, between vfork and execve.
 */
#include "init/program.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEFAULT_PATH "/usr/local/bin:/usr/bin:/bin"

/* ELF, Windows, and macOS in both byte orders and as a universal binary. */
static bool is_program(const char *head)
{
	static const char *const magics[] = { "\177ELF", "\317\372\355\376", "\316\372\355\376",
					      "\312\376\272\276" };
	for (size_t i = 0; i < sizeof magics / sizeof *magics; i++)
		if (memcmp(head, magics[i], 4) == 0)
			return true;
	return memcmp(head, "MZ", 2) == 0;
}

/* A script whose interpreter is missing fails with ENOENT as if it were not there itself. */
static void explain(const char *path, struct init_done *done)
{
	char head[256];
	struct stat st;
	int saved = errno;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	ssize_t n = fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) ?
			    read(fd, head, sizeof head - 1) :
			    -1;
	errno = saved;
	if (n < 4)
		return;
	head[n] = '\0';
	if (errno == ENOEXEC && is_program(head)) {
		done->note_kind = INIT_NOTE_FOREIGN;
		return;
	}
	if (errno == ENOENT && memcmp(head, "\177ELF", 4) == 0) {
		done->note_kind = INIT_NOTE_LOADER;
		return;
	}
	if (head[0] != '#' || head[1] != '!' || errno != ENOENT)
		return;
	char *line = head + 2 + strspn(head + 2, " \t");
	line[strcspn(line, "\n")] = '\0';
	size_t len = strlen(line);
	done->note_kind = len && line[len - 1] == '\r' ? INIT_NOTE_CARRIAGE : INIT_NOTE_INTERPRETER;
	line[strcspn(line, " \t\r")] = '\0';
	strncpy(done->note, line, INIT_NOTE_MAX - 1);
}

/* As execvp(3): a text file that no program claims is a script of the shell. */
static void run_as_script(const char *path, char **args, char **env)
{
	char *argv[256] = { "/bin/sh", (char *)path };
	size_t n = 1;
	for (; args[n] && n + 2 < sizeof argv / sizeof *argv; n++)
		argv[n + 1] = args[n];
	if (!args[n])
		execve(argv[0], argv, env);
	errno = ENOEXEC;
}

static void try_exec(const char *path, char **argv, char **env, struct init_done *done)
{
	execve(path, argv, env);
	explain(path, done);
	if (errno == ENOEXEC && done->note_kind == INIT_NOTE_NONE)
		run_as_script(path, argv, env);
}

static const char *path_of(char **env)
{
	for (; *env; env++)
		if (strncmp(*env, "PATH=", 5) == 0)
			return *env + 5;
	return DEFAULT_PATH;
}

void program_exec(char **argv, char **env, struct init_done *done)
{
	const char *name = argv[0];
	if (strchr(name, '/')) {
		try_exec(name, argv, env, done);
		return;
	}
	int worst = ENOENT;
	for (const char *dir = path_of(env); dir;
	     dir = strchr(dir, ':') ? strchr(dir, ':') + 1 : NULL) {
		char path[4096];
		size_t len = strcspn(dir, ":");
		if (len + strlen(name) + 2 > sizeof path)
			continue;
		memcpy(path, dir, len);
		path[len] = '/';
		strcpy(path + len + (len > 0), name);
		try_exec(path, argv, env, done);
		if (errno != ENOENT && errno != ENOTDIR)
			worst = errno;
	}
	errno = worst;
}
