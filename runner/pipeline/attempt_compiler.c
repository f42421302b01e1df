/* attempt_compiler.c - tries a compiler that refused a student's program with a known program. */
#include "pipeline/attempt_compiler.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "pipeline/attempt_box.h"
#include "pipeline/attempt_run.h"
#include "submission/choice.h"

#define BINARY "moulette-probe"
/* A failure to start the compiler proves nothing against it. */
#define SCRIPT "cd /tmp && printf %s \"$1\" >\"$2\" || exit 0; shift 2; exec \"$@\""

struct said {
	char line[200]; /* the first one of stderr */
	size_t len;
	bool over;
};

static int sink_said(void *ctx, int stream, const void *data, size_t len)
{
	struct said *s = ctx;
	const char *text = data;
	for (size_t i = 0; stream == FRAMELOG_STDERR && i < len && !s->over; i++) {
		s->over = text[i] == '\n' || s->len == sizeof s->line - 1;
		if (!s->over)
			s->line[s->len++] = text[i];
	}
	return 0;
}

static bool is_of_table(const struct attempt *a)
{
	const struct assignment *asg = attempt_assignment(a);
	return !a->job->command && (!asg || !asg->has_build);
}

static struct language *row_of(const struct attempt *a, const struct step_spec *spec)
{
	const struct languages *l = &a->session->languages;
	const struct language *row = spec->kind == STEP_BUILD ?
					     languages_compiler(l, spec->argv[0]) :
					     NULL;
	return row ? &l->rows[row - l->rows] : NULL;
}

static void leave_out(char **argv, char *const *words)
{
	char **to = argv;
	for (; *argv; argv++)
		if (strv_has(words, *argv))
			free(*argv);
		else
			*to++ = *argv;
	*to = NULL;
}

void attempt_fit_compiler(struct attempt *a, size_t i)
{
	struct step_spec *spec = &a->plan.steps[i];
	const struct language *row = row_of(a, spec);
	if (row && row->newer && row->compiler == COMPILER_OLD && is_of_table(a))
		leave_out(spec->argv, row->newer);
}

/* @ret_fails: it ended by itself, within its limits, and said no. */
static int try_probe(struct attempt *a, const struct step_spec *like, const struct language *row,
		     bool older, bool *ret_fails, struct said *said, struct err *err)
{
	AUTO_FREE char *file = mem_printf(BINARY "%s", row->extensions[0]);
	char *sources[] = { file, NULL };
	const struct choice choice = { .row = row, .sources = sources, .binary = (char *)BINARY };
	AUTO_STRV words = NULL;
	AUTO_STRV argv = NULL;
	if (choice_words(&choice, -1, like->limits.v[LIMIT_MEMORY],
			 row->build ? row->build : row->check, &words, err) < 0)
		return -1;
	if (older)
		leave_out(words, row->newer);
	const char *const begin[] = { "sh", "-c", SCRIPT, "sh", row->probe, file };
	for (size_t k = 0; k < sizeof begin / sizeof *begin; k++)
		strv_add(&argv, begin[k]);
	for (char *const *word = words; *word; word++)
		strv_add(&argv, *word);

	struct step_spec spec = *like;
	struct step_facts facts;
	spec.argv = argv;
	spec.stdin_path = NULL;
	memset(said, 0, sizeof *said);
	const int bad = attempt_ask(a, &spec, sink_said, said, &facts, err);
	*ret_fails = facts.ran && facts.exec_stage == EXEC_OK && facts.signal == 0 &&
		     facts.exit_code > 0 && facts.oom_kills <= 0 && facts.pids_denied <= 0;
	step_facts_done(&facts);
	return bad;
}

int attempt_doubt_compiler(struct attempt *a, size_t i, bool *ret_again, struct err *ret_why,
			   struct err *err)
{
	const struct step_spec *spec = &a->plan.steps[i];
	struct language *row = row_of(a, spec);
	struct said said;
	bool fails = false;
	*ret_again = false;
	if (!row || row->compiler != COMPILER_UNKNOWN)
		return 0;
	if (try_probe(a, spec, row, false, &fails, &said, err) < 0)
		return -1;
	if (!fails) {
		row->compiler = COMPILER_SOUND;
		return 0;
	}
	if (row->newer && try_probe(a, spec, row, true, &fails, &said, err) < 0)
		return -1;
	if (fails) {
		err_set_code(ret_why, "image.compiler", FAULT_INFRA, 0,
			     "'%s' of image '%s' fails to compile a minimal program%s%s; fix "
			     "the image",
			     spec->argv[0], a->session->image.name, said.len ? ": " : "",
			     said.line);
		return 0;
	}
	row->compiler = COMPILER_OLD;
	*ret_again = is_of_table(a);
	attempt_fit_compiler(a, i);
	return 0;
}
