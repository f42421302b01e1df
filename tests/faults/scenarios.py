"""What is graded while a call fails, and what is right of its result.

The programs are busybox's. The one that passes prints what confines it, so that a box whose
restriction was lost gets another output; others hit a limit, so that a limit that was lost gives
another verdict.
"""
import json
import os

SHOW = """#!/bin/sh
id
grep -E 'CapEff|CapBnd|NoNewPrivs|Seccomp:' /proc/self/status
cut -d ' ' -f 5,6 /proc/self/mountinfo
ls /dev /proc/sys /proc/net 2>&1
cut -d : -f 1 /proc/net/dev 2>&1
ulimit -a
hostname
cat hello.txt
for path in /x /proc/sys/kernel/core_pattern /dev/mem /sys/fs/cgroup/x; do echo x >$path; done 2>&1
exit 0
"""
CARD = """#!/bin/sh
ls /dev /proc/sys /proc/net 2>&1
cut -d : -f 1 /proc/net/dev
wget -qO - http://$MOULETTE_HOST:8080/ 2>&1
for to in $MOULETTE_HOST:8081 10.7.0.5:80; do nc -w 8 ${to%:*} ${to#*:} </dev/null 2>&1; done
"""
TASK = """{
  "name": "task", "image": "busybox", "limits": {"memory": "32M", "processes": 8},
  "build": [{"run": ["sh", "-c", "cp hello.txt copy.txt"]}],
  "tests": [
    {"name": "good", "run": ["cat", "copy.txt"], "stdout": "hello", "points": 3},
    {"name": "status", "run": ["sh", "-c", "exit 4"], "exit": 4},
    {"name": "wrong", "run": ["echo", "good bye"], "stdout": "hello", "points": 2},
    {"name": "memory", "run": ["dd", "if=/dev/zero", "of=/dev/null", "bs=100M", "count=1"]},
    {"name": "processes", "run": ["sh", "-c", "for i in 1 2 3 4 5 6 7 8 9; do sleep 60 & done"]},
    {"name": "signal", "run": ["sh", "-c", "kill -SEGV $$"]}
  ]
}
"""
ONE = '{"name": "one", "image": "busybox", "build": [], "tests": [{"name": "hello", "run": ["cat", "hello.txt"], "stdout": "hello"}]}\n'
PROFILE = '{"extends": "network", "moulette": {"network": {"allow": ["host:8080"]}}}\n'


def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as f:
        f.write(text)
    os.chmod(path, 0o644)


def make(folder):
    """Write what is handed in and asked. Return: {name: arguments of moulette}."""
    at = lambda *names: os.path.join(folder, *names)
    for name, hello in (("good", "hello\n"), ("bad", "HELLO\n"), ("third", "hello\n")):
        write(at("class", name, "hello.txt"), hello)
        write(at("class", name, "show.sh"), SHOW)
    write(at("class", "broken.zip"), "no archive\n")
    write(at("card", "card.sh"), CARD)
    write(at("card.json"), PROFILE)
    for name, text in (("task", TASK), ("one", ONE)):
        write(at(name, "assignment.json"), text)
        write(at(name, "hello"), "hello\n")
    write(at("www", "index.html"), "welcome\n")
    run = ["run", "-f", "json", "-i", "busybox"]
    return {
        "passes": run + [at("class", "good"), "--", "sh", "show.sh"],
        "wrong": ["run", "-f", "json", "-a", at("one"), at("class", "bad")],
        "tests": ["run", "-f", "json", "-a", at("task"), at("class", "good")],
        "card": run + ["-p", at("card.json"), at("card"), "--", "sh", "card.sh"],
        "batch": ["batch", "-f", "json", "-j", "2", "-a", at("one")]
                 + [at("class", n) for n in ("good", "bad", "broken.zip")],
    }


# What the undisturbed runs must give, so that the truth is not merely what was seen once.
EXPECTED = {
    "passes": (0, {"good": ("passed", ["passed"])}),
    "wrong": (1, {"bad": ("wrong_answer", ["wrong_answer"])}),
    "tests": (1, {"good": ("wrong_answer", ["passed", "passed", "passed", "wrong_answer", "memory_limit",
                                           "process_limit", "runtime_error"])}),
    "card": (1, {"card": ("runtime_error", ["runtime_error"])}),
    "batch": (0, {"good": ("passed", ["passed"]), "bad": ("wrong_answer", ["wrong_answer"]),
                  "broken": ("refused", [])}),
}


def facts(result):
    """What of a result may not depend on the host's troubles."""
    steps = []
    for s in result["steps"]:
        card = s["network"] and s["network"]["refused"]
        streams = [s[n] and (s[n]["bytes"], s[n]["text"]) for n in ("stdout", "stderr")]
        steps.append([s["name"], s["verdict"], s["fault"], s["exit_code"], s["signal"], s["points"], s["max_points"],
                      s["limit_hit"], streams, card])
    error = result["error"] and result["error"]["code"]
    return [result["verdict"], result["fault"], result["score"], result["max_score"], error, steps]


EXIT_CODE, SIGNAL = 3, 4  # of a step's facts


def completed(got, want):
    """got, where a status that was not measured (null) is what it should be: the counters of the kernel
    make a verdict without it when PID 1 of the box was lost."""
    for step, true_step in zip(got[-1], want[-1]):
        for i in (EXIT_CODE, SIGNAL):
            step[i] = true_step[i] if step[i] is None else step[i]
    return got


def parse(text):
    """{submission: result} of what `run` or `batch` printed; ValueError when it is not whole."""
    results, at, decoder = {}, 0, json.JSONDecoder()
    while text[at:].strip():
        at += len(text[at:]) - len(text[at:].lstrip())
        one, at = decoder.raw_decode(text, at)
        results[one["submission"]["name"]] = one
    return results


def as_expected(name, status, results):
    want_status, want = EXPECTED[name]
    return status == want_status and {
        n: (r["verdict"], [s["verdict"] for s in r["steps"]]) for n, r in results.items()} == want
