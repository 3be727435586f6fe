#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# append --push: a registry that refuses, that fails in between, and a program that is killed.

load ../lib/rig

setup() {
	need python3 jq ocifp
	rig_setup
	start_faults reg
	make_tree tree
	head -c 300000 /dev/urandom >tree/data
}

teardown() {
	rig_teardown
}

publish() {
	ocifp_run append -t "$reg_host/app:v1" --push tree
}

assert_published() {
	assert_status 0
	assert_equal "$stdout" "$reg_host/app@$(mkimage digest "$T/reg.root/app" v1)"
	assert_whole
}

# The image that the tag names, with all that it names.
assert_whole() {
	local manifest digest
	manifest=$(blob_path "$T/reg.root/app" "$(mkimage digest "$T/reg.root/app" v1)")
	for digest in $(jq -r '.config.digest, .layers[].digest' "$manifest"); do
		assert_equal "$(sha256sum <"$(blob_path "$T/reg.root/app" "$digest")" | cut -d ' ' -f 1)" \
			"${digest#*:}"
	done
}

# is_tagged: the registry has the tag at all
is_tagged() {
	[ "$(jq '.manifests | length' "$T/reg.root/app/index.json" 2>/dev/null || echo 0)" -gt 0 ]
}

refute_published() {
	! is_tagged || fail "the tag is there" "$told"
	assert_equal "$stdout" ""
	[ -z "$(find "$OCIFP_STORE" -name '*.part')" ] || fail "something unfinished is left" "$told"
	assert_sound_store
}

@test "a registry that refuses the bytes, or the manifest, gets no tag, and the user is told" {
	rules reg <<-'JSON'
		{"method": ["PUT", "PATCH"], "path": "uploads", "action": {"status": 403,
		 "json": {"errors": [{"code": "DENIED", "message": "no space for you"}]}}}
	JSON
	publish
	assert_failed 4
	assert_stderr_has 'no space for you'
	assert_requests reg 0 PUT manifests/
	refute_published
	rules reg <<-'JSON'
		{"method": "PUT", "path": "manifests/", "action": {"status": 403,
		 "json": {"errors": [{"code": "DENIED", "message": "no space for you"}]}}}
	JSON
	publish
	assert_failed 4
	refute_published
}

@test "server errors in between are tried again; a server that stays so is status 5" {
	rules reg <<-'JSON'
		{"method": "POST", "path": "uploads", "nth": 1, "action": {"status": 502}}
		{"method": "PUT", "path": "uploads", "nth": 1, "action": {"status": 500}}
		{"method": "PUT", "path": "manifests", "nth": 1, "action": {"status": 503}}
	JSON
	publish
	assert_published
	assert_requests reg 2 PUT manifests/
	assert_equal "$(select_log reg response . . | jq -c '.status | select(. > 499)' | sort | tr '\n' ' ')" "500 502 503 "
	rm -rf "$T/reg.root/app"
	rules reg <<<'{"method": ["PUT", "PATCH"], "path": "uploads", "action": {"status": 500}}'
	publish
	assert_failed 5
	refute_published
}

@test "a connection that breaks inside the layer is taken up again" {
	local layer
	ocifp append -q -o oci:beforehand:v1 tree
	layer=$(jq -r '.layers[0].digest' \
		"$(blob_path beforehand "$(mkimage digest beforehand v1)")")
	rules reg <<-JSON
		{"method": "PUT", "path": "digest=.*${layer#*:}", "nth": 1,
		 "action": {"read_body": 100000, "drop": "reset"}}
	JSON
	publish
	assert_published
	assert_requests reg 2 PUT "digest=.*${layer#*:}"
}

@test "a token that is refused is status 4, with nothing sent" {
	rules reg <<-'JSON'
		{"path": "^/token", "action": {"status": 401, "json": {"errors": [{"code": "UNAUTHORIZED"}]}}}
		{"path": "^/v2/", "action": {"status": 401, "headers": {"WWW-Authenticate":
		 "Bearer realm=\"@SELF@/token\",service=\"rig\",scope=\"repository:app:pull,push\""}}}
	JSON
	publish
	assert_failed 4
	assert_equal "$(received_bytes reg 'PUT|PATCH' .)" 0
	refute_published
}

@test "killed at random moments: the store is sound, and the tag names a whole image or nothing" {
	local round killed=0
	head -c 3000000 /dev/urandom >tree/more
	for ((round = 0; round < ${OCIFP_TEST_KILLS:-15}; round++)); do
		split_run timeout -s KILL "0.$(printf %03d $((RANDOM % 300)))" \
			ocifp append -t "$reg_host/app:v1" --push tree
		[ "$status" -eq 0 ] || killed=$((killed + 1))
		assert_sound_store
		! is_tagged || assert_whole
		rm -rf "$T/reg.root/app"
	done
	[ "$killed" -gt 0 ] || skip "this machine is faster than a kill"
	publish
	assert_published
	assert_sound_store
}

@test "on a terminal it says what was packed, then what was sent" {
	need script
	head -c 12000000 /dev/urandom >tree/more
	rules reg <<<'{"method": "POST", "path": "uploads", "action": {"delay_s": 0.3}}'
	TERM=xterm script -qec "timeout 60 ocifp append -t $reg_host/app:v1 --push tree" /dev/null \
		>"$T/tty" 2>&1 3>&- </dev/null || fail "$(cat "$T/tty")"
	grep -Eq 'packed 12\.[0-9] MB( in [0-9.]+ s, [0-9.]+ [kM]B/s)?' "$T/tty" || fail "$(cat "$T/tty")"
	grep -Eq 'uploading [0-9]+ %: [0-9.]+ [kM]?B of 12.[0-9] MB, [0-2] of 2 blobs' "$T/tty" || fail "$(cat "$T/tty")"
}
