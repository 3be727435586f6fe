#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Words that are often misspelt.
set -eu
cd "${top_srcdir:-.}"

if ! command -v codespell >/dev/null; then
	echo '1..0 # SKIP codespell is not installed'
	exit 0
fi
# .Nd is a macro of mdoc(7); tests have slips of their own.  "ba" begins a pattern, "caf" a name,
# "fo" are bytes of a test, "intoto" is a kind of entry in Rekor.
echo 1..1
if output=$(find src man tests contrib README.md CONTRIBUTING.md SECURITY.md HACKING.md NEWS configure.ac Makefile.am -type f \
	-name '*[.A-Z]*' ! -path '*/corpus/*' ! -name '*.[oa]' ! -name '*.log' ! -name '*.trs' \
	-exec grep -Il . {} + | LC_ALL=C sort |
	xargs codespell --disable-colors -L ba,caf,crate,fo,intoto,nd,verison,worl 2>&1); then
	echo 'ok 1 - spelling'
else
	printf '%s\n' "$output" | sed 's/^/# /'
	echo 'not ok 1 - spelling'
fi
