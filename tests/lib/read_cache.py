#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""read_cache.py LAYOUT TAG DIRECTORY - restores a cache, as ocifp-cache(5) says, by zstd(1)"""
import hashlib
import json
import os
import subprocess
import sys

LAYOUT, TAG, TO = sys.argv[1:]
TYPE = "application/vnd.ocifp.cache."


def blob(digest):
    with open(os.path.join(LAYOUT, "blobs", *digest.split(":")), "rb") as file:
        data = file.read()
    assert "sha256:" + hashlib.sha256(data).hexdigest() == digest
    return data


class Reader:
    def __init__(self, data):
        self.data, self.at = data, 0

    def bytes(self, count):
        self.at += count
        assert self.at <= len(self.data)
        return self.data[self.at - count:self.at]

    def number(self):
        value = shift = 0
        while True:
            byte = self.bytes(1)[0]
            value |= (byte & 0x7f) << shift
            shift += 7
            if byte < 0x80:
                return value

    def text(self):
        return self.bytes(self.number())

    def time(self):
        number = self.number()
        return (number >> 1 ^ -(number & 1)) * 10 ** 9 + self.number()

    def ended(self):
        return self.at == len(self.data)


def read_packs(table, chunks):
    """Adds the content of all chunks of a table to `chunks`."""
    while not table.ended():
        pack = "sha256:" + table.bytes(32).hex()
        content = Reader(subprocess.run(["zstd", "-dcq"], input=blob(pack), check=True, stdout=subprocess.PIPE).stdout)
        for _ in range(table.number()):
            digest, _, size = table.bytes(32), table.number(), table.number()
            chunks[digest] = content.bytes(size)
            assert hashlib.sha256(chunks[digest]).digest() == digest
        assert content.ended()


def read_streams(head):
    assert head.bytes(8) == b"ocifpC1\n"
    chunks, streams = {}, {}
    read_packs(Reader(head.text()), chunks)
    for _ in range(head.number()):
        kind = head.bytes(1)
        streams[kind] = Reader(b"".join(chunks[head.bytes(32)] for _ in range(head.number())))
    return streams


def restore(tree, chunks):
    def joined():
        parts = [(tree.bytes(32), tree.number()) for _ in range(tree.number())]
        assert all(len(chunks[digest]) == size for digest, size in parts)
        return b"".join(chunks[digest] for digest, _ in parts)

    directories = []
    while not tree.ended():
        kind = tree.bytes(1)
        if kind == b"B":
            bundle = Reader(joined())
            continue
        name = tree.text()
        if kind == b"R":
            root = os.path.join(os.fsencode(TO), name)
        elif kind == b"D":
            here = os.path.join(root, name) if name else root
            os.makedirs(here)
            mode = tree.number()
            directories.append((here, mode, tree.time()))
        elif kind == b"H":
            os.link(os.path.join(root, tree.text()), os.path.join(here, name))
        elif kind == b"L":
            when, path = tree.time(), os.path.join(here, name)
            os.symlink(tree.text(), path)
            os.utime(path, ns=(when, when), follow_symlinks=False)
        else:
            mode, when, size, path = tree.number(), tree.time(), tree.number(), os.path.join(here, name)
            content = bundle.bytes(size) if kind == b"S" else joined()
            assert len(content) == size
            with open(path, "wb") as file:
                file.write(content)
            os.chmod(path, mode)
            os.utime(path, ns=(when, when))
    for path, mode, when in reversed(directories):
        os.chmod(path, mode)
        os.utime(path, ns=(when, when))


with open(os.path.join(LAYOUT, "index.json"), encoding="utf-8") as index:
    named = {entry["annotations"]["org.opencontainers.image.ref.name"]: entry["digest"]
             for entry in json.load(index)["manifests"]}
layers = json.loads(blob(named[TAG]))["layers"]
assert layers[0]["mediaType"] == TYPE + "index.v1+zstd"
found = read_streams(Reader(subprocess.run(["zstd", "-dcq"], input=blob(layers[0]["digest"]), check=True,
                                           stdout=subprocess.PIPE).stdout))
contents = {}
for kind_of_packs in (b"C", b"E"):
    if kind_of_packs in found:
        read_packs(found[kind_of_packs], contents)
restore(found[b"T"], contents)
