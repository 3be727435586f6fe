#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""describe_tree.py DIRECTORY: one line for all that a layer says of each file below it."""
import hashlib, os, stat, sys

root = sys.argv[1]
first_names = {}


def describe(path, name):
    status = os.lstat(path)
    line = [name, stat.filemode(status.st_mode), status.st_uid, status.st_gid, int(status.st_mtime)]
    if stat.S_ISLNK(status.st_mode):
        line.append(os.readlink(path))
    elif stat.S_ISREG(status.st_mode):
        line.append(hashlib.sha256(open(path, "rb").read()).hexdigest()[:16])
    if not stat.S_ISDIR(status.st_mode) and status.st_nlink > 1:
        line.append("as " + first_names.setdefault((status.st_dev, status.st_ino), name))
    if not stat.S_ISLNK(status.st_mode):
        kept = [x for x in sorted(os.listxattr(path)) if x.startswith("user.") and "overlay" not in x]
        line += [f"{x}={os.getxattr(path, x)!r}" for x in kept]
    print(*line)


for folder, folders, files in os.walk(root):
    folders.sort()
    for entry in sorted(folders + files):
        path = os.path.join(folder, entry)
        describe(path, ascii(os.path.relpath(path, root)))
