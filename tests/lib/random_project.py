#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""random_project.py - branches of projects that nobody would write

    random_project.py REPOSITORY COUNT SEED

Makes branches b0, b1, ... in the git repository, each with another tree and another project file for
the image "app": modes, links to files, directories and nowhere, odd names, attributes, both
schemes.
"""
import os
import random
import subprocess
import sys

NAMES = ["a", "b", "c.txt", "d e", "ü", "-x", "a-b", "a.b", "z\tq", "Makefile", ".hidden", ".ocifp.lock", "sub"]
DEPTH = 2
LINKS = ["a", "b", "c.txt", "../a", "../b", "sub", "../sub", ".", "nowhere", "./sub/a", "a/../b", "sub/../sub/b"]
ATTRIBUTES = ["text eol=crlf", "text=auto eol=crlf", "ident", "-text", "eol=lf", "text=auto", "!eol", "-ident",
              "text eol=crlf ident", "binary"]


def fill(rng, directory, depth):
    os.makedirs(directory, exist_ok=True)
    for name in rng.sample(NAMES, rng.randint(1, 6)):
        path = os.path.join(directory, name)
        if name == ".ocifp.lock" and depth == DEPTH:
            continue  # that one is read
        kind = rng.random()
        if depth > 0 and (kind < 0.3 or name == "sub"):
            fill(rng, path, depth - 1)
        elif kind < 0.55:
            os.symlink(rng.choice(LINKS), path)
        else:
            with open(path, "wb") as file:
                file.write(rng.choice([rng.randbytes(rng.choice([0, 1, 10, 5000])), b"a\n$Id$\nb", b"x\r\ny\n"]))
            os.chmod(path, rng.choice([0o644, 0o755, 0o600, 0o700]))


def write_attributes(rng, directory):
    names = ["*", "a", "*.txt", "c.txt", "sub/**", "/b", "z*"]
    lines = ["%s %s" % (rng.choice(names), rng.choice(ATTRIBUTES)) for _ in range(rng.randint(1, 4))]
    with open(os.path.join(directory, ".gitattributes"), "w", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")


def walk(directory):
    found = []
    for root, directories, files in os.walk(directory):
        relative = os.path.relpath(root, directory)
        directories[:] = [name for name in directories if name != ".git"]
        found += [os.path.normpath(os.path.join(relative, name)) for name in directories + files]
    return sorted(found)


def quoted(paths):
    escaped = (path.replace("\\", "\\\\").replace("\t", "\\t") for path in paths)
    return "[" + ", ".join('"%s"' % path for path in escaped) + "]"


def spelled(rng, path):
    return rng.choice([path, path, "./" + path, path + "/" if rng.random() < 0.3 else path])


def write_project(rng, directory):
    paths = [path for path in walk(directory) if ".ocifp.lock" not in path.split("/")]
    inputs = rng.sample(paths, min(len(paths), rng.randint(1, 4)))
    concat = rng.random() < 0.35
    lines = ["version: 1", "images:", "  app:", "    repository: \"oci:/nowhere\""]
    if rng.random() < 0.3:
        inputs.append("missing")
        lines.append("    optional: [missing]")
    lines.append("    inputs: " + quoted(spelled(rng, path) for path in inputs))
    if concat:
        lines.append("    scheme: concat")
    else:
        if rng.random() < 0.3:
            lines.append("    exclude: " + quoted(rng.sample(paths, 1)))
        if rng.random() < 0.3:
            lines.append("    tracked: true")
        if rng.random() < 0.3:
            lines.append("    args: {V: \"%d\"}" % rng.randint(0, 9))
    with open(os.path.join(directory, ".ocifp.yaml"), "w", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")


def main():
    repository, count, seed = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])

    def git(*arguments):
        subprocess.run(["git", "-C", repository, *arguments], check=True, stdout=subprocess.DEVNULL)

    for number in range(count):
        rng = random.Random(seed * 1000 + number)
        git("checkout", "-q", "--orphan", "b%d" % number)
        git("rm", "-rfq", "--ignore-unmatch", ".")
        git("clean", "-fdqx")
        fill(rng, repository, DEPTH)
        for place in [repository, os.path.join(repository, "sub")]:
            if os.path.isdir(place) and rng.random() < 0.4:
                write_attributes(rng, place)
        write_project(rng, repository)
        git("add", "-A", "-f")
        git("commit", "-qm", "branch")


if __name__ == "__main__":
    main()
