#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""trees.py - two directory trees compared entry by entry

    trees.py list TREE                  one line an entry
    trees.py compare A B [OPTION...]    differences; status 1 when there are any
        --ignore WHAT,...   owner, mtime, xattrs, links, root (the top directory's own), capabilities, or
                            directory-mtime
        --ranges UID:FIRST  B has subordinate ids: UID is 0, FIRST is 1, and so on
        --owners FILE       B has one owner; whose its files should be is in FILE (ocifp-unpack(1))

Compared: type, mode, owner, size, mtime (nanoseconds), link target, device, extended attributes, link
count and content.
"""
import hashlib
import os
import stat
import sys


def content_of(path):
    digest = hashlib.sha256()
    with open(path, "rb", buffering=0) as file:
        while True:
            piece = file.read(1 << 20)
            if not piece:
                return digest.hexdigest()
            digest.update(piece)


CAPABILITY = "security.capability"


def xattrs_of(path, dropped):
    try:
        return sorted((name, plain_capability(os.getxattr(path, name, follow_symlinks=False)).hex()
                       if name == CAPABILITY else os.getxattr(path, name, follow_symlinks=False).hex())
                      for name in os.listxattr(path, follow_symlinks=False)
                      if name not in dropped)
    except OSError:
        return []


def plain_capability(value):
    """Without the user namespace that it is for: struct vfs_ns_cap_data as vfs_cap_data."""
    revision = int.from_bytes(value[:4], "little")
    if revision >> 24 != 3:
        return value
    return (2 << 24 | revision & 0xffffff).to_bytes(4, "little") + value[4:20]


def facts_of(path, ignored):
    status = os.lstat(path)
    kind = stat.S_IFMT(status.st_mode)
    facts = {"type": oct(kind), "mode": oct(stat.S_IMODE(status.st_mode))}
    if "owner" not in ignored:
        facts["owner"] = (status.st_uid, status.st_gid)
    if "mtime" not in ignored and not (kind == stat.S_IFDIR and "directory-mtime" in ignored):
        facts["mtime"] = status.st_mtime_ns
    if "xattrs" not in ignored:
        facts["xattrs"] = xattrs_of(path, {"security.selinux"} |
                                    ({CAPABILITY} if "capabilities" in ignored else set()))
    if kind == stat.S_IFLNK:
        facts["target"] = os.readlink(path)
        del facts["mode"]
    if kind in (stat.S_IFCHR, stat.S_IFBLK):
        facts["device"] = (os.major(status.st_rdev), os.minor(status.st_rdev))
    if kind == stat.S_IFREG:
        facts["size"] = status.st_size
        facts["content"] = content_of(path)
    if kind != stat.S_IFDIR and "links" not in ignored:
        facts["links"] = status.st_nlink
    return facts


def read_tree(root, ignored):
    root = os.fsencode(root)
    tree = {} if "root" in ignored else {b".": facts_of(root, ignored)}
    pending = [b""]
    while pending:
        folder = pending.pop()
        for name in os.listdir(os.path.join(root, folder)):
            path = os.path.join(folder, name)
            tree[path] = facts_of(os.path.join(root, path), ignored)
            if tree[path]["type"] == oct(stat.S_IFDIR):
                pending.append(path)
    return tree


def map_ranges(tree, words):
    """The owners as they are within."""
    uid, first = map(int, words.split(":"))
    for facts in tree.values():
        facts["owner"] = tuple(0 if one == uid else one - first + 1 for one in facts["owner"])


def read_owners(tree, path):
    """The owners as the record has them."""
    for facts in tree.values():
        facts["owner"] = (0, 0)
    with open(path, "rb") as file:
        for line in file.read().split(b"\0")[:-1]:
            word, uid, gid, name = line.split(b" ", 3)
            if word == b"owner" and (name or b".") in tree:
                tree[name or b"."]["owner"] = (int(uid), int(gid))


def share_owners(tree, root):
    """A file of several names has the owner that any of them has in the record."""
    inodes = {}
    for path in tree:
        inodes.setdefault(os.lstat(os.path.join(os.fsencode(root), path)).st_ino, []).append(path)
    for paths in inodes.values():
        owner = max(tree[path]["owner"] for path in paths)
        for path in paths:
            tree[path]["owner"] = owner


def compare(a, b, ignored, ranges=None, owners=None):
    left, right = read_tree(a, ignored), read_tree(b, ignored)
    if ranges:
        map_ranges(right, ranges)
    if owners:
        read_owners(right, owners)
        share_owners(right, b)
    lines = []
    for path in sorted(left.keys() | right.keys()):
        if path not in right:
            lines.append("%r: only in %s" % (path, a))
        elif path not in left:
            lines.append("%r: only in %s" % (path, b))
        elif left[path] != right[path]:
            for key in sorted(left[path].keys() | right[path].keys()):
                if left[path].get(key) != right[path].get(key):
                    lines.append("%r: %s: %s, %s" % (path, key, left[path].get(key),
                                                     right[path].get(key)))
    print("\n".join(lines[:200]) if lines else "%d entries, equal" % len(left))
    return 1 if lines else 0


def main(words):
    options = {}
    for name in ("--ignore", "--ranges", "--owners"):
        if name in words:
            at = words.index(name)
            options[name] = words[at + 1]
            del words[at:at + 2]
    ignored = set(options.get("--ignore", "").split(","))
    if words[:1] == ["list"]:
        for path, facts in sorted(read_tree(words[1], ignored).items()):
            print(repr(path), facts)
        return 0
    if words[:1] == ["compare"] and len(words) == 3:
        return compare(words[1], words[2], ignored, options.get("--ranges"), options.get("--owners"))
    return __doc__


sys.exit(main(sys.argv[1:]))
