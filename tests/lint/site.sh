#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The site is made, all its links lead somewhere, each test that it names is there, and what is published
# of a benchmark is what its JSON says.
set -eu
cd "${top_srcdir:-.}"

if ! command -v cmark-gfm >/dev/null || ! command -v mandoc >/dev/null; then
	echo '1..0 # SKIP cmark-gfm or mandoc is not installed'
	exit 0
fi
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
echo 1..5

# A copy of the tree that publishes a result of two cases, where none is published yet.
mkdir -p "$scratch/tree/contrib/site"
cp README.md "$scratch/tree/"
if [ ! -e contrib/site/bench.json ]; then
	cp -r HACKING.md NEWS man "$scratch/tree/"
	cp -r contrib/site contrib/session "$scratch/tree/contrib/"
	python3 - "$scratch/result.json" <<-'PYTHON'
		import json, sys
		sys.path.insert(0, "tests/bench")
		import table
		runs = {"ocifp": [(.1, .05, 9, 1, 1)] * 2, "crane": [(.2, .1, 30, 2, 1)] * 2}
		json.dump({"date": "2026-01-01", "machine": "a <machine>", "rounds": 2, "versions": {"crane": "0.22.1"},
		           "cases": [table.summarize(name, "case & " + name, runs) for name in ("exists", "pull")]},
		          open(sys.argv[1], "w"))
	PYTHON
	python3 tests/bench/table.py "$scratch/result.json" "$scratch/tree"
	build=$scratch/tree/contrib/site/build
else
	python3 tests/bench/table.py contrib/site/bench.json "$scratch/tree"
	build=contrib/site/build
fi

if "$build" "$scratch/site" >"$scratch/log" 2>&1; then
	echo 'ok 1 - the site is made'
else
	sed 's/^/# /' "$scratch/log"
	echo 'not ok 1 - the site is made'
fi

if python3 - "$scratch/site" "$PWD" <<'PYTHON'; then
import html.parser, os, sys

site, top = sys.argv[1:]
blob = "https://github.com/ocifp/ocifp/blob/main/"

class Page(html.parser.HTMLParser):
    def __init__(self, name):
        super().__init__()
        self.names, self.links = {""}, []
        self.feed(open(os.path.join(site, name)).read())

    def handle_starttag(self, tag, attributes):
        for key, value in attributes:
            if key == "id":
                self.names.add(value)
            elif key in ("href", "src"):
                self.links.append((tag, value))

pages = {name: Page(name) for name in os.listdir(site) if name.endswith(".html")}
wrong = [name for name, page in pages.items() if len(page.links) < 7]
for name, page in pages.items():
    for tag, link in page.links:
        file, _, fragment = link.partition("#")
        file = file or name
        if link.startswith(blob):
            fine = os.path.exists(os.path.join(top, link[len(blob):]))
        elif link.startswith("https://"):
            fine = tag == "a"
        elif file in pages:
            fine = fragment in pages[file].names
        else:
            fine = os.path.isfile(os.path.join(site, file))
        if not fine:
            wrong.append(f"{name}: {link}")
for line in wrong:
    print("#", line)
sys.exit(bool(wrong))
PYTHON
	echo 'ok 2 - all links lead somewhere'
else
	echo 'not ok 2 - all links lead somewhere'
fi

missing=$(sed -n 's/^|.*](\(tests[^)]*\)): \(.*\) |$/\1\t\2/p' contrib/site/compare.md |
	while IFS=$'\t' read -r file name; do
		grep -qF "@test \"$name\"" "$file" || printf '# %s has no test "%s"\n' "$file" "$name"
	done)
if [ -z "$missing" ]; then
	echo 'ok 3 - each test that the comparison names is there'
else
	printf '%s\n' "$missing"
	echo 'not ok 3 - each test that the comparison names is there'
fi

published=$scratch/tree/contrib/site
if [ "$(ls "$published"/bench.* | wc -l)" = 3 ] && grep -q 'contrib/site/bench.svg' "$scratch/tree/README.md" &&
	grep -q 'src="bench.svg"' "$scratch/site/index.html" && grep -q '<td>ocifp</td>' "$scratch/site/bench.html" &&
	python3 -c 'import sys, xml.dom.minidom; xml.dom.minidom.parse(sys.argv[1])' "$published/bench.svg" &&
	{ [ ! -e contrib/site/bench.json ] || { cmp README.md "$scratch/tree/README.md" &&
		cmp contrib/site/bench.md "$published/bench.md" && cmp contrib/site/bench.svg "$published/bench.svg"; }; }; then
	echo 'ok 4 - the published benchmark is what its JSON says'
else
	echo 'not ok 4 - the published benchmark is what its JSON says: make bench-publish BENCH_RESULT=contrib/site/bench.json'
fi

if python3 - <<'PYTHON' | cmark-gfm --unsafe --extension table | tee "$scratch/hostile" | grep -qE '<(script|em|a|img)'; then
import sys
sys.path.insert(0, "tests/bench")
import table
name = "<script>x</script> [a](b) *c* `d` | e &lt;"
runs = {"ocifp": [(.1, .05, 9, 1, 1)] * 2, name: [(.2, .1, 30, 2, 1)] * 2}
print(table.to_markdown({"date": name, "machine": name, "rounds": 2, "versions": {name: name},
                         "cases": [table.summarize("x", name, runs)]}))
PYTHON
	sed 's/^/# /' "$scratch/hostile"
	echo 'not ok 5 - a name in the result is text, whatever it has'
else
	echo 'ok 5 - a name in the result is text, whatever it has'
fi
