#!/usr/bin/env python3
"""Compares what moulette made of an archive with the reference.

usage: compare.py ARCHIVE NAME SHOW.json     an archive of images; NAME is what it was imported as
       compare.py --plain TAR SHOW.json      the tar of a tree
       compare.py --same TREE TREE           two folders (to check the reference by other tools)
       compare.py --reference ARCHIVE NAME TREE   what another tool unpacked, nothing dropped

SHOW.json is what `moulette image show NAME --json` printed. Differences are printed, at most 40;
the exit status is 1 when there are some.
"""
import json
import sys

import archive
import layers
from table import differences, scan, walk


def tree_and_drops(top, shown):
    expected, dropped = layers.kept(top)
    yield from differences(expected, scan(shown["rootfs"]))
    if shown["dropped"] != dropped:
        yield "dropped: expected %s, got %s" % (dropped, shown["dropped"])


def image(path, name, shown):
    made = archive.load(path, name)
    config = made.config.get("config") or {}
    wanted = {"layers": made.diff_ids, "user": config.get("User") or None,
              "working_dir": config.get("WorkingDir") or None, "env": config.get("Env") or []}
    for key, value in wanted.items():
        if shown[key] != value:
            yield "%s: expected %s, got %s" % (key, value, shown[key])
    yield from tree_and_drops(layers.merge(made.layers), shown)


def plain(path, shown):
    with open(path, "rb") as f:
        yield from tree_and_drops(layers.merge([archive.plain(f.read())], whiteouts=False), shown)


def report(lines):
    lines = list(lines)
    for line in lines[:40]:
        print(line)
    if len(lines) > 40:
        print("... and %d more" % (len(lines) - 40))
    return 1 if lines else 0


def main(words):
    if len(words) == 3 and words[0] == "--plain":
        with open(words[2]) as f:
            return report(plain(words[1], json.load(f)))
    if len(words) == 3 and words[0] == "--same":
        return report(differences(scan(words[1]), scan(words[2])))
    if len(words) == 4 and words[0] == "--reference":
        top = layers.merge(archive.load(words[1], words[2]).layers)
        return report(differences(dict(walk(top)), scan(words[3])))
    if len(words) == 3:
        with open(words[2]) as f:
            return report(image(words[0], words[1], json.load(f)))
    sys.exit(__doc__)


sys.exit(main(sys.argv[1:]))
