#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# No two layers define the same name: of static archives the linker takes the first in silence.
# And each name that a file offers is used by another one, of the program or of its tests.
set -eu

echo 1..2
if ! command -v nm >/dev/null; then
	echo "ok 1 - # SKIP nm (binutils) is not installed"
	echo "ok 2 - # SKIP nm (binutils) is not installed"
	exit 0
fi

# say NUMBER TEXT WHAT NAMES: there should be none
say() {
	if [ -z "$4" ]; then
		echo "ok $1 - $2"
	else
		printf '%s\n' "$4" | sed "s/^/# $3: /"
		echo "not ok $1 - $2"
	fi
}

# What objects and archives offer to others.
offered() {
	nm -g --defined-only "$@" 2>/dev/null | awk '$2 ~ /^[TDBRC]$/ && $3 !~ /^(__|main$)/ { print $3 }' |
		sort -u
}

twice=$(for archive in src/*/lib*.a; do offered "$archive"; done | sort | uniq -d)
say 1 "each name is defined by one layer" "defined twice" "$twice"

# What is used is listed twice, so that uniq passes over it.
used=$(find src tests -name '*.o' -exec nm -u {} + | awk '$1 == "U" { print $2; print $2 }')
unused=$({ offered src/*/lib*.a; printf '%s\n' "$used"; } | sort | uniq -u)
say 2 "each name that a file offers is used by another one" "should be static" "$unused"
