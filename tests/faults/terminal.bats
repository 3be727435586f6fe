#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What others wrote reaches a terminal or a log only as harmless text.

load ../lib/rig
load ../lib/unpack_ways

HOSTILE='\u001b[31mred\u001b]8;;http://evil\u0007link\u001b]52;c;aGk=\u0007\rover\b\b\u009b2J\u007f\u202eevil\u2028\n::set-env name=PATH::/evil\n##[add-path]/evil\n##vso[task.setvariable]x'

setup() {
	need python3 jq ocifp
	rig_setup
}

teardown() {
	rig_teardown
}

assert_harmless() {
	assert_clean_terminal "$T/stdout" "$T/stderr"
	! grep -Eq '^[[:space:]]*::|##\[|##vso\[' "$T/stdout" "$T/stderr" || fail "a workflow command came through" "$told"
}

@test "X01 hostile text in error messages, codes and reasons" {
	serve_image
	local action
	for action in "\"status\": 403, \"json\": {\"errors\": [{\"code\": \"DENIED\", \"message\": \"$HOSTILE\"}]}" \
		"\"status\": 400, \"json\": {\"errors\": [{\"code\": \"$HOSTILE\", \"message\": \"x\", \"detail\": \"$HOSTILE\"}]}" \
		"\"status\": 400, \"body\": \"$HOSTILE\"" \
		"\"status\": 404, \"json\": {\"errors\": [{\"code\": \"MANIFEST_UNKNOWN\", \"message\": \"$HOSTILE\"}]}" \
		'"status": 400, "body_b64": "//79gJs="'; do
		rules reg <<<"{\"path\": \"manifests\", \"action\": {$action}}"
		ocifp_run pull -v "${on[@]}" "$ref"
		case $action in
		'"status": 403'*) assert_failed 4 ;;
		'"status": 404'*) assert_failed 3 ;;
		*) assert_failed 5 ;;
		esac
		assert_harmless
		ocifp_run exists --json "${on[@]}" "$ref"
		assert_harmless
	done
}

@test "X01 hostile text in headers: warnings, challenges, types, locations, request ids" {
	serve_image
	local name hostile='\u001b[31m::error::x\u009b##[x]\u0007'
	for name in Warning Content-Type Docker-Content-Digest X-GitHub-Request-Id; do
		rules reg <<<"{\"path\": \"manifests\", \"action\": {\"headers\": {\"$name\": \"$hostile\"}}}"
		ocifp_run pull -v "${on[@]}" "$ref"
		assert_harmless
	done
	rules reg <<<"{\"path\": \"manifests\", \"action\": {\"headers\": {\"Warning\": \"299 - \\\"$hostile\\\"\"}}}"
	ocifp_run pull "${on[@]}" "$ref"
	assert_stderr_has 'warns: .*x1b'
	assert_harmless
	rules reg <<<"{\"path\": \"manifests\", \"action\": {\"status\": 401, \"headers\": {\"WWW-Authenticate\": \"Bearer realm=\\\"http://x/$hostile\\\",service=\\\"$hostile\\\"\"}}}"
	ocifp_run pull -v "${on[@]}" "$ref"
	assert_harmless
	rules reg <<<"{\"path\": \"blobs\", \"action\": {\"redirect\": \"http://$hostile/x\"}}"
	ocifp_run pull -v "${on[@]}" "$ref"
	assert_harmless
}

@test "X01 hostile text in annotations, labels, platforms and media types" {
	serve_image --platform linux/amd64 --platform linux/arm64
	jq -c --arg h "$(printf '"%s"' "$HOSTILE" | jq -r .)" '.annotations = {"a": $h, ($h): "b"}
		| .manifests[1].platform.architecture = $h | .manifests[1].artifactType = $h' \
		"$(blob_path "$T/reg.root/app" "$digest")" >"$T/index"
	serve_manifest application/vnd.oci.image.index.v1+json <"$T/index"
	local command
	for command in inspect tree 'inspect --json' 'pull --platform linux/riscv64'; do
		# shellcheck disable=SC2086
		ocifp_run $command "$ref"
		assert_harmless
	done
}

@test "X01 hostile names of files in a fingerprint" {
	mkdir in
	echo x >in/$'\033[31m\r\n::error::x'
	echo x >in/$'\xff\xfe'
	local words
	for words in '--explain' '--explain --json'; do
		# shellcheck disable=SC2086
		ocifp_run fingerprint $words --input in
		assert_status 0
		assert_harmless
	done
	mkfifo in/$'\033[32m'
	ocifp_run fingerprint --input in
	assert_harmless
}

@test "X01 hostile names in a layer" {
	printf "%s\\n" "file '\\x1b[31m\\n::error::x\\xe2\\x80\\xae##[x]\\xff' uid=4294967295" | layer hostile
	layered hostile hostile
	ocifp_run unpack "oci:$T/lay:hostile" tree
	assert_failed 7
	assert_stderr_has 'its owner is out of range'
	assert_harmless
}

@test "X01 hostile words on our own command line" {
	ocifp_run exists $'localhost:1/\033[31mx\n::error::x'
	assert_failed 2
	assert_harmless
	ocifp_run $'\033[31m'
	assert_failed 2
	assert_harmless
	ocifp_run exists $'--\033[31m'
	assert_failed 2
	assert_harmless
}

@test "X02 the most talkative output is as harmless" {
	serve_image
	rules reg <<<"{\"path\": \"tags\", \"action\": {\"json\": {\"name\": \"app\", \"tags\": [\"$HOSTILE\"]}}}"
	ocifp_run tags -v "$reg_host/app"
	assert_harmless
}

@test "X03 messages of ten megabytes and warnings by the thousand stay short" {
	serve_image
	jq -nc '{"path": "manifests", "action": {"status": 403, "json": {"errors": [{"code": "DENIED", "message": ("x" * 10000000)}]}}}' >"$T/rule"
	rules reg <"$T/rule"
	pull "$ref"
	assert_failed 4
	[ "$(wc -c <"$T/stderr")" -le 8192 ] || fail "$(wc -c <"$T/stderr") bytes"
	jq -nc '{"path": "manifests|blobs", "action": {"headers": {"Warning": [range(100) | "299 - \"\(.) \("w" * 400)\""]}}}' >"$T/rule"
	rules reg <"$T/rule"
	pull "$ref"
	assert_pulled
	assert_stderr_has "^ocifp: '127.0.0.1' warns: 0 wwww"
	[ "$(wc -c <"$T/stderr")" -le 8192 ] || fail "$(wc -c <"$T/stderr") bytes"
	[ -z "$(sort "$T/stderr" | uniq -d)" ] || fail 'one warning is shown twice' "$told"
	pull --quiet "$ref"
	assert_equal "$(wc -c <"$T/stderr")" 0
}

@test "X04 a signed address in an error shows no query" {
	serve_image
	start_canary cdn
	rules reg <<<"{\"path\": \"blobs\", \"action\": {\"redirect\": \"http://$cdn_host/x?sig=topsecret\"}}"
	rules cdn <<<'{"path": ".", "action": {"status": 500}}'
	ocifp_run pull -v "${on[@]}" "$ref"
	assert_failed 5
	refute_stderr_has topsecret
}

@test "X05 without a terminal there is no carriage return and little progress" {
	serve_image --layers 1M
	rules reg <<<'{"path": "blobs", "action": {"rate_bps": 500000}}'
	pull "$ref"
	assert_pulled
	! grep -q $'\r' "$T/stderr" "$T/stdout" || fail "a carriage return"
	! grep -q $'\033' "$T/stderr" "$T/stdout" || fail "an escape"
	[ "$(wc -l <"$T/stderr")" -le 5 ] || fail "$told"
	rm -rf "$OCIFP_STORE"
	TERM=dumb pull --quiet "$ref"
	assert_equal "$(wc -c <"$T/stderr")" 0
}

@test "X05 terminals of no width, one column and ten thousand" {
	need script
	serve_image --layers 200k
	rules reg <<<'{"path": "blobs", "action": {"rate_bps": 400000}}'
	local columns
	for columns in 0 1 20 10000; do
		rm -rf "$OCIFP_STORE"
		script -qec "stty cols $columns; timeout 30 ocifp pull ${on[*]} $ref" /dev/null >"$T/tty" 2>&1 3>&- </dev/null || fail "$(cat "$T/tty")"
		grep -q "app@$digest" "$T/tty"
	done
}

@test "X06 a reader of stderr that stalls does not stop a transfer for ever" {
	serve_image --layers 200k
	# A pipe that is full when it begins, and that nobody empties.
	split_run timeout 30 python3 -c 'import fcntl, os, subprocess, sys
reader, writer = os.pipe()
os.set_blocking(writer, False)
try:
    while True:
        os.write(writer, b"x" * 4096)
except BlockingIOError:
    os.set_blocking(writer, True)
sys.exit(subprocess.run(sys.argv[1:], stderr=writer).returncode)' ocifp pull -v "${on[@]}" "$ref"
	assert_pulled
	assert_within 20
}

@test "X07 GitHub outputs take only what is checked, between delimiters that cannot be guessed" {
	serve_image
	local file
	for file in output summary env; do : >"$T/$file"; done
	GITHUB_ACTIONS=true GITHUB_OUTPUT=$T/output GITHUB_STEP_SUMMARY=$T/summary GITHUB_ENV=$T/env \
		ocifp_run pull "${on[@]}" "$ref"
	assert_pulled
	grep -q "$digest" "$T/output" || fail "$(cat "$T/output")"
	assert_equal "$(wc -c <"$T/env")" 0
	rules reg <<<"{\"path\": \"manifests\", \"action\": {\"status\": 403, \"json\": {\"errors\": [{\"code\": \"DENIED\", \"message\": \"$HOSTILE\"}]}}}"
	GITHUB_ACTIONS=true GITHUB_OUTPUT=$T/output GITHUB_STEP_SUMMARY=$T/summary ocifp_run pull "${on[@]}" "$ref"
	assert_status 4
	assert_clean_terminal "$T/stderr" "$T/output" "$T/summary"
	assert_equal "$(grep -c '^::' "$T/stderr")" 1
	tail -n 2 "$T/stderr" | grep -q '^::error'
}

@test "X08 hostile tags are quoted in a list, exact in JSON" {
	serve_image
	rules reg <<<'{"path": "tags", "action": {"json": {"name": "app", "tags": ["ok", "\u001b[31mx"]}}}'
	ocifp_run tags "$reg_host/app"
	assert_harmless
	ocifp_run tags --json "$reg_host/app"
	assert_harmless
}
