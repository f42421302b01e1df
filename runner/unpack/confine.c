/*
 * confine.c - the child gives up what it does not need, before it reads a foreign byte.
 *
 * The order matters: what reads files of the host (iconv, time zone) happens before the root
 * changes, because afterwards "/usr/share/zoneinfo" would be a file of the student's; descriptors
 * and cgroup before the uid; the uid before no_new_privs; the filter last.
 *
 * What is the same for every job, a server has made before the first: its clones inherit it.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <iconv.h>
#include <langinfo.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/capability.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "unpack/child.h"

/* Address space: xz -9 wants 65 MiB, zstd -19 --long=27 some 130, the headers of a tar at most 64;
 * the program itself maps 40. A dictionary above is refused as too large. */
#define ADDRESS_BYTES (512ull << 20)
#define FILTER_MAX 512 /* instructions; there are some 50 */
#define FILES_MAX 64   /* the writer holds a handful, folder.c one a level */

/* The address sanitizer maps terabytes that it never touches, and changes signal stacks when a
 * process ends. */
#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED true
#elif defined(__has_feature)
#define SANITIZED __has_feature(address_sanitizer)
#else
#define SANITIZED false
#endif

static void cap_cleanup(cap_t *c)
{
	if (*c)
		cap_free(*c);
}

static void filter_cleanup(scmp_filter_ctx *f)
{
	if (*f)
		seccomp_release(*f);
}

static int enter_cgroups(const struct child_job *job, struct err *err)
{
	for (uint32_t i = 0; i < job->n_cgroups; i++) {
		if (write(CHILD_CGROUPS + (int)i, "0\n", 2) != 2)
			return err_set(err, FAULT_INFRA, errno, "cannot enter the unpack cgroup");
	}
	if (close_range(CHILD_CGROUPS, ~0u, 0) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot close descriptors");
	return 0;
}

static int set_limit(int what, rlim_t value, struct err *err)
{
	const struct rlimit r = { .rlim_cur = value, .rlim_max = value };
	if (setrlimit((__rlimit_resource_t)what, &r) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot set resource limit %d", what);
	return 0;
}

static int set_limits(const struct child_job *job, struct err *err)
{
	const struct unpack_limits *lim = &job->limits;
	bool folder = job->role == CHILD_FOLDER;
	/* folder.c holds one descriptor a level. */
	rlim_t files = FILES_MAX + (folder ? (rlim_t)(lim->path_bytes / 2) : 0);

	/* A file above its limit gives EFBIG, not death. */
	signal(SIGXFSZ, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	umask(022);
	if (!SANITIZED && set_limit(RLIMIT_AS, ADDRESS_BYTES, err) < 0)
		return -1;
	/* CPU: the parent's clock ends the child before; this holds should the parent hang. */
	if (set_limit(RLIMIT_CPU, (rlim_t)(lim->time_ns / 1000000000) + 2, err) < 0 ||
	    set_limit(RLIMIT_FSIZE, (rlim_t)lim->file_bytes, err) < 0 ||
	    set_limit(RLIMIT_NOFILE, files, err) < 0 || set_limit(RLIMIT_NPROC, 0, err) < 0 ||
	    set_limit(RLIMIT_CORE, 0, err) < 0)
		return -1;
	return 0;
}

static int read_host(struct err *err)
{
	static bool done;

	if (done)
		return 0;
	/* The locale stays "C": libarchive, which composes UTF-8 anew on its way to the locale, cannot
	 * convert names to it and gives them byte by byte. For that it asks iconv, which reads a list
	 * of conversions once. */
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

/* Nothing of the host's tree can be named any more: the root becomes the destination, or the
 * folder that is read. */
static int change_root(const struct child_job *job, struct err *err)
{
	int root = job->role == CHILD_FOLDER ? CHILD_INPUT : CHILD_OUTPUT;

	if (fchdir(root) < 0 || chroot(".") < 0 || chdir("/") < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot change the root");
	return 0;
}

/* The folder's reader must be able to read what any user of the host handed in. In a container there is
 * often no CAP_DAC_READ_SEARCH; the other one, too, lets it only read: the filter refuses to open a
 * file for writing. Without both it reads what root may. */
static int keep_reading(cap_t caps)
{
	static const cap_value_t readers[] = { CAP_DAC_READ_SEARCH, CAP_DAC_OVERRIDE };
	__attribute__((cleanup(cap_cleanup))) cap_t held = cap_get_proc();
	cap_flag_value_t has = CAP_CLEAR;

	for (size_t i = 0; held && i < sizeof readers / sizeof *readers; i++) {
		if (cap_get_flag(held, readers[i], CAP_PERMITTED, &has) < 0)
			return -1;
		if (has == CAP_SET)
			return cap_set_flag(caps, CAP_PERMITTED, 1, &readers[i], CAP_SET) < 0 ||
					       cap_set_flag(caps, CAP_EFFECTIVE, 1, &readers[i],
							    CAP_SET) < 0 ?
				       -1 :
				       0;
	}
	return held ? 0 : -1;
}

/* All of them, but what the folder's reader needs. */
static int drop_capabilities(const struct child_job *job, struct err *err)
{
	__attribute__((cleanup(cap_cleanup))) cap_t caps = cap_init();

	if (!caps || (job->role == CHILD_FOLDER && keep_reading(caps) < 0))
		return err_set(err, FAULT_INFRA, errno, "cannot name capabilities");
	if (cap_set_proc(caps) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot drop capabilities");
	return 0;
}

static int drop_privileges(const struct child_job *job, struct err *err)
{
	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	for (cap_value_t c = 0; prctl(PR_CAPBSET_READ, c, 0, 0, 0) >= 0; c++) {
		if (prctl(PR_CAPBSET_DROP, c, 0, 0, 0) < 0)
			return err_set(err, FAULT_INFRA, errno, "cannot bound capabilities");
	}
	if (setgroups(0, NULL) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot leave all groups");
	if (job->role == CHILD_EXTRACT && (setresgid(job->gid, job->gid, job->gid) < 0 ||
					   setresuid(job->uid, job->uid, job->uid) < 0))
		return err_set(err, FAULT_INFRA, errno, "cannot become uid %u", job->uid);
	if (drop_capabilities(job, err) < 0)
		return -1;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot give up privileges");
	/* Set before exec too, but a change of uid clears it. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot tie the child to its parent");
	if (getppid() != job->parent)
		_exit(1); /* died in between; nobody is left to be told */
	return 0;
}

/*
 * What reading, writing beneath a descriptor, memory and ending need. Left out: everything that
 * starts a program or process, makes a socket, signals, changes ids, limits or mounts, and memory
 * that can be executed. What is not listed fails with ENOSYS, which libraries expect.
 */
static const int calls_common[] = {
	SCMP_SYS(read),         SCMP_SYS(pread64),
	SCMP_SYS(write),        SCMP_SYS(close),
	SCMP_SYS(fstat),        SCMP_SYS(newfstatat),
	SCMP_SYS(lseek),        SCMP_SYS(getdents64),
	SCMP_SYS(readlinkat),   SCMP_SYS(munmap),
	SCMP_SYS(mremap),       SCMP_SYS(brk),
	SCMP_SYS(madvise),      SCMP_SYS(clock_gettime),
	SCMP_SYS(gettimeofday), SCMP_SYS(futex),
	SCMP_SYS(getrandom),    SCMP_SYS(sendmsg),
	SCMP_SYS(rt_sigreturn), SCMP_SYS(exit_group),
	SCMP_SYS(exit),         SCMP_SYS(restart_syscall),
};
static const int calls_extract[] = {
	SCMP_SYS(openat),   SCMP_SYS(openat2),   SCMP_SYS(mkdirat),
	SCMP_SYS(unlinkat), SCMP_SYS(linkat),    SCMP_SYS(symlinkat),
	SCMP_SYS(fchmod),   SCMP_SYS(utimensat), SCMP_SYS(dup),
};

/* Of fcntl what opening and copying a descriptor need: F_SETOWN is a way to send signals. */
static const int fcntl_commands[] = { F_DUPFD, F_DUPFD_CLOEXEC, F_GETFD, F_SETFD, F_GETFL };

static int allow(scmp_filter_ctx f, const int *calls, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		int got = seccomp_rule_add(f, SCMP_ACT_ALLOW, calls[i], 0);
		if (got < 0)
			return got;
	}
	return 0;
}

static int add_rules(enum child_role role, scmp_filter_ctx f)
{
	const unsigned int n_common = sizeof(calls_common) / sizeof(calls_common[0]);
	const unsigned int n_extract = sizeof(calls_extract) / sizeof(calls_extract[0]);
	const struct scmp_arg_cmp no_exec = SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0);
	/* As root, the folder's reader could write to files of root: it may only open to read. */
	const struct scmp_arg_cmp reading = SCMP_A2(SCMP_CMP_MASKED_EQ,
						    O_ACCMODE | O_CREAT | O_TRUNC, O_RDONLY);
	int got = allow(f, calls_common, n_common);

	for (size_t i = 0; got == 0 && i < sizeof fcntl_commands / sizeof *fcntl_commands; i++)
		got = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(fcntl), 1,
				       SCMP_A1(SCMP_CMP_EQ, (scmp_datum_t)fcntl_commands[i], 0));
	if (got == 0 && SANITIZED)
		got = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(sigaltstack), 0);
	if (got == 0)
		got = seccomp_rule_add_array(f, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1, &no_exec);
	if (got == 0)
		got = seccomp_rule_add_array(f, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1, &no_exec);
	if (got == 0 && role == CHILD_EXTRACT)
		got = allow(f, calls_extract, n_extract);
	if (got == 0 && role == CHILD_FOLDER)
		got = seccomp_rule_add_array(f, SCMP_ACT_ALLOW, SCMP_SYS(openat), 1, &reading);
	return got;
}

/* The filter of a role as the kernel takes it; n 0: not made yet. */
static struct {
	struct sock_filter code[FILTER_MAX];
	unsigned short n;
} filters[2];

/* libseccomp gives the program through a descriptor only. */
static int export_filter(scmp_filter_ctx f, enum child_role role, struct err *err)
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

static int make_filter(enum child_role role, struct err *err)
{
	if (role != CHILD_EXTRACT && role != CHILD_FOLDER)
		return err_set(err, FAULT_INFRA, 0, "no job has the role %d", (int)role);
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

static int filter_calls(const struct child_job *job, struct err *err)
{
	const struct sock_fprog program = { filters[job->role].n, filters[job->role].code };
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot filter system calls");
	return 0;
}

int confine_prepare(struct err *err)
{
	if (read_host(err) < 0 || make_filter(CHILD_EXTRACT, err) < 0)
		return -1;
	return make_filter(CHILD_FOLDER, err);
}

int confine_self(const struct child_job *job, struct err *err)
{
	if (make_filter(job->role, err) < 0 || enter_cgroups(job, err) < 0 || read_host(err) < 0 ||
	    change_root(job, err) < 0 || set_limits(job, err) < 0 ||
	    drop_privileges(job, err) < 0 || filter_calls(job, err) < 0)
		return -1;
	return 0;
}
