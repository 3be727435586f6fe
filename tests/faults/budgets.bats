#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What an operation may cost, without a clock: requests, connections, bytes of content each way, and the
# system calls that cost most.  Who makes one cheaper lowers its budget; who needs more says why.

load ../lib/rig

setup() {
	need python3 jq ocifp strace
	rig_setup
	start_faults reg
	mkimage image "$T/src" one --layers 300k,20k,30k,40k,50k,60k,70k,80k --compress none >/dev/null
	ref=$reg_host/app:one
	ocifp store ls >/dev/null
}

teardown() {
	rig_teardown
}

# budget REQUESTS CONNECTIONS KIB_SENT KIB_RECEIVED PROCESSES SYNCS RENAMES COMMAND...: at most so much.
# A process is a program that is started; threads are not counted.
budget() {
	local names=(requests connections 'KiB from the registry' 'KiB to the registry' processes syncs renames)
	local most=("${@:1:7}") spent i over=()
	forget_log reg
	split_run strace -f -qq -o "$T/trace" \
		-e trace=execve,fsync,fdatasync,syncfs,rename,renameat,renameat2 ocifp "${@:8}"
	assert_status 0
	spent=("$(requests reg . .)" "$(connections reg)" $(($(sent_bytes reg . .) >> 10)) $(($(received_bytes reg . .) >> 10))
		"$(calls execve)" "$(calls 'fsync|fdatasync|syncfs')" "$(calls 'rename(at2?)?')")
	for i in "${!names[@]}"; do
		[ "${spent[i]}" -le "${most[i]}" ] || over+=("${names[i]}: ${spent[i]}, budget ${most[i]}")
	done
	[ ${#over[@]} -eq 0 ] || fail "over budget: ${*:8}" "${over[@]}" "$(select_log reg request . . | jq -r '.method + " " + .path')"
}

calls() {
	grep -cE "^[0-9]+ +($1)\(.* = [0-9]" "$T/trace" || true
}

@test "a question, a pull, and both again" {
	cp -r "$T/src" "$T/reg.root/app"
	budget 1 1 1 0 1 0 0 digest "$ref"
	budget 1 1 1 0 1 0 0 exists "$ref"
	budget 10 9 664 0 1 14 11 pull "${on[@]}" "$ref"
	budget 1 1 1 0 1 0 0 pull "${on[@]}" "$ref"
	budget 1 1 1 0 1 18 13 pull "${on[@]}" -o "oci:$T/out:one" "$ref"
}

@test "a push, the same again, a new tag, and a copy beside it" {
	budget 28 9 0 664 1 0 1 push "oci:$T/src:one" "$ref"
	budget 1 1 0 0 1 0 0 push "oci:$T/src:one" "$ref"
	budget 2 1 0 1 1 0 1 push "oci:$T/src:one" "$reg_host/app:two"
	budget 12 9 1 1 1 0 1 copy "$ref" "$reg_host/other:one"
}

@test "the first question to a registry with tokens, and the second" {
	start_faults strict --auth bearer --anonymous
	reg_host=$strict_host
	cp -r "$T/src" "$T/strict.root/app"
	ln -sf "$T/strict.log" "$T/reg.log"
	budget 3 2 1 0 1 0 2 digest "$reg_host/app:one"
	budget 1 1 1 0 1 0 0 digest "$reg_host/app:one"
}
