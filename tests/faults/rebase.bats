#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# rebase, flatten and mutate --compression with registries that lie or break off: the result is whole and
# right, or nothing has its name.

load ../lib/rig

setup() {
	need python3 jq ocifp
	rig_setup
	start_faults to
	serve_image --layers 300k,40k --compress gzip
	cd "$T" || return
	mkdir new
	head -c 200000 /dev/urandom >new/data
	ocifp append --platform linux/amd64 -o oci:base:new new
	mkimage image base old --layers 300k --compress gzip >/dev/null
}

teardown() {
	rig_teardown
}

# nothing_made WANTED TEXT ARGUMENT...: that fails, and leaves nothing where it was to go
nothing_made() {
	local wanted=$1 text=$2
	shift 2
	ocifp_run "$@" -t "$to_host/app:v1" --push
	assert_failed "$wanted"
	assert_requests to 0 PUT manifests/
	ocifp_run "$@" -o oci:out:v1
	assert_failed "$wanted"
	assert_stderr_has "$text"
	[ ! -e out ] || fail "left: $(find out)"
	assert_sound_store
}

@test "a layer that lies about its digest makes nothing" {
	rules reg <<<"{\"method\": \"GET\", \"path\": \"blobs/${layers[1]}\", \"action\": {\"flip_at\": 100}}"
	nothing_made 7 "cannot flatten '$ref'" flatten "$ref"
	nothing_made 7 "cannot recompress '$ref'" mutate --compression zstd "$ref"
	ocifp_run rebase --old-base oci:base:old --new-base oci:base:new -o oci:out:v1 "$ref"
	assert_failed 7
	assert_equal "$(jq -c .manifests out/index.json)" '[]'
	ocifp_run rebase --old-base oci:base:old --new-base oci:base:new -t "$to_host/app:v1" --push "$ref"
	assert_failed 7
	assert_requests to 0 PUT manifests/
}

@test "a layer that breaks off is taken up where it was" {
	rules reg <<<"{\"method\": \"GET\", \"path\": \"blobs/${layers[0]}\", \"nth\": 1, \"action\": {\"cut_after\": 1000}}"
	ocifp_run flatten -t "$to_host/app:v1" --push "$ref"
	assert_status 0
	assert_requests reg 2 GET "blobs/${layers[0]}"
}

@test "a base's layer that breaks off on its way is taken up where it was" {
	local layer
	ocifp copy oci:base:new "$reg_host/app:new"
	layer=$(jq -r '.layers[0].digest' "$(blob_path base "$(mkimage digest base new)")")
	rules reg <<<"{\"method\": \"GET\", \"path\": \"blobs/$layer\", \"nth\": 1, \"action\": {\"cut_after\": 100000}}"
	ocifp_run rebase --old-base oci:base:old --new-base "$reg_host/app:new" -t "$to_host/app:v1" --push "$ref"
	assert_status 0
	assert_requests reg 2 GET "blobs/$layer"
	ocifp_run pull --platform linux/amd64 "$to_host/app:v1"
	assert_status 0
}

@test "a registry that refuses a blob of the base, or the manifest, gets no tag" {
	rules to <<<'{"method": ["PUT", "PATCH"], "path": "uploads", "action": {"status": 403, "json": {"errors": [{"code": "DENIED"}]}}}'
	ocifp_run rebase --old-base oci:base:old --new-base oci:base:new -t "$to_host/app:v1" --push "$ref"
	assert_failed 4
	assert_requests to 0 PUT manifests/
	rules to <<<'{"method": "PUT", "path": "manifests", "action": {"status": 403, "json": {"errors": [{"code": "DENIED"}]}}}'
	ocifp_run rebase --old-base oci:base:old --new-base oci:base:new -t "$to_host/app:v1" --push "$ref"
	assert_failed 4
	assert_equal "$stdout" ''
}

@test "a platform that claims another diff_id of a layer that is there already makes nothing" {
	local manifest config
	mkimage image lie one --layers 4k --compress gzip >/dev/null
	manifest=$(<"$(blob_path lie "$(mkimage digest lie one)")")
	config=$(jq -c --arg other "sha256:$(printf '%064d' 0)" '.architecture = "arm64" | .rootfs.diff_ids = [$other]' \
		"$(blob_path lie "$(jq -r .config.digest <<<"$manifest")")" |
		mkimage blob lie --media-type application/vnd.oci.image.config.v1+json)
	jq -c --argjson config "$config" '.config = $config' <<<"$manifest" | mkimage manifest lie arm >/dev/null
	mkimage index lie both one arm >/dev/null
	nothing_made 7 'diff_id' mutate --compression zstd oci:lie:both
}

@test "an image that its registry lacks and whose manifest is damaged in the store is told as damaged" {
	local made manifest
	made=$(ocifp append --platform linux/amd64 -t "$reg_host/app:mine" new)
	manifest=$(blob_path "$OCIFP_STORE" "${made#*@}")
	chmod u+w "$manifest"
	echo '{' >"$manifest"
	ocifp_run mutate --env A=1 -o oci:out:v1 "$reg_host/app:mine"
	assert_failed 7
	assert_stderr_has "cannot change '$reg_host/app:mine'|base '$reg_host/app:mine'"
	[ ! -e out ] || fail "left: $(find out)"
}
