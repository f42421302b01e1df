"""Blobs and documents that are not what was said of them."""
import json

from cases import GOOD, case, finish, parts, refused
from makers import config_of, docker, file, sha256, tar, text


def changed(oci, descriptor):
    """The same layout with one byte of a blob another one."""
    name = "blobs/sha256/" + descriptor["digest"][7:]
    data = bytearray(oci.members[name])
    data[len(data) // 2] ^= 1
    oci.members[name] = bytes(data)


@case("digests")
def layer_changed():
    """One byte of the stored blob."""
    oci, layers, config = parts()
    members = finish(oci, layers, config)
    changed(oci, layers[0])
    return refused({**members, **oci.members}, layers[0]["digest"][7:19])


@case("digests")
def config_changed():
    """One byte of the config."""
    oci, layers, config = parts()
    members = finish(oci, layers, config)
    changed(oci, config)
    return refused({**members, **oci.members}, config["digest"][7:19])


@case("digests")
def manifest_changed():
    """One byte of the manifest."""
    oci, layers, config = parts()
    manifest = oci.manifest(layers, config)
    changed(oci, manifest)
    return refused(oci.tag(manifest).done(), manifest["digest"][7:19])


@case("digests")
def diff_id_of_another_layer():
    """The blob is what it says, its content is not what the config says."""
    oci, layers, _ = parts()
    return refused(finish(oci, layers, config_of([b"another"])), "layer", sha256(b"another")[:12])


@case("digests")
def a_good_layer_below_a_bad_one():
    """The good one must not stay behind."""
    oci, layers, config = parts((GOOD, tar(file("b", "b"))))
    members = finish(oci, layers, config)
    changed(oci, layers[1])
    return refused({**members, **oci.members}, layers[1]["digest"][7:19])


@case("digests")
def layer_cut():
    """The blob ends early."""
    oci, layers, config = parts()
    members = finish(oci, layers, config)
    name = "blobs/sha256/" + layers[0]["digest"][7:]
    return refused({**members, name: members[name][:-9]}, layers[0]["digest"][7:19])


@case("digests")
def layer_missing():
    """A layout that was copied in part."""
    oci, layers, config = parts()
    members = finish(oci, layers, config)
    del members["blobs/sha256/" + layers[0]["digest"][7:]]
    return refused(members, layers[0]["digest"][7:19])


@case("digests")
def config_missing():
    """The same for the config."""
    oci, layers, config = parts()
    members = finish(oci, layers, config)
    del members["blobs/sha256/" + config["digest"][7:]]
    return refused(members, config["digest"][7:19])


@case("digests")
def manifest_missing():
    """The same for the manifest."""
    oci, layers, config = parts()
    manifest = oci.manifest(layers, config)
    members = oci.tag(manifest).done()
    del members["blobs/sha256/" + manifest["digest"][7:]]
    return refused(members, manifest["digest"][7:19])


@case("digests")
def size_of_a_layer():
    """The descriptor says one byte more."""
    oci, layers, config = parts()
    return refused(finish(oci, [{**layers[0], "size": layers[0]["size"] + 1}], config), layers[0]["digest"][7:19])


@case("digests")
def size_of_the_config():
    """One byte less."""
    oci, layers, config = parts()
    return refused(finish(oci, layers, {**config, "size": config["size"] - 1}), ("size", "bytes"))


@case("digests")
def size_of_the_manifest():
    """One byte more."""
    oci, layers, config = parts()
    manifest = oci.manifest(layers, config)
    return refused(oci.tag({**manifest, "size": manifest["size"] + 1}).done(), ("size", "bytes"))


@case("digests")
def negative_size():
    """No blob has it."""
    oci, layers, config = parts()
    return refused(finish(oci, [{**layers[0], "size": -1}], config), "size")


@case("digests")
def size_in_words():
    """A string."""
    oci, layers, config = parts()
    return refused(finish(oci, [{**layers[0], "size": "12"}], config), "size")


@case("digests")
def size_beyond_all_integers():
    """10^30."""
    oci, layers, config = parts()
    manifest = oci.manifest([{**layers[0], "size": 10 ** 30}], config)
    return refused(oci.tag(manifest).done(), "size")


@case("digests")
def digest_that_is_a_path():
    """blobs/sha256/../../.. is no blob."""
    oci, layers, config = parts()
    return refused(finish(oci, [{**layers[0], "digest": "sha256:../../../../../../etc/passwd"}], config), "digest")


@case("digests")
def digest_of_an_unknown_kind():
    """What cannot be checked is not taken."""
    oci, layers, config = parts()
    return refused(finish(oci, [{**layers[0], "digest": "md5:d41d8cd98f00b204e9800998ecf8427e"}], config), "digest")


@case("digests")
def digest_too_short():
    """63 digits."""
    oci, layers, config = parts()
    return refused(finish(oci, [{**layers[0], "digest": layers[0]["digest"][:-1]}], config), "digest")


@case("digests")
def digest_missing():
    """A descriptor without one."""
    oci, _, config = parts()
    return refused(finish(oci, [{"mediaType": "application/vnd.oci.image.layer.v1.tar", "size": 1}], config), "digest")


@case("digests")
def more_layers_than_diff_ids():
    """Nobody can say which is which."""
    oci, layers, config = parts()
    return refused(finish(oci, layers * 2, config), "diff_ids")


@case("digests")
def fewer_layers_than_diff_ids():
    """The other way."""
    oci, layers, _ = parts()
    return refused(finish(oci, layers, config_of([GOOD, GOOD])), "diff_ids")


@case("digests")
def no_diff_ids():
    """A config without rootfs."""
    oci, layers, _ = parts()
    return refused(finish(oci, layers, {"architecture": "amd64", "os": "linux", "config": {}}), ("rootfs", "diff_ids"))


@case("digests")
def docker_layer_changed():
    """Docker's archives have no digests of blobs, but diff_ids."""
    members = docker(([GOOD], ["a:1"], {}))
    name = sha256(GOOD) + "/layer.tar"
    return refused({**members, name: tar(file("a", "b"))}, sha256(GOOD)[:12])


@case("digests")
def docker_config_changed():
    """It is named by its digest."""
    members = docker(([GOOD], ["a:1"], {}))
    name = json.loads(members["manifest.json"])[0]["Config"]
    return refused({**members, name: members[name] + b" "}, name[:12])


@case("digests")
def docker_layer_missing():
    """Named in the manifest, not there."""
    members = docker(([GOOD], ["a:1"], {}))
    del members[sha256(GOOD) + "/layer.tar"]
    return refused(members, sha256(GOOD)[:12])


@case("digests")
def docker_layers_and_diff_ids():
    """One layer more than the config knows."""
    members = docker(([GOOD], ["a:1"], {}))
    every = json.loads(members["manifest.json"])
    every[0]["Layers"] *= 2
    return refused({**members, "manifest.json": text(every)}, "diff_ids")
