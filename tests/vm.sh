#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Usage: vm.sh [-a] DIST [ARCH] [TEST...]     (bookworm, trixie, jammy, noble; amd64, arm64; as root)
#
# The tests that depend on a kernel, under that of DIST, in a machine of qemu's: a minimal system by
# debootstrap, in which ocifp is built and installed before the machine starts.  Each TEST is run by
# root and by a user who has a session; a test that would be skipped for lack of an ability of the
# machine fails (tests/abilities).  With -a again, in the system as the last run left it, with what was
# committed here since.  The last line counts.
#
#     CHROOT_DIR    keeps systems, downloaded packages and logs (default: /tmp/ocifp-chroots)
#     VM_SECONDS    after which a machine is switched off (default: 3600)
#     VM_ACCEL      how qemu runs a machine of this ARCH (default: kvm:tcg)
set -uo pipefail
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
kept=${CHROOT_DIR:-/tmp/ocifp-chroots}
name=vm
# shellcheck source=tests/lib/systems.bash
source "$top/tests/lib/systems.bash"

default_tests='tests/cli/run_limits.bats tests/cli/run_refused.bats tests/peers/run.bats
	tests/cli/unpack.bats tests/cli/breakouts.bats'
boot_packages='initramfs-tools systemd-sysv udev dbus-user-session libpam-systemd apparmor'

# know_machine DIST: sets what $arch decides, and the package of the kernel.
know_machine() {
	case $arch in
	amd64)
		uname=x86_64 console=ttyS0 machine=(-machine "q35,accel=${VM_ACCEL:-kvm:tcg}" -cpu max)
		;;
	arm64)
		uname=aarch64 console=ttyAMA0 machine=(-machine virt -cpu cortex-a72)
		;;
	*) die "'$arch' is not one of amd64, arm64" ;;
	esac
	case $1 in
	bookworm | trixie) kernel=linux-image-cloud-$arch ;;
	*) kernel=linux-image-virtual ;;
	esac
}

need_for_machine() {
	command -v "qemu-system-$uname" >/dev/null ||
		die "qemu-system-$uname is missing: apt install qemu-system"
	[ "$uname" = "$(uname -m)" ] || [ -e "/proc/sys/fs/binfmt_misc/qemu-$uname" ] ||
		die "programs for $arch do not start here: apt install qemu-user-static binfmt-support"
}

# The kernel comes last, lest its initramfs is made twice.
install_all() {
	enter sh -euc '
		cd '$source_inside'
		./contrib/quickstart test-packages
		export DEBIAN_FRONTEND=noninteractive
		apt-get -q -y --no-install-recommends install '"$boot_packages"'
		apt-get -q -y --no-install-recommends install '"$kernel"'
		useradd --create-home --shell /bin/bash tester
		systemctl enable ocifp-tests.service
		systemctl mask apparmor.service nginx.service docker-registry.service
	'
}

# build_all TARGET...
build_all() {
	enter sh -euc '
		cd '$source_inside'
		[ -x configure ] || autoreconf -fi
		mkdir -p build && cd build
		[ -e Makefile ] || ../configure --quiet CFLAGS="-O1 -g"
		make --silent -j "$(nproc)" all tests/lib/open_layers "$@"
		make --silent install
	' build "$@"
}

# What the machine does when it starts; whatever becomes of the tests, it is switched off.  A small
# initramfs is enough to find the disk.
write_service() {
	local etc=$kept/$system/etc
	mkdir -p "$etc/systemd/system" "$etc/initramfs-tools/conf.d"
	echo MODULES=list >"$etc/initramfs-tools/conf.d/machine"
	printf '%s\n' virtio_pci virtio_blk ext4 >"$etc/initramfs-tools/modules"
	cat >"$etc/systemd/system/ocifp-tests.service" <<-UNIT
		[Unit]
		After=systemd-user-sessions.service user@1000.service
		Wants=user@1000.service
		SuccessAction=poweroff
		FailureAction=poweroff
		[Service]
		Type=oneshot
		ExecStart=$source_inside/tests/lib/in_vm.sh $*
		[Install]
		WantedBy=multi-user.target
	UNIT
}

# prepare DIST TEST...: all that there is to do before it starts
prepare() {
	local dist=$1 targets=() test
	shift
	for test; do
		[[ $test == *.bats ]] || targets+=("$test")
	done
	if [ -z "$again" ]; then
		make_fresh "$dist" && write_service "$@" && install_all || return 1
	else
		git -C "$kept/$system$source_inside" fetch -q "file://$top" HEAD &&
			git -C "$kept/$system$source_inside" reset -q --hard FETCH_HEAD &&
			write_service "$@" || return 1
	fi
	build_all "${targets[@]}"
}

# make_disk: without a mount; the packages of apt and debug symbols need no room.
make_disk() {
	rm -f "$kept/$system.disk"
	mke2fs -q -t ext4 -d "$kept/$system" "$kept/$system.disk" 6G
}

# The kernel says what it has to say to $system.console.
boot() {
	local boot=$kept/$system/boot
	timeout "${VM_SECONDS:-3600}" "qemu-system-$uname" "${machine[@]}" -m 2048 -smp 2 \
		-display none -no-reboot -nic none -serial "file:$kept/$system.console" \
		-kernel "$(echo "$boot"/vmlinuz-*)" -initrd "$(echo "$boot"/initrd.img-*)" \
		-append "root=/dev/vda rw console=$console panic=-1 systemd.show_status=false" \
		-drive "file=$kept/$system.disk,if=virtio,format=raw,cache=unsafe"
}

# carry_out NAME: that file of /var/log, to stdout; empty when there is none
carry_out() {
	debugfs -R "cat /var/log/$1" "$kept/$system.disk" 2>/dev/null
}

main() {
	local dist log again=
	if [ "${1:-}" = -a ]; then
		again=yes
		shift
	fi
	[ $# -gt 0 ] || die "which of bookworm, trixie, jammy, noble?"
	need_for_systems
	dist=$1
	shift
	if [[ ${1:-} == a??64 ]]; then
		know "$dist" "$1"
		shift
	else
		know "$dist"
	fi
	know_machine "$dist"
	need_for_machine
	# Unquoted: a list of words.
	# shellcheck disable=SC2086
	[ $# -gt 0 ] || set -- $default_tests
	log=$kept/$system.log
	say "$system: what is built goes to $log, what the tests say to $kept/$system.tap"
	prepare "$dist" "$@" >"$log" 2>&1 && make_disk >>"$log" 2>&1 || {
		tail -n 5 "$log"
		die "FAIL $system could not be made"
	}
	boot >>"$log" 2>&1
	carry_out ocifp.tap >"$kept/$system.tap"
	grep -E '^(# in_vm|not ok|# failed)' "$kept/$system.tap"
	say "$(grep -c '^ok' "$kept/$system.tap") passed or skipped," \
		"$(grep -c '^not ok' "$kept/$system.tap") failed"
	[ "$(carry_out ocifp.status)" = 0 ] || die "FAIL $system; the machine's console: $kept/$system.console"
}

main "$@"
