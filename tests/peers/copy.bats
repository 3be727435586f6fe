#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Copying between real registries, layouts and archives: what it costs, and that nothing changes.

load ../lib/rig

both=(--platform linux/amd64 --platform linux/arm64)

setup() {
	need python3 jq curl docker-registry ocifp
	rig_setup
	start_registry reg
}

teardown() {
	rig_teardown
}

# publish [MKIMAGE OPTION...]: app:one in the registry; sets $digest
publish() {
	digest=$(mkimage image "$T/src" one --layers 10k,200k "$@")
	ocifp_run push "oci:$T/src:one" "$reg_host/app:one"
	assert_status 0
}

# copy ARGUMENT...: sets $cost, in requests to the registry
copy() {
	local before
	before=$(asked reg)
	ocifp_run copy "$@"
	cost=$(($(asked reg) - before))
}

# assert_same_image HOST NAME:TAG: byte for byte what was published
assert_same_image() {
	ocifp_run pull --all -o "oci:$T/back:one" "$1/$2"
	assert_status 0
	assert_stdout "$1/${2%:*}@$digest"
	diff -r "$T/src/blobs" "$T/back/blobs"
	rm -rf "$T/back" "$OCIFP_STORE"
}

@test "in one registry every blob is mounted with one request, and no byte of it moves" {
	publish "${both[@]}" --attestation
	copy "$reg_host/app:one" "$reg_host/mirror/app:one"
	assert_status 0
	assert_stdout "$reg_host/mirror/app@$digest"
	local blobs documents=5
	blobs=$(($(find "$T/src/blobs" -type f | wc -l) - documents))
	assert_equal "$(registry_requests reg POST '/mirror/app/blobs/uploads/.*mount=')" "$blobs"
	assert_equal "$(registry_requests reg 'HEAD|PUT|PATCH|GET' /mirror/app/blobs/)" 0
	# Read at the source, asked for and put at the destination.
	[ "$cost" -le $((blobs + 3 * documents)) ] || fail "$cost requests for $blobs blobs"
	assert_same_image "$reg_host" mirror/app:one
}

@test "a new tag for what is there costs two requests at the destination" {
	publish "${both[@]}"
	start_registry other
	ocifp_run copy "$reg_host/app:one" "$other_host/app"
	assert_status 0
	local before source_before
	before=$(asked other) source_before=$(asked reg)
	ocifp_run copy --json "$reg_host/app:one" "$other_host/app:two"
	assert_status 0
	assert_json '.destinations[0].present and .destinations[0].tag == "two" and .moved_bytes < 10000'
	assert_equal $(($(asked other) - before)) 2
	assert_equal $(($(asked reg) - source_before)) 1
	copy "$reg_host/app:one" "$reg_host/app:three"
	assert_status 0
	assert_equal "$cost" 3
}

@test "between registries blobs go through memory alone, whatever their size" {
	need time
	digest=$(mkimage image "$T/src" one --layers 300M,1k)
	ocifp_run push "oci:$T/src:one" "$reg_host/app:one"
	start_registry other
	OCIFP_STORE=/proc/none split_run /usr/bin/time -f %M ocifp copy "$reg_host/app:one" "$other_host/app"
	assert_status 0
	assert_stdout "$other_host/app@$digest"
	[ ! -e "$OCIFP_STORE" ]
	# The sanitizer's own memory is not ours.
	if ! grep -q libasan <(ldd "$(command -v ocifp)"); then
		[ "$(tail -n 1 "$T/stderr")" -lt 40000 ] || fail "memory: $told"
	fi
	assert_same_image "$other_host" app:one
}

@test "several destinations: the second one at a host mounts from the first" {
	publish
	start_registry other
	copy "$reg_host/app:one" "$other_host/a" "$other_host/b:two" "oci:$T/layout"
	assert_status 0
	assert_equal "$(registry_requests other POST '/b/blobs/uploads/.*mount=')" 3
	assert_equal "$(registry_requests other PUT /b/blobs/)" 0
	assert_equal "$stdout" "$(printf '%s\n' "$other_host/a@$digest" "$other_host/b@$digest" "oci:$T/layout@$digest")"
	assert_same_image "$other_host" b:two
	diff -r "$T/src/blobs" "$T/layout/blobs"
}

@test "from and to layouts and archives it stays what it is" {
	publish "${both[@]}" --attestation
	copy "$reg_host/app:one" "oci:$T/layout"
	assert_status 0
	diff -r "$T/src/blobs" "$T/layout/blobs"
	ocifp_run copy "oci:$T/layout:one" "oci-archive:$T/one.tar"
	assert_status 0
	ocifp_run copy "oci-archive:$T/one.tar" "oci:$T/again:two"
	assert_status 0
	diff -r "$T/src/blobs" "$T/again/blobs"
	ocifp_run copy "oci:$T/again:two" "$reg_host/from-layout"
	assert_status 0
	assert_equal "$(raw from-layout two | digest_of)" "$digest"
	ocifp_run copy --platform linux/amd64 "$reg_host/app:one" "docker-archive:$T/docker.tar:app:1"
	assert_status 0
	assert_equal "$(tar -xOf "$T/docker.tar" manifest.json | jq -r '.[0].RepoTags[0]')" app:1
}

@test "some platforms make a smaller index, whose digest is told; one is its own manifest" {
	publish "${both[@]}" --platform linux/s390x --index-annotate k=v
	copy "${both[@]}" "$reg_host/app:one" "$reg_host/small:one"
	assert_status 0
	assert_stdout "$reg_host/small@$(raw small one | digest_of)"
	raw small one | jq -e '.annotations.k == "v" and [.manifests[].platform.architecture] == ["amd64", "arm64"]'
	copy --platform linux/s390x "$reg_host/app:one" "$reg_host/alone"
	assert_status 0
	assert_stdout "$reg_host/alone@$(jq -r '.manifests[2].digest' "$(blob_path "$T/src" "$digest")")"
	copy --platform linux/riscv64 "$reg_host/app:one" "$reg_host/none"
	assert_failed 8
	copy --all --platform linux/s390x "$reg_host/app:one" "$reg_host/none"
	assert_failed 2
}

@test "tags: the destination's own, else the source's, else none" {
	publish
	copy "$reg_host/app:one" "$reg_host/own:mine"
	assert_status 0
	copy "$reg_host/app:one" "$reg_host/kept"
	assert_status 0
	copy "$reg_host/app@$digest" "$reg_host/none"
	assert_status 0
	assert_equal "$(ocifp tags "$reg_host/own")" mine
	assert_equal "$(ocifp tags "$reg_host/kept")" one
	assert_equal "$(raw none "$digest" | digest_of)" "$digest"
	copy "$reg_host/app:one" "$reg_host/none@sha256:$(printf %064d 7)"
	assert_failed 2
	copy "$reg_host/app:one" "rootfs:$T/root"
	assert_failed 2
}

@test "--no-clobber leaves a tag that names another image" {
	local first
	publish
	first=$digest
	copy "$reg_host/app:one" "$reg_host/b"
	digest=$(mkimage image "$T/other" one --layers 30k)
	copy --no-clobber "oci:$T/other:one" "$reg_host/b"
	assert_failed 9
	assert_equal "$(raw b one | digest_of)" "$first"
	copy --no-clobber "$reg_host/app:one" "$reg_host/b"
	assert_status 0
	copy "oci:$T/other:one" "$reg_host/b"
	assert_status 0
	assert_equal "$(raw b one | digest_of)" "$digest"
}

@test "what is absent is status 3, and no destination hears of it" {
	publish
	start_registry other
	ocifp_run copy "$reg_host/app:none" "$other_host/app"
	assert_failed 3
	assert_equal "$(asked other)" 0
}

@test "a private source and another host: each gets its own credentials" {
	start_registry private htpasswd
	digest=$(mkimage image "$T/src" one --layers 10k,200k)
	printf s3cret >"$T/password"
	ocifp_run login --username tester --password-stdin "$private_host" <"$T/password"
	assert_status 0
	ocifp_run push "oci:$T/src:one" "$private_host/app:one"
	assert_status 0
	ocifp_run copy "$private_host/app:one" "$reg_host/app"
	assert_status 0
	assert_same_image "$reg_host" app:one
}
