/* kernel_calls.h - system calls for which glibc has functions since 2.36 alone.
 *
 * Include it where fsopen(2) and its relatives, mount_setattr(2) or pidfd_open(2) are called; it
 * brings what <sys/mount.h> and <sys/pidfd.h> have. Ubuntu 22.04 has glibc 2.35.
 */
#ifndef MOULETTE_BASE_KERNEL_CALLS_H
#define MOULETTE_BASE_KERNEL_CALLS_H

#include <sys/mount.h>

#if __GLIBC_PREREQ(2, 36)
#include <sys/pidfd.h>
#else
/* After <sys/mount.h>, whose enumerators have the names of its macros. */
#include <linux/mount.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

static inline int fsopen(const char *type, unsigned flags)
{
	return (int)syscall(SYS_fsopen, type, flags);
}

static inline int fsconfig(int fs, unsigned command, const char *key, const void *value, int aux)
{
	return (int)syscall(SYS_fsconfig, fs, command, key, value, aux);
}

static inline int fsmount(int fs, unsigned flags, unsigned attributes)
{
	return (int)syscall(SYS_fsmount, fs, flags, attributes);
}

static inline int open_tree(int dir, const char *path, unsigned flags)
{
	return (int)syscall(SYS_open_tree, dir, path, flags);
}

static inline int move_mount(int from, const char *from_path, int to, const char *to_path,
			     unsigned flags)
{
	return (int)syscall(SYS_move_mount, from, from_path, to, to_path, flags);
}

static inline int mount_setattr(int dir, const char *path, unsigned flags, struct mount_attr *attr,
				size_t size)
{
	return (int)syscall(SYS_mount_setattr, dir, path, flags, attr, size);
}

static inline int pidfd_open(pid_t pid, unsigned flags)
{
	return (int)syscall(SYS_pidfd_open, pid, flags);
}
#endif

#endif
