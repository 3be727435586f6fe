#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# ocifp run: jobs in images, the images that jobs make, and a real one

load ../lib/rig

setup() {
	rig_setup
	need_engines
	busybox_root "$T/root"
}

teardown() {
	rig_teardown
}

# What the store has unpacked: each file of it and its inode.
unpacked() {
	(cd "$OCIFP_STORE/.ocifp" && find layers trees -mindepth 1 -printf '%p %i\n' 2>/dev/null | sort)
}

@test "an image is pulled and unpacked once, and runs offline then" {
	start_faults reg
	root_image "$T/reg.root/app" one "$T/root"
	ocifp_run run "$reg_host/app:one"
	assert_status 0
	assert_stdout "$(printf '/work\nhello')"
	unpacked >"$T/before"
	[ -s "$T/before" ]
	forget_log reg
	ocifp_run run "$reg_host/app:one" -- cat /etc/passwd
	assert_status 0
	assert_requests reg 1 . /v2/app/
	stop reg
	ocifp_run run --offline "$reg_host/app:one" -- true
	assert_status 0
	assert_equal "$(unpacked)" "$(cat "$T/before")"
	assert_nothing_left
}

@test "layers that an older version unpacked are unpacked again, and gc removes them" {
	local layers=$OCIFP_STORE/.ocifp/layers
	start_faults reg
	root_image "$T/reg.root/app" one "$T/root"
	ocifp_run run "$reg_host/app:one" -- true
	for tree in "$layers"/*-v2-*; do mv "$tree" "${tree/-v2-/-}"; done
	ocifp_run run "$reg_host/app:one" -- true
	assert_status 0
	[ "$(ls "$layers" | grep -vc -- -v2-)" -gt 0 ]
	ocifp_run store gc
	assert_status 0
	assert_equal "$(ls "$layers" | grep -v -- -v2-)" ''
	[ "$(ls "$layers" | grep -c -- -v2-)" -gt 0 ]
}

@test "what the image says is overridden by options" {
	root_image "$T/base" one "$T/root"
	ocifp_run run -e GREETING=other -w /tmp "oci:$T/base:one"
	assert_stdout "$(printf '/tmp\nother')"
	ocifp_run run --entrypoint /bin/echo "oci:$T/base:one"
	assert_stdout ''
	ocifp_run run --entrypoint '["/bin/echo", "a b"]' "oci:$T/base:one" -- c
	assert_stdout 'a b c'
}

@test "an image that is not there is 125, one of another platform too" {
	root_image "$T/base" one "$T/root"
	ocifp_run run "oci:$T/base:none" -- true
	assert_failed 125
	ocifp_run run --platform linux/s390x "oci:$T/base:one" -- true
	assert_failed 125
}

@test "jobs in one image do not see each other" {
	root_image "$T/base" one "$T/root"
	spawn first ocifp run "oci:$T/base:one" -- sh -c 'echo 1 >/mine; echo ready; sleep 30'
	wait_for grep -q ready "$T/first.out"
	ocifp_run run "oci:$T/base:one" -- ls /mine
	assert_status 1
	ocifp_run store gc
	assert_status 0
	grep -q ready "$T/first.out"
	[ -n "$(ls "$OCIFP_STORE/.ocifp/roots")" ] || fail 'gc took the root of a job that runs'
}

committed() {
	ocifp_run run --commit "localhost/new:$1" "oci:$T/base:one" -- \
		sh -c 'echo new >/new; rm /bin/ls; rm -r /home; mkdir -p /home/other; chown 7:8 /new || true'
	assert_status 0
}

# files_of REF [OPTION]: the names in its topmost layer, or with -v all that tar tells
files_of() {
	local manifest layer
	manifest=$(ocifp store ls --json 3>&- | jq -r --arg name "$1" '.references[] | select(.name == $name).digest')
	layer=$(jq -r '.layers[-1].digest' "$(blob_path "$OCIFP_STORE" "$manifest")")
	tar -tz ${2:-} -f "$(blob_path "$OCIFP_STORE" "$layer")" | LC_ALL=C sort
}

@test "--commit makes an image of what the job wrote, the same each time" {
	root_image "$T/base" one "$T/root"
	committed one
	sleep 1
	committed two
	assert_equal "$(ocifp store ls --json 3>&- | jq '[.references[] | select(.name | startswith("localhost")).digest] | unique | length')" 1
	assert_equal "$(files_of localhost/new:one)" \
		"$(printf '%s\n' bin/ bin/.wh.ls home/ home/.wh..wh..opq home/other/ new)"
	ocifp_run run --offline localhost/new:one -- busybox sh -c 'cat /new; busybox ls /home; busybox ls /bin/ls'
	assert_status 1
	assert_stdout "$(printf 'new\nother')"
}

committed_files() {
	ocifp_run run --commit localhost/new:it "oci:$T/base:one" -- sh -c "$1"
	assert_status 0
	assert_equal "$(files_of localhost/new:it)" "$(printf "$2")"
}

@test "--commit of a job with --userns auto keeps the owners that the job saw" {
	need root idmapped_mounts overlay_rootless
	root_image "$T/base" one "$T/root"
	ocifp_run run --userns auto --commit localhost/new:one "oci:$T/base:one" -- sh -c 'touch /new && chown 33:44 /new'
	assert_status 0
	ocifp_run run --offline localhost/new:one -- stat -c '%u:%g' /new /bin/busybox
	assert_stdout $'33:44\n0:0'
}

@test "--commit keeps what is made for mounts only where the job made something of it" {
	chmod 750 "$T/root/etc"
	root_image "$T/base" one "$T/root"
	committed_files true ''
	committed_files 'chmod 700 /etc' 'etc/'
	committed_files 'echo >/etc/new' 'etc/\netc/new'
	committed_files 'echo >/work/new' 'work/\nwork/new'
	committed_files 'echo >/work/new; rm /work/new' 'work/'
}

keeps() {
	root_image "$T/base-$engine" one "$T/root"
	local keep=(ocifp_run run --runtime "$engine" --keep "dev-$engine" "oci:$T/base-$engine:one" --)
	"${keep[@]}" sh -c 'echo 1 >/new; rm -r /home; mkdir /home; chmod 700 /'
	assert_status 0
	"${keep[@]}" sh -c 'cat /new; ls /home; stat -c %a /; hostname; echo 2 >>/new; exit 3'
	assert_status 3
	assert_stdout "$(printf '1\n700\ndev-%s' "$engine")"
	ocifp_run store gc
	"${keep[@]}" cat /new
	assert_stdout $'1\n2'
	ocifp_run run "oci:$T/base-$engine:one" -- cat /new
	assert_status 1
	assert_nothing_left
	assert_equal "$(ocifp store ls --json 3>&- | jq -c .kept_roots)" "[\"dev-$engine\"]"
	ocifp_run store rm --root "dev-$engine"
	assert_status 0
	"${keep[@]}" cat /new
	assert_status 1
	ocifp_run store rm --root "dev-$engine"
	assert_equal "$(ls "$OCIFP_STORE/.ocifp/kept")" ''
	assert_nothing_left
}

@test "--keep gives a job what the jobs before it wrote, until it is removed" {
	on_each_engine keeps
}

@test "a root that is kept stays whole when its run is killed, and has one run at a time" {
	root_image "$T/base" one "$T/root"
	local keep=(run --keep dev "oci:$T/base:one" --)
	spawn first ocifp "${keep[@]}" sh -c 'echo 1 >/new; echo ready; sleep 30'
	wait_for grep -q ready "$T/first.out"
	ocifp_run "${keep[@]}" true
	assert_failed 125
	assert_stderr_has 'another run uses it'
	ocifp_run store rm --root dev
	assert_failed 10
	kill -KILL "$(cat "$T/pids/first")" && stop first
	wait_for eventually_runs "${keep[@]}" cat /new
	assert_stdout 1
	ocifp_run store gc
	assert_nothing_left
}

eventually_runs() {
	ocifp_run "$@"
	[ "$status" -eq 0 ]
}

@test "a root that is kept is of one image, and of no directory" {
	root_image "$T/base" one "$T/root"
	touch "$T/root/other"
	root_image "$T/base" two "$T/root"
	ocifp_run run --keep dev "oci:$T/base:one" -- touch /new
	assert_status 0
	ocifp_run run --keep dev "oci:$T/base:two" -- ls /new
	assert_failed 125
	assert_stderr_has "root 'dev' is of image sha256:" 'ocifp store rm --root dev'
	ocifp_run run --keep dev "rootfs:$T/root" -- true
	assert_failed 125
	assert_stderr_has '--keep requires an image'
	for other in '--commit localhost/new:it' "--bundle $T/bundle" '--userns auto'; do
		ocifp_run run --keep dev $other "oci:$T/base:one" -- true
		assert_failed 125
		assert_stderr_has 'cannot be combined with'
	done
	ocifp_run run --keep ../dev "oci:$T/base:one" -- true
	assert_failed 125
	assert_stderr_has "invalid name '../dev' of a root"
}

@test "a root that a full disk left half made is made again" {
	root_image "$T/base" one "$T/root"
	ocifp_run run --keep dev "oci:$T/base:one" -- touch /new
	truncate -s 7 "$OCIFP_STORE/.ocifp/kept/dev/image"
	ocifp_run run --keep dev "oci:$T/base:one" -- ls /bin/sh
	assert_status 0
	ocifp_run run --keep dev "oci:$T/base:one" -- ls /new
	assert_status 1
}

@test "a root may have a longer name than a host" {
	root_image "$T/base" one "$T/root"
	ocifp_run run --keep "$(printf %0100d 1)" "oci:$T/base:one" -- hostname
	assert_status 0
	assert_stdout "$(printf %064d 0)"
}

@test "a root that is kept can be a copy of the image" {
	need overlay
	root_image "$T/base" one "$T/root"
	without_overlay ocifp run --keep dev "oci:$T/base:one" -- sh -c 'echo 1 >/new; rm /bin/ls'
	assert_status 0
	assert_stderr_has 'gets a copy'
	without_overlay ocifp run --keep dev "oci:$T/base:one" -- sh -c 'cat /new; busybox ls /bin/ls'
	assert_status 1
	assert_stdout 1
	refute_stderr_has 'gets a copy'
}

@test "a root that was kept over its image is not copied upon" {
	need overlay
	root_image "$T/base" one "$T/root"
	without_overlay ocifp run --keep dev "oci:$T/base:one" -- true
	local note=$T/over/upper/store/.ocifp/kept/dev/image
	sed -i 's/ flat$/ overlay/' "$note"
	without_overlay ocifp run --keep dev "oci:$T/base:one" -- touch /new
	assert_failed 125
	assert_stderr_has 'cannot mount an overlay' "root 'dev' needs one" 'ocifp store rm --root dev'
	grep -q ' overlay$' "$note"
}

@test "a job that fails makes no image, and a layer needs an image below it" {
	root_image "$T/base" one "$T/root"
	ocifp_run run --commit localhost/new:one "oci:$T/base:one" -- sh -c 'echo new >/new; exit 3'
	assert_status 3
	ocifp_run store ls
	! grep -q localhost "$T/stdout" || fail 'an image was made' "$told"
	ocifp_run run --commit localhost/new:one "rootfs:$T/root" -- true
	assert_failed 125
}

@test "ensure builds an image with a job, without any builder" {
	start_faults reg
	root_image "$T/base" one "$T/root"
	make_project "platforms: [linux/$(dpkg --print-architecture)]" \
		"build: ocifp run --commit oci:\$OCIFP_OUTPUT oci:$T/base:one -- sh -c 'echo made >/made'"
	ocifp_run ensure --push always
	assert_status 0
	rm -rf "$OCIFP_STORE"
	ocifp_run run app -- cat /made
	assert_status 0
	assert_stdout made
	ocifp_run run -- cat /made
	assert_stdout made
}

# Those of other tests, which run beside this one, go when their jobs end.
assert_groups_go() {
	local group
	find /sys/fs/cgroup -name 'ocifp-*' 2>/dev/null >"$T/groups" || true
	while read -r group; do
		wait_for test ! -e "$group"
	done <"$T/groups"
}

limits_hold() {
	ocifp_run run --runtime "$engine" --memory 64m --pids 20 "rootfs:$T/root" -- sh -c '
		i=0; while [ $i -lt 40 ]; do sleep 1 & i=$((i + 1)); done; echo forked'
	! grep -q forked "$T/stdout" || fail 'more processes than allowed' "$told"
	ocifp_run run --runtime "$engine" --memory 64m "rootfs:$T/root" -- \
		sh -c 'x=$(head -c 200000000 /dev/zero | tr "\0" x); echo ${#x}'
	! grep -q 200000000 "$T/stdout" || fail 'more memory than allowed' "$told"
	ocifp_run run --runtime "$engine" --memory 64m --cpus 0.5 --pids 20 "rootfs:$T/root" -- true
	assert_status 0
	assert_groups_go
}

# What the group of the one job of this test says: $1 and $2 are its file in version 1 and 2.
group_says() {
	local group
	group=$(find /sys/fs/cgroup -name "ocifp-$(ls "$OCIFP_STORE/.ocifp/roots")" 2>/dev/null | tee "$T/groups" | head -n 1)
	[ -n "$group" ] && cat "$group/$1" 2>/dev/null || cat "$group/$2"
}

@test "a limit to processors alone is one" {
	need limits
	spawn job ocifp run --runtime "${engines##* }" --cpus 0.25 "rootfs:$T/root" -- sh -c 'echo ready; sleep 30'
	wait_for grep -q ready "$T/job.out"
	local says
	says=$(group_says cpu.cfs_quota_us cpu.max)
	[ "$says" = 25000 ] || [ "$says" = '25000 100000' ] || fail "the group says '$says'"
	assert_equal "$(wc -l <"$T/groups")" 1
	stop job
	assert_groups_go
}

@test "limits hold where control groups allow them" {
	need limits
	on_each_engine limits_hold
	ocifp_run run --memory 1x "rootfs:$T/root" -- true
	assert_failed 125
	ocifp_run run --cpus 0 "rootfs:$T/root" -- true
	assert_failed 125
}

@test "with subordinate ids a job has all users of the image, without root" {
	need subids
	root_image "$T/base" one "$T/root"
	chmod 755 "$T" && chown -R 1000:1000 "$T/base"
	need_oci_engine
	with_ranges 1000 200000 ocifp run --runtime "$engine" -u builder -v cache:/cache "oci:$T/base:one" -- \
		sh -c 'id -u; touch /cache/mine; stat -c %u /bin/busybox' >"$T/out"
	assert_equal "$(cat "$T/out")" "$(printf '1000\n0')"
	assert_equal "$(stat -c %u "$T/user/store/.ocifp/volumes/cache/mine")" 200999
	with_ranges 1000 200000 ocifp run --commit localhost/new:one "oci:$T/base:one" -- \
		sh -c 'touch /new; chown 33:44 /new; mkdir -m 0 /closed; chown 5:5 /closed'
	with_ranges 1000 200000 ocifp run --offline localhost/new:one -- stat -c '%u:%g %a' /new /closed >"$T/out"
	assert_equal "$(cat "$T/out")" "$(printf '33:44 644\n5:5 0')"
	assert_equal "$(ls "$T/user/store/.ocifp/roots")" ''
}

write_bundle() {
	root_image "$T/base" one "$T/root"
	mkdir "$T/host" && echo seen >"$T/host/file"
	ocifp_run run --bundle "$T/bundle" --tmpfs /a:size=1m,noexec -v "$T/host:/data:ro" -e X=1 "oci:$T/base:one" -- sh -c 'cat /data/file; echo $X; exit 4'
	assert_status 0
}

@test "--bundle writes a configuration and a tree" {
	write_bundle
	assert_equal "$(jq -r '.mounts[] | select(.destination == "/data") | .source' "$T/bundle/config.json")" "$T/host"
	assert_equal "$(jq -c '.mounts[] | select(.destination == "/a") | .options' "$T/bundle/config.json")" '["nosuid","nodev","size=1m","noexec"]'
	assert_equal "$(jq -r '.mounts[] | select(.destination == "/etc/hosts") | .source' "$T/bundle/config.json")" "$T/bundle/hosts"
	[ -x "$T/bundle/rootfs/bin/busybox" ] || fail 'no tree' "$told"
}

@test "crun runs what --bundle writes" {
	need crun mounts
	write_bundle
	# An older crun does not start where control groups are hybrid.
	split_run unshare -m sh -c 'mount -t tmpfs none /sys/fs/cgroup &&
		exec crun --cgroup-manager=disabled --root "$1" run --bundle "$2" job' sh "$T/state" "$T/bundle"
	assert_status 4
	assert_stdout "$(printf 'seen\n1')"
}

names_are_known() {
	local arguments=
	[ "$engine" = runc ] || arguments=--cgroup-manager=disabled
	# shellcheck disable=SC2016
	split_run unshare -m sh -c '[ "$1" = runc ] || mount -t tmpfs none /sys/fs/cgroup
		exec "$1" $4 --root "$2" run --bundle "$3" "names-$$"' sh "$engine" "$T/state" "$T/bundle" "$arguments"
	assert_status 0
	assert_stdout "$(printf 'job\n127.0.1.1 job\n%s' "$(cat /etc/resolv.conf)")"
}

@test "a bundle has the names of hosts and of its own that a run has" {
	need mounts
	root_image "$T/base" one "$T/root"
	ocifp_run run --bundle "$T/bundle" "oci:$T/base:one" -- sh -c 'cat /etc/hostname; grep 127.0.1.1 /etc/hosts; cat /etc/resolv.conf'
	assert_status 0
	for engine in $engines; do
		[ "$engine" = bwrap ] || names_are_known
	done
}

@test "runc runs the bundle of an ordinary user, whose job has more groups in the image" {
	need root setpriv runc userns_proc
	mkdir "$T/user" && chmod 755 "$T" && chown -R 1000:1000 "$T/user" "$T/root"
	split_run setpriv --reuid 1000 --regid 1000 --clear-groups env HOME="$T/user" OCIFP_STORE="$T/user/store" \
		ocifp run --bundle "$T/user/bundle" "rootfs:$T/root" -- id -u
	assert_status 0
	split_run setpriv --reuid 1000 --regid 1000 --clear-groups env HOME="$T/user" XDG_RUNTIME_DIR="$T/user" \
		runc --root "$T/user/state" run --bundle "$T/user/bundle" job
	assert_status 0
	assert_stdout 0
}

# What a job can tell of its walls; the root itself, and what engines cover more than once, aside.
walls='awk "\$5 != \"/\" && \$5 !~ /^.etc./ { sub(/,relatime/, \"\", \$6); print \$5, \$4, \$6 }" /proc/self/mountinfo | sort -u
	cat /proc/self/uid_map /proc/self/gid_map
	grep -E "^(Cap|NoNewPrivs|Seccomp:)" /proc/self/status
	for path in /x/new /x/sub/new /sys/kernel/setting /sys/fs/cgroup/new; do
		echo theirs 2>/dev/null >$path && echo "wrote $path"; done; true'

# Both with mounts of this machine below /sys and below what is mounted read-only.  This crun does not
# start where control groups are hybrid; this runc does not without them.
run_as_bundle() {
	local options=(-v "$T/host:/x:ro" -v "$T/volume:/v" --tmpfs /t "rootfs:$T/root" -- sh -c "$walls")
	local covered=/sys/kernel arguments=
	[ "$engine" = runc ] || covered='/sys/kernel /sys/fs/cgroup' arguments=--cgroup-manager=disabled
	rm -rf "$T/bundle"
	ocifp_run run --bundle "$T/bundle" "${options[@]}"
	assert_status 0
	split_run unshare -m sh -ec 'T=$1 engine=$2 covered=$3 arguments=$4 && shift 4
		for path in $covered "$T/host/sub"; do mount -t tmpfs -o mode=777 none "$path"; done
		"$engine" $arguments --root "$T/state" run --bundle "$T/bundle" "job-$$" >"$T/of-bundle"
		ocifp run --runtime "$engine" "$@" >"$T/of-run"
		[ -z "$(ls "$T/host/sub" /sys/kernel -A | grep -v :)" ]' sh "$T" "$engine" "$covered" "$arguments" "${options[@]}"
	assert_status 0
	! grep wrote "$T/of-run" "$T/of-bundle" || fail "$(cat "$T/of-bundle")"
}

# Without recursive mount options a bundle has no walls below its mounts: see ocifp-run(1).
knows_recursive_options() {
	local oldest=1.1
	[ "$engine" = runc ] || oldest=1.4
	printf '%s\n' "$oldest" "$("$engine" --version | sed -n '1s/^[a-z]* version //p')" | sort -VC
}

@test "a bundle has the walls of a run, mount by mount" {
	need mounts
	mkdir -p "$T/host/sub" "$T/volume"
	for engine in $engines; do
		[ "$engine" != bwrap ] && knows_recursive_options || continue
		run_as_bundle
		# In a user namespace an older crun leaves out what is mounted below a mount.
		[ "$engine" != crun ] || sed -i '/^\/x\/sub /d; /^\/sys\/\(kernel\|fs\/cgroup\)/d' "$T/of-run" "$T/of-bundle"
		diff "$T/of-run" "$T/of-bundle" || fail "another job of $engine"
		[ "$engine" != runc ] || grep -q '^/x/sub / ro' "$T/of-bundle" || fail "$(cat "$T/of-bundle")"
	done
}

bundle_starts_in() {
	ocifp_run run --bundle "$T/bundle" -v "$T/data:/data" -v "$T/data:/fixed:ro" --tmpfs /t -w "$1" "rootfs:$T/root" -- pwd
	assert_status 0
	assert_equal "$(jq -r .process.cwd "$T/bundle/config.json")" "$2"
}

@test "the working directory of a bundle is resolved through what it mounts" {
	mkdir -p "$T/data/deep" "$T/root/t"
	ln -s /proc/self/fd "$T/data/link"
	ln -s ../../data/deep "$T/data/up"
	ln -s /bin "$T/root/t/bin"
	for path in /proc/self/fd/4 /dev/fd/4 /data/link/4 /fixed/link; do
		ocifp_run run --bundle "$T/bundle" -v "$T/data:/data" -v "$T/data:/fixed:ro" -w "$path" "rootfs:$T/root" -- pwd
		assert_failed 125
		assert_stderr_has 'invalid working directory'
	done
	ocifp_run run --bundle "$T/bundle" -v "$T/data:/fixed:ro" -w /fixed/new "rootfs:$T/root" -- pwd
	assert_failed 125
	bundle_starts_in /data/up /data/deep
	bundle_starts_in /fixed/up /data/deep
	bundle_starts_in /t/bin /t/bin
	bundle_starts_in /data/new/place /data/new/place
	[ -d "$T/data/new/place" ] || fail 'it was not made where it is mounted from'
	ocifp_run run --bundle "$T/bundle" -v "$T/data:/dev/x" "rootfs:$T/root" -- pwd
	assert_failed 125
}

@test "a hundred layers are one root" {
	local i layers=("$T/root")
	for i in $(seq 100); do
		mkdir "layer-$i"
		echo "$i" >"layer-$i/number-$i"
		layers+=("layer-$i")
	done
	ocifp append -o "oci:$T/many:one" "${layers[@]}" 3>&-
	ocifp_run run "oci:$T/many:one" -- sh -c 'cat /number-* | wc -l; cat /number-100'
	assert_status 0
	assert_stdout "$(printf '100\n100')"
}

# root_of_mode MODE: an image whose lowest layer alone has an entry for "/"
root_of_mode() {
	python3 "$RIG_LIB/mklayer.py" tar "$T/mode.tar" <<<"dir . mode=$1"
	ocifp append -o "oci:$T/modes:$1" "$T/mode.tar" "$T/rest.tar" 3>&-
}

shows_mode() {
	ocifp_run run --runtime "$engine" "oci:$T/modes:$1" -- stat -c %a /
	assert_status 0
	assert_stdout "$1"
}

@test "the root of a job has the mode that the topmost layer with an entry for it says" {
	local mode
	need python3
	(cd "$T/root" && tar -cf "$T/rest.tar" -- *)
	for mode in 700 555 2751; do
		root_of_mode $mode
		on_each_engine shows_mode $mode
	done
	chmod 700 "$T/root"
	ocifp_run run "rootfs:$T/root" -- stat -c %a /
	assert_stdout 755
}

shows_mode_in_copy() {
	without_overlay ocifp run --runtime "$engine" "oci:$T/modes:$1" -- stat -c %a /
	assert_status 0
	assert_stdout "$1"
}

@test "so it has in a copy of the image" {
	need overlay python3
	(cd "$T/root" && tar -cf "$T/rest.tar" -- *)
	root_of_mode 555
	on_each_engine shows_mode_in_copy 555
}

# without_overlay COMMAND...: with a store that is on an overlay, which can be the upper side of none
without_overlay() {
	mkdir -p "$T/over"/{lower,upper,work,at}
	split_run unshare -m sh -c 'mount -t overlay -o "lowerdir=$1/lower,upperdir=$1/upper,workdir=$1/work" \
		none "$1/at" && shift && exec "$@"' sh "$T/over" env OCIFP_STORE="$T/over/at/store" "$@"
}

runs_in_copy() {
	without_overlay ocifp run --runtime "$engine" "$1" -- sh -c '
		cat /kept; ls /gone; stat -c "%u %a" /bin/mine; echo new >/kept && rm -r /home && mkdir /home && ls /home'
	assert_status 0
	assert_stdout "$(printf 'kept\n%s 4750' "$2")"
	assert_stderr_has 'gets a copy'
	[ -z "$(ls "$T/over/upper/store/.ocifp/roots")" ] || fail 'a root is left'
}

@test "where no overlay can be mounted a job gets a copy, and is told so" {
	need overlay
	echo kept >"$T/root/kept" && touch "$T/root/gone" "$T/root/bin/mine"
	chown 1000 "$T/root/bin/mine" && chmod 4750 "$T/root/bin/mine"
	root_image "$T/base" one "$T/root"
	umoci insert --rootless --image "$T/base:one" --whiteout /gone
	rm "$T/root/gone"
	on_each_engine runs_in_copy "oci:$T/base:one" 0
	on_each_engine runs_in_copy "rootfs:$T/root" 1000
	assert_equal "$(cat "$T/root/kept")" kept
}

@test "--commit makes the same layer of a copy as of an overlay" {
	need overlay
	mkdir -p "$T/root/deep/er/still" "$T/root/gone/inner" && echo a >"$T/root/deep/er/still/a"
	ln "$T/root/etc/group" "$T/root/etc/again" && touch "$T/root/gone/inner/file"
	root_image "$T/base" one "$T/root"
	local changes='echo new >/new; rm /bin/ls; rm -r /gone; echo b >>/deep/er/still/a; chmod 700 /tmp;
		ln -s new /link; mv /home/builder /home/moved'
	export SOURCE_DATE_EPOCH=1000000000
	ocifp_run run --commit localhost/new:it "oci:$T/base:one" -- sh -c "$changes"
	assert_status 0
	files_of localhost/new:it -v >"$T/of-overlay"
	grep -q ' .wh.gone$' "$T/of-overlay" || fail "$(cat "$T/of-overlay")"
	without_overlay ocifp run --commit localhost/new:it "oci:$T/base:one" -- sh -c "$changes"
	assert_status 0
	assert_stderr_has 'gets a copy'
	export OCIFP_STORE=$T/over/upper/store
	files_of localhost/new:it -v >"$T/of-copy"
	diff "$T/of-overlay" "$T/of-copy" || fail 'another layer'
}

# A file system that has no extended attributes for users: no directory could be marked opaque.
on_ramfs() {
	mkdir -p "$T/ramfs"
	split_run unshare -m sh -c 'mount -t ramfs none "$1" && shift && exec "$@"' sh "$T/ramfs" \
		env OCIFP_STORE="$T/ramfs/store" timeout 60 "$@"
}

runs_without_xattrs() {
	on_ramfs ocifp run --runtime "$engine" "oci:$T/base:one" -- sh -c '
		ls /home; rm -r /home && mkdir /home && touch /home/mine && ls /home; ls /gone'
	assert_stdout "$(printf 'new\nmine')"
	assert_stderr_has 'gets a copy'
}

@test "where files have no attributes of users a job gets a copy of the one tree, nothing hidden comes back" {
	need ramfs
	touch "$T/root/gone" && mkdir "$T/home" -p && touch "$T/home/new"
	root_image "$T/base" one "$T/root"
	umoci insert --rootless --image "$T/base:one" --whiteout /gone
	umoci insert --rootless --image "$T/base:one" --opaque "$T/home" /home
	on_each_engine runs_without_xattrs
}

compiles() {
	ocifp_run run --runtime "$engine" -v .:/app -v "target-$engine:/app/target" -w /app "rootfs:$T/tools" -- \
		make check
	assert_status 0
}

@test "a project is compiled and tested in a toolchain, and not again with its volume" {
	export OCIFP_TEST_LIMIT_S=300
	toolchain_root "$T/tools" gcc,libc6-dev,make
	cat >add.c <<-'C'
		int add(int a, int b) { return a + b; }
	C
	cat >test.c <<-'C'
		#include <stdio.h>
		int add(int, int);
		int main(void) { printf("2 + 2 is %d\n", add(2, 2)); return add(2, 2) != 4; }
	C
	printf '%s\n' 'check: target/test' '	./target/test' \
		'target/test: add.c test.c' '	gcc -Wall -o $@ add.c test.c' >Makefile
	for engine in $engines; do
		compiles
		grep -q 'gcc -Wall' "$T/stdout" || fail 'it was not compiled' "$told"
		grep -q '2 + 2 is 4' "$T/stdout" || fail 'its test did not run' "$told"
		compiles
		! grep -q 'gcc -Wall' "$T/stdout" || fail 'it was compiled again' "$told"
	done
	[ -z "$(ls target 2>/dev/null)" ] || fail 'the volume is not where it should be'
}
