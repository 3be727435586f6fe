#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# peers.sh DIRECTORY: builds the newest releases of the peers with Go, into DIRECTORY, which bench.py
# looks into with `BENCH_PATH=DIRECTORY`.  Needs the network and a Go that is as new as they ask for.
set -eu
[ $# -eq 1 ] || {
	echo 'usage: peers.sh DIRECTORY' >&2
	exit 2
}
mkdir -p "$1"
GOBIN=$(cd "$1" && pwd)
export GOBIN CGO_ENABLED=0 GOFLAGS=-trimpath
failed=
# install PACKAGE
install() {
	go install "$1@latest" || failed="$failed $1"
	note "${1##*/}" "$(go version -m "$GOBIN/${1##*/}" | awk '$1 == "mod" { print $3 }')"
}
# build PACKAGE MODULE [FLAG...]: from a copy, as `go install` refuses a module that replaces others.
build() {
	facts=$(go mod download -json "$2@latest") || true
	if [ ! -d "$(fact Dir)" ]; then
		fact Error >&2
		failed="$failed $2"
		return
	fi
	copy=$(mktemp -d)
	cp -R "$(fact Dir)/." "$copy" && chmod -R u+w "$copy" &&
		(cd "$copy" && package=$1 && shift 2 && go build -o "$GOBIN/" "$@" "./$package") ||
		failed="$failed $2"
	rm -rf "$copy"
	note "${1##*/}" "$(fact Version)"
}
fact() {
	printf '%s\n' "$facts" | sed -n "s/^\t\"$1\": \"\(.*\)\",*\$/\1/p"
}
# For the head of the table.
note() {
	[ ! -x "$GOBIN/$1" ] || echo "$1 $2, $(go env GOVERSION)" >>"$GOBIN/VERSIONS"
}
rm -f "$GOBIN/VERSIONS"
install github.com/google/go-containerregistry/cmd/crane
install oras.land/oras/cmd/oras
install github.com/regclient/regclient/cmd/regctl
build cmd/umoci github.com/opencontainers/umoci
build cmd/skopeo github.com/containers/skopeo -tags=containers_image_openpgp,exclude_graphdriver_btrfs
cat "$GOBIN/VERSIONS"
[ -z "$failed" ] || {
	echo "peers.sh: cannot build:$failed" >&2
	exit 1
}
