#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""bench.py - ocifp beside its peers, on one machine in one run

    bench.py [--rounds N] [--megabytes N] [--case NAME]... [--directory DIR]

Each case is run by each tool that is there (ocifp, skopeo, crane, oras, regctl, umoci, bsdtar, tar:
found in PATH and $BENCH_PATH), in interleaved rounds, against two docker-registries on loopback.  A
table per case: the medians of wall and CPU time and of peak memory, wall as a ratio to the best peer,
and the requests that the registries logged.  A run that fails is reported and not counted.
"""
import argparse
import glob
import json
import os
import re
import shutil
import signal
import statistics
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
MKIMAGE = os.path.join(HERE, "..", "lib", "mkimage.py")
REQUEST_LINE = re.compile(r'"(?:GET|HEAD|POST|PUT|PATCH|DELETE) /v2/')

REGISTRY = """version: 0.1
log: {{level: info, accesslog: {{disabled: false}}}}
storage: {{filesystem: {{rootdirectory: "{root}"}}, delete: {{enabled: true}}}}
http: {{addr: 127.0.0.1:0, secret: bench}}
"""

# Large layers in the proportions of a CI image, and small ones as builders leave them.
SHARES = [0.38, 0.25, 0.15, 0.10, 0.06, 0.04, 0.02]
SMALL = ",".join(["70k"] * 60)


class Registry:
    """docker-registry on a port of its own; its access log counts requests."""

    def __init__(self, directory, name):
        self.log_path = os.path.join(directory, name + ".log")
        config = os.path.join(directory, name + ".yml")
        with open(config, "w", encoding="utf-8") as file:
            file.write(REGISTRY.format(root=os.path.join(directory, name)))
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen(
                ["docker-registry", "serve", config], stdout=log, stderr=log,
                env={**os.environ, "OTEL_TRACES_EXPORTER": "none"})
        self.host = self.wait_for_port()

    def log(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as file:
            return file.read()

    def wait_for_port(self):
        for _ in range(100):
            found = re.search(r"listening on (127\.0\.0\.1:\d+)", self.log())
            if found:
                return found.group(1)
            time.sleep(0.1)
        sys.exit("bench: docker-registry did not start")

    def requests(self):
        return len(REQUEST_LINE.findall(self.log()))

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()


def regctl(host, *words):
    """Its default of ten requests a second would make the comparison unfair."""
    return ["regctl", "--host", f"reg={host},tls=disabled,reqPerSec=1000", *words]


def pull_commands(host, image):
    """Into a layout, which all of them can write; ocifp's own store is a row of its own."""
    return {
        "ocifp": ["ocifp", "pull", "-q", "-o", "oci:OUT:x", f"{host}/{image}"],
        "ocifp-store": ["ocifp", "pull", "-q", "--store", "OUT", f"{host}/{image}"],
        "skopeo": ["skopeo", "copy", "-q", "--src-tls-verify=false", f"docker://{host}/{image}",
                   "oci:OUT:x"],
        "crane": ["crane", "pull", "--insecure", "--format", "oci", f"{host}/{image}", "OUT"],
        "oras": ["oras", "copy", "--no-tty", "--from-plain-http", "--to-oci-layout",
                 f"{host}/{image}", "OUT:x"],
        "regctl": regctl(host, "image", "copy", f"{host}/{image}", "ocidir://OUT:x"),
    }


def exists_commands(host, image):
    return {
        "ocifp": ["ocifp", "exists", "-q", f"{host}/{image}"],
        "skopeo": ["skopeo", "inspect", "--raw", "--tls-verify=false", f"docker://{host}/{image}"],
        "crane": ["crane", "digest", "--insecure", f"{host}/{image}"],
        "oras": ["oras", "manifest", "fetch", "--descriptor", "--plain-http", f"{host}/{image}"],
        "regctl": regctl(host, "image", "digest", f"{host}/{image}"),
    }


def push_commands(host, layout):
    return {
        "ocifp": ["ocifp", "push", "-q", f"oci:{layout}:v1", f"{host}/OUT"],
        "skopeo": ["skopeo", "copy", "-q", "--dest-tls-verify=false", f"oci:{layout}:v1",
                   f"docker://{host}/OUT"],
        "crane": ["crane", "push", "--insecure", layout, f"{host}/OUT"],
        "oras": ["oras", "copy", "--no-tty", "--from-oci-layout", f"{layout}:v1",
                 "--to-plain-http", f"{host}/OUT"],
        "regctl": regctl(host, "image", "copy", f"ocidir://{layout}:v1", f"{host}/OUT"),
    }


def copy_commands(host, image, destination):
    """Between two registries, or two repositories of one."""
    places = [f"{host}/{image}", f"{destination}/OUT"]
    plain = ["--src-tls-verify=false", "--dest-tls-verify=false"]
    return {
        "ocifp": ["ocifp", "copy", "-q", *places],
        "skopeo": ["skopeo", "copy", "-q", *plain, *("docker://" + place for place in places)],
        "crane": ["crane", "copy", "--insecure", *places],
        "oras": ["oras", "copy", "--no-tty", "--from-plain-http", "--to-plain-http", *places],
        "regctl": regctl(host, "--host", f"reg={destination},tls=disabled,reqPerSec=1000", "image",
                         "copy", *places),
    }


def blob_path(layout, digest):
    return os.path.join(layout, "blobs", *digest.split(":"))


def unpack_commands(layout):
    """To a directory.  Of the tars only the one layer's, which they do not check."""
    with open(os.path.join(layout, "index.json"), encoding="ascii") as file:
        manifest = json.load(file)["manifests"][0]["digest"]
    with open(blob_path(layout, manifest), encoding="ascii") as file:
        layer = blob_path(layout, json.load(file)["layers"][0]["digest"])
    return {
        "ocifp": ["ocifp", "unpack", "-q", f"oci:{layout}:v1", "OUT"],
        "umoci": ["umoci", "raw", "unpack", "--image", f"{layout}:v1", "OUT"],
        "bsdtar": ["sh", "-c", f"mkdir OUT && exec bsdtar -C OUT -xpf {layer}"],
        "tar": ["sh", "-c", f"mkdir OUT && exec tar -C OUT --numeric-owner -xpzf {layer}"],
    }


def pull_unpack_commands(host, image):
    """From a registry to a directory; "in turn" is how it is without unpacking what has come."""
    place = f"{host}/{image}"
    return {
        "ocifp": ["ocifp", "unpack", "-q", "--store", "OUT-store", place, "OUT"],
        "ocifp in turn": ["sh", "-c", f"ocifp pull -q --store OUT-store {place} && "
                          f"exec ocifp unpack -q --offline --store OUT-store {place} OUT"],
        "umoci": ["sh", "-c", f"skopeo copy -q --src-tls-verify=false docker://{place} "
                  "oci:OUT-store:x && exec umoci raw unpack --image OUT-store:x OUT"],
        "crane": ["sh", "-c", f"mkdir OUT && crane export --insecure {place} - | tar -C OUT -xf -"],
    }


def with_places(commands, place_of):
    """The commands with a place to write to instead of the word OUT."""
    return {row: [word.replace("OUT", place) for word in command]
            for row, command in commands.items() for place in [place_of(row)]}


class Bench:
    def __init__(self, options):
        self.options = options
        self.environment = {
            **os.environ, "XDG_DATA_HOME": self.path("data"), "XDG_CACHE_HOME": self.path("cache"),
            "HOME": self.path("home"),
            "PATH": os.environ.get("BENCH_PATH", "") + ":" + os.environ["PATH"]}
        os.makedirs(self.path("home"))
        self.measure = self.path("measure")
        subprocess.run(["cc", "-O2", "-o", self.measure, os.path.join(HERE, "measure.c")],
                       check=True)
        self.registry = Registry(options.directory, "registry")
        self.other = Registry(options.directory, "other")
        self.serial = 0

    def path(self, name):
        return os.path.join(self.options.directory, name)

    def fresh(self, base):
        """A new name: deleting a tree and making it again slows file systems down for minutes."""
        self.serial += 1
        return base.format(self.serial)

    def remove_outputs(self):
        """Once a case is over: all of a run would be some 50 GB."""
        for path in glob.glob(self.path("out-*")):
            shutil.rmtree(path, ignore_errors=True)

    def make_image(self, name, layers):
        layout = self.path(name)
        subprocess.run([sys.executable, MKIMAGE, "image", layout, "v1", "--layers", layers],
                       check=True, stdout=subprocess.DEVNULL)
        push = push_commands(self.registry.host, layout)["ocifp"]
        if not self.run([word.replace("OUT", f"{name}:v1") for word in push]):
            sys.exit("bench: ocifp cannot push the images")
        return layout

    def make_tree_image(self, name):
        """Many small files in one gzip layer."""
        layout = self.path(name)
        subprocess.run(["ocifp", "append", "-q", "-o", f"oci:{layout}:v1", "/usr/include"],
                       env=self.environment, check=True, stdout=subprocess.DEVNULL)
        return layout

    def run(self, command):
        """(wall s, CPU s, RSS MiB, requests), or None when it failed."""
        before = self.registry.requests() + self.other.requests()
        read_end, write_end = os.pipe()
        shell = ["sh", "-c", f'exec "$@" 3>&{write_end} {write_end}>&-', "sh"]
        done = subprocess.run([*shell, self.measure, *command], env=self.environment,
                              pass_fds=(write_end,), stdout=subprocess.DEVNULL,
                              stderr=subprocess.PIPE, check=False)
        os.close(write_end)
        with os.fdopen(read_end) as file:
            fields = file.read().split()
        if len(fields) != 4 or fields[3] != "0":
            last = done.stderr.decode(errors="replace").strip().splitlines()[-1:]
            print(f"  {command[0]} failed: {' '.join(last)}", file=sys.stderr)
            return None
        requests = self.registry.requests() + self.other.requests() - before
        return float(fields[0]), float(fields[1]), int(fields[2]) / 1024, requests

    def compare(self, title, commands_of_round):
        """commands_of_round() gives each tool's command, with places to write to."""
        results = {}
        for _ in range(self.options.rounds):
            for row, command in commands_of_round().items():
                if not shutil.which(command[0], path=self.environment["PATH"]):
                    continue
                cost = self.run(command)
                if cost:
                    results.setdefault(row, []).append(cost)
        show(title, results)
        self.remove_outputs()

    def cold_pull(self, image):
        return lambda: with_places(pull_commands(self.registry.host, image),
                                   lambda row: self.fresh(self.path("out-{}")))

    def warm_pull(self, image):
        """The places of a first, uncounted round."""
        places = {}
        commands = with_places(
            pull_commands(self.registry.host, image),
            lambda row: places.setdefault(row, self.fresh(self.path("out-{}"))))
        for command in commands.values():
            if shutil.which(command[0], path=self.environment["PATH"]):
                self.run(command)
        return lambda: commands

    def unpack(self, layout):
        return lambda: with_places(unpack_commands(layout),
                                   lambda row: self.fresh(self.path("out-{}")))

    def pull_unpack(self, image):
        return lambda: with_places(pull_unpack_commands(self.registry.host, image),
                                   lambda row: self.fresh(self.path("out-{}")))

    def push(self, layout, base):
        return lambda: with_places(push_commands(self.registry.host, layout),
                                   lambda row: self.fresh(base))

    def copy(self, image, destination):
        return lambda: with_places(copy_commands(self.registry.host, image, destination),
                                   lambda row: self.fresh("copied-{}:v1"))


def show(title, results):
    medians = {row: [statistics.median(column) for column in zip(*costs)]
               for row, costs in results.items()}
    best = min((cost[0] for row, cost in medians.items() if not row.startswith("ocifp")), default=1)
    print(f"\n{title}")
    print(f"  {'tool':12} {'wall s':>8} {'ratio':>6} {'CPU s':>8} {'RSS MiB':>8} {'requests':>8}")
    for row, (wall, cpu, rss, requests) in medians.items():
        print(f"  {row:12} {wall:8.3f} {wall / best:6.2f} {cpu:8.3f} {rss:8.1f} {requests:8.0f}")
    sys.stdout.flush()


def cases(bench):
    size = bench.options.megabytes
    seed = bench.make_image("seed", ",".join(f"{max(1, int(size * s))}M" for s in SHARES))
    many = bench.make_image("many", SMALL)
    host = bench.registry.host
    yield "exists", "exists, no authentication", lambda: exists_commands(host, "seed:v1")
    yield "pull-seed", f"pull, cold, 7 layers, {size} MB", bench.cold_pull("seed:v1")
    yield "pull-many", "pull, cold, 60 small layers", bench.cold_pull("many:v1")
    yield "pull-warm", "pull, warm, 60 small layers", bench.warm_pull("many:v1")
    tree = bench.make_tree_image("tree")
    yield "unpack", "unpack, this machine's /usr/include, one gzip layer", bench.unpack(tree)
    yield "pull-unpack", f"pull and unpack, cold, 7 layers, {size} MB", bench.pull_unpack("seed:v1")
    job = run_commands(bench)
    yield "run", "run, a job that does nothing, unpacked already", lambda: job
    yield "push-seed", f"push, cold, 7 layers, {size} MB", bench.push(seed, "pushed-{}:v1")
    yield "push-many", "push, cold, 60 small layers", bench.push(many, "pushed-{}:v1")
    other = bench.other.host
    yield "copy-seed", f"copy to another registry, 7 layers, {size} MB", bench.copy("seed:v1", other)
    yield "copy-many", "copy to another registry, 60 layers", bench.copy("many:v1", other)
    yield "copy-same", "copy in one registry, 60 layers", bench.copy("many:v1", host)
    yield "push-tag", "push, all there, a new tag, 60 layers", bench.push(many, "many:t{}")


def podman_command(bench, root, job):
    """As root with its plainest settings; crun refuses control groups of both versions at once, and
    what podman wants its limits raised to may be more than there is."""
    return ["unshare", "-m", "sh", "-c", 'umount /sys/fs/cgroup/unified 2>/dev/null; exec "$@"', "sh",
            "podman", "--root", bench.path("podman"), "--runroot", bench.path("podman-run"),
            "--cgroup-manager", "cgroupfs", "--events-backend", "file", "--runtime", "crun",
            "run", "--rm", "--network", "none", "--ulimit", "nofile=1024:1024",
            "--ulimit", "nproc=1024:1024", "--rootfs", root, *job]


def run_commands(bench):
    """A job that does nothing, in a root of one static program."""
    root = bench.path("root")
    busybox = shutil.which("busybox")
    if not busybox:
        return {}
    for name in ("bin", "dev", "proc", "sys", "tmp", "etc"):
        os.makedirs(os.path.join(root, name), exist_ok=True)
    shutil.copy(busybox, os.path.join(root, "bin/busybox"))
    layout = "oci:" + bench.path("job") + ":v1"
    subprocess.run(["ocifp", "append", "-o", layout, root], env=bench.environment, check=True,
                   stdout=subprocess.DEVNULL)
    job = ["/bin/busybox", "true"]
    through = {f"ocifp {engine}": ["ocifp", "run", "--runtime", engine, layout, "--", *job]
               for engine in ("crun", "runc", "bwrap") if shutil.which(engine)}
    return {
        **through,
        "bwrap": ["bwrap", "--unshare-all", "--bind", root, "/", "--proc", "/proc", "--dev", "/dev",
                  *job],
        "podman": podman_command(bench, root, job),
    }


def main():
    parser = argparse.ArgumentParser(description="ocifp beside its peers")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--megabytes", type=int, default=786)
    parser.add_argument("--case", action="append")
    parser.add_argument("--directory", default="/tmp/ocifp-bench")
    options = parser.parse_args()
    shutil.rmtree(options.directory, ignore_errors=True)
    os.makedirs(options.directory)
    bench = Bench(options)
    try:
        for name, title, commands in cases(bench):
            if not options.case or name in options.case:
                bench.compare(title, commands)
    finally:
        bench.registry.stop()
        bench.other.stop()
        shutil.rmtree(options.directory, ignore_errors=True)


if __name__ == "__main__":
    main()
