#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Layers are unpacked while others still come: what begins early, and what ends what.

load ../lib/rig
load ../lib/unpack_ways

setup() {
	need python3 jq ocifp
	rig_setup
	layer first <<-TAR
		file first text=first
	TAR
	layer last <<-TAR
		file last size=3000000
	TAR
	last=sha256:$(sha256sum <"$T/last" | cut -d ' ' -f 1)
}

teardown() {
	rig_teardown
}

# serve ACTION [OPTION...]: the image of both layers, the last of which comes so; OPTION as mklayer.py
serve() {
	local action=$1
	shift
	mkdir -p "$T/reg.root"
	layered v1 "$@"
	mv "$T/lay" "$T/reg.root/app"
	start_faults reg
	rules reg <<<"{\"path\": \"blobs/$last\", \"action\": $action}"
	ref=$reg_host/app:v1
}

# last_has_come: all of it was sent
last_has_come() {
	[ "$(select_log reg response GET "$last" | wc -l)" -gt 0 ]
}

# early PATTERN COMMAND...: such a file is there before the last layer is
early() {
	local file=$1
	shift
	spawn job "$@"
	wait_for sh -c "ls $file"
	! last_has_come || fail 'it waited for the last layer' "$(cat "$T/job.out")"
	wait_for last_has_come
}

slow='{"rate_bps": 600000}'

@test "unpack begins with the first layer before the last has come" {
	serve "$slow" first last
	early "$T/work/.tree.ocifp/fs/first" ocifp unpack "$ref" tree
	wait_for test -e tree/last
	assert_equal "$(ls tree)" "$(printf 'first\nlast')"
}

@test "pull -o rootfs: does too" {
	serve "$slow" first last
	early "$T/work/.tree.ocifp/fs/first" ocifp pull -o rootfs:tree "$ref"
	wait_for test -e tree/last
}

@test "run begins with the first layer's tree before the last has come" {
	need job_layers
	serve "$slow" first last
	early "$OCIFP_STORE/.ocifp/layers/*/fs/first" ocifp run "$ref" -- /nothing
	wait_for sh -c 'ls "$OCIFP_STORE"/.ocifp/layers/*/fs/last'
}

@test "a layer that is not what it should be ends the download of the others" {
	need job_layers
	serve '{"rate_bps": 100000}' last first --diff-id "sha256:$(printf '%064d' 0)"
	SECONDS=0
	ocifp_run run "$ref" -- /nothing
	assert_failed 125
	assert_stderr_has "cannot unpack '$ref': layer 2 of 2: the layer's diff_id is"
	[ $SECONDS -lt 20 ] || fail "it waited for the rest: $SECONDS s"
	[ -z "$(ls -d "$OCIFP_STORE"/.ocifp/layers/*-host "$OCIFP_STORE"/.ocifp/layers/*-own 2>/dev/null)" ]
}

@test "a layer that does not come ends what unpacks the others, and leaves nothing" {
	serve '{"status": 404, "delay_s": 1, "json": {"errors": [{"code": "BLOB_UNKNOWN"}]}}' first last
	ocifp_run unpack "$ref" tree
	assert_failed 7
	[ -z "$(ls -A)" ] || fail "left: $(ls -A)"
	can job_layers || return 0
	ocifp_run run "$ref" -- /nothing
	assert_failed 125
	[ -z "$(ls -d "$OCIFP_STORE"/.ocifp/layers/*-host "$OCIFP_STORE"/.ocifp/layers/*-own 2>/dev/null)" ]
	ocifp_run store gc
	assert_equal "$(ls "$OCIFP_STORE/.ocifp/layers")" ''
}

@test "F13 a job's image is what its tag named when that was asked, once" {
	need_engines
	serve '{}' first last
	local named
	named=$(cat "$T/digest")
	layer other <<-TAR
		file other text=other
	TAR
	layered other other
	jq -n --rawfile body "$(blob_path "$T/lay" "$(cat "$T/digest")")" '{path: "manifests/v1", nth: "2-", action: {body: $body,
		headers: {"Content-Type": "application/vnd.oci.image.manifest.v1+json"}}}' | rules reg
	ocifp_run run "$ref" -- /first
	assert_status 126
	assert_requests reg 1 GET manifests/v1
	assert_equal "$(ocifp store ls --json 3>&- | jq -r '.references[] | .digest + " " + .name')" "$named $ref"
}

@test "two that pull and unpack the same at once share blobs and trees" {
	need_engines
	serve "$slow" first last
	spawn one ocifp run "$ref" -- /nothing
	spawn two ocifp run "$ref" -- /nothing
	wait_for last_has_come
	wait_for sh -c 'ls "$OCIFP_STORE"/.ocifp/layers/*/fs/last'
	ocifp_run run "$ref" -- /nothing
	assert_status 127
	assert_requests reg 1 GET "$last"
	assert_equal "$(ls "$OCIFP_STORE/.ocifp/layers" | wc -l)" 2
}
