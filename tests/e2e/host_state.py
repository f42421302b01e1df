#!/usr/bin/env python3
"""What a run must not leave on the host: prints it as JSON, or compares with an earlier state.

usage: host_state.py                print the state
       host_state.py BEFORE.json    wait at most 3 s until nothing is there that was not there
                                    before; print what is, exit 1

Other suites, with state folders of their own, may run beside this one. What is seen to be theirs
is left out, what is only passing is given time to pass.
"""
import collections
import json
import os
import socket
import stat
import subprocess
import sys
import tempfile
import time

HOME = os.environ.get("MOULETTE_HOME", "/var/lib/moulette")
OF_TESTS = tuple("moulette-" + w for w in ("accept", "bench", "check", "docker", "docs", "engine", "install", "net",
                                           "faults", "releases", "systemd", "unit", "unpack", "vm"))
DEVICES = ("null", "zero", "full", "random", "urandom", "tty")


def read(path, mode="r"):
    try:
        with open(path, mode) as f:
            return f.read()
    except OSError:
        return "" if mode == "r" else b""


def mounts():
    """Mount points that have to do with us, in the order of the mount table."""
    lines = read("/proc/self/mounts").splitlines()
    return sorted(w[1] for w in (line.split() for line in lines) if "moulette" in w[1] or HOME in w[1])


def slot_folders():
    """What a runner locks of its slots: a file in /run/moulette, the folder of its group (of a runner with
    another /run that alone is seen)."""
    for top, _, files in os.walk("/run/moulette/slots"):
        for name in files:
            yield "s" + name, os.path.join(top, name)
    for top, folders, _ in os.walk("/sys/fs/cgroup"):
        if os.path.basename(top) == "moulette":
            for name in folders:
                yield name, os.path.join(top, name)


def slots_of_others():
    """Names of slots whose lock a runner of another state folder holds now."""
    holders = {}
    for line in read("/proc/locks").splitlines():
        words = line.split()
        if "FLOCK" in words:
            holders.setdefault(words[-3].rsplit(":", 1)[1], []).append(words[-4])
    others = set()
    for slot, path in slot_folders():
        try:
            inode = str(os.stat(path).st_ino)
        except OSError:
            continue
        for pid in holders.get(inode, []):
            if home_of(pid) not in ("", HOME):
                others.add(slot)
    return others


def home_of(pid):
    for entry in read("/proc/%s/environ" % pid, "rb").split(b"\0"):
        if entry.startswith(b"MOULETTE_HOME="):
            return entry[14:].decode("utf-8", "replace")
    return ""


def cgroups():
    """Groups of slots, below .../moulette/sN; the folder of all slots stays once it was made."""
    found, others = [], slots_of_others()
    for top, folders, _ in os.walk("/sys/fs/cgroup"):
        for folder in folders:
            path = os.path.join(top, folder)
            slot = path.partition("/moulette/")[2].split("/")[0]
            if slot[:1] == "s" and slot[1:].isdigit() and slot not in others:
                found.append(path)
            # The group of runners goes with the last one.
            elif path.endswith("/moulette/run") and not read(path + "/cgroup.procs"):
                found.append(path)
    return sorted(found)


def processes():
    """Programs with this state folder in their environment, and what is in a slot's group."""
    found, others = [], slots_of_others()
    for pid in filter(str.isdigit, os.listdir("/proc")):
        if int(pid) in (os.getpid(), os.getppid()):
            continue
        name = os.path.basename(read("/proc/%s/cmdline" % pid, "rb").split(b"\0")[0]).decode("utf-8", "replace")
        slot = read("/proc/%s/cgroup" % pid).partition("/moulette/")[2].split("/")[0].split("\n")[0].strip()
        # Only what is dead, and is about to be forgotten, is in a group that was removed.
        if slot.endswith(" (deleted)"):
            continue
        if slot and slot != "run" and slot not in others:
            found.append("%s in a group of slot %s" % (name, slot))
        elif name in ("moulette", "moulette-init", "moulette-unpack", "moulette-image", "crun", "runc") and home_of(pid) == HOME:
            found.append(name)
    return sorted(found)


def network():
    """Links of ours and tables of ours, where this script runs; boxes' namespaces are among the mounts."""
    others = slots_of_others()
    found = ["link " + n for _, n in socket.if_nameindex()
             if n.startswith("moul-") and "s" + n[6:].partition("-")[0] not in others]
    if others:
        return found  # they have the tables, too
    try:
        said = subprocess.run(["nft", "list", "tables"], capture_output=True, text=True).stdout
    except OSError:
        said = ""
    return sorted(found + [line for line in said.splitlines() if line.startswith("table inet moulette")])


def devices():
    state = {}
    for name in DEVICES:
        try:
            st = os.stat("/dev/" + name)
        except OSError:
            continue
        state[name] = [stat.filemode(st.st_mode), st.st_uid, st.st_gid, st.st_rdev]
    return state


def names():
    found = ["temp/" + n for n in os.listdir(tempfile.gettempdir())
             if n.startswith("moulette") and not n.startswith(OF_TESTS)]
    for top in ("/run/crun", "/run/runc", os.path.join(HOME, "live")):
        if os.path.isdir(top):
            found += [os.path.join(top, n) for n in os.listdir(top)]
    return sorted(found)


def state():
    ipc = {k: len(read("/proc/sysvipc/" + k).splitlines()) for k in ("shm", "msg", "sem")}
    return {"mounts": mounts(), "cgroups": cgroups(), "processes": processes(),
            "network": network(), "devices": devices(), "names": names(), "ipc": ipc}


def added(before, after):
    """What is there more often than before; of device nodes, what is not as before."""
    new = {}
    for key, value in after.items():
        if key == "ipc":
            # Others may remove what they had.
            more = {k: [before[key][k], n] for k, n in value.items() if n > before[key][k]}
        elif isinstance(value, dict):
            more = {k: [before[key].get(k), v] for k, v in value.items() if before[key].get(k) != v}
        else:
            more = list((collections.Counter(value) - collections.Counter(before[key])).elements())
        if more:
            new[key] = more
    return new


def main():
    if len(sys.argv) == 1:
        print(json.dumps(state()))
        return 0
    with open(sys.argv[1]) as f:
        before = json.load(f)
    for _ in range(30):
        new = added(before, json.loads(json.dumps(state())))
        if not new:
            return 0
        time.sleep(0.1)
    for key, value in new.items():
        print("new on the host, %s: %s" % (key, json.dumps(value)))
    return 1


sys.exit(main())
