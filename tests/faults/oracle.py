"""Is what came out right? Each function returns the first thing that is wrong, or None."""
import re
import signal

import scenarios

SANITIZER = re.compile(r"ERROR: \w+Sanitizer|runtime error: |SUMMARY: \w+Sanitizer")
# A message names what failed: more than a prefix.
MESSAGE = re.compile(r"^(moulette: )?.*[a-z]{3}.* .*[a-z]{2}", re.M)


def difference(got, truth):
    """The first facts that are not the same, short enough for a line."""
    if not isinstance(got, list) or not isinstance(truth, list) or len(got) != len(truth):
        return "expected %s, got %s" % (truth, got)
    return next((difference(g, t) for g, t in zip(got, truth) if g != t), "nothing")


def of_result(name, got, truth):
    """One submission's result: the truth, or that the host is at fault."""
    want = scenarios.facts(truth)
    found = scenarios.completed(scenarios.facts(got), want)
    if found == want:
        return None
    if got["verdict"] != "internal_error":
        return "%s: the result is another than undisturbed: %s" % (name, difference(found, want))
    if got["fault"] != "infrastructure":
        return "%s: a fault of the host is called one of the %s" % (name, got["fault"])
    if got["score"] is not None:
        return "%s: internal_error with a score" % name
    if not (got["error"] and got["error"]["message"]):
        return "%s: internal_error without a cause" % name
    true_steps = {s["name"]: s for s in truth["steps"]}
    for step in got["steps"]:
        allowed = ("internal_error", "skipped", true_steps.get(step["name"], {}).get("verdict"))
        if step["verdict"] not in allowed:
            return "%s: step '%s' is %s" % (name, step["name"], step["verdict"])
        if step["verdict"] == "internal_error" and step["fault"] != "infrastructure":
            return "%s: step '%s': a fault of the host is called one of the %s" % (name, step["name"], step["fault"])
    return None


def of_next(outcome, truth):
    """An undisturbed run after the disturbed one."""
    try:
        got, want = scenarios.parse(outcome.out), scenarios.parse(truth.out)
    except (ValueError, KeyError):
        return "the next run gives no result: status %d, %s" % (outcome.status, outcome.err)
    for name in want:
        if name not in got:
            return "the next run has no result of '%s'" % name
        if scenarios.facts(got[name]) != scenarios.facts(want[name]):
            return "the next run is not right: '%s': %s; %s" % (name, difference(
                scenarios.facts(got[name]), scenarios.facts(want[name])), got[name]["error"])
    return None if outcome.status == truth.status else "the next run has exit status %d" % outcome.status


def of_run(case, outcome, truth, hit):
    """outcome and truth: .status, .out, .err; hit: the (program, line) pairs that were disturbed."""
    status, said = outcome.status, outcome.err
    found = SANITIZER.search(said + outcome.out)
    if found:
        return "a sanitizer reports: " + found.group(0)
    if outcome.hangs:
        return "it hangs"
    if case.signal:
        number = getattr(signal, case.signal)
        # The runner's own death, which nothing can be said about; what lasts is looked at later.
        if number == signal.SIGKILL and status == -number and case.place in ("runner", "children"):
            return None
        if number == signal.SIGTERM and status in (-number, 128 + number):
            return None
    if status < 0:
        return "it dies by %s" % signal.Signals(-status).name
    if status not in (truth.status, 3):
        return "exit status %d" % status
    try:
        results = scenarios.parse(outcome.out)
    except (ValueError, KeyError):
        results = None
    want = scenarios.parse(truth.out)
    for name, got in (results or {}).items():
        bad = of_result(name, got, want[name]) if name in want else "a result of '%s'" % name
        if bad:
            return bad
    if status == truth.status:
        if results is None or set(results) != set(want):
            return "exit status %d without a whole report" % status
        if any(r["verdict"] == "internal_error" for r in results.values()):
            return "exit status %d with internal_error" % status
        return None
    silent = any(line.startswith("write(2,") or line.startswith("write(2<") for _, line in hit)
    if not results and not MESSAGE.search(said) and not silent:
        return "exit status 3 without a word"
    if results and all(r["verdict"] != "internal_error" for r in results.values()) and not MESSAGE.search(said) \
            and not silent:
        return "exit status 3 without a cause"
    return None
