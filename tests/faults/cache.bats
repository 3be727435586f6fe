#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Caches: an artifact that lies, a registry that fails; whatever comes, the job goes on and nothing is
# written but what is whole.

load ../lib/rig
load ../lib/caches
load ../lib/unpack_ways

setup() {
	need python3 jq ocifp
	rig_setup
	where=oci:$T/layout
	machine one
}

teardown() {
	rig_teardown
}

save() {
	ocifp_run cache save --path tree --key key --repository "$where" --push always "$@"
}

restore() {
	ocifp_run cache restore --path tree --key key --repository "$where" "$@"
}

# A cache of 200 kB in the registry that misbehaves; $packs has the digests of its packs.
publish() {
	start_faults reg
	where=$reg_host/cache
	mkdir tree
	noise a "${1:-200000}" >tree/file
	save --json
	assert_status 0
	tag=$(jq -r '.caches[0].tag' <"$T/stdout")
	packs=$(curl -s -H 'Accept: application/vnd.oci.image.manifest.v1+json' \
		"http://$reg_host/v2/cache/manifests/$tag" |
		jq -r '.layers[] | select(.mediaType | contains("cache.pack")) | .digest')
	forget_log reg
	machine two
}

# nothing_came WORDS: the job goes on, with one line that says so; there is no tree, nor a part of one
nothing_came() {
	assert_status 0
	[[ $stdout == "cache default: not restored: "*$1* ]] || fail "it does not say '$1'" "$told"
	[ ! -e tree ]
	[ "$(find . -mindepth 1 -name '*.ocifp')" = "" ]
}

# hostile WORDS: the cache that stdin describes is refused with these words
hostile() {
	rm -rf "$T/layout" tree
	mkdir tree
	save --json
	tag=$(jq -r '.caches[0].tag' <"$T/stdout")
	rm -rf "$T/layout" tree
	cat >"$T/spec.json"
	python3 "$RIG_LIB/mkcache.py" "$T/layout" "$tag" "$T/spec.json"
	restore
	nothing_came "$1"
	[ "$(ls)" = key ]
	restore --strict
	assert_failed "${2:-7}"
}

@test "another program's cache is restored" {
	rm -rf tree
	mkdir tree
	save --json
	tag=$(jq -r '.caches[0].tag' <"$T/stdout")
	rm -rf "$T/layout" tree
	cat >"$T/spec.json" <<-'JSON'
		{"chunks": {"a": "content", "b": "xyyzzz"}, "entries": [["R", "tree"], ["D", ""], ["B", ["b"]],
		 ["F", "file", ["a", "a"], {"mode": 493}], ["L", "link", "file"], ["S", "x", 1], ["D", "d"],
		 ["H", "hard", "file"], ["S", "yy", 2], ["S", "zzz", 3]]}
	JSON
	python3 "$RIG_LIB/mkcache.py" "$T/layout" "$tag" "$T/spec.json"
	restore --strict
	assert_status 0
	assert_equal "$(cat tree/link)" contentcontent
	[ tree/file -ef tree/d/hard ]
	[ -x tree/file ]
	assert_equal "$(cat tree/x tree/d/yy tree/d/zzz)" xyyzzz
}

@test "paths and links that lead out of the directory are refused" {
	hostile "a name that is not allowed" <<<'{"entries": [["R", "tree"], ["D", ""], ["F", "../out", []]]}'
	hostile "a name that is not allowed" <<<'{"entries": [["R", "tree"], ["D", ""], ["F", "..", []]]}'
	hostile "before its parent" <<<'{"entries": [["R", "tree"], ["D", "../out"]]}'
	hostile "a path that is not allowed" <<<'{"entries": [["R", "tree"], ["D", ""], ["D", "../out"]]}'
	hostile "a path that is not allowed" <<<'{"entries": [["R", "tree"], ["D", ""], ["D", "/tmp/out"]]}'
	hostile "target that is not allowed" <<<'{"entries": [["R", "tree"], ["D", ""], ["H", "h", "../key"]]}'
	hostile "cannot make symbolic link" 10 <<<'{"chunks": {"a": "evil"}, "entries": [["R", "tree"],
		["D", ""], ["L", "d", ".."], ["D", "d"], ["F", "key", ["a"]]]}'
	hostile "out of order" <<<'{"entries": [["R", "tree"], ["D", ""], ["L", "a", ".."], ["F", "a", []]]}'
	assert_equal "$(cat key)" key
}

@test "content that is not what the index says is refused" {
	hostile "its content is another" <<<'{"chunks": {"a": "evil"}, "lies": {"a": "good"},
		"entries": [["R", "tree"], ["D", ""], ["F", "f", ["a"]]]}'
	hostile "chunks of another size" <<<'{"chunks": {"a": "evil"},
		"entries": [["R", "tree"], ["D", ""], ["F", "f", ["a"], {"size": 5}]]}'
	hostile "beyond its bundle" <<<'{"chunks": {"a": "evil"},
		"entries": [["R", "tree"], ["D", ""], ["B", ["a"]], ["S", "f", 5]]}'
	hostile "damaged" <<<'{"entries": [["R", "tree"], ["D", "", {"mode": 2541}]]}'
	hostile "an unknown kind" <<<'{"entries": [["raw", "5a"]]}'
}

@test "a cache that is more than it says is refused before it fills the disk" {
	hostile "more bytes than the manifest says" <<<"{\"chunks\": {\"a\": {\"repeat\": \"0\", \"times\": 1000000}},
		\"entries\": [[\"R\", \"tree\"], [\"D\", \"\"], [\"F\", \"f\",
		[$(printf '"a",%.0s' {1..200})\"a\"]]]}"
	hostile "are free" 10 <<<'{"bytes": 900000000000000000, "entries": [["R", "tree"], ["D", ""]]}'
}

# index_helper NAME LINE...: a helper that is a Python script where an index is read, and itself elsewhere
index_helper() {
	local name=$1 real
	shift
	real=${OCIFP_LIBEXEC:-$(dirname "$(command -v ocifp)")}/ocifp-layer
	helper_with "$name" '#!/usr/bin/env python3' 'import os, socket, struct, sys' \
		"sys.argv[1] == 'index' or os.execv('$real', sys.argv)" 'channel = socket.socket(fileno=3)' \
		'send = lambda kind, data: channel.sendall(struct.pack("II", kind, len(data)) + data)' \
		'item = lambda part, data: send(5, struct.pack("QQ", part, len(data)) + data)' "$@"
}

@test "after a restore of a damaged cache, a save reuses nothing of it and replaces it" {
	local tags name
	mkdir tree
	save --json
	mapfile -t tags < <(ocifp tags "oci:$T/layout")
	rm -rf "$T/layout" tree
	echo '{"chunks": {"a": "evil"}, "lies": {"a": "good"}, "entries": [["R", "tree"], ["D", ""], ["F", "f", ["a"]]]}' \
		>"$T/spec.json"
	python3 "$RIG_LIB/mkcache.py" "$T/layout" "${tags[0]}" "$T/spec.json"
	ocifp tag "oci:$T/layout:${tags[0]}" "${tags[@]:1}"
	restore
	nothing_came 'its content is another'
	mkdir tree
	printf good >tree/f
	save --strict
	assert_status 0
	[[ $stdout == 'cache default: saved '* ]] || fail "$told"
	assert_stderr_has 'cannot reuse the previous cache, so everything is saved again: it is damaged'
	for name in key other; do
		machine "two$name"
		echo "$name" >key
		restore --strict
		assert_equal "$(cat tree/f)" good
	done
}

@test "nothing of an index is read but by the confined helper" {
	mkdir tree
	echo a >tree/a
	save --strict
	machine two
	index_helper blind 'sys.exit(1)'
	OCIFP_LIBEXEC=$T/way-blind restore
	nothing_came 'cannot read the index of the cache: the confined helper ended without an answer'
	OCIFP_LIBEXEC=$T/way-blind ocifp_run cache why --path tree --key key --repository "$where"
	assert_failed 1
	assert_stderr_has 'the confined helper ended without an answer'
	restore --strict
	echo b >tree/b
	echo other >key
	OCIFP_LIBEXEC=$T/way-blind save --strict
	assert_status 0
	assert_stderr_has 'so everything is saved again: .*the confined helper ended without an answer'
}

@test "of a helper that an index took over, what comes is bounded and parsed as foreign" {
	mkdir tree
	echo a >tree/a
	save --strict
	machine two
	index_helper chatty 'item(0, b"R")' 'channel.recv(1)'
	OCIFP_LIBEXEC=$T/way-chatty restore
	nothing_came 'a part of the index that was not asked for'
	index_helper endless 'while True:' '    item(3, bytes(60000))'
	OCIFP_LIBEXEC=$T/way-endless restore
	nothing_came 'more than 67108864 bytes'
	index_helper false 'item(2, b"ocifp-sources-1\n" + b"\xff" * 60)' 'send(6, b"")' 'channel.recv(1)'
	OCIFP_LIBEXEC=$T/way-false restore
	nothing_came 'sources'
	restore --strict
	echo b >tree/b
	echo other >key
	index_helper liar 'item(6, b"ocifpC1\n\0\0")' 'item(0, b"R\4treeD\5../up")' 'send(6, b"")' 'channel.recv(1)'
	OCIFP_LIBEXEC=$T/way-liar save --strict
	assert_status 0
	assert_stderr_has 'so everything is saved again: .*invalid cache index'
	[ "$(ls "$T/desk")" = $'key\ntree' ]
}

@test "a pack that is missing is one line, and nothing is there" {
	publish
	rules reg <<<"{\"path\": \"blobs/${packs%%$'\n'*}\", \"action\": {\"status\": 404, \"body\": \"\"}}"
	restore
	nothing_came ""
	restore --strict
	assert_failed 7
}

@test "a pack with one bit wrong is fetched once more, then it is nothing" {
	publish
	rules reg <<<"{\"path\": \"blobs/$packs\", \"nth\": 1, \"action\": {\"flip_at\": 1000}}"
	restore
	assert_status 0
	cmp tree/file "$T/one/tree/file"
	rm -rf tree
	rm -rf "$OCIFP_STORE"
	rules reg <<<"{\"path\": \"blobs/$packs\", \"action\": {\"flip_at\": 1000}}"
	restore
	nothing_came digest
}

@test "a pack that breaks off goes on where it was" {
	publish
	rules reg <<<"{\"path\": \"blobs/$packs\", \"nth\": 1, \"action\": {\"cut_after\": 100000}}"
	restore
	assert_status 0
	cmp tree/file "$T/one/tree/file"
}

@test "a restore that failed goes on with the packs that it has" {
	publish 80000000
	local first last
	first=${packs%%$'\n'*}
	last=${packs##*$'\n'}
	rules reg <<<"{\"path\": \"blobs/$last\", \"action\": {\"status\": 404, \"body\": \"\"}}"
	restore
	nothing_came ""
	rules reg </dev/null
	forget_log reg
	restore
	assert_status 0
	cmp tree/file "$T/one/tree/file"
	assert_requests reg 0 GET "blobs/$first"
	assert_requests reg 1 GET "blobs/$last"
}

@test "of many packs a restore holds 16 at once, and the next one asks for no more than is missing" {
	local tag last
	start_faults reg
	where=$reg_host/cache
	tag=$(ocifp cache key --path tree --key key --repository "$where" --json 3>&- | jq -r '.caches[0].tag')
	jq -n '{packs: 60, chunks: {a: "x"}, entries: [["R", "tree"], ["D", ""], ["F", "f", ["a"]]]}' >"$T/spec.json"
	python3 "$RIG_LIB/mkcache.py" "$T/reg.root/cache" "$tag" "$T/spec.json"
	last=$(jq -r '[.layers[] | select(.mediaType | contains("cache.pack"))] | min_by(.size) | .digest' \
		"$T/reg.root/cache/blobs/sha256/$(jq -r '.manifests[0].digest[7:]' "$T/reg.root/cache/index.json")")
	rules reg <<<"{\"path\": \"blobs/$last\", \"action\": {\"status\": 404, \"body\": \"\"}}"
	restore
	nothing_came ""
	assert_equal "$(find "$OCIFP_STORE/.ocifp/ingest" -name '*.part' -size -2 -perm 400 | grep -c .)" 16 # with the head of the index
	rules reg </dev/null
	forget_log reg
	restore --strict
	assert_equal "$(cat tree/f)" x
	assert_equal "$(find "$OCIFP_STORE/.ocifp/ingest" -type f | grep -c .)" 2 # the index
}

@test "two restores of many packs from one store: neither waits for the other's for ever" {
	need mounts
	local tag name pids=()
	mkdir -p "$T/racer1" "$T/racer2"
	tag=$(ocifp cache key --path tree --key key --repository "$where" --json 3>&- | jq -r '.caches[0].tag')
	jq -n '{packs: 300, chunks: {a: "x"}, entries: [["R", "tree"], ["D", ""], ["F", "f", ["a"]]]}' >"$T/spec.json"
	python3 "$RIG_LIB/mkcache.py" "$T/layout" "$tag" "$T/spec.json"
	for name in racer1 racer2; do
		cp key "$T/$name"
		unshare -m bash -c "mount --bind '$T/$name' '$T/desk' && cd '$T/desk' && exec timeout 120 ocifp \
			cache restore --strict --path tree --key key --repository '$where'" >"$T/$name.said" 2>&1 3>&- &
		pids+=($!)
	done
	for name in 1 2; do
		wait "${pids[name - 1]}" || fail "$(cat "$T/racer$name.said")"
		assert_equal "$(cat "$T/racer$name/tree/f")" x
	done
}

@test "of many packs the first one that came damaged ends a restore" {
	local tag first
	start_faults reg
	where=$reg_host/cache
	tag=$(ocifp cache key --path tree --key key --repository "$where" --json 3>&- | jq -r '.caches[0].tag')
	jq -n '{packs: 60, chunks: {a: "x"}, entries: [["R", "tree"], ["D", ""], ["F", "f", ["a"]]]}' >"$T/spec.json"
	python3 "$RIG_LIB/mkcache.py" "$T/reg.root/cache" "$tag" "$T/spec.json"
	first=$(jq -r '[.layers[] | select(.mediaType | contains("cache.pack"))] | max_by(.size) | .digest' \
		"$T/reg.root/cache/blobs/sha256/$(jq -r '.manifests[0].digest[7:]' "$T/reg.root/cache/index.json")")
	rules reg <<<"{\"path\": \"blobs/$first\", \"action\": {\"status\": 200, \"body\": \"other\"}}"
	restore
	nothing_came ""
}

@test "a registry that does not answer is one line; --strict has its status" {
	publish
	rules reg <<<'{"action": {"status": 503}}'
	restore --timeout 60s
	nothing_came ""
	rules reg <<<'{"action": {"status": 403, "json": {"errors": [{"code": "DENIED"}]}}}'
	restore --strict
	assert_failed 4
}

@test "a miss is one line, and status 3 with --strict" {
	publish
	echo other >key
	mkdir -p "$T/none"
	where=oci:$T/none restore
	where=oci:$T/absent restore
	assert_status 0
	assert_stdout "cache default: miss"
	where=oci:$T/absent restore --strict
	assert_failed 3
}

# relabel SCOPE [JQ]: the cache in the layout says that it was saved there, and what else JQ changes
relabel() {
	local old new
	old=$(jq -r '.manifests[0].digest' "$T/layout/index.json")
	jq -c --arg scope "$1" ".annotations[\"dev.ocifp.cache.scope\"] = \$scope | ${2:-.}" "$(blob_path "$T/layout" "$old")" \
		>"$T/manifest"
	new=sha256:$(sha256sum <"$T/manifest" | cut -d ' ' -f 1)
	cp "$T/manifest" "$T/layout/blobs/sha256/${new#sha256:}"
	jq --arg new "$new" --argjson size "$(stat -c %s "$T/manifest")" \
		'.manifests[] |= (.digest = $new | .size = $size)' "$T/layout/index.json" >"$T/index"
	cp "$T/index" "$T/layout/index.json"
}

@test "a cache of another branch under a branch's tag is passed over" {
	mkdir tree
	echo a >tree/a
	save
	relabel 'branch topic'
	machine two
	echo other >key
	restore
	assert_status 0
	assert_stdout 'cache default: miss'
	assert_stderr_has "is passed over: it was saved for 'branch topic', not for 'branch main'"
	[ ! -e tree ]
	relabel 'branch main'
	restore --strict
	assert_status 0
	[ -e tree/a ]
}

@test "a save that fails anywhere leaves what the tags named" {
	publish
	cp -r ../one/tree tree
	noise b 100000 >tree/more
	echo new >key
	local rule
	for rule in '{"method": "POST", "action": {"status": 500}}' \
		'{"method": "PUT", "path": "uploads", "action": {"status": 403}}' \
		'{"method": "PUT", "path": "manifests", "action": {"status": 403}}'; do
		rules reg <<<"$rule"
		save --timeout 30s
		assert_status 0
		[[ $stdout == "cache default: not saved: "* ]] || fail "$told"
		rules reg </dev/null
		machine three
		restore --strict
		assert_status 0
		diff -r tree ../one/tree
		rm -rf tree
		machine two
		echo new >key
	done
	save
	[[ $stdout == "cache default: saved "* ]] || fail "$told"
}

# saves_all_again WORDS: what the previous cache has is sent again, and the user is told why
saves_all_again() {
	machine "again$((again += 1))"
	cp -r ../one/tree tree
	echo "new $again" >key
	forget_log reg
	save
	assert_status 0
	assert_stderr_has "cannot reuse the previous cache, so everything is saved again: .*$1"
	[[ $stdout == "cache default: saved "* ]] || fail "$told"
	rules reg </dev/null
	machine "look$again"
	echo "new $again" >key
	restore --strict
	assert_status 0
	diff -r tree ../one/tree
}

@test "a save that cannot read the previous cache saves everything again, and says so" {
	publish
	# Tags of what is not this key's alone.
	local again=0 pointers='{"method": "GET", "path": "manifests/default-[^e]-", "action": '
	rules reg <<<"$pointers{\"status\": 400}}"
	saves_all_again 400
	rules reg <<<"$pointers{\"body\": \"{}\"}}"
	saves_all_again 'is neither a manifest nor an index'
	rules reg <<<'{"method": "GET", "path": "blobs/sha256", "action": {"status": 404}}'
	saves_all_again 'does not have the blob'
}

# writes_on FILE: 20 MB of one letter, and again of another, in place
writes_on() {
	local letter
	while :; do
		for letter in b a; do
			head -c 20000000 /dev/zero | tr '\0' $letter | dd of="$1" conv=notrunc bs=64k status=none
		done
	done
}

@test "C02 a file that is written to while it is saved is saved whole or not at all, and told of" {
	local try letters
	mkdir tree && echo stays >tree/other
	head -c 20000000 /dev/zero | tr '\0' a >tree/big
	spawn writer writes_on "$PWD/tree/big"
	for try in 1 2 3; do
		echo $try >key
		save
		assert_status 0
		[[ $stdout$stderr == *changed* ]] || fail 'it does not say that a file changed' "$told"
	done
	stop writer
	for try in 1 2 3; do
		machine "look$try"
		echo $try >key
		restore --strict
		assert_status 0
		[ "$(cat tree/other)" = stays ]
		[ ! -e tree/big ] || {
			letters=$(tr -s ab <tree/big)
			[ ${#letters} -eq 1 ] || fail "torn: $letters"
		}
	done
}

@test "a save that is killed at any request leaves the old cache or the new one, whole" {
	publish
	restore
	local at=0 before after pid
	before=$(sha256sum <tree/file)
	noise b 300000 >tree/file
	after=$(sha256sum <tree/file)
	while :; do
		at=$((at + 1))
		[ $at -lt 40 ] || fail 'it has no end'
		echo "$at" >key # so that what a killed save named does not end the next one
		forget_log reg
		rules reg <<<"{\"nth\": $at, \"action\": {\"delay_s\": 20}}"
		ocifp cache save --path tree --key key --repository "$where" --push always >"$T/said" 2>&1 3>&- &
		pid=$!
		until [ "$(requests reg . .)" -ge $at ] || ! kill -0 $pid 2>/dev/null; do
			sleep 0.02
		done
		! kill -0 $pid 2>/dev/null || kill -KILL $pid
		wait $pid || true
		rules reg </dev/null
		grep -q 'cache default:' "$T/said" && break # fewer requests than that: it has ended by itself
		machine "look$at"
		echo "$at" >key
		restore --strict
		assert_status 0
		[ "$(sha256sum <tree/file)" = "$before" ] || [ "$(sha256sum <tree/file)" = "$after" ] || fail "killed at $at"
		machine two
	done
	[ $at -gt 5 ] || fail "killed at $((at - 1)) requests only"
	machine last
	echo "$at" >key
	restore --strict
	assert_equal "$(sha256sum <tree/file)" "$after"
}

@test "a restore that is killed at any request leaves nothing or all, and the next one goes on" {
	publish
	local at
	for at in 1 2 3 4; do
		rm -rf "$OCIFP_STORE"
		rules reg <<<"{\"nth\": $at, \"action\": {\"delay_s\": 20}}"
		ocifp cache restore --path tree --key key --repository "$where" >/dev/null 2>&1 3>&- &
		wait_for eval "[ \"\$(requests reg GET .)\" -ge $at ]"
		kill -KILL $!
		wait $! || true
		[ ! -e tree ] || fail "killed at request $at, and there is a tree"
		rules reg </dev/null
		forget_log reg
	done
	restore --strict
	assert_status 0
	cmp tree/file "$T/one/tree/file"
	[ "$(find . -mindepth 1 -name '*.ocifp')" = "" ]
}

@test "a disk that has no room for the files leaves nothing of them" {
	need mounts
	mkdir tree
	for i in $(seq 100); do
		echo "$i" >"tree/$i"
	done
	save
	machine two
	# shellcheck disable=SC2016  # the inner shell's
	unshare -m bash -c 'mount -t tmpfs -o nr_inodes=50 none "$2" && cd "$2" && echo key >key &&
		ocifp cache restore --path tree --key key --repository "$1"; echo $? $(ls -A)' sh "$where" "$T/desk" \
		>"$T/said" 2>&1 3>&-
	grep -q 'not restored: .*No space left' "$T/said" || fail "$(cat "$T/said")"
	assert_equal "$(tail -n 1 "$T/said")" '0 key'
}

# save_with_small_store SIZE: the store is a disk of that size
save_with_small_store() {
	# shellcheck disable=SC2016  # the inner shell's
	unshare -m bash -c 'mkdir -p "$OCIFP_STORE" && mount -t tmpfs -o "size=$1,mode=700" none "$OCIFP_STORE" &&
		ocifp cache save --strict --path tree --key key --repository "$2" --push always' sh "$1" "$where" \
		>"$T/said" 2>&1 3>&- || fail "$(cat "$T/said")"
}

@test "packs of a layout are made in it, and need no room in the store" {
	need mounts
	mkdir tree
	noise a 3000000 >tree/file
	save_with_small_store 2m
	machine two
	restore --strict
	cmp tree/file "$T/one/tree/file"
}

@test "a pack leaves the store when the registry has it, also before the save ends" {
	need mounts
	start_faults reg
	where=$reg_host/cache
	mkdir tree
	noise a 3000000 >tree/file
	rules reg <<<'{"method": "PUT", "path": "manifests", "nth": 1, "action": {"delay_s": 20}}'
	ocifp cache save --path tree --key key --repository "$where" --push always >"$T/said" 2>&1 3>&- &
	wait_for eval '[ "$(requests reg PUT manifests)" -ge 1 ]'
	assert_equal "$(find "$OCIFP_STORE/.ocifp/ingest" -size +1000k)" ''
	kill $!
	wait $! || true
}

@test "the caller's umask changes no mode, and what ocifp keeps is the caller's alone" {
	mkdir tree
	echo a >tree/file
	echo b >tree/program
	chmod 664 tree/file && chmod 755 tree/program tree
	(umask 000 && ocifp cache save --path tree --key key --repository "$where" --push always 3>&-)
	[ "$(find "$OCIFP_STORE" ! -type l -perm /022)" = '' ]
	for mask in 000 077; do
		machine "two$mask"
		(umask $mask && ocifp cache restore --strict --path tree --key key --repository "$where" 3>&-)
		assert_equal "$(stat -c %a tree tree/file tree/program | xargs)" '755 664 755'
		[ "$(find "$OCIFP_STORE" ! -type l -perm /022)" = '' ]
	done
}

@test "links that were planted where a restore works lead nowhere" {
	mkdir tree "$T/outside"
	echo a >tree/file
	save
	echo mine >"$T/outside/canary"
	machine two
	ln -s "$T/outside" .tree.ocifp
	restore
	assert_status 0
	[[ $stdout == 'cache default: not restored: '* ]] || fail "$told"
	rm .tree.ocifp
	mkdir .tree.ocifp
	ln -s "$T/outside" .tree.ocifp/fs
	restore
	ln -sfn "$T/outside" tree
	restore --replace
	assert_equal "$(ls -A "$T/outside")" canary
	assert_equal "$(cat "$T/outside/canary")" mine
	rm -rf tree .tree.ocifp
	restore --strict
	assert_status 0
	assert_equal "$(cat tree/file)" a
}

@test "990 packs need no 256 open files, and more index packs than a save leaves are refused" {
	local tag
	tag=$(ocifp cache key --path tree --key key --repository "$where" --json 3>&- | jq -r '.caches[0].tag')
	echo '{"split": 64, "entries": [["R", "tree"], ["D", ""]]}' >"$T/spec.json"
	python3 "$RIG_LIB/mkcache.py" "$T/layout" "$tag" "$T/spec.json"
	restore
	assert_stdout 'cache default: miss'
	assert_stderr_has 'too many index packs'
	jq -n '{packs: 990, chunks: {a: "content"}, entries: [["R", "tree"], ["D", ""], ["F", "f", ["a"]]]}' >"$T/spec.json"
	python3 "$RIG_LIB/mkcache.py" "$T/layout" "$tag" "$T/spec.json"
	(ulimit -n 256 && ocifp cache restore --strict --path tree --key key --repository "$where" 3>&-)
	assert_equal "$(cat tree/f)" content
	echo more >tree/g
	(ulimit -n 256 && ocifp cache save --strict --path tree --key key --repository "$where" --push always 3>&-)
	machine two
	restore --strict
	assert_equal "$(cat tree/f tree/g)" contentmore
}

@test "a cache of a later version, and what is none, is a miss with a notice" {
	local tag
	mkdir tree
	echo a >tree/a
	save --json
	tag=$(jq -r '.caches[0].tag' <"$T/stdout")
	rm -rf tree
	jq -c '.artifactType = "application/vnd.ocifp.cache.v2"' \
		"$(blob_path "$T/layout" "$(jq -r '.manifests[0].digest' "$T/layout/index.json")")" >"$T/later"
	ocifp_run manifest --put "$T/later" "oci:$T/layout:$tag"
	assert_status 0
	restore --replace
	assert_status 0
	[[ $stdout == 'cache default: '* ]] || fail "$told"
	assert_stderr_has "not a cache that this version can read"
}

@test "names that could be taken for others are refused" {
	local name
	for name in '' a/b .. $'a\nb' ä A "$(printf 'a%.0s' $(seq 500))"; do
		ocifp_run cache save --path tree --key key --repository "$where" --push always "$name"
		assert_failed 2
	done
	ocifp_run cache save --path $'a\nb' --key key --repository "$where" --push always
	assert_failed 2
	ocifp_run cache save --path tree --key key --variant $'a\nfile key 0' --repository "$where" --push always
	assert_failed 2
	[ ! -e "$T/layout" ]
}

@test "a save whose registry does not answer is one line; --strict has its status" {
	start_faults reg
	where=$reg_host/cache
	mkdir tree
	echo a >tree/a
	rules reg <<<'{"action": {"status": 503}}'
	save --timeout 60s
	assert_status 0
	[[ $stdout == 'cache default: not saved: '* ]] || fail "$told"
	[ "$(wc -l <"$T/stdout")" = 1 ]
	save --timeout 60s --strict
	assert_failed 5
}

# while_it_reads FILE COMMAND: a save, and the command as soon as the save has that file open
while_it_reads() {
	python3 - "$1" "$2" "$where" "$T" <<-'PY'
		import ctypes, os, select, subprocess, sys
		name, command, where, room = sys.argv[1:]
		libc = ctypes.CDLL(None, use_errno=True)
		IN_OPEN = 0x20
		watch = libc.inotify_init1(os.O_CLOEXEC)
		if libc.inotify_add_watch(watch, os.path.join("tree", name).encode(), IN_OPEN) < 0:
		    sys.exit("cannot watch the file")
		with open(room + "/stdout", "wb") as out, open(room + "/stderr", "wb") as told:
		    save = subprocess.Popen(["ocifp", "cache", "save", "--path", "tree", "--key", "key", "--repository",
		                             where, "--push", "always"], stdout=out, stderr=told)
		if not select.select([watch], [], [], 20)[0]:
		    sys.exit("it was never opened")
		subprocess.run(command, shell=True, check=True)
		sys.exit(save.wait())
	PY
	stdout=$(<"$T/stdout")
}

@test "files that change or vanish while others are read are left out, and none is a mix" {
	mkdir tree
	noise a 60000000 >tree/a
	noise b 100000 >tree/b
	noise c 100000 >tree/c
	noise d 100 >tree/d
	cp -r tree "$T/before"
	while_it_reads a 'echo changed >>tree/b; rm tree/c; printf changed >tree/d' # small files are read before
	assert_equal "${stdout%% (*}" 'cache default: saved 60.0 MB'
	grep -q 'left out 2 files changed while' "$T/stderr" || fail "$(cat "$T/stderr")"
	machine two
	restore --strict
	assert_equal "$(find tree -type f -printf '%P ' | xargs -n 1 | sort | xargs)" 'a d'
	cmp tree/a "$T/before/a"
	cmp tree/d "$T/before/d"
}

@test "a file that changes while it is read is left out" {
	mkdir tree
	noise a 60000000 >tree/a
	echo b >tree/b
	while_it_reads a 'printf changed | dd of=tree/a bs=1 seek=59000000 conv=notrunc status=none'
	grep -q 'left out 1 file changed while' "$T/stderr" || fail "$(cat "$T/stderr")"
	machine two
	restore --strict
	assert_equal "$(ls tree)" b
}

@test "an unreadable file ends a save, in one line, and nothing is saved" {
	need root setpriv
	mkdir tree
	noise a 3000000 >tree/a # a pack is open when it fails
	echo b >tree/b
	chmod 0 tree/b
	chown -R 1234 "$T"
	setpriv --reuid 1234 --clear-groups ocifp cache save --path tree --key key --repository "$where" --push always \
		>"$T/said" 3>&-
	grep -q "^cache default: not saved: .*b.*Permission denied" "$T/said" || fail "$(cat "$T/said")"
	[ ! -e "$T/layout/index.json" ] || ! grep -q default- "$T/layout/index.json"
}

@test "a save that may start no thread is told, not a crash" {
	need root setpriv
	mkdir tree
	echo a >tree/a
	chown -R 1234 "$T"
	ASAN_OPTIONS="$ASAN_OPTIONS:detect_leaks=0" split_run setpriv --reuid 1234 --clear-groups prlimit --nproc=1:1 \
		ocifp cache save --path tree --key key --repository "$where" --push always
	assert_status 0
	[[ $stdout == "cache default: not saved: cannot start a worker thread"* ]] || fail "$told"
}

@test "of several directories none appears when one of them cannot be restored" {
	local paths=(--path a --path b)
	mkdir a b
	ocifp_run cache save "${paths[@]}" --key key --repository "$where" --push always --json
	tag=$(jq -r '.caches[0].tag' <"$T/stdout")
	rm -rf "$T/layout" a b
	echo '{"chunks": {"x": "good", "y": "evil"}, "lies": {"y": "good!"}, "entries": [["R", "a"], ["D", ""],
		["F", "f", ["x"]], ["R", "b"], ["D", ""], ["F", "f", ["y"]]]}' >"$T/spec.json"
	python3 "$RIG_LIB/mkcache.py" "$T/layout" "$tag" "$T/spec.json"
	ocifp_run cache restore "${paths[@]}" --key key --repository "$where"
	[[ $stdout == 'cache default: not restored: '* ]] || fail "$told"
	assert_equal "$(ls -A)" key
}

@test "a registry that has lost a pack of the cache before gets all of it again" {
	publish
	restore
	echo more >tree/more
	echo other >key
	rules reg <<<'{"method": "PUT", "path": "manifests", "nth": 1, "action": {"status": 400,
		"json": {"errors": [{"code": "MANIFEST_BLOB_UNKNOWN", "message": "blob unknown to manifest"}]}}}'
	save --json
	assert_json '.caches[0] | .result == "saved" and .new_bytes > 200000'
	machine three
	echo other >key
	restore --strict
	assert_equal "$(cat tree/more)" more
}

@test "the cache that was saved first under a key stays" {
	need mounts
	local slow
	start_faults reg
	where=$reg_host/cache
	mkdir tree "$T/other" "$T/other/tree"
	noise slow 100000 >tree/a
	noise quick 100000 >"$T/other/tree/a"
	echo key >"$T/other/key"
	rules reg <<<'{"method": "POST", "nth": 1, "action": {"delay_s": 3}}'
	ocifp cache save --path tree --key key --repository "$where" --push always >"$T/slow" 2>&1 3>&- &
	slow=$!
	wait_for eval '[ "$(requests reg POST .)" -ge 1 ]'
	unshare -m bash -c "mount --bind '$T/other' '$T/desk' && cd '$T/desk' && OCIFP_STORE=$T/other.store exec ocifp \
		cache save --path tree --key key --repository '$where' --push always" 3>&- >"$T/quick"
	grep -q ': saved ' "$T/quick" || fail "$(cat "$T/quick")"
	wait $slow
	grep -q 'not saved: another job saved the same inputs' "$T/slow" || fail "$(cat "$T/slow")"
	machine two
	restore --strict
	cmp tree/a "$T/other/tree/a"
}

# on_main COMMAND...: in a job of GitHub Actions on the default branch
on_main() {
	echo '{"repository": {"default_branch": "main"}}' >"$T/event.json"
	GITHUB_ACTIONS=true GITHUB_EVENT_NAME=push GITHUB_REF=refs/heads/main GITHUB_JOB=build \
		GITHUB_EVENT_PATH=$T/event.json RUNNER_TEMP=$T/temp "$@"
}

@test "a save on the default branch deletes old caches, once a day" {
	local old='.annotations["dev.ocifp.cache.pruned"] = "1600000000" |
		.annotations["org.opencontainers.image.created"] = "2021-01-01T00:00:00Z"'
	mkdir tree "$T/temp"
	echo a >tree/a
	on_main save
	relabel 'branch main' "$old"
	for tag in one two three; do
		jq -c ".annotations.number = \"$tag\"" "$T/manifest" >"$T/$tag"
		ocifp_run manifest --put "$T/$tag" "oci:$T/layout:default-e-$tag"
		assert_status 0
	done
	rm -rf "$T/temp"/*
	echo b >tree/b
	echo other >key
	on_main save
	[[ $stdout == 'cache default: saved '* ]] || fail "$told"
	assert_stderr_has 'deleted 3 old caches'
	echo c >tree/c
	echo another >key
	for tag in one two three; do
		ocifp_run manifest --put "$T/$tag" "oci:$T/layout:default-e-$tag"
	done
	on_main save
	[[ $stdout == 'cache default: saved '* ]] || fail "$told"
	[[ $told != *'old caches'* ]] || fail "$told"
	restore --strict --replace --variant build
	assert_status 0
	[ -e tree/c ]
}

@test "a save that cannot read the cache before it says so, and saves everything" {
	publish
	restore
	echo more >tree/more
	echo other >key
	rules reg <<<'{"method": ["GET", "HEAD"], "path": "manifests/(sha256|default-[kiv])", "action": {"status": 403}}'
	save --json
	assert_json '.caches[0] | .result == "saved" and .new_bytes > 200000'
	assert_stderr_has 'cannot reuse the previous cache, so everything is saved again'
	rules reg </dev/null
	machine three
	echo other >key
	restore --strict
	cmp tree/file "$T/one/tree/file"
	assert_equal "$(cat tree/more)" more
}
