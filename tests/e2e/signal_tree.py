#!/usr/bin/env python3
"""Send a signal to a command and to the processes below it, as they get it when a service is stopped.

usage: signal_tree.py all|last|group SIGNAL SEED COMMAND ARG...
  all    every process, in a random order; those that begin meanwhile get it as well (systemd, KillMode=control-group)
  last   the same, but the command only after the programs in its boxes have ended
  group  the process group of the command (^C at a terminal)

With an even SEED the moment is when a program in a box has begun, which is seen by its argument STEP_MARK;
with an odd one it is a random time after the start. The exit status is the command's as a shell has it: 128
and the number of the signal for one that was ended by it.
"""
import os
import random
import signal
import subprocess
import sys
import time

STEP_MARK = b"98765"
PATIENCE_S = 300


def tree(root):
    """Process ids of root and of all below it."""
    children = {}
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/stat") as stat:
                parent = int(stat.read().rsplit(")", 1)[1].split()[1])
        except OSError:
            continue
        children.setdefault(parent, []).append(int(name))
    found = [root]
    for pid in found:
        found += children.get(pid, [])
    return found


def is_step(pid):
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as line:
            return STEP_MARK in line.read().split(b"\0")[1:2]
    except OSError:
        return False


def steps_of(root):
    return [pid for pid in tree(root) if is_step(pid)]


def send(pid, signo):
    try:
        os.kill(pid, signo)
    except ProcessLookupError:
        pass


def wait_for(command, condition):
    end = time.monotonic() + PATIENCE_S
    while command.poll() is None and not condition():
        if time.monotonic() > end:
            command.kill()
            sys.exit("signal_tree: the command does not come so far")
        time.sleep(0.001)


def send_to_new(command, signo, told):
    pids = [pid for pid in tree(command.pid) if pid not in told]
    random.shuffle(pids)
    for pid in pids:
        send(pid, signo)
    told.update(pids)


def send_to_all(command, signo):
    told = set()
    while command.poll() is None:
        send_to_new(command, signo, told)
        time.sleep(0.001)


def send_to_command_last(command, signo):
    told = {command.pid}

    def are_steps_gone():
        send_to_new(command, signo, told)
        return not steps_of(command.pid)

    wait_for(command, are_steps_gone)
    send(command.pid, signo)


def send_to(whom, command, signo):
    if whom == "group":
        os.killpg(command.pid, signo)
    elif whom == "last":
        send_to_command_last(command, signo)
    else:
        send_to_all(command, signo)


def main():
    whom, signo, seed, argv = sys.argv[1], getattr(signal, "SIG" + sys.argv[2]), int(sys.argv[3]), sys.argv[4:]
    random.seed(seed)
    # A shell lets its background jobs ignore SIGINT.
    command = subprocess.Popen(argv, stdin=subprocess.DEVNULL, start_new_session=True,
                               preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
    if seed % 2:
        time.sleep(random.uniform(0, 0.2))
    else:
        wait_for(command, lambda: steps_of(command.pid))
    send_to(whom, command, signo)
    status = command.wait(PATIENCE_S)
    sys.exit(128 - status if status < 0 else status)


main()
