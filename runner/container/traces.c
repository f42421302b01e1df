/* traces.c - what a step leaves in the namespaces of a box that serves many.
 *
 * Objects are removed. Numbers that only count upwards cannot all be set back: process ids can; for
 * the network's counters, identifiers of System V objects and terminals the box is called worn, and
 * whoever runs steps in it takes a new one over the same areas.
 */
#include "container/traces.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/ipc.h>
#include <sys/mount.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/mem.h"
#include "child/child.h"

/* Below the least that a host lets process ids count to. */
#define STEPS_MAX 30000

static void remove_sysv(void)
{
	struct shm_info shm;
	struct seminfo sem;
	struct msginfo msg;
	struct shmid_ds shm_ds;
	struct semid_ds sem_ds;
	struct msqid_ds msg_ds;
	int id;
	union {
		struct seminfo *info;
		struct semid_ds *ds;
	} arg = { .info = &sem };
	for (int i = shmctl(0, SHM_INFO, (struct shmid_ds *)&shm); i >= 0; i--)
		if ((id = shmctl(i, SHM_STAT, &shm_ds)) >= 0)
			shmctl(id, IPC_RMID, NULL);
	int last = semctl(0, 0, SEM_INFO, arg);
	for (arg.ds = &sem_ds; last >= 0; last--)
		if ((id = semctl(last, 0, SEM_STAT, arg)) >= 0)
			semctl(id, 0, IPC_RMID);
	for (int i = msgctl(0, MSG_INFO, (struct msqid_ds *)&msg); i >= 0; i--)
		if ((id = msgctl(i, MSG_STAT, &msg_ds)) >= 0)
			msgctl(id, IPC_RMID, NULL);
}

/* What the next object of a kind is called can be set, and the first object that is made takes the
 * setting with it: as long as it stands, no step has made any. */
#define NEXT_ID "0"

static bool sysv_stands(const struct box *b)
{
	char text[16];
	for (int i = 0; i < TRACES_SYSV; i++)
		if (pread(b->sysv_next[i], text, sizeof text, 0) != sizeof NEXT_ID ||
		    memcmp(text, NEXT_ID "\n", sizeof NEXT_ID) != 0)
			return false;
	return true;
}

/* POSIX message queues, where the profile allows any: their file system shows those of the
 * namespace that mounts it. */
static int remove_queues(const struct room *room, struct err *err)
{
	AUTO_FREE char *at = mem_printf("%s/mqueue", room->path);
	if ((mkdir(at, 0700) < 0 && errno != EEXIST) || mount("mqueue", at, "mqueue", 0, NULL) < 0)
		return err_set(err, FAULT_INFRA, errno,
			       "cannot examine the message queues of the box");
	AUTO_FD int fd = open(at, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int bad = fd < 0 || tree_remove(fd) < 0;
	umount2(at, MNT_DETACH);
	return bad ? err_set(err, FAULT_INFRA, errno,
			     "cannot remove the message queues of the box") :
		     0;
}

static int enter_ipc(const struct box *b, struct err *err)
{
	return setns(b->ipc_ns, CLONE_NEWIPC) < 0 ?
		       err_set(err, FAULT_INFRA, errno,
			       "cannot enter the ipc namespace of the box") :
		       0;
}

static int leave_ipc(const struct box *b, struct err *err)
{
	return setns(b->own_ipc, CLONE_NEWIPC) < 0 ?
		       err_set(err, FAULT_INFRA, errno,
			       "cannot leave the ipc namespace of the box") :
		       0;
}

/* System V objects live as long as the namespace, so a test could leave them for the next one. */
static int clean_ipc(struct box *b, struct err *err)
{
	bool within = b->sysv_within || b->opt.has_queues;
	if (!within && sysv_stands(b))
		return 0;
	if (enter_ipc(b, err) < 0)
		return -1;
	if (!sysv_stands(b)) {
		remove_sysv();
		b->worn = true; /* identifiers count on even when their objects are gone */
	}
	int bad = b->opt.has_queues ? remove_queues(b->opt.room, err) : 0;
	return leave_ipc(b, err) < 0 ? -1 : bad;
}

/* Kernels without checkpoints have no such files: then each step counts as one that made objects. */
static int watch_ipc(struct box *b, struct err *err)
{
	static const char *const kinds[TRACES_SYSV] = { "shm", "sem", "msg" };
	if (enter_ipc(b, err) < 0)
		return -1;
	for (int i = 0; i < TRACES_SYSV; i++) {
		char path[48];
		snprintf(path, sizeof path, "/proc/sys/kernel/%s_next_id", kinds[i]);
		b->sysv_next[i] = open(path, O_RDWR | O_CLOEXEC);
		if (b->sysv_next[i] >= 0)
			(void)!pwrite(b->sysv_next[i], NEXT_ID, sizeof NEXT_ID - 1, 0);
	}
	if (leave_ipc(b, err) < 0)
		return -1;
	/* Before Linux 5.19 the files are about the namespace of who reads. */
	b->sysv_within = !sysv_stands(b);
	return 0;
}

/* Closing a socket makes the kernel look for sockets that only hold each other, and what they
 * carry. */
static void collect_sockets(void)
{
	AUTO_FD int any = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	(void)any;
}

/* The same as before in one call, as it is after nearly every test: else something has moved. */
static bool same_counts(const struct box *b, int i)
{
	const struct buf *before = &b->net_before[i];
	char text[8192];
	ssize_t n = pread(b->net_counts[i], text, sizeof text, 0);
	return n >= 0 && (size_t)n < sizeof text && (size_t)n == before->len &&
	       memcmp(text, before->data, before->len) == 0;
}

static bool net_moved(const struct box *b)
{
	for (int i = 0; i < TRACES_NET; i++)
		if (b->net_counts[i] >= 0 && !same_counts(b, i)) /* -1: not one to be compared */
			return true;
	return false;
}

struct last_pid {
	int fd;
	const char *text;
	size_t len;
};

static int write_last_pid(void *ctx)
{
	const struct last_pid *l = ctx;
	return write(l->fd, l->text, l->len) == (ssize_t)l->len ? 0 : 1;
}

/* The next process of the box gets the number that it would have if every step had been one process. A
 * child that is born into the box's pid namespace writes it: the file is about the namespace of who
 * writes. */
static int reset_pids(const struct box *b, struct err *err)
{
	AUTO_FD int own = open("/proc/self/ns/pid", O_RDONLY | O_CLOEXEC);
	AUTO_FD int last = open("/proc/sys/kernel/ns_last_pid", O_WRONLY | O_CLOEXEC);
	char text[16];
	const int len = snprintf(text, sizeof text, "%d",
				 1 + (b->steps < STEPS_MAX ? b->steps : STEPS_MAX));
	if (last < 0 && errno == ENOENT)
		return 0; /* a kernel without checkpoints: the numbers count on */
	if (own < 0 || last < 0 || setns(b->pid_ns, CLONE_NEWPID) < 0)
		return err_set(err, FAULT_INFRA, errno,
			       "cannot enter the pid namespace of the box");
	struct last_pid next = { last, text, (size_t)len };
	const int tried = child_try(CHILD_SHARED, write_last_pid, &next), saved = errno;
	if (setns(own, CLONE_NEWPID) < 0)
		return err_set(err, FAULT_INFRA, errno,
			       "cannot leave the pid namespace of the box");
	return tried < 0 ?
		       err_set(err, FAULT_INFRA, saved, "cannot reset the last pid of the box") :
		       0;
}

static int open_of_init(const struct box *b, const char *name, int *ret, struct err *err)
{
	AUTO_FREE char *path = mem_printf("/proc/%ld/%s", (long)b->init_pid, name);
	*ret = open(path, O_RDONLY | O_CLOEXEC);
	return *ret < 0 ? err_set(err, FAULT_INFRA, errno, "cannot open '%s' of the box", path) : 0;
}

static int note_counts(struct box *b, int i, const char *name, struct err *err)
{
	if (open_of_init(b, name, &b->net_counts[i], err) < 0)
		return errno == ENOENT ? 0 : -1; /* a kernel without IPv6 */
	if (fd_read_all(b->net_counts[i], &b->net_before[i], 1 << 20) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot read '%s' of the box", name);
	return 0;
}

/* The mode of these files is that of the network namespace, not of one mount of /proc. Return: 1 hidden, 0
 * the kernel has no such file, -1 steps can read it. */
static int hide(const struct box *b, const char *name)
{
	struct stat st;
	AUTO_FREE char *path = mem_printf("/proc/%ld/%s", (long)b->init_pid, name);
	if (chmod(path, 0500) < 0 || stat(path, &st) < 0)
		return errno == ENOENT ? 0 : -1;
	errno = EPERM;
	return (st.st_mode & 077) == 0 && st.st_uid == 0 ? 1 : -1;
}

/* What packets move shows in the counts of cards, lo among them. What else counts upwards, as a
 * destination without a way or a send that fits no buffer, is 4 KiB of text after every step: it is
 * hidden from steps. What cannot be hidden is compared where that is cheap, else the box is not used.
 * Netlink tells the counts of IPv6 whatever the mode of their file: these are always compared. */
static int open_counts(struct box *b, struct err *err)
{
	static const char *const more[] = { "net/netstat", "net/dev_snmp6", "net/fib_triestat",
					    "net/rt6_stats", "net/xfrm_stat", "net/tls_stat",
					    /* Of the whole host, in every namespace. */
					    "net/stat", "net/softnet_stat", "net/sockstat",
					    "net/sockstat6", "net/protocols", "net/rt_acct" };
	static const struct {
		const char *name;
		bool told;
	} counts[TRACES_NET] = { { "net/dev", true },
				 { "net/snmp6", true },
				 { "net/snmp", false } };
	for (size_t i = 0; i < sizeof more / sizeof *more; i++)
		if (hide(b, more[i]) < 0)
			return err_set(
				err, FAULT_INFRA, errno,
				"cannot hide '%s' of the box, which a test could use to pass data "
				"to the next one; is /proc read-only here?",
				more[i]);
	for (int i = 0; i < TRACES_NET; i++) {
		const bool hidden = i > 0 && hide(b, counts[i].name) == 1;
		if ((!hidden || counts[i].told) && note_counts(b, i, counts[i].name, err) < 0)
			return -1;
	}
	return 0;
}

/* The number of a terminal is free again some time after the last process that had it is dead, and ptmx
 * keeps the time of a touch. What moves either is seen here, unless the host has no watches left: then
 * each step counts as one that made a terminal. */
static void watch_ptys(struct box *b)
{
	AUTO_FREE char *path = mem_printf("/proc/%ld/root/dev/pts", (long)b->init_pid);
	b->pty_events = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	b->ptys_unseen = inotify_add_watch(b->pty_events, path,
					   IN_CREATE | IN_ATTRIB | IN_ONLYDIR | IN_DONT_FOLLOW) <
				 0 &&
			 errno != ENOENT;
}

static bool made_ptys(const struct box *b)
{
	char event[sizeof(struct inotify_event) + NAME_MAX + 1];
	return b->ptys_unseen || read(b->pty_events, event, sizeof event) > 0;
}

int traces_open(struct box *b, struct err *err)
{
	b->own_ipc = open("/proc/self/ns/ipc", O_RDONLY | O_CLOEXEC);
	if (b->own_ipc < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot open '/proc/self/ns/ipc'");
	if (open_counts(b, err) < 0 || open_of_init(b, "ns/pid", &b->pid_ns, err) < 0 ||
	    watch_ipc(b, err) < 0)
		return -1;
	watch_ptys(b);
	b->worn = false;
	/* The threads of runc had some. */
	return reset_pids(b, err);
}

void traces_close(struct box *b)
{
	fd_close(&b->own_ipc);
	fd_close(&b->pty_events);
	for (int i = 0; i < TRACES_SYSV; i++)
		fd_close(&b->sysv_next[i]);
	for (int i = 0; i < TRACES_NET; i++) {
		fd_close(&b->net_counts[i]);
		buf_done(&b->net_before[i]);
	}
}

int traces_clean(struct box *b, const struct step_facts *f, struct err *err)
{
	b->steps++;
	collect_sockets();
	if (clean_ipc(b, err) < 0)
		return -1;
	b->worn |= net_moved(b) || made_ptys(b);
	/* One process alone has moved the counter by one. */
	if (f->processes_peak == 1 && f->pids_denied <= 0)
		return 0;
	return reset_pids(b, err);
}
