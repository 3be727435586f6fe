#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Caches in jobs: `ocifp run --cache`, by any user, several at once, and in a build command.

load ../lib/rig

setup() {
	rig_setup
	need git jq
	need_engines
	engine=${engines##* }
	busybox_root "$T/root"
	mkdir "$T/desk" && cd "$T/desk" || return
	printf 'version: 1\ncaches: {out: {paths: [out], key: [key], repository: "oci:%s"}}\n' "$T/caches" >.ocifp.yaml
	echo key >key
	git init -q . && git add .
	echo '{"repository": {"default_branch": "main"}}' >"$T/event.json"
	export GITHUB_ACTIONS=true GITHUB_EVENT_NAME=push GITHUB_REF=refs/heads/main \
		GITHUB_EVENT_PATH=$T/event.json RUNNER_TEMP=$T/temp
	mkdir "$T/temp"
}

teardown() {
	rig_teardown
}

# machine NAME: another one, whose store is empty
machine() {
	export OCIFP_STORE=$T/$1.store RUNNER_TEMP=$T/$1.temp
	mkdir -p "$RUNNER_TEMP"
}

with_cache() {
	job --cache out -v .:/src -w /src "$@"
}

@test "a job of another user may write to what was restored" {
	need root
	need_oci_engine
	with_cache -u builder -- sh -c 'mkdir out/deep && echo warm >out/deep/state && chmod 700 out/deep'
	assert_status 0
	assert_stderr_has 'cache out: saved'
	machine two
	with_cache -u builder -- sh -c 'cat out/deep/state && echo new >out/deep/state && echo more >out/more'
	assert_status 0
	assert_stdout warm
	assert_stderr_has 'cache out: saved'
	machine three
	with_cache -u builder -- cat out/deep/state out/more
	assert_stdout $'new\nmore'
}

@test "the home of a user of the image has to be named" {
	need root
	need_oci_engine
	sed -i 's/preset.*//; s/\[out\]/[~\/.npm], preset: npm/' .ocifp.yaml
	with_cache -u builder -- true
	assert_status 125
	assert_stderr_has 'HOME is not set'
	with_cache -u builder -e HOME=/home/builder -- sh -c 'echo warm >~/.npm/state'
	assert_status 0
	machine two
	with_cache -u builder -e HOME=/home/builder -- cat /home/builder/.npm/state
	assert_stdout warm
}

# in_background NAME COMMAND...: a job with the cache, whose words are in $T/NAME.out and $T/NAME.err
in_background() {
	local name=$1
	shift
	timeout -k 5 60 ocifp run --runtime "$engine" --cache out -v .:/src -w /src "rootfs:$T/root" -- sh -c "$1" \
		>"$T/$name.out" 2>"$T/$name.err" 3>&- &
	pids+=($!)
}

@test "two jobs at once share the volume, and both end well" {
	local pids=()
	with_cache -- sh -c 'echo warm >out/state'
	machine two
	in_background first 'cat out/state; echo 1 >out/first; while [ ! -e out/second ]; do sleep 0.1; done; cat out/second'
	in_background second 'cat out/state; while [ ! -e out/first ]; do sleep 0.1; done; cat out/first; echo 2 >out/second'
	wait "${pids[0]}" || fail "$(cat "$T/first.err")"
	wait "${pids[1]}" || fail "$(cat "$T/second.err")"
	assert_equal "$(cat "$T/first.out")" $'warm\n2'
	assert_equal "$(cat "$T/second.out")" $'warm\n1'
	machine three
	with_cache -- cat out/state
	assert_stdout warm
}

@test "a save beside a job that writes to the volume takes whole files, and the next one the rest" {
	local pids=()
	in_background writer 'i=0; echo >out/ready; while [ ! -e out/stop ]; do i=$((i + 1)); echo $i$i$i >out/number
		echo $i >out/new$((i % 50)); rm -f out/new$(((i + 7) % 50)); done'
	wait_for eval 'test -e "$OCIFP_STORE"/.ocifp/volumes/out.*/ready'
	for i in 1 2 3; do
		echo "$i" >key
		with_cache -- true
		assert_status 0
		assert_stderr_has 'cache out: saved'
	done
	for volume in "$OCIFP_STORE"/.ocifp/volumes/out.*; do
		touch "$volume/stop"
	done
	wait "${pids[0]}"
	machine two
	with_cache -- cat out/ready
	assert_status 0
}

@test "what is committed has no cache in it, and the next build starts from the cache" {
	root_image "$T/base" one "$T/root"
	in_image() {
		ocifp_run run --runtime "$engine" --cache out -v .:/src -w /src --commit "oci:$T/$1" "oci:$T/base:one" -- \
			sh -c "$2"
		assert_status 0
		ocifp_run unpack "oci:$T/$1" "$T/$1.root"
		assert_status 0
	}
	in_image first 'echo warm >out/state; echo made >/made'
	assert_equal "$(cat "$T/first.root/made")" made
	[ ! -e "$T/first.root/src/out/state" ]
	machine two
	in_image second 'cat out/state >/made'
	assert_equal "$(cat "$T/second.root/made")" warm
}

@test "a build command may run jobs with caches" {
	root_image "$T/base" one "$T/root"
	cat >.ocifp.yaml <<-YAML
		version: 1
		images:
		  app:
		    repository: oci:$T/images
		    inputs: [src]
		    push_refs: [main]
		    build: ./build.sh
		caches:
		  out: {paths: [out], key: [key], repository: "oci:$T/caches"}
	YAML
	cat >build.sh <<-SH
		#!/bin/sh
		exec ocifp run --runtime $engine --cache out -v .:/src -w /src --commit "oci:\$OCIFP_OUTPUT" "oci:$T/base:one" \
			-- sh -c 'cat src >>out/state; cp out/state /state'
	SH
	chmod +x build.sh
	echo one >src
	git add .
	ocifp_run ensure app
	assert_status 0
	machine two
	echo two >src
	git add .
	ocifp_run ensure app
	assert_status 0
	ocifp_run unpack --by-hash app "$T/unpacked"
	assert_status 0
	assert_equal "$(cat "$T/unpacked/state")" $'one\ntwo'
}

# workspace: a program, a crate that is vendored as from a registry, and a job in which cargo of this machine is
workspace() {
	local home sysroot folder
	need cargo
	home=$(getent passwd "$(id -u)" | cut -d : -f 6)
	[ ! -d "$home/.rustup" ] || export RUSTUP_HOME=${RUSTUP_HOME:-$home/.rustup}
	sysroot=$(rustc --print sysroot)
	mkdir -p src .cargo vendor/dep/src
	printf '[package]\nname = "dep"\nversion = "1.0.0"\nedition = "2021"\n' >vendor/dep/Cargo.toml
	echo 'pub fn answer() -> u32 { 42 }' >vendor/dep/src/lib.rs
	echo "{\"files\": {}, \"package\": \"$(printf '%064d' 0)\"}" >vendor/dep/.cargo-checksum.json
	printf '[source.crates-io]\nreplace-with = "vendored"\n[source.vendored]\ndirectory = "vendor"\n' >.cargo/config.toml
	printf '[package]\nname = "app"\nversion = "0.1.0"\nedition = "2021"\n[dependencies]\ndep = "1"\n' >Cargo.toml
	echo 'fn main() { println!("one {}", dep::answer()) }' >src/main.rs
	echo target >.gitignore
	cargo generate-lockfile -q --offline
	{
		echo '#!/bin/sh'
		printf 'exec ocifp run --runtime %s -v .:/src -w /src -e PATH=/rust/bin:/usr/bin:/bin -e CARGO_HOME=/tmp/cargo' "$engine"
		printf -- ' -v %s:/rust:ro' "$sysroot"
		for folder in /usr /lib /lib64 /etc/alternatives; do
			[ ! -d $folder ] || printf -- ' -v %s:%s:ro' "$(realpath $folder)" $folder
		done
		echo ' "$@"'
	} >with_cargo
	chmod +x with_cargo
}

@test "dependencies are baked into an image, and are fresh in the build that needs it" {
	root_image "$T/base" one "$T/root"
	workspace
	cat >.ocifp.yaml <<-YAML
		version: 1
		images:
		  deps:
		    repository: oci:$T/images/deps
		    inputs: [Cargo.toml, Cargo.lock]
		    build: ./with_cargo --cache target --commit "oci:\$OCIFP_OUTPUT" oci:$T/base:one --
		      sh -c 'cargo build --locked && mkdir /baked && cp -a target/. /baked'
		  app:
		    repository: oci:$T/images/app
		    inputs: [src]
		    needs: [deps]
		    build: ./with_cargo -e CARGO_TARGET_DIR=/baked --commit "oci:\$OCIFP_OUTPUT" "\$OCIFP_NEEDS_DEPS" --
		      sh -c 'cargo build -v --locked 2>/log && cp /baked/debug/app /app'
		caches:
		  target: {preset: cargo, repository: "oci:$T/caches"}
	YAML
	git add .
	ocifp_run ensure app
	assert_status 0
	machine two
	sed -i 's/one/two/' src/main.rs
	git add .
	ocifp_run ensure app
	assert_status 0
	ocifp_run unpack --by-hash app "$T/unpacked"
	assert_status 0
	assert_equal "$("$T/unpacked/app")" 'two 42'
	grep -q 'Fresh dep ' "$T/unpacked/log" || fail "$(cat "$T/unpacked/log")"
	grep -q 'Compiling app ' "$T/unpacked/log"
	! grep -q 'Compiling dep ' "$T/unpacked/log"
}
