#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What the source must not hold, whatever compiles.
set -eu
cd "${top_srcdir:-.}"

# Prints FILE:LINE: CODE of every source file beneath the given folders, comments and the contents
# of literals left out.
code_of() {
	find "$@" -name '*.[ch]' | LC_ALL=C sort | xargs awk '
	FNR == 1 { in_comment = 0 }
	{
		code = ""
		rest = $0
		while (rest != "") {
			if (in_comment) {
				end = index(rest, "*/")
				in_comment = !end
				rest = end ? substr(rest, end + 2) : ""
			} else if (match(rest, /^"([^"\\]|\\.)*"/) || match(rest, /^\047([^\047\\]|\\.)*\047/)) {
				code = code substr(rest, 1, 1) substr(rest, 1, 1)
				rest = substr(rest, RLENGTH + 1)
			} else if (substr(rest, 1, 2) == "//") {
				rest = ""
			} else if (substr(rest, 1, 2) == "/*") {
				in_comment = 1
				rest = substr(rest, 3)
			} else {
				match(rest, /^[^"\047\/]+/)
				if (RLENGTH < 1)
					RLENGTH = 1
				code = code substr(rest, 1, RLENGTH)
				rest = substr(rest, RLENGTH + 1)
			}
		}
		print FILENAME ":" FNR ": " code
	}'
}

# check NUMBER NAME: no line comes in on stdin
check() {
	found=$(cat)
	if [ -z "$found" ]; then
		echo "ok $1 - $2"
	else
		printf '%s\n' "$found" | sed 's/^/# /'
		echo "not ok $1 - $2"
	fi
}

# word LIST: the extended regular expression of a whole identifier from LIST
word() {
	echo "(^|[^A-Za-z0-9_])($1)"
}

# calls LIST: lines of code on stdin that call a function from LIST
calls() {
	grep -E "$(word "$1")[[:space:]]*\\(" || true
}

below_cli() {
	grep -v '^src/cli/' || true
}

unnamed_folders() {
	for folder in src/*/; do
		folder=$(basename "$folder")
		grep -Eq "$(word "$folder")/" HACKING.md || echo "src/$folder"
	done
}

# Functions and files that HACKING.md walks by.
lost_names() {
	grep -oE '([a-z]+/)+[a-z_]+\.[ch]' HACKING.md | sort -u | while read -r file; do
		[ -e "src/$file" ] || echo "src/$file"
	done
	grep -oE '[a-z0-9]+(_[a-z0-9]+)+' HACKING.md | sort -u | while read -r name; do
		grep -rqw -- "$name" src tests || echo "$name"
	done
}

code=$(code_of src)
test -n "$code"
unbounded='gets|strcpy|stpcpy|strcat|strncat|sprintf|vsprintf|strtok|alloca'
unchecked='atoi|atol|atoll|atof'
shells='system|popen'
racy='tmpnam|tempnam|mktemp'
printing='printf|vprintf|puts|putchar|perror|dprintf|vdprintf|psignal|warnx?|errx|syslog'

echo 1..8
printf '%s\n' "$code" | calls "$unbounded|$unchecked|$shells|$racy" | check 1 'no banned function is called'
printf '%s\n' "$code" | { grep -E "$(word goto)[[:space:]]" || true; } | check 2 'no goto'
printf '%s\n' "$code" | below_cli | calls "$printing" | check 3 'nothing below cli/ calls a printing function'
printf '%s\n' "$code" | below_cli | { grep -E "$(word 'stdout|stderr')([^A-Za-z0-9_]|\$)" || true; } |
	check 4 'nothing below cli/ names stdout or stderr'
printf '%s\n' "$code" | { grep -E ': *typedef (struct|union|enum)([^A-Za-z0-9_]|$)' || true; } |
	check 5 'no typedef of a struct'
unnamed_folders | check 6 'HACKING.md names every folder of src'
lost_names | check 7 'what HACKING.md names is there'
find src tests \( -name '*.[ch]' -o -name '*.bats' -o -name '*.bash' -o -name '*.sh' \) -exec grep -L 'SPDX-License-Identifier: Apache-2\.0' {} + |
	check 8 'each source file names its licence'
