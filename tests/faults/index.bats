#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Joins that meet slow answers, each other, and registries that show late what they took.

load ../lib/rig

setup() {
	need python3 jq ocifp
	rig_setup
	start_faults reg
	push_platform amd64
}

teardown() {
	rig_teardown
}

push_platform() {
	mkimage image "$T/src-$1" one --platform "linux/$1" --layers 5k >/dev/null
	ocifp push "oci:$T/src-$1:one" "$reg_host/app:v1-linux-$1" 3>&- >/dev/null
}

join() {
	ocifp_run index join --platform linux/amd64,linux/arm64 "$reg_host/app:v1" "$@"
}

listed() {
	jq -r '[.manifests[].platform.architecture] | sort | join(" ")' \
		"$(blob_path "$T/reg.root/app" "$(mkimage digest "$T/reg.root/app" v1)")"
}

not_there='{status: 404, json: {errors: [{code: "MANIFEST_UNKNOWN", message: "manifest unknown"}]}}'

# late_rules METHOD PATH NTH ACTION
late_rules() {
	jq -n "{method: \"$1\", path: \"$2\", nth: $3, action: $4}" | rules reg
}

@test "a join that read too early and wrote last reads again and mends it" {
	late_rules GET 'manifests/v1-linux-arm64$' 1 '{delay_s: 2}'
	(
		ocifp index join --partial --platform linux/amd64,linux/arm64 "$reg_host/app:v1"
	) >"$T/slow.log" 2>&1 3>&- &
	sleep 0.7
	push_platform arm64
	OCIFP_STORE=$T/other join --partial
	assert_status 0
	assert_equal "$(listed)" 'amd64 arm64'
	wait
	assert_equal "$(listed)" 'amd64 arm64'
	assert_equal "$(requests reg PUT 'manifests/v1$')" 3
}

@test "two joins whose answers are slow in turns list both platforms" {
	push_platform arm64
	jq -n '{method: ["GET", "PUT"], path: "manifests/", nth: [2, 3, 5, 8], action: {delay_s: 0.5}}' | rules reg
	(
		ocifp index join --platform linux/amd64,linux/arm64 "$reg_host/app:v1"
	) >"$T/other.log" 2>&1 3>&- &
	OCIFP_STORE=$T/other join
	assert_status 0
	wait
	assert_equal "$(listed)" 'amd64 arm64'
}

@test "a refused or broken answer about a platform's tag is no absence: nothing is written" {
	local action
	for action in '{status: 403}' '{status: 500}' '{body: "<html>", headers: {"Content-Type": "text/html"}}'; do
		late_rules GET 'manifests/v1-linux-arm64$' null "$action"
		join --partial
		assert_failed "$([ "$action" = '{status: 403}' ] && echo 4 || echo 5)"
		assert_requests reg 0 PUT 'manifests/v1$'
	done
}

@test "a tag that is shown late is written again, at most sixteen times" {
	push_platform arm64
	late_rules GET 'manifests/v1$' '"1-16"' "$not_there"
	join
	assert_status 0
	assert_requests reg 16 PUT 'manifests/v1$'
	rules reg </dev/null
	ocifp index rm "$reg_host/app:v1" linux/arm64 3>&- >/dev/null
	forget_log reg
	late_rules GET 'manifests/v1$' '"1-17"' "$not_there"
	join
	assert_failed 9
	assert_requests reg 16 PUT 'manifests/v1$'
}

@test "a platform's tag that lists an impossible thing is content trouble" {
	echo '{"schemaVersion": 2, "manifests": [{"digest": "x"}]}' |
		mkimage manifest "$T/reg.root/app" v1-linux-arm64 --media-type application/vnd.oci.image.index.v1+json >/dev/null
	join --partial
	assert_failed 7
	assert_requests reg 0 PUT 'manifests/v1$'
}

@test "an annotation that is none is a usage error, and hostile names are shown harmless" {
	local annotation
	for annotation in x =x $'a=\xff' ''; do
		join --annotation "$annotation"
		assert_failed 2
		assert_clean_terminal "$T/stderr"
	done
	ocifp_run index rm "$reg_host/app:v1-linux-amd64" $'linux/\e[31m'
	assert_failed 2
	assert_clean_terminal "$T/stderr"
}

@test "join, create and ls ask nothing before the command line is understood" {
	forget_log reg
	ocifp_run index create "$reg_host/app:v1"
	assert_failed 2
	ocifp_run index create "$reg_host/app" "$reg_host/app:v1-linux-amd64"
	assert_failed 2
	ocifp_run index join "$reg_host/app:v1"
	assert_failed 2
	ocifp_run index
	assert_failed 2
	assert_requests reg 0 . .
}
