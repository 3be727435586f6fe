#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# .ocifp.lock: `ocifp lock` writes it, everything else only checks.

load ../lib/rig

setup() {
	need python3 jq curl docker-registry ocifp
	rig_setup
	start_registry reg
}

teardown() {
	rig_teardown
}

# A project that is built upon $reg_host/debian:1.
pinned_project() {
	make_project "pin: [\"$reg_host/debian:1\"]"
}

@test "a pin without an entry is a usage error that says what to do, and no request" {
	pinned_project
	local command before
	before=$(asked reg)
	for command in fingerprint exists pull ensure why; do
		ocifp_run "$command"
		assert_failed 2
		assert_stderr_has "run 'ocifp lock'"
	done
	assert_equal "$(asked reg)" "$before"
	[ ! -e .ocifp.lock ]
}

@test "a pin gets the digest that its tag names, which is part of the fingerprint and told to the build" {
	publish "$reg_host/debian:1"
	pinned_project
	ocifp_run lock
	assert_status 0
	assert_stdout "$PWD/.ocifp.lock"
	assert_equal "$(jq -r --arg pin "$reg_host/debian:1" '.pins[$pin]' .ocifp.lock)" "$digest"
	local before=$digest hex
	hex=$(ocifp fingerprint --length 64)
	ocifp fingerprint --explain | grep -qF "image $reg_host/debian:1 $digest"
	ocifp_run ensure --push always
	assert_status 0
	assert_equal "$(cat "$T/build.pins")" "$reg_host/debian:1@$digest"
	publish "$reg_host/debian:1" --layers 3k
	[ "$digest" != "$before" ]
	assert_equal "$(ocifp fingerprint --length 64)" "$hex"
	ocifp_run lock
	assert_status 0
	assert_equal "$(ocifp fingerprint --length 64)" "$hex"
	ocifp_run lock --update
	assert_status 0
	assert_stderr_has "is $digest, and was $before"
	[ "$(ocifp fingerprint --length 64)" != "$hex" ] || fail "another pin, the same fingerprint"
}

@test "a published image gets fingerprint, digest and platforms, and an entry a line" {
	make_project
	ocifp_run lock
	assert_status 0
	assert_stderr_has "'app' gets no entry"
	assert_equal "$(jq -c . .ocifp.lock)" '{"images":{},"pins":{},"version":1}'
	ocifp_run ensure --push always
	local resolved=$stdout
	ocifp_run lock
	assert_status 0
	raw app "$(image_tag)" >"$T/index"
	assert_equal "$(jq -S -c .images.app .ocifp.lock)" "$(jq -S -c --arg digest "${resolved#*@}" \
		--arg fingerprint "$(ocifp fingerprint --length 64)" '{digest: $digest, fingerprint: $fingerprint,
		platforms: ([.manifests[:2][] | {key: (.platform.os + "/" + .platform.architecture), value: .digest}]
		| from_entries)}' "$T/index")"
	assert_equal "$(grep -c sha256: .ocifp.lock)" 1
	assert_equal "$(jq -S . .ocifp.lock)" "$(jq . .ocifp.lock)"
}

@test "a second run changes nothing, asks nothing and leaves the file alone" {
	publish "$reg_host/debian:1"
	pinned_project
	ocifp_run lock
	ocifp_run ensure --push always
	ocifp_run lock
	assert_status 0
	touch -d @1000 .ocifp.lock
	local before
	before=$(asked reg)
	ocifp_run lock --json
	assert_status 0
	assert_json '.changed == false'
	assert_equal "$(stat -c %Y .ocifp.lock)" 1000
	assert_equal "$(asked reg)" "$before"
	ocifp_run lock --update
	assert_status 0
	assert_equal "$(stat -c %Y .ocifp.lock)" 1000
}

@test "only what is named is asked for again; a name of nothing is a usage error" {
	publish "$reg_host/debian:1"
	publish "$reg_host/alpine:1"
	make_project "pin: [\"$reg_host/debian:1\", \"$reg_host/alpine:1\"]"
	ocifp_run lock
	local before=$digest
	publish "$reg_host/debian:1" --layers 3k
	publish "$reg_host/alpine:1" --layers 4k
	ocifp_run lock --update "$reg_host/debian:1"
	assert_status 0
	assert_equal "$(jq -r --arg pin "$reg_host/alpine:1" '.pins[$pin]' .ocifp.lock)" "$before"
	[ "$(jq -r --arg pin "$reg_host/debian:1" '.pins[$pin]' .ocifp.lock)" != "$before" ]
	cp .ocifp.lock "$T/lock"
	for name in "$reg_host/debian:2" base; do
		ocifp_run lock --update "$name"
		assert_failed 2
	done
	ocifp_run lock app
	assert_failed 2
	assert_same_file .ocifp.lock "$T/lock"
}

@test "what nobody names any more goes; a changed input makes an entry stale" {
	publish "$reg_host/debian:1"
	pinned_project
	ocifp_run lock
	ocifp_run ensure --push always
	ocifp_run lock
	assert_equal "$(jq '.images | length' .ocifp.lock)" 1
	echo more >>Dockerfile
	ocifp_run lock
	assert_status 0
	assert_equal "$(jq -c '[(.images | length), (.pins | length)]' .ocifp.lock)" '[0,1]'
	sed -i '/pin:/d' .ocifp.yaml
	ocifp_run lock
	assert_equal "$(jq '.pins | length' .ocifp.lock)" 0
}

@test "an image that lacks a platform is not agreed on" {
	make_project
	build_with <<<'OCIFP_PLATFORMS=linux/amd64; layout "$OCIFP_OUTPUT" built'
	ocifp_run ensure --push always --platform linux/amd64
	assert_status 0
	ocifp_run lock
	assert_status 0
	assert_equal "$(jq '.images | length' .ocifp.lock)" 0
}

@test "no answer, or a pin that is not there: the file stays as it was" {
	publish "$reg_host/debian:1"
	pinned_project
	ocifp_run lock
	cp .ocifp.lock "$T/lock"
	sed -i "s,pin: .*,pin: [\"$reg_host/debian:1\"\, \"$reg_host/nothing:1\"]," .ocifp.yaml
	ocifp_run lock --update
	assert_failed 3
	assert_stderr_has "nothing:1"
	assert_same_file .ocifp.lock "$T/lock"
	stop reg
	ocifp_run lock --update
	assert_failed 5
	assert_same_file .ocifp.lock "$T/lock"
}

@test "an image that differs from its entry is refused by all: never built, never pushed over" {
	make_project
	ocifp_run ensure --push always
	ocifp_run lock
	local other command
	other=sha256:$(printf %064d 7)
	sed -i "s/\"digest\": \"sha256:[0-9a-f]*/\"digest\": \"$other/" .ocifp.lock
	new_store
	for command in exists pull ensure; do
		ocifp_run "$command"
		assert_failed 9
		assert_stderr_has 'ocifp lock --update app'
	done
	mkimage image "$T/layout" made --platform linux/amd64 --platform linux/arm64 >/dev/null
	ocifp_run push "oci:$T/layout:made" app
	assert_failed 9
	assert_builds linux/amd64,linux/arm64
}

@test "a broken file is a usage error, and what to do is said" {
	make_project
	echo '{"version": 1' >.ocifp.lock
	ocifp_run lock
	assert_failed 2
	assert_stderr_has "remove it and run 'ocifp lock'"
	rm .ocifp.lock
	ocifp_run lock
	assert_status 0
}

@test "check of a lock file without entries prints nothing" {
	make_project
	ocifp_run lock
	assert_status 0
	ocifp_run lock --check
	assert_status 0
	[ ! -s "$T/stdout" ] || fail "$told"
}

@test "check says what moved and what is absent, and writes nothing" {
	publish "$reg_host/debian:1"
	local first=$digest before
	pinned_project
	ocifp_run lock --check --offline
	assert_failed 2
	assert_stderr_has "run 'ocifp lock'"
	ocifp_run lock
	ocifp_run ensure --push always
	ocifp_run lock
	cp .ocifp.lock "$T/lock"
	before=$(asked reg)
	ocifp_run lock --check --offline
	assert_status 0
	assert_equal "$(asked reg)" "$before"
	ocifp_run lock --check
	assert_status 0
	assert_equal "$(cut -d ' ' -f 1,2 <<<"$stdout" | xargs)" 'current pin current image'
	publish "$reg_host/debian:1" --layers 3k
	ocifp_run lock --check
	assert_failed 9
	[[ $stdout == *"moved pin $reg_host/debian:1 $first -> $digest"* ]] || fail "$told"
	assert_stderr_has 'ocifp lock --update'
	ocifp_run lock --check app
	assert_status 0
	ocifp_run lock --check --json
	assert_failed 9
	cp .ocifp.lock "$T/lock"
	jq --arg pin "$reg_host/nothing:1" --arg digest "$first" '.pins[$pin] = $digest' "$T/lock" >.ocifp.lock
	make_project "pin: [\"$reg_host/nothing:1\"]"
	cp .ocifp.lock "$T/lock"
	ocifp_run lock --check
	assert_failed 3
	[[ $stdout == *"absent pin $reg_host/nothing:1 $first"* ]] || fail "$told"
	stop reg
	ocifp_run lock --check
	assert_failed 5
	assert_same_file .ocifp.lock "$T/lock"
}

@test "check reads what an image says of its base" {
	publish "$reg_host/debian:1"
	local base=$digest
	make_project
	mkimage image "$T/layout" made --annotate "org.opencontainers.image.base.name=$reg_host/debian:1" \
		--annotate "org.opencontainers.image.base.digest=$base" \
		--platform linux/amd64 --platform linux/arm64 >/dev/null
	ocifp_run push "oci:$T/layout:made" app
	assert_status 0
	ocifp_run lock --check
	assert_status 0
	[[ $stdout == *"current base $reg_host/debian:1 $base"* ]] || fail "$told"
	publish "$reg_host/debian:1" --layers 3k
	ocifp_run lock --check
	assert_failed 9
	[[ $stdout == *"moved base $reg_host/debian:1 $base -> $digest"* ]] || fail "$told"
	# Who pushes the image does not choose a host inside that is asked.
	mkimage image "$T/inside" made --annotate "org.opencontainers.image.base.name=169.254.169.254/latest:1" \
		--annotate "org.opencontainers.image.base.digest=$base" \
		--platform linux/amd64 --platform linux/arm64 >/dev/null
	ocifp_run push --tag other "oci:$T/inside:made" app
	ocifp_run lock --check
	assert_status 0
	assert_stderr_has "'169.254.169.254/latest:1' is not asked for: it has an internal address"
	ocifp_run lock --check --update
	assert_failed 2
	ocifp_run lock --offline
	assert_failed 2
}

@test "Renovate's preset finds each pin in the file that lock writes, and nothing else" {
	publish "$reg_host/debian:1"
	pinned_project
	ocifp_run lock
	ocifp_run ensure --push always
	ocifp_run lock
	python3 - "$BATS_TEST_DIRNAME/../../contrib/renovate.json" .ocifp.lock >"$T/found" <<-'PYTHON'
		import json, re, sys
		manager = json.load(open(sys.argv[1]))["customManagers"][0]
		text = open(sys.argv[2]).read()
		for found in re.finditer(manager["matchStrings"][0].replace("(?<", "(?P<"), text):
		    print(found["depName"], found["currentValue"], found["currentDigest"])
	PYTHON
	assert_equal "$(cat "$T/found")" "$reg_host/debian 1 $(jq -r '.pins[]' .ocifp.lock)"
}

@test "Renovate takes its preset" {
	need_peer renovate-config-validator
	cp "$RIG_TESTS/../contrib/renovate.json" renovate.json
	run timeout 120 renovate-config-validator --strict renovate.json
	[ "$status" -eq 0 ] || fail "$output"
	sed -i 's/"customType": "regex"/"customType": "rgx"/' renovate.json
	run timeout 120 renovate-config-validator --strict renovate.json
	[ "$status" -eq 1 ] || fail "it takes anything: $output"
}

@test "the hook of pre-commit refuses a pin without an entry, and asks no registry" {
	need python3_yaml
	local hook
	hook=$(python3 -c 'import sys, yaml; print(yaml.safe_load(open(sys.argv[1]))[0]["entry"])' \
		"$RIG_TESTS/../.pre-commit-hooks.yaml")
	publish "$reg_host/debian:1"
	pinned_project
	local before
	before=$(asked reg)
	ocifp_run ${hook#ocifp }
	assert_failed 2
	assert_equal "$(asked reg)" "$before"
	ocifp_run lock
	before=$(asked reg)
	ocifp_run ${hook#ocifp }
	assert_status 0
	assert_equal "$(asked reg)" "$before"
}
