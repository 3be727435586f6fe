#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# tests/sigstore_conformance.sh CHECKOUT ROOT: each bundle of sigstore-conformance, in CHECKOUT, gives
# the answer that its name says.  ROOT is the trusted root of the public instance, for the bundles
# that have none of their own.  In no suite: it needs what others publish.  Run in the build's
# directory, after `make tests/lib/verify_bundle`.
set -eu
bundles=$1/test/assets/bundle-verify
subject=https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/.github/workflows
subject=$subject/extremely-dangerous-oidc-beacon.yml@refs/heads/main
issuer=https://token.actions.githubusercontent.com

# own FILE DEFAULT: the bundle's own file of that name, else the default
own() {
	if [ -e "$directory$1" ]; then echo "$directory$1"; else echo "$2"; fi
}

# text FILE DEFAULT: what is in it
text() {
	if [ -e "$directory$1" ]; then cat "$directory$1"; else echo "$2"; fi
}

wrong=0 count=0
for directory in "$bundles"/*/; do
	name=$(basename "$directory")
	if [ -e "${directory}key.pub" ]; then
		signer=(--key "${directory}key.pub")
	else
		signer=("$(own trusted_root.json "$2")" "$(text issuer "$issuer")" "$(text identity "$subject")")
	fi
	answer=good
	said=$(tests/lib/verify_bundle "${directory}bundle.sigstore.json" "${signer[@]}" \
		"$(own artifact "$bundles/a.txt")") || answer=bad
	expected=good
	[[ $name != *_fail ]] || expected=bad
	count=$((count + 1))
	[ "$answer" = "$expected" ] || wrong=$((wrong + 1))
	printf '%s %s %s\n' "$([ "$answer" = "$expected" ] && echo ok || echo 'NOT OK')" "$name" "$said"
done
echo "$count bundles, $wrong wrong"
[ "$wrong" -eq 0 ] && [ "$count" -gt 0 ]
