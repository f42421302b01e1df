/*
 * confine.c - the order in which a child gives up what it has.
 *
 * What reads files of the host (iconv, time zone) comes before the root changes, because afterwards
 * "/usr/share/zoneinfo" would be a file of the student's; the uid before no_new_privs; the filter
 * last.
 */
#include "child/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <iconv.h>
#include <langinfo.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <locale.h>
#include <seccomp.h>
#include <signal.h>
#include <sys/capability.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"

#define FILTER_MAX 512 /* instructions; there are some 150 at most */
#define COUNT(a) (sizeof(a) / sizeof *(a))

/* --- system calls ------------------------------------------------------------------------- */

enum {
	EXTRACT = 1 << CONFINE_EXTRACT,
	FOLDER = 1 << CONFINE_FOLDER,
	IMAGE = 1 << CONFINE_IMAGE,
	WRITERS = EXTRACT | IMAGE,
	ALL = EXTRACT | FOLDER | IMAGE,
	SANITIZED = CONFINE_SANITIZED ? ALL : 0,
};

/*
 * What reading, writing beneath a descriptor, memory and ending need. Left out: everything that
 * starts a program or process, makes a socket, signals, changes ids, limits, mounts or the root,
 * makes device nodes, and names without a descriptor. What is not listed fails with ENOSYS, which
 * libraries expect.
 */
/* clang-format off */
static const struct {
	int call;
	int roles;
} allowed[] = {
	{ SCMP_SYS(read), ALL },
	{ SCMP_SYS(pread64), ALL },
	{ SCMP_SYS(write), ALL },
	{ SCMP_SYS(close), ALL },
	{ SCMP_SYS(fstat), ALL },
	{ SCMP_SYS(newfstatat), ALL },
	{ SCMP_SYS(lseek), ALL },
	{ SCMP_SYS(getdents64), ALL },
	{ SCMP_SYS(readlinkat), ALL },
	{ SCMP_SYS(munmap), ALL },
	{ SCMP_SYS(mremap), ALL },
	{ SCMP_SYS(brk), ALL },
	{ SCMP_SYS(madvise), ALL },
	{ SCMP_SYS(clock_gettime), ALL },
	{ SCMP_SYS(gettimeofday), ALL },
	{ SCMP_SYS(futex), ALL },
	{ SCMP_SYS(getrandom), ALL },
	{ SCMP_SYS(rt_sigreturn), ALL },
	{ SCMP_SYS(exit_group), ALL },
	{ SCMP_SYS(exit), ALL },
	{ SCMP_SYS(sigaltstack), IMAGE | SANITIZED },
	/* the one reply of unpacking */
	{ SCMP_SYS(sendmsg), EXTRACT | FOLDER },
	{ SCMP_SYS(restart_syscall), EXTRACT | FOLDER },
	{ SCMP_SYS(openat), WRITERS },
	{ SCMP_SYS(openat2), WRITERS },
	{ SCMP_SYS(mkdirat), WRITERS },
	{ SCMP_SYS(unlinkat), WRITERS },
	{ SCMP_SYS(linkat), WRITERS },
	{ SCMP_SYS(symlinkat), WRITERS },
	{ SCMP_SYS(fchmod), WRITERS },
	{ SCMP_SYS(utimensat), WRITERS },
	{ SCMP_SYS(dup), EXTRACT },
	{ SCMP_SYS(readv), IMAGE },
	{ SCMP_SYS(pwrite64), IMAGE },
	{ SCMP_SYS(ftruncate), IMAGE },
	{ SCMP_SYS(statx), IMAGE },
	{ SCMP_SYS(renameat), IMAGE },
	{ SCMP_SYS(renameat2), IMAGE },
	{ SCMP_SYS(faccessat2), IMAGE }, /* tree_remove() */
	{ SCMP_SYS(fchown), IMAGE },
	{ SCMP_SYS(fchownat), IMAGE },
	{ SCMP_SYS(fchmodat), IMAGE },
	{ SCMP_SYS(fsetxattr), IMAGE },
	{ SCMP_SYS(fremovexattr), IMAGE },
	{ SCMP_SYS(fgetxattr), IMAGE },
	{ SCMP_SYS(flistxattr), IMAGE },
	{ SCMP_SYS(time), IMAGE },
	{ SCMP_SYS(sched_yield), IMAGE },
	{ SCMP_SYS(getpid), IMAGE },
	{ SCMP_SYS(gettid), IMAGE },
	{ SCMP_SYS(rt_sigaction), IMAGE },
	{ SCMP_SYS(rt_sigprocmask), IMAGE },
};

/* Allowed when the masked argument has the value. */
static const struct {
	int call;
	int roles;
	unsigned arg;
	uint32_t mask, value;
} allowed_if[] = {
	/* F_SETOWN and F_SETSIG are ways to send any signal to any process of the same user. */
	{ SCMP_SYS(fcntl), ALL, 1, UINT32_MAX, F_DUPFD },
	{ SCMP_SYS(fcntl), ALL, 1, UINT32_MAX, F_DUPFD_CLOEXEC },
	{ SCMP_SYS(fcntl), ALL, 1, UINT32_MAX, F_GETFD },
	{ SCMP_SYS(fcntl), ALL, 1, UINT32_MAX, F_SETFD },
	{ SCMP_SYS(fcntl), ALL, 1, UINT32_MAX, F_GETFL },
	/* No new code: a library that lies below the root cannot be loaded either. */
	{ SCMP_SYS(mmap), ALL, 2, PROT_EXEC, 0 },
	{ SCMP_SYS(mprotect), ALL, 2, PROT_EXEC, 0 },
	/* As root, the reader of folders could write to files of root. */
	{ SCMP_SYS(openat), FOLDER, 2, O_ACCMODE | O_CREAT | O_TRUNC, O_RDONLY },
};
/* clang-format on */

/* The filter of a role as the kernel takes it; n 0: not made yet. */
static struct {
	struct sock_filter code[FILTER_MAX];
	unsigned short n;
} filters[CONFINE_ROLES];

static void filter_cleanup(scmp_filter_ctx *f)
{
	if (*f)
		seccomp_release(*f);
}

static int add_rules(enum confine_role role, scmp_filter_ctx f)
{
	const int bit = 1 << role;
	int got = 0;

	for (size_t i = 0; got == 0 && i < COUNT(allowed); i++)
		if (allowed[i].roles & bit)
			got = seccomp_rule_add(f, SCMP_ACT_ALLOW, allowed[i].call, 0);
	for (size_t i = 0; got == 0 && i < COUNT(allowed_if); i++)
		if (allowed_if[i].roles & bit)
			got = seccomp_rule_add(f, SCMP_ACT_ALLOW, allowed_if[i].call, 1,
					       SCMP_CMP32(allowed_if[i].arg, SCMP_CMP_MASKED_EQ,
							  allowed_if[i].mask, allowed_if[i].value));
	/* abort() of itself. */
	if (got == 0 && role == CONFINE_IMAGE)
		got = seccomp_rule_add(
			f, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1,
			SCMP_A0_32(SCMP_CMP_MASKED_EQ, UINT32_MAX, (unsigned)getpid()));
	return got;
}

/* libseccomp gives the program through a descriptor only. */
static int export_filter(scmp_filter_ctx f, enum confine_role role, struct err *err)
{
	AUTO_FD int fd = memfd_create("filter", MFD_CLOEXEC);
	int got = fd < 0 ? -errno : seccomp_export_bpf(f, fd);
	if (got < 0)
		return err_set(err, FAULT_INFRA, -got, "cannot make a filter of system calls");
	ssize_t n = pread(fd, filters[role].code, sizeof filters[role].code, 0);
	if (n <= 0 || n == (ssize_t)sizeof filters[role].code)
		return err_set(err, FAULT_INFRA, 0, "cannot take over a filter of system calls");
	filters[role].n = (unsigned short)((size_t)n / sizeof filters[role].code[0]);
	return 0;
}

static int make_filter(enum confine_role role, struct err *err)
{
	if (filters[role].n)
		return 0;
	__attribute__((cleanup(filter_cleanup)))
	scmp_filter_ctx f = seccomp_init(SCMP_ACT_ERRNO(ENOSYS));
	if (!f)
		return err_set(err, FAULT_INFRA, ENOMEM, "cannot make a filter of system calls");
	int got = add_rules(role, f);
	if (got < 0)
		return err_set(err, FAULT_INFRA, -got, "cannot filter system calls");
	return export_filter(f, role, err);
}

static int filter_calls(enum confine_role role, struct err *err)
{
	const struct sock_fprog program = { filters[role].n, filters[role].code };
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot filter system calls");
	return 0;
}

/* --- files of the host -------------------------------------------------------------------- */

/*
 * libarchive turns names of pax headers (UTF-8) into the locale's, and on the way to UTF-8 into
 * Unicode's normal form: two names become one. It cannot turn a name that is not ASCII into the
 * locale "C", and leaves it as it is. For that it asks iconv, which reads a list of conversions once.
 */
static int read_host(struct err *err)
{
	static bool done;

	if (done)
		return 0;
	setlocale(LC_CTYPE, "C");
	iconv_t conversion = iconv_open(nl_langinfo(CODESET), "UTF-8");
	if (conversion == (iconv_t)-1)
		return err_set(err, FAULT_INFRA, errno, "the host lacks a conversion of UTF-8");
	iconv_close(conversion);
	/* Zip times are local: the zone is read once here, and glibc reads it again only when TZ
	 * changes (with TZ unset it would look at the file each time). */
	tzset();
	done = true;
	return 0;
}

static int change_root(int root, struct err *err)
{
	if (fchdir(root) < 0 || chroot(".") < 0 || chdir("/") < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot change the root");
	return 0;
}

/* --- limits and privileges ---------------------------------------------------------------- */

static int set_limit(int what, rlim_t value, struct err *err)
{
	const struct rlimit r = { .rlim_cur = value, .rlim_max = value };
	if (setrlimit((__rlimit_resource_t)what, &r) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot set resource limit %d", what);
	return 0;
}

static int set_limits(const struct confine *c, struct err *err)
{
	if ((!CONFINE_SANITIZED && set_limit(RLIMIT_AS, c->address_bytes, err) < 0) ||
	    (c->cpu_s && set_limit(RLIMIT_CPU, (rlim_t)c->cpu_s, err) < 0) ||
	    (c->file_bytes && set_limit(RLIMIT_FSIZE, (rlim_t)c->file_bytes, err) < 0) ||
	    (c->files && set_limit(RLIMIT_NOFILE, (rlim_t)c->files, err) < 0) ||
	    set_limit(RLIMIT_NPROC, 0, err) < 0 || set_limit(RLIMIT_CORE, 0, err) < 0)
		return -1;
	return 0;
}

static void cap_cleanup(cap_t *c)
{
	if (*c)
		cap_free(*c);
}

static int keep(cap_t caps, const cap_value_t *which, int n)
{
	return cap_set_flag(caps, CAP_PERMITTED, n, which, CAP_SET) < 0 ||
			       cap_set_flag(caps, CAP_EFFECTIVE, n, which, CAP_SET) < 0 ?
		       -1 :
		       0;
}

/* The reader of folders must be able to read what any user of the host handed in. In a container there
 * is often no CAP_DAC_READ_SEARCH. With CAP_DAC_OVERRIDE it can only read, too, because the filter refuses
 * to open a file for writing. Without both it reads what root may. */
static int keep_reading(cap_t caps)
{
	static const cap_value_t readers[] = { CAP_DAC_READ_SEARCH, CAP_DAC_OVERRIDE };
	__attribute__((cleanup(cap_cleanup))) cap_t held = cap_get_proc();
	cap_flag_value_t has = CAP_CLEAR;

	for (size_t i = 0; held && i < COUNT(readers); i++) {
		if (cap_get_flag(held, readers[i], CAP_PERMITTED, &has) < 0)
			return -1;
		if (has == CAP_SET)
			return keep(caps, &readers[i], 1);
	}
	return held ? 0 : -1;
}

/* CAP_SYS_CHROOT would lead out of the root, CAP_MKNOD to disks. */
static int drop_capabilities(enum confine_role role, struct err *err)
{
	static const cap_value_t writers[] = { CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_FOWNER };
	__attribute__((cleanup(cap_cleanup))) cap_t caps = cap_init();

	if (!caps || (role == CONFINE_FOLDER && keep_reading(caps) < 0) ||
	    (role == CONFINE_IMAGE && keep(caps, writers, COUNT(writers)) < 0))
		return err_set(err, FAULT_INFRA, errno, "cannot name capabilities");
	if (cap_set_proc(caps) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot drop capabilities");
	return 0;
}

static int drop_privileges(const struct confine *c, struct err *err)
{
	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	for (cap_value_t v = 0; prctl(PR_CAPBSET_READ, v, 0, 0, 0) >= 0; v++) {
		if (prctl(PR_CAPBSET_DROP, v, 0, 0, 0) < 0)
			return err_set(err, FAULT_INFRA, errno, "cannot bound capabilities");
	}
	if (c->role != CONFINE_IMAGE && setgroups(0, NULL) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot leave all groups");
	if (c->role == CONFINE_EXTRACT &&
	    (setresgid(c->gid, c->gid, c->gid) < 0 || setresuid(c->uid, c->uid, c->uid) < 0))
		return err_set(err, FAULT_INFRA, errno, "cannot become uid %u", c->uid);
	if (drop_capabilities(c->role, err) < 0)
		return -1;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot give up privileges");
	/* The child set this when it began, but a change of uid clears it. */
	if (c->parent && prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot tie the child to its parent");
	if (c->parent && getppid() != c->parent)
		_exit(1); /* the parent ended in between: there is no reader for an error */
	return 0;
}

int confine_prepare(struct err *err)
{
	if (read_host(err) < 0 || make_filter(CONFINE_EXTRACT, err) < 0)
		return -1;
	return make_filter(CONFINE_FOLDER, err);
}

int confine_self(const struct confine *c, struct err *err)
{
	if (make_filter(c->role, err) < 0 || read_host(err) < 0 || change_root(c->root, err) < 0 ||
	    set_limits(c, err) < 0 || drop_privileges(c, err) < 0 || filter_calls(c->role, err) < 0)
		return -1;
	return 0;
}
