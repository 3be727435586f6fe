#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# HTTP as it really is: transfers that break, answers that lie, waits that do not end.

load ../lib/rig

setup() {
	need python3 jq ocifp
	rig_setup
}

teardown() {
	rig_teardown
}

# Transfers that break

@test "H01 a blob that is reset five times is resumed with closed ranges" {
	serve_image --layers 1M
	pull_with_rules <<-'JSON'
		{"path": "LAYER", "nth": "1-5",
		 "action": {"stall_after": 150000, "stall_s": 0.2, "cut_after": 150000, "end": "reset"}}
	JSON
	assert_pulled
	assert_requests reg 6 GET "blobs/${layers[0]}"
	assert_equal "$(request_header reg GET "blobs/${layers[0]}" range | grep -c '^bytes=[0-9]*-[0-9]\+$')" 5
	local size sent
	size=$(stat -c %s "$(blob_path "$T/reg.root/app" "${layers[0]}")")
	sent=$(sent_bytes reg GET "blobs/${layers[0]}")
	[ "$sent" -le $((size + 5 * 65536)) ] || fail "$sent bytes for a blob of $size"
}

@test "H02 a blob that ends short of its Content-Length is resumed" {
	serve_image --layers 1M
	pull_with_rules <<-'JSON'
		{"path": "LAYER", "nth": "1-2", "action": {"cut_after": 300000}}
	JSON
	assert_pulled
	assert_requests reg 3 GET "blobs/${layers[0]}"
}

@test "H02 a blob that never gives a byte is given up after six attempts" {
	serve_image --layers 1M
	pull_with_rules <<-'JSON'
		{"path": "LAYER", "action": {"cut_after": 0}}
	JSON
	assert_failed 5
	assert_requests reg 6 GET "blobs/${layers[0]}"
	assert_sound_store
}

@test "H03 a resume that gets the whole body with 200 starts over and is exact" {
	serve_image --layers 1M
	pull_with_rules <<-'JSON'
		{"path": "LAYER", "nth": 1, "action": {"cut_after": 300000}}
		{"path": "LAYER", "nth": 2, "action": {"ignore_range": true}}
	JSON
	assert_pulled
	assert_requests reg 2 GET "blobs/${layers[0]}"
}

@test "H05 a resume that gets 416 restarts the blob once" {
	serve_image --layers 1M
	pull_with_rules <<-'JSON'
		{"path": "LAYER", "nth": 1, "action": {"cut_after": 300000}}
		{"path": "LAYER", "nth": 2, "action": {"status": 416}}
	JSON
	assert_pulled
	assert_requests reg 3 GET "blobs/${layers[0]}"
	assert_equal "$(request_header reg GET "blobs/${layers[0]}" range | tail -n 1)" -
}

@test "H05 a wrong answer to a range starts the blob over, and the pull succeeds" {
	serve_image --layers 1M
	local answer size rest
	size=$(stat -c %s "$(blob_path "$T/reg.root/app" "${layers[0]}")")
	rest=300000-$((size - 1))
	for answer in "\"Content-Range\": \"bytes 299999-$((size - 2))/$size\"" \
		"\"Content-Range\": \"bytes $rest/$((size + 1))\"" \
		'"Content-Range": null' \
		"\"Content-Range\": [\"bytes $rest/$size\", \"bytes 0-9/$size\"]" \
		'"Content-Range": null, "Content-Type": "multipart/byteranges; boundary=x"'; do
		rm -rf "$OCIFP_STORE"
		forget_log reg
		pull_with_rules <<-JSON
			{"path": "LAYER", "nth": 1, "action": {"cut_after": 300000}}
			{"path": "LAYER", "nth": 2, "action": {"headers": {$answer}}}
		JSON
		assert_pulled
		assert_equal "$(request_header reg GET "blobs/${layers[0]}" range)" "$(printf '%s\n' - "bytes=$rest" -)"
	done
}

@test "H06 a 206 that is shorter than asked for goes on where it ended" {
	serve_image --layers 1M
	pull_with_rules <<-'JSON'
		{"path": "LAYER", "nth": 1, "action": {"cut_after": 100000}}
		{"path": "LAYER", "nth": 2, "action": {"max_range": 400000}}
	JSON
	assert_pulled
}

@test "H07 an endless blob is stopped at its size, as wrong content" {
	serve_image --layers 100k
	rules reg <<<"{\"path\": \"blobs/${layers[0]}\", \"action\": {\"endless\": true}}"
	pull --status-file "$T/failed.json" "$ref"
	assert_failed 7
	assert_equal "$(jq -r .error.class "$T/failed.json")" size
	assert_within 10
	[ "$(sent_bytes reg GET "blobs/${layers[0]}")" -lt 20000000 ]
	refute_stored "${layers[0]}"
	assert_sound_store
}

# The server notices when it sends more.
was_answered() {
	[ -n "$(select_log reg response GET "$1")" ]
}

# sent_less MIB PATH: of each answer, with what sockets hold
sent_less() {
	local most
	wait_for was_answered "$2"
	most=$(select_log reg response GET "$2" | jq -s 'map(.sent) | max')
	[ "$most" -lt $(($1 << 20)) ] || fail "$most bytes of $2 were sent"
}

@test "H08 an endless manifest is stopped at the limit, as wrong content" {
	serve_image
	pull_with_rules <<-'JSON'
		{"path": "manifests", "action": {"endless": true, "headers": {
			"Content-Type": "application/vnd.oci.image.manifest.v1+json"}}}
	JSON
	assert_failed 7
	sent_less 16 manifests
}

@test "H08 an endless error body is cut, and so is what is said of it" {
	serve_image
	pull_with_rules <<-'JSON'
		{"path": "manifests", "action": {"endless": true, "status": 400}}
	JSON
	assert_failed 5
	sent_less 8 manifests
	[ "$(wc -c <"$T/stderr")" -lt 8192 ]
}

@test "H08 an endless token answer is a refusal" {
	start_faults reg --auth bearer --anonymous
	serve_image
	pull_with_rules <<-'JSON'
		{"path": "^/token", "action": {"endless": true}}
	JSON
	assert_failed 4
	sent_less 8 /token
}

@test "H08 an endless page of tags is stopped" {
	serve_image
	rules reg <<-'JSON'
		{"path": "tags/list", "action": {"endless": true}}
	JSON
	ocifp_run tags "$reg_host/app"
	assert_failed 7
	sent_less 8 tags/list
}

@test "H09 floods of headers and a NUL in one end as server trouble" {
	serve_image
	local flood
	for flood in '"header_flood": {"count": 1, "bytes": 1048576}' \
		'"header_flood": {"count": 20000, "bytes": 10}' \
		'"header_flood": {"count": 1, "bytes": 66000}' \
		'"headers": {"X-Nul": "a\u0000b"}'; do
		echo "{\"path\": \"manifests\", \"action\": {$flood}}" | rules reg
		pull "$ref"
		assert_failed 5
		assert_within 10
	done
}

@test "H10 ten thousand interim answers end as server trouble" {
	serve_image
	pull_with_rules <<-'JSON'
		{"path": "manifests", "action": {"interim": {"status": 103, "count": 10000}}}
	JSON
	assert_failed 5
	assert_within 20
}

@test "H11 a stall before or inside an answer ends at --timeout, with 124" {
	serve_image --layers 1M
	local rule
	for rule in '{"path": "manifests", "action": {"delay_s": 60}}' \
		'{"path": "blobs", "action": {"stall_after": 500, "stall_s": 60}}' \
		'{"path": "blobs", "action": {"rate_bps": 10}}'; do
		rules reg <<<"$rule"
		pull --timeout 2 "$ref"
		assert_failed 124
		assert_within 4
		assert_sound_store
	done
}

# In a time that goes forty times faster.
@test "H11 a server that stalls for half a minute is asked again, six times, and then unknown" {
	need faketime preload
	serve_image --layers 100k
	local rule
	for rule in '{"path": "manifests", "action": {"delay_s": 60}}' \
		"{\"path\": \"blobs/${layers[0]}\", \"action\": {\"stall_after\": 5000, \"stall_s\": 60}}"; do
		forget_log reg
		rules reg <<<"$rule"
		ASAN_OPTIONS=verify_asan_link_order=0 split_run timeout 60 faketime -f '+0 x40' \
			ocifp pull --status-file "$T/failed.json" "${on[@]}" "$ref"
		assert_failed 5
		assert_equal "$(jq -c '.error | [.class, .retryable]' "$T/failed.json")" '["timeout",true]'
		assert_requests reg 6 GET "$(jq -r .path <<<"$rule")"
		assert_within 30
		assert_sound_store
	done
}

@test "H11 a server that never accepts, or never shakes hands, ends at --timeout" {
	make_cert server
	start_faults deaf --never-accept
	start_faults mute --stall-handshake --tls "$T/tls/server.pem:$T/tls/server.key"
	pull --timeout 2 "$deaf_host/app:one"
	assert_failed 124
	assert_within 4
	pull --timeout 2 --tls-ca "$T/tls/ca.pem" "$mute_host/app:one"
	assert_failed 124
	assert_within 4
}

# unreachable CLASS COMMAND...: unknown for that reason, and to be tried again
unreachable() {
	split_run timeout 60 "${@:2}" --status-file "$T/failed.json"
	assert_failed 5
	assert_equal "$(jq -c '.error | [.class, .retryable]' "$T/failed.json")" "[\"$1\",true]"
}

@test "H12 a refused connection, no way there and a name that does not resolve are unknown, not absent" {
	local port
	port=$(free_port)
	unreachable connect ocifp exists "127.0.0.1:$port/app:one"
	assert_stderr_has "127.0.0.1:$port/app:one.*: Connection refused"
	unreachable dns ocifp exists nohost.invalid/app:one
	assert_stderr_has 'nohost.invalid/app:one.*: Could not resolve host'
	can netns || return 0
	unreachable connect unshare -rn ocifp exists 192.0.2.1:5000/app:one
}

@test "H28 an address that does not answer, or refuses, is passed over for the next of the name" {
	need ipv6
	need_hosts
	serve_image
	local port=${reg_host#*:}
	# One whose queue is full drops what comes.
	spawn hole python3 -c 'import socket, sys, time
server = socket.socket(socket.AF_INET6)
server.bind(("::1", int(sys.argv[1])))
server.listen(0)
waiting = [socket.socket(socket.AF_INET6) for _ in range(4)]
for one in waiting:
    one.setblocking(False)
    one.connect_ex(("::1", int(sys.argv[1])))
print("full", flush=True)
time.sleep(60)' "$port"
	wait_for grep -q full "$T/hole.out"
	with_hosts $'::1 reg.test\n127.0.0.1 reg.test' \
		ocifp exists "${on[@]}" --plain-http "reg.test:$port" "reg.test:$port/app:one"
	assert_status 0
	assert_within 3
	stop hole
	with_hosts $'127.0.0.3 reg.test\n127.0.0.1 reg.test' \
		ocifp exists "${on[@]}" --plain-http "reg.test:$port" "reg.test:$port/app:one"
	assert_status 0
}

@test "H13 two server errors are tried again, with exactly three requests" {
	serve_image
	local code
	for code in 408 425 429 500 502 503 504; do
		rm -rf "$OCIFP_STORE"
		forget_log reg
		pull_with_rules <<-JSON
			{"path": "manifests", "nth": "1-2", "action": {"status": $code}}
		JSON
		assert_pulled
		assert_requests reg 3 GET manifests
	done
}

@test "H13 server errors for ever end after exactly six requests" {
	serve_image
	pull_with_rules <<-'JSON'
		{"path": "manifests", "action": {"status": 503}}
	JSON
	assert_failed 5
	assert_requests reg 6 GET manifests
}

refused_once() {
	forget_log reg
	pull_with_rules <<-JSON
		{"path": "manifests", "action": {"status": $1}}
	JSON
	assert_requests reg 1 GET manifests
}

@test "H13 other client errors are never tried again" {
	serve_image
	local code
	for code in 400 405 410 451; do
		refused_once $code
		assert_failed 5
	done
	refused_once 403
	assert_failed 4
}

@test "H14 rate limits are waited out as told, in seconds, as a date and as ghcr.io puts it" {
	serve_image
	local action soon
	soon=$(date -u -d '+1 second' '+%a, %d %b %Y %H:%M:%S GMT')
	for action in '"headers": {"Retry-After": "1"}' "\"headers\": {\"Retry-After\": \"$soon\"}" \
		'"json": {"errors": [{"code": "TOOMANYREQUESTS", "message": "retry-after: 1.16676ms, allowed: 44000/minute"}]}' \
		'"json": {"errors": [{"code": "TOOMANYREQUESTS", "message": "retry-after: 880.092µs, allowed: 44000/minute"}]}' \
		'"json": {"errors": [{"code": "TOOMANYREQUESTS", "message": "retry-after: 1.2s, allowed: 2000/minute"}]}'; do
		rm -rf "$OCIFP_STORE"
		pull_with_rules <<-JSON
			{"path": "manifests", "nth": 1, "action": {"status": 429, $action}}
		JSON
		assert_pulled
		assert_within 5
	done
	# Ours alone would be about 10 ms; up to half of what was asked is added.
	rm -rf "$OCIFP_STORE"
	rules reg <<<'{"path": "manifests", "nth": 1, "action": {"status": 429, "body": "retry-after: 1.2s, allowed: 2000/minute"}}'
	ocifp_run pull -v "${on[@]}" "$ref"
	assert_stderr_has 'answer 429; again in 1\.[2-8] s'
}

@test "H14 a limit that puts a request off more often than a failure may repeat is waited out" {
	serve_image
	pull_with_rules <<-'JSON'
		{"path": "manifests", "nth": "1-12", "action": {"status": 429, "json": {"errors": [{"code": "TOOMANYREQUESTS", "message": "retry-after: 831.2µs, allowed: 44000/minute"}]}}}
	JSON
	assert_pulled
	assert_requests reg 13 GET manifests
}

@test "H14 a rate limit for ever is status 6" {
	serve_image
	pull_with_rules <<-'JSON'
		{"path": "manifests", "action": {"status": 429}}
	JSON
	assert_failed 6
}

@test "H14 a wait that is longer than the limit is an answer: rate limited, at once" {
	serve_image
	pull_with_rules <<-'JSON'
		{"path": "manifests", "action": {"status": 429, "headers": {"Retry-After": "100000"}}}
	JSON
	assert_failed 6
	assert_within 5
	assert_requests reg 1 GET manifests
}

@test "H15 one layer of eight that fails for ever costs only itself" {
	serve_image --count 8 --size 50k
	pull_with_rules <<-'JSON'
		{"path": "LAYER", "action": {"status": 503}}
	JSON
	assert_failed 5
	assert_stored "${layers[@]:1}"
	assert_sound_store
	forget_log reg
	pull_with_rules </dev/null
	assert_pulled
	assert_requests reg 1 GET blobs/
}

@test "H15 a layer that the registry lacks does not keep those behind it from coming" {
	# More than are asked for at once, and the one that fails ends first.
	serve_image --count 24 --size 5k
	pull_with_rules <<-'JSON'
		{"path": "LAYER", "action": {"status": 404}}
		{"path": "blobs/", "action": {"delay_s": 0.3}}
	JSON
	assert_failed 7
	assert_stored "${layers[@]:1}"
}

# Headers

@test "H22 HEAD proves nothing: questions do not use it, and a push ends well whatever it says" {
	serve_image
	local named=$digest
	make_source --layers 10k
	local action
	for action in '"status": 405' '"status": 404' \
		'"headers": {"Docker-Content-Digest": null}' '"body_anyway": true, "end": "close"'; do
		rules reg <<-JSON
			{"method": "HEAD", "path": "manifests", "action": {$action}}
		JSON
		rm -rf "$T/reg.root/other"
		forget_log reg
		ocifp_run digest "$ref"
		assert_status 0
		assert_stdout "$named"
		exists "$ref"
		assert_status 0
		assert_requests reg 0 HEAD .
		ocifp_run push "oci:$T/src:one" "$reg_host/other:one"
		assert_status 0
		[ "$(requests reg HEAD manifests)" -ge 1 ]
		assert_same_file "$(blob_path "$T/src" "$digest")" "$(blob_path "$T/reg.root/other" "$digest")"
	done
}

@test "H23 Docker-Content-Digest may be absent or in any case, but not wrong or double" {
	serve_image
	local value
	for value in '"Docker-Content-Digest": null' \
		"\"Docker-Content-Digest\": null, \"docker-content-digest\": \"$digest\""; do
		rm -rf "$OCIFP_STORE"
		pull_with_rules <<-JSON
			{"path": "manifests/one", "action": {"headers": {$value}}}
		JSON
		assert_pulled
	done
	rm -rf "$OCIFP_STORE"
	pull_with_rules <<-JSON
		{"path": "manifests/one", "action": {"headers": {"Docker-Content-Digest": "${layers[0]}"}}}
	JSON
	assert_failed 7
	pull_with_rules <<-JSON
		{"path": "manifests/one", "action": {"headers": {"Docker-Content-Digest": ["${layers[0]}", "$digest"]}}}
	JSON
	assert_failed 5
}

@test "H25 a Content-Encoding or a web page is named where the content is wrong" {
	serve_image --layers 100k
	local config path
	config=$(jq -r .config.digest "$(blob_path "$T/reg.root/app" "$digest")")
	for path in 'manifests/one' "blobs/$config" "blobs/${layers[0]}"; do
		rm -rf "$OCIFP_STORE"
		rules reg <<<"{\"path\": \"$path\", \"action\": {\"body_b64\": \"H4sIAAAAAAAAA8tIzcnJBwCGphA2BQAAAA==\",
			\"headers\": {\"Content-Encoding\": \"gzip\", \"Content-Type\": \"application/json\"}}}"
		pull "$ref"
		assert_failed 7
		assert_stderr_has "the server sent an unrequested Content-Encoding 'gzip'"
	done
	for path in "blobs/$config" "blobs/${layers[0]}"; do
		rm -rf "$OCIFP_STORE"
		rules reg <<<"{\"path\": \"$path\", \"action\": {\"body\": \"<html>log in</html>\",
			\"headers\": {\"Content-Type\": \"text/html; charset=utf-8\"}}}"
		pull "$ref"
		assert_failed 7
		assert_stderr_has "a web page .Content-Type 'text/html; charset=utf-8'"
	done
	rules reg <<<'{"path": "manifests", "action": {"body": "<html>log in</html>", "headers": {"Content-Type": "text/html"}}}'
	pull "$ref"
	assert_failed 5
	assert_stderr_has "a web page, not a manifest: its Content-Type is 'text/html'"
	rules reg <<<'{"path": "tags/list", "action": {"body": "<html>log in</html>", "headers": {"Content-Type": "text/html"}}}'
	ocifp_run tags "$reg_host/app"
	assert_failed 5
	assert_stderr_has "a web page .Content-Type 'text/html'"
}

@test "H25 a blob that claims Content-Encoding gzip is judged by its digest, not decoded" {
	serve_image --layers 1k --compress gzip
	pull_with_rules <<-'JSON'
		{"path": "LAYER", "action": {"headers": {"Content-Encoding": "gzip"}}}
	JSON
	assert_pulled
}

# raw_layer BYTES: in place of the first answer to the request for the layer
raw_layer() {
	rm -rf "$OCIFP_STORE"
	pull_with_rules <<-JSON
		{"path": "LAYER", "nth": 1, "action": {"raw": "$1"}}
	JSON
}

@test "H26 answers that contradict themselves never become content" {
	serve_image
	local raw
	raw_layer 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 9\r\n\r\nhello'
	assert_failed 5
	assert_sound_store
	# Damage of these kinds is asked for once more.
	for raw in 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n' \
		'HTTP/1.1 200 OK\nContent-Length: 5\n\nhello' \
		'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n' \
		'HTTP/9.9 200 OK\r\n\r\n' 'SSH-2.0-OpenSSH_9.2\r\n' '\u0000\u0000\u0000'; do
		raw_layer "$raw"
		assert_pulled
		assert_sound_store
	done
}

@test "H26 what is no HTTP is asked for again where the connection was used before, and told where it is fresh" {
	serve_image --layers 1000
	pull_with_rules <<-'JSON'
		{"path": "LAYER", "nth": 1, "action": {"raw": "SSH-2.0-OpenSSH_9.2\r\n"}}
	JSON
	assert_pulled
	assert_requests reg 2 GET "blobs/${layers[0]}"
	forget_log reg
	rules reg <<<'{"path": "manifests", "action": {"raw": "SSH-2.0-OpenSSH_9.2\r\n"}}'
	exists "$ref"
	assert_failed 5
	assert_requests reg 1 GET manifests
}

@test "H26 what a server says unasked behind an answer is nobody's answer" {
	serve_image --layers 1000,2000,3000
	local right
	right=$(blob_path "$T/reg.root/app" "${layers[0]}")
	{
		cat "$right"
		printf 'HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\n'
		head -c 2000 /dev/zero
	} | base64 -w 0 >"$T/body"
	jq -n --rawfile body "$T/body" --arg path "blobs/${layers[0]}" --argjson size "$(stat -c %s "$right")" \
		'{path: $path, action: {body_b64: $body, content_length: $size}}' | rules reg
	pull "$ref"
	assert_pulled
	assert_sound_store
}

# Ends

@test "H32 a signal ends a transfer within two seconds; the next run goes on from there" {
	serve_image --layers 1M
	rules reg <<-JSON
		{"path": "blobs/${layers[0]}", "nth": "1-2", "action": {"stall_after": 500000, "stall_s": 60}}
	JSON
	local ended
	for ended in 130:INT 143:TERM; do
		split_run timeout --preserve-status -s "${ended#*:}" 1.5 ocifp pull "${on[@]}" "$ref"
		assert_status "${ended%:*}"
		assert_within 3
	done
	forget_log reg
	rules reg </dev/null
	pull "$ref"
	assert_pulled
	request_header reg GET "blobs/${layers[0]}" range | grep -q '^bytes=[1-9][0-9]*-[0-9]*$'
	assert_sound_store
}

@test "H33 what the store holds needs no server when it is named by digest" {
	serve_image
	pull "$ref"
	assert_pulled
	stop reg
	pull "$reg_host/app@$digest"
	assert_pulled
	pull "$ref"
	assert_failed 5
	pull --offline "$ref"
	assert_pulled
}
