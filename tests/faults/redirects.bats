#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Redirects: where they may lead, and what may not go along.

load ../lib/rig

setup() {
	need python3 jq ocifp
	rig_setup
}

teardown() {
	rig_teardown
}

@test "H17 a blob may come from another host, which sees no credential" {
	start_canary cdn
	start_faults reg --auth basic --user me:pw --other "http://$cdn_host"
	serve_image --layers 1k,2k
	rm -rf "$T/cdn.root" && ln -s "$T/reg.root" "$T/cdn.root"
	rules reg <<-'JSON'
		{"method": "GET", "path": "blobs/", "header": {"authorization": "."},
		 "action": {"redirect": "@OTHER@@PATH@?se=2099&sig=s", "headers": {"Set-Cookie": "a=b"}}}
	JSON
	rules cdn <<<'{"path": "blobs", "action": {"headers": {"Warning": "299 - \"buy here\""}}}'
	printf pw >"$T/password"
	ocifp_run pull "${on[@]}" --username me --password-stdin "$ref" <"$T/password"
	assert_pulled
	refute_stderr_has 'buy here'
	assert_requests cdn 3 GET blobs
	assert_no_secrets cdn
}

@test "H17 a signed address is not asked twice: a new attempt starts at the registry" {
	start_canary cdn
	start_faults reg --other "http://$cdn_host"
	serve_image --layers 1M
	rm -rf "$T/cdn.root" && ln -s "$T/reg.root" "$T/cdn.root"
	rules cdn <<-'JSON'
		{"path": "blobs", "nth": 1, "action": {"cut_after": 1000}}
	JSON
	pull_with_rules <<-'JSON'
		{"method": "GET", "path": "LAYER", "action": {"redirect": "@OTHER@@PATH@?sig=s"}}
	JSON
	assert_pulled
	assert_requests reg 2 GET "blobs/${layers[0]}"
	assert_requests cdn 2 GET "blobs/${layers[0]}"
}

# registry.k8s.io answers every manifest so.
@test "H17 a manifest may come from another host, which sees no credential" {
	start_canary cdn
	start_faults reg --auth basic --user me:pw --other "http://$cdn_host"
	serve_image --layers 1k
	rm -rf "$T/cdn.root" && ln -s "$T/reg.root" "$T/cdn.root"
	rules reg <<-'JSON'
		{"method": "GET", "path": "manifests/", "header": {"authorization": "."}, "action": {"redirect": "@OTHER@@PATH@"}}
	JSON
	printf pw >"$T/password"
	ocifp_run exists --username me --password-stdin "$ref" <"$T/password"
	assert_status 0
	ocifp_run pull "${on[@]}" --username me --password-stdin "$ref@$digest" <"$T/password"
	assert_pulled
	assert_requests cdn 2 GET manifests
	assert_no_secrets cdn
}

@test "H17 an absence is proven where a redirect stays with the registry, and not by another host" {
	start_canary cdn
	start_faults reg --other "http://$cdn_host"
	rules reg <<-'JSON'
		{"path": "manifests/here$", "action": {"redirect": "@PATH@?again"}}
		{"path": "manifests/there$", "action": {"redirect": "@OTHER@@PATH@"}}
	JSON
	ocifp_run exists "$reg_host/app:here"
	assert_failed 3
	ocifp_run exists "$reg_host/app:there"
	assert_failed 5
	assert_requests cdn 1 GET manifests/there
}

@test "H18 redirects in a circle, too many, or to somewhere impossible are server trouble" {
	serve_image
	local location
	for location in '@SELF@@PATH@' '' 'file:///etc/passwd' 'ftp://127.0.0.1/x' '//' 'http://' \
		'http://user:pw@@HOST@@PATH@?once' 'http://127.0.0.1:1\r\nX: y/' "http://127.0.0.1/$(printf %010240d 0)"; do
		forget_log reg
		rm -rf "$OCIFP_STORE"
		pull_with_rules <<-JSON
			{"path": "LAYER\$", "action": {"redirect": "$location"}}
		JSON
		assert_failed 5
		[ "$(requests reg GET "blobs/${layers[0]}")" -le 36 ] || fail "too many requests for $location"
		refute_stored "${layers[0]}"
	done
}

@test "H18 five redirects are followed, six are not" {
	serve_image
	local hop
	for hop in 1 2 3 4 5; do
		echo "{\"path\": \"hop=$hop\$\", \"action\": {\"redirect\": \"@PATH@?hop=$((hop + 1))\"}}"
	done >"$T/hops"
	{ sed '$d' "$T/hops" && echo '{"path": "LAYER$", "action": {"redirect": "@PATH@?hop=1"}}'; } >"$T/five"
	pull_with_rules <"$T/five"
	assert_pulled
	rm -rf "$OCIFP_STORE"
	{ cat "$T/hops" && echo '{"path": "LAYER$", "action": {"redirect": "@PATH@?hop=1"}}'; } >"$T/six"
	pull_with_rules <"$T/six"
	assert_failed 5
}

@test "H19 a redirect to a link-local address is refused without a connection" {
	serve_image
	local host
	for host in 169.254.169.254 '[::ffff:a9fe:a9fe]' 2852039166 0xa9.0xfe.0xa9.0xfe 0.0.0.0; do
		pull_with_rules <<-JSON
			{"path": "LAYER", "action": {"redirect": "http://$host/latest/meta-data"}}
		JSON
		assert_failed 5
		assert_within 5
	done
}

@test "H19 a redirect to a name with an internal address is refused when the address is known" {
	need_hosts
	serve_image
	rules reg <<<'{"path": "blobs/", "action": {"redirect": "http://meta.test/latest/meta-data"}}'
	with_hosts '169.254.169.254 meta.test' ocifp pull "${on[@]}" --plain-http meta.test \
		--status-file "$T/failed.json" "$ref"
	assert_failed 5
	assert_equal "$(jq -r .error.class "$T/failed.json")" ssrf
	assert_within 5
}

@test "H20 a 303 is followed; 304, 204, 206 and an empty 200 unasked are not content" {
	serve_image
	pull_with_rules <<-'JSON'
		{"path": "LAYER$", "action": {"redirect": "@PATH@?x", "status": 303}}
	JSON
	assert_pulled
	local action
	for action in '"status": 304' '"status": 204' '"status": 206, "headers": {"Content-Range": "bytes 5-9/10"}' '"status": 200'; do
		rm -rf "$OCIFP_STORE"
		pull_with_rules <<-JSON
			{"path": "LAYER", "action": {$action}}
		JSON
		assert_failed "$([ "$action" = '"status": 200' ] && echo 7 || echo 5)"
		assert_sound_store
	done
}
