#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Where the machine's administrator refuses user namespaces: ocifp run and unpack as a user, and the
# profile for AppArmor that is the remedy.  This changes settings of the whole machine: only one that is
# the test's own, as that of tests/vm.sh, has it.

load ../lib/rig
load ../lib/unpack_ways

setup() {
	rig_setup
	need machine_of_our_own root setpriv sysctl python3 jq
	need_engines
	engine=${engines##* }
	need_installed
	busybox_root "$T/root"
	mkdir -p "$T/user" && chmod 755 "$T" && chown -R 4343:4343 "$T/user" "$T/root"
	echo 'file bin/tool text=works uid=5 gid=5' | layer one
	layered one one
}

teardown() {
	[ ! -s "$T/settings" ] || sysctl -qp "$T/settings"
	[ -z "${profiles:-}" ] || apparmor_parser -R "$profiles"
	rig_teardown
}

# A profile is for installed programs, by their paths.
need_installed() {
	unset OCIFP_LIBEXEC
	PATH=/usr/local/bin:/usr/bin:/usr/sbin:/sbin
	need ocifp
}

# set_machine NAME=VALUE: until the end of the test
set_machine() {
	local before
	before=$(sysctl -e "${1%%=*}")
	echo "$before" >>"$T/settings"
	sysctl -q "$1"
}

# as_user COMMAND...: one that /etc/subuid does not know, unlike the first that a machine has
as_user() {
	split_run setpriv --reuid 4343 --regid 4343 --clear-groups env HOME="$T/user" \
		OCIFP_STORE="$T/user/store" "$@"
}

run_as_user() {
	as_user ocifp run --runtime "$engine" --status-file "$T/user/status" "rootfs:$T/root" -- echo works
}

# assert_refused REMEDY: of a job; subordinate ids cannot be had, and unpacking says so
assert_refused() {
	run_as_user
	assert_failed 125
	assert_equal "$(jq -r .error.class "$T/user/status")" no_userns
	assert_stderr_has "$1"
	as_user ocifp doctor
	grep 'user namespaces' "$T/stdout" "$T/stderr" | grep -q "$1" || fail 'doctor does not say why' "$told"
	split_run with_ranges 4343 300000 ocifp unpack "oci:$T/lay:one" "$T/user/tree"
	assert_status 0
	assert_stderr_has "uid 4343 owns all files.*$1"
	assert_equal "$(stat -c %u "$T/user/tree/bin/tool")" 4343
	rm -rf "$T/user"/tree*
}

# Who owns what is recorded beside the tree then.
assert_unpacks_without() {
	as_user ocifp unpack "oci:$T/lay:one" "$T/user/tree"
	assert_status 0
	assert_equal "$(cat "$T/user/tree/bin/tool")" works
	rm -rf "$T/user"/tree*
}

@test "where no user namespaces are allowed, it is said, and unpacking needs none" {
	need userns_setting
	set_machine user.max_user_namespaces=0
	assert_refused 'sysctl user.max_user_namespaces'
	assert_unpacks_without
}

@test "where only root may make them, as by Debian's older setting, it is said" {
	need userns_clone_setting
	set_machine kernel.unprivileged_userns_clone=0
	assert_refused 'sysctl kernel.unprivileged_userns_clone'
	assert_unpacks_without
}

restrict() {
	need userns_apparmor_setting apparmor_parser
	set_machine kernel.apparmor_restrict_unprivileged_userns=1
}

# Ubuntu's own profile lets them be made, and takes all that they are good for.
@test "where AppArmor restricts them, the profile is named" {
	local common=/etc/apparmor.d/unprivileged_userns
	restrict
	assert_refused 'AppArmor.*contrib/apparmor/ocifp'
	assert_unpacks_without
	[ -e "$common" ] || return 0
	profiles=$common
	apparmor_parser -r "$common"
	assert_refused 'AppArmor.*contrib/apparmor/ocifp'
}

works_as_user() {
	run_as_user
	assert_status 0
	assert_stdout works
}

@test "with the profile jobs run and layers are unpacked where AppArmor restricts" {
	restrict
	profiles=$RIG_TESTS/../contrib/apparmor/ocifp
	apparmor_parser -r "$profiles"
	on_each_engine works_as_user
	as_user ocifp doctor
	grep 'user namespaces' "$T/stdout" "$T/stderr" | grep -q work || fail 'doctor says otherwise' "$told"
	split_run with_ranges 4343 300000 ocifp unpack "oci:$T/lay:one" "$T/user/tree"
	assert_status 0
	assert_equal "$(cat "$T/user/tree/bin/tool")" works
	assert_equal "$(stat -c %u "$T/user/tree/bin/tool")" 300004
	as_user unshare -Ur true
	# Any failure of unshare will do.
	[ "$status" -ne 0 ] || fail 'AppArmor does not restrict: this test shows nothing'
}
