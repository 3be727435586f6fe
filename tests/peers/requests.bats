#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What an answer costs: every request, to the registry and to its token server, is counted.

load ../lib/rig

setup() {
	need python3 jq curl docker-registry skopeo ocifp
	rig_setup
	printf s3cret >"$T/password"
	login=()
}

teardown() {
	rig_teardown
}

# publish MODE: a project whose image is in such a registry
publish() {
	start_registry reg "$1"
	[ "$1" = open ] || login=(--username tester --password-stdin)
	make_project
	ocifp_run ensure --push always "${login[@]}" <"$T/password"
	assert_status 0
	rm -rf "$OCIFP_STORE" "$HOME"/.cache
}

# assert_cost MOST LEAST COMMAND...: requests that it makes
assert_cost() {
	local before cost
	before=$(all_asked)
	ocifp_run "${@:3}" <"$T/password"
	cost=$(($(all_asked) - before))
	[ "$cost" -le "$1" ] && [ "$cost" -ge "$2" ] ||
		fail "$cost requests, not $2 to $1:" "$(grep -o '"[A-Z]* /v2/.* HTTP' "$T/reg.out" | tail -n "$cost")" "$told"
}

all_asked() {
	local tokens=0
	[ ! -e "$T/reg_tokens.log" ] || tokens=$(requests reg_tokens 'GET|POST' /)
	echo $(($(asked reg) + tokens))
}

@test "open: a question is one request, whether the image is there or not" {
	publish open
	assert_cost 1 1 exists
	assert_status 0
	echo changed >Dockerfile
	assert_cost 1 1 exists
	assert_failed 3
	assert_cost 1 1 ensure --no-build
	assert_failed 3
	assert_cost 1 1 digest "$reg_host/app:none"
	assert_failed 3
}

@test "tokens: a cold anonymous question is at most three requests, a warm one is one" {
	publish token
	assert_cost 3 2 exists
	assert_status 0
	assert_cost 1 1 exists
	assert_status 0
	assert_cost 1 1 exists --print
	assert_stdout present
	echo changed >Dockerfile
	assert_cost 1 1 exists
	assert_failed 3
	assert_cost 3 2 exists --no-token-cache
	assert_failed 3
}

@test "tokens: the kept one serves the user who got it alone" {
	publish token
	assert_cost 3 2 exists
	assert_cost 3 2 exists "${login[@]}"
	assert_status 0
	assert_cost 1 1 exists "${login[@]}"
	assert_status 0
	assert_cost 1 1 exists
	assert_status 0
	printf wrong >"$T/password"
	ocifp_run exists "${login[@]}" <"$T/password"
	assert_failed 4
}

@test "tokens: in Actions they are kept in the runner's directory or not at all" {
	publish token
	GITHUB_ACTIONS=true assert_cost 3 2 exists
	GITHUB_ACTIONS=true assert_cost 3 2 exists
	mkdir "$T/runner"
	GITHUB_ACTIONS=true RUNNER_TEMP=$T/runner assert_cost 3 2 exists
	GITHUB_ACTIONS=true RUNNER_TEMP=$T/runner assert_cost 1 1 exists
	assert_status 0
	assert_equal "$(find "$T/runner" -type f -printf '%m\n' | sort -u)" 600
}

@test "passwords: two requests at most" {
	publish htpasswd
	assert_cost 2 1 exists "${login[@]}"
	assert_status 0
}

@test "a cold pull: the index, one manifest, each blob once; a warm one is one request" {
	publish open
	local arch
	assert_cost 5 5 pull --platform linux/amd64
	assert_status 0
	assert_cost 1 1 pull --platform linux/amd64
	assert_status 0
	assert_cost 1 1 ensure --platform linux/amd64
	assert_status 0
	assert_cost 5 5 pull --platform linux/amd64 --platform linux/arm64
	assert_status 0
}

@test "a cold pull with tokens asks for one token, however many blobs come at once" {
	publish token
	mkimage image "$T/src" many --count 30 --size 2k --compress gzip >/dev/null
	skopeo_copy --dest-creds tester:s3cret "oci:$T/src:many" "docker://$reg_host/app:many"
	: >"$T/reg_tokens.log"
	assert_cost 34 34 pull "${on[@]}" "$reg_host/app:many"
	assert_status 0
	assert_equal "$(requests reg_tokens 'GET|POST' /)" 1
	assert_cost 1 1 pull "${on[@]}" "$reg_host/app:many"
	assert_status 0
}

@test "looking, and a pull into a layout, take no place for a store" {
	publish open
	mkimage image "$T/src" one >/dev/null
	skopeo_copy "oci:$T/src:one" "docker://$reg_host/app:one"
	unset OCIFP_STORE
	export HOME=nowhere
	local command
	for command in "exists --platform linux/amd64 $reg_host/app:one" "inspect $reg_host/app:one" \
		"tree $reg_host/app:$(image_tag)" "why --against $(image_tag)" "digest $reg_host/app:one" \
		"pull -o oci:out ${on[*]} $reg_host/app:one" "pull -o oci:out ${on[*]} $reg_host/app@$(ocifp digest "$reg_host/app:one")"; do
		# Unquoted: the words of a command line.
		# shellcheck disable=SC2086
		ocifp_run $command
		assert_status 0
	done
	ocifp_run pull "$reg_host/app:one"
	assert_failed 2
	assert_stderr_has OCIFP_STORE
}

@test "looking: digest, manifest and inspect of a plain image" {
	publish open
	mkimage image "$T/src" one >/dev/null
	skopeo_copy "oci:$T/src:one" "docker://$reg_host/app:one"
	assert_cost 1 1 digest "$reg_host/app:one"
	assert_status 0
	assert_cost 1 1 manifest "$reg_host/app:one"
	assert_status 0
	assert_cost 2 2 inspect "$reg_host/app:one"
	assert_status 0
	# The list of inputs is small, and in the index: its manifest, then itself.
	assert_cost 3 3 why --against "$(image_tag)"
	assert_status 0
}
