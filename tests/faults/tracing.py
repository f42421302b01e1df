"""How a fault is put into a process: strace's options, and what its log says.

A place is a set of processes of moulette's own:
    runner    `moulette` itself, of a batch the parent of the workers
    children  it and what it forks (workers, and every child until it becomes another program)
    unpack    moulette-unpack, which reads the submission
    init      PID 1 of the box, and the child in which it starts a step
strace counts the occurrence (`when=`) in each process by itself.
"""
import collections
import os
import re

PLACES = ("runner", "children", "unpack", "init")
OURS = ("moulette", "moulette-unpack", "moulette-imag", "moulette-image", "init")

# Without -f there is no process in front.
LINE = re.compile(r"^(?:(\d+)<([^>]*)> +)?(.*)$")
CALL = re.compile(r"^([a-z_0-9]+)\((.*)")

# The errors with which the kernel answers on a host that is full, short of memory or broken. close is
# left out: the kernel closes the descriptor even when it answers with an error, strace does not. So are
# calls that cannot fail for root (kill), and those of the C library's own start.
FILE = ("EIO", "ENOMEM", "EACCES", "EPERM")
OPEN = ("EIO", "EMFILE", "ENFILE", "ENOMEM", "EACCES", "EPERM", "ENOSPC", "EROFS")
NAME = ("EIO", "ENOSPC", "EROFS", "EPERM", "EACCES", "EBUSY")
DESCRIPTOR = ("EMFILE", "ENFILE", "ENOMEM")
PROCESS = ("EAGAIN", "ENOMEM")
MOUNT = ("EPERM", "EBUSY", "ENOMEM", "EIO", "EACCES")
SOCKET = ("ENOBUFS", "ENOMEM", "EPERM")
ERRORS = {
    "openat": OPEN, "open": OPEN, "openat2": OPEN, "memfd_create": DESCRIPTOR, "mkdir": NAME, "mkdirat": NAME,
    "linkat": NAME, "link": NAME, "symlink": NAME, "symlinkat": NAME, "rename": NAME, "renameat": NAME,
    "renameat2": NAME, "unlink": NAME, "unlinkat": NAME, "rmdir": NAME, "mknod": NAME, "mknodat": NAME,
    "newfstatat": FILE, "statx": FILE, "fstat": FILE, "stat": FILE, "lstat": FILE, "statfs": FILE,
    "fstatfs": FILE, "access": FILE, "faccessat": FILE, "faccessat2": FILE, "readlink": FILE, "readlinkat": FILE,
    "getdents64": ("EIO", "ENOMEM"), "getcwd": ("ENOMEM",), "chdir": FILE, "fchdir": FILE,
    "read": ("EIO", "ENOMEM"), "pread64": ("EIO", "ENOMEM"), "write": ("EIO", "ENOSPC", "ENOMEM"),
    "pwrite64": ("EIO", "ENOSPC", "ENOMEM"), "writev": ("EIO", "ENOSPC"), "copy_file_range": ("EIO", "ENOSPC"),
    "sendfile": ("EIO", "ENOMEM"), "ftruncate": ("EIO", "ENOSPC", "EROFS"), "fallocate": ("EIO", "ENOSPC"),
    "fsync": ("EIO", "ENOSPC"), "fdatasync": ("EIO", "ENOSPC"), "mmap": ("ENOMEM",), "flock": ("EINTR", "ENOLCK"),
    "chown": NAME, "fchown": NAME, "fchownat": NAME, "lchown": NAME, "chmod": NAME, "fchmod": NAME,
    "fchmodat": NAME, "utimensat": ("EIO", "EROFS", "EPERM"), "mount": MOUNT, "umount2": ("EPERM", "EBUSY", "ENOMEM"),
    "move_mount": MOUNT, "fsopen": MOUNT, "fsmount": MOUNT, "fsconfig": MOUNT, "open_tree": MOUNT,
    "mount_setattr": MOUNT, "pivot_root": ("EBUSY", "EPERM"), "clone": PROCESS, "clone3": PROCESS, "fork": PROCESS,
    "vfork": PROCESS, "execve": ("EIO", "ENOMEM", "EAGAIN", "EACCES", "EMFILE"), "execveat": ("EIO", "ENOMEM"),
    "setns": ("EPERM", "ENOMEM"), "unshare": ("EPERM", "ENOMEM", "ENOSPC"), "prctl": ("EPERM",),
    "seccomp": ("ENOMEM", "EACCES"), "capset": ("EPERM",), "setuid": PROCESS, "setgid": ("EPERM",),
    "setgroups": ("ENOMEM", "EPERM"), "setresuid": PROCESS, "setresgid": ("EPERM",), "setsid": ("EPERM",),
    "prlimit64": ("EPERM",), "sched_setaffinity": ("EPERM",), "sched_setattr": ("EPERM",),
    "sched_getaffinity": ("EPERM",), "pidfd_open": DESCRIPTOR,
    "wait4": ("EINTR",), "waitid": ("EINTR",), "poll": ("EINTR", "ENOMEM"), "ppoll": ("EINTR", "ENOMEM"),
    "epoll_create1": DESCRIPTOR, "epoll_ctl": ("ENOMEM", "ENOSPC"), "epoll_wait": ("EINTR",),
    "epoll_pwait": ("EINTR",), "eventfd2": DESCRIPTOR, "signalfd4": DESCRIPTOR, "timerfd_create": DESCRIPTOR,
    "inotify_init1": DESCRIPTOR, "pipe2": DESCRIPTOR, "dup": ("EMFILE",), "dup2": ("EBUSY",), "dup3": ("EBUSY",),
    "socket": DESCRIPTOR + SOCKET, "socketpair": DESCRIPTOR, "bind": ("ENOMEM", "EADDRINUSE"),
    "listen": ("EADDRINUSE",), "accept4": DESCRIPTOR, "connect": ("ENOMEM", "EAGAIN"), "setsockopt": SOCKET,
    "getsockname": ("ENOBUFS",), "sendmsg": SOCKET, "sendto": SOCKET, "recvmsg": ("ENOMEM",),
    "recvfrom": ("ENOMEM",), "setpriority": ("EACCES",), "memfd_secret": DESCRIPTOR,
}
# By the command, which stands in the arguments.
FCNTL = {"F_DUPFD": ("EMFILE",), "F_SETLK": ("ENOLCK", "EIO"), "F_SETLKW": ("ENOLCK", "EINTR"),
         "F_OFD_SETLK": ("ENOLCK",), "F_ADD_SEALS": ("EPERM", "EBUSY"), "F_SETPIPE_SZ": ("EPERM", "ENOMEM")}


def errors_for(call, text):
    """Errors that fit the call; text is its line in the log."""
    if call.startswith("recv") and "AF_NETLINK" in text:
        return ("ENOBUFS", "ENOMEM") # messages were lost
    if call != "fcntl":
        return ERRORS.get(call, ())
    return next((FCNTL[w] for w in sorted(FCNTL, reverse=True) if w in text), ())


def lines(path):
    """(process, its program, the rest) of each line of a log."""
    try:
        with open(path, errors="replace") as f:
            found = f.read().splitlines()
    except OSError:
        return
    for line in found:
        pid, program, text = LINE.match(line).groups()
        yield pid, program or "moulette", text


class Census:
    """The calls of an undisturbed run, from a log of everything."""

    def __init__(self, log):
        # Of each process: how often it called so far. Of each place: (call, occurrence) and its line.
        so_far = collections.defaultdict(collections.Counter)
        since_start = collections.defaultdict(collections.Counter)
        self.candidates = {place: {} for place in PLACES}
        others, steps, runner, began = set(), set(), None, None
        for pid, program, text in lines(log):
            call = CALL.match(text)
            if not call:
                continue
            name = call.group(1)
            runner = runner or pid
            # strace goes on with the old name for a while after execve.
            program = "step" if pid in steps else program
            if program == "init" and name == "execve":
                steps.add(pid)
            so_far[pid][name] += 1
            nth = so_far[pid][name]
            # fill_stdio() of runner/main.c; what comes before is the loader's.
            if began is None and pid == runner and text.startswith("fcntl(0, F_GETFD"):
                began = collections.Counter(so_far[pid])
            if program == "moulette" and pid == runner and began is not None:
                self.candidates["runner"].setdefault((name, nth), text)
            elif program == "moulette" and pid != runner and nth > began[name]:
                self.candidates["children"].setdefault((name, nth), text)
            elif program == "moulette-unpack":
                since_start[pid][name] += 1
                self.candidates["unpack"].setdefault((name, since_start[pid][name]), text)
            elif program == "init":
                self.candidates["init"].setdefault((name, nth), text)
            if program != "init":
                others.add((name, nth))
        # There strace follows everything: neither the runner nor the engine nor the student's program may
        # be hit instead.
        for key in others & set(self.candidates["init"]):
            del self.candidates["init"][key]

    def calls(self, place):
        """{call: [(occurrence, errors)]} that can be disturbed there."""
        found = {}
        for (name, nth), text in sorted(self.candidates[place].items()):
            errors = errors_for(name, text)
            if errors:
                found.setdefault(name, []).append((nth, errors))
        return found


def inject(call, what, nth):
    return ["-e", "trace=" + call, "-e", "inject=%s:%s:when=%d" % (call, what, nth)]


def prefix(place, log, call, what, nth):
    """The words before `moulette`; nothing for the place unpack, where a script starts strace."""
    if place == "unpack":
        return []
    follow = {"runner": [], "children": ["-f", "-b", "execve"], "init": ["-f"]}[place]
    return ["strace", "-o", log, "-Y"] + follow + inject(call, what, nth)


def hits(log, signal):
    """(program, line) of each call that was disturbed; of a signal, of each process that got it."""
    for _, program, text in lines(log):
        if "(INJECTED)" in text or signal and text.startswith(("--- %s " % signal, "+++ killed by %s" % signal)):
            yield program, text


def tree(repo, build, folder):
    """A source tree whose moulette-unpack is a script that we can replace. Return: its moulette."""
    programs = os.path.join(folder, "build", "faults")
    os.makedirs(programs)
    for name in ("runner", "profiles", "bundles"):
        os.symlink(os.path.join(repo, name), os.path.join(folder, name))
    for name in ("moulette", "moulette-init", "moulette-image"):
        source, target = os.path.join(build, name), os.path.join(programs, name)
        try:
            os.link(source, target)
        except OSError:
            with open(source, "rb") as a, open(target, "wb") as b:
                b.write(a.read())
            os.chmod(target, 0o755)
    return os.path.join(programs, "moulette")
