#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

/* clang-format off */
#define CALL(n) { SYS_##n, #n }
static const struct { long nr; const char *name; } calls[] = {
	{ 425, "io_uring_setup" }, { 426, "io_uring_enter" }, { 427, "io_uring_register" },
	CALL(io_setup), CALL(bpf), CALL(perf_event_open), { 323, "userfaultfd" },
	CALL(add_key), CALL(request_key), CALL(keyctl), CALL(name_to_handle_at), CALL(open_by_handle_at),
	CALL(fanotify_init), CALL(mount), CALL(umount2), CALL(pivot_root), CALL(chroot),
	{ 428, "open_tree" }, { 429, "move_mount" }, { 430, "fsopen" }, { 431, "fsconfig" }, { 432, "fsmount" },
	{ 433, "fspick" }, { 442, "mount_setattr" }, { 457, "statmount" }, { 458, "listmount" },
	CALL(ptrace), CALL(process_vm_readv), CALL(process_vm_writev), { 438, "pidfd_getfd" },
	{ 440, "process_madvise" }, { 448, "process_mrelease" }, CALL(kcmp),
	CALL(init_module), CALL(finit_module), CALL(delete_module), CALL(kexec_load), CALL(reboot),
	CALL(swapon), CALL(swapoff), CALL(acct), CALL(quotactl), CALL(sync), CALL(syncfs),
	CALL(syslog), CALL(sethostname), CALL(setdomainname), CALL(settimeofday), CALL(clock_settime),
	CALL(adjtimex), CALL(clock_adjtime), CALL(iopl), CALL(ioperm), CALL(modify_ldt), CALL(vhangup),
	CALL(vmsplice), { 447, "memfd_secret" }, CALL(mbind), CALL(set_mempolicy), CALL(move_pages),
	CALL(migrate_pages), CALL(sched_setattr), CALL(ioprio_set), CALL(setxattr), CALL(fsetxattr),
	CALL(removexattr), CALL(seccomp), { 444, "landlock_create_ruleset" }, { 435, "clone3" },
	CALL(unshare), CALL(setns), { 463, "setxattrat" }, { 467, "open_tree_attr" },
};
/* clang-format on */

int main(void)
{
	int bad = 0;
	for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
		errno = 0;
		/* -1: descriptors and pointers that lead nowhere, should the call be there. */
		if (syscall(calls[i].nr, -1L, -1L, -1L, -1L, -1L, -1L) >= 0 || errno != ENOSYS) {
			printf("%s: %d\n", calls[i].name, errno);
			bad = 1;
		}
	}
	for (long nr = 470; nr < 1024; nr++) {
		errno = 0;
		if (syscall(nr, -1L, -1L, -1L, -1L, -1L, -1L) >= 0 || errno != ENOSYS) {
			printf("call %ld: %d\n", nr, errno);
			bad = 1;
		}
	}
	return bad;
}
