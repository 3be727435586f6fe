# SPDX-License-Identifier: Apache-2.0
# systems.bash - whole systems of other distributions below $kept, by debootstrap, as root
#
#     $kept/<system>         what a run works in; begins as a copy
#     $kept/<system>.base    what debootstrap made
#     $kept/debs-<system>    downloaded packages
#
# <system> is the distribution's name, and -ARCH where that is not this machine's.

source_inside=/usr/src/ocifp

# say WORD...: the script that sources this sets $name.
say() {
	echo "$name: $*"
}

die() {
	say "$*" >&2
	exit 1
}

# need_for_systems: what debootstrap wants
need_for_systems() {
	[ "$(id -u)" -eq 0 ] || die "root is needed"
	command -v debootstrap >/dev/null || die "debootstrap is missing: apt install debootstrap"
	mkdir -p "$kept"
}

# know DIST [ARCH]: sets mirror, keyring, script, arch and system.  All Ubuntus go by one script, and
# debootstrap may be older than they.
know() {
	local native
	native=$(dpkg --print-architecture)
	arch=${2:-$native}
	system=$1
	[ "$arch" = "$native" ] || system=$1-$arch
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
	rm -rf "$kept/$system.new"
	debootstrap --variant=minbase --arch="$arch" "${check[@]}" --cache-dir="$kept/debs-$system" \
		"$1" "$kept/$system.new" "$mirror" "/usr/share/debootstrap/scripts/$script" &&
		mv "$kept/$system.new" "$kept/$system.base"
}

# make_fresh DIST: a copy of what debootstrap made, so that every run begins with nothing installed.  No
# package needs to be on the disk for good.
make_fresh() {
	mkdir -p "$kept/debs-$system"
	[ -d "$kept/$system.base" ] || bootstrap "$1" || return 1
	rm -rf --one-file-system "${kept:?}/$system"
	cp -a --reflink=auto "$kept/$system.base" "$kept/$system" &&
		rm -rf "$kept/$system/var/cache/apt/archives/"*.deb &&
		cp /etc/resolv.conf "$kept/$system/etc/resolv.conf" &&
		echo force-unsafe-io >"$kept/$system/etc/dpkg/dpkg.cfg.d/unsafe-io" &&
		put_source "$kept/$system$source_inside"
}

# put_source DIR: what is committed here; all of a tree that was unpacked from a release
put_source() {
	if [ -e "$top/.git" ]; then
		git clone -q "file://$top" "$1"
	else
		cp -a "$top" "$1"
	fi
}

# enter COMMAND...: in $system; what it mounts ends with the process that it starts.
# shellcheck disable=SC2016  # the inner shell expands
enter() {
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
	' enter "$kept/$system" "$kept/debs-$system" env -i TERM=dumb HOME=/root LANG=C.UTF-8 \
		PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
		${http_proxy:+http_proxy="$http_proxy"} "$@" </dev/null
}
