#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Real images beside the trees that umoci and GNU tar make of them: as root, as a user with subordinate
# ids and as one without.  With OCIFP_TEST_LARGE set also a toolchain of 50,000 files.

load ../lib/rig
load ../lib/unpack_ways

setup() {
	need root python3 tar umoci ocifp
	rig_setup
	unpack_ways
}

teardown() {
	rig_teardown
}

compare() {
	python3 "$RIG_LIB/trees.py" compare "$@" || fail "the trees differ: $*"
}

# tar_unpacks TAG DIRECTORY: layer by layer; whiteouts, and files where there were directories, by hand
tar_unpacks() {
	local number=0 count name
	count=$(manifest_of "$T/lay" "$1" | jq '.layers | length')
	mkdir "$2"
	while [ "$number" -lt "$count" ]; do
		layer_tar "$T/lay" "$1" "$number" >"$T/tar"
		tar -tf "$T/tar" >"$T/names"
		while read -r name; do
			case ${name##*/} in
			.wh..wh..opq) find "$2/${name%.wh..wh..opq}" -mindepth 1 -delete ;;
			.wh.*) rm -rf "${2:?}/${name%.wh.*}${name##*.wh.}" ;;
			'') ;;
			*) [ ! -d "$2/$name" ] || rm -rf "${2:?}/$name" ;;
			esac
		done <"$T/names"
		tar -C "$2" --numeric-owner --xattrs --xattrs-include='*' --exclude='.wh.*' -xpf "$T/tar"
		number=$((number + 1))
	done
}

# compares_as_root TAG, and the others: $out is the tree of each
compares_as_root() {
	unpack_in plain "$1"
	unpacked
	compare "$T/umoci" "$out" --ignore root,directory-mtime
	compare "$T/tar-tree" "$out" --ignore root,directory-mtime
	unpack_in walk "$1"
	compare "$T/way-plain/out" "$out" --ignore root
}

compares_with_ranges() {
	[[ " ${ways[*]} " == *' ranges '* ]] || return 0
	unpack_in ranges "$1"
	unpacked
	compare "$T/way-plain/out" "$out" --ignore root --ranges 4343:300000
}

compares_as_user() {
	unpack_in user "$1"
	unpacked
	touch "$out.owners"
	compare "$T/way-plain/out" "$out" --ignore root,capabilities --owners "$out.owners"
	mkdir "$T/rootless" && chown 4343:4343 "$T/rootless"
	setpriv --reuid=4343 --regid=4343 --clear-groups env HOME="$T/rootless" \
		umoci raw unpack --rootless --image "$T/lay:$1" "$T/rootless/tree" >&2
	compare "$T/rootless/tree" "$out" --ignore root,directory-mtime,owner,xattrs
}

compares_with_peers() {
	chmod -R a+rX "$T/lay"
	umoci raw unpack --image "$T/lay:$1" "$T/umoci" >&2
	tar_unpacks "$1" "$T/tar-tree"
	compares_as_root "$1"
	compares_with_ranges "$1"
	compares_as_user "$1"
}

# buildah_image TAG: a layer with capabilities, set-id bits and odd names; one that removes and replaces
buildah_image() {
	local container root
	need buildah_mounts file_capabilities busybox
	container=$(rig_buildah from scratch)
	root=$(rig_buildah mount "$container")
	mkdir -p "$root"/{bin,gone/deep,emptied/deep,replaced,link-to-be}
	cp "$(command -v busybox)" "$root/bin/busybox"
	ln "$root/bin/busybox" "$root/bin/sh"
	ln -s busybox "$root/bin/ls"
	cp "$root/bin/busybox" "$root/bin/ping" && setcap cap_net_raw+ep "$root/bin/ping"
	cp "$root/bin/busybox" "$root/bin/clock" && setcap cap_sys_time,cap_net_admin+eip "$root/bin/clock"
	cp "$root/bin/busybox" "$root/bin/su" && chmod 4755 "$root/bin/su"
	mkdir -m 1777 "$root/tmp" && mkdir -m 2770 "$root/shared" && chown 33:44 "$root/shared"
	touch "$root"/gone/{a,deep/b} "$root"/emptied/{a,deep/b} "$root"/replaced/x "$root/link-to-be/x" "$root/removed"
	printf x >"$root/$(printf 'odd \n name')" && mkfifo -m 620 "$root/pipe"
	rig_buildah commit -q "$container" base >&2
	container=$(rig_buildah from base)
	root=$(rig_buildah mount "$container")
	rm -r "$root/gone" "$root/emptied" "$root/replaced" "$root/link-to-be" "$root/removed"
	mkdir "$root/emptied" && touch "$root/emptied/new"
	echo file >"$root/replaced" && ln -s gone "$root/link-to-be"
	setcap -r "$root/bin/clock" && chown 7:8 "$root/bin/clock" && chmod 711 "$root/bin/clock"
	setcap cap_net_raw+ep "$root/bin/clock"
	rig_buildah commit -q "$container" changed >&2
	rig_buildah push -q changed "oci:$T/lay:$1" >&2
}

@test "an image that buildah made, with whiteouts and capabilities, is what the others make of it" {
	buildah_image built
	local names
	names=$(layer_names "$T/lay" built 1)
	[[ $names == *.wh.gone* ]] || fail "no whiteouts in it: $names"
	compares_with_peers built
	assert_equal "$(getcap -n "$T/way-plain/out/bin/ping" 2>/dev/null | grep -c cap_net_raw)" 1
	[ ! -e "$T/way-plain/out/emptied/a" ] && [ -e "$T/way-plain/out/emptied/new" ]
}

@test "a file's capability is that of the user namespace which the tree is for" {
	need subids
	need setcap getcap
	cp /bin/true "$T/ping" && setcap cap_net_raw+ep "$T/ping"
	tar -C "$T" --format=pax --xattrs --xattrs-include='*' -cf "$T/caps" ping
	layered caps caps
	unpack_in ranges caps
	unpacked
	assert_equal "$(getcap -n "$out/ping")" "$out/ping cap_net_raw=ep [rootid=4343]"
	unpack_in user caps
	unpacked
	assert_equal "$(getcap "$out/ping")" ''
	assert_stderr_has 'extended attributes of the image that were skipped: 1'
}

@test "a toolchain of 50,000 files is what the others make of it" {
	[ -n "${OCIFP_TEST_LARGE:-}" ] || skip 'takes minutes (OCIFP_TEST_LARGE=1)'
	export OCIFP_TEST_LIMIT_S=600
	toolchain_root "$T/tools" gcc,g++,make,python3,perl,cmake-data,golang-src,libboost-dev,"linux-headers-$(dpkg --print-architecture)"
	rm -rf "$T"/tools/dev "$T"/tools/var/cache/apt/archives/*
	[ "$(find "$T/tools" | wc -l)" -gt 50000 ] || fail "too few: $(find "$T/tools" | wc -l)"
	tar -C "$T/tools" --format=pax --xattrs --xattrs-include='*' --numeric-owner -cf "$T/tools.tar" .
	gzip -1 "$T/tools.tar"
	layered tools tools.tar.gz
	compares_with_peers tools
	compare "$T/tools" "$T/way-plain/out" --ignore root
}
