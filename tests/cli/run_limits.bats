#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# ocifp run --memory, --cpus, --pids where control groups are those of v2: what they hold, and that it
# is said where they hold nothing.  tests/vm.sh has a kernel on which none of this is skipped.

load ../lib/rig

groups=/sys/fs/cgroup

setup() {
	rig_setup
	need cgroups
	need_engines
	busybox_root "$T/root"
}

teardown() {
	remove_group
	rig_teardown
}

need_limits() {
	need limits
	engine=${engines##* }
}

# What is there while a job is, by the id of its root.
group_of_job() {
	local id
	id=$(ls "$OCIFP_STORE/.ocifp/roots")
	find "$groups" -name "ocifp-$id" 2>/dev/null
}

assert_no_group() {
	[ -z "$(find "$groups" -name 'ocifp-????????????????' 2>/dev/null)" ] || fail 'a control group is left'
}

# takes MIB: as a process that has so much
takes() {
	job --memory 64m -- dd if=/dev/zero of=/dev/null "bs=${1}M" count=1
}

holds_memory() {
	takes 32
	assert_status 0
	takes 200
	assert_status 137
	assert_nothing_left
	assert_no_group
}

@test "a job that takes more than --memory is killed" {
	need_limits
	on_each_engine holds_memory
}

@test "what --memory holds back does not go to swap without end" {
	need cgroup_swap
	need_limits
	spawn job ocifp run --runtime "$engine" --memory 64m "rootfs:$T/root" -- sh -c 'echo ready; sleep 60'
	wait_for grep -q ready "$T/job.out"
	assert_equal "$(cat "$(group_of_job)/memory.max")" 67108864
	assert_equal "$(cat "$(group_of_job)/memory.swap.max")" 67108864
}

holds_processors() {
	spawn job ocifp run --runtime "$engine" --cpus 0.5 "rootfs:$T/root" -- sh -c 'while :; do :; done'
	wait_for group_of_job
	wait_for is_throttled
	assert_equal "$(cat "$(group_of_job)/cpu.max")" '50000 100000'
	stop job
	assert_no_group
}

is_throttled() {
	grep -q '^nr_throttled [1-9]' "$(group_of_job)/cpu.stat"
}

@test "a job gets no more of the processors than --cpus" {
	need_limits
	on_each_engine holds_processors
}

holds_processes() {
	job --pids 20 -- sh -c 'i=0; while [ $i -lt 40 ]; do sleep 5 & i=$((i + 1)); done; echo started'
	assert_stderr_has "can't fork"
	assert_nothing_left
	assert_no_group
}

@test "a job starts no more processes than --pids" {
	need_limits
	on_each_engine holds_processes
}

@test "a job sees and changes no control group" {
	need_limits
	on_each_engine changes_no_group
}

changes_no_group() {
	job --pids 20 -- sh -c 'find /sys/fs/cgroup -name pids.max | while read file; do
		echo max >"$file" && echo "$file"; done; true' 2>/dev/null
	assert_stdout ''
}

# delegated USER: a control group $group that is USER's, as cgroup-v2.rst has it, and "shell" in it
delegated() {
	need cgroup_delegation
	group=$groups/ocifp-test
	echo '+memory +cpu +pids' >"$groups/cgroup.subtree_control"
	mkdir -p "$group/shell"
	chown "$1" "$group" "$group"/cgroup.{procs,subtree_control} "$group/shell" "$group/shell/cgroup.procs"
	mkdir -p "$T/user" && chmod 755 "$T" && chown -R "$1:$1" "$T/user" "$T/root"
}

remove_group() {
	[ -z "${group:-}" ] || find "$group" -depth -type d -exec rmdir {} +
}

# in_group GROUP USER COMMAND...: there, with a store of the user's
in_group() {
	local there=$1 user=$2
	shift 2
	split_run sh -c 'echo $$ >"$1/cgroup.procs" && shift && exec "$@"' sh "$there" \
		setpriv --reuid "$user" --regid "$user" --clear-groups env HOME="$T/user" \
		OCIFP_STORE="$T/user/store" "$@"
}

# holds_for_user [NAME=VALUE]: with that in the environment
holds_for_user() {
	in_group "$group/shell" 1000 env "$@" ocifp run --runtime "$engine" --memory 64m --cpus 0.5 --pids 20 \
		"rootfs:$T/root" -- dd if=/dev/zero of=/dev/null bs=200M count=1
	assert_status 137
	! grep 'has no effect' "$T/stderr" || fail 'a limit does not hold' "$told"
	assert_no_group
}

@test "limits hold for a user whose control group is his" {
	delegated 1000
	on_each_engine holds_for_user
}

@test "limits hold in a user's login session, whose control group is not his" {
	need user_manager
	delegated 1000
	chown 0 "$group" "$group"/cgroup.{procs,subtree_control}
	on_each_engine holds_for_user XDG_RUNTIME_DIR=/run/user/1000
	wait_for has_no_scope
}

has_no_scope() {
	[ -z "$(find "$groups" -name 'ocifp-*.scope')" ]
}

holds_nothing_and_says_so() {
	in_group "$group/shell" 1000 ocifp run --runtime "$engine" --memory 64m --cpus 0.5 --pids 20 \
		"rootfs:$T/root" -- echo works
	assert_status 0
	assert_stdout works
	assert_stderr_has '--memory has no effect'
	assert_stderr_has '--cpus has no effect'
	assert_stderr_has '--pids has no effect'
	assert_no_group
}

@test "where there can be no control group of the user's, that is said of each limit, and the job runs" {
	delegated 1000
	chown 0 "$group" "$group"/cgroup.{procs,subtree_control}
	on_each_engine holds_nothing_and_says_so
}

@test "gc removes the control group of a run that was killed, wherever it was started" {
	delegated 0
	OCIFP_STORE=$T/user/store
	spawn job sh -c 'echo $$ >"$1/cgroup.procs" && shift && exec "$@"' sh "$group/shell" \
		ocifp run --runtime "${engines##* }" --pids 20 "rootfs:$T/root" -- sh -c 'echo ready; sleep 60'
	wait_for grep -q ready "$T/job.out"
	[ -n "$(group_of_job)" ] || fail 'there is no control group'
	kill -9 "$(cat "$T/pids/job")"
	wait_for ocifp store gc
	wait_for assert_no_group
	assert_nothing_left
}
