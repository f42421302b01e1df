/* machine.c - kernel, processors, memory, load, file system. */
#include "bench/machine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/mem.h"

/* What follows "KEY : " in a file of lines, or all of its first line without a key. Owned. */
static char *line_of(const char *path, const char *key)
{
	AUTO_FREE char *line = NULL;
	AUTO_FILE FILE *f = fopen(path, "re");
	size_t room = 0, len = key ? strlen(key) : 0;
	while (f && getline(&line, &room, f) >= 0) {
		if (key && strncmp(line, key, len) != 0)
			continue;
		const char *value = line + len + strspn(line + len, "\t :");
		return mem_strndup(value, strcspn(value, "\n"));
	}
	return NULL;
}

static void add_line(struct json_object *o, const char *name, const char *path, const char *key)
{
	AUTO_FREE char *line = line_of(path, key);
	json_object_object_add(o, name, json_new_str(line));
}

static const char *cgroups(void)
{
	if (access("/sys/fs/cgroup/cgroup.controllers", F_OK) == 0)
		return "v2";
	return access("/sys/fs/cgroup/unified", F_OK) == 0 ? "hybrid" : "v1";
}

/* By the numbers of statfs(2); one that is not among them stands as it is. */
static struct json_object *file_system(const char *path)
{
	static const struct {
		long magic;
		const char *name;
	} known[] = {
		{ 0xef53, "ext4" },      { 0x01021994, "tmpfs" },   { 0x58465342, "xfs" },
		{ 0x9123683e, "btrfs" }, { 0x794c7630, "overlay" }, { 0x2fc12fc1, "zfs" },
		{ 0x6969, "nfs" },
	};
	struct statfs fs;
	char number[32];
	if (statfs(path, &fs) < 0)
		return NULL;
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if ((long)fs.f_type == known[i].magic)
			return json_object_new_string(known[i].name);
	snprintf(number, sizeof number, "0x%lx", (unsigned long)fs.f_type);
	return json_object_new_string(number);
}

struct json_object *machine_load(void)
{
	AUTO_FREE char *line = line_of("/proc/loadavg", NULL);
	return json_new_str(line);
}

struct json_object *machine_facts(const char *scratch)
{
	struct json_object *o = json_object_new_object();
	struct utsname u;
	struct sysinfo info;
	if (uname(&u) == 0) {
		json_object_object_add(o, "kernel", json_object_new_string(u.release));
		json_object_object_add(o, "machine", json_object_new_string(u.machine));
	}
	add_line(o, "processor", "/proc/cpuinfo", "model name");
	json_object_object_add(o, "processors",
			       json_object_new_int64(sysconf(_SC_NPROCESSORS_ONLN)));
	add_line(o, "governor", "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", NULL);
	add_line(o, "smt", "/sys/devices/system/cpu/smt/control", NULL);
	if (sysinfo(&info) == 0)
		json_object_object_add(
			o, "memory_bytes",
			json_object_new_int64((int64_t)info.totalram * info.mem_unit));
	json_object_object_add(o, "load", machine_load());
	json_object_object_add(o, "cgroups", json_object_new_string(cgroups()));
	json_object_object_add(o, "file_system", file_system(scratch));
	return o;
}

static const char *word(struct json_object *facts, const char *key)
{
	struct json_object *value = json_object_object_get(facts, key);
	return value ? json_object_get_string(value) : "?";
}

void machine_write(FILE *out, struct json_object *facts)
{
	const double memory =
		(double)json_object_get_int64(json_object_object_get(facts, "memory_bytes"));
	const double load = strtod(word(facts, "load"), NULL);
	fprintf(out, "machine: Linux %s, %s x %s, %.0f GiB, cgroups %s, %s\n",
		word(facts, "kernel"), word(facts, "processors"), word(facts, "processor"),
		memory / (1 << 30), word(facts, "cgroups"), word(facts, "file_system"));
	if (load > (double)sysconf(_SC_NPROCESSORS_ONLN) / 2)
		fprintf(out, "others use it: the load was %.1f before anything was measured\n",
			load);
	fprintf(out, "\n");
}
