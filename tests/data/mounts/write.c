/* write.c - tries to change what lies in each folder named, in every way there is, and prints what
 * worked: "open-write FOLDER". Each folder holds the file `f`, the folder `d` and the link `l`. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/xattr.h>
#include <unistd.h>

static const char *folder;
static int refused; /* by the mount, not by a mode: what the test is about */

static void tried(const char *what, long result)
{
	if (result >= 0)
		printf("%s %s\n", what, folder);
	else if (errno == EROFS)
		refused++;
}

/* A descriptor for reading, opened once more for writing. */
static int open_again(int fd)
{
	char path[64];
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	return open(path, O_RDWR);
}

static void *map_shared(int fd)
{
	void *p = mmap(NULL, 1, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	return p == MAP_FAILED ? NULL : p;
}

static int bind_socket(void)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX, .sun_path = "socket" };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	int got = bind(fd, (struct sockaddr *)&at, sizeof at);
	close(fd);
	return got;
}

static void change_file(void)
{
	const struct timespec then[2] = { { 1, 0 }, { 1, 0 } };
	int fd = open("f", O_RDONLY);
	tried("open-write", open("f", O_WRONLY));
	tried("open-append", open("f", O_WRONLY | O_APPEND));
	tried("open-truncate", open("f", O_RDONLY | O_TRUNC));
	tried("open-again", open_again(fd));
	tried("map", map_shared(fd) ? 0 : -1);
	tried("truncate", truncate("f", 0));
	tried("chmod", chmod("f", 0600));
	tried("fchmod", fchmod(fd, 0600));
	tried("chown", chown("f", getuid(), getgid()));
	tried("utimensat", utimensat(AT_FDCWD, "f", then, 0));
	tried("futimens", futimens(fd, then));
	tried("utimensat-link", utimensat(AT_FDCWD, "l", then, AT_SYMLINK_NOFOLLOW));
	tried("setxattr", setxattr("f", "user.moulette", "x", 1, 0));
	tried("removexattr", removexattr("f", "user.kept"));
	tried("rename", rename("f", "g"));
	tried("rename-over", rename("f", "l"));
	tried("exchange", syscall(SYS_renameat2, AT_FDCWD, "f", AT_FDCWD, "d", 2));
	tried("link", link("f", "h"));
	tried("link-descriptor", linkat(fd, "", AT_FDCWD, "i", AT_EMPTY_PATH));
	tried("unlink", unlink("f"));
	close(fd);
}

static void change_folder(void)
{
	tried("create", open("new", O_WRONLY | O_CREAT, 0644));
	tried("create-below", open("d/new", O_WRONLY | O_CREAT, 0644));
	tried("unnamed", open(".", O_WRONLY | O_TMPFILE, 0644));
	tried("mkdir", mkdir("newd", 0755));
	tried("symlink", symlink("f", "newl"));
	tried("fifo", mknod("newp", S_IFIFO | 0644, 0));
	tried("node", mknod("newn", S_IFREG | 0644, 0));
	tried("device", mknod("newc", S_IFCHR | 0666, makedev(1, 3)));
	tried("socket", bind_socket());
	tried("chmod-folder", chmod(".", 0700));
	tried("rmdir", rmdir("d"));
	tried("remount", mount(NULL, ".", NULL, MS_REMOUNT | MS_BIND, NULL));
	tried("umount", umount2(folder, MNT_DETACH));
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		folder = argv[i];
		refused = 0;
		if (chdir(folder) < 0)
			printf("cannot enter %s: %s\n", folder, strerror(errno));
		change_folder();
		change_file();
		fprintf(stderr, "%s: %d refused as read-only\n", folder, refused);
	}
	return 0;
}
