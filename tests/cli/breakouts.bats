#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# tests/data/breakouts.txt, case by case: unpacked to one tree in every way that there is, and layer
# by layer as for a job, which has to show the same.

load ../lib/rig
load ../lib/unpack_ways

setup() {
	need python3 ocifp
	rig_setup
	unpack_ways
	more_ways
}

teardown() {
	rig_teardown
}

# Walls and openat2 together, each without the other, neither; and as another user.
more_ways() {
	local real
	real=$(dirname "$(command -v ocifp)")/ocifp-layer
	helper_with bare '#!/bin/sh' "exec '$real' --no-sandbox \"\$@\""
	helper_with walled '#!/bin/sh' "exec '$real' --walk \"\$@\""
	[[ " ${ways[*]} " != *' user '* ]] && ways=() || ways=(user)
	! can subids || ways+=(ranges)
	ways+=(plain bare walled walk)
}

# split_table: $T/cases/NUMBER has the parts of a case: name, layer-0 and so on, then
split_table() {
	awk -v canary="$T/canary" -v top="$T/cases" '
		/^#/ || /^$/ { next }
		{ gsub(/@CANARY@/, canary) }
		/^== / {
			place = sprintf("%s/%03d", top, ++cases)
			layers = 0
			system("mkdir -p " place)
			print substr($0, 4) >(place "/name")
			next
		}
		/^layer$/ { part = place "/layer-" layers++; next }
		/^then$/ { part = place "/then"; next }
		/^\t/ { print substr($0, 2) >part; next }
		{ print "not understood: " $0; exit 1 }
	' "$RIG_TESTS/data/breakouts.txt"
}

# What a case may say of its tree, besides `says PATH TEXT`.
gone() {
	[ ! -e "$out/$1" ] && [ ! -L "$out/$1" ] || fail "'$1' is there"
}

same() {
	[ "$(inodes "$@" | sort -u | wc -l)" -eq 1 ] || fail "'$1' and '$2' are not one file"
}

differ() {
	[ "$(inodes "$@" | sort -u | wc -l)" -eq 2 ] || fail "'$1' and '$2' are not two files"
}

inodes() {
	stat -c %i "$out/$1" || echo none
	stat -c %i "$out/$2" || echo none either
}

leads() {
	[ "$(readlink "$out/$1")" = "$2" ] || fail "'$1' leads to '$(readlink "$out/$1")'"
}

is_refused() {
	[ "$(cat "$case/then")" = refused ]
}

holds() {
	if is_refused; then
		refused_with 7
	else
		unpacked
		[ "$way" != user ] || chmod 711 "$out"
		source "$case/then"
	fi
}

image_of_case() {
	local file
	for file in "$case"/layer-*; do
		python3 "$RIG_LIB/mklayer.py" tar "$file.tar" <"$file"
	done
	layered breakout "$case"/layer-*.tar
}

# on_each_case COMMAND...: with its directory in $case; says at the end what has failed
on_each_case() {
	local name failed=
	split_table
	for case in "$T"/cases/*; do
		name=$(cat "$case/name")
		image_of_case
		# In the background errexit holds, which it would not before `||`.
		"$@" >"$T/case.log" 2>&1 &
		wait $! || failed+=$(printf '\n== %s\n' "$name" && cat "$T/case.log")
	done
	[ -z "$failed" ] || fail "these cases: $failed"
}

@test "no layer gets out of the one tree that it is unpacked to" {
	on_each_case in_each_way breakout holds
}

# As `ocifp run` has them, $way being "layers".
opens_layers() {
	rm -rf "$OCIFP_STORE"
	ocifp pull "oci:$T/lay:breakout" 2>/dev/null >&2
	split_run timeout 60 "$join" "$OCIFP_STORE" "$(cat "$T/digest")"
	assert_canary
	if is_refused; then
		assert_status 1
		assert_stderr_has 'cannot unpack'
	else
		assert_status 0
		shows_the_same
	fi
}

shows_the_same() {
	local how lower
	how=$(head -n 1 "$T/stdout")
	lower=$(tail -n +2 "$T/stdout" | tac | paste -sd :)
	[ "$how" = overlay ] || [[ $lower != *:* ]] || fail "'$how' of several trees"
	way=layers
	out=$T/joined
	mkdir -p "$out" "$T/none"
	lower=$lower:$T/none
	# The newer way, which mount(8) takes by itself since 2.39, ends at 256 bytes.
	export LIBMOUNT_FORCE_MOUNT2=always
	export -f says gone same differ inodes leads fail compare_trees
	export lower case out way T RIG_LIB
	unshare -m bash -ec '
		mount -t overlay overlay -o "ro,userxattr,lowerdir=$lower" "$out"
		source "$case/then"
		compare_trees'
	assert_canary
}

@test "as the lower sides of a job no layer does either, and they show the same" {
	join=${top_builddir:-$(dirname "$(command -v ocifp)")}/tests/lib/open_layers
	need mounts open_layers
	export OCIFP_LIBEXEC
	OCIFP_LIBEXEC=$(dirname "$(command -v ocifp)")
	on_each_case opens_layers
}

# Of a hard link to a file of a lower layer there are two files in an overlay.
compare_trees() {
	rm -rf "$T/flat"
	OCIFP_STORE=$T/flat-store ocifp unpack "oci:$T/lay:breakout" "$T/flat" 2>/dev/null >&2
	python3 "$RIG_LIB/trees.py" compare "$T/flat" "$out" --ignore root,links,directory-mtime >&2
}
