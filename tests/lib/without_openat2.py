#!/usr/bin/env python3
"""without_openat2.py PROGRAM ARGUMENT... - runs it where a filter answers EPERM to openat2(2)"""
import ctypes
import os
import struct
import sys

OPENAT2 = 437
EPERM = 1
ALLOW, ERRNO = 0x7fff0000, 0x00050000
PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS, FILTER = 22, 38, 2


def instruction(code, yes, no, value):
    return struct.pack("HBBI", code, yes, no, value)


program = b"".join([
    instruction(0x20, 0, 0, 0),
    instruction(0x15, 0, 1, OPENAT2),
    instruction(0x06, 0, 0, ERRNO | EPERM),
    instruction(0x06, 0, 0, ALLOW),
])
buffer = ctypes.create_string_buffer(program)
filter_ = struct.pack("HL", len(program) // 8, ctypes.addressof(buffer))
libc = ctypes.CDLL(None, use_errno=True)
if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) or libc.prctl(PR_SET_SECCOMP, FILTER, filter_):
    sys.exit("no filter can be set: %s" % os.strerror(ctypes.get_errno()))
os.execvp(sys.argv[1], sys.argv[1:])
