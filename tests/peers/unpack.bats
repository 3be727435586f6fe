#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Trees beside those of umoci and GNU tar, entry by entry; layers joined by overlayfs beside layers
# unpacked one over the other.

load ../lib/rig
load ../lib/unpack_ways

setup() {
	need python3 tar ocifp
	rig_setup
	unpack_ways
}

teardown() {
	rig_teardown
}

compare() {
	python3 "$RIG_LIB/trees.py" compare "$@" || fail "the trees differ"
}

# real_layers: what a distribution has, in a layer, and changes to it in another
real_layers() {
	tar --ignore-failed-read -C / --numeric-owner --format=pax --xattrs -cf "$T/base" usr/share/doc/bash usr/share/doc/coreutils etc
	gzip "$T/base"
	layer change <<-TAR
		dir etc mtime=3.5
		file etc/passwd text=changed mode=640 uid=0
		file etc/.wh.hostname
		file usr/share/doc/bash/.wh..wh..opq
		dir usr/share/doc/bash
		file usr/share/doc/bash/new text=new mtime=9.000000009
		dir usr
		dir usr/share
		dir usr/share/doc
	TAR
	layered real base.gz change
}

@test "an image of one layer is what GNU tar unpacks" {
	need root
	real_layers
	layered one base.gz
	unpack_in plain one
	unpacked
	mkdir "$T/tar"
	tar -C "$T/tar" --numeric-owner --xattrs --xattrs-include='*' -xpzf "$T/base.gz"
	compare "$T/tar" "$out" --ignore root,directory-mtime
}

@test "an image of two layers is what umoci unpacks" {
	need root umoci
	real_layers
	unpack_in plain real
	unpacked
	umoci raw unpack --image "$T/lay:real" "$T/umoci" >&2
	compare "$T/umoci" "$out" --ignore root,directory-mtime
}

# Tars that readers may understand differently.  Each is what the peers that are named make of it (GNU tar;
# umoci, whose reader is Go's, as containerd's and docker's are), or is refused.

# made_as PEER...: of the layer on stdin
made_as() {
	local peer
	layer odd
	layered odd odd
	unpack_in plain odd
	unpacked
	for peer; do
		rm -rf "${T:?}/$peer"
		mkdir "$T/$peer"
		case $peer in
		gnu) tar -C "$T/gnu" --numeric-owner --xattrs --xattrs-include='user.*' -xpf "$T/odd" ;;
		umoci)
			rmdir "$T/umoci"
			umoci raw unpack --image "$T/lay:odd" "$T/umoci" >&2
			;;
		esac
		compare "$T/$peer" "$out" --ignore root,directory-mtime
	done
}

# refused WHY: the layer on stdin
refused() {
	layer odd
	layered odd odd
	unpack_in plain odd
	refused_with 7
	assert_stderr_has "$1"
	ocifp_run append --platform linux/amd64 -o "oci:$T/appended:one" "$T/odd"
	assert_failed 7
	assert_stderr_has "$1"
}

need_peers() {
	need root umoci
}

gnu="'at.257=ustar\x20\x20\x00'"

# record KEY VALUE: as the text of a pax header
record() {
	local size=$((${#1} + ${#2} + 3))
	size=$((size + ${#size}))
	[ $((${#1} + ${#2} + 3 + ${#size})) -eq $size ] || size=$((size + 1))
	printf '%s %s=%s\\n' $size "$1" "$2"
}

@test "bytes in the sparse fields of a plain file say nothing" {
	need_peers
	made_as gnu umoci <<-TAR
		file f $gnu text=0123456789 at.476=12130404200 at.488=12130627766
		file g $gnu text=0123456789 at.386=00000000001 at.398=00000000005
		file h $gnu text=0123456789 at.482=1
		dir d $gnu at.483=00000001000
		file d/after text=after
	TAR
}

@test "a size of what has no content moves nothing" {
	need_peers
	made_as umoci <<-TAR
		file f text=f
		dir d pax.size=512
		file d/one text=one
		link l link=f pax.size=1024
		file two text=two
		hard h link=f pax.size=512
		file three text=three
		fifo p pax.size=512
		file four text=four
	TAR
	made_as gnu umoci <<-TAR
		file f text=f
		raw d/ type=5 at.124=00000001000
		file d/one text=one
		raw h type=1 link=f at.124=00000001000
		file two text=two
		raw l type=2 link=f at.124=00000001000
		file three text=three
	TAR
	made_as gnu umoci <<-TAR
		raw old/ type='\x00' at.257='\x00\x00\x00\x00\x00\x00\x00\x00' at.124=00000001000
		file old/one text=one
	TAR
}

@test "of headers for the next member the last of a kind counts" {
	need_peers
	made_as gnu umoci <<-TAR
		raw x type=x 'text=$(record path lost)$(record mtime 77)'
		raw x type=x 'text=$(record path found)'
		file f text=f
		raw x type=L text=lost
		raw x type=L text=long
		file g $gnu text=g
		raw x type=K text=lost
		raw x type=K text=long
		link l $gnu link=x
	TAR
	made_as umoci <<-TAR
		file empty pax.path= pax.mtime= text=e
	TAR
	made_as gnu umoci <<-TAR
		file f text=f
		raw x type=x 'text=$(record path nothing)'
	TAR
	refused 'a GNU and a pax header name it' <<-TAR
		raw x type=L text=one
		raw x type=x 'text=$(record path two)'
		file f text=f
	TAR
}

@test "headers for all members, and what access rules say of a mode, count for nobody" {
	need_peers
	made_as gnu <<-TAR
		raw x type=g 'text=$(record comment 0123456789)'
		file f text=f
		file g text=g mode=640 'pax.SCHILY.acl.access=user::rwx,group::rwx,other::rwx'
		file h text=h pax.LIBARCHIVE.xattr.user.a=Yg pax.SCHILY.realsize=1000
	TAR
	! getfattr -n user.a "$out/h" 2>/dev/null || fail 'an attribute that no other reader sets'
}

@test "times before 1970 have their fractions" {
	need_peers
	made_as gnu umoci <<-TAR
		file a text=a pax.mtime=-1.5
		file b text=b pax.mtime=-0.25
		file c text=c pax.mtime=-2
		file d text=d pax.mtime=1.5
	TAR
	assert_equal "$(cd "$out" && stat -c %.2Y a b c d | tr '\n' ' ')" '-1.50 -0.25 -2.00 1.50 '
}

@test "long names as Go once wrote them are whole" {
	need_peers
	made_as umoci <<-TAR
		file f $gnu at.345=one/long/beginning text=f
	TAR
}

# A region of ten bytes at 10 of 40, in each form, and an empty one at the end, as GNU tar writes it.
@test "sparse files of every form have their holes and their bytes" {
	need_peers
	made_as gnu <<-TAR
		raw f type=S $gnu text=0123456789 at.386=00000000012 at.398=00000000012 at.410=00000000050 at.422=00000000000 at.483=00000000050
		file after text=after
	TAR
	local map='2\n10\n10\n40\n0\n'
	made_as gnu umoci <<-TAR
		file a text=0123456789 pax.GNU.sparse.name=a pax.GNU.sparse.size=40 pax.GNU.sparse.numblocks=2 pax.GNU.sparse.map=10,10,40,0
		raw x type=x 'text=$(record GNU.sparse.size 40)$(record GNU.sparse.numblocks 2)$(record GNU.sparse.offset 10)$(record GNU.sparse.numbytes 10)$(record GNU.sparse.offset 40)$(record GNU.sparse.numbytes 0)'
		file b text=0123456789
		file c pax.GNU.sparse.major=1 pax.GNU.sparse.minor=0 pax.GNU.sparse.name=c pax.GNU.sparse.realsize=40 text='$map$(printf '\\x00%.0s' $(seq 499))0123456789'
		file after text=after
	TAR
	for file in a b c; do
		assert_equal "$(od -An -c "$out/$file" | md5sum)" "$(printf '%10s0123456789%20s' '' '' | tr ' ' '\0' | od -An -c | md5sum)"
	done
}

@test "maps of sparse files that do not fit are refused, in every form" {
	local map
	for map in 10,10,5,10 30,10,0,10 0,10 0,30 0,10,35,10 0,10,9223372036854775807,10 -5,20 0,20,40 x ''; do
		refused 'its sparse map does not fit|a pax record is damaged' <<-TAR
			file f text=01234567890123456789 pax.GNU.sparse.major=0 pax.GNU.sparse.minor=1 pax.GNU.sparse.name=f pax.GNU.sparse.size=40 pax.GNU.sparse.numblocks=2 pax.GNU.sparse.map=$map
		TAR
	done
	local old="raw f type=S text=01234567890123456789 at.483=00000000050"
	for map in '00000000000 00000000012 00000000005 00000000012' '00000000036 00000000012 00000000000 00000000012' \
		'00000000000 00000000012 00000000044 00000000012' '00000000000 00000000012 00000000012 00000000011' \
		'00000000000 00000000012 00000000012 00000000013'; do
		set -- $map
		refused 'its sparse map does not fit' <<<"$old $gnu at.386=$1 at.398=$2 at.410=$3 at.422=$4"
	done
	refused 'its sparse map does not fit' <<<"$old at.386=00000000000 at.398=00000000024"
	refused 'its sparse map does not fit' <<-TAR
		dir d pax.GNU.sparse.size=40 pax.GNU.sparse.numblocks=0 pax.GNU.sparse.map=0,0
	TAR
	refused 'a pax record is damaged' <<-TAR
		file f text=0123456789 pax.GNU.sparse.major=2 pax.GNU.sparse.minor=0 pax.GNU.sparse.realsize=40
	TAR
}

@test "headers that readers understand differently are refused" {
	refused 'a link without a target' <<<'hard h'
	refused 'a link without a target' <<<'link l'
	refused 'its size is not a number from 0 to' <<<"file f at.124='\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xfe'"
	refused 'its size is not a number from 0 to' <<<"file f at.124='\x80\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xfe'"
	refused 'its size is not a number from 0 to' <<<"file f at.124=-1"
	refused 'its size is not a number from 0 to' <<<"file f text=0123 at.124='\x00\x00\x00004\x00'"
	refused 'its mode, owner or time is not a number' <<<"file f at.108='12x4'"
	refused 'a header has a wrong checksum' <<<"file f at.148=123456"
	refused 'a pax record is damaged' <<<'file f pax.size=-1'
	refused 'a pax record is damaged' <<<'file f pax.size=1x'
	refused 'a pax record is damaged' <<<"file f pax.path='a\x00b'"
	refused 'a pax record is damaged' <<-TAR
		file f text=f
		raw x type=x 'text=99 path=x'
	TAR
	refused "a file whose name ends in '/'" <<<'raw d/ type=0'
	refused 'it is cut short' <<-TAR
		noend
		raw x type=g at.124=00000001000
	TAR
}

@test "every way makes the same tree" {
	real_layers
	unpack_in plain real
	unpacked
	for way in walk blocked; do
		unpack_in "$way" real
		unpacked
		compare "$T/way-plain/out" "$out" --ignore root
	done
}

# joined TAG HOW: the layers' trees in the store, which are HOW (overlay or flat), show what is in $out
joined() {
	local join=${top_builddir:-$(dirname "$(command -v ocifp)")}/tests/lib/open_layers
	need overlay user_xattrs open_layers
	ocifp pull "oci:$T/lay:$1" >&2
	OCIFP_LIBEXEC=$(dirname "$(command -v ocifp)") "$join" "$OCIFP_STORE" "$(cat "$T/digest")" >"$T/paths"
	assert_equal "$(head -n 1 "$T/paths")" "$2"
	if [ "$2" = flat ]; then
		compare "$out" "$(tail -n +2 "$T/paths")"
		return
	fi
	mkdir -p "$T/joined"
	LIBMOUNT_FORCE_MOUNT2=always unshare -m sh -c "mount -t overlay overlay -o ro,userxattr,lowerdir=$(tail -n +2 "$T/paths" | tac | paste -sd :) $T/joined &&
		python3 $RIG_LIB/trees.py compare $out $T/joined --ignore root,links,directory-mtime" ||
		fail "the trees differ"
}

@test "layers joined by an overlay show what unpacking them shows" {
	real_layers
	unpack_in plain real
	unpacked
	joined real overlay
}

# all_alike TAG HOW: umoci's tree, ours, and what a job would get
all_alike() {
	need umoci
	rm -rf "$T/umoci"
	umoci raw unpack --image "$T/lay:$1" "$T/umoci" >&2
	unpack_in plain "$1"
	unpacked
	compare "$T/umoci" "$out" --ignore "root,directory-mtime"
	joined "$1" "$2"
}

@test "owners that are given back, and modes behind links that go, are those of umoci" {
	need root
	layer lower <<-TAR
		dir .
		dir a uid=1000 gid=1000 xattr.user.x=1
		file a/f uid=1000
		dir d
		link c link=d
		dir c/a mode=750
		dir e uid=5
		dir e mode=700
	TAR
	layer upper <<-TAR
		dir a
		file a/f
		dir c
	TAR
	layered back lower upper
	all_alike back overlay
}

@test "whiteouts below what is not a directory are those of umoci" {
	need root
	layer lower <<-TAR
		dir .
		dir a
		file a/a
		dir b
		file b/y
		link s link=b/y
		dir c
	TAR
	layer upper <<-TAR
		file a
		file a/.wh.a
		file .wh.c
		file c/.wh.x
		file n
	TAR
	layered above lower upper
	all_alike above overlay
	layer upper <<-TAR
		file b/y/z/.wh.q
		file b/y/.wh..wh..opq
		file s/.wh.x
	TAR
	layered below lower upper
	all_alike below flat
}

@test "a layer that takes its helper over becomes no layer of another image" {
	local join=${top_builddir:-$(dirname "$(command -v ocifp)")}/tests/lib/open_layers
	need root open_layers
	layer honest <<-TAR
		file honest text=honest
	TAR
	layer hostile <<-TAR
		file hostile text=hostile
	TAR
	export OCIFP_LIBEXEC
	layered hostile hostile --diff-id "sha256:$(sha256sum <"$T/honest" | cut -d ' ' -f 1)"
	ocifp pull "oci:$T/lay:hostile" >&2
	helper_with liar '#!/bin/sh' "exec python3 '$RIG_LIB/lying_helper.py' \"\$@\""
	OCIFP_LIBEXEC=$T/way-liar
	"$join" "$OCIFP_STORE" "$(cat "$T/digest")" >"$T/paths"
	[ -e "$(tail -n 1 "$T/paths")/poison" ] || fail "the false helper did nothing"
	layered honest honest
	ocifp pull "oci:$T/lay:honest" >&2
	OCIFP_LIBEXEC=$(dirname "$(command -v ocifp)")
	"$join" "$OCIFP_STORE" "$(cat "$T/digest")" >"$T/paths"
	assert_equal "$(ls "$(tail -n 1 "$T/paths")")" honest
}

@test "a layer whose diff_id is wrong is refused, though its tree is there by the right one" {
	local join=${top_builddir:-$(dirname "$(command -v ocifp)")}/tests/lib/open_layers
	need open_layers
	layer f <<-TAR
		file f text=f
	TAR
	export OCIFP_LIBEXEC
	OCIFP_LIBEXEC=$(dirname "$(command -v ocifp)")
	layered right f
	ocifp pull "oci:$T/lay:right" >&2
	"$join" "$OCIFP_STORE" "$(cat "$T/digest")" >&2
	layered wrong f --diff-id "sha256:$(printf '%064d' 0)"
	ocifp pull "oci:$T/lay:wrong" >&2
	! "$join" "$OCIFP_STORE" "$(cat "$T/digest")" >&2 || fail "it was taken"
}

@test "gc removes trees of images that have gone, and no others" {
	local join=${top_builddir:-$(dirname "$(command -v ocifp)")}/tests/lib/open_layers
	need open_layers
	layer f <<-TAR
		dir locked mode=0
		file locked/f text=f
	TAR
	layered f f
	ocifp pull "oci:$T/lay:f" >&2
	export OCIFP_LIBEXEC
	OCIFP_LIBEXEC=$(dirname "$(command -v ocifp)")
	"$join" "$OCIFP_STORE" "$(cat "$T/digest")" >&2
	ocifp store gc >&2
	[ "$(ls "$OCIFP_STORE/.ocifp/layers" | wc -l)" -eq 1 ]
	ocifp store rm "oci:$T/lay:f" >&2
	# In use: it stays.
	timeout 60 "$join" "$OCIFP_STORE" "$(cat "$T/digest")" sh -c 'ocifp store gc >&2'
	[ "$(ls "$OCIFP_STORE/.ocifp/layers" | wc -l)" -eq 1 ]
	ocifp store gc >&2
	[ -z "$(ls "$OCIFP_STORE/.ocifp/layers")" ]
}
