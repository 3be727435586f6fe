#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# A copy between two registries of which either misbehaves: what arrives is whole and right, or
# nothing is there under the tag.

load ../lib/rig

setup() {
	need python3 jq curl ocifp
	rig_setup
	start_faults to
	serve_image --layers 6M
	last=$(($(stat -c %s "$(blob_path "$T/reg.root/app" "${layers[0]}")") - 1))
}

teardown() {
	rig_teardown
}

copy() {
	ocifp_run copy "$ref" "$to_host/app"
}

assert_copied() {
	assert_status 0
	assert_stdout "$to_host/app@$digest"
	diff -r "$T/reg.root/app/blobs" "$T/to.root/app/blobs"
}

# No tag, and no blob whose content is not its digest.
assert_nothing_wrong_there() {
	[ "$(curl -s -o /dev/null -w '%{http_code}' "http://$to_host/v2/app/manifests/one")" = 404 ]
	local blob
	for blob in "$T"/to.root/app/blobs/sha256/*; do
		[ -e "$blob" ] || continue
		assert_equal "$(sha256sum <"$blob" | cut -d ' ' -f 1)" "${blob##*/}"
	done
}

@test "a source that breaks off goes on where it was, while the destination waits" {
	rules reg <<-JSON
		{"path": "blobs/${layers[0]}", "nth": [1, 2], "action": {"cut_after": 1500000}}
	JSON
	copy
	assert_copied
	assert_requests reg 3 GET "blobs/${layers[0]}"
	assert_equal "$(request_header reg GET "blobs/${layers[0]}" range | tail -n 2)" \
		"$(printf "bytes=%s-$last\n" 1500000 3000000)"
	assert_requests to 1 PUT "blobs/uploads/.*${layers[0]#*:}"
}

@test "a source without ranges is read from the start again, and sent no byte twice" {
	rules reg <<-JSON
		{"path": "blobs/${layers[0]}", "nth": 1, "action": {"cut_after": 1500000}}
		{"path": "blobs/${layers[0]}", "action": {"ignore_range": true}}
	JSON
	copy
	assert_copied
	assert_requests to 1 PUT "blobs/uploads/.*${layers[0]#*:}"
}

@test "a destination that breaks off gets the blob anew" {
	rules to <<-'JSON'
		{"method": "PUT", "path": "blobs/uploads", "header": {"content-length": "[0-9]{7}"}, "nth": 1, "action": {"read_body": 3000000, "drop": "reset"}}
	JSON
	copy
	assert_copied
}

@test "a destination that takes chunks alone gets them from what arrives" {
	rules to <<-'JSON'
		{"method": "PUT", "path": "blobs/uploads", "header": {"content-length": "[0-9]{7}"}, "action": {"status": 413}}
		{"method": "PATCH", "path": "blobs/uploads", "header": {"content-length": "^([5-9][0-9]{6}|4[2-9][0-9]{5})$"}, "action": {"status": 416,
		 "json": {"errors": [{"code": "BLOB_UPLOAD_INVALID", "message": "exceeds the maximum permissible limit of 4.00MiB"}]}}}
	JSON
	copy
	assert_copied
	[ "$(requests to PATCH blobs/uploads)" -ge 2 ]
}

@test "a chunk that breaks off goes on at the offset that the destination has" {
	rules to <<-'JSON'
		{"method": "PUT", "path": "blobs/uploads", "header": {"content-length": "[0-9]{7}"}, "action": {"status": 413}}
		{"method": "PATCH", "path": "blobs/uploads", "nth": 1, "action": {"read_body": 2000000, "drop": "reset", "execute": true}}
	JSON
	copy
	assert_copied
}

@test "wrong content is never completed at the destination" {
	rules reg <<<"{\"path\": \"blobs/${layers[0]}\", \"action\": {\"flip_at\": 5000000}}"
	copy
	assert_failed 7
	assert_nothing_wrong_there
	rules reg <<<"{\"path\": \"blobs/${layers[0]}\", \"action\": {\"flip_at\": $last}}"
	copy
	assert_failed 7
	assert_nothing_wrong_there
}

@test "a blob of another size than listed is wrong content" {
	truncate -s 100000 "$(blob_path "$T/reg.root/app" "${layers[0]}")"
	copy
	assert_failed 7
	assert_nothing_wrong_there
}

@test "a blob that the source lacks is wrong content, and the upload is given up" {
	rules reg <<<"{\"path\": \"blobs/${layers[0]}\", \"action\": {\"status\": 404}}"
	copy
	assert_failed 7
	assert_stderr_has "${layers[0]}"
	assert_nothing_wrong_there
}

@test "a source that refuses, and a destination that does, are told apart" {
	rules reg <<<"{\"path\": \"blobs/\", \"action\": {\"status\": 403}}"
	copy
	assert_failed 4
	assert_stderr_has "'$reg_host' refuses"
	rules reg </dev/null
	rules to <<<'{"method": "POST", "path": "blobs/uploads", "action": {"status": 403}}'
	copy
	assert_failed 4
	assert_stderr_has "'$to_host' refuses"
	assert_nothing_wrong_there
}

@test "a destination that fails is told at once, also while the source waits to be asked again" {
	rules reg <<<"{\"path\": \"blobs/${layers[0]}\", \"action\": {\"status\": 503, \"headers\": {\"Retry-After\": \"20\"}}}"
	rules to <<-'JSON'
		{"method": "PUT", "path": "blobs/uploads", "header": {"content-length": "[0-9]{7}"},
		 "action": {"status": 403, "read_body": 0, "delay_s": 1}}
	JSON
	copy
	assert_failed 4
	assert_stderr_has "'$to_host' refuses"
	assert_within 5
	assert_requests reg 1 GET "blobs/${layers[0]}"
}

@test "a slow destination holds the source back: little is read that cannot be sent" {
	rm -r "$T/reg.root/app"
	serve_image --layers 60M
	rules to <<-'JSON'
		{"method": "PUT", "path": "blobs/uploads", "header": {"content-length": "[0-9]{8}"}, "nth": 1, "action": {"read_body": 100000, "delay_s": 1, "drop": "reset"}}
	JSON
	copy
	assert_copied
	# All of it once, and before that what fits into the buffer and the sockets.
	[ "$(sent_bytes reg GET "blobs/${layers[0]}")" -lt 85000000 ] || fail "$(sent_bytes reg GET blobs)"
}

@test "a mount that is refused, or answered with a session, is a copy all the same" {
	rules reg <<<'{"method": "POST", "path": "mount=", "action": {"status": 405}}'
	ocifp_run copy "$ref" "$reg_host/b"
	assert_status 0
	diff -r "$T/reg.root/app/blobs" "$T/reg.root/b/blobs"
	rules reg <<<'{"method": "POST", "path": "mount=", "action": {"status": 202, "headers": {"Location": "/v2/c/blobs/uploads/"}}}'
	ocifp_run copy "$ref" "$reg_host/b"
	assert_status 0
}

@test "a redirected source gets no credentials of either registry on the other host" {
	stop reg
	start_canary other
	start_faults reg --auth basic --user me:pw
	printf pw >"$T/password"
	ocifp_run login --username me --password-stdin "$reg_host" <"$T/password"
	assert_status 0
	cp -r "$T/reg.root/app" "$T/other.root/app"
	rules reg <<<"{\"path\": \"blobs/sha\", \"header\": {\"authorization\": \".\"}, \"action\": {\"redirect\": \"http://$other_host@PATH@\"}}"
	ref=$reg_host/app:one
	copy
	assert_copied
	assert_no_secrets other
}

@test "--all-tags names the listed names that it leaves out" {
	serve_image --layers 1k
	rules reg <<<'{"path": "tags/list", "action": {"json": {"name": "app", "tags": ["one", "../x", "a b"]}}}'
	ocifp_run copy --all-tags "$reg_host/app" "oci:$T/all"
	assert_status 0
	assert_equal "$(wc -l <"$T/stdout")" 1
	assert_stderr_has "left out '../x': not a valid tag"
	assert_stderr_has "left out 'a b': not a valid tag"
}

@test "--list tells what it copied before its time was over" {
	serve_image --layers 1k
	mkimage image "$T/reg.root/app" two --layers 2k >/dev/null
	rules reg <<<'{"path": "manifests/two", "action": {"delay_s": 30}}'
	printf '%s\n' "$ref oci:$T/all:one" "$reg_host/app:two oci:$T/all:two" >"$T/list"
	ocifp_run copy --list "$T/list" --timeout 3s
	assert_failed 124
	assert_equal "$(cut -d ' ' -f 1 "$T/stdout" | paste -sd ' ')" 'copied failed'
}
