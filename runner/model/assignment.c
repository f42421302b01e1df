/* assignment.c - copies and ends of the plain structs of an assignment. */
#include "model/assignment.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

const char *step_kind_name(enum step_kind kind)
{
	static const char *const names[] = { "build", "test", "command" };
	return names[kind];
}

void step_spec_done(struct step_spec *s)
{
	free(s->name);
	strv_free(s->argv);
	strv_free(s->args);
	strv_free(s->env);
	free(s->stdin_path);
	free(s->stdout_path);
	memset(s, 0, sizeof *s);
}

void step_spec_copy(struct step_spec *to, const struct step_spec *from)
{
	*to = *from;
	to->name = mem_strdup(from->name);
	to->argv = from->argv ? strv_dup(from->argv) : NULL;
	to->args = from->args ? strv_dup(from->args) : NULL;
	to->env = from->env ? strv_dup(from->env) : NULL;
	to->stdin_path = mem_strdup(from->stdin_path);
	to->stdout_path = mem_strdup(from->stdout_path);
}

static void steps_done(struct step_spec *steps, size_t n)
{
	for (size_t i = 0; i < n; i++)
		step_spec_done(&steps[i]);
	free(steps);
}

void assignment_done(struct assignment *a)
{
	free(a->name);
	free(a->dir);
	free(a->image);
	free(a->profile);
	strv_free(a->env);
	strv_free(a->languages);
	for (size_t i = 0; i < a->n_files; i++) {
		free(a->files[i].from);
		free(a->files[i].to);
	}
	free(a->files);
	steps_done(a->build, a->n_build);
	steps_done(a->tests, a->n_tests);
	memset(a, 0, sizeof *a);
}

struct step_spec *plan_add(struct plan *p, enum step_kind kind, const char *name)
{
	p->steps = mem_realloc(p->steps, (p->n + 1) * sizeof *p->steps);
	struct step_spec *s = &p->steps[p->n++];
	memset(s, 0, sizeof *s);
	s->kind = kind;
	s->name = mem_strdup(name);
	s->points = NAN;
	limits_init(&s->limits);
	return s;
}

void plan_done(struct plan *p)
{
	steps_done(p->steps, p->n);
	free(p->language);
	memset(p, 0, sizeof *p);
}
