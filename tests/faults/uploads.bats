#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# One blob on its way to a registry: chunks, limits, sessions that break or are lost.

load ../lib/rig

setup() {
	need python3 jq curl ocifp
	rig_setup
	start_faults reg
}

teardown() {
	rig_teardown
}

# refuse METHOD REGEX ACTION: a rule against uploads whose Content-Length is so
refuse() {
	printf '{"method": "%s", "path": "uploads", "header": {"content-length": "%s"}, "action": %s}\n' "$@"
}

too_large_answer='{"status": 416, "json": {"errors": [{"code": "REQUESTED_RANGE_NOT_SATISFIABLE", "message": "exceeds the maximum permissible limit of 4.00MiB"}]}}'
above_4_mib='^(419430[5-9]|41943[1-9][0-9]|4194[4-9][0-9]{2}|419[5-9][0-9]{3}|4[2-9][0-9]{5}|[5-9][0-9]{6}|[0-9]{8,})$'

chunks_sent() {
	request_header reg PATCH uploads content-range | LC_ALL=C sort -u
}

@test "P04 a registry that takes no single PUT of that size, or none at all, gets chunks" {
	make_source --layers 6M
	local code
	for code in 413 405 416; do
		rm -rf "$T/reg.root/app"
		forget_log reg
		refuse PUT '[0-9]{7}' "{\"status\": $code}" | rules reg
		push
		assert_pushed
		[ "$(requests reg PATCH uploads)" -ge 1 ] || fail "$code: no chunks" "$told"
	done
}

@test "P04 ghcr.io's limit of a PATCH is found by its 416 and kept to for the rest of the run" {
	make_source --count 8 --size 5M
	{
		refuse PUT '[0-9]{6}' '{"status": 405}'
		refuse PATCH "$above_4_mib" "$too_large_answer"
	} | rules reg
	push
	assert_pushed
	# Six go at once, and each of these may be refused before one has learned: the others know.
	[ "$(too_large PUT)" -le 6 ] || fail "$(too_large PUT) blobs went whole" "$told"
	[ "$(too_large PATCH)" -le 6 ] || fail "$(too_large PATCH) chunks were too large" "$told"
	local last=$(($(stat -c %s "$(blob_path "$T/src" "${layers[0]}")") - 1))
	assert_equal "$(chunks_sent | grep -c "^0-4194303$\|^4194304-$last$")" 2
}

too_large() {
	request_header reg "$1" uploads content-length | grep -Ec "$above_4_mib" || true
}

@test "P04 the least chunk that a registry asks for is kept to, whatever would do otherwise" {
	make_source --layers 9M
	{
		refuse PUT '[0-9]{7}' '{"status": 413}'
		echo '{"method": "POST", "path": "uploads", "action": {"headers": {"OCI-Chunk-Min-Length": "6000000"}}}'
	} | rules reg
	push
	assert_pushed
	assert_equal "$(chunks_sent | head -n 1)" 0-5999999
}

@test "P04 who takes no chunk either has the last word, and is told to forget the session" {
	make_source --layers 2M
	{
		refuse PUT '[0-9]{7}' '{"status": 413}'
		refuse PATCH '[0-9]{5}' '{"status": 413}'
	} | rules reg
	push
	assert_failed 1
	assert_requests reg 1 DELETE uploads
	assert_requests reg 0 PUT manifests
}

@test "P05 a PATCH whose Range is stale, short or absent: PUT decides" {
	make_source --layers 6M
	local value
	for value in '"0-0"' 'null' '"0-9"' '"bytes=0-1"'; do
		rm -rf "$T/reg.root/app"
		rules reg <<-JSON
			{"method": "PUT", "path": "uploads", "header": {"content-length": "[0-9]{7}"}, "action": {"status": 413}}
			{"method": "PATCH", "path": "uploads", "action": {"headers": {"Range": $value}}}
		JSON
		push
		assert_pushed
	done
}

@test "P05 a registry that kept less than it was sent is sent the rest" {
	make_source --layers 6M
	{
		refuse PUT '[0-9]{7}' '{"status": 405}'
		echo '{"method": "PATCH", "path": "uploads", "nth": 1, "action": {"execute": true, "read_body": 2000000, "end": "close"}}'
	} | rules reg
	push
	assert_pushed
	chunks_sent | grep -q '^2000000-' || fail "sent: $(chunks_sent)" "$told"
}

@test "P06 a session that is lost is begun again once" {
	make_source --layers 10k
	rules reg <<-'JSON'
		{"method": ["PUT", "PATCH"], "path": "uploads", "nth": 1, "action": {"status": 404,
		 "json": {"errors": [{"code": "BLOB_UPLOAD_UNKNOWN", "message": "unknown"}]}}}
	JSON
	push
	assert_pushed
	rm -rf "$T/reg.root/app"
	rules reg <<-'JSON'
		{"method": ["PUT", "PATCH"], "path": "uploads", "action": {"status": 404,
		 "json": {"errors": [{"code": "BLOB_UPLOAD_UNKNOWN", "message": "unknown"}]}}}
	JSON
	push
	assert_failed 5
	assert_within 20
}

@test "P06 a session that is lost in the middle of its chunks is begun again once" {
	make_source --layers 9M
	{
		refuse PUT '[0-9]{6}' '{"status": 405}'
		refuse PATCH "$above_4_mib" "$too_large_answer"
		echo '{"method": "PATCH", "path": "uploads", "header": {"content-range": "^4194304-"}, "nth": 1, "action": {"status": 404, "json": {"errors": [{"code": "BLOB_UPLOAD_INVALID", "message": "blob upload invalid"}]}}}'
	} | rules reg
	push
	assert_pushed
	assert_equal "$(request_header reg PATCH uploads content-range | grep -c '^0-4194303$')" 2
}

@test "P06 a chunk out of order is put right by what the session says" {
	make_source --layers 9M
	{
		refuse PUT '[0-9]{6}' '{"status": 405}'
		refuse PATCH "$above_4_mib" "$too_large_answer"
		echo '{"method": "PATCH", "path": "uploads", "header": {"content-range": "^0-4194303$"}, "nth": 1, "action": {"execute": true, "status": 416}}'
	} | rules reg
	push
	assert_pushed
	assert_equal "$(request_header reg PATCH uploads content-range | grep -c '^0-4194303$')" 1
	[ "$(requests reg GET uploads)" -ge 1 ]
}

@test "P07 an upload that was committed before the connection broke is not sent again" {
	make_source --layers 100k
	rules reg <<-'JSON'
		{"method": "PUT", "path": "uploads", "nth": 1, "action": {"execute": true, "drop": "reset"}}
	JSON
	push
	assert_pushed
	[ "$(received_bytes reg 'PUT|PATCH|POST' uploads)" -lt 150000 ] || fail "$told"
}

@test "P13 a layout whose blob is not what its digest says is not pushed, and said to be at fault" {
	make_source --layers 100k
	push --tag old
	assert_status 0
	make_source --layers 200k
	printf x | dd of="$(blob_path "$T/src" "${layers[0]}")" bs=1 seek=5000 conv=notrunc status=none
	push --tag old
	assert_failed 7
	assert_stderr_has "${layers[0]}"
	assert_requests reg 1 DELETE uploads
	assert_requests reg 1 PUT manifests
}

@test "P13 a file that becomes shorter while it is sent ends the upload, and its session" {
	make_source --layers 3M
	rules reg <<<'{"method": "POST", "path": "uploads", "action": {"delay_s": 1}}'
	(
		wait_for grep -q '"method": "POST"' "$T/reg.log"
		truncate -s 1M "$(blob_path "$T/src" "${layers[0]}")"
	) 3>&- &
	push
	wait
	assert_failed 7
	assert_requests reg 0 PUT manifests
	assert_requests reg 1 DELETE uploads
}

@test "P13 that the session cannot be ended is no trouble" {
	make_source --layers 100k
	printf x | dd of="$(blob_path "$T/src" "${layers[0]}")" bs=1 seek=5000 conv=notrunc status=none
	local action
	for action in '"status": 405' '"drop": "reset"' '"status": 500'; do
		rules reg <<<"{\"method\": \"DELETE\", \"path\": \"uploads\", \"action\": {$action}}"
		push
		assert_failed 7
		assert_within 10
	done
}

@test "P15 blobs of no bytes, of a chunk, and of one byte more" {
	make_source --layers 1k
	local entries config
	entries=$(for size in 0 1 4194304 4194305; do
		head -c $size /dev/urandom | mkimage blob "$T/src" --media-type application/vnd.oci.image.layer.v1.tar
	done | jq -sc .)
	config=$(jq -nc --argjson e "$entries" '{os: "linux", architecture: "amd64", rootfs: {type: "layers", diff_ids: ($e | map(.digest))}}' |
		mkimage blob "$T/src" --media-type application/vnd.oci.image.config.v1+json)
	digest=$(jq -nc --argjson e "$entries" --argjson c "$config" '{schemaVersion: 2, config: $c, layers: $e,
		mediaType: "application/vnd.oci.image.manifest.v1+json"}' | mkimage manifest "$T/src" one)
	mapfile -t layers < <(jq -r '.layers[].digest' "$(blob_path "$T/src" "$digest")")
	push
	assert_pushed
}

@test "P16 a quota is another failure, and said" {
	make_source --layers 10k
	local action
	for action in '"status": 507' '"status": 413, "json": {"errors": [{"code": "DENIED", "message": "quota exceeded"}]}' \
		'"status": 403, "json": {"errors": [{"code": "DENIED", "message": "Storage limit reached: blob upload"}]}'; do
		rules reg <<<"{\"method\": [\"POST\", \"PUT\", \"PATCH\"], \"path\": \"uploads\", \"action\": {$action}}"
		forget_log reg
		push --status-file "$T/failed.json"
		assert_failed 1
		assert_equal "$(jq -r .error.class "$T/failed.json")" quota
		assert_stderr_has 'free space at the registry, or ask for a larger quota'
		assert_requests reg 0 PUT manifests
	done
	# A body that is too large would be cut into chunks.
	make_source --layers 1M
	rules reg <<-'JSON'
		{"method": "PUT", "path": "uploads",
		 "action": {"status": 413, "json": {"errors": [{"code": "DENIED", "message": "quota exceeded"}]}}}
	JSON
	forget_log reg
	push --status-file "$T/failed.json"
	assert_equal "$(jq -r .error.class "$T/failed.json")" quota
	assert_requests reg 0 PATCH .
}

@test "P17 an upload that breaks in the middle goes on there, not from 0" {
	make_source --layers 8M
	local end
	for end in '"drop": "reset"' '"status": 500, "end": "close"'; do
		rm -rf "$T/reg.root/app"
		forget_log reg
		rules reg <<-JSON
			{"method": "PUT", "path": "uploads", "header": {"content-length": "[0-9]{7}"}, "nth": 1,
			 "action": {"execute": true, "read_body": 3000000, $end}}
		JSON
		push
		assert_pushed
		assert_equal "$(chunks_sent | head -n 1)" "3000000-$(($(stat -c %s "$(blob_path "$T/src" "${layers[0]}")") - 1))"
	done
}

@test "P17 chunk after chunk may break: what the registry has is never sent again" {
	make_source --layers 8M
	rules reg <<-'JSON'
		{"method": "PUT", "path": "uploads", "header": {"content-length": "[0-9]{7}"}, "nth": 1,
		 "action": {"execute": true, "read_body": 1500000, "drop": "reset"}}
		{"method": "PATCH", "path": "uploads", "nth": "1-4", "action": {"execute": true, "read_body": 1500000, "drop": "reset"}}
	JSON
	push
	assert_pushed
	assert_equal "$(chunks_sent | cut -d - -f 1 | sort -n | tr '\n' ' ')" '1500000 3000000 4500000 6000000 7500000 '
}

@test "P17 where the session does not survive, the blob is sent again whole" {
	make_source --layers 2M
	rules reg <<-'JSON'
		{"method": "PUT", "path": "uploads", "header": {"content-length": "[0-9]{7}"}, "nth": 1,
		 "action": {"execute": true, "read_body": 1000000, "drop": "reset"}}
		{"method": "GET", "path": "uploads", "action": {"status": 404}}
	JSON
	push
	assert_pushed
	assert_requests reg 0 PATCH uploads
}

@test "P18 a rate limit on the bytes themselves is waited out as the registry asks" {
	make_source --layers 100k
	local asks
	for asks in "\"headers\": {\"Retry-After\": \"$(LC_ALL=C date -u -d '+4 seconds' '+%a, %d %b %Y %T GMT')\"}" \
		'"headers": {"Retry-After": "1"}' \
		'"json": {"errors": [{"code": "TOOMANYREQUESTS", "message": "retry-after: 900ms, allowed: 2000/minute"}]}'; do
		rm -rf "$T/reg.root/app"
		forget_log reg
		rules reg <<<"{\"method\": \"PUT\", \"path\": \"uploads\", \"nth\": 1, \"action\": {\"status\": 429, $asks}}"
		push
		assert_pushed
		# From the refusal to the next request of the same blob.
		[ "$(select_log reg response PUT uploads | jq -s 'map(select(.status == 429)) | length')" = 1 ]
		[ "$(longest_pause_ms)" -ge 800 ] || fail "waited $(longest_pause_ms) ms: $asks" "$told"
	done
}

longest_pause_ms() {
	jq -s 'map(select(.event == "request").t) | [.[1:], .[:-1]] | transpose | map((.[0] - .[1]) * 1000) | max | floor' "$T/reg.log"
}

@test "P19 content that is named by sha512 is pushed as it is" {
	digest=$(mkimage image "$T/src" one --layers 10k --algorithm sha512)
	mapfile -t layers < <(jq -r '.layers[].digest' "$(blob_path "$T/src" "$digest")")
	[[ ${layers[0]} == sha512:* ]]
	push
	assert_status 0
	# In one request or in two, as the registry was found to take it by then.
	assert_requests reg 2 'PUT|POST' 'uploads/.*[?&]digest=sha512'
	[ "$(requests reg POST 'uploads/[?]digest-algorithm=sha512')" -ge 1 ]
	assert_same_file "$(blob_path "$T/src" "${layers[0]}")" "$(blob_path "$T/reg.root/app" "${layers[0]}")"
	assert_equal "$(raw_of app one)" "$(cat "$(blob_path "$T/src" "$digest")")"
}

@test "P19 a registry that files a tag by SHA-256 alone is taken at its word: that name is told" {
	digest=$(mkimage image "$T/src" one "${on[@]}" --layers 10k --algorithm sha512)
	push
	assert_status 0
	assert_stdout "$reg_host/app@$(raw_of app one | digest_of)"
	ocifp_run exists "${on[@]}" "$stdout"
	assert_status 0
	rules reg <<-'JSON'
		{"method": "PUT", "path": "manifests/sha512", "action": {"status": 400,
		 "json": {"errors": [{"code": "DIGEST_INVALID", "message": "no such algorithm here"}]}}}
		{"method": "PUT", "path": "manifests/one", "action": {"headers": {"Docker-Content-Digest": null}}}
	JSON
	rm -rf "$T/reg.root/app"
	push
	assert_status 0
	assert_stdout "$reg_host/app@$(raw_of app one | digest_of)"
}

raw_of() {
	curl -s -H 'Accept: */*' "http://$reg_host/v2/$1/manifests/$2"
}
