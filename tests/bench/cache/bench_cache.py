#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""bench_cache.py - a directory through `ocifp cache`, beside tar and zstd as actions/cache runs them

    bench_cache.py [--rounds N] [--change COMMAND] [--append FILE.jsonl] TREE

Each round: tar | zstd and a full save; COMMAND, run by the shell in the tree's copy (default: one
file of 3 MB more), then tar | zstd and an incremental save; then both ways back into an empty
directory.  The repository is an OCI layout on the same disk, so no network is measured.  Nothing is
deleted before the end, and nothing large may have been in the five minutes before: until then ext4 is
slow to make files.  Prints medians as ratios to tar; --append keeps each round as a line of JSON.
"""
import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

CHANGE = "head -c 3000000 /dev/urandom >added-by-bench.o"
TAR = "tar --posix -cf - {tree} | zstd -T0 -q -f -o {archive}"
UNTAR = "zstd -dcq -T0 {archive} | tar -xf - -C {into}"


def run(words, environment, directory):
    """Wall and CPU seconds, peak memory in MB (of the largest process)."""
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
        "memory_mb": usage.ru_maxrss / 1024,
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
    found = {"bytes": tree_bytes(tree)}

    def stored():
        return tree_bytes(os.path.join(room, "layout", "blobs"))

    found["tar full"] = run(shell + [TAR.format(tree="tree", archive=archive)], environment, here)
    found["tar full"]["bytes"] = os.stat(archive).st_size
    found["save full"] = run(save, environment, here)
    found["save full"]["bytes"] = stored()
    subprocess.run(change, shell=True, cwd=os.path.join(here, "tree"), check=True)
    with open(os.path.join(here, "key"), "w", encoding="ascii") as key:
        key.write("two")
    before = stored()
    found["tar again"] = run(shell + [TAR.format(tree="tree", archive=archive)], environment, here)
    found["tar again"]["bytes"] = os.stat(archive).st_size
    found["save changed"] = run(save, environment, here)
    found["save changed"]["bytes"] = stored() - before
    found["save unchanged"] = run(save, environment, here)
    found["save unchanged"]["bytes"] = 0
    os.rename(os.path.join(here, "tree"), os.path.join(here, "saved"))
    os.mkdir(os.path.join(here, "tarred"))
    found["untar"] = run(shell + [UNTAR.format(archive=archive, into="tarred")], environment, here)
    found["restore"] = run(restore, environment, here)
    subprocess.run(["diff", "-rq", "--no-dereference", "saved", "tree"], cwd=here, check=True)
    return found


PAIRS = [("save full", "tar full"), ("save changed", "tar again"), ("save unchanged", "tar again"),
         ("restore", "untar")]


def median(rounds, case, what):
    return statistics.median(one[case][what] for one in rounds)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--change", default=CHANGE)
    parser.add_argument("--append")
    parser.add_argument("tree")
    options = parser.parse_args()
    rounds = []
    rooms = tempfile.mkdtemp(prefix="ocifp-bench.")
    try:
        for number in range(options.rounds):
            room = os.path.join(rooms, str(number))
            os.mkdir(room)
            rounds.append(one_round(os.path.abspath(options.tree), options.change, room))
            if options.append:
                with open(options.append, "a", encoding="ascii") as log:
                    log.write(json.dumps(rounds[-1]) + "\n")
    finally:
        subprocess.run(["chmod", "-R", "u+rwX", rooms], check=False)
        shutil.rmtree(rooms)
    print("%.0f MB, %d rounds" % (rounds[0]["bytes"] / 1e6, len(rounds)))
    print("| | wall s | cpu s | MB moved | MB memory | wall to tar | cpu to tar | bytes to tar |")
    print("|---|---|---|---|---|---|---|---|")
    for case, peer in PAIRS:
        row = [median(rounds, case, what) for what in ("wall_s", "cpu_s")]
        moved = median(rounds, case, "bytes") if case != "restore" else 0
        ratios = [row[i] / median(rounds, peer, what) for i, what in enumerate(("wall_s", "cpu_s"))]
        part = moved / median(rounds, "tar again", "bytes")
        print("| %s | %.2f | %.2f | %.1f | %.0f | %.2f | %.2f | %.3f |" % (
            case, row[0], row[1], moved / 1e6, median(rounds, case, "memory_mb"), *ratios, part))


if __name__ == "__main__":
    main()
