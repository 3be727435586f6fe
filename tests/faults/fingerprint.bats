#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Fingerprints: equal for equal inputs, different for anything that matters, and never an excuse to
# build when the registry could not be asked.

load ../lib/rig

setup() {
	need python3 jq ocifp
	rig_setup
}

teardown() {
	rig_teardown
}

# fingerprint [OPTION...]: all 64 digits on stdout of this function
fingerprint() {
	ocifp fingerprint --length 64 "$@" 3>&-
}

# project [YAML LINE...]: a project with one image, its registry $reg_host/app
project() {
	mkdir -p src-scripts
	echo 'FROM scratch' >Dockerfile
	echo 'echo hello' >src-scripts/run.sh
	{
		printf 'version: 1\nimages:\n  app:\n    repository: %s\n' "$reg_host/app"
		printf '    inputs: [Dockerfile, src-scripts/]\n'
		[ $# -eq 0 ] || printf '    %s\n' "$@"
	} >.ocifp.yaml
}

@test "F01 trees that look alike when glued together differ" {
	mkdir -p {a,b,c,d,e,f,g,h}/in
	printf a >a/in/1; printf bc >a/in/2
	printf ab >b/in/1; printf c >b/in/2
	printf x >c/in/$'a\nb'
	printf x >d/in/a; : >d/in/b
	printf x >e/in/'a b'
	mkdir f/in/a; printf x >f/in/a/b
	printf x >g/in/a
	: >h/in/a
	local tree
	for tree in a b c d e f g h; do
		(cd $tree && fingerprint --input in) >>all
	done
	grep -Ecx '[0-9a-f]{64}' all | grep -qx 8 || fail "not eight fingerprints" "$(cat all)"
	[ -z "$(sort all | uniq -d)" ] || fail "two are equal" "$(cat all)"
}

@test "F01 a name that goes on as the record of another file does not stand for that file" {
	local record
	record="100644 1 $(printf y | sha256sum | cut -d ' ' -f 1) in"
	mkdir -p two/in "one/in/x$record"
	printf x >two/in/x
	printf y >two/in/y
	printf x >"one/in/x$record/y"
	[ "$(cd one && fingerprint --input in)" != "$(cd two && fingerprint --input in)" ]
}

@test "F02 an independent program agrees on random trees" {
	local seed paths
	for ((seed = 0; seed < ${OCIFP_TEST_TREES:-25}; seed++)); do
		rm -rf in && mkdir in
		python3 "$RIG_LIB/fingerprint.py" random $seed in
		[ -n "$(find in -type f -o -type l)" ] || continue
		assert_equal "$seed $(fingerprint --input in)" "$seed $(python3 "$RIG_LIB/fingerprint.py" tree in)"
	done
	assert_equal "$(fingerprint --input in --arg B=2 --arg A=1)" "$(python3 "$RIG_LIB/fingerprint.py" tree in --arg A=1 --arg B=2)"
}

@test "F02 golden: a known tree has a known fingerprint" {
	mkdir in
	printf hello >in/file
	printf '#!/bin/sh\n' >in/run && chmod 755 in/run
	ln -s file in/link
	assert_equal "$(fingerprint --input in)" "$(python3 "$RIG_LIB/fingerprint.py" tree in)"
	assert_equal "$(fingerprint --input in)" 5b89fcfb035dbf679a31d2ed4228b1a81ce83f9ad59b63b530f76a3e2929623f
}

@test "F02 locale, time zone, umask, time stamps, order and hard links do not matter" {
	mkdir in
	local name expected
	for name in b a É z _; do echo "$name" >"in/$name"; done
	expected=$(fingerprint --input in)
	touch -d 2001-01-01 in/*
	assert_equal "$(LC_ALL=tr_TR.UTF-8 TZ=Asia/Tokyo fingerprint --input in)" "$expected"
	mkdir -p other/in
	for name in z _ É a b; do (umask 000 && cat "in/$name" >"other/in/$name"); done
	ln -f other/in/a other/hard
	assert_equal "$(cd other && fingerprint --input in)" "$expected"
	ln -s other linked
	assert_equal "$(cd linked && fingerprint --input in)" "$expected"
	mkdir in/empty in/.git && echo x >in/.git/HEAD
	assert_equal "$(fingerprint --input in)" "$expected"
}

@test "F02 inputs in any order and spelling are the same inputs" {
	mkdir in && echo x >in/x && echo y >y
	local expected
	expected=$(fingerprint --input in --input y)
	assert_equal "$(fingerprint --input y --input in/)" "$expected"
	assert_equal "$(fingerprint --input ./y --input in//x --input in)" "$expected"
}

@test "F03 each edit that matters changes it" {
	mkdir in
	echo x >in/a
	ln -s a in/link
	local before after edit
	before=$(fingerprint --input in)
	for edit in 'echo y >in/a' 'chmod u+x in/a' 'ln -sfn b in/link' 'mv in/a in/b' ': >in/new' \
		'rm in/link && echo a >in/link' 'printf x >in/a'; do
		rm -rf keep && cp -a in keep
		eval "$edit"
		after=$(fingerprint --input in)
		[ "$before" != "$after" ] || fail "not changed by: $edit"
		rm -rf in && mv keep in
		assert_equal "$(fingerprint --input in)" "$before"
	done
	[ "$(fingerprint --input in --arg A=1)" != "$before" ]
	chmod g+x,o+x,g+w in/a
	assert_equal "$(FOO=bar fingerprint --input in)" "$before"
}

@test "F04 a file that grows or shrinks while it is read is an error" {
	mkdir in
	head -c 50000000 /dev/zero >in/big
	(for _ in {1..400}; do echo x >>in/big; sleep 0.005; done) 3>&- &
	ocifp_run fingerprint --input in
	kill $! 2>/dev/null || true
	assert_failed 7
}

@test "F04 a file that is written to, or replaced, while it is read is an error, whatever its size" {
	mkdir in spare
	head -c 50000000 /dev/zero | tee spare/a spare/b >in/big
	local change
	for change in 'printf x | dd of=in/big conv=notrunc status=none' 'ln -f spare/a in/big; ln -f spare/b in/big'; do
		(for _ in {1..400}; do eval "$change" && sleep 0.005; done) 3>&- &
		ocifp_run fingerprint --input in
		kill $! 2>/dev/null || true
		wait $! 2>/dev/null || true
		assert_failed 7
	done
}

@test "F05 pipes, sockets, unreadable files, dangling and circular links end in an error in time" {
	local kind
	for kind in 'mkfifo in/x' 'python3 -c "import socket; socket.socket(socket.AF_UNIX).bind(\"in/x\")"'; do
		rm -rf in && mkdir in
		eval "$kind"
		ocifp_run fingerprint --input in
		assert_failed 2
		assert_within 5
	done
	rm -rf in && mkdir in
	ln -s nowhere dangling
	ln -s loop loop
	for kind in dangling loop none; do
		ocifp_run fingerprint --input "$kind"
		assert_failed "$([ $kind = loop ] && echo 10 || echo 2)"
	done
	ln -s nowhere in/x
	ocifp_run fingerprint --input in
	assert_status 0
}

@test "F05 devices and what is not of this project are refused by name, and not read" {
	need devices
	mkdir in
	ln -s /dev/zero zero
	ln -s /proc/self/environ environ
	local name
	for name in zero environ; do
		ocifp_run fingerprint --input $name
		assert_failed 2
		assert_stderr_has "input '$name' is .*; "
		assert_within 5
	done
	mknod in/zero c 1 5
	ocifp_run fingerprint --input in
	assert_failed 2
	assert_stderr_has "input 'in/zero' is a socket, a FIFO or a device; exclude it"
}

@test "F05 a file that cannot be read is a local error" {
	need ordinary_user
	mkdir in && echo x >in/x && chmod 000 in/x
	ocifp_run fingerprint --input in
	assert_failed 10
}

@test "F05 twenty thousand files and a big sparse one" {
	mkdir in
	(cd in && seq 20000 | xargs touch)
	truncate -s 500M in/sparse
	ocifp_run fingerprint --input in
	assert_status 0
	assert_within 30
}

@test "F06 a link inside a directory is its target's text, a link that is named is followed" {
	mkdir in out && echo secret >out/file
	ln -s ../out in/link
	local before
	before=$(fingerprint --input in)
	echo changed >out/file
	assert_equal "$(fingerprint --input in)" "$before"
	ln -s out/file named
	before=$(fingerprint --input named)
	echo again >out/file
	[ "$(fingerprint --input named)" != "$before" ]
}

@test "F06 paths that leave the project are a usage error" {
	local path
	for path in ../x /etc/passwd a/../../x ''; do
		ocifp_run fingerprint --input "$path"
		assert_failed 2
	done
	mkdir "$T/outside" && touch "$T/outside/file"
	ln -s "$T/outside" folder && ln -s ../outside/file file
	for path in folder file; do
		ocifp_run fingerprint --input "$path"
		assert_failed 2
		assert_stderr_has "input '$path' is a link that leaves the project directory"
	done
}

@test "F06 scheme concat equals the shell's pipeline for awkward names" {
	local seed expected
	for ((seed = 0; seed < ${OCIFP_TEST_TREES:-10}; seed++)); do
		rm -rf in f1 f2 && mkdir in
		python3 "$RIG_LIB/fingerprint.py" random $seed in
		echo one >f1; echo two >f2
		expected=$( (cat f2 f1; find in -type f -print0 | LC_ALL=C sort -z | xargs -0 -r cat) | openssl dgst -sha256 -r | cut -d ' ' -f 1)
		assert_equal "$seed $(fingerprint --scheme concat --input f2 --input f1 --input in)" "$seed $expected"
	done
}

@test "F07 an image of another fingerprint is refused, one without gets a warning" {
	start_faults reg
	project
	local tag full
	tag=$(ocifp fingerprint app)
	full=$(fingerprint app)
	mkimage image "$T/reg.root/app" "$tag" --index-annotate "dev.ocifp.fingerprint=$(printf %064d 1)" >/dev/null
	ocifp_run pull "${on[@]}" app
	assert_failed 9
	mkimage image "$T/reg.root/app" "$tag" --index-annotate "dev.ocifp.fingerprint=$full" >/dev/null
	ocifp_run pull "${on[@]}" app
	assert_status 0
	mkimage image "$T/reg.root/app" "$tag" >/dev/null
	ocifp_run pull "${on[@]}" app
	assert_status 0
	[ "$(grep -c fingerprint "$T/stderr")" -eq 1 ] || fail "$told"
	project 'require: [fingerprint]'
	ocifp_run pull "${on[@]}" app
	assert_failed 9
}

@test "F08 a project that requires fingerprints requires one of an image that --tag names" {
	start_faults reg
	project 'require: [fingerprint]'
	mkimage image "$T/reg.root/app" plain >/dev/null
	mkimage image "$T/reg.root/app" marked --index-annotate "dev.ocifp.fingerprint=$(printf %064d 7)" >/dev/null
	for command in exists pull digest; do
		ocifp_run $command --tag plain app
		assert_failed 9
		assert_stderr_has "app:plain' has no fingerprint annotation"
		ocifp_run $command --tag marked app
		assert_status 0
	done
}

@test "F08 a lock file that names another digest is refused" {
	start_faults reg
	project
	local tag full
	tag=$(ocifp fingerprint app)
	full=$(fingerprint app)
	mkimage image "$T/reg.root/app" "$tag" --index-annotate "dev.ocifp.fingerprint=$full" >/dev/null
	printf '{"version":1,"pins":{},"images":{"app":{"fingerprint":"%s","digest":"sha256:%064d","platforms":{}}}}\n' "$full" 7 >.ocifp.lock
	ocifp_run pull "${on[@]}" app
	assert_failed 9
}

@test "F10 a registry that is down, limits or refuses never starts a build" {
	start_faults reg
	project "build: touch $T/built"
	local answer
	for answer in '5 "status": 500' '6 "status": 429' '4 "status": 403' '5 "drop": "reset"' \
		'5 "status": 404, "body": "<html>nginx</html>", "headers": {"Content-Type": "text/html"}'; do
		rules reg <<<"{\"path\": \".\", \"action\": {${answer#* }}}"
		ocifp_run ensure app
		assert_failed "${answer%% *}"
		[ ! -e "$T/built" ] || fail "a build was started after $answer"
	done
}

@test "F10 absent is built, pushed and verified; present builds nothing" {
	start_faults reg
	mkimage image "$T/image" one --platform linux/amd64 --platform linux/arm64 >/dev/null
	project 'platforms: [linux/amd64, linux/arm64]' "build: echo run >>$T/built; cp -r $T/image \"\$OCIFP_OUTPUT\""
	ocifp_run ensure --push always app
	assert_status 0
	[[ $stdout == "$reg_host/app@sha256:"* ]] || fail "$told"
	assert_equal "$(wc -l <"$T/built")" 1
	local index
	index=$(blob_path "$T/reg.root/app" "${stdout#*@}")
	assert_equal "$(jq -r '.annotations["dev.ocifp.fingerprint"]' "$index")" "$(fingerprint app)"
	ocifp_run ensure --push always app
	assert_status 0
	assert_equal "$(wc -l <"$T/built")" 1
	ocifp_run exists app
	assert_status 0
}

@test "F10 a build that fails is status 11 and its output stays off stdout" {
	start_faults reg
	project 'build: "echo from the build; exit 7"'
	ocifp_run ensure --push always app
	assert_failed 11
	assert_stdout ''
	assert_stderr_has 'from the build'
	project 'build: "true"'
	ocifp_run ensure --push always app
	assert_failed 11
}

@test "F10 a push that will be refused is found out before the build" {
	start_faults reg --auth bearer --reader ro:pw
	project "build: touch $T/built"
	printf pw >"$T/password"
	ocifp_run ensure --push always --username ro --password-stdin app <"$T/password"
	assert_failed 4
	[ ! -e "$T/built" ]
}

@test "F10 --assume-absent sets a refusal aside, not what a fallback leaves unknown" {
	start_faults reg
	start_faults other
	project "fallback: [$other_host/app]" "build: touch $T/built; exit 7"
	rules reg <<<'{"path": ".", "action": {"status": 403}}'
	rules other <<<'{"path": ".", "action": {"status": 500}}'
	ocifp_run ensure --assume-absent app
	assert_failed 5
	[ ! -e "$T/built" ]
	rules other </dev/null
	ocifp_run ensure --assume-absent app
	assert_failed 11
	[ -e "$T/built" ]
}

@test "F10 a build that leaves nothing, and a registry that then does not answer: unknown" {
	start_faults reg
	jq -n '{rules: [{path: ".", action: {status: 500}}]}' >"$T/broken"
	project "build: cp $T/broken $T/reg.rules"
	ocifp_run ensure --push always app
	assert_failed 5
}

@test "F10 --dry-run and --no-build build nothing" {
	start_faults reg
	project "build: touch $T/built"
	ocifp_run ensure --no-build app
	assert_failed 3
	ocifp_run ensure --dry-run app
	[ ! -e "$T/built" ]
	assert_requests reg 0 'POST|PUT|PATCH' .
}

@test "F11 two builds of one fingerprint end with one image under the tag" {
	start_faults reg
	project "build: sleep 1; date +%N >seed; python3 '$RIG_LIB/mkimage.py' image \"\$OCIFP_OUTPUT\" one --layers \$((1000 + \$\$ % 1000))"
	local n pids=()
	for n in 1 2; do
		OCIFP_STORE=$T/store$n ocifp ensure "${on[@]}" --push always app >"$T/out.$n" 2>"$T/err.$n" 3>&- &
		pids+=($!)
	done
	for n in "${pids[@]}"; do wait "$n" || fail "$(cat "$T"/err.*)"; done
	local digest
	assert_equal "$(cat "$T"/out.? | grep -c "^$reg_host/app@sha256:")" 2
	for digest in $(cut -d @ -f 2 "$T"/out.?); do
		ocifp_run exists "${on[@]}" "$reg_host/app@$digest"
		assert_status 0
	done
	digest=$(mkimage digest "$T/reg.root/app" "$(ocifp fingerprint app)")
	grep -qx "$reg_host/app@$digest" "$T"/out.? || fail "the tag names neither image: $digest" "$(cat "$T"/out.?)"
}

@test "F12 by hash, a tag that holds another platform is absent to exists, status 8 to pull" {
	start_faults reg
	project 'platforms: [linux/amd64]'
	mkimage image "$T/reg.root/app" "$(ocifp fingerprint app)" --platform linux/arm64 \
		--index-annotate "dev.ocifp.fingerprint=$(fingerprint app)" >/dev/null
	ocifp_run exists --json app
	assert_status 3
	assert_json '[.missing | .. | strings] | any(test("amd64"))'
	ocifp_run pull "${on[@]}" app
	assert_failed 8
}

@test "F14 lengths that make no tag are usage errors" {
	mkdir in && echo x >in/x
	local length
	for length in 0 65 -1 x 1000; do
		ocifp_run fingerprint --length $length --input in
		assert_failed 2
	done
	ocifp_run fingerprint --input in
	[[ $stdout =~ ^[0-9a-f]{12}$ ]] || fail "$told"
}

@test "F15 by hash without a project file: exists, push, pull" {
	start_faults reg
	mkdir in && echo x >in/x
	mkimage image "$T/src" one >/dev/null
	ocifp_run exists --by-hash "$reg_host/app" --input in "${on[@]}"
	assert_failed 3
	ocifp_run push "oci:$T/src:one" --by-hash "$reg_host/app" --input in
	assert_status 0
	ocifp_run exists --by-hash "$reg_host/app" --input in "${on[@]}"
	assert_status 0
	ocifp_run pull --by-hash "$reg_host/app" --input in "${on[@]}"
	assert_status 0
	assert_equal "$(jq '.annotations["dev.ocifp.fingerprint"]' "$(blob_path "$T/reg.root/app" "${stdout#*@}")")" "\"$(fingerprint --input in)\""
}

@test "F15 by hash the platforms that are declared are pushed, and all of them" {
	start_faults reg
	project 'platforms: [linux/amd64, linux/arm64]'
	mkimage image "$T/src" one --platform linux/amd64 --platform linux/s390x >/dev/null
	ocifp_run push "oci:$T/src:one" app
	assert_failed 8
	mkimage image "$T/src" all --platform linux/amd64 --platform linux/arm64 --platform linux/s390x >/dev/null
	ocifp_run push "oci:$T/src:all" app
	assert_status 0
	assert_equal "$(jq -c '[.manifests[].platform.architecture]' "$(blob_path "$T/reg.root/app" "${stdout#*@}")")" \
		'["amd64","arm64","unknown"]'
}

@test "F15 an image that the store lacks is named when it cannot be pushed" {
	start_faults reg
	project
	ocifp_run push "$reg_host/other:one" app
	assert_failed 10
	assert_stderr_has "$reg_host/other:one"
	refute_stderr_has '(null)'
}
