#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What people type by mistake, or as other tools have it, and what they are told.

load ../lib/rig

setup() {
	need python3 jq ocifp
	rig_setup
	export OCIFP_BACKOFF_MS=1
	cat >.ocifp.yaml <<-'YAML'
		version: 1
		images:
		  ci:
		    repository: localhost:1/ci
		    inputs: [Dockerfile]
		  base-image:
		    repository: localhost:1/base
		    inputs: [Dockerfile]
	YAML
	echo FROM scratch >Dockerfile
}

teardown() {
	rig_teardown
}

# told_of STATUS WORDS MESSAGE: the last line, or the part of it that MESSAGE is.
told_of() {
	# shellcheck disable=SC2086
	ocifp_run $2
	assert_status "$1"
	[[ $(tail -n 1 "$T/stderr") == *"$3"* ]] || fail "expected: $3" "$told"
}

@test "a mistake is answered with the word that was meant" {
	local words message
	while IFS='|' read -r words message; do
		told_of 2 "$words" "$message"
	done <<-TABLE
		pul R|'pul' is not a command; did you mean 'pull'?
		store lss|'store lss' is not a command; did you mean 'store ls'?
		PULL R|'PULL' is not a command; did you mean 'pull'?
		--json|no command given; see 'ocifp help'
		auth|'auth' needs explain; see 'ocifp help auth'
		auth ghcr.io|'auth ghcr.io' is not a command; expected explain; see 'ocifp help auth'
		index ghcr.io/me/app:1|'index ghcr.io/me/app:1' is not a command; expected one of create, join, add, ls, rm; see
		store list|'store list' is not a command; did you mean 'store ls'?
		store prune|'store prune' is not a command; did you mean 'store gc'?
		index list|'index list' is not a command; did you mean 'index ls'?
		help pul|'pul' is not a command; did you mean 'pull'?
		pull --platfrom linux/amd64 ci|option '--platfrom' is not known; did you mean '--platform'?
		pull -platform linux/amd64 ci|did you mean '--platform'?
		pull --ofline=yes ci|option '--ofline' is not known; did you mean '--offline'?
		pull --progress plaln ci|invalid value 'plaln': expected auto|tty|plain|json|none; did you mean 'plain'?
		pull --platform linux/amd46 ci|unknown platform 'linux/amd46'; did you mean 'linux/amd64'?
		pull --platform linxu/arm64 ci|unknown platform 'linxu/arm64'; did you mean 'linux/arm64'?
		pull --platform amd46 ci|invalid platform 'amd46'
		fingerprint web|does not define image 'web'; its images: ci, base-image
		fingerprint baseimage|does not define image 'baseimage'; did you mean 'base-image'? its images: ci, base-image
		--verbos pull ci|option '--verbos' stands before the command; did you mean '--verbose'?
		--dry-run store gc|option '--dry-run' stands before the command; put it behind the command
		pull ci other|one operand too many: 'other'
		rm ci|cannot remove image 'ci': expected HOST/NAME:TAG or HOST/NAME@DIGEST; the tag of its inputs is now 'localhost:1/ci:
		rm cj|invalid image reference 'cj'
		pull localhost:1/a:|invalid image reference 'localhost:1/a:': the tag behind ':' is missing
		pull localhost:1/a:b+c|invalid image reference 'localhost:1/a:b+c': a tag has letters, digits, '_', '.' and '-', at most 128
		pull localhost:1/|invalid image reference 'localhost:1/': the repository is missing
		pull localhost:1/Me/a|invalid image reference 'localhost:1/Me/a': a repository has lower-case letters and digits
		pull localhost:1/a@sha256:abcd|digest 'sha256:abcd' has the wrong length: expected 64 hexadecimal digits
		copy localhost:1/a dir:here|it does not begin with a registry host; a directory is oci:DIR
		copy docker-daemon:a:1 localhost:1/a|it does not begin with a registry host; 'docker save' writes a file for docker-archive:FILE
		unpack localhost:1/a:1|DIR is missing: 'localhost:1/a:1' is an image; usage: ocifp unpack [
		unpack here oci:there|DIR is missing: 'oci:there' is an image
		cat localhost:1/a:1|PATH is missing: 'localhost:1/a:1' is an image; usage: ocifp cat [
		mutate --env A -t localhost:1/a localhost:1/a|--env requires NAME=VALUE, not 'A'
		append --entrypoint= -o oci:x .|--entrypoint and --cmd require a program's name; 'ocifp mutate --clear entrypoint' removes one
		push|'$PWD/.ocifp.yaml' has several images and no default; choose one of: ci, base-image
		push --file /dev/null|/dev/null
		cache|'cache' needs one of restore, save, ls, why, key, export, prune; see 'ocifp help cache'
		login -p secret localhost:1|other users see a password in a command line; use --password-stdin
		login http://localhost:1|invalid registry 'http://localhost:1'
		tag localhost:1/a:1 localhost:1/b:2|'localhost:1/b:2' is in another repository; 'ocifp copy' copies an image there
	TABLE
	refute_stderr_has secret
	told_of 3 'push ci' "it was neither built here nor pulled; 'ocifp ensure ci' builds it"
}

@test "run and shell without an image or a command, with and without a project" {
	local words
	for words in run shell 'run --' 'run --bogus' 'shell --bogus' 'run -e' 'run -e --' 'run -e -- x' 'run -- x --bogus'; do
		told_of 125 "$words" ''
		refute_stderr_has 'Segmentation|AddressSanitizer'
	done
	told_of 125 'run ci --bogus' "option '--bogus' is not known"
	told_of 125 'run cj --bogus' "no image 'cj'"
	rm .ocifp.yaml
	for words in run shell 'run --' 'run --bogus' 'run x --bogus'; do
		told_of 125 "$words" ''
	done
}

@test "commands of other tools are answered with ours" {
	local words message
	while IFS='|' read -r words message; do
		told_of 2 "$words" "is not a command; $message"
	done <<-'TABLE'
		cp a b|it is 'ocifp copy'
		ls|it is 'ocifp tags' for a repository, 'ocifp store ls' for the store
		images|it is 'ocifp store ls'
		save R|it is 'ocifp pull -o docker-archive:FILE REF'
		load|'ocifp push docker-archive:FILE REF' uploads an archive
		delete R|it is 'ocifp rm' in a registry, 'ocifp store rm' in the store
		rmi R|it is 'ocifp store rm' in the store, 'ocifp rm' in a registry
		catalog localhost:1|registries rarely list their repositories; 'ocifp tags HOST/NAME' lists tags
		build .|'ocifp ensure' runs the project's build command where the image is absent
		exec|'ocifp run' runs a command in an image
		history R|'ocifp inspect' shows an image's history
		list-tags R|it is 'ocifp tags'
	TABLE
	told_of 2 "help images" "it is 'ocifp store ls'"
}

@test "keys of the project file, and a tab in it" {
	local line message
	while IFS='|' read -r line message; do
		printf 'version: 1\nimages:\n  ci:\n    repository: localhost:1/ci\n%b\n' "$line" >.ocifp.yaml
		told_of 2 "fingerprint ci" "$message"
	done <<-'TABLE'
		    inptus: [Dockerfile]|.ocifp.yaml:5:5: unknown key 'inptus' in image 'ci'; did you mean 'inputs'?
		    platform: [linux/amd64]|unknown key 'platform' in image 'ci'; did you mean 'platforms'?
		    colour: red|unknown key 'colour' in image 'ci'; known keys: args, build,
		    inputs: [Dockerfile]\n    platforms: [linux/amd46]|unknown platform 'linux/amd46'; did you mean 'linux/amd64'?
		\tinputs: [Dockerfile]|.ocifp.yaml:5:1: a tab; YAML is indented with spaces
		    inputs:\n\t- Dockerfile|a tab; YAML is indented with spaces
	TABLE
}

@test "spellings whose meaning is clear are taken" {
	serve_image
	local plain=${ref%:*} words
	ocifp_run login -u me --password-stdin "https://$reg_host/v2/" <<<secret
	assert_stderr_has "'$reg_host' answers without a login"
	for words in "pull docker://$ref" "--verbose pull $ref" "--progress plain -q pull $ref" "--store=$T/other pull $ref" \
		"pull --platform amd64 $ref" "pull --platform x86_64 $ref" "copy -a $ref oci:$T/copied"; do
		# shellcheck disable=SC2086
		ocifp_run $words
		assert_status 0
		assert_stdout "$plain@$digest" || assert_stdout "oci:$T/copied@$digest"
	done
	ocifp_run --json store ls
	assert_json '.references | length > 0'
	ocifp_run store --json ls
	assert_json '.references | length > 0'
	ocifp_run pull --platform local "docker://$ref"
	case $(uname -m) in
	x86_64) assert_status 0 ;;
	*) assert_failed 8 ;;
	esac
}

@test "paths are taken for archives, layouts and directories, and it is said" {
	serve_image
	ocifp_run pull "${on[@]}" "$ref" app.tar
	assert_status 0
	assert_stderr_has "'app.tar' is taken as 'docker-archive:app.tar'"
	tar -tf app.tar | grep -qx manifest.json
	ocifp_run pull "${on[@]}" -o "$T/layout" "$ref"
	assert_status 0
	assert_stderr_has "is taken as 'oci:"
	[ -e "$T/layout/oci-layout" ]
	ocifp_run push app.tar "$reg_host/app:from-tar"
	assert_status 0
	ocifp_run push "$T/layout" "$reg_host/app:from-layout"
	assert_status 0
	mkdir root
	echo x >root/file
	ocifp_run push ./root "$reg_host/app:from-root"
	assert_status 0
	assert_stderr_has "'./root' is taken as 'rootfs:./root'"
	ocifp_run inspect app.tar
	assert_status 0
	ocifp_run tag "$ref" "$reg_host/app:again"
	assert_status 0
	ocifp_run digest "$reg_host/app:again"
	assert_stdout "$digest"
}

@test "a directory without ./ is told its form where nothing else has that name" {
	rm .ocifp.yaml
	mkdir root
	told_of 2 "push root localhost:1/a:1" "'root' does not name an image; the directory of that name is './root'"
	told_of 2 "copy localhost:1/a:1 root" "'root' does not name an image; the directory of that name is './root'"
}

@test "a command that there is not gives the error object, too" {
	ocifp_run bogus --json --status-file "$T/status"
	assert_failed 2
	assert_json '.error.status == 2 and .error.kind == "usage"'
	jq -e '.error.status == 2' "$T/status"
	ocifp_run --json
	assert_failed 2
	assert_json '.error.status == 2'
}

@test "a server in trouble: how often it was tried, and for how long" {
	serve_image
	rules reg <<<'{"path": "manifests", "action": {"status": 503}}'
	ocifp_run pull "$ref"
	assert_failed 5
	assert_stderr_has "answers: 503.*, tried [2-9] times in [0-9.]+ s"
	ocifp_run pull localhost:1/app:one
	assert_failed 5
	assert_stderr_has "cannot get an answer from 'http.*, tried 3 times in [0-9.]+ s"
	# One that answered before may be starting anew.
	rules reg </dev/null
	ocifp_run copy "$ref" localhost:1/app:one
	assert_failed 5
	assert_stderr_has "cannot get an answer from 'http.*, tried 6 times in [0-9.]+ s"
}

@test "an http server where TLS was expected is called that" {
	# As Go and nginx answer a TLS hello.
	cat >"$T/answers.py" <<-'PYTHON'
		import socket, sys
		server = socket.create_server(("127.0.0.2", 0))
		print(server.getsockname()[1], file=open(sys.argv[1], "w"), flush=True)
		while True:
		    peer, _ = server.accept()
		    peer.recv(4096)
		    peer.sendall(b"HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request\n")
		    peer.close()
	PYTHON
	spawn answers python3 -S "$T/answers.py" "$T/port"
	wait_for test -s "$T/port"
	ocifp_run pull --tls-ca /etc/ssl/certs/ca-certificates.crt "127.0.0.2:$(<"$T/port")/app:one"
	assert_failed 9
	assert_stderr_has "speaks plain http, not TLS .*; to use plain http, pass --plain-http 127.0.0.2:$(<"$T/port")"
}
