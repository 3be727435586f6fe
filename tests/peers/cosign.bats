#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# ocifp beside cosign 2 and 3: classic signatures, bundles and identities.  What ocifp signs they
# verify; what they sign, by a key or at a Sigstore of our own, ocifp verifies.

load ../lib/rig
load ../lib/bundles

setup() {
	need python3 jq openssl docker-registry ocifp
	rig_setup
	start_registry reg
	ref=$reg_host/app:1
	by_key=(--insecure-ignore-tlog)
	# No instance but our own.
	export HOME=$T COSIGN_PASSWORD='' TUF_ROOT=$T/tuf
}

teardown() {
	rig_teardown
}

# need_cosign 2|3
need_cosign() {
	cosign=cosign
	[ "$1" = 3 ] || cosign=cosign2
	need_peer $cosign
	[[ $($cosign version 2>&1) =~ GitVersion:\ +v?$1 ]] || skip "$cosign is not cosign $1"
}

# run_cosign COMMAND OPTION...: over plain http
run_cosign() {
	"$cosign" "$1" --allow-http-registry "${@:2}" >"$T/cosign.out" 2>"$T/cosign.log"
}

# assert_cosign COMMAND OPTION...
assert_cosign() {
	run_cosign "$@" || fail "$cosign $*" "$(cat "$T/cosign.log")"
}

# classic OPTION...: in the older form, which cosign 3 has to be told
classic() {
	local form=()
	[ "$cosign" = cosign2 ] || form=(--use-signing-config=false --new-bundle-format=false)
	assert_cosign sign --yes "${form[@]}" "$@" "$reg_host/app@$digest"
}

make_keys() {
	local key
	openssl genpkey -algorithm ec -pkeyopt ec_paramgen_curve:P-256 -out "$T/ec.key"
	openssl genpkey -algorithm ed25519 -out "$T/ed25519.key"
	for key in ec ed25519; do
		openssl pkey -in "$T/$key.key" -pubout -out "$T/$key.pub"
	done
	(cd "$T" && "$cosign" import-key-pair --key ec.key --output-key-prefix imported) 2>"$T/cosign.log" ||
		fail "$(cat "$T/cosign.log")"
}

# start_sigstore: a Sigstore that believes everybody; $token says who asks it
start_sigstore() {
	make_sigstore good "$digest"
	spawn sigstore python3 "$RIG_LIB/sigstore_server.py" "$T/sigstore" "$T/sigstore.port"
	wait_for test -e "$T/sigstore.port"
	sigstore=http://127.0.0.1:$(<"$T/sigstore.port")
	token=$(for part in '{"alg":"RS256"}' "{\"iss\":\"$issuer\",\"sub\":\"$subject\",\"aud\":\"sigstore\"}" none; do
		printf '%s' "$part" | base64 -w0 | tr '+/' '-_' | tr -d =
		printf .
	done)
	token=${token%.}
	export SIGSTORE_ROOT_FILE=$T/sigstore/chain.pem SIGSTORE_CT_LOG_PUBLIC_KEY_FILE=$T/sigstore/ctlog.pub \
		SIGSTORE_REKOR_PUBLIC_KEY=$T/sigstore/rekor.pub
	cat "$T/sigstore/intermediate.pem" "$T/sigstore/root.pem" >"$SIGSTORE_ROOT_FILE"
	by_identity=(--certificate-identity "$subject" --certificate-oidc-issuer "$issuer")
}

verify() {
	ocifp_run verify --key "$T/$1.pub" "${@:2}" "$ref"
}

verify_identity() {
	rm -rf "$OCIFP_STORE"
	ocifp_run verify "${identity[@]}" "$@" "$ref"
	assert_status 0
	ocifp_run verify --issuer "$issuer" --subject "$subject-other" --trusted-root "$T/sigstore/root.json" "$@" "$ref"
	assert_failed 9
	assert_stderr_has 'another identity'
}

classic_by_key() {
	need_cosign "$1"
	make_keys
	local key
	for key in ec ed25519; do
		publish "$ref" --layers "${#key}k"
		ocifp sign --key "$T/$key.key" "$ref"
		assert_cosign verify "${by_key[@]}" --key "$T/$key.pub" "$ref"
	done
	! run_cosign verify "${by_key[@]}" --key "$T/ec.pub" "$ref" || fail 'cosign accepts another key'
	publish "$ref" --layers 9k
	classic --key "$T/imported.key" --tlog-upload=false
	verify ec
	assert_status 0
	verify ed25519
	assert_failed 9
	ocifp sign --key "$T/ed25519.key" "$ref"
	assert_cosign verify "${by_key[@]}" --key "$T/ec.pub" "$ref"
}

@test "cosign 2, classic signatures by key: each verifies the other's" {
	classic_by_key 2
}

@test "cosign 3, classic signatures by key: each verifies the other's" {
	classic_by_key 3
}

bundles_by_key() {
	need_cosign "$1"
	make_keys
	publish "$ref"
	make_sigstore good "$digest"
	local key form=(--new-bundle-format) root=(--trusted-root "$T/sigstore/root.json")
	for key in ec ed25519; do
		publish "$ref" --layers "${#key}k"
		ocifp sign --bundle --key "$T/$key.key" "$ref"
		assert_cosign verify "${form[@]}" "${root[@]}" "${by_key[@]}" --key "$T/$key.pub" "$reg_host/app@$digest"
	done
	! run_cosign verify "${form[@]}" "${root[@]}" "${by_key[@]}" --key "$T/ec.pub" "$reg_host/app@$digest" ||
		fail 'cosign accepts another key'
	form+=(--yes --use-signing-config=false --tlog-upload=false --key "$T/imported.key")
	publish "$ref" --layers 9k
	assert_cosign sign "${form[@]}" "$reg_host/app@$digest"
	verify ec
	assert_status 0
	verify ed25519
	assert_failed 9
	echo '{"made": "so"}' >"$T/predicate"
	assert_cosign attest "${form[@]}" --type https://example.com/made --predicate "$T/predicate" "$reg_host/app@$digest"
	verify ec --attestation https://example.com/made
	assert_status 0
	verify ec --attestation https://example.com/other
	assert_failed 9
}

@test "cosign 2, bundles by key: each verifies the other's" {
	bundles_by_key 2
}

@test "cosign 3, bundles by key: each verifies the other's" {
	bundles_by_key 3
}

classic_by_identity() {
	need_cosign "$1"
	publish "$ref"
	start_sigstore
	classic --fulcio-url "$sigstore" --rekor-url "$sigstore" --identity-token "$token"
	verify_identity
	assert_cosign verify "${by_identity[@]}" "$ref"
	publish "$ref" --layers 9k
	classic --fulcio-url "$sigstore" --rekor-url "$sigstore" --identity-token "$token" \
		--timestamp-server-url "$sigstore/api/v1/timestamp"
	verify_identity
	publish "$ref" --layers 10k
	classic --fulcio-url "$sigstore" --identity-token "$token" --tlog-upload=false \
		--timestamp-server-url "$sigstore/api/v1/timestamp"
	verify_identity --no-log
}

@test "cosign 2, an identity in classic form: verified, by the log, a time stamp or both" {
	classic_by_identity 2
}

@test "cosign 3, an identity in classic form: verified, by the log, a time stamp or both" {
	classic_by_identity 3
}

# signing_config VERSION: where cosign signs, with that version of Rekor
signing_config() {
	jq -n --arg url "$sigstore" --argjson version "$1" '
		def service($path; $version): [{url: ($url + $path), majorApiVersion: $version, operator: "twin",
			validFor: {start: "2020-01-01T00:00:00Z"}}];
		{mediaType: "application/vnd.dev.sigstore.signingconfig.v0.2+json", caUrls: service(""; 1),
		oidcUrls: service(""; 1), rekorTlogUrls: service(""; $version), rekorTlogConfig: {selector: "ANY"},
		tsaUrls: service("/api/v1/timestamp"; 1), tsaConfig: {selector: "ANY"}}' >"$T/signing.json"
}

# time_of good|1|second|2: what tells cosign 2 to take the time of Rekor 2's entries from time stamps
time_of() {
	times=()
	case $cosign-$1 in cosign2-second | cosign2-2) times=(--use-signed-timestamps) ;; esac
}

bundles_by_identity() {
	need_cosign "$1"
	publish "$ref"
	start_sigstore
	# The authorities and logs of our own convince cosign, too.
	local name version root=(--new-bundle-format --trusted-root "$T/sigstore/root.json")
	for name in good second; do
		publish "$ref" --layers "1${#name}k"
		make_sigstore good "$digest"
		attach_signed $name "$ref"
		time_of $name
		assert_cosign verify "${root[@]}" "${times[@]}" "${by_identity[@]}" "$reg_host/app@$digest"
		ocifp_run verify "${identity[@]}" "$ref"
		assert_status 0
	done
	for version in 1 2; do
		publish "$ref" --layers "2${version}k"
		signing_config $version
		assert_cosign sign --yes --signing-config "$T/signing.json" "${root[@]}" \
			--identity-token "$token" "$reg_host/app@$digest"
		verify_identity
		time_of $version
		assert_cosign verify "${root[@]}" "${times[@]}" "${by_identity[@]}" "$reg_host/app@$digest"
	done
}

@test "cosign 2, bundles by an identity: by Rekor 1 and 2" {
	bundles_by_identity 2
}

@test "cosign 3, bundles by an identity: by Rekor 1 and 2" {
	bundles_by_identity 3
}
