#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Signatures on a registry that fails, lies or floods: no answer is no verdict, and nothing but a
# good signature is taken for one.

load ../lib/rig

setup() {
	need python3 jq openssl ocifp
	rig_setup
	serve_image --platform linux/amd64
	openssl genpkey -algorithm ed25519 -out "$T/key"
	openssl pkey -in "$T/key" -pubout -out "$T/pub"
	tag=${digest/:/-}.sig
}

teardown() {
	rig_teardown
}

sign() {
	ocifp_run sign --key "$T/key" "$ref"
	assert_status 0
	payload=$(blob_path "$T/reg.root/app" "$(layers_of "$(signatures_digest)")")
	rm -rf "$OCIFP_STORE"
}

signatures_digest() {
	jq -r --arg tag "$tag" '.manifests[] | select(.annotations["org.opencontainers.image.ref.name"] == $tag)
		| .digest' "$T/reg.root/app/index.json"
}

verify() {
	ocifp_run verify --key "$T/pub" "$ref"
}

# signatures_with JQ_FILTER: the manifest of the signatures, edited, in its place.
signatures_with() {
	jq -c "$1" "$(blob_path "$T/reg.root/app" "$(signatures_digest)")" >"$T/edited"
	mkimage manifest "$T/reg.root/app" "$tag" <"$T/edited" >/dev/null
}

@test "no answer about signatures is the registry's own failure, not a verdict" {
	sign
	local case
	for case in '401 4' '403 4' '503 5' '429 6'; do
		echo "{\"path\": \"sig\", \"action\": {\"status\": ${case% *}}}" | rules reg
		verify
		assert_failed "${case#* }"
	done
	rules reg </dev/null
	verify
	assert_status 0
}

@test "a payload that is not what its digest says is no signature" {
	sign
	rules reg <<<"{\"path\": \"blobs/sha256:${payload##*/}\", \"action\": {\"flip_at\": 20}}"
	verify
	assert_failed 9
}

@test "what is under the tag and is no manifest is refused" {
	echo '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}' |
		mkimage manifest "$T/reg.root/app" "$tag" --media-type application/vnd.oci.image.index.v1+json
	verify
	assert_failed 7
}

# payload_of SIZE: a good signature of a claim with so many bytes.
payload_of() {
	printf '{"critical":{"identity":{"docker-reference":"%s"},"image":{"docker-manifest-digest":"%s"},"type":"%s"}}%*s' \
		"$reg_host/app" "$digest" 'cosign container image signature' "$1" '' | head -c "$1" >"$T/payload"
	openssl pkeyutl -sign -inkey "$T/key" -rawin -in "$T/payload" -out "$T/signature"
	local hex
	hex=$(sha256sum <"$T/payload" | cut -d ' ' -f 1)
	cp "$T/payload" "$T/reg.root/app/blobs/sha256/$hex"
	signatures_with ".layers[0].digest = \"sha256:$hex\" | .layers[0].size = $1 |
		.layers[0].annotations[] = \"$(base64 -w0 <"$T/signature")\""
}

@test "a claim of 64 KiB is read, one of a byte more is not asked for" {
	sign
	payload_of 65536
	verify
	assert_status 0
	rm -rf "$OCIFP_STORE"
	payload_of 65537
	forget_log
	verify
	assert_failed 9
	assert_requests reg 0 GET "blobs/sha256:$(sha256sum <"$T/payload" | cut -d ' ' -f 1)"
}

@test "a hundred signatures are looked at, and no more" {
	sign
	local junk='.layers[0] as $good | ($good | .annotations[] = "AAAA") as $junk'
	signatures_with "$junk | .layers = [range(99) | \$junk] + [\$good]"
	verify
	assert_status 0
	rm -rf "$OCIFP_STORE"
	signatures_with "$junk | .layers = [\$junk] + .layers"
	verify
	assert_failed 9
	ocifp_run sign --key "$T/key" "$ref"
	assert_failed 1
	assert_stderr_has '101 signatures already'
}

@test "hostile text in a claim reaches nobody's terminal" {
	sign
	printf '{"critical":{"identity":{"docker-reference":"a.b/c\\u001b[31m\\n::error::x"},"image":{"docker-manifest-digest":"%s"},"type":"cosign container image signature"},"optional":null}' \
		"$digest" >"$T/payload"
	openssl pkeyutl -sign -inkey "$T/key" -rawin -in "$T/payload" -out "$T/signature"
	local hex
	hex=$(sha256sum <"$T/payload" | cut -d ' ' -f 1)
	cp "$T/payload" "$T/reg.root/app/blobs/sha256/$hex"
	signatures_with ".layers[0].digest = \"sha256:$hex\" | .layers[0].size = $(stat -c %s "$T/payload") |
		.layers[0].annotations[] = \"$(base64 -w0 <"$T/signature")\""
	verify
	assert_failed 9
	assert_stderr_has 'another repository'
	assert_clean_terminal "$T/stderr"
	refute_stderr_has '::error'
}
