/* mem.c - heap memory that is there, and lists of strings. */
#include "base/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void out_of_memory(void)
{
	static const char msg[] = "moulette: out of memory\n";
	if (write(2, msg, sizeof(msg) - 1) < 0)
		_exit(3);
	_exit(3);
}

void *mem_check(void *p)
{
	if (!p)
		out_of_memory();
	return p;
}

void *mem_alloc(size_t size)
{
	return mem_check(calloc(1, size ? size : 1));
}

void *mem_realloc(void *old, size_t size)
{
	return mem_check(realloc(old, size ? size : 1));
}

char *mem_strndup(const char *s, size_t n)
{
	/* Not strndup(3): @s need not end in a NUL, and checkers of memory want one there. */
	const char *nul = memchr(s, '\0', n);
	size_t len = nul ? (size_t)(nul - s) : n;
	char *copy = mem_alloc(len + 1);
	memcpy(copy, s, len);
	return copy;
}

char *mem_strdup(const char *s)
{
	return s ? mem_strndup(s, strlen(s)) : NULL;
}

char *mem_printf(const char *fmt, ...)
{
	char *p = NULL;
	va_list ap;

	va_start(ap, fmt);
	int n = vasprintf(&p, fmt, ap);
	va_end(ap);
	if (n < 0)
		out_of_memory();
	return p;
}

size_t strv_len(char *const *v)
{
	size_t n = 0;
	while (v && v[n])
		n++;
	return n;
}

char **strv_dup(char *const *v)
{
	size_t n = strv_len(v);
	char **got = mem_alloc((n + 1) * sizeof(*got));
	for (size_t i = 0; i < n; i++)
		got[i] = mem_strdup(v[i]);
	return got;
}

void strv_add(char ***v, const char *s)
{
	size_t n = strv_len(*v);
	*v = mem_realloc(*v, (n + 2) * sizeof(**v));
	(*v)[n] = mem_strdup(s);
	(*v)[n + 1] = NULL;
}

void env_set(char ***env, const char *assignment)
{
	size_t name = strcspn(assignment, "=");

	for (size_t i = 0; *env && (*env)[i]; i++) {
		if (strncmp((*env)[i], assignment, name) == 0 && (*env)[i][name] == '=') {
			char *old = (*env)[i];
			(*env)[i] = mem_strdup(assignment); /* may be a part of the old entry */
			free(old);
			return;
		}
	}
	strv_add(env, assignment);
}

void env_set_all(char ***env, char *const *entries)
{
	for (; entries && *entries; entries++)
		env_set(env, *entries);
}

const char *env_get(char *const *env, const char *name)
{
	size_t len = strlen(name);

	for (; env && *env; env++)
		if (strncmp(*env, name, len) == 0 && (*env)[len] == '=')
			return *env + len + 1;
	return NULL;
}

bool path_within(const char *path, const char *top)
{
	size_t n = strlen(top);
	return strncmp(path, top, n) == 0 && (path[n] == '\0' || path[n] == '/');
}

const char *path_last(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash ? slash + 1 : path;
}

bool strv_has(char *const *v, const char *s)
{
	for (; v && *v; v++)
		if (strcmp(*v, s) == 0)
			return true;
	return false;
}

void strv_free(char **v)
{
	for (size_t i = 0; v && v[i]; i++)
		free(v[i]);
	free(v);
}

void strv_cleanup(char ***v)
{
	strv_free(*v);
}
