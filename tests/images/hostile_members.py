"""Members of an archive that are no plain files, or have unusual names."""
import json
import os
import tarfile

import makers
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


def docker_named(names, config="config", manifest="manifest.json"):
    """Docker's archive of two layers with these names; skopeo reads it, whatever they are."""
    layers = [tar(file("a", "below"), file("b", "b")), GOOD]
    every = [{"Config": config, "RepoTags": ["a:1"], "Layers": names}]
    return {manifest: text(every), config: text(config_of(layers)), **dict(zip(names, layers))}


NAMED = {"a": "file a", "b": "file b"}


@case("members")
def layers_in_a_folder():
    """No tool that is known here does, but manifest.json says which they are."""
    return accepted(docker_named(["layers/0", "layers/1"]), NAMED)


@case("members")
def layers_called_by_a_kind_and_a_digest():
    """A colon, a folder."""
    return accepted(docker_named(["sha256:%064x.tar" % 1, "sha256:%064x/layer.tar" % 2], "config.json"), NAMED)


@case("members")
def layers_called_as_blobs():
    """By something that is no digest of theirs."""
    return accepted(docker_named(["blobs/one", "blobs/sha256/two"], "blobs/config"), NAMED)


@case("members")
def layers_of_any_name_beside_a_note():
    """Spaces, dots, no ending; what the manifest does not name does not matter."""
    return accepted({**docker_named(["a layer", "..b"]), "NOTES.txt": b"n", "old/x": b"x"}, NAMED)


@case("members")
def layers_of_any_name_in_a_folder():
    """The archive as it lies unpacked."""
    return accepted(as_folder(docker_named(["layers/0", "layers/1"])), NAMED)


@case("members")
def a_layer_of_any_name_that_is_not_there():
    """Blobs must not become a tree."""
    members = docker_named(["layers/0", "layers/1"])
    del members["layers/1"]
    return refused(members, "layers/1")


def below(folder, members):
    return {folder + name: data for name, data in members.items()}


@case("members")
def a_layout_in_a_folder():
    """As `tar -c d` packs it."""
    return accepted(below("d/", image(GOOD)), TREE)


@case("members")
def a_layout_in_folders_and_compressed():
    """As it is packed by its whole path."""
    def write(path):
        makers.write_tar(path + ".tar.gz", below("./tmp/images/d/", image(GOOD)), GZIP)
        return path + ".tar.gz"
    return accepted(write, TREE)


@case("members")
def dockers_archive_in_a_folder():
    """Links among its members are those of the folder."""
    members = below("d/", docker(([GOOD], ["a:1"], {})))
    layer = "d/" + sha256(GOOD) + "/layer.tar"
    members["d/blobs/one"] = members.pop(layer)
    members[layer] = linked(layer, "../blobs/one")
    return accepted(members, TREE)


@case("members")
def a_folder_with_a_layout_in_it():
    """One level too high."""
    return accepted(as_folder(below("d/", image(GOOD))), TREE)


@case("members")
def layouts_in_two_folders():
    """Which one?"""
    return refused({**below("one/", image(GOOD)), **below("two/", image(GOOD))}, "folder 'one'")


@case("members")
def the_folder_of_dir_in_a_tar():
    """skopeo's dir: becomes no tree of blobs."""
    return refused({"d/version": b"Directory Transport Version: 1.1\n", "d/manifest.json": b"{}",
                    "d/" + sha256(GOOD): GOOD}, "'dir:'")
