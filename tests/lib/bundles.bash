# SPDX-License-Identifier: Apache-2.0
# Sigstore bundles by a key, as cosign 3 makes them, with openssl and jq alone.

bundle_type=application/vnd.dev.sigstore.bundle.v0.3+json
signature_type=https://sigstore.dev/cosign/sign/v1

# make_bundle_key [NAME]: $T/NAME (private) and $T/NAME.pub, Ed25519
make_bundle_key() {
	openssl genpkey -algorithm ed25519 -out "$T/${1:-key}"
	openssl pkey -in "$T/${1:-key}" -pubout -out "$T/${1:-key}.pub"
}

# statement DIGEST [JQ_FILTER]: what `cosign sign` signs, edited, in $T/statement
statement() {
	jq -nc --arg hex "${1#*:}" --arg type "$signature_type" '{_type: "https://in-toto.io/Statement/v1",
		subject: [{digest: {sha256: $hex}}], predicateType: $type, predicate: {}} | '"${2:-.}" >"$T/statement"
}

# pae TYPE FILE: what a signature of it covers
pae() {
	printf 'DSSEv1 %d %s %d ' "${#1}" "$1" "$(stat -c %s "$2")"
	cat "$2"
}

# bundle [KEY] [JQ_FILTER]: $T/statement signed by openssl, as the bundle $T/bundle.json, edited
bundle() {
	pae "${payload_type:-application/vnd.in-toto+json}" "$T/statement" >"$T/pae"
	openssl pkeyutl -sign -inkey "$T/${1:-key}" -rawin -in "$T/pae" -out "$T/signature"
	base64 -w0 <"$T/statement" >"$T/statement.base64"
	jq -nc --arg type "$bundle_type" --rawfile payload "$T/statement.base64" \
		--arg payload_type "${payload_type:-application/vnd.in-toto+json}" \
		--arg signature "$(base64 -w0 <"$T/signature")" '{mediaType: $type,
		verificationMaterial: {publicKey: {hint: "key"}},
		dsseEnvelope: {payload: $payload, payloadType: $payload_type, signatures: [{sig: $signature}]}} | '"${2:-.}" \
		>"$T/bundle.json"
}

# attach_bundle REF [OPTION...]: $T/bundle.json becomes a referrer of it
attach_bundle() {
	ocifp_run attach --type "$bundle_type" "${@:2}" "$1" "$T/bundle.json:$bundle_type"
	assert_status 0
}

# make_sigstore all|good DIGEST [PREDICATE_TYPE]: $T/sigstore, by tests/lib/sigstore.py
make_sigstore() {
	python3 "$RIG_LIB/sigstore.py" "$1" "$T/sigstore" "${@:2}" || fail "sigstore.py $*"
	issuer=https://issuer.example
	subject=https://ci.example/owner/name/.ci/build.yml@refs/heads/main
	identity=(--issuer "$issuer" --subject "$subject" --trusted-root "$T/sigstore/root.json")
}

# attach_signed NAME REF [OPTION...]: that one of them becomes a referrer
attach_signed() {
	cp "$T/sigstore/$1.json" "$T/bundle.json"
	attach_bundle "${@:2}"
}
