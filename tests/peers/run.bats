#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# ocifp run: jobs in a root filesystem, through each engine that is installed

load ../lib/rig

setup() {
	rig_setup
	need_engines
	busybox_root "$T/root"
}

teardown() {
	rig_teardown
}

# ends_with STATUS COMMAND...
ends_with() {
	local wanted=$1
	shift
	job -- "$@"
	assert_status "$wanted"
	assert_nothing_left
}

@test "a job ends with its own exit status" {
	on_each_engine ends_with 0 true
	on_each_engine ends_with 1 false
	on_each_engine ends_with 42 sh -c 'exit 42'
}

@test "a job that a signal ends has status 128 and its number" {
	on_each_engine ends_with 137 sh -c 'kill -KILL $$'
	on_each_engine ends_with 139 sh -c 'kill -SEGV $$'
	on_each_engine ends_with 143 sh -c 'kill -TERM $$'
}

@test "a program that is not there is 127, one that cannot be started 126" {
	echo 'plain text' >"$T/root/bin/text" && chmod +x "$T/root/bin/text"
	printf '#!/no/such/shell\n' >"$T/root/bin/orphan" && chmod +x "$T/root/bin/orphan"
	touch "$T/root/bin/unfit"
	on_each_engine ends_with 127 no-such-program
	on_each_engine ends_with 127 /bin/no-such-program
	on_each_engine ends_with 127 orphan
	on_each_engine ends_with 126 /tmp
	on_each_engine ends_with 126 unfit
	on_each_engine ends_with 126 text
}

@test "a program in a directory that is closed to its user is 126" {
	need root
	need_oci_engine
	mkdir -m 700 "$T/root/closed"
	cp "$T/root/bin/busybox" "$T/root/closed/busybox"
	job -u builder -- /closed/busybox true
	assert_status 126
	job -u builder -e PATH=/closed -- busybox true
	assert_status 126
	job -u root -- /closed/busybox true
	assert_status 0
}

@test "a program for another machine is 126 and says so" {
	need no_emulator
	# An ELF head with machine 243, RISC-V.
	printf '\177ELF\2\1\1\0\0\0\0\0\0\0\0\0\2\0\363\0' >"$T/root/bin/foreign"
	head -c 64 /dev/zero >>"$T/root/bin/foreign"
	chmod +x "$T/root/bin/foreign"
	job -- foreign
	assert_status 126
	assert_stderr_has 'built for another architecture'
}

@test "bwrap's words may be 2 MiB, the most that a program can be given" {
	need bwrap
	for i in 0 1 2 3 4 5 6 7 8 9; do
		printf 'V%d=%090000d\n' "$i" 0
	done >"$T/env"
	sed 's/^V/W/' "$T/env" >"$T/env2"
	sed 's/^V/X/' "$T/env" >"$T/env3"
	job --runtime bwrap --env-file "$T/env" --env-file "$T/env2" -- sh -c 'echo ${#W9}'
	assert_status 0
	assert_equal "$stdout" 90000
	job --runtime bwrap --env-file "$T/env" --env-file "$T/env2" --env-file "$T/env3" -- true
	assert_status 125
	assert_stderr_has "the job's environment: more than 2097152 bytes"
}

reads_environment() {
	echo 'FROM_FILE=yes' >"$T/env"
	SECRET=secret PASSED=passed job -e PASSED -e SET='a b=c' -e UNSET --env-file "$T/env" -- env
	assert_status 0
	assert_equal "$(sort "$T/stdout" | grep -v -e ^SHLVL -e ^PWD -e ^HOSTNAME)" "$(printf '%s\n' \
		FROM_FILE=yes HOME=/root PASSED=passed \
		PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin 'SET=a b=c')"
}

@test "a job has the environment that is named and nothing of ours" {
	on_each_engine reads_environment
}

sees_nothing_of_ours() {
	SECRET=hidden-in-environment job -e KNOWN=STORE-WORD -- sh -c '
		cat /proc/*/environ 2>/dev/null | grep -c hidden-in-environment
		cat /proc/1/cmdline | tr "\0" " " | grep -c [S]TORE-WORD
		ls /proc/self/fd | tr "\n" " "' 7</etc/passwd 8>"$T/other"
	assert_equal "$(cat "$T/stdout")" "$(printf '0\n0\n0 1 2 3 ')"
}

@test "a job finds no environment, words or descriptors of ours" {
	on_each_engine sees_nothing_of_ours
}

cannot_get_out() {
	touch "$T/canary"
	job -- sh -c '
		ls /proc/1/root/'"$T"' && echo seen
		mount -t tmpfs none /tmp && echo mounted
		umount /proc && echo unmounted
		chroot /proc/1/root ls '"$T"' && echo rooted
		pattern=$(cat /proc/sys/kernel/core_pattern)
		echo "$pattern" >/proc/sys/kernel/core_pattern && echo written
		mknod /tmp/disk b 254 0 && echo made
		kill -9 1 && echo killed
		true' </dev/null
	assert_status 0
	! grep -E 'seen|mounted|rooted|written|made|canary' "$T/stdout" || fail 'it got out' "$told"
}

@test "a job gets no hold of the host" {
	on_each_engine cannot_get_out
}

sees_no_machine() {
	job -- sh -c 'for path in /proc/keys /proc/timer_list /proc/kcore /sys/firmware /proc/acpi /proc/interrupts \
		/proc/kpageflags /proc/slabinfo /proc/vmallocinfo /sys/kernel/tracing /sys/kernel/debug; do
		[ ! -d $path ] || ls -A $path
		[ ! -f $path ] || head -c 1 $path
	done'
	assert_stdout ''
}

@test "a job is not told of keys, timers and memory of this machine" {
	on_each_engine sees_no_machine
}

changes_no_mount_of_ours() {
	split_run unshare -m sh -ec 'mount -t tmpfs -o mode=755 none /sys/kernel && echo ours >/sys/kernel/setting
		ocifp run --runtime "$1" "$2" -- sh -c "echo theirs >/sys/kernel/setting; echo >/sys/fs/cgroup/x" || true
		cat /sys/kernel/setting' sh "$engine" "rootfs:$T/root"
	assert_stdout ours
}

@test "what is mounted below /sys is read-only" {
	need mounts
	on_each_engine changes_no_mount_of_ours
}

is_the_same_whoever_starts() {
	(umask 077 && trap '' USR1 && job -u 0 -- sh -c 'umask; id -G; grep SigIgn /proc/self/status')
	grep -qx 0022 "$T/stdout" || fail 'our umask' "$(cat "$T/stdout")"
	! grep 'SigIgn:.*[2367abef]..$' "$T/stdout" || fail 'a signal that we ignore'
	[ "$(id -u)" != 0 ] || grep -qx '0 10' "$T/stdout" || fail 'not the groups of root' "$(cat "$T/stdout")"
}

@test "a job has the umask, signals and groups of every other" {
	on_each_engine is_the_same_whoever_starts
}

has_group() {
	job -u 0:video -- id -G
	assert_stdout 44
}

@test "a job of root has the group that is named" {
	need root
	on_each_engine has_group
}

# A static program that tries to get out, as /bin/canary of the image.
need_canary() {
	need static_programs
	cc -static -pthread -o "$T/root/bin/canary" "$RIG_LIB/canary.c"
}

# could_nothing [OPTION...] -- COMMAND...
could_nothing() {
	job "$@"
	assert_status 0
	assert_stdout ''
}

@test "a job cannot use keys, mount or make namespaces" {
	need_canary
	on_each_engine could_nothing -- canary
}

@test "a job starts processes and threads in every way" {
	need_canary
	on_each_engine could_nothing -- canary works
}

# That of bwrap is bwrap's own, in the same root and without capabilities.
@test "a job cannot trace our process that is its pid 1, nor have its memory or descriptors" {
	need_oci_engine
	need_canary
	could_nothing -- canary others
}

@test "a set-id program of the image can no more than root of the image" {
	need_oci_engine
	need root
	need_canary
	chmod 4755 "$T/root/bin/canary"
	could_nothing -u builder -- canary others
}

# with_own_bwrap: one that may be harmed; what it is before is told in $T/before.
with_own_bwrap() {
	mkdir "$T/bin" "$T/shared"
	cp "$(command -v bwrap)" "$T/bin/bwrap"
	PATH=$T/bin:$PATH
	describe_bwrap >"$T/before"
}

describe_bwrap() {
	sha256sum <"$T/bin/bwrap"
	stat -c '%a %s %u %Z' "$T/bin/bwrap"
}

# leaves_program COULD COMMAND...: what a job could do to its copy, and what is to start ocifp
leaves_program() {
	local could=$1
	shift
	spawn keep ocifp run --runtime bwrap -v "$T/shared:/shared" "rootfs:$T/root" -- canary keep /shared/socket
	wait_for grep -q ready "$T/keep.out"
	split_run "$@" ocifp run --runtime bwrap -v "$T/shared:/shared" "rootfs:$T/root" -- canary engine /shared/socket
	assert_status 0
	assert_stdout "$could"
	wait_for grep -q tried "$T/keep.out"
	assert_equal "$(cat "$T/keep.out")" "ready
${could:+$could
}tried"
	assert_equal "$(describe_bwrap)" "$(cat "$T/before")"
}

@test "a job cannot change the program that is its process 1, nor when that has ended" {
	need bwrap
	need_canary
	with_own_bwrap
	leaves_program '' env
}

mount_setattr=442

@test "where mounts have no attributes that program is a sealed copy" {
	need bwrap python3 unprivileged_maps
	need_canary
	with_own_bwrap
	local could=$'chmod\nchown'
	! can memory_xattrs || could+=$'\nsetxattr'
	leaves_program "$could" python3 "$RIG_LIB/without_openat2.py" --unknown --call $mount_setattr
	leaves_program "$could" python3 "$RIG_LIB/without_openat2.py" --call $mount_setattr
}

# without_either COMMAND...: where memory cannot be executed either, in a namespace of its own
without_either() {
	split_run unshare -pf --mount-proc sh -c 'echo 2 >/proc/sys/vm/memfd_noexec && exec "$@"' sh \
		python3 "$RIG_LIB/without_openat2.py" --call $mount_setattr \
		ocifp run --runtime bwrap "rootfs:$T/root" -- true
}

@test "and where there can be no copy either it is refused, when a user of the job may write to it" {
	need memfd_noexec bwrap python3
	with_own_bwrap
	without_either
	assert_failed 125
	assert_stderr_has "cannot protect '$T/bin/bwrap' from the job: Operation not permitted; use --runtime crun"
}

@test "a script in the place of bwrap is refused" {
	need bwrap
	with_own_bwrap
	printf '#!/bin/sh\nexec /usr/bin/bwrap "$@"\n' >"$T/bin/bwrap"
	job --runtime bwrap -- true
	assert_failed 125
	assert_stderr_has "cannot protect '$T/bin/bwrap' from the job: it is a script; put the program itself into PATH"
}

has_no_engine() {
	job -- sh -c 'for path in /proc/[0-9]*; do readlink $path/exe; done | sort -u'
	assert_status 0
	assert_stdout /bin/busybox
}

@test "crun and runc are gone when a job starts, and nothing shows our program" {
	for engine in $engines; do
		[ "$engine" = bwrap ] || has_no_engine
	done
}

@test "crun runs as a sealed copy and does not execute itself again" {
	need root crun strace
	strace -f -qq -e trace=execve,execveat -o trace ocifp run --runtime crun "rootfs:$T/root" -- true
	assert_equal "$(grep -c 'execveat(' trace)" 0
	assert_equal "$(grep -c 'execve("/proc/self/fd/' trace)" 2
}

@test "a script named crun is run as it is" {
	need crun
	mkdir bin
	printf '#!/bin/sh\nexec %s "$@"\n' "$(command -v crun)" >bin/crun
	chmod 755 bin/crun
	PATH=$PWD/bin:$PATH job --runtime crun -- echo hello
	assert_status 0
	assert_stdout hello
}

cannot_stop_first() {
	split_run timeout 30 ocifp run --runtime "$engine" "rootfs:$T/root" -- canary stop
	[ "$engine" = bwrap ] || { assert_status 0 && return; }
	assert_failed 125
	assert_stderr_has 'the job stopped /.*/bwrap, its process 1, and was killed'
	assert_nothing_left
}

@test "a job that stops its process 1 does not hold up the run" {
	need_canary
	on_each_engine cannot_stop_first
}

# on_terminal COMMAND...: its standard streams are a terminal, as are those of who started it
on_terminal() {
	python3 -c 'import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))' "$@" </dev/null
}

types_nothing() {
	on_terminal ocifp run --runtime "$engine" -i "rootfs:$T/root" -- sh -c 'test -t 0 && test -t 1 && canary && echo tried' >"$T/shown"
	assert_equal "$(tr -d '\r' <"$T/shown")" tried
}

@test "a job with our terminal as its streams cannot type on it" {
	need tiocsti
	need_canary
	on_each_engine types_nothing
}

hogs_descriptors() {
	job -- canary hog
	assert_status 0
	assert_stdout bounded
	ends_with 0 true
}

@test "a job that opens files without end comes to an end of them" {
	need_canary
	on_each_engine hogs_descriptors
}

forks_bounded() {
	local seconds
	# A slow machine has not reached the limit by then.
	for seconds in 3 12 48; do
		job --pids 32 --timeout $seconds -- sh -c '(f() { f & f & }; f) & exec sleep 60'
		assert_status 124
		! grep -q "can't fork" "$T/stderr" || break
	done
	assert_stderr_has "can't fork"
	assert_nothing_left
	ends_with 0 true
}

@test "a job that forks without end is held by --pids, and killed when its time is up" {
	need limits
	on_each_engine forks_bounded
}

@test "the user of a job is looked up in the image" {
	need_oci_engine
	need root
	job -u builder -- sh -c 'id -u; id -g; id -G; echo $HOME'
	assert_stdout "$(printf '1000\n1000\n1000 10 44\n/home/builder')"
	job -u 1000:44 -- sh -c 'id -u; id -g; id -G; echo $HOME'
	assert_stdout "$(printf '1000\n44\n44\n/home/builder')"
	job -u 4242 -- sh -c 'id -u; id -g; echo $HOME'
	assert_stdout "$(printf '4242\n0\n/')"
}

@test "a user that is no user is refused and never becomes root" {
	local user
	for user in 4294967296 4294967295 4294967294 -1 0x0 nobody-here 'builder:no-group' ' 0'; do
		job -u "$user" -- id
		assert_failed 125
	done
	rm "$T/root/etc/passwd" && mkfifo "$T/root/etc/passwd"
	job -u builder -- id
	assert_failed 125
	job -u 0 -- true
	assert_status 0
	rm "$T/root/etc/passwd" && ln -s /etc/passwd "$T/root/etc/passwd"
	job -u builder -- id
	assert_failed 125
	rm "$T/root/etc/passwd" && head -c 2000000 /dev/zero >"$T/root/etc/passwd"
	job -u builder -- id
	assert_failed 125
	rm "$T/root/etc/passwd" && truncate -s 1G "$T/root/etc/passwd"
	job -u builder -- id
	assert_failed 125
	assert_within 2
	assert_stderr_has "cannot read '/etc/passwd': more than 1048576 bytes"
}

starts_in() {
	job -w "$1" -- pwd
	assert_status 0
	assert_stdout "$2"
}

@test "the working directory is resolved in the image and made when it is missing" {
	mkdir -p "$T/outside"
	ln -s "$T/outside" "$T/root/out"
	ln -s ../../../../bin "$T/root/up"
	on_each_engine starts_in /new/place /new/place
	on_each_engine starts_in /out/deep "$T/outside/deep"
	on_each_engine starts_in /up /bin
	[ -z "$(ls "$T/outside")" ] || fail 'something was made on the host'
	job -w /etc/passwd -- pwd
	assert_failed 125
}

# The job says where it is: what is above it is its own root, by its own account and the kernel's.
is_inside() {
	job "$@" -- sh -c 'readlink /proc/self/cwd >/dev/null && cd -P . 2>/dev/null &&
		[ -e ../../../../../../../../../../../in-the-job ] && echo inside'
	[ "$status" -eq 0 ] || fail "'$*' did not run" "$told"
	assert_stdout inside
}

is_refused_directory() {
	job "$@" -- ls ../../../../../../../../../../..
	assert_failed 125
	assert_stderr_has 'invalid working directory .*: expected a directory outside /dev, /proc and /sys'
}

starts_nowhere_else() {
	local path
	for path in /proc/self/fd/3 /proc/self/fd/4 /proc/self/fd/10 /proc/thread-self/fd/4 /proc/1/fd/3 /dev/fd/4 \
		/dev/stdin /proc/1/cwd /proc/self/cwd /proc/2/root /proc/self/root/tmp /proc/self/task/1/cwd \
		/proc /sys /sys/kernel /tmp/../proc//self/./fd/4 /link/4 /data/link /data/cwd /data/dev/fd/4; do
		is_refused_directory -v "$T/data:/data" -w "$path"
	done
	for path in / /tmp/x /data/../data /data/up /data/out /dev /dev/shm; do
		is_inside -v "$T/data:/data" -w "$path"
	done
}

@test "a working directory leads to no descriptor, process or kernel of the host" {
	touch "$T/root/in-the-job" && mkdir "$T/data"
	ln -s /proc/self/fd "$T/root/link"
	ln -s /proc/self/fd/4 "$T/data/link"
	ln -s ../proc/1/cwd "$T/data/cwd"
	ln -s /dev "$T/data/dev"
	ln -s ../../../../../tmp "$T/data/up"
	ln -s "$T" "$T/data/out"
	on_each_engine starts_nowhere_else
}

@test "no number of a descriptor is a working directory" {
	local fd
	engine=${engines##* }
	for fd in $(seq 3 255); do
		is_refused_directory -w "/proc/self/fd/$fd"
	done
}

mounts_volumes() {
	rm -rf "$T/host" && mkdir -p "$T/host"
	echo seen >"$T/host/file"
	job -v "$T/host:/data/x" -v "$T/host:/ro:ro" -v "$T/host/file:/etc/one" -- sh -c '
		cat /data/x/file /etc/one; echo new >/data/x/new; echo no >/ro/no'
	assert_status 1
	assert_stdout "$(printf 'seen\nseen')"
	assert_equal "$(cat "$T/host/new")" new
	[ ! -e "$T/host/no" ]
	[ ! -e "$T/root/data" ] || fail 'the image was changed'
}

@test "paths of this machine are mounted, read-only when so said" {
	on_each_engine mounts_volumes
}

is_refused_at() {
	job -v "$T/host:$1" -- true
	assert_failed 125
	assert_stderr_has "cannot mount at '$1'; the engine itself mounts /, /dev, /proc and /sys"
}

@test "what an engine would hide is not mounted" {
	mkdir "$T/host"
	ln -s . "$T/root/whole"
	ln -s ../dev "$T/root/etc/devices"
	on_each_engine is_refused_at /dev/own
	on_each_engine is_refused_at /proc/own
	on_each_engine is_refused_at /sys
	on_each_engine is_refused_at /etc/devices/own
	on_each_engine is_refused_at /whole
	assert_equal "$(ls -A "$T/host")" ''
}

keeps_volume() {
	job -v "kept-$engine:/target" -- sh -c 'echo warm >/target/state'
	assert_status 0
	job -v "kept-$engine:/target" -- cat /target/state
	assert_stdout warm
}

@test "a named volume outlives its job" {
	on_each_engine keeps_volume
	ocifp_run store ls
	grep -q "^volume: kept-$engine$" "$T/stdout" || fail 'it is not listed' "$told"
	job -v '../x:/x' -- true
	assert_failed 125
	job -v 'a/b:/x' -- true
	assert_failed 125
	job -v 'name:/x:rx' -- true
	assert_failed 125
	job -v 'name:x' -- true
	assert_failed 125
	job -v 'name:/..' -- true
	assert_failed 125
}

# with_cache COMMAND...: as a push to the default branch, in a project that is mounted at /src
with_cache() {
	echo '{"repository": {"default_branch": "main"}}' >"$T/event.json"
	GITHUB_ACTIONS=true GITHUB_EVENT_NAME=push GITHUB_REF=refs/heads/main \
		GITHUB_EVENT_PATH=$T/event.json RUNNER_TEMP=$T job --cache out -v .:/src -w /src -- "$@"
}

@test "a cache of the project is a volume, restored where it is new and saved after the job" {
	need git
	mkdir "$T/desk" && cd "$T/desk"
	printf 'version: 1\ncaches: {out: {paths: [out, ~/.npm], key: [key], preset: npm, repository: "oci:%s"}}\n' \
		"$T/caches" >.ocifp.yaml
	echo key >key
	git init -q . && git add .
	on_each_engine true
	with_cache sh -c 'ls out; echo warm >out/state; echo home >/root/.npm/state'
	assert_status 0
	assert_stderr_has 'cache out: miss'
	assert_stderr_has 'cache out: saved'
	[ ! -e out/state ] || fail 'the cache is in the project'
	with_cache sh -c 'cat out/state; exit 3'
	assert_status 3
	assert_stdout warm
	export OCIFP_STORE=$T/another
	with_cache sh -c 'cat out/state /root/.npm/state'
	assert_status 0
	assert_stdout $'warm\nhome'
	job --cache out -- true
	assert_status 125
	assert_stderr_has 'requires the project to be mounted'
	job --cache other -v .:/src -- true
	assert_status 125
	assert_stderr_has "unknown cache 'other'"
}

@test "a volume is removed when no job has it, whosever its files are" {
	engine=${engines##* }
	job -v kept:/target -- sh -c 'mkdir -p /target/deep && echo >/target/deep/x && chmod 0 /target/deep'
	spawn user ocifp run --runtime "$engine" -v kept:/target "rootfs:$T/root" -- sh -c 'echo ready; sleep 60'
	wait_for grep -q ready "$T/user.out"
	ocifp_run store rm --volume kept
	assert_failed 10
	assert_stderr_has 'a job is using it'
	stop user
	wait_for ocifp store rm --volume kept
	ocifp_run store ls
	! grep -q volume "$T/stdout" || fail 'it is still there' "$told"
	assert_nothing_left
}

has_tmpfs() {
	job --tmpfs /scratch:size=1m --read-only -- sh -c '
		grep -c " /scratch tmpfs " /proc/mounts; echo ok >/scratch/x && cat /scratch/x
		echo no >/bin/x || echo refused'
	assert_stdout "$(printf '1\nok\nrefused')"
}

has_usual_tmpfs() {
	job --tmpfs /run:rw,noexec,nosuid,size=65536k -- grep ' /run tmpfs rw,nosuid,nodev,noexec,.*size=65536k' /proc/mounts
	assert_status 0
}

@test "a tmpfs takes the options that docker's manual has" {
	on_each_engine has_usual_tmpfs
}

@test "a name of a host is one, or is refused" {
	job --hostname build-1.example -- hostname
	assert_stdout build-1.example
	job --hostname "$(printf 'h%.0s' $(seq 64))" -- true
	assert_status 0
	for name in '' 'a b' $'a\n127.0.0.1 b' "$(printf 'h%.0s' $(seq 65))"; do
		job --hostname "$name" -- true
		assert_failed 125
		assert_stderr_has 'is not a valid host name'
	done
}

@test "a tmpfs can be written to where the root is read-only" {
	on_each_engine has_tmpfs
}

leads_nowhere() {
	local name
	for name in dev proc sys tmp etc; do
		rm -rf "$T/outside" "$T/root/${name:?}" && mkdir "$T/outside"
		ln -s "$T/outside" "$T/root/$name"
		job -v "$T/host:/tmp/in" -- true
		[ -z "$(find "$T/outside" -mindepth 1)" ] || fail "/$name led onto the host"
		rm "$T/root/$name" && mkdir "$T/root/$name"
	done
	ln -s "$T/outside/resolv.conf" "$T/root/etc/resolv.conf"
	job -- true
	[ -z "$(find "$T/outside" -mindepth 1)" ] || fail '/etc/resolv.conf led onto the host'
	rm "$T/root/etc/resolv.conf"
	ln -s /proc/self/cwd "$T/root/work" && ln -s "/oldroot$T/outside" "$T/root/old"
	job -v "$T/host:/work/x" -v "$T/host:/old/y" -- true
	[ -z "$(find "$T/outside" -mindepth 1)" ] || fail 'a volume led onto the host'
	rm "$T/root/work" "$T/root/old"
}

@test "links of a hostile image lead nothing of ours onto the host" {
	mkdir "$T/host"
	on_each_engine leads_nowhere
}

@test "the same links lead bubblewrap alone onto the host" {
	need bwrap_following_links
	mkdir "$T/outside"
	ln -s "/oldroot$T/outside" "$T/root/work"
	touch "$T/file"
	bwrap --unshare-user --bind "$T/root" / --ro-bind "$T/file" /work/x -- /bin/true || true
	[ -e "$T/outside/x" ]
}

has_own_network() {
	job --net none -- sh -c 'grep -c : /proc/net/dev; ifconfig lo | grep -c "UP LOOPBACK RUNNING"'
	assert_stdout "$(printf '1\n1')"
}

@test "without a network there is loopback alone" {
	on_each_engine has_own_network
}

hands_on_input() {
	head -c 300000 /dev/urandom >"$T/bytes"
	job -i -- cat <"$T/bytes"
	assert_status 0
	cmp "$T/bytes" "$T/stdout" || fail 'not the same bytes'
	job -- cat <"$T/bytes"
	assert_status 0
	[ ! -s "$T/stdout" ] || fail 'input without -i'
}

@test "standard input is handed on with -i, byte for byte" {
	on_each_engine hands_on_input
}

dies_with_signal() {
	spawn job ocifp run --runtime "$engine" "rootfs:$T/root" -- sh -c "$2"
	wait_for grep -q ready "$T/job.out"
	kill "-$1" "$(cat "$T/pids/job")"
	wait_for grep -q gone "$T/job.out"
}

@test "signals are passed on to the job" {
	on_each_engine dies_with_signal TERM 'trap "echo gone; exit 3" TERM; echo ready; while :; do sleep 0.1; done'
	# Who is started with it ignored, as by nohup(1), hands that on.
	[ -z "$(trap -p HUP)" ] || return 0
	on_each_engine dies_with_signal HUP 'trap "echo gone; exit 3" HUP; echo ready; while :; do sleep 0.1; done'
}

is_deaf() {
	spawn job nohup ocifp run --runtime "$engine" "rootfs:$T/root" -- sh -c 'echo ready; sleep 2; echo heard nothing'
	wait_for grep -q ready "$T/job.out"
	kill -HUP "$(cat "$T/pids/job")"
	wait_for grep -q 'heard nothing' "$T/job.out"
}

@test "a job that is started by nohup is deaf to it" {
	on_each_engine is_deaf
}

ends_by_signal() {
	local status=0
	ocifp run --runtime "$engine" "rootfs:$T/root" -- sleep 60 3>&- &
	sleep 1
	kill -TERM $!
	wait $! || status=$?
	assert_equal "$status" 143
	assert_nothing_left
	split_run timeout --preserve-status -s INT 1 ocifp run --runtime "$engine" "rootfs:$T/root" -- sleep 60
	assert_status 130
	assert_within 4
	assert_nothing_left
}

@test "a job that does not care about SIGTERM ends by it" {
	on_each_engine ends_by_signal
}

leaves_a_daemon() {
	ends_with 0 sh -c 'setsid sleep 1013 </dev/null >/dev/null 2>&1 & setsid sh -c "sleep 1013 & exit" & exit 0'
	! pgrep -f 'sleep 1013' || fail 'a daemon is left'
}

@test "what a job leaves in the background goes with it" {
	on_each_engine leaves_a_daemon
}

writes_all() {
	local status=0
	ocifp run --runtime "$engine" "rootfs:$T/root" -- sh -c 'head -c 100m /dev/zero | tr "\0" "\377"' \
		2>"$T/stderr" </dev/null 3>&- | sha256sum >"$T/sum"
	assert_equal "$(cat "$T/sum")" "$(head -c 100M /dev/zero | tr '\0' '\377' | sha256sum)"
	ocifp run --runtime "$engine" -i "rootfs:$T/root" -- sh -c 'exit 5' <&- >&- 2>&- 3>&- || status=$?
	assert_equal "$status" 5
}

@test "a hundred megabytes of any bytes come out, and closed streams harm nothing" {
	on_each_engine writes_all
}

runs_out_of_time() {
	job --timeout 1 -- sh -c "trap '' TERM; sleep 1007 & sleep 1007"
	assert_status 124
	! pgrep -f 'sleep 1007' || fail 'something is left'
	assert_nothing_left
}

runs_out_of_time_at_work() {
	job --timeout 2 -- sh -c "trap '' TERM
		for i in \$(seq 100); do (while :; do echo >/tmp/\$i.\$RANDOM; done) & done; wait"
	assert_status 124
	assert_nothing_left
}

@test "a job whose time is up is killed, and all that it started and wrote is removed" {
	on_each_engine runs_out_of_time
	on_each_engine runs_out_of_time_at_work
}

leaves_nothing() {
	spawn job ocifp run --runtime "$engine" "rootfs:$T/root" -- sh -c 'echo ready; sleep 1009 & sleep 1009'
	wait_for grep -q ready "$T/job.out"
	kill -9 "$(cat "$T/pids/job")"
	sleep 1
	! pgrep -f 'sleep 1009' || fail 'a process is left'
	! grep -F "$OCIFP_STORE" /proc/self/mountinfo || fail 'a mount is left'
	ocifp_run store gc
	assert_status 0
	assert_nothing_left
	ocifp_run store fsck
	assert_status 0
}

@test "a run that is killed leaves nothing but what gc removes" {
	on_each_engine leaves_nothing
}

wrecks_its_root() {
	job -- sh -c 'mkdir -p /deep/er; chmod 0 /deep/er /deep; busybox rm -rf /bin /etc 2>/dev/null; true'
	[ -x "$T/root/bin/busybox" ] || fail 'the image was changed'
	assert_nothing_left
	ends_with 0 true
}

@test "a job that wrecks its root wrecks nothing else" {
	on_each_engine wrecks_its_root
}

@test "a bare root works: no passwd, no folders" {
	root=$T/bare
	mkdir -p "$root"
	cp "$T/root/bin/busybox" "$root/busybox"
	on_each_engine ends_bare
}

ends_bare() {
	job -- /busybox sh -c 'exit 7'
	assert_status 7
	job -- sh
	assert_status 127
	assert_equal "$(ls "$root")" busybox
}

@test "where user namespaces are refused it is 125, and the remedy is told" {
	split_run unshare -Ur sh -c 'echo 0 >/proc/sys/user/max_user_namespaces &&
		exec ocifp run --status-file "$1" "$2" -- true' sh "$T/status" "rootfs:$T/root"
	assert_failed 125
	assert_equal "$(jq -r .error.class "$T/status")" no_userns
	assert_stderr_has 'max_user_namespaces'
	assert_nothing_left
}

# as_user_in_container COMMAND...: who has no subordinate ids, where /proc is masked; of few processes, none
# of which has the number that bubblewrap's child would have in a namespace of its own
as_user_in_container() {
	split_run unshare -m --pid --fork --kill-child --mount-proc sh -ec '
		for number in 1 2 3 4 5 6 7 8 9; do /bin/true; done
		mount -t tmpfs none /proc/acpi || mount -t tmpfs none /proc/tty
		exec "$@"' sh setpriv --reuid 1000 --regid 1000 --clear-groups env HOME="$T/user" \
		OCIFP_STORE="$T/user/store" "$@"
}

@test "where /proc is masked a job needs --isolation chroot, which the caller alone can say" {
	need root setpriv userns bwrap jq
	mkdir "$T/user" "$T/desk" && chmod 755 "$T" && chown -R 1000:1000 "$T/user" "$T/root" "$T/desk"
	as_user_in_container ocifp run "rootfs:$T/root" -- true
	assert_failed 125
	assert_stderr_has "cannot mount '/proc'.*; in a container, /proc must not be masked; 'ocifp run --isolation chroot' does without"
	as_user_in_container ocifp run --isolation chroot -v "$T/desk:/desk" "rootfs:$T/root" -- \
		sh -c 'id -u; touch /desk/made; ls /; exit 7'
	assert_status 7
	assert_stderr_has 'isolation chroot: nothing keeps the job from'
	assert_stdout "$(printf '%s\n' 0 bin desk dev etc home proc root sys tmp)"
	assert_equal "$(stat -c %u "$T/desk/made")" 1000
	as_user_in_container ocifp run --isolation chroot -u builder "rootfs:$T/root" -- id -u
	assert_stdout 1000
	as_user_in_container timeout 20 ocifp run --isolation chroot --timeout 2 "rootfs:$T/root" -- \
		sh -c 'sleep 61.75 & trap "" TERM; sleep 61.75'
	assert_status 124
	! pgrep -f '^sleep 61.75' || fail 'something of the job is left'
	mkdir -p "$T/user/.config/ocifp" && echo 'isolation: chroot' >"$T/user/.config/ocifp/config.yaml"
	chown -R 1000:1000 "$T/user/.config"
	as_user_in_container ocifp run "rootfs:$T/root" -- echo ran
	assert_stdout ran
	as_user_in_container ocifp run --isolation full "rootfs:$T/root" -- true
	assert_failed 125
	as_user_in_container ocifp run --runtime crun "rootfs:$T/root" -- true
	assert_failed 125
	assert_stderr_has 'isolation chroot requires bwrap, not crun'
	as_user_in_container ocifp doctor --offline --json
	assert_equal "$(jq -r '.sandbox.proc.state' "$T/stdout")" problem
}

@test "--isolation chroot is refused for root of this machine" {
	need root
	[ "$(stat -Lc %i /proc/self/ns/pid)" = 4026531836 ] || skip 'these are not the first namespaces'
	ocifp_run run --isolation chroot "rootfs:$T/root" -- true
	assert_failed 125
	assert_stderr_has 'isolation chroot is refused for root of this machine; .* run it as a user'
}

@test "with --isolation chroot no process of ocifp shows what it has" {
	# With sanitizers it stays dumpable: the one for leaks traces it.
	need root setpriv userns bwrap no_sanitizers
	mkdir "$T/user" && chmod 755 "$T" && chown -R 1000:1000 "$T/user" "$T/root"
	SECRET=hidden-word as_user_in_container ocifp run --isolation chroot -e A=B "rootfs:$T/root" -- sh -c '
		for pid in $(ls /proc | grep "^[0-9]"); do
			[ "$(cat "/proc/$pid/comm" 2>/dev/null)" = ocifp ] || continue
			echo "$pid: $(tr "\0" " " <"/proc/$pid/cmdline")"; ls /proc/$pid/root/ /proc/$pid/fd/ 2>/dev/null | grep -v -e :$ -e ^$ && echo sho""wn
			grep -l hidden-word "/proc/$pid/environ" 2>/dev/null && echo sho""wn
		done'
	! grep -q shown "$T/stdout" || fail 'something is shown' "$told"
	grep -q 'ocifp run --isolation chroot' "$T/stdout" || fail 'ocifp was not seen' "$told"
}

@test "what cannot be run is 125, with a hint" {
	ocifp_run run "rootfs:$T/root"
	assert_failed 125
	ocifp_run run --runtime none "rootfs:$T/root" -- true
	assert_failed 125
	ocifp_run run "rootfs:$T/nothing" -- true
	assert_failed 125
}

# terminal_job COMMAND...: typed on a terminal of 33 lines and 99 columns
terminal_job() {
	python3 - "$@" <<-'PY'
		import fcntl, os, pty, struct, sys, termios, time
		pid, fd = pty.fork()
		if pid == 0:
		    os.execvp(sys.argv[1], sys.argv[1:])
		fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", 33, 99, 0, 0))
		shown = b""
		def read_until(what):
		    global shown
		    end = time.time() + 20
		    while what not in shown and time.time() < end:
		        try:
		            shown += os.read(fd, 4096)
		        except OSError:
		            break
		read_until(b"ready")
		os.write(fd, b"stty size; tty; echo job-$((40 + 2))\n")
		read_until(b"job-42")
		fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", 44, 111, 0, 0))
		time.sleep(0.5)
		os.write(fd, b"stty size; sleep 100\n")
		read_until(b"44 111")
		time.sleep(0.5)
		os.write(fd, b"\x03")
		time.sleep(0.3)
		os.write(fd, b"exit 5\n")
		read_until(b"\0never\0")
		status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
		print(shown.decode(errors="replace").replace("\r", ""))
		print("status", status)
	PY
}

has_terminal() {
	terminal_job ocifp run --runtime "$engine" -it "rootfs:$T/root" -- sh -c 'echo ready; exec sh' >"$T/shown"
	grep -q '^33 99$' "$T/shown" || fail 'no window size' "$(cat "$T/shown")"
	grep -q '^44 111$' "$T/shown" || fail 'a new window size did not arrive' "$(cat "$T/shown")"
	grep -q '^status 5$' "$T/shown" || fail 'not its exit status' "$(cat "$T/shown")"
}

@test "-it gives the job a terminal of our window's size" {
	on_each_engine has_terminal
}

# ends_typed KEY STATUS COMMAND...: the key is typed when the job is ready
ends_typed() {
	local key=$1 wanted=$2
	shift 2
	timeout 60 python3 - "$key" ocifp run --runtime "$engine" -it "rootfs:$T/root" -- "$@" >"$T/shown" <<-'PY'
		import os, pty, sys, time
		pid, fd = pty.fork()
		if pid == 0:
		    os.execvp(sys.argv[2], sys.argv[2:])
		shown, typed = b"", False
		while True:
		    try:
		        shown += os.read(fd, 4096)
		    except OSError:
		        break
		    if b"ready" in shown and not typed:
		        time.sleep(0.5)
		        os.write(fd, bytes([int(sys.argv[1])]))
		        typed = True
		print(shown.decode(errors="replace").replace("\r", ""))
		print("status", os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
	PY
	grep -q "^status $wanted\$" "$T/shown" || fail "not $wanted of $engine" "$(cat "$T/shown")"
	assert_nothing_left
}

@test "what is typed on a terminal of the job ends the job alone, with its own status" {
	on_each_engine ends_typed 3 130 sh -c 'echo ready; exec sleep 30'
	on_each_engine ends_typed 28 131 sh -c 'echo ready; exec sleep 30'
	on_each_engine ends_typed 3 7 sh -c 'trap "sleep 1; exit 7" INT; echo ready; while :; do sleep 0.1; done'
	on_each_engine ends_typed 3 0 sh -c 'trap "" INT; echo ready; sleep 2'
}

talks_much() {
	seq 200000 >"$T/numbers"
	job -it -- cat <"$T/numbers"
	assert_status 0
	tr -d '\r' <"$T/stdout" | grep -qx 200000 || fail 'not all came back'
	split_run timeout 30 bash -c '"$@" | head -n 1; exit ${PIPESTATUS[0]}' bash \
		ocifp run --runtime "$engine" -it "rootfs:$T/root" -- yes </dev/null
	assert_status 129
	job -it --timeout 2 -- sleep 100 < <(yes)
	assert_status 124
	split_run timeout 30 bash -c '"$@" | sleep 5; exit ${PIPESTATUS[0]}' bash \
		ocifp run --runtime "$engine" -t --timeout 2 "rootfs:$T/root" -- yes
	assert_status 124
}

@test "a terminal that much goes through, or nothing, holds nobody up" {
	on_each_engine talks_much
}

shifts_ids() {
	# In the job's own words: which ids it has, and whose its files are.
	job --userns auto -v "$T/host:/host" -v "ids-$engine:/volume" -v "$T/host:/ro:ro" -- sh -c '
		awk "\$2 > 65535 { print \"shifted\", \$1, \$3 }" /proc/self/uid_map /proc/self/gid_map
		touch /host/$1 /volume/mine /new
		stat -c %u /host/$1 /volume /volume/mine /new /bin/sh /etc/hosts /sys
		echo no >/ro/no' sh "$engine"
	assert_status 1
	assert_stdout "$(printf 'shifted 0 65536\nshifted 0 65536\n0\n0\n0\n0\n0\n0\n65534')"
	assert_equal "$(stat -c %u "$T/host/$engine" "$OCIFP_STORE/.ocifp/volumes/ids-$engine/mine")" $'0\n0'
	assert_nothing_left
}

@test "with --userns auto a job of root has ids that nobody has, and its files are root's" {
	need root idmapped_mounts overlay_rootless
	mkdir "$T/host"
	on_each_engine shifts_ids
}

@test "with --userns auto the users of the image own what they own without it" {
	need root idmapped_mounts overlay_rootless
	need_oci_engine
	job --userns auto -u builder -v users:/volume -- sh -c 'id -u; touch /volume/mine'
	assert_stdout 1000
	assert_equal "$(stat -c %u "$OCIFP_STORE/.ocifp/volumes/users/mine")" 1000
	job --userns auto -u 70000 -- true
	assert_failed 125
}

opens_its_terminal() {
	terminal_job ocifp run --userns auto --runtime "$engine" -it "rootfs:$T/root" -- \
		sh -c 'echo ready; echo to-it >/dev/stderr; exec sh' >"$T/shown"
	grep -q '^to-it$' "$T/shown" || fail "$(cat "$T/shown")"
	grep -q '^status 5$' "$T/shown" || fail 'not its exit status' "$(cat "$T/shown")"
}

@test "with --userns auto a job may open its terminal" {
	need root idmapped_mounts overlay_rootless
	on_each_engine opens_its_terminal
}

copies_and_shifts_ids() {
	split_run python3 "$RIG_LIB/without_openat2.py" --call "$fsetxattr" ocifp run --userns auto \
		--runtime "$engine" -v "$T/host:/host" "rootfs:$T/root" -- sh -c '
		awk "\$2 > 65535 { print \"shifted\", \$1, \$3 }" /proc/self/uid_map
		touch /host/$1 /new && stat -c %u /host/$1 /new /bin/sh && echo changed >/etc/group' sh "$engine"
	assert_status 0
	assert_stdout "$(printf 'shifted 0 65536\n0\n0\n0')"
	assert_stderr_has 'gets a copy'
	assert_equal "$(stat -c %u "$T/host/$engine")" 0
	grep -q root "$T/root/etc/group" || fail 'the job wrote into the root itself'
	assert_nothing_left
}

@test "with --userns auto a job that gets a copy of its root has ids that nobody has, too" {
	need root idmapped_mounts python3
	local fsetxattr=190
	[ "$(uname -m)" = x86_64 ] || fsetxattr=7
	mkdir "$T/host"
	on_each_engine copies_and_shifts_ids
}

# refused_shift REASON COMMAND...
refused_shift() {
	local reason=$1
	shift
	split_run "$@"
	assert_failed 125
	assert_stderr_has "$reason"
	assert_nothing_left
}

@test "--userns auto is refused, with the reason, where it cannot be had" {
	need root idmapped_mounts setpriv python3 overlay
	local run=(ocifp run --userns auto "rootfs:$T/root")
	mkdir -p "$T"/over/{lower,upper,work,at}
	refused_shift "cannot map the owners of '$T/over/at': its file system" unshare -m sh -ec '
		mount -t overlay -o "lowerdir=$1/lower,upperdir=$1/upper,workdir=$1/work" none "$1/at"
		shift; exec "$@"' sh "$T/over" "${run[@]}" -v "$T/over/at:/x" -- true
	refused_shift 'has no idmapped mounts; use ext4, XFS or Btrfs and Linux 5.12 or later' \
		python3 "$RIG_LIB/without_openat2.py" --unknown --call $mount_setattr "${run[@]}" -- true
	refused_shift '--bundle cannot be combined with --userns auto' "${run[@]}" --bundle "$T/bundle" -- true
	[ ! -e "$T/bundle" ] || fail 'a bundle was made'
	chmod 755 "$T" && install -d -o 1000 "$T/user"
	refused_shift '--userns auto requires root of this machine' setpriv --reuid 1000 --regid 1000 --clear-groups \
		env HOME="$T/user" OCIFP_STORE="$T/user/store" "${run[@]}" -- true
	refused_shift '--userns auto requires root of this machine' unshare -Ur \
		env OCIFP_STORE="$T/other" "${run[@]}" -- true
}

@test "without root a job is root of its own files alone" {
	need root setpriv
	mkdir "$T/user" && chmod 755 "$T" && chown -R 1000:1000 "$T/user" "$T/root"
	for engine in $engines; do
		setpriv --reuid 1000 --regid 1000 --clear-groups env HOME="$T/user" OCIFP_STORE="$T/user/store" \
			ocifp run --runtime "$engine" -v vol:/vol "rootfs:$T/root" -- \
			sh -c 'id -u; touch /vol/x /bin/y; mkdir /deep; chmod 0 /deep' >"$T/out"
		assert_equal "$(cat "$T/out")" 0
		assert_equal "$(stat -c %u "$T/user/store/.ocifp/volumes/vol/x")" 1000
		assert_equal "$(ls "$T/user/store/.ocifp/roots")" ''
	done
}

# is_any_user: in its own words, and in ours
is_any_user() {
	if [ "$engine" = runc ]; then
		split_run setpriv --reuid 1000 --regid 1000 --clear-groups env HOME="$T/user" \
			OCIFP_STORE="$T/user/store" ocifp run --runtime runc -u builder "rootfs:$T/root" -- true
		assert_failed 125
		assert_stderr_has 'runc cannot run a job as user 4711:4712 without subordinate ids; use crun or bwrap'
		return
	fi
	split_run setpriv --reuid 1000 --regid 1000 --clear-groups env HOME="$T/user" OCIFP_STORE="$T/user/store" \
		ocifp run --runtime "$engine" -u builder -v "$T/host:/host" -v "vol-$engine:/vol" "rootfs:$T/root" -- \
		sh -c 'id -u; id -g; stat -c %u:%g /bin/busybox /host /vol; touch "/host/$1" /vol/x /home/builder/y
			chown 0 /vol/x 2>/dev/null || echo refused; grep CapEff /proc/self/status' sh "$engine"
	assert_status 0
	assert_stdout "$(printf '%s\n' 4711 4712 4711:4712 4711:4712 4711:4712 refused "CapEff:	0000000000000000")"
	assert_equal "$(stat -c %u "$T/host/$engine" "$T/user/store/.ocifp/volumes/vol-$engine/x")" $'1000\n1000'
	assert_equal "$(ls "$T/user/store/.ocifp/roots")" ''
}

@test "without root and subordinate ids a job may be any one user of the image" {
	need root setpriv
	sed -i 's/:1000:1000:/:4711:4712:/' "$T/root/etc/passwd"
	mkdir "$T/user" "$T/host" && chmod 755 "$T" && chown -R 1000:1000 "$T/user" "$T/root" "$T/host"
	on_each_engine is_any_user
	split_run setpriv --reuid 1000 --regid 1000 --clear-groups env HOME="$T/user" OCIFP_STORE="$T/user/store" \
		ocifp run "rootfs:$T/root" -- chown 33 /bin/busybox
	assert_status 1
	assert_stderr_has 'the job has no ids but its own: .*, as apt does, .*: apt install uidmap, and see subuid\(5\)'
}

@test "without root a tree of somebody else's groups is refused with a hint" {
	need root setpriv
	mkdir "$T/user" && chmod 755 "$T" && chown -R 1000:1000 "$T/user" "$T/root"
	chgrp 7 "$T/root/etc"
	split_run setpriv --reuid 1000 --regid 1000 --clear-groups env HOME="$T/user" \
		OCIFP_STORE="$T/user/store" ocifp run "rootfs:$T/root" -- true
	assert_failed 125
	assert_stderr_has "^ocifp: cannot use '/etc/hostname' of the image: .*that has no id here; let the user"
}
