"""Layers that replace, repeat and link."""
from cases import accepted, case, image, plain_image, refused
from makers import END, device, file, folder, hard, hide, link, tar


@case("layers")
def folder_over_file_and_file_over_folder():
    """In an upper layer."""
    return accepted(image(tar(file("a"), folder("b"), folder("b/c"), file("b/c/d"), link("e", "b")),
                          tar(folder("a"), file("a/x", "1"), file("b", "2"), folder("e"), file("e/y", "3"))),
                    {"a": "folder", "a/x": "file 1", "b": "file 2", "e": "folder", "e/y": "file 3"})


@case("layers")
def the_same_within_one_layer():
    """The last entry of a name counts, of any type."""
    return accepted(image(tar(file("a"), folder("a"), file("a/x", "1"), folder("b"), file("b/x"), file("b", "2"),
                              link("c", "b"), file("c", "3"), file("d", "one"), file("./d", "two"), file("d", "three"),
                              file("e"), link("e", "d"), folder("f"), link("f", "a"))),
                    {"a": "folder", "a/x": "file 1", "b": "file 2", "c": "file 3", "d": "file three", "e": "link d",
                     "f": "link a"})


@case("layers")
def a_folder_twice():
    """It stays the folder that it was; mode, owner, time and attributes are the last."""
    lower = tar(folder("a", mode=0o700, uid=7, pax_headers={"SCHILY.xattr.user.old": "1"}), file("a/x", "x"))
    return accepted(image(lower, tar(folder("a", mode=0o711, mtime=5, pax_headers={"SCHILY.xattr.user.new": "2"}))),
                    {"a": "folder", "a/x": "file x"})


@case("layers")
def file_below_a_file():
    """No tool makes it; the file gives way to the folder."""
    return accepted(image(tar(file("a")), tar(file("a/b", "b"))), {"a": "folder", "a/b": "file b"})


@case("layers")
def folders_that_no_entry_names():
    """They are made: 0755, root, 1970."""
    return accepted(image(tar(file("a/b/c", "c"))), {"a": "folder", "a/b": "folder", "a/b/c": "file c"})


@case("layers")
def hard_link_into_a_lower_layer():
    """One inode over two layers."""
    return accepted(image(tar(file("a", "a")), tar(hard("b", "a"), hard("d/e", "./a"))),
                    {"a": "file a", "b": "= a", "d": "folder", "d/e": "= a"})


@case("layers")
def hard_link_to_what_is_replaced_later():
    """The link keeps the old file."""
    return accepted(image(tar(file("a", "old"), hard("b", "a"), file("a", "new")), tar(file("c", "c"))),
                    {"a": "file new", "b": "file old", "c": "file c"})


@case("layers")
def hard_link_to_a_link():
    """The link gets a second name; what it names is not touched."""
    return accepted(image(tar(link("a", "/etc/passwd"), hard("b", "a"))), {"a": "link /etc/passwd", "b": "= a"})


@case("layers")
def hard_link_to_itself():
    """It must not be removed to make room for itself."""
    return accepted(image(tar(file("a", "a"), hard("a", "a"), hard("b", "a"), hard("b", "a"))),
                    {"a": "file a", "b": "= a"})


@case("layers")
def hard_link_to_nothing():
    """Refused, and named."""
    return refused(image(tar(file("a"), hard("b", "none"))), "'b'", "none")


@case("layers")
def hard_link_to_what_comes_later():
    """A tar is read once, in its order."""
    return refused(image(tar(hard("b", "later"), file("later"))), "'b'", "later")


@case("layers")
def hard_link_to_a_folder():
    """No file system has them."""
    return refused(image(tar(folder("d"), hard("b", "d"))), "'b'", "'d'")


@case("layers")
def hard_link_to_what_it_replaces():
    """Room for the name is made of the folder that holds the file."""
    return refused(image(tar(folder("a"), file("a/b"), hard("a", "a/b"))), "'a'", "'a/b'")


@case("layers")
def hard_link_to_a_hidden_file():
    """The whiteout acts first: there is nothing to link to."""
    return refused(image(tar(file("a")), tar(hard("b", "a"), hide("a"))), "'b'", "'a'")


@case("layers")
def hard_link_out():
    """By dots."""
    return refused(image(tar(hard("b", "../../../../etc/passwd"))), "'b'", "..")


@case("layers")
def hard_link_to_an_absolute_name():
    """The image's own top is meant."""
    return accepted(image(tar(folder("etc"), file("etc/passwd", "own"), hard("b", "/etc/passwd"))),
                    {"b": "file own", "etc": "folder", "etc/passwd": "= b"})


@case("layers")
def hard_link_through_a_link_out():
    """/etc of the host is not there."""
    return refused(image(tar(link("l", "/etc"), hard("b", "l/hostname"))), "'b'", "l/hostname")


@case("layers")
def hard_link_over_a_device():
    """What an image has no use for is missing, its other names too."""
    return accepted(image(tar(device("null"), hard("other", "null"), file("a", "a"), device("a"), device("b"),
                              file("b", "b"))),
                    {"b": "file b"})


@case("layers")
def attributes_go_with_their_file():
    """Set-id, capability and device that an upper layer replaced are not counted."""
    caps = {"pax_headers": {"SCHILY.xattr.security.capability": "\x01\0\0\x02\0 \0\0" + "\0" * 12}}
    lower = tar(file("a", mode=0o4755), file("b", **caps), device("c"), file("d", "d", mode=0o2755), hard("e", "d"),
                folder("f", mode=0o2755))
    return accepted(image(lower, tar(file("a", "a"), file("b", "b"), file("c", "c"))),
                    {"a": "file a", "b": "file b", "c": "file c", "d": "file d", "e": "= d", "f": "folder"})


@case("layers")
def what_was_dropped_gives_its_place():
    """Devices and set-id files that are replaced by folders that no entry names: an inode may come back."""
    names = ["n%02d" % n for n in range(20)]
    lower = tar(*[device(n) for n in names[:10]], *[file(n, mode=0o6755) for n in names[10:]])
    upper = tar(*[file(n + "/x", "x") for n in names])
    return accepted(image(lower, upper), {**{n: "folder" for n in names}, **{n + "/x": "file x" for n in names}})


@case("layers")
def nothing_in_a_layer():
    """As Docker's empty layer; a blob without a byte as well."""
    return accepted(plain_image(tar(file("a", "a")), END, b"", tar()), {"a": "file a"})


@case("layers")
def no_layers_at_all():
    """FROM scratch and no more: nothing could ever run in it, yet it is an image."""
    return accepted(image(), {})


@case("layers")
def three_hundred_layers():
    """More than any tool makes."""
    layers = [tar(file("f%d" % (n % 50), "%d" % n)) for n in range(300)]
    return accepted(plain_image(*layers), {"f%d" % n: "file %d" % (n + 250) for n in range(50)})
