#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The smart pull, end to end, on a real registry: ask, build only what is proven absent, push, pull.

load ../lib/rig

setup() {
	need python3 jq curl docker-registry ocifp
	rig_setup
	start_registry reg
}

teardown() {
	rig_teardown
}

ensure() {
	ocifp_run ensure "$@"
}

@test "absent, built, pushed, pulled; the second time it is one request and no build" {
	make_project
	ocifp_run exists
	assert_failed 3
	ensure --push always
	assert_status 0
	local resolved=$stdout before
	[[ $resolved == "$reg_host/app@sha256:"* ]] || fail "not a reference with its digest" "$told"
	assert_equal "$(raw app "$(image_tag)" | digest_of)" "${resolved#*@}"
	assert_builds linux/amd64,linux/arm64
	before=$(asked reg)
	ensure --push always
	assert_status 0
	assert_stdout "$resolved"
	assert_equal $(($(asked reg) - before)) 1
	new_store
	ensure
	assert_status 0
	assert_stdout "$resolved"
	before=$(asked reg)
	ensure
	assert_status 0
	assert_equal $(($(asked reg) - before)) 1
	assert_builds linux/amd64,linux/arm64
	assert_sound_store
}

@test "what is published: our index, its annotations, the list of inputs, the children as they were" {
	make_project
	ensure --push always
	assert_status 0
	raw app "$(image_tag)" >"$T/index"
	local fingerprint inputs
	fingerprint=$(ocifp fingerprint --length 64 3>&-)
	assert_equal "$(jq -r '.annotations["dev.ocifp.fingerprint"]' "$T/index")" "$fingerprint"
	assert_equal "$(jq -r '.annotations["dev.ocifp.scheme"]' "$T/index")" tree
	assert_equal "$(jq -r '[.manifests[].platform | .os + "/" + .architecture] | join(" ")' "$T/index")" \
		'linux/amd64 linux/arm64 unknown/unknown'
	inputs=$(jq -r '.manifests[2].digest' "$T/index")
	assert_equal "$(raw app "$inputs" | jq -r '.artifactType, .layers[0].digest' | xargs)" \
		"application/vnd.ocifp.inputs.v1 sha256:$fingerprint"
	assert_equal "$(curl -sf "http://$reg_host/v2/app/blobs/sha256:$fingerprint" | digest_of)" "sha256:$fingerprint"
	mkimage image "$T/again" built --layers 10k,20k --compress gzip --platform linux/amd64 \
		--platform linux/arm64 >"$T/again.digest"
	assert_equal "$(jq -c '[.manifests[:2][].digest]' "$T/index")" \
		"$(jq -c '[.manifests[].digest]' "$(blob_path "$T/again" "$(cat "$T/again.digest")")")"
}

@test "the build command is told all that it needs, in the project's directory" {
	need git
	make_project
	cat >.ocifp.yaml <<-YAML
		version: 1
		images:
		  my-base:
		    repository: $reg_host/base
		    inputs: [Dockerfile]
		    platforms: [linux/amd64]
		    build: ./build.sh
		  app:
		    default: true
		    repository: $reg_host/app
		    needs: [my-base]
		    inputs: [src/]
		    pin: [docker.io/library/debian:12, docker.io/library/alpine:3]
		    platforms: [linux/amd64]
		    build: pwd >$T/where; ./build.sh
	YAML
	local hex tag
	hex=$(printf %064d 1)
	cat >.ocifp.lock <<-JSON
		{"images": {}, "pins": {
		 "docker.io/library/alpine:3": "sha256:$hex",
		 "docker.io/library/debian:12": "sha256:$hex"}, "version": 1}
	JSON
	git init -q .
	mkdir below && cd below
	OCIFP_NEEDS_STRANGER=1 ensure --push always
	cd ..
	assert_status 0
	assert_equal "$(cat "$T/where")" "$T/work"
	assert_builds linux/amd64 linux/amd64
	tag=$(image_tag)
	assert_equal "$(sed -n 's/^OCIFP_REF=//p' "$T/build.env")" "$reg_host/app:$tag"
	assert_equal "$(sed -n 's/^OCIFP_FINGERPRINT=//p' "$T/build.env")" "$(ocifp fingerprint --length 64)"
	assert_equal "$(sed -n 's/^OCIFP_NEEDS_MY_BASE=//p' "$T/build.env")" \
		"$reg_host/base@$(raw base "$(image_tag my-base)" | digest_of)"
	assert_equal "$(cat "$T/build.pins")" \
		"$(printf '%s\n' "docker.io/library/alpine:3@sha256:$hex" "docker.io/library/debian:12@sha256:$hex")"
	if grep -q STRANGER "$T/build.env"; then fail "the user's OCIFP_ variables came through"; fi
	[[ $(sed -n 's/^OCIFP_OUTPUT=//p' "$T/build.env") == /* ]]
	[ ! -e "$(sed -n 's/^OCIFP_OUTPUT=//p' "$T/build.env")" ] || fail "the output was not removed"
}

@test "a build may leave what umoci, buildah and skopeo make: a layout, an oci tar, a docker tar" {
	need skopeo umoci
	umoci_image "$T/src" made
	buildah_index "$T/other" made
	make_project 'platforms: [linux/amd64]'
	local command number=0
	for command in "cp -r $T/src \$OCIFP_OUTPUT" "skopeo copy -q oci:$T/src:made oci-archive:\$OCIFP_OUTPUT:x" \
		"skopeo copy -q oci:$T/src:made docker-archive:\$OCIFP_OUTPUT:app:x" "cp -r $T/other \$OCIFP_OUTPUT"; do
		build_with <<<"$command"
		number=$((number + 1))
		echo "$number" >Dockerfile
		ensure --push always
		assert_status 0
		skopeo inspect --override-arch amd64 --override-os linux --tls-verify=false \
			"docker://$reg_host/app:$(image_tag)" | jq -e '.Layers | length >= 1' >/dev/null
		grep -q WHERE=amd64 <(skopeo inspect --config --override-arch amd64 --tls-verify=false \
			"docker://$reg_host/app:$(image_tag)")
	done
}

@test "a build command may push by itself; its image is verified and pulled" {
	need skopeo
	make_project
	build_with <<-'SH'
		layout "$TMPDIR/mine" one
		skopeo --insecure-policy copy -q --all --dest-tls-verify=false "oci:$TMPDIR/mine:one" "docker://$OCIFP_REF"
	SH
	TMPDIR=$T ensure --push always
	assert_status 0
	assert_stdout "$reg_host/app@$(mkimage digest "$T/mine" one)"
	assert_stderr_has 'has no fingerprint annotation'
	assert_builds linux/amd64,linux/arm64
}

@test "a build that leaves nothing, and a registry that has nothing either: 11" {
	make_project
	build_with <<<'echo did nothing'
	ensure --push always
	assert_failed 11
	assert_stderr_has OCIFP_OUTPUT
	assert_stderr_has 'did nothing'
	assert_stdout ''
}

@test "a build that fails: 11 with its status, and nothing is published" {
	make_project
	build_with <<-'SH'
		echo to stdout
		layout "$OCIFP_OUTPUT" one
		exit 37
	SH
	ensure --push always --status-file "$T/status.json"
	assert_failed 11
	assert_stderr_has 'status 37'
	assert_stderr_has '^to stdout'
	assert_stdout ''
	assert_equal "$(jq -r '.error | .status, .class' "$T/status.json" | xargs)" '11 build'
	ocifp_run exists
	assert_failed 3
	build_with <<<'kill -9 $$'
	ensure --push always
	assert_failed 11
	assert_sound_store
}

@test "what a killed build leaves is taken away by the next one, and no other run's" {
	make_project
	build_with <<-'SH'
		layout "$OCIFP_OUTPUT" built
		dirname "$OCIFP_OUTPUT" >>"$HOME/rooms"
		number=$(wc -l <"$HOME/rooms")
		while [ -e "$HOME/hold-$number" ]; do sleep 0.1; done
	SH
	export TMPDIR=$T/tmp
	mkdir "$TMPDIR" "$TMPDIR/another"
	if [ "$(id -u)" -eq 0 ]; then
		install -d -o 12345 "$TMPDIR/ocifp-build-theirs"
	else
		touch "$TMPDIR/ocifp-build-file"
	fi
	touch "$HOME/hold-1" "$HOME/hold-2"
	spawn killed ocifp ensure --push always --store "$T/store-killed"
	wait_for test -s "$HOME/rooms"
	kill -9 "$(cat "$T/pids/killed")"
	spawn running ocifp ensure --push always --store "$T/store-running"
	wait_for sh -c '[ "$(wc -l <"$HOME/rooms")" -eq 2 ]'
	[ -d "$(sed -n 1p "$HOME/rooms")" ] || fail "it is gone from under a build that outlived its run"
	rm "$HOME/hold-1"
	wait_for flock -n "$(sed -n 1p "$HOME/rooms")" true
	ensure --push always
	assert_status 0
	[ ! -e "$(sed -n 1p "$HOME/rooms")" ] || fail "the killed run's directory is still there"
	[ -d "$(sed -n 2p "$HOME/rooms")" ] || fail "the other run's directory is gone"
	assert_equal "$(find "$TMPDIR" -mindepth 1 -maxdepth 1 | wc -l)" 3
}

@test "inputs that change under the build: 7, and nothing is published" {
	make_project
	build_with <<-'SH'
		layout "$OCIFP_OUTPUT" one
		echo changed >>src/run.sh
	SH
	local tag
	tag=$(image_tag)
	ensure --push always
	assert_failed 7
	assert_stderr_has 'inputs changed'
	! raw app "$tag" || fail "it was published"
}

@test "a build without a wanted platform is refused" {
	make_project
	build_with <<<'OCIFP_PLATFORMS=linux/amd64; layout "$OCIFP_OUTPUT" one'
	ensure --push always
	assert_failed 8
	assert_stderr_has 'not for linux/arm64; .* each platform that \$OCIFP_PLATFORMS lists'
	! raw app "$(image_tag)" || fail "it was published"
}

@test "only the platform that is missing is built, and the other stays as it is" {
	make_project 'platforms: [linux/amd64]'
	ensure --push always
	assert_status 0
	local kept
	kept=$(raw app "$(image_tag)" | jq -r '.manifests[0].digest')
	make_project
	build_with <<<'layout "$OCIFP_OUTPUT" one --annotate different=build'
	ocifp_run exists
	assert_failed 3
	assert_stderr_has linux/arm64
	new_store
	ensure --push always
	assert_status 0
	assert_builds linux/amd64 linux/arm64
	raw app "$(image_tag)" >"$T/index"
	assert_equal "$(jq -r '.manifests[] | select(.platform.architecture == "amd64").digest' "$T/index")" "$kept"
	assert_equal "$(jq '.manifests | length' "$T/index")" 3
	ocifp_run exists
	assert_status 0
	ocifp_run pull --all
	assert_status 0
	assert_sound_store
}

@test "a platform that is listed but gone is built again" {
	make_project
	ensure --push always
	assert_status 0
	local gone
	gone=$(raw app "$(image_tag)" | jq -r '.manifests[] | select(.platform.architecture == "amd64").digest')
	curl -sf -X DELETE "http://$reg_host/v2/app/manifests/$gone"
	ocifp_run exists --deep --json
	assert_failed 3
	assert_json '.missing == ["linux/amd64"]'
	new_store
	ensure --push always --platform linux/amd64
	assert_status 0
	assert_builds linux/amd64,linux/arm64 linux/amd64
	ocifp_run exists --deep
	assert_status 0
}

# assert_push EVENT REF true|false: what --push auto does there, with an image that is new
assert_push() {
	echo "$1 $2 $RANDOM$RANDOM" >Dockerfile
	: >"$T/outputs"
	actions "$1" "$2" ensure
	assert_status 0
	assert_equal "$1 $2 $(sed -n '/^pushed</{n;p}' "$T/outputs")" "$1 $2 $3"
	if [ "$3" = true ]; then
		raw app "$(image_tag)" >/dev/null
	else
		! raw app "$(image_tag)" || fail "it was published"
		assert_stderr_has 'not pushed'
	fi
}

@test "--push auto pushes in Actions, on trusted events and refs alone" {
	make_project 'platforms: [linux/amd64]'
	assert_push push refs/heads/main true
	assert_push push refs/heads/topic false
	assert_push push refs/tags/v1 false
	assert_push schedule refs/heads/main true
	assert_push workflow_dispatch refs/heads/main true
	assert_push merge_group refs/heads/gh-readonly-queue/main/pr-1-0123456789012345678901234567890123456789 true
	assert_push pull_request refs/pull/1/merge false
	assert_push pull_request_target refs/heads/main false
	assert_push workflow_run refs/heads/main false
	make_project 'platforms: [linux/amd64]' 'push_refs: [release/*]'
	assert_push push refs/heads/main false
	assert_push push refs/heads/release/1 true
}

@test "--push always and never; outside Actions auto does not push, says so, and never answers for the registry" {
	make_project
	ensure --push never
	assert_status 0
	assert_stderr_has 'not pushed: --push never'
	ensure --rebuild
	assert_status 0
	assert_stderr_has 'not pushed: outside the CI systems that ocifp knows .use --push always.'
	assert_equal "$(wc -l <"$T/builds")" 2
	ocifp_run exists
	assert_failed 3
	ocifp_run pull
	assert_failed 3
	ocifp_run store ls
	assert_status 0
	grep -q "built:$reg_host/app:$(ocifp fingerprint --length 64)" "$T/stdout"
	actions pull_request_target refs/heads/main ensure --push always
	assert_status 0
	raw app "$(image_tag)" >/dev/null
}

@test "a push that would be refused is found out before anything is built" {
	local host=$reg_host
	start_faults reg
	make_project
	rules reg <<<'{"method": "POST", "path": "uploads", "action": {"status": 403, "json": {"errors": [{"code": "DENIED", "message": "permission_denied: write_package"}]}}}'
	ensure --push always
	assert_failed 4
	assert_stderr_has 'nothing was built'
	assert_builds
	ensure --push never
	assert_status 0
	assert_requests reg 1 POST uploads
	reg_host=$host
}

@test "an answer that is unknown builds nothing; --assume-absent is the user's word for a refusal alone" {
	start_registry closed htpasswd
	reg_host=$closed_host make_project
	ensure
	assert_failed 4
	ensure --assume-absent --push never
	assert_status 0
	assert_stderr_has 'treated as absent because of --assume-absent'
	assert_builds linux/amd64,linux/arm64
	stop closed
	ensure --assume-absent --push never
	assert_failed 5
	assert_equal "$(wc -l <"$T/builds")" 1
}

@test "--wait: another job's image is taken; without one it is built, or not with --no-build" {
	make_project
	ensure --wait 1s --no-build
	assert_failed 3
	assert_builds
	(
		sleep 2
		OCIFP_STORE=$T/another ocifp ensure --push always
	) >/dev/null 2>&1 3>&- &
	ensure --wait 40s --no-build
	wait $!
	assert_status 0
	assert_builds linux/amd64,linux/arm64
	echo changed >Dockerfile
	ensure --wait 1s
	assert_status 0
	assert_equal "$(wc -l <"$T/builds")" 2
}

@test "--no-build and --dry-run build nothing and say what is missing" {
	make_project
	ensure --no-build
	assert_failed 3
	ensure --dry-run --push always --json
	assert_status 0
	assert_json '.present == false and .built == false and .missing == ["linux/amd64", "linux/arm64"]'
	assert_stderr_has 'would be built'
	assert_builds
	assert_equal "$(registry_requests reg 'POST|PUT|PATCH' /v2/)" 0
	make_project 'build: ./build.sh'
	sed -i /build:/d .ocifp.yaml
	ensure
	assert_failed 3
	assert_stderr_has 'no `build` command'
	make_project
	ensure --push always
	local resolved=$stdout
	new_store
	ensure --dry-run
	assert_status 0
	assert_stdout "$resolved"
	[ ! -e "$OCIFP_STORE/blobs/sha256" ] || assert_equal "$(ls "$OCIFP_STORE/blobs/sha256")" ''
}

@test "--offline asks nobody: what was pulled is there, else it fails" {
	make_project
	ensure --offline
	assert_failed 5
	assert_builds
	ensure --push always
	local resolved=$stdout
	new_store
	ensure
	assert_status 0
	stop reg
	ensure --offline
	assert_status 0
	assert_stdout "$resolved"
	ocifp_run pull --offline
	assert_status 0
	assert_stdout "$resolved"
	echo changed >Dockerfile
	ensure --offline
	assert_failed 5
	assert_builds linux/amd64,linux/arm64
}

@test "fallback: a fork takes what its origin has; absence needs both" {
	make_project "repository: $reg_host/origin"
	ensure --push always
	assert_status 0
	local resolved=$stdout
	make_project "fallback: [$reg_host/origin]"
	new_store
	ensure
	assert_status 0
	assert_stdout "$resolved"
	assert_builds linux/amd64,linux/arm64
	echo changed >Dockerfile
	ensure --push always
	assert_status 0
	[[ $stdout == "$reg_host/app@"* ]]
	make_project "repository: $reg_host/origin" 'platforms: [linux/amd64]'
	echo part >Dockerfile
	ensure --push always
	make_project "fallback: [$reg_host/origin]"
	echo part >Dockerfile
	ensure --push always
	assert_status 0
	[[ $stdout == "$reg_host/app@"* ]]
	assert_equal "$(tail -n 2 "$T/builds" | xargs)" 'linux/amd64 linux/amd64,linux/arm64'
	: >"$T/builds"
	make_project "fallback: [127.0.0.1:1/origin]"
	echo again >Dockerfile
	ensure --push always
	assert_failed 5
	assert_builds
}

# lock_image DIGEST
lock_image() {
	jq -n --arg digest "$1" --arg fingerprint "$(ocifp fingerprint --length 64)" \
		'{version: 1, pins: {}, images: {app: {fingerprint: $fingerprint, digest: $digest, platforms: {}}}}' >.ocifp.lock
}

@test "with an entry in the lock file and the content here nothing is asked; another digest is refused" {
	make_project
	ensure --push always
	assert_status 0
	local resolved=$stdout before
	lock_image "${resolved#*@}"
	new_store
	ensure
	assert_status 0
	before=$(asked reg)
	ensure
	assert_status 0
	assert_stdout "$resolved"
	assert_stderr_has "registry was not asked"
	ocifp_run pull
	assert_status 0
	assert_equal $(($(asked reg) - before)) 0
	lock_image "sha256:$(printf %064d 0)"
	new_store
	ensure
	assert_failed 9
	assert_stderr_has '\.ocifp\.lock'
	ocifp_run exists
	assert_failed 9
	assert_builds linux/amd64,linux/arm64
}

@test "what the lock file names is never built anew: absent, it is refused" {
	make_project
	lock_image "sha256:$(printf %064d 0)"
	ensure --push always
	assert_failed 9
	assert_stderr_has 'ocifp lock --update app'
	assert_builds
}

@test "a layout directory serves as the registry, made when it is not there" {
	make_project 'repository: oci:registry'
	ensure --push always
	assert_status 0
	local resolved=$stdout
	assert_builds linux/amd64,linux/arm64
	ensure
	assert_status 0
	assert_stdout "$resolved"
	new_store
	ensure
	assert_status 0
	assert_stdout "$resolved"
	assert_builds linux/amd64,linux/arm64
	ocifp_run exists
	assert_status 0
	jq -e --arg tag "$(image_tag)" '.manifests[] | select(.annotations["org.opencontainers.image.ref.name"] == $tag)' \
		registry/index.json >/dev/null
	assert_equal "$(asked reg)" "$(registry_requests reg GET '/v2/ ')"
}

@test "two at once build twice at worst, and both end with an image that the registry has" {
	make_project
	build_with <<-'SH'
		sleep 1
		layout "$OCIFP_OUTPUT" one --annotate builder=$$
	SH
	local one=0 two=0 store
	for store in one two; do
		OCIFP_STORE=$T/$store ocifp ensure --push always >"$T/$store.out" 2>"$T/$store.err" 3>&- &
		eval "pid_$store=$!"
	done
	wait $pid_one || one=$?
	wait $pid_two || two=$?
	assert_equal "$one $two" '0 0'
	local tagged
	tagged=$(raw app "$(image_tag)" | digest_of)
	grep -q "$tagged" "$T/one.out" "$T/two.out"
	for store in one two; do
		raw app "$(sed 's/.*@//' "$T/$store.out")" >/dev/null
		OCIFP_STORE=$T/$store assert_sound_store
	done
}

@test "two at once with one store" {
	make_project
	build_with <<-'SH'
		sleep 1
		layout "$OCIFP_OUTPUT" one --annotate builder=$$
	SH
	local one=0
	ocifp ensure --push always >"$T/one.out" 2>"$T/one.err" 3>&- &
	ensure --push always
	wait $! || one=$?
	assert_status 0
	assert_equal $one 0
	assert_sound_store
}

@test "two jobs with a platform each: the later one keeps what the earlier one pushed" {
	make_project
	build_with <<-SH
		[ "\$OCIFP_PLATFORMS" != linux/arm64 ] ||
			OCIFP_STORE=$T/other ocifp ensure --push always --platform linux/amd64 >&2
		layout "\$OCIFP_OUTPUT" one
	SH
	ensure --push always --platform linux/arm64
	assert_status 0
	assert_builds linux/arm64 linux/amd64
	ocifp_run exists
	assert_status 0
	assert_equal "$(raw app "$(image_tag)" | jq -r '.manifests[].platform | .os + "/" + .architecture' | sort | xargs)" \
		'linux/amd64 linux/arm64 unknown/unknown'
}

@test "in Actions: outputs, a row of the summary, and ::error for our last line alone" {
	make_project 'platforms: [linux/amd64]'
	build_with <<-'SH'
		echo '::error::from the build'
		layout "$OCIFP_OUTPUT" one
	SH
	actions push refs/heads/main ensure
	assert_status 0
	local digest=${stdout#*@} name value
	for value in "fingerprint $(ocifp fingerprint --length 64)" "tag $(image_tag)" "digest $digest" \
		"image $reg_host/app" 'present false' 'pushed true'; do
		assert_equal "${value%% *} $(sed -n "/^${value%% *}<</{n;p}" "$T/outputs")" "$value"
	done
	grep -q "| \`$reg_host/app\` | \`$(image_tag)\` | \`$digest\` |" "$T/summary"
	refute_stderr_has '::error title=ocifp'
	: >"$T/outputs"
	actions push refs/heads/main ensure
	assert_equal "$(sed -n '/^present</{n;p}' "$T/outputs")" true
	assert_equal "$(sed -n '/^pushed</{n;p}' "$T/outputs")" false
	build_with <<<'exit 5'
	echo changed >Dockerfile
	actions push refs/heads/main ensure
	assert_status 11
	assert_equal "$(grep -c '^::error title=ocifp::' "$T/stderr")" 1
}

@test "why: what differs from what is published" {
	make_project 'args: {VERSION: "1"}'
	ensure --push always
	assert_status 0
	local tag
	tag=$(image_tag)
	ocifp_run why --against "$tag"
	assert_status 0
	assert_stdout 'nothing differs'
	ocifp_run why
	assert_failed 3
	assert_stderr_has --against
	make_project 'args: {VERSION: "2"}'
	echo changed >Dockerfile
	echo new >src/new
	rm src/run.sh
	ocifp_run why --against "$tag"
	assert_status 0
	assert_stdout $'changed file Dockerfile\nadded file src/new\nremoved file src/run.sh\nchanged arg VERSION'
	new_store
	ocifp_run why --json --against "$reg_host/app:$tag"
	assert_status 0
	assert_json '[.differences[].change] | sort == ["added", "changed", "changed", "removed"]'
	mkimage image "$T/src" plain >/dev/null
	ocifp_run push "oci:$T/src:plain" "$reg_host/app:latest"
	assert_status 0
	ocifp_run why
	assert_failed 7
}

app_upon_base() {
	cat >.ocifp.yaml <<-YAML
		version: 1
		images:
		  base: {repository: $reg_host/base, inputs: [Dockerfile], build: ./build.sh}
		  app: {repository: $reg_host/app, needs: [base], inputs: [src/], build: ./build.sh}
	YAML
}

@test "another job that was faster: its image is used, by the build that needs it, too" {
	make_project
	# Its own image differs from that of the job which pushes meanwhile.
	build_with <<-SH
		layout "\$OCIFP_OUTPUT" built --annotate job="\${OTHER:-this}"
		[ -n "\${OTHER:-}" ] || OTHER=yes OCIFP_STORE=$T/another ocifp ensure --push always base >&2
	SH
	app_upon_base
	ensure --push always base --json
	assert_status 0
	assert_json '.built and (.pushed | not)'
	assert_equal "$(jq -r .digest <<<"$stdout")" "$(raw base "$(image_tag base)" | digest_of)"
	assert_stderr_has 'another job'
	refute_stderr_has null
	echo changed >Dockerfile
	new_store
	ensure --push always app
	assert_status 0
	assert_equal "$(sed -n 's/^OCIFP_NEEDS_BASE=//p' "$T/build.env")" \
		"$reg_host/base@$(raw base "$(image_tag base)" | digest_of)"
}

@test "what is there needs nothing; what is built has each image that it needs ensured once" {
	make_project
	cat >.ocifp.yaml <<-YAML
		version: 1
		images:
		  base: {repository: $reg_host/base, inputs: [Dockerfile], build: ./build.sh}
		  left: {repository: $reg_host/left, needs: [base], inputs: [src/], build: ./build.sh}
		  right: {repository: $reg_host/right, needs: [base], inputs: [src/], build: ./build.sh}
		  app: {repository: $reg_host/app, needs: [left, right], inputs: [src/], build: ./build.sh}
	YAML
	ensure --push never app
	assert_status 0
	assert_equal "$(grep -c ' was built for ' "$T/stderr")" 4
	assert_equal "$(grep -c "/base:.* was built for " "$T/stderr")" 1
	ensure --push always --rebuild app
	assert_status 0
	ocifp_run rm "$reg_host/base@$(raw base "$(image_tag base)" | digest_of)"
	assert_status 0
	new_store
	ensure --push always app
	assert_status 0
	assert_stderr_has 'is present; nothing to build'
	refute_stderr_has "/base:"
	ocifp_run exists base
	assert_failed 3
}

@test "it is told what becomes of the images that are needed, too" {
	make_project
	app_upon_base
	local base app
	base=$reg_host/base:$(image_tag base)
	app=$reg_host/app:$(image_tag app)
	ensure --dry-run app
	assert_stderr_has "$base would be built"
	assert_stderr_has "$app would be built"
	ensure --push always base
	ensure --push never app
	assert_stderr_has "$base is present"
	assert_stderr_has "$app was built"
	ocifp_run pull app
	assert_failed 3
	assert_stderr_has "'ocifp push app' pushes the local build"
	new_store
	ocifp_run pull app
	assert_failed 3
	assert_stderr_has "'ocifp ensure app' builds it"
}

@test "a needed image that was built and not pushed can be read by the build that needs it" {
	need skopeo
	make_project
	cat >.ocifp.yaml <<-YAML
		version: 1
		images:
		  base:
		    repository: $reg_host/base
		    inputs: [Dockerfile]
		    build: ./build.sh
		  app:
		    default: true
		    repository: $reg_host/app
		    needs: [base]
		    inputs: [src/]
		    build: skopeo inspect "\$OCIFP_NEEDS_BASE" >$T/skopeo && ocifp inspect "\$OCIFP_NEEDS_BASE" >$T/ocifp && ./build.sh
	YAML
	mkdir -p "$T/some where"
	export OCIFP_STORE=../some\ where/store
	ensure --push never
	assert_status 0
	assert_equal "$(sed -n 's/^OCIFP_NEEDS_BASE=//p' "$T/build.env")" \
		"oci:$T/some where/store:built:$reg_host/base:$(ocifp fingerprint --length 64 base 3>&-)"
	jq -e '.Layers | length == 2' "$T/skopeo" >/dev/null
	[ -s "$T/ocifp" ]
	export OCIFP_STORE=$T/a:b
	ensure --push never
	assert_failed 2
	assert_stderr_has 'a:b'
	sed -i 's/build: skopeo .* && ocifp/build: ocifp/' .ocifp.yaml
	new_store
	ensure --push always
	assert_status 0
	assert_equal "$(sed -n 's/^OCIFP_NEEDS_BASE=//p' "$T/build.env")" \
		"$reg_host/base@$(raw base "$(image_tag base)" | digest_of)"
}

@test "the local loop: what was built and not pushed is used once the registry has proved absence" {
	make_project
	ensure
	assert_status 0
	local resolved=$stdout
	ensure
	assert_status 0
	assert_stdout "$resolved"
	assert_stderr_has 'was built here before and is used; not pushed: outside the CI systems that ocifp knows .use --push always.'
	assert_equal "$(grep -c 'built here' "$T/stderr")" 1
	ensure --no-build
	assert_status 0
	ensure --wait 1h
	assert_status 0
	ensure --dry-run
	assert_status 0
	assert_stderr_has 'it would be used'
	assert_builds linux/amd64,linux/arm64
	ocifp_run pull -o oci:out --all
	assert_status 0
	assert_stderr_has 'is absent; using the local build, which was not pushed'
	assert_equal "$(grep -c 'using the local build' "$T/stderr")" 1
	assert_equal "$(jq -r '.manifests[0].digest' out/index.json)" "${resolved#*@}"
	ocifp_run unpack --platform linux/arm64 tree
	assert_status 0
	[ -n "$(ls -A tree)" ]
	ensure --rebuild
	assert_status 0
	assert_builds linux/amd64,linux/arm64 linux/amd64,linux/arm64
}

@test "the local loop: 'ensure' and 'run' work on an edited Dockerfile without a push" {
	need_engines
	busybox_root "$T/root"
	make_project 'platforms: []'
	build_with <<<"ocifp append -o \"oci:\$OCIFP_OUTPUT\" $T/root"
	echo '# edited' >>Dockerfile
	ensure
	assert_status 0
	ocifp_run run -- echo ran
	assert_status 0
	assert_stdout ran
	assert_stderr_has 'using the local build, which was not pushed'
	assert_equal "$(grep -c 'using the local build' "$T/stderr")" 1
	echo '# edited again' >>Dockerfile
	ocifp_run run -- true
	assert_status 125
	assert_stderr_has "'ocifp ensure app' builds it"
}

@test "the local loop: nothing that was built here answers for the registry" {
	make_project
	ensure
	assert_status 0
	ocifp_run exists
	assert_failed 3
	ocifp_run exists --print
	assert_status 0
	assert_stdout absent
	ocifp_run pull
	assert_failed 3
	assert_stderr_has "'ocifp push app' pushes the local build"
	ocifp_run pull --tag latest -o oci:out
	assert_failed 3
	ocifp_run lock --update app
	assert_status 0
	assert_stderr_has "image 'app' gets no entry: it is not published"
	# What proves no absence does not lead there.
	start_faults faulty
	sed -i "s|$reg_host|$faulty_host|" .ocifp.yaml
	ensure
	assert_status 0
	rules faulty <<<'{"path": "manifests", "action": {"status": 403}}'
	ocifp_run pull -o oci:out
	assert_failed 4
	ensure
	assert_failed 4
}

@test "the local loop: --offline asks nobody" {
	make_project
	ensure
	assert_status 0
	stop reg
	ensure --offline
	assert_status 0
	assert_stderr_has 'was built here before'
	ocifp_run pull --offline -o oci:out
	assert_status 0
	assert_stderr_has 'is not in the store; using the local build'
	ocifp_run unpack --offline tree
	assert_status 0
	ocifp_run pull --offline
	assert_failed 5
	assert_builds linux/amd64,linux/arm64
}

@test "the local loop: images with the same inputs are a build each" {
	make_project
	cat >.ocifp.yaml <<-YAML
		version: 1
		images:
		  base:
		    repository: $reg_host/base
		    inputs: [Dockerfile]
		    build: ./build.sh base
		  other:
		    repository: $reg_host/other
		    inputs: [Dockerfile]
		    build: ./build.sh other
		  app:
		    repository: oci:layout
		    inputs: [Dockerfile]
		    build: ./build.sh app
	YAML
	build_with <<<'layout "$OCIFP_OUTPUT" built --annotate "which=$1"'
	assert_equal "$(image_tag base)" "$(image_tag app)"
	local image
	local -A digests=()
	for image in base other app base other app; do
		ensure "$image"
		assert_status 0
		assert_equal "${stdout#*@}" "${digests[$image]:-${stdout#*@}}"
		digests[$image]=${stdout#*@}
	done
	assert_equal "$(printf '%s\n' "${digests[@]}" | sort -u | wc -l)" 3
	assert_equal "$(wc -l <"$T/builds")" 3
}

@test "the local loop: needs that were built here are found" {
	make_project
	cat >.ocifp.yaml <<-YAML
		version: 1
		images:
		  base:
		    repository: $reg_host/base
		    inputs: [Dockerfile]
		    build: ./build.sh
		  app:
		    default: true
		    repository: $reg_host/app
		    needs: [base]
		    inputs: [Dockerfile]
		    build: ocifp inspect "\$OCIFP_NEEDS_BASE" >$T/needed && ./build.sh
	YAML
	ensure base
	assert_status 0
	local base=${stdout#*@}
	ensure app
	assert_status 0
	assert_stderr_has "$reg_host/base:$(image_tag base) was built here before and is used"
	grep -q "$base" "$T/needed"
	assert_equal "$(wc -l <"$T/builds")" 2
}

@test "the local loop: a push takes what was built here, and its name there goes" {
	make_project
	ensure
	assert_status 0
	ensure --push always
	assert_status 0
	assert_stderr_has 'was built here before and is pushed now'
	assert_equal "$(raw app "$(image_tag)" | digest_of)" "${stdout#*@}"
	assert_no_build
	echo '# edited' >>Dockerfile
	ensure
	assert_status 0
	ocifp_run tree
	assert_status 0
	assert_stderr_has 'is absent; using the local build, which was not pushed'
	grep -q '^|-- linux/amd64  2 layers' "$T/stdout" || fail "$told"
	ocifp_run inspect --platform linux/amd64
	assert_status 0
	assert_stderr_has 'is absent; using the local build, which was not pushed'
	grep -q '^linux/amd64 sha256:' "$T/stdout" || fail "$told"
	ocifp_run digest
	assert_failed 3
	ocifp_run push
	assert_status 0
	assert_stderr_has "pushing the local build of 'app'"
	assert_equal "$(raw app "$(image_tag)" | jq '.manifests | length')" 3
	assert_no_build
	ocifp_run pull --offline
	assert_status 0
	echo '# and again' >>Dockerfile
	ensure
	assert_status 0
	ocifp_run push "$reg_host/app:$(image_tag)" "$reg_host/other:1"
	assert_status 0
	assert_equal "$(raw other 1 | digest_of)" "${stdout#*@}"
	assert_builds linux/amd64,linux/arm64 linux/amd64,linux/arm64 linux/amd64,linux/arm64
}

# Nothing in the store has the name of a build that was not pushed.
assert_no_build() {
	ocifp store ls 3>&- >"$T/names"
	[ -s "$T/names" ]
	run grep built: "$T/names"
	assert_equal "$status" 1
}

@test "the local loop: gc removes a build that nothing used for 30 days" {
	make_project
	ensure
	assert_status 0
	ocifp_run store gc
	assert_status 0
	local mark=("$OCIFP_STORE"/.ocifp/used/*)
	touch -d '29 days ago' "${mark[0]}"
	ocifp store gc >&2 3>&-
	grep -q built: <(ocifp store ls 3>&-)
	touch -d '31 days ago' "${mark[0]}"
	ensure
	assert_stderr_has 'was built here before and is used'
	ocifp store gc >&2 3>&-
	grep -q built: <(ocifp store ls 3>&-)
	touch -d '31 days ago' "${mark[0]}"
	ocifp_run store gc --dry-run
	grep -q '^would remove 1 local build that nothing used for 30 days$' "$T/stdout" || fail "$told"
	ocifp_run store gc
	assert_status 0
	grep -q '^removed 1 local build that nothing used for 30 days$' "$T/stdout" || fail "$told"
	run grep built: <(ocifp store ls 3>&-)
	assert_equal "$status" 1
	assert_equal "$(ls "$OCIFP_STORE/.ocifp/used")$(ls "$OCIFP_STORE/blobs/sha256")" ''
	ocifp_run store fsck
	assert_status 0
}

@test "the local loop: the registry's image takes the place of what was built here" {
	make_project
	ensure
	assert_status 0
	local store=$OCIFP_STORE
	new_store
	build_with <<<'layout "$OCIFP_OUTPUT" built --annotate which=other'
	ensure --push always
	assert_status 0
	local theirs=$stdout
	OCIFP_STORE=$store
	ocifp_run pull
	assert_status 0
	assert_stdout "$theirs"
	assert_no_build
}

@test "the local loop: platforms built one after the other are one image; the registry's join them" {
	make_project
	ensure --platform linux/amd64
	assert_status 0
	ensure --platform linux/arm64
	assert_status 0
	assert_builds linux/amd64 linux/arm64
	ensure
	assert_status 0
	assert_builds linux/amd64 linux/arm64
	ocifp_run pull --all -o oci:out
	assert_status 0
	ensure --push always
	assert_status 0
	assert_builds linux/amd64 linux/arm64
	echo '# edited' >>Dockerfile
	ensure --push always --platform linux/amd64
	assert_status 0
	ensure --platform linux/arm64
	assert_status 0
	ocifp_run unpack --platform linux/arm64 tree
	assert_status 0
	assert_stderr_has 'has no image for linux/arm64; using the local build'
	# What the registry has serves the part that it has, and does not take away the other.
	ocifp_run unpack --platform linux/amd64 tree2
	assert_status 0
	assert_equal "$(grep -c 'using the local build' "$T/stderr")" 0
	ocifp_run unpack --platform linux/arm64 tree3
	assert_status 0
	assert_builds linux/amd64 linux/arm64 linux/amd64 linux/arm64
}

@test "the local loop: a job that may push trusts what it builds, not what lies about" {
	make_project
	ensure
	assert_status 0
	actions push refs/heads/main ensure
	assert_status 0
	assert_stderr_has 'was built for linux/amd64, linux/arm64 and pushed'
	assert_equal "$(wc -l <"$T/builds")" 2
	assert_no_build
}

@test "the local loop: what was built here needs no signature; a locked image is never taken from it" {
	make_project 'require: [signature]' 'signed_by: [key.pub]'
	openssl ecparam -genkey -name prime256v1 -noout -out key.pem
	openssl ec -in key.pem -pubout -out key.pub
	ensure
	assert_status 0
	ocifp_run unpack tree
	assert_status 0
	printf '{"version": 1, "images": {"app": {"fingerprint": "%s", "digest": "sha256:%064d"}}}\n' \
		"$(ocifp fingerprint --length 64 3>&-)" 1 >.ocifp.lock
	ocifp_run unpack tree2
	assert_status 3
}

@test "an ocifp in the build command leaves the outputs, the summary and ::error to ensure" {
	make_project
	build_with <<-'SH'
		ocifp exists localhost:1/none:1 && exit 99
		ocifp append -o "oci:$OCIFP_OUTPUT" src --platform linux/amd64 --platform linux/arm64
		[ "$GITHUB_ACTIONS" = true ] && [ -n "$GITHUB_OUTPUT" ]
	SH
	: >"$T/outputs"
	: >"$T/summary"
	actions push refs/heads/main ensure
	assert_status 0
	assert_equal "$(grep -c '^digest<<' "$T/outputs")" 1
	assert_equal "$(sed -n '/^digest<</{n;p;}' "$T/outputs")" "${stdout#*@}"
	assert_equal "$(grep -c '^| `' "$T/summary")" 1
	run grep -q '::error' "$T/stderr"
	assert_equal "$status" 1
	grep -q '^OCIFP_BUILD=1$' "$T/build.env"
	build_with <<<'exit 1'
	echo '# edited' >>Dockerfile
	actions push refs/heads/main ensure
	assert_status 11
	assert_equal "$(grep -c '::error' "$T/stderr")" 1
}
