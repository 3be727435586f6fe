#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The manual pages are clean mdoc.
set -eu
cd "${top_srcdir:-.}/man"

if ! command -v mandoc >/dev/null; then
	echo '1..0 # SKIP mandoc is not installed'
	exit 0
fi
set -- *.[1-9]
echo "1..$#"
number=0
for page; do
	number=$((number + 1))
	# A page names others that may not be installed, and our lines are up to 100 bytes long.
	if output=$(mandoc -T lint -W style "$page" 2>&1 |
		grep -v -e 'referenced manual not found' -e 'outdated mandoc.db' \
			-e 'input text line longer than 80 bytes'); then
		printf '%s\n' "$output" | sed 's/^/# /'
		echo "not ok $number - $page"
	else
		echo "ok $number - $page"
	fi
done
