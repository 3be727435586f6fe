#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""actions.py - jobs of GitHub Actions, as far as this project's workflows go

    actions.py job WORKFLOW JOB --repository DIR --temp DIR [--event NAME] [--ref REF]
               [--inputs JSON] [--matrix JSON] [--needs JSON] [--secrets JSON]
    actions.py lint DIR

`job` runs the steps of one job in the working directory, in order, with the variables and files
that a runner gives them, and writes a JSON object: the job's outputs, and each step's conclusion.
Of actions it knows this repository's own, which it runs, actions/cache, whose keys are archives of
TEMP/cache as that action makes them, or folders that a test put there, artifacts, which are folders of
$ARTIFACTS or TEMP and keep no modes of files, a machine of another system, whose scripts it runs, and such
as have no effect here.  It fails with the status of the step that failed.

`lint` reads what a shell would take from an expression, permissions, pins and time limits.
"""
import argparse
import glob
import json
import os
import re
import shutil
import subprocess
import sys

import yaml

OURS = "ocifp/ocifp/"
ARCHIVE = ".tar.zst"
NO_EFFECT = ("actions/checkout@", "actions/deploy-pages@")
# A step that names no shell has none of bash's options but one.
SHELLS = {None: ["bash", "-e"], "bash": ["bash", "--noprofile", "--norc", "-eo", "pipefail"]}
TOKEN = re.compile(r"\s*(?:('(?:[^']|'')*')|(==|!=|&&|\|\||[!(),])|([A-Za-z_][\w.-]*)|(\d+))")


class Expression:
    """GitHub's manual, "Evaluate expressions": the operators and functions that are used here."""

    def __init__(self, text, contexts):
        self.contexts = contexts
        self.tokens = []
        at = 0
        text = text.strip()
        while at < len(text):
            match = TOKEN.match(text, at)
            if not match:
                raise SystemExit("actions.py: cannot read the expression: " + text)
            self.tokens.append(match)
            at = match.end()

    def value(self):
        result = self._or()
        assert not self.tokens, "the expression goes on"
        return result

    def _take(self, *operators):
        if self.tokens and self.tokens[0].group(2) in operators:
            return self.tokens.pop(0).group(2)
        return None

    def _or(self):
        left = self._and()
        while self._take("||"):
            right = self._and()
            left = left or right
        return left

    def _and(self):
        left = self._compare()
        while self._take("&&"):
            right = self._compare()
            left = left and right
        return left

    def _compare(self):
        left = self._unary()
        operator = self._take("==", "!=")
        if not operator:
            return left
        return (left == self._unary()) == (operator == "==")

    def _unary(self):
        if self._take("!"):
            return not self._unary()
        if self._take("("):
            result = self._or()
            assert self._take(")")
            return result
        string, _, name, number = self.tokens.pop(0).groups()
        if string is not None:
            return string[1:-1].replace("''", "'")
        if number is not None:
            return int(number)
        return self._call(name) if self._take("(") else self._look_up(name)

    def _call(self, name):
        arguments = []
        while not self._take(")"):
            arguments.append(self._or())
            self._take(",")
        return {"fromJSON": json.loads, "toJSON": json.dumps, "startsWith": str.startswith,
                "always": lambda: True,
                "success": lambda: True, "failure": lambda: False,
                "cancelled": lambda: False}[name](*arguments)

    def _look_up(self, name):
        if name in ("true", "false"):
            return name == "true"
        value = self.contexts
        for part in name.split("."):
            value = value.get(part, "") if isinstance(value, dict) else ""
        return value


def expand(text, contexts):
    if not isinstance(text, str):
        return "" if text is None else str(text).lower() if isinstance(text, bool) else str(text)
    return re.sub(r"\$\{\{(.*?)\}\}",
                  lambda match: expand(Expression(match.group(1), contexts).value(), contexts), text)


def is_wanted(step, contexts):
    condition = str(step.get("if", "true")).strip()
    inner = re.fullmatch(r"\$\{\{(.*)\}\}", condition)
    return bool(Expression(inner.group(1) if inner else condition, contexts).value())


def read_outputs(path):
    """name=value, or name<<END up to END: "Workflow commands", "Setting an output parameter"."""
    outputs = {}
    with open(path, encoding="utf-8") as file:
        lines = iter(file.read().splitlines())
    for line in lines:
        name, mark, end = line.partition("<<")
        if mark and "=" not in name:
            value = []
            for inner in lines:
                if inner == end:
                    break
                value.append(inner)
            outputs[name] = "\n".join(value)
        else:
            name, _, outputs[name] = line.partition("=")
    return outputs


class Job:
    def __init__(self, options):
        self.options = options
        self.environment = dict(os.environ)
        self.files = 0
        self.conclusions = []
        self.to_save = []
        self.at_end = []
        tools = os.path.join(options.temp, "tools")
        for folder in (tools, os.path.join(options.temp, "cache")):
            os.makedirs(folder, exist_ok=True)
        self.environment.update(
            CI="true", GITHUB_ACTIONS="true", GITHUB_EVENT_NAME=options.event, GITHUB_REF=options.ref,
            GITHUB_REF_NAME=options.ref.split("/", 2)[-1],
            GITHUB_REPOSITORY="owner/name", GITHUB_REPOSITORY_OWNER="owner",
            GITHUB_EVENT_PATH=self._file(options.payload),
            GITHUB_WORKSPACE=os.getcwd(), RUNNER_TEMP=options.temp, RUNNER_TOOL_CACHE=tools,
            GITHUB_STEP_SUMMARY=self._file())

    def _file(self, text=""):
        self.files += 1
        path = os.path.join(self.options.temp, "file-%d-%d" % (os.getpid(), self.files))
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def contexts(self, inputs):
        return {"inputs": inputs, "steps": {}, "env": {}, "secrets": json.loads(self.options.secrets),
                "github": {"event_name": self.options.event, "ref": self.options.ref,
                           "token": "a-token", "repository": "owner/name"},
                "runner": {"temp": self.options.temp}, "strategy": {"job-index": 0},
                "matrix": json.loads(self.options.matrix), "needs": json.loads(self.options.needs)}

    def run_steps(self, steps, contexts, environment):
        for step in steps:
            wanted = is_wanted(step, contexts)
            outputs = self._run_step(step, contexts, environment) if wanted else {}
            name = step.get("id") or step.get("name") or step.get("uses") or "run"
            self.conclusions.append([name, "success" if wanted else "skipped"])
            if "id" in step:
                contexts["steps"][step["id"]] = {"outputs": outputs}

    def _run_step(self, step, contexts, environment):
        own = {name: expand(value, contexts) for name, value in step.get("env", {}).items()}
        given = {name: expand(value, contexts) for name, value in step.get("with", {}).items()}
        if "run" in step:
            return self._run_script(expand(step["run"], contexts), {**environment, **own},
                                    SHELLS[step.get("shell")], step.get("working-directory", "."))
        uses = step["uses"]
        if uses.startswith((OURS, "./", "$/")):
            return self._run_own(re.sub(r"^(%s|[.$]/)|@.*" % OURS, "", uses), given, own)
        if uses.startswith("actions/cache@"):
            return self._restore(given["key"], given["path"], given.get("restore-keys", "").split())
        if uses.startswith("actions/upload-artifact@"):
            self._upload(self._artifact(given["name"]), given["path"].split())
        elif uses.startswith("actions/upload-pages-artifact@"):
            self._upload(self._artifact("github-pages"), [given["path"]])
        elif uses.startswith("actions/download-artifact@"):
            self._download(given.get("name"), given["path"])
        elif uses.startswith("actions/attest-build-provenance@"):
            subprocess.run(["sha256sum", "--check", "--quiet", os.path.basename(given["subject-checksums"])],
                           cwd=os.path.dirname(given["subject-checksums"]), check=True)
        elif uses.startswith("vmactions/"):
            for script in (given["prepare"], given["run"]):
                self._run_script(script, environment, ["sh", "-e"])
        elif not uses.startswith(NO_EFFECT):
            raise SystemExit("actions.py: what does %s do?" % uses)
        return {}

    def _upload(self, artifact, patterns):
        """A folder's content, or files, which lose their modes."""
        for pattern in patterns:
            found = glob.glob(pattern)
            assert found, "no file is '%s'" % pattern
            for path in found:
                if os.path.isdir(path):
                    shutil.copytree(path, artifact, symlinks=True, dirs_exist_ok=True)
                else:
                    os.makedirs(artifact, exist_ok=True)
                    shutil.copyfile(path, os.path.join(artifact, os.path.basename(path)))

    def _download(self, name, path):
        """Without a name, every artifact into a folder of its name."""
        if name:
            shutil.copytree(self._artifact(name), path, symlinks=True, dirs_exist_ok=True)
        else:
            prefix = self._artifact("x")[:-1]
            for found in glob.glob(glob.escape(prefix) + "*"):
                shutil.copytree(found, os.path.join(path, found[len(prefix):]), symlinks=True)

    def _run_script(self, script, environment, shell=None, directory="."):
        files = {name: self._file() for name in ("GITHUB_OUTPUT", "GITHUB_ENV", "GITHUB_PATH")}
        result = subprocess.run(
            [*(shell or SHELLS["bash"]), self._file(script)], cwd=directory,
            env={**self.environment, **environment, **files}, stdout=sys.stderr, check=False)
        if result.returncode != 0:
            sys.exit(result.returncode)
        self.environment.update(read_outputs(files["GITHUB_ENV"]))
        with open(files["GITHUB_PATH"], encoding="utf-8") as file:
            for line in file.read().splitlines():
                self.environment["PATH"] = line + ":" + self.environment["PATH"]
        return read_outputs(files["GITHUB_OUTPUT"])

    def _run_own(self, path, given, environment):
        folder = os.path.join(self.options.repository, path)
        with open(os.path.join(folder, "action.yml"), encoding="utf-8") as file:
            action = yaml.safe_load(file)
        unknown = set(given) - set(action["inputs"])
        if unknown:
            raise SystemExit("actions.py: no inputs of %s: %s" % (path, unknown))
        contexts = self.contexts({})
        contexts["inputs"] = {name: given.get(name) or expand(field.get("default"), contexts)
                              for name, field in action["inputs"].items()}
        if action["runs"]["using"] == "node20":
            return self._run_node(folder, action["runs"], contexts["inputs"], environment)
        self.run_steps(action["runs"]["steps"], contexts,
                       {**environment, "GITHUB_ACTION_PATH": folder})
        return {name: expand(field["value"], contexts)
                for name, field in action["outputs"].items()}

    def _run_node(self, folder, runs, inputs, environment):
        """Its post step runs at the end of the job, with what it put into its state."""
        given = {"INPUT_" + name.upper(): value for name, value in inputs.items()}
        state = self._file()
        script = 'node "$GITHUB_ACTION_PATH/%s"'
        common = {**environment, **given, "GITHUB_ACTION_PATH": folder, "GITHUB_STATE": state}
        outputs = self._run_script(script % runs["main"], common)
        if "post" in runs:
            assert runs["post-if"] == "success()"
            self.at_end.append(lambda: self._run_script(script % runs["post"], {
                **common, **{"STATE_" + name: value for name, value in read_outputs(state).items()}}))
        return outputs

    def _artifact(self, name):
        assert re.fullmatch(r"[^\\/:*?\"<>|\r\n]+", name), name
        return os.path.join(os.environ.get("ARTIFACTS", self.options.temp), "artifact-" + name)

    def _restore(self, key, path, prefixes):
        """The exact key, else the newest that begins with one of the prefixes."""
        kept = os.path.join(self.options.temp, "cache", key)
        if os.path.exists(kept):
            shutil.copytree(kept, path, symlinks=True, dirs_exist_ok=True)
            return {"cache-hit": "true"}
        is_exact = os.path.exists(kept + ARCHIVE)
        found = [kept + ARCHIVE] if is_exact else [
            found for prefix in prefixes for found in sorted(
                glob.glob(os.path.join(self.options.temp, "cache", glob.escape(prefix) + "*" + ARCHIVE)),
                key=lambda name: -os.stat(name).st_mtime_ns)]
        if found:
            subprocess.run(["bash", "-o", "pipefail", "-c", 'zstd -dcq "$0" | tar -xf -', found[0]], check=True)
        if not is_exact:
            self.to_save.append((path, kept + ARCHIVE))
        return {"cache-hit": str(is_exact).lower()}

    def run(self, job):
        contexts = self.contexts(json.loads(self.options.inputs))
        if not is_wanted(job, contexts):
            return {"outputs": {}, "steps": [], "skipped": True}
        for name, value in job.get("env", {}).items():
            contexts["env"][name] = expand(value, contexts)
        self.run_steps(job["steps"], contexts, contexts["env"])
        for end in reversed(self.at_end):
            end()
        for path, kept in self.to_save:
            subprocess.run(["bash", "-o", "pipefail", "-c",
                            'tar --posix -cf - -- "$0" | zstd -T0 -q -o "$1"', path, kept], check=True)
        outputs = {name: expand(value, contexts) for name, value in job.get("outputs", {}).items()}
        return {"outputs": outputs, "steps": self.conclusions, "skipped": False}


def load_workflow(path):
    with open(path, encoding="utf-8") as file:
        return yaml.safe_load(file)


def find_faults(path):
    document = load_workflow(path)
    is_action = "runs" in document
    jobs = {"": document["runs"]} if is_action else document["jobs"]
    if not is_action and document.get("permissions") != {}:
        yield "the workflow as a whole has permissions"
    for name, job in jobs.items():
        if not is_action and not ("permissions" in job and "timeout-minutes" in job):
            yield "job '%s' lacks permissions or timeout-minutes" % name
        for step in job.get("steps", []):
            if "${{" in step.get("run", ""):
                yield "an expression is pasted into a script: " + step["run"]
            uses = step.get("uses", "./")
            if not uses.startswith((OURS, "./", "$/")) and not re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", uses):
                yield "not pinned by a commit: " + uses


def main():
    parser = argparse.ArgumentParser()
    commands = parser.add_subparsers(dest="command", required=True)
    job = commands.add_parser("job")
    job.add_argument("workflow")
    job.add_argument("job")
    for name, default in (("repository", None), ("temp", None), ("event", "push"),
                          ("ref", "refs/heads/main"), ("inputs", "{}"), ("matrix", "{}"),
                          ("needs", "{}"), ("secrets", "{}"),
                          ("payload", '{"repository": {"default_branch": "main"}}')):
        job.add_argument("--" + name, default=default, required=default is None)
    commands.add_parser("lint").add_argument("files", nargs="+")
    options = parser.parse_args()
    if options.command == "lint":
        faults = ["%s: %s" % (path, fault) for path in options.files for fault in find_faults(path)]
        sys.exit("\n".join(faults) if faults else 0)
    definition = load_workflow(options.workflow)["jobs"][options.job]
    print(json.dumps(Job(options).run(definition)))


main()
