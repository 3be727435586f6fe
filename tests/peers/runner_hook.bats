#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# ocifp runner-hook: a self-hosted runner's container jobs, by the requests that the runner sends

load ../lib/rig

setup() {
	rig_setup
	need_engines
	busybox_root "$T/root"
	start_faults reg
	root_image "$T/reg.root/app" one "$T/root"
	work=$T/runner/_work
	mkdir -p "$work"/{_temp/{_runner_hook_responses,_github_home},repo/repo} "$T/runner/externals"
	printf '#!/bin/sh\necho "node: $*"\n' >"$T/runner/externals/node" && chmod +x "$T/runner/externals/node"
	state=null
	runner=(ocifp runner-hook)
	container=$(jq -n --arg image "$reg_host/app:one" --arg runner "$T/runner" '{
		image: $image, workingDirectory: "/__w/repo/repo", createOptions: "--cpus 1 -e \"FROM_OPTIONS=a b\"",
		environmentVariables: {HOME: "/github/home", NODE_ENV: "development"},
		userMountVolumes: [{sourceVolumePath: "my_docker_volume", targetVolumePath: "/volume_mount", readOnly: false}],
		systemMountVolumes: [
			{sourceVolumePath: "/var/run/docker.sock", targetVolumePath: "/var/run/docker.sock", readOnly: false},
			{sourceVolumePath: "\($runner)/_work", targetVolumePath: "/__w", readOnly: false},
			{sourceVolumePath: "\($runner)/externals", targetVolumePath: "/__e", readOnly: true},
			{sourceVolumePath: "\($runner)/_work/_temp", targetVolumePath: "/__w/_temp", readOnly: false},
			{sourceVolumePath: "\($runner)/_work/_tool", targetVolumePath: "/__w/_tool", readOnly: false},
			{sourceVolumePath: "\($runner)/_work/_temp/_github_home", targetVolumePath: "/github/home", readOnly: false}],
		portMappings: ["8080:8080"]}')
}

teardown() {
	rig_teardown
}

# hook COMMAND ARGS: as the runner calls it; what it answers is in $response, and its state is taken over
hook() {
	response=$work/_temp/_runner_hook_responses/$((++responses)).json
	: >"$response"
	jq -nc --arg command "$1" --arg response "$response" --argjson state "$state" --argjson args "$2" \
		'{command: $command, responseFile: $response, args: $args, state: $state}' >"$T/request"
	split_run "${runner[@]}" <"$T/request"
	[ ! -s "$response" ] || state=$(jq -c .state "$response")
}

prepare() {
	hook prepare_job "$(jq -nc --argjson container "$container" '{container: $container, services: []}')"
}

# step LINE: `run: LINE` of a workflow
step() {
	printf '%s\n' "$1" >"$work/_temp/step.sh"
	hook run_script_step '{"entryPoint": "sh", "entryPointArgs": ["-e", "/__w/_temp/step.sh"],
		"environmentVariables": {"GITHUB_JOB": "test", "INPUT_FETCH-DEPTH": "1\n2", "NODE_ENV": "test"},
		"prependPath": ["/__e", "/opt/bin"], "workingDirectory": "/__w/repo/repo"}'
}

@test "the steps of a job share a root, the runner's folders and the workflow's variables" {
	prepare
	assert_status 0
	assert_equal "$(jq -c '[.isAlpine, .context.services, .context.container.network]' "$response")" '[false,[],"host"]'
	step 'echo 1 >/etc/installed; echo "$NODE_ENV $FROM_OPTIONS $HOME $CI $GITHUB_ACTIONS"; pwd; node x'
	assert_status 0
	assert_stdout $'test a b /github/home true true\n/__w/repo/repo\nnode: x'
	step 'echo "$PATH"; rm /bin/ls; echo kept >/volume_mount/file; touch made; exit 3'
	assert_status 3
	grep -q '^/__e:/opt/bin:.*/bin' "$T/stdout"
	for i in 3 4 5 6 7 8 9; do
		step "echo $i >>/etc/installed; ! busybox ls /bin/ls 2>&-"
		assert_status 0
	done
	step 'cat /etc/installed /volume_mount/file; touch /__e/node; true'
	assert_status 1
	assert_stdout $'1\n3\n4\n5\n6\n7\n8\n9\nkept'
	[ -e "$work/repo/repo/made" ] || fail 'a step wrote elsewhere than in the workspace'
	hook cleanup_job '{}'
	assert_status 0
	assert_equal "$(ls "$OCIFP_STORE/.ocifp/kept")" ''
	assert_nothing_left
}

@test "a runner that joins the directories for PATH is understood" {
	prepare
	hook run_script_step '{"entryPoint": "sh", "entryPointArgs": ["-c", "\"echo", "$PATH\""],
		"environmentVariables": {}, "prependPath": "/__e:/opt/bin", "workingDirectory": "/"}'
	assert_status 0
	grep -q '^/__e:/opt/bin:.*/bin' "$T/stdout"
}

@test "an action of javascript has its script, whose words the runner splits at spaces" {
	prepare
	hook run_script_step '{"entryPoint": "/__e/node", "entryPointArgs": ["--no-maglev", "\"/__w/_actions/a", "b/index.js\""],
		"environmentVariables": {}, "workingDirectory": "/__w"}'
	assert_status 0
	assert_stdout 'node: --no-maglev /__w/_actions/a b/index.js'
}

@test "variables have any name and any value" {
	prepare
	hook run_script_step '{"entryPoint": "env", "entryPointArgs": [], "environmentVariables":
		{"INPUT_FETCH-DEPTH": "1\n2", "INPUT_A B": ""}, "workingDirectory": "/"}'
	assert_status 0
	assert_equal "$(grep -A1 '^INPUT_FETCH-DEPTH=1' "$T/stdout")" $'INPUT_FETCH-DEPTH=1\n2'
	grep -qx 'INPUT_A B=' "$T/stdout"
}

@test "a job begins with the image as it is, whatever a job before left" {
	prepare
	step 'echo 1 >/mine'
	prepare
	assert_status 0
	step 'cat /mine'
	assert_status 1
}

@test "a tag that moves changes nothing for the steps that follow" {
	prepare
	touch "$T/root/new"
	root_image "$T/reg.root/app" one "$T/root"
	forget_log reg
	step 'ls /new'
	assert_status 1
	assert_requests reg 0 . /v2/
}

@test "an alpine image is told, as the runner has another node for it" {
	echo 'ID=alpine' >"$T/root/etc/os-release"
	root_image "$T/reg.root/app" two "$T/root"
	container=$(jq -c --arg image "$reg_host/app:two" '.image = $image' <<<"$container")
	prepare
	assert_equal "$(jq .isAlpine "$response")" true
}

@test "a step cannot answer in the place of the hook" {
	prepare
	step "echo '{\"state\": {\"root\": \"x\", \"image\": \"y\", \"container\": {}}}' >/__w/_temp/_runner_hook_responses/$((responses + 1)).json"
	assert_status 0
	[ ! -e "$response" ] || fail 'the step wrote a state'
}

@test "a step cannot have a folder of the machine mounted for the next one" {
	mkdir "$T/private" && echo secret >"$T/private/key"
	prepare
	step "mv /__w/_temp/_github_home /__w/_temp/moved; ln -s '$T/private' /__w/_temp/_github_home"
	assert_status 0
	step 'cat /github/home/key'
	assert_status 125
	assert_stderr_has "cannot mount './_temp/_github_home': it leads out of "
}

@test "what steps put in front of PATH is not run on the machine" {
	need node
	local name PATH=$PATH
	mkdir -p "$T/prefix"/{bin,share/ocifp} "$T/steps"
	ln -s "$(command -v ocifp)" "$T/prefix/bin/ocifp"
	cp "$top_srcdir/contrib/ci/runner-hook.js" "$T/prefix/share/ocifp"
	runner=("$(command -v node)" "$T/prefix/share/ocifp/runner-hook.js")
	for name in bash crun node ocifp runc sh; do
		printf '#!/bin/busybox sh\necho %s >>%s\n' "$name" "$T/escaped" >"$T/steps/$name"
		chmod +x "$T/steps/$name"
	done
	container=$(jq -c '.systemMountVolumes |= map(select(.targetVolumePath != "/var/run/docker.sock"))' <<<"$container")
	jq -nc --arg response "$work/_temp/_runner_hook_responses/x" --argjson container "$container" \
		'{command: "prepare_job", responseFile: $response, args: {container: $container}}' >"$T/request"
	PATH=$T/steps:$PATH
	split_run "${runner[@]}" <"$T/request"
	PATH=${PATH#*:}
	[ ! -e "$T/escaped" ] || fail "$(cat "$T/escaped")"
	assert_status 0
	[ -s "$work/_temp/_runner_hook_responses/x" ]
}

@test "the image's own shell has no folder of the runner before the hook has answered" {
	rm "$T/root/bin/sh"
	printf '%s\n' '#!/bin/busybox sh' '[ ! -e /__w/_temp ] || touch /__w/_temp/early' 'exec busybox sh "$@"' >"$T/root/bin/sh"
	chmod +x "$T/root/bin/sh"
	root_image "$T/reg.root/app" one "$T/root"
	prepare
	assert_status 0
	[ ! -e "$work/_temp/early" ] || fail 'the image could have answered'
	step 'pwd'
	assert_stdout /__w/repo/repo
}

@test "an action that is an image has a root of its own" {
	prepare
	step 'echo 1 >/mine'
	hook run_container_step "$(jq -c '.entryPoint = "/bin/sh" | .entryPointArgs = ["-c", "\"cat", "/mine;", "pwd\""] |
		.workingDirectory = "/github/home"' <<<"$container")"
	assert_status 0
	assert_stdout '/github/home'
	hook run_container_step "$(jq -c '.dockerfile = "/__w/_actions/a/Dockerfile" | .image = null' <<<"$container")"
	assert_status 125
	assert_stderr_has 'docker://HOST/NAME'
}

# refuses FILTER TEXT...: the container of that description, before anything is pulled
refuses() {
	local was=$container
	container=$(jq -c "$1" <<<"$container")
	forget_log reg
	prepare
	assert_status 125
	shift
	assert_stderr_has "$@"
	assert_requests reg 0 . /v2/
	[ ! -s "$response" ] || fail 'there is an answer'
	container=$was
}

@test "what cannot be had is refused before anything starts" {
	refuses '.createOptions = "--privileged"' 'no option lets a job have more'
	refuses '.createOptions = "--isolation chroot"' "isolation"
	refuses '.createOptions = "--bundle /tmp/x"' "bundle"
	refuses '.createOptions = "-v /etc:/host"' "mounts '/etc:/host', a path of this machine" 'allow-host-volumes'
	refuses '.createOptions = "-e HOME"' "variable 'HOME' of the runner"
	refuses '.createOptions = "-e \"A"' 'a quote is not closed'
	refuses '.createOptions = "other"' "'other' is not an option"
	refuses '.userMountVolumes[0].sourceVolumePath = "/etc"' 'a path of this machine'
	refuses '.userMountVolumes[0].sourceVolumePath = ""' 'source is missing'
	refuses '.portMappings = ["80:8080"]' "cannot map port '80:8080'"
	refuses '.image = null' 'has no image'
	hook prepare_job "$(jq -nc --argjson container "$container" '{container: $container, services: [{contextName: "redis", image: "redis"}]}')"
	assert_status 125
	assert_stderr_has 'has services'
}

@test "a path of this machine is mounted where the machine's owner allows it" {
	mkdir "$T/cache"
	container=$(jq -c --arg path "$T/cache" '.userMountVolumes[0].sourceVolumePath = $path' <<<"$container")
	jq -nc --arg response "$work/_temp/_runner_hook_responses/x" --argjson container "$container" \
		'{command: "prepare_job", responseFile: $response, args: {container: $container}}' >"$T/request"
	split_run ocifp runner-hook --allow-host-volumes <"$T/request"
	assert_status 0
}

@test "the password of a private image is for its registry, and is kept nowhere" {
	need htpasswd
	start_registry closed htpasswd
	printf s3cret | ocifp copy --username tester --password-stdin "oci:$T/reg.root/app:one" "$closed_host/app:one"
	container=$(jq -c --arg image "$closed_host/app:one" '.image = $image' <<<"$container")
	prepare
	assert_status 125
	container=$(jq -c '.registry = {username: "tester", password: "s3cret", serverUrl: "elsewhere.example"}' <<<"$container")
	prepare
	assert_status 0
	! grep -q s3cret "$response" || fail 'the state has the password'
	! grep -rq s3cret "$OCIFP_STORE" || fail 'the store has the password'
	step true
	assert_status 0
}

@test "a request that is none is refused" {
	split_run ocifp runner-hook <<<'no json'
	assert_status 125
	assert_stderr_has "is not a runner's request"
	split_run ocifp runner-hook <<<'{"command": "dance", "args": {}}'
	assert_status 125
	assert_stderr_has "unknown hook 'dance'"
	split_run ocifp runner-hook <<<'{"command": "run_script_step", "args": {}, "responseFile": null, "state": null}'
	assert_status 125
	assert_stderr_has "'state' is missing"
}
