#!/usr/bin/env bats
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
	grep -Eq '^\{33\}waiting [12]\.[0-9] s before the next attempt\{0\}$' "$T/frames" || fail "$(cat "$T/frames")"
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
	ocifp_run pull "${on[@]}" --progress json "$reg_host/app:two"
	assert_equal "$(grep '"end"' "$T/stderr" | jq -c '[.event, .status]')" '["end",3]'
}
