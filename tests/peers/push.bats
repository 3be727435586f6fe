#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Pushing to a real registry: what it costs, what it leaves, and that others can read it.

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

# push [OPTION...]: the image "one" of the layout $T/src to app:one; sets $cost, in requests
push() {
	local before
	before=$(asked reg)
	ocifp_run push "oci:$T/src:one" "$reg_host/app:one" "$@"
	cost=$(($(asked reg) - before))
}

tagged() {
	raw app "$1" | digest_of
}

@test "an index goes with all its children, attestations too, byte for byte" {
	need skopeo
	digest=$(mkimage image "$T/src" one "${both[@]}" --attestation --layers 10k,200k --compress gzip)
	push
	assert_status 0
	assert_stdout "$reg_host/app@$digest"
	need skopeo_attestations
	skopeo_copy --all --preserve-digests "docker://$reg_host/app:one" "oci:$T/back:one"
	diff -r "$T/src/blobs" "$T/back/blobs"
}

@test "again, one request and no byte; a new tag for what is there, two requests" {
	digest=$(mkimage image "$T/src" one "${both[@]}" --layers 10k)
	push
	assert_status 0
	push
	assert_status 0
	assert_equal "$cost" 1
	assert_stdout "$reg_host/app@$digest"
	# On another machine: the manifest is there, the tag is put.
	push --no-token-cache
	assert_equal "$cost" 2
	ocifp_run push "oci:$T/src:one" "$reg_host/app:two"
	assert_status 0
	assert_equal "$(tagged two)" "$digest"
	before=$(asked reg)
	ocifp_run push "oci:$T/src:one" "$reg_host/app:three"
	assert_equal $(($(asked reg) - before)) 2
	# Another image came under the tag meanwhile.
	mkimage image "$T/src" other >/dev/null
	ocifp_run push "oci:$T/src:other" "$reg_host/app:one"
	push
	assert_status 0
	assert_equal "$(tagged one)" "$digest"
	# Each platform has a layer and a config; so has the other image.
	assert_equal "$(registry_requests reg POST /uploads/)" 6
}

@test "several tags at once: one upload, a request for each tag" {
	digest=$(mkimage image "$T/src" one --layers 10k)
	push --tag v1 --tag v1.2 --tag latest
	assert_status 0
	local tag
	for tag in v1 v1.2 latest; do assert_equal "$(tagged $tag)" "$digest"; done
	assert_equal "$(registry_requests reg POST /uploads/)" 2
	push --tag v2 --tag v2.0
	assert_status 0
	assert_equal "$cost" 3
}

@test "--no-clobber leaves a tag that names another image, and takes one that names the same" {
	local first
	first=$(mkimage image "$T/src" one --layers 10k)
	push --no-clobber
	assert_status 0
	push --no-clobber
	assert_status 0
	mkimage image "$T/src" one --layers 20k >/dev/null
	push --no-clobber
	assert_failed 9
	assert_equal "$(tagged one)" "$first"
	assert_equal "$(registry_requests reg POST /uploads/)" 2
	push --no-clobber --tag fresh --tag one
	assert_failed 9
	! raw app fresh >/dev/null || fail "one of the tags was set"
	push
	assert_status 0
	[ "$(tagged one)" != "$first" ]
}

@test "one platform of an index, and two of three" {
	mkimage image "$T/src" one "${both[@]}" --platform linux/s390x --layers 10k >"$T/digest"
	push --platform linux/arm64
	assert_status 0
	assert_equal "$(raw app one | jq -r .mediaType)" application/vnd.oci.image.manifest.v1+json
	push "${both[@]}"
	assert_status 0
	assert_equal "$(raw app one | jq -r '[.manifests[].platform.architecture] | join(" ")')" 'amd64 arm64'
	push --platform linux/riscv64
	assert_failed 8
}

@test "from the store, where a pull has left it" {
	digest=$(mkimage image "$T/src" one "${both[@]}" --layers 10k)
	push
	ocifp_run pull --all "$reg_host/app:one"
	assert_status 0
	ocifp_run push "$reg_host/app:one" "$reg_host/copy:one"
	assert_status 0
	assert_stdout "$reg_host/copy@$digest"
	assert_equal "$(raw copy one | digest_of)" "$digest"
	ocifp_run push "$reg_host/app:none" "$reg_host/copy:none"
	assert_failed 10
}

@test "a part of an image that the store lacks is said before anything is sent" {
	mkimage image "$T/src" one "${both[@]}" --layers 10k >/dev/null
	push
	ocifp_run pull "${on[@]}" "$reg_host/app:one"
	assert_status 0
	ocifp_run push "$reg_host/app:one" "$reg_host/copy:one"
	assert_failed 7
	assert_equal "$(registry_requests reg 'POST|PUT' /v2/copy/)" 0
}

@test "by hash: our index under the fingerprint's tag, and other tags on top" {
	make_project
	mkimage image "$T/src" one "${both[@]}" >"$T/digest"
	ocifp_run push --tag latest "oci:$T/src:one" app
	assert_status 0
	local resolved=${stdout#*@}
	assert_equal "$(tagged "$(image_tag)") $(tagged latest)" "$resolved $resolved"
	[ "$resolved" != "$(cat "$T/digest")" ]
	assert_equal "$(raw app latest | jq -r '.annotations["dev.ocifp.fingerprint"]')" "$(ocifp fingerprint --length 64)"
	ocifp_run exists
	assert_status 0
	ocifp_run why
	assert_stdout 'nothing differs'
}

@test "a blob that another repository of the registry has, and an interrupted push, cost less" {
	mkimage image "$T/src" one --layers 10k,20k,30k --compress gzip >"$T/digest"
	push
	assert_status 0
	mkimage image "$T/src" one --layers 10k,20k,30k,40k --compress gzip >"$T/digest"
	local before
	before=$(registry_requests reg POST /uploads/)
	push
	assert_status 0
	# The config and one layer; the others are there.
	assert_equal $(($(registry_requests reg POST /uploads/) - before)) 2
}

@test "into a layout directory: made when it is not there, added to when it is" {
	need skopeo
	digest=$(mkimage image "$T/src" one "${both[@]}" --layers 10k)
	ocifp_run push "oci:$T/src:one" "oci:$T/out:one"
	assert_status 0
	ocifp_run push --platform linux/arm64 "oci:$T/src:one" "oci:$T/out:arm"
	assert_status 0
	skopeo_copy --all "oci:$T/out:one" "oci:$T/again:one"
	assert_equal "$(skopeo inspect --override-arch arm64 "oci:$T/out:arm" | jq -r .Architecture)" arm64
	diff -r "$T/src/blobs" "$T/out/blobs"
}

@test "an image of which one platform was pulled says how to push it" {
	mkimage image "$T/made" one --platform linux/amd64 --platform linux/arm64 --layers 10k >/dev/null
	ocifp push "oci:$T/made:one" "$reg_host/app:one" 3>&-
	new_store
	ocifp_run pull --platform linux/arm64 "$reg_host/app:one"
	assert_status 0
	ocifp_run push "$reg_host/app:one" "$reg_host/other:one"
	assert_failed 7
	assert_stderr_has "the store has only a part of '$reg_host/app:one'"
	assert_stderr_has "'ocifp pull --all $reg_host/app:one' fetches the rest"
	ocifp_run push --platform linux/arm64 "$reg_host/app:one" "$reg_host/other:part"
	assert_status 0
	ocifp_run pull --all "$reg_host/app:one"
	assert_status 0
	ocifp_run push "$reg_host/app:one" "$reg_host/other:one"
	assert_status 0
	assert_equal "$(raw other one | digest_of)" "$(raw app one | digest_of)"
}
