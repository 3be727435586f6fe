# SPDX-License-Identifier: Apache-2.0
"""table.py - what bench.py found, as Markdown, JSON and SVG

    table.py RESULT.json TOP    makes it the published result of the tree TOP: contrib/site/bench.*,
                                and the picture in README.md

A row is a case, a column a tool.  "ratio" is the tool's median wall time over that of the fastest
peer, a peer being neither ocifp nor a limit; where peers were made to sync, as ocifp does, the fastest
of these.
"""
import json
import os
import platform
import re
import statistics
import sys
import xml.sax.saxutils

SYNCED = " + sync"
COLUMNS = ("wall_s", "cpu_s", "rss_mib", "requests", "connections")
# What a column is called, and its digits after the point.
LABELS = {
    "wall_s": ("wall s (min, max)", 3), "cold": ("times cold", 1), "before_s": ("before s", 1),
    "build_s": ("build s", 1), "after_s": ("after s", 1), "units": ("compiled", 0), "executables": ("linked", 0),
    "moved_mb": ("MB up", 2), "cpu_s": ("CPU s", 3), "rss_mib": ("RSS MiB", 1), "requests": ("requests", 0),
    "connections": ("connections", 0),
}


def spread(values):
    return {"min": min(values), "median": statistics.median(values), "max": max(values)}


def is_ours(tool):
    return tool.startswith("ocifp")


def is_limit(tool):
    return tool.startswith("limit")


def machine():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        model = re.search(r"^model name\s*: (.*)", file.read(), re.M)
    return (f"{platform.system()} {platform.release()}, {platform.machine()}, {os.cpu_count()} processors"
            + (f" ({model[1]})" if model else ""))


def summarize(name, title, costs, columns=COLUMNS):
    """`costs`: of each tool a list of runs, which have a value of each column."""
    tools = {tool: {column: spread(values) for column, values in zip(columns, zip(*runs))}
             for tool, runs in costs.items()}
    peers = [tool for tool in tools if not is_ours(tool) and not is_limit(tool)]
    peers = [tool for tool in peers if tool.endswith(SYNCED)] or peers
    best = min(peers, key=lambda tool: tools[tool]["wall_s"]["median"], default=None)
    for tool, found in tools.items():
        found["runs"] = len(costs[tool])
        found["ratio"] = (found["wall_s"]["median"] / tools[best]["wall_s"]["median"]
                          if best else None)
    return {"case": name, "title": title, "best_peer": best, "tools": tools}


def plain(text):
    """A name from the JSON, of which Markdown makes nothing."""
    return re.sub(r"[\\`*\[\]<>|&]", r"\\\g<0>", str(text))


def cell(found, column):
    if column not in found:
        return ""
    digits = LABELS[column][1]
    values = [f"{found[column][what]:.{digits}f}" for what in ("median", "min", "max")]
    return f"{values[0]} ({values[1]}, {values[2]})" if column == "wall_s" else values[0]


def markdown_case(case):
    columns = [column for column in LABELS if any(column in found for found in case["tools"].values())]
    lines = [f"### {plain(case['title'])}", "",
             "| tool | ratio | " + " | ".join(LABELS[column][0] for column in columns) + " |",
             "|---" * (len(columns) + 2) + "|"]
    for tool, found in case["tools"].items():
        ratio = "" if found["ratio"] is None else f"{found['ratio']:.2f}"
        lines.append(f"| {plain(tool)} | {ratio} | " + " | ".join(cell(found, column) for column in columns) + " |")
    return "\n".join(lines) + "\n"


def to_markdown(result):
    lines = [f"Measured {plain(result['date'])} on {plain(result['machine'])}, {result['rounds']} rounds in turn; "
             "ratio: median wall time over that of the fastest peer.  ocifp ends when its files are on the "
             "disk, which peers leave to the kernel: where some were made to sync, the ratio is to the "
             "fastest of these.", ""]
    lines += ["- " + plain(version if version.startswith(tool) else tool + " " + version)
              for tool, version in result["versions"].items()]
    return "\n".join(lines) + "\n\n" + "\n".join(map(markdown_case, result["cases"]))


def to_svg(result):
    """ocifp's ratio of each case as a bar below its title; the line is the fastest peer.  As narrow as
    a telephone."""
    cases = [case for case in result["cases"] if case["best_peer"] and "ocifp" in case["tools"]]
    left, scale, step, top = 12, 150, 38, 30
    width, height = left + 2 * scale + 168, top + step * len(cases) + 10
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
           f'height="{height}" font-family="sans-serif" font-size="13">',
           "<style>.page{fill:#fff}text{fill:#1d2329}line{stroke:#333}@media(prefers-color-scheme:dark)"
           "{.page{fill:#14181c}text{fill:#e2e7ec}line{stroke:#9aa5b1}}</style>",
           '<rect class="page" width="100%" height="100%"/>',
           f'<text x="{left}" y="18" font-weight="bold">Wall time; 1.0 is the fastest other tool</text>']
    for number, case in enumerate(cases):
        ratio, y = case["tools"]["ocifp"]["ratio"], top + step * number
        colour, length = "#2a7d4f" if ratio <= 1 else "#b5482a", min(ratio, 2) * scale
        out += [f'<text x="{left}" y="{y + 13}">{xml.sax.saxutils.escape(case["title"])}</text>',
                f'<rect x="{left}" y="{y + 18}" width="{length:.0f}" height="14" fill="{colour}"/>',
                f'<text x="{left + max(length, scale) + 6:.0f}" y="{y + 30}">{ratio:.2f} of '
                f'{xml.sax.saxutils.escape(case["best_peer"])}</text>',
                f'<line x1="{left + scale}" y1="{y + 16}" x2="{left + scale}" y2="{y + 34}"/>']
    return "\n".join(out + ["</svg>"]) + "\n"


def write(result, base):
    os.makedirs(os.path.dirname(os.path.abspath(base)), exist_ok=True)
    for suffix, text in ((".json", json.dumps(result, indent=1) + "\n"),
                         (".md", to_markdown(result)), (".svg", to_svg(result))):
        with open(base + suffix, "w", encoding="utf-8") as file:
            file.write(text)


def publish(result, top):
    """The JSON is the source, and is kept with what is made of it."""
    write(result, os.path.join(top, "contrib/site/bench"))
    path = os.path.join(top, "README.md")
    picture = (f"![Wall time of ocifp relative to the fastest other tool, in {len(result['cases'])} cases]"
               "(contrib/site/bench.svg)\n\n"
               f"Measured {plain(result['date'])} on {plain(result['machine'])}: "
               "[all figures and versions](contrib/site/bench.md).\n")
    with open(path, encoding="utf-8") as file:
        text, count = re.subn(r"(<!-- bench -->\n).*?(<!-- /bench -->)",
                              lambda found: found[1] + picture + found[2], file.read(), flags=re.S)
    if count != 1:
        raise SystemExit(f"table.py: {path} has no place between <!-- bench --> and <!-- /bench -->")
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as source:
        publish(json.load(source), sys.argv[2])
