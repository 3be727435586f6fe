#!/usr/bin/env python3
"""trees.py - two directory trees compared entry by entry

    trees.py list TREE                  one line an entry
    trees.py compare A B [--ignore WHAT,...]   differences; status 1 when there are any

Compared: type, mode, owner, size, mtime (nanoseconds), link target, device, extended attributes, link
count and content.  WHAT: owner, mtime, xattrs, links, root (the top directory's own), or directory-mtime.
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


def xattrs_of(path):
    try:
        return sorted((name, os.getxattr(path, name, follow_symlinks=False).hex())
                      for name in os.listxattr(path, follow_symlinks=False)
                      if name != "security.selinux")
    except OSError:
        return []


def facts_of(path, ignored):
    status = os.lstat(path)
    kind = stat.S_IFMT(status.st_mode)
    facts = {"type": oct(kind), "mode": oct(stat.S_IMODE(status.st_mode))}
    if "owner" not in ignored:
        facts["owner"] = (status.st_uid, status.st_gid)
    if "mtime" not in ignored and not (kind == stat.S_IFDIR and "directory-mtime" in ignored):
        facts["mtime"] = status.st_mtime_ns
    if "xattrs" not in ignored:
        facts["xattrs"] = xattrs_of(path)
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


def compare(a, b, ignored):
    left, right = read_tree(a, ignored), read_tree(b, ignored)
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
    ignored = set()
    if "--ignore" in words:
        at = words.index("--ignore")
        ignored = set(words[at + 1].split(","))
        del words[at:at + 2]
    if words[:1] == ["list"]:
        for path, facts in sorted(read_tree(words[1], ignored).items()):
            print(repr(path), facts)
        return 0
    if words[:1] == ["compare"] and len(words) == 3:
        return compare(words[1], words[2], ignored)
    return __doc__


sys.exit(main(sys.argv[1:]))
