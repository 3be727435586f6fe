#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Keys of caches, what moved them, and the times of sources: on a small project that make builds.

load ../lib/rig
load ../lib/caches

setup() {
	need git jq make
	rig_setup
	export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1
	export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b
	git init -q -b main "$T/origin"
	cd "$T/origin" || return
	mkdir src
	echo a >src/a
	echo b >src/b
	printf '[[package]]\nname = "serde"\nversion = "1.0.228"\nsource = "registry"\n' >Cargo.lock
	printf 'all: out/a out/b\nout/%%: src/%%\n\t@mkdir -p out; cp $< $@; echo $* >>built\n' >Makefile
	cat >.ocifp.yaml <<-END
		version: 1
		caches:
		  out: {paths: [out], key: [Cargo.lock], repository: "oci:$T/caches"}
	END
	printf 'out\nbuilt\n' >.gitignore
	git add .
	git commit -qm first
}

teardown() {
	rig_teardown
}

# runner: a fresh checkout, on a machine whose disk is empty, at the path that all runners have
runner() {
	cd "$T" || return
	rm -rf desk state
	mkdir state
	git clone -q origin desk
	cd desk || return
	export OCIFP_STORE=$T/state/store
}

# in_ci COMMAND...: as a push to the default branch
in_ci() {
	echo '{"repository": {"default_branch": "main"}}' >"$T/event.json"
	GITHUB_ACTIONS=true GITHUB_EVENT_NAME=push GITHUB_REF=refs/heads/main GITHUB_JOB=${job:-build} \
		GITHUB_EVENT_PATH=$T/event.json GITHUB_OUTPUT=$T/outputs RUNNER_TEMP=$T/state "$@"
}

commit() {
	git -C "$T/origin" commit -qam "$1"
}

assert_built() {
	rm -f built
	make -s
	assert_equal "$(cat built 2>/dev/null)" "$1"
}

@test "what did not change is not built again, and what changed is" {
	runner
	in_ci ocifp_run cache restore
	assert_status 0
	assert_built $'a\nb'
	in_ci ocifp_run cache save
	assert_status 0
	runner
	in_ci ocifp_run cache restore
	assert_status 0
	grep -qx exact "$T/outputs" || grep -qx hit=exact "$T/outputs"
	assert_built ''
	echo A >"$T/origin/src/a"
	commit second
	runner
	in_ci ocifp_run cache restore
	assert_status 0
	assert_built a
	assert_equal "$(cat out/a)" A
}

# runner_of_another_user: as runner; the directory was there and is not this user's, as in a container's job
runner_of_another_user() {
	runner
	cd "$T" && rm -rf desk && mkdir desk && chown 1234:1234 desk && cd desk || return
	git clone -q "$T/origin" .
	! git status 2>/dev/null || fail 'git takes the checkout for its own'
}

@test "in a job of a container, whose directory belongs to the runner's user, the same" {
	need root
	runner_of_another_user
	make -s
	in_ci ocifp_run cache save --strict
	[[ $stdout == 'cache out: saved '* ]] || fail "$told"
	echo A >"$T/origin/src/a"
	commit second
	runner_of_another_user
	in_ci ocifp_run cache restore --strict
	[[ $stdout == *'1 changed'* ]] || fail "$told"
	assert_built a
	in_ci ocifp_run cache why
	[[ $stdout == *'src/a changed' ]] || fail "$told"
}

@test "outside of CI no time of a source moves, and what changed is built" {
	runner
	make -s
	in_ci ocifp_run cache save
	assert_status 0
	echo A >"$T/origin/src/a"
	commit second
	runner
	touch -d '2001-01-01' src/a src/b Makefile
	ocifp_run cache restore --repository "oci:$T/caches" --variant build
	assert_status 0
	assert_equal "$(date -r src/a +%Y)" 2001
	assert_built $'a\nb' # the cache's times went back behind those of the sources
	assert_equal "$(cat out/a)" A
}

@test "a repository in which nothing was added yet saves and restores" {
	rm -rf "$T/origin"
	mkdir "$T/origin" "$T/state"
	cd "$T/origin" || return
	export OCIFP_STORE=$T/state/store
	git init -q
	mkdir out
	echo built >out/a
	in_ci ocifp_run cache save --strict --path out --repository "oci:$T/caches"
	assert_status 0
	rm -r out
	in_ci ocifp_run cache restore --strict --path out --repository "oci:$T/caches"
	assert_status 0
	assert_equal "$(cat out/a)" built
}

@test "a restored cache is told by the commits since" {
	runner
	make -s
	in_ci ocifp_run cache save
	assert_status 0
	for i in 1 2; do
		echo "$i" >"$T/origin/src/a"
		commit "$i"
	done
	runner
	in_ci ocifp_run cache restore
	[[ $stdout == 'cache out: same dependencies, branch main, 2 commits old: '* ]] || fail "$told"
	cd "$T" && rm -rf desk && git clone -q --depth 1 "file://$T/origin" desk && cd desk
	in_ci ocifp_run cache restore
	[[ $stdout == 'cache out: same dependencies, branch main, just saved: '* ]] || fail "$told"
}

# in_job 'JOB MATRIX' COMMAND...
in_job() {
	job=${1%% *} OCIFP_MATRIX=${1#* } in_ci "${@:2}"
}

@test "each job of a workflow and of a matrix finds its own, and a dry run says so" {
	local job jobs=('clippy null' 'test {"feature":"a"}' 'test {"feature":"b"}' 'release null')
	for job in "${jobs[@]}"; do
		runner
		mkdir out
		echo "$job" >out/a
		in_job "$job" ocifp_run cache save --strict
		[[ $stdout == 'cache out: saved '* ]] || fail "$told"
	done
	for job in "${jobs[@]}"; do
		runner
		in_job "$job" ocifp_run cache restore --dry-run
		assert_stdout "cache out: same sources, just saved: $((${#job} + 1)) B"
		[ ! -e out ]
		in_job "$job" ocifp_run cache restore --strict
		assert_equal "$(cat out/a)" "$job"
	done
	runner
	in_job 'other null' ocifp_run cache restore --dry-run
	[[ $stdout == 'cache out: another job'*' B' ]] || fail "$told"
	rm -r "$T/caches"
	in_job 'other null' ocifp_run cache restore --dry-run
	assert_stdout 'cache out: miss'
	in_job 'other null' ocifp_run cache restore --dry-run --strict
	assert_status 3
	[ ! -e out ]
}

@test "why says which input moved away, and what of it" {
	runner
	ocifp_run cache why
	assert_status 0
	assert_equal "$(cat "$T/stdout")" 'out: no cache of this name, platform and toolchain is there'
	make -s
	in_ci ocifp_run cache save
	in_ci ocifp_run cache why
	assert_equal "$(cat "$T/stdout")" 'out: same sources, nothing differs'
	# An edit that is not committed has no time to give back, but it is in the cache.
	echo edited >>src/b
	make -s
	ocifp_run cache save --push always
	ocifp_run cache why
	assert_equal "$(cat "$T/stdout")" 'out: same sources, nothing differs'
	sed -i 's/228/229/' "$T/origin/Cargo.lock"
	echo c >"$T/origin/src/c"
	git -C "$T/origin" add .
	commit second
	runner
	in_ci ocifp_run cache why
	assert_status 0
	assert_equal "$(cat "$T/stdout")" "$(
		cat <<-END
			out: the nearest cache has the same system, branch main, and differs in:
			  Cargo.lock: serde 1.0.228 -> 1.0.229
			  src/c added
		END
	)"
	in_ci ocifp_run cache why --json
	assert_equal "$(jq -r '.caches[0].differences[0]' <"$T/stdout")" \
		'Cargo.lock: serde 1.0.228 -> 1.0.229'
}

@test "key prints where a cache is looked for and where it is saved" {
	runner
	in_ci ocifp_run cache key --json
	assert_status 0
	assert_equal "$(jq -r '.caches[0].candidates[].words' <"$T/stdout")" "$(
		cat <<-END
			same sources
			same dependencies, branch main
			same system, branch main
			another job, branch main
		END
	)"
	assert_equal "$(jq -r '.caches[0] | .tag == .candidates[0].tag' <"$T/stdout")" true
	ocifp_run cache key
	assert_equal "$(tail -n 1 "$T/stdout")" '  save nothing (read-only: outside the CI systems that ocifp knows (use --push always))'
}

@test "a cache without a repository lies beside GitHub's images, for a job of github.com alone" {
	local job=(GITHUB_ACTIONS=true GITHUB_REPOSITORY=owner/app GITHUB_EVENT_NAME=push GITHUB_REF=refs/heads/main GITHUB_JOB=build)
	runner
	sed -i 's/, repository: [^}]*//' .ocifp.yaml
	split_run env "${job[@]}" timeout -k 5 60 ocifp cache key
	assert_status 0
	grep -q 'read ghcr.io/owner/app-cache:out-e-' "$T/stdout"
	# The name at GitHub is another person's there, who could publish what this project restores.
	local server
	for server in FORGEJO_ACTIONS=true GITEA_ACTIONS=true GITHUB_SERVER_URL=https://git.example; do
		split_run env "${job[@]}" "$server" timeout -k 5 60 ocifp cache key
		assert_failed 2
		assert_stderr_has "no 'repository' is named; name it with --repository, or in the project file, as in 'repository: "
	done
}

@test "a preset needs no project file" {
	mkdir -p "$T/plain/.git" && cd "$T/plain" && rmdir .git
	HOME=$T/plain ocifp_run cache key --preset npm --repository "oci:$T/caches"
	assert_status 0
	grep -q '^default key' "$T/stdout"
	ocifp_run cache key --preset make
	assert_status 2
}

@test "bad input is refused with what to do, and nothing is written" {
	runner
	ocifp_run cache restore other
	assert_status 2
	grep -q "unknown cache 'other'" "$T/stderr"
	rm Cargo.lock
	ocifp_run cache save --push always
	assert_status 2
	grep -q "cannot read key file 'Cargo.lock': it does not exist" "$T/stderr"
	sed -i 's/\[out\]/[~\/.ssh]/' .ocifp.yaml
	ocifp_run cache restore
	assert_status 2
	grep -q "invalid path '~/.ssh' of a cache" "$T/stderr"
	[ ! -e "$T/caches" ]
}

# refused_project WORDS: by each command, with the project file that stdin is
refused_project() {
	local command
	cat >.ocifp.yaml
	for command in restore save why key; do
		ocifp_run cache "$command"
		assert_failed 2
		assert_stderr_has "$1"
	done
	assert_equal "$(git status --porcelain)" ' M .ocifp.yaml'
	[ ! -e "$T/caches" ]
	[ ! -e "$OCIFP_STORE" ]
}

@test "a project file that asks for what no cache can be is refused by every command" {
	runner
	refused_project "caches 'one' and 'two' both have the path 'out'" <<-END
		version: 1
		caches:
		  one: {paths: [out], key: [Cargo.lock], repository: "oci:$T/caches"}
		  two: {paths: [out], key: [Cargo.lock], repository: "oci:$T/caches"}
	END
	refused_project "invalid 'max' '1MiB': a cache needs 64MiB at least" <<-END
		version: 1
		caches: {one: {paths: [out], key: [Cargo.lock], max: 1MiB, repository: "oci:$T/caches"}}
	END
	refused_project "it is the repository of image 'app'" <<-END
		version: 1
		images: {app: {repository: "oci:$T/caches", inputs: [src]}}
		caches: {one: {paths: [out], key: [Cargo.lock], repository: "oci:$T/caches"}}
	END
	refused_project 'is the project directory itself' <<-END
		version: 1
		caches: {one: {paths: [.], key: [Cargo.lock], repository: "oci:$T/caches"}}
	END
	refused_project 'a project file may only name paths below its directory' <<-END
		version: 1
		caches: {one: {paths: [/etc], key: [Cargo.lock], repository: "oci:$T/caches"}}
	END
}

@test "random edits: nothing stale, nothing needless, with make and ninja" {
	need python3
	tools=(make)
	if command -v ninja >/dev/null; then
		tools+=(ninja)
	fi
	python3 "$RIG_LIB/source_times_fuzz.py" "$top_builddir/tests/lib/source_times" 12 "$RANDOM" \
		"${tools[@]}" >"$T/fuzz" 2>&1 || {
		cat "$T/fuzz"
		false
	}
}

build=()

# package NAME [NEEDED]: a library of the workspace
package() {
	mkdir -p "crates/$1/src"
	printf '[package]\nname = "%s"\nversion = "0.1.0"\nedition = "2021"\n[dependencies]\n' "$1" \
		>"crates/$1/Cargo.toml"
	if [ $# -gt 1 ]; then
		printf '%s = {path = "../%s"}\n' "$2" "$2" >>"crates/$1/Cargo.toml"
	fi
}

# cargo_job: what it compiled is in $compiled; $build has options
cargo_job() {
	runner
	in_ci ocifp_run cache restore
	assert_status 0
	compiled=$(cargo build "${build[@]}" 2>&1 | sed -n 's/ *Compiling \([a-z-]*\) .*/\1/p' | xargs)
	result=$(cargo run -q "${build[@]}")
	in_ci ocifp_run cache save
	assert_status 0
}

@test "of a workspace of cargo what depends on a change is compiled, and nothing else" {
	find_cargo
	package app middle
	package middle bottom
	package bottom
	echo 'fn main() { println!("{}", middle::get()) }' >crates/app/src/main.rs
	echo 'pub fn get() -> u32 { bottom::get() + 1 }' >crates/middle/src/lib.rs
	echo 'pub fn get() -> u32 { 2 }' >crates/bottom/src/lib.rs
	printf '[workspace]\nmembers = ["crates/*"]\nresolver = "2"\n' >Cargo.toml
	printf 'version: 1\ncaches: {target: {preset: cargo, repository: "oci:%s"}}\n' "$T/caches" >.ocifp.yaml
	echo target >.gitignore
	rm Cargo.lock
	cargo generate-lockfile -q
	git add . && git commit -qm workspace
	cargo_job
	assert_equal "$compiled $result" 'bottom middle app 3'
	cargo_job
	assert_equal "$compiled $result" 'app 3' # its executable is not in the cache
	cd "$T/origin" && sed -i 's/+ 1/+ 10/' crates/middle/src/lib.rs
	git commit -qam change
	cargo_job
	assert_equal "$compiled $result" 'middle app 12'
}

# A workspace with all that decides when cargo compiles: a macro, a build script that watches a file and a
# directory, a library of C's kind, and packages of git, one of them patched.
full_workspace() {
	local name
	for name in fetched mended; do
		mkdir -p "$T/$name/src"
		printf '[package]\nname = "%s"\nversion = "0.1.0"\nedition = "2021"\n' "$name" >"$T/$name/Cargo.toml"
		echo 'pub fn get() -> u32 { 100 }' >"$T/$name/src/lib.rs"
		git init -q "$T/$name"
		git -C "$T/$name" add .
		git -C "$T/$name" commit -qm one
	done
	package app
	package macro
	package native-sys
	mkdir -p vendor crates/native-sys/watched
	cp -R "$T/mended" vendor
	rm -rf vendor/mended/.git
	echo 'pub fn get() -> u32 { 20 }' >vendor/mended/src/lib.rs
	cat >>crates/app/Cargo.toml <<-END
		macro = {path = "../macro"}
		native-sys = {path = "../native-sys"}
		fetched = {git = "file://$T/fetched"}
		mended = {git = "file://$T/mended"}
	END
	printf '[lib]\nproc-macro = true\n' >>crates/macro/Cargo.toml
	printf 'extern crate proc_macro;\n#[proc_macro]\npub fn three(_: proc_macro::TokenStream) -> proc_macro::TokenStream { "3u32".parse().unwrap() }\n' \
		>crates/macro/src/lib.rs
	sed -i 's/^edition.*/&\nlinks = "native"/' crates/native-sys/Cargo.toml
	cat >crates/native-sys/build.rs <<-'END'
		fn main() {
		    println!("cargo:rerun-if-changed=one.txt");
		    println!("cargo:rerun-if-changed=watched");
		    let sum: u32 = ["one.txt", "watched/two.txt"].iter().map(|path| std::fs::read_to_string(path).unwrap().trim().parse::<u32>().unwrap()).sum();
		    std::fs::write(std::path::Path::new(&std::env::var("OUT_DIR").unwrap()).join("sum"), sum.to_string()).unwrap();
		}
	END
	echo 1000 >crates/native-sys/one.txt
	echo 5000 >crates/native-sys/watched/two.txt
	echo 'pub fn get() -> u32 { include_str!(concat!(env!("OUT_DIR"), "/sum")).parse().unwrap() }' >crates/native-sys/src/lib.rs
	echo 'fn main() { println!("{}", r#macro::three!() + native_sys::get() + fetched::get() + mended::get()) }' \
		>crates/app/src/main.rs
	printf '[workspace]\nmembers = ["crates/*"]\nresolver = "2"\n[patch."file://%s"]\nmended = {path = "vendor/mended"}\n' \
		"$T/mended" >Cargo.toml
	printf 'version: 1\ncaches: {target: {preset: cargo, repository: "oci:%s"}}\n' "$T/caches" >.ocifp.yaml
	echo target >.gitignore
	rm Cargo.lock
	CARGO_NET_OFFLINE=false cargo generate-lockfile -q
	CARGO_NET_OFFLINE=false cargo fetch -q
	git add . && git commit -qm workspace
}

# full_jobs [OPTION...]: of cargo build, with the cache of this way of building
full_jobs() {
	build=("$@")
	cargo_job
	assert_equal "$(tr ' ' '\n' <<<"$compiled" | sort | xargs) $result" 'app fetched macro mended native-sys 6123'
	cargo_job
	assert_equal "$compiled $result" 'app 6123'
	cd "$T/origin" && echo 6000 >crates/native-sys/watched/two.txt
	git commit -qam 'a file in a watched directory'
	cargo_job
	assert_equal "$compiled $result" 'native-sys app 7123'
	cd "$T/origin" && sed -i 's/3u32/4u32/' crates/macro/src/lib.rs && sed -i 's/20/30/' vendor/mended/src/lib.rs
	git commit -qam 'a macro and what a patch leads to'
	cargo_job
	assert_equal "$(tr ' ' '\n' <<<"$compiled" | sort | xargs) $result" 'app macro mended 7134'
}

@test "macros, build scripts, patches and packages of git: what a change leads to is compiled" {
	find_cargo
	full_workspace
	full_jobs
}

@test "the same for a named target" {
	find_cargo
	full_workspace
	full_jobs --target "$(rustc -vV | sed -n 's/^host: //p')"
}

@test "the same in the layout of cargo's next years" {
	find_cargo
	export RUSTC_BOOTSTRAP=1
	cargo -Zhelp | grep -q build-dir-new-layout || skip 'this cargo has one layout'
	full_workspace
	full_jobs -Zbuild-dir-new-layout
}

@test "why lists what cargo read and no source is" {
	find_cargo
	package app
	echo 'fn main() { println!("{}", include_str!("made.txt")) }' >crates/app/src/main.rs
	printf '[workspace]\nmembers = ["crates/*"]\nresolver = "2"\n' >Cargo.toml
	printf 'version: 1\ncaches: {target: {preset: cargo, repository: "oci:%s"}}\n' "$T/caches" >.ocifp.yaml
	printf 'target\nmade.txt\n' >.gitignore
	rm Cargo.lock
	cargo generate-lockfile -q
	git add . && git commit -qm workspace
	runner
	echo made >crates/app/src/made.txt
	cargo build -q
	ocifp_run cache why
	assert_status 0
	assert_stdout "$(printf '%s\n' 'target: no cache of this name, platform and toolchain is there' \
		'target: the last build also read files that are not sources:' '  crates/app/src/made.txt')"
	ocifp_run cache why --json
	assert_json '.caches[0].outside_sources == ["crates/app/src/made.txt"]'
}

@test "random edits: nothing stale, nothing needless, with cargo" {
	find_cargo
	need python3
	python3 "$RIG_LIB/source_times_fuzz.py" "$top_builddir/tests/lib/source_times" 6 "$RANDOM" \
		cargo >"$T/fuzz" 2>&1 || {
		cat "$T/fuzz"
		false
	}
}
