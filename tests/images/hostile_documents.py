"""Indexes, manifests and configs that are not what they should be."""
import json

from cases import GOOD, TREE, accepted, case, finish, image, parts, refused
from makers import Oci, config_of, docker, text


@case("documents")
def nested_a_hundred_thousand_deep():
    """A parser that recurses ends its stack."""
    return refused({**image(GOOD), "index.json": b"[" * 100_000}, "index.json")


@case("documents")
def objects_nested_deep():
    """The same by objects, in a manifest."""
    oci = Oci()
    return refused(oci.tag(oci.blob(b'{"a":' * 100_000, "manifest.v1+json")).done(), "sha256")


@case("documents")
def nul_in_a_name():
    """A name that C would end early."""
    oci, layers, config = parts()
    return refused(finish(oci, layers, config, name="a\0b"), ("NUL", "u0000", "control", "annotations", "ref.name"))


@case("documents")
def nul_in_env():
    """The same in a variable."""
    return refused(image(GOOD, Env=["A=1\0B=2"]), "Env")


@case("documents")
def env_without_a_sign():
    """No NAME=VALUE."""
    return refused(image(GOOD, Env=["PATH"]), "Env")


@case("documents")
def env_that_is_no_list():
    """A string."""
    return refused(image(GOOD, Env="A=1"), "Env")


@case("documents")
def env_of_numbers():
    """Not a string in it."""
    return refused(image(GOOD, Env=[1]), "Env")


@case("documents")
def no_env_at_all():
    """null, as Docker writes it."""
    return accepted(image(GOOD, Env=None, User="", WorkingDir=""), TREE)


@case("documents")
def no_config_in_the_config():
    """Only what must be there."""
    oci, layers, _ = parts()
    config = config_of([GOOD])
    del config["config"]
    return accepted(finish(oci, layers, config), TREE)


@case("documents")
def keys_that_nobody_knows():
    """Other people's additions are left alone."""
    oci, layers, _ = parts()
    return accepted(finish(oci, layers, {**config_of([GOOD], Labels={"x": "y"}, Healthcheck={"Test": []}), "x": [1, {}],
                                         "history": [{"empty_layer": True}], "moby.buildkit.trace": "x"}), TREE)


@case("documents")
def byte_order_mark_and_not_utf8():
    """JSON is UTF-8."""
    return refused({**image(GOOD), "index.json": b'{"schemaVersion": 2, "manifests": [], "x": "\xff"}'}, "index.json")


@case("documents")
def cut_in_half():
    """A document that ends early."""
    members = image(GOOD)
    return refused({**members, "index.json": members["index.json"][:40]}, "index.json")


@case("documents")
def rubbish_behind_a_document():
    """Two documents are none."""
    members = image(GOOD)
    return refused({**members, "index.json": members["index.json"] + b"{}"}, "index.json")


@case("documents")
def index_that_is_a_list():
    """The wrong type."""
    return refused({**image(GOOD), "index.json": b"[]"}, "index.json")


@case("documents")
def index_without_images():
    """An empty layout, as `umoci init` makes it."""
    return refused(Oci().done(), "index.json")


@case("documents")
def index_of_32_megabytes():
    """Refused by its size, before it is read."""
    index = b'{"schemaVersion": 2, "manifests": []' + b" " * 32_000_000 + b"}"
    return refused({**image(GOOD), "index.json": index}, "index.json")


@case("documents")
def manifest_of_docker_that_is_an_object():
    """The wrong type."""
    return refused({**docker(([GOOD], ["a:1"], {})), "manifest.json": b"{}"}, "manifest.json")


@case("documents")
def manifest_of_docker_that_is_empty():
    """No image in it."""
    return refused({**docker(([GOOD], ["a:1"], {})), "manifest.json": b"[]"}, "manifest.json")


@case("documents")
def manifest_of_docker_without_layers():
    """A key is missing."""
    members = docker(([GOOD], ["a:1"], {}))
    every = json.loads(members["manifest.json"])
    del every[0]["Layers"]
    return refused({**members, "manifest.json": text(every)}, "manifest.json", "Layers")


@case("documents")
def manifest_of_docker_without_tags():
    """RepoTags is null when an image is saved by its id."""
    return accepted(docker(([GOOD], None, {})), TREE)


@case("documents")
def layout_of_another_version():
    """Nobody knows what it means."""
    return refused({**image(GOOD), "oci-layout": b'{"imageLayoutVersion": "9.0.0"}'}, "oci-layout")


@case("documents")
def schema_version_1():
    """Docker's manifests of old: the layers have no diff_ids."""
    oci, layers, config = parts()
    old = {"schemaVersion": 1, "name": "x", "fsLayers": [{"blobSum": layers[0]["digest"]}], "history": []}
    del config
    return refused(oci.tag({**oci.blob(text(old), "manifest.v1+json")}).done(), ("schemaVersion", "manifest"))


@case("documents")
def encrypted_layers():
    """There is no key."""
    oci, layers, config = parts()
    layers[0]["mediaType"] += "+encrypted"
    return refused(finish(oci, layers, config), "encrypted")


@case("documents")
def layers_of_an_unknown_kind():
    """A chart, a signature: an archive of something else."""
    oci, layers, config = parts()
    layers[0]["mediaType"] = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"
    return refused(finish(oci, layers, config), "mediaType")


@case("documents")
def nondistributable_layers():
    """Windows and old images have them; the blob is here."""
    oci, layers, config = parts()
    layers[0]["mediaType"] = "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip"
    return accepted(finish(oci, layers, config), TREE)


@case("documents")
def docker_media_types_in_a_layout():
    """As `skopeo copy --preserve-digests` leaves them."""
    oci, layers, config = parts()
    layers[0]["mediaType"] = "application/vnd.docker.image.rootfs.diff.tar.gzip"
    config["mediaType"] = "application/vnd.docker.container.image.v1+json"
    manifest = oci.blob(text({"schemaVersion": 2, "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
                              "config": config, "layers": layers}), "manifest.v1+json")
    manifest["mediaType"] = "application/vnd.docker.distribution.manifest.v2+json"
    return accepted(oci.tag(manifest).done(), TREE)
