#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Every header compiles alone, and twice, with the flags that the program is compiled with.
# In: CC; LINT_CFLAGS, words of sh.
set -eu
cd "${top_srcdir:-.}/src"

eval "set -- ${LINT_CFLAGS:--D_GNU_SOURCE -I.}"
headers=$(find . -name '*.h' | sed 's|^\./||' | LC_ALL=C sort)
number=0

echo "1..$(echo "$headers" | wc -l)"
for header in $headers; do
	number=$((number + 1))
	# CC unquoted: a list of words.
	if output=$(printf '#include "%s"\n#include "%s"\n' "$header" "$header" |
		${CC:-cc} "$@" -Werror -fsyntax-only -x c - 2>&1); then
		echo "ok $number - $header"
	else
		printf '%s\n' "$output" | sed 's/^/# /'
		echo "not ok $number - $header"
	fi
done
