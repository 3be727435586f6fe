#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# ghcr.io in one request: a double that answers as it does, reached under its name through a proxy.

load ../lib/rig
load ../lib/caches

setup() {
	need python3 jq openssl ocifp
	rig_setup
	export OCIFP_BACKOFF_MS=1
	make_cert server DNS:ghcr.io,DNS:cdn.test,IP:127.0.0.1
	start_faults reg --tls "$T/tls/server.pem:$T/tls/server.key" --auth bearer --anonymous --direct \
		--private hidden/app --user me:ghp_s3cret --realm https://ghcr.io/token --service ghcr.io
	start_faults proxy --proxy-to "$reg_host"
	export https_proxy=http://$proxy_host OCIFP_TLS_CA=$T/tls/ca.pem
	unset GITHUB_TOKEN GH_TOKEN GITHUB_ACTOR
	digest=$(mkimage image "$T/reg.root/me/app" one)
	mkdir -p "$T/reg.root/hidden" && cp -r "$T/reg.root/me/app" "$T/reg.root/hidden/app"
	printf ghp_s3cret >"$T/password"
}

teardown() {
	rig_teardown
}

# ask STATUS COUNT COMMAND...: with its requests, and those for tokens among them in $tokens
ask() {
	forget_log reg
	ocifp_run "${@:3}" <"$T/password"
	assert_status "$1"
	assert_requests reg "$2" 'GET|HEAD|POST' /
	tokens=$(requests reg 'GET|POST' ^/token)
	# No secret goes as it stands.
	! request_header reg . / authorization | grep -q ghp_ || fail "a raw token was sent"
}

# The bearers that were sent, decoded; a token shows as such.
bearers() {
	request_header reg . ^/v2/ authorization | while read -r kind value; do
		if [ "$kind" = Bearer ] && text=$(base64 -d <<<"$value" 2>/dev/null) && [[ "$text" =~ ^[[:print:]]+$ ]]; then
			echo "direct $text"
		else
			echo "$kind"
		fi
	done | sort | uniq -c | awk '{$1=$1};1'
}

@test "a public image: one request without a login, and a pull without a token" {
	ask 0 1 digest ghcr.io/me/app:one
	assert_equal "$(bearers)" '1 direct A'
	ask 0 2 exists "${on[@]}" ghcr.io/me/app:one
	ask 0 3 pull "${on[@]}" ghcr.io/me/app:one
	assert_equal "$tokens" 0
	assert_stored "$digest"
}

@test "what is absent is proven with a token, which is kept" {
	ask 3 3 digest ghcr.io/me/app:two
	assert_equal "$(bearers)" $'1 Bearer\n1 direct A'
	ask 3 1 digest ghcr.io/me/app:two
	assert_equal "$(bearers)" '1 Bearer'
	ask 0 1 digest ghcr.io/me/app:one
	assert_equal "$(bearers)" '1 Bearer'
	# That the image was absent does not speak against the direct bearer.
	ask 0 1 digest --no-token-cache ghcr.io/me/app:one
	assert_equal "$(bearers)" '1 direct A'
}

@test "a private image: with GITHUB_TOKEN or a login one request, without either unknown" {
	ask 4 2 digest ghcr.io/hidden/app:one
	assert_equal "$(bearers)" '1 direct A'
	ask 4 2 digest ghcr.io/missing/app:one
	GITHUB_TOKEN=ghp_s3cret ask 0 1 digest ghcr.io/hidden/app:one
	assert_equal "$(bearers)" '1 direct ghp_s3cret'
	ask 0 1 digest --username me --password-stdin ghcr.io/hidden/app:one
	assert_equal "$(bearers)" '1 direct me:ghp_s3cret'
	printf wrong >"$T/password"
	ask 4 2 digest --username me --password-stdin ghcr.io/hidden/app:one
	GITHUB_ACTOR=me GITHUB_TOKEN=ghp_s3cret ask 3 3 digest ghcr.io/hidden/app:two
}

@test "once ghcr.io takes it no more, one request is lost, and for a day not even that" {
	local status
	for status in 401 403 404; do
		rm -rf "$HOME/.cache"
		rules reg <<<"{\"path\": \"^/v2/\", \"header\": {\"authorization\": \"QQ==\"}, \"action\": {\"status\": $status, \"body\": \"\"}}"
		ask 0 3 digest ghcr.io/me/app:one
		ask 0 1 digest ghcr.io/me/app:one
		rm "$HOME"/.cache/ocifp/tokens/*.token
		ask 0 2 digest ghcr.io/me/app:one
		assert_equal "$(bearers)" '1 Bearer'
	done
}

@test "a long wait for what has no token is not waited; tokens from elsewhere are asked for by challenge" {
	rules reg <<<'{"path": "^/v2/", "header": {"authorization": "QQ=="}, "action": {"status": 429, "headers": {"Retry-After": "120"}}}'
	ask 0 3 digest ghcr.io/me/app:one
	rm -rf "$HOME/.cache"
	rules reg <<-'JSON'
		{"path": "^/token", "nth": 1, "action": {"status": 404}}
		{"path": "^/v2/", "header": {"authorization": "QQ=="}, "action": {"status": 403}}
	JSON
	ask 0 5 digest ghcr.io/me/app:one
}

@test "a host that takes neither the direct bearer nor gives a token where it should is given up" {
	rules reg <<-'JSON'
		{"path": "^/token", "action": {"status": 404}}
		{"path": "^/v2/", "action": {"status": 403}}
	JSON
	ask 4 3 digest ghcr.io/me/app:one
	rules reg <<-'JSON'
		{"path": "^/token", "action": {"status": 404}}
		{"path": "^/v2/", "action": {"status": 401, "headers": {"WWW-Authenticate": "Basic realm=\"x\""}}}
	JSON
	ask 4 3 digest ghcr.io/me/app:one
}

@test "direct_bearer: false asks for a token first" {
	mkdir -p "$HOME/.config/ocifp"
	echo 'direct_bearer: false' >"$HOME/.config/ocifp/config.yaml"
	ask 0 3 digest ghcr.io/me/app:one
	assert_equal "$(bearers)" $'1 -\n1 Bearer'
}

@test "pushes, deletions and logins never use it" {
	forget_log reg
	ocifp_run push --username me --password-stdin "oci:$T/reg.root/me/app:one" ghcr.io/me/new:one <"$T/password"
	assert_status 0
	ocifp_run login --username me --password-stdin ghcr.io <"$T/password"
	assert_status 0
	ocifp_run rm --yes ghcr.io/me/new:one
	ocifp_run prune --keep-tag x ghcr.io/me/app
	ocifp_run doctor --registry ghcr.io
	! bearers | grep direct || fail "a direct bearer was sent"
}

@test "another name or port of the same host, and a mirror, are asked as any registry" {
	forget_log reg
	ocifp_run exists "${on[@]}" ghcr.io:8443/me/app:one
	ocifp_run digest "$reg_host/me/app:one"
	! bearers | grep direct || fail "a direct bearer was sent"
}

@test "it does not follow a redirect" {
	rules reg <<<"{\"method\": \"GET\", \"path\": \"^/v2/.*blobs/\", \"action\": {\"redirect\": \"https://cdn.test/elsewhere@PATH@\"}}"
	ocifp_run pull "${on[@]}" ghcr.io/me/app:one
	assert_equal "$(request_header reg GET ^/elsewhere authorization | sort -u)" -
}

@test "caches: saved, restored, listed, and pruned through the Packages API" {
	local where=(--path tree --key key --repository ghcr.io/me/caches) number
	spawn api python3 "$RIG_TESTS/faults/packages.py" --root "$T/reg.root" --port-file "$T/api.port" --log "$T/api.log" \
		--token ghp_s3cret
	wait_for test -e "$T/api.port"
	GITHUB_API_URL=http://127.0.0.1:$(<"$T/api.port")
	export GITHUB_API_URL GITHUB_ACTOR=me GITHUB_TOKEN=ghp_s3cret
	machine one
	mkdir tree
	for number in 1 2 3; do
		echo $number | tee key >tree/file
		ocifp_run cache save --strict --push always "${where[@]}"
		assert_status 0
		sleep 1.1
	done
	ocifp_run cache ls --repository ghcr.io/me/caches
	[[ $stdout == *'3 caches, '* ]] || fail "$told"
	ocifp_run cache prune --repository ghcr.io/me/caches --keep-newest 1 --keep-younger 1ms --yes
	[[ $stdout == *'deleted 2 caches, '*'; kept 1, '* ]] || fail "$told"
	assert_equal "$(grep -c '^DELETE ' "$T/api.log")" 2
	assert_requests reg 0 DELETE .
	machine two
	echo 3 >key
	ocifp_run cache restore --strict "${where[@]}"
	assert_equal "$(cat tree/file)" 3
	ocifp_run cache ls --repository ghcr.io/me/caches
	[[ $stdout == *'1 cache, '* ]] || fail "$told"
}
