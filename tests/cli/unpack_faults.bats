#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Unpacking where the machine fails, where others meddle, and where a layer is made to take long.

load ../lib/rig
load ../lib/unpack_ways

setup() {
	need python3 ocifp
	rig_setup
	unpack_ways
}

teardown() {
	rig_teardown
}

# many_layers: an image with every kind of entry, in two layers, as "many"
many_layers() {
	layer lower <<-TAR
		dir d mtime=5.5
		file d/f text=f uid=1 gid=1
		hard d/h link=d/f
		link d/l link=f
		fifo d/p
		dir gone
		file gone/x text=x
		file big size=400000
	TAR
	layer upper <<-TAR
		file .wh.gone
		file d/.wh..wh..opq
		dir d mtime=6.5
		file d/new text=new xattr.user.x=1
	TAR
	layered many lower upper
	ocifp pull "oci:$T/lay:many" 2>/dev/null >&2
}

# layer_of_bytes TYPE FILE: an image of this layer as "bytes", whatever TYPE says that it is
layer_of_bytes() {
	python3 "$RIG_LIB/mklayer.py" image "$T/lay" bytes "$2" --media-type "application/vnd.oci.image.layer.v1.$1" >&2
	rm -rf "$T/out"
	split_run strace -f -qq -o "$T/trace" -e trace=execve,execveat \
		ocifp unpack "oci:$T/lay:bytes" "$T/out"
	# ocifp, its helper, and none of the programs that libarchive knows for other compressions.
	grep exec "$T/trace" | grep -v ocifp >"$T/others" || true
	[ ! -s "$T/others" ] || fail "$(cat "$T/others")" "$told"
}

@test "B08 the bytes of a layer say whether it is a tar, gzip or zstd; others are refused, and no program is asked" {
	need unpack_traced strace_arguments zstd xz bzip2
	layer bytes <<<'file f text=content'
	local type way
	gzip -k "$T/bytes"
	zstd -q "$T/bytes"
	for type in tar tar+gzip tar+zstd; do
		for way in bytes bytes.gz bytes.zst; do
			layer_of_bytes $type "$T/$way"
			assert_status 0
			assert_equal "$(cat "$T/out/f")" content
		done
	done
	xz -k "$T/bytes"
	bzip2 -k "$T/bytes"
	python3 -m zipfile -c "$T/bytes.zip" "$T/bytes"
	for type in tar tar+gzip tar+zstd; do
		for way in bytes.xz bytes.bz2 bytes.zip; do
			layer_of_bytes $type "$T/$way"
			assert_failed 7
			[ ! -e "$T/out" ] || fail 'there is a tree' "$told"
		done
	done
}

nothing_is_left() {
	[ ! -e "$T/work/tree" ] || fail 'there is a tree' "$told"
	assert_equal "$(cd "$T/work" && ls -A)" ''
	assert_canary
}

# injected OPTION...: an unpacking where strace makes calls fail
injected() {
	split_run timeout 60 strace -f -qq -o "$T/trace" "$@" \
		ocifp unpack "oci:$T/lay:many" "$T/work/tree"
}

# count_calls NAME: how often it is called when all goes well, by the process that does so most
count_calls() {
	injected -e "trace=$1"
	assert_status 0
	rm -rf "$T/work/tree" "$T/work/tree.owners"
	grep "$1(" "$T/trace" | cut -d ' ' -f 1 | sort | uniq -c | sort -n | tail -n 1 | awk '{ print $1 }'
}

# Each call of the helper's writing, the first, the last and one between, fails in turn.
fails_at() {
	local call=$1 error=$2 count at
	count=$(count_calls "$call")
	[ -n "$count" ] || fail "there is no $call"
	for at in $(printf '%s\n' 1 $(((count + 1) / 2)) "$count" | uniq); do
		injected -e "trace=$call" -e "inject=$call:error=$error:when=$at"
		[ "$status" -eq 10 ] || fail "$call $at of $count failed with $error and nobody cared" "$told"
		assert_failed 10
		nothing_is_left
	done
}

@test "a write that fails leaves nothing and says so" {
	need unpack_traced
	many_layers
	local error
	for error in ENOSPC EIO EDQUOT EROFS; do
		fails_at pwrite64 "$error"
	done
	for call in mkdirat symlinkat linkat mknodat fchmod utimensat; do
		fails_at "$call" EIO
	done
	ocifp_run unpack "oci:$T/lay:many" tree
	assert_status 0
	assert_equal "$(ls tree/d)" new
}

@test "a file that gets more names than the file system gives is the layer's fault" {
	need unpack_traced
	layer linked <<-TAR
		file a text=a
		hard b link=a
	TAR
	layered linked linked
	split_run strace -f -qq -o "$T/trace" -e trace=linkat \
		-e inject=linkat:error=EMLINK ocifp unpack "oci:$T/lay:linked" "$T/work/tree"
	assert_failed 7
	assert_stderr_has "cannot link 'b': Too many links"
	nothing_is_left
}

@test "an attribute that the file system has no place for is not told as a full disk" {
	need unpack_traced
	layer attribute <<-TAR
		file f xattr.user.x=12345
	TAR
	layered attribute attribute
	split_run strace -f -qq -o "$T/trace" -e trace=fsetxattr \
		-e inject=fsetxattr:error=ENOSPC ocifp unpack "oci:$T/lay:attribute" "$T/work/tree"
	assert_failed 10
	assert_stderr_has "cannot set an extended attribute of 'f': 5 bytes are too many for the file system; use another file system"
	nothing_is_left
}

@test "a helper that is killed at a write leaves nothing, and the next one unpacks" {
	need unpack_traced
	many_layers
	local at count
	count=$(count_calls pwrite64)
	for at in $(seq "$count"); do
		injected -e trace=pwrite64 -e "inject=pwrite64:signal=KILL:when=$at"
		assert_failed 1
		assert_stderr_has 'helper was ended by signal 9'
		nothing_is_left
	done
	ocifp_run unpack "oci:$T/lay:many" tree
	assert_status 0
}

@test "a rename that fails at the end leaves nothing" {
	need unpack_traced
	many_layers
	local call
	for call in rename renameat renameat2; do
		[ -n "$(count_calls $call)" ] || continue
		injected -e "trace=$call" -e "inject=$call:error=EIO:when=1"
		assert_failed 10
		nothing_is_left
		return 0
	done
	fail 'nothing is renamed'
}

# fills SIZE IMAGE: a disk of that size is too small for it, and nothing is left there
fills() {
	on_small_disk "$1" ocifp unpack "oci:$T/lay:$2" tree
	assert_failed 10
	assert_stderr_has 'No space left on device'
	assert_equal "$(cat "$T/left")" ''
}

@test "a disk that is full ends it, and what was written is removed" {
	need_small_disks
	layer large <<-TAR
		dir d
		file d/small text=x
		file d/large size=6000000
	TAR
	layer small <<-TAR
		file f text=f
	TAR
	layered large large
	layered small small
	ocifp pull "oci:$T/lay:large" 2>/dev/null >&2
	fills 4m large
	assert_stderr_has "cannot write 'd/large'"
	on_small_disk 4m sh -c '! ocifp unpack "$1" tree && ocifp unpack "$2" tree >&2 && cat tree/f' sh \
		"oci:$T/lay:large" "oci:$T/lay:small"
	assert_status 0
	assert_stdout f
}

@test "no file system that it fills has less than 64 MiB left" {
	need_small_disks
	layer larger <<-TAR
		file d/larger size=60000000
	TAR
	layered larger larger
	ocifp pull "oci:$T/lay:larger" 2>/dev/null >&2
	fills 100m larger
	on_small_disk 200m ocifp unpack "oci:$T/lay:larger" tree
	assert_status 0
}

@test "a full disk ends a job's unpacking too, and no tree is taken for a whole one" {
	need_small_disks
	layer large <<-TAR
		file large size=6000000
	TAR
	gzip "$T/large"
	layered large large.gz
	on_small_disk 4m env OCIFP_STORE="$T/work/store" ocifp run "oci:$T/lay:large" -- true
	assert_failed 125
	assert_stderr_has 'No space left on device'
	on_small_disk 4m sh -c '! ocifp run "$1" -- true; ls -A store/.ocifp/layers' sh "oci:$T/lay:large"
	assert_stdout ''
}

# four_with NAME NUMBER: an image of four layers as "four", of which that one is $T/NAME
four_with() {
	local i layers=(small small small small)
	layers[$2 - 1]=$1
	layered four "${layers[@]}"
}

# told_at_once STATUS TEXT: of the layer $number, not after a helper that stands still
told_at_once() {
	refused_with "$1"
	assert_within 10
	assert_stderr_has "layer $number of 4: .*$2"
}

@test "a layer that fails ends the unpacking at once, however many layers follow" {
	local number
	layer small <<<'file small text=x'
	layer dangling <<<'hard h link=nothing'
	head -c 1000 /dev/urandom >"$T/noise"
	for number in 1 2 3 4; do
		four_with dangling $number
		in_each_way four told_at_once 7 "cannot create 'h': hard link to 'nothing', which does not exist"
		four_with noise $number
		in_each_way four told_at_once 7 'cannot read the tar'
	done
}

@test "a full disk and a missing id end the unpacking at once, however many layers follow" {
	local number=1
	need_small_disks
	need subids
	layer small <<<'file small text=x'
	layer large <<<'file large size=6000000'
	layer beyond <<<'file beyond uid=65537'
	four_with large $number
	ocifp pull "oci:$T/lay:four" 2>/dev/null >&2
	on_small_disk 4m timeout 60 ocifp unpack "oci:$T/lay:four" tree
	assert_failed 10
	assert_within 10
	assert_stderr_has "layer 1 of 4: cannot write 'large': No space left on device"
	four_with beyond $number
	unpack_in ranges four
	told_at_once 7 "cannot set the owner of 'beyond': no ids are mapped for 65537:0"
}

@test "a file that is larger than the user's limit is refused by name" {
	many_layers
	split_run bash -c 'ulimit -f 100; exec ocifp unpack "$1" tree' bash "oci:$T/lay:many"
	assert_failed 10
	assert_stderr_has "cannot write 'big': File too large"
	nothing_is_left
}

# Someone of our own user exchanges directories of the tree that is being made with links to the
# canary, as fast as can be, for OCIFP_TEST_RACE_S seconds in each way.
race() {
	local end
	spawn racer "$T/racer" "$T/way-$way" "$T/canary"
	end=$((SECONDS + ${OCIFP_TEST_RACE_S:-8}))
	raced=0
	while [ $SECONDS -lt $end ]; do
		unpack_in "$way" raced
		# Whether the racer has won, and where, is not known.
		[ "$status" -eq 0 ] || [ "$status" -eq 7 ] || [ "$status" -eq 10 ] || fail "status $status" "$told"
		raced=$((raced + 1))
		assert_canary
	done
	stop racer
	[ "$(cat "$T/racer.out")" -gt 1000 ] || fail "the racer did not get to race: $(cat "$T/racer.out")"
	echo "$raced unpackings, $(cat "$T/racer.out") exchanges" >&2
}

@test "who exchanges directories for links under us leads nothing outside" {
	need cc
	cc -o "$T/racer" "$RIG_LIB/racer.c"
	python3 -c 'print("dir a\ndir a/b\ndir a/b/c\ndir sub")
for i in range(400): print(f"file a/b/c/file text={i} mode=640\ndir a/b/sub mode=700\nfile sub/x{i}\nfile a/link text={i}\nfile a/b/.wh.x{i}\nhard a/b/y{i} link=sub/x{i}")' | layer raced
	layered raced raced
	helper_with bare '#!/bin/sh' "exec '$(dirname "$(command -v ocifp)")/ocifp-layer' --no-sandbox \"\$@\""
	for way in plain bare walk; do
		race
	done
}

# calls_for COUNT PYTHON: of a layer with the lines that PYTHON prints, for range(COUNT)
calls_for() {
	python3 -c "count = range($1)
$2" | layer slow
	layered slow slow
	split_run strace -f -qq -o "$T/trace" \
		ocifp unpack "oci:$T/lay:slow" "$T/work/tree"
	assert_status 0
	rm -rf "$T/work/tree"
	grep -vc -e futex -e poll -e mmap -e munmap "$T/trace"
}

# Twice the entries, twice the calls: not those of each entry for each other one.
takes_linear() {
	local one two
	one=$(calls_for 150 "$1")
	two=$(calls_for 300 "$1")
	[ "$two" -lt $((one * 5 / 2)) ] || fail "from $one to $two calls: $1"
}

@test "whiteouts that come again and again cost no more than others" {
	need unpack_traced
	takes_linear 'for i in count: print(f"file f{i}\nfile .wh..wh..opq")'
	takes_linear 'for i in count: print(f"file d/f{i}\nfile .wh.d")'
	takes_linear 'for i in count: print(f"dir d{i}\nfile d{i}/.wh..wh..opq")'
	takes_linear 'for i in count: print(f"file d/f{i}\nfile d/.wh.x{i}\nfile .wh.d\nfile d/.wh..wh..opq")'
	takes_linear 'for i in count: print(f"file f{i}")
for i in count: print("file .wh..wh..opq")'
}

@test "with subordinate ids a tree has all owners; one without an id is refused" {
	need subids
	layer owned <<-TAR
		file root text=x
		file daemon text=x uid=1 gid=2
		file last text=x uid=65536 gid=65536 mode=4755
		dir closed mode=0 uid=5 gid=5
		file closed/f text=x mode=0 uid=6
		link link link=x uid=7 gid=8
	TAR
	layered owned owned
	unpack_in ranges owned
	unpacked
	[ ! -e "$out.owners" ]
	assert_equal "$(cd "$out" && stat -c '%n %u:%g %a' root daemon last closed closed/f link)" \
		"$(printf '%s\n' 'root 4343:4343 644' 'daemon 300000:300001 644' 'last 365535:365535 4755' \
			'closed 300004:300004 0' 'closed/f 300005:4343 0' 'link 300006:300007 777')"
	local owner
	for owner in uid gid; do
		layer beyond <<-TAR
			file f text=x
			file beyond text=x $owner=65537
		TAR
		layered beyond beyond
		unpack_in ranges beyond
		refused_with 7
		assert_stderr_has "cannot set the owner of 'beyond': no ids are mapped for .*65537"
		assert_stderr_has '/etc/subuid'
	done
}

# owns_all REASON COMMAND...: a user with subordinate ids who unpacks with it
owns_all() {
	local reason=$1
	shift
	out=$T/way-ranges/out
	mkdir -p "$T/way-ranges" && chown 4343:4343 "$T/way-ranges"
	remove_in ranges
	split_run with_ranges 4343 300000 "$@" ocifp unpack "oci:$T/lay:owned" "$out"
	unpacked
	assert_stderr_has "uid 4343 owns all files, and '$out.owners' records their owners .*: $reason"
	assert_equal "$(stat -c %u:%g "$out/daemon")" 4343:4343
	assert_equal "$(tr '\0' '\n' <"$out.owners")" 'owner 1 2 daemon'
}

@test "where there can be no subordinate ids the user owns all files, and is told why" {
	need subids seccomp setpriv
	local unshare=272
	[ "$(uname -m)" = x86_64 ] || unshare=97
	layer owned <<-TAR
		file daemon text=x uid=1 gid=2
	TAR
	layered owned owned
	owns_all 'newuidmap gets no privileges; start ocifp without no_new_privs' setpriv --no-new-privs
	owns_all 'user namespaces are refused: Operation not permitted; ' \
		python3 "$RIG_LIB/without_openat2.py" --call $unshare
}

have_begun() {
	[ "$(wc -l <"$T/begun")" -eq "$1" ]
}

@test "of many layers as many are unpacked at once as there are processors, four at most" {
	local most
	most=$(getconf _NPROCESSORS_ONLN)
	[ "$most" -lt 4 ] || most=4
	local join=${top_builddir:-$(dirname "$(command -v ocifp)")}/tests/lib/open_layers real i layers=()
	need root open_layers
	real=$(dirname "$(command -v ocifp)")/ocifp-layer
	helper_with waiting '#!/bin/sh' "echo begun >>'$T/begun'" \
		"until [ -e '$T/go' ]; do sleep 0.05; done; exec '$real' \"\$@\""
	for i in $(seq 10); do
		layer "layer-$i" <<<"file f$i text=$i"
		layers+=("layer-$i")
	done
	layered ten "${layers[@]}"
	ocifp pull "oci:$T/lay:ten" 2>/dev/null >&2
	OCIFP_LIBEXEC=$T/way-waiting spawn opened "$join" "$OCIFP_STORE" "$(cat "$T/digest")"
	wait_for have_begun "$most"
	sleep 0.5
	have_begun "$most"
	touch "$T/go"
	wait_for have_begun 10
	wait_for grep -q overlay "$T/opened.out"
}
