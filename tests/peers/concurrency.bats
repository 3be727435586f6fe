#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Several at once with one store.

load ../lib/rig

setup() {
	need python3 jq curl ocifp
	rig_setup
	start_faults reg
	rules reg <<<'{"path": "/blobs/", "action": {"rate_bps": 400000}}'
}

teardown() {
	rig_teardown
}

# begin NAME COMMAND...: in the background; finish NAME: its end, as of ocifp_run
begin() {
	local name=$1
	shift
	timeout -k 5 60 "$@" >"$T/$name.stdout" 2>"$T/$name.stderr" 3>&- &
	printf -v "pid_$name" %s $!
}

finish() {
	local pid=pid_$1
	status=0
	wait "${!pid}" || status=$?
	cp "$T/$1.stdout" "$T/stdout"
	cp "$T/$1.stderr" "$T/stderr"
	stdout=$(cat "$T/stdout")
	told="$1: status $status, stdout: $stdout, stderr: $(cat "$T/stderr")"
}

assert_each_blob_once() {
	assert_equal "$(select_log reg request GET /blobs/ | jq -r .path | sort | uniq -d)" ''
}

@test "two that pull the same image share one download" {
	# An index says the platform; else the small config, which does, might be read by both.
	serve_image --count 8 --size 100k --index-annotate a=b
	begin one ocifp pull "${on[@]}" "$ref"
	begin two ocifp pull "${on[@]}" "$ref"
	finish one
	assert_pulled
	finish two
	assert_pulled
	assert_each_blob_once
	assert_sound_store
}

@test "images that share layers share their download; each ends with its own" {
	serve_image --layers 200k,210k,220k
	mkimage image "$T/reg.root/app" two --layers 200k,210k,220k,50k >"$T/two"
	mkimage image "$T/reg.root/app" three --layers 200k,40k >"$T/three"
	begin one ocifp pull "${on[@]}" "$ref"
	begin two ocifp pull "${on[@]}" "$reg_host/app:two"
	begin three ocifp pull "${on[@]}" "$reg_host/app:three"
	finish one
	assert_pulled
	local name
	for name in two three; do
		finish $name
		assert_status 0
		assert_stdout "$reg_host/app@$(cat "$T/$name")"
	done
	assert_each_blob_once
	assert_sound_store
}

@test "who waits goes on where the other was killed" {
	serve_image --layers 600k
	ocifp pull "${on[@]}" "$ref" >/dev/null 2>&1 3>&- &
	local first=$!
	wait_for grep -q blobs/ "$T/reg.log"
	begin two ocifp pull "${on[@]}" "$ref"
	sleep 0.8
	kill -9 $first
	wait $first || true
	finish two
	assert_pulled
	assert_sound_store
	local sent
	sent=$(sent_bytes reg GET "${layers[0]}")
	[ "$sent" -lt 1000000 ] || fail "$sent bytes were sent for a layer of 600 KiB"
}

@test "many that find no store make one together" {
	serve_image --layers 1k
	rules reg </dev/null
	local number
	for number in 1 2 3 4 5 6 7 8; do begin "n$number" ocifp pull "${on[@]}" "$ref"; done
	for number in 1 2 3 4 5 6 7 8; do
		finish "n$number"
		assert_pulled
	done
	assert_sound_store
}

@test "gc beside a pull takes nothing that the pull needs" {
	serve_image --count 8 --size 100k
	begin pull ocifp pull "${on[@]}" "$ref"
	wait_for grep -q blobs/ "$T/reg.log"
	begin gc ocifp store gc
	finish pull
	assert_pulled
	finish gc
	assert_status 0
	assert_stored "$digest" "${layers[@]}"
	assert_sound_store
}

@test "two at once into one layout, under different names" {
	serve_image --count 4 --size 100k
	begin one ocifp pull "${on[@]}" -o "oci:$T/out:one" "$ref"
	begin two ocifp pull "${on[@]}" -o "oci:$T/out:two" "$ref"
	finish one
	assert_status 0
	finish two
	assert_status 0
	assert_equal "$(jq -r '[.manifests[].annotations["org.opencontainers.image.ref.name"]] | sort | join(" ")' "$T/out/index.json")" 'one two'
}
