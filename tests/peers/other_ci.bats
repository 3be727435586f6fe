#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# contrib/ci: the scripts of each file, with the environment of that CI system; and the lines of
# ocifp-cache(7) for such systems.

load ../lib/rig
load ../lib/caches

ci=$BATS_TEST_DIRNAME/../../contrib/ci

setup() {
	need python3 python3_yaml jq curl git docker-registry ocifp
	rig_setup
	git_of_its_own
	start_registry reg
	mkdir -p "$T/releases/v0.1.0"
	printf '#!/bin/sh\nexec %q "$@"\n' "$(command -v ocifp)" >"$T/releases/v0.1.0/ocifp-linux-amd64"
	export OCIFP_RELEASES=file://$T/releases OCIFP_VERSION=0.1.0
	OCIFP_SHA256=$(sha256sum "$T/releases/v0.1.0/ocifp-linux-amd64" | cut -d ' ' -f 1)
	export OCIFP_SHA256
	make_project
	git init -q .
	git add .ocifp.yaml Dockerfile src build.sh
	git commit -qm one
}

teardown() {
	rig_teardown
}

# scripts FILE: the lines that its system would give to a shell; with $$ as Buildkite means it.  The
# job in the image is another test's.
scripts() {
	python3 - "$1" <<-'PYTHON'
		import re, sys, yaml
		text = open(sys.argv[1]).read()
		if sys.argv[1].endswith("Jenkinsfile"):
		    found = [a or b for a, b in re.findall(r"sh '''(.*?)'''|sh '(.*?)'", text, re.S)]
		    found = [line for line in found if "logout" not in line]
		else:
		    document = yaml.safe_load(text)
		    if "steps" in document:
		        found = [step["command"].replace("$$", "$") for step in document["steps"]]
		    elif "jobs" in document:
		        found = [step["run"] for job in document["jobs"].values() for step in job["steps"] if "run" in step]
		        found = [line + '\nPATH="$(paste -sd : "${GITHUB_PATH:-/dev/null}"):$PATH"' for line in found]
		    else:
		        found = document["image"]["script"]
		print("set -e")
		for script in found:
		    print("\n".join(line for line in script.split("\n") if "ocifp run" not in line))
	PYTHON
}

# job FILE NAME=VALUE...: runs the scripts of a file in a shell of their own; sets $status and $said.
job() {
	local file=$1
	shift
	scripts "$ci/$file" >"$T/script"
	[ "$(grep -c . "$T/script")" -gt 4 ] || fail "$(cat "$T/script")"
	status=0
	env PATH="$T/empty:/usr/bin:/bin" "$@" timeout 120 sh "$T/script" >"$T/said" 2>&1 3>&- || status=$?
	said=$(cat "$T/said")
}

# pushes_to PLACE FILE NAME=VALUE...: the scripts of the file, on a commit that nobody has built, push to
# this repository alone, or to none
pushes_to() {
	local place=$1 before
	shift
	git commit -qm "$*" --allow-empty && date +%N >>Dockerfile
	before=$(wc -l <"$T/reg.out")
	job "$@"
	[ "$status" -eq 0 ] || fail "$* $said"
	sleep 0.1
	assert_equal "$(tail -n +$((before + 1)) "$T/reg.out" | sed -nE 's#.*"(PUT|POST|PATCH) /v2/(.*)/(blobs|manifests)/.*#\2#p' | sort -u | xargs)" "$place"
}

assert_published() {
	[ "$status" -eq 0 ] || fail "$said"
	ocifp_run exists
	assert_status 0
}

assert_not_published() {
	[ "$status" -eq 0 ] || fail "$said"
	[[ $said == *"not pushed: $1"* ]] || fail "$said"
	ocifp_run exists
	assert_failed 3
}

@test "each file names the version that this tree will release" {
	local version file
	version=$(sed -n 's/^AC_INIT(\[ocifp\], \[\([^]]*\)\].*/\1/p' "$ci/../../configure.ac")
	for file in gitlab-ci.yml forgejo.yml Jenkinsfile buildkite.yml; do
		grep -q "OCIFP_VERSION.*'${version%%[!0-9.]*}'" "$ci/$file" || fail "$file: not ${version%%[!0-9.]*}"
	done
}

@test "each file installs by checksum: another file ends the job" {
	local file
	for file in gitlab-ci.yml forgejo.yml Jenkinsfile buildkite.yml; do
		rm -rf .ci-bin
		job "$file" OCIFP_SHA256="$(printf %064d 0)" GITHUB_PATH="$T/path"
		[ "$status" -eq 1 ] || fail "$file: $said"
		[[ $said == *FAILED* ]] || fail "$file: $said"
	done
}

@test "GitLab: the default branch publishes, a merge request does not" {
	local gitlab=(GITLAB_CI=true CI_DEFAULT_BRANCH=main CI_REGISTRY_IMAGE="$reg_host/group/sub/app")
	sed -i 's|repository: .*|repository: ${CI_REGISTRY_IMAGE}/ci|' .ocifp.yaml
	job gitlab-ci.yml "${gitlab[@]}" CI_PIPELINE_SOURCE=merge_request_event CI_MERGE_REQUEST_IID=3 \
		CI_PROJECT_ID=1 CI_MERGE_REQUEST_SOURCE_PROJECT_ID=1
	[[ $status -eq 0 && $said == *'not pushed: the pipeline of a merge request'* ]] || fail "$said"
	job gitlab-ci.yml "${gitlab[@]}" CI_PIPELINE_SOURCE=push CI_COMMIT_BRANCH=main
	[ "$status" -eq 0 ] || fail "$said"
	grep -q "^IMAGE=$reg_host/group/sub/app/ci@sha256:" image.env
	ocifp_run exists "$(sed 's/^IMAGE=//' image.env)"
	assert_status 0
}

@test "GitLab: each source of a pipeline pushes to the place that the table names" {
	local gitlab=(GITLAB_CI=true CI_DEFAULT_BRANCH=main CI_REGISTRY_IMAGE="$reg_host/app" CI_PROJECT_ID=1
		CI_MERGE_REQUEST_IID=7 CI_MERGE_REQUEST_TARGET_BRANCH_NAME=main CI_MERGE_REQUEST_SOURCE_BRANCH_NAME=topic
		CI_MERGE_REQUEST_PROJECT_ID=1)
	sed -i 's|repository: .*|repository: ${CI_REGISTRY_IMAGE}/ci\n    pull_requests: ${CI_REGISTRY_IMAGE}/pr|' .ocifp.yaml
	local source variable place
	while read -r source variable place; do
		pushes_to "$place" gitlab-ci.yml "${gitlab[@]}" CI_PIPELINE_SOURCE="$source" "$variable"
	done <<-END
		push CI_COMMIT_BRANCH=main app/ci
		push CI_COMMIT_BRANCH=topic
		push CI_COMMIT_TAG=v1
		schedule CI_COMMIT_BRANCH=main app/ci
		web CI_COMMIT_BRANCH=main app/ci
		merge_request_event CI_MERGE_REQUEST_SOURCE_PROJECT_ID=1 app/pr
		merge_request_event CI_MERGE_REQUEST_SOURCE_PROJECT_ID=2
		api CI_COMMIT_BRANCH=main
		trigger CI_COMMIT_BRANCH=main
		pipeline CI_COMMIT_BRANCH=main
	END
}

@test "Forgejo: each event pushes to the place that the table names" {
	local forgejo=(GITHUB_ACTIONS=true FORGEJO_ACTIONS=true GITHUB_SERVER_URL=https://forge.example GITHUB_TOKEN=secret
		GITHUB_REPOSITORY=me/app GITHUB_ACTOR=me GITHUB_PATH="$T/path" GITHUB_OUTPUT="$T/output"
		GITHUB_STEP_SUMMARY="$T/summary" GITHUB_EVENT_PATH="$T/event")
	sed -i "s|repository: .*|&\n    pull_requests: $reg_host/app-pr|" .ocifp.yaml
	local event ref from place
	while read -r event ref from place; do
		jq -nc --arg from "$from" '{repository: {default_branch: "main"}, pull_request: {number: 7, head: {ref: "topic",
			repo: {full_name: $from}}, base: {ref: "main", repo: {full_name: "me/app"}}}}' >"$T/event"
		pushes_to "$place" forgejo.yml "${forgejo[@]}" GITHUB_EVENT_NAME="$event" GITHUB_REF="refs/$ref"
	done <<-END
		push heads/main me/app app
		push heads/topic me/app
		schedule heads/main me/app app
		workflow_dispatch heads/main me/app app
		pull_request pull/7/merge me/app app-pr
		pull_request pull/7/merge stranger/app
		pull_request_target heads/main stranger/app
		workflow_run heads/main me/app
	END
	! grep -q secret "$T/reg.out" || fail 'the token went to another host'
}

@test "Forgejo: the default branch publishes, a pull request does not, and its token stays at home" {
	local forgejo=(GITHUB_ACTIONS=true FORGEJO_ACTIONS=true GITHUB_SERVER_URL=https://forge.example
		GITHUB_TOKEN=secret GITHUB_REPOSITORY=me/app GITHUB_EVENT_PATH="$T/event" GITHUB_ACTOR=me
		GITHUB_PATH="$T/path" GITHUB_OUTPUT="$T/output" GITHUB_STEP_SUMMARY="$T/summary")
	echo '{"repository": {"default_branch": "main"}}' >"$T/event"
	job forgejo.yml "${forgejo[@]}" GITHUB_EVENT_NAME=pull_request GITHUB_REF=refs/pull/1/merge
	assert_not_published 'the event pull_request'
	job forgejo.yml "${forgejo[@]}" GITHUB_EVENT_NAME=push GITHUB_REF=refs/heads/main
	assert_published
	! grep -q secret "$T/reg.out" || fail 'the token went to another host'
}

@test "Jenkins: the build of a change, whose command is its author's, has no credentials" {
	local stage
	stage=$(sed -n "/stage('login')/,/stage('image')/p" "$ci/Jenkinsfile")
	[[ $stage == *'when { not { changeRequest() } }'*'withCredentials('* ]] || fail "$stage"
	assert_equal "$(grep -c 'withCredentials(' "$ci/Jenkinsfile")" 1
}

@test "Jenkins: logs in, the primary branch publishes, a pull request does not" {
	need htpasswd
	start_registry closed htpasswd
	export DOCKER_CONFIG=$T/docker
	local jenkins=(JENKINS_URL=http://ci.example WORKSPACE="$PWD" REGISTRY_USER=tester REGISTRY_PASSWORD=s3cret
		REGISTRY="$closed_host" PATH="$PWD/.ci-bin:/usr/bin:/bin")
	sed -i "s|$reg_host|$closed_host|" .ocifp.yaml
	job Jenkinsfile "${jenkins[@]}" BRANCH_NAME=PR-7 CHANGE_ID=7 CHANGE_BRANCH=topic CHANGE_TARGET=main
	assert_not_published 'the build of a pull request'
	job Jenkinsfile "${jenkins[@]}" BRANCH_NAME=main BRANCH_IS_PRIMARY=true
	assert_published
}

@test "Buildkite: the default branch publishes, a fork's pull request does not" {
	local buildkite=(BUILDKITE=true BUILDKITE_PIPELINE_DEFAULT_BRANCH=main BUILDKITE_SOURCE=webhook
		BUILDKITE_REPO=git@github.com:me/app.git)
	job buildkite.yml "${buildkite[@]}" BUILDKITE_BRANCH=mallory:main BUILDKITE_PULL_REQUEST=4 \
		BUILDKITE_PULL_REQUEST_REPO=https://github.com/mallory/app.git
	assert_not_published 'the build of a pull request'
	job buildkite.yml "${buildkite[@]}" BUILDKITE_BRANCH=main BUILDKITE_PULL_REQUEST=false
	assert_published
}

@test "cron: publishes what is absent, says so once, and leaves a failure's log" {
	git clone -q . "$T/checkout"
	run "$ci/cron.sh" "$T/checkout"
	[ "$status" -eq 0 ] || fail "$output"
	[[ $output == *"@sha256:"*' was built from '* ]] || fail "$output"
	ocifp_run exists
	assert_status 0
	run "$ci/cron.sh" "$T/checkout"
	[ "$status" -eq 0 ] || fail "$output"
	assert_equal "$output" ''
	echo changed >>Dockerfile
	printf '#!/bin/sh\necho broken >&2\nexit 1\n' >build.sh
	git commit -qam two
	run "$ci/cron.sh" "$T/checkout"
	[ "$status" -eq 1 ]
	[[ $output == *broken* ]] || fail "$output"
	stop reg
	echo 'echo built >>"'"$T/built"'"' >build.sh
	git commit -qam three
	run "$ci/cron.sh" "$T/checkout"
	[ "$status" -eq 5 ] || fail "$output"
	[ ! -e "$T/built" ] || fail 'it was built though nobody knows that it is absent'
}

# guide SECTION: the example of a section of ocifp-cache(7)
guide() {
	sed -n "/^\.Ss $1\$/,/^\.Ed/p" "$ci/../../man/ocifp-cache.7" | sed '1,/^\.Bd/d; /^\.Ed/d'
}

# commands FILTER: those of a section on stdin, as the system gives them to a shell
commands() {
	python3 -c 'import json, sys, yaml; print(json.dumps(yaml.safe_load(sys.stdin)))' | jq -r "$1"
}

# cache_job NAME=VALUE...: $T/script in a fresh clone, on a machine whose disk is empty
cache_job() {
	rm -rf "$T/desk" "$T/store"
	git clone -q "$T/origin" "$T/desk"
	status=0
	(cd "$T/desk" && env OCIFP_STORE="$T/store" RUNNER_TEMP="$T/store" "$@" sh -e "$T/script") >"$T/said" 2>&1 3>&- || status=$?
	said=$(cat "$T/said")
	[ "$status" -eq 0 ] || fail "$said"
}

# cargo_project: a crate with a test, in $T/origin
cargo_project() {
	find_cargo
	mkdir -p "$T/origin/src" && cd "$T/origin" || return
	printf '[package]\nname = "app"\nversion = "0.1.0"\nedition = "2021"\n' >Cargo.toml
	printf 'pub fn two() -> u32 { 2 }\n#[test]\nfn is_two() { assert_eq!(two(), 2) }\n' >src/lib.rs
	echo 'fn main() { println!("{}", app::two()) }' >src/main.rs
	echo target >.gitignore
	cat >.ocifp.yaml
	cargo generate-lockfile -q
	git init -q -b main . && git add . && git commit -qm one
}

# assert_cached NAME=VALUE...: a job of the default branch saves what the next one restores
assert_cached() {
	cache_job "$@"
	[[ $said == *'cache target: miss'*'Compiling app'*'test is_two ... ok'*'cache target: saved'* ]] || fail "$said"
	cache_job "$@"
	[[ $said == *'cache target: same sources'*'6 sources unchanged, 0 changed'*'test is_two ... ok'*'cache target: nothing new to save'* ]] || fail "$said"
}

@test "the guide for GitLab CI: what one job saves the next one has" {
	cargo_project <<-'YAML'
		version: 1
		caches:
		  target: {preset: cargo}
	YAML
	guide 'GitLab CI' | commands '.build.script[]' >"$T/script"
	assert_equal "$(wc -l <"$T/script")" 3
	assert_cached GITLAB_CI=true CI_DEFAULT_BRANCH=main CI_COMMIT_BRANCH=main CI_PIPELINE_SOURCE=push \
		CI_PROJECT_ID=1 CI_JOB_NAME=build CI_REGISTRY_IMAGE="$reg_host/group/app"
}

@test "the guide for Forgejo: what one job saves the next one has, and its token stays at home" {
	cargo_project <<-YAML
		version: 1
		$(guide Forgejo | sed "s|codeberg.org|$reg_host|")
	YAML
	guide "Any CI that sets GitHub's variables" | commands '.[].run' >"$T/script"
	assert_equal "$(wc -l <"$T/script")" 3
	echo '{"repository": {"default_branch": "main"}}' >"$T/event"
	assert_cached GITHUB_ACTIONS=true FORGEJO_ACTIONS=true GITHUB_SERVER_URL=https://forge.example GITHUB_TOKEN=secret \
		GITHUB_REPOSITORY=owner/app GITHUB_EVENT_PATH="$T/event" GITHUB_EVENT_NAME=push GITHUB_REF=refs/heads/main \
		GITHUB_JOB=build GITHUB_OUTPUT="$T/output" GITHUB_STEP_SUMMARY="$T/summary"
	! grep -q secret "$T/reg.out" || fail 'the token went to another host'
}
