#!/usr/bin/env python3
"""Random stacks of layers over few names, so that nearly every entry meets another one.

usage: random_layers.py FIRST COUNT    seeds FIRST, FIRST + 1, ...; MOULETTE and MOULETTE_HOME as ever

What the reference refuses must be exit 2, all else must come out as the reference has it.
"""
import json
import os
import random
import subprocess
import sys
import tempfile

import layers
import makers
from table import differences, scan

TARGETS = ["a", "b", "c", "/a", "../b", "/", "..", "a/b", "x", "../../..", ".", "c/../b"]


def moulette(*words):
    done = subprocess.run([os.environ["MOULETTE"], "image", *words], stdin=subprocess.DEVNULL,
                          capture_output=True, timeout=60, check=False)
    return done.returncode, done.stdout.decode(), done.stderr.decode(errors="replace")


def path(dice):
    return "/".join(dice.choice("abc") for _ in range(dice.choice([1, 1, 1, 2, 2, 3, 5])))


def entry(dice):
    name, mtime = path(dice), dice.randrange(10 ** 9)
    xattr = {"pax_headers": {"SCHILY.xattr.user.k": str(mtime)}} if dice.random() < 0.4 else {}
    kind = dice.choices(["file", "folder", "link", "hard", "hide", "opaque", "device"], [30, 24, 12, 8, 15, 7, 4])[0]
    if kind == "file":
        return makers.file(name, str(mtime), mtime=mtime, mode=dice.choice([0o644, 0o4755, 0]), uid=dice.randrange(6))
    if kind == "folder":
        return makers.folder(name, mtime=mtime, mode=dice.choice([0o755, 0o2700]), **xattr)
    if kind == "link":
        return makers.link(name, dice.choice(TARGETS), mtime=mtime)
    if kind == "hard":
        return makers.hard(name, path(dice))
    if kind == "opaque":
        return makers.opaque(dice.choice(["", name, name]))
    return makers.hide(name) if kind == "hide" else makers.device(name)


def check(seed, archive):
    """Lines that say what is wrong."""
    dice = random.Random(seed)
    stack = [makers.tar(*[entry(dice) for _ in range(dice.randint(1, 9))]) for _ in range(dice.randint(1, 4))]
    makers.write_tar(archive, makers.Oci().image(stack, form=makers.NONE).done())
    status, _, said = moulette("import", "random", archive)
    try:
        table, dropped = layers.kept(layers.merge(stack))
    except layers.Refused as why:
        if status != 2:
            yield "expected a refusal (%s), got %d: %s" % (why, status, said)
        return
    if status != 0:
        yield "not accepted: %d: %s" % (status, said)
        return
    shown = json.loads(moulette("show", "random", "--json")[1])
    yield from differences(table, scan(shown["rootfs"]))
    if shown["dropped"] != dropped:
        yield "dropped: expected %s, got %s" % (dropped, shown["dropped"])


def main(words):
    wrong = 0
    with tempfile.TemporaryDirectory(prefix="random.") as folder:
        for seed in range(int(words[0]), int(words[0]) + int(words[1])):
            lines = list(check(seed, os.path.join(folder, "archive.tar")))
            wrong += bool(lines)
            print("".join("seed %d: %s\n" % (seed, line) for line in lines[:8]), end="")
    return 1 if wrong else 0


if len(sys.argv) != 3:
    sys.exit(__doc__)
sys.exit(main(sys.argv[1:]))
