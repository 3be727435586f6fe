#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The workflow and the action of .github, their steps run as a runner runs them.

load ../lib/rig

setup() {
	need python3 jq curl docker-registry make ocifp
	need python3_yaml
	rig_setup
	start_registry reg
	top=$(cd "$RIG_TESTS/.." && pwd)
	workflow=$top/.github/workflows/base-image.yml
	action=$top/.github/actions/ocifp
	program=$(command -v ocifp)
}

teardown() {
	rig_teardown
}

# runner NAME JOB [OPTION...]: on a machine of its own, whose cache has the program.
runner() {
	local name=$1 job=$2
	shift 2
	mkdir -p "$T/$name"
	keep_program "$T/$name"
	OCIFP_STORE=$T/$name/store python3 "$RIG_LIB/actions.py" job "$workflow" "$job" \
		--repository "$top" --temp "$T/$name" "$@" 3>&-
}

# What actions/cache would bring: the program that is being tested.
keep_program() {
	: >"$1/key"
	RUNNER_TOOL_CACHE=$1/tools GITHUB_OUTPUT=$1/key "$action/install" key
	local kept
	kept=$1/cache/$(sed -n 's/^key=//p' "$1/key")
	mkdir -p "$kept/bin"
	printf '#!/bin/sh\nexec "%s" "$@"\n' "$program" >"$kept/bin/ocifp"
	chmod +x "$kept/bin/ocifp"
}

matrix() {
	printf '{"platform": "%s", "runner": "some"}' "$1"
}

@test "no expression in a script, least permissions, pinned actions, time limits" {
	run python3 "$RIG_LIB/actions.py" lint "$top"/.github/actions/*/action.yml "$top"/.github/workflows/*.yml
	[ "$status" -eq 0 ] || fail "$output"
	printf 'permissions: {}\njobs: {a: {permissions: {}, timeout-minutes: 1, steps: [{run: "echo ${{ inputs.a }}"}]}}\n' >bad.yml
	run python3 "$RIG_LIB/actions.py" lint bad.yml
	[ "$status" -eq 1 ]
	local action
	for action in actions/checkout@v4 actions/checkout@main other/ocifp/.github/actions/ocifp@main; do
		printf 'permissions: {}\njobs: {a: {permissions: {}, timeout-minutes: 1, steps: [{uses: %s}]}}\n' \
			"$action" >bad.yml
		run python3 "$RIG_LIB/actions.py" lint bad.yml
		[ "$status" -eq 1 ] || fail "taken: $action"
	done
}

@test "the action names the commands that its script knows, each once" {
	local commands documented refused
	commands=$(sed -n '/^case $INPUT_COMMAND in/,/^\*)/s/^\([a-z-]*\)) .*\|^\([a-z-]*\))$/\1\2/p' "$action/run" | sort -u | xargs)
	documented=$(python3 -c 'import sys, yaml; print(yaml.safe_load(open(sys.argv[1]))["inputs"]["command"]["description"])' \
		"$action/action.yml")
	refused=$(INPUT_COMMAND=none "$action/run") && fail 'an unknown command is taken'
	assert_equal "$(tr -d , <<<"${documented%%;*}" | sed 's/ or / /' | xargs -n1 | sort | xargs)" "$commands"
	assert_equal "$(sed -e 's/.*expected //' -e 's/,//g' -e 's/ or / /' <<<"$refused" | xargs -n1 | sort | xargs)" "$commands"
}

@test "the key that signs is in one job, which runs no command of the project" {
	python3 - "$workflow" <<-'PY'
		import json, sys, yaml
		jobs = yaml.safe_load(open(sys.argv[1], encoding="utf-8"))["jobs"]
		keyed = [name for name, job in jobs.items() if "secrets.signing-key" in json.dumps(job)]
		assert keyed == ["publish"], keyed
		commands = [step.get("with", {}).get("command") for step in jobs["publish"]["steps"]]
		assert "ensure" not in commands, commands
	PY
}

# install_release: the steps of the action, with the release that $T/action/release names
install_release() {
	mkdir -p "$T/temp"
	: >"$T/path"
	RUNNER_TOOL_CACHE=$T/tools RUNNER_TEMP=$T/temp GITHUB_PATH=$T/path \
		OCIFP_RELEASES=${mirror:-file://$T/releases} split_run "$T/action/.github/actions/ocifp/install" program
}

@test "the action installs the release that it names by its sum, and never another file" {
	local version name file
	version=$(ocifp version --json | jq -r .version)
	file=ocifp-linux-$(dpkg --print-architecture)
	cd "$T"
	mkdir -p action "releases/v$version"
	cp -R "$top/.github" "$top/configure.ac" action
	printf '#!/bin/sh\necho "released $*"\n' >"releases/v$version/$file"
	printf '%s\n%s  %s\n' "$version" "$(sha256sum <"releases/v$version/$file" | cut -d ' ' -f 1)" "$file" \
		>action/.github/actions/ocifp/release
	install_release
	assert_status 0
	assert_stdout 'released version'
	assert_equal "$(cat path)" "$T/tools/ocifp/$version/bin"
	# An earlier job could have put other programs into the cache.
	for name in ocifp jq; do
		printf '#!/bin/sh\ntouch "%s/pwned"\n' "$T" >"tools/ocifp/$version/bin/$name"
		install_release
		assert_status 0
		assert_stdout 'released version'
		assert_equal "$(ls "tools/ocifp/$version/bin")" ocifp
		[ ! -e pwned ]
	done
	# By http from a mirror it is one request, and none when it is there.
	rm -r tools
	local mirror
	mirror=http://127.0.0.1:$(free_port)
	(cd releases && exec python3 -m http.server "${mirror##*:}" --bind 127.0.0.1 2>"$T/mirror.log") 3>&- &
	echo $! >"$T/pids/mirror"
	curl -fsS --retry 50 --retry-delay 1 --retry-connrefused "$mirror/v$version/$file" >/dev/null
	install_release
	assert_status 0
	install_release
	assert_status 0
	assert_equal "$(grep -c GET "$T/mirror.log")" 2
	rm -r tools
	echo '# changed' >>"releases/v$version/$file"
	install_release
	assert_status 1
	[ ! -e "tools/ocifp/$version/bin/ocifp" ]
}

@test "actionlint has nothing to say" {
	need_peer actionlint
	mkdir -p repository && cp -r "$top/.github" repository/ && cd repository && mkdir .git
	run actionlint -shellcheck= -pyflakes=
	[ "$status" -eq 0 ] || fail "$output"
}

@test "zizmor has nothing to say" {
	need_peer zizmor
	run zizmor --offline "$top/.github"
	[ "$status" -eq 0 ] || fail "$output"
}

@test "absent: asked, built by a runner for each platform, joined; then present, and no more jobs" {
	make_project
	runner ask ask >"$T/asked" 2>"$T/log" || fail "$(cat "$T/log")"
	assert_equal "$(jq -c '.outputs | del(.runners)' "$T/asked")" "$(jq -nc --arg image "$reg_host/app" \
		--arg tag "$(image_tag)" --arg fingerprint "$(ocifp fingerprint --length 64)" \
		'{present: "false", image: $image, tag: $tag, digest: "", fingerprint: $fingerprint}')"
	assert_equal "$(jq -r '.outputs.runners | fromjson | map(.platform) | join(" ")' "$T/asked")" \
		'linux/amd64 linux/arm64'
	local needs
	needs=$(jq -c '{ask: .}' "$T/asked")
	runner one build --needs "$needs" --matrix "$(matrix linux/amd64)" >"$T/built-1" 2>"$T/log-1" &
	runner two build --needs "$needs" --matrix "$(matrix linux/arm64)" >"$T/built-2" 2>"$T/log-2" ||
		fail "$(cat "$T/log-2")"
	wait $! || fail "$(cat "$T/log-1")"
	assert_equal "$(sort "$T/builds" | xargs)" 'linux/amd64 linux/arm64'
	needs=$(jq -sc '{ask: .[0], build: .[1]}' "$T/asked" "$T/built-1")
	runner three publish --needs "$needs" >"$T/published" 2>"$T/log" || fail "$(cat "$T/log")"
	assert_equal "$(raw app "$(image_tag)" | jq -r '[.manifests[].platform.architecture] | sort | join(" ")')" \
		'amd64 arm64 unknown'
	assert_equal "$(jq -c .outputs "$T/published")" "$(jq -nc --arg image "$reg_host/app" \
		--arg digest "$(raw app "$(image_tag)" | digest_of)" '{image: $image, digest: $digest}')"
	runner ask ask >"$T/asked" 2>"$T/log" || fail "$(cat "$T/log")"
	assert_equal "$(jq -r .outputs.present "$T/asked")" true
	assert_equal "$(jq -r .outputs.digest "$T/asked")" "$(jq -r .outputs.digest "$T/published")"
	runner one build --needs "$(jq -c '{ask: .}' "$T/asked")" >"$T/built"
	jq -e .skipped "$T/built" >/dev/null
	runner one publish --needs "$(jq -sc '{ask: .[0], build: .[1]}' "$T/asked" "$T/built")" >"$T/published"
	jq -e .skipped "$T/published" >/dev/null
}

@test "with a signing key what was built is signed by the job that joins it" {
	need openssl
	openssl genpkey -algorithm ed25519 -out "$T/key"
	openssl pkey -in "$T/key" -pubout -out ci.pub
	make_project 'require: [signature]' 'signed_by: [ci.pub]'
	local needs platform
	runner ask ask >"$T/asked" 2>"$T/log" || fail "$(cat "$T/log")"
	needs=$(jq -c '{ask: .}' "$T/asked")
	for platform in linux/amd64 linux/arm64; do
		runner "${platform#*/}" build --needs "$needs" --matrix "$(matrix $platform)" \
			>"$T/built" 2>"$T/log" || fail "$(cat "$T/log")"
	done
	needs=$(jq -sc '{ask: .[0], build: .[1]}' "$T/asked" "$T/built")
	# Without the key nothing is published.
	runner keyless publish --needs "$needs" >"$T/published" 2>"$T/log" && fail 'joined unsigned'
	runner three publish --needs "$needs" --secrets "$(jq -nc --rawfile key "$T/key" '{"signing-key": $key}')" \
		>"$T/published" 2>"$T/log" || fail "$(cat "$T/log")"
	refute_key_in "$T/log"
	ocifp_run verify
	assert_status 0
	ocifp_run ensure --no-build --platform linux/arm64
	assert_status 0
	runner ask ask >"$T/asked" 2>"$T/log" || fail "$(cat "$T/log")"
	assert_equal "$(jq -r .outputs.digest "$T/asked")" "$(jq -r .outputs.digest "$T/published")"
}

refute_key_in() {
	! grep -qF "$(sed -n 2p "$T/key")" "$1" || fail "the key is in the log"
}

# The job of a workflow that builds with make between a restore and a save.
cached_job() {
	cat >"$T/cached.yml" <<-'YML'
		permissions: {}
		jobs:
		  build:
		    permissions: {packages: write}
		    timeout-minutes: 5
		    outputs: {hit: "${{ steps.cache.outputs.hit }}"}
		    steps:
		      - {uses: ocifp/ocifp/.github/actions/ocifp@main}
	YML
	cat >>"$T/cached.yml"
	git clone -q "$T/origin" "$T/desk"
	(cd "$T/desk" && workflow=$T/cached.yml runner "$@") 3>&-
	rm -rf "$T/desk"
}

@test "a job's caches are restored, and saved when it succeeded, by one step or by two" {
	need git node
	export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1
	mkdir "$T/origin" && cd "$T/origin"
	printf 'version: 1\ncaches:\n  out: {paths: [out], key: [Makefile], repository: %s/caches}\n' \
		"$reg_host" >.ocifp.yaml
	printf 'out/a: a\n\tmkdir -p out; cp a out/a; echo built >>built\n' >Makefile
	echo a >a
	printf 'out\nbuilt\n' >.gitignore
	git init -q && git add . && git -c user.name=a -c user.email=a@b commit -qm first
	cd "$T"
	cached_job one build <<-'YML' >"$T/one.json" 2>"$T/log" || fail "$(cat "$T/log")"
		      - {id: cache, uses: ocifp/ocifp/.github/actions/cache@main, with: {cache: out}}
		      - {run: make}
	YML
	assert_equal "$(jq -r .outputs.hit "$T/one.json")" miss
	cached_job two build <<-'YML' >"$T/two.json" 2>"$T/log" || fail "$(cat "$T/log")"
		      - id: cache
		        uses: ocifp/ocifp/.github/actions/ocifp@main
		        with: {command: cache-restore, cache: out}
		      - {run: make && test ! -e built}
		      - uses: ocifp/ocifp/.github/actions/ocifp@main
		        with: {command: cache-save}
	YML
	assert_equal "$(jq -r .outputs.hit "$T/two.json")" exact
}

@test "a pull request builds what is absent, pushes nothing and joins nothing" {
	make_project
	local needs='{"ask": {"outputs": {"present": "false", "runners": "[]"}}}'
	runner one build --event pull_request --ref refs/pull/1/merge --needs "$needs" \
		--matrix "$(matrix linux/amd64)" >"$T/built" 2>"$T/log" || fail "$(cat "$T/log")"
	assert_builds linux/amd64
	assert_equal "$(registry_requests reg 'PUT|POST|PATCH' /v2/)" 0
	assert_equal "$(jq -r .outputs.pushed "$T/built")" ""
	runner one publish --event pull_request --ref refs/pull/1/merge \
		--needs "$(jq -c --argjson needs "$needs" '$needs + {build: .}' "$T/built")" >"$T/published"
	jq -e .skipped "$T/published" >/dev/null
}

# publish_as EVENT REF PAYLOAD NUMBER: the workflow's three jobs; where they pushed manifests to
publish_as() {
	local event=(--event "$1" --ref "$2" --payload "$3") needs before
	echo "RUN $4" >>Dockerfile
	before=$(wc -l <"$T/reg.out")
	runner "ask-$4" ask "${event[@]}" >"$T/asked" 2>"$T/log" || fail "$1: $(cat "$T/log")"
	assert_equal "$(jq -r .outputs.present "$T/asked")" false
	needs=$(jq -c '{ask: .}' "$T/asked")
	runner "build-$4" build "${event[@]}" --needs "$needs" --matrix "$(matrix linux/amd64)" >"$T/built" 2>"$T/log" ||
		fail "$1: $(cat "$T/log")"
	needs=$(jq -sc '{ask: .[0], build: .[1]}' "$T/asked" "$T/built")
	runner "publish-$4" publish "${event[@]}" --needs "$needs" >"$T/published" 2>"$T/log" || fail "$1: $(cat "$T/log")"
	sleep 0.1
	tail -n +$((before + 1)) "$T/reg.out" | sed -nE 's#.*"(PUT|POST|PATCH) /v2/([^/]*)/.*#\2#p' | sort -u | xargs >"$T/places"
}

@test "each event: its jobs build what is absent, and push to the place that the table names" {
	make_project "pull_requests: $reg_host/app-pr"
	local push own fork event ref payload place number=0
	push='{"repository": {"default_branch": "main"}}'
	own=$(jq -nc '{repository: {default_branch: "main"}, pull_request: {number: 7, base: {ref: "main",
		repo: {full_name: "owner/name"}}, head: {ref: "topic", repo: {full_name: "owner/name"}}}}')
	fork=$(jq -c '.pull_request.head.repo.full_name = "stranger/name"' <<<"$own")
	while read -r event ref payload place; do
		number=$((number + 1))
		publish_as "$event" "refs/$ref" "${!payload}" "$number"
		assert_equal "$event $ref $payload: $(cat "$T/places")" "$event $ref $payload: $place"
		# What was pushed is joined, and is the job's output; else there is none.
		assert_equal "$(jq -r '.outputs.image // ""' "$T/published")" "${place:+$reg_host/$place}"
	done <<-END
		push heads/main push app
		push heads/topic push
		push tags/v1 push
		schedule heads/main push app
		workflow_dispatch heads/main push app
		merge_group heads/gh-readonly-queue/main/pr-7-0123 push app
		pull_request pull/7/merge own app-pr
		pull_request pull/7/merge fork
		pull_request_target heads/main own
		pull_request_target heads/main fork
		workflow_run heads/main push
		release tags/v1 push
	END
	assert_equal "$(wc -l <"$T/builds")" 12
}

@test "a fork's pull request: its jobs run in the layout that the build left, and nothing is pushed" {
	need engine
	mkdir "$T/desk" "$T/artifacts" && cd "$T/desk"
	busybox_root "$T/desk/rootfs"
	cat >.ocifp.yaml <<-END
		version: 1
		images:
		  ci:
		    repository: $reg_host/ci
		    inputs: [rootfs]
		    build: ocifp append --platform "\$OCIFP_PLATFORMS" -o "oci:\$OCIFP_OUTPUT" rootfs
	END
	# What the manual says, as it stands there.
	{
		printf 'permissions: {}\njobs:\n'
		sed -n '/^#       test-of-a-fork:/,/^#           - run: ocifp/s/^#     //p' "$workflow"
	} | sed "s/make test/sh -ec 'cat made; touch tested'/" >"$T/fork.yml"
	echo '{"repository": {"default_branch": "main"}, "pull_request": {"number": 7, "base": {"repo": {"full_name": "owner/name"}},
		"head": {"ref": "main", "repo": {"full_name": "stranger/name"}}}}' >"$T/event.json"
	export ARTIFACTS=$T/artifacts
	local fork=(--event pull_request --ref refs/pull/7/merge --payload "$(cat "$T/event.json")")
	runner one build "${fork[@]}" --needs '{"ask": {"outputs": {"present": "false", "runners": "[]"}}}' \
		--matrix "$(matrix linux/amd64)" >"$T/built" 2>"$T/log" || fail "$(cat "$T/log")"
	assert_equal "$(jq -r .outputs.pushed "$T/built")" ''
	assert_equal "$(ls "$T/artifacts")" artifact-ocifp-image-linux-amd64
	mkdir "$T/other" && cd "$T/other"
	echo sources >made
	workflow=$T/fork.yml runner two test-of-a-fork "${fork[@]}" --needs '{"image": {"outputs": {"digest": ""}}}' \
		>"$T/tested" 2>"$T/log" || fail "$(cat "$T/log")"
	grep -qx sources "$T/log" || fail "$(cat "$T/log")"
	[ -e tested ]
	assert_equal "$(registry_requests reg 'PUT|POST|PATCH' /v2/)" 0
}

@test "a pull request of this repository has its image where the project says, joined and not signed" {
	need openssl
	openssl genpkey -algorithm ed25519 -out "$T/key"
	mkdir sub && cd sub
	make_project "pull_requests: $reg_host/app-pr"
	cd ..
	local needs payload inputs='{"directory": "sub"}' platform event
	payload=$(jq -nc '{repository: {default_branch: "main"}, pull_request: {number: 7, base: {ref: "main",
		repo: {full_name: "owner/name"}}, head: {ref: "topic", repo: {full_name: "owner/name"}}}}')
	event=(--event pull_request --ref refs/pull/7/merge --payload "$payload" --inputs "$inputs"
		--secrets "$(jq -nc --rawfile key "$T/key" '{"signing-key": $key}')")
	runner ask ask "${event[@]}" >"$T/asked" 2>"$T/log" || fail "$(cat "$T/log")"
	assert_equal "$(jq -r .outputs.present "$T/asked")" false
	needs=$(jq -c '{ask: .}' "$T/asked")
	for platform in linux/amd64 linux/arm64; do
		runner "${platform#*/}" build "${event[@]}" --needs "$needs" --matrix "$(matrix $platform)" \
			>"$T/built" 2>"$T/log" || fail "$(cat "$T/log")"
	done
	assert_equal "$(jq -r .outputs.pushed "$T/built")" true
	needs=$(jq -sc '{ask: .[0], build: .[1]}' "$T/asked" "$T/built")
	runner three publish "${event[@]}" --needs "$needs" >"$T/published" 2>"$T/log" || fail "$(cat "$T/log")"
	assert_equal "$(jq -r .outputs.image "$T/published")" "$reg_host/app-pr"
	ocifp_run tags "$reg_host/app-pr"
	refute_stderr_has sig
	[[ $stdout != *.sig* ]] || fail "a pull request's image is signed" "$stdout"
	assert_equal "$(registry_requests reg 'PUT|POST|PATCH' /v2/app/)" 0
	# Its jobs find it; the default branch does not.
	runner ask ask "${event[@]}" >"$T/asked" 2>"$T/log" || fail "$(cat "$T/log")"
	assert_equal "$(jq -r '.outputs.present + " " + .outputs.image' "$T/asked")" "true $reg_host/app-pr"
	runner ask ask --inputs "$inputs" >"$T/asked" 2>"$T/log" || fail "$(cat "$T/log")"
	assert_equal "$(jq -r .outputs.present "$T/asked")" false
}

@test "no answer is no absence: the job fails, and nothing is built" {
	make_project
	stop reg
	local status=0
	runner ask ask >"$T/asked" 2>"$T/log" || status=$?
	assert_equal "$status" 5
	assert_builds
}

@test "an input is an argument, whatever it is" {
	make_project
	local hostile status
	for hostile in '$(touch pwned)' '; touch pwned' '--help' "a'b" $'x\ntouch pwned'; do
		status=0
		runner ask ask --inputs "$(jq -nc --arg image "$hostile" '{image: $image}')" 2>"$T/log" || status=$?
		[ "$status" -eq 2 ] || fail "taken: $hostile" "$(cat "$T/log")"
	done
	[ ! -e pwned ]
	status=0
	INPUT_COMMAND='ensure; touch pwned' "$action/run" || status=$?
	assert_equal "$status" 2
}

@test "caches are named on one line or on several" {
	mkdir "$T/words"
	printf '#!/bin/sh\nprintf "%%s " "$@"\n' >"$T/words/ocifp" && chmod +x "$T/words/ocifp"
	for names in 'target  cargo' $'target\n cargo\n'; do
		assert_equal "$(PATH=$T/words:$PATH INPUT_COMMAND=cache-restore INPUT_DIRECTORY=. INPUT_REGISTRY='' INPUT_CACHE=$names \
			"$action/run")" 'cache restore --directory . -- target cargo '
	done
}

@test "push and pull are steps too" {
	make_project
	mkimage image layout made --platform linux/amd64 --platform linux/arm64 >/dev/null
	cat >steps.yml <<-'YAML'
		jobs:
		  a:
		    steps:
		      - id: push
		        uses: ocifp/ocifp/.github/actions/ocifp@main
		        with: {command: push, source: 'oci:layout:made'}
		      - id: pull
		        uses: ./.github/actions/ocifp
		        with: {command: pull, output: 'oci:out', platforms: linux/arm64}
		      - id: fingerprint
		        uses: ./.github/actions/ocifp
		        with: {command: fingerprint}
		    outputs:
		      pushed: ${{ steps.push.outputs.pushed }}
		      digests: ${{ steps.push.outputs.digest == steps.pull.outputs.digest }}
		      tag: ${{ steps.fingerprint.outputs.tag }}
	YAML
	workflow=steps.yml
	runner one a >"$T/told" 2>"$T/log" || fail "$(cat "$T/log")"
	assert_equal "$(jq -c .outputs "$T/told")" "{\"pushed\":\"true\",\"digests\":\"true\",\"tag\":\"$(image_tag)\"}"
	[ -e out/oci-layout ]
}

@test "copy, lock, why and verify are steps, after a login to any registry" {
	need htpasswd openssl
	start_registry closed htpasswd
	make_project
	ocifp ensure --push always >/dev/null 2>&1 3>&-
	openssl ecparam -name prime256v1 -genkey -noout -out key.pem
	openssl ec -in key.pem -pubout -out public.pem 2>/dev/null
	export DOCKER_CONFIG=$T/docker
	cat >steps.yml <<-YAML
		jobs:
		  a:
		    steps:
		      - uses: ./.github/actions/ocifp
		        with: {command: copy, source: '$reg_host/app:$(image_tag)', image: '$closed_host/copy:1', registry: '$closed_host', username: tester, password: s3cret}
		      - uses: ./.github/actions/ocifp
		        with: {command: lock}
		      - uses: ./.github/actions/ocifp
		        with: {command: lock, check: 'true'}
		      - uses: ./.github/actions/ocifp
		        with: {command: why, against: '$(image_tag)'}
		      - uses: ./.github/actions/ocifp
		        with: {command: verify, key: public.pem}
	YAML
	workflow=steps.yml
	local status=0
	runner one a >"$T/told" 2>"$T/log" || status=$?
	assert_equal "$status" 9 # nobody signed it
	grep -q 'not signed' "$T/log" || fail "$(cat "$T/log")"
	grep -q 'nothing differs' "$T/log" || fail "$(cat "$T/log")"
	[ -e .ocifp.lock ]
	ocifp_run exists "$closed_host/copy:1"
	assert_status 0
}

@test "copy, sign and verify tell a step their image: outputs, and a row of the summary" {
	need openssl
	make_project
	ocifp ensure --push always >/dev/null 2>&1 3>&-
	local words digest
	openssl ecparam -name prime256v1 -genkey -noout -out key.pem
	openssl ec -in key.pem -pubout -out public.pem 2>/dev/null
	for words in "copy $reg_host/app:$(image_tag) $reg_host/copied:1" "sign --key key.pem $reg_host/copied:1" \
		"verify --key public.pem $reg_host/copied:1"; do
		: >"$T/outputs"
		: >"$T/summary"
		# shellcheck disable=SC2086
		GITHUB_ACTIONS=true GITHUB_OUTPUT=$T/outputs GITHUB_STEP_SUMMARY=$T/summary ocifp_run $words
		assert_status 0
		digest=$(raw copied 1 | digest_of)
		assert_equal "$(sed -n '/^image</{n;p}' "$T/outputs")" "$reg_host/copied"
		assert_equal "$(sed -n '/^digest</{n;p}' "$T/outputs")" "$digest"
		grep -qF "| \`$reg_host/copied\` | \`1\` | \`$digest\` |" "$T/summary" || fail "$(cat "$T/summary")"
	done
}

@test "prune is a step that lists what no branch needs, and deletes it when told" {
	need git
	git_of_its_own
	make_project
	git init -q -b main . && git add . && git commit -qm one
	git clone -q --bare . "$T/origin.git" && git remote add origin "$T/origin.git"
	ocifp ensure --push always >/dev/null 2>&1 3>&-
	local old
	old=$(image_tag)
	echo 'RUN more' >>Dockerfile
	git commit -qam two && git push -q origin main 2>/dev/null
	ocifp ensure --push always >/dev/null 2>&1 3>&-
	workflow=steps.yml
	printf 'jobs: {a: {steps: [{uses: ./.github/actions/ocifp, with: {command: prune, delete: "%s"}}]}}\n' false >steps.yml
	runner one a >"$T/told" 2>"$T/log" || fail "$(cat "$T/log")"
	grep -q "$old" "$T/log" || fail "$(cat "$T/log")"
	ocifp_run exists "$reg_host/app:$old"
	assert_status 0
	sed -i 's/"false"/"true"/' steps.yml
	runner two a >"$T/told" 2>"$T/log" || fail "$(cat "$T/log")"
	ocifp_run exists "$reg_host/app:$old"
	[ "$status" -eq 3 ] || fail "$(cat "$T/log")"
	ocifp_run exists
	assert_status 0
}

@test "run and unpack are steps; where namespaces are refused a profile is loaded, or it is said" {
	need engine busybox
	make_project
	mkdir -p root/bin && cp "$(command -v busybox)" root/bin/sh
	ocifp_run append -o "oci:$T/lay:busy" root:/
	assert_status 0
	cat >steps.yml <<-YAML
		jobs:
		  a:
		    steps:
		      - uses: ./.github/actions/ocifp
		        with: {command: unpack, image: 'oci:$T/lay:busy', output: tree}
		      - uses: ./.github/actions/ocifp
		        with: {command: run, image: 'oci:$T/lay:busy', run: 'echo "in \$((40 + 2))"'}
	YAML
	workflow=steps.yml
	runner one a >"$T/told" 2>"$T/log" || fail "$(cat "$T/log")"
	[ -x tree/bin/sh ]
	grep -q '^in 42$' "$T/log" || fail "$(cat "$T/log")"
}

@test "the profile is for the installed path alone, and without sudo there is a hint" {
	mkdir -p "$T/bin" "$T/tools/bin"
	echo 1 >"$T/rule"
	printf '#!/bin/sh\necho 1000\n' >"$T/bin/id"
	printf '#!/bin/sh\n[ "$1" = -n ] && shift\nexec "$@"\n' >"$T/bin/sudo"
	printf '#!/bin/sh\ncat >%s\n' "$T/profile" >"$T/bin/apparmor_parser"
	printf '#!/bin/sh\necho "ran $*"\n' >"$T/tools/bin/ocifp"
	chmod +x "$T/bin/"* "$T/tools/bin/ocifp"
	local name
	for name in COMMAND IMAGE DIRECTORY PLATFORMS PLATFORM_TAG PUSH WAIT PARTIAL SOURCE OUTPUT SIGNING_KEY CACHE RUN \
		AGAINST KEY CHECK DELETE REGISTRY USERNAME PASSWORD; do
		export "INPUT_$name="
	done
	export INPUT_COMMAND=unpack INPUT_IMAGE=ci INPUT_OUTPUT=tree OCIFP_APPARMOR_RULE=$T/rule
	PATH=$T/bin:$T/tools/bin:$PATH run "$action/run"
	[ "$status" -eq 0 ] || fail "$output"
	[[ $output == *"profile that allows user namespaces to '$T/tools/bin/ocifp'"*'ran unpack -- ci tree'* ]] || fail "$output"
	grep -qF "profile ocifp-action \"$T/tools/**\" flags=(unconfined)" "$T/profile"
	printf '#!/bin/sh\nexit 1\n' >"$T/bin/sudo"
	PATH=$T/bin:$T/tools/bin:$PATH run "$action/run"
	[ "$status" -eq 0 ] || fail "$output"
	[[ $output == '::notice::ocifp: this runner refuses user namespaces'* ]] || fail "$output"
}

# As a user's, not as a part of the make that runs the tests.
make_quietly() {
	env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL make -s "$@" 3>&-
}

@test "ocifp.mk: the tag, and the image in the store" {
	make_project 'platforms: [linux/amd64, linux/arm64]'
	cp "$top/contrib/ocifp.mk" ocifp.mk
	echo 'include ocifp.mk' >Makefile
	assert_equal "$(make_quietly fingerprint)" "$(image_tag)"
	make_quietly ensure OCIFP_FLAGS='--push always' >"$T/stdout" 2>"$T/stderr"
	assert_equal "$(cat "$T/stdout")" "$reg_host/app@$(raw app "$(image_tag)" | digest_of)"
}

@test "the image of this project's own CI: a valid file whose fingerprint is known" {
	cd "$top" || return 1
	GITHUB_REPOSITORY=owner/name ocifp_run fingerprint --explain
	assert_status 0
	grep -q 'contrib/ci-image$' "$T/stdout"
	contrib/ci-image packages >"$T/packages"
	grep -qw gcc "$T/packages"
	grep -qw bats "$T/packages"
	grep -Eqx '[a-z0-9.+ -]+' "$T/packages"
}
