#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# A large blob whose connection is slow comes over several; a server that spoils that spoils no pull.

load ../lib/rig

setup() {
	need python3 jq ocifp
	rig_setup
	export OCIFP_BACKOFF_MS=1
}

teardown() {
	rig_teardown
}

# Of one connection; 16 MiB take 0.4 s.
rate='"rate_bps": 40000000'

# pull_slowly [RULE...]: the rules, for ranges of the layer; else it is sent slowly
pull_slowly() {
	printf '%s\n' "$@" "{\"method\": \"GET\", \"path\": \"LAYER\", \"action\": {$rate}}" >"$T/slow"
	pull_with_rules <"$T/slow"
}

# on_range ACTION [MEMBER]: the rule for it
on_range() {
	echo "{\"path\": \"LAYER\", \"header\": {\"range\": \".\"}, ${2:-} \"action\": {$1}}"
}

blob_ranges() {
	request_header "$1" GET "blobs/${layers[0]}" range
}

asked_for_ranges() {
	[ "$(blob_ranges reg | grep -vc '^-$')" -ge "$1" ]
}

@test "a slow connection: closed ranges beside it, each byte once" {
	serve_image --layers 80M --compress none
	pull_slowly
	assert_pulled
	assert_equal "$(blob_ranges reg | grep -c '^-$')" 1
	blob_ranges reg | grep -v '^-$' | sort >"$T/ranges"
	[ "$(wc -l <"$T/ranges")" -ge 2 ] || fail "no ranges:" "$(cat "$T/ranges")"
	assert_equal "$(sort -u "$T/ranges" | wc -l)" "$(wc -l <"$T/ranges")"
	[ "$(sent_bytes reg GET "blobs/${layers[0]}")" -le $((100 << 20)) ]
	assert_sound_store
}

@test "a server that answers a range wrongly is not asked for another" {
	serve_image --layers 56M --compress none
	local lie
	for lie in '"ignore_range": true' '"status": 416' '"headers": {"Content-Range": null}' \
		'"headers": {"Content-Range": "bytes 33554432-50331647/58724353"}'; do
		rm -rf "$OCIFP_STORE"
		forget_log reg
		pull_slowly "$(on_range "$lie")"
		assert_pulled
		assert_equal "$(blob_ranges reg | wc -l)" 2
	done
}

@test "a range of other content, by its ETag, is not taken" {
	serve_image --layers 56M --compress none
	pull_slowly "$(on_range '"headers": {"ETag": "\"b\""}')" \
		"{\"path\": \"LAYER\", \"action\": {\"headers\": {\"ETag\": \"\\\"a\\\"\"}, $rate}}"
	assert_pulled
	assert_equal "$(blob_ranges reg | wc -l)" 2
}

@test "a damaged range: the blob is fetched once more, without ranges" {
	serve_image --layers 56M --compress none
	pull_slowly "$(on_range "\"flip_at\": 100, $rate")"
	assert_pulled
	assert_equal "$(blob_ranges reg | grep -c '^-$')" 2
	assert_sound_store
}

@test "a server that refuses or breaks ranges is asked for them with fewer connections" {
	serve_image --layers 56M --compress none
	local action
	for action in '"status": 429, "headers": {"Retry-After": "0"}' '"status": 503, "headers": {"Retry-After": "0"}' \
		'"cut_after": 100000'; do
		rm -rf "$OCIFP_STORE"
		pull_slowly "$(on_range "$action" '"nth": 1,')"
		assert_pulled
		rm -rf "$OCIFP_STORE"
		pull_slowly "$(on_range "${action/100000/0}")"
		assert_pulled
	done
	assert_sound_store
}

@test "a server that refuses ranges until the first request is where they begin: it goes on to the end" {
	serve_image --layers 56M --compress none
	OCIFP_BACKOFF_MS=500 pull_slowly "$(on_range '"status": 429, "headers": {"Retry-After": "0"}')"
	assert_pulled
	assert_equal "$(blob_ranges reg | grep -c '^-$')" 1
	[ "$(sent_bytes reg GET "blobs/${layers[0]}")" -le $((57 << 20)) ]
	assert_sound_store
}

# serve_elsewhere: blobs come from the host "cdn"
serve_elsewhere() {
	start_canary cdn
	start_faults reg --auth basic --user me:pw --other "http://$cdn_host"
	serve_image --layers 80M --compress none
	rm -rf "$T/cdn.root" && ln -s "$T/reg.root" "$T/cdn.root"
	printf pw >"$T/password"
}

# pull_elsewhere QUERY [RULE OF cdn]
pull_elsewhere() {
	printf '%s\n' "${@:2}" "{\"path\": \"blobs\", \"action\": {$rate}}" | rules cdn
	rules reg <<-JSON
		{"method": "GET", "path": "blobs/", "header": {"authorization": "."},
		 "action": {"redirect": "@OTHER@@PATH@?$1"}}
	JSON
	ocifp_run pull "${on[@]}" --username me --password-stdin "$ref" <"$T/password"
	assert_pulled
	assert_no_secrets cdn
	[ "$(blob_ranges cdn | grep -vc '^-$')" -ge 2 ] || fail "no ranges:" "$(blob_ranges cdn)"
}

@test "behind a redirect: the registry is asked once, all ranges go to the signed address" {
	serve_elsewhere
	pull_elsewhere 'se=2099-01-01T00%3A00%3A00Z&sig=s'
	assert_requests reg 1 GET "blobs/${layers[0]}"
}

@test "behind a redirect: an address that is refused is asked for once more" {
	local status
	serve_elsewhere
	for status in 401 403 404; do
		rm -rf "$OCIFP_STORE"
		forget_log reg
		forget_log cdn
		pull_elsewhere 'sig=s' "{\"path\": \"blobs\", \"header\": {\"range\": \".\"}, \"nth\": 2, \"action\": {\"status\": $status}}"
		assert_requests reg 2 GET "blobs/${layers[0]}"
	done
}

@test "behind a redirect: an address that ends soon is not used for another range" {
	serve_elsewhere
	pull_elsewhere "se=$(date -u -d '+20 seconds' +%Y-%m-%dT%H%%3A%M%%3A%SZ)&sig=s"
	assert_equal "$(blob_ranges reg | wc -l)" "$(blob_ranges cdn | wc -l)"
}

@test "killed while ranges come, it goes on from the first hole" {
	serve_image --layers 80M --compress none
	printf '%s\n' "{\"path\": \"LAYER\", \"header\": {\"range\": \"-50331647\"}, \"action\": {\"stall_after\": 0}}" \
		"{\"path\": \"LAYER\", \"action\": {$rate}}" | sed "s|LAYER|blobs/${layers[0]}|" | rules reg
	ocifp pull "${on[@]}" "$ref" >"$T/killed.out" 2>&1 3>&- 4>&- &
	local pulling=$!
	wait_for asked_for_ranges 2
	kill -9 "$pulling"
	wait "$pulling" || true
	forget_log reg
	pull_with_rules <<<'{"path": "none", "action": {"status": 500}}'
	assert_pulled
	! blob_ranges reg | grep -qv '^bytes=[1-9]' || fail "from the first byte:" "$(blob_ranges reg)"
	assert_sound_store
}
