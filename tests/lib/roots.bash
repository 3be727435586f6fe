# SPDX-License-Identifier: Apache-2.0
# roots.bash - root filesystems to run jobs in, and the engines that run them

# busybox_root DIR: a root of one static program, its names, and two users.
busybox_root() {
	local root=$1 name
	need busybox
	mkdir -p "$root"/{bin,dev,etc,proc,sys,tmp,root,home/builder}
	chmod 1777 "$root/tmp"
	cp "$(command -v busybox)" "$root/bin/busybox"
	for name in $("$root/bin/busybox" --list); do
		[ -e "$root/bin/$name" ] || ln -s busybox "$root/bin/$name"
	done
	printf '%s\n' root:x:0:0:root:/root:/bin/sh builder:x:1000:1000::/home/builder:/bin/sh >"$root/etc/passwd"
	printf '%s\n' root:x:0: builder:x:1000: wheel:x:10:root,builder video:x:44:builder >"$root/etc/group"
}

# engines: those that are installed, by name; skips the test when none is.
engines() {
	local name found=
	PATH=$PATH:/usr/sbin:/sbin
	for name in ${OCIFP_TEST_ENGINES:-crun runc bwrap}; do
		command -v "$name" >/dev/null && found="$found $name"
	done
	echo "$found"
}

# need_engines: sets $engines to those that are installed.
need_engines() {
	need engine
	engines=$(engines)
}

# need_oci_engine: sets $engine to one that can give a job any user.
need_oci_engine() {
	need oci_engine
	for engine in $engines; do
		[ "$engine" = bwrap ] || return 0
	done
}

# on_each_engine COMMAND...: with its name in $engine.  No `||` here: it would switch off errexit, and
# with it every assertion but the last.
on_each_engine() {
	for engine in $engines; do
		"$@"
	done
}

# job [OPTION...] -- COMMAND...: in the root $T/root, through $engine.
job() {
	local options=()
	while [ $# -gt 0 ] && [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	ocifp_run run --runtime "${engine:-crun}" "${options[@]}" "rootfs:${root:-$T/root}" "$@"
}

# No run is left: no process with our store in its words, no mount, no root.
assert_nothing_left() {
	[ -z "$(ls "$OCIFP_STORE/.ocifp/roots" 2>/dev/null)" ] || fail 'a root is left'
	! grep -F "$OCIFP_STORE" /proc/self/mountinfo || fail 'a mount is left'
}

# root_image LAYOUT TAG ROOT: the tree as the one layer of an image for this machine.
root_image() {
	need umoci
	[ -d "$1" ] || umoci init --layout "$1"
	umoci new --image "$1:$2"
	umoci insert --rootless --image "$1:$2" "$3" /
	umoci config --image "$1:$2" --os linux --architecture "$(dpkg --print-architecture)" \
		--config.cmd /bin/sh --config.cmd -c --config.cmd 'pwd; echo "$GREETING"' \
		--config.env GREETING=hello --config.workingdir /work
} >&2

# with_ranges UID FIRST COMMAND...: (a test of which needs subids) as this user, who has 65536 subordinate ids from FIRST on; $T/user is
# the user's home and has the store.
with_ranges() {
	local uid=$1 file
	mkdir -p "$T/user" "$T/etc" && chown "$uid:$uid" "$T/user"
	for file in /etc/subuid /etc/subgid; do [ -e "$file" ] || touch "$file"; done
	echo "ranges:$2:65536" | tee "$T/etc/subuid" >"$T/etc/subgid"
	{ grep -v "^[^:]*:[^:]*:$uid:" /etc/passwd && echo "ranges:x:$uid:$uid::$T/user:/bin/sh"; } >"$T/etc/passwd"
	shift 2
	T=$T unshare -m sh -ec 'for file in subuid subgid passwd; do mount --bind "$T/etc/$file" "/etc/$file"; done
		uid=$1 && shift
		exec setpriv --reuid "$uid" --regid "$uid" --clear-groups env HOME="$T/user" \
			OCIFP_STORE="$T/user/store" "$@"' sh "$uid" "$@"
}

# toolchain_root DIR PACKAGES: from the mirror that apt has
toolchain_root() {
	need root debootstrap
	local mirror
	mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Identifier: Packages' 2>/dev/null | head -n 1)
	timeout 1800 debootstrap --variant=minbase --include="$2" \
		"$(. /etc/os-release && echo "$VERSION_CODENAME")" "$1" "$mirror" >"$T/debootstrap.log" 2>&1 ||
		skip "no toolchain could be fetched: $(tail -n 1 "$T/debootstrap.log")"
}

# with_masked_proc COMMAND...: as in a container of docker's, where no other /proc can be mounted
with_masked_proc() {
	unshare -m sh -ec 'mount -t tmpfs none /proc/acpi || mount -t tmpfs none /proc/tty
		exec "$@"' sh "$@"
}
