#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""bench_leaves.py - a hundred small edits, each with its save, and what the last cache is made of

    bench_leaves.py [--saves N] [--size MB] [--registry HOST:PORT]

A tree of SIZE MB in files of 1 kB to 8 MB; each save changes one file of 2 MB to 4 MB and 65 small
ones, as an edit of one package does.  Prints for some saves the packs, the bytes stored and live, the
bytes uploaded, and the seconds; then the time and packs of a restore.  Without a registry an OCI layout
is used.
"""
import argparse
import json
import os
import random
import shutil
import subprocess
import tempfile
import time


def fill(path, rng, size):
    """About half of it compressible, as object files are."""
    with open(path, "wb") as out:
        while size > 0:
            part = min(size, 65536)
            out.write(rng.randbytes(part // 2) + bytes(part - part // 2))
            size -= part


def make_tree(rng, megabytes):
    os.makedirs("tree/deps")
    os.makedirs("tree/small")
    left, number = megabytes << 20, 0
    while left > 0:
        size = min(left, rng.choice([1 << 16, 1 << 20, 3 << 20, 8 << 20]))
        fill("tree/deps/lib%d" % number, rng, size)
        left, number = left - size, number + 1
    for at in range(2000):
        fill("tree/small/%d" % at, rng, rng.randrange(100, 4000))
    return number


def edit(rng, count):
    fill("tree/deps/lib%d" % rng.randrange(count), rng, rng.randrange(2 << 20, 4 << 20))
    for at in rng.sample(range(2000), 65):
        fill("tree/small/%d" % at, rng, rng.randrange(100, 4000))


def ocifp(words, repository):
    start = time.monotonic()
    done = subprocess.run(
        ["ocifp", "--quiet", "cache", words, "--strict", "--path", "tree", "--key", "key", "--repository", repository,
         "--json"] + (["--push", "always"] if words == "save" else []),
        check=True, stdout=subprocess.PIPE)
    return json.loads(done.stdout)["caches"][0], time.monotonic() - start


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--saves", type=int, default=100)
    parser.add_argument("--size", type=int, default=200)
    parser.add_argument("--registry")
    options = parser.parse_args()
    rng = random.Random(1)
    room = tempfile.mkdtemp(prefix="ocifp-leaves.")
    os.environ["OCIFP_STORE"] = room + "/store"
    os.environ.pop("RUNNER_TEMP", None)
    repository = options.registry + "/leaves" if options.registry else "oci:" + room + "/layout"
    try:
        os.mkdir(room + "/work")
        os.chdir(room + "/work")
        count = make_tree(rng, options.size)
        uploaded, live = 0, 0
        print("| save | packs | stored MB | uploaded MB | s |\n|---|---|---|---|---|")
        for at in range(options.saves + 1):
            if at > 0:
                edit(rng, count)
            with open("key", "w", encoding="ascii") as key:
                key.write(str(at))
            saved, seconds = ocifp("save", repository)
            uploaded += saved["new_bytes"] if at > 0 else 0
            if at in (0, 1, 2, 5, 10, 20, 50, options.saves):
                print("| %d | %d | %.1f | %.1f | %.2f |" % (
                    at, saved["packs"], saved["packed_bytes"] / 1e6, saved["new_bytes"] / 1e6, seconds), flush=True)
        os.environ["OCIFP_STORE"] = room + "/store2"
        live, _ = ocifp("save", "oci:" + room + "/fresh")
        print("live/stored %.0f %%, uploaded %.1f MB in %d saves (%.2f MB each)" % (
            100 * live["packed_bytes"] / saved["packed_bytes"], uploaded / 1e6, options.saves,
            uploaded / 1e6 / options.saves))
        os.rename("tree", "saved") # ext4 is slow to make files while inodes were freed just now
        _, seconds = ocifp("restore", repository)
        print("restore %.2f s" % seconds)
    finally:
        os.chdir("/")
        shutil.rmtree(room)


if __name__ == "__main__":
    main()
