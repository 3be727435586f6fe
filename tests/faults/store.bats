#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The store: killed, shared, tampered with, full of somebody else's files.

load ../lib/rig
load ../lib/unpack_ways

setup() {
	need python3 jq ocifp
	rig_setup
}

teardown() {
	rig_teardown
}

# In its place, or all of it in the part that waits for the commit.
is_finished() {
	local part=$OCIFP_STORE/.ocifp/ingest/${1/:/-}.part
	[ -e "$(blob_path "$OCIFP_STORE" "$1")" ] ||
		cmp -s "$part" "$(blob_path "$T/reg.root/app" "$1")"
}

@test "S01 killed at random moments: always sound, and no finished blob is asked for twice" {
	serve_image --count 12 --size 60k
	rules reg <<<'{"path": "blobs", "action": {"rate_bps": 1000000}}'
	local round layer
	local -A asked
	for ((round = 0; round < ${OCIFP_TEST_KILLS:-15}; round++)); do
		timeout -s KILL "0.$(printf %03d $((RANDOM % 300)))" ocifp pull "${on[@]}" "$ref" >/dev/null 2>&1 3>&- || true
		assert_sound_store
		for layer in "${layers[@]}"; do
			[ -n "${asked[$layer]:-}" ] || ! is_finished "$layer" ||
				asked[$layer]=$(requests reg GET "blobs/$layer")
		done
	done
	pull "$ref"
	assert_pulled
	assert_sound_store
	[ "${#asked[@]}" -gt 0 ] || skip 'each kill came before a blob was finished'
	for layer in "${!asked[@]}"; do
		assert_requests reg "${asked[$layer]}" GET "blobs/$layer"
	done
}

# survives_power_cuts STORE BLOBS COMMAND...: at each call of the command, by tests/lib/durable.py; and
# without what the command syncs it would not
survives_power_cuts() {
	local store=$1 blobs=$2 without
	shift 2
	split_run strace -f -y -qq -s 300 -o "$T/trace" \
		-e trace=write,pwrite64,writev,ftruncate,copy_file_range,sendfile,fsync,fdatasync,syncfs,renameat,renameat2,rename,mkdirat \
		"$@"
	assert_status 0
	assert_equal "$(python3 "$RIG_LIB/durable.py" "$store" <"$T/trace")" "$blobs"
	for without in 'sync.*\.part>\|syncfs' 'fsync.*\.tmp>\|syncfs' 'fsync.*/blobs/sha256>' "fsync([0-9]*<$store>)" 'fsync.*/blobs>'; do
		# Without a new folder in it there is nothing to miss.
		[ "$without" != 'fsync.*/blobs>' ] || grep -q 'mkdirat.*/blobs>.* = 0' "$T/trace" || continue
		! grep -v "$without" "$T/trace" | python3 "$RIG_LIB/durable.py" "$store" 2>/dev/null ||
			fail "it is not seen that these are missing: $without"
	done
}

@test "S07 a power cut at any call leaves no name for what is not there whole" {
	need strace_arguments
	serve_image --layers 10k,20k
	survives_power_cuts "$OCIFP_STORE" 4 ocifp pull "${on[@]}" "$ref"
	survives_power_cuts "$T/out" 4 ocifp pull "${on[@]}" -o "oci:$T/out:one" "$ref"
	serve_image --count 80 --size 1k
	survives_power_cuts "$OCIFP_STORE" 82 ocifp pull "${on[@]}" "$ref"
	make_source --layers 5k
	survives_power_cuts "$T/pushed" 3 ocifp push "oci:$T/src:one" "oci:$T/pushed:one"
}

@test "S08 concurrent pulls of one image share one download" {
	serve_image --layers 400k,300k
	rules reg <<<'{"path": "blobs", "action": {"rate_bps": 400000}}'
	local n pids=()
	for n in 1 2 3 4; do
		ocifp pull "${on[@]}" "$ref" >"$T/out.$n" 2>"$T/err.$n" 3>&- &
		pids+=($!)
	done
	for n in "${pids[@]}"; do
		wait "$n" || fail "one of them failed" "$(cat "$T"/err.*)"
	done
	assert_equal "$(sort -u "$T"/out.?)" "$reg_host/app@$digest"
	assert_requests reg 1 GET "blobs/${layers[0]}"
	assert_requests reg 1 GET "blobs/${layers[1]}"
	assert_sound_store
}

@test "S10 a pull waits for one that is stopped no longer than --lock-timeout" {
	serve_image --layers 400k
	rules reg <<<"{\"path\": \"blobs/${layers[0]}\", \"action\": {\"stall_after\": 1000, \"stall_s\": 60}}"
	spawn first ocifp pull "${on[@]}" "$ref"
	wait_for grep -q "blobs/${layers[0]}" "$T/reg.log"
	kill -STOP "$(cat "$T/pids/first")"
	pull --lock-timeout 1 "$ref"
	kill -CONT "$(cat "$T/pids/first")"
	assert_failed 10
	assert_within 4
}

@test "S10 a lock whose holder died holds nobody up" {
	serve_image --layers 400k
	rules reg <<<"{\"path\": \"blobs/${layers[0]}\", \"nth\": 1, \"action\": {\"stall_after\": 1000, \"stall_s\": 60}}"
	spawn first ocifp pull "${on[@]}" "$ref"
	wait_for grep -q "blobs/${layers[0]}" "$T/reg.log"
	kill -9 "$(cat "$T/pids/first")"
	pull "$ref"
	assert_pulled
	assert_within 10
}

mounted_read_only='mount --bind "$OCIFP_STORE" "$OCIFP_STORE" &&
	mount -o remount,ro,bind "$OCIFP_STORE" && exec "$@"'

# read_only COMMAND...: where the store is mounted so, which root heeds too
read_only() {
	split_run unshare -m sh -c "$mounted_read_only" sh "$@"
}

@test "S13 a store that is mounted read-only serves what it holds, and says so; more is a local error" {
	need mounts
	serve_image
	pull "$ref"
	assert_pulled
	mkimage image "$T/reg.root/app" two --layers 3k >/dev/null
	local name
	for name in "$reg_host/app@$digest" "$ref"; do
		read_only ocifp pull "${on[@]}" "$name"
		assert_pulled
		assert_stderr_has 'is not writable: the image gets no name in the store'
	done
	read_only ocifp pull "${on[@]}" "$reg_host/app:two"
	assert_failed 10
	assert_stderr_has "cannot write to '$OCIFP_STORE': .*; set OCIFP_STORE to use another store"
	echo >"$T/file"
	OCIFP_STORE=$T/file/store ocifp_run pull "${on[@]}" "$ref"
	assert_failed 10
	assert_stderr_has "cannot .*'$T/file': .*; set OCIFP_STORE to use another store"
	read_only ocifp store gc
	assert_failed 10
	assert_sound_store
}

@test "S13 containers share a store that is mounted read-only: several read it in the same moment" {
	need mounts
	serve_image --layers 200k
	pull "$ref"
	assert_pulled
	local reader
	for reader in 1 2 3 4; do
		spawn reader$reader unshare -m sh -c "$mounted_read_only" sh \
			ocifp pull --offline "${on[@]}" -o "oci:$T/out$reader:one" "$ref"
	done
	for reader in 1 2 3 4; do
		wait_for grep -q "@$digest" "$T/reader$reader.out"
		ocifp_run digest "oci:$T/out$reader:one"
		assert_status 0
		assert_stdout "$digest"
	done
}

@test "S12 a file system that has no locks is a local error that says so" {
	need strace
	serve_image
	split_run strace -f -qq -o "$T/trace" -e trace=flock \
		-e inject=flock:error=ENOLCK ocifp pull "${on[@]}" "$ref"
	assert_failed 10
	assert_stderr_has 'No locks available; put the store on a file system that supports locks'
	assert_sound_store
}

@test "S12 a store on a network file system is refused, unless it is only read" {
	need gcc preload
	serve_image
	gcc -shared -fPIC -o "$T/on_nfs.so" "$RIG_LIB/on_nfs.c"
	local on_nfs=(env ASAN_OPTIONS=verify_asan_link_order=0 LD_PRELOAD="$T/on_nfs.so")
	split_run "${on_nfs[@]}" ocifp pull "${on[@]}" "$ref"
	assert_failed 2
	assert_stderr_has "the store '$OCIFP_STORE' is on a network file system; use --store"
	pull "$ref"
	assert_pulled
	need mounts
	read_only "${on_nfs[@]}" ocifp pull "${on[@]}" "$ref"
	assert_pulled
}

@test "S13 a store that cannot be written is a local error; what it holds can still be used" {
	need ordinary_user
	serve_image
	pull "$ref"
	assert_pulled
	chmod -R a-w "$OCIFP_STORE"
	pull "$reg_host/app@$digest"
	assert_status 0
	mkimage image "$T/reg.root/app" two --layers 3k >/dev/null
	pull "$reg_host/app:two"
	assert_failed 10
}

@test "S14 modes do not follow the umask" {
	serve_image
	local mask
	for mask in 000 077 0177 0277 0777; do
		rm -rf "$OCIFP_STORE"
		split_run sh -c 'umask "$1" && shift && exec "$@"' sh $mask ocifp pull "${on[@]}" "$ref"
		assert_status 0
		assert_equal "$(find "$OCIFP_STORE" -type d -printf '%m\n' | sort -u)" 700
		assert_equal "$(find "$OCIFP_STORE/blobs" -type f -printf '%m\n' | sort -u)" 400
		assert_equal "$(find "$OCIFP_STORE" -path "$OCIFP_STORE/blobs" -prune -o -type f -printf '%m\n' | sort -u)" 600
		ocifp_run pull "${on[@]}" --offline "$ref"
		assert_status 0
	done
}

@test "S14 a store that others may write is refused" {
	serve_image
	mkdir -m 777 "$OCIFP_STORE"
	pull "$ref"
	assert_failed 2
	assert_stderr_has "'$OCIFP_STORE'.*; "
	assert_equal "$(ls -A "$OCIFP_STORE")" ''
}

@test "S15 planted links do not lead out of the store" {
	serve_image --layers 10k
	local place
	for place in "blobs/sha256/${layers[0]#*:}" ".ocifp/ingest/sha256-${layers[0]#*:}.part" .ocifp/index.lock index.json; do
		rm -rf "$OCIFP_STORE"
		echo precious >"$T/target"
		pull "$reg_host/app:none" # makes the store
		mkdir -p "$(dirname "$OCIFP_STORE/$place")"
		rm -f "$OCIFP_STORE/$place"
		ln -s "$T/target" "$OCIFP_STORE/$place"
		chmod 700 "$OCIFP_STORE"
		pull "$ref"
		assert_equal "$(cat "$T/target")" precious
	done
}

@test "S16 an output has files of its own: changing them leaves the store sound" {
	serve_image --layers 10k
	pull "$ref"
	assert_pulled
	pull -o "oci:$T/out:one" "$ref"
	assert_status 0
	local file
	for file in "$T"/out/blobs/sha256/*; do
		chmod u+w "$file"
		printf x | dd of="$file" bs=1 conv=notrunc status=none
	done
	assert_sound_store
}

@test "S17 an index.json that is empty, cut or garbage is an error or repaired, never a crash" {
	serve_image
	local damage
	for damage in ': >"$f"' 'truncate -s 20 "$f"' 'echo garbage >"$f"' 'echo "{\"manifests\": 7}" >"$f"'; do
		rm -rf "$OCIFP_STORE"
		pull "$ref"
		assert_pulled
		f=$OCIFP_STORE/index.json
		eval "$damage"
		pull "$ref"
		assert_failed 7
	done
}

@test "S17 a store of a newer version is refused and not written" {
	serve_image
	pull "$ref"
	assert_pulled
	[ -f "$OCIFP_STORE/.ocifp/version" ]
	echo 999 >"$OCIFP_STORE/.ocifp/version"
	(cd "$OCIFP_STORE" && find . -type f -exec sha256sum {} + | sort) >"$T/before"
	mkimage image "$T/reg.root/app" two --layers 3k >/dev/null
	pull "$reg_host/app:two"
	assert_failed 2
	(cd "$OCIFP_STORE" && find . -type f -exec sha256sum {} + | sort) >"$T/after"
	assert_same_file "$T/before" "$T/after"
}

@test "S18 fsck lists what is flipped or missing, and --repair sets it aside" {
	serve_image --layers 10k,20k,30k
	pull "$ref"
	assert_pulled
	local flipped missing
	flipped=$(blob_path "$OCIFP_STORE" "${layers[0]}")
	missing=$(blob_path "$OCIFP_STORE" "${layers[1]}")
	chmod u+w "$flipped"
	printf x | dd of="$flipped" bs=1 seek=600 conv=notrunc status=none
	rm -f "$missing"
	ocifp_run store fsck
	assert_failed 7
	grep -q "${layers[0]#*:}" "$T/stdout" "$T/stderr" || fail "$told"
	grep -q "${layers[1]#*:}" "$T/stdout" "$T/stderr" || fail "$told"
	! grep -q "${layers[2]#*:}" "$T/stdout" "$T/stderr" || fail "$told"
	ocifp_run store fsck --repair
	pull "$ref"
	assert_pulled
	assert_sound_store
}

@test "S18 fsck lists what others may write and what is not a blob, and --repair mends it" {
	serve_image --layers 10k
	pull "$ref"
	assert_pulled
	local open=blobs/sha256/${layers[0]#*:}
	chmod 622 "$OCIFP_STORE/$open"
	echo stray >"$OCIFP_STORE/blobs/sha256/stray"
	ocifp_run store fsck
	assert_failed 7
	assert_equal "$(grep -o "$open: other users can write it\|blobs/sha256/stray: its name is not a digest" "$T/stdout" | sort)" \
		"$(printf '%s\n' "$open: other users can write it" 'blobs/sha256/stray: its name is not a digest' | sort)"
	ocifp_run store fsck --repair
	assert_equal "$(stat -c %a "$OCIFP_STORE/$open")" 400
	[ ! -e "$OCIFP_STORE/blobs/sha256/stray" ] || fail "$told"
	assert_sound_store
}

@test "S09 gc removes what no reference names, and nothing else" {
	serve_image --layers 10k
	pull "$ref"
	assert_pulled
	local old=("$digest" "${layers[@]}")
	serve_image --layers 20k,30k
	pull "$ref"
	assert_pulled
	ocifp_run store gc
	assert_status 0
	assert_stored "$digest" "${layers[@]}"
	refute_stored "${old[0]}"
	assert_sound_store
}

@test "S19 gc goes by what is named and locked, not by clocks" {
	need faketime preload
	serve_image --layers 300k
	rules reg <<<'{"path": "blobs", "action": {"rate_bps": 100000}}'
	spawn pull ocifp pull "${on[@]}" "$ref"
	wait_for is_begun
	find "$OCIFP_STORE" -exec touch -d 2001-01-01 {} +
	ASAN_OPTIONS=verify_asan_link_order=0 split_run timeout 60 faketime -f -1y ocifp store gc --lock-timeout 100ms
	assert_failed 10
	wait_for grep -qx "$reg_host/app@$digest" "$T/pull.out"
	find "$OCIFP_STORE" -exec touch -d 2090-01-01 {} +
	ASAN_OPTIONS=verify_asan_link_order=0 split_run timeout 60 faketime -f +90y ocifp store gc
	assert_status 0
	assert_stored "$digest" "${layers[@]}"
	assert_sound_store
}

is_begun() {
	ls "$OCIFP_STORE/.ocifp/ingest/sha256-${layers[0]#*:}"*.part
}

@test "S20 a result that cannot be written is a local error, and the store is sound" {
	serve_image
	split_run true
	status=0
	ocifp pull "${on[@]}" "$ref" >/dev/full 2>"$T/stderr" 3>&- || status=$?
	assert_failed 10
	status=0
	ocifp pull "${on[@]}" "$ref" >&- 2>"$T/stderr" 3>&- || status=$?
	assert_failed 10
	assert_sound_store
}

@test "S22 few descriptors or little address space end in an error, not a crash" {
	serve_image --count 8 --size 10k
	local limit
	for limit in 12 16 24 48; do
		rm -rf "$OCIFP_STORE"
		status=0
		(ulimit -n $limit && exec timeout 30 ocifp pull "${on[@]}" "$ref") >"$T/stdout" 2>"$T/stderr" 3>&- || status=$?
		# What fails first, a file or a connection, depends on the libraries.
		[ "$status" -le 11 ] || fail "with $limit descriptors: status $status" "$(cat "$T/stderr")"
	done
	pull "$ref"
	assert_pulled
}

@test "S22 too little memory is an error that says so, and the next run succeeds" {
	need no_sanitizers
	serve_image --count 8 --size 10k
	local kib failed=
	for kib in 16000 18000 20000 24000 28000 32000 40000 64000; do
		rm -rf "$OCIFP_STORE"
		split_run bash -c 'ulimit -v "$1" && shift && exec timeout 30 "$@"' bash $kib ocifp pull "${on[@]}" "$ref"
		# 127: the dynamic linker, before there is a program
		[ "$status" -eq 0 ] || [ "$status" -eq 127 ] || { assert_failed 1 && failed=$kib; }
		assert_sound_store
	done
	[ -n "$failed" ] || skip 'no limit was between too little to start and enough'
	pull "$ref"
	assert_pulled
}

# with_processes COUNT COMMAND...: as a user who may have so many
with_processes() {
	split_run setpriv --reuid=4343 --regid=4343 --clear-groups env HOME="$T/user" OCIFP_STORE="$T/user/store" \
		ASAN_OPTIONS="$ASAN_OPTIONS:detect_leaks=0" \
		bash -c 'ulimit -u "$1" && shift && exec "$@"' bash "$@"
}

@test "S22 a user who may start no process or thread pulls; what needs one says so" {
	need root setpriv
	serve_image --layers 3M
	chmod 711 "$T"
	mkdir "$T/user" && chown 4343:4343 "$T/user"
	with_processes 1 ocifp pull "${on[@]}" "$ref"
	assert_status 0
	echo 'file f' | layer one
	layered one one
	local count
	for count in 1 2; do
		with_processes $count ocifp unpack "oci:$T/lay:one" "$T/user/tree"
		assert_failed 1
		assert_stderr_has 'cannot start .*: Resource temporarily unavailable'
		[ ! -e "$T/user/tree" ] || fail 'there is a tree'
	done
	with_processes 20 ocifp unpack "oci:$T/lay:one" "$T/user/tree"
	assert_status 0
}

# ignoring_children COMMAND...: as started by who ignores SIGCHLD
ignoring_children() {
	split_run python3 -c 'import os, signal, sys
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
os.execvp(sys.argv[1], sys.argv[1:])' "$@"
}

@test "S23 who is started with SIGCHLD ignored sees how its children end" {
	serve_image
	mkdir -p "$T/home/.docker" "$T/bin"
	printf '#!/bin/sh\nread host\necho "{\\"Username\\": \\"me\\", \\"Secret\\": \\"pw\\"}"\n' \
		>"$T/bin/docker-credential-good"
	chmod 755 "$T/bin/docker-credential-good"
	echo "{\"credHelpers\": {\"$reg_host\": \"good\"}}" >"$T/home/.docker/config.json"
	PATH=$T/bin:$PATH
	ignoring_children ocifp pull "${on[@]}" "$ref"
	assert_pulled
	echo 'file f' | layer one
	layered one one
	ignoring_children ocifp unpack "oci:$T/lay:one" tree
	assert_status 0
	make_project 'build: "exit 7"'
	ignoring_children ocifp ensure
	assert_failed 11
	assert_stderr_has 'failed with status 7'
}

@test "S23 a process that is stopped and goes on pulls the whole" {
	serve_image --layers 300k
	rules reg <<<'{"path": "blobs", "action": {"rate_bps": 300000}}'
	spawn pull ocifp pull "${on[@]}" "$ref"
	wait_for grep -q blobs "$T/reg.log"
	kill -STOP "$(cat "$T/pids/pull")"
	sleep 1
	kill -CONT "$(cat "$T/pids/pull")"
	wait_for grep -qx "$reg_host/app@$digest" "$T/pull.out"
	assert_stored "$digest" "${layers[@]}"
}

@test "S24 a store that was moved or copied is as good as before" {
	serve_image
	pull "$ref"
	assert_pulled
	mv "$OCIFP_STORE" "$T/moved"
	export OCIFP_STORE=$T/moved
	forget_log reg
	pull "$ref"
	assert_pulled
	assert_requests reg 0 GET blobs
	cp -r "$T/moved" "$T/copied"
	OCIFP_STORE=$T/copied
	assert_sound_store
}

@test "S26 skopeo and umoci read the store" {
	need skopeo umoci
	serve_image --compress gzip
	pull "$ref"
	assert_pulled
	assert_equal "$(umoci ls --layout "$OCIFP_STORE")" "$ref"
	skopeo_copy "oci:$OCIFP_STORE:$ref" "dir:$T/dir"
	assert_same_file "$T/dir/manifest.json" "$(blob_path "$OCIFP_STORE" "$digest")"
	assert_equal "$(jq -r '.manifests[0].digest' "$OCIFP_STORE/index.json")" "$digest"
	assert_equal "$(jq -r '.manifests[0].annotations["org.opencontainers.image.ref.name"]' "$OCIFP_STORE/index.json")" "$ref"
}
