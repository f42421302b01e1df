"""Archives made by hand: tars entry by entry, OCI layouts and docker archives document by document.

What a maker returns is a dictionary of members, so that a test can spoil any of them before
write_tar() or write_folder().
"""
import gzip
import hashlib
import io
import json
import os
import subprocess
import tarfile

MEDIA = "application/vnd.oci.image."
GZIP, ZSTD, NONE = "tar+gzip", "tar+zstd", "tar"


# ---- tars ----

def entry(name, kind=tarfile.REGTYPE, data=b"", **fields):
    """A TarInfo and its data. Names are bytes or text."""
    info = tarfile.TarInfo(name if isinstance(name, str) else name.decode("utf-8", "surrogateescape"))
    info.type, info.size, info.mode = kind, len(data), 0o755 if kind == tarfile.DIRTYPE else 0o644
    info.mtime = 1_000_000_000
    for key, value in fields.items():
        setattr(info, key, value)
    return info, data


def folder(name, **fields):
    return entry(name, tarfile.DIRTYPE, **fields)


def file(name, data=b"x", **fields):
    return entry(name, data=data if isinstance(data, bytes) else data.encode(), **fields)


def link(name, target, **fields):
    return entry(name, tarfile.SYMTYPE, linkname=target, **fields)


def hard(name, target, **fields):
    return entry(name, tarfile.LNKTYPE, linkname=target, **fields)


def hide(name):
    head, _, tail = name.rpartition("/")
    return entry((head + "/" if head else "") + ".wh." + tail)


def opaque(name):
    return entry((name + "/" if name else "") + ".wh..wh..opq")


def device(name, **fields):
    return entry(name, tarfile.CHRTYPE, devmajor=1, devminor=3, **fields)


def tar(*entries, form=tarfile.PAX_FORMAT):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form, encoding="utf-8", errors="surrogateescape") as t:
        for info, data in entries:
            t.addfile(info, io.BytesIO(data))
    return out.getvalue()


def header(name, size=0, kind=b"0", **fields):
    """One ustar header with fields as they are given, then its checksum: for what no tar writes."""
    values = {"mode": b"0000644", "uid": b"0000000", "gid": b"0000000", "mtime": b"00000000000",
              "size": b"%011o" % size if isinstance(size, int) else size, "link": b""}
    values.update(fields)
    widths = [("mode", 8), ("uid", 8), ("gid", 8), ("size", 12), ("mtime", 12)]
    block = name.encode().ljust(100, b"\0")
    block += b"".join(values[key].ljust(width, b"\0") for key, width in widths)
    block += b" " * 8 + kind + values["link"].ljust(100, b"\0") + b"ustar\x0000"
    block = block.ljust(512, b"\0")
    return block[:148] + b"%06o\0 " % sum(block) + block[156:]


def padded(data):
    return data + bytes(-len(data) % 512)


END = bytes(1024)


# ---- compression ----

def zstd(data, *options):
    return subprocess.run(["zstd", "-qc", *options], input=data, stdout=subprocess.PIPE, check=True).stdout


def packed(data, form):
    return gzip.compress(data, 1, mtime=0) if form == GZIP else zstd(data) if form == ZSTD else data


# ---- archives of images ----

def sha256(data):
    return hashlib.sha256(data).hexdigest()


def text(document):
    return json.dumps(document).encode()


def config_of(layers, **config):
    return {"architecture": "amd64", "os": "linux", "config": config,
            "rootfs": {"type": "layers", "diff_ids": ["sha256:" + sha256(x) for x in layers]}}


class Oci:
    """An OCI layout. Descriptors are dictionaries, to be changed before they are used further."""

    def __init__(self):
        self.members = {"oci-layout": text({"imageLayoutVersion": "1.0.0"})}
        self.index = {"schemaVersion": 2, "manifests": []}

    def blob(self, data, media):
        digits = sha256(data)
        self.members["blobs/sha256/" + digits] = data
        return {"mediaType": MEDIA + media, "digest": "sha256:" + digits, "size": len(data)}

    def layer(self, data, form=GZIP):
        return self.blob(packed(data, form), "layer.v1." + form)

    def manifest(self, descriptors, config):
        """@config: a document, or a descriptor of one."""
        if "digest" not in config:
            config = self.blob(text(config), "config.v1+json")
        return self.blob(text({"schemaVersion": 2, "mediaType": MEDIA + "manifest.v1+json", "config": config,
                               "layers": descriptors}), "manifest.v1+json")

    def tag(self, descriptor, name=None, **more):
        if name:
            more["annotations"] = {"org.opencontainers.image.ref.name": name}
        self.index["manifests"].append({**descriptor, **more})
        return self

    def image(self, layers, name=None, form=GZIP, **config):
        """An image of these uncompressed layers, added to the index."""
        manifest = self.manifest([self.layer(x, form) for x in layers], config_of(layers, **config))
        return self.tag(manifest, name)

    def done(self):
        return {**self.members, "index.json": text(self.index)}


def docker(*images):
    """As `docker image save` writes it. An image: (layers, [tag...], config values)."""
    members, every = {}, []
    for layers, tags, values in images:
        config = text(config_of(layers, **values))
        names = []
        for data in layers:
            names.append(sha256(data) + "/layer.tar")
            members[names[-1]] = data
        members[sha256(config) + ".json"] = config
        every.append({"Config": sha256(config) + ".json", "RepoTags": tags, "Layers": names})
    members["manifest.json"] = text(every)
    return members


def modern_docker(oci, names):
    """The layout of Docker 25 and later: an OCI layout with a manifest.json beside it.

    @oci: members of a layout; @names: the full names of its images, in the order of its index.
    """
    index = json.loads(oci["index.json"])
    every = []
    for entry_, name in zip(index["manifests"], names):
        path = "blobs/sha256/" + entry_["digest"][7:]
        manifest = json.loads(oci[path])
        entry_["annotations"] = {"io.containerd.image.name": "docker.io/" + name,
                                 "org.opencontainers.image.ref.name": name.rpartition(":")[2]}
        every.append({"Config": "blobs/sha256/" + manifest["config"]["digest"][7:], "RepoTags": [name],
                      "Layers": ["blobs/sha256/" + x["digest"][7:] for x in manifest["layers"]],
                      "LayerSources": {x["digest"]: x for x in manifest["layers"]}})
    return {**oci, "index.json": text(index), "manifest.json": text(every)}


def write_folder(path, members):
    for name, data in members.items():
        os.makedirs(os.path.dirname(os.path.join(path, name)), exist_ok=True)
        with open(os.path.join(path, name), "wb") as f:
            f.write(data)


def write_tar(path, members, form=NONE):
    """Members are bytes, or a TarInfo for what is no file."""
    entries = [(m, b"") if isinstance(m, tarfile.TarInfo) else file(n, m) for n, m in members.items()]
    with open(path, "wb") as f:
        f.write(packed(tar(*entries), form))


def read_folder(path):
    members = {}
    for top, _, names in os.walk(path):
        for name in names:
            full = os.path.join(top, name)
            with open(full, "rb") as f:
                members[os.path.relpath(full, path)] = f.read()
    return members
