#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""bench.py - ocifp beside its peers, on one machine in one run

    bench.py [--rounds N] [--megabytes N] [--case PATTERN]... [--output BASE] [--directory DIR]
    bench.py --list

Each case is run by each tool that is there (ocifp, skopeo, crane, oras, regctl, umoci, bsdtar, tar,
podman, bwrap: found in PATH and $BENCH_PATH; peers.sh builds the newest), in interleaved rounds,
against the servers of servers.py.  A run counts when the tool succeeded and what it made is whole.
BASE.md, BASE.json and BASE.svg get the table: of wall and CPU time, peak memory, requests and
connections the minimum, median and maximum, and the ratio to the fastest peer.  "limit" is what moves
the same bytes and does nothing else.
"""
import argparse
import datetime
import fnmatch
import glob
import json
import os
import shutil
import subprocess
import sys

import servers
import table

HERE = os.path.dirname(os.path.abspath(__file__))
MKIMAGE = os.path.join(HERE, "..", "lib", "mkimage.py")

# Large layers in the proportions of a CI image, and small ones as builders leave them.
SHARES = [0.38, 0.25, 0.15, 0.10, 0.06, 0.04, 0.02]
SMALL = ",".join(["70k"] * 60)

class Place:
    """Where a registry answers; `host` with TLS when there is a certificate to trust."""

    def __init__(self, host, cert=None):
        self.host, self.cert = host, cert

    def environment(self):
        return {"SSL_CERT_FILE": self.cert, "OCIFP_TLS_CA": self.cert} if self.cert else {}

    def limit(self, *words):
        """What curl takes for it."""
        return ["curl", "-sf", *(["--cacert", self.cert] if self.cert else []), *words]

    def url(self, path):
        return f"{'https' if self.cert else 'http'}://{self.host}/v2/{path}"

    def unless_tls(self, *words):
        return [] if self.cert else list(words)

    def regctl(self):
        """Its default of ten requests a second would make the comparison unfair."""
        tls = "enabled" if self.cert else "disabled"
        return ["--host", f"reg={self.host},tls={tls},reqPerSec=1000"]


def pull_commands(place, image):
    """Into a layout, which all of them can write; ocifp's own store is a row of its own."""
    ref = f"{place.host}/{image}"
    return {
        "ocifp": ["ocifp", "pull", "-q", "-o", "oci:OUT:x", ref],
        "ocifp store": ["ocifp", "pull", "-q", "--store", "OUT", ref],
        "skopeo": ["skopeo", "copy", "-q", "--preserve-digests",
                   *place.unless_tls("--src-tls-verify=false"), f"docker://{ref}", "oci:OUT:x"],
        "crane": ["crane", "pull", *place.unless_tls("--insecure"), "--format", "oci", ref, "OUT"],
        "oras": ["oras", "copy", "--no-tty", *place.unless_tls("--from-plain-http"),
                 "--to-oci-layout", ref, "OUT:x"],
        "regctl": ["regctl", *place.regctl(), "image", "copy", ref, "ocidir://OUT:x"],
    }


def exists_commands(place, image):
    ref = f"{place.host}/{image}"
    return {
        "ocifp": ["ocifp", "exists", "-q", ref],
        "skopeo": ["skopeo", "inspect", "--raw", *place.unless_tls("--tls-verify=false"),
                   f"docker://{ref}"],
        "crane": ["crane", "digest", *place.unless_tls("--insecure"), ref],
        "oras": ["oras", "manifest", "fetch", "--descriptor", *place.unless_tls("--plain-http"), ref],
        "regctl": ["regctl", *place.regctl(), "image", "digest", ref],
    }


def push_commands(place, layout):
    to = f"{place.host}/OUT"
    return {
        "ocifp": ["ocifp", "push", "-q", f"oci:{layout}:v1", to],
        "skopeo": ["skopeo", "copy", "-q", "--preserve-digests", "--dest-tls-verify=false",
                   f"oci:{layout}:v1", f"docker://{to}"],
        "crane": ["crane", "push", "--insecure", layout, to],
        "oras": ["oras", "copy", "--no-tty", "--from-oci-layout", f"{layout}:v1", "--to-plain-http",
                 to],
        "regctl": ["regctl", *place.regctl(), "image", "copy", f"ocidir://{layout}:v1", to],
    }


def copy_commands(place, image, other):
    """Between two registries, or two repositories of one."""
    names = [f"{place.host}/{image}", f"{other.host}/OUT"]
    return {
        "ocifp": ["ocifp", "copy", "-q", *names],
        "skopeo": ["skopeo", "copy", "-q", "--preserve-digests", "--src-tls-verify=false",
                   "--dest-tls-verify=false", *("docker://" + name for name in names)],
        "crane": ["crane", "copy", "--insecure", *names],
        "oras": ["oras", "copy", "--no-tty", "--from-plain-http", "--to-plain-http", *names],
        "regctl": ["regctl", *place.regctl(), *other.regctl(), "image", "copy", *names],
    }


def document(layout, digest):
    with open(blob_path(layout, digest), encoding="utf-8") as file:
        return json.load(file)


def blob_path(layout, digest):
    return os.path.join(layout, "blobs", *digest.split(":"))


class Image:
    """A layout of our own, tagged v1: what the servers were given."""

    def __init__(self, layout):
        self.layout = layout
        with open(os.path.join(layout, "index.json"), encoding="ascii") as file:
            self.digest = json.load(file)["manifests"][0]["digest"]
        self.manifest = document(layout, self.digest)
        self.parts = [self.manifest["config"], *self.manifest["layers"]]

    def is_whole_in(self, layout):
        return all(os.path.exists(blob_path(layout, part["digest"])) and
                   os.path.getsize(blob_path(layout, part["digest"])) == part["size"]
                   for part in self.parts)


def unpack_commands(image):
    """Of the tars only the first layer's, which they do not check."""
    layer = blob_path(image.layout, image.manifest["layers"][0]["digest"])
    return {
        "ocifp": ["ocifp", "unpack", "-q", f"oci:{image.layout}:v1", "OUT"],
        "umoci": ["umoci", "raw", "unpack", "--image", f"{image.layout}:v1", "OUT"],
        "bsdtar": ["sh", "-c", f"mkdir OUT && exec bsdtar -C OUT -xpf {layer}"],
        "tar": ["sh", "-c", f"mkdir OUT && exec tar -C OUT --numeric-owner -xpzf {layer}"],
    }


def pull_unpack_commands(place, image):
    ref = f"{place.host}/{image}"
    return {
        "ocifp": ["ocifp", "unpack", "-q", "--store", "OUT-store", ref, "OUT"],
        "umoci": ["sh", "-c", f"skopeo copy -q --src-tls-verify=false docker://{ref} "
                  "oci:OUT-store:x && exec umoci raw unpack --image OUT-store:x OUT"],
        "crane": ["sh", "-c", f"mkdir OUT && crane export --insecure {ref} - | tar -C OUT -xf -"],
    }


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
    root, busybox = bench.path("root"), shutil.which("busybox")
    if not busybox:
        return {}
    for name in ("bin", "dev", "proc", "sys", "tmp", "etc"):
        os.makedirs(os.path.join(root, name), exist_ok=True)
    shutil.copy(busybox, os.path.join(root, "bin/busybox"))
    layout = "oci:" + bench.path("job") + ":v1"
    bench.prepare(["ocifp", "append", "-q", "-o", layout, root])
    job = ["/bin/busybox", "true"]
    through = {"ocifp" if engine == "crun" else f"ocifp {engine}":
               ["ocifp", "run", "--runtime", engine, layout, "--", *job]
               for engine in ("crun", "runc", "bwrap") if bench.has(engine)}
    return {
        **through,
        "limit: bwrap": ["bwrap", "--unshare-all", "--bind", root, "/", "--proc", "/proc", "--dev",
                         "/dev", *job],
        "podman": podman_command(bench, root, job),
    }


def fingerprint_commands(bench):
    """A hundred thousand files of four directories a hundred, in no repository."""
    project = bench.path("project")
    tree = os.path.join(project, "src")
    for number in range(100000):
        directory = os.path.join(tree, str(number // 1000), str(number // 100 % 10))
        if number % 100 == 0:
            os.makedirs(directory)
        with open(os.path.join(directory, str(number)), "w", encoding="ascii") as file:
            file.write(f"{number}\n" * 20)
    with open(os.path.join(project, ".ocifp.yaml"), "w", encoding="ascii") as file:
        file.write("version: 1\nimages: {x: {repository: localhost:1/x, inputs: [src], build: 'true'}}\n")
    ours = ["ocifp", "fingerprint", "-C", project, "x"]
    return {
        "ocifp": ["env", "XDG_CACHE_HOME=OUT", *ours],
        "ocifp again": ours,
        "sha256sum": ["sh", "-c", f"find {tree} -type f -print0 | sort -z | xargs -0 sha256sum"],
        "limit: find": ["find", tree, "-type", "f", "-size", "+9999c"],
    }


class Bench:
    def __init__(self, options):
        self.options, self.started, self.serial, self.cases = options, {}, 0, []
        self.environment = {
            **os.environ, "XDG_DATA_HOME": self.path("data"), "XDG_CACHE_HOME": self.path("cache"),
            "HOME": self.path("home"),
            "PATH": os.environ.get("BENCH_PATH", "") + ":" + os.environ["PATH"]}
        os.makedirs(self.path("home"))
        self.measure = self.path("measure")
        subprocess.run(["cc", "-O2", "-o", self.measure, os.path.join(HERE, "measure.c")],
                       check=True)
        self.cert = self.path("cert")
        servers.make_certificate(self.cert)
        self.pem = self.cert + ".pem"

    def path(self, name):
        return os.path.join(self.options.directory, name)

    def has(self, program):
        return shutil.which(program, path=self.environment["PATH"])

    def prepare(self, command):
        subprocess.run(command, env=self.environment, check=True, stdout=subprocess.DEVNULL)

    def once(self, name, make):
        """Servers and images are made when a case first wants them."""
        if name not in self.started:
            self.started[name] = make()
        return self.started[name]

    def registry(self, name="registry"):
        server = self.once(name, lambda: servers.Registry(self.path(name), self.path(name + ".data")))
        return Place(server.host)

    def front(self, name, http2, bytes_per_s=0, round_trip_ms=0):
        """TLS before the registry; shaped, when something is said of that."""
        proxy = servers.PROXY.format(upstream=self.registry().host)
        nginx = self.once(name, lambda: servers.Nginx(
            self.path(name), f"location / {{ {proxy} }}", self.cert, http2))
        if not bytes_per_s:
            return Place(nginx.host, self.pem)
        shaper = self.once(name + "-shaped", lambda: servers.Shaper(
            self.path(name + "-shaped"), servers.port_of(nginx), round_trip_ms, bytes_per_s))
        return Place(shaper.host, self.pem)

    def like_ghcr(self):
        self.registry()
        made = self.once("ghcr", lambda: servers.start_like_ghcr(
            self.path("ghcr"), self.path("registry.data"), self.cert, 50))
        return Place(made.host, self.pem)

    def files(self, image, name):
        """The layout as a registry of plain files."""
        root = self.path(name + ".files")
        base = os.path.join(root, "v2", name)
        if not os.path.exists(root):
            os.makedirs(os.path.join(base, "manifests"))
            os.makedirs(os.path.join(base, "blobs"))
            for tag in ("v1", image.digest):
                shutil.copy(blob_path(image.layout, image.digest),
                            os.path.join(base, "manifests", tag))
            for part in image.parts:
                os.link(blob_path(image.layout, part["digest"]),
                        os.path.join(base, "blobs", part["digest"]))
        server = self.once(name + "-files", lambda: servers.Nginx(
            self.path(name + "-files"), servers.FILES.format(root=root) +
            " location = /v2/ { return 200; }"))
        return Place(server.host)

    def image(self, name, layers):
        def make():
            layout = self.path(name)
            self.prepare([sys.executable, MKIMAGE, "image", layout, "v1", "--layers", layers])
            push = push_commands(self.registry(), layout)["ocifp"]
            self.prepare([word.replace("OUT", f"{name}:v1") for word in push])
            return Image(layout)
        return self.once("image " + name, make)

    def seed(self):
        return self.image("seed", ",".join(f"{max(1, int(self.options.megabytes * share))}M"
                                           for share in SHARES))

    def many(self):
        return self.image("many", SMALL)

    def tree(self):
        """Many small files in one gzip layer."""
        def make():
            layout = self.path("tree")
            self.prepare(["ocifp", "append", "-q", "-o", f"oci:{layout}:v1", "/usr/include"])
            return Image(layout)
        return self.once("image tree", make)

    def limit_of_pull(self, place, image, name):
        """curl asks for the same blobs, over as many connections as ocifp."""
        if not self.has("curl"):
            return {}
        config = self.path(f"{name}-{place.host}.curl")
        with open(config, "w", encoding="ascii") as file:
            file.writelines(f'url = "{place.url(name)}/blobs/{part["digest"]}"\noutput = /dev/null\n'
                            for part in image.parts)
        return {"limit: curl": place.limit("-Z", "--parallel-max", "16", "-K", config)}

    def fresh(self, base):
        """A new name: deleting a tree and making it again slows file systems down for minutes."""
        self.serial += 1
        return base.format(self.serial)

    def run(self, command, more):
        """(wall s, CPU s, RSS MiB, requests, connections), or None when it failed."""
        for server in servers.Server.started:
            server.take()
        forget_places_of_skopeo()
        os.sync()  # what another tool left to the kernel is not to be written in this one's time
        read_end, write_end = os.pipe()
        shell = ["sh", "-c", f'exec "$@" 3>&{write_end} {write_end}>&-', "sh"]
        # Not in a checkout with a project file, for which one of the tools would ask git.
        done = subprocess.run([*shell, self.measure, *command], env={**self.environment, **more},
                              cwd=self.options.directory, pass_fds=(write_end,),
                              stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False)
        os.close(write_end)
        with os.fdopen(read_end) as file:
            fields = file.read().split()
        if len(fields) != 4 or fields[3] != "0":
            last = done.stderr.decode(errors="replace").strip().splitlines()[-1:]
            print(f"  {command[0]} failed: {' '.join(last)}", file=sys.stderr)
            return None
        return (float(fields[0]), float(fields[1]), int(fields[2]) / 1024, *servers.take_all())

    def compare(self, name, title, commands, place=None, out="out-{}", check=None, warm=False):
        """`commands` write to OUT, which is new for each run; with `warm` it stays that of a tool."""
        results, outs = {}, {}
        for round_number in range(self.options.rounds + warm):
            for tool, command in commands.items():
                if not self.has(command[0]):
                    continue
                where = outs.get(tool) if warm else None
                where = outs[tool] = where or self.fresh(out if ":" in out else self.path(out))
                cost = self.run([word.replace("OUT", where) for word in command],
                                place.environment() if place else {})
                if cost and check and not is_limit(tool) and not check(where):
                    print(f"  {tool}: what it made is not whole", file=sys.stderr)
                    cost = None
                if cost and round_number >= warm:
                    results.setdefault(tool, []).append(cost)
                    print(f"  {tool:14} {cost[0]:8.3f} s", file=sys.stderr)
        for path in glob.glob(self.path("out-*")):
            shutil.rmtree(path, ignore_errors=True)
        if results:
            self.cases.append(table.summarize(name, title, results))
            print(table.markdown_case(self.cases[-1]), flush=True)

    def has_tag(self, registry, image):
        """What a push or a copy made."""
        def check(ref):
            repository, _, tag = ref.partition(":")
            link = os.path.join(self.path(registry + ".data"), "docker/registry/v2/repositories",
                                repository, "_manifests/tags", tag, "current/link")
            with open(link, encoding="ascii") as file:
                return file.read() == image.digest
        return check


is_limit = table.is_limit


def forget_places_of_skopeo():
    """Of an earlier round, from which it would mount what it is to send."""
    room = "/var/lib" if os.geteuid() == 0 else os.path.expanduser("~/.local/share")
    for path in glob.glob(os.path.join(room, "containers/cache/blob-info-cache-*")):
        os.unlink(path)


def synced(commands):
    """Peers leave their files to the kernel; ocifp ends when they are on the disk."""
    return {tool + table.SYNCED: ["sh", "-c", '"$@" && exec sync -f OUT', "sh", *command]
            for tool, command in commands.items()}


def pull_case(title, place_of, image_of, name, warm=False):
    def run(bench, case):
        image, place = image_of(bench), place_of(bench)
        commands = pull_commands(place, f"{name}:v1")
        if name == "seed":
            commands.update(synced({tool: commands[tool] for tool in ("crane", "oras") if bench.has(tool)}))
        if not warm:
            commands.update(bench.limit_of_pull(place, image, name) if place_of is not Bench.like_ghcr
                            else {})
        bench.compare(case, title, commands, place, check=image.is_whole_in, warm=warm)
    return title, run


def exists_case(title, place_of):
    def run(bench, case):
        bench.seed()
        place = place_of(bench)
        limit = {}
        if place_of is not Bench.like_ghcr:
            limit = {"limit: curl": place.limit(
                "-H", "Accept: application/vnd.oci.image.manifest.v1+json", "-o", "/dev/null",
                place.url("seed/manifests/v1"))}
        bench.compare(case, title, {**exists_commands(place, "seed:v1"), **limit}, place)
    return title, run


def push_case(title, image_of, out, warm=False):
    def run(bench, case):
        image = image_of(bench)
        bench.compare(case, title, push_commands(bench.registry(), image.layout), out=out, warm=warm,
                      check=bench.has_tag("registry", image))
    return title, run


def copy_case(title, image_of, name, other):
    def run(bench, case):
        image = image_of(bench)
        bench.compare(case, title,
                      copy_commands(bench.registry(), f"{name}:v1", bench.registry(other)),
                      out="copied-{}:v1", check=bench.has_tag(other, image))
    return title, run


def unpack(bench, case):
    image = bench.tree()
    commands = unpack_commands(image)
    bench.compare(case, CASES[case][0], {tool: commands[tool] for tool in commands if bench.has(tool)},
                  check=lambda out: os.path.exists(os.path.join(out, "stdio.h")) or
                  os.path.exists(os.path.join(out, "usr/include/stdio.h")))


def pull_unpack(bench, case):
    bench.seed()
    bench.compare(case, CASES[case][0], pull_unpack_commands(bench.registry(), "seed:v1"),
                  check=os.listdir)


def h2(bench):
    return bench.front("h2", True)


def slow_h1(bench):
    return bench.front("h1", False, 12.5e6, 1)


def slow_h2(bench):
    return bench.front("h2", True, 50e6, 1)


def seed_files(bench):
    return bench.files(bench.seed(), "seed")


CASES = {
    "exists-http": exists_case("exists, HTTP", Bench.registry),
    "exists-tls": exists_case("exists, TLS", h2),
    "exists-token": exists_case("exists, token, 50 ms", Bench.like_ghcr),
    "pull-seed-static": pull_case("pull large, static files", seed_files, Bench.seed, "seed"),
    "pull-seed-http": pull_case("pull large, HTTP", Bench.registry, Bench.seed, "seed"),
    "pull-seed-h2": pull_case("pull large, TLS, HTTP/2", h2, Bench.seed, "seed"),
    "pull-seed-slow-h1": pull_case("pull large, 12.5 MB/s a connection", slow_h1, Bench.seed, "seed"),
    "pull-seed-slow-h2": pull_case("pull large, HTTP/2, 50 MB/s a connection", slow_h2, Bench.seed,
                                   "seed"),
    "pull-many-http": pull_case("pull 60 layers, HTTP", Bench.registry, Bench.many, "many"),
    "pull-many-h2": pull_case("pull 60 layers, TLS, HTTP/2", h2, Bench.many, "many"),
    "pull-many-token": pull_case("pull 60 layers, token, redirects, 50 ms", Bench.like_ghcr,
                                 Bench.many, "many"),
    "pull-warm": pull_case("pull 60 layers that are there", Bench.registry, Bench.many, "many", True),
    "push-seed": push_case("push large", Bench.seed, "pushed-{}:v1"),
    "push-many": push_case("push 60 layers", Bench.many, "pushed-{}:v1"),
    "push-tag": push_case("push 60 layers that are there, a new tag", Bench.many, "many:t{}"),
    "push-same": push_case("push 60 layers again", Bench.many, "same-{}:v1", True),
    "copy-seed": copy_case("copy large to another registry", Bench.seed, "seed", "other"),
    "copy-many": copy_case("copy 60 layers to another registry", Bench.many, "many", "other"),
    "copy-same": copy_case("copy 60 layers in one registry", Bench.many, "many", "registry"),
    "unpack": ("unpack /usr/include, one gzip layer", unpack),
    "pull-unpack": ("registry to root, large", pull_unpack),
    "run": ("run nothing, unpacked already",
            lambda bench, case: bench.compare(case, CASES[case][0], run_commands(bench))),
    "fingerprint": ("fingerprint of 100,000 files",
                    lambda bench, case: bench.compare(case, CASES[case][0],
                                                      fingerprint_commands(bench))),
}


def versions(bench):
    """As peers.sh noted them; of the others what they say of themselves."""
    found = {}
    for directory in os.environ.get("BENCH_PATH", "").split(":"):
        if directory and os.path.exists(os.path.join(directory, "VERSIONS")):
            with open(os.path.join(directory, "VERSIONS"), encoding="utf-8") as file:
                found.update(line.strip().split(" ", 1) for line in file)
    used = {tool.removesuffix(table.SYNCED).split()[-1] for case in bench.cases for tool in case["tools"]}
    for tool in sorted(used - set(found)):
        if bench.has(tool):
            said = subprocess.run([tool, "--version"], env=bench.environment, check=False,
                                  stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout.decode()
            found[tool] = (said.splitlines() or ["?"])[0]
    return found


def main():
    parser = argparse.ArgumentParser(description="ocifp beside its peers")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--megabytes", type=int, default=786)
    parser.add_argument("--case", action="append", help="a name of --list, or a pattern such as 'pull-*'")
    parser.add_argument("--output", default="bench", help="BASE of BASE.md, BASE.json and BASE.svg")
    parser.add_argument("--directory", default="/tmp/ocifp-bench")
    parser.add_argument("--list", action="store_true")
    options = parser.parse_args()
    wanted = [name for name in CASES
              if any(fnmatch.fnmatch(name, pattern) for pattern in options.case or ["*"])]
    if options.list:
        print("\n".join(f"{name:18} {CASES[name][0]}" for name in wanted))
        return
    options.directory = os.path.abspath(options.directory)
    shutil.rmtree(options.directory, ignore_errors=True)
    os.makedirs(options.directory)
    bench = Bench(options)
    try:
        for name in wanted:
            print(CASES[name][0], file=sys.stderr)
            CASES[name][1](bench, name)
        table.write({"date": datetime.date.today().isoformat(), "machine": table.machine(),
                     "rounds": options.rounds, "versions": versions(bench),
                     "cases": bench.cases}, options.output)
    finally:
        for server in servers.Server.started:
            server.stop()
        shutil.rmtree(options.directory, ignore_errors=True)


if __name__ == "__main__":
    main()
