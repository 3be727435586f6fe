#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# ocifp ensure over a project's life: tags that move, pull requests, all images, what the build is told

load ../lib/rig
load ../lib/projects

setup() {
	need python3 jq curl git
	rig_setup
	start_registry reg
	mkdir "$T/desk" && cd "$T/desk" || return
}

teardown() {
	rig_teardown
}

# commit MESSAGE: of the desk, pushed to main of origin
commit() {
	if [ ! -e .git ]; then
		git init -qb main . && git init -q --bare "$T/origin.git" && git remote add origin "$T/origin.git"
		git config user.email rig@example && git config user.name rig
	fi
	git add -A && git commit -qm "$1" && git push -q origin main 2>/dev/null
}

# push_job [OPTION...]: ensure as the job of a push of the desk's commit to main
push_job() {
	GITHUB_SHA=$(git rev-parse HEAD) actions push refs/heads/main split_run ocifp ensure "$@"
}

# pull_request NUMBER FROM COMMAND...: as the job of a pull request that comes from that repository
pull_request() {
	local number=$1 from=$2
	shift 2
	jq -n --arg from "$from" --argjson number "$number" '{repository: {default_branch: "main"}, pull_request: {number: $number,
		head: {ref: "topic", repo: {full_name: $from}}, base: {ref: "main", repo: {full_name: "own/project"}}}}' >"$T/event.json"
	GITHUB_ACTIONS=true GITHUB_EVENT_NAME=pull_request GITHUB_REF=refs/pull/$number/merge GITHUB_EVENT_PATH=$T/event.json \
		GITHUB_OUTPUT=$T/outputs GITHUB_STEP_SUMMARY=$T/summary split_run "$@"
}

named() {
	raw app "$1" | digest_of
}

@test "tags move with the branch, back with a revert, and not with a late job" {
	make_project 'tags: [latest, main]'
	commit one
	push_job
	assert_status 0
	assert_equal "$(named latest)" "$(named "$(image_tag)")"
	assert_equal "$(named main)" "$(named latest)"
	local first before
	first=$(named latest)
	before=$(asked reg)
	push_job
	assert_status 0
	! grep -q "tag 'latest'" "$T/stderr" || fail 'a tag that is right was written' "$told"
	assert_equal $(($(asked reg) - before)) 3 # the image, and a HEAD for each tag
	echo 'FROM two' >Dockerfile
	commit two
	push_job
	assert_stderr_has "tag 'latest' names sha256:[0-9a-f]{64} now"
	[ "$(named latest)" != "$first" ] || fail 'latest stayed'
	echo 'FROM scratch' >Dockerfile
	commit revert
	push_job
	assert_status 0
	assert_equal "$(named latest)" "$first"
	assert_builds linux/amd64,linux/arm64 linux/amd64,linux/arm64
	git checkout -q HEAD^
	push_job
	assert_status 0
	assert_stderr_has "tag 'latest' does not move: main is at [0-9a-f]{40}, this is [0-9a-f]{40}"
	assert_equal "$(named latest)" "$first"
}

@test "tags move in jobs of push_refs alone" {
	make_project 'tags: [latest]'
	commit one
	ocifp_run ensure --push always
	assert_status 0
	actions pull_request refs/pull/1/merge split_run ocifp ensure
	assert_status 0
	actions push refs/heads/topic split_run ocifp ensure
	assert_status 0
	actions merge_group refs/heads/gh-readonly-queue/main/pr-1-abc split_run ocifp ensure
	assert_status 0
	assert_stderr_has "tag 'latest' does not move: the merge group is not the branch yet"
	! raw app latest || fail 'a tag was made'
	ocifp_run fingerprint
	sed -i 's/tags: .*/tags: [abcdef0]/' .ocifp.yaml
	ocifp_run fingerprint
	assert_failed 2
	assert_stderr_has "tag 'abcdef0' could be a fingerprint's"
}

@test "index join moves the tags that ensure --platform-tag leaves alone" {
	make_project 'tags: [latest]'
	commit one
	push_job --platform-tag --platform linux/amd64
	assert_status 0
	push_job --platform-tag --platform linux/arm64
	! raw app latest || fail 'a tag was made of one platform'
	GITHUB_SHA=$(git rev-parse HEAD) actions push refs/heads/main split_run ocifp index join
	assert_status 0
	assert_equal "$(named latest)" "$(named "$(image_tag)")"
}

@test "a pull request of the repository pushes to its own place, and nobody else reads that" {
	make_project "pull_requests: $reg_host/app-pr"
	local tag
	tag=$(image_tag)
	pull_request 7 own/project ocifp ensure
	assert_status 0
	assert_stdout "$reg_host/app-pr@$(raw app-pr "$tag" | digest_of)"
	assert_equal "$(sed -n 's/^OCIFP_REF=//p' "$T/build.env")" "$reg_host/app-pr:$tag"
	! raw app "$tag" || fail 'it went to the repository of everybody'
	new_store
	pull_request 8 own/project ocifp exists --print app
	assert_stdout present
	pull_request 8 own/project ocifp ensure
	assert_builds linux/amd64,linux/arm64
	new_store
	ocifp_run exists app
	assert_failed 3
	pull_request 9 stranger/project ocifp exists app
	assert_failed 3
	actions push refs/heads/main split_run ocifp ensure
	assert_status 0
	assert_builds linux/amd64,linux/arm64 linux/amd64,linux/arm64
	raw app "$tag" >"$T/raw" || fail 'the push did not build its own'
}

@test "a merge request of GitLab does the same" {
	make_project "pull_requests: $reg_host/app-mr"
	local job=(env GITLAB_CI=true CI_PIPELINE_SOURCE=merge_request_event CI_PROJECT_ID=7 CI_MERGE_REQUEST_IID=3
		CI_MERGE_REQUEST_SOURCE_BRANCH_NAME=topic CI_MERGE_REQUEST_TARGET_BRANCH_NAME=main CI_DEFAULT_BRANCH=main)
	split_run "${job[@]}" CI_MERGE_REQUEST_SOURCE_PROJECT_ID=8 ocifp ensure --no-build
	assert_failed 3
	split_run "${job[@]}" CI_MERGE_REQUEST_SOURCE_PROJECT_ID=7 ocifp ensure
	assert_status 0
	assert_stdout "$reg_host/app-mr@$(raw app-mr "$(image_tag)" | digest_of)"
	! raw app "$(image_tag)" || fail 'it went to the repository of everybody'
	new_store
	split_run "${job[@]}" CI_MERGE_REQUEST_SOURCE_PROJECT_ID=8 ocifp exists app
	assert_failed 3
}

@test "what the repository has counts before what pull requests left" {
	make_project "pull_requests: $reg_host/app-pr"
	pull_request 7 own/project ocifp ensure
	ocifp_run ensure --push always --rebuild
	assert_status 0
	new_store
	pull_request 7 own/project ocifp pull app
	assert_status 0
	assert_stdout "$reg_host/app@$(raw app "$(image_tag)" | digest_of)"
}

@test "native runners of a pull request join at its place" {
	make_project "pull_requests: $reg_host/app-pr"
	pull_request 7 own/project ocifp ensure --platform-tag --platform linux/amd64
	assert_status 0
	pull_request 7 own/project ocifp ensure --platform-tag --platform linux/arm64
	assert_status 0
	pull_request 7 own/project ocifp index join
	assert_status 0
	raw app-pr "$(image_tag)" >"$T/raw" || fail 'nothing was joined'
	assert_equal "$(jq '[.manifests[] | select(.platform.os == "linux")] | length' "$T/raw")" 2
	! raw app "$(image_tag)" || fail 'it went to the repository of everybody'
}

# two_images [LINE...]: app, which needs base; the lines are of app
two_images() {
	make_project 'needs: [base]' "$@"
	printf '%s\n' '  base:' "    repository: $reg_host/base" '    inputs: [base.txt]' \
		'    platforms: [linux/amd64, linux/arm64]' '    build: ./build.sh' '    default: true' >>.ocifp.yaml
	echo base >base.txt
}

@test "ensure --all takes each image after those that it needs" {
	two_images
	ocifp_run ensure --all --push always
	assert_status 0
	assert_equal "$(wc -l <"$T/builds")" 2
	assert_stdout "$(printf '%s\n' "$reg_host/base@$(raw base "$(image_tag base)" | digest_of)" \
		"$reg_host/app@$(raw app "$(image_tag app)" | digest_of)")"
	actions push refs/heads/main split_run ocifp ensure --all --json
	assert_status 0
	assert_equal "$(jq -r '.images | map("\(.image) \(.present)") | join(", ")' "$T/stdout")" \
		"$reg_host/base true, $reg_host/app true"
	assert_equal "$(sed -n '/^app-tag</{n;p}' "$T/outputs")" "$(image_tag app)"
	ocifp_run ensure --all app
	assert_failed 2
}

@test "with the scheme concat needs and pin order and pin, and leave the tag alone" {
	make_project 'scheme: concat'
	local tag
	tag=$(image_tag)
	two_images 'scheme: concat' "pin: [$reg_host/base:pinned]"
	python3 "$RIG_LIB/mkimage.py" image "$T/lay" pinned --layers 1k --platform linux/amd64
	split_run ocifp copy "oci:$T/lay:pinned" "$reg_host/base:pinned"
	ocifp_run fingerprint app
	assert_failed 2
	assert_stderr_has "is pinned but not in .ocifp.lock"
	ocifp_run lock
	assert_status 0
	ocifp_run fingerprint app
	assert_status 0
	assert_stdout "$tag"
	assert_stderr_has "the scheme concat leaves out 'needs' and 'pin', so its tag stays"
	ocifp_run ensure --push never app
	assert_status 0
	assert_equal "$(wc -l <"$T/builds")" 2
	grep -q '^OCIFP_NEEDS_BASE=oci:' "$T/build.env" || fail 'the build does not know base' "$(cat "$T/build.env")"
	grep -q "^$reg_host/base:pinned@sha256:" "$T/build.pins" || fail 'the build does not know the pin'
}

@test "the build is told which image it is, and what options said to ocifp" {
	make_project
	ocifp_run ensure --push never --store "$T/other store" --plain-http a.example --plain-http b.example:5000 --trust-realm r.example
	assert_status 0
	grep -E '^OCIFP_(IMAGE|STORE|PLAIN_HTTP|TRUST_REALM|TLS_CA)=' "$T/build.env" >"$T/told"
	assert_equal "$(cat "$T/told")" "$(printf '%s\n' OCIFP_IMAGE=app 'OCIFP_PLAIN_HTTP=a.example b.example:5000' \
		"OCIFP_STORE=$T/other store" OCIFP_TRUST_REALM=r.example)"
}

@test "an ocifp that the build runs trusts what --tls-ca says, relative to where it was said" {
	need nginx openssl
	make_project
	start_proxy front reg
	sed -i "s|$reg_host/app|$front_host/app|" .ocifp.yaml
	build_with <<-'SH'
		ocifp exists --print "$OCIFP_REF" >"$T/nested" 2>&1 || true
		layout "$OCIFP_OUTPUT" built
	SH
	sed -i "2i T=$T" build.sh
	cd "$T" || return
	ocifp_run ensure -C desk --push never --tls-ca tls/ca.pem
	assert_status 0
	assert_equal "$(cat "$T/nested")" absent
}
