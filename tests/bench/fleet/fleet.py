#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""fleet.py - many jobs at once against one registry whose rate limit binds

    fleet.py [--jobs N] [--minute S] [--over X] [--out DIR] [--case NAME]...

The registry is tests/faults/server.py.  It takes in a "minute" of S seconds what one job in X of the
fleet needs, and puts the rest off as ghcr.io does: 429, "retry-after: 831.2µs" in the text alone.
Each fiftieth answer is 502.  Time goes 60/S times as fast: so does ocifp's back-off.  Each job is a
process with a store, a home and a repository of its own.  A case passes if

    every job ends right;
    requests <= 1.1 x needed + those answered 429 (needed: what one job sends to a registry without limit);
    the last job ends within needed / limit + 15 %;
    no 100 ms have more than 3 times the mean of retries.

With --out, DIR gets fleet/CASE-N.svg, and a line of the table in fleet.md, which is made of fleet.json:
a case of N jobs that was there before is replaced.
"""
import argparse
import collections
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TESTS = os.path.join(HERE, "..", "..")
STEP_S = 0.1
MICROSECONDS = {"errors": [{"code": "TOOMANYREQUESTS", "message": "retry-after: 831.2µs, allowed: 44000/minute"}]}
PULL = ["pull", "--platform", "linux/amd64", "@REPO@:one"]
CASES = {
    "exists": ["exists", "--print", "@REPO@:one"],
    "warm": PULL,
    "cold": PULL,
    "join": ["index", "join", "--platform", "linux/amd64,linux/arm64", "@REPO@:v1"],
    "cache": ["cache", "restore", "target", "--strict", "--preset", "ccache", "--path", "target",
              "--variant", "fleet", "--repository", "@REPO@-cache"],
}


class Rig:
    """A server, its layouts, and the homes of the jobs."""

    def __init__(self, directory):
        self.directory = directory
        self.log_path = self.path("log")
        self.write_rules([])
        port_file = self.path("port")
        self.server = subprocess.Popen(
            [sys.executable, "-S", os.path.join(TESTS, "faults", "server.py"), "--root", self.path("root"),
             "--port-file", port_file, "--log", self.log_path, "--rules", self.path("rules")])
        try:  # it writes down when requests come: the jobs must not keep it from that
            os.setpriority(os.PRIO_PROCESS, self.server.pid, -15)
        except PermissionError:
            pass
        while not os.path.exists(port_file):
            time.sleep(0.05)
        with open(port_file, encoding="ascii") as file:
            self.host = "127.0.0.1:" + file.read().strip()

    def path(self, *names):
        return os.path.join(self.directory, *names)

    def write_rules(self, rules):
        with open(self.path("rules.new"), "w", encoding="utf-8") as file:
            json.dump({"rules": rules}, file)
        os.replace(self.path("rules.new"), self.path("rules"))

    def repository(self, number):
        return "job-%d/app" % number

    def environment(self, number, first_ms):
        home = self.path("homes", str(number))
        kept = {name: os.environ[name] for name in ("PATH", "OCIFP_LIBEXEC", "LANG") if name in os.environ}
        return {**kept, "HOME": home, "OCIFP_STORE": os.path.join(home, "store"), "OCIFP_BACKOFF_MS": str(first_ms)}

    def command(self, words, number):
        return ["ocifp"] + [word.replace("@REPO@", self.host + "/" + self.repository(number)) for word in words]

    def run(self, words, number, **more):
        done = subprocess.run(self.command(words, number), env=self.environment(number, 500),
                              cwd=self.path("homes", str(number)), capture_output=True, text=True, check=False, **more)
        if done.returncode != 0:
            sys.exit("fleet: %s: %s" % (" ".join(words), done.stderr))
        return done.stdout

    def make_home(self, number, like=None):
        home = self.path("homes", str(number))
        if like is None:
            os.makedirs(home)
        else:
            shutil.copytree(self.path("homes", str(like)), home, symlinks=True)

    def make_repository(self, number, like):
        for name in ("app", "app-cache"):
            source = self.path("root", "job-%d" % like, name)
            if os.path.isdir(source):
                shutil.copytree(source, self.path("root", "job-%d" % number, name), copy_function=os.link)

    def stop(self):
        self.server.send_signal(signal.SIGTERM)
        self.server.wait()

    def events(self, offset=0):
        with open(self.log_path, encoding="utf-8") as file:
            file.seek(offset)
            return [json.loads(line) for line in file]


def mkimage(layout, tag, *options):
    subprocess.run([sys.executable, "-S", os.path.join(TESTS, "lib", "mkimage.py"), "image", layout, tag, *options],
                   check=True, stdout=subprocess.DEVNULL)


def prepare(rig, case):
    """Job 0's repository and home, as each job's are before it."""
    layout = rig.path("root", rig.repository(0))
    rig.make_home(0)
    if case == "join":
        for platform in ("amd64", "arm64"):
            mkimage(layout, "v1-linux-" + platform, "--platform", "linux/" + platform, "--layers", "5k")
        return
    if case != "cache":
        mkimage(layout, "one", "--layers", ",".join(["20k"] * 8), "--platform", "linux/amd64", "--platform",
                "linux/arm64")
    if case == "warm":
        rig.run(PULL, 0)
    if case == "cache":
        home = rig.path("homes", "0")
        for name, size in (("target/a", 300000), ("target/b", 1000)):
            os.makedirs(os.path.dirname(os.path.join(home, name)), exist_ok=True)
            with open(os.path.join(home, name), "wb") as file:
                file.write(os.urandom(size))
        save = [word for word in CASES["cache"] if word != "--strict"]
        save[1] = "save"
        rig.run(save + ["--push", "always"], 0)
        shutil.rmtree(os.path.join(home, "target"))
        shutil.rmtree(os.path.join(home, "store"), ignore_errors=True)
        shutil.rmtree(os.path.join(home, ".cache"), ignore_errors=True)


def count_needed(rig, case):
    """The requests of one job that nobody puts off, and what it prints."""
    offset = os.path.getsize(rig.log_path)
    rig.make_home(1, like=0)
    rig.make_repository(1, like=0)
    stdout = rig.run(CASES[case], 1)
    return sum(event["event"] == "request" for event in rig.events(offset)), without_times(stdout)


def without_times(text):
    return re.sub(r" in [0-9.]+ m?s\b", "", text)


def run_fleet(rig, case, options, needed, expected):
    """Starts all jobs at once.  Returns the events, the times of their ends, and the failures."""
    first_ms = max(1, round(500 * options.minute / 60))
    gate_out, gate_in = os.pipe()
    jobs = range(2, options.jobs + 2)
    for number in jobs:
        rig.make_home(number, like=0)
        rig.make_repository(number, like=0)
    rate = needed * options.jobs / (options.over * options.minute)
    rig.write_rules([
        {"name": "limit", "over": [rate, max(2, rate * options.minute / 60)],
         "action": {"status": 429, "json": MICROSECONDS}},
        {"name": "sprinkled", "nth": "*/50", "action": {"status": 502}},
    ])
    offset = os.path.getsize(rig.log_path)
    ends, failures, running = [], [], {}
    for number in jobs:
        errors = open(rig.path("homes", str(number), "stderr"), "w+", encoding="utf-8")
        waiting = ["sh", "-c", 'read -r gate; exec "$@" </dev/null', "sh"]
        process = subprocess.Popen(waiting + rig.command(CASES[case], number), env=rig.environment(number, first_ms),
                                   cwd=rig.path("homes", str(number)), stdin=gate_out, stdout=subprocess.PIPE,
                                   stderr=errors, text=True)
        running[process.pid] = (number, process, errors)
    os.close(gate_out)
    time.sleep(1)
    os.close(gate_in)
    while running:
        pid, status = os.wait()
        if pid not in running:
            continue
        ends.append(time.monotonic())
        number, process, errors = running.pop(pid)
        stdout = without_times(process.stdout.read()).replace("job-%d/" % number, "job-1/")
        if status != 0 or stdout != expected:
            errors.seek(0)
            failures.append("job %d: status %d: %s" % (number, os.waitstatus_to_exitcode(status), errors.read()[-300:]))
        process.stdout.close()
        errors.close()
    rig.write_rules([])
    return {"events": rig.events(offset), "ends": ends, "failures": failures, "rate": rate, "needed": needed * options.jobs}


def judge(run):
    """Adds to RUN what the criteria ask for."""
    requests = [event for event in run["events"] if event["event"] == "request"]
    responses = [event for event in run["events"] if event["event"] == "response"]
    status = {event["n"]: event["status"] for event in responses}
    refused = collections.Counter()
    run["retries"] = []
    for event in requests:
        key = (event["method"], event["path"])
        if refused[key] > 0:
            refused[key] -= 1
            run["retries"].append(event["t"])
        if status.get(event["n"]) in (429, 502):
            refused[key] += 1
    run["sent"] = [event["t"] for event in requests]
    run["passed"] = [event["t"] for event in requests if status.get(event["n"]) not in (429, 502)]
    run["put_off"] = sum(value == 429 for value in status.values())
    run["broken"] = sum(value == 502 for value in status.values())
    start = min(run["sent"])
    run["start"] = start
    run["ideal_s"] = run["needed"] / run["rate"]
    run["last_s"] = max(run["ends"]) - start
    steps = max(1, (max(run["sent"]) - start) / STEP_S)
    peak = collections.Counter(int((at - start) / STEP_S) for at in run["retries"])
    first = {}
    for event in requests:
        first.setdefault(event["path"].split("/app")[0].split("/")[-1], event["t"])
    run["started_s"] = sorted(first.values())[min(len(first), len(run["ends"])) - 1] - start
    run["mean_retries"] = len(run["retries"]) / steps
    run["peak_retries"] = max(peak.values(), default=0)
    run["verdicts"] = {
        "right": not run["failures"],
        "requests": len(requests) <= 1.1 * run["needed"] + run["put_off"],
        "last": run["last_s"] <= 1.15 * run["ideal_s"],
        "spread": run["peak_retries"] <= 3 * run["mean_retries"],
    }


def report(case, options, run):
    print("%-7s %d jobs, started in %.1f s: needed %d, sent %d, 429 %d, 502 %d; last %.1f s = %.2f of needed/limit; "
          "retries in 100 ms: mean %.1f, most %d = %.1f of it; %s" % (
              case, options.jobs, run["started_s"], run["needed"], len(run["sent"]), run["put_off"],
              run["broken"], run["last_s"], run["last_s"] / run["ideal_s"], run["mean_retries"], run["peak_retries"],
              run["peak_retries"] / max(run["mean_retries"], 0.01),
              ", ".join(name + (" ok" if ok else " NOT OK") for name, ok in run["verdicts"].items())), flush=True)
    for failure in run["failures"][:5]:
        print("  " + failure.replace("\n", " | "))


def rates(times, start, step_s, steps):
    """In a second, in each step."""
    found = [0] * steps
    for at in times:
        found[min(steps - 1, int((at - start) / step_s))] += 1 / step_s
    return found


def svg(case, options, run):
    """The rates of requests sent and served, the limit, and the jobs that have ended."""
    width, height, left, right, base, steps = 720, 360, 50, 670, 310, 200
    step_s = run["last_s"] / steps
    sent, passed = (rates(run[name], run["start"], step_s, steps) for name in ("sent", "passed"))
    top = max(max(sent), 1)

    def line(values, most, colour):
        points = " ".join("%d,%d" % (left + i * (right - left) / (steps - 1), base - v * 240 / most)
                          for i, v in enumerate(values))
        return '<polyline fill="none" stroke="%s" stroke-width="1.5" points="%s"/>' % (colour, points)

    ended = [sum(end - run["start"] <= (i + 1) * step_s for end in run["ends"]) for i in range(steps)]
    ideal_x = left + run["ideal_s"] / run["last_s"] * (right - left)
    return "\n".join([
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="13">' % (
            width, height),
        '<style>.page{fill:#fff}text{fill:#1d2329}@media(prefers-color-scheme:dark)'
        '{.page{fill:#14181c}text{fill:#e2e7ec}}</style>',
        '<rect class="page" width="100%" height="100%"/>',
        '<text x="%d" y="20" font-weight="bold">%s: %d jobs need %d requests; the last ended after %.1f s</text>' % (
            left, case, options.jobs, run["needed"], run["last_s"]),
        line(sent, top, "#888"), line(passed, top, "#2f7de0"), line([run["rate"]] * steps, top, "#d9484d"),
        line(ended, options.jobs, "#2c9440"),
        '<line x1="%d" x2="%d" y1="60" y2="%d" stroke="#d9484d" stroke-dasharray="4"/>' % (ideal_x, ideal_x, base),
        '<line x1="%d" x2="%d" y1="%d" y2="%d" stroke="#888"/>' % (left, right, base, base),
        '<text x="%d" y="%d">0 s</text><text x="%d" y="%d" text-anchor="end">%.0f s</text>' % (
            left, base + 18, right, base + 18, run["last_s"]),
        '<text x="%d" y="40"><tspan fill="#888">sent a second (at most %d)</tspan> <tspan fill="#2f7de0">served</tspan>'
        ' <tspan fill="#d9484d">limit, and needed / limit</tspan> <tspan fill="#2c9440">jobs that ended</tspan></text>' % (
            left, top),
        "</svg>",
    ]) + "\n"


HEAD = """# A fleet

Jobs that start in one moment, against one registry that takes in a minute a fifth of what they need, puts
off the rest with 429, and answers each fiftieth request with 502. "last" is the time until the last job has
ended, over needed / limit; "peak" the most retries in 100 ms, over their mean. How to read it, and what to do
about it, is in ocifp-fleet(7).

| case | jobs | needed | sent | 429 | 502 | last s | last | peak | every job right |
|---|---|---|---|---|---|---|---|---|---|
"""


def markdown(kept):
    lines = ["| %s | %d | %d | %d | %d | %d | %.1f | %.2f | %.1f | %s |" % (
        row["case"], row["jobs"], row["needed"], row["sent"], row["put_off"], row["broken"], row["last_s"],
        row["last_s"] / row["ideal_s"], row["peak_retries"] / max(row["mean_retries"], 0.01),
        "yes" if row["right"] else "no") for row in kept]
    pictures = ["![%s, %d jobs](fleet/%s-%d.svg)\n" % (row["case"], row["jobs"], row["case"], row["jobs"]) for row in kept]
    return HEAD + "\n".join(lines) + "\n\n" + "\n".join(pictures)


def keep(case, options, run):
    """The JSON is the source of the table."""
    os.makedirs(os.path.join(options.out, "fleet"), exist_ok=True)
    with open(os.path.join(options.out, "fleet", "%s-%d.svg" % (case, options.jobs)), "w", encoding="utf-8") as file:
        file.write(svg(case, options, run))
    path = os.path.join(options.out, "fleet.json")
    kept = []
    if os.path.exists(path):
        with open(path, encoding="utf-8") as file:
            kept = json.load(file)
    row = {name: run[name] for name in ("needed", "put_off", "broken", "last_s", "ideal_s", "mean_retries", "peak_retries")}
    row.update(case=case, jobs=options.jobs, sent=len(run["sent"]), right=run["verdicts"]["right"])
    kept = [old for old in kept if (old["case"], old["jobs"]) != (case, options.jobs)] + [row]
    kept.sort(key=lambda row: (row["jobs"], list(CASES).index(row["case"])))
    for name, text in (("fleet.json", json.dumps(kept, indent=1) + "\n"), ("fleet.md", markdown(kept))):
        with open(os.path.join(options.out, name), "w", encoding="utf-8") as file:
            file.write(text)


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--jobs", type=int, default=300)
    parser.add_argument("--minute", type=float, default=6, metavar="S", help="how many seconds stand for a minute")
    parser.add_argument("--over", type=float, default=5, metavar="X", help="needed requests / those of a minute")
    parser.add_argument("--out", metavar="DIR")
    parser.add_argument("--case", action="append", choices=CASES)
    options = parser.parse_args()
    right = True
    for case in options.case or CASES:
        with tempfile.TemporaryDirectory(prefix="ocifp-fleet.") as directory:
            rig = Rig(directory)
            try:
                prepare(rig, case)
                needed, expected = count_needed(rig, case)
                run = run_fleet(rig, case, options, needed, expected)
            finally:
                rig.stop()
        judge(run)
        report(case, options, run)
        if options.out:
            keep(case, options, run)
        right = right and all(run["verdicts"].values())
    sys.exit(0 if right else 1)


if __name__ == "__main__":
    main()
