#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Pushing: sessions that break, mounts, conflicts, quotas.

load ../lib/rig

setup() {
	need python3 jq ocifp
	rig_setup
	start_faults reg
}

teardown() {
	rig_teardown
}

@test "P00 a push moves each blob once, the manifest last; again it moves nothing" {
	make_source --layers 10k,20k
	push
	assert_pushed
	assert_requests reg 1 PUT manifests/one
	assert_equal "$(select_log reg request 'PUT|PATCH|POST' . | tail -n 1 | jq -r .path)" /v2/app/manifests/one
	forget_log reg
	push
	assert_pushed
	assert_requests reg 0 'POST|PATCH' uploads
	assert_equal "$(received_bytes reg 'PUT|PATCH|POST' uploads)" 0
}

@test "P00 under a digest goes that image alone" {
	make_source --layers 10k
	ocifp_run push "oci:$T/src:one" "$reg_host/app@sha256:$(printf %064d 7)"
	assert_failed 2
	assert_requests reg 0 'PUT|POST|PATCH' .
	ocifp_run push "oci:$T/src:one" "$reg_host/app@$digest"
	assert_status 0
	assert_stdout "$reg_host/app@$digest"
}

@test "P00 a web page is nobody's leave to have pushed" {
	make_source --layers 10k
	rules reg <<-'JSON'
		{"path": "manifests/", "action": {"status": 200, "body": "<html>login</html>", "headers": {"Content-Type": "text/html"}}}
	JSON
	push
	assert_failed 5
}

@test "P00 an index goes with all its children; several tags cost one upload" {
	digest=$(mkimage image "$T/src" one --platform linux/amd64 --platform linux/arm64 --layers 10k)
	layers=()
	push --tag two --tag three
	assert_status 0
	local child
	for child in $(jq -r '.manifests[].digest' "$(blob_path "$T/src" "$digest")"); do
		assert_same_file "$(blob_path "$T/src" "$child")" "$(blob_path "$T/reg.root/app" "$child")"
	done
	assert_equal "$(mkimage digest "$T/reg.root/app" three)" "$digest"
}

@test "P01 an upload's Location may be relative, absolute, have a query or a fragment" {
	make_source --layers 10k
	local form
	for form in '@PATH@session' '@SELF@/v2/app/blobs/uploads/session' '/v2/app/blobs/uploads/session?a=b&c=d%2F' \
		'/v2/app/blobs/uploads/session#frag'; do
		rm -rf "$T/reg.root/app"
		mkdir -p "$T/reg.root/.uploads"
		forget_log reg
		rules reg <<-JSON
			{"method": "POST", "path": "uploads", "action": {"status": 202, "headers": {"Location": "$form"}}}
			{"method": ["PUT", "PATCH"], "path": "uploads/session", "action": {}}
		JSON
		: >"$T/reg.root/.uploads/session"
		push
		request_header reg 'PUT' 'uploads/session' host | grep -q . || fail "$form led nowhere" "$told"
		! select_log reg request . 'frag' | grep -q . || fail "a fragment was sent"
	done
}

@test "P01 an upload without a Location is server trouble" {
	make_source
	rules reg <<<'{"method": "POST", "path": "uploads", "action": {"status": 202}}'
	push
	assert_failed 5
}

@test "P01 an upload's Location on another host gets no credentials" {
	stop reg
	start_canary other
	start_faults reg --auth basic --user me:pw
	make_source
	rules reg <<<"{\"method\": \"POST\", \"path\": \"uploads\", \"header\": {\"authorization\": \".\"}, \"action\": {\"status\": 202, \"headers\": {\"Location\": \"http://$other_host/v2/app/blobs/uploads/x\"}}}"
	printf pw >"$T/password"
	ocifp_run push --username me --password-stdin "oci:$T/src:one" "$reg_host/app:one" <"$T/password"
	assert_failed 5
	assert_no_secrets other
}

# What was pulled as base:one is pushed as app:one of the same registry.
push_from_base() {
	ocifp_run pull --platform linux/amd64 "$reg_host/base:one"
	assert_status 0
	forget_log reg
	ocifp_run push "$reg_host/base:one" "$reg_host/app:one"
}

@test "P03 a blob of another repository is mounted, not moved" {
	make_source --layers 10k
	mkimage image "$T/reg.root/base" one --layers 10k >/dev/null
	push_from_base
	assert_pushed
	assert_requests reg 2 POST mount=
	assert_equal "$(received_bytes reg 'PUT|PATCH|POST' uploads)" 0
}

@test "P03 a mount that is refused in any way ends in an upload" {
	make_source --layers 10k
	mkimage image "$T/reg.root/base" one --layers 10k >/dev/null
	local code
	for code in 404 403 405 500; do
		rm -rf "$T/reg.root/app"
		rules reg <<<"{\"method\": \"POST\", \"path\": \"mount=\", \"action\": {\"status\": $code}}"
		push_from_base
		assert_pushed
	done
}

@test "P03 a mount that says 201 and nothing else is one" {
	make_source --layers 10k
	mkimage image "$T/reg.root/base" one --layers 10k >/dev/null
	rules reg <<<'{"method": "POST", "path": "mount=", "action": {"execute": true, "headers": {"Location": null}}}'
	push_from_base
	assert_pushed
	assert_requests reg 2 POST .
	assert_equal "$(received_bytes reg 'PUT|PATCH|POST' uploads)" 0
}

@test "P03 a mount answered with 202 goes on in that session" {
	mkimage image "$T/reg.root/base" one --layers 10k >/dev/null
	rules reg <<<'{"method": "POST", "path": "mount=", "action": {"redirect": "/v2/app/blobs/uploads/session", "status": 202}}'
	mkdir -p "$T/reg.root/.uploads"
	: >"$T/reg.root/.uploads/session"
	push_from_base
	[ "$(requests reg 'PUT|PATCH' uploads/session)" -ge 1 ] || fail "$told"
}

@test "P08 a 201 that names another digest is wrong content; one that names none is fine" {
	make_source --layers 10k
	rules reg <<<'{"method": "PUT", "path": "manifests", "action": {"headers": {"Docker-Content-Digest": null}}}'
	push
	assert_pushed
	rm -rf "$T/reg.root/app"
	rules reg <<<"{\"method\": \"PUT\", \"path\": \"manifests\", \"action\": {\"headers\": {\"Docker-Content-Digest\": \"sha256:$(printf %064d 1)\"}}}"
	push
	assert_failed 7
}

@test "P09 a manifest whose blobs are said to be missing: asked again, sent again, then given up" {
	make_source --layers 10k
	rules reg <<-'JSON'
		{"method": "PUT", "path": "manifests", "nth": 1, "action": {"status": 400,
		 "json": {"errors": [{"code": "MANIFEST_BLOB_UNKNOWN", "message": "blob unknown"}]}}}
	JSON
	push
	assert_pushed
	rm -rf "$T/reg.root/app"
	forget_log reg
	rules reg <<-'JSON'
		{"method": "PUT", "path": "manifests", "action": {"status": 400,
		 "json": {"errors": [{"code": "MANIFEST_BLOB_UNKNOWN", "message": "blob unknown"}]}}}
	JSON
	push
	assert_failed 7
	[ "$(requests reg PUT manifests)" -le 4 ]
	rules reg <<-'JSON'
		{"method": "PUT", "path": "manifests", "action": {"status": 400,
		 "json": {"errors": [{"code": "MANIFEST_INVALID", "message": "manifest invalid"}]}}}
	JSON
	forget_log reg
	push
	assert_failed 5
	assert_requests reg 1 PUT manifests
}

@test "P11 an immutable tag that holds the same digest is done, another is a conflict" {
	make_source --layers 10k
	push
	assert_pushed
	mkimage image "$T/src" one --layers 20k >/dev/null
	local code
	for code in 400 409 412; do
		rules reg <<-JSON
			{"method": "PUT", "path": "manifests/one", "action": {"status": $code,
			 "json": {"errors": [{"code": "TAG_INVALID", "message": "tag is immutable"}]}}}
		JSON
		push --status-file "$T/failed.json"
		assert_failed 9
		assert_equal "$(jq -r .error.class "$T/failed.json")" tag_conflict
		assert_stderr_has 'the registry does not allow the tag to be overwritten'
	done
	mkimage image "$T/src" one --layers 10k >/dev/null
	push
	assert_pushed
}

@test "P11 --no-clobber leaves a tag that names something else" {
	make_source --layers 10k
	push --no-clobber
	assert_pushed
	push --no-clobber
	assert_pushed
	local first=$digest
	make_source --layers 20k
	push --no-clobber
	assert_failed 9
	assert_equal "$(mkimage digest "$T/reg.root/app" one)" "$first"
}

@test "P12 who may only read is told so before a byte of body is sent" {
	stop reg
	start_faults reg --auth bearer --reader ro:pw
	make_source --layers 100k
	printf pw >"$T/password"
	ocifp_run push --username ro --password-stdin "oci:$T/src:one" "$reg_host/app:one" <"$T/password"
	assert_failed 4
	assert_equal "$(received_bytes reg 'PUT|PATCH' .)" 0
	[ "$(requests reg POST uploads)" -le 2 ]
}

# shown_as_two NTH: these questions for app:one show the image "two" of another writer
shown_as_two() {
	mkimage image "$T/reg.root/app" two --layers 30k >"$T/two"
	jq -n --rawfile body "$(blob_path "$T/reg.root/app" "$(cat "$T/two")")" --arg digest "$(cat "$T/two")" \
		--arg nth "$1" '{"method": "GET", "path": "manifests/one", "nth": $nth, "action": {"body": $body,
		"headers": {"Content-Type": "application/vnd.oci.image.manifest.v1+json", "Docker-Content-Digest": $digest}}}' |
		rules reg
}

@test "P14 a tag that --no-clobber claims and another writer takes meanwhile is a conflict" {
	make_source --layers 10k
	shown_as_two 2-
	push --no-clobber
	assert_failed 9
	assert_stderr_has "names $(cat "$T/two"), which another writer pushed"
	assert_within 15
	shown_as_two 1
	ocifp_run tag --no-clobber "$reg_host/app@$digest" one
	assert_failed 9
	shown_as_two 2-
	ocifp_run copy --no-clobber "oci:$T/src:one" "$reg_host/app"
	assert_failed 9
}

@test "P14 a tag that lags is asked for until it shows what was put" {
	make_source --layers 10k
	shown_as_two 2-3
	push --no-clobber
	assert_pushed
	assert_requests reg 4 GET manifests/one
}

@test "P14 what nobody claims is not asked for again, unless the answer does not name it" {
	make_source --layers 10k
	push
	assert_pushed
	assert_requests reg 0 GET manifests/one
	rules reg <<<'{"method": "PUT", "path": "manifests", "action": {"headers": {"Docker-Content-Digest": null}}}'
	push --no-token-cache
	assert_pushed
	assert_requests reg 1 GET manifests/one
}

@test "P14 by hash, another writer's image with that fingerprint is as good as ours" {
	make_project 'platforms: [linux/amd64]'
	make_source --layers 10k
	local tag
	tag=$(ocifp fingerprint)
	ocifp_run push "oci:$T/src:one" app
	assert_status 0
	local theirs=$stdout
	cp "$(blob_path "$T/reg.root/app" "${theirs#*@}")" "$T/theirs"
	rm -rf "$T/reg.root/app"
	make_source --layers 20k
	jq -n --rawfile body "$T/theirs" --arg digest "${theirs#*@}" --arg path "manifests/$tag" '{"method": "GET",
		"path": $path, "action": {"body": $body, "headers": {"Content-Type":
		"application/vnd.oci.image.index.v1+json", "Docker-Content-Digest": $digest}}}' | rules reg
	ocifp_run push "oci:$T/src:one" app
	assert_status 0
	assert_stdout "$theirs"
	assert_stderr_has 'another job pushed the same fingerprint'
}

@test "P18 H16 server errors while pushing are tried again where that is safe" {
	make_source --layers 10k
	local rule
	for rule in '"method": "POST", "path": "uploads"' '"method": "PUT", "path": "manifests"' \
		'"method": ["PUT", "PATCH"], "path": "uploads"' '"method": "HEAD", "path": "."'; do
		rm -rf "$T/reg.root/app"
		rules reg <<<"{$rule, \"nth\": \"1-2\", \"action\": {\"status\": 503}}"
		push
		assert_pushed
	done
}

@test "P18 H16 a rate limit while pushing is waited out, or is status 6" {
	make_source --layers 10k
	rules reg <<<'{"method": "POST", "nth": 1, "action": {"status": 429, "headers": {"Retry-After": "1"}}}'
	push
	assert_pushed
	rm -rf "$T/reg.root/app"
	rules reg <<<'{"method": "POST", "action": {"status": 429}}'
	push
	assert_failed 6
}

@test "P19 what was pulled is pushed from the store by its name, to a layout and to a registry" {
	serve_image --layers 10k
	pull "$ref"
	assert_pulled
	ocifp_run push "$ref" "$reg_host/copy:one"
	assert_status 0
	assert_stdout "$reg_host/copy@$digest"
	ocifp_run push "$ref" "oci:$T/new:one"
	assert_status 0
	assert_same_file "$(blob_path "$T/reg.root/app" "$digest")" "$(blob_path "$T/new" "$digest")"
}
