#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What a signal ends: the build, git and helpers that ocifp started, then ocifp itself, by that signal.

load ../lib/rig

setup() {
	rig_setup
	mkdir "$T/tmp" project
	export TMPDIR=$T/tmp
	cd project || return 1
}

teardown() {
	rig_teardown
}

# project BUILD: an image in a layout that this command builds
project() {
	printf 'version: 1\nimages: {ci: {repository: "oci:registry", inputs: [.ocifp.yaml], build: "%s"}}\n' \
		"$1" >.ocifp.yaml
}

# started WORD...: `ocifp ensure` outside of any terminal, once its build has written "pid"; $ocifp
# A shell makes what it starts in the background ignore SIGINT; nohup, SIGHUP.
started() {
	env --default-signal=INT,HUP setsid ocifp ensure --push always "$@" >"$T/stdout" 2>"$T/stderr" 3>&- 4>&- &
	ocifp=$!
	wait_for test -s pid
}

# ended NUMBER: ocifp has died by that signal
ended() {
	status=0
	wait "$ocifp" || status=$?
	assert_status $((128 + $1))
}

# gone FILE: none of the processes named there is left
gone() {
	local pid
	while read -r pid; do
		wait_for_not kill -0 "$pid"
	done <"$1"
}

wait_for_not() {
	# shellcheck disable=SC2016
	wait_for bash -c '! "$@"' bash "$@"
}

@test "TERM, INT and HUP end the build with all that it started, and ocifp by that signal" {
	local name
	# The last command, sleep, is a process below the shell's.
	project 'echo $$ >pid; sleep 60 & echo $! >>pid; sleep 60; echo went on >went-on'
	for name in TERM INT HUP; do
		rm -f pid
		started
		kill -"$name" "$ocifp"
		ended "$(kill -l "$name")"
		assert_stderr_has "^ocifp: .*'/bin/sh' was stopped: ocifp received SIG$name"
		gone pid
		assert_equal "$(ls -A "$TMPDIR")" ''
		[ ! -e went-on ]
	done
}

@test "with --timeout, where the build has a process group of its own, a signal reaches it too" {
	project 'echo $$ >pid; sleep 60; echo went on >went-on'
	started --timeout 1h
	kill -INT "$ocifp"
	ended 2
	gone pid
	[ ! -e went-on ]
}

@test "a build may clean up; one that will not end is killed, by a second signal at once" {
	project 'trap \"echo cleaned >cleaned; exit 1\" TERM; echo $$ >pid; while :; do sleep 0.1; done'
	started
	kill -TERM "$ocifp"
	ended 15
	assert_equal "$(cat cleaned)" cleaned
	rm pid
	project 'trap \"touch stubborn\" TERM; echo $$ >pid; while :; do sleep 0.1; done'
	started
	kill -TERM "$ocifp"
	wait_for test -e stubborn
	kill -TERM "$ocifp"
	ended 15
	gone pid
}

@test "an ignored HUP, as under nohup, ends nothing" {
	project 'echo $$ >pid; sleep 1; mkdir -p nowhere; touch went-on; exit 7'
	(
		trap '' HUP
		exec setsid ocifp ensure --push always >"$T/stdout" 2>"$T/stderr" 3>&- 4>&-
	) &
	ocifp=$!
	wait_for test -s pid
	kill -HUP "$ocifp"
	status=0
	wait "$ocifp" || status=$?
	assert_status 11
	[ -e went-on ]
}

@test "Ctrl-C in a terminal ends the build, with --timeout and without" {
	local options
	project 'echo $$ >pid; sleep 60; echo went on >went-on'
	for options in '' '--timeout 1h'; do
		rm -f pid
		# shellcheck disable=SC2086
		env --default-signal=INT python3 - ocifp ensure --push always $options <<-'PYTHON'
			import os, pty, sys, time
			pid, fd = pty.fork()
			if pid == 0:
			    os.execvp(sys.argv[1], sys.argv[1:])
			while not (os.path.exists("pid") and os.path.getsize("pid")):
			    time.sleep(0.05)
			os.write(fd, b"\x03")
			status = os.waitpid(pid, 0)[1]
			sys.exit(0 if os.WIFSIGNALED(status) and os.WTERMSIG(status) == 2 else "status %d" % status)
		PYTHON
		gone pid
		[ ! -e went-on ]
	done
}

@test "after kill -9 of ocifp the room of its build is nobody's while the build lives" {
	project 'echo $$ >pid; echo $OCIFP_OUTPUT >output; touch ${OCIFP_OUTPUT%/*}/mine; while [ ! -e end ]; do sleep 0.1; done'
	started
	kill -9 "$ocifp"
	wait "$ocifp" || true
	local room
	room=$(dirname "$(cat output)")
	[ -e "$room/mine" ]
	mkdir "$T/other" && touch "$T/other/f"
	# Another run removes what is left of builds that have ended.
	printf 'version: 1\nimages: {ci: {repository: "oci:registry", inputs: [f], build: "exit 7"}}\n' \
		>"$T/other/.ocifp.yaml"
	ocifp_run ensure --push always --directory "$T/other"
	assert_failed 11
	[ -e "$room/mine" ] || fail 'the room of a build that lives was removed'
	touch end
	gone pid
	ocifp_run ensure --push always --directory "$T/other"
	assert_failed 11
	[ ! -e "$room" ]
}

@test "after kill -9 of ocifp no helper is left" {
	mkdir files && head -c 64M /dev/urandom >files/one
	ocifp_run append --set-platform linux/amd64 --output oci:image:1 files
	assert_status 0
	# For a moment newuidmap is a child, too; the helper is what has given up its rights.  Stopped, it does
	# not have to notice anything by itself.
	python3 - <<-'PY' 3>&- 4>&-
		import os, signal, subprocess, time
		ocifp = subprocess.Popen(["ocifp", "unpack", "oci:image:1", "tree"], stdout=subprocess.DEVNULL,
		                         stderr=subprocess.DEVNULL)
		def helper():
		    for pid in open("/proc/%d/task/%d/children" % (ocifp.pid, ocifp.pid)).read().split():
		        try:
		            if "NoNewPrivs:\t1" in open("/proc/%s/status" % pid).read():
		                return int(pid)
		        except OSError:
		            pass
		while not (pid := helper()):
		    assert ocifp.poll() is None, "it ended before it was stopped"
		    time.sleep(0.001)
		os.kill(pid, signal.SIGSTOP)
		print(pid, file=open("helper", "w"))
		ocifp.kill()
		ocifp.wait()
	PY
	gone helper
}

@test "a signal leaves no part of an archive, also where it needs a name from the start" {
	need mounts
	mkdir files out && head -c 64M /dev/urandom >files/one
	ocifp_run append --set-platform linux/amd64 --output oci:image:1 files
	assert_status 0
	# Without /proc a file that has no name could not be given one.
	env --default-signal=INT,HUP unshare -m python3 - <<-'PY' 3>&- 4>&-
		import glob, signal, subprocess, time
		subprocess.check_call(["mount", "-t", "tmpfs", "none", "/proc"])
		for number in signal.SIGTERM, signal.SIGINT, signal.SIGHUP:
		    pull = subprocess.Popen(["ocifp", "pull", "-o", "oci-archive:out/tar", "oci:image:1"],
		                            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
		    while not glob.glob("out/.*.tmp"):
		        assert pull.poll() is None, "it ended before it was seen"
		    pull.send_signal(number)
		    assert pull.wait() == -number, pull.returncode
	PY
	assert_equal "$(ls -A out)" ''
}

@test "a signal leaves no part of an artifact's file" {
	mkdir out && head -c 64M /dev/urandom >one
	ocifp_run push --artifact one oci:image:1
	assert_status 0
	env --default-signal=INT,HUP python3 - <<-'PY' 3>&- 4>&-
		import os, signal, subprocess
		for number in signal.SIGTERM, signal.SIGINT, signal.SIGHUP:
		    pull = subprocess.Popen(["ocifp", "pull", "-o", "files:out", "oci:image:1"],
		                            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
		    while not os.listdir("out"):
		        assert pull.poll() is None, "it ended before it was seen"
		    pull.send_signal(number)
		    assert pull.wait() == -number, pull.returncode
		    assert os.listdir("out") == [], os.listdir("out")
	PY
}

# cleans_up WORD...: ocifp is sent each signal as soon as a file is seen in its folder "out/.*.ocifp"
cleans_up() {
	env --default-signal=INT,HUP python3 - "$@" <<-'PY' 3>&- 4>&-
		import os, signal, subprocess, sys
		def begun():
		    return any(files for folder in os.listdir("out") for _, _, files in os.walk("out/%s/fs" % folder))
		for number in signal.SIGTERM, signal.SIGINT, signal.SIGHUP:
		    ocifp = subprocess.Popen(["ocifp"] + sys.argv[1:], stdout=subprocess.DEVNULL,
		                             stderr=subprocess.DEVNULL)
		    while not begun():
		        assert ocifp.poll() is None, "it ended before it was seen"
		    ocifp.send_signal(number)
		    assert ocifp.wait() == -number, ocifp.returncode
		    assert os.listdir("out") == [], os.listdir("out")
	PY
}

@test "a signal leaves no part of a tree: unpack, rootfs:, cache restore and export" {
	local where=oci:registry
	mkdir files out && head -c 64M /dev/urandom >files/one && echo key >key
	ocifp_run append --set-platform linux/amd64 --output oci:image:1 files
	assert_status 0
	mv files out/files
	ocifp_run cache save --push always --path out/files --key key --repository "$where"
	assert_status 0
	rm -rf out/files
	cleans_up unpack oci:image:1 out/tree
	cleans_up pull -o rootfs:out/tree oci:image:1
	cleans_up cache restore --path out/files --key key --repository "$where"
	cleans_up cache export --path out/files --key key --repository "$where" -o out/tar
}

@test "a signal ends the writing of a tar of a cache, and leaves no tree beside it" {
	mkdir files out && head -c 64M /dev/urandom >files/one && echo key >key
	ocifp_run cache save --push always --path files --key key --repository oci:registry
	assert_status 0
	rm -rf files
	mkfifo out/tar
	env --default-signal=INT,HUP python3 - <<-'PY' 3>&- 4>&-
		import os, signal, subprocess
		export = subprocess.Popen(["ocifp", "cache", "export", "--path", "files", "--key", "key", "--repository",
		                           "oci:registry", "-o", "out/tar"],
		                          stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
		with open("out/tar", "rb") as tar:
		    size = len(tar.read(1 << 20))
		    export.send_signal(signal.SIGTERM)
		    size += len(tar.read())
		assert export.wait() == -signal.SIGTERM, export.returncode
		assert size < 32 << 20, size
		assert os.listdir("out") == ["tar"], os.listdir("out")
	PY
}

@test "a signal ends a wait for another process that holds the store, and leaves no part of a tree" {
	mkdir files out && echo one >files/one
	ocifp_run append --set-platform linux/amd64 --output oci:image:1 files
	assert_status 0
	ocifp_run pull oci:image:1
	assert_status 0
	env --default-signal=INT,HUP python3 - "$OCIFP_STORE/.ocifp/index.lock" <<-'PY' 3>&- 4>&-
		import fcntl, os, signal, subprocess, sys
		lock = open(sys.argv[1])
		fcntl.flock(lock, fcntl.LOCK_EX)
		for number in signal.SIGTERM, signal.SIGINT, signal.SIGHUP:
		    pull = subprocess.Popen(["ocifp", "pull", "-o", "rootfs:out/tree", "oci:image:1"],
		                            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
		    for line in pull.stderr:
		        if "waiting for another process" in line:
		            break
		    assert os.listdir("out") == [".tree.ocifp"], os.listdir("out")
		    pull.send_signal(number)
		    try:
		        assert pull.wait(20) == -number, pull.returncode
		    finally:
		        pull.kill()
		    assert os.listdir("out") == [], os.listdir("out")
	PY
}

@test "a signal ends a credential helper and git, which ocifp waits for" {
	local name way
	printf '#!/bin/sh\ntrap "" HUP\necho $$ >%s/pid\nexec sleep 60\n' "$PWD" >"$T/slow"
	chmod +x "$T/slow"
	mkdir "$T/git" "$T/helper" "$HOME/.docker"
	cp "$T/slow" "$T/git/git"
	cp "$T/slow" "$T/helper/docker-credential-slow"
	echo '{"credsStore": "slow"}' >"$HOME/.docker/config.json"
	git init -q .
	printf 'version: 1\nimages: {ci: {repository: "oci:registry", inputs: [.ocifp.yaml], tracked: true}}\n' >.ocifp.yaml
	for name in TERM INT HUP; do
		for way in 'git fingerprint' 'helper exists localhost:1/app:1'; do
			rm -f pid
			# shellcheck disable=SC2086
			PATH=$T/${way%% *}:$PATH env --default-signal=INT,HUP setsid ocifp ${way#* } >"$T/stdout" 2>"$T/stderr" 3>&- 4>&- &
			ocifp=$!
			wait_for test -s pid
			kill -"$name" "$ocifp"
			ended "$(kill -l "$name")"
			gone pid
			assert_equal "$(ls -A "$TMPDIR")" ''
		done
	done
}
