/* area_watch.c - files that have gone, by fanotify(7). */
#include "container/area_watch.h"

#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/fanotify.h>
#include <sys/vfs.h>
#include <unistd.h>

/* The identity of the file system is all that is read of an event. */
int area_watch_open(void)
{
	return fanotify_init(FAN_CLASS_NOTIF | FAN_CLOEXEC | FAN_NONBLOCK | FAN_REPORT_FID,
			     O_RDONLY);
}

int area_watch_add(int watch, const char *path, fsid_t *ret)
{
	struct statfs st;
	if (watch < 0 || statfs(path, &st) < 0 ||
	    fanotify_mark(watch, FAN_MARK_ADD | FAN_MARK_FILESYSTEM, FAN_DELETE_SELF, AT_FDCWD,
			  path) < 0)
		return -1;
	*ret = st.f_fsid;
	return 0;
}

/* The record of the file follows the event, except when events were lost. */
static void tell(const struct fanotify_event_metadata *event, area_watch_fn *each, void *ctx)
{
	struct fanotify_event_info_fid file;
	fsid_t where;
	if (event->event_len < sizeof *event + sizeof file || event->mask & FAN_Q_OVERFLOW) {
		each(ctx, NULL);
		return;
	}
	memcpy(&file, (const char *)event + event->metadata_len, sizeof file);
	memcpy(&where, &file.fsid, sizeof where);
	each(ctx, &where);
}

void area_watch_read(int watch, area_watch_fn *each, void *ctx)
{
	struct fanotify_event_metadata events[170]; /* 4 KiB */
	ssize_t n;
	while (watch >= 0 && (n = read(watch, events, sizeof events)) > 0)
		for (const struct fanotify_event_metadata *e = events; FAN_EVENT_OK(e, n);
		     e = FAN_EVENT_NEXT(e, n))
			tell(e, each, ctx);
}
