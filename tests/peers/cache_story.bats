#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# A web service in Rust and its CI, twice: with a hash in shell, actions/cache and an image in a tar, and
# with ocifp.  The same commits, each job on a machine whose disk is empty, with GitHub's environment.

load ../lib/rig
load ../lib/caches
load ../lib/projects

setup() {
	need python3 python3_yaml jq curl git docker-registry make zstd tar cargo ocifp
	rig_setup
	start_registry reg
	git_of_its_own
	top=$(cd "$RIG_TESTS/.." && pwd)
	find_cargo
	export CARGO_INCREMENTAL=0
	mkdir -p "$T/origin" && cd "$T/origin" || return
	make_service
	git init -q -b main && git add -A && git commit -qm first
}

teardown() {
	rig_teardown
}

# package DIRECTORY NAME [DEPENDENCY...]: its library is stdin
package() {
	local directory=$1/$2 name=$2
	shift 2
	mkdir -p "$directory/src"
	printf '[package]\nname = "%s"\nversion = "0.1.0"\nedition = "2021"\n[dependencies]\n' "$name" >"$directory/Cargo.toml"
	[ $# -eq 0 ] || printf '%s\n' "$@" >>"$directory/Cargo.toml"
	cat >"$directory/src/lib.rs"
}

# Three crates of a registry, which are vendored; two of our own, and the program; a Dockerfile; a
# project file whose build is quick.
make_service() {
	local crate
	package vendor encode <<<'pub fn text(body: &str) -> String { format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{}", body.len(), body) }'
	package vendor pattern <<<'pub fn path(line: &str) -> &str { line.split(" ").nth(1).unwrap_or("/") }'
	package vendor counter <<<'pub struct Counter(pub u32); impl Counter { pub fn next(&mut self) -> u32 { self.0 += 1; self.0 } }'
	for crate in encode pattern counter; do
		echo "{\"files\": {}, \"package\": \"$(printf %s "$crate" | sha256sum | cut -d ' ' -f 1)\"}" >"vendor/$crate/.cargo-checksum.json"
	done
	package crates store 'counter = "0.1"' <<<'pub fn visits() -> u32 { counter::Counter(0).next() }'
	package crates routes 'store = {path = "../store"}' 'pattern = "0.1"' <<-'RS'
		pub fn answer(line: &str) -> String { format!("{} {}", pattern::path(line), store::visits()) }
	RS
	package crates service 'routes = {path = "../routes"}' 'encode = "0.1"' </dev/null
	rm crates/service/src/lib.rs
	cat >crates/service/src/main.rs <<-'RS'
		use std::io::{BufRead, BufReader, Write};
		fn main() {
		    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
		    println!("{}", listener.local_addr().unwrap());
		    let (mut stream, _) = listener.accept().unwrap();
		    let mut reader = BufReader::new(stream.try_clone().unwrap());
		    let mut first = String::new();
		    reader.read_line(&mut first).unwrap();
		    let mut line = String::new();
		    while reader.read_line(&mut line).unwrap() > 2 { line.clear(); }
		    stream.write_all(encode::text(&routes::answer(&first)).as_bytes()).unwrap();
		}
	RS
	printf '[workspace]\nmembers = ["crates/*"]\nresolver = "2"\n' >Cargo.toml
	mkdir .cargo
	printf '[source.crates-io]\nreplace-with = "vendored"\n[source.vendored]\ndirectory = "vendor"\n' >.cargo/config.toml
	cargo generate-lockfile -q
	echo target >.gitignore
	echo 'FROM debian' >Dockerfile
	cat >build-image <<-SH
		#!/bin/sh
		echo built >>"$T/image-builds"
		exec python3 "$RIG_LIB/mkimage.py" image "\$1" ci --layers 200k
	SH
	chmod +x build-image
	cat >.ocifp.yaml <<-END
		version: 1
		images:
		  ci: {repository: $reg_host/owner/service-ci, inputs: [Dockerfile], build: ./build-image "\$OCIFP_OUTPUT"}
		caches:
		  target: {preset: cargo, repository: $reg_host/owner/service-cache}
	END
	cat >"$T/today.yml" <<-'YML'
		permissions: {}
		jobs:
		  build:
		    permissions: {contents: read}
		    timeout-minutes: 10
		    steps:
		      - id: hash
		        run: |
		          echo "image=$(cat Dockerfile | sha256sum | cut -c 1-12)" >>"$GITHUB_OUTPUT"
		          echo "lock=$(sha256sum <Cargo.lock | cut -c 1-12)" >>"$GITHUB_OUTPUT"
		          echo "commit=$(git rev-parse HEAD)" >>"$GITHUB_OUTPUT"
		      - id: image
		        uses: actions/cache@v4
		        with: {path: image, key: "image-${{ steps.hash.outputs.image }}"}
		      - if: steps.image.outputs.cache-hit != 'true'
		        run: ./build-image image && tar -cf image.tar image && rm -r image && mkdir image && mv image.tar image
		      - run: tar -xf image/image.tar -O image/index.json >/dev/null # docker load
		      - uses: actions/cache@v4
		        with:
		          path: target
		          key: target-${{ steps.hash.outputs.lock }}-${{ steps.hash.outputs.commit }}
		          restore-keys: target-${{ steps.hash.outputs.lock }}-
		      - run: cargo build --locked >build.log 2>&1
	YML
	cat >"$T/ocifp.yml" <<-'YML'
		permissions: {}
		jobs:
		  build:
		    permissions: {contents: read, packages: write}
		    timeout-minutes: 10
		    steps:
		      - {uses: ocifp/ocifp/.github/actions/ocifp@main, with: {command: ensure, image: ci}}
		      - {uses: ocifp/ocifp/.github/actions/ocifp@main, with: {command: cache-restore}}
		      - run: cargo build --locked >build.log 2>&1
		      - {uses: ocifp/ocifp/.github/actions/ocifp@main, with: {command: cache-save}}
	YML
}

# kept: the bytes that all caches and images have in the service that keeps them
kept() {
	du -sb "$T/today/cache" "$T/reg.data" 2>/dev/null | awk '{ n += $1 } END { print n + 0 }'
}

# ci WAY [OPTION...]: the job of $T/WAY.yml in a fresh clone; $compiled has the crates that it compiled,
# $answer what the service says, $uploaded the bytes more that are kept
ci() {
	local way=$1 before job
	shift
	mkdir -p "$T/$way/cache" "$T/$way/tools"
	[ "$way" = today ] || install_ocifp "$T/$way"
	rm -rf "$T/desk" "$T/store"
	git clone -q "$T/origin" "$T/desk"
	cd "$T/desk" || return
	before=$(kept)
	OCIFP_STORE=$T/store python3 "$RIG_LIB/actions.py" job "$T/$way.yml" build --repository "$top" --temp "$T/$way" "$@" \
		>"$T/job" 2>"$T/log" 3>&- || fail "$(cat "$T/log" build.log 2>/dev/null)"
	uploaded=$(($(kept) - before))
	compiled=$(sed -n 's/ *Compiling \([a-z]*\) .*/\1/p' build.log | LC_ALL=C sort | xargs)
	rm -f "$T/address"
	target/debug/service >"$T/address" 3>&- &
	job=$!
	wait_for grep -q : "$T/address"
	answer=$(curl -s "http://$(cat "$T/address")/hello")
	wait "$job"
	echo "# $way: compiled ${compiled:-nothing}; $uploaded bytes uploaded" >&3
	cd "$T/origin" || return
}

# The program that is tested, installed by the action from its own cache.
install_ocifp() {
	local kept
	[ ! -e "$1/key" ] || return 0
	: >"$1/key"
	RUNNER_TOOL_CACHE=$1/tools GITHUB_OUTPUT=$1/key "$top/.github/actions/ocifp/install" key
	kept=$1/cache/$(sed -n 's/^key=//p' "$1/key")
	mkdir -p "$kept/bin"
	printf '#!/bin/sh\nexec "%s" "$@"\n' "$(command -v ocifp)" >"$kept/bin/ocifp"
	chmod +x "$kept/bin/ocifp"
}

commit() {
	git commit -qam "$1"
}

@test "a service and its CI, today and with ocifp" {
	local all='counter encode pattern routes service store'

	# The first job has nothing, and builds the image and all crates.
	ci today
	assert_equal "$compiled: $answer" "$all: /hello 1"
	local archive=$uploaded
	ci ocifp
	assert_equal "$compiled: $answer" "$all: /hello 1"
	assert_equal "$(wc -l <"$T/image-builds")" 2

	# Nothing changed: today a checkout makes each source new; with ocifp only the program is linked, which
	# is more than a quarter of this cache and therefore not in it.
	git commit -q --allow-empty -m 'nothing changed'
	ci today
	assert_equal "$compiled" 'routes service store'
	[ "$uploaded" -gt $((archive / 2)) ] || fail "today: $uploaded bytes"
	ci ocifp
	assert_equal "$compiled: $answer" 'service: /hello 1'
	[ "$uploaded" -lt 50000 ] || fail "ocifp: $uploaded bytes"

	# A leaf changes, and what the job answers.
	sed -i 's/routes::answer(&first)/routes::answer(\&first).replace("1", "one")/' crates/service/src/main.rs
	commit leaf
	ci today
	assert_equal "$compiled: $answer" 'routes service store: /hello one'
	[ "$uploaded" -gt $((archive / 2)) ] || fail "today: $uploaded bytes"
	ci ocifp
	assert_equal "$compiled: $answer" 'service: /hello one'
	[ "$uploaded" -lt 100000 ] || fail "ocifp: $uploaded bytes"

	# A library in the middle changes.
	sed -i 's/{} {}/{} x{}/' crates/routes/src/lib.rs
	commit middle
	ci today
	assert_equal "$compiled: $answer" 'routes service store: /hello xone'
	ci ocifp
	assert_equal "$compiled: $answer" 'routes service: /hello xone'

	# So far each built the image once; now it changes.  A pull request reads what main saved, and saves
	# nothing.
	assert_equal "$(wc -l <"$T/image-builds")" 2
	echo 'RUN true' >>Dockerfile
	commit image
	ci ocifp --event pull_request --ref refs/pull/1/merge
	assert_equal "$compiled" service
	[ "$uploaded" -eq 0 ] || fail "a pull request uploaded $uploaded bytes"
	ci ocifp
	assert_equal "$(wc -l <"$T/image-builds")" 4
	ci ocifp
	assert_equal "$(wc -l <"$T/image-builds")" 4
}
