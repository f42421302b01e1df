"""Compressed streams in pieces, damaged, or swelling."""
import gzip
import struct

from cases import GOOD, Case, accepted, case, image, raw_file, refused
from makers import END, GZIP, NONE, Oci, config_of, file, folder, header, sha256, tar, write_tar, zstd


def blob_image(stored, unpacked, media="tar+gzip"):
    """An image of one layer, stored as these bytes."""
    oci = Oci()
    layer = oci.blob(stored, "layer.v1." + media)
    return oci.tag(oci.manifest([layer], config_of([unpacked]))).done()


@case("compression")
def members_of_gzip_in_a_row():
    """As pigz and estargz write it."""
    half = len(GOOD) // 2
    stored = b"".join(map(gzip.compress, (GOOD[:700], GOOD[700:half], GOOD[half:])))
    return accepted(blob_image(stored, GOOD), {"a": "file a"})


@case("compression")
def frames_of_zstd_in_a_row():
    """As zstd:chunked writes it, a skippable frame at the front, in the middle and at the end."""
    skip = struct.pack("<II", 0x184D2A50, 5) + b"skip!"
    stored = skip + zstd(GOOD[:700]) + skip + zstd(GOOD[700:]) + skip
    return accepted(blob_image(stored, GOOD, "tar+zstd"), {"a": "file a"})


@case("compression")
def frames_of_zstd_without_skips():
    """Two frames only."""
    return accepted(blob_image(zstd(GOOD[:700]) + zstd(GOOD[700:]), GOOD, "tar+zstd"), {"a": "file a"})


@case("compression")
def window_of_two_gibibytes():
    """zstd --long=31: one frame would take all memory."""
    # A frame of unknown size whose header says a window of 2 GiB (exponent 21), then one raw block.
    frame = b"\x28\xb5\x2f\xfd" + bytes([0, 21 << 3]) + struct.pack("<I", len(GOOD) << 3 | 1)[:3] + GOOD
    return refused(blob_image(frame, GOOD, "tar+zstd"), "layer")


@case("compression")
def window_of_eight_mebibytes():
    """What zstd itself may ask for."""
    frame = b"\x28\xb5\x2f\xfd" + bytes([0, 13 << 3]) + struct.pack("<I", len(GOOD) << 3 | 1)[:3] + GOOD
    return accepted(blob_image(frame, GOOD, "tar+zstd"), {"a": "file a"})


@case("compression")
def bomb():
    """128 MiB of zeros in a few KiB, above the limit."""
    big = header("zeros", 1 << 27) + bytes(1 << 27) + END
    stored = gzip.compress(header("zeros", 1 << 27)) + gzip.compress(bytes(1 << 24)) * 8 + gzip.compress(END)
    return refused(blob_image(stored, big), "max-size", options=["--max-size", "64M"])


@case("compression")
def bomb_behind_the_end():
    """The tar ends, the stream does not: 256 MiB of zeros that no entry keeps."""
    zeros = gzip.compress(bytes(1 << 26), 9)
    return refused(blob_image(gzip.compress(GOOD) + zeros * 4, GOOD), "layer", "max-size",
                   options=["--max-size", "16M"])


@case("compression")
def bomb_in_a_whiteout():
    """The same as data of an entry that has none."""
    zeros = gzip.compress(header(".wh.a", 1 << 28)) + gzip.compress(bytes(1 << 26), 9) * 4 + gzip.compress(END)
    return refused(blob_image(zeros, GOOD), "layer", "max-size", options=["--max-size", "16M"])


@case("compression")
def many_empty_members():
    """50,000 members of gzip without a byte in them."""
    return accepted(blob_image(gzip.compress(GOOD) + gzip.compress(b"", mtime=0) * 50_000, GOOD), {"a": "file a"})


@case("compression")
def broken_off():
    """Half of a gzip stream."""
    stored = gzip.compress(tar(file("a", bytes(range(256)) * 999)), 1)
    return refused(blob_image(stored[:len(stored) // 2], GOOD), "layer")


def spoilt(stored, at):
    data = bytearray(stored)
    data[at] ^= 1
    return bytes(data)


@case("compression")
def wrong_checksum_of_a_tree_in_gzip():
    """Nothing but the CRC would tell that a byte of the tree is another one."""
    stored = spoilt(gzip.compress(tar(folder("bin"), file("bin/a", "a"))), -8)
    return Case(lambda path: raw_file(path + ".tar.gz", stored), words=("damaged",))


@case("compression")
def wrong_checksum_of_a_tree_in_zstd():
    """Nothing but that would tell that a byte of the tree is another one."""
    stored = spoilt(zstd(tar(folder("bin"), file("bin/a", "a"))), -1)
    return Case(lambda path: raw_file(path + ".tar.zst", stored), words=("damaged",))


@case("compression")
def wrong_checksum_of_zstd():
    """The digests of the blob are right, its own checksum is not."""
    return refused(blob_image(spoilt(zstd(GOOD), -1), GOOD, "tar+zstd"), "layer")


@case("compression")
def compressed_twice():
    """One layer of gzip is undone, no more."""
    return refused(blob_image(gzip.compress(gzip.compress(GOOD)), gzip.compress(GOOD)), "layer")


@case("compression")
def media_type_that_says_nothing():
    """A layer called tar that is compressed: what it is counts."""
    return accepted(blob_image(gzip.compress(GOOD), GOOD, NONE), {"a": "file a"})


@case("compression")
def outer_bomb():
    """A compressed archive that unpacks to more than its limit."""
    def write(path):
        block = header("blobs/sha256/" + sha256(b""), 1 << 33)
        return raw_file(path + ".tar.gz", gzip.compress(block) + gzip.compress(bytes(1 << 26), 9) * 160)
    return Case(write, words=(("max-size", "bytes", "large", "more than", "damaged"),), options=["--max-size", "16M"])


@case("compression")
def outer_broken_off():
    """Half of a compressed archive."""
    def write(path):
        write_tar(path + ".tar.gz", image(tar(folder("d"), file("a", bytes(range(256)) * 999))), GZIP)
        with open(path + ".tar.gz", "rb") as f:
            data = f.read()
        return raw_file(path + ".tar.gz", data[:len(data) // 2])
    return Case(write, words=("damaged",))
