#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Assertions of the bats tests that cannot fail, or that take more than one answer.
set -eu
cd "${top_srcdir:-.}"

# Prints FILE:LINE: TEXT of what the awk program prints, which sees lines with continuations joined,
# in `previous` the line before, in `next_line` the one behind.
lines() {
	find tests -name '*.bats' | LC_ALL=C sort | while read -r file; do
		awk -v file="$file" "$1"'
		{
			number = number ? number : FNR
			joined = joined $0
			if (sub(/\\$/, "", joined))
				next
			if (FNR > 1 && have)
				judge(previous, current, joined)
			previous = current
			current = joined
			at = number
			have = 1
			joined = ""
			number = 0
		}
		END { judge(previous, current, "") }
		function tell() { print file ":" at ": " current }' "$file"
	done
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

echo 1..2
# The shell ends a test for no command behind "!", unless it is the last one of all.
lines 'function judge(before, line, after) {
	if (line ~ /^[ \t]*! / && line !~ /\|\|/ && after !~ /^}/)
		tell()
}' | check 1 'no "! COMMAND" is ignored: use refute_..., run, or || fail'
# A comment in the line, or in the one before, says why.
lines 'function judge(before, line, after) {
	if (line ~ /#/ || before ~ /^[ \t]*#/)
		return
	if (line ~ /\$status" -eq [0-9]+ \] \|\| (\[ "\$status"|assert_(failed|status))/ ||
	    line ~ /\$status" -(ne|le|lt|ge|gt) [0-9]+ \]( \|\| fail|$| &&)/)
		tell()
}' | check 2 'an assertion names one exit status, or a comment says why there are more'
