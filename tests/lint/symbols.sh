#!/bin/sh
# No two layers define the same name: of static archives the linker takes the first in silence.
set -eu

echo 1..1
command -v nm >/dev/null || { echo "ok 1 - # SKIP nm (binutils) is not installed"; exit 0; }
twice=$(
	for archive in src/*/lib*.a; do
		nm -g --defined-only "$archive" 2>/dev/null | awk '$2 ~ /^[TDBRC]$/ { print $3 }' | sort -u
	done | sort | uniq -d | grep -v '^__' || true
)
if [ -z "$twice" ]; then
	echo "ok 1 - each name is defined by one layer"
else
	printf '%s\n' "$twice" | sed 's/^/# defined twice: /'
	echo "not ok 1 - each name is defined by one layer"
fi
