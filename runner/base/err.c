/* err.c - errors as values. */
#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "base/utf8.h"

void err_escape(char *dst, unsigned long size, const char *src, unsigned long len)
{
	unsigned long out = 0;

	for (unsigned long i = 0; i < len;) {
		uint32_t c;
		size_t n = utf8_decode(src + i, len - i, &c);
		bool plain = n > 0 && utf8_is_printable(c);
		size_t need = plain ? n : 1;
		if (out + need + 1 > size)
			break;
		if (plain)
			memcpy(dst + out, src + i, n);
		else
			dst[out] = '?';
		out += need;
		i += n ? n : 1;
	}
	if (size)
		dst[out] = '\0';
}

/* EMFILE and EFBIG come from a resource limit: the message names it. */
static void name_cause(int sys, char *ret, unsigned long size)
{
	const bool files = sys == EMFILE;
	const char letter = files ? 'n' : 'f';
	struct rlimit l;

	snprintf(ret, size, ": %s", strerror(sys));
	if ((files || sys == EFBIG) && getrlimit(files ? RLIMIT_NOFILE : RLIMIT_FSIZE, &l) == 0 &&
	    l.rlim_cur != RLIM_INFINITY)
		snprintf(ret, size, ": %s (limited to %llu%s by the caller: raise 'ulimit -%c')",
			 strerror(sys), (unsigned long long)l.rlim_cur, files ? "" : " bytes",
			 letter);
}

__attribute__((format(printf, 5, 0))) static void
set(struct err *err, const char *code, enum fault fault, int sys, const char *fmt, va_list ap)
{
	/* Four bytes may become one '?': only a text of this length is always cut by err_escape(),
	 * between characters. A cut message keeps its cause. */
	char raw[4 * sizeof(err->msg)], cause[128] = "";
	int n = vsnprintf(raw, sizeof(raw), fmt, ap);
	size_t len = n < 0 ? 0 : (size_t)n;
	if (len >= sizeof(raw))
		len = sizeof(raw) - 1;
	if (sys)
		name_cause(sys, cause, sizeof(cause));
	err->fault = fault;
	err->sys = sys;
	snprintf(err->code, sizeof(err->code), "%s", code);
	err_escape(err->msg, sizeof(err->msg) - strlen(cause), raw, len);
	len = strlen(err->msg);
	err_escape(err->msg + len, sizeof(err->msg) - len, cause, strlen(cause));
}

int err_set(struct err *err, enum fault fault, int sys, const char *fmt, ...)
{
	va_list ap;

	if (!err)
		return -1;
	va_start(ap, fmt);
	set(err, "", fault, sys, fmt, ap);
	va_end(ap);
	return -1;
}

int err_set_code(struct err *err, const char *code, enum fault fault, int sys, const char *fmt, ...)
{
	va_list ap;

	if (!err)
		return -1;
	va_start(ap, fmt);
	set(err, code, fault, sys, fmt, ap);
	va_end(ap);
	return -1;
}

int err_wrap(struct err *err, const char *fmt, ...)
{
	char old[sizeof(err->msg)], context[4 * sizeof(err->msg)], all[5 * sizeof(err->msg)];
	va_list ap;

	if (!err)
		return -1;
	memcpy(old, err->msg, sizeof(old));
	va_start(ap, fmt);
	vsnprintf(context, sizeof(context), fmt, ap);
	va_end(ap);
	snprintf(all, sizeof(all), "%s: %s", context, old);
	err_escape(err->msg, sizeof(err->msg), all, strlen(all));
	return -1;
}

enum fault err_path_fault(int sys)
{
	switch (sys) {
	case ENOENT:
	case ENOTDIR:
	case EISDIR:
	case ELOOP:
	case ENAMETOOLONG:
	case ENXIO: /* a socket, or a device without a driver */
	case EXDEV: /* openat2: a way out of the folder */
	case EFBIG: /* file_read(): larger than any such file */
		return FAULT_USAGE;
	default:
		return FAULT_INFRA;
	}
}

const char *fault_name(enum fault fault)
{
	switch (fault) {
	case FAULT_NONE:
		return "none";
	case FAULT_STUDENT:
		return "student";
	case FAULT_ASSIGNMENT:
		return "assignment";
	case FAULT_INFRA:
		return "infrastructure";
	case FAULT_USAGE:
		return "usage";
	}
	return "infrastructure";
}
