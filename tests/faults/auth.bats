#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Credentials: where they come from, whom they reach, and what happens when they are refused.

load ../lib/rig

setup() {
	need python3 jq ocifp
	rig_setup
	mkdir -p "$T/home/.docker"
}

teardown() {
	rig_teardown
}

# docker_config JSON: with @HOST@ for the registry
docker_config() {
	printf '%s' "${1//@HOST@/$reg_host}" >"$T/home/.docker/config.json"
	chmod 600 "$T/home/.docker/config.json"
}

basic() {
	printf %s "$1" | base64 -w 0
}

serve_basic() {
	start_faults reg --auth basic --user me:pw
	serve_image
}

serve_bearer() {
	start_faults reg --auth bearer --user me:pw "$@"
	serve_image
}

# A program named docker-credential-NAME, its text from stdin.
helper() {
	mkdir -p "$T/bin"
	cat >"$T/bin/docker-credential-$1"
	chmod 755 "$T/bin/docker-credential-$1"
	PATH=$T/bin:$PATH
}

@test "A02 the urls of a descriptor are never contacted" {
	start_canary evil
	serve_image --layers 1k
	manifest_with ".layers[0].urls = [\"http://$evil_host/v2/app/blobs/x\"]"
	pull "$ref"
	assert_status 0
	assert_requests evil 0 . .
	assert_equal "$(connections evil)" 0
}

@test "A03 a registry with Basic alone, and one that offers Basic and Bearer" {
	serve_basic
	docker_config "{\"auths\": {\"@HOST@\": {\"auth\": \"$(basic me:pw)\"}}}"
	pull "$ref"
	assert_pulled
	stop reg
	rm -rf "$OCIFP_STORE"
	serve_bearer
	docker_config "{\"auths\": {\"@HOST@\": {\"auth\": \"$(basic me:pw)\"}}}"
	rules reg <<-'JSON'
		{"path": "^/v2/", "header": {"authorization": ""}, "action": {"status": 401, "headers": {"WWW-Authenticate":
		 ["Basic realm=\"x, y=\\\"z\\\"\"", "bEaReR realm=\"@SELF@/token\" , service=\"a,b\",scope=\"repository:app:pull\""]}}}
	JSON
	pull "$ref"
	assert_pulled
}

@test "A03 challenges without a realm, of 64 KiB, and of garbage are no crash" {
	serve_image
	local value
	for value in Bearer 'Bearer service=\"x\"' "Bearer realm=\\\"$(printf %065536d 0)\\\"" \
		'\"\"\",,,===' 'Negotiate' 'Bearer realm=\"@SELF@/token\" scope=' 'Bearer realm=\"not a url\"'; do
		rules reg <<-JSON
			{"path": "^/v2/", "action": {"status": 401, "headers": {"WWW-Authenticate": "$value"}}}
		JSON
		pull "$ref"
		case $value in
		*00000*) assert_failed 5 ;; # libcurl takes no line of that length
		*) assert_failed 4 ;;
		esac
	done
}

# token_answer ACTION: the token endpoint's; the registry takes any token
token_answer() {
	rules reg <<-JSON
		{"path": "^/token", "action": {$1}}
		{"path": "^/v2/", "header": {"authorization": ""}, "action": {"status": 401, "headers": {
		 "WWW-Authenticate": "Bearer realm=\"@SELF@/token\",service=\"rig\",scope=\"repository:app:pull\""}}}
	JSON
	rm -rf "$OCIFP_STORE" "$T/home/.cache"
	forget_log reg
	pull --no-token-cache "$ref"
}

@test "A05 a token answer is read as the field writes it" {
	serve_image
	local answer
	for answer in '{"token": "t"}' '{"access_token": "t"}' '{"token": "t", "access_token": "u"}' \
		'{"token": "t", "expires_in": 0}' '{"token": "t", "expires_in": -1}' \
		'{"token": "t", "expires_in": "60"}' '{"token": "t", "expires_in": 1e99}' \
		'{"token": "t", "issued_at": "2001-01-01T00:00:00Z", "expires_in": 300}' \
		'{"token": "t", "issued_at": "nonsense", "expires_in": null}'; do
		token_answer "\"json\": $answer"
		assert_pulled
		assert_requests reg 1 GET ^/token
	done
}

@test "A05 a token answer of 128 KiB is read, and one of a byte more is not" {
	serve_image
	token_answer "\"body\": \"{\\\"token\\\": \\\"t\\\"}$(printf '%131058s' '')\""
	assert_pulled
	token_answer "\"body\": \"{\\\"token\\\": \\\"t\\\"}$(printf '%131059s' '')\""
	assert_failed 4
	assert_stderr_has 'more than 131072 bytes'
}

@test "A05 an answer without a token, HTML, or a token that no header can hold is never sent" {
	serve_image
	local action
	for action in '"json": {}' '"json": []' '"json": {"token": ""}' '"json": {"token": 7}' '"json": {"token": null}' \
		'"body": "<html>log in</html>"' '"fill": 1048576' '"body": ""' \
		'"json": {"token": "a\r\nX-Evil: b"}' '"json": {"token": "a\u0000b"}'; do
		token_answer "$action"
		case $action in
		*fill* | *'{}' | *'"token": ""}' | *7* | *null*) assert_failed 4 ;; # no token, as when it is refused
		*) assert_failed 5 ;;
		esac
		assert_requests reg 1 GET /v2/app/manifests
		! grep -qi x-evil "$T/reg.log" || fail "a header was injected"
	done
}

# with_password COMMAND...
with_password() {
	printf pw >"$T/password"
	ocifp_run "$@" --username me --password-stdin <"$T/password"
}

@test "A14 every command sends --username to the registry of its operand" {
	serve_basic
	make_project
	echo text >file
	with_password ensure --push always app
	assert_status 0
	mkdir layer
	local image=$reg_host/app copy=$reg_host/copy line
	while read -r line; do
		with_password $line
		assert_status 0
	done <<-COMMANDS
		digest app
		tag app latest
		exists app
		exists $image:latest
		why app
		lock
		lock --update app
		pull --platform linux/amd64 app
		pull --platform linux/amd64 -o oci:$T/out:one app
		push oci:$T/out:one $copy:one
		copy app $copy:two
		copy oci:$T/out:one $copy:three
		copy $copy:three oci:$T/out:four
		inspect $copy:one
		manifest $copy:one
		tree $copy:one
		tags $copy
		tag $copy:one again
		index create $copy:index $copy:one
		index ls $copy:index
		append --base $copy:one -t $copy:more --push layer
		append --base $copy:one -o oci:$T/out:more layer
		mutate --env A=1 -t $copy:changed --push $copy:one
		attach --type text/plain $copy:one file
		referrers $copy:one
		rm $copy:again
		prune --keep-newest 5 $copy
		unpack --platform linux/amd64 $copy:one $T/root
	COMMANDS
}

@test "A14 --username goes to no other registry: not to the other end, a fallback or a need" {
	serve_basic
	start_canary other --auth basic --user me:pw
	mkimage image "$T/other.root/app" one >/dev/null
	with_password copy "$other_host/app:one" "$reg_host/copy:one"
	assert_failed 4
	assert_no_secrets other
	with_password index create "$reg_host/copy:two" "$other_host/app:one"
	assert_failed 4
	assert_no_secrets other
	mkdir layer
	echo input >file
	with_password append --base "$other_host/app:one" -t "$reg_host/copy:three" --push layer
	assert_failed 4
	assert_no_secrets other
	make_project "fallback: [$other_host/app]"
	with_password exists app
	assert_failed 4
	assert_no_secrets other
	with_password ensure --push never app
	assert_failed 4
	assert_no_secrets other
	cat >.ocifp.yaml <<-YAML
		version: 1
		images:
		  base: {repository: $other_host/base, inputs: [file], build: 'false'}
		  app: {default: true, repository: $reg_host/app, inputs: [file], needs: [base], build: 'false'}
	YAML
	with_password ensure --push never app
	assert_failed 4
	assert_no_secrets other
	with_password index join --platform linux/amd64 app
	assert_failed 4
	assert_no_secrets other
	with_password lock
	assert_failed 4
	assert_no_secrets other
}

@test "A06 a wrong password is one attempt, then a refusal" {
	serve_basic
	printf wrong >"$T/password"
	ocifp_run pull "${on[@]}" --username me --password-stdin "$ref" <"$T/password"
	assert_failed 4
	assert_equal "$(request_header reg . . authorization | grep -c Basic)" 1
	# Once it is known what the registry wants, the first request has the password.
	printf pw >"$T/right"
	ocifp_run pull "${on[@]}" --username me --password-stdin "$ref" <"$T/right"
	assert_pulled
	rm -rf "$OCIFP_STORE"
	forget_log reg
	ocifp_run pull "${on[@]}" --username me --password-stdin "$ref" <"$T/password"
	assert_failed 4
	assert_requests reg 1 . .
	stop reg
	rm "$T/reg.log"
	serve_bearer --anonymous
	ocifp_run pull "${on[@]}" --username me --password-stdin "$ref" <"$T/password"
	assert_failed 4
	assert_equal "$(request_header reg . /token authorization | grep -c Basic)" 1
}

@test "A07 a 403 or 401 that asks for a wider scope gets one more token" {
	serve_bearer --anonymous
	local code
	for code in 401 403; do
		forget_log reg
		rm -rf "$OCIFP_STORE"
		rules reg <<-JSON
			{"path": "manifests", "nth": 1, "header": {"authorization": "Bearer"}, "action": {"status": $code,
			 "headers": {"WWW-Authenticate": "Bearer realm=\"@SELF@/token\",service=\"rig\",scope=\"repository:app:pull repository:other:pull\",error=\"insufficient_scope\""}}}
		JSON
		pull --no-token-cache "$ref"
		assert_pulled
		assert_requests reg 2 GET ^/token
	done
}

@test "A08 a Date years off changes nothing" {
	serve_bearer --anonymous --token-expires-in 300
	rules reg <<-'JSON'
		{"method": "GET", "path": ".", "action": {"headers": {"Date": "Mon, 01 Jan 2001 00:00:00 GMT"}}}
	JSON
	pull "$ref"
	assert_pulled
}

@test "A04 many layers ask for one token; one that expires is renewed once" {
	serve_bearer --anonymous
	serve_image --count 8 --size 20k
	pull --no-token-cache "$ref"
	assert_pulled
	assert_requests reg 1 GET ^/token
	stop reg
	rm -rf "$OCIFP_STORE" "$T/reg.log"
	serve_bearer --anonymous --token-ttl 1
	serve_image --count 8 --size 20k
	rules reg <<<"{\"path\": \"manifests\", \"header\": {\"authorization\": \".\"}, \"action\": {\"delay_s\": 1.5}}"
	pull --no-token-cache "$ref"
	assert_pulled
	[ "$(requests reg GET ^/token)" -le 3 ]
}

@test "A04 the refusal of one slow request among a hundred renews the token" {
	serve_bearer --anonymous --token-ttl 4
	serve_image --layers "40k$(printf ',1k%.0s' {1..100})" --compress none
	rules reg <<<"{\"path\": \"blobs/${layers[0]}\", \"nth\": 1, \"action\": {\"delay_s\": 5, \"status\": 401,
		\"headers\": {\"WWW-Authenticate\": \"Bearer realm=\\\"@SELF@/token\\\",service=\\\"rig\\\"\"}}}"
	pull --no-token-cache "$ref"
	assert_pulled
	assert_requests reg 2 GET ^/token
}

@test "A09 credentials for one host do not reach another name or port" {
	start_canary evil
	serve_image
	rm -rf "$T/evil.root" && ln -s "$T/reg.root" "$T/evil.root"
	rules evil <<-'JSON'
		{"path": ".", "header": {"authorization": ""}, "action": {"status": 401, "headers": {"WWW-Authenticate": "Basic realm=\"x\""}}}
	JSON
	local name auth
	auth=$(basic me:pw)
	docker_config "{\"auths\": {\"@HOST@\": {\"auth\": \"$auth\"}, \"127.0.0.2\": {\"auth\": \"$auth\"},
		\"evil.example\": {\"auth\": \"$auth\"}, \"${evil_host%:*}:1\": {\"auth\": \"$auth\"}}}"
	pull "$evil_host/app:one"
	assert_failed 4
	assert_no_secrets evil
}

@test "A01 a token server on another host gets no credential" {
	start_canary evil --auth bearer --anonymous
	start_faults reg --auth bearer --user me:pw --realm "http://$evil_host/token"
	serve_image
	docker_config "{\"auths\": {\"@HOST@\": {\"auth\": \"$(basic me:pw)\"}}}"
	pull "$ref"
	assert_failed 4
	assert_no_secrets evil
	printf pw >"$T/password"
	ocifp_run pull "${on[@]}" --username me --password-stdin "$ref" <"$T/password"
	assert_failed 4
	assert_no_secrets evil
}

@test "A14 docker's config.json: auths, credHelpers, credsStore, identity tokens" {
	serve_basic
	helper good <<-'SH'
		#!/bin/sh
		read host; echo "$host" >>"$HOME/asked"
		echo '{"ServerURL": "'"$host"'", "Username": "me", "Secret": "pw"}'
	SH
	local config
	for config in "{\"auths\": {\"@HOST@\": {\"auth\": \"$(basic me:pw)\"}}}" \
		"{\"auths\": {\"http://@HOST@/v2/\": {\"auth\": \"$(basic me:pw)\"}}}" \
		'{"auths": {"@HOST@": {"username": "me", "password": "pw"}}}' \
		'{"credHelpers": {"@HOST@": "good"}}' '{"credsStore": "good", "auths": {"@HOST@": {}}}' \
		"{\"credHelpers\": {\"@HOST@\": \"good\"}, \"auths\": {\"@HOST@\": {\"auth\": \"$(basic me:no)\"}}}"; do
		rm -rf "$OCIFP_STORE"
		docker_config "$config"
		pull "$ref"
		assert_pulled
	done
	assert_equal "$(sort -u "$T/home/asked")" "$reg_host"
	stop reg
	rm -rf "$OCIFP_STORE"
	start_faults reg --auth bearer --refresh-token refresh-me
	serve_image
	docker_config "{\"auths\": {\"@HOST@\": {\"auth\": \"$(basic '<token>:')\", \"identitytoken\": \"refresh-me\"}}}"
	pull "$ref"
	assert_pulled
	assert_requests reg 1 POST ^/token
}

@test "A14 the containers' auth.json counts too, by host and by repository" {
	serve_basic
	local key
	for key in "$reg_host" "$reg_host/app"; do
		rm -rf "$OCIFP_STORE"
		echo "{\"auths\": {\"$key\": {\"auth\": \"$(basic me:pw)\"}}}" >"$T/auth.json"
		chmod 600 "$T/auth.json"
		REGISTRY_AUTH_FILE=$T/auth.json ocifp_run pull "${on[@]}" "$ref"
		assert_pulled
	done
}

@test "A14 a broken entry is a configuration error that names the file, not the value" {
	serve_basic
	local value
	for value in 'c2VjcmV0' 'not!base64!secret' "$(basic 'no-colon-secret')"; do
		docker_config "{\"auths\": {\"@HOST@\": {\"auth\": \"$value\"}}}"
		pull "$ref"
		assert_failed 2
		assert_stderr_has config.json
		refute_stderr_has "$value"
	done
	docker_config '{"auths": '
	pull "$ref"
	assert_failed 2
	assert_stderr_has 'config.json.*--anonymous'
}

@test "A14 a registry token is sent as it stands, and no other is fetched in its place" {
	serve_bearer
	local token
	token=$(curl -su me:pw "http://$reg_host/token?service=rig&scope=repository:app:pull" | jq -r '.token // .access_token')
	forget_log reg
	docker_config "{\"auths\": {\"@HOST@\": {\"registrytoken\": \"$token\", \"auth\": \"$(basic me:pw)\"}}}"
	pull "$ref"
	assert_pulled
	assert_requests reg 0 . ^/token
	rm -rf "$OCIFP_STORE"
	docker_config '{"auths": {"@HOST@": {"registrytoken": "s3cret"}}}'
	pull "$ref"
	assert_failed 4
	assert_stderr_has "refuses the credentials of ~/.docker/config.json: .*; they may have expired: run 'ocifp login $reg_host', or see 'ocifp auth explain $reg_host'"
	assert_requests reg 0 . ^/token
	docker_config '{"auths": {"@HOST@": {"registrytoken": "s3cret\r\nX: y"}}}'
	pull "$ref"
	assert_failed 2
}

@test "A15 a credential file that is a pipe, huge or double does not hang or pass" {
	serve_basic
	rm -f "$T/home/.docker/config.json"
	mkfifo "$T/home/.docker/config.json"
	pull "$ref"
	assert_failed 2
	assert_within 5
	rm "$T/home/.docker/config.json"
	head -c 10485760 /dev/zero | tr '\0' ' ' >"$T/home/.docker/config.json"
	pull "$ref"
	assert_failed 2
	docker_config "{\"auths\": {}}"
	truncate -s +1 "$T/home/.docker/config.json"
	pull "$ref"
	assert_failed 2
	assert_stderr_has 'config.json.*; fix it, or use --anonymous'
	docker_config "{\"auths\": {\"@HOST@\": {\"auth\": \"x\"}}, \"auths\": {\"@HOST@\": {\"auth\": \"$(basic me:pw)\"}}}"
	pull "$ref"
	assert_failed 2
}

@test "A15 a credential file that everybody may write is refused, with the remedy; a link is followed" {
	serve_basic
	docker_config "{\"auths\": {\"@HOST@\": {\"auth\": \"$(basic me:pw)\"}}}"
	chmod 666 "$T/home/.docker/config.json"
	pull "$ref"
	assert_failed 2
	assert_stderr_has "config.json.: every user can write it; run 'chmod 600 ~/.docker/config.json'\$"
	assert_equal "$(request_header reg . . authorization | grep -c Basic)" 0
	chmod 600 "$T/home/.docker/config.json"
	mv "$T/home/.docker/config.json" "$T/home/real"
	ln -s ../real "$T/home/.docker/config.json"
	pull "$ref"
	assert_pulled
}

@test "A16 a helper's name that could be a path or a command is refused, and nothing runs" {
	need strace
	serve_basic
	local name
	for name in '../x' 'a;b' 'a b' '' '/bin/sh'; do
		docker_config "{\"credHelpers\": {\"@HOST@\": \"$name\"}}"
		split_run strace -f -qq -e trace=execve -o "$T/trace" ocifp pull "${on[@]}" "$ref"
		[ "$name" = '' ] || assert_failed 2
		assert_equal "$(grep -c execve "$T/trace")" 1
	done
}

@test "A17 a helper gets no secret of ours and no descriptors, and its host on stdin alone" {
	serve_basic
	helper nosy <<-'SH'
		#!/bin/sh
		{ echo "$*"; env; ls /proc/self/fd; } >"$HOME/saw"
		read host
		echo '{"Username": "me", "Secret": "pw"}'
	SH
	docker_config '{"credHelpers": {"@HOST@": "nosy"}}'
	GITHUB_TOKEN=hidden1 GH_TOKEN=hidden2 ocifp_run pull "${on[@]}" "$ref"
	assert_pulled
	assert_equal "$(head -n 1 "$T/home/saw")" get
	! grep -q hidden "$T/home/saw" || fail "$(cat "$T/home/saw")"
}

@test "A18 a helper that knows nothing means anonymous; one that fails is told about, made harmless" {
	serve_image
	helper none <<-'SH'
		#!/bin/sh
		echo 'credentials not found in native keychain'; exit 1
	SH
	docker_config '{"credHelpers": {"@HOST@": "none"}}'
	pull "$ref"
	assert_pulled
	helper bad <<-'SH'
		#!/bin/sh
		printf '\033[31mboom\033]52;c;x\a\n::set-env name=x::y\n' >&2; exit 3
	SH
	docker_config '{"credHelpers": {"@HOST@": "bad"}}'
	pull "$ref"
	assert_failed 4
	assert_clean_terminal "$T/stderr"
	refute_stderr_has '^::'
}

# In a time that goes thirty times faster, but for the helper.
@test "A18 a helper that hangs is given half a minute" {
	need faketime preload
	serve_image
	helper slow <<<$'#!/bin/sh\nexec env -u LD_PRELOAD sleep 60'
	docker_config '{"credHelpers": {"@HOST@": "slow"}}'
	ASAN_OPTIONS=verify_asan_link_order=0 split_run timeout 60 faketime -f '+0 x30' ocifp pull "${on[@]}" "$ref"
	assert_failed 4
	assert_stderr_has "'docker-credential-slow' did not finish within 30 s"
	assert_within 20
	assert_requests reg 0 . .
}

@test "A18 a helper that floods or is killed is an error in time" {
	serve_basic
	helper flood <<<$'#!/bin/sh\nyes | head -c 10485760'
	helper dead <<<$'#!/bin/sh\nkill -9 $$'
	local name
	for name in flood dead missing; do
		docker_config "{\"credHelpers\": {\"@HOST@\": \"$name\"}}"
		pull "$ref"
		assert_failed "$([ $name = missing ] && echo 2 || echo 4)"
		assert_within 10
	done
}

@test "A19 user info in a reference is a usage error, and not repeated" {
	local name
	for name in me:secret@127.0.0.1:5000/app:one https://me:secret@127.0.0.1:5000/app; do
		exists "$name"
		assert_failed 2
		refute_stderr_has secret
	done
}

@test "A20 explicit credentials that are refused are status 4 and name their source" {
	start_faults reg --auth bearer --user me:pw --anonymous
	serve_image
	docker_config "{\"auths\": {\"@HOST@\": {\"auth\": \"$(basic me:stale)\"}}}"
	pull "$ref"
	assert_failed 4
	assert_stderr_has config.json
	refute_stderr_has stale
}

@test "--anonymous uses no credential, though there are some" {
	start_faults reg --auth bearer --user me:pw --anonymous --canary "$T/reg.secrets"
	serve_image
	docker_config "{\"auths\": {\"@HOST@\": {\"auth\": \"$(basic me:pw)\"}}}"
	pull --anonymous "$ref"
	assert_pulled
	! grep -q 'Basic' "$T/reg.log"
}

@test "login writes a private file that works, logout takes the entry away" {
	serve_basic
	printf 'pw\n' >"$T/password"
	ocifp_run login --username me --password-stdin "$reg_host" <"$T/password"
	assert_status 0
	local file
	file=$(grep -rl "$reg_host" "$T/home")
	assert_equal "$(stat -c %a "$file")" 600
	pull "$ref"
	assert_pulled
	ocifp_run logout "$reg_host"
	assert_status 0
	! grep -rq "$reg_host" "$T/home" || fail "the login was not taken away"
	rm -rf "$OCIFP_STORE"
	pull "$ref"
	assert_failed 4
}

@test "A01 login is no success when only an anonymous token of another host was taken" {
	start_canary evil --auth bearer --anonymous
	start_faults reg --auth bearer --user me:pw --realm "http://$evil_host/token"
	rules reg <<-'RULES'
		{"path": "^/v2/$", "header": {"authorization": "^Bearer "}, "action": {"status": 200, "body": "{}"}}
	RULES
	printf 'wrong\n' >"$T/password"
	ocifp_run login --username me --password-stdin "$reg_host" <"$T/password"
	assert_failed 9
	assert_stderr_has --trust-realm
	assert_requests evil 1 GET ^/token
	assert_no_secrets evil
	! grep -rq "$reg_host" "$T/home" || fail "the unchecked login was written"
}

@test "--trust-realm: a token server on another host that the user names gets the password" {
	start_faults tokens --address 127.0.0.2 --auth bearer --user me:pw
	start_faults reg --auth bearer --user me:pw --realm "http://$tokens_host/token"
	rules reg <<-'RULES'
		{"path": "^/v2/$", "header": {"authorization": "^Bearer "}, "action": {"status": 200, "body": "{}"}}
	RULES
	printf 'wrong\n' >"$T/password"
	ocifp_run login --trust-realm 127.0.0.2 --username me --password-stdin "$reg_host" <"$T/password"
	assert_failed 4
	printf 'pw\n' >"$T/password"
	ocifp_run login --trust-realm 127.0.0.2 --username me --password-stdin "$reg_host" <"$T/password"
	assert_status 0
	assert_requests tokens 2 GET ^/token
}

@test "in a job of GitLab its registry's password goes to its server, by https alone" {
	need openssl
	make_cert server
	local tls=$T/tls/server.pem:$T/tls/server.key
	start_faults tokens --address 127.0.0.2 --tls "$tls" --auth bearer --user gitlab-ci-token:job
	start_faults reg --tls "$tls" --auth bearer --realm "https://$tokens_host/token"
	export CI_REGISTRY=$reg_host CI_JOB_TOKEN=job CI_SERVER_URL=https://$tokens_host
	local given
	given="Basic $(basic gitlab-ci-token:job)"
	ocifp_run exists --no-token-cache --tls-ca "$T/tls/ca.pem" "$reg_host/app:one"
	assert_equal "$(request_header tokens GET ^/token authorization | sort -u)" -
	export GITLAB_CI=true
	forget_log tokens
	CI_SERVER_URL=https://127.0.0.2 ocifp_run exists --no-token-cache --tls-ca "$T/tls/ca.pem" "$reg_host/app:one"
	assert_equal "$(request_header tokens GET ^/token authorization | sort -u)" -
	assert_stderr_has "the credentials for '$reg_host' are not sent to its token server"
	forget_log tokens
	CI_SERVER_URL=http://$tokens_host ocifp_run exists --no-token-cache --tls-ca "$T/tls/ca.pem" "$reg_host/app:one"
	assert_equal "$(request_header tokens GET ^/token authorization | sort -u)" -
	forget_log tokens
	ocifp_run exists --no-token-cache --tls-ca "$T/tls/ca.pem" "$reg_host/app:one"
	assert_equal "$(request_header tokens GET ^/token authorization | sort -u)" "$given"
}

@test "login with a wrong password is a refusal and writes nothing" {
	serve_basic
	printf 'no\n' >"$T/password"
	ocifp_run login --username me --password-stdin "$reg_host" <"$T/password"
	assert_failed 4
	! grep -rq "$reg_host" "$T/home" || fail "the refused login was written"
}

@test "auth explain names the source and never the secret" {
	serve_basic
	docker_config "{\"auths\": {\"@HOST@\": {\"auth\": \"$(basic me:s3cret)\"}}}"
	ocifp_run auth explain "$reg_host"
	assert_status 0
	[[ $stdout == *config.json* ]] || fail "$told"
	! grep -Eq "s3cret|$(basic me:s3cret)" "$T/stdout" "$T/stderr" || fail "$told"
}

@test "no secret shows in the most talkative output" {
	serve_bearer
	docker_config "{\"auths\": {\"@HOST@\": {\"auth\": \"$(basic me:pw)\"}}}"
	pull -v "$ref"
	assert_pulled
	! grep -Eqi "rig-[a-z0-9_-]{20}|$(basic me:pw)|authorization: (basic|bearer) [a-z0-9]" "$T/stderr" || fail "$told"
}
