#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The profiles for AppArmor are understood by its parser; nothing is loaded.
set -eu
cd "${top_srcdir:-.}"
PATH=$PATH:/usr/sbin:/sbin
base=${APPARMOR_BASE:-/etc/apparmor.d}

if ! command -v apparmor_parser >/dev/null; then
	echo '1..0 # SKIP apparmor_parser is not installed (apt install apparmor)'
	exit 0
fi
if [ ! -e "$base/abi/4.0" ]; then
	echo '1..0 # SKIP this AppArmor is older than 4.0 and does not know user namespaces'
	exit 0
fi
set -- contrib/apparmor/*
echo "1..$#"
number=0
for profile; do
	number=$((number + 1))
	if output=$(apparmor_parser --base "$base" --skip-kernel-load --skip-cache "$profile" 2>&1); then
		echo "ok $number - $profile"
	else
		printf '%s\n' "$output" | sed 's/^/# /'
		echo "not ok $number - $profile"
	fi
done
