#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The site is made, all its links lead somewhere, and each test that it names is there.
set -eu
cd "${top_srcdir:-.}"

if ! command -v cmark-gfm >/dev/null || ! command -v mandoc >/dev/null; then
	echo '1..0 # SKIP cmark-gfm or mandoc is not installed'
	exit 0
fi
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
echo 1..3

if contrib/site/build "$scratch/site" >"$scratch/log" 2>&1; then
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
