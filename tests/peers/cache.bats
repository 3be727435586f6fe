#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Directories through a real registry and back: what arrives, what it costs, what others can read.

load ../lib/rig
load ../lib/caches

setup() {
	need python3 jq curl docker-registry ocifp
	rig_setup
	start_registry reg
	cd "$T" || return
	machine one
}

teardown() {
	rig_teardown
}

# make_tree SEED: all that an index can hold
make_tree() {
	mkdir -p tree/debug/deps tree/debug/build/x/out tree/empty
	noise "$1" 3000000 >tree/debug/deps/big
	ln tree/debug/deps/big tree/debug/linked
	for i in 1 2 3 4 5 6 7 8 9; do
		noise "$1$i" 700 >"tree/debug/build/x/out/small$i"
	done
	: >tree/debug/zero
	ln -s ../debug/none tree/empty/dangling
	chmod 755 tree/debug/deps/big
	chmod 600 tree/debug/build/x/out/small3
	chmod 500 tree/empty
	touch -d '2021-02-03 04:05:06.123456789' tree/debug/zero
	touch -d '1969-12-31 23:59:59.5' tree/debug/build/x/out/small1
	touch -h -d '2022-02-03 04:05:06.987654321' tree/empty/dangling
}

# Names, kinds, modes, links, times to the nanosecond, contents.
picture() {
	(cd "$1" && find . -printf '%P %y %m %n %T@ %l\n' | LC_ALL=C sort)
	(cd "$1" && find . -type f -exec sha256sum {} + | LC_ALL=C sort)
}

save() {
	ocifp_run cache save --path tree --key key --repository "${where:-$reg_host/cache}" --push always "$@"
}

restore() {
	ocifp_run cache restore --path tree --key key --repository "${where:-$reg_host/cache}" "$@"
}

@test "a tree comes back as it was, to the nanosecond" {
	make_tree a
	picture tree >"$T/before"
	save
	assert_status 0
	machine two
	restore
	assert_status 0
	picture tree | diff "$T/before" -
	[ tree/debug/linked -ef tree/debug/deps/big ]
}

@test "a second save sends what changed, one of nothing asks once" {
	local before
	make_tree a
	save
	assert_status 0
	before=$(asked reg)
	save
	assert_status 0
	assert_stdout "cache default: nothing new to save"
	assert_equal $(($(asked reg) - before)) 1
	machine two
	restore
	before=$(asked reg)
	save
	assert_stdout "cache default: nothing new to save"
	assert_equal $(($(asked reg) - before)) 1
}

@test "a layout serves as a repository, and skopeo-like readers can open a pack" {
	need zstd
	local where=oci:$T/layout pack
	make_tree a
	save
	assert_status 0
	for pack in $(jq -r '.manifests[0].digest' "$T/layout/index.json"); do
		jq -e '.artifactType == "application/vnd.ocifp.cache.v1"' "$T/layout/blobs/sha256/${pack#sha256:}"
	done
	pack=$(jq -r '[.layers[] | select(.mediaType == "application/vnd.ocifp.cache.pack.v1+zstd")][0].digest' \
		"$T/layout/blobs/sha256/${pack#sha256:}")
	zstd -dc "$T/layout/blobs/sha256/${pack#sha256:}" >"$T/content"
	[ "$(stat -c %s "$T/content")" -ge 3000000 ]
	machine two
	where=oci:$T/layout restore
	assert_status 0
	[ tree/debug/linked -ef tree/debug/deps/big ]
}

# packed: the packs of the cache in the directory $T/pulled, one behind the other, unpacked by zstd
packed() {
	local pack
	for pack in "$T"/pulled/pack-*.zst; do
		zstd -dc "$pack"
	done
}

@test "oras pulls a cache as files, and zstd reads each pack" {
	need zstd
	need_peer oras
	make_tree a
	save --json
	oras pull --plain-http -o "$T/pulled" "$reg_host/cache:$(jq -r '.caches[0].tag' <"$T/stdout")" >&2
	[ "$(packed | wc -c)" -ge 3000000 ]
	zstd -dc "$T"/pulled/head-*.zst | head -c 8 | cmp - <(printf 'ocifpC1\n')
}

@test "a reader written from ocifp-cache(5) alone restores what was saved" {
	need zstd
	local where=oci:$T/layout tag
	make_tree a
	save
	noise b 200000 >tree/debug/deps/big
	echo two >key
	save --json
	assert_status 0
	tag=$(jq -r '.caches[0].tag' <"$T/stdout")
	python3 "$RIG_LIB/read_cache.py" "$T/layout" "$tag" "$T/read"
	diff <(picture tree) <(picture "$T/read/tree")
	[ "$T/read/tree/debug/linked" -ef "$T/read/tree/debug/deps/big" ]
}

@test "tree, inspect, copy and prune take a cache for an artifact" {
	local tag
	make_tree a
	save --json
	tag=$(jq -r '.caches[0].tag' <"$T/stdout")
	ocifp_run tree "$reg_host/cache:$tag"
	assert_status 0
	[[ $stdout == *'artifact  3 layers'* ]] || fail "$told"
	ocifp_run inspect --json "$reg_host/cache:$tag"
	assert_json '.artifact_type == "application/vnd.ocifp.cache.v1" and .annotations["dev.ocifp.cache.name"] == "default"'
	ocifp_run prune "$reg_host/cache" --keep-tag "$tag"
	assert_status 0
	[[ $stdout == *'1 to keep, 0 to remove, 0 B' ]] || fail "$told"
	ocifp_run copy "$reg_host/cache:$tag" "$reg_host/moved:$tag"
	assert_status 0
	machine two
	where=$reg_host/moved restore --strict
	diff -r --no-dereference "$T/one/tree" tree
}

@test "a path with content is kept and said; --replace replaces it" {
	make_tree a
	save
	machine two
	mkdir tree
	echo mine >tree/mine
	restore
	assert_status 0
	[ "$(ls tree)" = mine ]
	restore --replace
	assert_status 0
	[ -e tree/debug/zero ]
	[ ! -e tree/mine ]
}

@test "nothing is left in the store but the small index" {
	make_tree a
	save
	machine two
	restore
	assert_status 0
	[ "$(du -sk "$OCIFP_STORE" | cut -f1)" -lt 200 ]
	[ "$(du -sk "$T/one.store" | cut -f1)" -lt 200 ]
}

@test "packs of a restore pass through the store, and are not written to the disk first" {
	need strace
	mkdir tree
	noise a 40000000 >tree/big
	save
	machine two
	strace -f -qq -o "$T/calls" -e trace=sync_file_range,fsync,fdatasync -y ocifp cache restore --strict --path tree \
		--key key --repository "$reg_host/cache" 3>&-
	cmp tree/big ../one/tree/big
	! grep 'ingest/sha256' "$T/calls" || fail 'a pack was written to the disk'
}

@test "ls, export and prune: what is there, as a tar, and gone" {
	make_tree a
	save
	ocifp_run cache ls --repository "$reg_host/cache"
	assert_status 0
	assert_stdout "$(printf '%s\n' 'AGE       FILES    SIZE  PACKED  NAME     SCOPE' \
		'just now     11  3.0 MB  3.0 MB  default  branch main' '1 cache, 3.0 MB')"
	ocifp_run cache export --path tree --key key --repository "$reg_host/cache" -o "$T/out.tar"
	assert_status 0
	[ "$(ls "$T"/out.tar*)" = "$T/out.tar" ]
	mkdir "$T/out"
	tar -xf "$T/out.tar" -C "$T/out"
	diff -r --no-dereference tree "$T/out/tree"
	ocifp_run cache prune --repository "$reg_host/cache" --yes
	assert_status 0
	[[ $stdout == *"deleted 0 caches"* ]] || fail "$told"
	echo other >key
	noise b 1000 >tree/more
	sleep 1.1 # the time of a save is in seconds, and of two in one second both are the newest
	save
	ocifp_run cache prune --repository "$reg_host/cache" --keep-newest 1 --keep-younger 1ms
	[[ $stdout == *"would delete 1 cache, "* ]] || fail "$told"
	ocifp_run cache prune --repository "$reg_host/cache" --keep-newest 1 --keep-younger 1ms --yes
	assert_status 0
	ocifp_run cache ls --repository "$reg_host/cache"
	[[ $stdout == *"1 cache, "* ]] || fail "$told"
}

@test "prune keeps the newest of each branch, and nothing of a branch that is gone" {
	need git
	local branch
	git init -q -b main . && git config user.name a && git config user.email a@b
	printf '%s\n' key tree .ocifp.yaml >.gitignore
	git add . && git commit -qm first
	git branch topic && git branch gone
	printf 'version: 1\ncaches: {tree: {paths: [tree], key: [key], push_refs: ["*"], repository: %s}}\n' \
		"$reg_host/cache" >.ocifp.yaml
	mkdir tree
	for branch in main topic gone; do
		git checkout -q "$branch"
		for i in 1 2; do
			echo "$branch $i" | tee key >tree/file
			ocifp_run cache save --push always
			assert_status 0
			[[ $stdout == "cache tree: saved "* ]] || fail "$told"
			sleep 1.1
		done
	done
	git checkout -q main && git branch -q -D gone
	ocifp_run cache prune --keep-newest 1 --keep-younger 1ms
	[[ $stdout == *"would delete 3 caches"*"kept 3, "* ]] || fail "$told"
	ocifp_run cache prune --keep-newest 1 --keep-git local --yes
	[[ $stdout == *"deleted 2 caches"*"kept 4, "* ]] || fail "$told"
	ocifp_run cache prune --keep-git auto
	assert_failed 5
	assert_stderr_has 'use --keep-git local to skip origin'
	ocifp_run cache prune --keep-git other
	assert_failed 2
	rm -rf tree
	ocifp_run cache restore --strict
	assert_status 0
	assert_equal "$(cat tree/file)" 'main 2' # of its branch, since the exact one is gone
}

@test "prune keeps of the young ones what makes a size with the newest ones" {
	mkdir tree
	for i in 1 2 3 4; do
		echo "$i" >key
		noise "$i" 1000000 >tree/file
		save
		sleep 1.1
	done
	where=$reg_host/cache
	ocifp_run cache prune --repository "$where" --keep-newest 1 --max-size 2500k
	assert_status 0
	[[ $stdout == *"would delete 2 caches, 2.0 MB; kept 2, 2.0 MB" ]] || fail "$told"
	ocifp_run cache prune --repository "$where" --keep-newest 1 --max-size 100k --yes
	[[ $stdout == *"deleted 3 caches, "*"; kept 1, 1.0 MB" ]] || fail "$told"
	assert_stderr_has 'use a lower --keep-newest'
	ocifp_run cache prune --repository "$where" --max-size 0
	assert_failed 2
	machine two
	echo 4 >key
	restore --strict
	assert_status 0
}

@test "a change sends its chunks and little else; what came before restores still" {
	make_tree a
	save
	machine two
	restore
	noise b 100000 >tree/debug/deps/new
	noise c 700 >tree/debug/build/x/out/small5
	echo other >key
	save --json
	assert_status 0
	jq -e '.caches[0] | .new_bytes < 120000 and .read_bytes < 120000' <"$T/stdout"
	machine three
	echo other >key
	restore
	assert_status 0
	diff -r --no-dereference "$T/two/tree" tree
	machine four
	restore
	diff -r --no-dereference "$T/one/tree" tree
}

@test "two savers of one key: both end well, and the tag is whole" {
	make_tree a
	cp -a tree "$T/again"
	save &
	(
		machine=one
		cd "$T"
		mkdir other
		cd other
		export OCIFP_STORE=$T/other.store
		cp -a "$T/again" tree
		echo key >key
		ocifp cache save --path tree --key key --repository "$reg_host/cache" --push always
	)
	wait
	machine two
	restore --strict
	assert_status 0
	diff -r --no-dereference "$T/one/tree" tree
}

@test "racing savers of other content: what is restored is one of them, whole" {
	need mounts
	local i pids=()
	for i in 1 2 3 4; do
		mkdir -p "$T/racer$i"
		(
			cd "$T/racer$i" || exit
			mkdir tree
			noise "$i" 2000000 >tree/a
			cp tree/a tree/b
			echo key >key
		)
	done
	for i in 1 2 3 4; do
		# As if each were in the directory of the others.
		unshare -m bash -c "mount --bind '$T/racer$i' '$T/desk' && cd '$T/desk' && OCIFP_STORE=$T/racer$i.store exec ocifp \
			cache save --path tree --key key --repository '$reg_host/cache' --push always" 3>&- >"$T/racer$i.said" 2>&1 &
		pids+=($!)
	done
	wait "${pids[@]}"
	grep -q ': saved ' "$T"/racer*.said || fail "$(cat "$T"/racer*.said)"
	[ "$(grep -c ': saved \|: not saved: another job saved' "$T"/racer*.said | grep -c ':1$')" = 4 ] ||
		fail "$(cat "$T"/racer*.said)"
	machine two
	restore --strict
	assert_status 0
	cmp tree/a tree/b
	cmp -s tree/a "$T/racer1/tree/a" || cmp -s tree/a "$T/racer2/tree/a" || cmp -s tree/a "$T/racer3/tree/a" ||
		cmp tree/a "$T/racer4/tree/a"
}

@test "two caches of one repository do not meet" {
	mkdir tree more
	echo a >tree/a
	echo b >more/b
	save
	ocifp_run cache save other --path more --key key --repository "$reg_host/cache" --push always
	assert_status 0
	rm -rf tree more
	restore
	ocifp_run cache restore other --path more --key key --repository "$reg_host/cache"
	assert_equal "$(cat tree/a more/b)" "a
b"
}

@test "a mount point is filled from within, and what a killed restore left there is replaced" {
	need mounts
	make_tree a
	save
	machine two
	mkdir tree
	mount -t tmpfs none tree
	restore --strict
	picture tree | grep -v '^ d' >"$T/after"
	(cd "$T/one" && picture tree) | grep -v '^ d' >"$T/before"
	mkdir -p tree/.cache.ocifp
	touch tree/.cache.ocifp/moving
	rm -rf tree/debug/deps
	restore --strict
	[ -e tree/debug/deps/big ]
	[ ! -e tree/.cache.ocifp ]
	umount tree
	diff "$T/before" "$T/after"
}

@test "secrets are left out by name, with one notice" {
	mkdir -p tree/.cargo tree/.docker
	touch tree/.netrc tree/.cargo/credentials.toml tree/.docker/config.json tree/id_rsa tree/id_arena.rs tree/kept
	save
	assert_status 0
	assert_stderr_has "left out 4 files that may hold secrets"
	machine two
	restore
	assert_equal "$(cd tree && find . -type f | sort | tr '\n' ' ')" "./id_arena.rs ./kept "
}

@test "a pull request saves beside what it restored, and moves nothing that is there" {
	cat >"$T/project" <<-YAML
		version: 1
		caches:
		  tree: {paths: [tree], key: [key], repository: $reg_host/cache, pull_requests: $reg_host/cache-pr}
	YAML
	cp "$T/project" .ocifp.yaml
	make_tree a
	ocifp_run cache save --push always
	machine two
	cp "$T/project" .ocifp.yaml
	export GITHUB_ACTIONS=true GITHUB_EVENT_NAME=pull_request GITHUB_REF=refs/pull/7/merge \
		GITHUB_REPOSITORY=me/it GITHUB_HEAD_REF=topic GITHUB_BASE_REF=main GITHUB_EVENT_PATH=$T/event.json
	jq -n '{repository: {full_name: "me/it", default_branch: "main"},
		pull_request: {number: 7, head: {repo: {full_name: "me/it"}}, base: {repo: {full_name: "me/it"}}}}' >"$T/event.json"
	ocifp_run cache restore
	assert_status 0
	[ -e tree/debug/zero ] || fail "$told"
	noise b 1000 >tree/more
	ocifp_run cache save --json
	assert_status 0
	assert_json ".caches[0].repository == \"$reg_host/cache-pr\" and .caches[0].read_bytes < 10000"
	[ "$(registry_requests reg POST 'cache-pr/blobs/uploads/.*mount=')" -ge 1 ]
	ocifp_run cache ls --json --repository "$reg_host/cache"
	assert_json '.caches | length == 1'
}

# The key needs a compiler's version, and these tests compile nothing.
fake_rustc() {
	mkdir -p "$T/bin"
	printf '#!/bin/sh\necho rustc 1.0\n' >"$T/bin/rustc"
	chmod +x "$T/bin/rustc"
	PATH=$T/bin:$PATH
}

# units NAME...: a target directory with these units of cargo, each with a file of 100 kB
units() {
	mkdir -p target/debug/.fingerprint target/debug/deps
	for unit; do
		mkdir -p "target/debug/.fingerprint/$unit-0123456789abcdef"
		echo hash >"target/debug/.fingerprint/$unit-0123456789abcdef/lib-$unit"
		noise "$unit" 100000 >"target/debug/deps/lib$unit-0123456789abcdef.rlib"
	done
}

# two units may not share a hash
rename_unit() {
	mv "target/debug/.fingerprint/$1-0123456789abcdef" "target/debug/.fingerprint/$1-$2"
	mv "target/debug/deps/lib$1-0123456789abcdef.rlib" "target/debug/deps/lib$1-$2.rlib"
}

save_target() {
	ocifp_run cache save --preset cargo --key key --repository "$reg_host/cache" --push always "$@"
	assert_status 0
}

restore_target() {
	ocifp_run cache restore --strict --preset cargo --key key --repository "$reg_host/cache"
	assert_status 0
}

@test "a unit that three saves found unused is left out, with all of its files" {
	need time_of_use
	local i
	fake_rustc
	units old used
	rename_unit old 1111111111111111
	save_target
	for i in 1 2 3 4; do
		machine "m$i"
		[ ! -e "$T/key" ] || cp "$T/key" key
		restore_target
		cat target/debug/.fingerprint/used-*/* >/dev/null
		echo "$i" >>target/debug/changed
		echo "$i" >key
		save_target --json
		assert_json ".caches[0].dropped == $((i / 4))"
		echo "$i" >"$T/key"
	done
	assert_stderr_has 'left out 1 unit not used any more'
	machine last
	cp "$T/key" key
	restore_target
	[ "$(find target -name '*old*')" = '' ]
	[ "$(find target -name '*used*' | wc -l)" = 3 ]
}

# executables SIZE: a target directory of 400 kB with an executable of this size under two names
executables() {
	units lib
	noise more 300000 >target/debug/deps/liblib-0123456789abcdef.rmeta
	noise app "$1" >target/debug/app
	chmod +x target/debug/app
	ln target/debug/app target/debug/deps/app-2222222222222222
}

@test "executables come back on an exact hit alone, and cost a partial one nothing" {
	local before
	fake_rustc
	executables 100000
	save_target --json
	assert_json '.caches[0].bytes == 500005'
	machine two
	restore_target
	[ target/debug/app -ef target/debug/deps/app-2222222222222222 ]
	diff -r "$T/one/target" target
	save_target
	assert_stdout 'cache default: nothing new to save'
	machine three
	echo other >key
	before=$(registry_requests reg GET 'cache/blobs/')
	restore_target
	[ ! -e target/debug/app ] && [ ! -e target/debug/deps/app-2222222222222222 ]
	cmp target/debug/deps/liblib-0123456789abcdef.rmeta "$T/one/target/debug/deps/liblib-0123456789abcdef.rmeta"
	assert_equal $(($(registry_requests reg GET 'cache/blobs/') - before)) 3
	executables 100000
	save_target --json
	assert_json '.caches[0].new_bytes < 20000'
	machine four
	echo other >key
	restore_target
	diff -r "$T/three/target" target
}

@test "executables that are more than a quarter of all are not saved" {
	fake_rustc
	executables 150000
	save_target --json
	assert_json '.caches[0].bytes == 400005'
	machine two
	restore_target
	[ ! -e target/debug/app ] && [ ! -e target/debug/deps/app-2222222222222222 ]
	[ -e target/debug/deps/liblib-0123456789abcdef.rlib ]
}

@test "a unit of which a file changes all the time is left out whole" {
	fake_rustc
	units still moving
	rename_unit still 1111111111111111
	noise more 40000000 >target/debug/deps/libmoving-0123456789abcdef.rlib # so that reading takes a while
	spawn writer sh -c 'while :; do echo >>target/debug/deps/libmoving-0123456789abcdef.rlib; done'
	wait_for eval 'test "$(stat -c %s target/debug/deps/libmoving-*)" -gt 40000000'
	save_target
	stop writer
	assert_stderr_has 'left out 1 unit changing all the time'
	assert_equal "$(registry_requests reg PUT '/v2/cache/manifests/')" 4 # none of a torn unit
	machine two
	restore_target
	[ -e target/debug/deps/libstill-1111111111111111.rlib ]
	[ "$(find target -name '*moving*')" = '' ]
}

@test "a cache that outgrows its 'max' drops what was used least" {
	local i most=64MiB
	cat >"$T/project" <<-YAML
		version: 1
		caches: {cc: {preset: ccache, max: $most, repository: $reg_host/cache}}
	YAML
	export HOME=$T/home XDG_CACHE_HOME=
	unset XDG_CACHE_HOME
	cp "$T/project" .ocifp.yaml
	for i in 1 2 3 4 5 6; do
		mkdir -p "$HOME/.cache/ccache/$i"
		noise "$i" 14000000 >"$HOME/.cache/ccache/$i/object"
		touch -d "2024-01-0$((7 - i))" "$HOME/.cache/ccache/$i/object"
	done
	touch -a "$HOME/.cache/ccache/6/object"
	ocifp_run cache save --push always --json
	assert_status 0
	assert_json '.caches[0] | .result == "saved" and .dropped == 2 and .packed_bytes < 67108864'
	assert_stderr_has "left out 2 files to stay within 'max'"
	[ "$(du -sk "$OCIFP_STORE" | cut -f1)" -lt 200 ]
	rm -rf "$HOME"
	machine two
	cp "$T/project" .ocifp.yaml
	ocifp_run cache restore --strict
	assert_status 0
	assert_equal "$(cd "$HOME/.cache/ccache" && echo */object)" '1/object 2/object 3/object 6/object'
}

@test "a preset has all of its directories" {
	local folder
	export HOME=$T/home
	unset CARGO_HOME
	for folder in registry/index registry/cache git/db; do
		mkdir -p "$HOME/.cargo/$folder"
		echo "$folder" >"$HOME/.cargo/$folder/file"
	done
	ocifp_run cache save --preset cargo-home --repository "$reg_host/cache" --push always
	assert_status 0
	[[ $stdout == "cache default: saved "* ]] || fail "$told"
	rm -rf "$HOME"
	machine two
	ocifp_run cache restore --preset cargo-home --repository "$reg_host/cache" --strict
	assert_status 0
	assert_equal "$(cd "$HOME/.cargo" && cat registry/index/file registry/cache/file git/db/file)" \
		$'registry/index\nregistry/cache\ngit/db'
}

@test "a job on Actions gets outputs and rows of the summary" {
	export GITHUB_ACTIONS=true GITHUB_OUTPUT=$T/output GITHUB_STEP_SUMMARY=$T/summary GITHUB_REPOSITORY=me/it \
		GITHUB_EVENT_NAME=push GITHUB_REF=refs/heads/main GITHUB_REF_NAME=main GITHUB_EVENT_PATH=$T/event.json
	echo '{"repository": {"full_name": "me/it", "default_branch": "main"}}' >"$T/event.json"
	make_tree a
	restore
	grep -x miss "$T/output"
	save
	[[ $stdout == "cache default: saved "* ]] || fail "$told"
	machine two
	: >"$T/output"
	restore
	grep -x exact "$T/output"
	grep -Ex '[0-9a-f]{40}' "$T/output"
	[ "$(grep -c "$reg_host/cache" "$T/summary")" -ge 1 ]
}

@test "an export that is killed or cannot be written leaves no part of its tar, and follows no link" {
	make_tree a
	save
	echo precious >precious
	mkdir out
	ln -s ../precious out/tar.part
	ocifp_run cache export --path tree --key key --repository "$reg_host/cache" -o out/tar
	assert_status 0
	assert_equal "$(cat precious)" precious
	# What a run left that was killed, the next one takes away.
	mkdir -p out/.tar.ocifp/fs/tree
	touch out/.tar.ocifp/fs/tree/left
	ocifp_run cache export --path tree --key key --repository "$reg_host/cache" -o out/tar
	assert_status 0
	assert_equal "$(ls -A out)" $'tar\ntar.part'
	! tar -tf out/tar | grep left || fail 'the tar has what another run left'
	rm -rf out/*
	split_run bash -c 'ulimit -f 64 && exec "$@"' bash \
		ocifp cache export --path tree --key key --repository "$reg_host/cache" -o out/tar
	assert_failed 10
	assert_equal "$(ls -A out)" ''
}
