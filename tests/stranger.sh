#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Usage: stranger.sh [-a ARCH] FILE DIST...     (bookworm, trixie, jammy, noble, or here; as root)
#
# Somebody who has a release and nothing else.  FILE is ocifp-linux-ARCH or a package (.deb), or the word deb:
# the package of each DIST, built in a fresh DIST (for another ARCH by cross build), about which lintian is
# silent.  Each DIST is a fresh minimal system as tests/chroot.sh makes it, of ARCH (default: this machine's;
# another one needs qemu-user-static and its binfmt_misc entry); `here` is this one.  In it: FILE is checked
# by its sum and installed, `ocifp ensure` builds and pushes an image to a registry on loopback and finds it
# the next time, the image is unpacked, FILE is uninstalled, and nothing of it is left.  The last line counts.
#
#     CHROOT_DIR   keeps systems, downloaded packages and built ones (default: /tmp/ocifp-chroots)
set -uo pipefail
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
kept=${CHROOT_DIR:-/tmp/ocifp-chroots}
name=stranger
# shellcheck source=tests/lib/systems.bash
source "$top/tests/lib/systems.bash"
work=

end_registry() {
	[ -z "${registry:-}" ] || kill "$registry"
	rm -rf "$work"
}

start_registry() {
	work=$(mktemp -d)
	trap end_registry EXIT
	cat >"$work/registry.yml" <<-YAML
		version: 0.1
		storage: {filesystem: {rootdirectory: "$work/registry"}}
		http: {addr: "127.0.0.1:0", secret: stranger}
	YAML
	: >"$work/registry.log"
	OTEL_TRACES_EXPORTER=none docker-registry serve "$work/registry.yml" >"$work/registry.log" 2>&1 &
	registry=$!
	for _ in $(seq 100); do
		host=127.0.0.1:$(sed -n 's/.*listening on 127\.0\.0\.1:\([0-9]*\).*/\1/p' "$work/registry.log")
		[ "$host" = 127.0.0.1: ] || return 0
		sleep 0.1
	done
	die "docker-registry did not start: $(cat "$work/registry.log")"
}

# What runs in a fresh system to build the package: SOURCE ARCH.
# shellcheck disable=SC2016  # the inner shell expands
build='
set -eu
export DEBIAN_FRONTEND=noninteractive
install="apt-get -q -y --no-install-recommends"
native=$(dpkg --print-architecture)
[ "$2" = "$native" ] || dpkg --add-architecture "$2"
apt-get -q update
$install install git ca-certificates build-essential debhelper lintian
[ "$2" = "$native" ] || $install install "crossbuild-essential-$2"
cd "$1"
git config --global --add safe.directory "$1"
$install build-dep --host-architecture "$2" ./contrib/release
! grep -q "^ID=debian" /etc/os-release || $install install "libisal-dev:$2"
contrib/release/deb -a "$2" -o /root/made
told=$(lintian --allow-root /root/made/*.deb)
[ -z "$told" ] || { echo "$told" && exit 1; }
'

# What runs in the fresh system: FILE HOST NAME ROOM ARCH.
# shellcheck disable=SC2016  # the inner shell expands
visit='
set -eu
file=$1 host=$2 name=$3 room=$4 arch=$5
export DEBIAN_FRONTEND=noninteractive HOME=$room/home
mkdir "$HOME"
files() {
	find / -xdev \( -path "$room" -o -path /tmp -o -path "/var/cache/*" -o -path "/var/lib/apt/*" -o -path /proc \) -prune \
		-o -print | sort
}
files >"$room/before"
cd "$room"
sha256sum -c SHA256SUMS
case $file in
*.deb)
	apt-get -q update
	apt-get -q -y --no-install-recommends install "./$file"
	[ -e /usr/share/man/man1/ocifp-ensure.1.gz ] || grep -q path-exclude /etc/dpkg/dpkg.cfg.d/*
	grep -q ocifp /usr/share/bash-completion/completions/ocifp
	;;
*) install -m 755 "$file" /usr/local/bin/ocifp ;;
esac
ocifp version
mkdir -p project/content
cd project
echo hello >content/hello
cat >.ocifp.yaml <<-YAML
	version: 1
	images:
	  tools:
	    repository: $host/stranger/$name
	    inputs: [content]
	    platforms: [linux/amd64, linux/arm64]
	    build: ocifp append --platform linux/amd64 --platform linux/arm64 -o "oci:\$OCIFP_OUTPUT" content
YAML
status=0; ocifp exists || status=$?
[ "$status" = 3 ]
ocifp ensure --push always
ocifp ensure --push always 2>&1 | grep "nothing to build"
ocifp exists
ocifp unpack --platform "linux/$arch" tools "$room/tree"
[ "$(cat "$room/tree/hello")" = hello ]
rm -r "$HOME/.local/share/ocifp" "$HOME/.cache/ocifp"
case $file in
*.deb) apt-get -q -y purge --autoremove ocifp ;;
*) rm /usr/local/bin/ocifp ;;
esac
[ -z "$(find "$HOME" ! -type d)" ]
files >"$room/after"
# Packages leave caches of others, and this machine does other things beside.
case $room/$file in
/root/release/*.deb) ours="^>.*ocifp" ;;
/root/release/*) ours="^>" ;;
*) ours="^>.*ocifp" ;;
esac
if diff "$room/before" "$room/after" | grep "$ours"; then exit 1; fi
echo nothing is left
'

# fill ROOM FILE: what somebody downloaded
fill() {
	mkdir "$1" && cp "$2" "$1" && (cd "$1" && sha256sum "${2##*/}" >SHA256SUMS)
}

# make_package DIST ARCH: $package is it
make_package() {
	local made=$kept/package-$1-$2
	know "$1"
	make_fresh "$1" && enter sh -c "$build" sh "$source_inside" "$2" && rm -rf "$made" &&
		mv "$kept/$system/root/made" "$made" && package=$(echo "$made"/*.deb)
}

# try DIST FILE ARCH
try() {
	local room=/root/release package=$2 words
	[ "$2" != deb ] || make_package "$1" "$3" || return
	words=("${package##*/}" "$host" "$1-$(echo "${package##*/}" | tr -c 'a-z0-9\n' -)")
	if [ "$1" = here ]; then
		room=$work/release
		fill "$room" "$package" && sh -c "$visit" sh "${words[@]}" "$room" "$3"
	else
		know "$1" "$3"
		make_fresh "$1" && rm -rf "${kept:?}/$system$source_inside" && fill "$kept/$system$room" "$package" &&
			enter sh -c "$visit" sh "${words[@]}" "$room" "$3"
	fi
}

main() {
	local file passed=0 failed=0 dist log arch
	arch=$(dpkg --print-architecture)
	[ "${1:-}" != -a ] || { arch=$2 && shift 2; }
	file=${1:-}
	[ "${2:-}" = here ] || need_for_systems
	[ "$file" = deb ] || [ -e "$file" ] || die "there is no '$file'"
	[ $# -gt 1 ] || die "usage: stranger.sh [-a ARCH] FILE DIST..."
	start_registry
	for dist in "${@:2}"; do
		log=$work/$dist.log
		if try "$dist" "$file" "$arch" >"$log" 2>&1 && [ "$(tail -n 1 "$log")" = "nothing is left" ]; then
			passed=$((passed + 1))
		else
			failed=$((failed + 1))
			say "FAIL $dist"
			tail -n 12 "$log"
		fi
	done
	say "${file##*/} for $arch: $passed passed, $failed failed"
	[ "$failed" -eq 0 ]
}

main "$@"
