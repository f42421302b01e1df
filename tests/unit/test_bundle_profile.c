/* test_bundle_profile.c - profiles: merging, lists, what is refused. */
#include "bundle/profile.h"
#include "bundle/profile_chain.h"
#include "bundle/profile_json.h"

#include <check.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/json.h"
#include "base/mem.h"
#include "test_bundle_profile_fixture.h"

#define SHIPPED "profiles"
#define GIB (INT64_C(1) << 30)

static int load(const char *name, struct profile *p, struct err *err)
{
	char *dirs[] = { folder, (char[]){ SHIPPED }, NULL };
	return profile_load(name, dirs, p, err);
}

static void must_load(const char *name, struct profile *p)
{
	struct err err = { 0 };
	ck_assert_msg(load(name, p, &err) == 0, "%s: %s", name, err.msg);
}

/* What stands at a dotted path, as JSON: "linux.resources.pids". */
static const char *at(struct json_object *o, const char *path)
{
	AUTO_FREE char *copy = mem_strdup(path);
	char *save = NULL;
	for (char *k = strtok_r(copy, ".", &save); k; k = strtok_r(NULL, ".", &save))
		o = json_object_object_get(o, k);
	return json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN |
							 JSON_C_TO_STRING_NOSLASHESCAPE);
}

START_TEST(shipped_ones_load)
{
	struct profile p = { 0 };
	must_load(shipped[_i], &p);
	ck_assert_str_eq(p.name, shipped[_i]);
	ck_assert_uint_eq(strlen(p.sha256), 64);
	ck_assert_uint_gt(strlen(p.description), 10);
	ck_assert_int_eq(p.unpack.entries, 20000);
	ck_assert_int_eq(p.limits.v[LIMIT_WALL], LIMIT_UNSET);
	/* Those that are weaker than base say where. */
	ck_assert_uint_eq(strv_len(p.warnings), strcmp(p.name, "debug") == 0     ? 2 :
						strcmp(p.name, "os-course") == 0 ? 1 :
										   0);
	profile_done(&p);
}
END_TEST

START_TEST(default_is_as_promised)
{
	struct profile p = { 0 };
	must_load("default", &p);
	ck_assert_int_eq(p.limits.v[LIMIT_CPU], 10 * INT64_C(1000000000));
	ck_assert_int_eq(p.limits.v[LIMIT_MEMORY], GIB);
	ck_assert_int_eq(p.limits.v[LIMIT_PROCESSES], 100);
	ck_assert_int_eq(p.limits.v[LIMIT_OUTPUT], 1 << 20);
	ck_assert_int_eq(p.limits.v[LIMIT_DISK], 256 << 20);
	ck_assert_int_eq(p.tmp_bytes, 64 << 20);
	ck_assert_int_eq(p.tmp_inodes, 8192);
	ck_assert_int_eq(p.shm_bytes, 16 << 20);
	ck_assert_int_eq(p.shm_inodes, 1024);
	ck_assert_str_eq(at(p.config, "linux.resources.memory"),
			 "{\"limit\":1073741824,\"swap\":1073741824}");
	ck_assert_ptr_null(
		json_object_object_get(json_object_object_get(p.config, "linux"), "seccomp"));
	profile_done(&p);
}
END_TEST

START_TEST(list_has_profiles_only)
{
	char *dirs[] = { folder, (char[]){ "/nowhere/at/all" }, (char[]){ SHIPPED }, NULL };
	AUTO_STRV names = NULL;

	put("mine.json", "{\"extends\": \"default\"}");
	put("strict.json", "{\"extends\": \"default\"}");
	put("table.json", "{\"languages\": []}");
	put("mine.seccomp.json", "{\"groups\": []}");
	put("broken.json", "{");
	put("notes.txt", "{}");
	ck_assert_int_eq(profile_chain_names(dirs, &names, NULL), 0);
	static const char *const want[] = { "base", "broken",  "compile",   "debug", "default",
					    "mine", "network", "os-course", "strict" };
	ck_assert_uint_eq(strv_len(names), 9);
	for (size_t i = 0; i < 9; i++)
		ck_assert_str_eq(names[i], want[i]);
}
END_TEST

/* clang-format off */
static const struct { const char *label, *text, *path, *want; } merges[] = {
	{ "a key is replaced", "{\"config\": {\"hostname\": \"exam\"}}", "hostname", "\"exam\"" },
	{ "others stay", "{\"config\": {\"hostname\": \"exam\"}}", "root", "{\"readonly\":true}" },
	{ "null removes", "{\"config\": {\"linux\": {\"resources\": {\"cpu\": null}}}}", "linux.resources.cpu", "null" },
	{ "objects merge", "{\"config\": {\"linux\": {\"resources\": {\"cpu\": {\"shares\": 9}}}}}", "linux.resources.cpu",
	  "{\"quota\":100000,\"period\":100000,\"shares\":9}" },
	{ "an array replaces the whole", "{\"config\": {\"linux\": {\"readonlyPaths\": [\"/proc/bus\"]}}}", "linux.readonlyPaths",
	  "[\"/proc/bus\"]" },
	{ "swap follows memory", "{\"config\": {\"linux\": {\"resources\": {\"memory\": {\"limit\": 2147483648}}}}}",
	  "linux.resources.memory", "{\"limit\":2147483648,\"swap\":2147483648}" },
	{ "limits.memory has its place", "{\"moulette\": {\"limits\": {\"memory\": \"64M\"}}}", "linux.resources.memory",
	  "{\"limit\":67108864,\"swap\":67108864}" },
	{ "limits.processes too", "{\"moulette\": {\"limits\": {\"processes\": 7}}}", "linux.resources.pids", "{\"limit\":7}" },
	{ "a mount is added at the end", "{\"moulette\": {\"mounts\": [{\"destination\": \"/data//x/\", \"type\": \"bind\", \"source\": \"/srv\"}]}}",
	  "mounts.last", "{\"destination\":\"/data/x\",\"type\":\"bind\",\"source\":\"/srv\",\"options\":[\"bind\",\"ro\",\"nosuid\",\"nodev\",\"rprivate\"]}" },
	{ "a bind that says rw", "{\"moulette\": {\"mounts\": [{\"destination\": \"/d\", \"source\": \"/srv\", \"options\": [\"rbind\", \"rw\"]}]}}",
	  "mounts.last", "{\"destination\":\"/d\",\"source\":\"/srv\",\"options\":[\"rbind\",\"rw\",\"nosuid\",\"nodev\",\"rprivate\"]}" },
	{ "the same destination replaces", "{\"moulette\": {\"mounts\": [{\"destination\": \"/tmp\", \"type\": \"tmpfs\", \"source\": \"tmpfs\", "
	  "\"options\": [\"size=1m\", \"nr_inodes=9\"]}]}}", "mounts.last",
	  "{\"destination\":\"/tmp\",\"type\":\"tmpfs\",\"source\":\"tmpfs\",\"options\":[\"size=1m\",\"nr_inodes=9\"]}" },
};
/* clang-format on */

START_TEST(merge_row)
{
	struct profile p = { 0 };

	put("t.json", merges[_i].text);
	must_load("t", &p);
	struct json_object *o = p.config;
	const char *path = merges[_i].path;
	if (strcmp(path, "mounts.last") == 0) {
		struct json_object *m = json_object_object_get(o, "mounts");
		o = json_object_array_get_idx(m, json_object_array_length(m) - 1);
		path = "";
	}
	ck_assert_msg(strcmp(at(o, path), merges[_i].want) == 0, "%s: %s", merges[_i].label,
		      at(o, path));
	ck_assert_str_eq(p.extends, "base"); /* what a file without the key builds on */
	profile_done(&p);
}
END_TEST

START_TEST(limits_and_sizes_merge)
{
	struct profile p = { 0 };

	put("a.json",
	    "{\"extends\": \"default\", \"moulette\": {\"limits\": {\"memory\": \"2G\", \"wall\": 9},"
	    " \"unpack\": {\"entries\": 5, \"bytes\": \"1M\", \"time\": \"3s\"},"
	    " \"env\": {\"A\": \"1\", \"B\": \"1\"}}}");
	put("b.json", "{\"extends\": \"a\", \"config\": {\"linux\": {\"resources\": {\"memory\": "
		      "{\"limit\": 3221225472}}}}, \"moulette\": {\"env\": {\"B\": \"2\"}}}");
	must_load("b", &p);
	ck_assert_int_eq(p.limits.v[LIMIT_MEMORY], 3 * GIB); /* the later one, wherever it stands */
	ck_assert_int_eq(p.limits.v[LIMIT_WALL], 9 * INT64_C(1000000000));
	ck_assert_int_eq(p.unpack.entries, 5);
	ck_assert_int_eq(p.unpack.bytes, 1 << 20);
	ck_assert_int_eq(p.unpack.depth, 64);
	ck_assert_int_eq(p.unpack.time_ns, 3 * INT64_C(1000000000));
	ck_assert_str_eq(p.env[0], "A=1");
	ck_assert_str_eq(p.env[1], "B=2");
	ck_assert_ptr_null(p.env[2]);
	profile_done(&p);
}
END_TEST

START_TEST(lists_survive_a_later_array)
{
	struct profile p = { 0 };

	put("a.json",
	    "{\"moulette\": {\"mounts\": [{\"destination\": \"/data\", \"type\": \"bind\", \"source\": \"/srv\"}],"
	    " \"seccomp\": {\"allow\": [\"ptrace\"], \"deny\": [\"flock\"]}}}");
	put("b.json",
	    "{\"extends\": \"a\", \"config\": {\"mounts\": ["
	    "{\"destination\": \"/proc\", \"type\": \"proc\", \"source\": \"proc\"},"
	    "{\"destination\": \"/dev\", \"type\": \"tmpfs\", \"source\": \"tmpfs\", \"options\": [\"size=64k\", \"nr_inodes=64\"]}]},"
	    " \"moulette\": {\"seccomp\": {\"allow\": [\"flock\"], \"deny\": [\"ptrace\"]}}}");
	must_load("b", &p);
	ck_assert_uint_eq(json_object_array_length(json_object_object_get(p.config, "mounts")), 3);
	ck_assert_int_eq(p.tmp_bytes, 0); /* no tmpfs there any more */
	const char *calls = p.seccomp;
	ck_assert_ptr_nonnull(strstr(calls, "\"flock\""));
	ck_assert_ptr_null(strstr(calls, "\"ptrace\""));
	profile_done(&p);
}
END_TEST

/* a.json and b.json have one digest, c.json has another. */
static void ck_same_but_c(void)
{
	struct profile a = { 0 }, b = { 0 }, c = { 0 };

	must_load("a", &a);
	must_load("b", &b);
	must_load("c", &c);
	ck_assert_str_eq(a.sha256, b.sha256);
	ck_assert_str_ne(a.sha256, c.sha256);
	profile_done(&a);
	profile_done(&b);
	profile_done(&c);
}

START_TEST(digest_is_of_the_content)
{
	/* Keys that base has not: these keep the order in which a file gives them. */
	put("a.json",
	    "{\"description\": \"x\", \"config\": {\"domainname\": \"d\", \"linux\": "
	    "{\"resources\": {\"cpu\": {\"cpus\": \"0\", \"mems\": \"0\"}}, \"sysctl\": {}}}}");
	put("b.json",
	    "// other words, other order\n{\"config\": {\"linux\": {\"sysctl\": {}, "
	    "\"resources\": {\"cpu\": {\"mems\": \"0\", \"cpus\": \"0\"}}}, \"domainname\": \"d\"}}");
	put("c.json", "{\"extends\": \"a\", \"moulette\": {\"seccomp\": {\"deny\": [\"flock\"]}}}");
	ck_same_but_c();
}
END_TEST

START_TEST(by_path_and_beside)
{
	AUTO_FREE char *path = mem_printf("%s/exam.json", folder);
	struct profile p = { 0 };

	put("exam.json",
	    "{\"extends\": \"./part.json\", \"moulette\": {\"seccomp\": {\"list\": \"tiny.seccomp.json\"}}}");
	put("part.json", "{\"config\": {\"hostname\": \"part\"}}");
	put("tiny.seccomp.json",
	    "{\"errno\": 1, \"groups\": [{\"reason\": \"r\", \"names\": [\"read\"]}]}");
	must_load(path, &p);
	ck_assert_str_eq(p.name, "exam");
	ck_assert_str_eq(at(p.config, "hostname"), "\"part\"");
	ck_assert_ptr_nonnull(strstr(p.seccomp, "\"defaultErrnoRet\":1,"));
	profile_done(&p);
}
END_TEST

START_TEST(the_first_folder_wins)
{
	struct profile p = { 0 };
	put("strict.json", "{\"extends\": \"default\", \"config\": {\"hostname\": \"mine\"}}");
	must_load("strict", &p);
	ck_assert_str_eq(at(p.config, "hostname"), "\"mine\"");
	profile_done(&p);
}
END_TEST

#define CONFIG(c) "{\"config\": {" c "}}"
#define LINUX(c) CONFIG("\"linux\": {" c "}")
#define PROCESS(c) CONFIG("\"process\": {" c "}")
#define MOUNT(c) "{\"moulette\": {\"mounts\": [{" c "}]}}"
#define MOULETTE(c) "{\"moulette\": {" c "}}"

/* clang-format off */
static const struct { const char *label, *text, *why; } refused[] = {
	{ "not JSON", "{", "t.json: line 1: " },
	{ "an array", "[]", "t.json: expected an object" },
	{ "unknown key", "{\"extend\": \"base\"}", "t.json: unknown key 'extend'; known: extends, description" },
	{ "missing parent", "{\"extends\": \"nosuch\"}", "t.json.extends: unknown profile 'nosuch'; there are: base, compile" },
	{ "missing file", "{\"extends\": \"./no.json\"}", "./no.json' does not exist" },
	{ "itself", "{\"extends\": \"t\"}", "t.json.extends: 't' is this file itself" },
	{ "no name", "{\"extends\": \"a.b\"}", "'a.b' is not the name of a profile" },
	{ "empty parent", "{\"extends\": \"\"}", "extends: expected the name of a profile" },
	{ "parent of another type", "{\"extends\": 7}", "extends: expected a string, got 7" },
	{ "hooks", CONFIG("\"hooks\": {}"), "t.json: config.hooks: hooks run on the host" },
	{ "annotations", CONFIG("\"annotations\": {\"run.oci.seccomp_bpf_data\": \"\"}"), "config.annotations: " },
	{ "windows", CONFIG("\"windows\": {}"), "config: unknown key 'windows'" },
	{ "root path", CONFIG("\"root\": {\"path\": \"/\"}"), "config.root.path: the root comes from the image" },
	{ "writable root", CONFIG("\"root\": {\"readonly\": false}"), "config.root.readonly: expected true" },
	{ "no root", CONFIG("\"root\": null"), "config.root: expected an object" },
	{ "terminal", PROCESS("\"terminal\": true"), "config.process.terminal: expected false" },
	{ "privileges", PROCESS("\"noNewPrivileges\": false"), "config.process.noNewPrivileges: expected true" },
	{ "privileges left out", PROCESS("\"noNewPrivileges\": null"), "config.process.noNewPrivileges: expected true" },
	{ "root in the box", PROCESS("\"user\": {\"uid\": 0}"), "config.process.user: expected uid and gid 1000" },
	{ "groups", PROCESS("\"user\": {\"additionalGids\": [0]}"), "additionalGids: expected an empty list" },
	{ "engine's capabilities", PROCESS("\"capabilities\": null"), "config.process.capabilities: expected an object" },
	{ "no capability", PROCESS("\"capabilities\": {\"effective\": [\"KILL\"]}"), "effective: 'KILL' is not a capability" },
	{ "unknown set", PROCESS("\"capabilities\": {\"effectiv\": []}"), "capabilities: unknown key 'effectiv'" },
	{ "unknown limit", PROCESS("\"rlimits\": [{\"type\": \"RLIMIT_FILES\", \"soft\": 1, \"hard\": 1}]"), "rlimits[0].type: 'RLIMIT_FILES'" },
	{ "soft above hard", PROCESS("\"rlimits\": [{\"type\": \"RLIMIT_NOFILE\", \"soft\": 2, \"hard\": 1}]"), "rlimits[0]: expected \"soft\"" },
	{ "env without =", PROCESS("\"env\": [\"A=1\", \"B\"]"), "process.env[1]: expected NAME=VALUE" },
	{ "relative cwd", PROCESS("\"cwd\": \"work\""), "process.cwd: expected an absolute path" },
	{ "no command", PROCESS("\"args\": []"), "process.args: expected a command" },
	{ "unknown process key", PROCESS("\"nonewprivs\": true"), "config.process: unknown key 'nonewprivs'" },
	{ "map", LINUX("\"uidMappings\": []"), "config.linux.uidMappings: the runner sets" },
	{ "cgroup", LINUX("\"cgroupsPath\": \"/x\""), "config.linux.cgroupsPath: the runner sets it" },
	{ "filter", LINUX("\"seccomp\": null"), "config.linux.seccomp: edit the list" },
	{ "no user namespace", LINUX("\"namespaces\": [{\"type\": \"pid\"}]"), "config.linux.namespaces: no user namespace" },
	{ "the host's network", LINUX("\"namespaces\": [{\"type\": \"network\", \"path\": \"/proc/1/ns/net\"}]"), "namespaces[0]: unknown key 'path'" },
	{ "unknown namespace", LINUX("\"namespaces\": [{\"type\": \"net\"}]"), "namespaces[0].type: unknown namespace 'net'" },
	{ "no memory limit", LINUX("\"resources\": {\"memory\": null}"), "resources.memory.limit: expected bytes" },
	{ "swap", LINUX("\"resources\": {\"memory\": {\"swap\": 2147483648}}"), "resources.memory.swap: expected the value of \"limit\"" },
	{ "no OOM killer", LINUX("\"resources\": {\"memory\": {\"disableOOMKiller\": true}}"), "disableOOMKiller: expected false" },
	{ "no process limit", LINUX("\"resources\": {\"pids\": null}"), "resources.pids.limit: expected a number of processes" },
	{ "no process at all", LINUX("\"resources\": {\"pids\": {\"limit\": 0}}"), "resources.pids.limit: expected a whole number from 1" },
	{ "shared mounts", LINUX("\"rootfsPropagation\": \"shared\""), "rootfsPropagation: expected private" },
	{ "relative masked path", LINUX("\"maskedPaths\": [\"proc/kcore\"]"), "maskedPaths[0]: expected an absolute path" },
	{ "unknown linux key", LINUX("\"masked\": []"), "config.linux: unknown key 'masked'" },
	{ "mounts as an array alone", CONFIG("\"mounts\": []"), "config.mounts: /proc and /dev are missing" },
	{ "mount without destination", MOUNT("\"source\": \"/a\""), "moulette.mounts[0]: expected a \"destination\"" },
	{ "relative destination", MOUNT("\"destination\": \"a\", \"type\": \"bind\", \"source\": \"/a\""), "mount destination 'a': expected an absolute path" },
	{ "dotdot", MOUNT("\"destination\": \"/a/../..\", \"type\": \"bind\", \"source\": \"/a\""), "without '..'" },
	{ "root", MOUNT("\"destination\": \"/\", \"type\": \"bind\", \"source\": \"/a\""), "the root comes from the image" },
	{ "work", MOUNT("\"destination\": \"/work/\", \"type\": \"bind\", \"source\": \"/a\""), "the submission lies there" },
	{ "PID 1", MOUNT("\"destination\": \"/dev/init\", \"type\": \"bind\", \"source\": \"/a\""), "PID 1 of the box lies there" },
	{ "over /proc", MOUNT("\"destination\": \"/proc\", \"type\": \"bind\", \"source\": \"/proc\""), "only a mount of type proc goes to /proc" },
	{ "in /proc", MOUNT("\"destination\": \"/proc/sys\", \"type\": \"bind\", \"source\": \"/a\""), "none below it" },
	{ "in /sys", MOUNT("\"destination\": \"/sys/x\", \"type\": \"tmpfs\", \"options\": [\"size=1m\", \"nr_inodes=1\"]"), "only mounts of type sysfs and cgroup" },
	{ "in /sys, from elsewhere", MOUNT("\"destination\": \"/sys/devices/system/cpu\", \"type\": \"bind\", \"source\": \"/etc\""), "to its own place" },
	{ "in /sys, to be written", MOUNT("\"destination\": \"/sys/devices/system/cpu\", \"type\": \"bind\", \"source\": \"/sys/devices/system/cpu\", \"options\": [\"rw\"]"), "read-only" },
	{ "in /sys, more than processors", MOUNT("\"destination\": \"/sys/devices\", \"type\": \"bind\", \"source\": \"/sys/devices\""), "below /sys/devices/system" },
	{ "proc elsewhere", MOUNT("\"destination\": \"/p\", \"type\": \"proc\""), "a mount of type proc goes to /proc" },
	{ "the host's /dev", MOUNT("\"destination\": \"/dev\", \"type\": \"bind\", \"source\": \"/dev\""), "/dev is a tmpfs of the box" },
	{ "relative source", MOUNT("\"destination\": \"/a\", \"type\": \"bind\", \"source\": \"a\""), "mounts[0].source: a bind needs an absolute path" },
	{ "devices", MOUNT("\"destination\": \"/a\", \"type\": \"bind\", \"source\": \"/a\", \"options\": [\"dev\"]"), "mounts[0].options: set-id files and devices" },
	{ "tmpfs without size", MOUNT("\"destination\": \"/a\", \"type\": \"tmpfs\", \"options\": [\"nr_inodes=9\"]"), "needs size= and nr_inodes=" },
	{ "tmpfs without inodes", MOUNT("\"destination\": \"/a\", \"type\": \"tmpfs\", \"options\": [\"size=1m\"]"), "needs size= and nr_inodes=" },
	{ "tmpfs by percent", MOUNT("\"destination\": \"/a\", \"type\": \"tmpfs\", \"options\": [\"size=50%\", \"nr_inodes=9\"]"), "needs size= and nr_inodes=" },
	{ "unknown type", MOUNT("\"destination\": \"/a\", \"type\": \"ext4\", \"source\": \"/dev/sda\""), "mounts[0].type: expected bind" },
	{ "two types", MOUNT("\"destination\": \"/a\", \"type\": \"proc tmpfs\""), "mounts[0].type: expected bind" },
	{ "unknown moulette key", MOULETTE("\"limit\": {}"), "t.json: moulette: unknown key 'limit'" },
	{ "unknown limit of ours", MOULETTE("\"limits\": {\"time\": 1}"), "moulette.limits: unknown key 'time'" },
	{ "limit of 0", MOULETTE("\"limits\": {\"cpu\": 0}"), "moulette.limits.cpu: '0': expected a limit above 0" },
	{ "env name", MOULETTE("\"env\": {\"A B\": \"1\"}"), "moulette.env: expected an object of NAME" },
	{ "env value", MOULETTE("\"env\": {\"A\": 1}"), "moulette.env: expected an object of NAME" },
	{ "unpack of 0", MOULETTE("\"unpack\": {\"entries\": 0}"), "moulette.unpack.entries: expected a whole number from 1" },
	{ "paths too long", MOULETTE("\"unpack\": {\"path_bytes\": 1025}"), "path_bytes: expected a whole number from 1 to 1024" },
	{ "time without unit", MOULETTE("\"unpack\": {\"time\": \"soon\"}"), "moulette.unpack.time: 'soon' is not a duration" },
	{ "time too long", MOULETTE("\"unpack\": {\"time\": 3601}"), "moulette.unpack.time: expected a value" },
	{ "size as a list", MOULETTE("\"unpack\": {\"bytes\": []}"), "moulette.unpack.bytes: expected a number or a text" },
	{ "unknown call", MOULETTE("\"seccomp\": {\"allow\": [\"ptrac\"]}"), "t.json: moulette.seccomp.allow[0]: 'ptrac' is not a system call; did you mean" },
	{ "no list", MOULETTE("\"seccomp\": {\"list\": \"none.seccomp.json\"}"), "moulette.seccomp.list: cannot find the file 'none.seccomp.json'" },
	{ "seccomp off", MOULETTE("\"seccomp\": false"), "moulette.seccomp: expected an object" },
	{ "network is a text", MOULETTE("\"network\": \"internet\""), "t.json: moulette.network: expected an object" },
	{ "unknown key of network", MOULETTE("\"network\": {\"deny\": []}"), "moulette.network: unknown key 'deny'; known: allow" },
	{ "a host name", MOULETTE("\"network\": {\"allow\": [\"dns\", \"a.example\"]}"), "moulette.network.allow[1]: 'a.example': host names" },
	{ "an isolation that there is not", MOULETTE("\"isolation\": \"strong\""), "t.json: moulette.isolation: 'strong': expected 'box'" },
	{ "isolation is a number", MOULETTE("\"isolation\": 1"), "t.json: moulette.isolation: expected a string, got 1" },
};
/* clang-format on */

START_TEST(refused_row)
{
	struct profile p = { .name = (char[]){ "untouched" } };
	struct err err = { 0 };

	put("t.json", refused[_i].text);
	ck_assert_msg(load("t", &p, &err) == -1, "%s", refused[_i].label);
	ck_assert_msg(strstr(err.msg, refused[_i].why), "%s: '%s'", refused[_i].label, err.msg);
	ck_assert_msg(err.fault == FAULT_USAGE, "%s", refused[_i].label);
	ck_assert_msg(strstr(err.msg, "t.json"), "%s: '%s'", refused[_i].label, err.msg);
	ck_assert_str_eq(p.name, "untouched");
	ck_assert_ptr_null(p.config);
}
END_TEST

START_TEST(error_names_the_file_that_brought_it)
{
	struct profile p = { 0 };
	struct err err = { 0 };

	put("a.json", "{\"config\": {\"linux\": {\"resources\": {\"pids\": {\"limit\": \"9\"}}}}}");
	put("t.json", "{\"extends\": \"a\", \"config\": {\"hostname\": \"h\"}}");
	ck_assert_int_eq(load("t", &p, &err), -1);
	ck_assert_msg(
		strstr(err.msg, "a.json: config.linux.resources.pids.limit: expected a whole"),
		"%s", err.msg);
}
END_TEST

START_TEST(circles_end)
{
	struct profile p = { 0 };
	struct err err = { 0 };

	put("a.json", "{\"extends\": \"b\"}");
	put("b.json", "{\"extends\": \"a\"}");
	ck_assert_int_eq(load("a", &p, &err), -1);
	ck_assert_msg(strstr(err.msg, "b.json.extends: 'a' extends this profile in turn"), "%s",
		      err.msg);
	/* A file that hides the one it means to extend. */
	put("default.json", "{\"extends\": \"default\"}");
	ck_assert_int_eq(load("default", &p, &err), -1);
	ck_assert_msg(strstr(err.msg, "'default' is this file itself; give the file another name"),
		      "%s", err.msg);
	put("base.json", "{\"extends\": \"default\"}");
	ck_assert_int_eq(load("strict", &p, &err), -1);
	ck_assert_msg(strstr(err.msg, "unexpected key 'extends': base is what"), "%s", err.msg);
}
END_TEST

START_TEST(chain_of_16_but_not_17)
{
	struct profile p = { 0 };
	struct err err = { 0 };

	put("p1.json", "{}"); /* with base: two */
	for (int i = 2; i <= 16; i++) {
		AUTO_FREE char *name = mem_printf("p%d.json", i);
		AUTO_FREE char *text = mem_printf("{\"extends\": \"p%d\"}", i - 1);
		put(name, text);
	}
	must_load("p15", &p);
	profile_done(&p);
	ck_assert_int_eq(load("p16", &p, &err), -1);
	ck_assert_msg(strstr(err.msg, "more than 16 profiles"), "%s", err.msg);
}
END_TEST

START_TEST(warnings)
{
	struct profile p = { 0 };

	put("w.json",
	    "{\"config\": {\"process\": {\"capabilities\": {\"effective\": [\"CAP_KILL\"]}, \"rlimits\": []},"
	    " \"linux\": {\"maskedPaths\": []}},"
	    " \"moulette\": {\"mounts\": [{\"destination\": \"/d\", \"type\": \"bind\", \"source\": \"/srv\", \"options\": [\"rw\"]},"
	    "   {\"destination\": \"/proc\", \"type\": \"proc\", \"source\": \"proc\"}]}}");
	must_load("w", &p);
	static const char *const want[] = { "capabilities.effective is not empty", "core dumps on",
					    "'/srv' of the host can be written to",
					    "without subset=pid", "maskedPaths is empty" };
	ck_assert_uint_eq(strv_len(p.warnings), 5);
	for (size_t i = 0; i < 5; i++) {
		size_t j = 0;
		while (p.warnings[j] && !strstr(p.warnings[j], want[i]))
			j++;
		ck_assert_msg(p.warnings[j] != NULL, "%s", want[i]);
	}
	profile_done(&p);
}
END_TEST

START_TEST(only_one_shipped_profile_has_a_card)
{
	struct profile p = { 0 };
	must_load(shipped[_i], &p);
	ck_assert_int_eq(p.network.kind,
			 strcmp(p.name, "network") == 0 ? NETWORK_CARD : NETWORK_UNSET);
	if (p.network.kind == NETWORK_CARD) {
		ck_assert_uint_eq(p.network.n_rules, 0); /* who takes it says what is reached */
		ck_assert_int_eq(p.network.rate, 10000000);
		ck_assert_int_eq(p.network.connections, 64);
	}
	profile_done(&p);
}
END_TEST

/* What the files of a chain say, and what holds; the upper one is written first. */
static const struct {
	const char *label, *key, *upper, *lower, *want;
} chains[] = {
	{ "nobody", "moulette.network", "", "", "null" },
	{ "the parent", "moulette.network", "", "\"network\": {\"allow\": [\"dns\"]}",
	  "{\"allow\":[\"dns\"],\"rate\":\"10Mbit\",\"connections\":64}" },
	{ "the whole is replaced", "moulette.network", "\"network\": {\"allow\": [\"host\"]}",
	  "\"network\": {\"allow\": [\"dns\"], \"rate\": \"1Mbit\", \"connections\": 1}",
	  "{\"allow\":[\"host\"],\"rate\":\"10Mbit\",\"connections\":64}" },
	{ "null takes it away", "moulette.network", "\"network\": null", "\"network\": {}",
	  "null" },
	{ "and gives way", "moulette.network", "\"network\": {}", "\"network\": null",
	  "{\"allow\":[],\"rate\":\"10Mbit\",\"connections\":64}" },
	{ "isolation: nobody", "moulette.isolation", "", "", "\"box\"" },
	{ "isolation: the parent", "moulette.isolation", "", "\"isolation\": \"strict\"",
	  "\"strict\"" },
	{ "isolation: taken back", "moulette.isolation", "\"isolation\": \"box\"",
	  "\"isolation\": \"strict\"", "\"box\"" },
	{ "isolation: asked for", "moulette.isolation", "\"isolation\": \"strict\"", "",
	  "\"strict\"" },
};

START_TEST(the_last_file_decides)
{
	struct profile p = { 0 };
	AUTO_FREE char *upper = mem_printf("{\"extends\": \"a\", \"moulette\": {%s}}",
					   chains[_i].upper);
	AUTO_FREE char *lower = mem_printf("{\"moulette\": {%s}}", chains[_i].lower);

	put("t.json", upper);
	put("a.json", lower);
	must_load("t", &p);
	AUTO_JSON *o = profile_json(&p);
	ck_assert_msg(strcmp(at(o, chains[_i].key), chains[_i].want) == 0, "%s: %s",
		      chains[_i].label, at(o, chains[_i].key));
	profile_done(&p);
}
END_TEST

START_TEST(the_digest_knows_the_isolation)
{
	put("a.json", "{\"moulette\": {}}");
	put("b.json", "{\"moulette\": {\"isolation\": \"box\"}}");
	put("c.json", "{\"moulette\": {\"isolation\": \"strict\"}}");
	ck_same_but_c();
}
END_TEST

START_TEST(the_digest_knows_the_network)
{
	put("a.json", "{\"moulette\": {\"network\": {\"allow\": [\"10.0.0.5/32\"]}}}");
	put("b.json",
	    "{\"moulette\": {\"network\": {\"rate\": \"10000kbit\", \"allow\": [\"10.0.0.5\"]}}}");
	put("c.json", "{\"moulette\": {\"network\": {\"allow\": [\"10.0.0.6\"]}}}");
	ck_same_but_c();
}
END_TEST

/* clang-format off */
static const struct { const char *label, *text, *warning; } cards[] = {
	{ "sockets", "{\"extends\": \"default\", \"moulette\": {\"network\": {}}}", NULL },
	{ "no sockets", "{\"extends\": \"strict\", \"moulette\": {\"network\": {}}}", "moulette.network is of no use: the system call 'socket' is not allowed" },
	{ "no connect()", "{\"moulette\": {\"network\": {}, \"seccomp\": {\"deny\": [\"connect\"]}}}", "the system call 'connect' is not allowed" },
	{ "no card", "{\"extends\": \"strict\", \"moulette\": {\"network\": null}}", NULL },
};
/* clang-format on */

START_TEST(a_card_without_sockets_is_warned_of)
{
	struct profile p = { 0 };

	put("t.json", cards[_i].text);
	must_load("t", &p);
	ck_assert_msg(strv_len(p.warnings) == (cards[_i].warning ? 1 : 0), "%s", cards[_i].label);
	if (cards[_i].warning)
		ck_assert_msg(strstr(p.warnings[0], cards[_i].warning), "%s", p.warnings[0]);
	profile_done(&p);
}
END_TEST

Suite *suite_bundle_profile(void);
Suite *suite_bundle_profile(void)
{
	Suite *s = suite_create("bundle/profile");
	TCase *tc = tcase_create("profile");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, shipped_ones_load, 0, (int)(sizeof(shipped) / sizeof(*shipped)));
	tcase_add_test(tc, default_is_as_promised);
	tcase_add_test(tc, list_has_profiles_only);
	tcase_add_loop_test(tc, merge_row, 0, (int)(sizeof(merges) / sizeof(*merges)));
	tcase_add_test(tc, limits_and_sizes_merge);
	tcase_add_test(tc, lists_survive_a_later_array);
	tcase_add_test(tc, digest_is_of_the_content);
	tcase_add_test(tc, by_path_and_beside);
	tcase_add_test(tc, the_first_folder_wins);
	tcase_add_loop_test(tc, refused_row, 0, (int)(sizeof(refused) / sizeof(*refused)));
	tcase_add_test(tc, error_names_the_file_that_brought_it);
	tcase_add_test(tc, circles_end);
	tcase_add_test(tc, chain_of_16_but_not_17);
	tcase_add_test(tc, warnings);
	tcase_add_loop_test(tc, only_one_shipped_profile_has_a_card, 0,
			    (int)(sizeof(shipped) / sizeof(*shipped)));
	tcase_add_loop_test(tc, the_last_file_decides, 0, (int)(sizeof(chains) / sizeof(*chains)));
	tcase_add_test(tc, the_digest_knows_the_network);
	tcase_add_test(tc, the_digest_knows_the_isolation);
	tcase_add_loop_test(tc, a_card_without_sockets_is_warned_of, 0,
			    (int)(sizeof(cards) / sizeof(*cards)));
	suite_add_tcase(s, tc);
	return s;
}
