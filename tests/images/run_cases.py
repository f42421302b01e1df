#!/usr/bin/env python3
"""Imports hostile and broken archives and checks what comes of each.

usage: run_cases.py [-v] GROUP [CASE]    whiteouts, layers, names, headers, compression, digests,
                                         members, documents, several
       run_cases.py --check              the reference itself against the trees that cases write down

MOULETTE is the program, MOULETTE_HOME a state folder of its own. A refusal is exit 2, says the
words, and leaves the store, its list and a file outside as they were. What is accepted has exactly
the tree of the case and of the reference, passes `image verify`, and leaves nothing after `rm`.
"""
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import traceback

import archive
import cases
# These fill cases.GROUPS.
import hostile_digests
import hostile_documents
import hostile_headers
import hostile_layers
import hostile_members
import hostile_names
import hostile_several
import hostile_streams
import hostile_whiteouts
import layers
import makers
from table import differences, link_groups, scan

HOME = os.environ.get("MOULETTE_HOME", "")


def moulette(*words):
    done = subprocess.run([os.environ["MOULETTE"], "image", *words], stdin=subprocess.DEVNULL,
                          capture_output=True, timeout=120, check=False)
    return done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")


def names_below(top):
    """Names and inodes, without times: a folder that was written to and cleaned is as before."""
    found = []
    for path, folders, files in os.walk(top):
        found += [os.path.join(path, n) for n in folders + files]
    return sorted(found)


def listing(table):
    """A table in the words of a case, the first name of a file by the alphabet."""
    said, first = {}, {}
    for group in link_groups(table):
        for path in group:
            first[path] = min(group)
    for path, node in sorted(table.items()):
        if path == b".":
            continue
        if first.get(path, path) != path:
            said[path] = b"= " + first[path]
        elif node.kind == "link":
            said[path] = b"link " + node.target
        elif node.kind == "file":
            said[path] = b"file " + node.sha256.encode()
        else:
            said[path] = node.kind.encode()
    return said


def wanted(tree):
    said = {}
    for path, what in tree.items():
        if what.startswith("file "):
            what = "file " + makers.sha256(what[5:].encode())
        said[path if isinstance(path, bytes) else path.encode()] = what.encode()
    return said


def compare_listings(want, got):
    for path in sorted(want.keys() | got.keys()):
        if want.get(path) != got.get(path):
            yield "%r: expected %r, got %r" % (path[-60:], want.get(path), got.get(path))


def expected(path, name):
    """By the reference: table and dropped. Plain trees are those that the archive reader does not know."""
    try:
        return layers.kept(layers.merge(archive.load(path, name).layers))
    except (KeyError, TypeError, ValueError, IndexError):
        with open(path, "rb") as f:
            return layers.kept(layers.merge([archive.plain(f.read())], whiteouts=False))


class Bench:
    """A folder for archives, with a canary beside it."""

    def __init__(self, folder):
        self.folder, self.number = folder, 0
        self.outside = os.path.join(folder, "outside")
        os.mkdir(self.outside)
        self.canary = os.environ["CANARY"] = os.path.join(self.outside, "canary")
        with open(self.canary, "w") as f:
            f.write("sings")

    def write(self, made):
        """The path of the archive."""
        self.number += 1
        return made.write(os.path.join(self.folder, "archive%d" % self.number))

    def state(self):
        with open(self.canary) as f:
            song = f.read()
        return [moulette("list", "--json"), names_below(HOME), song, names_below(self.outside)]


def check_refusal(made, status, said):
    if status != 2:
        yield "exit status: expected 2, got %d: %s" % (status, said.strip()[-400:])
        return
    for word in made.words:
        choices = word if isinstance(word, tuple) else (word,)
        if not any(c in said for c in choices):
            yield "the message lacks %s: %s" % (" or ".join(map(repr, choices)), said.strip()[-400:])
    if any(ord(c) < 32 and c != "\n" for c in said):
        yield "the message has control characters: %r" % said


def check_tree(made, path, status, said):
    if status != 0:
        yield "exit status: expected 0, got %d: %s" % (status, said.strip()[-400:])
        return
    shown = json.loads(moulette("show", made.name, "--json")[1])
    actual = scan(shown["rootfs"])
    yield from compare_listings(wanted(made.tree), listing(actual))
    table, dropped = expected(path, made.name)
    yield from differences(table, actual)
    if shown["dropped"] != dropped:
        yield "dropped: expected %s, got %s" % (dropped, shown["dropped"])
    status, _, said = moulette("verify", made.name)
    if status != 0:
        yield "verify: %d %s" % (status, said)
    status, _, said = moulette("rm", made.name)
    if status != 0:
        yield "rm: %d %s" % (status, said)


def run(bench, made):
    path = bench.write(made)
    before = bench.state()
    status, _, said = moulette("import", *made.options, made.name, path)
    if made.tree is None:
        yield from check_refusal(made, status, said)
    else:
        yield from check_tree(made, path, status, said)
    for was, now in zip(before, bench.state()):
        if was != now:
            yield "not as before: %s" % (sorted(set(now) ^ set(was)) if isinstance(was, list) else [was, now])
    shutil.rmtree(path) if os.path.isdir(path) else os.unlink(path)
    if made.tree is None and status == 0:
        moulette("rm", made.name)


def run_group(bench, functions, verbose):
    wrong = 0
    for function in functions:
        began = time.monotonic()
        try:
            lines = list(run(bench, function()))
        except subprocess.TimeoutExpired:
            lines = ["no end after 120 s"]
        except Exception:  # the next case is to be run all the same
            lines = [traceback.format_exc()]
        if lines:
            wrong += 1
            print("%s (%s)" % (function.__name__, function.__doc__.strip()))
            print("".join("    %s\n" % line for line in lines[:12]), end="")
        elif verbose:
            print("ok %s (%.2f s)" % (function.__name__, time.monotonic() - began))
    return wrong


def check_reference(bench):
    """Each tree that is written down against the reference."""
    wrong = 0
    for function in sum(cases.GROUPS.values(), []):
        made = function()
        if made.tree is None:
            continue
        path = bench.write(made)
        lines = list(compare_listings(wanted(made.tree), listing(expected(path, made.name)[0])))
        wrong += bool(lines)
        for line in lines:
            print("%s: %s" % (function.__name__, line))
    return wrong


def main(words):
    verbose = words[:1] == ["-v"]
    words = words[verbose:]
    with tempfile.TemporaryDirectory(prefix="cases.") as folder:
        bench = Bench(folder)
        if words == ["--check"]:
            return check_reference(bench)
        if not words or words[0] not in cases.GROUPS or not HOME:
            sys.exit(__doc__)
        functions = [f for f in cases.GROUPS[words[0]] if not words[1:] or f.__name__ == words[1]]
        # The store has its own folders after the first import.
        warm = bench.write(cases.accepted(cases.image(makers.tar(makers.file("warm"))), {}))
        moulette("import", "warm", warm)
        moulette("rm", "warm")
        return min(run_group(bench, functions, verbose), 100)


sys.exit(main(sys.argv[1:]))
