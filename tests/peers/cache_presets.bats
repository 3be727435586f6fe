#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The presets of caches, each with its tool and a small project: on an empty machine the tool finds in
# the cache what it would have to download or make.

load ../lib/rig
load ../lib/caches

setup() {
	need python3 jq
	rig_setup
	where=oci:$T/layout
	unset XDG_CACHE_HOME CCACHE_DIR CCACHE_BASEDIR GOCACHE GOMODCACHE GOPATH GOFLAGS
	computer one
}

teardown() {
	rig_teardown
}

# computer NAME: a machine with a home of its own, as empty as its disk
computer() {
	machine "$1"
	mkdir -p "$T/$1.home"
	rm -rf "${T:?}/home"
	ln -s "$1.home" "$T/home"
	export HOME=$T/home
}

save() {
	ocifp_run cache save --preset "$1" --repository "$where" --push always --strict
	assert_status 0
	[[ $stdout == 'cache default: saved '* ]] || fail "$told"
}

restore() {
	ocifp_run cache restore --preset "$1" --repository "$where" --strict
	assert_status 0
}

# The registries of npm and Python, with one package.
start_index() {
	spawn index python3 "$RIG_LIB/package_index.py" "$T/index.port"
	wait_for test -e "$T/index.port"
	index=http://127.0.0.1:$(<"$T/index.port")
}

@test "ccache: an object is taken from the cache" {
	need cc ccache
	compile() {
		echo 'int answer(void) { return 42; }' >answer.c
		command ccache cc -c answer.c -o answer.o
	}
	compile
	save ccache
	computer two
	restore ccache
	compile
	ccache --print-stats | grep -x $'direct_cache_hit\t1'
}

@test "sccache: an object is taken from the cache" {
	need cc sccache
	export SCCACHE_SERVER_PORT=$((20000 + RANDOM % 20000)) SCCACHE_IDLE_TIMEOUT=60
	compile() {
		echo 'int answer(void) { return 42; }' >answer.c
		sccache cc -c answer.c -o answer.o
		sccache --show-stats >"$T/stats"
		sccache --stop-server >/dev/null
	}
	compile
	save sccache
	computer two
	restore sccache
	compile
	grep -Eq '^Cache hits +1$' "$T/stats" || fail "$(cat "$T/stats")"
}

@test "go: a module is not downloaded, and nothing is compiled" {
	need go
	local version=v1.0.0
	mkdir -p "$T/proxy/example.org/dep/@v" "$T/dep@/example.org/dep@$version"
	printf 'module example.org/dep\n' | tee "$T/dep@/example.org/dep@$version/go.mod" >"$T/proxy/example.org/dep/@v/$version.mod"
	printf 'package dep\nfunc Answer() int { return 42 }\n' >"$T/dep@/example.org/dep@$version/dep.go"
	echo "{\"Version\":\"$version\"}" >"$T/proxy/example.org/dep/@v/$version.info"
	echo "$version" >"$T/proxy/example.org/dep/@v/list"
	python3 - "$T/proxy/example.org/dep/@v/$version.zip" "$T/dep@" <<-'PY'
		import os, sys, zipfile
		with zipfile.ZipFile(sys.argv[1], "w") as made:
		    for folder, _, names in os.walk(sys.argv[2]):
		        for name in names:
		            path = os.path.join(folder, name)
		            made.write(path, os.path.relpath(path, sys.argv[2]))
	PY
	export GOPROXY=file://$T/proxy GONOSUMDB='*' GONOSUMCHECK=1 GOFLAGS=-mod=mod GOTOOLCHAIN=local
	project() {
		printf 'module example.org/app\nrequire example.org/dep %s\n' "$version" >go.mod
		printf 'package main\nimport "example.org/dep"\nfunc main() { println(dep.Answer()) }\n' >main.go
		[ ! -e "$T/go.sum" ] || cp "$T/go.sum" go.sum
		go build -x -o app . 2>&1
	}
	project >"$T/first" || fail "$(cat "$T/first")"
	grep -q '/compile ' "$T/first" || fail "$(cat "$T/first")"
	cp go.sum "$T/go.sum"
	save go
	computer two
	cp "$T/go.sum" "$T/one/go.mod" .
	restore go
	export GOPROXY=off
	project >"$T/second" || fail "$(cat "$T/second")"
	! grep -q '/compile ' "$T/second" || fail "$(cat "$T/second")"
	chmod -R u+w "$T"/*.home
}

@test "cargo-home: a crate is not downloaded" {
	local home
	need cargo
	home=$(getent passwd "$(id -u)" | cut -d : -f 6)
	[ ! -d "$home/.rustup" ] || export RUSTUP_HOME=${RUSTUP_HOME:-$home/.rustup}
	unset CARGO_HOME
	start_index
	project() {
		mkdir -p src .cargo
		printf '[package]\nname = "app"\nversion = "0.1.0"\nedition = "2021"\n[dependencies]\ndep = "1"\n' >Cargo.toml
		printf '[source.crates-io]\nreplace-with = "ours"\n[source.ours]\nregistry = "sparse+%s/cargo/"\n' "$index" >.cargo/config.toml
		echo 'fn main() { println!("{}", dep::answer()) }' >src/main.rs
		[ ! -e "$T/Cargo.lock" ] || cp "$T/Cargo.lock" .
	}
	project
	cargo build -q
	cp Cargo.lock "$T"
	grep -q download "$T/index.out"
	save cargo-home
	stop index
	computer two
	project
	restore cargo-home
	assert_equal "$(cargo run -q --locked --offline)" 42
}

@test "npm: a package is not downloaded" {
	need npm
	start_index
	echo '{"name": "app", "version": "1.0.0", "dependencies": {"dep": "1.0.0"}}' >package.json
	npm install --registry "$index" --no-audit --no-fund --silent
	cp package.json package-lock.json "$T"
	save npm
	stop index
	computer two
	cp "$T"/package*.json .
	restore npm
	npm ci --registry "$index" --offline --no-audit --no-fund --silent
	assert_equal "$(node -p 'require("dep")')" 42
}

@test "pnpm: a package is not downloaded" {
	need pnpm
	start_index
	echo '{"name": "app", "version": "1.0.0", "dependencies": {"dep": "1.0.0"}}' >package.json
	pnpm install --registry "$index" --silent
	cp package.json pnpm-lock.yaml "$T"
	save pnpm
	grep -q tgz "$T/index.out"
	: >"$T/index.out"
	computer two
	cp "$T/package.json" "$T/pnpm-lock.yaml" .
	restore pnpm
	pnpm install --registry "$index" --frozen-lockfile --silent
	! grep -q tgz "$T/index.out" || fail 'it was downloaded'
	assert_equal "$(node -p 'require("dep")')" 42
}

@test "pip: a wheel is not built again" {
	need pip
	start_index
	python3 -m venv "$T/venv" --system-site-packages
	install() {
		"$T/venv/bin/pip" install --index-url "$index/simple" --no-build-isolation --disable-pip-version-check \
			--target lib dep >"$T/said" 2>&1 || fail "$(cat "$T/said")"
	}
	echo dep==1.0.0 >requirements.txt
	install
	grep -q 'Building wheel' "$T/said" || fail "$(cat "$T/said")"
	save pip
	computer two
	echo dep==1.0.0 >requirements.txt
	restore pip
	install
	! grep -q 'Building wheel' "$T/said" || fail "$(cat "$T/said")"
	assert_equal "$(PYTHONPATH=lib python3 -c 'import dep; print(dep.answer)')" 42
}

@test "uv: a package is neither downloaded nor built" {
	need uv
	start_index
	install() {
		uv pip install --default-index "$index/simple" --no-build-isolation --target lib "$@" dep==1.0.0
	}
	echo >uv.lock
	python3 -m venv "$T/venv" --system-site-packages
	export VIRTUAL_ENV=$T/venv
	install
	save uv
	computer two
	echo >uv.lock
	restore uv
	stop index
	install --offline
	assert_equal "$(PYTHONPATH=lib python3 -c 'import dep; print(dep.answer)')" 42
}
