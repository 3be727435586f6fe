#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What a job may read and push, by what started it: the table in contrib/ci/README.md is what ocifp does.

load ../lib/rig
load ../lib/projects

setup() {
	need python3 jq curl git docker-registry ocifp
	rig_setup
	git_of_its_own
	start_registry reg
	mkdir "$T/desk" && cd "$T/desk" || return
	cat >.ocifp.yaml <<-END
		version: 1
		images:
		  ci: {repository: $reg_host/ci, pull_requests: $reg_host/ci-pr, inputs: [.ocifp.yaml], build: "false"}
		caches:
		  out: {paths: [out], key: [.ocifp.yaml], repository: $reg_host/cache, pull_requests: $reg_host/cache-pr}
	END
	git init -q -b main . && git add . && git commit -qm one
	echo '{"repository": {"default_branch": "main"}}' >"$T/event.json"
	pull_request owner/app >"$T/own.json"
	pull_request stranger/app >"$T/fork.json"
}

teardown() {
	rig_teardown
}

# pull_request REPOSITORY: the payload of one that comes from there
pull_request() {
	jq -n --arg head "$1" '{repository: {default_branch: "main"}, pull_request: {number: 7,
		head: {ref: "topic", repo: {full_name: $head}}, base: {ref: "main", repo: {full_name: "owner/app"}}}}'
}

# names FILE: the keys of the project file that the repositories in it stand for
names() {
	sed -e 's|.*/||' -e 's/.*-pr$/pull_requests/; s/^\(ci\|cache\)$/repository/' "$1" | LC_ALL=C sort -u | paste -sd , |
		sed -e 's/,/, /' -e 's/^$/-/'
}

# row EVENT NAME=VALUE...: a line of the table
row() {
	local event=$1 before
	shift
	before=$(wc -l <"$T/reg.out")
	env "$@" ocifp exists >"$T/exists" 2>&1 3>&- || true
	sleep 0.1
	tail -n +$((before + 1)) "$T/reg.out" | sed -nE 's#.*"(GET|HEAD) /v2/([^/]*)/manifests.*#\2#p' >"$T/asked"
	env "$@" ocifp ensure --dry-run >"$T/ensure" 2>&1 3>&- || fail "$(cat "$T/ensure")"
	sed -n "s|.* and pushed to '[^/]*/\([^:]*\):.*|\1|p" "$T/ensure" >"$T/pushed"
	grep -q ' and pushed to \| and not pushed: ' "$T/ensure" || fail "$(cat "$T/ensure")"
	env "$@" ocifp cache key --json >"$T/key" 2>"$T/log" 3>&- || fail "$(cat "$T/log")"
	jq -r '.caches[0].candidates[].repository' "$T/key" >"$T/read"
	jq -r '.caches[0].save_repository // empty' "$T/key" >"$T/saved"
	printf '| %s | %s | %s | %s | %s |\n' "$event" "$(names "$T/asked")" "$(names "$T/pushed")" "$(names "$T/read")" \
		"$(names "$T/saved")"
}

github() {
	local event=$1 on=$2 ref=$3 payload=$4
	shift 4
	row "$event" GITHUB_ACTIONS=true GITHUB_REPOSITORY=owner/app GITHUB_JOB=build GITHUB_EVENT_NAME="$on" \
		GITHUB_REF="refs/$ref" GITHUB_EVENT_PATH="$T/$payload.json" "$@"
}

gitlab() {
	local event=$1 source=$2
	shift 2
	row "$event" GITLAB_CI=true CI_DEFAULT_BRANCH=main CI_JOB_NAME=build CI_PIPELINE_SOURCE="$source" CI_PROJECT_ID=1 "$@"
}

merge_request() {
	gitlab "$1" merge_request_event CI_MERGE_REQUEST_IID=7 CI_MERGE_REQUEST_TARGET_BRANCH_NAME=main \
		CI_MERGE_REQUEST_SOURCE_BRANCH_NAME=topic CI_MERGE_REQUEST_SOURCE_PROJECT_ID="$2" CI_MERGE_REQUEST_PROJECT_ID=1
}

table() {
	github 'GitHub, Forgejo, Gitea: `push`, default branch' push heads/main event
	github '`push`, another branch' push heads/topic event
	github '`push`, a tag' push tags/v1 event
	github '`schedule`, `workflow_dispatch`' schedule heads/main event
	github '`merge_group`' merge_group heads/gh-readonly-queue/main/pr-7-0123 event
	github '`pull_request`, same repository' pull_request pull/7/merge own GITHUB_BASE_REF=main GITHUB_HEAD_REF=topic
	github '`pull_request`, fork' pull_request pull/7/merge fork GITHUB_BASE_REF=main GITHUB_HEAD_REF=topic
	github '`pull_request_target`' pull_request_target heads/main own GITHUB_BASE_REF=main GITHUB_HEAD_REF=topic
	github '`workflow_run`' workflow_run heads/main event
	github '`release`' release tags/v1 event
	gitlab 'GitLab: `push`, `schedule`, `web`, default branch' push CI_COMMIT_BRANCH=main
	gitlab '`push`, another branch' push CI_COMMIT_BRANCH=topic
	gitlab '`push`, a tag' push CI_COMMIT_TAG=v1
	merge_request '`merge_request_event`, same project' 1
	merge_request '`merge_request_event`, fork' 2
	gitlab '`api`, `trigger`, `pipeline`' api CI_COMMIT_BRANCH=main
	row 'no CI system'
}

@test "what each event may read and push is what the table says" {
	table >"$T/table"
	sed -n '/^| event /,/^$/p' "$RIG_TESTS/../contrib/ci/README.md" | sed -e 1,2d -e '/^$/d' >"$T/documented"
	diff "$T/documented" "$T/table" || fail 'contrib/ci/README.md says something else'
}

@test "the same holds where Forgejo's runner says that it is one, and for each event of a cell" {
	local one other
	for one in push:heads/main:event push:heads/topic:event pull_request:pull/7/merge:own pull_request:pull/7/merge:fork; do
		IFS=: read -r event ref payload <<<"$one"
		assert_equal "$(github x "$event" "$ref" "$payload" FORGEJO_ACTIONS=true)" "$(github x "$event" "$ref" "$payload")"
	done
	assert_equal "$(github x workflow_dispatch heads/main event)" "$(github x schedule heads/main event)"
	for other in schedule web; do
		assert_equal "$(gitlab x "$other" CI_COMMIT_BRANCH=main)" "$(gitlab x push CI_COMMIT_BRANCH=main)"
	done
	for other in trigger pipeline; do
		assert_equal "$(gitlab x "$other" CI_COMMIT_BRANCH=main)" "$(gitlab x api CI_COMMIT_BRANCH=main)"
	done
}
