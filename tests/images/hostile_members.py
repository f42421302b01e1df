"""Members of an archive that are no plain files, or have unusual names."""
import json
import os
import tarfile

from cases import GOOD, TREE, accepted, as_folder, canary, case, finish, image, parts, refused
from makers import GZIP, config_of, docker, file, packed, sha256, tar, text


def linked(name, target, kind=tarfile.SYMTYPE):
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


def docker_with(make):
    """Docker's archive whose layer is what make(name) says."""
    members = docker(([GOOD], ["a:1"], {}))
    name = sha256(GOOD) + "/layer.tar"
    return {**members, name: make(name)}


@case("members")
def layer_that_is_a_link_inside():
    """skopeo and Docker 20 write them."""
    return accepted({**docker_with(lambda n: linked(n, "../real.tar")), "real.tar": GOOD}, TREE)


@case("members")
def layer_that_is_a_hard_link():
    """A tar of such an archive made by tar(1)."""
    return accepted({"real.tar": GOOD, **docker_with(lambda n: linked(n, "real.tar", tarfile.LNKTYPE))}, TREE)


@case("members")
def layer_that_is_a_link_out():
    """Only members of the archive are meant."""
    return refused(docker_with(lambda n: linked(n, "../.." + canary())), "layer.tar")


@case("members")
def layer_that_is_an_absolute_link():
    """A file of the host."""
    return refused(docker_with(lambda n: linked(n, "/etc/passwd")), "layer.tar")


@case("members")
def layer_that_is_a_link_to_itself():
    """For ever."""
    return refused(docker_with(lambda n: linked(n, "layer.tar")), "layer.tar")


@case("members")
def layers_that_link_to_one_another():
    """For ever, in two steps."""
    return refused({**docker_with(lambda n: linked(n, "../other.tar")),
                    "other.tar": linked("other.tar", sha256(GOOD) + "/layer.tar")},
                   "layer.tar")


@case("members")
def layer_that_is_a_folder():
    """No bytes to read."""
    return refused(docker_with(lambda n: linked(n, "", tarfile.DIRTYPE)), "layer.tar")


@case("members")
def layer_that_is_a_fifo():
    """Nobody would ever write to it."""
    return refused(docker_with(lambda n: linked(n, "", tarfile.FIFOTYPE)), "layer.tar")


@case("members")
def path_in_the_manifest_that_climbs():
    """manifest.json names a layer outside."""
    members = docker(([GOOD], ["a:1"], {}))
    every = json.loads(members["manifest.json"])
    every[0]["Layers"] = [".." + canary()]
    return refused({**members, "manifest.json": text(every)}, "canary")


@case("members")
def config_in_the_manifest_that_climbs():
    """The same for the config."""
    members = docker(([GOOD], ["a:1"], {}))
    every = json.loads(members["manifest.json"])
    every[0]["Config"] = "/etc/passwd"
    return refused({**members, "manifest.json": text(every)}, "/etc/passwd")


def in_folder(make):
    """A layout as a folder whose layer is replaced by what make(path) puts there."""
    oci, layers, config = parts()
    members = finish(oci, layers, config)
    name = "blobs/sha256/" + layers[0]["digest"][7:]
    del members[name]
    return refused(as_folder(members, lambda top: make(os.path.join(top, name))), layers[0]["digest"][7:19])


@case("members")
def blob_of_a_folder_that_is_a_link_out():
    """The host's files are not the archive's."""
    return in_folder(lambda path: os.symlink("/etc/passwd", path))


@case("members")
def blob_of_a_folder_that_is_a_fifo():
    """Opening it must not wait."""
    return in_folder(os.mkfifo)


@case("members")
def blob_of_a_folder_that_is_a_folder():
    """No bytes to read."""
    return in_folder(os.mkdir)


@case("members")
def index_of_a_folder_that_is_a_link_out():
    """Nothing of it may show in the message."""
    oci, layers, config = parts()
    members = finish(oci, layers, config)
    del members["index.json"]
    return refused(as_folder(members, lambda top: os.symlink("/etc/shadow", os.path.join(top, "index.json"))))


@case("members")
def the_same_member_twice():
    """The last counts, as in every tar."""
    def write(path):
        good = image(GOOD)
        index = good.pop("index.json")
        entries = [file("index.json", b"{"), *[file(n, d) for n, d in good.items()], file("./index.json", index)]
        with open(path + ".tar", "wb") as f:
            f.write(tar(*entries))
        return path + ".tar"
    return accepted(write, TREE)


@case("members")
def names_as_crane_and_jib_give_them():
    """Layers are compressed files at the top, the config is called by its digest."""
    config, stored = text(config_of([GOOD])), packed(GOOD, GZIP)
    every = [{"Config": "sha256:" + sha256(config), "RepoTags": ["a:1"], "Layers": [sha256(stored) + ".tar.gz"]}]
    return accepted({"sha256:" + sha256(config): config, sha256(stored) + ".tar.gz": stored,
                     "manifest.json": text(every)}, TREE)
