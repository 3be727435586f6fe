# SPDX-License-Identifier: Apache-2.0
# unpack_ways.bash - images from lines of text, unpacked in every way that there is
#
# A hostile layer has canaries around it: $T/canary, which no unpacking may touch.

# layer NAME: the tar of the lines on stdin (see mklayer.py), as $T/NAME
layer() {
	python3 -S "$RIG_LIB/mklayer.py" tar "$T/$1"
}

# layered TAG NAME...: an image of these layers in $T/lay; the rest as mklayer.py's image
layered() {
	local tag=$1 name words=()
	shift
	for name; do
		case $name in
		--* | */* | sha256:*) words+=("$name") ;;
		*) words+=("$T/$name") ;;
		esac
	done
	python3 -S "$RIG_LIB/mklayer.py" image "$T/lay" "$tag" "${words[@]}" >"$T/digest"
	chmod -R a+rX "$T/lay"
}

# helper_with WAY LINE...: a program ocifp-layer in $T/way-WAY that is a script of these lines
helper_with() {
	local way=$1
	shift
	[ -d "$T/way-$way" ] || mkdir "$T/way-$way"
	printf '%s\n' "$@" >"$T/way-$way/ocifp-layer"
	chmod 755 "$T/way-$way/ocifp-layer"
}

# The ways in which an image can be unpacked here; each has its own store and directory.
#   plain    as we are                      walk     without openat2 and without a sandbox
#   blocked  openat2 answers EPERM          user     as another user, without subordinate ids
#   exported as a tar that GNU tar unpacks, as root
#   userns   as root of a user namespace      ranges   as another user, with subordinate ids
unpack_ways() {
	local real
	real=$(dirname "$(command -v ocifp)")/ocifp-layer
	helper_with walk '#!/bin/sh' "exec '$real' --no-sandbox --walk \"\$@\""
	helper_with blocked '#!/bin/sh' "exec python3 -S '$RIG_LIB/without_openat2.py' '$real' \"\$@\""
	ways=(plain walk)
	! can seccomp || ways+=(blocked)
	! can userns || ways+=(userns)
	! can root || ! tar --version 2>&1 | grep -q GNU || ways+=(exported)
	if can root && can setpriv; then
		ways+=(user)
		mkdir -p "$T/way-user"
		chown 4343:4343 "$T/way-user"
		chmod 711 "$T"
		! can subids || ways+=(ranges)
	fi
	mkdir -p "$T/canary/sub" "$T/etc"
	echo untouched >"$T/canary/file"
	ln -s file "$T/canary/link"
	canary=$(list_canary)
}

# unpack_in WAY TAG: to $T/WAY/out and $out names it; status and streams as ocifp_run has them
unpack_in() {
	local way=$1 tag=$2
	out=$T/way-$way/out
	[ -d "$T/way-$way" ] || mkdir "$T/way-$way"
	[ ! -e "$out" ] && [ ! -e "$out.owners" ] || remove_in "$way"
	case $way in
	plain) OCIFP_STORE=$T/way-$way/store ocifp_run unpack "oci:$T/lay:$tag" "$out" ;;
	exported)
		OCIFP_STORE=$T/way-$way/store ocifp_run export -o "$T/way-$way/tar" "oci:$T/lay:$tag"
		[ "$status" -ne 0 ] || tar_tree "$T/way-$way/tar" "$out"
		;;
	userns)
		split_run env OCIFP_STORE="$T/way-$way/store" unshare -Ur \
			ocifp unpack "oci:$T/lay:$tag" "$out"
		;;
	user)
		split_run setpriv --reuid=4343 --regid=4343 --clear-groups \
			env HOME="$T/way-$way" OCIFP_STORE="$T/way-$way/store" \
			ocifp unpack "oci:$T/lay:$tag" "$out"
		;;
	ranges)
		mkdir -p "$T/user" && chown 4343:4343 "$T/way-$way"
		split_run with_ranges 4343 300000 ocifp unpack "oci:$T/lay:$tag" "$out"
		;;
	*) OCIFP_LIBEXEC=$T/way-$way OCIFP_STORE=$T/way-$way/store ocifp_run unpack "oci:$T/lay:$tag" "$out" ;;
	esac
}

# tar_tree TAR DIRECTORY: what GNU tar makes of it
tar_tree() {
	mkdir "$2"
	tar -C "$2" -xpf "$1" --numeric-owner --xattrs --xattrs-include='*' --delay-directory-restore
}

remove_in() {
	rm -rf "$T/way-$1/out" "$T/way-$1/out.owners" 2>/dev/null || {
		chmod -R u+rwX "$T/way-$1/out"
		rm -rf "$T/way-$1/out" "$T/way-$1/out.owners"
	}
}

# Whoever writes to a file or links to it changes the time that nobody can set.
list_canary() {
	find "$T/canary" -printf '%p %y %m %U %G %n %s %T@ %C@ %i %l\n'
}

assert_canary() {
	local after
	after=$(list_canary)
	[ "$canary" = "$after" ] || fail "the canary was touched: before" "$canary" "and after" "$after"
}

# in_each_way TAG CHECK...: unpacks and then runs CHECK, with $way and $out.  No `||` after it: it would
# switch off errexit, and with it every assertion of CHECK but the last.
in_each_way() {
	local tag=$1
	shift
	for way in "${ways[@]}"; do
		echo "way '$way':"
		unpack_in "$way" "$tag"
		"$@"
		assert_canary
		[ ! -e "$T/way-$way/.out.ocifp" ] || fail "way '$way' left its stage"
	done
}

# Checks: everything went well; or nothing is there, for this status.
unpacked() {
	assert_status 0
	[ -d "$out" ]
}

refused_with() {
	assert_status "$1"
	[ ! -e "$out" ] || fail "'$out' is there all the same"
}

# says PATH TEXT: of a file in the tree
says() {
	[ "$(cat "$out/$1")" = "$2" ] || fail "$1 says '$(cat "$out/$1")', not '$2'"
}
