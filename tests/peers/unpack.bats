#!/usr/bin/env bats
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
	tar -C / --numeric-owner --format=pax --xattrs -cf "$T/base" usr/share/doc/bash usr/share/doc/coreutils etc
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
	need umoci
	need root
	real_layers
	unpack_in plain real
	unpacked
	umoci raw unpack --image "$T/lay:real" "$T/umoci" >&2
	compare "$T/umoci" "$out" --ignore root,directory-mtime
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

@test "layers joined by an overlay show what unpacking them shows" {
	local join=${top_builddir:-$(dirname "$(command -v ocifp)")}/tests/lib/open_layers
	need overlay user_xattrs open_layers
	real_layers
	unpack_in plain real
	unpacked
	ocifp pull "oci:$T/lay:real" >&2
	OCIFP_LIBEXEC=$(dirname "$(command -v ocifp)") "$join" "$OCIFP_STORE" "$(cat "$T/digest")" >"$T/paths"
	assert_equal "$(head -n 1 "$T/paths")" overlay
	mkdir "$T/joined"
	LIBMOUNT_FORCE_MOUNT2=always unshare -m sh -c "mount -t overlay overlay -o ro,userxattr,lowerdir=$(tail -n +2 "$T/paths" | tac | paste -sd :) $T/joined &&
		python3 $RIG_LIB/trees.py compare $out $T/joined --ignore root,links,directory-mtime" ||
		fail "the trees differ"
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
