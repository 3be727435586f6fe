#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Usage: chroot.sh DIST...            (bookworm, trixie, jammy, noble; as root)
#        chroot.sh -e DIST COMMAND... in the system as the last run left it
#
# Each DIST as a fresh machine: a minimal system by debootstrap, entered with mounts, processes and
# a root of its own.  In it `contrib/quickstart` and then `contrib/quickstart check`, on a clean
# clone of what is committed here.  The last line counts the systems.
#
#     CHROOT_DIR         keeps systems, downloaded packages and logs (default: /tmp/ocifp-chroots)
#     QUICKSTART_TESTS   the only tests that are run
set -uo pipefail
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
kept=${CHROOT_DIR:-/tmp/ocifp-chroots}
name=chroot
# shellcheck source=tests/lib/systems.bash
source "$top/tests/lib/systems.bash"

# try DIST: 0 when both commands passed
try() {
	local log=$kept/$1.log
	make_fresh "$1" >"$log" 2>&1 &&
		enter env ${QUICKSTART_TESTS:+"QUICKSTART_TESTS=$QUICKSTART_TESTS"} sh -c \
			"cd $source_inside && ./contrib/quickstart && ./contrib/quickstart check" >>"$log" 2>&1
}

main() {
	local passed=0 failed=0 dist
	need_for_systems
	[ $# -gt 0 ] || die "which of bookworm, trixie, jammy, noble?"
	if [ "$1" = -e ]; then
		know "$2"
		shift 2
		enter "$@"
		return
	fi
	for dist in "$@"; do
		know "$dist"
		say "$dist: its output goes to $kept/$dist.log"
		if try "$dist"; then
			passed=$((passed + 1))
		else
			failed=$((failed + 1))
			say "FAIL $dist"
		fi
		grep -E '^(quickstart: [0-9]+ tests|failed: |skipped: )|^ +[0-9]+ skipped: ' "$kept/$dist.log" ||
			tail -n 5 "$kept/$dist.log"
	done
	say "$passed passed, $failed failed"
	[ "$failed" -eq 0 ]
}

main "$@"
