#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""fingerprint.py - the fingerprint once more, written from ocifp-fingerprint(7) alone

    fingerprint.py tree PATH... [--arg NAME=VALUE]...
    fingerprint.py random SEED DIR      makes a small random tree with awkward names

An independent second opinion for the tests.
"""
import hashlib
import os
import random
import stat
import sys


def entries(path, named):
    info = os.stat(path) if named else os.lstat(path)
    if stat.S_ISDIR(info.st_mode):
        for name in os.listdir(path):
            if name not in (b".git", b".ocifp.lock"):
                yield from entries(path + b"/" + name, False)
    else:
        yield path, info


def line(path, info):
    if stat.S_ISLNK(info.st_mode):
        mode, content = b"120000", os.readlink(path)
    else:
        mode = b"100755" if info.st_mode & 0o100 else b"100644"
        with open(path, "rb") as file:
            content = file.read()
    digest = hashlib.sha256(content).hexdigest().encode()
    return b"%s %d %s %s\0" % (mode, len(content), digest, path)


def tree(paths, args):
    found = {path: info for named in paths for path, info in entries(named, True)}
    record = b"ocifp-tree-1\n" + b"".join(line(path, found[path]) for path in sorted(found))
    record += b"".join(b"arg %s\0" % arg for arg in sorted(args))
    return hashlib.sha256(record).hexdigest()


def make_random(seed, directory):
    source = random.Random(seed)
    names = [b"a", b"b c", b"-rf", b"n\nl", b"\xff\xfe", b"\xc3\xa9", b"z.", b"a.b", b"A"]
    for _ in range(source.randrange(1, 20)):
        depth = source.randrange(1, 4)
        path = os.path.join(os.fsencode(directory), *[source.choice(names) for _ in range(depth)])
        try:
            os.makedirs(os.path.dirname(path), exist_ok=True)
            if source.random() < 0.15:
                os.symlink(source.choice(names), path)
                continue
            with open(path, "xb") as file:
                file.write(source.randbytes(source.choice([0, 1, 2, 100, 5000])))
            os.chmod(path, source.choice([0o644, 0o755, 0o600, 0o700]))
        except OSError:
            pass


def main():
    if sys.argv[1] == "random":
        return make_random(int(sys.argv[2]), sys.argv[3])
    rest = [os.fsencode(text) for text in sys.argv[2:]]
    at = rest.index(b"--arg") if b"--arg" in rest else len(rest)
    return print(tree(rest[:at], [a for a in rest[at:] if a != b"--arg"]))


if __name__ == "__main__":
    main()
