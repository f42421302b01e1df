/* turns.c - locks on bytes of two files. */
#include "pipeline/turns.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/mem.h"

#define SLOTS_AT 4096 /* the bytes of slots lie behind the page with the counter */
#define SLOTS_END (SLOTS_AT + (1 << 20))
#define WAIT_MS 2

/* Bytes of the order: the holder of the first has its turn, the holder of the second waits for it
 * or has it. */
enum { BYTE_TURN, BYTE_QUEUE };

static int set_lock(int fd, short type, off_t at)
{
	struct flock l = { .l_type = type, .l_whence = SEEK_SET, .l_start = at, .l_len = 1 };
	return fcntl(fd, F_SETLK, &l);
}

int turns_open(const struct places *p, struct turns *t, struct err *err)
{
	AUTO_FREE char *path = mem_printf("%s/steps", p->run);
	if (t->running >= 0)
		return 0;
	AUTO_FD int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0 || ftruncate(fd, SLOTS_AT) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot use '%s'", path);
	void *page = mmap(NULL, SLOTS_AT, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (page == MAP_FAILED)
		return err_set(err, FAULT_INFRA, errno, "cannot map '%s'", path);
	t->begun = page;
	t->running = fd_steal(&fd);
	return 0;
}

int turns_share(struct turns *t, struct err *err)
{
	t->order = memfd_create("order", MFD_CLOEXEC);
	return t->order < 0 ? err_set(err, FAULT_INFRA, errno, "cannot make a file in memory") : 0;
}

void turns_close(struct turns *t)
{
	if (t->begun)
		munmap((void *)t->begun, SLOTS_AT);
	if (t->running >= 0)
		close(t->running);
	if (t->order >= 0)
		close(t->order);
	*t = TURNS_NONE;
}

static int wait_lock(int fd, short type, off_t at, int stop_fd, struct alive *alive,
		     struct err *err)
{
	while (set_lock(fd, type, at) < 0) {
		struct pollfd p = { .fd = stop_fd, .events = POLLIN };
		if (errno != EAGAIN && errno != EACCES && errno != EINTR)
			return err_set(err, FAULT_INFRA, errno, "cannot lock the order of steps");
		alive_for(alive, WAIT_MS * NSEC_PER_MS);
		poll(&p, 1, WAIT_MS);
		if (p.revents)
			return err_set_code(err, "interrupted", FAULT_NONE, 0, "interrupted");
	}
	return 0;
}

/* A step that is to run alone keeps the head of the queue, and so the others wait. */
static int wait_turn(const struct turns *t, bool alone, int stop_fd, struct alive *alive,
		     struct err *err)
{
	const short type = alone ? F_WRLCK : F_RDLCK;
	if (t->order < 0)
		return 0;
	int bad = wait_lock(t->order, type, BYTE_QUEUE, stop_fd, alive, err) < 0 ||
		  wait_lock(t->order, type, BYTE_TURN, stop_fd, alive, err) < 0;
	if (bad || !alone)
		set_lock(t->order, F_UNLCK, BYTE_QUEUE);
	return bad ? -1 : 0;
}

/* Locks of other processes; neighbours that one process holds count each. */
static int count_others(const struct turns *t)
{
	int n = 0;
	for (off_t at = SLOTS_AT; at < SLOTS_END;) {
		struct flock l = { .l_type = F_WRLCK,
				   .l_whence = SEEK_SET,
				   .l_start = at,
				   .l_len = SLOTS_END - at };
		if (fcntl(t->running, F_GETLK, &l) < 0 || l.l_type == F_UNLCK)
			break;
		n += (int)l.l_len;
		at = l.l_start + l.l_len;
	}
	return n;
}

int turn_begin(const struct turns *t, int slot, bool alone, int stop_fd, struct alive *alive,
	       struct turn *ret, struct err *err)
{
	if (wait_turn(t, alone, stop_fd, alive, err) < 0)
		return -1;
	*ret = (struct turn){ .slot = slot };
	set_lock(t->running, F_WRLCK, SLOTS_AT + slot);
	ret->number = atomic_fetch_add(t->begun, 1) + 1;
	ret->beside = count_others(t);
	return 0;
}

int turn_end(const struct turns *t, struct turn *turn)
{
	const int now = count_others(t);
	const int least = atomic_load(t->begun) > turn->number ? 1 : 0;
	set_lock(t->running, F_UNLCK, SLOTS_AT + turn->slot);
	if (t->order >= 0) {
		set_lock(t->order, F_UNLCK, BYTE_TURN);
		set_lock(t->order, F_UNLCK, BYTE_QUEUE);
	}
	return turn->beside > now ? turn->beside : now > least ? now : least;
}
