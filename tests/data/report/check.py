"""check.py - are results what their schema says, and is the schema as strict as it should be?

usage: check.py SCHEMA FILE...      every line of FILE.jsonl, else the whole of FILE, is one result
"""
import base64
import copy
import json
import sys

import jsonschema


def unique(pairs):
    keys = [k for k, _ in pairs]
    assert len(keys) == len(set(keys)), "a key stands twice: %s" % keys
    return dict(pairs)


def objects(value):
    """Every object below value."""
    if isinstance(value, dict):
        yield value
    for part in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from objects(part)


def check(validator, text, name):
    result = json.loads(text, object_pairs_hook=unique)
    for error in validator.iter_errors(result):
        sys.exit("%s: %s: %s" % (name, list(error.absolute_path), error.message[:200]))
    length = 0
    for step in result["steps"]:
        for stream in (step["stdout"], step["stderr"]):
            length += len(stream["text"].encode())
            if stream["encoding"] == "base64":
                base64.b64decode(stream["text"], validate=True)
    assert length <= 1 << 20, "%s: texts of %d bytes" % (name, length)


def strict(validator, text, name):
    """No key may be absent, none may be added."""
    whole = json.loads(text)
    for n, _ in enumerate(objects(whole)):
        keys = list(list(objects(whole))[n])
        for key in keys + [None]:
            other = copy.deepcopy(whole)
            part = list(objects(other))[n]
            if key is None:
                part["another"] = 1
            else:
                del part[key]
            assert not validator.is_valid(other), "%s: valid %s" % (name, "without " + key if key else "with more")


def main(schema, *files):
    with open(schema, encoding="utf-8") as f:
        schema = json.load(f)
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    for name in files:
        with open(name, encoding="utf-8") as f:
            text = f.read()
        for part in text.splitlines() if name.endswith(".jsonl") else [text]:
            check(validator, part, name)
        if name.endswith("strict.json"):
            strict(validator, text, name)


main(*sys.argv[1:])
