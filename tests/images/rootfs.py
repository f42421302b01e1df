#!/usr/bin/env python3
"""A small root file system in three layers, with everything that a layer can say.

usage: rootfs.py 1|2|3 FOLDER    make layer 1 in an empty folder; change a folder that holds the
                                 layers below into layer 2 or 3, as somebody at work would
"""
import os
import shutil
import stat
import struct
import sys

BUSYBOX = "/bin/busybox"
SECOND = 10 ** 9
# From linux/capability.h: revision 2, effective bit, cap_net_raw permitted.
CAPABILITY = struct.pack("<5I", 0x02000001, 1 << 13, 0, 0, 0)


def put(path, content=b"", mode=0o644, owner=(0, 0), mtime=1_600_000_000 * SECOND):
    if os.path.lexists(path):
        os.unlink(path)
    with open(path, "wb") as f:
        f.write(content)
    dress(path, mode, owner, mtime)


def folder(path, mode=0o755, owner=(0, 0), mtime=1_600_000_000 * SECOND):
    os.makedirs(path, exist_ok=True)
    dress(path, mode, owner, mtime)


def dress(path, mode, owner, mtime):
    os.chown(path, *owner)
    os.chmod(path, mode)  # after chown, which takes set-id bits away
    os.utime(path, ns=(mtime, mtime))


def link(path, target, owner=(0, 0), mtime=1_600_000_000 * SECOND):
    if os.path.lexists(path):
        os.unlink(path)
    os.symlink(target, path)
    os.chown(path, *owner, follow_symlinks=False)
    os.utime(path, ns=(mtime, mtime), follow_symlinks=False)


def programs():
    folder(b"bin")
    shutil.copyfile(BUSYBOX, b"bin/busybox")
    dress(b"bin/busybox", 0o755, (0, 0), 1_500_000_000_123_456_789)
    for name in (b"sh", b"echo", b"cat", b"ls", b"true"):
        link(b"bin/" + name, b"busybox")


def modes():
    folder(b"modes")
    for mode in (0, 0o1, 0o400, 0o444, 0o777, 0o1777, 0o4755, 0o2755, 0o6711):
        put(b"modes/%04o" % mode, b"x", mode)
    folder(b"modes/sticky", 0o1777)
    folder(b"modes/group", 0o2775, (1234, 4321))
    folder(b"modes/closed", 0)
    os.link(b"modes/4755", b"modes/4755-again")


def owners_and_times():
    folder(b"odd")
    for n, owner in enumerate([(1234, 4321), (65534, 65534), (1, 0), (2 ** 31, 2 ** 32 - 2)]):
        put(b"odd/owner%d" % n, b"", owner=owner)
    # From 1901 to 2446, as far as ext4 goes. Left out: fractions of the one second before 1970,
    # which libarchive gives without their sign.
    times = (0, 1, SECOND - 1, 123_456_789, 1_600_000_000_000_000_001, 4_102_444_800 * SECOND,
             13_569_465_600 * SECOND, -SECOND, -1_500_000_001, -2_000_000_000 * SECOND)
    for n, mtime in enumerate(times):
        put(b"odd/time%d" % n, b"%d" % mtime, mtime=mtime)
    link(b"odd/link", b"owner0", (1234, 4321), 5 * SECOND + 5)
    folder(b"odd/old", mtime=0)


def contents():
    folder(b"data")
    put(b"data/empty")
    folder(b"data/none")
    put(b"data/large", bytes(range(256)) * 256 * 32)
    put(b"data/with-zeros", b"a" + bytes(1 << 18) + b"z")
    put(b"data/sparse")
    with open(b"data/sparse", "r+b") as f:
        for offset in (1 << 16, 3 << 20):
            f.seek(offset)
            f.write(b"island")
        f.truncate(4 << 20)
    dress(b"data/sparse", 0o644, (0, 0), 7 * SECOND)
    put(b"data/all-hole")
    os.truncate(b"data/all-hole", 1 << 20)
    dress(b"data/all-hole", 0o644, (0, 0), 8 * SECOND)


def names():
    folder(b"names")
    for n, name in enumerate([b"new\nline", b"caf\xe9", b"\xff\xfe", b"n" * 255, b"-rf", b" ", b"back\\slash", b"a:b",
                              b"caf\xc3\xa9", b"tab\t", b"\x1b[31m", b"wh.x", b"100%", b"=", b"\x7f"]):
        put(b"names/" + name, b"%d" % n)
    link(b"names/to\nline", b"new\nline")
    link(b"names/to-latin", b"caf\xe9")
    link(b"names/far", b"f" * 3000)
    os.link(b"names/caf\xe9", b"names/hard\xe9")
    deep = b"names/" + b"/".join([b"d%d" % n + b"x" * 200 for n in range(8)])
    folder(deep)
    put(deep + b"/leaf", b"deep")
    os.link(deep + b"/leaf", b"names/leaf")
    link(deep + b"/up", b"../" * 9 + b"bin/sh")


def attributes():
    folder(b"attr")
    put(b"attr/caps", b"c", 0o755)
    put(b"attr/user", b"u")
    folder(b"attr/folder")
    os.setxattr(b"attr/caps", "security.capability", CAPABILITY)
    os.setxattr(b"attr/user", "user.plain", b"value")
    os.setxattr(b"attr/user", "user.binary", bytes(range(256)))
    os.setxattr(b"attr/user", "user.empty", b"")
    os.setxattr(b"attr/folder", "user.of.folder", b"a\nb=c")
    os.link(b"attr/caps", b"attr/caps-again")
    for name in (b"attr/caps", b"attr/user", b"attr/folder"):
        os.utime(name, ns=(9 * SECOND, 9 * SECOND))


def specials():
    folder(b"special")
    os.mknod(b"special/null", 0o666 | stat.S_IFCHR, os.makedev(1, 3))
    os.mknod(b"special/loop", 0o660 | stat.S_IFBLK, os.makedev(7, 0))
    os.mkfifo(b"special/fifo")


def layer_1():
    programs()
    modes()
    owners_and_times()
    contents()
    names()
    attributes()
    specials()
    for name in (b"dev", b"proc", b"sys", b"etc", b"usr/lib", b"gone/sub", b"swap-folder", b"opaque/sub"):
        folder(name)
    folder(b"tmp", 0o1777)
    link(b"lib", b"usr/lib")
    put(b"usr/lib/base", b"base")
    put(b"etc/motd", b"one\n")
    put(b"gone/sub/file", b"x")
    put(b"gone-file", b"x")
    put(b"swap-folder/in", b"x")
    put(b"swap-file", b"x")
    put(b"opaque/old", b"x")
    put(b"opaque/sub/old", b"x")
    for name in (b"group1", b"group2", b"group3"):
        put(b"etc/" + name, b"linked") if name == b"group1" else os.link(b"etc/group1", b"etc/" + name)
    os.utime(b"etc/group1", ns=(3, 3))
    dress(b".", 0o755, (0, 0), 1_234_567_890 * SECOND)


def layer_2():
    """Things go, change their kind, their mode alone, their links."""
    shutil.rmtree(b"gone")
    os.unlink(b"gone-file")
    shutil.rmtree(b"swap-folder")
    put(b"swap-folder", b"now a file")
    os.unlink(b"swap-file")
    folder(b"swap-file/sub")
    put(b"swap-file/sub/x", b"now a folder")
    shutil.rmtree(b"opaque")
    folder(b"opaque")
    put(b"opaque/new", b"new")
    put(b"etc/motd", b"two\n", 0o600, (7, 8), 1_700_000_000_987_654_321)
    os.chmod(b"modes/0777", 0o4700)
    os.chmod(b"modes/2755", 0o755)
    os.unlink(b"special/loop")
    os.unlink(b"names/new\nline")
    put(b"usr/lib/upper", b"upper")
    os.unlink(b"etc/group2")
    os.setxattr(b"attr/folder", "user.of.folder", b"changed")
    if "user.plain" in os.listxattr(b"attr/user"):  # Docker has not kept it
        os.removexattr(b"attr/user", "user.plain")


def layer_3():
    """Back again: names that were hidden below, a link in place of a folder."""
    folder(b"gone")
    put(b"gone/again", b"again")
    os.unlink(b"swap-folder")
    folder(b"swap-folder")
    put(b"swap-folder/third", b"3")
    shutil.rmtree(b"swap-file")
    link(b"swap-file", b"etc")
    put(b"opaque/third", b"3")
    os.link(b"opaque/third", b"opaque/third-again")
    put(b"names/caf\xe9", b"other content, the hard link apart")
    os.unlink(b"bin/ls")


def main(words):
    if len(words) != 2 or words[0] not in ("1", "2", "3"):
        sys.exit(__doc__)
    os.umask(0)
    os.chdir(words[1])
    (layer_1, layer_2, layer_3)[int(words[0]) - 1]()


main(sys.argv[1:])
