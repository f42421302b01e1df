"""Trees of files as tables: path -> facts. Two tables are compared path by path."""
import hashlib
import os
import stat

TYPES = {stat.S_IFREG: "file", stat.S_IFDIR: "folder", stat.S_IFLNK: "link", stat.S_IFCHR: "device",
         stat.S_IFBLK: "device", stat.S_IFIFO: "fifo", stat.S_IFSOCK: "socket"}


class Node:
    """An inode. Names that are hard links to one another share their node."""

    def __init__(self, kind, mode=0o755, uid=0, gid=0, mtime=0, target=None, xattrs=None):
        self.kind, self.mode, self.uid, self.gid, self.mtime = kind, mode, uid, gid, mtime
        self.target = target              # of a link, bytes
        self.xattrs = xattrs or {}        # name -> bytes
        self.size, self.sha256 = 0, None  # of a file
        self.children = {} if kind == "folder" else None

    def facts(self):
        """What is compared. The mode of a link means nothing, the size of a folder is its disk's."""
        facts = {"type": self.kind, "owner": "%d:%d" % (self.uid, self.gid), "mtime": self.mtime,
                 "xattrs": self.xattrs}
        if self.kind != "link":
            facts["mode"] = "%04o" % self.mode
        if self.kind == "file":
            facts.update(size=self.size, sha256=self.sha256)
        if self.kind == "link":
            facts["target"] = self.target
        return facts


def walk(node, path=b"."):
    """Yields (path, node) of a tree in memory, the top as b"."."""
    yield path, node
    for name in sorted(node.children or {}):
        yield from walk(node.children[name], name if path == b"." else path + b"/" + name)


def scan(top):
    """The table of a folder on disk."""
    found, inodes = {}, {}

    def visit(path, name, parent):
        st = os.lstat(name, dir_fd=parent)
        key = (st.st_dev, st.st_ino)
        node = inodes.get(key) or read_node(name, parent, st)
        inodes[key] = found[path] = node
        if node.kind == "folder":
            fd = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=parent)
            try:
                for child in os.listdir(fd):
                    child = os.fsencode(child)
                    visit(child if path == b"." else path + b"/" + child, child, fd)
            finally:
                os.close(fd)

    visit(b".", os.fsencode(top), None)
    return found


def read_node(name, parent, st):
    node = Node(TYPES[stat.S_IFMT(st.st_mode)], stat.S_IMODE(st.st_mode), st.st_uid, st.st_gid, st.st_mtime_ns)
    if node.kind == "link":
        node.target = os.readlink(name, dir_fd=parent)
        return node
    if node.kind not in ("file", "folder"):
        return node
    fd = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NOATIME, dir_fd=parent)
    try:
        node.xattrs = {n: os.getxattr(fd, n) for n in os.listxattr(fd) if n != "security.selinux"}
        if node.kind == "file":
            node.size = st.st_size
            with open(fd, "rb", closefd=False) as f:
                node.sha256 = digest(f)
    finally:
        os.close(fd)
    return node


def digest(f):
    state = hashlib.sha256()
    while block := f.read(1 << 20):
        state.update(block)
    return state.hexdigest()


def link_groups(table):
    """Sets of paths that share an inode; folders do not count."""
    names = {}
    for path, node in table.items():
        if node.kind != "folder":
            names.setdefault(id(node), set()).add(path)
    return {frozenset(group) for group in names.values() if len(group) > 1}


def shown(value):
    text = repr(value)
    return text if len(text) < 120 else text[:50] + "..." + text[-60:]


def differences(expected, actual):
    """Lines that say how @actual differs; none when the tables are equal."""
    for path in sorted(expected.keys() | actual.keys()):
        if path not in actual:
            yield "%s: missing (%s)" % (shown(path), expected[path].kind)
        elif path not in expected:
            yield "%s: not expected (%s)" % (shown(path), actual[path].kind)
        else:
            want, got = expected[path].facts(), actual[path].facts()
            for key in sorted(want.keys() | got.keys()):
                if want.get(key) != got.get(key):
                    yield "%s: %s: expected %s, got %s" % (shown(path), key, shown(want.get(key)),
                                                            shown(got.get(key)))
    for group in sorted(map(sorted, link_groups(expected) - link_groups(actual))):
        yield "no hard links of one another: " + ", ".join(map(shown, group))
    for group in sorted(map(sorted, link_groups(actual) - link_groups(expected))):
        yield "hard links of one another, not expected: " + ", ".join(map(shown, group))
