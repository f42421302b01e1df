/* err.h - an error is a value with a subject and an owner; setting it neither allocates nor fails. */
#ifndef MOULETTE_BASE_ERR_H
#define MOULETTE_BASE_ERR_H

/** Whose problem it is. FAULT_USAGE: the command line, or an assignment, profile or image that is
 *  not valid (exit 2); FAULT_ASSIGNMENT: what the teacher gave fails while it is used. */
enum fault { FAULT_NONE, FAULT_STUDENT, FAULT_ASSIGNMENT, FAULT_INFRA, FAULT_USAGE };

struct err {
	enum fault fault;
	int sys;       /* errno, or 0 */
	char code[40]; /* dotted word for machines, "archive.path_escape"; may be empty */
	char msg[480]; /* one line; bytes that are not printable ASCII or UTF-8 text became '?' */
};

/**
 * err_set() - say what failed; replaces what stood there
 * @err:   may be NULL: the message is dropped
 * @fault: whose problem it is
 * @sys:   errno to be appended as ": strerror", or 0; EMFILE and EFBIG name the caller's limit, too
 *
 * Return: -1 always, so that a caller can write `return err_set(...)`.
 */
int err_set(struct err *err, enum fault fault, int sys, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/** err_set_code() - the same with a word for `error.code` of a result. Return: -1. */
int err_set_code(struct err *err, const char *code, enum fault fault, int sys, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));

/** err_wrap() - put context before the message: "context: message". Return: -1. */
int err_wrap(struct err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/** err_escape() - @src of @len bytes as printable text: control bytes, quotes of terminals and
 *  invalid UTF-8 become '?'; always NUL-terminated within @size bytes, cut at a character. */
void err_escape(char *dst, unsigned long size, const char *src, unsigned long len);

/** err_path_fault() - of a path that the caller named and that could not be opened for reason @sys:
 *  FAULT_USAGE when nothing that could be meant lies there, FAULT_INFRA when the host failed to look. */
enum fault err_path_fault(int sys);

/** fault_name() - "none", "student", "assignment", "infrastructure"; "usage" for FAULT_USAGE. */
const char *fault_name(enum fault fault);

#endif
