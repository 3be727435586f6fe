#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Usage: install.sh ROOT
#
# Finishes a root filesystem of unpacked packages.  Their own scripts cannot run for a foreign
# architecture, so what they would do is done here.
set -eu
root=$1

links='ash cat chmod chown cp cut date dd df du echo env false find grep gunzip gzip head hostname
	id install ip kill ln ls mkdir mktemp mount mv ping printf ps pwd readlink rm rmdir sed sh sleep
	sort stat stty sync tail tar tee test touch tr true umount uname uniq vi wc wget which xargs'

for name in $links; do
	ln -sf busybox "$root/bin/$name"
done
cp "$root/usr/share/base-passwd/passwd.master" "$root/etc/passwd"
cp "$root/usr/share/base-passwd/group.master" "$root/etc/group"
cp "$root/usr/share/base-files/profile" "$root/etc/profile"
sed -i 's|:/bin/bash$|:/bin/sh|' "$root/etc/passwd"
chmod 644 "$root/etc/passwd" "$root/etc/group" "$root/etc/profile"
rm -rf "$root/usr/share/doc" "$root/usr/share/man" "$root/usr/share/lintian"
