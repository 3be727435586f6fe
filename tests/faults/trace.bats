#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# --trace: what the file says, what it must never hold, and what an interrupted run leaves.

load ../lib/rig

setup() {
	need python3 jq ocifp
	rig_setup
	trace=$T/trace.json
}

teardown() {
	rig_teardown
}

# spans NAME: of the trace, one a line
spans() {
	jq -c --arg name "$1" '.[] | select(.ph == "X" and .name == $name)' "$trace"
}

texts() {
	spans "$1" | jq -r .args.what
}

# refute_holds SECRET...: the trace has none of them, nor as base64, whatever stood before it.
refute_holds() {
	local secret offset encoded
	for secret; do
		[ -n "$secret" ] || fail 'an empty secret proves nothing'
		grep -qF -- "$secret" "$trace" && fail "the trace holds $secret"
		for offset in '' x xx; do
			encoded=$(printf '%s%s' "$offset" "$secret" | base64 -w 0)
			encoded=${encoded:4:${#encoded}-8}
			grep -qF -- "$encoded" "$trace" && fail "the trace holds $secret as base64"
		done
	done
	return 0
}

@test "each request of a pull has a row with its spans; the run and the hashing are there" {
	start_faults reg
	serve_image --layers 1k,2k,70k
	: >"$trace"
	chmod 644 "$trace"
	pull --trace "$trace" "$ref"
	assert_pulled
	assert_equal "$(stat -c %a "$trace")" 600
	assert_equal "$(spans request | wc -l)" "$(requests reg . .)"
	for digest in $(jq -r '.config.digest, .layers[].digest' "$(blob_path "$OCIFP_STORE" "$digest")"); do
		assert_equal "$(texts request | grep -c "^GET http://$reg_host/v2/app/blobs/$digest: status 200, HTTP/1.1, 0 bytes sent, ")" 1
	done
	# In its row a request holds what it consists of, and comes after its queue.
	jq -e '[.[] | select(.ph == "X")] | map(select(.name == "request")) as $requests |
		map(select(.name | IN("connect", "wait", "receive"))) |
		length > 0 and all(. as $part | any($requests[];
			.tid == $part.tid and .ts <= $part.ts and .ts + .dur >= $part.ts + $part.dur))' "$trace"
	jq -e '.[] | select(.name == "run" and .args.what == "pull" and .dur > 0)' "$trace"
	[ "$(spans hash | wc -l)" -ge 3 ]
	[ "$(spans sync | wc -l)" -ge 1 ]
}

@test "unpack: the helper's processes, and of each layer what inflating and writing took" {
	start_faults reg
	serve_image --layers 100k,200k --compress gzip
	ocifp_run unpack --trace "$trace" "${on[@]}" "$ref" "$T/root"
	assert_status 0
	[ "$(spans helper | wc -l)" -ge 1 ]
	assert_equal "$(spans inflate | wc -l)" 2
	assert_equal "$(spans write | wc -l)" 2
}

@test "no credential and no query, raw or as base64" {
	start_canary cdn
	start_faults reg --auth bearer --user me:pAssw0rd-canary --other "http://$cdn_host"
	serve_image --layers 1k
	rm -rf "$T/cdn.root" && ln -s "$T/reg.root" "$T/cdn.root"
	rules reg <<-'JSON'
		{"method": "GET", "path": "blobs/", "header": {"authorization": "."},
		 "action": {"redirect": "@OTHER@@PATH@?se=2099&sig=sIgnature-canary", "headers": {"Set-Cookie": "a=cOokie-canary"}}}
	JSON
	printf pAssw0rd-canary >"$T/password"
	ocifp_run pull --trace "$trace" "${on[@]}" --username me --password-stdin "$ref" <"$T/password"
	assert_pulled
	token=$(request_header reg GET blobs authorization | sed -n 's/^Bearer //p' | head -n 1)
	texts request | grep -q "^GET http://$cdn_host/v2/app/blobs/"
	texts request | grep -q "^GET http://$reg_host/token"
	[[ $token == rig-* ]]
	refute_holds "$token" me:pAssw0rd-canary pAssw0rd-canary sIgnature-canary cOokie-canary
	assert_equal "$(grep -ciE 'authorization|bearer|basic|scope=|sig=' "$trace")" 0
}

@test "a pull that fails after retries leaves valid JSON" {
	start_faults reg
	serve_image --layers 1k
	rules reg <<<'{"path": "blobs", "action": {"status": 503}}'
	pull --trace "$trace" "$ref"
	assert_status 5
	[ "$(texts request | grep -c 'status 503')" -ge 2 ]
	jq -e '.[] | select(.name == "run")' "$trace"
}

has_asked_for_a_blob() {
	[ "$(requests reg . blobs)" -ge 1 ]
}

@test "an interrupted run leaves what happened until then, without the bracket" {
	start_faults reg
	serve_image --layers 1k
	rules reg <<<'{"path": "blobs", "action": {"delay_s": 30}}'
	ocifp pull --trace "$trace" "${on[@]}" "$ref" >"$T/out" 2>&1 3>&- &
	wait_for has_asked_for_a_blob
	kill -9 $!
	wait $! && fail 'it ended by itself'
	[ "$(tail -c 2 "$trace")" = '}}' ]
	echo ']' >>"$trace"
	assert_equal "$(texts request | grep -c 'manifests/one: status 200')" 1
}

@test "a trace that cannot be written fails the command" {
	start_faults reg
	serve_image --layers 1k
	pull --trace "$T/no/such" "$ref"
	assert_failed 10
	assert_stderr_has "cannot write the trace '$T/no/such': No such file or directory"
	pull --trace /dev/null "$ref"
	assert_failed 10
	assert_stderr_has "cannot write the trace '/dev/null': not a regular file"
	ln -s "$trace" "$T/link"
	pull --trace "$T/link" "$ref"
	assert_failed 10
	assert_stderr_has "cannot write the trace '$T/link'"
	[ ! -e "$trace" ]
	assert_requests reg 0 . .
}

@test "the site draws a trace, one that was cut too, and takes no markup from it" {
	need node
	start_faults reg
	serve_image --layers 1k,2k,70k
	pull --trace "$trace" "$ref"
	node "$top_srcdir/contrib/site/trace.js" "$trace" >"$T/drawn.svg"
	assert_equal "$(count_bars "$T/drawn.svg")" "$(jq '[.[] | select(.ph == "X")] | length' "$trace")"
	grep -qF "<title>GET http://$reg_host/v2/app/manifests/" "$T/drawn.svg"
	sed -i '$d' "$trace"
	sed -i 's/"name":"GET http/"name":"<script>GET http/' "$trace"
	node "$top_srcdir/contrib/site/trace.js" "$trace" >"$T/cut.svg"
	assert_equal "$(count_bars "$T/cut.svg")" "$(count_bars "$T/drawn.svg")"
	! grep -q '<script' "$T/cut.svg" || fail 'a name became markup'
	echo '{"a": 1}' >"$trace"
	split_run node "$top_srcdir/contrib/site/trace.js" "$trace"
	assert_status 1
	assert_stderr_has 'expected an array of trace events'
}

# count_bars SVG: of a drawing that is well-formed
count_bars() {
	python3 -c 'import sys, xml.dom.minidom
print(len(xml.dom.minidom.parse(sys.argv[1]).getElementsByTagName("rect")))' "$1"
}
