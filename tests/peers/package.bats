#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The package of the system that this runs on: contrib/release/deb.

load ../lib/rig

setup() {
	need package_builder lintian
	! dpkg-query -W ocifp >/dev/null 2>&1 || skip 'a package of ocifp is installed here'
	rig_setup
}

teardown() {
	dpkg --purge ocifp >/dev/null 2>&1 || true
	rig_teardown
}

@test "the package is built, is silent in lintian, installs, starts its helper, and leaves nothing" {
	unset CFLAGS LDFLAGS MAKEFLAGS MAKELEVEL
	contrib=$top_srcdir/contrib/release
	(cd "$T" && "$contrib/deb" -o "$T/made") >"$T/build.log" 2>&1 || fail "$(tail -n 20 "$T/build.log")"
	split_run lintian --allow-root "$T"/made/*.deb
	assert_status 0
	assert_stdout ''
	dpkg -i "$T"/made/*.deb >"$T/dpkg.log" 2>&1 || fail "$(cat "$T/dpkg.log")"
	unset OCIFP_LIBEXEC
	split_run /usr/bin/ocifp doctor
	grep -q 'helper  *ok' "$T/stdout" || fail "$told"
	grep -q ocifp /usr/share/bash-completion/completions/ocifp
	dpkg --purge ocifp
	[ ! -e /usr/bin/ocifp ] && [ ! -e /usr/libexec/ocifp ] && [ ! -e /etc/apparmor.d/ocifp ]
}
