# SPDX-License-Identifier: Apache-2.0
"""results.py - what the benchmarks of caches found: each job a line of one file, and what is made of all

A line of FILE.jsonl has the project, the case, the way, the round, and what table.LABELS names.  The
file is only appended to, so that a benchmark goes on where it was ended, and several share it.
"""
import datetime
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import table

# Not methods that a runner with an empty disk could use.
LIMITS = {"local": "limit: a disk that persists"}


class Results:
    def __init__(self, path, project):
        self.path, self.project = path, project
        self.lines = []
        if os.path.exists(path):
            with open(path, encoding="utf-8") as file:
                self.lines = [json.loads(line) for line in file]

    def has(self, case, way, number):
        return any((line["project"], line["case"], line["way"], line["round"]) == (self.project, case, way, number)
                   for line in self.lines)

    def add(self, case, way, number, found):
        line = {"project": self.project, "case": case, "way": way, "round": number,
                "date": datetime.date.today().isoformat(), **found}
        with open(self.path, "a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
        self.lines.append(line)
        print("%s, %s, %s: %s" % (self.project, case, way, ", ".join(
            "%s %.1f" % (what, value) for what, value in found.items() if what in table.LABELS)), flush=True)

    def tabulate(self):
        cases = []
        for project, case in dict.fromkeys((line["project"], line["case"]) for line in self.lines):
            lines = [line for line in self.lines if (line["project"], line["case"]) == (project, case)]
            columns = [column for column in table.LABELS if column in lines[0]]
            costs = {}
            for line in lines:
                costs.setdefault(LIMITS.get(line["way"], line["way"]), []).append(
                    tuple(line.get(column, 0) for column in columns))
            found = table.summarize(f"{project} {case}", f"{project}: {case}", costs, columns)
            cold = [line["build_s"] for line in self.lines if line["project"] == project and line["case"] == "cold"]
            for tool in found["tools"].values():
                if cold:
                    tool["cold"] = table.spread([min(cold) / tool["wall_s"]["median"]])
            cases.append(found)
        return cases

    def publish(self):
        """FILE.md, FILE.json and FILE.svg; the Markdown is printed too."""
        if not self.lines:
            return
        cases = self.tabulate()
        result = {"date": self.lines[-1]["date"], "machine": table.machine(),
                  "rounds": max(line["round"] for line in self.lines) + 1, "versions": {}, "cases": cases}
        table.write(result, os.path.splitext(self.path)[0])
        print("\n".join(map(table.markdown_case, cases)))
