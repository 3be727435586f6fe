#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Signatures in cosign's format: ours are good for openssl, openssl's are good for us, and an image
# whose signature is missing or says something else is not used.

load ../lib/rig
load ../lib/bundles

setup() {
	need python3 jq curl openssl docker-registry ocifp
	rig_setup
	start_registry reg
	ref=$reg_host/app:1
	make_key ec
	make_key ed25519
}

teardown() {
	rig_teardown
}

# make_key KIND [NAME]: $T/NAME.key and $T/NAME.pub
make_key() {
	local name=$T/${2:-$1} options=(-algorithm "$1")
	[ "$1" != ec ] || options+=(-pkeyopt ec_paramgen_curve:P-256)
	openssl genpkey "${options[@]}" -out "$name.key" 2>/dev/null
	openssl pkey -in "$name.key" -pubout -out "$name.pub"
}

# assert_signature_is_kept: what `ensure` has verified once costs no request, nor needs the registry
assert_signature_is_kept() {
	local before
	new_store
	ocifp_run ensure
	assert_status 0
	before=$(asked reg)
	ocifp_run ensure
	assert_status 0
	assert_equal $(($(asked reg) - before)) 1
	stop reg
	ocifp_run pull --offline
	assert_status 0
	assert_sound_store
}

sign() {
	ocifp_run sign --key "$T/$1.key" "${@:2}"
}

verify() {
	ocifp_run verify --key "$T/$1.pub" "${@:2}"
}


# openssl_verifies NAME DIGEST N KEY: the Nth signature, in $T/signature, of $T/payload, is good.
openssl_verifies() {
	local name=$1 signed=$2 number=$3 key=$4
	raw "$name" "${signed/:/-}.sig" >"$T/manifest"
	jq -r ".layers[$number].annotations[\"dev.cosignproject.cosign/signature\"]" "$T/manifest" |
		base64 -d >"$T/signature"
	curl -sf "http://$reg_host/v2/$name/blobs/$(jq -r ".layers[$number].digest" "$T/manifest")" >"$T/payload"
	case $key in
	ec*) openssl dgst -sha256 -verify "$T/$key.pub" -signature "$T/signature" "$T/payload" ;;
	*) openssl pkeyutl -verify -pubin -inkey "$T/$key.pub" -rawin -in "$T/payload" -sigfile "$T/signature" ;;
	esac
}

put_blob() {
	local location
	location=$(curl -si -X POST "http://$reg_host/v2/$1/blobs/uploads/" | sed -n 's/^[Ll]ocation: //p' | tr -d '\r')
	curl -sf -X PUT -H 'Content-Type: application/octet-stream' --data-binary "@$2" \
		"$location&digest=$(digest_of <"$2")"
}

# sign_by_hand KEY NAME DIGEST REFERENCE [OPTIONAL]: as cosign lays it out, signed by openssl.
sign_by_hand() {
	local key=$1 name=$2 signed=$3 reference=$4 optional=${5:-null}
	printf '{"critical":{"identity":{"docker-reference":"%s"},"image":{"docker-manifest-digest":"%s"},"type":"%s"},"optional":%s}' \
		"$reference" "$signed" 'cosign container image signature' "$optional" >"$T/payload"
	case $key in
	ec*) openssl dgst -sha256 -sign "$T/$key.key" -out "$T/signature" "$T/payload" ;;
	*) openssl pkeyutl -sign -inkey "$T/$key.key" -rawin -in "$T/payload" -out "$T/signature" ;;
	esac
	put_signature "$name" "$signed"
}

# put_signature NAME DIGEST: $T/payload and $T/signature become the only signature of the image.
put_signature() {
	printf '{"architecture":"","created":"0001-01-01T00:00:00Z","history":[{"created":"0001-01-01T00:00:00Z"}],"os":"","rootfs":{"type":"layers","diff_ids":["%s"]},"config":{}}' \
		"$(digest_of <"$T/payload")" >"$T/config"
	put_blob "$1" "$T/payload"
	put_blob "$1" "$T/config"
	jq -nc --arg payload "$(digest_of <"$T/payload")" --argjson payload_size "$(stat -c %s "$T/payload")" \
		--arg config "$(digest_of <"$T/config")" --argjson config_size "$(stat -c %s "$T/config")" \
		--arg signature "$(base64 -w0 <"$T/signature")" '{schemaVersion: 2,
		mediaType: "application/vnd.oci.image.manifest.v1+json",
		config: {mediaType: "application/vnd.oci.image.config.v1+json", size: $config_size, digest: $config},
		layers: [{mediaType: "application/vnd.dev.cosign.simplesigning.v1+json", size: $payload_size,
			digest: $payload, annotations: {"dev.cosignproject.cosign/signature": $signature}}]}' >"$T/manifest"
	curl -sf -X PUT -H 'Content-Type: application/vnd.oci.image.manifest.v1+json' --data-binary "@$T/manifest" \
		"http://$reg_host/v2/$1/manifests/${2/:/-}.sig"
}

@test "what ocifp signs, openssl verifies, and the payload is cosign's" {
	publish "$ref"
	local key
	for key in ec ed25519; do
		publish "$ref" --layers "${#key}k"
		sign $key "$ref"
		assert_status 0
		assert_stdout "$reg_host/app@$digest"
		openssl_verifies app "$digest" 0 $key
		assert_equal "$(jq -c . "$T/payload")" "$(printf '{"critical":{"identity":{"docker-reference":"%s"},"image":{"docker-manifest-digest":"%s"},"type":"cosign container image signature"},"optional":null}' "$reg_host/app" "$digest")"
		assert_equal "$(jq -r '.layers[0].mediaType' "$T/manifest")" application/vnd.dev.cosign.simplesigning.v1+json
		verify $key "$ref"
		assert_status 0
		assert_stdout "$reg_host/app@$digest"
	done
}

@test "what openssl signs, ocifp verifies" {
	local key
	for key in ec ed25519; do
		publish "$ref" --layers "${#key}k"
		sign_by_hand $key app "$digest" "$reg_host/app"
		verify $key "$ref"
		assert_status 0
		assert_stdout "$reg_host/app@$digest"
	done
}

@test "keys in the older form, encrypted, and in a variable" {
	publish "$ref"
	openssl ecparam -name prime256v1 -genkey -out "$T/old.key" 2>/dev/null
	openssl pkey -in "$T/old.key" -pubout -out "$T/old.pub"
	sign old "$ref"
	assert_status 0
	verify old "$ref"
	assert_status 0
	openssl pkey -in "$T/ec.key" -aes256 -passout pass:s3cret -out "$T/locked.key"
	sign locked "$ref"
	assert_failed 2
	assert_stderr_has OCIFP_KEY_PASSWORD
	OCIFP_KEY_PASSWORD=s3cret sign locked "$ref"
	assert_status 0
	KEY=$(cat "$T/ed25519.key") ocifp_run sign --key env://KEY "$ref"
	assert_status 0
	PUBLIC=$(cat "$T/ed25519.pub") ocifp_run verify --key env://PUBLIC "$ref"
	assert_status 0
	ocifp_run sign --key env://NO_SUCH "$ref"
	assert_failed 2
	assert_equal "$(raw app "${digest/:/-}.sig" | jq '.layers | length')" 3
}

@test "keys of another kind are refused by name, with what to do" {
	publish "$ref"
	openssl genpkey -algorithm rsa -out "$T/rsa.key" 2>/dev/null
	openssl ecparam -name secp384r1 -genkey -noout -out "$T/p384.key"
	printf -- '-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\neyJrZGYi\n-----END ENCRYPTED SIGSTORE PRIVATE KEY-----\n' >"$T/cosign.key"
	echo nothing >"$T/nothing.key"
	: >"$T/empty.key"
	cp "$T/ec.pub" "$T/public.key"
	local key
	for key in rsa p384 cosign nothing empty public; do
		sign $key "$ref"
		assert_failed 2
		case $key in
		rsa | p384) assert_stderr_has 'neither an ECDSA P-256 nor an Ed25519' ;;
		cosign) assert_stderr_has 'cosign import-key-pair' ;;
		*) assert_stderr_has 'not a private key' ;;
		esac
	done
	ocifp_run verify --key "$T/ec.key" "$ref"
	assert_failed 2
	assert_stderr_has 'pkey -pubout'
	ocifp_run sign --key "$T/no-such.key" "$ref"
	assert_failed 10
	ocifp_run sign "$ref"
	assert_failed 2
	ocifp_run verify "$ref"
	assert_failed 2
}

@test "a key file of 64 KiB is read, one more byte is not" {
	publish "$ref"
	python3 -c "import sys; key = open('$T/ec.key').read(); pad = 65536 - len(key)
print('x' * (pad - 1), key, sep='\n', end='')" >"$T/long.key"
	assert_equal "$(stat -c %s "$T/long.key")" 65536
	sign long "$ref"
	assert_status 0
	echo >>"$T/long.key"
	sign long "$ref"
	assert_failed 7
}

@test "several sign one image; the same key does not sign twice" {
	publish "$ref"
	make_key ec other
	sign ec "$ref"
	sign ed25519 "$ref"
	sign other "$ref"
	ocifp_run sign --json --key "$T/ec.key" "$ref"
	assert_status 0
	assert_json '.signed == false and .signatures == 3'
	local number=0 key
	for key in ec ed25519; do
		openssl_verifies app "$digest" $number $key
		number=$((number + 1))
		verify $key "$ref"
		assert_status 0
	done
	assert_equal "$(curl -sf "http://$reg_host/v2/app/blobs/$(jq -r .config.digest "$T/manifest")" |
		jq -c .rootfs.diff_ids)" "$(jq -c '[.layers[].digest]' "$T/manifest")"
}

@test "not signed, by another key, for another image, name or fingerprint: refused" {
	make_key ec other
	publish "$ref"
	verify ec "$ref"
	assert_failed 9
	assert_stderr_has "not signed; 'ocifp sign'"
	sign other "$ref"
	verify ec "$ref"
	assert_failed 9
	assert_stderr_has 'no trusted key made any of its 1 signatures'
	ocifp_run verify --key "$T/ec.pub" --key "$T/other.pub" "$ref"
	assert_status 0
	sign_by_hand ec app "$digest" "$reg_host/another"
	verify ec "$ref"
	assert_failed 9
	assert_stderr_has "another repository, '$reg_host/another'"
	sign_by_hand ec app "$digest" "$reg_host/app:1"
	verify ec "$ref"
	assert_status 0
	new_store
	local signed=$digest
	publish "$reg_host/app:2" --layers 7k
	sign_by_hand ec app "$signed" "$reg_host/app"
	put_signature app "$digest"
	verify ec "$reg_host/app:2"
	assert_failed 9
	assert_stderr_has "another image, '$signed'"
	sed -i 's/cosign container/atomic container/' "$T/payload"
	put_signature app "$digest"
	verify ec "$reg_host/app:2"
	assert_failed 9
}

@test "by hash, the fingerprint counts: in the signature or in what is signed" {
	make_project
	ocifp_run ensure --push always
	local signed=${stdout#*@} hex
	hex=$(ocifp fingerprint --length 64)
	sign ec
	assert_status 0
	openssl_verifies app "$signed" 0 ec
	assert_equal "$(jq -r '.optional["dev.ocifp.fingerprint"]' "$T/payload")" "$hex"
	verify ec
	assert_status 0
	sign_by_hand ec app "$signed" "$reg_host/app"
	new_store
	verify ec
	assert_status 0
	sign_by_hand ec app "$signed" "$reg_host/app" "{\"dev.ocifp.fingerprint\": \"$(printf %064d 1)\"}"
	new_store
	verify ec
	assert_failed 9
	assert_stderr_has 'another fingerprint'
	# An image that does not say its own, under the fingerprint's tag.
	publish "$reg_host/app:$(image_tag)" --platform linux/amd64 --platform linux/arm64
	sign_by_hand ec app "$digest" "$reg_host/app"
	verify ec
	assert_failed 9
	assert_stderr_has "another fingerprint, 'none'"
}

@test "a required signature is checked before anything is used; once good, it asks nobody" {
	cp "$T/ec.pub" ci.pub
	make_project 'require: [signature]' 'signed_by: [ci.pub]'
	# What we have built ourselves needs none.
	ocifp_run ensure --push always
	assert_status 0
	new_store
	local command
	for command in pull ensure "pull --tag $(image_tag)" 'ensure --platform linux/s390x' "ensure --no-build"; do
		ocifp_run $command
		[ "$command" != 'ensure --platform linux/s390x' ] || continue
		assert_failed 9
		assert_stderr_has "not signed"
		refute_stored "$(raw app "$(image_tag)" | jq -r '.manifests[0].digest')"
	done
	assert_builds linux/amd64,linux/arm64 linux/s390x
	# Nor does anything call it present, pin it, copy it or name it.
	for command in exists 'exists --print' "exists --tag $(image_tag)" 'ensure --dry-run' lock \
		'lock --update app' digest 'copy app oci:copy:1' 'tag app other' 'unpack tree' \
		'pull -o oci:out' 'export -o tar' 'cat /etc/passwd'; do
		ocifp_run $command
		assert_failed 9
		assert_stderr_has "not signed"
	done
	ocifp_run run app -- true
	assert_status 125
	assert_stderr_has "not signed"
	# That the store has it by its reference makes it no better.
	local store=$OCIFP_STORE
	new_store
	ocifp_run pull "$reg_host/app:$(image_tag)"
	assert_status 0
	for command in 'push app oci:copy:1' 'unpack --offline tree' 'export --offline -o tar'; do
		ocifp_run $command
		assert_failed 9
		assert_stderr_has 'not signed|no valid signature'
	done
	[ ! -e tar ]
	OCIFP_STORE=$store
	[ ! -e .ocifp.lock ]
	[ ! -e copy ]
	run raw app other
	assert_equal "$status" 22
	sign ec
	assert_status 0
	for command in exists 'ensure --dry-run' lock digest 'copy app oci:copy:1' 'tag app other'; do
		ocifp_run $command
		assert_status 0
	done
	rm .ocifp.lock
	assert_signature_is_kept
	ocifp_run verify
	assert_failed 5
}

@test "a part that is not signed is not joined where a signature is required" {
	cp "$T/ec.pub" ci.pub
	make_project 'require: [signature]' 'signed_by: [ci.pub]'
	local architecture
	for architecture in amd64 arm64; do
		OCIFP_STORE=$T/$architecture ocifp ensure --push always --platform-tag \
			--platform "linux/$architecture" >/dev/null 3>&-
	done
	sign ec "$reg_host/app:$(image_tag)-linux-amd64"
	ocifp_run index join
	assert_failed 9
	assert_stderr_has 'linux-arm64.*not signed'
	sign ec "$reg_host/app:$(image_tag)-linux-arm64"
	ocifp_run index join
	assert_status 0
	ocifp_run pull
	assert_failed 9
	sign ec
	ocifp_run pull
	assert_status 0
}

@test "what is listed beside the platforms' tags is only kept where the whole is signed" {
	cp "$T/ec.pub" ci.pub
	make_project 'require: [signature]' 'signed_by: [ci.pub]' 'platforms: [linux/amd64]'
	mkimage image "$T/other" one --platform linux/s390x --layers 7k >/dev/null
	ocifp_run push --platform linux/s390x "oci:$T/other:one" app
	assert_status 0
	local unsigned=$stdout
	ocifp ensure --push always --platform-tag --platform linux/amd64 >/dev/null 3>&-
	sign ec "$reg_host/app:$(image_tag)-linux-amd64"
	ocifp_run index join
	assert_failed 9
	assert_stderr_has 'lists images that no platform.s tag refers to.*not signed'
	assert_equal "$reg_host/app@$(raw app "$(image_tag)" | digest_of)" "$unsigned"
	sign ec
	ocifp_run index join
	assert_status 0
	assert_equal "$(raw app "$(image_tag)" | jq -r '[.manifests[].platform.architecture] | sort | join(" ")')" \
		'amd64 s390x unknown'
}

# bundles NAME DIGEST: the manifests of its bundles, a line each, newest last
bundles() {
	raw "$1" "${2/:/-}" | jq -r '.manifests[].digest'
}

# get_bundle NAME DIGEST: $T/manifest, and its layer $T/bundle.json
get_bundle() {
	raw "$1" "$2" >"$T/manifest"
	curl -sf "http://$reg_host/v2/$1/blobs/$(jq -r '.layers[0].digest' "$T/manifest")" >"$T/bundle.json"
}

@test "sign --bundle: openssl verifies it, and its form is that of cosign 3" {
	local key signed
	for key in ec ed25519; do
		publish "$ref" --layers "${#key}k"
		sign $key --bundle "$ref"
		assert_status 0
		assert_stdout "$reg_host/app@$digest"
		signed=$(bundles app "$digest")
		get_bundle app "$signed"
		assert_equal "$(jq -c '[.artifactType, .config.mediaType, .config.size, .subject.digest,
			(.layers | length), .layers[0].mediaType]' "$T/manifest")" \
			"$(jq -nc --arg digest "$digest" --arg type "$bundle_type" '[$type,
			"application/vnd.oci.empty.v1+json", 2, $digest, 1, $type]')"
		assert_equal "$(jq -Sc .annotations "$T/manifest")" \
			"{\"dev.sigstore.bundle.content\":\"dsse-envelope\",\"dev.sigstore.bundle.predicateType\":\"$signature_type\"}"
		jq -j .dsseEnvelope.payload "$T/bundle.json" | base64 -d >"$T/statement"
		assert_equal "$(jq -c . "$T/statement")" \
			"$(jq -nc --arg hex "${digest#*:}" --arg name "$reg_host/app" --arg type "$signature_type" '{
			_type: "https://in-toto.io/Statement/v1", subject: [{digest: {sha256: $hex}, name: $name}],
			predicateType: $type, predicate: {}}')"
		assert_equal "$(jq -r .verificationMaterial.publicKey.hint "$T/bundle.json")" \
			"$(openssl pkey -pubin -in "$T/$key.pub" -outform DER | openssl dgst -sha256 -binary | base64)"
		pae "$(jq -r .dsseEnvelope.payloadType "$T/bundle.json")" "$T/statement" >"$T/pae"
		jq -j '.dsseEnvelope.signatures[0].sig' "$T/bundle.json" | base64 -d >"$T/signature"
		case $key in
		ec) openssl dgst -sha256 -verify "$T/$key.pub" -signature "$T/signature" "$T/pae" ;;
		*) openssl pkeyutl -verify -pubin -inkey "$T/$key.pub" -rawin -in "$T/pae" -sigfile "$T/signature" ;;
		esac
		new_store
		verify $key "$ref"
		assert_status 0
	done
}

@test "several sign by bundles; the same key does not sign twice, but one that named nothing does" {
	publish "$ref"
	sign ec --bundle "$ref"
	sign ed25519 --bundle "$ref"
	ocifp_run sign --bundle --json --key "$T/ec.key" "$ref"
	assert_status 0
	assert_json '.signed == false and .signatures == 2'
	new_store
	verify ec "$ref"
	assert_status 0
	publish "$ref" --layers 5k
	cp "$T/ed25519.key" "$T/key"
	statement "$digest"
	bundle
	attach_bundle "$ref"
	ocifp_run sign --bundle --json --key "$T/ed25519.key" "$ref"
	assert_json '.signed and .signatures == 2'
}

@test "a bundle names the fingerprint, and a good one is kept for later runs without the registry" {
	cp "$T/ec.pub" ci.pub
	make_project 'require: [signature]' 'signed_by: [ci.pub]'
	ocifp_run ensure --push always
	local signed=${stdout#*@} hex
	hex=$(ocifp fingerprint --length 64)
	new_store
	ocifp_run pull
	assert_failed 9
	sign ec --bundle
	assert_status 0
	get_bundle app "$(bundles app "$signed")"
	assert_equal "$(jq -j .dsseEnvelope.payload "$T/bundle.json" | base64 -d |
		jq -r '.subject[0].annotations["dev.ocifp.fingerprint"]')" "$hex"
	assert_signature_is_kept
}

@test "a bundle for another fingerprint is refused; one that names none takes that of the image" {
	cp "$T/ed25519.key" "$T/key"
	make_project
	ocifp_run ensure --push always
	local signed=${stdout#*@}
	statement "$signed" ".subject[0].annotations = {\"dev.ocifp.fingerprint\": \"$(printf %064d 1)\"}"
	bundle
	attach_bundle "$reg_host/app@$signed"
	verify ed25519
	assert_failed 9
	assert_stderr_has 'another fingerprint'
	statement "$signed"
	bundle
	attach_bundle "$reg_host/app@$signed"
	verify ed25519
	assert_status 0
}

@test "signatures in a layout directory" {
	mkimage image "$T/layout" made >/dev/null
	sign ed25519 "oci:$T/layout:made"
	assert_status 0
	mv "$T/layout" "$T/moved"
	verify ed25519 "oci:$T/moved:made"
	assert_status 0
	verify ec "oci:$T/moved:made"
	assert_failed 9
	sign ec --bundle "oci:$T/moved:made"
	assert_status 0
	mv "$T/moved" "$T/layout"
	verify ec "oci:$T/layout:made"
	assert_status 0
}

@test "the project file: a signature needs a key, and the key is a file of the project" {
	make_project 'require: [signature]'
	ocifp_run pull
	assert_failed 2
	assert_stderr_has 'signed_by'
	make_project 'require: [signature]' 'signed_by: [../ci.pub]'
	ocifp_run pull
	assert_failed 2
	make_project 'require: [signatures]'
	ocifp_run pull
	assert_failed 2
	assert_stderr_has "only 'fingerprint' and 'signature'"
}
