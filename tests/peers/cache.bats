#!/usr/bin/env bats
# Directories through a real registry and back: what arrives, what it costs, what others can read.

load ../lib/rig

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

# machine NAME: from here on this is another machine, whose disk is empty
machine() {
	mkdir -p "$T/$1"
	cd "$T/$1" || return
	export OCIFP_STORE=$T/$1.store
}

# noise SEED SIZE: bytes that no compressor makes smaller
noise() {
	python3 -c 'import random, sys
sys.stdout.buffer.write(random.Random(sys.argv[1]).randbytes(int(sys.argv[2])))' "$@"
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

cache() {
	ocifp_run cache "$1" --path tree --key k --repository "${where:-$reg_host/cache}" "${@:2}"
}

@test "a tree comes back as it was, to the nanosecond" {
	make_tree a
	picture tree >"$T/before"
	cache save
	assert_status 0
	machine two
	cache restore
	assert_status 0
	picture tree | diff "$T/before" -
	[ tree/debug/linked -ef tree/debug/deps/big ]
}

@test "a second save sends what changed, one of nothing asks once" {
	local before
	make_tree a
	cache save
	assert_status 0
	before=$(asked reg)
	cache save
	assert_status 0
	[[ $stdout == *unchanged* ]]
	assert_equal $(($(asked reg) - before)) 1
	machine two
	cache restore
	before=$(asked reg)
	cache save
	[[ $stdout == *unchanged* ]]
	assert_equal $(($(asked reg) - before)) 1
}

@test "a layout serves as a repository, and skopeo-like readers can open a pack" {
	need zstd
	local where=oci:$T/layout pack
	make_tree a
	cache save
	assert_status 0
	for pack in $(jq -r '.manifests[0].digest' "$T/layout/index.json"); do
		jq -e '.artifactType == "application/vnd.ocifp.cache.v1"' "$T/layout/blobs/sha256/${pack#sha256:}"
	done
	pack=$(jq -r '[.layers[] | select(.mediaType == "application/vnd.ocifp.cache.pack.v1+zstd")][0].digest' \
		"$T/layout/blobs/sha256/${pack#sha256:}")
	zstd -dc "$T/layout/blobs/sha256/${pack#sha256:}" >"$T/content"
	[ "$(stat -c %s "$T/content")" -ge 3000000 ]
	machine two
	where=oci:$T/layout cache restore
	assert_status 0
	[ tree/debug/linked -ef tree/debug/deps/big ]
}

@test "a path with content is kept and said; --replace replaces it" {
	make_tree a
	cache save
	machine two
	mkdir tree
	echo mine >tree/mine
	cache restore
	assert_status 0
	[ "$(ls tree)" = mine ]
	cache restore --replace
	assert_status 0
	[ -e tree/debug/zero ]
	[ ! -e tree/mine ]
}

@test "nothing is left in the store but the small index" {
	make_tree a
	cache save
	machine two
	cache restore
	assert_status 0
	[ "$(du -sk "$OCIFP_STORE" | cut -f1)" -lt 200 ]
	[ "$(du -sk "$T/one.store" | cut -f1)" -lt 200 ]
}
