#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Usage: full.sh SOURCE WORK [STEP...]     (by `make check-full` or `make check-full STEPS=fuzz`)
#
# The checks that take long.  Each builds in a directory of its own below WORK; SOURCE is a tree
# that was never configured.  What is missing here is said and counted, not passed over.
#
#     FUZZ_SECONDS   for each fuzz target (default: 60)
set -uo pipefail
source=$(cd "$1" && pwd)
work=$(mkdir -p "$2" && cd "$2" && pwd)
shift 2
wanted=$*
jobs=$(nproc)
passed=0 failed=0 skipped=0

say() {
	echo "check-full: $*"
}

# step NAME TOOL COMMAND...: runs it when TOOL is there, in WORK/NAME, and counts.
step() {
	local name=$1 tool=$2
	shift 2
	[[ -z $wanted || " $wanted " == *" $name "* ]] || return 0
	if ! command -v "$tool" >/dev/null; then
		say "SKIP $name: $tool is missing"
		skipped=$((skipped + 1))
		return
	fi
	mkdir -p "$work/$name"
	say "$name"
	if (cd "$work/$name" && "$@"); then
		passed=$((passed + 1))
	else
		say "FAIL $name"
		failed=$((failed + 1))
	fi
}

# build [VARIABLE=VALUE...] [--enable-X...]: configured so, and all programs made
build() {
	"$source/configure" --quiet "$@" && make --silent -j "$jobs" all
}

# One target after the other; a finding stays in the directory, as crash-*, leak-* or timeout-*.
fuzz() {
	local target name
	"$source/configure" --quiet CC=clang CFLAGS='-O1 -g' --enable-fuzzing \
		--enable-sanitizers=address,undefined && make --silent -j "$jobs" ocifp-layer || return 1
	export OCIFP_LIBEXEC=$PWD
	for target in "$source"/tests/fuzz/fuzz_*.c; do
		name=$(basename "$target" .c)
		mkdir -p "new-$name"
		make --silent -j "$jobs" "tests/fuzz/$name" || return 1
		"tests/fuzz/$name" -max_total_time="${FUZZ_SECONDS:-60}" -timeout=10 -rss_limit_mb=1024 \
			-print_final_stats=1 -verbosity=0 "new-$name" \
			"$source/tests/fuzz/corpus/${name#fuzz_}" || return 1
	done
}

# The unit tests: what runs threads is tested there.
threads() {
	local tests
	build CFLAGS='-O1 -g' --enable-sanitizers=thread || return 1
	tests=$(cd "$source" && find tests/unit -name 'test_*.c' | sed 's/\.c$//' | LC_ALL=C sort)
	make --silent -j "$jobs" check TESTS="$(echo "$tests" | tr '\n' ' ')"
}

# What `make check` does in small: many more kills, longer races, much larger images.
large() {
	local tests='tests/peers/kill.bats tests/peers/memory.bats tests/peers/unpack_images.bats'
	build CFLAGS='-O2 -g' || return 1
	OCIFP_TEST_SECONDS=3600 OCIFP_TEST_KILLS=200 OCIFP_TEST_PULL_MIB=2048 OCIFP_TEST_RACE_S=60 OCIFP_TEST_LARGE=1 \
		make --silent check TESTS="$tests tests/cli/unpack_faults.bats"
}

# The image of .ocifp.yaml with all its packages, from the distribution's mirror.
ci_image() {
	build CFLAGS='-O2 -g' || return 1
	OCIFP_TEST_CI_PACKAGES=all make --silent check TESTS=tests/peers/ci_image.bats
}

# gcc 12 takes what a cleanup attribute reads for uninitialized; clang-tidy looks for that too.
analyzer() {
	build CC=gcc CFLAGS='-O1 -fanalyzer -Wno-analyzer-use-of-uninitialized-value' --enable-werror
}

# shellcheck disable=SC2016  # the inner shell expands
tidy() {
	"$source/configure" --quiet CC=clang || return 1
	find "$source/src" -name '*.c' -print0 | xargs -0 -n 4 -P "$jobs" sh -c '
		config=$1 source=$2
		shift 2
		clang-tidy --quiet "$@" -- -std=gnu11 -include "$config" -I"$source/src" \
			-DLIBEXECDIR=\"\"
	' tidy "$PWD/config.h" "$source"
}

# It cannot parse statement expressions (TAKE_PTR), and -D cuts at a semicolon, so the loops of
# jansson are given as while().  What a struct of the caller's points to lives as long as the call.
cppcheck_all() {
	cppcheck --quiet --std=c11 --enable=warning,portability --inline-suppr --error-exitcode=1 \
		--suppress=autoVariables -j "$jobs" -D_GNU_SOURCE -UTAKE_PTR -UTAKE_FD -I "$source/src" \
		'-Djson_array_foreach(array,index,value)=while((value=json_array_get(array,(index=next()))))' \
		'-Djson_object_foreach(object,key,value)=while((value=next(object,&key)))' \
		"$source/src"
}

# Compiled for macOS, FreeBSD and musl.
other_systems() {
	top_srcdir=$source top_builddir=$PWD "$source/tests/lint/portable.sh" >portable.log
	cat portable.log
	! grep -q '^not ok' portable.log
}

# Control groups and Landlock as Debian has them, AppArmor as Ubuntu has it.
vm() {
	local dist status=0
	[ "$(id -u)" -eq 0 ] || {
		say "not root: no machine was started"
		return
	}
	for dist in trixie noble; do
		CHROOT_DIR=$PWD "$source/tests/vm.sh" "$dist" || status=1
	done
	return $status
}

step targets python3 other_systems
step fuzz clang fuzz
step tsan gcc threads
step large bats large
step ci_image debootstrap ci_image
step analyzer gcc analyzer
step tidy clang-tidy tidy
step cppcheck cppcheck cppcheck_all
step vm qemu-system-x86_64 vm
say "$passed passed, $skipped skipped, $failed failed"
[ "$failed" -eq 0 ]
