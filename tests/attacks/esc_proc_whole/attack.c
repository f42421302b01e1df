#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

static int bad;

static void got(const char *what, const char *path)
{
	printf("%s %s\n", what, path);
	bad = 1;
}

static int is_own(const char *path)
{
	return path[6] == 's' && (strncmp(path, "/proc/self", 10) == 0);
}

/* Processes are walked by nobody: the box's own may be written to by their owner. */
static int visit(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)at;
	if (strlen(path) > 6 &&
	    (is_own(path) || strncmp(path, "/proc/thread-self", 17) == 0 || atoi(path + 6) > 0))
		return type == FTW_D || type == FTW_DNR ? FTW_SKIP_SUBTREE : FTW_CONTINUE;
	if (type == FTW_F && S_ISREG(st->st_mode) &&
	    open(path, O_WRONLY | O_CLOEXEC | O_NONBLOCK) >= 0)
		got("opened for writing:", path);
	if (type == FTW_D && (chmod(path, 0777) == 0 || utimensat(AT_FDCWD, path, NULL, 0) == 0))
		got("changed:", path);
	return FTW_CONTINUE;
}

static void masked(void)
{
	static const char *const all[] = {
		"/proc/kcore",       "/proc/keys",       "/proc/key-users", "/proc/timer_list",
		"/proc/sched_debug", "/proc/kallsyms",   "/proc/kmsg",      "/proc/sysrq-trigger",
		"/proc/interrupts",  "/proc/config.gz",  "/proc/iomem",     "/proc/locks",
		"/proc/cmdline",     "/proc/kpagecount", "/proc/slabinfo",  "/proc/vmallocinfo",
	};
	static const char *const folders[] = { "/proc/acpi",   "/proc/asound", "/proc/scsi",
					       "/proc/bus",    "/proc/fs",     "/proc/irq",
					       "/proc/driver", "/sys/firmware" };
	char byte;
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		if (read(open(all[i], O_RDONLY | O_NONBLOCK), &byte, 1) > 0)
			got("read:", all[i]);
	for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
		DIR *dir = opendir(folders[i]);
		for (struct dirent *e; dir && (e = readdir(dir));)
			if (e->d_name[0] != '.')
				got(folders[i], e->d_name);
		if (umount2(folders[i], MNT_DETACH) == 0)
			got("unmounted:", folders[i]);
	}
}

static void first_process(void)
{
	static const char *const all[] = { "",        "/environ",       "/maps",        "/mem",
					   "/fd",     "/exe",           "/root",        "/cwd",
					   "/ns/net", "/status",        "/cmdline",     "/stat",
					   "/task/1", "/oom_score_adj", "/attr/current" };
	char path[64];
	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		snprintf(path, sizeof path, "/proc/1%s", all[i]);
		if (open(path, O_RDONLY) >= 0 || open(path, O_WRONLY) >= 0 ||
		    access(path, F_OK) == 0)
			got("is there:", path);
		snprintf(path, sizeof path, "/proc/self/task/../../1%s", all[i]);
		if (open(path, O_RDONLY) >= 0)
			got("is there:", path);
	}
	DIR *dir = opendir("/proc");
	for (struct dirent *e; dir && (e = readdir(dir));)
		if (strcmp(e->d_name, "1") == 0)
			got("listed:", "1");
	kill(1, SIGKILL);
	kill(1, SIGSTOP);
}

/* The score by which the kernel chooses whom to kill when memory is short. */
static void own_score(void)
{
	char score[8] = "";
	if (read(open("/proc/self/oom_score_adj", O_RDONLY), score, sizeof score - 1) < 4 ||
	    strcmp(score, "1000\n") != 0)
		got("not 1000:", score);
	if (open("/proc/self/oom_score_adj", O_WRONLY) >= 0)
		got("opened for writing:", "/proc/self/oom_score_adj");
}

int main(void)
{
	own_score();
	if (access("/proc/meminfo", R_OK) < 0 || access("/proc/sys/kernel/pid_max", R_OK) < 0)
		got("not whole:", "/proc");
	nftw("/proc", visit, 20, FTW_PHYS | FTW_ACTIONRETVAL);
	nftw("/sys", visit, 20, FTW_PHYS | FTW_ACTIONRETVAL);
	masked();
	first_process();
	return bad;
}
