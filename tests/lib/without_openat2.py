#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""without_openat2.py [--unknown] [--call NUMBER] PROGRAM ARGUMENT... - where a filter answers EPERM to
openat2(2), or to the system call of that number, or ENOSYS, as a kernel does that does not know it"""
import ctypes
import os
import struct
import sys

OPENAT2 = 437
EPERM, ENOSYS = 1, 38
ALLOW, ERRNO = 0x7fff0000, 0x00050000
PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS, FILTER = 22, 38, 2


def instruction(code, yes, no, value):
    return struct.pack("HBBI", code, yes, no, value)


refusal = EPERM
if sys.argv[1:2] == ["--unknown"]:
    refusal = ENOSYS
    del sys.argv[1]
call = OPENAT2
if sys.argv[1:2] == ["--call"]:
    call = int(sys.argv[2])
    del sys.argv[1:3]
program = b"".join([
    instruction(0x20, 0, 0, 0),
    instruction(0x15, 0, 1, call),
    instruction(0x06, 0, 0, ERRNO | refusal),
    instruction(0x06, 0, 0, ALLOW),
])
buffer = ctypes.create_string_buffer(program)
filter_ = struct.pack("HL", len(program) // 8, ctypes.addressof(buffer))
libc = ctypes.CDLL(None, use_errno=True)
if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) or libc.prctl(PR_SET_SECCOMP, FILTER, filter_):
    sys.exit("no filter can be set: %s" % os.strerror(ctypes.get_errno()))
os.execvp(sys.argv[1], sys.argv[1:])
