#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Present, proven absent, or unknown: a build and a push follow an absence, so nothing else may
# ever look like one.

load ../lib/rig

setup() {
	need python3 jq ocifp
	rig_setup
}

teardown() {
	rig_teardown
}

# answer ACTION: what GET of the manifest gets
answer() {
	echo "{\"path\": \"manifests\", \"action\": {$1}}" | rules reg
	exists "$ref"
}

@test "A10 a tag that is there is present, with one request that accepts all four types" {
	serve_image --platform linux/amd64 --platform linux/arm64
	exists "$ref"
	assert_status 0
	assert_requests reg 1 . .
	local type
	for type in application/vnd.oci.image.index.v1+json application/vnd.oci.image.manifest.v1+json \
		application/vnd.docker.distribution.manifest.list.v2+json \
		application/vnd.docker.distribution.manifest.v2+json; do
		request_header reg GET manifests accept | grep -qF "$type" || fail "$type is not accepted"
	done
}

@test "A10 an unknown tag or repository, said with a code, is proven absent by one request" {
	serve_image
	exists "$reg_host/app:none"
	assert_failed 3
	exists "$reg_host/none:one"
	assert_failed 3
	assert_requests reg 2 . .
	answer '"status": 404, "json": {"errors": [{"code": "NOT_FOUND", "message": "not here"}]}'
	assert_failed 3
}

@test "A10 a 404 without a code is proven absent by /v2/ and a second question" {
	serve_image
	answer '"status": 404'
	assert_failed 3
	assert_requests reg 1 GET '^/v2/$'
	assert_requests reg 3 GET .
}

# Behind one name there may be several servers, and a connection leads to one of them.
@test "A10 the second question goes over another connection" {
	serve_image
	answer '"status": 404'
	assert_failed 3
	assert_equal "$(jq -r 'select(.event == "request" and (.path | test("manifests"))) | .conn' "$T/reg.log" | sort -u | wc -l)" 2
}

@test "A10 a 404 without a code that does not last is present" {
	serve_image
	rules reg <<<'{"path": "manifests", "nth": 1, "action": {"status": 404}}'
	exists "$ref"
	assert_status 0
	assert_stdout "$reg_host/app@$digest"
}

@test "A12 a 404 of something that is no registry is unknown" {
	serve_image
	rules reg <<-'JSON'
		{"path": "", "action": {"status": 404, "body": "<html><h1>404 Not Found</h1>nginx</html>",
		 "headers": {"Content-Type": "text/html"}}}
	JSON
	exists "$ref"
	assert_failed 5
	rules reg <<<'{"path": "", "action": {"status": 404}}'
	exists "$ref"
	assert_failed 5
}

@test "A12 a 404 that speaks of Accept is unknown" {
	serve_image
	answer '"status": 404, "json": {"errors": [{"code": "MANIFEST_UNKNOWN",
		"message": "OCI index found, but Accept header does not support OCI indexes"}]}'
	assert_failed 5
}

@test "A12 a login page, an empty answer and a page of another kind are unknown" {
	serve_image
	local action
	for action in '"status": 200, "body": "<html>log in</html>", "headers": {"Content-Type": "text/html"}' \
		'"status": 200' '"status": 204' '"redirect": "http://127.0.0.1:1/login", "status": 302' \
		'"status": 200, "json": {"errors": [{"code": "MANIFEST_UNKNOWN"}]}'; do
		answer "$action"
		case $action in
		'"status": 200' | *'"json"'*) assert_failed 7 ;; # what should have been a document
		*) assert_failed 5 ;;
		esac
	done
}

@test "A10 refusals are status 4, rate limits 6, server trouble 5: never absence" {
	serve_image
	answer '"status": 401, "headers": {"WWW-Authenticate": "Basic realm=\"x\""}'
	assert_failed 4
	answer '"status": 403, "json": {"errors": [{"code": "DENIED", "message": "denied"}]}'
	assert_failed 4
	answer '"status": 403, "json": {"errors": [{"code": "MANIFEST_UNKNOWN", "message": "unknown"}]}'
	assert_failed 4
	answer '"status": 429'
	assert_failed 6
	answer '"status": 500'
	assert_failed 5
	answer '"status": 500, "json": {"errors": [{"code": "MANIFEST_UNKNOWN", "message": "unknown"}]}'
	assert_failed 5
}

@test "A10 who is refused a token learns nothing: denied, not absent" {
	start_faults reg --auth bearer --user me:pw
	exists "$reg_host/none:one"
	assert_failed 4
}

@test "A10 with a token that was taken, anonymous too, a 404 is proven absent" {
	start_faults reg --auth bearer --anonymous
	serve_image
	exists "$reg_host/app:none"
	assert_failed 3
	assert_requests reg 1 GET ^/token
}

@test "--print writes one word and fails for unknown alone" {
	serve_image
	exists --print "$ref"
	assert_status 0
	assert_stdout present
	exists --print "$reg_host/app:none"
	assert_status 0
	assert_stdout absent
	answer '"status": 500'
	exists --print "$ref"
	assert_failed 5
	assert_stdout ''
}

@test "--json gives the evidence: status, code, Accept, whether authenticated, request id" {
	serve_image
	rules reg <<-'JSON'
		{"path": "manifests", "action": {"status": 404, "headers": {"X-GitHub-Request-Id": "AB:12"},
		 "json": {"errors": [{"code": "MANIFEST_UNKNOWN", "message": "manifest unknown"}]}}}
	JSON
	exists --json "$ref"
	assert_status 3
	assert_json '[.. | strings] | index("MANIFEST_UNKNOWN") and index("AB:12") and index("absent")'
	assert_json '[.. | numbers] | index(404)'
}

@test "F12 a platform that the index does not list is absent, and named" {
	serve_image --platform linux/amd64 --platform linux/arm64/v8
	ocifp_run exists --json --platform linux/amd64 --platform linux/riscv64 "$ref"
	assert_status 3
	assert_json '[.missing | .. | strings] | any(test("riscv64"))'
	assert_json '[.missing | .. | strings] | any(test("amd64")) | not'
	ocifp_run exists --platform linux/amd64,linux/arm64 "$ref"
	assert_status 0
}

@test "F12 a listed platform whose manifest is gone is wrong content to pull, not absence" {
	serve_image --platform linux/amd64 --platform linux/arm64/v8
	local child
	child=$(jq -r '.manifests[1].digest' "$(blob_path "$T/reg.root/app" "$digest")")
	rm "$(blob_path "$T/reg.root/app" "$child")"
	ocifp_run pull --platform linux/arm64 "$ref"
	assert_failed 7
	rules reg <<<"{\"path\": \"$child\", \"action\": {\"status\": 500}}"
	ocifp_run pull --platform linux/arm64 "$ref"
	assert_failed 5
}

@test "A13 a registry that wants all four types in Accept answers present" {
	serve_image --docker
	exists "$ref"
	assert_status 0
	serve_image --docker --platform linux/amd64 --platform linux/arm64
	exists "$ref"
	assert_status 0
}

@test "an OCI layout directory serves as a registry: present, absent, not yet there, broken" {
	mkimage image "$T/layout" one >/dev/null
	exists "oci:$T/layout:one"
	assert_status 0
	exists "oci:$T/layout:none"
	assert_failed 3
	exists "oci:$T/nowhere:one"
	assert_failed 3
	mkdir "$T/empty"
	exists "oci:$T/empty:one"
	assert_failed 10
}

@test "a pull token is kept: the second question is exactly one request, present or absent" {
	start_faults reg --auth bearer --anonymous
	serve_image --platform linux/amd64 --platform linux/arm64
	exists "$ref"
	assert_status 0
	[ "$(requests reg . .)" -le 3 ]
	forget_log reg
	exists "$ref"
	assert_status 0
	assert_requests reg 1 . .
	exists "$reg_host/app:none"
	assert_failed 3
	assert_requests reg 2 . .
}
