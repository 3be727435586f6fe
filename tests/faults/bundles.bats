#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Signatures as Sigstore bundles among an image's referrers, with the API and without: found at few
# requests, and nothing but a good one is taken for a signature.

load ../lib/rig
load ../lib/bundles

setup() {
	need python3 jq openssl ocifp
	rig_setup
	make_bundle_key
	make_bundle_key other
}

teardown() {
	rig_teardown
}

# start [OPTION]: the registry, with an image
start() {
	start_faults reg "$@"
	serve_image --platform linux/amd64
	statement "$digest"
}

verify() {
	ocifp_run verify --key "$T/key.pub" "$ref"
}



fresh_store() {
	rm -rf "$OCIFP_STORE"
}

@test "a bundle is found through the API: 4 requests; kept, it needs none" {
	start --referrers
	bundle
	attach_bundle "$ref"
	fresh_store
	forget_log reg
	verify
	assert_status 0
	assert_stdout "$reg_host/app@$digest"
	assert_requests reg 1 GET "manifests/${digest/:/-}.sig"
	assert_requests reg 1 GET referrers/
	assert_requests reg 1 GET "blobs/"
	forget_log reg
	verify
	assert_status 0
	assert_requests reg 0 GET "referrers/|blobs/|sha256-"
	assert_sound_store
}

@test "without the API it is found under the tag of the referrers" {
	start
	bundle
	attach_bundle "$ref"
	fresh_store
	forget_log reg
	verify
	assert_status 0
	assert_requests reg 1 GET "manifests/${digest/:/-}.sig"
	assert_requests reg 1 GET referrers/
	assert_requests reg 1 GET "manifests/${digest/:/-}\$"
	assert_requests reg 1 GET "blobs/"
}

@test "the list may say another artifact type: the manifest's own counts" {
	start
	bundle
	attach_bundle "$ref"
	local tag=${digest/:/-} listed
	for listed in '"application/vnd.oci.empty.v1+json"' '""' null; do
		fresh_store
		jq -c ".manifests[0].artifactType = $listed | del(.manifests[0].artifactType | nulls)" \
			"$(blob_path "$T/reg.root/app" "$(mkimage digest "$T/reg.root/app" "$tag")")" >"$T/index"
		mkimage manifest "$T/reg.root/app" "$tag" --media-type application/vnd.oci.image.index.v1+json <"$T/index" >/dev/null
		verify
		assert_status 0
	done
	# An SBOM in that list costs no request.
	fresh_store
	jq -c '.manifests[0].artifactType = "application/spdx+json"' "$T/index" |
		mkimage manifest "$T/reg.root/app" "$tag" --media-type application/vnd.oci.image.index.v1+json >/dev/null
	forget_log reg
	verify
	assert_failed 9
	assert_stderr_has 'not signed'
	assert_requests reg 0 GET blobs/
}

@test "an attestation that says its type is not asked for, one that does not is read" {
	start --referrers
	statement "$digest" '.predicateType = "https://slsa.dev/provenance/v1"'
	bundle
	attach_bundle "$ref" --annotation dev.sigstore.bundle.predicateType=https://slsa.dev/provenance/v1
	forget_log reg
	verify
	assert_failed 9
	assert_requests reg 0 GET blobs/
	attach_bundle "$ref"
	verify
	assert_failed 9
	assert_stderr_has "claim of another type is signed, 'https://slsa.dev/provenance/v1'"
	statement "$digest"
	bundle
	attach_bundle "$ref" --annotation "dev.sigstore.bundle.predicateType=$signature_type"
	forget_log reg
	fresh_store
	verify
	assert_status 0
	assert_requests reg 1 GET blobs/
}

@test "by another key, of another image, repository or kind: refused, and a good one beside them counts" {
	start --referrers
	local other_image
	other_image=sha256:$(printf %064d 1)
	bundle other
	attach_bundle "$ref"
	verify
	assert_failed 9
	assert_stderr_has 'no trusted key made any of its 1 bundles'
	statement "$other_image"
	bundle
	attach_bundle "$ref"
	verify
	assert_failed 9
	assert_stderr_has "another image, '$other_image'"
	statement "$digest" ".subject[0].name = \"$reg_host/another\""
	bundle
	attach_bundle "$ref"
	verify
	assert_failed 9
	statement "$digest"
	payload_type=text/plain bundle
	attach_bundle "$ref"
	bundle key '.dsseEnvelope.payloadType = "text/plain"'
	attach_bundle "$ref"
	verify
	assert_failed 9
	# The same statement, but the digest that was signed is exchanged.
	statement "$other_image"
	bundle
	local signature
	signature=$(jq -c .dsseEnvelope.signatures "$T/bundle.json")
	statement "$digest"
	bundle key ".dsseEnvelope.signatures = $signature"
	attach_bundle "$ref"
	verify
	assert_failed 9
	bundle
	attach_bundle "$ref"
	verify
	assert_status 0
}

@test "names: the image's own place, or what is not a place" {
	start --referrers
	local name
	for name in "$reg_host/app" "$reg_host/app:other" "docker://$reg_host/app" app.tar app app:1 owner/app \
		dist/app.tar ./app.v1/app pkg:docker/owner/app@1 "pkg:oci/app@sha256:x?repository_url=x.example/y" \
		https://x.example/app X.example/App _ ""; do
		fresh_store
		publish_named "$name"
		verify
		assert_status 0
	done
	local other
	for other in another.example/app "$reg_host/another" oci:/somewhere; do
		fresh_store
		serve_image --layers "${#other}k" --platform linux/amd64
		publish_named "$other"
		verify
		assert_failed 9
		assert_stderr_has "another repository, '$other'"
	done
	# Of several subjects the image's own counts.
	serve_image --layers 99k --platform linux/amd64
	statement "$digest" ".subject = [{name: \"$reg_host/app\", digest: {sha256: \"$(printf %064d 2)\"}},
		{name: \"x.example/app\", digest: .subject[0].digest}]"
	bundle
	attach_bundle "$ref"
	verify
	assert_failed 9
	assert_stderr_has "another repository, 'x.example/app'"
	statement "$digest" ".subject = [{name: \"x\", digest: {gitCommit: \"1234\"}}, .subject[0]]"
	bundle
	attach_bundle "$ref"
	verify
	assert_status 0
}

publish_named() {
	statement "$digest" ".subject[0].name = \"$1\""
	bundle
	attach_bundle "$ref"
}

@test "what is no bundle is passed over" {
	start --referrers
	bundle
	cp "$T/bundle.json" "$T/good.json"
	local filter
	for filter in '.mediaType = "application/vnd.dev.sigstore.bundle+json;version=0.9"' \
		'.dsseEnvelope.signatures = []' '.dsseEnvelope.signatures += .dsseEnvelope.signatures' \
		'del(.dsseEnvelope)' '.messageSignature = {}' 'del(.verificationMaterial)' \
		'.verificationMaterial = {}' '.dsseEnvelope.payload = "*"' '.dsseEnvelope.payload = "bm8="' \
		'.dsseEnvelope.signatures[0].sig = ""' '[]' \
		'.verificationMaterial.tlogEntries = [{logIndex: "-1"}]'; do
		jq -c "$filter" "$T/good.json" >"$T/bundle.json"
		attach_bundle "$ref"
	done
	head -c 300 "$T/good.json" >"$T/bundle.json"
	attach_bundle "$ref"
	: >"$T/bundle.json"
	attach_bundle "$ref"
	ocifp_run attach --type "$bundle_type" "$ref" "$T/good.json" "$T/bundle.json"
	assert_status 0
	verify
	assert_failed 9
	cp "$T/good.json" "$T/bundle.json"
	attach_bundle "$ref"
	verify
	assert_status 0
}

@test "no answer about referrers is the registry's own failure, not a verdict" {
	start --referrers
	bundle
	attach_bundle "$ref"
	fresh_store
	local case
	for case in '401 4' '403 4' '503 5'; do
		echo "{\"path\": \"referrers/\", \"action\": {\"status\": ${case% *}}}" | rules reg
		verify
		assert_failed "${case#* }"
	done
	echo '{"path": "blobs/", "action": {"status": 503}}' | rules reg
	verify
	assert_failed 5
	rules reg </dev/null
	verify
	assert_status 0
}

@test "a bundle that is not what its digest says is no signature" {
	start --referrers
	bundle
	attach_bundle "$ref"
	rules reg <<<"{\"path\": \"blobs/$(digest_of <"$T/bundle.json")\", \"action\": {\"flip_at\": 20}}"
	verify
	assert_failed 9
}

# a_bundle_of SIZE
a_bundle_of() {
	bundle
	head -c $(($1 - $(stat -c %s "$T/bundle.json"))) /dev/zero | tr '\0' ' ' >>"$T/bundle.json"
}

@test "a bundle of 8 MiB is read, one of a byte more is not asked for" {
	start --referrers
	a_bundle_of $((8 << 20))
	attach_bundle "$ref"
	fresh_store
	verify
	assert_status 0
	fresh_store
	serve_image --layers 7k --platform linux/amd64
	statement "$digest"
	a_bundle_of $(((8 << 20) + 1))
	attach_bundle "$ref"
	fresh_store
	forget_log reg
	verify
	assert_failed 9
	assert_requests reg 0 GET blobs/
}

@test "a hundred bundles are looked at, and no more; 1024 subjects" {
	start
	statement "$digest" '.subject[0] as $it | .subject = [range(1023) | {digest: {sha256: ("0" * 64)}}] + [$it]'
	bundle
	attach_bundle "$ref"
	fresh_store
	verify
	assert_status 0
	local tag=${digest/:/-} index
	index=$(blob_path "$T/reg.root/app" "$(mkimage digest "$T/reg.root/app" "$tag")")
	jq -c '.manifests[0] as $good | ($good | .digest |= sub(":.*"; ":" + "0" * 64)) as $gone |
		.manifests = [range(99) | $gone] + [$good]' "$index" >"$T/index"
	mkimage manifest "$T/reg.root/app" "$tag" --media-type application/vnd.oci.image.index.v1+json <"$T/index" >/dev/null
	fresh_store
	verify
	assert_status 0
	jq -c '.manifests |= [.[0]] + .' "$T/index" |
		mkimage manifest "$T/reg.root/app" "$tag" --media-type application/vnd.oci.image.index.v1+json >/dev/null
	fresh_store
	verify
	assert_failed 9
	serve_image --layers 3k --platform linux/amd64
	statement "$digest" '.subject[0] as $it | .subject = [range(1024) | {digest: {sha256: ("0" * 64)}}] + [$it]'
	bundle
	attach_bundle "$ref"
	verify
	assert_failed 9
	assert_stderr_has '1025 subjects'
}

@test "a classic signature and a bundle: either will do, and the verdict is of what is there" {
	start --referrers
	ocifp_run sign --key "$T/other" "$ref"
	assert_status 0
	verify
	assert_failed 9
	assert_stderr_has 'no trusted key made any of its 1 signatures'
	bundle
	attach_bundle "$ref"
	fresh_store
	verify
	assert_status 0
	fresh_store
	ocifp_run verify --key "$T/other.pub" "$ref"
	assert_status 0
}

@test "hostile text in a statement reaches nobody's terminal" {
	start --referrers
	statement "$digest" '.predicateType = "https://x/\u001b[31m\n::error::x"'
	bundle
	attach_bundle "$ref"
	verify
	assert_failed 9
	assert_stderr_has 'another type'
	assert_clean_terminal "$T/stderr"
	refute_stderr_has '::error'
}
