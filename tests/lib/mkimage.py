#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""mkimage.py - images of any size and shape in an OCI layout, fast and without other tools

    mkimage.py image LAYOUT TAG [--layers 1k,2M,...] [--count N --size S] [--compress none|gzip]
                     [--platform OS/ARCH[/VARIANT]]... [--docker] [--nest DEPTH] [--attestation]
                     [--annotate NAME=VALUE]... [--index-annotate NAME=VALUE]... [--merge JSON]
                     [--algorithm sha512]
    mkimage.py index LAYOUT TAG SOURCE_TAG...
    mkimage.py manifest LAYOUT TAG [--media-type TYPE]   (its bytes on stdin, taken as they are)
    mkimage.py blob LAYOUT [--media-type TYPE]           (its bytes on stdin)
    mkimage.py digest LAYOUT TAG

"image" prints the digest of what TAG names: a manifest, or with several --platform an index; "blob"
prints a descriptor.  The same arguments make the same bytes.  Uncompressed layers are sparse files:
4 KiB of noise in each MiB, so that 2 GiB cost little space, yet do not compress away.  --merge is a
JSON merge patch (RFC 7386) on every manifest.
"""
import argparse
import gzip
import hashlib
import json
import os
import random
import sys
import tarfile

MIB = 1 << 20
OCI = "application/vnd.oci.image."
DOCKER = "application/vnd.docker."
TYPES = {
    False: {"index": OCI + "index.v1+json", "manifest": OCI + "manifest.v1+json",
            "config": OCI + "config.v1+json", "none": OCI + "layer.v1.tar",
            "gzip": OCI + "layer.v1.tar+gzip"},
    True: {"index": DOCKER + "distribution.manifest.list.v2+json",
           "manifest": DOCKER + "distribution.manifest.v2+json",
           "config": DOCKER + "container.image.v1+json", "none": DOCKER + "image.rootfs.diff.tar",
           "gzip": DOCKER + "image.rootfs.diff.tar.gzip"},
}
REF_NAME = "org.opencontainers.image.ref.name"


class Layout:
    def __init__(self, path, algorithm="sha256"):
        self.path, self.algorithm = path, algorithm
        os.makedirs(os.path.join(path, "blobs", algorithm), exist_ok=True)
        self.index_path = os.path.join(path, "index.json")
        if not os.path.exists(self.index_path):
            self.write_json(self.index_path, {"schemaVersion": 2, "manifests": []})
            self.write_json(os.path.join(path, "oci-layout"), {"imageLayoutVersion": "1.0.0"})

    @staticmethod
    def write_json(path, value):
        with open(path + ".new", "w", encoding="utf-8") as file:
            json.dump(value, file)
        os.replace(path + ".new", path)

    def put(self, data, media_type):
        value = hashlib.new(self.algorithm, data).hexdigest()
        with open(os.path.join(self.path, "blobs", self.algorithm, value), "wb") as file:
            file.write(data)
        return {"mediaType": media_type, "digest": "%s:%s" % (self.algorithm, value), "size": len(data)}

    def put_json(self, value, media_type):
        return self.put(json.dumps(value, separators=(",", ":")).encode(), media_type)

    def get_json(self, digest):
        with open(os.path.join(self.path, "blobs", *digest.split(":")), "rb") as file:
            return json.load(file)

    def entries(self):
        with open(self.index_path, encoding="utf-8") as file:
            return json.load(file)["manifests"]

    def find(self, tag):
        return next(e for e in self.entries() if e.get("annotations", {}).get(REF_NAME) == tag)

    def tag(self, tag, descriptor):
        kept = [e for e in self.entries() if e.get("annotations", {}).get(REF_NAME) != tag]
        entry = {**descriptor, "annotations": {REF_NAME: tag}}
        self.write_json(self.index_path, {"schemaVersion": 2, "manifests": kept + [entry]})


def noise(seed, size):
    """SIZE bytes in pieces of a MiB, each with some that do not compress."""
    source = random.Random(seed)
    while size > 0:
        piece = source.randbytes(min(4096, size))
        yield piece, min(MIB, size)
        size -= MIB


def tar_pieces(number, size):
    """The tar of one file: (bytes, apparent length) pieces, zeros up to the length."""
    info = tarfile.TarInfo("layer-%d/data" % number)
    info.size = size
    head = info.tobuf(tarfile.GNU_FORMAT)
    yield head, len(head)
    yield from noise(number, size)
    yield b"", -size % 512 + 1024


def make_layer(layout, number, size, compress, types):
    """(descriptor, diff_id)"""
    if compress == "gzip":
        plain = b"".join(p.ljust(n, b"\0") for p, n in tar_pieces(number, size))
        diff_id = "%s:%s" % (layout.algorithm, hashlib.new(layout.algorithm, plain).hexdigest())
        return layout.put(gzip.compress(plain, 1, mtime=0), types["gzip"]), diff_id
    descriptor = write_sparse(layout, number, size, types["none"])
    return descriptor, descriptor["digest"]


def write_sparse(layout, number, size, media_type):
    directory = os.path.join(layout.path, "blobs", layout.algorithm)
    path = os.path.join(directory, "new-%d" % number)
    digest, total = hashlib.new(layout.algorithm), 0
    with open(path, "wb") as file:
        for piece, length in tar_pieces(number, size):
            file.seek(total)
            file.write(piece)
            digest.update(piece.ljust(length, b"\0"))
            total += length
        file.truncate(total)
    os.replace(path, os.path.join(directory, digest.hexdigest()))
    name = "%s:%s" % (layout.algorithm, digest.hexdigest())
    return {"mediaType": media_type, "digest": name, "size": total}


def merged(value, patch):
    if not isinstance(patch, dict) or not isinstance(value, dict):
        return patch
    result = {key: old for key, old in value.items() if patch.get(key, "") is not None}
    for key, new in patch.items():
        if new is not None:
            result[key] = merged(value.get(key, {}), new) if isinstance(new, dict) else new
    return result


def platform_of(text):
    names = ("os", "architecture", "variant")
    return dict(zip(names, text.split("/")))


def make_manifest(layout, options, platform, made):
    types = TYPES[options.docker]
    config = {**platform, "rootfs": {"type": "layers", "diff_ids": [d for _, d in made]},
              "config": {"Env": ["PATH=/bin"]}}
    manifest = {"schemaVersion": 2, "mediaType": types["manifest"],
                "config": layout.put_json(config, types["config"]),
                "layers": [descriptor for descriptor, _ in made]}
    if options.annotate:
        manifest["annotations"] = pairs(options.annotate)
    return layout.put_json(merged(manifest, json.loads(options.merge)), types["manifest"])


def attestation(layout, subject):
    """What buildx adds: platform unknown/unknown, the image named in an annotation."""
    layer = layout.put(b'{"predicateType":"https://slsa.dev/provenance/v0.2"}', "application/vnd.in-toto+json")
    config = layout.put_json({"architecture": "unknown", "os": "unknown",
                              "rootfs": {"type": "layers", "diff_ids": [layer["digest"]]}},
                             OCI + "config.v1+json")
    manifest = {"schemaVersion": 2, "mediaType": OCI + "manifest.v1+json", "config": config,
                "layers": [layer], "annotations": {"of": subject["digest"]}}
    return {**layout.put_json(manifest, OCI + "manifest.v1+json"),
            "platform": {"architecture": "unknown", "os": "unknown"},
            "annotations": {"vnd.docker.reference.type": "attestation-manifest",
                            "vnd.docker.reference.digest": subject["digest"]}}


def put_index(layout, children, types, annotations=None):
    index = {"schemaVersion": 2, "mediaType": types["index"], "manifests": children}
    if annotations:
        index["annotations"] = annotations
    return layout.put_json(index, types["index"])


def sizes_of(options):
    texts = options.layers.split(",") if options.layers else [options.size] * options.count
    units = {"k": 1 << 10, "M": MIB, "G": 1 << 30}
    return [int(t[:-1]) * units[t[-1]] if t[-1:] in units else int(t) for t in texts if t]


def command_image(options):
    layout = Layout(options.layout, options.algorithm)
    types = TYPES[options.docker]
    platforms = options.platform or ["linux/amd64"]
    sizes, children = sizes_of(options), []
    for at, name in enumerate(platforms):
        made = [make_layer(layout, at * 10000 + n, size, options.compress, types)
                for n, size in enumerate(sizes)]
        child = make_manifest(layout, options, platform_of(name), made)
        children.append({**child, "platform": platform_of(name)})
    if options.attestation:
        children += [attestation(layout, child) for child in list(children)]
    top = {key: children[0][key] for key in ("mediaType", "digest", "size")}
    if len(children) > 1 or options.nest or options.index_annotate:
        top = put_index(layout, children, types, pairs(options.index_annotate))
    for _ in range(options.nest):
        top = put_index(layout, [top], types)
    layout.tag(options.tag, top)
    print(top["digest"])


def command_index(options):
    layout, children = Layout(options.layout), []
    for tag in options.source:
        entry = layout.find(tag)
        child = {key: entry[key] for key in ("mediaType", "digest", "size")}
        config = layout.get_json(layout.get_json(child["digest"])["config"]["digest"])
        platform = {key: config[key] for key in ("os", "architecture", "variant") if key in config}
        children.append({**child, "platform": platform})
    top = put_index(layout, children, TYPES[False])
    layout.tag(options.tag, top)
    print(top["digest"])


def command_manifest(options):
    layout = Layout(options.layout)
    descriptor = layout.put(sys.stdin.buffer.read(), options.media_type)
    layout.tag(options.tag, descriptor)
    print(descriptor["digest"])


def command_blob(options):
    print(json.dumps(Layout(options.layout).put(sys.stdin.buffer.read(), options.media_type)))


def command_digest(options):
    print(Layout(options.layout).find(options.tag)["digest"])


def pairs(texts):
    return dict(text.split("=", 1) for text in texts)


def parse_options():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    commands = parser.add_subparsers(required=True)
    for name in ("image", "index", "manifest", "blob", "digest"):
        command = commands.add_parser(name)
        command.set_defaults(call=globals()["command_" + name])
        command.add_argument("layout")
        if name != "blob":
            command.add_argument("tag")
        if name in ("manifest", "blob"):
            default = OCI + "manifest.v1+json" if name == "manifest" else "application/octet-stream"
            command.add_argument("--media-type", default=default)
        if name == "index":
            command.add_argument("source", nargs="+")
        if name == "image":
            add_image_options(command)
    return parser.parse_args()


def add_image_options(command):
    add = command.add_argument
    add("--layers", default="")
    add("--count", type=int, default=1)
    add("--size", default="1k")
    add("--compress", choices=["none", "gzip"], default="none")
    add("--platform", action="append")
    add("--docker", action="store_true")
    add("--nest", type=int, default=0)
    add("--attestation", action="store_true")
    add("--annotate", action="append", default=[])
    add("--index-annotate", action="append", default=[])
    add("--merge", default="{}")
    add("--algorithm", choices=["sha256", "sha512"], default="sha256")


if __name__ == "__main__":
    parsed = parse_options()
    parsed.call(parsed)
