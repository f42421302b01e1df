"""What a layer takes away from those below it, and what it must not."""
from cases import GOOD, accepted, case, image, refused
from makers import entry, file, folder, hard, hide, link, opaque, tar


@case("whiteouts")
def below_a_link_of_the_same_layer():
    """umoci goes through the link and deletes other/two."""
    lower = tar(folder("dir"), file("dir/one"), file("dir/two"), folder("other"), file("other/two", "kept"))
    return accepted(image(lower, tar(link("dir", "other"), hide("dir/two"))),
                    {"dir": "link other", "other": "folder", "other/two": "file kept"})


@case("whiteouts")
def below_a_link_of_the_same_layer_that_comes_last():
    """The order within a layer means nothing to a whiteout."""
    return accepted(image(tar(folder("dir"), file("dir/two"), folder("other"), file("other/two", "kept")),
                          tar(hide("dir/two"), link("dir", "other"))),
                    {"dir": "link other", "other": "folder", "other/two": "file kept"})


@case("whiteouts")
def through_a_link_of_a_lower_layer():
    """A name below a link is another folder's."""
    return accepted(image(tar(folder("usr"), folder("usr/lib"), file("usr/lib/x", "kept"), link("lib", "usr/lib")),
                          tar(hide("lib/x"), opaque("lib"))),
                    {"usr": "folder", "usr/lib": "folder", "usr/lib/x": "file kept", "lib": "link usr/lib"})


@case("whiteouts")
def through_an_absolute_link():
    """On the host it would lead out of the image."""
    return accepted(image(tar(folder("etc"), file("etc/passwd", "kept"), link("out", "/etc"), link("up", "../../etc")),
                          tar(hide("out/passwd"), hide("up/passwd"), opaque("out"), opaque("up"))),
                    {"etc": "folder", "etc/passwd": "file kept", "out": "link /etc", "up": "link ../../etc"})


@case("whiteouts")
def of_a_link_itself():
    """The link goes, not what it names."""
    return accepted(image(tar(folder("d"), file("d/x", "kept"), link("l", "d")), tar(hide("l"))),
                    {"d": "folder", "d/x": "file kept"})


@case("whiteouts")
def of_a_name_that_the_layer_adds():
    """Whiteouts act on lower layers only, wherever they stand."""
    lower = tar(file("a", "old"), file("b", "old"), folder("c"), file("c/old"), folder("d"), file("d/old"))
    upper = tar(hide("a"), file("a", "new"), file("b", "new"), hide("b"), folder("c"), file("c/new", "c"), hide("c"),
                hide("d"), folder("d"), file("d/new", "d"))
    return accepted(image(lower, upper), {"a": "file new", "b": "file new", "c": "folder", "c/new": "file c",
                                          "d": "folder", "d/new": "file d"})


@case("whiteouts")
def opaque_after_and_before_entries():
    """Its own entries stay, above and below the mark."""
    lower = tar(folder("a"), file("a/old"), folder("a/sub"), file("a/sub/old"), folder("b"), file("b/old"))
    upper = tar(folder("a"), file("a/first", "1"), opaque("a"), file("a/second", "2"), opaque("b"), file("b/new", "3"))
    return accepted(image(lower, upper), {"a": "folder", "a/first": "file 1", "a/second": "file 2", "b": "folder",
                                          "b/new": "file 3"})


@case("whiteouts")
def opaque_folder_that_only_lower_layers_have():
    """Without an entry for the folder itself it keeps what it is."""
    return accepted(image(tar(folder("a", mode=0o700), file("a/old"), folder("a/sub")), tar(opaque("a"))),
                    {"a": "folder"})


@case("whiteouts")
def opaque_top():
    """The whole lower tree goes."""
    return accepted(image(tar(file("a"), folder("b"), file("b/x")), tar(opaque(""), file("c", "c"))), {"c": "file c"})


@case("whiteouts")
def at_the_top():
    """With and without a leading ./"""
    return accepted(image(tar(file("a"), file("b"), file("c", "c")), tar(hide("a"), entry("./.wh.b"), entry("/.wh.d"))),
                    {"c": "file c"})


@case("whiteouts")
def of_nothing():
    """A layer that is rebased hides what is not there any more."""
    return accepted(image(tar(file("a", "a")), tar(hide("b"), hide("no/such/thing"), opaque("none"), hide("a/x"))),
                    {"a": "file a"})


@case("whiteouts")
def in_the_lowest_layer():
    """Nothing is below it."""
    return accepted(image(tar(hide("a"), file("a", "a"), opaque("b"), folder("b"), file("b/x", "x"))),
                    {"a": "file a", "b": "folder", "b/x": "file x"})


@case("whiteouts")
def hidden_and_back_again():
    """Three layers: there, hidden, there; nothing of the first comes back."""
    return accepted(image(tar(folder("a"), file("a/one")), tar(hide("a")), tar(folder("a"), file("a/two", "2"))),
                    {"a": "folder", "a/two": "file 2"})


@case("whiteouts")
def as_a_folder_or_link():
    """The name says what it is, whatever its type."""
    return accepted(image(tar(file("a"), file("b"), file("c", "c")), tar(folder(".wh.a"), link(".wh.b", "c"))),
                    {"c": "file c"})


@case("whiteouts")
def marks_of_aufs():
    """Left by old daemons; they hide nothing."""
    upper = tar(folder(".wh..wh.plnk"), file(".wh..wh.plnk/1.2"), file(".wh..wh.aufs"), folder(".wh..wh.orph"))
    return accepted(image(tar(file("a", "a")), upper), {"a": "file a"})


@case("whiteouts")
def without_a_name():
    """What would it hide?"""
    return refused(image(tar(file("a")), tar(entry("a/.wh."))), ".wh.")


@case("whiteouts")
def of_the_folder_itself():
    """`.wh..` would be the folder that it lies in."""
    return refused(image(tar(folder("a"), file("a/b")), tar(entry("a/.wh.."))), "a/.wh..")


@case("whiteouts")
def of_the_parent():
    """`.wh...` would be the folder above."""
    return refused(image(tar(folder("a"), file("a/b")), tar(entry("a/.wh..."))), "a/.wh...")


@case("whiteouts")
def of_a_name_with_a_newline():
    """Names are bytes."""
    return accepted(image(tar(file("a\nb"), file(b"caf\xe9"), file("n" * 251, "n"), file("k", "k")),
                          tar(hide("a\nb"), entry(b".wh.caf\xe9"), hide("n" * 251))), {"k": "file k"})


LONGEST = "n" * 255


@case("whiteouts")
def of_the_longest_names():
    """Four bytes more than a file's name may have; umoci writes such."""
    lower = tar(folder("d"), file("d/" + LONGEST), file("n" * 252), file("n" * 254), file(LONGEST), file("k", "k"))
    return accepted(image(lower, tar(hide("d/" + LONGEST), hide("n" * 252), hide("n" * 254), hide(LONGEST))),
                    {"d": "folder", "k": "file k"})


@case("whiteouts")
def of_the_longest_path():
    """A mark makes the path longer than a path may be."""
    parts = [letter * 255 for letter in "abcdefghijklmnop"]
    folders = [folder("/".join(parts[:n])) for n in range(1, 16)]
    lower = tar(*folders, file("/".join(parts)), file("k", "k"))
    return accepted(image(lower, tar(hide("/".join(parts))), tar(hide(parts[0]))), {"k": "file k"})


@case("whiteouts")
def opaque_at_the_longest_path():
    """The folder's own path has nearly all bytes that a path may have."""
    parts = [letter * 255 for letter in "abcdefghijklmnop"]
    folders = [folder("/".join(parts[:n])) for n in range(1, 17)]
    return accepted(image(tar(*folders, file("k", "k")), tar(opaque("/".join(parts))), tar(hide(parts[0]))),
                    {"k": "file k"})


@case("whiteouts")
def of_a_name_that_no_file_has():
    """One byte more than the longest."""
    return refused(image(GOOD, tar(hide("n" * 256))), "too long")


@case("whiteouts")
def of_a_name_that_hides_nothing_below():
    """A folder's name may not be longer for being called like a mark."""
    return refused(image(GOOD, tar(file(".wh." + LONGEST + "/x"))), "too long")


@case("whiteouts")
def of_one_hard_link():
    """The other names stay."""
    return accepted(image(tar(file("a", "linked"), hard("b", "a"), hard("c", "a")), tar(hide("a"))),
                    {"b": "file linked", "c": "= b"})


DEEP = [*[folder("a" + "/d" * n) for n in range(8)], *[file("a/d/d/d/f%d" % n) for n in range(9)], file("a/d/x"),
        file("a/d/d/d/d/d/d/d/leaf")]


@case("whiteouts")
def of_a_tree_of_many_folders():
    """As `rm -r` of documentation leaves it."""
    return accepted(image(tar(*DEEP, file("k", "k")), tar(hide("a"))), {"k": "file k"})


@case("whiteouts")
def opaque_over_many_folders():
    """All that is below goes; the mark may stand at any depth."""
    return accepted(image(tar(*DEEP), tar(opaque("a"), file("a/new", "n")), tar(*DEEP), tar(opaque("a/d/d"))),
                    {"a": "folder", "a/new": "file n", "a/d": "folder", "a/d/x": "file x", "a/d/d": "folder"})


@case("whiteouts")
def a_file_over_many_folders():
    """The whole tree gives way."""
    return accepted(image(tar(*DEEP), tar(file("a", "a"))), {"a": "file a"})
