#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The rig itself, before anything is judged by it: the misbehaving server's good mode must satisfy
# real clients, and agree with docker-registry.

load lib/rig

setup() {
	need python3 jq curl
	rig_setup
}

teardown() {
	rig_teardown
}

@test "a test that stands still is ended, fails, and says what was running" {
	sed 's/^TEST/@test/' >"$T/still.bats" <<-'BATS'
		load lib/rig
		setup() { rig_setup; }
		teardown() { rig_teardown; }
		TEST "still" { run sh -c 'sleep 99 | cat'; }
		TEST "quick" { true; }
	BATS
	ln -s "$RIG_LIB" "$T/lib"
	run env -i "PATH=$PATH" OCIFP_TEST_SECONDS=1 timeout 60 "$BATS_ROOT/bin/bats" "$T/still.bats"
	[ "$status" -eq 1 ]
	[[ $output == *'not ok 1 still'*'killed after 1 s: sleep 99'*'ok 2 quick'* ]]
}

# needing ABILITY: the status and the words of a test that needs it, by the table in $T/table
needing() {
	printf 'load lib/rig\n%s "it" {\n\tneed %s\n}\n' "@""test" "$1" >"$T/needs.bats"
	ln -sfn "$RIG_LIB" "$T/lib"
	OCIFP_ABILITIES=$T/table run "$BATS_ROOT/bin/bats" --tap "$T/needs.bats"
}

@test "a test is skipped for lack of an ability, and fails where that is required" {
	printf '%s\n' 'userns no it is not permitted' 'root other this is user 5' 'mounts yes' >"$T/table"
	needing userns
	[ "$status" -eq 0 ]
	[[ $output == *'ok 1 it # skip'*'needs userns: it is not permitted'* ]]
	local required
	for required in all 'mounts userns'; do
		OCIFP_REQUIRE_ABILITIES=$required needing userns
		[ "$status" -eq 1 ]
		[[ $output == *'not ok 1 it'*'needs userns: it is not permitted'* ]]
	done
	OCIFP_REQUIRE_ABILITIES=mounts needing userns
	[ "$status" -eq 0 ]
	# Another user of the same machine has it.
	OCIFP_REQUIRE_ABILITIES=all needing root
	[ "$status" -eq 0 ]
	[[ $output == *'ok 1 it # skip'*'needs root: this is user 5'* ]]
	OCIFP_REQUIRE_ABILITIES=all needing mounts
	[ "$status" -eq 0 ]
	[[ $output != *skip* ]]
	# A name that nobody knows would be skipped everywhere.
	needing unpack
	[ "$status" -eq 1 ]
	[[ $output == *'not ok 1 it'*'needs unpack: tests/abilities does not know it'* ]]
	# What unit tests ask with (tests/unit/ability.h).
	OCIFP_ABILITIES=$T/table run "$RIG_TESTS/abilities" userns
	[ "$status" -eq 77 ]
	OCIFP_REQUIRE_ABILITIES=all OCIFP_ABILITIES=$T/table run "$RIG_TESTS/abilities" userns
	[ "$status" -eq 1 ]
}

@test "the machines of vm.sh and of the workflow require abilities, and each by a name that is known" {
	grep -q '^export OCIFP_REQUIRE_ABILITIES=all$' "$RIG_LIB/in_vm.sh"
	local name names
	names=$(awk '/OCIFP_REQUIRE_ABILITIES: >-/ { in_list = 1; next } in_list && /^ *[a-z_ ]*$/ { print; next }
		{ in_list = 0 }' "$RIG_TESTS/../.github/workflows/check.yml")
	[ "$(wc -w <<<"$names")" -gt 20 ]
	for name in $names; do
		declare -F "probe_$name" >/dev/null || fail "the workflow requires '$name', which has no probe"
	done
}

@test "the server's good mode satisfies skopeo: push, inspect, list, pull back the same bytes" {
	need skopeo
	start_faults reg
	mkimage image "$T/src" one --layers 1k,300k --compress gzip >"$T/digest"
	skopeo_copy "oci:$T/src:one" "docker://$reg_host/team/app:one"
	skopeo inspect --tls-verify=false "docker://$reg_host/team/app:one" >"$T/inspect"
	assert_equal "$(jq -r .Digest "$T/inspect")" "$(cat "$T/digest")"
	assert_equal "$(skopeo list-tags --tls-verify=false "docker://$reg_host/team/app" | jq -c .Tags)" '["one"]'
	skopeo_copy "docker://$reg_host/team/app:one" "oci:$T/back:one"
	assert_equal "$(ls "$T/back/blobs/sha256")" "$(ls "$T/src/blobs/sha256")"
	assert_requests reg 1 PUT /manifests/
}

@test "the good mode and docker-registry give equal answers" {
	start_faults reg
	start_registry real
	mkimage image "$T/src" one --layers 1k,300k --compress gzip >"$T/digest"
	skopeo_copy "oci:$T/src:one" "docker://$reg_host/app:one"
	skopeo_copy "oci:$T/src:one" "docker://$real_host/app:one"
	local blob question
	blob=$(jq -r '.layers[1].digest' "$(blob_path "$T/src" "$(cat "$T/digest")")")
	for question in "/v2/" "/v2/app/tags/list" "/v2/app/manifests/none" "/v2/none/tags/list" \
		"/v2/app/manifests/one -H Accept:application/vnd.oci.image.manifest.v1+json" \
		"/v2/app/manifests/$(cat "$T/digest") -H Accept:application/vnd.oci.image.manifest.v1+json" \
		"/v2/app/blobs/$blob" "/v2/app/blobs/$blob -r 5-99" "/v2/app/blobs/$blob -r 999999-" \
		"/v2/app/blobs/$blob -I" "/v2/app/blobs/sha256:$(printf %064d 0)"; do
		# shellcheck disable=SC2086
		assert_equal "$question: $(answer "$reg_host" $question)" "$question: $(answer "$real_host" $question)"
	done
}

# answer HOST PATH [CURL OPTION...]: status, error code, interesting headers, digest of the body
answer() {
	local host=$1 path=$2
	shift 2
	curl -s -D "$T/head" -o "$T/body" "http://$host$path" "$@"
	case " $* " in *' -I '*) : >"$T/body" ;; esac
	sed -n '1s/^HTTP.* \([0-9]*\) .*/\1/p' "$T/head"
	tr -d '\r' <"$T/head" | grep -iE '^(docker-content-digest|content-range|content-length):' | grep -vi 'length' | sort -f
	jq -r '.errors[0].code' "$T/body" 2>/dev/null || sha256sum <"$T/body"
	rm -f "$T/body"
}

@test "uploads: chunks, status, a wrong offset, one POST, a mount, a wrong digest, DELETE" {
	start_faults reg
	local session digest
	digest=sha256:$(printf 'hello world' | sha256sum | cut -d ' ' -f 1)
	session=$(upload_location -X POST "http://$reg_host/v2/app/blobs/uploads/")
	assert_equal "$(status_of -X PATCH -H 'Content-Range: 0-4' --data-binary hello "http://$reg_host$session")" 202
	assert_equal "$(status_of -X PATCH -H 'Content-Range: 3-4' --data-binary xx "http://$reg_host$session")" 416
	assert_equal "$(status_of "http://$reg_host$session")" 204
	assert_equal "$(status_of -X PUT --data-binary ' world' "http://$reg_host$session&digest=$digest")" 201
	assert_equal "$(status_of "http://$reg_host/v2/app/blobs/$digest")" 200
	assert_equal "$(status_of -X POST "http://$reg_host/v2/other/blobs/uploads/?mount=$digest&from=app")" 201
	assert_equal "$(status_of -X POST --data-binary 'hello world' "http://$reg_host/v2/third/blobs/uploads/?digest=$digest")" 201
	assert_equal "$(status_of -X POST --data-binary 'hello' "http://$reg_host/v2/third/blobs/uploads/?digest=$digest")" 400
	session=$(upload_location -X POST "http://$reg_host/v2/app/blobs/uploads/")
	assert_equal "$(status_of -X DELETE "http://$reg_host$session")" 204
	assert_equal "$(status_of "http://$reg_host$session")" 404
}

status_of() {
	curl -s -o /dev/null -w '%{http_code}' "$@"
}

upload_location() {
	curl -s -o /dev/null -D - "$@" | tr -d '\r' | sed -n 's/^Location: //p'
}

@test "a manifest is refused when the Accept header lacks its type, or its blobs are missing" {
	start_faults reg
	mkimage image "$T/reg.root/app" one >/dev/null
	assert_equal "$(status_of -H 'Accept: application/json' "http://$reg_host/v2/app/manifests/one")" 404
	mkimage digest "$T/reg.root/app" one >"$T/digest"
	cp "$(blob_path "$T/reg.root/app" "$(cat "$T/digest")")" "$T/manifest"
	curl -s -X PUT --data-binary "@$T/manifest" "http://$reg_host/v2/other/manifests/one" >"$T/answer"
	assert_equal "$(jq -r '.errors[0].code' "$T/answer")" MANIFEST_BLOB_UNKNOWN
}

@test "tags come in pages with a Link" {
	start_faults reg
	local tag
	for tag in a b c d e; do mkimage image "$T/reg.root/app" $tag >/dev/null; done
	curl -s -D "$T/head" "http://$reg_host/v2/app/tags/list?n=2" >"$T/page"
	assert_equal "$(jq -c .tags "$T/page")" '["a","b"]'
	grep -q 'Link: </v2/app/tags/list?n=2&last=b>; rel="next"' "$T/head"
	assert_equal "$(curl -s "http://$reg_host/v2/app/tags/list?n=9&last=d" | jq -c .tags)" '["e"]'
}

@test "the server cuts, resets, stalls, lies and floods as the rules say" {
	start_faults reg
	mkimage image "$T/reg.root/app" one --layers 200k >/dev/null
	local blob url
	blob=$(mkimage digest "$T/reg.root/app" one)
	blob=$(jq -r '.layers[0].digest' "$(blob_path "$T/reg.root/app" "$blob")")
	url=http://$reg_host/v2/app/blobs/$blob
	rules reg <<-'JSON'
		{"path": "blobs", "nth": 1, "action": {"cut_after": 1000}}
		{"path": "blobs", "nth": 2, "action": {"cut_after": 1000, "end": "reset"}}
		{"path": "blobs", "nth": 3, "action": {"drop": "close"}}
		{"path": "blobs", "nth": 4, "action": {"stall_after": 1000}}
		{"path": "blobs", "nth": 5, "action": {"flip_at": 7}}
		{"path": "blobs", "nth": 6, "action": {"endless": true}}
		{"path": "blobs", "nth": 7, "action": {"raw": "garbage\r\n\r\n"}}
		{"path": "blobs", "nth": 8, "action": {"redirect": "@SELF@@PATH@?again"}}
		{"path": "/v2/$", "nth": 1, "action": {"header_flood": {"count": 50, "bytes": 10}, "interim": {"count": 3}}}
		{"path": "/v2/$", "nth": "2-3", "action": {"status": 503, "headers": {"Retry-After": "7"}, "json": {"x": 1}}}
	JSON
	assert_equal "$(curl_exit "$url")" 18
	assert_equal "$(curl_exit "$url")" 56
	assert_equal "$(curl_exit "$url")" 52
	assert_equal "$(curl_exit -m 1 "$url")" 28
	assert_equal "$(curl_exit "$url")" 0
	[ "sha256:$(sha256sum <"$T/got" | cut -d ' ' -f 1)" != "$blob" ]
	# Newer ones stop at the size, older ones at the time.
	[[ $(curl_exit --max-filesize 1000000 -m 2 "$url") =~ ^(28|63)$ ]]
	assert_equal "$(curl_exit --http1.1 "$url")" 1
	assert_equal "$(curl_exit -L "$url")" 0
	assert_equal "sha256:$(sha256sum <"$T/got" | cut -d ' ' -f 1)" "$blob"
	assert_equal "$(curl -s -D - -o /dev/null "http://$reg_host/v2/" | grep -c ^X-Flood)" 50
	assert_equal "$(status_of "http://$reg_host/v2/")$(status_of "http://$reg_host/v2/")" 503503
	assert_equal "$(status_of "http://$reg_host/v2/")" 200
	assert_equal "$(select_log reg response GET blobs | head -n 2 | jq .sent | tr '\n' ' ')" '1000 1000 '
}

curl_exit() {
	local code=0
	curl -s -o "$T/got" "$@" || code=$?
	echo $code
}

@test "basic and bearer authentication satisfy skopeo; wrong passwords and scopes are refused" {
	need skopeo
	start_faults basic --auth basic --user me:pw
	start_faults bearer --auth bearer --user me:pw --reader ro:pw --anonymous
	mkimage image "$T/src" one >/dev/null
	local host
	for host in "$basic_host" "$bearer_host"; do
		skopeo_copy --dest-creds me:pw "oci:$T/src:one" "docker://$host/app:one"
		skopeo_copy --src-creds me:pw "docker://$host/app:one" "oci:$T/${host#*:}:one"
		run skopeo_copy --src-creds me:no "docker://$host/app:one" "oci:$T/none:one"
		[ "$status" -eq 1 ]
	done
	skopeo_copy "docker://$bearer_host/app:one" "oci:$T/anonymous:one"
	run skopeo_copy --dest-creds ro:pw "oci:$T/src:one" "docker://$bearer_host/new:one"
	[ "$status" -eq 1 ]
	assert_equal "$(curl -s -d 'grant_type=password&username=me&password=pw&scope=repository:app:pull' \
		"http://$bearer_host/token" | jq 'has("access_token")')" true
}

@test "the other host reports a credential that reaches it" {
	start_canary evil
	curl -s "http://$evil_host/v2/" >/dev/null
	assert_no_secrets evil
	curl -s -u a:b "http://$evil_host/v2/" >/dev/null
	run assert_no_secrets evil
	[ "$status" -eq 1 ]
}

@test "TLS, a proxy with a password, and HTTP/2 that fails once" {
	make_cert server
	start_faults tls --tls "$T/tls/server.pem:$T/tls/server.key" --h2-fault rst-stream
	start_faults proxy --proxy-user p:q
	curl -s --http2 --cacert "$T/tls/ca.pem" "https://$tls_host/v2/" || true
	assert_requests tls 0 GET /v2/
	curl -s --cacert "$T/tls/ca.pem" -x "http://p:q@$proxy_host" "https://$tls_host/v2/"
	assert_requests tls 1 GET /v2/
	assert_requests proxy 1 CONNECT .
	assert_equal "$(status_of -x "http://$proxy_host" http://127.0.0.1:9/v2/)" 407
}

@test "docker-registry: passwords and tokens satisfy skopeo login and copy" {
	need skopeo
	start_registry pass htpasswd
	start_registry tok token
	mkimage image "$T/src" one >/dev/null
	local host
	for host in "$pass_host" "$tok_host"; do
		echo s3cret | skopeo login --tls-verify=false --authfile "$T/auth.json" -u tester --password-stdin "$host"
		skopeo_copy --dest-authfile "$T/auth.json" "oci:$T/src:one" "docker://$host/app:one"
		run skopeo login --tls-verify=false --authfile "$T/auth2.json" -u tester -p wrong "$host"
		[ "$status" -eq 1 ]
	done
	skopeo_copy "docker://$tok_host/app:one" "oci:$T/anonymous:one"
	[ "$(requests tok_tokens GET /token)" -ge 2 ]
}

@test "docker-registry behind nginx: TLS, HTTP/2, blobs from another host" {
	need skopeo
	start_registry real
	start_front front real
	mkimage image "$T/src" one --layers 1k,300k --compress gzip >/dev/null
	skopeo --insecure-policy copy -q --dest-tls-verify=false "oci:$T/src:one" "docker://$front_host/app:one"
	skopeo --insecure-policy copy -q --src-tls-verify=false "docker://$front_host/app:one" "oci:$T/back:one"
	assert_equal "$(ls "$T/back/blobs/sha256")" "$(ls "$T/src/blobs/sha256")"
	assert_equal "$(nginx_requests front_blobs GET /data)" 3
	assert_no_authorization front_blobs
	assert_equal "$(curl -s --cacert "$T/tls/ca.pem" -o /dev/null -w '%{http_version}' "https://$front_host/v2/")" 2
}

@test "images: umoci's two platforms and buildah's, skopeo reads all of them" {
	need skopeo
	umoci_index "$T/one" both >"$T/digest"
	assert_equal "$(skopeo inspect --raw "oci:$T/one:both" | jq -c '[.manifests[].platform.architecture]')" '["amd64","arm64"]'
	assert_equal "$(skopeo inspect --override-arch arm64 --override-os linux "oci:$T/one:both" | jq -r .Architecture)" arm64
	mkimage image "$T/two" odd --platform linux/amd64 --platform linux/arm64/v8 --attestation --nest 1 --docker >/dev/null
	mkimage image "$T/two" many --count 60 --size 100 --compress gzip >/dev/null
	assert_equal "$(skopeo inspect "oci:$T/two:many" | jq '.Layers | length')" 60
	buildah_index "$T/three" both
	assert_equal "$(skopeo inspect --raw "oci:$T/three:both" | jq -c '[.manifests[].platform.architecture]')" '["amd64","arm64"]'
}
