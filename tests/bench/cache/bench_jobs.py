#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""bench_jobs.py - a project's CI jobs, with its caches as an archive, through ocifp, and on one machine

    bench_jobs.py --registry HOST --room DIR [--rounds N] [--minutes N] [--build COMMAND] [--edit NAME=COMMAND]... PROJECT

PROJECT is a git repository that cargo builds.  Each job is a fresh clone at one path whose disk is
empty: what was kept comes back, `cargo build --locked`, what is to be kept goes.  The archive is made
as actions/cache makes it (tar and zstd, a new key each time); `local` is a machine that keeps target.
The first job of a way is `cold`; then, N times, `same` (a commit that changes nothing) and each edit,
one way after the other.  Every job is a line of DIR/jobs.jsonl: the same command goes on where it was
ended, and begins no job after so many minutes.  Wait five minutes after anything large was deleted: until
then ext4 is slow to make files.  At the end medians are printed: seconds before, in and
after the build, units compiled, bytes kept.
"""
import argparse
import json
import os
import re
import statistics
import subprocess
import tempfile
import time

WAYS = ("archive", "ocifp", "local")
UNTAR = 'if [ -e "$0" ]; then zstd -dcq -T0 "$0" | tar -xf -; fi'
TAR = 'tar --posix -cf - target | zstd -T0 -q -f -o "$0"'


class Room:
    def __init__(self, options, folder):
        self.options = options
        self.folder = folder
        self.build = ["sh", "-ec", options.build]
        self.origin = os.path.join(folder, "origin")
        self.desk = os.path.join(folder, "desk")
        self.archive = os.path.join(folder, "target.tar.zst")
        self.name = "%s/bench/cache" % options.registry
        git = self.git = ["git", "-c", "user.name=b", "-c", "user.email=b@b"]
        if os.path.exists(self.origin):
            return
        subprocess.run(git[:1] + ["clone", "-q", options.project, self.origin], check=True)
        with open(os.path.join(self.origin, ".ocifp.yaml"), "w", encoding="ascii") as file:
            file.write("version: 1\ncaches:\n  target: {preset: cargo, repository: %s}\n" % self.name)
        self.commit("project file")

    def commit(self, text):
        subprocess.run(self.git + ["add", "-A"], cwd=self.origin, check=True)
        subprocess.run(self.git + ["commit", "-q", "--allow-empty", "-m", text], cwd=self.origin, check=True)

    def job(self, way, case):
        self.retire(self.desk)
        subprocess.run(["git", "clone", "-q", self.origin, self.desk], check=True)
        state = tempfile.mkdtemp(dir=self.folder)
        event = os.path.join(state, "event")
        with open(event, "w", encoding="ascii") as file:
            file.write('{"repository": {"default_branch": "main"}}')
        environment = {**os.environ, "OCIFP_STORE": os.path.join(state, "store"), "RUNNER_TEMP": state,
                       "GITHUB_ACTIONS": "true", "GITHUB_EVENT_NAME": "push", "GITHUB_REF": "refs/heads/main",
                       "GITHUB_JOB": "build", "GITHUB_EVENT_PATH": event, "CARGO_INCREMENTAL": "0"}
        local = os.path.join(self.folder, "local")
        if way == "local":
            environment["CARGO_TARGET_DIR"] = local
        before = {"archive": ["bash", "-c", UNTAR, self.archive], "ocifp": ["ocifp", "cache", "restore"]}
        after = {"archive": ["bash", "-c", TAR, self.archive], "ocifp": ["ocifp", "cache", "save", "--strict"]}
        result = {"way": way, "case": case}

        def timed(what, words):
            start = time.monotonic()
            process = subprocess.run(words, cwd=self.desk, env=environment, check=True, text=True,
                                     stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            result[what + "_s"] = time.monotonic() - start
            return process.stdout

        if way in before:
            timed("before", before[way])
        result["units"] = len(re.findall(r"^ *Compiling ", timed("build", self.build), re.M))
        if way in after:
            said = timed("after", after[way])
            result["said"] = said.strip()
        result["kept_bytes"] = self.kept_bytes(way, said if way in after else "")
        self.retire(state)
        return result

    def retire(self, path):
        """ext4 looks long for inodes that were not freed in the last five minutes: files are emptied, and
        removed when somebody removes the room."""
        if not os.path.exists(path):
            return
        old = tempfile.mkdtemp(dir=self.folder, prefix="retired.")
        os.rename(path, os.path.join(old, "it"))
        for folder, _, names in os.walk(old):
            for name in names:
                file = os.path.join(folder, name)
                if not os.path.islink(file) and os.stat(file).st_nlink == 1:  # a clone's objects are its origin's
                    os.chmod(file, 0o600)
                    os.truncate(file, 0)

    def kept_bytes(self, way, said):
        if way == "archive":
            return os.stat(self.archive).st_size
        match = re.search(r"saved ([\d.]+) (\w+)", said)
        return int(float(match.group(1)) * {"B": 1, "kB": 1e3, "MB": 1e6, "GB": 1e9}[match.group(2)]) if match else 0


def show(lines):
    print("| | way | units | before s | build s | after s | to cold | MB kept |")
    print("|---|---|---|---|---|---|---|---|")
    cold = statistics.median(line["build_s"] for line in lines if line["case"] == "cold")
    cases = dict.fromkeys(line["case"] for line in lines)
    for case in cases:
        for way in WAYS:
            of = [line for line in lines if line["case"] == case and line["way"] == way]
            if not of:
                continue
            middle = {what: statistics.median(line.get(what, 0) for line in of)
                      for what in ("units", "before_s", "build_s", "after_s", "kept_bytes")}
            total = middle["before_s"] + middle["build_s"] + middle["after_s"]
            print("| %s | %s | %d | %.1f | %.1f | %.1f | %.1fx | %.1f |" % (
                case, way, middle["units"], middle["before_s"], middle["build_s"], middle["after_s"],
                cold / total, middle["kept_bytes"] / 1e6))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--registry", required=True)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--room", required=True)
    parser.add_argument("--minutes", type=float, default=1e9)
    parser.add_argument("--build", default="cargo build --locked")
    parser.add_argument("--edit", action="append", default=[])
    parser.add_argument("project")
    options = parser.parse_args()
    edits = [("same", "true")] + [tuple(edit.split("=", 1)) for edit in options.edit]
    os.makedirs(options.room, exist_ok=True)
    room = Room(options, os.path.abspath(options.room))
    log = os.path.join(room.folder, "jobs.jsonl")
    end = time.monotonic() + 60 * options.minutes

    def lines():
        if not os.path.exists(log):
            return []
        with open(log, encoding="utf-8") as file:
            return [json.loads(line) for line in file]

    def run(way, case, number):
        """False: no time is left."""
        if any((line["way"], line["case"], line["round"]) == (way, case, number) for line in lines()):
            return True
        if time.monotonic() > end:
            return False
        line = {**room.job(way, case), "round": number}
        with open(log, "a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
        return True

    def step(case, number, command):
        """An edit is made once, by the commit that names it."""
        text = "%s %d" % (case, number)
        said = subprocess.run(room.git + ["log", "--format=%s"], cwd=room.origin, check=True, text=True,
                              stdout=subprocess.PIPE).stdout
        if text not in said.split("\n"):
            subprocess.run(["sh", "-ec", command], cwd=room.origin, check=True,
                           env={**os.environ, "ROUND": str(number)})
            room.commit(text)
        return all(run(way, case, number) for way in WAYS)

    if step("cold", 0, "true"):
        all(step(case, number, command) for number in range(options.rounds) for case, command in edits)
    show(lines())


if __name__ == "__main__":
    main()
