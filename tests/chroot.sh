#!/bin/bash
# Usage: chroot.sh DIST...            (bookworm, trixie, jammy, noble; as root)
#        chroot.sh -e DIST COMMAND... in the system as the last run left it
#
# Each DIST as a fresh machine: a minimal system by debootstrap, entered with mounts, processes and
# a root of its own.  In it `contrib/quickstart` and then `contrib/quickstart check`, on a clean
# clone of what is committed here.  The last line counts the systems.
#
#     CHROOT_DIR   keeps systems, downloaded packages and logs (default: /tmp/ocifp-chroots)
set -uo pipefail
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
kept=${CHROOT_DIR:-/tmp/ocifp-chroots}
source_inside=/usr/src/ocifp

say() {
	echo "chroot: $*"
}

die() {
	say "$*" >&2
	exit 1
}

# Sets mirror, keyring and script: all Ubuntus go by one, and debootstrap may be older than they.
know() {
	case $1 in
	bookworm | trixie)
		mirror=${DEBIAN_MIRROR:-http://deb.debian.org/debian}
		keyring=/usr/share/keyrings/debian-archive-keyring.gpg
		script=sid
		;;
	jammy | noble)
		mirror=${UBUNTU_MIRROR:-http://archive.ubuntu.com/ubuntu}
		keyring=/usr/share/keyrings/ubuntu-archive-keyring.gpg
		script=gutsy
		;;
	*) die "'$1' is not one of bookworm, trixie, jammy, noble" ;;
	esac
}

# debootstrap cannot check signatures without the keyring, and says so.
bootstrap() {
	local check=()
	[ ! -r "$keyring" ] || check=(--keyring="$keyring")
	rm -rf "$kept/$1.new"
	debootstrap --variant=minbase "${check[@]}" --cache-dir="$kept/debs-$1" "$1" "$kept/$1.new" \
		"$mirror" "/usr/share/debootstrap/scripts/$script" && mv "$kept/$1.new" "$kept/$1.base"
}

# A copy of what debootstrap made, so that every run begins with nothing installed.
make_fresh() {
	mkdir -p "$kept/debs-$1"
	[ -d "$kept/$1.base" ] || bootstrap "$1" || return 1
	rm -rf --one-file-system "${kept:?}/$1"
	cp -a --reflink=auto "$kept/$1.base" "$kept/$1" &&
		rm -rf "$kept/$1/var/cache/apt/archives/"*.deb &&
		cp /etc/resolv.conf "$kept/$1/etc/resolv.conf" &&
		git clone -q "file://$top" "$kept/$1$source_inside"
}

# enter DIST COMMAND...: what it mounts ends with the process that it starts.
# shellcheck disable=SC2016  # the inner shell expands
enter() {
	local root=$kept/$1 packages=$kept/debs-$1
	shift
	unshare --mount --uts --ipc --pid --fork --kill-child --propagation private \
		bash -euc '
		root=$1 packages=$2
		shift 2
		mount --bind "$root" "$root"
		cd "$root"
		mount --bind "$packages" var/cache/apt/archives
		mount --rbind /dev dev
		mount --rbind /sys sys
		mount -t proc proc proc
		mount -t tmpfs -o mode=1777 tmpfs tmp
		pivot_root . mnt
		cd /
		umount -l mnt
		hostname fresh
		exec "$@"
	' enter "$root" "$packages" env -i TERM=dumb HOME=/root LANG=C.UTF-8 \
		PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
		${http_proxy:+http_proxy="$http_proxy"} "$@" </dev/null
}

# try DIST: 0 when both commands passed
try() {
	local log=$kept/$1.log
	make_fresh "$1" >"$log" 2>&1 &&
		enter "$1" sh -c "cd $source_inside && ./contrib/quickstart && ./contrib/quickstart check" \
			>>"$log" 2>&1
}

main() {
	local passed=0 failed=0 dist
	[ "$(id -u)" -eq 0 ] || die "root is needed"
	command -v debootstrap >/dev/null || die "debootstrap is missing: apt install debootstrap"
	[ $# -gt 0 ] || die "which of bookworm, trixie, jammy, noble?"
	mkdir -p "$kept"
	if [ "$1" = -e ]; then
		shift
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
