#!/usr/bin/env python3
"""Execute a program as a container does whose list of calls refuses keyrings.

usage: without_keyctl.py PROGRAM [ARG]...    add_key, request_key and keyctl fail with EPERM
"""
import ctypes
import errno
import os
import platform
import struct
import sys

CALLS = {"x86_64": (248, 249, 250), "aarch64": (217, 218, 219)}[platform.machine()]
PR_SET_SECCOMP, MODE_FILTER = 22, 2
LOAD, JUMP_EQUAL, RETURN = 0x20, 0x15, 0x06
ALLOW, FAIL = 0x7fff0000, 0x00050000 | errno.EPERM


def instruction(code, yes, no, value):
    return struct.pack("HBBI", code, yes, no, value)


def main():
    lines = [instruction(LOAD, 0, 0, 0)]  # the number of the call
    for left, number in zip(range(len(CALLS), 0, -1), CALLS):
        lines.append(instruction(JUMP_EQUAL, left, 0, number))
    lines += [instruction(RETURN, 0, 0, ALLOW), instruction(RETURN, 0, 0, FAIL)]
    code = ctypes.create_string_buffer(b"".join(lines))
    program = struct.pack("HxxxxxxP", len(lines), ctypes.addressof(code))
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_SECCOMP, MODE_FILTER, program, 0, 0) != 0:
        sys.exit("cannot set a filter: " + os.strerror(ctypes.get_errno()))
    os.execvp(sys.argv[1], sys.argv[1:])


main()
