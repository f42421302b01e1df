"""Names and links that reach."""
import os

from cases import accepted, canary, case, image, plain_image, refused
from makers import END, entry, file, folder, header, link, padded, tar


@case("names")
def dots_at_the_front():
    """The oldest one."""
    return refused(image(tar(file("../x"))), "../x")


@case("names")
def dots_in_the_middle():
    """Inside in the end, refused all the same: no tool writes it."""
    return refused(image(tar(folder("a"), file("a/../../x"))), "a/../../x")


@case("names")
def dots_in_a_whiteout():
    """A removal outside."""
    return refused(image(tar(folder("a")), tar(entry("a/../../.wh.images"))), "..")


@case("names")
def absolute():
    """It begins at the image's top."""
    return accepted(image(tar(file("/a", "a"), file("//b//c", "c"), folder("/./d/."))),
                    {"a": "file a", "b": "folder", "b/c": "file c", "d": "folder"})


@case("names")
def of_the_top():
    """`.` and `./` are the top, whose mode lets everybody in."""
    return accepted(image(tar(folder(".", mode=0o700, mtime=77), folder("./"), file("./a", "a"))), {"a": "file a"})


@case("names")
def a_file_as_the_top():
    """Refused."""
    return refused(image(tar(file(".", "x"))), "top")


@case("names")
def through_a_link_that_stays_inside():
    """lib -> usr/lib, as every Debian image has it."""
    return accepted(image(tar(folder("usr"), folder("usr/lib"), link("lib", "usr/lib"), link("abs", "/usr/lib")),
                          tar(file("lib/a", "1"), file("abs/b", "2"), folder("lib/c"), file("abs/c/d", "3"))),
                    {"usr": "folder", "usr/lib": "folder", "usr/lib/a": "file 1", "usr/lib/b": "file 2",
                     "usr/lib/c": "folder", "usr/lib/c/d": "file 3", "lib": "link usr/lib", "abs": "link /usr/lib"})


@case("names")
def through_a_link_that_climbs():
    """Dots above the top end at the top of the image."""
    return accepted(image(tar(link("up", "../../../.."), file("up/a", "a"), folder("d"), link("d/up", "../../.."),
                              file("d/up/b", "b"))),
                    {"up": "link ../../../..", "a": "file a", "d": "folder", "d/up": "link ../../..", "b": "file b"})


@case("names")
def through_a_link_to_the_host():
    """An absolute link to a folder that only the host has."""
    return refused(image(tar(link("l", os.path.dirname(canary())), file("l/canary", "changed"))), "l/canary")


@case("names")
def through_a_chain_of_links_to_the_host():
    """One link after the other."""
    layer = tar(link("a", "b"), link("b", "../.." + os.path.dirname(canary())), file("a/canary", "changed"))
    return refused(image(layer), "a/canary")


@case("names")
def over_a_link_to_the_host():
    """The link is replaced, not followed."""
    return accepted(image(tar(link("l", canary()), file("l", "own"), link("m", canary())), tar(file("m", "own"))),
                    {"l": "file own", "m": "file own"})


@case("names")
def through_a_loop():
    """Links that lead to one another."""
    return refused(image(tar(link("a", "b"), link("b", "a"), file("a/x"))), "a/x")


@case("names")
def through_proc():
    """The magic links of the host's /proc are not there."""
    return refused(image(tar(link("p", "/proc/self/root"), file("p/tmp/x"))), "p/tmp/x")


@case("names")
def awkward_bytes():
    """Names are bytes, whatever they look like."""
    names = [b"new\nline", b"caf\xe9", b"\xff", b"n" * 255, b" ", b"-rf", b"\x1b[2J", b"a\\b", b"a:b", b"=",
             b"12 path=x"]
    return accepted(image(tar(*[file(n, b"%d" % k) for k, n in enumerate(names)])),
                    {n: "file %d" % k for k, n in enumerate(names)})


@case("names")
def longer_than_any_path():
    """A component of 256 bytes does not exist."""
    return refused(image(tar(file("x" * 256))), "x" * 100)


@case("names")
def two_thousand_bytes():
    """Paths may be long, as long as they are paths."""
    deep = ["%d" % n + "d" * 200 for n in range(10)]
    tree = {"/".join(deep[:n + 1]): "folder" for n in range(10)}
    tree["/".join(deep) + "/leaf"] = "file leaf"
    entries = [folder(path) for path in list(tree)[:10]]
    return accepted(image(tar(*entries, file("/".join(deep) + "/leaf", "leaf"))), tree)


@case("names")
def five_thousand_bytes():
    """Nothing on Linux could open it."""
    return refused(image(tar(file("/".join(["d" * 200] * 25)))), "d" * 50)


@case("names")
def two_hundred_folders_deep():
    """As node's modules once were."""
    deep = ["/".join(["d"] * (n + 1)) for n in range(200)]
    return accepted(image(tar(file(deep[-1] + "/f", "f"))), {**{d: "folder" for d in deep}, deep[-1] + "/f": "file f"})


@case("names")
def two_thousand_folders_deep():
    """Deeper than a walk may go."""
    return refused(image(tar(file("d/" * 2000 + "f"))), "deep")


@case("names")
def a_mount_point_that_is_a_link():
    """Engines mount there as root (CVE-2026-41579 of runc)."""
    return refused(image(tar(folder("x"), link("dev", "x"))), "/dev", "link")


@case("names")
def proc_that_is_a_link_out():
    """The same to a place of the host."""
    return refused(image(tar(link("proc", "/tmp"))), "/proc", "link")


@case("names")
def sys_that_became_a_file_above():
    """In the upper of two layers."""
    return refused(image(tar(folder("sys")), tar(file("sys"))), "/sys")


@case("names")
def a_mount_point_mended_above():
    """What counts is the merged tree."""
    return accepted(image(tar(link("dev", "/tmp")), tar(folder("dev"))), {"dev": "folder"})


@case("names")
def a_link_without_a_target():
    """No file system has it."""
    return refused(plain_image(header("l", kind=b"2") + END), "'l'")


@case("names")
def a_file_without_a_name():
    """An entry that cannot be put anywhere."""
    return refused(plain_image(header("") + padded(b"") + END), ("name", "top", "damaged"))
