#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The commands that look after the store.

load ../lib/rig

setup() {
	need python3 jq
	rig_setup
	mkdir -m 700 "$OCIFP_STORE"
	one=$(mkimage image "$OCIFP_STORE" one --layers 1k)
	two=$(mkimage image "$OCIFP_STORE" two --layers 2k,3k)
}

teardown() {
	rig_teardown
}

layer_of() {
	jq -r '.layers[0].digest' "$(blob_path "$OCIFP_STORE" "$1")"
}

@test "store ls lists references with their digests" {
	ocifp_run store ls
	assert_status 0
	assert_equal "$(sed -n '2,$s/^ *[0-9.]* [kM]*B .*  //p' "$T/stdout")" $'one\ntwo'
	grep -Eq "^ *[0-9.]+ [kM]?B  .*  ${one:7:12}  one$" "$T/stdout" || fail "$told"
	ocifp_run store ls --json
	assert_json ".references[1] | .name == \"two\" and .digest == \"$two\" and (.media_type | type) == \"string\" and .size_bytes > 0"
	assert_json ".path == \"$OCIFP_STORE\""
}

@test "store ls of a store without references writes nothing" {
	rm -rf "$OCIFP_STORE"
	ocifp_run store ls
	assert_status 0
	[ ! -s "$T/stdout" ]
}

@test "store rm and gc remove an image and leave the other" {
	local layer
	layer=$(layer_of "$one")
	ocifp_run store rm one
	assert_status 0
	assert_stored "$one" "$layer"
	ocifp_run store gc -n --json
	assert_json '.dry_run and .removed_count == 3 and .kept_count == 4'
	assert_stored "$one" "$layer"
	ocifp_run store gc
	assert_status 0
	refute_stored "$one" "$layer"
	assert_stored "$two" "$(layer_of "$two")"
}

@test "store rm of what is not there is a usage error" {
	ocifp_run store rm three
	assert_failed 2
}

@test "store gc ends with status 10 when another process adds to the store for too long" {
	mkdir -m 700 "$OCIFP_STORE/.ocifp"
	need flock
	spawn holder flock -s "$OCIFP_STORE/.ocifp/gc.lock" sleep 60
	wait_for test -e "$OCIFP_STORE/.ocifp/gc.lock"
	sleep 0.2
	ocifp_run store gc --lock-timeout 100ms
	assert_failed 10
	assert_within 5
}

@test "store fsck finds what is damaged and sets it aside" {
	local file
	file=$(blob_path "$OCIFP_STORE" "$(layer_of "$two")")
	ocifp_run store fsck
	assert_status 0
	chmod u+w "$file"
	printf x >>"$file"
	ocifp_run store fsck
	assert_failed 7
	grep -q "^problem: blobs/sha256/${file##*/}: content does not match\$" "$T/stdout" || fail "$told"
	ocifp_run store fsck --repair --json
	assert_status 0
	assert_json '(.problems | length) == 1 and (.repaired | length) == 1 and (.incomplete | length) == 1'
	[ ! -e "$file" ]
	ocifp_run store fsck
	assert_status 0
	grep -q "^incomplete: sha256:${file##*/}: missing, a part of $two\$" "$T/stdout" || fail "$told"
}

@test "store rm removes volumes by name, and nothing that is no volume" {
	need namespaces
	mkdir -p "$OCIFP_STORE/.ocifp/volumes/one/deep" "$OCIFP_STORE/.ocifp/volumes/two" "$OCIFP_STORE/.ocifp/other"
	ocifp_run store rm --volume one --json
	assert_status 0
	assert_equal "$(jq -c .removed_volumes "$T/stdout")" '["one"]'
	assert_equal "$(ls "$OCIFP_STORE/.ocifp/volumes")" two
	assert_equal "$(ls "$OCIFP_STORE/.ocifp/roots")" ''
	for name in one ../other . ''; do
		ocifp_run store rm --volume "$name"
		assert_failed 2
	done
	[ -d "$OCIFP_STORE/.ocifp/other" ]
	ocifp_run store rm
	assert_failed 2
}
