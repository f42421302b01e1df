"""Archives with several images, or with one for somebody else."""
from cases import GOOD, TREE, accepted, case, finish, parts, refused
from makers import Oci, config_of, docker, file, folder, modern_docker, tar, text


ONE, TWO = tar(file("a", "one")), tar(file("a", "two"))


def two(first, second, **more):
    """A layout with two images of different content."""
    return Oci().image([ONE], first, **more).image([TWO], second, **more)


def platform(architecture, name="linux"):
    return {"platform": {"architecture": architecture, "os": name}}


@case("several")
def one_of_two_tags():
    """The name chooses."""
    return accepted(two("first", "case").done(), {"a": "file two"})


@case("several")
def by_repository_and_tag():
    """`built:1` is a name of school/built:1."""
    return accepted(two("school/built:1", "school/other:1").done(), {"a": "file one"}, name="built:1")


@case("several")
def by_repository_alone():
    """`built` as well."""
    return accepted(docker(([ONE], ["school/built:1"], {}), ([TWO], ["school/rebuilt:1"], {})), {"a": "file one"},
                    name="built")


@case("several")
def by_the_whole_name():
    """With the registry's port in it."""
    return accepted(docker(([ONE], ["localhost:5000/x:1"], {}), ([TWO], ["localhost:5000/y:1"], {})), {"a": "file two"},
                    name="localhost:5000/y:1")


@case("several")
def by_one_tag_of_many():
    """Docker lists the tags of one image together."""
    return accepted(docker(([ONE], ["x:1", "x:latest"], {}), ([TWO], ["y:1", "case:7"], {})),
                    {"a": "file two"})


@case("several")
def no_tag_that_fits():
    """All are listed."""
    return refused(two("first", "second").done(), "first", "second")


@case("several")
def no_tag_that_fits_in_dockers_archive():
    """The same there."""
    return refused(docker(([ONE], ["x:1", "x:2"], {}), ([TWO], ["school/y:1"], {})),
                   "x:1", "x:2", "school/y:1")


@case("several")
def one_image_with_another_name():
    """It is the only one: its tag is not asked."""
    return accepted(Oci().image([GOOD], "whatever").done(), TREE)


@case("several")
def one_image_under_two_tags():
    """Still one image."""
    oci, layers, config = parts()
    manifest = oci.manifest(layers, config)
    return accepted(oci.tag(manifest, "x").tag(manifest, "y").done(), TREE)


@case("several")
def one_name_for_two_images():
    """Which one is meant cannot be known."""
    return refused(docker(([ONE], ["x/case:1"], {}), ([TWO], ["y/case:1"], {})),
                   "x/case:1", "y/case:1")


@case("several")
def part_of_a_name():
    """`case` is not `lowercase` and not `case/other`."""
    return refused(two("lowercase:1", "case/other:1").done(), "lowercase:1", "case/other:1")


@case("several")
def docker_25():
    """The names stand in manifest.json and in an annotation of their own."""
    members = modern_docker(two("1", "1", form="tar").done(), ["school/one:1", "school/case:1"])
    return accepted(members, {"a": "file two"})


@case("several")
def for_another_machine():
    """Nothing of it could run here."""
    oci, layers, _ = parts()
    return refused(finish(oci, layers, {**config_of([GOOD]), "architecture": "s390x"}, **platform("s390x")), "s390x")


@case("several")
def for_windows():
    """The same."""
    oci, layers, _ = parts()
    config = {**config_of([GOOD]), "os": "windows"}
    return refused(finish(oci, layers, config, **platform("amd64", "windows")), "windows")


@case("several")
def one_of_many_machines():
    """An index below the index, as registries have it: ours is taken."""
    oci = Oci()
    below = []
    for machine, word in (("s390x", "other"), ("amd64", "ours"), ("arm64", "other")):
        layer = tar(file("a", word))
        config = {**config_of([layer]), "architecture": machine}
        below.append({**oci.manifest([oci.layer(layer)], config), **platform(machine)})
    index = oci.blob(text({"schemaVersion": 2, "manifests": below}), "index.v1+json")
    return accepted(oci.tag(index, "case").done(), {"a": "file ours"})


@case("several")
def attestations_beside_the_image():
    """buildx adds a manifest for machine unknown/unknown."""
    oci, layers, config = parts()
    image_ = {**oci.manifest(layers, config), **platform("amd64")}
    proof = {**oci.manifest([oci.blob(b"{}", "layer.v1.tar")], {"architecture": "unknown", "os": "unknown"}),
             **platform("unknown", "unknown"), "annotations": {"vnd.docker.reference.type": "attestation-manifest"}}
    index = oci.blob(text({"schemaVersion": 2, "manifests": [image_, proof]}), "index.v1+json")
    return accepted(oci.tag(index, "x:1").done(), TREE)


@case("several")
def indexes_ten_deep():
    """No tool makes it; a limit must end the descent of worse ones."""
    oci, layers, config = parts()
    at = oci.manifest(layers, config)
    for _ in range(10):
        at = oci.blob(text({"schemaVersion": 2, "manifests": [at]}), "index.v1+json")
    return refused(oci.tag(at).done(), ("nested", "deep", "index"))


@case("several")
def an_index_that_names_one_blob_a_thousand_times():
    """Two levels of a thousand would be a million reads."""
    oci, layers, config = parts()
    at = oci.manifest(layers, config)
    for _ in range(2):
        at = oci.blob(text({"schemaVersion": 2, "manifests": [at] * 1000}), "index.v1+json")
    return accepted(oci.tag(at).done(), TREE)


@case("several")
def a_tree_that_looks_like_an_archive():
    """A root file system with a manifest.json of its own at the top."""
    return accepted(tar(folder("bin"), folder("etc"), file("bin/sh", "sh"), file("manifest.json", "[]"),
                        file("index.json", "{}")),
                    {"bin": "folder", "etc": "folder", "bin/sh": "file sh", "manifest.json": "file []",
                     "index.json": "file {}"})


@case("several")
def whiteouts_in_a_tree():
    """Without layers they are names like any other."""
    return accepted(tar(folder("bin"), file("bin/a", "a"), file("bin/.wh.a", "w"), file(".wh..wh..opq", "o")),
                    {"bin": "folder", "bin/a": "file a", "bin/.wh.a": "file w", ".wh..wh..opq": "file o"})
