#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A cache as ocifp-cache(5) specifies it, honest or hostile, in an OCI layout.

    mkcache.py LAYOUT TAG FILE.json

FILE.json: {"entries": [...], "chunks": {NAME: TEXT}, ...}; see write_cache().  Nothing of ocifp is
used: the frames are of zstd's raw blocks.
"""

import hashlib
import json
import os
import sys


def number(value):
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def signed(value):
    return number(value * 2 if value >= 0 else -value * 2 - 1)


def text(value):
    data = value.encode("utf-8", "surrogateescape")
    return number(len(data)) + data


def sha256(data):
    return hashlib.sha256(data).digest()


def frame(data, claimed=None):
    """One zstd frame of raw blocks, whose header says the size of its content."""
    size = len(data) if claimed is None else claimed
    out = b"\x28\xb5\x2f\xfd" + b"\xe0" + size.to_bytes(8, "little")
    pieces = [data[i : i + 65536] for i in range(0, len(data), 65536)] or [b""]
    for at, piece in enumerate(pieces):
        last = at == len(pieces) - 1
        out += (len(piece) << 3 | last).to_bytes(3, "little") + piece
    return out


class Pack:
    """Frames one behind another, and their table of contents."""

    def __init__(self):
        self.data = b""
        self.table = []

    def add(self, data, digest=None, claimed=None):
        made = frame(data, claimed)
        digest = digest or sha256(data)
        self.data += made
        self.table.append((digest, len(made), claimed if claimed is not None else len(data)))
        return digest

    def record(self):
        out = sha256(self.data) + number(len(self.table))
        for digest, frame_bytes, size in self.table:
            out += digest + number(frame_bytes) + number(size)
        return out


def refs(chunks, names):
    out = number(len(names))
    for name in names:
        digest, size = chunks[name]
        out += digest + number(size)
    return out


def entry(spec, chunks):
    """["D", path], ["F", name, [chunk...]], ["S", name, size], ["B", [chunk...]], ["H", name, path],
    ["L", name, target], ["R", label], ["raw", hex]; a last object has mode, mtime, size."""
    more = spec[-1] if isinstance(spec[-1], dict) else {}
    kind = spec[0]
    mtime = signed(more.get("mtime", 1000000000)) + number(0)
    if kind == "raw":
        return bytes.fromhex(spec[1])
    out = kind.encode()
    if kind == "B":
        return out + refs(chunks, spec[1])
    out += text(spec[1])
    if kind == "D":
        return out + number(more.get("mode", 0o755)) + mtime
    if kind in ("F", "X"):
        size = more.get("size", sum(chunks[name][1] for name in spec[2]))
        return out + number(more.get("mode", 0o644)) + mtime + number(size) + refs(chunks, spec[2])
    if kind == "S":
        return out + number(more.get("mode", 0o644)) + mtime + number(spec[2])
    if kind == "H":
        return out + text(spec[2])
    if kind == "L":
        return out + mtime + text(spec[2])
    return out


def blob(layout, data):
    name = hashlib.sha256(data).hexdigest()
    with open(os.path.join(layout, "blobs/sha256", name), "wb") as out:
        out.write(data)
    return {"digest": "sha256:" + name, "size": len(data)}


def write_cache(layout, tag, spec):
    chunks, pack = {}, Pack()
    for name, value in spec.get("chunks", {}).items():
        data = value.encode() if isinstance(value, str) else value["repeat"].encode() * value["times"]
        lie = spec.get("lies", {}).get(name)
        digest = pack.add(data, sha256(lie.encode()) if lie else None)
        chunks[name] = (digest, len(data))
    tree = b"".join(entry(one, chunks) for one in spec["entries"])
    more = [Pack() for _ in range(spec.get("packs", 0))]
    for number_of, one in enumerate(more):
        one.add(b"pack %d" % number_of)
    index = Pack()
    table = (pack.record() if pack.table else b"") + b"".join(one.record() for one in more)
    streams = {"T": tree, "C": table}
    listed = b""
    for kind, data in streams.items():
        digests = [index.add(data[i : i + 65536]) for i in range(0, len(data), 65536)]
        listed += kind.encode() + number(len(digests)) + b"".join(digests)
    fillers = [Pack() for _ in range(spec.get("split", 0))]
    for number_of, filler in enumerate(fillers):
        filler.add(b"filler %d" % number_of)
    record = index.record() + b"".join(filler.record() for filler in fillers)
    head = b"ocifpC1\n" + number(len(record)) + record + number(len(streams)) + listed
    layers = [("index", frame(head)), ("index-pack", index.data)]
    layers += [("index-pack", filler.data) for filler in fillers]
    if pack.table:
        layers.append(("pack", pack.data))
    layers += [("pack", one.data) for one in more]
    os.makedirs(os.path.join(layout, "blobs/sha256"), exist_ok=True)
    kinds = {"index": "index.v1+zstd", "index-pack": "index-pack.v1+zstd", "pack": "pack.v1+zstd"}
    manifest = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "artifactType": "application/vnd.ocifp.cache.v1",
        "config": dict(
            blob(layout, b'{"version":1}'), mediaType="application/vnd.ocifp.cache.config.v1+json"
        ),
        "layers": [
            dict(blob(layout, data), mediaType="application/vnd.ocifp.cache." + kinds[kind])
            for kind, data in layers
        ],
        "annotations": {"dev.ocifp.cache.bytes": str(spec.get("bytes", 1 << 20))},
    }
    made = blob(layout, json.dumps(manifest).encode())
    made["mediaType"] = manifest["mediaType"]
    made["annotations"] = {"org.opencontainers.image.ref.name": tag}
    with open(os.path.join(layout, "oci-layout"), "w", encoding="ascii") as out:
        out.write('{"imageLayoutVersion":"1.0.0"}')
    with open(os.path.join(layout, "index.json"), "w", encoding="ascii") as out:
        json.dump({"schemaVersion": 2, "manifests": [made]}, out)


def main():
    with open(sys.argv[3], encoding="utf-8") as source:
        write_cache(sys.argv[1], sys.argv[2], json.load(source))


if __name__ == "__main__":
    main()
