#!/usr/bin/env python3
"""Faults of the host put into moulette's own system calls, one a case, and what must hold then.

A case is a scenario (what is graded), a place (which process), a call, an error that the kernel may
answer with (or a signal), and which occurrence of the call. `strace -e inject` does it. After each:

    the result is the right one, or exit status 3 says that the host is at fault and why; never another
    verdict, a fault of the student or of the assignment, exit status 2, a death, a hang of 90 s, a
    sanitizer's report. What an injected SIGKILL or SIGTERM does to the runner itself is its own status;
    `moulette gc` then works, and nothing of the run is left on the host or in the state folder;
    the next run, undisturbed, is right.

Cases are drawn from a seed and from the calls that an undisturbed run makes here: the same machine and
program draw the same. A failed case prints two commands that repeat it: from the seed, and by its name,
which does not depend on what else there is. A case whose call was not reached is skipped, as is one
that hit a program other than moulette's. Prints TAP, and the sum as the last line.

`make check` runs the short form: the cases of SHORT, by name, so that it is the same everywhere.
"""
import argparse
import collections
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True  # the source tree stays as it is
import oracle
import scenarios
import tracing

REPO = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
HOST_STATE = os.path.join(REPO, "tests", "e2e", "host_state.py")
HANG_S = 90
FIRST_SEED = 1
SIGNALS = 8  # one case of so many is a signal

Outcome = collections.namedtuple("Outcome", "status out err hangs")


class Case(collections.namedtuple("Case", "scenario place call what nth")):
    @property
    def signal(self):
        return self.what[7:] if self.what.startswith("signal=") else None

    def __str__(self):
        return "%s/%s/%s:%s:when=%d" % self

SHORT = (
    "passes/runner/mmap:error=ENOMEM:when=44",
    "passes/runner/access:error=EIO:when=7",
    "passes/runner/mkdir:error=EROFS:when=45",
    "passes/children/prctl:error=EPERM:when=1",
    "passes/children/fcntl:error=EMFILE:when=7",
    "passes/unpack/pread64:error=EIO:when=2",
    "wrong/runner/eventfd2:error=EMFILE:when=1",
    "wrong/runner/epoll_ctl:error=ENOMEM:when=2",
    "wrong/runner/linkat:error=EACCES:when=1",
    "wrong/runner/mount:error=EIO:when=13",
    "wrong/children/pipe2:error=ENFILE:when=1",
    "wrong/unpack/seccomp:error=ENOMEM:when=6",
    "tests/runner/setns:error=EPERM:when=10",
    "tests/runner/fstatfs:error=ENOMEM:when=10",
    "tests/runner/statx:error=EACCES:when=3",
    "tests/children/dup2:error=EBUSY:when=4",
    "tests/unpack/mmap:error=ENOMEM:when=30",
    "card/runner/flock:error=ENOLCK:when=14",
    "card/runner/umount2:error=ENOMEM:when=13",
    "card/runner/openat2:error=ENFILE:when=7",
    "card/children/setsockopt:error=EPERM:when=2",
    "batch/runner/write:error=EIO:when=1",
    "batch/runner/read:error=EIO:when=34",
    "batch/runner/wait4:error=EINTR:when=1",
    "batch/children/recvmsg:error=ENOMEM:when=6",
    "batch/unpack/sendmsg:error=EPERM:when=1",
)


def case_of(text):
    """The reverse of str(case)."""
    try:
        scenario, place, rest = text.split("/")
        call, what, when = rest.split(":")
        case = Case(scenario, place, call, what, int(when[len("when="):]))
    except ValueError:
        sys.exit("faults: '%s': expected SCENARIO/PLACE/CALL:error=NAME:when=N" % text)
    if scenario not in scenarios.EXPECTED or place not in tracing.PLACES:
        sys.exit("faults: '%s': scenarios are %s; places are %s"
                 % (text, ", ".join(scenarios.EXPECTED), ", ".join(tracing.PLACES)))
    return case


def draw(seed, n, censuses):
    """n cases; those of a smaller n are their beginning. Each call's turn comes before one comes again.

    A call that is made on one host and not on another changes its own case and few others: the order of
    all calls is drawn for each scenario and place, and what is not made there is passed over.
    """
    # The runner does most.
    turns = [(s, p) for s in scenarios.EXPECTED for p in ("runner", "children", "runner", "unpack", "runner", "init")]
    random.Random(seed).shuffle(turns)
    orders, cases = {}, []
    for i in range(n):
        scenario, place = turns[i % len(turns)]
        rng = random.Random("%d %d" % (seed, i))
        calls = censuses[scenario].calls(place)
        if (scenario, place) not in orders:
            names = sorted(tracing.ERRORS) + ["fcntl"]
            random.Random("%d %s %s" % (seed, scenario, place)).shuffle(names)
            orders[scenario, place] = names
        order = orders[scenario, place]
        call = next(name for name in order if name in calls)
        order.append(order.pop(order.index(call)))
        nth, errors = rng.choice(calls[call])
        if rng.random() < 1 / SIGNALS:
            what = "signal=" + ("SIGTERM" if place in ("runner", "children") and rng.random() < 0.5 else "SIGKILL")
        else:
            what = "error=" + rng.choice(errors)
        cases.append(Case(scenario, place, call, what, nth))
    return cases


class Bench:
    """The folder with all that a case needs; what it needs of the host."""

    def __init__(self, moulette, folder, hang_s):
        self.folder, self.hang_s = folder, hang_s
        self.log = os.path.join(folder, "log")
        self.home = os.path.join(folder, "home")
        self.plain = moulette
        self.scripted = tracing.tree(REPO, os.path.dirname(moulette), os.path.join(folder, "tree"))
        self.args = scenarios.make(os.path.join(folder, "data"))
        self.env = dict(os.environ, MOULETTE_HOME=self.home, TMPDIR=os.path.join(folder, "tmp"))
        # A leak checker is a tracer of its own, and there can be only one.
        self.env["ASAN_OPTIONS"] = self.env.get("ASAN_OPTIONS", "") + ":detect_leaks=0"
        self.env.pop("MOULETTE_PROFILES", None)
        os.mkdir(self.env["TMPDIR"])
        self.truth = {}
        self.server = None

    def serve(self):
        """What the card's program asks; in our network namespace, which nobody else sees."""
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        self.server = subprocess.Popen(["busybox", "httpd", "-f", "-p", "8080", "-h", os.path.join(self.folder, "data", "www")],
                                       stdin=subprocess.DEVNULL)

    def execute(self, words):
        """Run it; a hang is ended with all that it started."""
        with tempfile.TemporaryFile(dir=self.folder) as out, tempfile.TemporaryFile(dir=self.folder) as err:
            process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=out, stderr=err, env=self.env,
                                       start_new_session=True)
            hangs = False
            try:
                process.wait(self.hang_s)
            except subprocess.TimeoutExpired:
                hangs = True
                self.end_all(process)
            for f in (out, err):
                f.seek(0)
            texts = [f.read().decode("utf-8", "replace") for f in (out, err)]
        return Outcome(process.returncode, texts[0], texts[1], hangs)

    def end_all(self, process):
        """Workers have process groups of their own: what has our state folder in its environment is ours."""
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        mark = b"MOULETTE_HOME=" + self.home.encode()
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open("/proc/%s/environ" % pid, "rb") as f:
                    if mark in f.read().split(b"\0"):
                        os.kill(int(pid), signal.SIGKILL)
            except OSError:
                pass # it has ended

    def undisturbed(self, scenario):
        return self.execute([self.plain] + self.args[scenario])

    def learn(self, names):
        """What is right of these scenarios. The first runs make image and slot."""
        for name in names:
            self.undisturbed(name)
            got = self.truth[name] = self.undisturbed(name)
            if got.hangs or not scenarios.as_expected(name, got.status, scenarios.parse(got.out)):
                sys.exit("faults: undisturbed, '%s' is not as expected: status %d\n%s\n%s"
                         % (name, got.status, got.err, got.out))

    def census(self, name):
        """The calls that a scenario makes."""
        self.execute(["strace", "-f", "-Y", "-o", self.log, self.plain] + self.args[name])
        return tracing.Census(self.log)

    def disturbed(self, case):
        """Return: outcome, what was hit."""
        for _ in range(2): # a busy machine may be slow once
            if os.path.exists(self.log):
                os.unlink(self.log)
            if case.place == "unpack":
                real = os.path.join(os.path.dirname(self.plain), "moulette-unpack")
                words = ["strace", "-D", "-f", "-A", "-Y", "-o", self.log] \
                    + tracing.inject(case.call, case.what, case.nth) + [real]
                script = os.path.join(os.path.dirname(self.scripted), "moulette-unpack")
                with open(script + ".new", "w") as f:
                    f.write('#!/bin/sh\nexec %s "$@"\n' % " ".join("'%s'" % w for w in words))
                os.chmod(script + ".new", 0o755)
                os.rename(script + ".new", script)
            program = self.scripted if case.place == "unpack" else self.plain
            outcome = self.execute(tracing.prefix(case.place, self.log, case.call, case.what, case.nth)
                                   + [program] + self.args[case.scenario])
            if not outcome.hangs:
                break
        return outcome, list(tracing.hits(self.log, case.signal))

    def host_state(self, *args):
        return subprocess.run([sys.executable, HOST_STATE, *args], env=self.env, capture_output=True, text=True).stdout

    def remains(self):
        """What is left in the state folder, of names that an undisturbed run does not leave."""
        found = set()
        for top, folders, files in os.walk(self.home):
            below = os.path.relpath(top, self.home)
            if below.startswith("images/") and below.count("/") >= 2:
                folders.clear()
            if below != "logs":
                found.update(os.path.join(below, n) for n in folders + files)
        return found

    def left(self, before, names):
        """`gc`, and what it did not remove. Others' killed runs on this host are given time to be seen as theirs."""
        said = ""
        for _ in range(3):
            got = self.execute([self.plain, "gc"])
            if got.status != 0:
                return "gc: status %d: %s" % (got.status, got.err)
            said = self.host_state(before)
            new = sorted(self.remains() - names)
            if new:
                said += "new in the state folder: %s" % ", ".join(new)
            if not said:
                return None
            time.sleep(1)
        return said

    def check(self, case, before, names):
        """Return: (what is wrong or None, why it is no test or None, outcome, hits)."""
        outcome, hit = self.disturbed(case)
        truth = self.truth[case.scenario]
        strangers = sorted({program for program, _ in hit} - set(tracing.OURS))
        wrong = None if strangers else oracle.of_run(case, outcome, truth, hit)
        wrong = wrong or self.left(before, names)
        wrong = wrong or oracle.of_next(self.undisturbed(case.scenario), truth)
        no_test = "it was not reached" if not hit else "it hit %s" % ", ".join(strangers) if strangers else None
        return wrong, no_test, outcome, hit


def report(number, case, seed, wrong, no_test, outcome, hit):
    text = "%d - %s" % (number, case)
    if not wrong:
        print("ok %s%s" % (text, " # skip " + no_test if no_test else ""), flush=True)
        return
    lines = ["not ok " + text] + wrong.splitlines()
    if seed is not None:
        lines.append("again: make faults ARGS=\"--seed %s --only %d\"" % (seed, number))
    lines.append("again: make faults ARGS=\"--case '%s'\"" % str(case))
    lines += ["%s: %s" % h for h in hit[:3]]
    lines.append("exit status %s" % outcome.status)
    lines += ["stderr: " + line for line in outcome.err.splitlines()[:10]]
    print("\n# ".join(line[:400] for line in lines), flush=True)


def why_not(moulette):
    """Why no fault can be put into a call here, or None."""
    if os.geteuid() != 0:
        return "boxes are started by root"
    for program in ("strace", "ip", "busybox", os.environ.get("MOULETTE_ENGINE", "crun")):
        if not shutil.which(program):
            return program + " is not installed"
    tried = subprocess.run(["strace", "-f", "-Y", "-b", "execve", "-o", "/dev/null", "-e", "inject=getcwd:error=EIO:when=1",
                            moulette, "--version"], capture_output=True, text=True)
    return None if tried.returncode == 0 else "strace cannot trace here: %s" % (tried.stderr.strip().splitlines() or ["?"])[-1]


def options():
    p = argparse.ArgumentParser(prog="faults", description="Put faults of the host into moulette's system calls.")
    p.add_argument("--seed", type=int, default=FIRST_SEED, help="draw other cases (default %(default)s)")
    p.add_argument("-n", type=int, default=100, help="how many (default %(default)s)")
    p.add_argument("--only", type=int, metavar="I", help="of those, only the one with this number")
    p.add_argument("--case", action="append", metavar="CASE", help="these cases instead, by name")
    p.add_argument("--short", action="store_true", help="what `make check` runs: %d cases by name" % len(SHORT))
    p.add_argument("--hang", type=int, default=HANG_S, metavar="SECONDS", help="what takes so long hangs (default %(default)s)")
    p.add_argument("--list", action="store_true", help="print the cases, run none")
    return p.parse_args()


def main():
    opt = options()
    moulette = os.path.abspath(os.environ.get("MOULETTE", os.path.join(REPO, "build", "release", "moulette")))
    reason = why_not(moulette)
    if reason:
        print("1..1\nok 1 - faults # skip %s\n0 passed, 0 failed, 1 skipped" % reason)
        return 0
    # A network namespace of its own: links, rules and the server are seen by nobody else.
    if os.environ.get("MOULETTE_FAULTS_NETWORK") != str(os.getpid()):
        os.environ["MOULETTE_FAULTS_NETWORK"] = str(os.getpid())
        os.execvp("unshare", ["unshare", "--net", sys.executable] + sys.argv)
    seed, n = opt.seed, max(opt.n, opt.only or 0)
    named = [case_of(c) for c in SHORT if opt.short] + [case_of(c) for c in opt.case or []]
    counts = collections.Counter()
    folder = tempfile.mkdtemp(prefix="moulette-check-faults.")
    os.chmod(folder, 0o711)
    bench = Bench(moulette, folder, opt.hang)
    try:
        bench.serve()
        if named:
            bench.learn(sorted({c.scenario for c in named}))
            cases = named
        else:
            bench.learn(scenarios.EXPECTED)
            cases = draw(seed, n, {name: bench.census(name) for name in scenarios.EXPECTED})
        cases = [c for c in enumerate(cases, 1) if opt.only in (None, c[0])]
        if opt.list:
            print("\n".join("%d - %s" % c for c in cases))
            return 0
        before, names = os.path.join(folder, "before.json"), bench.remains()
        with open(before, "w") as f:
            f.write(bench.host_state())
        print("1..%d" % len(cases), flush=True)
        for number, case in cases:
            wrong, no_test, outcome, hit = bench.check(case, before, names)
            counts["failed" if wrong else "skipped" if no_test else "passed"] += 1
            report(number, case, None if named else seed, wrong, no_test, outcome, hit)
    finally:
        if bench.server:
            bench.server.kill()
            bench.server.wait()
        bench.execute([moulette, "gc"])
        shutil.rmtree(folder, ignore_errors=True)
    print("%d passed, %d failed, %d skipped" % (counts["passed"], counts["failed"], counts["skipped"]))
    return 1 if counts["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
