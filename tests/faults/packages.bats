#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Pruning a package of GitHub: what its registry does not delete, its REST API does.

load ../lib/rig

setup() {
	need python3 jq ocifp
	rig_setup
	start_faults reg
	export GITHUB_TOKEN=t0ken
	repository=$reg_host/owner/group/app
	layout=$T/reg.root/owner/group/app
}

teardown() {
	rig_teardown
}

# start_api [OPTION...]: see packages.py.
start_api() {
	rm -f "$T/api.port"
	: >"$T/api.log"
	spawn api python3 "$RIG_TESTS/faults/packages.py" --root "$T/reg.root" --port-file "$T/api.port" \
		--log "$T/api.log" "$@"
	wait_for test -e "$T/api.port"
	GITHUB_API_URL=http://127.0.0.1:$(cat "$T/api.port")
	export GITHUB_API_URL
}

# publish TAG...: each an index of two platforms, pushed two days ago.
publish() {
	local tag
	for tag; do
		mkimage image "$layout" "$tag" --layers 2k --annotate "tag=$tag" --platform linux/amd64 \
			--platform linux/arm64 >/dev/null
	done
	find "$layout/blobs" -type f -exec touch -d '-2 days' {} +
}

prune() {
	ocifp_run prune --github-packages "$repository" "$@"
}

asked() {
	grep -Ec "^($1) " "$T/api.log" || true
}

tags() {
	ocifp tags "$repository" 3>&- | sort | xargs
}

@test "an index goes with its platforms, through the API, and nothing by the registry" {
	publish v1 old
	start_api
	prune --keep-tag v1 --yes
	assert_status 0
	assert_stderr_has '3 manifests were deleted'
	assert_equal "$(asked DELETE)" 3
	assert_requests reg 0 DELETE .
	assert_equal "$(tags)" v1
	OCIFP_STORE=$T/fresh ocifp_run pull --platform linux/arm64 "$repository:v1"
	assert_status 0
	grep -q '/packages/container/group%2Fapp/versions' "$T/api.log"
}

@test "of all pages, for a user as for an organization" {
	local number
	publish v1
	for number in $(seq 60); do
		mkimage image "$layout" "n$number" --annotate "n=$number" --layers 1k --platform linux/amd64 \
			--platform linux/arm64 >/dev/null
	done
	find "$layout/blobs" -type f -exec touch -d '-2 days' {} +
	start_api --owner-kind users
	prune --keep-tag v1 --json
	assert_status 0
	assert_json '(.kept | length) == 3 and (.removed | length) == 180'
	assert_equal "$(asked GET)" 3
}

@test "what has no tag goes, unless something kept leads to it or a push may be under way" {
	publish v1
	local orphan fresh
	orphan=$(mkimage image "$layout" orphan --layers 3k --platform linux/amd64)
	fresh=$(mkimage image "$layout" fresh --layers 4k --platform linux/amd64)
	touch -d '-2 days' "$(blob_path "$layout" "$orphan")"
	jq '.manifests |= map(select(.annotations["org.opencontainers.image.ref.name"] == "v1"))' \
		"$layout/index.json" >"$T/index.json" && mv "$T/index.json" "$layout/index.json"
	start_api
	prune --keep-tag v1 --json --yes
	assert_status 0
	assert_json '[.removed[].digest] == ["'"$orphan"'"]'
	assert_json '[.kept[] | select(.digest == "'"$fresh"'").why] == ["it is new, and a push may be under way"]'
}

@test "the time of a push decides what is new and young" {
	publish a b c
	touch -d '-1 hour' "$(blob_path "$layout" "$(mkimage digest "$layout" b)")"
	start_api
	prune --keep-younger 2h --json
	assert_json '[.kept[].tags[]] == ["b"]'
	assert_json '[.kept[] | select(.tags == ["b"]).why] == ["young by the time of its push"]'
}

@test "a digest with several tags is one version" {
	publish v1 old
	jq '.manifests += [.manifests[] | select(.annotations["org.opencontainers.image.ref.name"] == "old")
		| .annotations["org.opencontainers.image.ref.name"] = "older"]' "$layout/index.json" >"$T/index.json"
	mv "$T/index.json" "$layout/index.json"
	start_api
	prune --keep-tag v1 --json
	assert_json '[.removed[] | select(.tags != []).tags | sort] == [["old", "older"]]'
	prune --keep-tag old --json
	assert_json '[.kept[] | select(.tags != []).tags | sort] == [["old", "older"]]'
}

@test "what GitHub never deletes is said, and stops it" {
	publish v1 old
	start_api --popular "$(mkimage digest "$layout" old)"
	prune --keep-tag v1 --yes
	assert_failed 9
	assert_stderr_has 'more than 5000 downloads'
	assert_stderr_has '0 of 3 manifests were deleted'
	assert_equal "$(tags)" 'old v1'
}

@test "the last version with a tag cannot go" {
	publish old
	jq -n '{mediaType: "application/vnd.oci.image.manifest.v1+json", schemaVersion: 2,
		config: {mediaType: "application/vnd.oci.empty.v1+json", digest: ("sha256:" + "0" * 64), size: 2}, layers: []}' |
		mkimage manifest "$layout" fresh >/dev/null
	jq '.manifests |= map(select(.annotations["org.opencontainers.image.ref.name"] == "old"))' \
		"$layout/index.json" >"$T/index.json" && mv "$T/index.json" "$layout/index.json"
	start_api
	prune --keep-tag none --yes
	assert_failed 9
	assert_stderr_has 'last tagged version'
	assert_stderr_has 'delete the whole package instead'
}

@test "what was deleted comes back by its number" {
	publish v1 old
	start_api
	prune --keep-tag v1 --json --yes
	local number before=$stdout
	number=$(jq -r '.removed[] | select(.tags == ["old"]).version_id' <<<"$before")
	assert_equal "$(tags)" v1
	ocifp_run prune --github-packages --restore "$number" "$repository"
	assert_status 0
	assert_equal "$(tags)" 'old v1'
	ocifp_run prune --github-packages --restore 77 "$repository"
	assert_failed 5
	ocifp_run prune --github-packages --restore x "$repository"
	assert_failed 2
	ocifp_run prune --restore 77 "$repository"
	assert_failed 2
}

@test "no token, a wrong one, one that may not manage, a spent limit: each is told, nothing is deleted" {
	publish v1 old
	start_api
	GITHUB_TOKEN='' prune --keep-tag v1 --yes
	assert_failed 4
	assert_stderr_has 'GITHUB_TOKEN or GH_TOKEN'
	assert_equal "$(asked GET)" 0
	GITHUB_TOKEN='' GH_TOKEN=t0ken prune --keep-tag v1
	assert_status 0
	GITHUB_TOKEN=wrong prune --keep-tag v1 --yes
	assert_failed 4
	stop api
	start_api --read-only
	prune --keep-tag v1 --yes
	assert_failed 4
	stop api
	start_api --rate-limited
	prune --keep-tag v1 --yes
	assert_failed 6
	stop api
	start_api
	ocifp_run prune --github-packages --keep-tag v1 --yes "$reg_host/owner/nothing"
	assert_failed 5
	assert_stderr_has 'role Admin'
	assert_equal "$(tags)" 'old v1'
}

@test "a deletion whose answer was lost on the way is done, and one that was refused is not" {
	publish v1 old
	start_api --cut-after-delete
	prune --keep-tag v1 --yes
	assert_status 0
	assert_stderr_has '3 manifests were deleted'
	assert_equal "$(tags)" v1
}

@test "the token goes to the API alone, and to no place that it redirects to" {
	publish v1 old
	start_canary other
	start_api
	prune --keep-tag v1
	assert_status 0
	assert_equal "$(request_header reg GET . authorization | sort -u)" -
	jq -n --arg to "http://$other_host/x" '{path: "^/orgs", action: {redirect: $to}}' | rules reg
	GITHUB_API_URL=http://$reg_host prune --keep-tag v1
	assert_failed 5
	assert_no_secrets other
	assert_requests other 0 . .
}

# refused STATUS TEXT: before anything is asked anywhere
refused() {
	prune --keep-tag v1
	assert_failed "$1"
	assert_stderr_has "$2"
}

@test "the token goes to the API of the server that made it, by https" {
	publish v1 old
	export GITHUB_API_URL=http://api.github.com
	refused 2 "invalid GITHUB_API_URL 'http://api.github.com': expected an https URL"
	GITHUB_API_URL=https://api.example.invalid refused 4 "of 'github.com' is not for the packages of '$reg_host'"
	ocifp_run prune --keep-tag v1 ghcr.io/owner/app
	assert_failed 2
	export GITHUB_API_URL=https://api.example.invalid
	ocifp_run prune --keep-tag v1 ghcr.io/owner/app
	assert_failed 4
	assert_stderr_has "the GITHUB_TOKEN of 'github.com' is not for 'https://api.example.invalid"
	export GITHUB_SERVER_URL=https://github.example
	ocifp_run prune --keep-tag v1 ghcr.io/owner/app
	assert_failed 4
	assert_stderr_has "the GITHUB_TOKEN of 'github.example' is not for the packages of 'ghcr.io'"
	unset GITHUB_API_URL
	export GITHUB_SERVER_URL=https://codeberg.org FORGEJO_ACTIONS=true
	ocifp_run prune --keep-tag v1 ghcr.io/owner/app
	assert_failed 4
	assert_stderr_has 'the GITHUB_TOKEN of Forgejo or Gitea'
}

@test "answers that are none end it before anything is deleted" {
	publish v1 old
	local answer
	for answer in '{json: {}}' '{json: [{}]}' '{json: [{id: 1, name: "x"}]}' '{json: [{id: 1.5, name: "sha256:0"}]}' \
		'{body: "[],\"a\":["}' '{body: "<html>"}' '{body: "[", fill: 9000000}' '{status: 500}' '{json: [1]}'; do
		jq -n "{path: \"^/orgs\", action: $answer}" | rules reg
		GITHUB_API_URL=http://$reg_host prune --keep-tag v1 --yes
		assert_failed "$([ "$answer" = '{status: 500}' ] && echo 5 || echo 7)"
		assert_clean_terminal "$T/stderr"
	done
	assert_requests reg 0 DELETE .
}
