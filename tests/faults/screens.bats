#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What a person sees: each view as a terminal shows it, in tests/data/screens.

load ../lib/rig
load ../lib/screens

setup() {
	need python3 jq ocifp
	rig_setup
	export TERM=xterm-256color
	unset NO_COLOR
}

teardown() {
	rig_teardown
}

# Slow enough to be seen on the way.
serve_slowly() {
	serve_image --layers 300k,200k,1k
	rules reg <<<'{"path": "blobs", "action": {"rate_bps": 600000}}'
}

show_pull() {
	rm -rf "$OCIFP_STORE"
	screen_of "$1" ocifp pull "${on[@]}" "$ref"
	assert_status 0
}

@test "a pull on terminals of 80 and 120 columns" {
	serve_slowly
	show_pull 80
	assert_screen pull-80
	show_pull 120
	assert_screen pull-120
	# On the way: bars that are not full, and a total with time left.
	grep -Eq '^  [0-9a-f]{12} \{36\}\[=*> +\]\{0\} +[0-9.]+ kB of 308\.7 kB +[0-9.]+ [kM]B/s$' "$T/frames" || fail "$(cat "$T/frames")"
	grep -Eq '^downloading [0-9]+ %: [0-9.]+ kB of [0-9.]+ kB, [0-9] of [0-9] blobs, [0-9.]+ [kM]B/s, [0-9]+ s left$' "$T/frames" || fail "$(cat "$T/frames")"
	! grep -Eq ' of 0 B|0 of 0' "$T/frames" || fail "$(cat "$T/frames")"
}

@test "a pull without colours, and on a dumb terminal" {
	serve_slowly
	NO_COLOR=1 show_pull 80
	assert_screen pull-no-color
	TERM=dumb show_pull 80
	assert_screen pull-dumb
	assert_equal "$(tr -cd '\033' <"$T/frames" | wc -c)" 0
}

@test "a push on terminals of 80 and 120 columns, and on a dumb one" {
	local columns
	mkimage image "$T/made" one --layers 300k,200k,1k >/dev/null
	start_faults reg
	rules reg <<<'{"method": ["PUT", "PATCH"], "path": "uploads", "action": {"delay_s": 0.5}}'
	for columns in 80 120 dumb; do
		TERM=${columns/#[0-9]*/$TERM} screen_of "${columns/dumb/80}" ocifp push "oci:$T/made:one" "$reg_host/app-$columns:one"
		assert_status 0
		assert_screen "push-$columns"
	done
	assert_equal "$(tr -cd '\033' <"$T/frames" | wc -c)" 0
}

@test "a pull that moves nothing shows its result alone" {
	serve_image
	ocifp_run pull "${on[@]}" "$ref"
	screen_of 80 ocifp pull "${on[@]}" "$ref"
	assert_equal "$(tr -d '\n' <"$T/screen")" "${ref%:*}@$digest"
}

@test "a wait that the registry asks for is counted down, and a pull goes on after it" {
	serve_image
	rules reg <<<'{"path": "manifests", "nth": 1, "action": {"status": 429, "headers": {"Retry-After": "3"}}}'
	show_pull 80
	grep -Eq '^\{33\}waiting [12]\.[0-9] s before the next request\{0\}$' "$T/frames" || fail "$(cat "$T/frames")"
	! grep -q '^waiting' "$T/screen" || fail "$(cat "$T/screen")"
}

@test "a notice stands above the block" {
	serve_slowly
	rules reg <<<'{"path": "blobs", "action": {"rate_bps": 300000, "headers": {"Warning": "299 - \"old\""}}}'
	show_pull 80
	assert_screen pull-notice-80
}

@test "json ends with the exit status" {
	serve_image
	ocifp_run pull "${on[@]}" --progress json "$ref"
	assert_equal "$(tail -n 1 "$T/stderr" | jq -c '[.event, .status, .finished_blobs > 0]')" '["end",0,true]'
	ocifp_run unpack "${on[@]}" --progress json "$ref" "$T/tree"
	assert_equal "$(tail -n 1 "$T/stderr" | jq -c '[.unpacked_bytes > 0, .unpacked_bytes == .layers_bytes]')" '[true,true]'
	ocifp_run pull "${on[@]}" --progress json "$reg_host/app:two"
	assert_equal "$(grep '"end"' "$T/stderr" | jq -c '[.event, .status]')" '["end",3]'
}

# An index of two platforms, by jq given a history.
serve_views() {
	serve_image --layers 300k,2k --platform linux/amd64 --platform linux/arm64
	on=()
}

# show_view NAME WORD...: on terminals of 80 and 120 columns; a dumb one gets the same characters.
show_view() {
	local columns
	for columns in 80 120; do
		screen_of $columns ocifp "${@:2}"
		assert_status 0
		assert_screen "$1-$columns"
	done
	TERM=dumb screen_of 120 ocifp "${@:2}"
	assert_screen "$1-120"
	assert_equal "$(tr -cd '\033' <"$T/frames" | wc -c)" 0
}

@test "tree: a picture first, and every digest on request" {
	serve_views
	show_view tree tree "$ref"
	show_view tree-digests tree --digests "$ref"
	# A manifest that no index describes says its platform in its config.
	ocifp_run tree "$reg_host/app@$(ocifp digest --platform linux/arm64 "$ref" 3>&- | tail -n 1 | sed 's/.*@//')"
	assert_status 0
	grep -q '^`-- linux/arm64  2 layers  ' "$T/stdout" || fail "$told"
}

@test "inspect: when it was made, its steps, and the sizes of its layers" {
	serve_views
	show_view inspect inspect --platform linux/amd64 "$ref"
	mkdir root
	echo one >root/one
	SOURCE_DATE_EPOCH=1600000000 ocifp_run append -o oci:made:v1 --created-by "$(printf 'RUN \033[31m%070d' 1)" --cmd /bin/sh root
	assert_status 0
	show_view inspect-history inspect oci:made:v1
}

@test "tags are sorted as versions, and shown with date, size and platforms" {
	serve_image
	local tag
	for tag in v1.10 v1.9 v1.9-rc.2 v1.9-rc.10 latest 2 10; do mkimage image "$T/reg.root/app" $tag >/dev/null; done
	ocifp_run tags "$reg_host/app"
	assert_stdout $'2\n10\nlatest\none\nv1.9-rc.2\nv1.9-rc.10\nv1.9\nv1.10'
	show_view tags-long tags --long "$reg_host/app"
	ocifp_run tags --long --json "$reg_host/app"
	assert_json '.images[0] | .tag == "2" and .size_bytes > 0 and (.platforms | length) == 1'
}

@test "store ls: size, age and last use; gc --older removes what was not used" {
	serve_image --layers 300k
	ocifp_run pull "${on[@]}" "$ref"
	ocifp_run pull "${on[@]}" "$reg_host/app@$digest"
	mkimage image "$T/reg.root/app" old >/dev/null
	ocifp_run pull "${on[@]}" "$reg_host/app:old"
	local mark
	mark=$OCIFP_STORE/.ocifp/used/$(printf %s "$reg_host/app:old" | sha256sum | cut -d ' ' -f 1)
	[ -s "$mark" ] || fail "nothing was noted"
	echo $((EPOCHSECONDS - 40 * 86400)) >"$mark"
	touch -d '35 days ago' "$mark"
	show_view store-ls store ls
	ocifp_run store gc --older 36d
	assert_status 0
	ocifp_run store gc --older 30d --dry-run
	grep -q '^would remove 1 reference that nothing used for that long$' "$T/stdout" || fail "$told"
	ocifp_run store gc --older 30d
	assert_status 0
	ocifp_run store ls
	! grep -q app:old "$T/stdout" || fail "$told"
	grep -q app:one "$T/stdout"
	[ ! -e "$mark" ]
	# A pull of what is there is a use.
	mark=$OCIFP_STORE/.ocifp/used/$(printf %s "$ref" | sha256sum | cut -d ' ' -f 1)
	touch -d '35 days ago' "$mark"
	ocifp_run pull "${on[@]}" "$ref"
	ocifp_run store gc --older 30d
	ocifp_run store ls
	grep -q app:one "$T/stdout"
}

@test "help at first" {
	show_view help-pull help pull
}

# Without other ids an unpack has one more line to say.
need_ids() {
	[ "$(id -u)" -eq 0 ] || need userns subids
}

@test "an unpack is a phase of its own" {
	need_ids
	serve_slowly
	screen_of 80 ocifp unpack "${on[@]}" "$ref" tree
	assert_status 0
	assert_screen unpack-80
}

@test "a build is told by its own time, and what it writes is not written over" {
	serve_image --layers 300k
	cat >.ocifp.yaml <<-YAML
		version: 1
		images:
		  ci:
		    repository: $reg_host/ci
		    inputs: [Dockerfile]
		    platforms: [linux/amd64]
		    build: sleep 1; echo of the build; cp -r $T/reg.root/app "\$OCIFP_OUTPUT"
	YAML
	echo FROM scratch >Dockerfile
	screen_of 80 ocifp ensure --push always ci
	assert_status 0
	grep -q '^of the build$' "$T/screen" || fail "$told"
	grep -Eq '^the build took [1-9]\.[0-9] s$' "$T/screen" || fail "$told"
	grep -Eq '^uploaded [0-9] blobs, ' "$T/screen" || fail "$told"
	! grep -q pack "$T/frames" || fail "$told"
}

@test "a wait for another process is told, with its time" {
	serve_image --layers 300k
	rules reg <<<'{"path": "blobs", "action": {"rate_bps": 60000}}'
	spawn first ocifp pull "${on[@]}" "$ref"
	wait_for grep -q blobs "$T/reg.log"
	screen_of 80 ocifp pull "${on[@]}" "$ref"
	assert_status 0
	grep -Eq '^\{33\}waiting for another process, [1-9]\.[0-9] s so far\{0\}$' "$T/frames" || fail "$(cat "$T/frames")"
	! grep -q waiting "$T/screen" || grep -q "^ocifp: waiting" "$T/screen" || fail "$told"
}

@test "a log has a line a phase" {
	need_ids
	serve_slowly
	ocifp_run unpack "${on[@]}" "$ref" tree
	assert_status 0
	assert_equal "$(sed -E 's/ in .*//' "$T/stderr")" \
		$'ocifp: downloaded 3 blobs, 517.6 kB\nocifp: unpacked 3 layers, 517.6 kB'
}

@test "a failure has its colour, and none without a terminal that has" {
	screen_of 80 ocifp bogus
	assert_status 2
	assert_equal "$(tail -n 1 "$T/screen")" "{31}ocifp:{0} 'bogus' is not a command; see 'ocifp help'"
	NO_COLOR=1 screen_of 80 ocifp bogus
	assert_equal "$(tail -n 1 "$T/screen")" "ocifp: 'bogus' is not a command; see 'ocifp help'"
	ocifp_run bogus
	assert_equal "$(tail -n 1 "$T/stderr")" "ocifp: 'bogus' is not a command; see 'ocifp help'"
}
