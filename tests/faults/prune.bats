#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Pruning a registry that answers badly: nothing is lost on a guess.

load ../lib/rig

setup() {
	need python3 jq ocifp
	rig_setup
	start_faults reg
	local tag
	for tag in v1 old; do
		mkimage image "$T/reg.root/app" "$tag" --layers 2k --annotate "tag=$tag" --platform linux/amd64 \
			--platform linux/arm64 >/dev/null
	done
	child=$(jq -r '.manifests[0].digest' "$(blob_path "$T/reg.root/app" "$(mkimage digest "$T/reg.root/app" old)")")
}

teardown() {
	rig_teardown
}

prune() {
	ocifp_run prune "$reg_host/app" "$@"
}

# rule METHOD PATH ACTION [NTH]
rule() {
	jq -n "{method: \"$1\", path: \"$2\", action: $3, nth: ${4:-null}}" | rules reg
}

# ends_prune STATUS PATH ACTION
ends_prune() {
	rule GET "$2" "$3"
	prune --keep-tag v1 --yes
	assert_failed "$1"
	assert_stderr_has 'nothing was deleted'
	assert_stdout ''
}

@test "a tag, a manifest, a list of tags or of referrers that cannot be read ends it" {
	local path
	for path in 'manifests/v1$' "manifests/$child" 'tags/list' 'referrers/'; do
		ends_prune 4 "$path" '{status: 403}'
		ends_prune 5 "$path" '{status: 500}'
		# A page in place of a list of referrers says that there is no such list.
		[ "$path" = referrers/ ] ||
			ends_prune 5 "$path" '{body: "<html>", headers: {"Content-Type": "text/html"}}'
	done
	assert_requests reg 0 DELETE .
}

# list_tags NAME...: what the registry lists.
list_tags() {
	printf '%s\n' "$@" | jq -R . | jq -s '{path: "tags/list", action: {json: {name: "app", tags: .}}}'
}

@test "what is listed under a name that is not a tag is kept, and rm leaves it" {
	local old
	old=$(mkimage digest "$T/reg.root/app" old)
	{
		list_tags v1 old -ot-beta
		jq -n '{path: "manifests/-ot-beta$", action: {redirect: "@SELF@/v2/app/manifests/old"}}'
	} | rules reg
	prune --keep-tag v1 --yes
	assert_status 0
	grep -qF "it is listed as '-ot-beta', which is not a tag" "$T/stdout" || fail "$told"
	ocifp_run rm "$reg_host/app@$old"
	assert_failed 9
	assert_stderr_has "also listed as '-ot-beta'"
	list_tags v1 old "$old" | rules reg
	prune --keep-tag v1 --yes
	assert_status 0
	ocifp_run rm --dry-run "$reg_host/app@$old"
	assert_status 0
	assert_requests reg 0 DELETE .
	list_tags v1 old "a b" | rules reg
	prune --keep-tag v1 --yes
	assert_failed 9
	assert_stderr_has "cannot request 'a b'"
	assert_requests reg 0 DELETE .
	# A name that names nothing is no obstacle.
	list_tags v1 old -gone | rules reg
	prune --keep-tag v1 --yes
	assert_status 0
	assert_stderr_has '3 manifests were deleted'
}

@test "a manifest that is not what its digest says ends it" {
	rule GET "manifests/$child" '{flip_at: 10}'
	prune --keep-tag v1 --yes
	assert_failed 7
	assert_requests reg 0 DELETE .
}

@test "a listed manifest that is gone already is no obstacle, and is not counted" {
	rm "$(blob_path "$T/reg.root/app" "$child")"
	prune --keep-tag v1 --yes
	assert_status 0
	assert_stderr_has '2 manifests were deleted'
}

@test "a tag that was set since the plan was made ends it" {
	rule GET tags/list '{json: {name: "app", tags: ["v1", "old", "v2"]}}' 2
	mkimage image "$T/reg.root/app" v2 --layers 3k >/dev/null
	rule GET tags/list '{json: {name: "app", tags: ["v1", "old"]}}' 1
	prune --keep-tag v1 --yes
	assert_failed 9
	assert_stderr_has "tag 'v2' was set since"
	assert_requests reg 0 DELETE .
}

@test "a refusal in the middle says how far it came, and the rest is whole" {
	rule DELETE . '{status: 500}' '"2-"'
	prune --keep-tag v1 --yes
	assert_failed 5
	assert_stderr_has '1 of 3 manifests were deleted'
	rules reg </dev/null
	OCIFP_STORE=$T/fresh ocifp_run pull --platform linux/arm64 "$reg_host/app:v1"
	assert_status 0
}

@test "a deletion whose answer is lost counts as done" {
	rule DELETE . '{execute: true, drop: "reset"}' 1
	prune --keep-tag v1 --yes
	assert_status 0
	assert_stderr_has '3 manifests were deleted'
}

@test "hostile names of a layout are shown harmless" {
	mkimage image "$T/lay" $'x\e[31m\n::error::y' --layers 1k >/dev/null
	mkimage image "$T/lay" keep --layers 1k >/dev/null
	ocifp_run prune "oci:$T/lay" --keep-tag keep --keep-tag $'x\e*'
	assert_status 0
	assert_clean_terminal "$T/stdout" "$T/stderr"
	refute_stderr_has '^::'
	ocifp_run prune "oci:$T/lay" --keep-tag keep --keep-tag $'x\e*' --json
	assert_clean_terminal "$T/stdout"
}
