/*
 * confine.c - what the child that reads a foreign archive may still do.
 *
 * It stays root, for owners are part of an image, but its world is the empty tree that it fills: a
 * chroot that it cannot leave, three capabilities, no program and no socket. A bug in the parser
 * of the archive then owns a folder that is thrown away.
 */
#include <errno.h>
#include <fcntl.h>
#include <iconv.h>
#include <langinfo.h>
#include <locale.h>
#include <seccomp.h>
#include <sys/capability.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "image/internal.h"

/* xz -9 takes 65 MiB, zstd's default window at most 128 MiB, 4,000,000 entries the rest. */
#define CHILD_MEMORY (UINT64_C(1) << 30)

/* AddressSanitizer reserves terabytes of addresses. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define UNDER_ASAN 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#define UNDER_ASAN 1
#endif

/*
 * All that the writer, the walker, the heap and exit need. Left out above all: exec, fork, sockets,
 * mount and namespaces, ptrace, chroot, mknod, ioctl, prctl, and names without a descriptor.
 */
static const int allowed[] = {
	SCMP_SYS(read),          SCMP_SYS(pread64),        SCMP_SYS(readv),
	SCMP_SYS(write),         SCMP_SYS(pwrite64),       SCMP_SYS(lseek),
	SCMP_SYS(close),         SCMP_SYS(ftruncate),      SCMP_SYS(openat),
	SCMP_SYS(openat2),       SCMP_SYS(getdents64),     SCMP_SYS(readlinkat),
	SCMP_SYS(fstat),         SCMP_SYS(newfstatat),     SCMP_SYS(statx),
	SCMP_SYS(mkdirat),       SCMP_SYS(symlinkat),      SCMP_SYS(linkat),
	SCMP_SYS(unlinkat),      SCMP_SYS(renameat),       SCMP_SYS(renameat2),
	SCMP_SYS(renameat),      SCMP_SYS(renameat2),      SCMP_SYS(faccessat2), /* tree_remove() */
	SCMP_SYS(fchown),        SCMP_SYS(fchownat),       SCMP_SYS(fchmod),
	SCMP_SYS(fchmodat),      SCMP_SYS(utimensat),      SCMP_SYS(fsetxattr),
	SCMP_SYS(fremovexattr),  SCMP_SYS(fgetxattr),      SCMP_SYS(flistxattr),
	SCMP_SYS(brk),           SCMP_SYS(munmap),         SCMP_SYS(mremap),
	SCMP_SYS(madvise),       SCMP_SYS(futex),          SCMP_SYS(getrandom),
	SCMP_SYS(clock_gettime), SCMP_SYS(gettimeofday),   SCMP_SYS(time),
	SCMP_SYS(sched_yield),   SCMP_SYS(getpid),         SCMP_SYS(gettid),
	SCMP_SYS(rt_sigaction),  SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn),
	SCMP_SYS(sigaltstack),   SCMP_SYS(exit),           SCMP_SYS(exit_group),
};

/* With F_SETOWN and F_SETSIG a pipe sends any signal to any process of root. */
static const unsigned int commands[] = { F_DUPFD, F_DUPFD_CLOEXEC, F_GETFD, F_SETFD, F_GETFL };

/* What is allowed with some arguments only. */
static int add_rules(scmp_filter_ctx ctx)
{
	int got = 0;

	for (size_t i = 0; got == 0 && i < sizeof(commands) / sizeof(*commands); i++)
		got = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(fcntl), 1,
				       SCMP_A1_32(SCMP_CMP_MASKED_EQ, UINT32_MAX, commands[i]));
	/* abort() of ourselves, of nobody else. */
	if (got == 0)
		got = seccomp_rule_add(
			ctx, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1,
			SCMP_A0_32(SCMP_CMP_MASKED_EQ, UINT32_MAX, (unsigned int)getpid()));
	/* No new code: a library that someone puts into the chroot cannot be loaded either. */
	if (got == 0)
		got = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1,
				       SCMP_A2_32(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	if (got == 0)
		got = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1,
				       SCMP_A2_32(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	return got;
}

static int load_filter(void)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ERRNO(ENOSYS));
	int got = ctx ? 0 : -ENOMEM;

	for (size_t i = 0; got == 0 && i < sizeof(allowed) / sizeof(*allowed); i++)
		got = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, allowed[i], 0);
	if (got == 0)
		got = add_rules(ctx);
	if (got == 0)
		got = seccomp_load(ctx);
	if (ctx)
		seccomp_release(ctx);
	errno = -got;
	return got < 0 ? -1 : 0;
}

/* CAP_SYS_CHROOT is the one that would lead out again, CAP_MKNOD the one that would reach disks. */
static int drop_capabilities(void)
{
	static const cap_value_t keep[] = { CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_FOWNER };
	cap_t caps = cap_init();
	int got = caps ? 0 : -1;

	for (cap_value_t c = 0; got == 0 && CAP_IS_SUPPORTED(c); c++)
		if (c != CAP_CHOWN && c != CAP_DAC_OVERRIDE && c != CAP_FOWNER)
			got = prctl(PR_CAPBSET_DROP, c, 0, 0, 0);
	if (got == 0)
		got = cap_set_flag(caps, CAP_PERMITTED, 3, keep, CAP_SET);
	if (got == 0)
		got = cap_set_flag(caps, CAP_EFFECTIVE, 3, keep, CAP_SET);
	if (got == 0)
		got = cap_set_proc(caps);
	if (caps)
		cap_free(caps);
	return got;
}

static int limit_memory(void)
{
#ifdef UNDER_ASAN
	return 0;
#else
	const struct rlimit memory = { CHILD_MEMORY, CHILD_MEMORY };
	return setrlimit(RLIMIT_AS, &memory);
#endif
}

/*
 * libarchive turns names of pax headers (UTF-8) into the locale's, and on the way to UTF-8 into
 * Unicode's normal form: two names become one. Into the locale "C" it can turn none that is not
 * ASCII, and leaves them as they are. iconv's tables are read from files, so before the chroot,
 * never from what the archive brings.
 */
static void warm_up(void)
{
	setlocale(LC_CTYPE, "C");
	iconv_t cd = iconv_open(nl_langinfo(CODESET), "UTF-8");
	if (cd != (iconv_t)-1)
		iconv_close(cd);
}

/* Neither the terminal of whoever imports, nor a folder that happens to be stdin. */
static int leave_stdio(void)
{
	AUTO_FD int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0)
		return -1;
#ifndef UNDER_ASAN /* whose report would be lost */
	if (dup2(null, 2) < 0)
		return -1;
#endif
	return 0;
}

int confine_child(int root, struct err *err)
{
	const struct rlimit none = { 0, 0 };

	warm_up();
	if (leave_stdio() < 0 || fchdir(root) < 0 || chroot(".") < 0 || chdir("/") < 0 ||
	    setrlimit(RLIMIT_CORE, &none) < 0 || limit_memory() < 0 ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || drop_capabilities() < 0 ||
	    load_filter() < 0)
		return err_set(err, FAULT_INFRA, errno,
			       "cannot confine the reader of images (it has to start as root)");
	return 0;
}
