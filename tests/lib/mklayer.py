#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""mklayer.py - layers of images, good ones and hostile ones

    mklayer.py tar FILE [image ...] the tar that the lines on stdin describe, then an image as below
    mklayer.py image LAYOUT TAG FILE...   an image of these layers (.tar, .tar.gz, .tar.zst), which go
                                    in as they are; prints the digest of its manifest
        --diff-id DIGEST            claimed for the last layer
        --media-type TYPE           of all layers

A line: TYPE PATH [KEY=VALUE]..., words quoted as in a shell; in PATH, link= and text= "\\xNN", "\\n"
are bytes.  Types: dir file link (symbolic) hard fifo char block socket raw.  Keys: mode= (octal) uid=
gid= mtime= (seconds, with a fraction) link= text= size= (zeros; SIZE in bytes) major= minor=
xattr.NAME= pax.KEY= type= (one character, for raw) at.OFFSET= (bytes of the header; the
checksum is made anew unless at.148= gives one).  "zeros N" writes N bytes of zeros, "bytes TEXT"
writes TEXT as it is, "noend" leaves the end-of-archive mark out.
"""
import codecs
import hashlib
import json
import os
import sys

BLOCK = 512
TYPES = {"dir": b"5", "file": b"0", "link": b"2", "hard": b"1", "fifo": b"6", "char": b"3",
         "block": b"4", "socket": b"s"}
LAYER = "application/vnd.oci.image.layer.v1.tar"


def raw(text):
    """The bytes that a word stands for."""
    return codecs.escape_decode(os.fsencode(text))[0]


def number(value, width):
    """Octal where it fits, base-256 elsewhere."""
    if 0 <= value < 8 ** (width - 1):
        return b"%0*o\0" % (width - 1, value)
    return ((1 << (8 * width - 1)) | (value & ((1 << (8 * width - 1)) - 1))).to_bytes(width, "big")


def header(name, kind, keys, size):
    fields = bytearray(BLOCK)

    def put(at, data, width):
        fields[at:at + min(len(data), width)] = data[:width]

    put(0, name, 100)
    put(100, number(int(keys.get("mode", "755" if kind == b"5" else "644"), 8), 8), 8)
    put(108, number(int(keys.get("uid", 0)), 8), 8)
    put(116, number(int(keys.get("gid", 0)), 8), 8)
    put(124, number(size, 12), 12)
    put(136, number(int(float(keys.get("mtime", 1700000000))), 12), 12)
    put(156, kind, 1)
    put(157, raw(keys.get("link", "")), 100)
    put(257, b"ustar\x0000", 8)
    put(329, number(int(keys.get("major", 0)), 8), 8)
    put(337, number(int(keys.get("minor", 0)), 8), 8)
    for key, value in keys.items():
        if key.startswith("at."):
            put(int(key[3:]), raw(value), BLOCK)
    if "at.148" not in keys:
        put(148, b" " * 8, 8)
        put(148, b"%06o\0 " % sum(fields), 8)
    return bytes(fields)


def padded(data):
    return data + bytes(-len(data) % BLOCK)


def record(key, value):
    body = b" " + key + b"=" + value + b"\n"
    size = len(body) + len(str(len(body)))
    if len(str(size)) + len(body) != size:
        size = len(str(size)) + len(body)
    return b"%d" % size + body


def pax_records(name, keys):
    records = []
    if len(name) > 100:
        records.append((b"path", name))
    if len(raw(keys.get("link", ""))) > 100:
        records.append((b"linkpath", raw(keys["link"])))
    if "." in keys.get("mtime", ""):
        records.append((b"mtime", keys["mtime"].encode()))
    for key, value in keys.items():
        if key.startswith("xattr."):
            records.append((b"SCHILY.xattr." + key[6:].encode(), raw(value)))
        elif key.startswith("pax."):
            records.append((key[4:].encode(), raw(value)))
    return b"".join(record(key, value) for key, value in records)


def write_entry(out, kind, name, keys):
    text = raw(keys.get("text", ""))
    size = int(keys["size"]) if "size" in keys else len(text)
    records = pax_records(name, keys)
    if records:
        out.write(header(b"pax", b"x", {}, len(records)) + padded(records))
    out.write(header(name, kind, keys, size))
    out.write(text)
    left = size - len(text)
    while left > 0:
        left -= out.write(bytes(min(left, 1 << 20)))
    out.write(bytes(-size % BLOCK))


def command_tar(path):
    import shlex
    ends = True
    with open(path, "wb") as out:
        for line in os.fsdecode(sys.stdin.buffer.read()).splitlines():
            words = shlex.split(line, comments=True)
            if not words:
                continue
            if words[0] == "noend":
                ends = False
            elif words[0] == "zeros":
                out.write(bytes(int(words[1])))
            elif words[0] == "bytes":
                out.write(raw(words[1]))
            else:
                keys = dict(word.split("=", 1) for word in words[2:])
                kind = TYPES.get(words[0]) or raw(keys["type"])
                write_entry(out, kind, raw(words[1]), keys)
        if ends:
            out.write(bytes(2 * BLOCK))


def plain(path):
    with open(path, "rb") as file:
        data = file.read()
    if data[:2] == b"\x1f\x8b":
        import gzip  # here, as below: most runs need neither, and end sooner
        return gzip.decompress(data), "+gzip"
    if data[:4] == b"\x28\xb5\x2f\xfd":
        import subprocess
        return subprocess.run(["zstd", "-dcq", "--long=31", path], check=True,
                              stdout=subprocess.PIPE).stdout, "+zstd"
    return data, ""


def digest_of(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def put(layout, data, media_type):
    digest = digest_of(data)
    os.makedirs(os.path.join(layout, "blobs/sha256"), exist_ok=True)
    with open(os.path.join(layout, "blobs", digest.replace(":", "/")), "wb") as file:
        file.write(data)
    return {"mediaType": media_type, "digest": digest, "size": len(data)}


def add_to_index(layout, tag, descriptor):
    path = os.path.join(layout, "index.json")
    index = {"schemaVersion": 2, "manifests": []}
    if os.path.exists(path):
        with open(path, encoding="utf-8") as file:
            index = json.load(file)
    name = "org.opencontainers.image.ref.name"
    index["manifests"] = [entry for entry in index["manifests"]
                          if entry.get("annotations", {}).get(name) != tag]
    index["manifests"].append(dict(descriptor, annotations={name: tag}))
    with open(path, "w", encoding="utf-8") as file:
        json.dump(index, file)
    with open(os.path.join(layout, "oci-layout"), "w", encoding="utf-8") as file:
        file.write('{"imageLayoutVersion": "1.0.0"}')


def command_image(layout, tag, words):
    layers, diff_ids, options = [], [], {}
    words = list(words)
    while words:
        word = words.pop(0)
        if word.startswith("--"):
            options[word] = words.pop(0)
            continue
        data, suffix = plain(word)
        diff_ids.append(digest_of(data))
        with open(word, "rb") as file:
            layers.append(put(layout, file.read(), options.get("--media-type", LAYER + suffix)))
    if "--diff-id" in options:
        diff_ids[-1] = options["--diff-id"]
    machine = os.uname().machine
    config = {"architecture": {"x86_64": "amd64", "aarch64": "arm64"}.get(machine, machine),
              "os": "linux", "config": {}, "rootfs": {"type": "layers", "diff_ids": diff_ids}}
    image = "application/vnd.oci.image."
    manifest = {"schemaVersion": 2, "mediaType": image + "manifest.v1+json", "layers": layers,
                "config": put(layout, json.dumps(config).encode(), image + "config.v1+json")}
    descriptor = put(layout, json.dumps(manifest).encode(), manifest["mediaType"])
    add_to_index(layout, tag, descriptor)
    print(descriptor["digest"])


def main(words):
    if words[:1] == ["tar"] and (len(words) == 2 or words[2:3] == ["image"]):
        command_tar(words[1])
        words = words[2:]
        if not words:
            return
    if words[:1] == ["image"] and len(words) > 3:
        command_image(words[1], words[2], words[3:])
    else:
        sys.exit(__doc__)


main(sys.argv[1:])
