#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Signatures and attestations by identities at a registry: what options and the project file ask for
# is what is checked, and a claim of one type counts for no other.

load ../lib/rig
load ../lib/bundles

provenance=https://slsa.dev/provenance/v1

setup() {
	need python3 jq openssl ocifp
	rig_setup
	start_faults reg --referrers
	serve_image --platform linux/amd64
	make_sigstore good "$digest"
}

teardown() {
	rig_teardown
}

verify() {
	ocifp_run verify "${identity[@]}" "$@" "$ref"
}

fresh_store() {
	rm -rf "$OCIFP_STORE"
}

@test "an identity has signed: by Rekor 1, by Rekor 2, without a log; kept, it asks for none" {
	local name
	for name in good second; do
		fresh_store
		serve_image --platform linux/amd64 --layers "${#name}k"
		make_sigstore good "$digest"
		attach_signed $name "$ref"
		fresh_store
		forget_log reg
		verify
		assert_status 0
		assert_stdout "$reg_host/app@$digest"
		# Identities mostly sign in bundles.
		assert_requests reg 0 GET '[.]sig$'
		assert_requests reg 1 GET referrers/
		assert_requests reg 1 GET blobs/
		forget_log reg
		verify
		assert_status 0
		assert_requests reg 0 GET 'referrers/|blobs/'
	done
	fresh_store
	serve_image --platform linux/amd64 --layers 9k
	make_sigstore good "$digest"
	attach_signed private "$ref"
	verify
	assert_failed 9
	assert_stderr_has 'no log of the trusted root lists the signature'
	verify --no-log
	assert_status 0
}

# serve_classic: a signature under the tag, and annotations for it in $T/sigstore, each with one mistake
serve_classic() {
	make_bundle_key
	ocifp sign --key "$T/key" "$ref" >/dev/null
	tag=${digest/:/-}.sig
	signatures=$(blob_path "$T/reg.root/app" "$(jq -r --arg tag "$tag" '.manifests[] |
		select(.annotations["org.opencontainers.image.ref.name"] == $tag).digest' "$T/reg.root/app/index.json")")
	python3 "$RIG_LIB/sigstore.py" classic "$T/sigstore" "$(blob_path "$T/reg.root/app" "$(jq -r '.layers[0].digest' \
		"$signatures")")" || fail 'sigstore.py classic'
}

# annotate NAME: the signature has these annotations
annotate() {
	jq -c --slurpfile annotations "$T/sigstore/$1.json" '.layers[0].annotations = $annotations[0]' "$signatures" \
		>"$T/annotated"
	mkimage manifest "$T/reg.root/app" "$tag" <"$T/annotated" >/dev/null
	fresh_store
	forget_log reg
}

@test "an identity has signed in the older form: promised by Rekor 1; kept, it asks for none" {
	serve_classic
	local name message
	for name in good stamped; do
		annotate $name
		verify
		assert_status 0
		assert_stdout "$reg_host/app@$digest"
		assert_requests reg 1 GET referrers/
		assert_requests reg 1 GET '[.]sig$'
		assert_requests reg 1 GET blobs/
		forget_log reg
		verify
		assert_status 0
		assert_requests reg 0 GET 'referrers/|[.]sig|blobs/'
		ocifp_run verify --issuer "$issuer" --subject "$subject-other" --trusted-root "$T/sigstore/root.json" "$ref"
		assert_failed 9
		assert_stderr_has 'another identity'
		ocifp_run verify --key "$T/key.pub" "$ref"
		assert_failed 9
		verify --attestation $provenance
		assert_failed 9
	done
	annotate private
	verify
	assert_failed 9
	assert_stderr_has 'no log of the trusted root lists the signature'
	verify --no-log
	assert_status 0
	while read -r name message; do
		annotate "$name"
		verify
		assert_failed 9
		assert_stderr_has "$message" || fail "$name: $stderr"
	done <<-'END'
		promise-flipped the log has not signed this entry
		other-index the log has not signed this entry
		other-time the log has not signed this entry
		no-time the log was not valid at the time of its entry
		time-text 'integratedTime' is not a number
		unknown-log no log or time authority in the trusted root says when it was signed
		log-short keyId
		body-map canonicalizedBody
		list canonicalizedBody
		other-payload for other content than the bundle has
		other-kind a log entry is of another kind
		expired no authority of the trusted root certified the signer
		unlisted no certificate log of the trusted root lists
		other-subject another identity
		not-json JSON
		not-pem certificate' is not a certificate
		no-certificate no trusted key made any of its 1 signatures
		nothing no log or time authority in the trusted root says when it was signed
	END
	# Either form will do.
	annotate nothing
	make_sigstore good "$digest"
	attach_signed good "$ref"
	verify
	assert_status 0
}

@test "another identity, issuer or root: refused, and the age of the root is told" {
	attach_signed good "$ref"
	ocifp_run verify --issuer "$issuer" --subject "$subject-other" --trusted-root "$T/sigstore/root.json" "$ref"
	assert_failed 9
	assert_stderr_has "another identity, '$subject' of '$issuer'; the newest part of the trusted root is of 20"
	ocifp_run verify --issuer "$issuer/" --subject "$subject" --trusted-root "$T/sigstore/root.json" "$ref"
	assert_failed 9
	mv "$T/sigstore" "$T/first"
	make_sigstore good "$digest"
	verify
	assert_failed 9
	assert_stderr_has 'trusted root'
	openssl genpkey -algorithm ed25519 -out "$T/key"
	openssl pkey -in "$T/key" -pubout -out "$T/key.pub"
	ocifp_run verify --key "$T/key.pub" "$ref"
	assert_failed 9
	# Key or identity: either may have signed.
	identity=(--issuer "$issuer" --subject "$subject" --trusted-root "$T/first/root.json")
	verify --key "$T/key.pub"
	assert_status 0
}

@test "each line of a trusted root is an instance by itself" {
	attach_signed good "$ref"
	local root=$T/sigstore/root.json file=$T/lines
	identity=(--issuer "$issuer" --subject "$subject" --trusted-root "$file")
	jq -c '.tlogs = []' "$root" >"$file"
	jq -c '.certificateAuthorities = []' "$root" >>"$file"
	verify
	assert_failed 9
	jq . "$root" >>"$file"
	printf '\r\n' >>"$file"
	jq -c '.tlogs = []' "$root" >>"$file"
	verify
	assert_status 0
	jq -c '.mediaType = "x"' "$root" >>"$file"
	verify
	assert_failed 2
	assert_stderr_has 'invalid trusted root'
}

@test "an attestation is not a signature, nor of another type" {
	make_sigstore good "$digest" $provenance
	attach_signed good "$ref"
	verify
	assert_failed 9
	assert_stderr_has "claim of another type is signed, '$provenance'"
	verify --attestation https://slsa.dev/provenance/v0.2
	assert_failed 9
	verify --attestation $provenance
	assert_status 0
	verify
	assert_failed 9
	# A message's signature says nothing about an image.
	fresh_store
	serve_image --platform linux/amd64 --layers 3k
	make_sigstore good "$digest"
	jq -c --arg digest "$(printf '%s' "${digest#*:}" | xxd -r -p | base64)" '.messageSignature = {messageDigest:
		{algorithm: "SHA2_256", digest: $digest}, signature: .dsseEnvelope.signatures[0].sig} |
		del(.dsseEnvelope)' "$T/sigstore/good.json" >"$T/bundle.json"
	attach_bundle "$ref"
	verify
	assert_failed 9
}

@test "options that name no identity whole, and files that are no trusted root" {
	local options
	for options in "--issuer x" "--subject x" "--trusted-root x" "--no-log" "--issuer x --subject y"; do
		ocifp_run verify $options "$ref"
		assert_failed 2
		assert_stderr_has '--issuer, --subject and --trusted-root'
	done
	ocifp_run verify --attestation x "$ref"
	assert_failed 2
	: >"$T/empty"
	echo '[]' >"$T/list"
	cp "$T/sigstore/good.json" "$T/bundle"
	for options in empty list bundle; do
		ocifp_run verify --issuer x --subject y --trusted-root "$T/$options" "$ref"
		assert_failed 2
		assert_stderr_has 'trusted root'
	done
	ocifp_run verify --issuer x --subject y --trusted-root "$T/none" "$ref"
	assert_failed 10
	jq -c . "$T/sigstore/root.json" >"$T/large"
	head -c $(((1 << 20) - $(stat -c %s "$T/large"))) /dev/zero | tr '\0' ' ' >>"$T/large"
	attach_signed good "$ref"
	ocifp_run verify --issuer "$issuer" --subject "$subject" --trusted-root "$T/large" "$ref"
	assert_status 0
	echo >>"$T/large"
	ocifp_run verify --issuer "$issuer" --subject "$subject" --trusted-root "$T/large" "$ref"
	assert_failed 7
}

# project_file REQUIRE...
project_file() {
	{
		printf 'version: 1\nimages:\n  app:\n    repository: %s/app\n    inputs: [Dockerfile]\n' "$reg_host"
		printf '    platforms: [linux/amd64]\n    trusted_root: root.json\n    require:\n'
		printf '      - %s\n' "$@"
	} >.ocifp.yaml
	echo FROM scratch >Dockerfile
	cp "$T/sigstore/root.json" root.json
}

# project REQUIRE...: the file, and its image in the registry
project() {
	project_file "$@"
	hex=$(ocifp fingerprint --length 64)
	digest=$(mkimage image "$T/reg.root/app" "${hex:0:12}" --platform linux/amd64 \
		--annotate "dev.ocifp.fingerprint=$hex")
	ref=$reg_host/app:${hex:0:12}
}

by="{issuer: https://issuer.example, subject: 'https://ci.example/owner/name/.ci/build.yml@refs/heads/main'}"

@test "require keyless and attestation: nothing uses the image before both are good" {
	project "keyless: $by" "attestation: $provenance"
	make_sigstore good "$digest"
	local command
	local commands=(exists "pull --platform linux/amd64" digest lock 'copy app oci:copy:1' 'tag app other'
		'unpack tree' verify 'ensure --no-build' 'cat app /etc/passwd' 'export app')
	for command in "${commands[@]}"; do
		ocifp_run $command
		assert_failed 9
	done
	attach_signed good "$ref"
	for command in "${commands[@]}"; do
		ocifp_run $command
		assert_failed 9
		assert_stderr_has 'trusted root'
	done
	make_sigstore good "$digest" $provenance
	attach_signed second "$ref"
	for command in exists digest verify lock "pull --platform linux/amd64"; do
		ocifp_run $command
		assert_status 0
	done
	assert_sound_store
	ocifp_run pull --offline --platform linux/amd64
	assert_status 0
	# What was good is not good for somebody else.
	sed -i 's/main/other/' .ocifp.yaml
	ocifp_run pull --offline --platform linux/amd64
	assert_failed 9
}

@test "an attestation by one identity, the signature by another" {
	project "{attestation: $provenance, keyless: ${by/main/other}}" "keyless: $by"
	make_sigstore good "$digest"
	attach_signed good "$ref"
	make_sigstore good "$digest" $provenance
	attach_signed good "$ref"
	ocifp_run exists
	assert_failed 9
	assert_stderr_has 'another identity'
	project "{attestation: $provenance, keyless: $by}" "keyless: $by"
	ocifp_run exists
	assert_status 0
	project "{attestation: $provenance, keyless: ${by/\}/, log: false\}}}"
	ocifp_run exists
	assert_status 0
}

@test "the project file: identities whole, with a trusted root; an attestation with a signer" {
	local case
	while IFS='|' read -r require message; do
		project_file "$require"
		[[ $require != *' # none' ]] || sed -i '/trusted_root/d' .ocifp.yaml
		ocifp_run exists
		assert_failed 2
		assert_stderr_has "$message"
	done <<-'END'
		keyless: {issuer: x}|subject
		keyless: {issuer: x, subject: y, log: maybe}|log
		keyless: {issuer: x, subject: y, more: z}|more
		keyless: x|keyless
		attestation: x|names no signer
		attestation: ''|attestation
		{}|neither 'keyless' nor 'attestation'
		{other: x}|other
		[x]|expects a map
		notary|only 'fingerprint' and 'signature'
		keyless: {issuer: x, subject: y} # none|has no 'trusted_root'
	END
	project_file "keyless: $by"
	sed -i 's,root.json,../root.json,' .ocifp.yaml
	ocifp_run exists
	assert_failed 2
}

@test "referrers --signers: who signed what, verified or not said" {
	make_bundle_key
	attach_signed good "$ref"
	statement "$digest" ".predicateType = \"$provenance\""
	bundle
	attach_bundle "$ref"
	echo sbom >"$T/sbom"
	ocifp attach --type application/spdx+json "$ref" "$T/sbom" >/dev/null
	echo none >"$T/bundle.json"
	attach_bundle "$ref"
	statement "sha256:$(printf %064d 1)"
	bundle
	attach_bundle "$ref"
	ocifp_run referrers "$ref"
	assert_status 0
	assert_equal "$(awk '{print NF}' <<<"$stdout" | sort -u)" 2
	ocifp_run referrers --signers "$ref"
	assert_status 0
	assert_equal "$(cut -d ' ' -f 2- <<<"$stdout" | sort)" "$(sort <<-END
		$bundle_type $signature_type by $subject of $issuer
		$bundle_type $provenance by key 'key'
		application/spdx+json
		$bundle_type not a bundle of this image
		$bundle_type not a bundle of this image
	END
	)"
	ocifp_run referrers --signers --key "$T/key.pub" --trusted-root "$T/sigstore/root.json" "$ref"
	[[ $stdout = *"by $subject of $issuer, verified"* ]]
	[[ $stdout = *"by key 'key', verified"* ]]
	ocifp_run referrers --json --signers --trusted-root "$T/sigstore/root.json" "$ref"
	assert_json "[.signers[] | select(.verified)] | length == 1 and .[0].subject == \"$subject\" and
		.[0].predicate_type == \"$signature_type\""
	assert_json '[.signers[] | select(.key_hint == "key" and (.verified | not))] | length == 1'
	ocifp_run referrers --key "$T/key.pub" "$ref"
	assert_failed 2
}

@test "inspect --signers: verified by what the project file names" {
	project "keyless: $by"
	make_sigstore good "$digest"
	attach_signed good "$ref"
	ocifp_run inspect
	assert_status 0
	[[ $stdout != *signed:* ]]
	ocifp_run inspect --signers
	assert_status 0
	[[ $stdout = *"signed: $signature_type by $subject of $issuer, verified"* ]]
	ocifp_run inspect --signers "$ref"
	[[ $stdout = *"signed: $signature_type by $subject of $issuer"* && $stdout != *verified* ]]
	ocifp_run inspect --json --signers
	assert_json '.signers | length == 1 and .[0].verified'
	# In the older form, by a key and by an identity.
	serve_classic
	ocifp_run inspect --signers
	[[ $stdout = *"signed: $signature_type by a key"$'\n'* ]]
	sed -i 's/    require:/    signed_by: [key.pub]\n&/' .ocifp.yaml
	cp "$T/key.pub" .
	ocifp_run inspect --signers
	[[ $stdout = *"signed: $signature_type by a key, verified"* ]]
	annotate good
	ocifp_run inspect --json --signers
	assert_json ".signers | length == 2 and all(.verified and .subject == \"$subject\")"
	annotate not-pem
	ocifp_run inspect --json --signers
	assert_json '.signers | length == 2 and (.[1] | .key_hint == "" and (.verified | not))'
}

@test "hostile text in a bundle reaches nobody's terminal by referrers" {
	make_bundle_key
	statement "$digest" '.predicateType = "https://x/\u001b[31m\n::error::x"'
	bundle key '.verificationMaterial.publicKey.hint = "\u001b[2J\n::error::y"'
	attach_bundle "$ref"
	ocifp_run referrers --signers "$ref"
	assert_status 0
	assert_clean_terminal "$T/stdout"
	assert_equal "$(wc -l <<<"$stdout")" 1
}
