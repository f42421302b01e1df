/* mem.h - heap memory that is there: running out ends the program (exit 3), as nothing of the
 * runner grows with what a student sends. */
#ifndef MOULETTE_BASE_MEM_H
#define MOULETTE_BASE_MEM_H

#include <stdbool.h>
#include <stddef.h>

void *mem_alloc(size_t size); /* zeroed */
void *mem_realloc(void *old, size_t size);
void *mem_check(void *p);        /* what a library's allocator gave: NULL ends the program */
char *mem_strdup(const char *s); /* NULL gives NULL */
char *mem_strndup(const char *s, size_t n);
char *mem_printf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* NULL-terminated lists of heap strings. */
/** path_within() - is @path the folder @top or below it? Both are normalised. */
bool path_within(const char *path, const char *top);

/** path_last() - the last component of @path, borrowed; "" where it ends in a slash. */
const char *path_last(const char *path);

size_t strv_len(char *const *v); /* NULL has length 0 */
char **strv_dup(char *const *v); /* NULL gives an empty list */
/** strv_add() - append a copy of @s; *v may be NULL. */
void strv_add(char ***v, const char *s);
/** env_set() - append NAME=VALUE, or replace the entry of the same name. */
void env_set(char ***env, const char *assignment);
/** env_set_all() - env_set() of each entry of @entries, which may be NULL. */
void env_set_all(char ***env, char *const *entries);
/** env_get() - the value of @name in NAME=VALUE entries, borrowed; NULL: it is not set. */
const char *env_get(char *const *env, const char *name);
bool strv_has(char *const *v, const char *s); /* NULL has none */
void strv_free(char **v);
void strv_cleanup(char ***v);
#define AUTO_STRV __attribute__((cleanup(strv_cleanup))) char **

#endif
