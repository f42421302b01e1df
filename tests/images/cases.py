"""What the hostile and broken archives share: a case is an archive and what must come of it."""
import os

import makers

GROUPS = {}


class Case:
    """@words: what the message must hold (a tuple: one of them); None when the archive is accepted
    with exactly @tree: path -> "folder", "file CONTENT", "link TARGET", "= PATH" (a hard link)."""

    def __init__(self, write, words=None, tree=None, name="case", options=()):
        self.write, self.words, self.tree, self.name, self.options = write, words, tree, name, list(options)


def case(group):
    """The function below makes one case; its first line says why it is there."""
    def keep(function):
        GROUPS.setdefault(group, []).append(function)
        return function
    return keep


def canary():
    """A file outside that no import may touch; run_cases.py makes it."""
    return os.environ.get("CANARY", "/nowhere/canary")


def refused(members, *words, **more):
    """An archive of these members is not accepted, and the message says so."""
    return Case(writer(members), words=words, **more)


def accepted(members, tree, **more):
    return Case(writer(members), tree=tree, **more)


def writer(members):
    if callable(members):
        return members
    if isinstance(members, bytes):
        return lambda path: raw_file(path + ".tar", members)
    return lambda path: tar_file(path + ".tar", members)


def raw_file(path, data):
    with open(path, "wb") as f:
        f.write(data)
    return path


def tar_file(path, members):
    makers.write_tar(path, members)
    return path


def as_folder(members, more=None):
    """The layout as a folder; @more(path) puts in what is no file."""
    def write(path):
        os.mkdir(path)
        makers.write_folder(path, members)
        if more:
            more(path)
        return path
    return write


def image(*layers, **config):
    """The members of an OCI layout with one image of these tars, without a tag."""
    return makers.Oci().image(list(layers), **config).done()


def plain_image(*layers):
    """The same with layers that are not compressed, so that a tar in it can be looked at."""
    return makers.Oci().image(list(layers), form=makers.NONE).done()


GOOD = makers.tar(makers.file("a", "a"))
TREE = {"a": "file a"}


def parts(layers=(GOOD,)):
    """A layout, its layer and config descriptors, for cases that change one of them."""
    oci = makers.Oci()
    return oci, [oci.layer(x) for x in layers], oci.blob(makers.text(makers.config_of(list(layers))), "config.v1+json")


def finish(oci, layers, config, **more):
    return oci.tag(oci.manifest(layers, config), **more).done()
