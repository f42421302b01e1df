"""The reference for layers: what a stack of tars makes, by the words of the specification.

Nothing is written to disk, so nothing that a disk or a tool would do by itself creeps in. Of each
layer the whiteouts act first, on what the lower layers left, and only by plain names; then come its
entries in their order. The rules of moulette on top (what an image has no use for) are in kept().
"""
import decimal
import io
import stat
import tarfile

from table import Node, digest, walk

CAPABILITY = "security.capability"
OPAQUE = b".wh..wh..opq"
KINDS = {tarfile.DIRTYPE: "folder", tarfile.SYMTYPE: "link", tarfile.CHRTYPE: "device",
         tarfile.BLKTYPE: "device", tarfile.FIFOTYPE: "fifo"}


class Refused(Exception):
    """No image comes of these layers."""


def raw(text):
    return text.encode("utf-8", "surrogateescape")


def parts_of(name):
    parts = [p for p in name.split(b"/") if p not in (b"", b".")]
    if b".." in parts:
        raise Refused("%r has '..' in its name" % name)
    return parts


def mtime_of(info):
    """In nanoseconds; tarfile keeps the seconds of pax as a float, which has not enough digits."""
    seconds = decimal.Decimal(info.pax_headers.get("mtime", info.mtime))
    return int((seconds * 10 ** 9).to_integral_value(decimal.ROUND_FLOOR))


def xattrs_of(info):
    prefix = "SCHILY.xattr."
    return {k[len(prefix):]: raw(v) for k, v in info.pax_headers.items() if k.startswith(prefix)}


def plain_folder(top, parts):
    """The folder of that very name, None when there is none or a link is on the way."""
    for part in parts:
        top = top.children.get(part)
        if top is None or top.kind != "folder":
            return None
    return top


def step(stack, top, part, links):
    """One component further. @stack holds the folders from the top down to where we are."""
    if part in (b"", b"."):
        return stack
    if part == b"..":
        return stack[:-1] or [top]
    node = stack[-1].children.get(part)
    if node is None or node.kind not in ("folder", "link"):
        raise Refused("%r is no folder" % part)
    if node.kind == "folder":
        return stack + [node]
    if links == 0:
        raise Refused("a loop of links")
    stack = [top] if node.target.startswith(b"/") else stack
    for part in node.target.split(b"/"):
        stack = step(stack, top, part, links - 1)
    return stack


def folder_of(top, parts, make):
    """The folder that an entry lies in: links are followed, and none leads out of the tree.

    With @make what is missing on the way is made (0755, root, 1970), in place of what is neither
    folder nor link; but nothing is made where a link leads nowhere.
    """
    stack = [top]
    for part in parts:
        node = stack[-1].children.get(part)
        if make and (node is None or node.kind not in ("folder", "link")):
            stack[-1].children[part] = Node("folder")
        stack = step(stack, top, part, 40)
    return stack[-1]


def is_mark(name):
    """Whiteouts, and what AUFS left for itself with all that is below it."""
    parts = name.rstrip(b"/").split(b"/")
    return parts[-1].startswith(b".wh.") or any(p.startswith(b".wh..wh.") for p in parts)


def hide(top, names):
    """The whiteouts among the names of a layer act on the tree of the layers below."""
    for name in names:
        parts = parts_of(name)
        if not parts or not parts[-1].startswith(b".wh."):
            continue
        folder = plain_folder(top, parts[:-1])
        if parts[-1] == OPAQUE:
            if folder is not None:
                folder.children.clear()
            continue
        if parts[-1].startswith(b".wh..wh."):
            continue
        hidden = parts[-1][4:]
        if hidden in (b"", b".", b".."):
            raise Refused("%r hides nothing that has a name" % name)
        if folder is not None:
            folder.children.pop(hidden, None)


def put_folder(top, parts, node):
    if not parts:
        top.mode, top.uid, top.gid = node.mode | 0o755, node.uid, node.gid
        top.mtime, top.xattrs = node.mtime, node.xattrs
        return
    siblings = folder_of(top, parts[:-1], True).children
    before = siblings.get(parts[-1])
    if before is not None and before.kind == "folder":
        node.children = before.children
    siblings[parts[-1]] = node


def put_hard_link(top, parts, target):
    siblings = folder_of(top, parts[:-1], True).children
    aims = parts_of(target)
    if not aims:
        raise Refused("a hard link to the top")
    node = folder_of(top, aims[:-1], False).children.get(aims[-1])
    if node is None or node.kind == "folder":
        raise Refused("hard link %r to %r, which is no file" % (b"/".join(parts), target))
    before = siblings.get(parts[-1])
    if before is not None and any(n is node for _, n in walk(before)) and before is not node:
        raise Refused("hard link %r to %r, which it replaces" % (b"/".join(parts), target))
    siblings[parts[-1]] = node


def put(top, tar, info):
    parts = parts_of(raw(info.name))
    if info.islnk():
        put_hard_link(top, parts, raw(info.linkname))
        return
    kind = KINDS.get(info.type, "file")
    node = Node(kind, info.mode & 0o7777, info.uid, info.gid, mtime_of(info), xattrs=xattrs_of(info))
    if kind == "folder":
        put_folder(top, parts, node)
        return
    if not parts:
        raise Refused("the top is not a folder")
    if kind == "link":
        node.target = raw(info.linkname)
    if kind == "file":
        node.size, node.sha256 = info.size, digest(tar.extractfile(info))
    folder_of(top, parts[:-1], True).children[parts[-1]] = node


def merge(layers, whiteouts=True):
    """The tree of a stack of uncompressed tars (bytes), lowest first."""
    top = Node("folder")
    for layer in layers:
        if not layer:
            continue
        with tarfile.open(fileobj=io.BytesIO(layer), mode="r:", encoding="utf-8",
                          errors="surrogateescape") as tar:
            infos = tar.getmembers()
            if whiteouts:
                hide(top, [raw(i.name) for i in infos])
            for info in infos:
                if not whiteouts or not is_mark(raw(info.name)):
                    put(top, tar, info)
    return top


def kept(top):
    """The table that moulette must make of a tree, and the numbers of what it drops."""
    table, dropped = {}, {"setid": set(), "devices": set(), "capabilities": set(), "pipes": set()}
    for path, node in walk(top):
        if node.kind == "device":
            dropped["devices"].add(path)
        if node.kind in ("fifo", "socket"):
            dropped["pipes"].add(path)
        if node.kind in ("device", "fifo", "socket"):
            continue
        if node.kind != "link" and node.mode & (stat.S_ISUID | stat.S_ISGID):
            dropped["setid"].add(id(node))
        if CAPABILITY in node.xattrs:
            dropped["capabilities"].add(id(node))
        table[path] = node
    for node in table.values():
        node.mode &= 0o1777
        node.xattrs = {k: v for k, v in node.xattrs.items() if k.startswith("user.")}
    if b"tmp" in table and table[b"tmp"].kind == "folder":
        table[b"tmp"].mode = 0o1777
    return table, {k: len(v) for k, v in dropped.items()}
