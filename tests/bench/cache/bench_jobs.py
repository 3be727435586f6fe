#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""bench_jobs.py - a project's CI jobs, with its caches kept in different ways

    bench_jobs.py --room DIR --results FILE.jsonl --registry HOST [--name NAME] [--ways WAY,...]
                  [--rounds N] [--minutes N] [--build COMMAND] [--edit CASE=COMMAND]...
                  [--toolchain NAME] [--cases CASE,...] PROJECT

PROJECT is a git repository that cargo builds offline, its crates vendored (outside of it: where they are
in it, a checkout gives them new times, and build scripts of theirs run again).  Each job is a fresh clone at
one path whose disk is empty: what was kept comes back, the build, what is to be kept goes.  The ways:

    archive     target as actions/cache keeps it: tar and zstd, a new key each time
    rust-cache  what Swatinem/rust-cache keeps of target, a new key when Cargo.lock changes
    sccache     its local directory, which stays: a service without a network
    ocifp       cache restore, cache save
    local       no fresh clone, but a machine that pulls into its checkout and keeps target

The project is built once for all ways (for sccache once more): the case `cold`.  Then, N times, `same`
(a commit that changes nothing), each edit (run in the origin by sh), and `bump`, the next version of a
vendored crate; last, once, `toolchain`, with another one of rustup; or the CASEs of all these.  Every job is a line of FILE.jsonl:
the same command goes on where it was ended, and begins no job after so many minutes.  FILE.md, FILE.json
and FILE.svg have the medians.  Wait five minutes after anything large was deleted: until then ext4 is
slow to make files.
"""
import argparse
import hashlib
import json
import os
import re
import shutil
import subprocess
import tempfile
import time

from results import Results

WAYS = ("archive", "rust-cache", "sccache", "ocifp", "local")
UNTAR = 'if [ -e "$0" ]; then zstd -dcq -T0 "$0" | tar -xf -; fi'
TAR = 'tar --posix --no-recursion -cf - -T "$1" | zstd -T0 -q -f -o "$0"'
NOTHING = {**dict.fromkeys(("wall_s", "before_s", "build_s", "after_s"), 0.0), "units": 0, "executables": 0,
           "moved_mb": 0.0, "cpu_s": 0.0, "rss_mib": 0.0}


class Room:
    def __init__(self, options):
        self.options = options
        self.folder = os.path.abspath(options.room)
        self.origin, self.desk, self.local, self.objects = (
            os.path.join(self.folder, name) for name in ("origin", "desk", "local", "sccache"))
        self.git = ["git", "-c", "user.name=b", "-c", "user.email=b@b"]
        self.toolchain = None
        if os.path.exists(self.origin):
            return
        os.makedirs(self.folder, exist_ok=True)
        subprocess.run(["git", "clone", "-q", options.project, self.origin], check=True)
        subprocess.run(["git", "checkout", "-q", "-B", "main"], cwd=self.origin, check=True)
        with open(os.path.join(self.origin, ".ocifp.yaml"), "w", encoding="ascii") as file:
            file.write("version: 1\ncaches:\n  target: {preset: cargo, repository: %s/bench/%s}\n"
                       % (options.registry, options.name))

    def commit(self, text, command):
        """An edit is made once, by the commit that names it; the origin then stands at this commit."""
        said = subprocess.run(self.git + ["log", "--format=%H %s", "--all"], cwd=self.origin, check=True, text=True,
                              stdout=subprocess.PIPE).stdout
        made = re.search("^([0-9a-f]+) %s$" % re.escape(text), said, re.M)
        if made:
            subprocess.run(self.git + ["checkout", "-q", "-B", "main", made[1]], cwd=self.origin, check=True)
            return
        command()
        subprocess.run(self.git + ["add", "-A"], cwd=self.origin, check=True)
        subprocess.run(self.git + ["commit", "-q", "--allow-empty", "-m", text], cwd=self.origin, check=True)
        subprocess.run(self.git + ["branch", "keep-" + text.replace(" ", "-")], cwd=self.origin, check=True)

    def environment(self, way, state):
        event = os.path.join(state, "event")
        with open(event, "w", encoding="ascii") as file:
            file.write('{"repository": {"default_branch": "main"}}')
        found = {**os.environ, "OCIFP_STORE": os.path.join(state, "store"), "RUNNER_TEMP": state,
                 "GITHUB_ACTIONS": "true", "GITHUB_EVENT_NAME": "push", "GITHUB_REF": "refs/heads/main",
                 "GITHUB_JOB": "build", "GITHUB_EVENT_PATH": event, "CARGO_INCREMENTAL": "0"}
        if self.toolchain:
            found["RUSTUP_TOOLCHAIN"] = self.toolchain
        if way == "sccache":
            found.update({"RUSTC_WRAPPER": "sccache", "SCCACHE_DIR": self.objects})
        return found

    def archive(self, way):
        return os.path.join(self.folder, "%s.%s.tar.zst" % (way, self.toolchain if way == "rust-cache" else ""))

    def kept_paths(self, way):
        """rust-cache keeps of a profile what bears the name of a package that is not the workspace's."""
        found = [os.path.join(folder, name) for folder, folders, names in os.walk("target")
                 for name in folders + names]
        if way == "archive":
            return ["target"] + found
        metadata = json.loads(subprocess.run(["cargo", "metadata", "--offline", "--format-version=1"], check=True,
                                             stdout=subprocess.PIPE).stdout)
        foreign = [package for package in metadata["packages"] if package["source"]]
        packages = {package["name"] for package in foreign}
        targets = {name.replace("-", "_") for package in foreign
                   for name in [package["name"]] + [target["name"] for target in package["targets"]]}
        targets |= {"lib" + name for name in targets}

        def is_kept(path):
            words = path.split("/")
            if len(words) < 4:
                return len(words) == 2 or words[2] in ("build", ".fingerprint", "deps")
            stem = words[3].rpartition("-")[0] or words[3]
            return words[2] in ("build", ".fingerprint", "deps") and stem in (
                targets if words[2] == "deps" else packages)

        return ["target"] + [path for path in found if is_kept(path)]

    def lock_key(self):
        with open("Cargo.lock", "rb") as file:
            return hashlib.sha256(file.read()).hexdigest()

    def timed(self, found, what, words, environment):
        """Its output; wall time of the step, CPU time and memory of the job so far in `found`."""
        with tempfile.TemporaryFile() as out:
            start = time.monotonic()
            process = subprocess.Popen(words, env=environment, stdout=out)
            _, status, usage = os.wait4(process.pid, 0)
            found[what + "_s"] = time.monotonic() - start
            process.returncode = os.waitstatus_to_exitcode(status)
            if process.returncode:
                raise SystemExit("%s failed in %s" % (words, os.getcwd()))
            found["cpu_s"] += usage.ru_utime + usage.ru_stime
            if what != "build":
                found["rss_mib"] = max(found["rss_mib"], usage.ru_maxrss / 1024)
            out.seek(0)
            return out.read().decode()

    def restore(self, way, found, environment):
        if way in ("archive", "rust-cache"):
            self.timed(found, "before", ["bash", "-c", UNTAR, self.archive(way)], environment)
        elif way == "ocifp":
            self.timed(found, "before", ["ocifp", "cache", "restore"], environment)

    def build(self, found, environment):
        said = self.timed(found, "build", ["sh", "-ec", self.options.build], environment)
        for line in said.splitlines():
            artifact = json.loads(line) if line.startswith("{") else {}
            if artifact.get("reason") == "compiler-artifact" and not artifact["fresh"]:
                found["executables" if artifact.get("executable") else "units"] += 1

    def save(self, way, found, environment):
        archive = self.archive(way)
        if way in ("archive", "rust-cache"):
            key = archive + ".key"
            if way == "rust-cache" and os.path.exists(key):
                with open(key, encoding="ascii") as file:
                    if file.read() == self.lock_key():
                        return
            listed = archive + ".list"
            with open(listed, "w", encoding="utf-8") as file:
                file.write("\n".join(self.kept_paths(way)) + "\n")
            self.timed(found, "after", ["bash", "-c", TAR, archive, listed], environment)
            found["moved_mb"] = os.stat(archive).st_size / 1e6
            with open(key, "w", encoding="ascii") as file:
                file.write(self.lock_key())
        elif way == "sccache":
            self.timed(found, "after", ["sccache", "--stop-server"], environment)
        elif way == "ocifp":
            said = self.timed(found, "after", ["ocifp", "cache", "save", "--strict", "--json"], environment)
            found["moved_mb"] = json.loads(said)["caches"][0].get("new_bytes", 0) / 1e6

    def checkout(self):
        os.chdir(self.folder)
        self.retire(self.desk)
        subprocess.run(["git", "clone", "-q", "-b", "main", self.origin, self.desk], check=True)
        os.chdir(self.desk)

    def job(self, way):
        found = dict(NOTHING)
        state = tempfile.mkdtemp(dir=self.folder)
        environment = self.environment(way, state)
        if way == "local":
            self.retire(self.desk)
            os.rename(self.local, self.desk)
            os.chdir(self.desk)
            subprocess.run(["git", "fetch", "-q", "origin", "main"], check=True)
            subprocess.run(["git", "checkout", "-q", "-B", "main", "FETCH_HEAD"], check=True)
        else:
            self.checkout()
        self.restore(way, found, environment)
        self.build(found, environment)
        self.save(way, found, environment)
        if way == "local":
            os.rename(self.desk, self.local)
        return self.end(found, state)

    def end(self, found, state):
        os.chdir(self.folder)
        self.retire(state)
        found["wall_s"] = found["before_s"] + found["build_s"] + found["after_s"]
        return found

    def cold(self, ways):
        """One build, which each of the ways keeps; the checkout becomes that of `local`."""
        built = dict(NOTHING)
        state = tempfile.mkdtemp(dir=self.folder)
        self.checkout()
        self.build(built, self.environment(ways[0], state))
        self.retire(state)
        yield from self.keep(built, ways)

    def keep(self, built, ways):
        for way in ways:
            state = tempfile.mkdtemp(dir=self.folder)
            found = dict(built)
            os.chdir(self.desk)
            self.save(way, found, self.environment(way, state))
            yield way, self.end(found, state)
        if "local" in ways:
            os.rename(self.desk, self.local)

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


def steps(options, room):
    """(case, round, what makes its commit)"""
    def shell(command):
        return lambda number: lambda: subprocess.run(
            ["sh", "-ec", command], cwd=room.origin, check=True, env={**os.environ, "ROUND": str(number)})

    cases = {"same": shell("true"), **{case: shell(command) for case, _, command in
                                       (edit.partition("=") for edit in options.edit)}}
    for number in range(options.rounds):
        for case, edit in cases.items():
            yield case, number, edit(number)
    if options.toolchain:
        yield "toolchain", 0, lambda: None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--registry", required=True)
    parser.add_argument("--room", required=True)
    parser.add_argument("--results", required=True)
    parser.add_argument("--name")
    parser.add_argument("--ways", default=",".join(WAYS))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--minutes", type=float, default=1e9)
    parser.add_argument("--build", default="cargo build --locked --offline -q --message-format=json")
    parser.add_argument("--edit", action="append", default=[])
    parser.add_argument("--toolchain")
    parser.add_argument("--cases")
    parser.add_argument("project")
    options = parser.parse_args()
    options.name = options.name or os.path.basename(os.path.abspath(options.project))
    results = Results(os.path.abspath(options.results), options.name)
    room = Room(options)
    ways = [way for way in options.ways.split(",") if way != "sccache" or shutil.which("sccache")]
    end = time.monotonic() + 60 * options.minutes

    def run(case, number, edit):
        room.commit("%s %d" % (case, number), edit)
        room.toolchain = options.toolchain if case == "toolchain" else None
        for way in ways:
            if results.has(case, way, number):
                continue
            if time.monotonic() > end:
                return False
            results.add(case, way, number, room.job(way))
        return True

    wanted = options.cases.split(",") if options.cases else None
    room.commit("cold 0", lambda: None)
    for together in () if wanted and "cold" not in wanted else ([way for way in ways if way != "sccache"], [way for way in ways if way == "sccache"]):
        missing = [way for way in together if not results.has("cold", way, 0)]
        for way, found in room.cold(missing) if missing else ():
            results.add("cold", way, 0, found)
    all(run(*step) for step in steps(options, room)
        if not wanted or step[0] in wanted)
    results.publish()


if __name__ == "__main__":
    main()
