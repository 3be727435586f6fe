#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The command line and the surroundings: bad words, odd environments, closed descriptors.

load ../lib/rig

setup() {
	need python3 jq ocifp
	rig_setup
}

teardown() {
	rig_teardown
}

@test "L01 unknown options, missing operands and options as references are usage errors without a trace" {
	local words
	for words in 'exists --nonsense' 'exists' 'frobnicate' 'exists -x/y:z' 'pull' 'exists a/b c/d' '--nonsense' \
		'exists --timeout' 'exists --timeout soon localhost/x' 'exists --platform /// localhost/x' 'pull -o nowhere localhost/x'; do
		# shellcheck disable=SC2086
		ocifp_run $words
		assert_failed 2
		assert_stdout ''
	done
	assert_equal "$(ls -A "$T/home" "$T/work" | grep -v ':$' | tr -d '\n')" ''
	[ ! -e "$OCIFP_STORE" ]
}

@test "L01 what stands behind -- is an operand" {
	ocifp_run fingerprint --input x -- -x
	assert_failed 2
	serve_image
	ocifp_run exists "${on[@]}" -- "$ref"
	assert_status 0
}

@test "L02 references are read exactly or refused" {
	local reference
	while read -r reference; do
		ocifp_run exists --timeout 5 "$reference"
		assert_failed 2
	done <<-'END'
		debian:12
		UPPER.example/Name
		example.com/
		example.com/a//b
		example.com/-a
		example.com/a:
		example.com/a:.b
		example.com/a:b:c
		example.com/a@sha256:12
		example.com/a@md5:d41d8cd98f00b204e9800998ecf8427e
		example.com:port/a
		example.com:99999/a
		exa mple.com/a
		https://example.com/a
		[::1/a
		localhost
		:5000/a
		example.com/a__-b@
	END
	ocifp_run exists "example.com/a:$(printf %0129d 0)"
	assert_failed 2
	ocifp_run exists debian:12
	assert_stderr_has 'docker.io/library/debian:12'
}

@test "L02 tag with digest, ports, localhost and a trailing dot are understood" {
	serve_image
	local reference
	for reference in "$ref" "$reg_host/app@$digest" "$ref@$digest" "localhost:${reg_host#*:}/app:one"; do
		exists "$reference"
		assert_status 0
	done
}

@test "L03 nothing is written to / or here when HOME is unset, relative or not writable" {
	serve_image
	unset OCIFP_STORE
	local home
	for home in '' relative /proc/nonexistent /dev/null; do
		HOME=$home ocifp_run pull "${on[@]}" "$ref"
		assert_failed "$([[ $home == /* ]] && echo 10 || echo 2)"
		assert_equal "$(ls -A "$T/work")" ''
	done
	split_run env -u HOME "$(command -v ocifp)" pull "${on[@]}" "$ref"
	assert_failed 2
	assert_stderr_has 'cannot find the store: HOME is not set; set OCIFP_STORE'
	assert_equal "$(ls -A "$T/work")" ''
	split_run env -i "$(command -v ocifp)" version
	assert_status 0
}

@test "L03 odd places for temporary files, programs and settings are passed over, or named" {
	serve_image
	unset OCIFP_STORE
	local setting
	for setting in TMPDIR=/proc/nonexistent TMPDIR=relative PATH= PATH=relative XDG_DATA_HOME=relative \
		XDG_CACHE_HOME=relative XDG_CONFIG_HOME=/dev/null XDG_RUNTIME_DIR=relative; do
		rm -rf "$T/home/.local"
		split_run env "$setting" "$(command -v ocifp)" pull "${on[@]}" "$ref"
		assert_pulled_to_home "$setting"
	done
	XDG_DATA_HOME=/proc/nonexistent ocifp_run pull "${on[@]}" "$ref"
	assert_failed 10
	assert_stderr_has "cannot make directory '/proc/nonexistent"
}

assert_pulled_to_home() {
	[ "$status" -eq 0 ] && [ -d "$T/home/.local/share/ocifp/blobs" ] || fail "with $1" "$told"
	assert_equal "$(ls -A "$T/work")" ''
}

# refused_project TEXT REGEX
refused_project() {
	printf '%b' "$1" >.ocifp.yaml
	ocifp_run fingerprint app
	assert_failed 2
	assert_stderr_has "\.ocifp\.yaml:[0-9]+(:[0-9]+)?"
	[ $# -lt 2 ] || assert_stderr_has "$2"
}

@test "L04 errors in the project file are status 2 and name the line" {
	echo x >f
	local head='version: 1\nimages:\n  app:\n    repository: localhost:1/a\n    inputs: [f]\n'
	refused_project "${head}    unknown: 1\n" ':6'
	refused_project "${head}    platforms: linux/amd64/x/y\n" ':6'
	refused_project "${head}    repository: localhost:1/b\n" ':6'
	refused_project "${head}    length: many\n" ':6'
	refused_project "${head}    args: [a]\n" ':6'
	refused_project "${head}    needs: [app]\n"
	refused_project "${head}    needs: [nobody]\n" ':6'
	refused_project "${head}nonsense: 1\n" ':6'
	refused_project 'version: 2\nimages: {}\n' ':1'
	refused_project "${head}---\na: b\n"
	refused_project 'version: 1\nimages: &a\n  app: *a\n'
	refused_project 'version: 1\nimages: !!map\n  app: {}\n'
	refused_project 'version: 1\nimages:\n  app:\n    inputs: ["../x"]\n    repository: localhost:1/a\n'
	refused_project 'a: [b\n'
	refused_project '\t: x\n'
	refused_project "${head}    build: \"a\x01b\"\n"
	refused_project "\xef\xbb\xbf$head" ':1:1: the file starts with a byte order mark'
}

@test "L04 a project file that is a pipe, huge or a circular link ends in time" {
	mkfifo .ocifp.yaml
	ocifp_run fingerprint app
	assert_within 5
	assert_failed 2
	rm .ocifp.yaml
	head -c 10485760 /dev/zero | tr '\0' '#' >.ocifp.yaml
	ocifp_run fingerprint app
	assert_failed 2
	rm .ocifp.yaml
	ln -s .ocifp.yaml .ocifp.yaml
	ocifp_run fingerprint app
	assert_failed 2
}

@test "L05 netrc and curl's own files are ignored" {
	start_faults reg --auth basic --user me:pw
	serve_image
	printf 'machine 127.0.0.1 login me password pw\n' >"$T/home/.netrc"
	chmod 600 "$T/home/.netrc"
	printf 'user = me:pw\n' >"$T/home/.curlrc"
	CURL_HOME=$T/home ocifp_run exists "${on[@]}" "$ref"
	assert_failed 4
	! grep -q '"authorization"' "$T/reg.log"
}

@test "L05 a proxy is named in lower case; of http, which a web server may set by a header, in no other" {
	serve_image_afar
	start_faults proxy
	HTTP_PROXY=http://$proxy_host ocifp_run exists "${on[@]}" "$ref"
	assert_failed 5
	assert_requests proxy 0 . .
	http_proxy=http://$proxy_host ocifp_run exists "${on[@]}" "$ref"
	assert_status 0
	[ "$(requests proxy GET .)" -ge 1 ] || fail "it was not used" "$told"
}

@test "L07 with 0, 1 or 2 closed at the start no file takes their place" {
	serve_image
	local closed
	for closed in '0<&-' '1>&-' '2>&-' '0<&- 1>&- 2>&-'; do
		rm -rf "$OCIFP_STORE"
		eval "timeout 30 ocifp pull ${on[*]} $ref $closed 3>&-" >/dev/null 2>&1 || true
		assert_sound_store
		! grep -rlq 'ocifp:' "$OCIFP_STORE" || fail "a message went into the store"
	done
}

@test "L08 --json is one object also for each failure, with class, code and retryable" {
	serve_image
	ocifp_run exists --json "$reg_host/app:none" "${on[@]}"
	assert_status 3
	assert_json 'type == "object"'
	local expected action
	while read -r expected action; do
		rules reg <<<"{\"path\": \"manifests\", \"action\": {$action}}"
		ocifp_run pull --json "${on[@]}" "$ref"
		assert_status "$expected"
		assert_json "[.. | objects | select(has(\"retryable\"))] | length >= 1"
		assert_json "[.. | numbers] | index($status)"
	done <<-'ANSWERS'
		5 "status": 500
		4 "status": 403
		6 "status": 429
		5 "drop": "reset"
		7 "body": "{", "headers": {"Content-Type": "application/vnd.oci.image.manifest.v1+json"}
	ANSWERS
	ocifp_run exists --json --nonsense
	assert_failed 2
	assert_json 'type == "object"'
}

@test "L08 --status-file says the same" {
	serve_image
	rules reg <<<'{"path": "manifests", "action": {"status": 403, "json": {"errors": [{"code": "DENIED", "message": "x"}]}}}'
	ocifp_run pull --status-file "$T/how" "${on[@]}" "$ref"
	assert_failed 4
	jq -e '[.. | strings] | index("DENIED")' "$T/how"
	jq -e '[.. | numbers] | index(403) and index(4)' "$T/how"
	rules reg </dev/null
	pull --status-file "$T/how" "$ref"
	jq -e '[.. | numbers] | index(0)' "$T/how"
}

@test "L09 the language does not change a byte" {
	serve_image
	pull "$ref"
	local locale expected
	ocifp_run inspect "$ref" "${on[@]}"
	expected=$stdout
	for locale in C POSIX de_DE.UTF-8 tr_TR.UTF-8; do
		LC_ALL=$locale ocifp_run inspect "$ref" "${on[@]}"
		assert_equal "$stdout" "$expected"
	done
}

@test "L10 a huge argument and a path with a newline do not break anything" {
	ocifp_run exists "localhost:1/$(printf %0100000d 0)"
	assert_failed 2
	[ "$(wc -c <"$T/stderr")" -lt 8192 ] || fail "the message is as huge"
	# shellcheck disable=SC2046
	ocifp_run exists $(printf 'localhost:1/a%.0s ' {1..10000})
	assert_failed 2
	[ "$(wc -c <"$T/stderr")" -lt 8192 ] || fail "the message is as huge"
	mkimage image $'with\nnewline' one >/dev/null
	# It would be two lines of output.
	ocifp_run exists "${on[@]}" $'oci:with\nnewline:one'
	assert_failed 2
	assert_stderr_has 'its path has control characters'
	assert_equal "$(wc -l <"$T/stderr")" 1
	(cd $'with\nnewline' && ocifp_run exists oci:.:one && assert_status 0)
}

@test "L11 output that cannot be written is a local error" {
	local words
	for words in version help 'version --json'; do
		status=0
		# shellcheck disable=SC2086
		ocifp $words >/dev/full 2>"$T/stderr" 3>&- || status=$?
		assert_failed 10
	done
}

@test "L11 a reader that goes away is no crash" {
	serve_image
	set +o pipefail
	ocifp help 3>&- | head -c 1 >/dev/null
	[ "${PIPESTATUS[0]}" -lt 128 ] || [ "${PIPESTATUS[0]}" -eq 141 ]
}

@test "L12 years far off are no trouble" {
	need faketime preload
	serve_image
	local date
	for date in 1971-01-01 2037-12-31 2100-01-01; do
		rm -rf "$OCIFP_STORE"
		ASAN_OPTIONS=verify_asan_link_order=0 split_run faketime "$date" ocifp pull "${on[@]}" "$ref"
		[ "$status" -eq 0 ] || fail "$date" "$told"
	done
}

@test "every failure's last line says what failed, once" {
	serve_image
	pull "$reg_host/app:none"
	assert_failed 3
	assert_equal "$(grep -c '^ocifp: ' "$T/stderr")" 1
}
