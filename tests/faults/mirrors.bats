#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Mirrors that misbehave: each costs little, and never the pull.

load ../lib/rig

setup() {
	need python3 jq ocifp
	rig_setup
	start_faults reg
	serve_image --layers 1k,200k
	start_faults mirror
	cp -a "$T/reg.root/." "$T/mirror.root/"
	cd "$T" || return
	printf '%s\n' 'version: 1' 'images: {app: {repository: ghcr.io/x/app, inputs: [.ocifp.yaml]}}' \
		"mirrors: {\"$reg_host\": [\"http://$mirror_host\"]}" >.ocifp.yaml
}

teardown() {
	rig_teardown
}

# pull_again: app:one into an empty store, with the logs of this pull alone
pull_again() {
	rm -rf "$OCIFP_STORE"
	forget_log reg
	forget_log mirror
	pull "$ref"
	assert_pulled
}

# forget_verdicts: of earlier runs about mirrors
forget_verdicts() {
	rm -rf "$HOME/.cache/ocifp"
}

@test "a sound mirror gives all but the tag" {
	pull_again
	assert_requests mirror 4 GET '/(manifests|blobs)/sha256'
	assert_requests mirror 4 . .
	assert_requests reg 1 . .
	assert_requests reg 1 HEAD manifests/one
}

@test "a mirror that cannot serve is asked once, and not by the next run" {
	rules mirror <<<'{"action": {"status": 503, "headers": {"Retry-After": "30"}}}'
	pull_again
	assert_requests mirror 1 . .
	assert_stderr_has "cannot use the mirror '$mirror_host': "
	assert_stderr_has "503"
	assert_within 5
	pull_again
	assert_requests mirror 0 . .
	refute_stderr_has mirror
}

@test "a mirror whose token server is dead costs two requests and one line" {
	rules mirror <<-'JSON'
		{"path": "/token", "action": {"status": 502}}
		{"path": "/v2/", "action": {"status": 401, "headers": {"WWW-Authenticate": "Bearer realm=\"@SELF@/token\",service=\"m\""}}}
	JSON
	pull_again
	assert_requests mirror 2 . .
	assert_equal "$(grep -c "cannot use the mirror" "$T/stderr")" 1
	assert_within 5
}

# In a time that goes ten times faster.
@test "a mirror that says nothing costs seconds" {
	need faketime
	local rule
	for rule in '{"action": {"delay_s": 60}}' \
		"{\"path\": \"blobs/${layers[1]}\", \"action\": {\"stall_after\": 5000, \"stall_s\": 60}}"; do
		rm -rf "$OCIFP_STORE"
		forget_verdicts
		rules mirror <<<"$rule"
		ASAN_OPTIONS=verify_asan_link_order=0 split_run timeout 30 faketime -f '+0 x10' \
			ocifp pull "${on[@]}" "$ref"
		assert_pulled
		assert_stderr_has "cannot use the mirror '$mirror_host': "
		assert_within 20
	done
}

@test "a mirror that lacks a part is asked for the others" {
	rm "$(blob_path "$T/mirror.root/app" "${layers[0]}")"
	pull_again
	assert_requests mirror 4 GET sha256
	assert_requests reg 1 GET "blobs/${layers[0]}"
	refute_stderr_has "cannot use"
}

@test "content that a mirror changes or cuts comes from the registry" {
	local action
	for action in '{"flip_at": 100}' '{"cut_after": 100, "end": "close"}' '{"cut_after": 100, "end": "reset"}' \
		'{"body": "{}"}' '{"status": 200, "body": "<html>", "headers": {"Content-Type": "text/html"}}' \
		'{"status": 403}' '{"redirect": "@SELF@@PATH@"}'; do
		forget_verdicts
		rules mirror <<<"{\"path\": \"/manifests/|/blobs/${layers[1]}\", \"action\": $action}"
		pull_again
		forget_verdicts
		rules mirror <<<"{\"path\": \"/blobs/${layers[1]}\", \"action\": $action}"
		pull_again
		assert_sound_store
	done
}

@test "a mirror never answers for a tag, nor proves absence" {
	local absent='{"action": {"status": 404, "json": {"errors": [{"code": "MANIFEST_UNKNOWN"}]}}}'
	rules mirror <<<"$absent"
	exists "$ref"
	assert_status 0
	forget_log mirror
	rules mirror <<<''
	rules reg <<<"$absent"
	exists "$ref"
	assert_failed 3
	assert_requests mirror 0 . manifests/one
}
