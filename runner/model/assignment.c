/* assignment.c - copy and free the structs of an assignment. */
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

void file_specs_done(struct file_spec *files, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(files[i].from);
		free(files[i].to);
	}
	free(files);
}

struct file_spec *file_specs_copy(const struct file_spec *files, size_t n)
{
	struct file_spec *copy = n ? mem_alloc(n * sizeof *copy) : NULL;
	for (size_t i = 0; i < n; i++)
		copy[i] = (struct file_spec){ mem_strdup(files[i].from), mem_strdup(files[i].to),
					      files[i].exposes };
	return copy;
}

static void peers_done(struct peer_spec *peers, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(peers[i].name);
		strv_free(peers[i].argv);
		strv_free(peers[i].env);
		free(peers[i].profile);
		file_specs_done(peers[i].files, peers[i].n_files);
	}
	free(peers);
}

static struct peer_spec *peers_copy(const struct peer_spec *peers, size_t n)
{
	struct peer_spec *copy = n ? mem_alloc(n * sizeof *copy) : NULL;
	for (size_t i = 0; i < n; i++) {
		const struct peer_spec *from = &peers[i];
		copy[i] = *from;
		copy[i].name = mem_strdup(from->name);
		copy[i].argv = from->argv ? strv_dup(from->argv) : NULL;
		copy[i].env = from->env ? strv_dup(from->env) : NULL;
		copy[i].profile = mem_strdup(from->profile);
		copy[i].files = file_specs_copy(from->files, from->n_files);
	}
	return copy;
}

void step_spec_done(struct step_spec *s)
{
	free(s->name);
	strv_free(s->argv);
	strv_free(s->args);
	strv_free(s->env);
	free(s->stdin_path);
	free(s->stdout_path);
	network_done(&s->network);
	peers_done(s->peers, s->n_peers);
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
	network_copy(&to->network, &from->network);
	to->peers = peers_copy(from->peers, from->n_peers);
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
	network_done(&a->network);
	file_specs_done(a->files, a->n_files);
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
