#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Usage: places.sh PLACE[+PLACE...]...     (as root; `all` for each)
#
# `contrib/quickstart check`, on a clean clone of what is committed here, where people run it:
#
#     chroot           root in a plain chroot, with /proc and /dev and nothing else
#     user             an ordinary user of a machine, the packages there, without sudo
#     container        root in a container, with the capabilities and system calls that docker gives it
#     container-user   an ordinary user there
#     spaces           a path with spaces
#     elsewhere        a build folder that is not in the source tree
#     no-home          HOME unset
#     no-ipv6          no IPv6
#     read-only        a source tree that is mounted read-only
#
# user+elsewhere+read-only is all three at once.  `spaces` goes with neither elsewhere nor read-only:
# configure refuses a name of the source that has spaces.
#
# All are Debian 12, by debootstrap; tests/chroot.sh has the other systems.  The last lines are a table.
#
#     CHROOT_DIR         keeps systems, downloaded packages and logs (default: /tmp/ocifp-chroots)
#     QUICKSTART_TESTS   the only tests that are run
set -uo pipefail
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
kept=${CHROOT_DIR:-/tmp/ocifp-chroots}
name=places
# shellcheck source=tests/lib/systems.bash
source "$top/tests/lib/systems.bash"

places='chroot user container container-user spaces elsewhere no-home no-ipv6 read-only'

# make_machine: sets $machine, a system with all packages and the user `tester`, who has subordinate ids;
# one of an earlier run may lack some
make_machine() {
	know bookworm
	machine=$kept/bookworm.machine
	[ -e "$machine" ] || {
		make_fresh bookworm && enter useradd --create-home --shell /bin/bash tester &&
			mv "$kept/$system" "$machine"
	} || return 1
	system=bookworm.machine
	mkdir -p "$kept/debs-$system"
	rm -rf "${kept:?}/$system$source_inside"
	put_source "$kept/$system$source_inside" &&
		enter sh -c "cd $source_inside && ./contrib/quickstart test-packages" &&
		rm -rf "${kept:?}/$system$source_inside"
}

# make_place PLACE DIR: a copy of the machine, with the source in DIR
make_place() {
	system=place-$1
	mkdir -p "$kept/debs-$system"
	rm -rf --one-file-system "${kept:?}/$system"
	cp -a --reflink=auto "$machine" "$kept/$system" &&
		cp /etc/resolv.conf "$kept/$system/etc/resolv.conf" &&
		put_source "$kept/$system$2"
}

# in_plain_chroot COMMAND...: as a handbook tells it; no user namespace can be made in one
# shellcheck disable=SC2016  # the inner shell expands
in_plain_chroot() {
	unshare --mount --pid --fork --kill-child --propagation private bash -euc '
		cd "$1"
		shift
		mount -t proc proc proc
		mount --rbind /dev dev
		exec chroot . "$@"
	' chroot "$kept/$system" env -i TERM=dumb HOME=/root LANG=C.UTF-8 \
		PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$@" </dev/null
}

# docker_profile: from podman's, which also lets a container mount and make namespaces
docker_profile() {
	jq '["mount", "umount", "umount2", "unshare", "setns", "pivot_root", "fsopen", "fsmount", "fsconfig",
		"fspick", "move_mount", "open_tree", "mount_setattr", "keyctl", "add_key", "request_key"] as $denied |
		def rule(names; action): {names: names, action: action, args: [], includes: {}, excludes: {}};
		.syscalls |= map(.names -= $denied + ["clone", "clone3"]) + [
			rule($denied; "SCMP_ACT_ERRNO") + {errnoRet: 1},
			rule(["clone3"]; "SCMP_ACT_ERRNO") + {errnoRet: 38},
			rule(["clone"]; "SCMP_ACT_ALLOW") +
				{args: [{index: 0, value: 2114060288, valueTwo: 0, op: "SCMP_CMP_MASKED_EQ"}]}]' \
		/usr/share/containers/seccomp.json
}

# in_container COMMAND...: crun before 1.9 does not start where control groups are hybrid
# shellcheck disable=SC2016  # the inner shell expands
in_container() {
	local files
	files=$(ulimit -Hn)
	[ "$files" -le 65536 ] 2>/dev/null || files=65536
	docker_profile >"$kept/docker.json" || return 1
	unshare --mount --propagation private sh -c '
		[ ! -e /sys/fs/cgroup/unified ] || umount /sys/fs/cgroup/unified
		exec "$@"' sh podman --log-level error run --rm --network host --cgroups=disabled \
		--ulimit "nofile=$files:$files" --ulimit nproc=8192:8192 \
		--cap-add AUDIT_WRITE,MKNOD,NET_RAW --security-opt "seccomp=$kept/docker.json" \
		--user "$user" --rootfs "$kept/$system" "$@" </dev/null
}

# without_ipv6: the program that starts another where socket(2) says that the kernel knows no IPv6
without_ipv6() {
	cat <<-'PYTHON'
		#!/usr/bin/python3
		import ctypes, os, platform, struct, sys
		SOCKET, AF_INET6 = 41 if platform.machine() == "x86_64" else 198, 10
		EAFNOSUPPORT, ALLOW, ERRNO = 97, 0x7fff0000, 0x00050000
		PR_SET_SECCOMP, FILTER = 22, 2
		program = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *line) for line in [
		    (0x20, 0, 0, 0), (0x15, 0, 3, SOCKET),
		    (0x20, 0, 0, 16), (0x15, 0, 1, AF_INET6),
		    (0x06, 0, 0, ERRNO | EAFNOSUPPORT), (0x06, 0, 0, ALLOW)]))
		libc = ctypes.CDLL(None, use_errno=True)
		if libc.prctl(PR_SET_SECCOMP, FILTER, struct.pack("HL", 6, ctypes.addressof(program))):
		    sys.exit(os.strerror(ctypes.get_errno()))
		os.execvp(sys.argv[1], sys.argv[1:])
	PYTHON
}

# plan PLACE: sets how it is entered, by which user, where the source is, and what is done there.
# For no-ipv6, in a network namespace the sample would get no packages; for read-only, configure is in a
# tree that is released.
plan() {
	local part parts
	entry=enter user=root source=$source_inside directory='' build='' prepare=: environment=() around=()
	read -ra parts <<<"${1//+/ }"
	for part in "${parts[@]}"; do
		case $part in
		chroot) entry=in_plain_chroot ;;
		user) user=tester ;;
		container) entry=in_container ;;
		container-user) entry=in_container user=tester environment=(HOME=/home/tester) ;;
		spaces) source='/usr/src/a path with spaces/ocifp' ;;
		elsewhere) directory=/ build=/var/tmp/build ;;
		no-home) environment=(-u HOME) ;;
		no-ipv6) around=(without-ipv6) ;;
		read-only)
			build=/var/tmp/build
			prepare="cd $source_inside && autoreconf -fi && mount --bind . . && cd . &&
				mount -o remount,ro,bind $source_inside"
			;;
		*) die "'$part' is not one of $places" ;;
		esac
	done
}

# try_place: as planned; a user's login is one, but in a container
try_place() {
	local inside words=(env "${environment[@]}")
	words+=(${QUICKSTART_TESTS:+"QUICKSTART_TESTS=$QUICKSTART_TESTS"} ${build:+"QUICKSTART_BUILD=$build"}
		"$source/contrib/quickstart" check)
	inside="cd $(printf %q "${directory:-$source}") && $(printf '%q ' "${words[@]}")"
	without_ipv6 >"$kept/$system/usr/local/bin/without-ipv6"
	chmod 755 "$kept/$system/usr/local/bin/without-ipv6"
	if [ "$user" = tester ]; then
		chown -R 1000:1000 "$kept/$system$source"
		[ "$entry" = in_container ] || inside="runuser -l tester -c $(printf %q "$inside")"
	fi
	"$entry" "${around[@]}" sh -c "$prepare && $inside"
}

# row PLACE SECONDS LOG: of the table; what was skipped is told in the log, by ability
row() {
	sed -n 's/^quickstart: \([0-9]*\) tests: \([0-9]*\) passed, \([0-9]*\) skipped, \([0-9]*\) failed$/\1 \2 \3 \4/p' "$3" |
		tail -n 1 | {
		read -r tests passed skipped failed || tests='no result'
		printf '%-16s %7s %7s %7s %7s %7s\n' "$1" "$tests" "${passed:-}" "${skipped:-}" "${failed:-}" "$2"
	}
}

main() {
	local place entry user source directory build prepare environment around began failed=0 table
	[ $# -gt 0 ] || die "which of $places?"
	[ "$1" != all ] || { read -ra all <<<"$places" && set -- "${all[@]}"; }
	need_for_systems
	make_machine >"$kept/machine.log" 2>&1 || die "no machine could be made: $kept/machine.log"
	table=$(printf '%-16s %7s %7s %7s %7s %7s' place tests passed skipped failed seconds)
	for place; do
		plan "$place"
		say "$place: its output goes to $kept/$place.log"
		began=$SECONDS
		{ make_place "$place" "$source" && try_place; } >"$kept/$place.log" 2>&1 || {
			failed=$((failed + 1))
			say "FAIL $place"
			tail -n 3 "$kept/$place.log"
		}
		table+=$'\n'$(row "$place" $((SECONDS - began)) "$kept/$place.log")
	done
	echo "$table"
	[ "$failed" -eq 0 ]
}

main "$@"
