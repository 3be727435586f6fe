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
	need faketime preload
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

# In a time that goes ten times faster, too.
@test "a mirror that is silent while it fetches is waited for" {
	need faketime preload
	local path
	for path in "/manifests/" "/blobs/${layers[1]}"; do
		rm -rf "$OCIFP_STORE"
		forget_log reg
		forget_log mirror
		rules mirror <<<"{\"path\": \"$path\", \"action\": {\"delay_s\": 2}}"
		ASAN_OPTIONS=verify_asan_link_order=0 split_run timeout 60 faketime -f '+0 x10' \
			ocifp pull "${on[@]}" "$ref"
		assert_pulled
		assert_stderr_has "the mirror '$mirror_host' is still fetching; waiting up to 120 s"
		refute_stderr_has "cannot use the mirror"
		assert_requests mirror 1 GET '/v2/$'
		assert_requests reg 1 . .
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

@test "a daemon on the node, as Spegel and Dragonfly have one, is told which registry is meant" {
	rules mirror <<-JSON
		{"path": "blobs/${layers[0]}", "action": {"status": 404, "body": ""}}
		{"path": "^[^?]*$", "action": {"status": 404, "body": ""}}
	JSON
	pull_again
	assert_requests mirror 4 GET "sha256[^?]*[?]ns=${reg_host/:/(:|%3[Aa])}\$"
	assert_requests reg 1 GET .
	assert_requests reg 1 GET "blobs/${layers[0]}"
	refute_stderr_has "cannot use"
}

# stale_mirror: one that may resolve, with a v1 of before; the registry's v1 lists s390x
stale_mirror() {
	local platform
	for platform in amd64 s390x; do
		mkimage image "$T/$platform" one --platform "linux/$platform" --layers 5k >/dev/null
		ocifp push "oci:$T/$platform:one" "$reg_host/app:v1-linux-$platform" 3>&- >/dev/null
	done
	ocifp index create "$reg_host/app:v1" "$reg_host/app:v1-linux-amd64" >/dev/null
	cp -a "$T/reg.root/." "$T/mirror.root/"
	ocifp index create "$reg_host/app:v1" "$reg_host/app:v1-linux-s390x" >/dev/null
	export XDG_CONFIG_HOME=$T/config
	mkdir -p "$XDG_CONFIG_HOME/ocifp"
	echo "mirrors: {\"$reg_host\": [{url: \"http://$mirror_host\", resolve: true}]}" \
		>"$XDG_CONFIG_HOME/ocifp/config.yaml"
	forget_log mirror
}

# digest_at_registry TAG
digest_at_registry() {
	mkimage digest "$T/reg.root/app" "$1"
}

# listed_at_registry TAG
listed_at_registry() {
	jq -r '[.manifests[].platform.architecture] | sort | join(" ")' \
		"$(blob_path "$T/reg.root/app" "$(digest_at_registry "$1")")"
}

@test "a join keeps what another runner has joined, whatever a stale mirror says" {
	stale_mirror
	ocifp_run index join --platform linux/amd64 "$reg_host/app:v1"
	assert_status 0
	assert_equal "$(listed_at_registry v1)" "amd64 s390x"
	assert_requests mirror 0 . 'manifests/v1'
}

@test "what is written follows from the registry's own tag, whatever a stale mirror says" {
	stale_mirror
	local now
	now=$(digest_at_registry v1)
	ocifp_run index add "$reg_host/app:v1" "$reg_host/app:v1-linux-amd64"
	assert_equal "$(listed_at_registry v1)" "amd64 s390x"
	ocifp index rm "$reg_host/app:v1" linux/amd64 >/dev/null
	ocifp_run tag "$reg_host/app:v1" v2
	assert_equal "$(digest_at_registry v2)" "$now"
	ocifp_run copy "$reg_host/app:v1" "$reg_host/app:v3"
	assert_equal "$(digest_at_registry v3)" "$now"
	ocifp_run mutate --env A=b --push -t "$reg_host/app:v4" "$reg_host/app:v1"
	ocifp_run inspect --json "$reg_host/app:v4"
	assert_equal "$(jq -r '.images[0].platform' "$T/stdout")" linux/s390x
	openssl genpkey -algorithm ed25519 -out key.pem
	ocifp_run sign --key key.pem "$reg_host/app:v1"
	assert_stdout "$reg_host/app@$now"
	assert_requests mirror 0 . 'manifests/v1'
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
