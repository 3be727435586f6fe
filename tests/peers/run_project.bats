#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# ocifp run and ocifp shell with the project file's `run`: what it gives a job, and what it may not

load ../lib/rig

# A project with the image "ci", a root of busybox, and "other", the same.
setup() {
	rig_setup
	need_engines
	engine=${engines##* }
	busybox_root "$T/root"
	mkdir -p "$T/desk/sub" && cd "$T/desk" || return
	echo input >input
	project
	split_run ocifp push "rootfs:$T/root" ci
	assert_status 0
	split_run ocifp push "rootfs:$T/root" other
	assert_status 0
}

teardown() {
	rig_teardown
}

# project [LINE OF run...]
project() {
	{
		printf 'version: 1\nimages:\n'
		printf '  ci: {repository: "oci:../images/ci", inputs: [input], default: true}\n'
		printf '  other: {repository: "oci:../images/other", inputs: [input]}\n'
		[ $# -eq 0 ] || printf 'run:\n  image: ci\n'
		[ $# -eq 0 ] || printf '  %s\n' "$@"
	} >.ocifp.yaml
}

# in_project [WORD...]: ocifp run
in_project() {
	ocifp_run run --runtime "$engine" "$@"
}

# assert_refused TEXT: by the project file's reader, with its line
assert_refused() {
	in_project -- true
	assert_failed 125
	assert_stderr_has "ocifp: .*\.ocifp\.yaml:[0-9]+:[0-9]+: .*$1"
}

@test "run gives a job its image, directory, volumes and variables, and options add to it" {
	project 'workdir: /app' 'volumes: [.:/app, "target:/app/target"]' 'env: {A: "1 2", B: file}' 'pass: [JOBS, UNSET]'
	JOBS=4 OTHER=x in_project -e B=said -- sh -c 'pwd; cat input; echo "$A $B $JOBS ${UNSET-none} ${OTHER-none}"; touch made target/state'
	assert_status 0
	assert_stdout "$(printf '%s\n' /app input '1 2 said 4 none none')"
	assert_equal "$(stat -c %u made)" "$(id -u)"
	[ ! -e target/state ] || fail 'the volume is in the project'
	in_project -w /tmp -v "$T/root/etc:/app/target" -- sh -c 'pwd; ls /app/target'
	assert_stdout "$(printf '%s\n' /tmp group passwd)"
	in_project -- ls target
	assert_stdout state
}

@test "run is found from a folder of the project, and its paths are the project's" {
	need git
	project 'workdir: /app/sub' 'volumes: [./:/app, ./sub:/sub:ro]'
	touch sub/here
	git init -q . && cd sub || return
	in_project -- sh -c 'ls; ls /sub; touch /sub/no 2>/dev/null || echo read-only'
	assert_status 0
	assert_stdout "$(printf '%s\n' here here read-only)"
}

@test "run is for its own image alone" {
	project 'env: {A: given}'
	in_project ci sh -c 'echo ${A-none}'
	assert_stdout given
	in_project other sh -c 'echo ${A-none}'
	assert_stdout none
	in_project "rootfs:$T/root" sh -c 'echo ${A-none}'
	assert_stdout none
}

@test "a command without -- is told from an image" {
	project 'workdir: /'
	in_project make test
	assert_failed 125
	assert_stderr_has "no image 'make' in '.*'; to run a command in ci: ocifp run -- make test"
	in_project ./build.sh
	assert_failed 125
	assert_stderr_has 'ocifp run -- ./build.sh'
	in_project make -j4 test
	assert_failed 125
	assert_stderr_has "no image 'make' in '.*'; to run a command in ci: ocifp run -- make ..."
	in_project -j4 make
	assert_failed 125
	assert_stderr_has "option '-j' is not known"
}

@test "options end at the first word of the command" {
	project 'workdir: /'
	in_project ci echo -e --net none -- x
	assert_status 0
	assert_stdout '--net none -- x'
	in_project ci -e A=b sh -c 'echo $A'
	assert_stdout b
	in_project -- echo -n -v
	assert_stdout -v
}

@test "a volume is the project's, and one of before goes to who names it" {
	in_project -v "old:/v" "rootfs:$T/root" sh -c 'echo mine >/v/state'
	mkdir "$T/bare" && (cd "$T/bare" || exit; in_project -v "before:/v" "rootfs:$T/root" -- sh -c 'echo warm >/v/state')
	in_project -v before:/v -- cat /v/state
	assert_stdout warm
	assert_stderr_has "volume 'before' is this project's now, as 'before\.[0-9a-f]{20}'"
	in_project -v before:/v -- cat /v/state
	assert_stdout warm
	[ "$(grep -c 'is this project' "$T/stderr")" = 0 ] || fail 'said twice' "$told"
	ocifp_run store rm --volume before
	assert_failed 2
	assert_stderr_has "the store has no volume 'before'; a project's volume is 'before\.[0-9a-f]{20}'"
	mkdir "$T/second" && sed "s|oci:../|oci:$T/|" .ocifp.yaml >"$T/second/.ocifp.yaml" && cp input "$T/second/"
	cd "$T/second" || return
	in_project -v before:/v -- ls -A /v
	assert_stdout ''
}

@test "a cache is the project's volume of its name" {
	need git
	project 'workdir: /app' 'volumes: [.:/app, target:/app/target]'
	printf 'caches: {target: {paths: [target], key: [input], repository: "oci:../caches"}}\n' >>.ocifp.yaml
	git init -q . && git add .
	in_project --cache target -- sh -c 'echo warm >target/state'
	assert_status 0
	in_project -- cat target/state
	assert_stdout warm
	ocifp_run store ls
	assert_equal "$(grep -c 'target\.' "$T/stdout")" 1
}

@test "the project file takes no volume of before and none of another project" {
	mkdir "$T/bare" && (cd "$T/bare" || exit; in_project -v "private:/v" "rootfs:$T/root" -- sh -c 'echo secret >/v/state')
	project 'volumes: ["private:/v"]'
	in_project -- ls -A /v
	assert_stdout ''
}

@test "a hostile project file mounts nothing from outside and passes no secret" {
	project 'volumes: ["/:/h"]' && assert_refused "volume '/:/h' is outside of the project directory"
	project 'volumes: ["~/.ssh:/s"]' && assert_refused 'is outside of the project directory'
	project 'volumes: ["./../root:/s"]' && assert_refused 'leads out of the project directory'
	project 'volumes: ["..:/s"]' && assert_refused 'leads out of the project directory'
	project 'volumes: ["sub/x:/s"]' && assert_refused 'neither a path nor the name of a volume'
	for name in AWS_SECRET_ACCESS_KEY GITHUB_TOKEN gh_token CI_REGISTRY_PASSWORD DOCKER_AUTH_CONFIG MY_CREDENTIALS \
		NPM_CONFIG__AUTH MYSQL_PWD SMTP_PASS SSHPASS GH_PAT SENTRY_DSN SLACK_WEBHOOK_URL; do
		project "pass: [$name]" && assert_refused "cannot pass '$name'.*; pass it yourself: ocifp run -e $name"
	done
	project 'pass: ["AWS_*"]' && assert_refused 'expected an exact name'
	project 'net: host' && assert_refused "unknown key 'net' in 'run'"
	project 'env: {}' && sed -i 's/image: ci/image: none/' .ocifp.yaml && assert_refused "'run' names the image 'none'"
}

@test "a hostile project file passes no URL with a user, whatever it is called, unless one says so" {
	local url
	project 'pass: [CI_REPOSITORY_URL, GIT_AUTHOR_NAME, COMPAT]'
	for url in https://gitlab-ci-token:x@gitlab.example/a/b.git postgres://u:p@db/x 'a=http://b c=https://t@d'; do
		CI_REPOSITORY_URL=$url in_project -- true
		assert_failed 125
		assert_stderr_has "the project file cannot pass 'CI_REPOSITORY_URL': its value is a URL with credentials; pass it yourself: -e CI_REPOSITORY_URL"
	done
	for url in https://gitlab.example/a@b ssh://git@gitlab.example/a https://h/?q=u@v; do
		CI_REPOSITORY_URL=$url GIT_AUTHOR_NAME=me in_project -- sh -c 'echo $CI_REPOSITORY_URL $GIT_AUTHOR_NAME'
		assert_status 0
		assert_stdout "$url me"
	done
	CI_REPOSITORY_URL=https://u:p@h in_project -e CI_REPOSITORY_URL -- sh -c 'echo $CI_REPOSITORY_URL'
	assert_stdout https://u:p@h
}

@test "a directory of the project that a fresh clone lacks is made, but none behind a link" {
	project 'volumes: ["./target/ci:/app/target"]'
	in_project -- touch /app/target/state
	assert_status 0
	[ -e target/ci/state ] || fail 'the job wrote elsewhere'
	mkdir "$T/private" && ln -s "$T/private" way
	project 'volumes: ["./way/new:/v"]'
	in_project -- true
	assert_failed 125
	assert_equal "$(ls "$T/private")" ''
}

@test "a link that leaves the project is not mounted, one inside is" {
	mkdir "$T/private" && echo secret >"$T/private/key"
	ln -s "$T/private" way && ln -s ../private sub/up && ln -s sub inside && echo found >sub/file
	project 'volumes: ["./way:/v"]'
	in_project -- ls /v
	assert_failed 125
	assert_stderr_has "cannot mount './way': it leads out of '.*', to '$T/private'; to mount it all the same, use -v"
	project 'volumes: ["./sub/up/key:/v"]'
	in_project -- ls /v
	assert_failed 125
	project 'volumes: ["./inside:/v"]'
	in_project -- cat /v/file
	assert_stdout found
}

@test "shell is a login shell of the image's user" {
	project 'workdir: /app' 'volumes: [.:/app]' 'env: {A: given}'
	printf 'echo from-profile\n' >"$T/root/etc/profile"
	split_run ocifp push --tag now "rootfs:$T/root" ci
	split_run ocifp shell --runtime "$engine" --tag now <<<'echo "$0 $A"; pwd; exit 3'
	assert_status 3
	assert_stdout "$(printf '%s\n' from-profile '/bin/sh given' /app)"
}

@test "on a terminal, shell has one" {
	need pty python3
	project 'workdir: /app' 'volumes: [.:/app]'
	timeout 60 python3 - ocifp shell --runtime "$engine" >"$T/shown" <<-'PY'
		import os, pty, sys
		pid, fd = pty.fork()
		if pid == 0:
		    os.execvp(sys.argv[1], sys.argv[1:])
		os.write(fd, b"test -t 0 && test -t 1 && echo on-a-$((40 + 2)); pwd; exit 4\n")
		shown = b""
		while True:
		    try:
		        shown += os.read(fd, 4096)
		    except OSError:
		        break
		print(shown.decode(errors="replace").replace("\r", ""))
		print("status", os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
	PY
	grep -q '^on-a-42$' "$T/shown" || fail 'no terminal' "$(cat "$T/shown")"
	grep -q '^/app$' "$T/shown" || fail 'not in /app' "$(cat "$T/shown")"
	grep -q '^status 4$' "$T/shown" || fail 'not its status' "$(cat "$T/shown")"
}

@test "a pasted line of docker's is taken, or told what to leave out" {
	project 'workdir: /'
	in_project --rm --network none -i -v "$PWD:/app:z,ro" -v "$PWD/sub:/sub:cached" ci sh -c 'ls -d /app/input /sub; touch /app/x || true'
	assert_status 0
	assert_stdout "$(printf '%s\n' /app/input /sub)"
	[ ! -e x ] || fail 'ro was lost'
	for words in '--name x' '-p 80:80' '--shm-size 1g' '--security-opt seccomp=unconfined' --privileged '-d'; do
		# shellcheck disable=SC2086
		in_project $words ci true
		assert_failed 125
		assert_stderr_has "^ocifp: option '--[a-z-]+': ocifp has no such option; .*"
	done
	in_project --network bridge ci true
	assert_failed 125
	assert_stderr_has "expected host|none"
}
