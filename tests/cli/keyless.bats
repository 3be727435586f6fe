#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Bundles that an identity signed, offline: good ones of each form and version, and with one mistake
# each, by authorities and logs of our own (tests/lib/sigstore.py).

load ../lib/rig
load ../lib/bundles

setup() {
	need python3 openssl ocifp
	rig_setup
	echo content >"$T/file"
	check=${top_builddir:-$(dirname "$(command -v ocifp)")}/tests/lib/verify_bundle
}

teardown() {
	rig_teardown
}

# assert_good ROOT NAME [OPTION]
assert_good() {
	local said
	said=$("$check" ${3:+"$3"} "$T/sigstore/$2.json" "$T/sigstore/$1.json" "$issuer" "$subject" "$T/file") ||
		fail "$2 by $1 is good, but: $said"
}

# assert_bad ROOT NAME MESSAGE [OPTION]
assert_bad() {
	local said
	! said=$("$check" ${4:+"$4"} "$T/sigstore/$2.json" "$T/sigstore/$1.json" "$issuer" "$subject" "$T/file") ||
		fail "$2 by $1 was accepted"
	[[ $said = *"$3"* ]] || fail "$2 by $1: expected '$3', said '$said'"
}

@test "each bundle gives the answer that its name says" {
	make_sigstore all "$(digest_of <"$T/file")"
	local name message
	for name in good good-0.1 good-0.2 good-0.3 second second-dsse second-by-ecdsa time-with-certificate \
		log-checkpoint-witnessed log-checkpoint-most time-instead-of-promise; do
		assert_good root "$name"
	done
	for name in private private-with-certificate; do
		assert_good root "$name" --no-log
		assert_bad root "$name" 'no log of the trusted root lists the signature'
	done
	assert_good root good --no-log
	while read -r name message; do
		assert_bad root "$name" "$message"
	done <<-'END'
		payload-other the certificate's key has not made this signature
		payload-type-other the certificate's key has not made this signature
		signature-flipped the certificate's key has not made this signature
		signature-other-key the certificate's key has not made this signature
		certificate-expired no authority of the trusted root certified the signer
		certificate-not-yet no authority of the trusted root certified the signer
		certificate-other-authority no authority of the trusted root certified the signer
		certificate-authority no authority of the trusted root certified the signer
		certificate-no-purpose no authority of the trusted root certified the signer
		certificate-other-purpose no authority of the trusted root certified the signer
		certificate-other-usage no authority of the trusted root certified the signer
		certificate-root the bundle has a root certificate
		certificate-unlisted no certificate log of the trusted root lists
		certificate-unknown-list no certificate log of the trusted root lists
		certificate-wrong-list no certificate log of the trusted root lists
		certificate-not-utf-8 does not name one identity
		certificate-no-name does not name one identity
		certificate-two-names does not name one identity
		certificate-address another identity, 'someone@example.com' of 'https://issuer.example'
		certificate-other-subject another identity, 'https://ci.example/owner/name/.ci/build.yml@refs/heads/evil'
		time-none no log or time authority in the trusted root says when it was signed
		time-future the time of the signature is in the future
		time-after-certificate no authority of the trusted root certified the signer for the time
		time-of-other-signature no log or time authority in the trusted root says when it was signed
		time-by-other-authority no log or time authority in the trusted root says when it was signed
		time-by-other-certificate no log or time authority in the trusted root says when it was signed
		time-longer no log or time authority in the trusted root says when it was signed
		time-shorter no log or time authority in the trusted root says when it was signed
		time-flipped no log or time authority in the trusted root says when it was signed
		log-unknown no log or time authority in the trusted root says when it was signed
		log-unknown-kind unknown kind of log entry 'helm'
		log-other-kind a log entry is of another kind, 'dsse'
		log-other-payload for other content than the bundle has
		log-other-signature another signature than the bundle
		log-other-certificate another certificate than the bundle
		log-two-signatures no single signature
		log-no-promise no log or time authority in the trusted root says when it was signed
		log-no-promise-0.1 the log entry has no promise
		log-wrong-promise the log has not signed this entry
		log-promise-other-index the log has not signed this entry
		log-promise-other-time the log has not signed this entry
		log-no-proof the log entry has no proof
		log-no-checkpoint has no checkpoint
		log-wrong-hash does not lead to its checkpoint
		log-short-hash does not lead to its checkpoint
		log-too-few-hashes does not lead to its checkpoint
		log-too-many-hashes does not lead to its checkpoint
		log-other-index does not lead to its checkpoint
		log-other-root does not lead to its checkpoint
		log-index-is-size does not lead to its checkpoint
		log-index-largest does not lead to its checkpoint
		log-index-too-large 'logIndex' is not a number
		log-no-size does not lead to its checkpoint
		log-size-largest does not lead to its checkpoint
		log-checkpoint-other-key the log has not signed this checkpoint
		log-checkpoint-other-hint the log has not signed this checkpoint
		log-checkpoint-other-root does not lead to its checkpoint
		log-checkpoint-other-size does not lead to its checkpoint
		log-checkpoint-more the log has not signed this checkpoint
		log-checkpoint-no-signature the log has not signed this checkpoint
		log-checkpoint-no-note not a signed note
		log-checkpoint-long not a signed note
		log-second-by-other-ecdsa the log has not signed this checkpoint
		log-second-dsse-other-payload for other content than the bundle has
		log-second-dsse-two-signatures no single signature
		log-second-no-proof the log entry has no proof
		log-second-promise which its version does not make
		log-second-other-origin the log has not signed this checkpoint
	END
	# The trusted root: "good" has the first log's time and proof, "second" a time stamp.
	for name in root-log-at-end root-times-ended root-second-log-ended; do
		assert_good "$name" good
	done
	for name in root-log-ended root-unknown-key root-log-at-end; do
		assert_good "$name" second
	done
	assert_bad root-log-ended good 'the log was not valid at the time of its entry'
	assert_bad root-log-ended time-instead-of-promise 'the log was not valid at the time of its entry'
	assert_bad root-second-log-ended second 'the log was not valid at the time of its entry'
	assert_bad root-times-ended second 'no log or time authority in the trusted root says when it was signed'
	assert_bad root-unknown-key good 'no log or time authority in the trusted root says when it was signed'
	assert_bad root-no-logs good 'no log or time authority in the trusted root says when it was signed'
	assert_bad root-no-logs second 'no log of the trusted root lists the signature'
	assert_bad root-list-ended good 'no certificate log of the trusted root lists'
	assert_bad root-authority-ended good 'no authority of the trusted root certified the signer'
	assert_bad root-other-root good 'no authority of the trusted root certified the signer'
	assert_bad root-log-no-start good "tlogs[0]: 'validFor' has no 'start'"
	assert_bad root-no-chain good "'certChain' has 0 certificates"
	assert_bad root-no-type good 'its mediaType is'
	echo other >"$T/file"
	assert_bad root good 'it is about another file'
}
