#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Uploads to a real registry, alone and behind a proxy with limits of its own.

load ../lib/rig

setup() {
	need python3 jq curl docker-registry ocifp
	rig_setup
}

teardown() {
	rig_teardown
}

push_through() {
	ocifp_run push --tls-ca "$T/tls/ca.pem" "oci:$T/src:one" "$front_host/app:one"
}

assert_arrived() {
	assert_status 0
	assert_equal "$(raw app one | digest_of)" "$digest"
	ocifp_run pull "${on[@]}" "$reg_host/app:one"
	assert_status 0
}

@test "behind a proxy that takes 1 MiB at once, nginx's default: in chunks of that size" {
	start_registry reg
	start_proxy front reg 'client_max_body_size 1m;'
	digest=$(mkimage image "$T/src" one "${on[@]}" --layers 5M,700k,9M)
	push_through
	assert_arrived
	# 5 and 9 MiB, and the two requests that were too large at first, whole and quartered.
	[ "$(nginx_requests front PATCH uploads)" -le 20 ]
}

@test "large bodies go over HTTP/1.1, all else shares a connection of HTTP/2" {
	start_registry reg
	start_proxy front reg 'client_max_body_size 0;'
	digest=$(mkimage image "$T/src" one "${on[@]}" --layers 5M,10k)
	push_through
	assert_arrived
	assert_equal "$(grep -c 'PUT .*uploads.* HTTP/1.1" 201' "$T/front.access")" 1
	assert_equal "$(grep -c 'HTTP/1.1" ' "$T/front.access")" 1
}

@test "a mount needs one token, with both scopes in it, and moves no byte" {
	start_registry reg token
	local login=(--username tester --password-stdin)
	printf s3cret >"$T/password"
	digest=$(mkimage image "$T/src" one "${on[@]}" --layers 10k,20k)
	ocifp_run push "${login[@]}" "oci:$T/src:one" "$reg_host/base:one" <"$T/password"
	assert_status 0
	ocifp_run pull "${on[@]}" "${login[@]}" "$reg_host/base:one" <"$T/password"
	assert_status 0
	: >"$T/reg_tokens.log"
	: >"$T/reg.out"
	ocifp_run push "${login[@]}" "$reg_host/base:one" "$reg_host/app:one" <"$T/password"
	assert_status 0
	assert_equal "$(registry_requests reg POST mount=)" 3
	assert_equal "$(registry_requests reg 'PUT|PATCH' uploads)" 0
	assert_equal "$(jq -c 'select(.scopes | length > 1).scopes | sort' "$T/reg_tokens.log")" \
		'["repository:app:pull,push","repository:base:pull"]'
}
