#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""bench_cache.py - a directory through `ocifp cache`, beside tar and zstd as actions/cache runs them

    bench_cache.py --results FILE.jsonl [--name NAME] [--rounds N] [--change COMMAND] TREE

Each round: tar | zstd and a full save; COMMAND, run by the shell in the tree's copy (default: one
file of 3 MB more), then tar | zstd and an incremental save; then both ways back into an empty
directory.  The repository is an OCI layout on the same disk, so no network is measured.  Nothing is
deleted before the end, and nothing large may have been in the five minutes before: until then ext4 is
slow to make files.  Each round appends its lines to FILE.jsonl, and rounds that are there are not run
again; FILE.md, FILE.json and FILE.svg have the medians of the whole file.
"""
import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time

from results import Results

CHANGE = "head -c 3000000 /dev/urandom >added-by-bench.o"
TAR = "tar --posix -cf - {tree} | zstd -T0 -q -f -o {archive}"
UNTAR = "zstd -dcq -T0 {archive} | tar -xf - -C {into}"


def run(words, environment, directory):
    """Wall and CPU seconds, peak memory (of the largest process)."""
    start = time.monotonic()
    process = subprocess.Popen(
        words, cwd=directory, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    told = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit("%s failed: %s" % (words, told.decode(errors="replace")))
    return {
        "wall_s": time.monotonic() - start,
        "cpu_s": usage.ru_utime + usage.ru_stime,
        "rss_mib": usage.ru_maxrss / 1024,
        "moved_mb": 0.0,
    }


def tree_bytes(path):
    return sum(
        os.lstat(os.path.join(folder, name)).st_size
        for folder, _, names in os.walk(path) for name in names)


def one_round(tree, change, room):
    environment = {**os.environ, "OCIFP_STORE": os.path.join(room, "store"),
                   "XDG_DATA_HOME": os.path.join(room, "data")}
    environment.pop("RUNNER_TEMP", None)
    archive = os.path.join(room, "tree.tar.zst")
    layout = "oci:" + os.path.join(room, "layout")
    here = os.path.join(room, "here")
    os.mkdir(here)
    subprocess.run(["cp", "-a", tree, os.path.join(here, "tree")], check=True)
    with open(os.path.join(here, "key"), "w", encoding="ascii") as key:
        key.write("one")
    # A key has one exact cache: each state of the tree has a key of its own, and a pointer finds the
    # one before.
    save = ["ocifp", "cache", "save", "--push", "always", "--strict", "--path", "tree", "--key",
            "key", "--repository", layout]
    restore = ["ocifp", "cache", "restore", "--strict", "--path", "tree", "--key", "key",
               "--repository", layout]
    shell = ["bash", "-o", "pipefail", "-c"]
    found = {}

    def stored():
        return tree_bytes(os.path.join(room, "layout"))

    def pack(case):
        before = stored() if os.path.exists(os.path.join(room, "layout")) else 0
        found[case, "archive"] = run(shell + [TAR.format(tree="tree", archive=archive)], environment, here)
        found[case, "archive"]["moved_mb"] = os.stat(archive).st_size / 1e6
        found[case, "ocifp"] = run(save, environment, here)
        found[case, "ocifp"]["moved_mb"] = (stored() - before) / 1e6

    pack("save full")
    subprocess.run(change, shell=True, cwd=os.path.join(here, "tree"), check=True)
    with open(os.path.join(here, "key"), "w", encoding="ascii") as key:
        key.write("two")
    pack("save changed")
    pack("save unchanged")
    os.rename(os.path.join(here, "tree"), os.path.join(here, "saved"))
    os.mkdir(os.path.join(here, "tarred"))
    found["restore", "archive"] = run(shell + [UNTAR.format(archive=archive, into="tarred")], environment, here)
    found["restore", "ocifp"] = run(restore, environment, here)
    subprocess.run(["diff", "-rq", "--no-dereference", "saved", "tree"], cwd=here, check=True)
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--results", required=True)
    parser.add_argument("--name")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--change", default=CHANGE)
    parser.add_argument("tree")
    options = parser.parse_args()
    tree = os.path.abspath(options.tree)
    results = Results(os.path.abspath(options.results), options.name or os.path.basename(tree))
    rooms = tempfile.mkdtemp(prefix="ocifp-bench.")
    try:
        for number in range(options.rounds):
            if results.has("restore", "ocifp", number):
                continue
            room = os.path.join(rooms, str(number))
            os.mkdir(room)
            for (case, way), costs in one_round(tree, options.change, room).items():
                results.add(case, way, number, costs)
    finally:
        subprocess.run(["chmod", "-R", "u+rwX", rooms], check=False)
        shutil.rmtree(rooms)
    results.publish()


if __name__ == "__main__":
    main()
