#!/usr/bin/env python3
"""A container as docker makes it, without docker: the config.json that dockerd writes, run by runc or crun.

usage: docker.py run [OPTION]... COMMAND [ARG]...    docker.py exec NAME COMMAND [ARG]...

Options are named as docker's, with their meaning: --privileged, --cap-add, --cap-drop, --security-opt
seccomp=unconfined | seccomp=FILE | systempaths=unconfined | writable-cgroups=true, --cgroupns
private | host, -v SRC:DST[:ro|:rw], --tmpfs DST[:OPTIONS], --memory BYTES, --pids-limit N, --read-only,
-e NAME=VALUE, -w DIR, -u UID:GID, --name. --runtime is runc (default) or crun.

The image is this host's own file tree with /run, /tmp and /var/lib/moulette empty; what the container
writes is thrown away, save through -v. Streams and exit status are the command's. Must be root.
"""
import argparse
import ctypes
import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile

CALLS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../data/containers/calls.txt")
DEFAULT_CAPS = ("CHOWN DAC_OVERRIDE FSETID FOWNER MKNOD NET_RAW SETGID SETUID SETFCAP SETPCAP NET_BIND_SERVICE "
                "SYS_CHROOT KILL AUDIT_WRITE").split()
# In the order of their numbers, capabilities(7).
ALL_CAPS = ("CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE "
            "NET_BIND_SERVICE NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT "
            "SYS_PTRACE SYS_PACCT SYS_ADMIN SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE "
            "AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ "
            "PERFMON BPF CHECKPOINT_RESTORE").split()
MASKED = ("/proc/asound /proc/acpi /proc/kcore /proc/keys /proc/latency_stats /proc/timer_list /proc/timer_stats "
          "/proc/sched_debug /proc/scsi /sys/firmware /sys/devices/virtual/powercap").split()
READ_ONLY = "/proc/bus /proc/fs /proc/irq /proc/sys /proc/sysrq-trigger".split()
OVERLAY_MAGIC = 0x794c7630


def options(args):
    p = argparse.ArgumentParser(prog="docker.py run", allow_abbrev=False)
    p.add_argument("--privileged", action="store_true")
    p.add_argument("--cap-add", action="append", default=[])
    p.add_argument("--cap-drop", action="append", default=[])
    p.add_argument("--security-opt", action="append", default=[])
    p.add_argument("--cgroupns", choices=("private", "host"))
    p.add_argument("-v", "--volume", action="append", default=[])
    p.add_argument("--tmpfs", action="append", default=[])
    p.add_argument("--memory", type=int)
    p.add_argument("--pids-limit", type=int)
    p.add_argument("--read-only", action="store_true")
    p.add_argument("-e", "--env", action="append", default=[])
    p.add_argument("-w", "--workdir", default="/")
    p.add_argument("-u", "--user", default="0:0")
    p.add_argument("--name")
    p.add_argument("--runtime", choices=("runc", "crun"), default="runc")
    p.add_argument("command", nargs=argparse.REMAINDER)
    return p.parse_args(args)


def is_v2():
    return os.path.exists("/sys/fs/cgroup/cgroup.controllers")


def capabilities(opt):
    """Without those that we have not ourselves: a daemon cannot give them either."""
    mine = int(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("CapBnd")), 16)
    wanted = set(ALL_CAPS if opt.privileged else DEFAULT_CAPS)
    for name in opt.cap_drop:
        wanted -= set(ALL_CAPS if name == "ALL" else [name])
    for name in opt.cap_add:
        wanted |= set(ALL_CAPS if name == "ALL" else [name])
    return ["CAP_" + name for i, name in enumerate(ALL_CAPS) if name in wanted and mine >> i & 1]


def calls_allowed(caps):
    """The file's lines: a capability (or "always"), then, indented, the calls that it allows."""
    allowed, taken = [], False
    for line in open(CALLS):
        if line.startswith(" "):
            allowed += line.split() if taken else []
        elif not line.startswith("#"):
            taken = line.strip() == "always" or line.strip() in caps
    return sorted(set(allowed))


def seccomp(opt, caps):
    chosen = [w.partition("=")[2] for w in opt.security_opt if w.startswith("seccomp=")]
    if chosen and chosen[-1] != "unconfined":
        return json.load(open(chosen[-1]))
    if opt.privileged or chosen:
        return None

    def rule(name, action="SCMP_ACT_ALLOW", **more):
        return dict({"names": [name], "action": action}, **more)

    def compare(value, op, **more):
        return [dict({"index": 0, "value": value, "op": op}, **more)]

    rules = [{"names": calls_allowed(caps), "action": "SCMP_ACT_ALLOW"}]
    rules.append(rule("socket", args=compare(40, "SCMP_CMP_NE")))  # AF_VSOCK
    for value in (0x0, 0x8, 0x20000, 0x20008, 0xffffffff):
        rules.append(rule("personality", args=compare(value, "SCMP_CMP_EQ")))
    if "CAP_SYS_ADMIN" not in caps:
        # No CLONE_NEW*; clone3 hides its flags from the filter, so it is not there at all.
        rules.append(rule("clone", args=compare(0x7e020000, "SCMP_CMP_MASKED_EQ", valueTwo=0)))
        rules.append(rule("clone3", "SCMP_ACT_ERRNO", errnoRet=38))
    return {"defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 1, "syscalls": rules,
            "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"]}


def mount(destination, kind, source, words):
    return {"destination": destination, "type": kind, "source": source, "options": words.split()}


def mounts(opt, job):
    mode = "rw" if opt.privileged else "ro"
    groups = "rw" if "writable-cgroups=true" in opt.security_opt else mode
    found = {m["destination"]: m for m in (
        mount("/proc", "proc", "proc", "nosuid noexec nodev"),
        mount("/dev", "tmpfs", "tmpfs", "nosuid strictatime mode=755 size=65536k"),
        mount("/dev/pts", "devpts", "devpts", "nosuid noexec newinstance ptmxmode=0666 mode=0620 gid=5"),
        mount("/sys", "sysfs", "sysfs", "nosuid noexec nodev " + mode),
        mount("/sys/fs/cgroup", "cgroup", "cgroup", "nosuid noexec nodev relatime " + groups),
        mount("/dev/mqueue", "mqueue", "mqueue", "nosuid noexec nodev"),
        mount("/dev/shm", "tmpfs", "shm", "nosuid noexec nodev mode=1777 size=65536k"))}
    for name, text in (("resolv.conf", "nameserver 192.0.2.53\n"), ("hostname", "container\n"),
                       ("hosts", "127.0.0.1\tlocalhost\n127.0.1.1\tcontainer\n")):
        with open(os.path.join(job, name), "w") as f:
            f.write(text)
        found["/etc/" + name] = mount("/etc/" + name, "bind", f.name, "rbind rprivate")
    for text in opt.volume:
        source, destination, *how = text.split(":")
        found[destination] = mount(destination, "bind", source, "rbind rprivate " + (how or ["rw"])[0])
    for text in opt.tmpfs:
        destination, _, how = text.partition(":")
        found[destination] = mount(destination, "tmpfs", "tmpfs", "nosuid nodev noexec " + how.replace(",", " "))
    # A mount covers what was mounted below it before.
    return sorted(found.values(), key=lambda m: m["destination"].count("/"))


def host_devices():
    """Of a privileged container: all that the host has."""
    for top, folders, files in os.walk("/dev"):
        folders[:] = [f for f in folders if f not in ("pts", "shm", "fd", "mqueue")]
        for path in (os.path.join(top, f) for f in files):
            st = os.lstat(path)
            kind = "c" if stat.S_ISCHR(st.st_mode) else "b" if stat.S_ISBLK(st.st_mode) else None
            if kind and path not in ("/dev/console", "/dev/ptmx"):
                yield {"path": path, "type": kind, "major": os.major(st.st_rdev), "minor": os.minor(st.st_rdev),
                       "fileMode": st.st_mode & 0o7777, "uid": st.st_uid, "gid": st.st_gid}


def resources(opt):
    rules = [{"allow": False, "access": "rwm"}]
    for major, minor in ((1, 3), (1, 5), (1, 7), (1, 8), (1, 9), (5, 0), (5, 1)):
        rules.append({"allow": True, "type": "c", "major": major, "minor": minor, "access": "rwm"})
    found = {"devices": [{"allow": True, "access": "rwm"}] if opt.privileged else rules}
    if opt.memory:
        found["memory"] = {"limit": opt.memory}
    if opt.pids_limit:
        found["pids"] = {"limit": opt.pids_limit}
    return found


def config(opt, name, job):
    caps = capabilities(opt)
    uid, gid = (int(n) for n in opt.user.split(":"))
    open_paths = opt.privileged or "systempaths=unconfined" in opt.security_opt
    spaces = ["mount", "network", "uts", "pid", "ipc"]
    if (opt.cgroupns or ("private" if is_v2() else "host")) == "private":
        spaces.append("cgroup")
    held = caps if uid == 0 else []
    env = ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOSTNAME=container", "HOME=/root"]
    return {
        "ociVersion": "1.0.2",
        "hostname": "container",
        "root": {"path": os.path.join(job, "root"), "readonly": opt.read_only},
        "process": {
            "user": {"uid": uid, "gid": gid}, "cwd": opt.workdir, "env": env + opt.env, "args": opt.command,
            "terminal": False, "noNewPrivileges": False, "oomScoreAdj": 0,
            "capabilities": {"bounding": caps, "effective": held, "permitted": held, "inheritable": [], "ambient": []},
        },
        "mounts": mounts(opt, job),
        "linux": {
            "namespaces": [{"type": kind} for kind in spaces],
            "cgroupsPath": "/docker/" + name,
            "rootfsPropagation": "rprivate",
            "resources": resources(opt),
            "devices": list(host_devices()) if opt.privileged else [],
            "maskedPaths": [] if open_paths else MASKED,
            "readonlyPaths": [] if open_paths else READ_ONLY,
            **({"seccomp": seccomp(opt, caps)} if seccomp(opt, caps) else {}),
        },
    }


def run_tool(*words):
    subprocess.run(words, check=True)


def own_mounts(runtime):
    """What is mounted from here on goes with this process. crun refuses a hybrid host while it sees
    the cgroup2 mount."""
    if ctypes.CDLL(None, use_errno=True).unshare(0x20000) != 0:  # CLONE_NEWNS
        raise OSError(ctypes.get_errno(), "cannot make a mount namespace")
    run_tool("mount", "--make-rprivate", "/")
    if runtime == "crun" and os.path.isdir("/sys/fs/cgroup/unified"):
        run_tool("mount", "-t", "tmpfs", "none", "/sys/fs/cgroup/unified")


def empty_folders(upper):
    """What an image has empty, the overlay is not to take from the host."""
    for name, mode in (("run", 0o755), ("tmp", 0o1777), ("var/lib/moulette", 0o755)):
        path = os.path.join(upper, name)
        os.makedirs(path, exist_ok=True)
        os.chmod(path, mode)
        os.setxattr(path, "trusted.overlay.opaque", b"y")


def make_root(job):
    """As docker has it, an overlay; a second one on an overlay would leave no room for those of boxes,
    so there the folders of / are bound into an empty one."""
    layers, root = os.path.join(job, "layers"), os.path.join(job, "root")
    for path in (layers, root):
        os.mkdir(path)
    run_tool("mount", "-t", "tmpfs", "-o", "mode=755", "layers", layers)
    magic = int(subprocess.run(["stat", "-f", "-c", "%t", "/"], check=True, capture_output=True).stdout, 16)
    if magic != OVERLAY_MAGIC:
        upper, work = os.path.join(layers, "upper"), os.path.join(layers, "work")
        os.mkdir(upper)
        os.mkdir(work)
        empty_folders(upper)
        run_tool("mount", "-t", "overlay", "-o", f"lowerdir=/,upperdir={upper},workdir={work}", "root", root)
        return
    run_tool("mount", "--bind", layers, root)
    for entry in os.scandir("/"):
        path = os.path.join(root, entry.name)
        if entry.is_symlink():
            os.symlink(os.readlink(entry.path), path)
        elif entry.is_dir():
            os.mkdir(path, 0o1777 if entry.name == "tmp" else 0o755)
            if entry.name not in ("proc", "sys", "dev", "run", "tmp"):
                run_tool("mount", "--bind", entry.path, path)
    os.chmod(os.path.join(root, "tmp"), 0o1777)


def remove_cgroups():
    """Of all containers, once the last one is gone; the runtimes remove a container's own."""
    for top in ["/sys/fs/cgroup"] + [e.path for e in os.scandir("/sys/fs/cgroup") if e.is_dir()]:
        try:
            os.rmdir(os.path.join(top, "docker"))
        except OSError:
            pass


def job_of(name):
    return os.path.join(tempfile.gettempdir(), "moulette-docker." + name)


def run(args):
    opt = options(args)
    name = opt.name or f"c{os.getpid()}"
    job = job_of(name)
    os.mkdir(job, 0o711)
    call = [opt.runtime, "--root", os.path.join(job, "state")]
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    signal.signal(signal.SIGHUP, lambda number, frame: sys.exit(128 + number))
    try:
        own_mounts(opt.runtime)
        make_root(job)
        spec = config(opt, name, job)
        with open(os.path.join(job, "config.json"), "w") as f:
            json.dump(spec, f)
        with open(os.path.join(job, "runtime"), "w") as f:
            f.write(opt.runtime)
        return subprocess.run([*call, "run", "--bundle", job, name], check=False).returncode
    finally:
        subprocess.run([*call, "delete", "--force", name], check=False, stderr=subprocess.DEVNULL)
        for folder in ("root", "layers"):
            subprocess.run(["umount", "-l", "-R", os.path.join(job, folder)], check=False, stderr=subprocess.DEVNULL)
        shutil.rmtree(job, ignore_errors=True)
        remove_cgroups()


def execute(args):
    """As docker does it: the container's own process, with other words."""
    name, command = args[0], args[1:]
    job = job_of(name)
    runtime = open(os.path.join(job, "runtime")).read()
    process = json.load(open(os.path.join(job, "config.json")))["process"]
    with tempfile.NamedTemporaryFile("w", dir=job, suffix=".json") as f:
        json.dump(dict(process, args=command), f)
        f.flush()
        own_mounts(runtime)
        return subprocess.run([runtime, "--root", os.path.join(job, "state"), "exec", "--process", f.name, name],
                              check=False).returncode


if __name__ == "__main__":
    if len(sys.argv) < 3 or sys.argv[1] not in ("run", "exec"):
        sys.exit(__doc__)
    sys.exit((run if sys.argv[1] == "run" else execute)(sys.argv[2:]))
