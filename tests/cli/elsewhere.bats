#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# A build without namespaces, as on macOS and FreeBSD: ./configure --disable-namespaces makes one on Linux.

load ../lib/rig

setup() {
	rig_setup
	need no_namespaces
}

teardown() {
	rig_teardown
}

@test "run and shell end with 125, say what they need, and name a way" {
	local line
	while read -r line; do
		# Unquoted: the words of a command line.
		# shellcheck disable=SC2086
		ocifp_run $line
		assert_failed 125
		assert_stdout ''
		assert_stderr_has 'cannot run a job on this system: jobs need Linux; give the image to another engine'
	done <<-'LINES'
		run -v .:/app --pids 3 ci -- make
		run -- make
		shell
	LINES
}

@test "doctor says so, and what stands around ocifp-layer" {
	ocifp_run doctor --offline
	assert_status 0
	grep -q "^  jobs  *note  *'ocifp run' and 'ocifp shell' need Linux" <<<"$stdout" || fail "$told"
	grep -qE '^  (walls|capsicum|sandbox_init)  ' <<<"$stdout" || fail "$told"
}

@test "layers are unpacked and packed, and an archive is read" {
	mkdir -p root/bin && echo tool >root/bin/tool
	ocifp push rootfs:root oci:layout:one >/dev/null
	ocifp pull oci:layout:one -o oci-archive:one.tar >/dev/null
	ocifp copy oci-archive:one.tar oci:again:one >/dev/null
	ocifp unpack oci:again:one out >/dev/null
	diff -r root out
}

@test "volumes that another build made are listed, and stay" {
	mkdir -p "$OCIFP_STORE"
	ocifp store ls >/dev/null
	mkdir -p "$OCIFP_STORE/.ocifp/volumes/target" "$OCIFP_STORE/.ocifp/roots/1" "$OCIFP_STORE/.ocifp/kept/runner"
	ocifp_run store ls
	assert_status 0
	grep -q '^volume: target$' <<<"$stdout" || fail "$told"
	ocifp_run store rm --volume target
	assert_failed 2
	assert_stderr_has "cannot remove volume 'target': this build of ocifp runs no jobs; use the ocifp that made it"
	ocifp_run store rm --volume other
	assert_failed 2
	assert_stderr_has "the store has no volume 'other'"
	ocifp_run store gc
	assert_status 0
	[ -d "$OCIFP_STORE/.ocifp/volumes/target" ]
	[ -d "$OCIFP_STORE/.ocifp/roots/1" ]
}
