#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Usage: fetch.sh ARCHITECTURE
#
# Downloads the packages of one architecture into downloads/ARCHITECTURE, whatever the host's is.
# apt's own downloader has the host's proxy settings, checks the digest and needs no root.
set -eu
cd "$(dirname "$0")/.."
mirrors="${DEBIAN_MIRROR:-http://deb.debian.org/debian}
http://archive.debian.org/debian
https://snapshot.debian.org/archive/debian/20260712T000000Z"

# right SHA256 FILE: it is there and what it should be
right() {
	[ -f "$2" ] && echo "$1  $2" | sha256sum --check --status -
}

# get SHA256 PATH FILE: from the first mirror that has it
get() {
	for mirror in $mirrors; do
		if /usr/lib/apt/apt-helper -qq -o Acquire::Retries=2 -o APT::Sandbox::User= \
			download-file "$mirror/$2" "$3.part" "SHA256:$1" >&2 && right "$1" "$3.part"; then
			mv "$3.part" "$3"
			return
		fi
	done
	echo "fetch.sh: no mirror has $2: set DEBIAN_MIRROR to one that you reach" >&2
	return 1
}

grep -q "^$1 " src-scripts/packages.txt || {
	echo "fetch.sh: src-scripts/packages.txt names no package for '$1'" >&2
	exit 1
}
mkdir -p "downloads/$1"
grep "^$1 " src-scripts/packages.txt | while read -r _ sha256 path; do
	file=downloads/$1/${path##*/}
	right "$sha256" "$file" || get "$sha256" "$path" "$file"
done
