#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# A disk that fills while something is written to it: S03, T28, R10.

load ../lib/rig
load ../lib/unpack_ways

setup() {
	need python3 jq ocifp
	rig_setup
	need_small_disks
}

teardown() {
	rig_teardown
}


# fills_meanwhile GLOB COMMAND...: once there is such a file that has bytes, its disk is filled
fills_meanwhile() {
	on_small_disk 40m bash -c 'glob=$1 && shift
		"$@" & pid=$!
		until for file in $glob; do [ -s "$file" ] && break; done; do sleep 0.01; done
		head -c 100m /dev/zero >fill 2>/dev/null
		wait "$pid"; status=$?
		[ -z "${then:-}" ] || { rm fill && eval "$then" || exit 99; }
		exit $status' bash "$@"
}

# A layer of which a second part comes late
serve_slow() {
	serve_image --layers 30k,900k
	rules reg <<-JSON
		{"path": "blobs/${layers[1]}", "nth": 1, "action": {"stall_after": 200000, "stall_s": 2}}
	JSON
}

@test "S05 an image that does not fit is refused before a layer is asked for" {
	serve_image --layers 3M,3M
	local out
	for out in '' '-o oci:lay:one'; do
		# shellcheck disable=SC2086
		on_small_disk 4m env OCIFP_STORE="$T/work/store" ocifp pull --status-file "$T/failed.json" \
			"${on[@]}" $out "$ref"
		assert_no_space
		assert_stderr_has "has room for [34][.0-9]* MB, not for 6[.0-9]* MB"
		assert_requests reg 0 GET "blobs/${layers[0]}|blobs/${layers[1]}"
	done
}

@test "S03 a disk that fills during a download: what was finished is kept, and the next run goes on" {
	serve_slow
	export OCIFP_STORE=$T/work/store
	then="ocifp store fsck >&2 && ocifp pull ${on[*]} $ref >$T/second" \
		fills_meanwhile "store/.ocifp/ingest/sha256-${layers[1]#*:}.part" \
		ocifp pull --status-file "$T/failed.json" "${on[@]}" "$ref"
	[ "$status" -eq 10 ] || fail 'not a local error, or the next run failed' "$told"
	assert_equal "$(cat "$T/second")" "$reg_host/app@$digest"
	assert_equal "$(jq -r .error.class "$T/failed.json")" space
	assert_stderr_has 'No space left on device; free some space there'
	assert_requests reg 1 GET "blobs/${layers[0]}"
	assert_requests reg 2 GET "blobs/${layers[1]}"
}

@test "S03 a disk that fills under a layout or an archive that is written" {
	serve_slow
	fills_meanwhile "lay/.ocifp/ingest/sha256-${layers[1]#*:}.part" \
		ocifp pull --status-file "$T/failed.json" "${on[@]}" -o oci:lay:one "$ref"
	assert_no_space
	serve_slow
	ocifp pull "${on[@]}" "$ref" >/dev/null
	local kind
	for kind in oci-archive docker-archive; do
		on_small_disk 400k ocifp pull --status-file "$T/failed.json" "${on[@]}" -o "$kind:file" "$ref"
		assert_no_space
		assert_equal "$(cat "$T/left")" ''
	done
	on_small_disk 400k sh -c 'exec "$@" >file' sh \
		ocifp pull --status-file "$T/failed.json" "${on[@]}" -o oci-archive:- "$ref"
	assert_no_space
}

@test "S03 a disk that is full under a layout that is pushed to, copied to or added to" {
	make_source --layers 900k
	local words
	for words in "push oci:$T/src:one oci:lay:one" "copy oci:$T/src:one oci:lay:one" \
		"copy oci:$T/src:one oci-archive:file"; do
		on_small_disk 400k ocifp $words --status-file "$T/failed.json"
		assert_no_space
	done
	mkdir "$T/data"
	head -c 900k /dev/urandom >"$T/data/big"
	on_small_disk 400k ocifp append --status-file "$T/failed.json" --base "oci:$T/src:one" \
		-o oci:lay:two "$T/data"
	assert_no_space
}

@test "T28 a disk that is full under a tree that is unpacked" {
	layer large <<-TAR
		dir d
		file d/large size=6000000
	TAR
	layered large "$T/large"
	ocifp pull "oci:$T/lay:large" >/dev/null
	on_small_disk 4m ocifp unpack --status-file "$T/failed.json" "oci:$T/lay:large" tree
	assert_no_space
	assert_equal "$(cat "$T/left")" ''
}

@test "C06 a cache that does not fit on the disk is not begun, and the job goes on" {
	local saved=(--path tree --key key --repository "oci:$T/caches")
	mkdir tree
	head -c 6000000 /dev/urandom >tree/large
	echo 1 >key
	ocifp cache save "${saved[@]}" --push always >&2
	on_small_disk 4m sh -c 'echo 1 >key && exec ocifp cache restore "$@"' sh "${saved[@]}"
	assert_status 0
	[[ $stdout == 'cache default: not restored: '*': it takes 7'?.?' MB, and '*' are free' ]] || fail "$told"
	assert_equal "$(cat "$T/left")" key
	on_small_disk 4m sh -c 'echo 1 >key && exec ocifp cache restore "$@"' sh "${saved[@]}" --strict \
		--status-file "$T/failed.json"
	assert_failed 10
	assert_equal "$(jq -r .error.class "$T/failed.json")" space
	assert_equal "$(cat "$T/left")" key
}

# on_full_disk COMMAND...: with a store that has app:one, app:two and the volume v
on_full_disk() {
	on_small_disk 4m env OCIFP_STORE="$T/work/store" sh -c '
		ocifp pull --platform linux/amd64 "$1/app:one" >&2 && ocifp pull --platform linux/amd64 "$1/app:two" >&2 || exit 97
		mkdir -m 700 store/.ocifp/volumes store/.ocifp/kept && mkdir store/.ocifp/volumes/v store/.ocifp/kept/r &&
			touch store/.ocifp/volumes/v/file store/.ocifp/kept/r/file
		head -c 100m /dev/zero >fill 2>/dev/null
		if echo x 2>/dev/null >more; then exit 98; fi
		shift && "$@"' sh "$reg_host" "$@"
}

@test "S03 what is in the store can be removed when the disk is full" {
	serve_image --layers 100k
	mkimage image "$T/reg.root/app" two --layers 100k >/dev/null
	local way
	for way in "$reg_host/app:one" "$reg_host/app:one $reg_host/app:two" '--volume v' '--root r'; do
		on_full_disk sh -c 'ocifp store rm "$@" && ocifp store gc >&2 && ocifp store fsck' sh $way
		assert_status 0
	done
	# Again and again, until nothing is left.
	on_full_disk sh -c 'ocifp store rm "$0/app:one" && echo "$(dd if=/dev/zero bs=4k of=fill2 2>/dev/null)" &&
		ocifp store rm "$0/app:two" && ocifp store gc >&2 && ls store/blobs/sha256' "$reg_host"
	assert_status 0
	assert_stdout ''
}

# With a layout that another tool made, one that ocifp made, and no room for one byte more
remove_tags_on_full_disk() {
	# shellcheck disable=SC2016
	on_small_disk 4m env sh -c '
		cp -r "$1" foreign && ocifp copy "oci:$1:one" oci:own:one && ocifp copy "oci:$1:two" oci:own:two || exit 97
		head -c 100m /dev/zero >fill 2>/dev/null
		if echo x 2>/dev/null >more; then exit 98; fi
		for layout in foreign own; do
			ocifp rm "oci:$layout:one" && jq -c "[.manifests[].annotations.\"org.opencontainers.image.ref.name\"]" "$layout/index.json" || exit 99
		done' sh "$T/src"
}

@test "S03 a tag can be removed from a layout on a full disk, whoever made the layout" {
	make_source --layers 100k
	mkimage image "$T/src" two --layers 100k >/dev/null
	remove_tags_on_full_disk
	assert_status 0
	assert_equal "$(grep two "$T/stdout")" $'["two"]\n["two"]'
}

@test "R10 a disk that is full when what a job wrote is committed" {
	need_engines
	busybox_root "$T/root"
	root_image "$T/base" one "$T/root"
	on_small_disk 24m env OCIFP_STORE="$T/work/store" ocifp run --status-file "$T/failed.json" \
		--commit localhost/new:one "oci:$T/base:one" -- \
		sh -c 'head -c 9m /dev/urandom >/made'
	assert_no_space 125
}

@test "S03 a quota that is used up is told as a full disk is" {
	need strace
	serve_image --layers 300k
	split_run strace -f -qq -o "$T/trace" -e trace=pwrite64 \
		-e inject=pwrite64:error=EDQUOT:when=2 \
		ocifp pull --status-file "$T/failed.json" "${on[@]}" "$ref"
	assert_failed 10
	assert_stderr_has '[Qq]uota exceeded; free some space there'
	assert_equal "$(jq -r .error.class "$T/failed.json")" space
}
