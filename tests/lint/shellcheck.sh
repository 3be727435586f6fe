#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Scripts of all kinds: those by extension, and those that say so in their first line.
set -eu
cd "${top_srcdir:-.}"

if ! command -v shellcheck >/dev/null; then
	echo '1..0 # SKIP shellcheck is not installed'
	exit 0
fi
folders=
for folder in tests contrib .ci .github; do
	[ -d "$folder" ] && folders="$folders $folder"
done
# Unquoted: a list of words.
# shellcheck disable=SC2086
scripts=$({
	find $folders -name '*.sh' -o -name '*.bats' -o -name '*.bash'
	find $folders -type f ! -name '*.*' -exec grep -Il '^#!.*[/ ]\(ba\)\{0,1\}sh' {} +
} | LC_ALL=C sort -u)

echo "1..$(echo "$scripts" | wc -l)"
number=0
for script in $scripts; do
	number=$((number + 1))
	# What is sourced sets and uses variables of what sources it (SC2034, SC2154); tests do odd
	# things to files and streams on purpose (the others).
	if output=$(shellcheck -S warning -e SC2034,SC2154,SC2010,SC2089,SC2090,SC2174,SC2216,SC2217 \
		"$script" 2>&1); then
		echo "ok $number - $script"
	else
		printf '%s\n' "$output" | sed 's/^/# /'
		echo "not ok $number - $script"
	fi
done
