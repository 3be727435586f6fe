#!/usr/bin/env bats
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

@test "ls, export and prune: what is there, as a tar, and gone" {
	make_tree a
	save
	ocifp_run cache ls --repository "$reg_host/cache"
	assert_status 0
	[[ $stdout == *" default: 11 files, 3.0 MB, packed 3.0 MB default-e-"*"1 caches, 3.0 MB" ]] || fail "$told"
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
	[[ $stdout == *"would delete 1 caches"* ]] || fail "$told"
	ocifp_run cache prune --repository "$reg_host/cache" --keep-newest 1 --keep-younger 1ms --yes
	assert_status 0
	ocifp_run cache ls --repository "$reg_host/cache"
	[[ $stdout == *"1 caches"* ]] || fail "$told"
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
