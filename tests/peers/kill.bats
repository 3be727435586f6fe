#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# kill -9 in the middle of anything.  $OCIFP_TEST_KILLS: how often (40).

load ../lib/rig

both=(--platform linux/amd64 --platform linux/arm64)

setup() {
	need python3 jq curl ocifp
	rig_setup
	start_faults reg
}

teardown() {
	rig_teardown
}

# Slow enough to be caught at it.
slowly() {
	rules reg <<<'{"path": "/blobs/", "action": {"rate_bps": 400000}}'
}

# next_image: app:$image, twelve layers that no other image has
next_image() {
	image=$((${image:-0} + 1))
	mkimage image "$T/reg.root/app" "$image" --count 12 --size $((30000 + image * 512)) >/dev/null
}

# killed_after_ms MOST COMMAND...: ended at a random moment up to then, if it has not ended; its
# status is returned, 137 when it was killed
killed_after_ms() {
	local most=$1 pid status=0
	shift
	"$@" >"$T/killed.out" 2>&1 3>&- &
	pid=$!
	sleep "$(printf '0.%03d' $((RANDOM % most)))"
	kill -9 $pid 2>/dev/null || true
	wait $pid || status=$?
	return $status
}

# The blobs that are in the store whole, published or not: their digests
finished() {
	sha256sum "$OCIFP_STORE"/blobs/sha256/* "$OCIFP_STORE"/.ocifp/ingest/*.part 2>/dev/null |
		sed -n 's|^\([0-9a-f]*\) .*[-/]\1\(\.part\)\{0,1\}$|\1|p' | LC_ALL=C sort
}

asked_for() {
	select_log reg request GET /blobs/ | grep -o 'sha256:[0-9a-f]*' | cut -d : -f 2 | LC_ALL=C sort -u
}

@test "a pull, at random moments: the store is sound each time, and nothing finished is asked for again" {
	local round status caught=0 whole=0
	slowly
	next_image
	for ((round = 0; round < ${OCIFP_TEST_KILLS:-40}; round++)); do
		finished >"$T/finished"
		forget_log reg
		status=0
		killed_after_ms 500 ocifp pull "${on[@]}" "$reg_host/app:$image" || status=$?
		asked_for >"$T/asked"
		assert_equal "$(LC_ALL=C comm -12 "$T/finished" "$T/asked")" ''
		[ ! -s "$T/asked" ] || [ $status -eq 0 ] || caught=$((caught + 1))
		ocifp store fsck >"$T/fsck" 2>&1 || fail "round $round" "$(cat "$T/fsck")"
		[ $status -ne 0 ] || {
			whole=$((whole + 1))
			next_image
		}
	done
	echo "# $caught killed at it, $whole whole"
	ocifp_run pull "${on[@]}" "$reg_host/app:$image"
	assert_status 0
	assert_sound_store
	ocifp_run store gc
	assert_status 0
	assert_equal "$(find "$OCIFP_STORE/.ocifp/ingest" -type f)" ''
	assert_sound_store
}

@test "a pull into a layout: never a name for what is not there" {
	local round
	slowly
	next_image
	for ((round = 0; round < 5; round++)); do
		killed_after_ms 600 ocifp pull "${on[@]}" -o "oci:$T/out:one" "$reg_host/app:$image" || true
		[ -e "$T/out/index.json" ] || continue
		jq -r '.manifests[].digest' "$T/out/index.json" >"$T/named"
		while read -r digest; do
			assert_equal "$(digest_of <"$(blob_path "$T/out" "$digest")")" "$digest"
		done <"$T/named"
	done
	ocifp_run pull "${on[@]}" -o "oci:$T/out:one" "$reg_host/app:$image"
	assert_status 0
	OCIFP_STORE=$T/out assert_sound_store
}

@test "a pull into an archive: all of it or nothing under its name" {
	local round
	next_image
	for ((round = 0; round < 5; round++)); do
		killed_after_ms 300 ocifp pull "${on[@]}" -o "oci-archive:$T/out.tar" "$reg_host/app:$image" || true
		[ ! -e "$T/out.tar" ] || tar -tf "$T/out.tar" index.json >/dev/null
		rm -f "$T/out.tar"
	done
	ocifp_run pull "${on[@]}" -o "oci-archive:$T/out.tar" "$reg_host/app:$image"
	assert_status 0
	assert_equal "$(find "$T" -maxdepth 1 -name '*out.tar*')" "$T/out.tar"
}

@test "an ensure: the next one ends with the image, whole" {
	local round
	make_project
	for ((round = 0; round < 5; round++)); do
		killed_after_ms 900 ocifp ensure --push always || true
		ocifp_run store fsck
		assert_status 0
	done
	ocifp_run ensure --push always
	assert_status 0
	ocifp_run exists --deep
	assert_status 0
	assert_sound_store
}

# assert_whole LAYOUT DIGEST: it and all that it names are there, byte for byte
assert_whole() {
	local file named
	file=$(blob_path "$1" "$2")
	assert_equal "$(digest_of <"$file")" "$2"
	for named in $(jq -r '(.manifests // [])[].digest' "$file"); do
		assert_whole "$1" "$named"
	done
	for named in $(jq -r '(.config // empty), (.layers // [])[] | .digest' "$file"); do
		assert_equal "$(digest_of <"$(blob_path "$1" "$named")")" "$named"
	done
}

# killed_at NUMBER ACTION: the push, ended when that request has come, which then gets no answer.
# False when it was done with fewer: a small blob may go in one request or in two.
killed_at() {
	local pid
	rm -rf "$T/reg.root/app" "$T/reg.root/.uploads"
	cp -r "$T/before" "$T/reg.root/app"
	rules reg <<<"{\"nth\": $1, \"action\": $2}"
	forget_log reg
	ocifp push "oci:$T/src:new" "$reg_host/app:one" >"$T/killed.out" 2>&1 3>&- &
	pid=$!
	wait_for has_come_or_ended "$1" $pid
	kill -9 $pid 2>/dev/null
	! wait $pid
}

has_come_or_ended() {
	[ "$(requests reg . .)" -ge "$1" ] || ! kill -0 "$2"
}

@test "a push of an index over a tag, at each of its requests: the tag is the old image or the new one, whole" {
	local old new count number action tagged
	old=$(mkimage image "$T/src" old "${both[@]}" --layers 10k)
	new=$(mkimage image "$T/src" new "${both[@]}" --layers 30k)
	ocifp push "oci:$T/src:old" "$reg_host/app:one"
	cp -r "$T/reg.root/app" "$T/before"
	forget_log reg
	ocifp push "oci:$T/src:new" "$reg_host/app:one"
	count=$(requests reg . .)
	[ "$count" -ge 15 ]
	for ((number = 1; number <= count; number++)); do
		# The registry has acted before its answer is lost, or has not.
		for action in '{"delay_s": 30}' '{"status": 500, "delay_s": 30}'; do
			killed_at "$number" "$action" || break 2
			tagged=$(mkimage digest "$T/reg.root/app" one)
			[ "$tagged" = "$old" ] || assert_equal "$tagged" "$new"
			assert_whole "$T/reg.root/app" "$tagged"
		done
	done
	[ "$number" -ge 12 ] || fail "request $number never came"
	rules reg </dev/null
	ocifp push "oci:$T/src:new" "$reg_host/app:one"
	assert_equal "$(mkimage digest "$T/reg.root/app" one)" "$new"
	assert_whole "$T/reg.root/app" "$new"
}
