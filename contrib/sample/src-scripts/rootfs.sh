#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Usage: rootfs.sh PLATFORM[,PLATFORM...]
#
# Makes rootfs/ARCHITECTURE.tar and .tar.gz of the packages, the same bytes each time and for each
# user: names sorted, one time, one owner.
set -eu
cd "$(dirname "$0")/.."
umask 022

unpack() {
	for package in "downloads/$1"/*.deb; do
		dpkg-deb --extract "$package" "$2"
	done
}

pack() {
	tar --create --file "$2" --directory "$1" --format=gnu --sort=name --mtime=@0 \
		--owner=0 --group=0 --numeric-owner .
	gzip --no-name --best --keep --force "$2"
}

make_rootfs() {
	echo "rootfs.sh: $1" >&2
	./src-scripts/fetch.sh "$1"
	rm -rf "rootfs/$1"
	mkdir -p "rootfs/$1"
	unpack "$1" "rootfs/$1"
	./install.sh "rootfs/$1"
	pack "rootfs/$1" "rootfs/$1.tar"
	rm -rf "rootfs/$1"
}

for platform in $(echo "$1" | tr ',' ' '); do
	make_rootfs "${platform#linux/}"
done
