"""Tars whose headers lie or break off."""
from cases import GOOD, accepted, case, image, plain_image, refused
from makers import END, file, header, padded, tar


def pax(records, name="x", data=b""):
    return header("pax", len(records), b"x") + padded(records) + header(name, len(data)) + padded(data) + END


def record(key, value):
    """One line of a pax header: its length counts itself."""
    tail = b" " + key + b"=" + value + b"\n"
    length = len(tail) + 1
    while len(b"%d" % length) + len(tail) != length:
        length += 1
    return b"%d" % length + tail


@case("headers")
def wrong_checksum():
    """One byte of the header changed."""
    bad = bytearray(tar(file("a", "a"), file("b", "b")))
    bad[1024] ^= 1
    return refused(plain_image(bytes(bad)), "damaged")


@case("headers")
def negative_size():
    """In base 256."""
    return refused(plain_image(header("a", b"\xff" * 11 + b"\x9c") + END), ("damaged", "'a'"))


@case("headers")
def size_that_is_no_number():
    """Letters where octal digits belong."""
    return refused(plain_image(header("a", b"zzzzzzzzzzz") + padded(b"x") + END), ("damaged", "'a'", "layer"))


@case("headers")
def eight_exbibytes():
    """The largest size that a header can say."""
    return refused(plain_image(header("a", b"\x80\0\0\0\x7f" + b"\xff" * 7) + END), ("unpacked", "damaged"))


@case("headers")
def more_than_the_limit_by_claim():
    """Refused before the disk is filled."""
    return refused(plain_image(header("big", 8 << 30) + END), "max-size", options=["--max-size", "1G"])


@case("headers")
def more_than_the_limit_in_a_sparse_file():
    """Holes count: whoever reads the file meets them."""
    records = (record(b"GNU.sparse.major", b"1") + record(b"GNU.sparse.minor", b"0") +
               record(b"GNU.sparse.name", b"big") + record(b"GNU.sparse.realsize", b"8589934592"))
    data = b"1\n0\n1\n".ljust(512, b"\0") + b"x"
    return refused(plain_image(pax(records, data=data)), "max-size", options=["--max-size", "1G"])


@case("headers")
def the_limit_over_all_layers():
    """Each is below it, the sum is not."""
    layers = [tar(file("f%d" % n, bytes(600 << 10))) for n in range(2)]
    return refused(image(*layers), "max-size", options=["--max-size", "1M"])


@case("headers")
def exactly_the_limit():
    """The value itself is allowed."""
    return accepted(image(tar(file("a", b"a" * 1000)), tar(file("b", b"b" * 24))),
                    {"a": "file " + "a" * 1000, "b": "file " + "b" * 24}, options=["--max-size", "1K"])


@case("headers")
def sparse_map_behind_the_end():
    """An island beyond the size of the file."""
    records = (record(b"GNU.sparse.major", b"1") + record(b"GNU.sparse.minor", b"0") +
               record(b"GNU.sparse.name", b"s") + record(b"GNU.sparse.realsize", b"10"))
    data = b"1\n1000000000000\n1\n".ljust(512, b"\0") + b"x"
    return refused(plain_image(pax(records, data=data)), ("damaged", "unpacked", "'s'", "layer"),
                   options=["--max-size", "1G"])


@case("headers")
def sparse_map_with_a_negative_offset():
    """A write before the file."""
    records = (record(b"GNU.sparse.map", b"-512,512") + record(b"GNU.sparse.size", b"512") +
               record(b"GNU.sparse.name", b"s"))
    return refused(plain_image(pax(records, data=b"x" * 512)), ("damaged", "unpacked", "'s'", "layer"))


@case("headers")
def pax_length_beyond_the_header():
    """A record says that it is longer than all."""
    return refused(plain_image(pax(b"99999 path=x\n")), ("damaged", "layer"))


@case("headers")
def pax_without_length():
    """No record at all."""
    return refused(plain_image(pax(b"path=x\n")), ("damaged", "layer"))


@case("headers")
def long_name_of_two_gibibytes():
    """GNU's long name, as long as memory."""
    return refused(plain_image(header("././@LongLink", 2 << 30, b"L") + b"x" * 512), ("damaged", "layer"))


@case("headers")
def pax_header_of_a_gibibyte():
    """The same in pax."""
    return refused(plain_image(header("pax", 1 << 30, b"x") + b"x" * 512), ("damaged", "layer"))


@case("headers")
def owner_that_means_none():
    """4294967295 would leave the owner as it is."""
    return refused(plain_image(pax(record(b"uid", b"4294967295"))), "4294967295")


@case("headers")
def negative_owner():
    """No user has it."""
    return refused(plain_image(pax(record(b"gid", b"-1"))), ("-1", "damaged"))


@case("headers")
def broken_off_in_data():
    """The tar ends in the middle of a file."""
    return refused(plain_image(tar(file("a", bytes(5000)))[:3000]), ("damaged", "truncated"))


@case("headers")
def broken_off_in_a_header():
    """The tar ends in the middle of a header."""
    return refused(plain_image(GOOD[:1024 + 100]), "damaged")


@case("headers")
def without_its_end():
    """Two blocks of zeros are missing, as after `tar -A`; all entries are there."""
    return accepted(plain_image(GOOD[:1024]), {"a": "file a"})


@case("headers")
def something_behind_its_end():
    """It counts for the digest, not for the tree."""
    return accepted(plain_image(GOOD + b"rubbish" * 100), {"a": "file a"})


@case("headers")
def no_tar_at_all():
    """Text."""
    return refused(plain_image(b"this is no tar\n" * 100), "layer")


@case("headers")
def another_kind_of_archive():
    """A zip in place of a layer."""
    import io
    import zipfile
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as z:
        z.writestr("a", "a")
    return refused(plain_image(out.getvalue()), "layer")


@case("headers")
def a_type_that_nobody_knows():
    """POSIX: to be read as a file."""
    return accepted(plain_image(header("a", 1, b"Z") + padded(b"a") + END), {"a": "file a"})
