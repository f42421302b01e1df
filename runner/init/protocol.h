/* protocol.h - what the runner and PID 1 of a box say to each other on a SOCK_SEQPACKET socket.
 *
 * PID 1 greets with a hello once it is sure that it is confined, and the runner answers with INIT_BEGIN.
 * Then, one at a time: the runner sends a step with its descriptors, PID 1 answers when its last
 * process is dead. INIT_KILL may come while a step runs. End of file on the socket ends PID 1, and with
 * it the box.
 */
#ifndef MOULETTE_INIT_PROTOCOL_H
#define MOULETTE_INIT_PROTOCOL_H

#include <stdint.h>

#define INIT_PROTOCOL 3
#define INIT_SOCKET 3              /* the descriptor that PID 1 inherits */
#define INIT_TEXT_MAX (192 * 1024) /* argv and env of a step, NULs included */
#define INIT_NOTE_MAX 160

#define INIT_ONCE_STDIN "/.moulette/stdin" /* `init once ARGV...`: the step's stdin */

enum init_type { INIT_HELLO = 1, INIT_STEP, INIT_DONE, INIT_KILL, INIT_BEGIN };

struct init_hello {
	uint32_t type, protocol;
	int32_t seccomp, no_new_privs; /* as prctl(2) says; PID 1 leaves unless they are 2 and 1 */
};

/** With one descriptor: PID 1's own oom_score_adj, for reading and writing. /proc of the box is mounted
 *  read-only, so nobody in it can open such a file. */
struct init_begin {
	uint32_t type;
};

/** Followed by n_argv + n_env strings, each with its NUL. Descriptors: stdin, stdout, stderr, then
 *  the cgroup files to which the step's first process writes "0". */
struct init_step {
	uint32_t type, n_argv, n_env, text_len;
	uint64_t file_bytes; /* RLIMIT_FSIZE */
};
#define INIT_STDIO_FDS 3

enum init_stage {
	INIT_STAGE_NONE, /* the program was started */
	INIT_STAGE_FORK,
	INIT_STAGE_CGROUP,
	INIT_STAGE_SETUP, /* descriptors, limits, session */
	INIT_STAGE_CHDIR,
	INIT_STAGE_EXEC,
};

enum init_note {
	INIT_NOTE_NONE,
	INIT_NOTE_INTERPRETER, /* "#!" names a program that is not there; note holds its path */
	INIT_NOTE_CARRIAGE,    /* ... because its line ends in a carriage return */
	INIT_NOTE_FOREIGN,     /* a program that this machine does not run */
	INIT_NOTE_LOADER,      /* an ELF file whose dynamic loader is not there */
};

struct init_done {
	uint32_t type, stage;
	int32_t error;  /* errno of the stage */
	int32_t status; /* as wait(2) gives it; stage is INIT_STAGE_NONE */
	uint64_t wall_ns, user_us, system_us, rss_peak_kib; /* all reaped processes of the step */
	uint32_t leftovers; /* processes that were alive when the first one ended */
	uint32_t note_kind;
	char note[INIT_NOTE_MAX]; /* NUL-terminated, bytes of the student */
};

/** signo 0: SIGKILL to every process; else that signal to the step's first process, if it lives. */
struct init_kill {
	uint32_t type;
	int32_t signo;
};

#endif
