/* passwd.c - the image's /etc/passwd, with the home that the box's user has. */
#include "bundle/passwd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/mem.h"
#include "model/spec.h"

#define PASSWD_PATH (&SPEC_PASSWD_PATH[1]) /* relative to the rootfs */
#define PASSWD_BYTES_MAX (4 << 20)
#define FIELD_UID 2
#define FIELD_HOME 5

/* Field @n of a line that ends at @end. NULL: it has fewer. */
static const char *field(const char *line, const char *end, int n, size_t *ret_len)
{
	for (; n > 0; n--) {
		line = memchr(line, ':', (size_t)(end - line));
		if (!line)
			return NULL;
		line++;
	}
	const char *colon = memchr(line, ':', (size_t)(end - line));
	*ret_len = (size_t)((colon ? colon : end) - line);
	return line;
}

static bool is_box_user(const char *line, const char *end)
{
	size_t len;
	const char *uid = field(line, end, FIELD_UID, &len);
	char *rest;
	return uid && len > 0 && strtoul(uid, &rest, 10) == SPEC_BOX_UID && rest == uid + len;
}

/* Of several lines of one user the first counts, as getpwuid(3) has it. */
static const char *find_home(const struct buf *text, size_t *ret_len)
{
	const char *end = text->data + text->len;
	for (const char *line = text->data; line < end;) {
		const char *newline = memchr(line, '\n', (size_t)(end - line));
		const char *stop = newline ? newline : end;
		const char *home = is_box_user(line, stop) ?
					   field(line, stop, FIELD_HOME, ret_len) :
					   NULL;
		if (home)
			return home;
		line = stop + 1;
	}
	return NULL;
}

static void fit(const struct buf *text, const char *home, struct buf *ret)
{
	size_t len;
	const char *old = find_home(text, &len);
	if (!old) {
		if (text->len > 0)
			buf_add(ret, text->data, text->len);
		buf_printf(ret, "%sstudent:x:%u:%u:student:%s:/bin/sh\n",
			   text->len > 0 && text->data[text->len - 1] != '\n' ? "\n" : "",
			   SPEC_BOX_UID, SPEC_BOX_UID, home);
	} else if (len != strlen(home) || memcmp(old, home, len) != 0) {
		const char *after = old + len;
		buf_add(ret, text->data, (size_t)(old - text->data));
		buf_str(ret, home);
		buf_add(ret, after, (size_t)(text->data + text->len - after));
	}
}

int passwd_fit(const struct image *image, const char *home, struct buf *ret, struct err *err)
{
	AUTO_FD int root = open(image->rootfs, O_PATH | O_DIRECTORY | O_CLOEXEC);
	AUTO_FD int fd = root < 0 ? -1 :
				    fd_open_beneath(root, PASSWD_PATH, O_RDONLY | O_NONBLOCK, 0);
	AUTO_BUF text = { 0 };
	struct stat st;
	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR || errno == ELOOP))
		return 0;
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot read '%s' of image '%s'",
			       SPEC_PASSWD_PATH, image->name);
	AUTO_FREE char *closed = fd_closed_beneath(root, PASSWD_PATH);
	if (!S_ISREG(st.st_mode) || !(st.st_mode & S_IROTH) || closed ||
	    st.st_size > PASSWD_BYTES_MAX)
		return 0;
	if (fd_read_all(fd, &text, PASSWD_BYTES_MAX) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot read '%s' of image '%s'",
			       SPEC_PASSWD_PATH, image->name);
	fit(&text, home, ret);
	return 0;
}
